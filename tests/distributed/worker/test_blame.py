"""What a dead process was running can be read."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from minidask_distributed.worker.blame import CELLS, RunningFile, read_running

CRASH = """
import ctypes, sys
from minidask_distributed.worker.blame import RunningFile
file = RunningFile(sys.argv[1])
file.cells[0] = 2**48 * 65535 + 7
file.cells[1] = 8
file.cells[1] = 0
file.cells[2] = 9
ctypes.string_at(0)
"""


@pytest.mark.slow
def test_after_a_crash(tmp_path):
    done = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path / "running")])
    assert done.returncode < 0
    assert read_running(tmp_path / "running") == [2**48 * 65535 + 7, 9]


def test_nothing_runs(tmp_path):
    file = RunningFile(tmp_path / "running")
    assert read_running(file.path) == []
    assert len(file.cells) == CELLS
    file.close()
    file.close()
    with pytest.raises(ValueError, match="released memoryview"):
        file.cells[0] = 1


def test_an_old_file_is_emptied(tmp_path):
    file = RunningFile(tmp_path / "running")
    file.cells[5] = 5
    file.close()
    RunningFile(tmp_path / "running").close()
    assert read_running(tmp_path / "running") == []


def test_a_file_that_is_gone_or_cut(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_running(tmp_path / "running")
    (tmp_path / "running").write_bytes(b"\1" + bytes(7) + b"\2")
    assert read_running(tmp_path / "running") == [1]


def test_a_directory_that_is_gone(tmp_path):
    with pytest.raises(FileNotFoundError):
        RunningFile(tmp_path / "none" / "running")


def test_a_full_disk(tmp_path):
    """The room is taken when the file is made: writing to memory later would end the process."""
    file = RunningFile(tmp_path / "running")
    assert (tmp_path / "running").stat().st_blocks * 512 >= CELLS * 8
    file.close()
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    with pytest.raises(
        OSError, match=r"No space left on device; .*choose another local_directory: '/dev/full'"
    ) as caught:
        RunningFile("/dev/full")
    assert caught.value.errno == errno.ENOSPC
