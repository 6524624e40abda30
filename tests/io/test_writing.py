from __future__ import annotations

import gzip
import os

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem

from minidask.io.writing import Staging, is_data, unfinished, write_file

LOCAL = LocalFileSystem()


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "deep" / "x"

    def write(file):
        file.write(b"abc")
        assert not path.exists()

    write_file(LOCAL, str(path), write)
    assert path.read_bytes() == b"abc"
    assert os.listdir(path.parent) == ["x"]


def test_a_write_that_stops_leaves_nothing_and_the_old_file(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def write(file):
        file.write(b"new")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(LOCAL, str(path), write)
    assert os.listdir(tmp_path) == ["x"]
    assert path.read_bytes() == b"old"


def test_compressed_files_and_exclusive_ones(tmp_path):
    path = tmp_path / "x.gz"
    write_file(LOCAL, str(path), lambda file: file.write(b"abc"), compression="gzip", exclusive=True)
    assert gzip.decompress(path.read_bytes()) == b"abc"
    with pytest.raises(FileExistsError, match=r"x.gz' is there already"):
        write_file(LOCAL, str(path), lambda file: None, exclusive=True)


def stage(staging, **files):
    staging.prepare()
    for name, text in files.items():
        staging.fs.pipe_file(staging.path(name), text.encode())


@pytest.fixture(params=["local", "memory"])
def place(request, tmp_path):
    if request.param == "local":
        yield LOCAL, str(tmp_path / "set")
    else:
        fs = fsspec.filesystem("memory")
        yield fs, "/staging/set"
        fs.rm("/staging", recursive=True)


def contents(fs, target):
    return {name.rsplit("/", 1)[-1]: fs.cat_file(name).decode() for name in fs.find(target)}


def test_a_directory_appears_at_the_commit(place):
    fs, target = place
    staging = Staging.of(fs, target)
    stage(staging, a="1", b="2")
    assert not fs.exists(target)
    staging.commit(["a", "b"])
    assert contents(fs, target) == {"a": "1", "b": "2"}
    assert not fs.exists(staging.directory)


def test_replacing_removes_what_was_there(place):
    fs, target = place
    fs.makedirs(target)
    fs.pipe_file(f"{target}/old", b"0")
    staging = Staging.of(fs, target, replace=True)
    stage(staging, a="1")
    assert contents(fs, target) == {"old": "0"}
    staging.commit(["a"])
    assert contents(fs, target) == {"a": "1"}


def test_adding_keeps_other_files(place):
    fs, target = place
    fs.makedirs(target)
    fs.pipe_file(f"{target}/old", b"0")
    fs.pipe_file(f"{target}/a", b"0")
    staging = Staging.of(fs, target)
    stage(staging, a="1")
    staging.commit(["a"])
    assert contents(fs, target) == {"a": "1", "old": "0"}


def test_a_missing_file_stops_the_commit(place):
    fs, target = place
    staging = Staging.of(fs, target)
    stage(staging, a="1")
    with pytest.raises(FileNotFoundError, match=r"1 of 2 files for .* were not written, the first is 'b'"):
        staging.commit(["a", "b"])
    assert not fs.exists(target)
    staging.discard()
    assert not fs.exists(staging.directory)


def test_a_commit_that_stops_among_files_leaves_its_marker(tmp_path, monkeypatch):
    target = tmp_path / "set"
    target.mkdir()
    (target / "old").touch()
    staging = Staging.of(LOCAL, str(target))
    stage(staging, a="1", b="2")
    replace = os.replace

    def stopping(source, to):
        if str(to).endswith("/b"):
            raise KeyboardInterrupt
        replace(source, to)

    monkeypatch.setattr(os, "replace", stopping)
    with pytest.raises(KeyboardInterrupt):
        staging.commit(["a", "b"])
    assert unfinished(os.listdir(target)) == f"_unfinished-{staging.token}"


def test_a_link_to_a_directory_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "set").symlink_to(tmp_path / "real")
    staging = Staging.of(LOCAL, str(tmp_path / "set"), replace=True)
    stage(staging, a="1")
    staging.commit(["a"])
    assert (tmp_path / "set").is_symlink()
    assert (tmp_path / "real" / "a").read_text() == "1"


def test_hidden_names_are_no_data():
    assert [is_data(name) for name in ("part.0", "x/part.0", "_metadata", ".x", "x/_y")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert unfinished(["part.0", "_metadata"]) is None
