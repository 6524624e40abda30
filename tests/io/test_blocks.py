from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.io.blocks import Block, parse_blocksize, read_block, record_start, split_file
from minidask.io.paths import StoredFile, find_files


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("blocks") / "x"


@given(
    data=st.lists(st.sampled_from([b"a", b"bc", b"c", b"\r", b"\n", b"\r\n", b""]), max_size=30).map(b"".join),
    blocksize=st.integers(1, 20),
    delimiter=st.sampled_from([b"\n", b"\r\n", b"bc"]),
)
def test_blocks_hold_every_record_once(path, data, blocksize, delimiter):
    path.write_bytes(data)
    blocks = split_file(find_files(path)[0], blocksize)
    parts = [read_block(block, delimiter) for block in blocks]
    assert b"".join(parts) == data
    assert all(part.endswith(delimiter) for part in [part for part in parts if part][:-1])


@given(size=st.integers(0, 1000), blocksize=st.integers(1, 1000))
def test_blocks_are_equal_and_no_larger_than_asked(size, blocksize):
    blocks = split_file(StoredFile(None, "x", "x", size, None), blocksize)
    edges = [block.start for block in blocks] + [size]
    assert edges[0] == 0
    assert blocks[-1].stop is None
    sizes = [stop - start for start, stop in pairwise(edges)]
    assert max(sizes) <= max(blocksize, 0)
    assert max(sizes) - min(sizes) <= 1


def test_a_record_longer_than_a_look_is_found(path):
    path.write_bytes(b"a" * 200_000 + b"\r\n" + b"b" * 70_000 + b"\r\nc")
    file = find_files(path)[0]
    assert record_start(file, 5, b"\r\n") == 200_002
    assert record_start(file, 200_002, b"\r\n") == 200_002
    assert record_start(file, 200_003, b"\r\n") == 270_004


def test_files_of_unknown_size_stay_whole():
    assert split_file(StoredFile(None, "x", "x", None, None), 10) == [
        Block(StoredFile(None, "x", "x", None, None), 0, None)
    ]


@pytest.mark.parametrize(("given", "size"), [("16 MiB", 2**24), (100, 100), (None, None), ("default", 7), (2.0, 2)])
def test_sizes(given, size):
    assert parse_blocksize(given, 7) == size


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (0, ValueError, "at least 1 byte, got 0"),
        (-5, ValueError, "-5"),
        (True, TypeError, "blocksize must be a number of bytes, a text such as '16 MiB', or None, got bool: True"),
        ([1], TypeError, "got list"),
        ("much", ValueError, "much"),
    ],
)
def test_bad_sizes(given, error, message):
    with pytest.raises(error, match=message):
        parse_blocksize(given, 7)


def test_blocks_name_themselves():
    file = StoredFile(None, "x", "s3://x", 10, None)
    assert [str(block) for block in split_file(file, 5)] == ["s3://x (bytes 0 to 5)", "s3://x (bytes 5 to the end)"]
    assert str(Block(file, 0, None)) == "s3://x"
