from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_writing import unified, with_dictionaries


def test_unified():
    one, other = (
        pa.schema([("x", pa.null()), ("y", pa.string())]),
        pa.schema([("x", pa.int8()), ("y", pa.large_string())]),
    )
    assert unified({"a": one, "b": other}) == pa.schema([("x", pa.int8()), ("y", pa.string())])
    with pytest.raises(ValueError, match="the column 'x' is int64 in the data set that is there and int8 in b"):
        unified({"a": one, "b": other}, pa.schema([("x", pa.int64()), ("y", pa.string())]))


def test_columns_of_different_values_have_no_dictionary(tmp_path):
    rows = 10_000
    frame = pd.DataFrame(
        {
            "id": np.arange(rows),
            "kind": np.arange(rows) % 7,
            "when": pd.date_range("2015", periods=rows, freq="s"),
            "text": [f"text {at}" for at in range(rows)],
            "missing": np.full(rows, np.nan),
            "flag": np.arange(rows) % 2 == 0,
        }
    )
    dd.from_pandas(frame, npartitions=1).to_parquet(str(tmp_path / "x"), write_index=False)
    dd.from_pandas(frame, npartitions=1).to_parquet(str(tmp_path / "y"), write_index=False, use_dictionary=True)
    found = {}
    for name in ("x", "y"):
        (path,) = (tmp_path / name).glob("*.parquet")
        group = pq.ParquetFile(path).metadata.row_group(0)
        columns = [group.column(at) for at in range(group.num_columns)]
        found[name] = {column.path_in_schema for column in columns if column.has_dictionary_page}
        assert pd.read_parquet(path).equals(frame)
    assert found["x"] == {"kind", "missing"}
    assert found["y"] >= {"kind", "missing", "id", "when", "text"}
    assert with_dictionaries(pa.table({"id": range(100)})) is True
    assert with_dictionaries(pa.table({"id": range(10_000), "list": [[1]] * 10_000})) is True
