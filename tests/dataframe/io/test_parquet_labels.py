"""Labels of columns that aren't texts: what pandas writes and reads is the measure."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_labels import names_of, stored_names
from minidask.dataframe.testing import assert_eq

# Labels that come back as they were.
RETURNING = {
    "numbers": pd.Index([3, 1]),
    "range": pd.RangeIndex(2),
    "narrow": pd.Index([1, 2], dtype="int32"),
    "with a name": pd.Index([1, 2], name="n"),
    "floats": pd.Index([1.0, 20.0]),
    "times": pd.DatetimeIndex(["2020-01-01", "2020-01-02"]),
    "zone": pd.DatetimeIndex(["2020-01-01", "2020-01-02"], tz="Europe/Berlin"),
    "bytes": pd.Index([b"a", b"b"]),
    "levels": pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")], names=["k", "l"]),
    "levels of numbers": pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]),
}
# Those that become texts.
CHANGING = {
    "mixed": pd.Index([0, "x"]),
    "missing": pd.Index([None, "x"], dtype=object),
    "tuples": pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    "truth": pd.Index([True, False]),
    "dates": pd.Index([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)]),
    "categories": pd.CategoricalIndex(["a", "b"]),
    "durations": pd.timedelta_range("1D", periods=2),
}
INDEXES = {"range": pd.RangeIndex(4), "named": pd.Index([5, 6, 7, 8], name="key"), "unnamed": pd.Index(list("abcd"))}


def labelled(columns, index=None):
    return pd.DataFrame({0: [1, 2, 3, 4], 1: [None, "a", "b", "a"]}, index=index).set_axis(columns, axis=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "engine"),
    # fastparquet takes no names with dots.
    [
        (kind, engine)
        for kind in RETURNING
        for engine in ("pyarrow", "fastparquet")
        if (kind, engine) != ("floats", "fastparquet")
    ],
)
def test_labels_come_back(tmp_path, kind, engine):
    for which, index in INDEXES.items():
        frame = labelled(RETURNING[kind], index)
        path = tmp_path / which
        dd.from_pandas(frame, npartitions=2).to_parquet(path, engine=engine)
        read = dd.read_parquet(path, engine=engine)
        assert read.columns.equals(frame.columns)
        assert type(read.columns) is type(pd.read_parquet(path).columns)
        assert_eq(read, frame, check_index=which != "range")
        assert pd.read_parquet(path / "part.1.parquet").equals(frame.iloc[2:])
        first, second = frame.columns
        assert_eq(read[[second]], frame[[second]], check_index=which != "range")
        assert_eq(read[first], frame[first], check_index=which != "range")
        kept = read[read[first] > 2]
        assert_eq(kept[[second]], frame[frame[first] > 2][[second]], check_index=which != "range")


@pytest.mark.parametrize("engine", ["pyarrow", "fastparquet"])
@pytest.mark.parametrize("kind", [kind for kind in RETURNING if kind != "floats"])
def test_what_pandas_wrote_is_read_alike(tmp_path, kind, engine):
    frame = labelled(RETURNING[kind], INDEXES["named"])
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=2)
    expected = pd.read_parquet(tmp_path / "x.parquet")
    first, second = expected.columns
    read = dd.read_parquet(tmp_path / "x.parquet", engine=engine, split_row_groups=True, calculate_divisions=True)
    assert read.divisions == (5, 7, 8)
    assert_eq(read, expected)
    some = {"columns": [second], "filters": [(first, ">", 1), (second, "!=", "a")], "split_row_groups": True}
    assert_eq(
        dd.read_parquet(tmp_path / "x.parquet", engine=engine, **some),
        expected[(expected[first] > 1) & (expected[second] != "a")][[second]],
    )
    assert_eq(
        dd.read_parquet(tmp_path / "x.parquet", engine=engine, categories=[second])[second].astype("str"),
        expected[second],
    )


@pytest.mark.parametrize("engine", ["pyarrow", "fastparquet"])
@pytest.mark.parametrize("kind", list(CHANGING))
def test_others_become_texts_with_one_warning(tmp_path, kind, engine):
    frame = labelled(CHANGING[kind])
    with pytest.warns(UserWarning, match="labels of the columns, .*, will be texts when the files are read") as told:
        dd.from_pandas(frame, npartitions=2).to_parquet(tmp_path / "x", engine=engine)
    assert len(told) == 1
    assert told[0].filename == __file__
    read = dd.read_parquet(tmp_path / "x", engine=engine)
    assert all(isinstance(label, str) for label in read.columns)
    assert_eq(read, frame.set_axis(read.columns, axis=1), check_index=False)


def test_mixed_labels_have_the_texts_of_pandas(tmp_path):
    for kind in ("mixed", "tuples"):
        frame = labelled(CHANGING[kind])
        with pytest.warns(UserWarning, match="mixed type"):
            frame.to_parquet(tmp_path / "x.parquet")
        with pytest.warns(UserWarning, match="will be texts"):
            dd.from_pandas(frame, npartitions=1).to_parquet(tmp_path / kind)
        assert list(dd.read_parquet(tmp_path / kind).columns) == list(pd.read_parquet(tmp_path / "x.parquet").columns)


def test_options_name_columns_by_label(tmp_path):
    df = dd.from_pandas(labelled(RETURNING["numbers"]), npartitions=2)
    df.to_parquet(
        tmp_path / "x",
        compression={3: "zstd", 1: "gzip"},
        schema={3: pa.int16()},
        write_index=False,
        write_metadata_file=True,
    )
    footer = pq.read_metadata(tmp_path / "x" / "part.0.parquet").row_group(0)
    assert [footer.column(at).compression for at in range(2)] == ["ZSTD", "GZIP"]
    read = dd.read_parquet(tmp_path / "x")
    assert read.dtypes[3] == np.dtype("int16")
    df.astype({3: "int16"}).to_parquet(tmp_path / "x", append=True, write_index=False)
    assert dd.read_parquet(tmp_path / "x")[3].compute().tolist() == [1, 2, 3, 4, 1, 2, 3, 4]


def test_results_of_groups_are_stored_with_their_levels(tmp_path):
    frame = pd.DataFrame({"k": [1, 2, 1, 2], "x": [1.0, 2.0, 3.0, 5.0], "y": [1, 2, 3, 4]})
    df = dd.from_pandas(frame, npartitions=2)
    df.groupby("k").agg({"x": ["sum", "mean"], "y": ["max"]}).to_parquet(tmp_path / "x")
    expected = frame.groupby("k").agg({"x": ["sum", "mean"], "y": ["max"]})
    read = dd.read_parquet(tmp_path / "x")
    assert_eq(read, expected)
    assert_eq(read[("x", "mean")], expected[("x", "mean")])


def test_no_column_of_labels_in_levels_is_needed(tmp_path):
    labelled(RETURNING["levels"], INDEXES["named"]).to_parquet(tmp_path / "x.parquet")
    assert len(dd.read_parquet(tmp_path / "x.parquet")) == 4
    assert dd.read_parquet(tmp_path / "x.parquet").index.compute().tolist() == [5, 6, 7, 8]
    read = dd.read_parquet(tmp_path / "x.parquet", index=False)
    assert read.columns.tolist() == [("key", ""), ("a", "x"), ("b", "y")]
    assert read[("key", "")].compute().tolist() == [5, 6, 7, 8]


def test_names_of_the_index(tmp_path):
    frame = pd.DataFrame({"x": [1, 2], "y": [3, 4]}, index=pd.Index([5, 6], name="x"))
    dd.from_pandas(frame, npartitions=2).to_parquet(tmp_path / "x")
    assert pd.read_parquet(tmp_path / "x").equals(frame)
    read = dd.read_parquet(tmp_path / "x", calculate_divisions=True)
    assert_eq(read, frame)
    assert_eq(read[["y"]], frame[["y"]])
    assert_eq(read[read["x"] > 1], frame[frame["x"] > 1])
    with pytest.warns(UserWarning, match=r"names of the index, \[5\], will be texts when the files are read"):
        dd.from_pandas(frame.rename_axis(5), npartitions=1).to_parquet(tmp_path / "y")
    assert_eq(dd.read_parquet(tmp_path / "y"), frame.rename_axis("5"))
    dd.from_pandas(frame.rename_axis(5), npartitions=1).to_parquet(tmp_path / "z", write_index=False)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["x", "x"], r"parquet needs columns of different names; these come twice: \['x'\]"),
        (["1", 1], "parquet has texts for column names, and several columns have '1': rename them"),
    ],
)
def test_equal_names(tmp_path, columns, message):
    with pytest.raises(ValueError, match=message):
        dd.from_pandas(labelled(columns), npartitions=1).to_parquet(tmp_path / "x")


def test_levels_beside_keys_are_refused(tmp_path):
    (tmp_path / "k=1").mkdir()
    labelled(RETURNING["levels"]).to_parquet(tmp_path / "k=1" / "x.parquet")
    with pytest.raises(NotImplementedError, match=r"columns in levels and directories that are keys \(\['k'\]\)"):
        dd.read_parquet(tmp_path)


def test_a_label_that_is_no_text_as_index_is_refused(tmp_path):
    labelled([0, 1]).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(NotImplementedError, match="the column 0, whose label is no text, can't be the index"):
        dd.read_parquet(tmp_path / "x.parquet", index="0")
    assert_eq(dd.read_parquet(tmp_path / "x.parquet").set_index(0), labelled([0, 1]).set_index(0))


def test_texts_stand_for_themselves():
    assert stored_names(pd.DataFrame({"a": [1], "b": [2]})) is None
    schema = pa.schema([("a", pa.int8()), ("i", pa.int8())])
    assert names_of(pd.Index(["a"]), schema, ["i"]) == {}
    with pytest.raises(NotImplementedError, match=r"the columns \['a', 'i'\] can't be told from the index"):
        names_of(pd.Index(["a"]), schema, [])
