from __future__ import annotations

import decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_fast import check_types
from minidask.dataframe.testing import assert_eq
from tests.dataframe.io.test_parquet import INDEXES, indexed, rich

# fastparquet asks time zones for their values without one, which pandas 3.1 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:Series.values returning an ndarray that drops timezone")
UNKEPT = ["day", "list", "dict", "missing"]
FRAME = rich().drop(columns=UNKEPT)


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("writer", ["pyarrow", "fastparquet"])
def test_every_dtype_as_with_pyarrow(tmp_path, split, writer):
    pieces = dd.from_pandas(FRAME, npartitions=3)
    pieces.to_parquet(tmp_path / "d", engine=writer)
    expected = dd.read_parquet(tmp_path / "d", engine="pyarrow")
    assert_eq(expected, FRAME)
    assert_eq(dd.read_parquet(tmp_path / "d", engine="fastparquet", split_row_groups=split), FRAME)
    for column in FRAME.columns:
        assert_eq(dd.read_parquet(tmp_path / "d", engine="fastparquet", columns=[column]), FRAME[[column]])


@pytest.mark.parametrize("kind", INDEXES)
def test_every_index(tmp_path, kind):
    frame = indexed(kind)
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=5)
    for split in (False, True):
        actual = dd.read_parquet(tmp_path / "x.parquet", engine="fastparquet", split_row_groups=split)
        assert_eq(actual, pd.read_parquet(tmp_path / "x.parquet"))
    dd.from_pandas(frame, npartitions=2, sort=False).to_parquet(tmp_path / "d", engine="fastparquet")
    assert_eq(dd.read_parquet(tmp_path / "d"), frame, check_freq=False)


def test_files_without_notes_of_pandas(tmp_path):
    table = pa.table(
        {
            "x": pa.array([1, None, 3]),
            "s": ["a", None, "c"],
            "b": [True, None, False],
            "f": [1.5, None, 2.0],
            "z": pa.array([1, None, 3], pa.timestamp("us", tz="UTC")),
            "u": pa.array([1, 2, None], pa.uint8()),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=2)
    for split in (False, True):
        actual = dd.read_parquet(tmp_path, engine="fastparquet", split_row_groups=split)
        assert_eq(actual, pd.read_parquet(tmp_path / "x.parquet"))


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "lz4", "brotli", None, {"i": "zstd", "s": "gzip"}])
def test_compression(tmp_path, compression):
    dd.from_pandas(FRAME[["i", "s"]], npartitions=1).to_parquet(
        tmp_path / "d", engine="fastparquet", compression=compression, custom_metadata={"who": "me"}
    )
    footer = pq.read_metadata(tmp_path / "d" / "part.0.parquet")
    assert footer.metadata[b"who"] == b"me"
    named = compression if isinstance(compression, dict) else {"i": compression, "s": compression}
    for at, name in enumerate("is"):
        assert footer.row_group(0).column(at).compression == (named[name] or "uncompressed").upper()
    assert_eq(dd.read_parquet(tmp_path / "d"), FRAME[["i", "s"]])


def test_no_column_at_all(tmp_path):
    FRAME.to_parquet(tmp_path / "x.parquet")
    assert len(dd.read_parquet(tmp_path, engine="fastparquet", columns=[])) == 23


@pytest.mark.parametrize("column", [*UNKEPT, "amount"])
def test_types_that_it_does_not_keep(tmp_path, column):
    frame = rich().assign(amount=[decimal.Decimal("1.5")] * 23)[["i", column]]
    frame.to_parquet(tmp_path / "x.parquet")
    with pytest.raises(
        NotImplementedError, match=rf"fastparquet can't read the column '{column}' of type .* use engine='py"
    ):
        dd.read_parquet(tmp_path, engine="fastparquet")
    assert_eq(dd.read_parquet(tmp_path, engine="fastparquet", columns=["i"]), frame[["i"]])
    with pytest.raises(NotImplementedError, match=f"fastparquet can't write the column '{column}' of type"):
        dd.from_pandas(frame, npartitions=1).to_parquet(tmp_path / "d", engine="fastparquet")
    assert not (tmp_path / "d").exists()


def test_check_types_looks_inside_categories():
    kind = pa.dictionary(pa.int8(), pa.date32())
    with pytest.raises(NotImplementedError, match="'c' of type dictionary"):
        check_types(pa.schema([("c", kind)]), ["c"], "read")
    check_types(pa.schema([("c", kind)]), [], "read")


@pytest.mark.parametrize("dtype", ["str", "object", "string"])
def test_partitions_without_a_value(tmp_path, dtype):
    frame = pd.DataFrame({"x": pd.Series([None, None, "a", "b", None, None], dtype=dtype)})
    for options in ({}, {"row_group_offsets": [0]}, {"compression": {"x": "gzip", "_default": None}}):
        pieces = dd.from_pandas(frame, npartitions=3)
        pieces.to_parquet(tmp_path / "d", engine="fastparquet", overwrite=True, **options)
        expected = pd.read_parquet(tmp_path / "d")
        assert expected["x"].dropna().tolist() == ["a", "b"]
        assert expected["x"].isna().tolist() == frame["x"].isna().tolist()
        assert_eq(dd.read_parquet(tmp_path / "d", engine="fastparquet"), expected)


def test_a_column_without_any_value(tmp_path):
    pieces = dd.from_pandas(pd.DataFrame({"x": pd.Series([None, None], dtype=object), "y": [1, 2]}), npartitions=2)
    with pytest.raises(NotImplementedError, match="fastparquet can't write the column 'x' of type null exactly"):
        pieces.to_parquet(tmp_path / "d", engine="fastparquet")
    assert not (tmp_path / "d").exists() or not any((tmp_path / "d").iterdir())


def test_names_with_dots():
    with pytest.raises(
        NotImplementedError, match=r"can't write the column 'a\.b', whose name has a dot: use engine='pyarrow', ren"
    ):
        check_types(pa.schema([("a.b", pa.int8())]), ["a.b"], "write")


@pytest.mark.parametrize("compression", [None, "snappy", {"c": None, "_default": "gzip"}])
def test_categories_that_no_row_of_a_file_has(tmp_path, compression):
    frame = pd.DataFrame({"c": pd.Categorical(["a", None, None], categories=["b", "a"], ordered=True), "x": [1, 2, 3]})
    dd.from_pandas(frame, npartitions=3).to_parquet(tmp_path / "d", engine="fastparquet", compression=compression)
    for engine in ("fastparquet", "pyarrow"):
        assert_eq(dd.read_parquet(tmp_path / "d", engine=engine), frame)
