from __future__ import annotations

import datetime
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.reading import Reader
from minidask.dataframe.testing import assert_eq
from minidask.tokenize import tokenize
from tests.dataframe.io.test_parquet import COMPARED, counted, selected

ENGINES = ["pyarrow", "fastparquet"]
# A fixture.
__all__ = ["counted"]
FRAME = pd.DataFrame(
    {
        "i": [1, 2, 3, 5, 5, 7, 8, 9],
        "f": [1.5, np.nan, 5.0, -2.0, np.nan, 5.0, 0.0, np.inf],
        "s": pd.Series(["a", None, "b", "a", "", None, "c", "a"], dtype="str"),
        "b": [True, False] * 4,
        "d": pd.to_datetime(
            ["2020-01-01", None, "2021-05-06", "2020-01-01", None, "2019-01-01", "2022-01-01", "2020-02-01"]
        ),
        "z": pd.to_datetime(["2020-01-01", None] * 4).tz_localize("Europe/Berlin"),
        "I": pd.array([1, None, 5, 5, None, 7, 8, 9], dtype="Int64"),
        "B": pd.array([True, None, False, True, None, True, False, None], dtype="boolean"),
        "c": pd.Categorical(["u", None, "v", "u", "w", None, "v", "u"]),
    }
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Row groups of two, with nulls in every type."""
    path = tmp_path_factory.mktemp("reader") / "x.parquet"
    FRAME.to_parquet(path, row_group_size=2)
    return path


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("filters", COMPARED, ids=str)
def test_filtered_is_a_mask_of_pandas(path, filters, engine):
    layer = dd.read_parquet(path, engine=engine)._layer
    reader = layer.reader.filtered(filters)
    assert isinstance(reader, Reader)
    [part] = layer.parts
    expected = selected(FRAME, filters)
    pd.testing.assert_frame_equal(reader(part), expected)
    pd.testing.assert_frame_equal(reader.project(("b", "c"))(part), expected[["b", "c"]])


def test_filters_add_up(path):
    layer = dd.read_parquet(path, filters=[("i", ">", 1)])._layer
    reader = layer.reader.filtered([[("f", "<=", 1)], [("f", "is", None)]])
    expected = FRAME[(FRAME["i"] > 1) & ~(FRAME["f"] > 1)]
    pd.testing.assert_frame_equal(reader(layer.parts[0]), expected)
    copy = pickle.loads(pickle.dumps(reader))
    pd.testing.assert_frame_equal(copy(layer.parts[0]), expected)
    assert tokenize(copy) == tokenize(reader) != tokenize(layer.reader)
    assert reader.filterable == set(FRAME.columns)
    with pytest.raises(ValueError, match="filters name a column 'nope'"):
        reader.filtered([("nope", ">", 1)])
    with pytest.raises(ValueError, match="needs a missing value such as None, got 5: use == or !="):
        reader.filtered([("i", "is", 5)])


@pytest.mark.parametrize(
    ("term", "groups"),
    [
        (("s", "==", "c"), [3]),
        (("s", ">", "b"), [3]),
        (("d", "<", "2020-01-01"), [2]),
        (("d", ">=", pd.Timestamp("2022-01-01")), [3]),
        (("d", "==", np.datetime64("2021-05-06")), [1, 3]),
        (("d", "in", [datetime.datetime(2021, 5, 6)]), [1, 3]),
        (("i", "==", np.int64(9)), [3]),
        (("i", "==", "text"), [0, 1, 2, 3]),
    ],
)
def test_row_groups_are_skipped_by_their_bounds(path, term, groups):
    df = dd.read_parquet(path, filters=[term], split_row_groups=True)
    assert [piece.groups[0] for part in df._layer.parts for piece in part.pieces] == groups


def test_ordered_categories_are_compared_in_their_order(tmp_path):
    frame = pd.DataFrame({"c": pd.Categorical(["z", "a", "z", "m"], categories=["z", "m", "a"], ordered=True)})
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=1)
    for name, mask in ((">", frame["c"] > "z"), ("<=", frame["c"] <= "m")):
        assert_eq(dd.read_parquet(tmp_path, filters=[("c", name, "z" if name == ">" else "m")]), frame[mask])


@pytest.mark.parametrize("engine", ENGINES)
def test_categories(tmp_path, engine):
    frame = pd.DataFrame({"s": ["b", "a", None, "b"], "i": [3, 1, 3, 2], "x": range(4)})
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=2)
    df = dd.read_parquet(tmp_path, categories=["s", "i"], engine=engine)
    assert not df["s"].cat.known
    assert_eq(df, frame.astype({"s": "category", "i": "category"}))
    split = dd.read_parquet(
        tmp_path, categories={"s": 2}, engine=engine, split_row_groups=True, filters=[("s", ">", "a")]
    )
    assert split["s"].compute().astype("str").tolist() == ["b", "b"]
    with pytest.raises(KeyError, match="no column 'q'"):
        dd.read_parquet(tmp_path, categories=["q"])


def test_index_of_several_columns(tmp_path):
    FRAME.to_parquet(tmp_path / "x.parquet")
    assert_eq(dd.read_parquet(tmp_path, index=["i", "b"]), FRAME.set_index(["i", "b"]))
    assert_eq(dd.read_parquet(tmp_path, index=["i"], columns=["s"]), FRAME.set_index("i")[["s"]])


def foreign(writer, frame, path):
    if writer == "polars":
        polars = pytest.importorskip("polars")
        polars.from_arrow(pa.Table.from_pandas(frame)).write_parquet(path, row_group_size=3)
    elif writer == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        with duckdb.connect() as connection:
            connection.register("frame", pa.Table.from_pandas(frame))
            connection.execute(f"COPY (SELECT * FROM frame) TO '{path}' (FORMAT parquet)")
    else:
        # As Spark does: no notes of pandas, INT96, dictionaries, snappy.
        table = pa.Table.from_pandas(frame).replace_schema_metadata()
        pq.write_table(table, path, use_deprecated_int96_timestamps=True, store_schema=False, row_group_size=3)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("writer", ["polars", "duckdb", "spark"])
def test_files_by_other_writers(tmp_path, writer, engine):
    # Names of DuckDB know no case.
    frame = FRAME[["i", "f", "s", "b", "d", "I", "B"]].rename(columns={"I": "n", "B": "q"})
    foreign(writer, frame, tmp_path / "part-0.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".part-0.parquet.crc").write_bytes(b"crc")
    whole = pd.read_parquet(tmp_path / "part-0.parquet")
    assert_eq(dd.read_parquet(tmp_path, engine=engine), whole)
    assert_eq(dd.read_parquet(tmp_path, engine=engine, split_row_groups=True), whole)
    for term, mask in [
        (("s", "!=", "a"), whole["s"] != "a"),
        (("s", ">=", "b"), whole["s"] >= "b"),
        (("n", "!=", 5), whole["n"] != 5),
        (("q", "==", True), whole["q"] == True),  # noqa: E712
        (("d", "<", pd.Timestamp("2020-01-15")), whole["d"] < pd.Timestamp("2020-01-15")),
        (("f", "not in", [5.0]), ~whole["f"].isin([5.0])),
    ]:
        assert_eq(dd.read_parquet(tmp_path, engine=engine, filters=[term], split_row_groups=True), whole[mask])


@pytest.mark.parametrize("engine", ENGINES)
def test_filters_fetch_the_other_columns_only_where_rows_pass(tmp_path, engine, counted):
    frame = pd.DataFrame({f"c{at}": np.random.default_rng(at).random(20_000) for at in range(10)})
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=10_000)
    df = dd.read_parquet(f"counted://{tmp_path}/x.parquet", engine=engine)
    reader, [part] = df._layer.reader, df._layer.parts
    sizes = []
    for filters in ([("c0", ">", 2)], [("c0", "==", frame["c0"][5] / 2 + 0.1)], [("c0", ">=", 0)]):
        counted.bytes_read = 0
        reader.filtered(filters)(part)
        sizes.append(counted.bytes_read)
    whole = (tmp_path / "x.parquet").stat().st_size
    assert sizes[0] < whole / 8
    assert sizes[1] < whole / 3
    assert sizes[2] > whole * 0.9


def test_nested_types_and_decimals(tmp_path):
    table = pa.table(
        {
            "l": [["a", None], None, []],
            "t": [{"a": 1, "b": [{"c": "x"}]}, None, {"a": None, "b": None}],
            "m": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
            "e": pa.array(["1.25", None, "-3.50"]).cast(pa.decimal128(10, 2)),
            "x": [1, 2, 3],
        }
    )
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=1)
    df = dd.read_parquet(tmp_path, split_row_groups=True)
    assert_eq(df, pd.read_parquet(tmp_path / "x.parquet"))
    df.to_parquet(tmp_path / "d", schema={"m": pa.map_(pa.string(), pa.int64())})
    back = dd.read_parquet(tmp_path / "d").compute()
    assert pa.table({"e": back["e"]})["e"].to_pylist() == table["e"].to_pylist()
    assert back["m"].tolist() == [[("k", 1)], None, []]
    filtered = dd.read_parquet(tmp_path / "x.parquet", filters=[("e", "<", 0)], columns=["l", "e"])
    assert len(filtered) == 1


def test_texts_of_few_values_are_read_by_their_codes(tmp_path):
    frame = pd.DataFrame({"s": ["credit", "cash", None, "cash"] * 500, "u": [f"{at:08d}" for at in range(2000)]})
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=700)
    frame.assign(s=frame["u"]).to_parquet(tmp_path / "b.parquet")
    df = dd.read_parquet(tmp_path, split_row_groups=True)
    assert df._layer.reader.by_codes == ("s",)
    assert_eq(df, pd.concat([frame, frame.assign(s=frame["u"])]), check_index=False)
    assert_eq(df["s"] + "!", pd.concat([frame["s"], frame["u"]]) + "!", check_index=False, check_names=False)


@pytest.mark.parametrize(
    "dtypes", [("int64", "Int64"), ("Int64", "int64"), ("bool", "boolean"), ("float64", "Float64")]
)
def test_files_that_differ_in_masks_alone(tmp_path, dtypes):
    for at, dtype in enumerate(dtypes):
        pd.DataFrame({"x": pd.Series([at, 1]).astype(dtype)}).to_parquet(tmp_path / f"{at}.parquet")
    df = dd.read_parquet(tmp_path)
    assert_eq(df, df.compute())
    assert df.compute()["x"].dtype == dtypes[0]
    assert df.compute()["x"].tolist() == [0, 1, 1, 1]


def test_files_whose_types_differ_in_width_have_one_dtype_of_arrow(tmp_path):
    values = [["1.10", None], ["123.1", None], [None, None]]
    texts = [pa.string(), pa.string_view(), pa.large_string()]
    for at, (numbers, kind) in enumerate(zip(values, texts)):
        frame = {"d": [None if text is None else Decimal(text) for text in numbers], "s": pa.array(["a", None], kind)}
        pq.write_table(pa.table(frame), tmp_path / f"{at}.parquet")
    read = dd.read_parquet(tmp_path, dtype_backend="pyarrow")
    whole = [Decimal("1.10"), None, Decimal("123.1"), None, None, None]
    expected = pd.DataFrame(
        {
            "d": pd.array(whole, pd.ArrowDtype(pa.decimal128(5, 2))),
            "s": pd.array(["a", None] * 3, pd.ArrowDtype(pa.string())),
        }
    )
    assert_eq(read, expected, check_index=False)
    assert_eq(read[read["d"] > Decimal("1.5")], expected[expected["d"] > Decimal("1.5")], check_index=False)
    plain = dd.read_parquet(tmp_path)
    assert plain["d"].compute().tolist() == whole
    assert str(plain["s"].dtype) == str(plain["s"].compute().dtype) == "str"
