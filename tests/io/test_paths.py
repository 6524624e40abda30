from __future__ import annotations

import io
import os
from pathlib import Path

import fsspec
import pytest

from minidask.io.paths import find_files, is_local, natural_key, resolve_target
from minidask.tokenize import tokenize


@pytest.fixture
def memory():
    fs = fsspec.filesystem("memory")
    fs.pipe({"/bucket/part-2.csv": b"two", "/bucket/part-10.csv": b"ten!", "/bucket/other.txt": b""})
    yield fs
    fs.rm("/bucket", recursive=True)


def names(files):
    return [Path(file.path).name for file in files]


def test_a_glob_comes_in_natural_order_with_sizes(tmp_path):
    for number in (10, 9, 1):
        (tmp_path / f"x-{number}.csv").write_bytes(b"a" * number)
    (tmp_path / "x-dir.csv").mkdir()
    found = find_files(tmp_path / "x-*.csv")
    assert names(found) == ["x-1.csv", "x-9.csv", "x-10.csv"]
    assert [file.size for file in found] == [1, 9, 10]
    assert all(file.stamp is not None and is_local(file.fs) for file in found)


def test_a_list_keeps_its_order_and_may_hold_globs(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).touch()
    assert names(find_files([tmp_path / "c", f"{tmp_path}/[ab]"])) == ["c", "a", "b"]


def test_a_name_with_brackets_is_found(tmp_path):
    (tmp_path / "x[1].csv").touch()
    assert names(find_files(tmp_path / "x[1].csv")) == ["x[1].csv"]


def test_urls_of_other_file_systems(memory):
    found = find_files("memory://bucket/part-*.csv")
    assert [(file.url, file.size) for file in found] == [
        ("memory:///bucket/part-2.csv", 3),
        ("memory:///bucket/part-10.csv", 4),
    ]


def test_storage_options_reach_the_file_system(tmp_path):
    fs, path = resolve_target(f"file://{tmp_path}/x", {"auto_mkdir": True})
    assert fs.auto_mkdir
    assert path == f"{tmp_path}/x"


@pytest.mark.parametrize(
    ("urlpath", "error", "message"),
    [
        ("missing.csv", FileNotFoundError, r"there is no CSV file 'missing.csv'"),
        ("missing-*.csv", FileNotFoundError, r"no CSV file matches 'missing-\*.csv'"),
        ([], ValueError, "the list of paths is empty: give at least one CSV file"),
        (5, TypeError, "a path, a glob, or a list of them is needed, got int: 5"),
        (b"x.csv", TypeError, "got bytes"),
        ([1], TypeError, "a path must be a str or os.PathLike, got int: 1"),
        ("nonsense://x", ValueError, "nonsense"),
    ],
)
def test_bad_paths(urlpath, error, message):
    with pytest.raises(error, match=message):
        find_files(urlpath, what="CSV file")


def test_a_directory_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"is a directory: name its files, such as '.*/\*'"):
        find_files(tmp_path)


def test_tokens_tell_versions_apart(tmp_path):
    path = tmp_path / "x"
    path.write_text("a")
    os.utime(path, (1, 1))
    first = find_files(path)[0]
    assert tokenize(first) == tokenize(find_files(path)[0])
    os.utime(path, (2, 2))
    second = find_files(path)[0]
    path.write_text("ab")
    os.utime(path, (2, 2))
    third = find_files(path)[0]
    assert len({tokenize(file) for file in (first, second, third)}) == 3


def test_natural_key_compares_numbers():
    assert sorted(["b2", "b10", "a", "10", "9"], key=natural_key) == ["9", "10", "a", "b2", "b10"]


def test_open_files_and_options_that_are_no_mapping(tmp_path):
    with pytest.raises(
        TypeError, match=r"got an open file: .*Give its path, or read it with pandas and use from_pandas"
    ):
        find_files(io.StringIO("x"))
    with pytest.raises(TypeError, match="storage_options must be a mapping for the file system, got int: 3"):
        find_files(tmp_path / "x", 3)


def test_a_glob_of_directories(tmp_path):
    (tmp_path / "a=1").mkdir()
    with pytest.raises(IsADirectoryError, match=r"matches directories alone: name their files, such as '.*/a=\*/\*'"):
        find_files(str(tmp_path / "a=*"))
