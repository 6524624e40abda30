from __future__ import annotations

import pyarrow as pa
import pytest

from minidask.dataframe.io.parquet_writing import unified


def test_unified():
    one, other = (
        pa.schema([("x", pa.null()), ("y", pa.string())]),
        pa.schema([("x", pa.int8()), ("y", pa.large_string())]),
    )
    assert unified({"a": one, "b": other}) == pa.schema([("x", pa.int8()), ("y", pa.string())])
    with pytest.raises(ValueError, match="the column 'x' is int64 in the data set that is there and int8 in b"):
        unified({"a": one, "b": other}, pa.schema([("x", pa.int64()), ("y", pa.string())]))
