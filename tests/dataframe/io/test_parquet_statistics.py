from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_files import find_parquet
from minidask.dataframe.io.parquet_statistics import group_bounds, has_nulls
from minidask.dataframe.testing import assert_eq


@pytest.fixture
def grouped(tmp_path):
    """A file of 10 rows in row groups of 3, 3, 3 and 1."""
    pq.write_table(
        pa.table({"x": list(range(9)) + [None], "s": list("abcdefghij")}), tmp_path / "x.parquet", row_group_size=3
    )
    return find_parquet(tmp_path / "x.parquet", None)


def test_statistics(grouped):
    [one] = grouped
    assert has_nulls(grouped, "x")
    assert not has_nulls(grouped, "s")
    assert not has_nulls(grouped, "q")
    assert group_bounds(one.footer, 1, one.leaves["x"]) == (3, 5)
    assert group_bounds(one.footer, 3, one.leaves["x"]) is None
    assert group_bounds(one.footer, 0, None) is None


def test_files_without_statistics(tmp_path):
    table = pa.table({"x": [1, 2, 3, 4]})
    pq.write_table(table, tmp_path / "x.parquet", write_statistics=False, row_group_size=2)
    [one] = find_parquet(tmp_path, None)
    assert group_bounds(one.footer, 0, one.leaves["x"]) is None
    assert_eq(dd.read_parquet(tmp_path, filters=[("x", ">", 3)]), pd.DataFrame({"x": [4]}), check_index=False)
    with_nulls = pa.table({"x": pa.array([1, 2, 3, None])})
    pq.write_table(with_nulls, tmp_path / "x.parquet", write_statistics=False, row_group_size=2)
    with pytest.raises(
        ValueError, match=r"x\.parquet \(row groups 0, 1\): the column 'x' is float64 where the footers promised int64"
    ):
        dd.read_parquet(tmp_path).compute()


def test_divisions_of_texts(tmp_path):
    frame = pd.DataFrame({"x": range(6)}, index=pd.Index(list("abcdef"), name="k"))
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=2)
    df = dd.read_parquet(tmp_path, split_row_groups=True, calculate_divisions=True)
    assert df.divisions == ("a", "c", "e", "f")
    assert_eq(df, frame)


def test_files_without_rows_do_not_hide_divisions(tmp_path):
    frame = pd.DataFrame({"x": range(4)}, index=pd.Index([0, 1, 2, 3], name="k"))
    for at, piece in enumerate([frame[:0], frame[:2], frame[:0], frame[2:]]):
        piece.to_parquet(tmp_path / f"{at}.parquet")
    df = dd.read_parquet(tmp_path, calculate_divisions=True)
    assert df.divisions == (0, 2, 3)
    assert_eq(df, frame)
