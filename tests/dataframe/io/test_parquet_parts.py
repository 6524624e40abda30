from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_files import find_parquet
from minidask.dataframe.io.parquet_parts import cut
from minidask.dataframe.testing import assert_eq


def groups_of(part):
    [piece] = part.pieces
    return piece.groups


@pytest.fixture
def grouped(tmp_path):
    """A file of 10 rows in row groups of 3, 3, 3 and 1."""
    pq.write_table(
        pa.table({"x": list(range(9)) + [None], "s": list("abcdefghij")}), tmp_path / "x.parquet", row_group_size=3
    )
    return find_parquet(tmp_path / "x.parquet", None)


@pytest.mark.parametrize(
    ("split", "blocksize", "groups"),
    [
        (False, 1, [(0, 1, 2, 3)]),
        (True, 1 << 30, [(0,), (1,), (2,), (3,)]),
        (1, 1, [(0,), (1,), (2,), (3,)]),
        (3, 1, [(0, 1, 2), (3,)]),
        (9, 1, [(0, 1, 2, 3)]),
        ("infer", 1 << 30, [(0, 1, 2, 3)]),
        ("adaptive", 1, [(0,), (1,), (2,), (3,)]),
    ],
)
def test_cut(grouped, split, blocksize, groups):
    parts = cut(grouped, split, blocksize)
    assert [groups_of(part) for part in parts] == groups
    assert [part.pieces[0].first_row for part in parts] == [3 * groups_of(part)[0] for part in parts]
    assert sum(part.rows for part in parts) == 10


def test_cut_counts_bytes(grouped):
    [one] = grouped
    size = one.footer.row_group(0).total_byte_size
    assert [groups_of(part) for part in cut(grouped, "infer", 2 * size)] == [(0, 1), (2, 3)]


def test_a_file_without_row_groups_is_one_part(tmp_path):
    pq.write_table(pa.table({"x": pa.array([], "int64")}), tmp_path / "x.parquet")
    [part] = cut(find_parquet(tmp_path, None), True, 1)
    assert part.rows == 0


@pytest.fixture
def small_files(tmp_path):
    """Six files of two row groups in directories a=0 b=0, a=0 b=1, a=1 b=0."""
    at = 0
    for name in ("a=0/b=0", "a=0/b=1", "a=1/b=0"):
        (tmp_path / name).mkdir(parents=True)
        for number in range(2):
            pd.DataFrame({"x": [at, at + 1]}).to_parquet(tmp_path / name / f"{number}.parquet", row_group_size=1)
            at += 2
    return tmp_path


@pytest.mark.parametrize(
    ("split", "aggregate", "npartitions"),
    [
        ("infer", False, 6),
        ("infer", True, 1),
        ("adaptive", "a", 2),
        ("adaptive", "b", 3),
        (3, True, 4),
        (3, "b", 6),
        (True, True, 12),
        (False, True, 6),
    ],
)
def test_aggregate_files(small_files, split, aggregate, npartitions):
    df = dd.read_parquet(small_files, split_row_groups=split, aggregate_files=aggregate)
    assert df.npartitions == npartitions
    assert sum(part.rows for part in df._layer.parts) == 12
    assert df._layer.parts[0].nbytes > 0
    plain = dd.read_parquet(small_files).compute()
    assert_eq(df, plain)
    assert_eq(
        dd.read_parquet(small_files, split_row_groups=split, aggregate_files=aggregate, filters=[("x", ">", 6)]),
        plain[plain["x"] > 6],
    )


def test_aggregate_by_bytes(small_files):
    [size] = {group.nbytes for part in cut(find_parquet(small_files, None), True, 1) for group in part.pieces}
    df = dd.read_parquet(small_files, aggregate_files=True, blocksize=5 * size)
    assert [part.rows for part in df._layer.parts] == [5, 5, 2]
    assert len(df._layer.parts[0].pieces) == 3


def test_a_file_listed_twice_is_read_twice(tmp_path):
    pd.DataFrame({"x": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    for aggregate in (False, True):
        df = dd.read_parquet([tmp_path / "a.parquet"] * 2, aggregate_files=aggregate)
        assert df["x"].compute().tolist() == [1, 2, 1, 2]
