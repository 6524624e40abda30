from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest

import minidask.dataframe as dd
from minidask import delayed
from minidask.dataframe.conversions import records, row_counts, rows
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cuttings, every_dtype

FRAME = every_dtype()
ARROW = FRAME.drop(columns=["c"])


@delayed
def lists(part):
    return part


def test_arrow_stream():
    for df in cuttings(FRAME):
        table = pa.table(df)
        assert table.num_rows == 23
        assert table.column_names == list(FRAME.columns)
        back = table.to_pandas()
        back["c"] = back["c"].astype(FRAME["c"].dtype)
        pd.testing.assert_frame_equal(back, FRAME.reset_index(drop=True), check_dtype=False)


def test_readers_of_streams():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert polars.DataFrame(df)["g"].sum() == FRAME["g"].sum()
    assert duckdb.from_arrow(df).aggregate("sum(g)").fetchall() == [(FRAME["g"].sum(),)]


def test_streams_keep_labels_and_categories():
    named = FRAME.set_index("d")
    table = pa.table(dd.from_pandas(named, npartitions=3))
    assert table.column_names[-1] == "d"
    words = pd.DataFrame({"w": list("abcd")})
    df = dd.from_pandas(words, npartitions=2).astype({"w": "category"})
    assert pa.table(df)["w"].to_pylist() == list("abcd")


def test_a_stream_computes_one_partition_at_a_time():
    seen = []

    def read(at):
        seen.append(at)
        return pd.DataFrame({"x": [at]})

    df = dd.from_map(read, range(4), meta={"x": "int64"})
    with pa.RecordBatchReader.from_stream(df) as reader:
        assert seen == []
        assert reader.read_next_batch().to_pydict() == {"x": [0]}
        assert seen == [0]
        assert reader.read_all().num_rows == 3
    assert seen == [0, 1, 2, 3]


def test_values_that_do_not_fit_the_first_partition():
    df = cut(pd.DataFrame({"x": pd.Series([1, "word"], dtype=object)}), [0, 1, 2])
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError), match="partition 1 doesn't fit"):
        pa.table(df)


def test_what_needs_packages_above_says_so_or_works(monkeypatch):
    df = dd.from_pandas(FRAME[["i", "f"]], npartitions=3)
    from minidask.collection.upward import UPWARD

    for name in ("array.from_delayed", "array.concatenate", "bag.from_delayed"):
        monkeypatch.setitem(UPWARD, name, ("minidask.not_there", "any"))
    for call in (
        df.to_dask_array,
        df.to_records,
        df.to_bag,
        lambda: df.values,
        lambda: df["i"].values,
        df.index.to_bag,
    ):
        with pytest.raises(NotImplementedError, match=r"needs minidask\.not_there.*use .*to_delayed"):
            call()
    with pytest.raises(ValueError, match="'tuple', 'dict' or 'frame'"):
        df.to_bag(format="nope")


def test_arrays_and_bags_are_made_of_delayed_parts(monkeypatch):
    made = {"from_delayed": lambda part, shape=None, dtype=None: (part, shape, dtype), "concatenate": list}
    monkeypatch.setattr("minidask.dataframe.conversions.upward", lambda name: made[name.partition(".")[2]])
    df = dd.from_pandas(FRAME[["i", "f"]], npartitions=3)
    parts = df.to_dask_array(lengths=True)
    assert [shape for _, shape, _ in parts] == [(7, 2), (8, 2), (8, 2)]
    assert parts[0][2] == np.float64
    np.testing.assert_array_equal(
        np.concatenate([part.compute() for part, _, _ in parts]), FRAME[["i", "f"]].to_numpy()
    )
    assert df["i"].to_dask_array(lengths=[7, 8, 8])[0][1] == (7,)
    assert np.isnan(df["i"].values[0][1][0])
    structured = df.to_records(index=True)[0]
    assert structured[0].compute().dtype.names == structured[2].names == ("index", "i", "f")
    made["from_delayed"] = lambda parts: [row for part in parts for row in part.compute()]
    assert df.to_bag()[0] == tuple(FRAME[["i", "f"]].iloc[0])
    assert df["i"].to_bag(index=True)[1] == (1, FRAME["i"][1])
    assert df.to_bag(format="dict")[2].keys() == {"i", "f"}


def test_rows_and_records():
    part = pd.DataFrame({"x": [1]}, index=[5])
    assert rows(part, True, "tuple") == [(5, 1)]
    assert rows(part["x"], False, "dict") == [{"x": 1}]
    assert rows(part["x"], False, "tuple") == [1]
    assert rows(part.index, False, "tuple") == [5]
    assert rows(part.index, True, "tuple") == [(5,)]
    assert records(part, False).tolist() == [(1,)]


def test_lengths():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert row_counts(df, True) == [7, 8, 8]
    with pytest.raises(ValueError, match="3 partitions, got 1 lengths"):
        row_counts(df, [3])
    with pytest.raises(TypeError, match="list of integers, True or None, got int"):
        row_counts(df, 3)


def test_squeeze_axes_and_backend():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert_eq(df[["i"]].squeeze(), FRAME["i"])
    assert df.squeeze() is df
    assert df["i"].squeeze()._name == df["i"]._name
    with pytest.raises(NotImplementedError, match="compute"):
        df.squeeze(axis=0)
    with pytest.raises(ValueError, match="axis must be"):
        df.squeeze(axis=7)
    assert_eq(df.axes[0], FRAME.index)
    assert df.axes[1].equals(FRAME.columns)
    assert len(df["i"].axes) == 1
    assert df.to_backend("pandas") is df
    with pytest.raises(ValueError, match="only backend is 'pandas', got 'cudf'"):
        df.to_backend("cudf")


def test_notes():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert dict(df.attrs) == {}
    df.attrs = {"unit": "m"}
    assert dict(df.attrs) == {"unit": "m"}
    assert df.compute().attrs == {"unit": "m"}
    with pytest.raises(TypeError, match="attrs are a dict, got int"):
        df.attrs = 3
    noted = FRAME.copy()
    noted.attrs["a"] = 1
    assert dict(dd.from_pandas(noted, npartitions=2)["i"].attrs) == {"a": 1}


def test_numpy_computes():
    df = dd.from_pandas(FRAME[["i", "g"]], npartitions=3)
    np.testing.assert_array_equal(np.asarray(df), FRAME[["i", "g"]].to_numpy())
    np.testing.assert_array_equal(np.asarray(df["i"]), FRAME["i"].to_numpy())


def test_records_of_nullable_numbers_have_one_dtype():
    frame = pd.DataFrame(
        {"I": pd.array([1, 2, None, 4], dtype="Int64"), "b": pd.array([True, False, True, None], dtype="boolean")}
    )
    made = cut(frame, [0, 0, 2, 4]).to_records(lengths=True)
    assert made.dtype["I"] == "float64"
    assert made.compute()["I"].tolist()[:2] == [1.0, 2.0]
    assert np.isnan(made.compute()["I"][2])
    assert made.compute()["b"].tolist()[:3] == [True, False, True]
