from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from minidask_distributed.worker.directory import SCRATCH, WorkDirectory

HOLDER = """
import sys
from minidask_distributed.worker.directory import WorkDirectory
directory = WorkDirectory(sys.argv[1])
(directory.path / "spilled").write_bytes(b"x" * 1000)
print(directory.path, flush=True)
sys.stdin.read()
"""


def hold(base: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that holds a folder until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(base)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_folder_of_its_own_that_is_gone_afterwards(tmp_path):
    with (
        WorkDirectory(tmp_path / "not" / "yet", prefix="worker") as one,
        WorkDirectory(tmp_path / "not" / "yet") as two,
    ):
        assert one.path != two.path
        assert one.path.parent == two.path.parent == tmp_path / "not" / "yet" / SCRATCH
        assert one.path.stat().st_mode & 0o777 == 0o700
        assert one.path.parent.stat().st_mode & 0o777 == 0o700
        (one.path / "deep" / "er").mkdir(parents=True)
        (one.path / "deep" / "er" / "file").write_text("x")
        path = one.path
    assert not path.exists()
    assert list((tmp_path / "not" / "yet" / SCRATCH).iterdir()) == []
    one.close()


def test_the_default_is_a_space_of_the_users_own_among_the_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with WorkDirectory() as directory:
        assert directory.path.parent == tmp_path / f"{SCRATCH}-{os.getuid()}"


@pytest.mark.slow
def test_what_a_killed_process_left_is_purged_and_what_a_living_one_has_is_not(tmp_path):
    killed, its_path = hold(tmp_path)
    living, other_path = hold(tmp_path)
    try:
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
        assert its_path.exists()
        with WorkDirectory(tmp_path) as directory:
            assert directory.purge() == [its_path]
            assert not its_path.exists()
            assert (other_path / "spilled").exists()
            assert directory.purge() == []
            assert directory.path.exists()
    finally:
        end(killed)
        end(living)


def test_many_at_once_make_folders_and_purge_without_taking_each_others(tmp_path):
    failures: list[object] = []
    together = threading.Barrier(8)

    def live() -> None:
        together.wait()
        for _ in range(20):
            with WorkDirectory(tmp_path) as directory:
                (directory.path / "file").write_text("x")
                directory.purge()
                if not (directory.path / "file").exists():
                    failures.append(directory.path)

    threads = [threading.Thread(target=live) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list((tmp_path / SCRATCH).iterdir()) == []


def test_a_lock_file_whose_folder_was_never_made_is_purged(tmp_path):
    with WorkDirectory(tmp_path) as directory:
        stray = directory.space / "worker-0000000000.lock"
        stray.touch()
        assert directory.purge() == [stray.with_suffix("")]
        assert not stray.exists()


def test_what_cannot_be_removed_is_logged_and_stays(tmp_path, caplog, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    with WorkDirectory(tmp_path) as directory:
        (directory.space / "worker-0000000000").mkdir()
        (directory.space / "worker-0000000000.lock").touch()
        with monkeypatch.context() as patched:
            patched.setattr("shutil.rmtree", refuse)
            assert directory.purge() == []
        assert "can't remove" in caplog.text
        assert (directory.space / "worker-0000000000.lock").exists()


def test_a_file_in_the_way_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=r"file"):
        WorkDirectory(tmp_path / "file")
    (tmp_path / SCRATCH).write_text("")
    with pytest.raises(NotADirectoryError, match=r"is no directory"):
        WorkDirectory(tmp_path)


def test_a_link_or_another_users_folder_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / SCRATCH).symlink_to(tmp_path / "real")
    with pytest.raises(PermissionError, match=r"another user or is a link.*local_directory"):
        WorkDirectory(tmp_path / "base")
