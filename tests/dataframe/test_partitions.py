from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, every_dtype

FRAME = pd.DataFrame({"x": range(10), "y": np.arange(10) / 2})


@pytest.fixture
def df() -> dd.DataFrame:
    return dd.from_pandas(FRAME, npartitions=4)


def test_picking(df):
    assert_eq(df.partitions[1], FRAME.iloc[2:5])
    assert_eq(df.partitions[-1], FRAME.iloc[7:])
    assert_eq(df.partitions[:2], FRAME.iloc[:5])
    assert_eq(df.partitions[[0, 2]], FRAME.iloc[[0, 1, 5, 6]])
    assert_eq(df.partitions[[True, False, False, False]], FRAME.iloc[:2])
    assert_eq(df.get_partition(1), FRAME.iloc[2:5])
    assert len(df.partitions) == 4
    assert [len(part) for part in df.partitions] == [2, 3, 2, 3]
    assert df.partitions[1:3].divisions == (2, 5, 7)
    assert not df.partitions[[0, 2]].known_divisions
    assert "4 of from_pandas" in repr(df.partitions)
    assert_eq(df["x"].partitions[0], FRAME["x"].iloc[:2])
    assert_eq(df.index.partitions[0], FRAME.index[:2])


def test_only_the_partitions_needed_are_made(df):
    assert len(df.partitions[1].optimize().dask.lower(df.partitions[1].__dask_keys__())) <= 2


@pytest.mark.parametrize(
    ("item", "kind", "message"),
    [
        (4, IndexError, "there are 4 partitions, got 4"),
        ([7], IndexError, "there are 4 partitions"),
        ([], IndexError, "no partition was picked"),
        ("a", TypeError, "integers, slices or lists of these, got str"),
    ],
)
def test_bad_picks(df, item, kind, message):
    with pytest.raises(kind, match=message):
        df.partitions[item]


def test_bad_get_partition(df):
    with pytest.raises(IndexError, match="partitions 0 to 3, got -1"):
        df.get_partition(-1)
    with pytest.raises(TypeError, match="takes a position, got str"):
        df.get_partition("0")


def test_head_and_tail(df):
    pd.testing.assert_frame_equal(df.head(2), FRAME.head(2))
    pd.testing.assert_frame_equal(df.tail(2), FRAME.tail(2))
    pd.testing.assert_frame_equal(df.head(5, npartitions=3), FRAME.head(5))
    pd.testing.assert_frame_equal(df.head(8, npartitions=-1), FRAME.head(8))
    assert_eq(df.head(2, compute=False), FRAME.head(2))
    assert_eq(df.tail(3, compute=False), FRAME.tail(3))
    pd.testing.assert_frame_equal(df.tail(5, npartitions=2), FRAME.tail(5))
    pd.testing.assert_frame_equal(df.tail(8, npartitions=-1), FRAME.tail(8))
    assert_eq(df.tail(4, compute=False, npartitions=3), FRAME.tail(4))
    pd.testing.assert_index_equal(df.index.head(2), FRAME.index[:2])
    pd.testing.assert_index_equal(df.index.tail(4, npartitions=2), FRAME.index[-4:])
    assert df.head(0, npartitions=2).empty
    pd.testing.assert_series_equal(df["x"].head(2), FRAME["x"].head(2))
    with pytest.warns(UserWarning, match="the first 1 of 4 partitions have 2 rows, 5 were asked for"):
        assert len(df.head()) == 2
    with pytest.warns(UserWarning, match="the last 1 of 4 partitions have 3 rows"):
        assert len(df.tail()) == 3


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df.head("a"), TypeError, "number of rows, got str"),
        (lambda df: df.head(-1), ValueError, "at least 0, got -1"),
        (lambda df: df.head(1, npartitions=9), ValueError, "-1 or in 1..4, got 9"),
        (lambda df: df.tail(1.5), TypeError, "number of rows, got float"),
        (lambda df: df.tail(1, npartitions=0), ValueError, "-1 or in 1..4, got 0"),
    ],
)
def test_bad_numbers(df, call, kind, message):
    with pytest.raises(kind, match=message):
        call(df)


def test_empty_partitions():
    df = cut(FRAME, [0, 0, 5, 5, 10])
    assert_eq(df, FRAME)
    assert df.head(2, npartitions=-1)["x"].tolist() == [0, 1]
    assert_eq(df.repartition(npartitions=2), FRAME)


def test_to_delayed(df):
    parts = df.assign(z=df["x"] + 1)[["z"]].to_delayed()
    assert len(parts) == 4
    pd.testing.assert_frame_equal(pd.concat([part.compute() for part in parts]), (FRAME["x"] + 1).to_frame("z"))
    assert len(df.to_delayed(optimize_graph=False)) == 4


def test_as_array():
    frame = every_dtype()[["i", "g"]]
    assert (np.asarray(dd.from_pandas(frame, npartitions=3)) == frame.to_numpy()).all()
