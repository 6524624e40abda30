from __future__ import annotations

import asyncio
import inspect
import pickle
import sys
import zipfile
from types import SimpleNamespace

import pytest

from minidask_distributed.plugins import Environ, NannyPlugin, SchedulerPlugin, UploadFile, WorkerPlugin, import_file
from minidask_distributed.protocol.payload import pack, unpack


@pytest.fixture(autouse=True)
def modules():
    """Forget the modules that a test loaded, and what it put onto the path."""
    before, path = set(sys.modules), list(sys.path)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path[:] = path


@pytest.fixture
def worker(tmp_path):
    folder = tmp_path / "worker"
    folder.mkdir()
    return SimpleNamespace(local_directory=str(folder), folder=folder)


# ---------------------------------------------------------------- base classes

CALLS = {
    SchedulerPlugin: {
        "start": ((None,), {}),
        "before_close": ((), {}),
        "close": ((), {}),
        "update_graph": ((None,), {"client": "c", "keys": set(), "tasks": [], "annotations": {}, "priority": {}}),
        "restart": ((None,), {}),
        "transition": (("x", "waiting", "processing"), {"stimulus_id": "s", "worker": "w"}),
        "transitions": (([],), {}),
        "add_worker": ((None, "tcp://"), {}),
        "remove_worker": ((None, "tcp://"), {"stimulus_id": "s"}),
        "add_client": ((None, "c"), {}),
        "remove_client": ((None, "c"), {}),
        "log_event": (("topic", 1), {}),
    },
    WorkerPlugin: {"setup": ((None,), {}), "teardown": ((None,), {}), "transition": (("x", "ready", "executing"), {})},
    NannyPlugin: {"setup": ((None,), {}), "teardown": ((None,), {})},
}


@pytest.mark.parametrize("cls", CALLS, ids=lambda cls: cls.__name__)
def test_every_hook_does_nothing_by_default(cls):
    hooks = {name for name, member in vars(cls).items() if inspect.isfunction(member)}
    assert hooks == set(CALLS[cls])
    for name, (args, kwargs) in CALLS[cls].items():
        result = getattr(cls(), name)(*args, **kwargs)
        assert (asyncio.run(result) if inspect.isawaitable(result) else result) is None


def test_attributes_by_default():
    for cls in CALLS:
        assert (cls.name, cls.idempotent) == (None, False)
    assert (NannyPlugin.restart, Environ.restart) == (False, True)


# ---------------------------------------------------------------- Environ


def test_environ_changes_the_environment_of_workers_to_come():
    nanny = SimpleNamespace(environ={"A": "1", "B": "2"})
    unpack(pack(Environ({"A": None, "C": 3, "D": None}))).setup(nanny)
    assert nanny.environ == {"B": "2", "C": "3"}
    Environ().setup(nanny)
    assert nanny.environ == {"B": "2", "C": "3"}


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (["A=1"], "environ must be a mapping of names to values, got list"),
        ({1: "x"}, "names of variables must be texts, got 1"),
    ],
)
def test_environ_of_the_wrong_type(environ, message):
    with pytest.raises(TypeError, match=message):
        Environ(environ)


# ---------------------------------------------------------------- UploadFile


def test_a_module_is_there_and_replaced_by_a_newer_one(worker, tmp_path):
    source = tmp_path / "my_sent_module.py"
    for answer in (41, 42):
        source.write_text(f"answer = {answer}")
        plugin = pickle.loads(pickle.dumps(UploadFile(source)))
        assert plugin.name == "upload_file-my_sent_module.py"
        assert plugin.setup(worker) == ["my_sent_module"]
        import my_sent_module

        assert my_sent_module.answer == answer
        assert my_sent_module.__file__ == str(worker.folder / "my_sent_module.py")
    assert sys.path.count(str(worker.folder)) == 1


def test_an_archive_with_a_package_and_a_module(worker, tmp_path):
    for answer in (1, 2):
        with zipfile.ZipFile(tmp_path / "my_sent_archive.zip", "w") as archive:
            archive.writestr("my_sent_package/__init__.py", "")
            archive.writestr("my_sent_package/inner.py", f"answer = {answer}")
            archive.writestr("my_sent_single.py", f"answer = {answer}")
            archive.writestr("data/readme.txt", "no module")
        assert sorted(UploadFile(str(tmp_path / "my_sent_archive.zip")).setup(worker)) == [
            "my_sent_package",
            "my_sent_single",
        ]
        import my_sent_package.inner
        import my_sent_single

        assert (my_sent_package.inner.answer, my_sent_single.answer) == (answer, answer)


def test_other_files_are_only_put_there(worker, tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n")
    assert UploadFile(tmp_path / "table.csv").setup(worker) == []
    assert (worker.folder / "table.csv").read_text() == "a,b\n"
    (tmp_path / "my_unloaded.py").write_text("1 / 0")
    assert UploadFile(tmp_path / "my_unloaded.py", load=False).setup(worker) == []
    assert sorted(path.name for path in worker.folder.iterdir()) == ["my_unloaded.py", "table.csv"]


def test_a_module_that_fails_says_so(worker, tmp_path):
    (tmp_path / "my_failing.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        UploadFile(tmp_path / "my_failing.py").setup(worker)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="my_missing"):
        UploadFile(tmp_path / "my_missing.py")


def test_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "broken.zip").write_text("x")
    with pytest.raises(zipfile.BadZipFile):
        import_file(str(tmp_path / "broken.zip"))
