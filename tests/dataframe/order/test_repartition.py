from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.order.repartition import bytes_of, cut_piece, interpolated
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, every_dtype

FRAME = pd.DataFrame({"x": range(10), "y": np.arange(10) / 4})
HOURS = pd.DataFrame({"x": range(100)}, index=pd.date_range("2015-01-20", periods=100, freq="9h"))


@pytest.mark.parametrize("npartitions", [1, 2, 3, 4, 5, 9])
def test_numbers_of_partitions(npartitions):
    df = dd.from_pandas(FRAME, npartitions=4)
    result = df.repartition(npartitions=npartitions)
    assert result.npartitions == npartitions
    assert result.known_divisions
    assert_eq(result, FRAME)
    assert_eq(result["y"], FRAME["y"])
    assert_eq(df.index.repartition(npartitions=npartitions), FRAME.index)


@pytest.mark.parametrize("npartitions", [1, 3, 5, 20])
def test_unknown_divisions_are_cut_by_position(npartitions):
    df = cut(FRAME, [0, 0, 5, 5, 10])
    result = df.repartition(npartitions=npartitions)
    assert result.npartitions == npartitions
    assert not result.known_divisions
    assert_eq(result, FRAME)
    text = dd.from_pandas(FRAME.set_index(pd.Index(list("abcdefghij"))), npartitions=2).repartition(npartitions=5)
    assert (text.npartitions, text.known_divisions) == (5, False)


def test_integers_may_give_fewer_partitions():
    assert dd.from_pandas(FRAME, npartitions=4).repartition(npartitions=20).npartitions == 9
    large = FRAME.set_index(pd.Index(np.arange(10) + 2**62))
    assert_eq(dd.from_pandas(large, npartitions=2).repartition(npartitions=4), large)
    one = pd.DataFrame({"x": [1, 2]}, index=[5, 5])
    assert_eq(dd.from_pandas(one, npartitions=1).repartition(npartitions=3), one)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_dates_are_interpolated(zone, unit):
    frame = HOURS.set_index(HOURS.index.as_unit(unit).tz_localize(zone))
    df = dd.from_pandas(frame, npartitions=3)
    result = df.repartition(npartitions=8)
    assert (result.npartitions, result.known_divisions) == (8, True)
    assert_eq(result, frame, check_freq=False)
    assert interpolated(dd.from_pandas(FRAME.set_index("y"), npartitions=1), 2) == (0.0, 1.125, 2.25)


@pytest.mark.parametrize("freq", ["7D", "MS", "1h", "12h", "YS", pd.DateOffset(days=3), "W"])
def test_frequencies(freq):
    df = dd.from_pandas(HOURS, npartitions=3)
    result = df.repartition(freq=freq)
    assert (result.divisions[0], result.divisions[-1]) == (df.divisions[0], df.divisions[-1])
    if freq != "1h":
        assert_eq(result, HOURS, check_freq=False)
    if freq == "MS":
        assert result.divisions[1:-1] == (pd.Timestamp("2015-02-01"),)


def test_sizes():
    frame = pd.DataFrame({"x": np.arange(1000)}, index=np.arange(1000))
    df = dd.from_pandas(frame, npartitions=10)
    assert bytes_of(frame).iloc[0] >= 16_000
    fewer = df.repartition(partition_size="8kB")
    assert 1 < fewer.npartitions < 10
    assert fewer.known_divisions
    assert_eq(fewer, frame)
    finer = df.repartition(partition_size=600)
    assert finer.npartitions > 10
    assert_eq(finer, frame)
    assert df.repartition(partition_size="1GB").npartitions == 1
    assert_eq(cut(frame, [0, 0, 900, 900, 1000]).repartition(partition_size="4kB"), frame)


def test_pieces():
    assert [len(cut_piece(pd.Series(range(5)), at, 3)) for at in range(3)] == [1, 2, 2]
    assert cut_piece(pd.Index([1, 2]), 1, 2).tolist() == [2]


def test_columns_put_together_alike_correspond():
    df = cut(every_dtype(), [0, 3, 9, 23])
    left, right = df["i"].repartition(npartitions=2), df["g"].repartition(npartitions=2)
    assert_eq(left + right, every_dtype()["i"] + every_dtype()["g"])


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({}, ValueError, "needs npartitions, divisions, partition_size or freq.*got none"),
        ({"npartitions": 2, "freq": "1D"}, ValueError, "only one of them; got npartitions and freq"),
        ({"npartitions": 0}, ValueError, "at least 1"),
        ({"npartitions": True}, TypeError, "must be an integer, got bool"),
        ({"partition_size": "5 foos"}, ValueError, "unknown unit"),
        ({"partition_size": 0}, ValueError, "at least one byte"),
        ({"freq": "1D"}, TypeError, "an index of dates and times, this one is of int64"),
    ],
)
def test_bad_input(options, kind, message):
    with pytest.raises(kind, match=message):
        dd.from_pandas(FRAME, npartitions=2).repartition(**options)


def test_frequencies_need_divisions():
    df = dd.from_pandas(HOURS, npartitions=2)
    with pytest.raises(ValueError, match="needs known divisions"):
        df.clear_divisions().repartition(freq="1D")
    with pytest.raises(ValueError, match="Invalid frequency"):
        df.repartition(freq="sometimes")
