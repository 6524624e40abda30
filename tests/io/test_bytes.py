from __future__ import annotations

import gzip
import os

import pytest

from minidask.io.bytes import FileChangedError, check_unchanged, read_all, read_beginning, read_range
from minidask.io.paths import find_files


@pytest.fixture
def file(tmp_path):
    (tmp_path / "x").write_bytes(b"0123456789")
    return find_files(tmp_path / "x")[0]


def test_ranges_end_with_the_file(file):
    assert read_range(file, 2, 5) == b"234"
    assert read_range(file, 8, 99) == b"89"
    assert read_range(file, 10, 99) == read_range(file, 5, 5) == b""
    assert read_beginning(file, 3) == b"012"
    assert read_all(file) == b"0123456789"


def test_compressed_contents(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"abc" * 100_000))
    [file] = find_files(path)
    assert read_all(file, "gzip") == b"abc" * 100_000
    assert read_beginning(file, 4, "gzip") == b"abca"


def test_broken_compression_names_the_file(file):
    with pytest.raises(OSError, match=r"x' cannot be decompressed as gzip"):
        read_all(file, "gzip")


def test_a_file_that_is_gone(file):
    os.remove(file.path)
    with pytest.raises(FileNotFoundError, match=r"x' was there when the collection was made and is gone now"):
        read_range(file, 0, 1)


def test_a_file_that_grew(file):
    with open(file.path, "ab") as more:
        more.write(b"!")
    with pytest.raises(FileChangedError, match=r"x' has changed .*\(10 bytes then, 11 now\)"):
        read_all(file)


def test_a_file_that_was_written_anew(file):
    os.utime(file.path, (1, 1))
    with pytest.raises(FileChangedError, match="the same size, written anew"):
        check_unchanged(file)
