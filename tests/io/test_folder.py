"""Folders of temporary files: there while needed, gone afterwards, whoever dies."""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
import threading

import pytest

from minidask.io.folder import Folder, FolderCopy


def test_it_is_made_when_it_is_needed_and_removed_when_it_is_not(tmp_path):
    folder = Folder(tmp_path / "new" / "place", "shuffle")
    assert not list(tmp_path.iterdir())
    one, other = folder.new_path(), folder.new_path()
    assert one != other
    assert one.parent.parent == tmp_path / "new" / "place"
    assert one.parent.name.startswith("minidask-shuffle-")
    one.write_text("rows")
    del folder
    gc.collect()
    assert not list((tmp_path / "new" / "place").iterdir())


def test_a_closed_one_is_not_made_again(tmp_path):
    folder = Folder(tmp_path, "shuffle")
    path = folder.new_path()
    folder.close()
    folder.close()
    assert not path.parent.exists()
    with pytest.raises(RuntimeError, match=r"the shuffle has ended, and its temporary files are gone"):
        folder.new_path()


def test_a_copy_writes_there_and_removes_nothing(tmp_path):
    folder = Folder(tmp_path, "shuffle")
    copy = pickle.loads(pickle.dumps(folder))
    assert isinstance(copy, FolderCopy)
    path = copy.new_path()
    assert path.parent == folder.path
    path.write_text("rows")
    assert copy.reachable
    assert not FolderCopy(folder.path, 1 << 40).reachable
    again = pickle.loads(pickle.dumps(copy))
    assert again.path == copy.path
    del copy, again
    gc.collect()
    assert path.exists()
    folder.close()
    assert not path.exists()


def test_what_is_no_folder_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"needs a folder for temporary files.*set temporary-directory to one with room"):
        Folder(tmp_path / "file", "shuffle").new_path()


PROGRAM = """
import os, sys
from minidask.io.folder import Folder
folder = Folder(sys.argv[1], "shuffle")
folder.new_path().write_text("rows")
if sys.argv[2] == "killed":
    os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path), "ended"])
    assert ended.wait(timeout=60) == 0
    assert not list(tmp_path.iterdir()), "at its end a process removes its own"
    killed = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path), "killed"])
    assert killed.wait(timeout=60) == -9
    living = Folder(tmp_path, "shuffle")
    assert len(list(tmp_path.iterdir())) == 1
    here = living.path
    other = Folder(tmp_path, "shuffle")
    assert sorted([here, other.path]) == sorted(tmp_path.iterdir()), "those of living processes stay"


ENDS = """
import itertools, sys, threading
from minidask.io.folder import Folder

begun = threading.Event()
folder = Folder(sys.argv[1], "shuffle")
for _ in range(3000):
    folder.new_path().write_text("rows")

def drop():
    global folder
    begun.set()
    del folder

def write():
    path = folder.path
    begun.set()
    try:
        for number in itertools.count():
            (path / f"more-{number}").write_text("rows")
    except FileNotFoundError:
        return  # it was removed

threading.Thread(target={"drops": drop, "writes": write}[sys.argv[2]], daemon=True).start()
begun.wait()
"""


@pytest.mark.parametrize("what", ["drops", "writes"])
@pytest.mark.slow
def test_nothing_stays_of_a_process_that_ends_while_another_thread(tmp_path, what):
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", ENDS, str(tmp_path), what], capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("way", ["fails", "asks for a path"])
def test_who_learns_of_a_failure_waits_until_it_is_gone(tmp_path, monkeypatch, way):
    folder = Folder(tmp_path, "shuffle")
    folder.new_path().write_text("rows")
    begun, go_on, events = threading.Event(), threading.Event(), []

    def remove(path, ignore_errors):
        begun.set()
        assert go_on.wait(30)
        rmtree(path, ignore_errors=ignore_errors)
        events.append("removed")

    rmtree = shutil.rmtree
    monkeypatch.setattr("minidask.io.folder.shutil.rmtree", remove)

    def learn():
        try:
            raise folder.fail(errno.ENOENT, "no such file") if way == "fails" else AssertionError(folder.new_path())
        except OSError as error:
            events.append(error.errno)

    first = threading.Thread(target=folder.fail, args=(errno.ENOSPC, "the disk is full"))
    first.start()
    assert begun.wait(30)
    other = threading.Thread(target=learn)
    other.start()
    go_on.set()
    for thread in (first, other):
        thread.join(30)
    assert events == ["removed", errno.ENOSPC]
    assert not list(tmp_path.iterdir())


def _drop(folder: Folder) -> None:
    folder._finalize()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_child_removes_nothing(tmp_path):
    folder = Folder(tmp_path, "shuffle")
    path = folder.path
    child = multiprocessing.get_context("fork").Process(target=_drop, args=(folder,))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert path.exists()
    folder.close()


def test_one_that_failed_says_why_to_all(tmp_path):
    folder = Folder(tmp_path, "shuffle")
    path = folder.path
    first = folder.fail(errno.ENOSPC, "the disk is full", str(path))
    # What others meet follows from it.
    later = folder.fail(errno.ENOENT, "no such file", str(path))
    assert (first.errno, later.errno) == (errno.ENOSPC, errno.ENOSPC)
    with pytest.raises(OSError, match="the disk is full"):
        folder.new_path()
    assert not path.exists()
