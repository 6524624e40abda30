"""Every way to shuffle, on every local scheduler: the same rows, and nothing left behind."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask import config
from minidask.dataframe.shuffle import HashTargets, Rearrange, rearrange
from minidask.dataframe.shuffle import methods as methods_module
from minidask.dataframe.shuffle.methods import METHODS, choose_method, register_method
from minidask.schedulers import threads
from minidask.schedulers.registry import use_runner
from tests.dataframe.frames import cut
from tests.dataframe.shuffle.kinds import kinds
from tests.dataframe.shuffle.test_layout import equal

KINDS = kinds()
TINY = {"dataframe.shuffle.memory-limit": "1 B"}


def partitions(frame, **kwargs) -> list:
    return (
        list(threads.get(frame.dask, frame.__dask_keys__()))
        if not kwargs
        else [part.compute(**kwargs) for part in frame.partitions]
    )


@pytest.fixture
def folder(tmp_path):
    """A folder for temporary files, which is empty afterwards."""
    with config.set({"temporary-directory": str(tmp_path)}):
        yield tmp_path
    for thread in threading.enumerate():
        if thread.name == "minidask-worker":
            # It may not have let go of the last computation yet.
            thread.join(30)
    gc.collect()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [name for name in KINDS if name != "no columns"])
@pytest.mark.parametrize(
    "settings", [{}, TINY, {"dataframe.shuffle.method": "tasks"}], ids=["room", "no room", "tasks"]
)
def test_rows_of_one_key_meet_in_order(name, settings, folder):
    frame = KINDS[name]
    label = frame.columns[frame.columns.get_level_values(0).get_loc("k")] if frame.columns.nlevels > 1 else "k"
    with config.set(settings):
        moved = rearrange(cut(frame, [0, 0, 13, 14, 40, 40]), HashTargets((label,), 4), 4)
        found = partitions(moved)
    places = HashTargets((label,), 4)(frame)
    for at, part in enumerate(found):
        equal(part, frame[places == at])


@pytest.mark.slow
@pytest.mark.parametrize(("sources", "outputs"), [(1, 1), (1, 7), (7, 1), (2, 129), (128, 3), (129, 127), (260, 5)])
@pytest.mark.parametrize("settings", [{}, TINY], ids=["room", "no room"])
def test_numbers_of_partitions(sources, outputs, settings, folder):
    rows = 300
    frame = pd.DataFrame({"k": np.arange(rows) % 50, "v": np.arange(rows), "s": [f"{n % 9}" for n in range(rows)]})
    frame["o"] = frame["s"].astype(object)
    with config.set(settings):
        moved = rearrange(
            dd.from_pandas(frame, npartitions=sources, sort=False), HashTargets(("k",), outputs), outputs, force=True
        )
        found = partitions(moved)
    assert len(found) == outputs
    places = HashTargets(("k",), outputs)(frame)
    for at, part in enumerate(found):
        equal(part, frame[places == at])


def test_it_starts_in_memory_and_goes_on_on_disk(folder):
    frame = pd.DataFrame({"k": np.arange(40_000), "v": 1.5})
    seen = []

    def look(part: pd.DataFrame) -> pd.DataFrame:
        seen.append(len(list(folder.glob("*/*"))))
        return part

    source = dd.from_pandas(frame, npartitions=8, sort=False)
    with config.set({"dataframe.shuffle.memory-limit": 40_000 * 24 // 2}):
        found = source.shuffle("k").map_partitions(look, meta=frame.iloc[:0]).compute(scheduler="sync")
    assert 2 <= max(seen) <= 5, "about half of eight"
    pd.testing.assert_frame_equal(found.sort_index(), frame)
    seen.clear()
    source.shuffle("k").map_partitions(look, meta=frame.iloc[:0]).compute(scheduler="sync")
    assert max(seen) == 0
    with config.set({"dataframe.shuffle.memory-limit": "1 B", "dataframe.shuffle.method": "tasks"}):
        source.shuffle("k").map_partitions(look, meta=frame.iloc[:0]).compute(scheduler="sync")
    assert max(seen) == 0


def test_several_shuffles_share_the_memory(folder):
    frame = pd.DataFrame({"k": np.arange(20_000), "v": 1.5})
    source = dd.from_pandas(frame, npartitions=5, sort=False)
    with config.set({"dataframe.shuffle.memory-limit": "500 kB"}):
        one, two = dd.compute(source.shuffle("k"), source.shuffle("v", npartitions=3))
    assert sorted(one["k"]) == sorted(two["k"]) == list(range(20_000))


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"dataframe.shuffle.method": "tasks"}], ids=["default", "tasks"])
def test_in_child_processes(settings, folder):
    frame = KINDS["plain"].assign(o=KINDS["objects"]["mixed"].to_numpy())
    moved = cut(frame, [0, 9, 9, 25, 40])
    with config.set(settings):
        found = rearrange(moved, HashTargets(("k",), 3), 3).compute(scheduler="processes", num_workers=2)
    expected = rearrange(moved, HashTargets(("k",), 3), 3).compute(scheduler="sync")
    equal(found, expected)


def fail_late(part: pd.DataFrame) -> pd.DataFrame:
    if len(part):
        raise ZeroDivisionError("a user's mistake")
    return part


@pytest.mark.parametrize("scheduler", ["sync", "threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_nothing_is_left_after_an_error(scheduler, folder):
    frame = pd.DataFrame({"k": range(1000)})
    moved = dd.from_pandas(frame, npartitions=4).shuffle("k").map_partitions(fail_late, meta=frame.iloc[:0])
    with config.set(TINY), pytest.raises(ZeroDivisionError):
        moved.compute(scheduler=scheduler)


def test_values_that_cannot_be_pickled_stay_in_memory(folder):
    frame = pd.DataFrame({"k": range(6), "f": pd.Series([lambda: 1] * 6, dtype=object)})
    with config.set(TINY):
        found = dd.from_pandas(frame, npartitions=2, sort=False).shuffle("k").compute()
    assert sorted(found["k"]) == list(range(6))


def test_a_disk_that_is_full_is_a_clear_error(folder):
    if os.geteuid() != 0:
        pytest.skip("a file system of a given size needs root")
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True
    ).returncode:
        pytest.skip("this system doesn't mount file systems")
    try:
        frame = pd.DataFrame({"k": np.random.default_rng(0).random(200_000)})
        with (
            config.set(TINY),
            pytest.raises(
                OSError, match=r"the disk is full.*set temporary-directory to a folder with more room"
            ) as caught,
        ):
            dd.from_pandas(frame, npartitions=8, sort=False).shuffle("k").compute()
        assert caught.value.errno == errno.ENOSPC
        assert not list(folder.iterdir()), "at once, though the error is still held"
        del caught
    finally:
        gc.collect()
        # Lazily: the error doesn't wait for threads that still write.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_names_of_methods(monkeypatch):
    frame = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    with pytest.raises(ValueError, match=r"unknown shuffle method 'magic'; there are: disk, p2p, tasks"):
        frame.shuffle("x", shuffle_method="magic")
    monkeypatch.setattr(methods_module, "METHODS", {name: METHODS[name] for name in ("tasks", "disk")})
    with pytest.raises(ValueError, match=r"'p2p' needs a cluster: make a minidask.distributed.Client first"):
        frame.shuffle("x", shuffle_method="p2p")
    assert choose_method(None) is METHODS["disk"]
    with config.set({"dataframe.shuffle.method": "tasks"}):
        assert choose_method(None) is METHODS["tasks"]
        assert choose_method("disk") is METHODS["disk"]
    register_method("mine", METHODS["tasks"].lower, lambda: True)
    assert choose_method(None).preferred()
    assert frame.shuffle("x", shuffle_method="mine").compute()["x"].sum() == 6


def test_on_a_cluster_pieces_are_tasks(monkeypatch):
    monkeypatch.setattr(methods_module, "METHODS", {name: METHODS[name] for name in ("tasks", "disk")})
    frame = pd.DataFrame({"k": range(20), "v": 1.5})
    moved = rearrange(dd.from_pandas(frame, npartitions=3), HashTargets(("k",), 4), 4)

    def cluster(graph, keys, **kwargs):
        return threads.get(graph, keys)

    with use_runner(cluster):
        tasks = moved.dask.lower(moved.__dask_keys__())
        assert sum(key[1:2] == ("piece",) for key in tasks) == 12
        found = moved.compute()
        with pytest.raises(ValueError, match=r"'disk' works on one machine's own schedulers"):
            rearrange(moved, HashTargets(("v",), 4), 4, method="disk").compute()
        with config.set(scheduler="threads"):
            assert not any(key[1:2] == ("piece",) for key in moved.dask.lower(moved.__dask_keys__()))
    pd.testing.assert_frame_equal(found.sort_index(), frame)


def test_only_what_is_wanted_is_joined():
    moved = dd.from_pandas(pd.DataFrame({"k": range(20)}), npartitions=3).shuffle("k", npartitions=5)
    assert isinstance(moved._layer, Rearrange)
    picked = moved.partitions[3]
    names = [key for key in picked.dask.lower(picked.__dask_keys__()) if key[0] == moved._layer.name]
    assert (moved._layer.name, 3) in names
    assert (moved._layer.name, 2) not in names


PROGRAM = """
import resource, sys
LIMIT = 1_000_000_000
# Before Arrow is there: its allocator sets address space aside by the limit that it finds.
resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
import numpy as np, pandas as pd
import minidask.dataframe as dd
from minidask import config

ROWS, PARTS = 6_000_000, 48


def make(at):
    rng = np.random.default_rng(at)
    rows = ROWS // PARTS
    columns = {f"x{n}": rng.integers(0, 1000, rows) / 8 for n in range(9)}
    numbers = {"k": rng.integers(0, 1_000_000, rows), "a": rng.integers(0, 9, rows), "b": np.arange(rows)}
    return pd.DataFrame({**numbers, **columns, "d": pd.date_range("2020", periods=rows, freq="s")})


def summary(part):
    return pd.DataFrame({"rows": [len(part)], "keys": [part["k"].nunique()], "sum": [part["x3"].sum()], "b": [part["b"].sum()]})


if __name__ == "__main__":
    config.set({"temporary-directory": sys.argv[1]})
    frame = dd.from_map(make, range(PARTS), meta=make(0).iloc[:0])
    assert len(frame.columns) == 13
    parts = frame.shuffle("k").map_partitions(summary, meta=summary(make(0).iloc[:0]))
    found = parts.compute(scheduler="threads", num_workers=2).sum()
    assert found["rows"] == ROWS, found
    assert 990_000 < found["keys"] < 1_000_000, found  # no key is in two partitions
    assert found["b"] == PARTS * sum(range(ROWS // PARTS)), found
    # getrusage's peak would be that of the process which started this one, where that one's is higher.
    print(next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.slow
def test_six_million_rows_of_thirteen_columns_in_less_than_a_gigabyte(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    (tmp_path / "spill").mkdir()
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "spill")], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) < 1_000_000_000
    assert not list((tmp_path / "spill").iterdir())
