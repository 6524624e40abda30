from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_writing import check_options, unified, with_dictionaries


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


def test_values_of_other_partitions_say_the_type(tmp_path):
    frame = pd.DataFrame(
        {
            "decimal": [Decimal("1.5"), None, Decimal("2.25"), Decimal("100"), Decimal("1e-3"), None],
            "list": [[], [], [1], [2], None, [3]],
            "dict": [{"a": None}, {"a": None}, {"a": [1]}, {"a": []}, None, {"a": [2]}],
            "decimals": [[Decimal("1.5")], [], [Decimal("22.25")], None, [], []],
        }
    )
    dd.from_pandas(frame, npartitions=3).to_parquet(tmp_path / "d", write_metadata_file=True)
    types = {pq.read_schema(path).remove_metadata() for path in (tmp_path / "d").glob("*.parquet")}
    assert len(types) == 1
    frame.to_parquet(tmp_path / "whole.parquet")
    actual = dd.read_parquet(tmp_path / "d").compute()
    for column in ("decimal", "list", "dict", "decimals"):
        expected = pd.read_parquet(tmp_path / "whole.parquet")[column]
        assert [repr(value) for value in actual[column]] == [repr(value) for value in expected]
    more = pd.DataFrame(
        {**{name: [None] for name in frame.columns[1:]}, "decimal": [Decimal("1234567.1234")]}, index=[6]
    )
    pieces = dd.from_pandas(more[frame.columns], npartitions=1)
    with pytest.raises(ValueError, match=r"'_metadata' can't have the footers of files .* as 'part.3.parquet' does"):
        pieces.to_parquet(tmp_path / "d", append=True)
    assert len(dd.read_parquet(tmp_path / "d")) == 6
    (tmp_path / "d" / "_metadata").unlink()
    pieces.to_parquet(tmp_path / "d", append=True)
    assert dd.read_parquet(tmp_path / "d").compute()["decimal"].tolist()[-1] == Decimal("1234567.1234")


@pytest.mark.parametrize(
    ("engine", "options", "message"),
    [
        ("pyarrow", {"rows": 3}, "unexpected keyword argument 'rows': .* those of pyarrow.parquet.write_table"),
        ("pyarrow", {"where": 3}, "unexpected keyword argument 'where'"),
        ("pyarrow", {"row_group_size": "x"}, "an integer is required"),
        ("fastparquet", {"rows": 3}, "unexpected keyword argument 'rows': .* those of fastparquet.write"),
        ("fastparquet", {"file_scheme": "hive"}, "unexpected keyword argument 'file_scheme'"),
    ],
)
def test_options_that_the_writer_does_not_take(tmp_path, engine, options, message):
    with pytest.raises(TypeError, match=message):
        check_options(engine, options)
    pieces = dd.from_pandas(pd.DataFrame({"x": [1]}), npartitions=1)
    with pytest.raises(TypeError, match=message):
        pieces.to_parquet(tmp_path / "d", engine=engine, **options)
    assert not (tmp_path / "d").exists()


def test_options_that_it_takes(tmp_path):
    pieces = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=1)
    pieces.to_parquet(tmp_path / "d", row_group_size=1, version="2.6", use_dictionary=False)
    assert pq.read_metadata(tmp_path / "d" / "part.0.parquet").num_row_groups == 3
    pieces.to_parquet(tmp_path / "e", engine="fastparquet", row_group_offsets=[0, 1])
    assert pq.read_metadata(tmp_path / "e" / "part.0.parquet").num_row_groups == 2
