"""Files of secrets: whole, private, and refused when they weren't."""

from __future__ import annotations

import os
import threading

import pytest

from minidask_distributed.security.private_file import MAX_BYTES, read_private, write_private


def test_files_are_private_whatever_the_mask(tmp_path):
    path = tmp_path / "new" / "folder" / "secret"
    before = os.umask(0)
    try:
        assert write_private(str(path), "été\n", replace=False)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert read_private(str(path), "file") == "été\n"
    assert os.listdir(path.parent) == ["secret"]


def test_replacing_and_not(tmp_path):
    path = tmp_path / "folder" / "secret"
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o644)
    assert not write_private(str(path), "new", replace=False)
    assert path.read_text() == "old"
    assert write_private(str(path), "new", replace=True)
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["secret"]


def test_one_of_many_is_first_and_all_read_the_same(tmp_path):
    path = str(tmp_path / "secret")
    start = threading.Barrier(8)
    results, read = [], []

    def work(number):
        start.wait()
        results.append(write_private(path, f"{number}" * 1000, replace=False))
        read.append(read_private(path, "file"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(True) == 1
    assert len(set(read)) == 1
    assert len(read[0]) == 1000


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o620])
def test_files_that_others_may_read_or_change_are_refused(tmp_path, mode):
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(mode)
    with pytest.raises(PermissionError, match=rf"mode {mode:04o}\).*chmod 600 {path}"):
        read_private(str(path), "token file")


def test_files_of_other_users_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(0o600)
    owner = os.stat(path).st_uid
    real = os.fstat

    class Other:
        st_mode = 0o100600
        st_uid = owner + 1000

    monkeypatch.setattr(os, "fstat", lambda fd: Other)
    try:
        with pytest.raises(PermissionError, match=f"belongs to another user \\(uid {owner + 1000}\\)"):
            read_private(str(path), "token file")
    finally:
        monkeypatch.setattr(os, "fstat", real)


def test_what_is_no_such_file(tmp_path):
    path = tmp_path / "secret"
    with pytest.raises(FileNotFoundError):
        read_private(str(path), "token file")
    with pytest.raises(IsADirectoryError):
        read_private(str(tmp_path), "token file")
    path.touch(0o600)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="is no token file: it isn't text"):
        read_private(str(path), "token file")
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(ValueError, match="more than"):
        read_private(str(path), "token file")


def test_a_failure_leaves_no_part(tmp_path):
    path = tmp_path / "folder" / "secret"
    path.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_private(str(path), "x", replace=True)
    assert os.listdir(path.parent) == ["secret"]
