import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.neighbours.overlap import ExtendBy, OverlapCall
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, few

TIMES = pd.DataFrame(
    {"x": np.arange(20.0), "y": np.arange(20) % 7},
    index=pd.DatetimeIndex(pd.to_datetime(np.repeat(np.arange(10), 2), unit="s"), name="t"),
)
BOUNDS = [[0, 20], [0, 0, 1, 2, 2, 9, 9, 10, 20, 20], list(range(21))]
CUT = [cut(TIMES, bounds) for bounds in BOUNDS] + [dd.from_pandas(TIMES, npartitions=4)]


def change(rows, periods, factor=1):
    return (rows - rows.shift(periods)) * factor


def around(rows, seconds):
    """Count the rows at most so many seconds before or behind each, as far as they are there."""
    times = rows.index.to_numpy()
    near = np.abs(times[:, None] - times) <= np.timedelta64(seconds, "s")
    return pd.Series(near.sum(axis=1), rows.index)


@pytest.mark.parametrize("df", CUT)
@pytest.mark.parametrize("periods", [1, -2, 7, 30])
def test_rows(df, periods):
    before, after = max(periods, 0), max(-periods, 0)
    assert_eq(df.map_overlap(change, before, after, periods), change(TIMES, periods))
    assert_eq(df["x"].map_overlap(change, before, after, periods, factor=3), change(TIMES["x"], periods, 3))
    assert_eq(dd.map_overlap(change, df, before, after, periods), change(TIMES, periods))


@pytest.mark.parametrize("df", CUT)
@pytest.mark.parametrize("window", ["1s", pd.Timedelta("2s"), "20s"])
def test_time(df, window):
    seconds = int(pd.Timedelta(window).total_seconds())
    assert_eq(df.map_overlap(around, window, window, seconds), around(TIMES, seconds))


@pytest.mark.parametrize("df", CUT)
def test_durations_are_exact(df):
    seen = df.map_overlap(first_times, "1s", 0, meta=("first", "datetime64[s]"), enforce_metadata=False).compute()
    assert (seen.to_numpy() >= (TIMES.index - pd.Timedelta("1s")).to_numpy() - np.timedelta64(9, "s")).all()
    part = TIMES.iloc[6:8]
    extended = ExtendBy(pd.Timedelta("1s"), pd.Timedelta(0))(part, TIMES.iloc[:6], TIMES.iloc[8:])
    assert extended[1:] == (2, 2)
    assert len(extended.rows) == 4


def first_times(rows):
    return pd.Series(rows.index.min(), index=rows.index, name="first")


@pytest.mark.parametrize("df", CUT)
def test_several_collections(df):
    def products(rows, other, scalar):
        return rows["x"].shift(2) * other.shift(2) + scalar

    expected = products(TIMES, TIMES["y"], 5)
    assert_eq(df.map_overlap(products, 2, 0, df["y"], 5), expected)


def test_one_partition_goes_to_all():
    small = dd.from_pandas(pd.Series([10.0, 20.0]), npartitions=1)
    result = CUT[3]["x"].map_overlap(plus_total, 1, 0, small, meta=("x", "float64"))
    assert_eq(result, TIMES["x"].diff() + 30)


def plus_total(rows, small):
    return rows.diff() + small.sum()


def test_several_rows_for_each():
    result = CUT[1]["x"].map_overlap(twice, 1, 1).compute()
    assert result.tolist() == np.repeat(TIMES["x"].to_numpy(), 2).tolist()


def twice(rows):
    return (
        rows.loc[rows.index].iloc[:0]
        if not len(rows)
        else pd.Series(np.repeat(rows.to_numpy(), 2), rows.index.repeat(2), name="x")
    )


@pytest.mark.slow
@given(st.lists(st.integers(0, 20), max_size=12), st.integers(0, 25), st.integers(0, 25))
@few
def test_any_cut(inner, before, after):
    df = cut(TIMES, sorted([0, *inner, 20]))["x"]
    expected = TIMES["x"].shift(before, fill_value=-1) + TIMES["x"].shift(-after, fill_value=-1)
    assert_eq(df.map_overlap(both_sides, before, after, before, after), expected)


def both_sides(rows, before, after):
    return rows.shift(before, fill_value=-1) + rows.shift(-after, fill_value=-1)


def test_names_divisions_and_laziness():
    df = CUT[3]
    assert df.map_overlap(change, 1, 0, 1)._name == df.map_overlap(change, 1, 0, 1)._name
    assert df.map_overlap(change, 1, 0, 1)._name != df.map_overlap(change, 2, 0, 1)._name
    assert df.map_overlap(change, 1, 0, 1).divisions == df.divisions
    assert not df.map_overlap(change, 1, 0, 1, clear_divisions=True).known_divisions


BAD = {
    "no function": (lambda df: df.map_overlap("diff", 1, 0), TypeError, "map_overlap takes a function, got str"),
    "no frame": (
        lambda df: dd.map_overlap(len, TIMES, 1, 0),
        TypeError,
        "DataFrame or Series in partitions, got DataFrame",
    ),
    "negative": (lambda df: df.map_overlap(change, -1, 0, 1), ValueError, "map_overlap: before must be at least 0"),
    "kind": (lambda df: df.map_overlap(change, 0, 2.5, 1), TypeError, "map_overlap: after must be a number of rows"),
    "no times": (
        lambda df: df.reset_index(drop=True).map_overlap(change, "1s", 0, 1),
        TypeError,
        "needs an index of times",
    ),
    "keyword": (lambda df: df.map_overlap(change, 1, 0, factor=df), TypeError, "pass collections as positional"),
    "reduction": (lambda df: df["x"].map_overlap(np.sum, 1, 0), ValueError, "as many rows as it gets"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[3])


def test_rows_that_are_lost_are_an_error():
    result = CUT[3]["x"].map_overlap(drop_first, 1, 0, meta=("x", "float64"))
    with pytest.raises(ValueError, match="must return as many rows as it gets"):
        result.compute(scheduler="sync")


def drop_first(rows):
    return rows.iloc[1:]


def test_calls_without_neighbours():
    assert OverlapCall(drop_none)(TIMES["x"]).tolist() == TIMES["x"].tolist()
    assert OverlapCall(drop_none).short_name == "drop_none"


def drop_none(rows):
    return rows
