from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_files import find_parquet
from minidask.dataframe.io.parquet_promise import conversion, index_columns, promise, written_range
from minidask.dataframe.testing import assert_eq
from tests.dataframe.io.test_parquet import rich


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_dtype_backend(tmp_path, backend):
    frame = rich().drop(columns=["c", "dict", "list"])
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=5)
    expected = pd.read_parquet(tmp_path / "x.parquet", dtype_backend=backend)
    assert_eq(dd.read_parquet(tmp_path, dtype_backend=backend, split_row_groups=True), expected)


def test_arrow_to_pandas(tmp_path):
    pq.write_table(
        pa.table({"x": pa.array([1, None, 3]), "day": pa.array([1, 2, 3], pa.date32())}), tmp_path / "x.parquet"
    )
    df = dd.read_parquet(tmp_path, arrow_to_pandas={"integer_object_nulls": True, "date_as_object": False})
    assert df.dtypes.astype(str).tolist() == ["object", "datetime64[ms]"]
    assert df["x"].compute().tolist() == [1, None, 3]


def test_nulls_anywhere_are_promised(tmp_path):
    for at, values in enumerate([[1, 2], [None, 4]]):
        table = pa.table({"x": pa.array(values, "int64"), "b": pa.array([True, True])})
        pq.write_table(table, tmp_path / f"{at}.parquet")
    files = find_parquet(tmp_path, None)
    meta, names, types = promise(files, None, conversion(None, None), {"k": pd.CategoricalDtype([1, 2])})
    assert (names, types) == ({}, {})
    assert meta.dtypes.astype(str).to_dict() == {"x": "float64", "b": "bool", "k": "category"}
    assert meta["k"].cat.categories.tolist() == [1, 2]


def test_what_pandas_wrote_of_the_index():
    plain = pa.Table.from_pandas(pd.DataFrame({"x": [1]})).schema
    assert (index_columns(plain), written_range(plain)["stop"]) == ([], 1)
    named = pa.Table.from_pandas(pd.DataFrame({"x": [1]}, index=pd.Index([5], name="k"))).schema
    assert (index_columns(named), written_range(named)) == (["k"], None)


def test_equal_names(tmp_path):
    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "x.parquet")
    with pytest.raises(
        ValueError, match=r"x\.parquet: several columns are named 'a': write the file with different names"
    ):
        dd.read_parquet(tmp_path / "x.parquet")
