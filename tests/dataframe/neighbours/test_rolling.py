import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.neighbours.rolling import PairWindows, Rolling, Windows, pair
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, few

RNG = np.random.default_rng(3)
ROWS = 17
FRAME = pd.DataFrame(
    {
        "i": RNG.integers(0, 9, ROWS),
        "f": np.where(RNG.random(ROWS) < 0.2, np.nan, RNG.normal(size=ROWS)),
        "g": RNG.normal(size=ROWS),
    }
)
# Equal times stand on both sides of borders.
TIMES = FRAME.set_axis(pd.DatetimeIndex(pd.to_datetime(np.sort(RNG.integers(0, 30, ROWS)), unit="s"), name="t"))
BOUNDS = [[0, 17], [0, 0, 3, 3, 4, 5, 5, 11, 17, 17], list(range(18))]
CUT = [cut(FRAME, bounds) for bounds in BOUNDS]
TIMED = [cut(TIMES, bounds) for bounds in BOUNDS] + [dd.from_pandas(TIMES, npartitions=n) for n in (2, 5)]
PLAIN = ["sum", "mean", "min", "max", "std", "var", "sem", "count", "median", "skew", "kurt"]


@pytest.mark.parametrize("how", PLAIN)
@pytest.mark.parametrize("df", CUT[1:2])
def test_windows_of_rows(df, how):
    for options in ({"window": 3}, {"window": 12, "min_periods": 2}, {"window": 4, "center": True, "min_periods": 1}):
        assert_eq(getattr(df.rolling(**options), how)(), getattr(FRAME.rolling(**options), how)())


@pytest.mark.parametrize("how", PLAIN)
@pytest.mark.parametrize("df", [TIMED[1], TIMED[4]])
def test_windows_of_time(df, how):
    for options in ({"window": "3s"}, {"window": "9s", "center": True}):
        expected = getattr(TIMES.rolling(**options), how)()
        # Sums that are updated row by row leave rests of 1e-16, whose roots and quotients are larger.
        assert_eq(getattr(df.rolling(**options), how)(), expected, atol=1e-7, rtol=1e-6)


WINDOWS = ["2s", "1h", datetime.timedelta(seconds=4), pd.Timedelta("5s"), pd.offsets.Second(2)]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("df", TIMED)
def test_durations(df, window):
    assert_eq(df.rolling(window)["g"].sum(), TIMES.rolling(window)["g"].sum())


@pytest.mark.parametrize("closed", ["left", "right", "both", "neither"])
@pytest.mark.parametrize("window", [1, 5])
def test_ends_of_windows(closed, window):
    for df in CUT:
        expected = FRAME.rolling(window, min_periods=1, closed=closed).sum()
        assert_eq(df.rolling(window, min_periods=1, closed=closed).sum(), expected)
    for df in TIMED[1:4]:
        for center in (False, True):
            expected = TIMES.rolling(f"{window}s", closed=closed, center=center).sum()
            assert_eq(df.rolling(f"{window}s", closed=closed, center=center).sum(), expected)


@pytest.mark.parametrize("df", CUT)
@pytest.mark.parametrize("window", [0, 1, 2, 7, 50])
@pytest.mark.parametrize("center", [False, True])
def test_any_window(df, window, center):
    options = {"window": window, "center": center, "min_periods": 0}
    assert_eq(df.rolling(**options).sum(), FRAME.rolling(**options).sum())


@pytest.mark.parametrize("df", CUT)
def test_options_of_methods(df):
    mine, theirs = df.rolling(5, min_periods=1), FRAME.rolling(5, min_periods=1)
    assert_eq(mine.quantile(0.3), theirs.quantile(0.3))
    assert_eq(mine.quantile(q=0.6, interpolation="lower"), theirs.quantile(q=0.6, interpolation="lower"))
    assert_eq(mine.std(ddof=0), theirs.std(ddof=0))
    assert_eq(mine["f"].var(0), theirs["f"].var(0))
    assert_eq(mine.apply(np.nansum, raw=True), theirs.apply(np.nansum, raw=True))
    assert_eq(mine.f.apply(largest, kwargs={"plus": 2}), theirs.f.apply(largest, kwargs={"plus": 2}))
    assert_eq(df.assign(s="a").rolling(2).mean(numeric_only=True), FRAME.rolling(2).mean())


def largest(window, plus):
    return window.max() + plus


@pytest.mark.slow
@pytest.mark.parametrize("df", CUT)
def test_weighted_windows(df):
    mine, theirs = (x.rolling(4, win_type="triang", center=True)[["i", "g"]] for x in (df, FRAME))
    for how in ("sum", "mean"):
        assert_eq(getattr(mine, how)(), getattr(theirs, how)())
    with pytest.raises(NotImplementedError, match="depends on the row's position in the whole"):
        mine.std()


@pytest.mark.slow
@pytest.mark.parametrize("df", CUT)
def test_several_statistics(df):
    mine, theirs = df.rolling(3, min_periods=1), FRAME.rolling(3, min_periods=1)
    for what in ("sum", ["mean", "max"], {"i": "sum", "f": ["min", "count"]}, {"g": "std"}):
        assert_eq(mine.agg(what), theirs.agg(what))
    assert_eq(mine["g"].aggregate(["min", "max"]), theirs["g"].aggregate(["min", "max"]))
    assert_eq(mine[["g"]].agg(np.sum), theirs[["g"]].agg(np.sum))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["cov", "corr"])
@pytest.mark.parametrize("df", CUT)
def test_pairs(df, how):
    mine, theirs = df.rolling(6), FRAME.rolling(6)
    close = {"rtol": 1e-6, "atol": 1e-7}
    assert_eq(getattr(mine, how)(), getattr(theirs, how)(), **close)
    assert_eq(getattr(mine["i"], how)(df["g"]), getattr(theirs["i"], how)(FRAME["g"]), **close)
    assert_eq(getattr(mine["i"], how)(), getattr(theirs["i"], how)(), **close)


@pytest.mark.slow
@given(
    st.lists(st.integers(0, 12), max_size=14),
    st.lists(st.integers(0, 14), max_size=9),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
)
@few
def test_any_cut_of_any_times(seconds, inner, window, center, timed):
    frame = pd.DataFrame(
        {"x": np.arange(len(seconds)) ** 2.0}, pd.to_datetime(np.array(sorted(seconds), "int64"), unit="s")
    )
    df = cut(frame, sorted([0, *[min(at, len(frame)) for at in inner], len(frame)]))
    options = {"window": f"{window}s" if timed else window, "center": center, "min_periods": 1}
    assert_eq(df.rolling(**options).sum(), frame.rolling(**options).sum())
    assert_eq(df["x"].rolling(**options).max(), frame["x"].rolling(**options).max())


@pytest.mark.slow
@pytest.mark.parametrize("npartitions", [128, 129])
def test_many_partitions(npartitions):
    frame = pd.DataFrame({"x": np.arange(300.0)}, pd.date_range("2020", periods=300, freq="min"))
    df = dd.from_pandas(frame, npartitions=npartitions)
    assert_eq(df.rolling(9).mean().compute(), frame.rolling(9).mean())
    assert_eq(df.rolling("9min").mean().compute(), frame.rolling("9min").mean())


def test_known_divisions_ask_only_what_is_near():
    frame = pd.DataFrame({"x": np.arange(300.0)}, pd.date_range("2020", periods=300, freq="min"))
    df = dd.from_pandas(frame, npartitions=30)
    means = df.rolling("12min").mean()
    assert len(means._layer.lower([(means._name, 20)])) == 4
    assert means.divisions == df.divisions
    assert len(df.rolling(12).mean()._layer.lower()) <= 3 * 30


def test_columns_pass_through():
    read = []
    df = dd.from_map(Reads(read), [0, 10], meta=FRAME.iloc[:0])
    assert_eq(df.rolling(3).sum()["g"].compute(), FRAME.iloc[:17].rolling(3).sum()["g"])
    plan = df.rolling(3).sum()[["g"]].optimize()
    assert list(plan.compute().columns) == ["g"]


class Reads:
    def __init__(self, read):
        self.read = read

    def __call__(self, start):
        return FRAME.iloc[start : start + 10]


def test_repr_and_unknown_names():
    windows = CUT[1].rolling(3, center=True)
    assert repr(windows) == "Rolling [window=3,center=True]"
    assert isinstance(windows, Rolling)
    with pytest.raises(AttributeError, match=r"rolling\(...\).rank isn't built in minidask"):
        windows.rank
    with pytest.raises(AttributeError, match="'Rolling' object has no attribute 'nope'"):
        windows.nope


BAD = {
    "negative": (lambda df: df.rolling(-1), ValueError, "window must be an integer 0 or greater"),
    "no times": (lambda df: df.rolling("2s"), ValueError, "window must be an integer"),
    "min_periods": (lambda df: df.rolling(2, min_periods=3), ValueError, "min_periods 3 must be <= window 2"),
    "closed": (lambda df: df.rolling(2, closed="up"), ValueError, "closed must be"),
    "axis": (lambda df: df.rolling(2, axis=1), ValueError, "rolling moves along the rows"),
    "axis of a series": (lambda df: df["i"].rolling(2, axis=1), ValueError, "no axis named 1"),
    "win_type": (lambda df: df.rolling(2, win_type="no"), ValueError, "win_type"),
    "indexer": (
        lambda df: df.rolling(pd.api.indexers.FixedForwardWindowIndexer(window_size=2)),
        NotImplementedError,
        "use map_overlap",
    ),
    "column": (lambda df: df.rolling(2)["nope"], KeyError, "no column 'nope'"),
    "column of agg": (lambda df: df.rolling(2).agg({"nope": "sum"}), KeyError, "no column 'nope'"),
    "function": (lambda df: df.rolling(2).apply("sum"), TypeError, "takes a function, got str"),
    "frame as other": (lambda df: df.rolling(2).corr(df), NotImplementedError, "take two Series"),
    "keyword": (lambda df: df.rolling(2).sum(mean=1), TypeError, r"sum\(\) got an unexpected keyword argument 'mean'"),
    "twice": (lambda df: df.rolling(2).std(1, ddof=2), TypeError, "multiple values for argument 'ddof'"),
    "too many": (lambda df: df.rolling(2).sum(1), TypeError, "at most 0 positional"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1])


def test_months_are_no_window():
    with pytest.raises(ValueError, match=r"window ME is not compatible|non-fixed frequency"):
        TIMED[0].rolling("ME")


def test_parts():
    options = (("window", 2),)
    assert Windows(options, "sum")(pd.Series([1, 2])).tolist()[1] == 3.0
    two = pair(pd.Series([1.0, 2.0, 4.0]), pd.Series([1.0, 2.0, 4.0]))
    assert PairWindows(options, "corr", "r")(two, ddof=1).name == "r"
    with pytest.raises(ValueError, match="the same index"):
        pair(pd.Series([1]), pd.Series([1], index=[3]))
