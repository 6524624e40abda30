"""Tests of `minidask.config.lifecycle`."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from minidask import config
from minidask.config import Setting, kinds, lifecycle
from minidask.config.sources import INHERIT


def test_refresh_forgets_and_reads_again(tmp_path):
    config.set(num_workers=3, foreign=1)
    path = tmp_path / "a.yaml"
    path.write_text("chunksize: 5")
    config.refresh(paths=[str(path)], env={"MINIDASK_SCHEDULER": "sync"})
    assert config.get("num_workers") is None
    assert config.get("foreign", None) is None
    assert config.get("chunksize") == 5
    assert config.get("scheduler") == "sync"


def test_what_a_refresh_or_new_defaults_change_is_marked(monkeypatch):
    monkeypatch.setattr(lifecycle, "touched", marked := set())
    config.refresh(paths=[], env={})
    assert marked == set()
    config.refresh(paths=[], env={"MINIDASK_ARRAY__CHUNK_SIZE": "1 MiB"})
    assert marked == {"array"}
    config.update_defaults({"foreign": {"x": 1}})
    assert marked == {"array", "foreign"}


def test_refresh_reads_this_processs_environment(monkeypatch):
    monkeypatch.setenv("MINIDASK_NUM_WORKERS", "9")
    config.refresh(paths=[])
    assert config.get("num_workers") == 9


def test_an_open_block_outlives_refresh():
    with config.set(num_workers=3):
        config.refresh(paths=[], env={"MINIDASK_NUM_WORKERS": "5"})
        assert config.get("num_workers") == 3
    assert config.get("num_workers") == 5


def test_an_object_made_before_refresh_takes_nothing_back():
    block = config.set(num_workers=3)
    config.refresh(paths=[], env={"MINIDASK_NUM_WORKERS": "3"})
    with block:
        pass
    assert config.get("num_workers") == 3


def test_a_refresh_that_fails_changes_nothing(tmp_path):
    config.set(num_workers=3)
    path = tmp_path / "a.yaml"
    path.write_text("scheduler: sync\nchunksize: 0")
    with pytest.raises(ValueError, match=r"a\.yaml gives 0"):
        config.refresh(paths=[str(path)], env={})
    assert config.get("num_workers") == 3
    assert config.get("scheduler") is None


def test_readers_find_every_setting_while_another_thread_refreshes():
    stop, missing = threading.Event(), []

    def read():
        while not stop.is_set():
            if config.get("array.chunk-size", None) is None:
                missing.append(1)

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        for _ in range(50):
            config.refresh(paths=[], env={})
        stop.set()
        reader.result(60)
    assert missing == []


def test_update_defaults_registers_and_respects_users():
    config.set({"foreign.a": 5})
    config.update_defaults({"foreign": {"a": 1, "b": 2}, "array": {"extra": 3}})
    assert config.get("foreign") == {"a": 5, "b": 2}
    config.set({"array.extra": 4})  # known now: no warning
    config.update_defaults({"foreign": {"b": 7}})
    assert config.get("foreign.b") == 7
    config.refresh(paths=[], env={})
    assert config.get("foreign")["a"] == 1
    assert config.get("array.extra") == 3


def test_update_defaults_checks_our_own_settings():
    with pytest.raises(TypeError, match="update_defaults gives 'x'"):
        config.update_defaults({"num_workers": "x"})
    assert len(config.defaults) == 1


def test_update_defaults_of_own_trees_touches_nothing_else():
    tree, registered = {}, []
    config.update_defaults({"num_workers": "x"}, config=tree, defaults=registered)
    assert tree == {"num_workers": "x"}
    assert registered == [{"num_workers": "x"}]
    assert config.get("num_workers") is None


def test_declare_makes_settings_typed_and_known():
    config.set({"distributed.comm.retry": 5})
    config.declare(
        Setting("distributed.comm.retry", 3, kinds.POSITIVE_INTEGER, "Tries.", aliases=("distributed.retries",)),
        Setting("distributed.comm.timeout", "5 s", kinds.SECONDS, "Time."),
    )
    assert config.get("distributed.comm") == {"retry": 5, "timeout": "5 s"}
    with pytest.raises(ValueError, match=r"'distributed\.comm\.timeout' must be a span of time"):
        config.set({"distributed.comm.timeout": "soon"})
    with pytest.warns(UserWarning, match=r"did you mean 'distributed\.comm\.timeout'"):
        config.set({"distributed.comm.timeuot": 1})
    with pytest.warns(FutureWarning, match=r"is now called 'distributed\.comm\.retry'"):
        config.set({"distributed.retries": 1})
    config.refresh(paths=[], env={})
    assert config.get("distributed.comm.retry") == 3


def test_declare_checks_what_is_set_already():
    config.set({"distributed.comm.retry": "often"})
    with pytest.raises(TypeError, match=r"'distributed\.comm\.retry' must be .* gives 'often'"):
        config.declare(Setting("distributed.comm.retry", 3, kinds.POSITIVE_INTEGER, "Tries."))


def test_rename_moves_values_with_a_warning():
    tree = {"old_one": 1, "nested": {"old": 2}, "kept": 3}
    with pytest.warns(FutureWarning) as record:
        moved = config.rename({"old-one": "new.one", "nested.old": "new.two", "absent": "x"}, tree)
    assert moved == {"old-one": "new.one", "nested.old": "new.two"}
    assert tree == {"new": {"one": 1, "two": 2}, "nested": {}, "kept": 3}
    assert len(record) == 2
    assert record[0].filename == __file__


def test_rename_refuses_what_is_gone():
    with pytest.raises(ValueError, match="setting 'old' has been removed"):
        config.rename({"old": None}, {"old": 1})
    assert config.rename({"old": None}, {}) == {}


def test_rename_works_on_the_process_by_default():
    config.global_config["shuffle"] = "tasks"
    with pytest.warns(FutureWarning):
        config.rename()
    assert config.get("dataframe.shuffle.method") == "tasks"


def test_a_child_process_sees_what_this_context_sees(run_python):
    with config.set({"num_workers": 3, "scheduler": len, "array.chunk-size": "8 MiB", "foreign.x": [1]}):
        env = config.child_environment({"MINIDASK_NUM_WORKERS": "8", "MINIDASK_CONFIG": "/x", "PATH": "/bin"})
    assert sorted(env) == ["MINIDASK_CONFIG", INHERIT, "PATH"]
    code = (
        "from minidask.config import get; print([get(k) for k in ('num_workers', 'scheduler', 'array', 'foreign.x')])"
    )
    printed = run_python(code, **{INHERIT: env[INHERIT]})
    rest = "'keep-freed-memory': True, 'memory-limit': None, 'rechunk': {'method': None, 'threshold': 1000}"
    assert printed == f"[3, None, {{'chunk-size': '8 MiB', {rest}}}, [1]]\n"
    # What the caller adds for the child wins.
    assert run_python(code, **{INHERIT: env[INHERIT]}, MINIDASK_NUM_WORKERS="5").startswith("[5, None")


def test_child_environment_begins_with_this_processs_variables(monkeypatch):
    monkeypatch.setenv("SOMETHING", "else")
    assert config.child_environment()["SOMETHING"] == "else"
    assert sys.executable
    assert INHERIT not in os.environ
