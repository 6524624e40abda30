import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import few

RNG = np.random.default_rng(5)


def times(rows: int, span: str, start: str = "2020-02-26 21:40", tz: str | None = None, seed: int = 0) -> pd.DataFrame:
    """Rows at random times, some of them equal, with gaps."""
    rng = np.random.default_rng(seed)
    offsets = np.sort(rng.integers(0, rows, rows)) ** 2 / rows**2
    index = pd.Timestamp(start, tz=tz) + pd.to_timedelta(pd.Timedelta(span) * offsets).as_unit("us").floor("s")
    return pd.DataFrame(
        {
            "i": rng.integers(-5, 9, rows),
            "f": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
            "s": pd.Series(rng.choice(["x", "y", "zz", None], rows), dtype="str").array,
            "I": pd.array([None if x < 0.2 else int(x * 10) for x in rng.random(rows)], dtype="Int64"),
        },
        index=pd.DatetimeIndex(index, name="t"),
    )


class Between:
    """Give the rows of a partition that is cut by time; the last one has its upper bound, too."""

    def __init__(self, frame, divisions):
        self.frame = frame
        self.divisions = divisions

    def __call__(self, at):
        low, high = self.divisions[at], self.divisions[at + 1]
        index = self.frame.index
        last = at == len(self.divisions) - 2
        return self.frame[(index >= low) & ((index <= high) if last else (index < high))]


def by_time(frame: pd.DataFrame, divisions) -> dd.DataFrame:
    divisions = [pd.Timestamp(each) for each in divisions]
    places = list(range(len(divisions) - 1))
    return dd.from_map(Between(frame, divisions), places, meta=frame.iloc[:0], divisions=divisions)


def cuts(frame: pd.DataFrame) -> list[dd.DataFrame]:
    """In few and many partitions, and with bounds far from the rows, so that the first and last partitions are empty."""
    low, high = frame.index[0], frame.index[-1]
    even = pd.date_range(low, high, periods=9).floor("s")
    wide = [low - (high - low) * 1.3, low - (high - low) / 3, *even[2:5], high + (high - low), high + (high - low) * 2]
    return [by_time(frame, [*even[:-1], high]), by_time(frame, wide)]


HOWS = ["sum", "prod", "mean", "min", "max", "first", "last", "std", "var", "sem", "median", "count", "nunique", "size"]
HOURS = times(40, "3D")
CUT = cuts(HOURS)


@pytest.mark.parametrize("df", CUT)
@pytest.mark.parametrize("how", [*HOWS, "quantile", "ohlc"])
def test_statistics(df, how):
    columns = ["i", "f", "I"] if how not in ("ohlc", "nunique") else ["i", "f"]
    for rule in ("7h",):
        assert_eq(getattr(df[columns].resample(rule), how)(), getattr(HOURS[columns].resample(rule), how)())
    assert_eq(getattr(df["f"].resample("D"), how)(), getattr(HOURS["f"].resample("D"), how)())


RULES = ["17min", "90min", "5h", "D", "2D", "W-WED", "2W", "ME", "MS", "2B", "SME"]


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("df", CUT[1:])
def test_rules(df, rule):
    check(df, HOURS, rule, [(None, None), ("left", "right"), ("right", "left")])


YEARS = times(60, "900D", "2019-11-30 23:59:59")


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["W", "ME", "2ME", "3MS", "QE", "QS", "YE", "2YS", "30D", "BME", "2QE"])
@pytest.mark.parametrize("df", cuts(YEARS)[1:])
def test_calendars(df, rule):
    check(df, YEARS, rule, [(None, None), ("left" if rule.endswith("E") else "right", None)])


CHANGES = [
    ("2021-03-26 22:15", "Europe/Berlin"),
    ("2021-10-29 22:15", "Europe/Berlin"),
]


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["3h", "6h", "D", "2D", "W", "ME"])
@pytest.mark.parametrize(("start", "tz"), CHANGES)
def test_clocks_that_change(rule, start, tz):
    frame = times(20, "20D", start, tz)
    check(cuts(frame)[1], frame, rule, [(None, None), ("right", "right")])


def check(df, frame, rule, ends):
    for closed, label in ends:
        mine = df[["i", "f"]].resample(rule, closed=closed, label=label)
        theirs = frame[["i", "f"]].resample(rule, closed=closed, label=label)
        assert mine.sum().known_divisions
        # Where no row is, smallest integers turn to floats, and sums don't.
        both = {"i": ["sum", "min"]}
        assert_eq(mine.agg(both), theirs.agg(both))


def test_a_midnight_that_is_left_out():
    frame = times(20, "20D", "2021-03-10 22:15", "America/Havana")
    for df in cuts(frame):
        assert_eq(df["i"].resample("D").sum(), frame["i"].resample("D").sum(), check_freq=False)


def test_equal_times_on_both_sides_of_a_border():
    index = pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-02", "2020-01-02", "2020-01-02", "2020-01-03"])
    frame = pd.DataFrame({"x": [1, 2, 4, 8, 16, 32]}, index)
    divisions = index[[0, 1, 1, 1, 5]].tolist()
    places = [slice(0, 1), slice(1, 3), slice(3, 5), slice(5, 6)]
    df = dd.from_map(frame.__getitem__, places, meta=frame.iloc[:0], divisions=divisions)
    for rule in ("D", "6h", "2D", "W"):
        for closed in ("left", "right"):
            assert_eq(df.resample(rule, closed=closed).sum(), frame.resample(rule, closed=closed).sum())


@pytest.mark.slow
@pytest.mark.parametrize("df", CUT[:1])
def test_several_statistics_and_selections(df):
    mine, theirs = df.resample("5h"), HOURS.resample("5h")
    assert_eq(mine["i"].mean(), theirs["i"].mean())
    assert_eq(mine[["f", "i"]].max(), theirs[["f", "i"]].max())
    assert_eq(mine.i.sum(), theirs.i.sum())
    assert_eq(mine["i"].agg(["min", "max"]), theirs["i"].agg(["min", "max"]))
    assert_eq(mine.agg({"i": "sum", "f": ["mean", "count"]}), theirs.agg({"i": "sum", "f": ["mean", "count"]}))
    assert_eq(mine.agg(total=("i", "sum"), top=("f", "max")), theirs.agg(total=("i", "sum"), top=("f", "max")))
    assert_eq(mine["i"].agg(spread), theirs["i"].agg(spread))
    assert_eq(mine["i"].quantile(0.3), theirs["i"].quantile(0.3))
    assert_eq(mine["i"].sum(min_count=1), theirs["i"].sum(min_count=1))
    assert_eq(mine.mean(numeric_only=True), theirs.mean(numeric_only=True))
    assert_eq(mine["s"].first(), theirs["s"].first())
    assert_eq(mine["s"].nunique(), theirs["s"].nunique())


def spread(values):
    return values.max() - values.min() if len(values) else -1


def test_nothing_but_empty_partitions():
    frame = HOURS.iloc[:0]
    df = by_time(frame, ["2020-01-01", "2020-01-02", "2020-01-03"])
    assert_eq(df["i"].resample("D").sum().compute(), frame["i"].resample("D").sum(), check_freq=False)
    rest = dd.from_pandas(HOURS, npartitions=6)
    rest = rest[rest["i"] == 8]
    assert_eq(rest["f"].resample("h").sum(), HOURS[HOURS["i"] == 8]["f"].resample("h").sum())


def test_rows_out_of_order_inside_partitions():
    frame = HOURS.iloc[RNG.permutation(20).tolist() + (20 + RNG.permutation(20)).tolist()]
    middle = HOURS.index[20]
    frame = pd.concat([frame[frame.index < middle], frame[frame.index >= middle]])
    df = by_time(frame, [HOURS.index[0], middle, HOURS.index[-1]])
    assert_eq(df["i"].resample("5h").sum(), frame["i"].resample("5h").sum())


@pytest.mark.slow
@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=12),
    st.lists(st.integers(-30, 130), max_size=6, unique=True),
    st.sampled_from(["h", "5h", "7h", "D", "2D", "36h", "W", "2B"]),
    st.sampled_from([None, "left", "right"]),
    st.sampled_from([None, "left", "right"]),
)
@few
def test_any_cut_of_any_times(hours, inner, rule, closed, label):
    index = pd.Timestamp("2020-01-30 13:00") + pd.to_timedelta(sorted(hours), unit="h")
    frame = pd.DataFrame({"x": np.arange(len(hours))}, pd.DatetimeIndex(index).as_unit("us"))
    start = pd.Timestamp("2020-01-30 13:00")
    divisions = [start + pd.Timedelta(hours=at) for at in sorted({-31, *inner, 131})]
    df = by_time(frame, divisions)
    assert_eq(df.resample(rule, closed, label).sum(), frame.resample(rule, closed=closed, label=label).sum())
    assert_eq(df["x"].resample(rule, closed, label).max(), frame["x"].resample(rule, closed=closed, label=label).max())


def test_divisions_are_bins_edges():
    frame = pd.DataFrame({"x": np.arange(96)}, pd.date_range("2020-01-01", periods=96, freq="h"))
    df = dd.from_pandas(frame, npartitions=4)
    assert df.resample("D").sum().divisions == tuple(
        pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "2020-01-04 23:00"], format="mixed")
    )
    coarse = df.resample("2ME").sum()
    assert coarse.npartitions == 1
    assert df.resample("W").sum().npartitions <= 2
    assert_eq(
        df.resample("D").sum().loc["2020-01-02"].compute(),
        frame.resample("D").sum().loc["2020-01-02":"2020-01-02"],
        check_freq=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("npartitions", [128, 129])
def test_many_partitions(npartitions):
    frame = pd.DataFrame({"x": np.arange(2000.0)}, pd.date_range("2020", periods=2000, freq="min"))
    df = dd.from_pandas(frame, npartitions=npartitions)
    for rule in ("7min", "h", "D"):
        assert_eq(df.resample(rule).mean().compute(), frame.resample(rule).mean())


@pytest.mark.slow
@pytest.mark.parametrize("how", ["sum", "prod", "min", "max", "ohlc", "count", "mean", "first", "nunique"])
def test_business_days_closed_on_the_right_keep_dtypes(how):
    small = np.array([200, 100, 50, 3] * 10, dtype="uint8")
    times = pd.date_range("2020-01-01", periods=40, freq="7h")
    frame = pd.DataFrame({"u": small, "i": small.astype("int64"), "f": small * 0.5}, index=times)
    for npartitions in (1, 3, 7):
        df = dd.from_pandas(frame, npartitions=npartitions)
        for rule in ("B", "C", "2B"):
            for label in frame:
                expected = getattr(frame[label].resample(rule, closed="right"), how)()
                got = getattr(df[label].resample(rule, closed="right"), how)().compute()
                assert got.equals(expected), (rule, label, npartitions)


BAD = {
    "business hours": (lambda df: df.resample("bh"), NotImplementedError, "'bh'.* isn't built.* resample by 'h'"),
    "rule": (lambda df: df.resample("no such"), ValueError, "Invalid frequency"),
    "closed": (lambda df: df.resample("D", closed="up"), ValueError, "Unsupported value up for `closed`"),
    "label": (lambda df: df.resample("D", label="up"), ValueError, "Unsupported value up for `label`"),
    "unknown divisions": (lambda df: df.clear_divisions().resample("D"), ValueError, "resample needs known divisions"),
    "numbers": (
        lambda df: dd.from_pandas(pd.DataFrame({"x": [1]})).resample("D"),
        TypeError,
        "Only valid with DatetimeIndex",
    ),
    "column": (lambda df: df.resample("D")["nope"], KeyError, "no column 'nope'"),
    "column of agg": (lambda df: df.resample("D").agg({"nope": "sum"}), KeyError, "no column 'nope'"),
    "quantiles": (lambda df: df.resample("D").quantile([0.1, 0.2]), TypeError, "takes one quantile, got list"),
    "strings": (lambda df: df["s"].resample("D").mean(), TypeError, "mean"),
    "not built": (lambda df: df.resample("D").ffill, AttributeError, r"resample\(...\).ffill isn't built"),
    "unknown": (lambda df: df.resample("D").nope, AttributeError, "no attribute 'nope'"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1])


def test_periods_and_durations():
    periods = pd.DataFrame({"x": [1]}, pd.period_range("2020", periods=1, freq="D"))
    with pytest.raises(TypeError, match=r"turn periods into times first with \.to_timestamp"):
        dd.from_pandas(periods, npartitions=1).resample("D")
    with pytest.raises(NotImplementedError, match="resample of durations"):
        dd.from_pandas(pd.DataFrame({"x": [1]}, pd.to_timedelta([1], unit="h")), npartitions=1).resample("D")


def test_repr():
    assert repr(CUT[1].resample("ME")) == "Resampler [rule=ME, closed=right, label=right]"


@pytest.mark.parametrize("rule", ["D", "7h", "90min", "3D", "36h"])
@pytest.mark.parametrize(
    "options",
    [
        {"origin": "start"},
        {"origin": "epoch", "offset": "-30min"},
        {"offset": "2h"},
        {"origin": pd.Timestamp("2019-12-30 01:11")},
        {"origin": "2021-01-05", "offset": "1h"},
        {"origin": "start", "closed": "right", "label": "right"},
        {"origin": "end"},
        {"origin": "end_day", "label": "left"},
    ],
    ids=str,
)
def test_where_bins_count_from(rule, options):
    rng = np.random.default_rng(0)
    minutes = pd.to_timedelta(np.sort(rng.integers(0, 60 * 24 * 4, 30)), unit="min")
    frame = pd.DataFrame({"x": rng.integers(0, 9, 30)}, index=pd.Timestamp("2020-01-01 03:17") + minutes)
    expected = frame.resample(rule, **options).sum()
    for n in (1, 2, 7):
        assert_eq(dd.from_pandas(frame, npartitions=n).resample(rule, **options).sum(), expected)


def test_a_column_of_times_and_the_name_of_the_index():
    rng = np.random.default_rng(0)
    times = pd.Timestamp("2020") + pd.to_timedelta(rng.integers(0, 200, 30), unit="h")
    frame = pd.DataFrame({"t": times, "x": rng.integers(0, 9, 30)})
    indexed = frame.set_index("t").sort_index()
    for n in (1, 2, 7):
        for how in ("sum", "count", "size", "first"):
            lazy = dd.from_pandas(frame, npartitions=n).resample("D", on="t")
            assert_eq(getattr(lazy, how)(), getattr(frame.resample("D", on="t"), how)())
        lazy = dd.from_pandas(indexed, npartitions=n)
        for level in ("t", 0):
            assert_eq(lazy.resample("D", level=level)["x"].mean(), indexed.resample("D", level=level)["x"].mean())


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df.resample("D", on="x"), TypeError, "Only valid with DatetimeIndex"),
        (lambda df: df.resample("D", on="nope"), KeyError, "no column 'nope'"),
        (lambda df: df["x"].resample("D", on="x"), ValueError, "a column of a DataFrame"),
        (lambda df: df.resample("D", level="nope"), ValueError, "The level nope is not valid"),
        (lambda df: df.resample("7h", origin="end", closed="left"), NotImplementedError, "origin='end'.*closed='left'"),
        (lambda df: df.resample("7h", origin="end_day", offset="1h"), NotImplementedError, "origin='end_day'.*offset"),
        (lambda df: df.resample("7h", origin="noon"), ValueError, "origin"),
        (lambda df: df.resample("7h", offset="far"), ValueError, "offset"),
    ],
)
def test_bad_places_to_count_from(call, kind, message):
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.date_range("2020", periods=2))
    with pytest.raises(kind, match=message):
        call(dd.from_pandas(frame, npartitions=1))


@pytest.mark.parametrize(("rule", "zone"), [("W", None), ("D", "Europe/Berlin")])
def test_calendars_count_from_nowhere_else(rule, zone):
    frame = pd.DataFrame({"x": [1, 2, 3]}, index=pd.date_range("2020-01-01 05:00", periods=3, tz=zone))
    with pytest.warns(RuntimeWarning, match="'offset' keyword does not take effect"):
        expected = frame.resample(rule, offset="2h").sum()
    with pytest.warns(RuntimeWarning, match="'offset' keyword does not take effect"):
        bins = dd.from_pandas(frame, npartitions=2).resample(rule, offset="2h")
    assert_eq(bins.sum(), expected)


@pytest.mark.parametrize("origin", ["end", "end_day"])
def test_bins_that_count_from_the_end_whatever_is_behind(origin):
    for df in CUT:
        for rule in ("90min", "7h", "2D"):
            expected = HOURS.resample(rule, origin=origin).agg({"i": "sum", "f": "min"})
            assert_eq(df.resample(rule, origin=origin).agg({"i": "sum", "f": "min"}), expected)
        few_rows = df[df["i"] > 6]
        assert_eq(
            few_rows.resample("5h", origin=origin)["i"].sum(),
            HOURS[HOURS["i"] > 6].resample("5h", origin=origin)["i"].sum(),
        )


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64"])
def test_large_integers_in_bins_of_business_days(dtype):
    times = [
        "2020-01-04 20:00",
        "2020-01-05 02:00",
        "2020-01-05 09:00",
        "2020-01-05 09:00",
        "2020-01-06 00:00",
        "2020-01-06 01:00",
    ]
    frame = pd.DataFrame({"x": np.arange(6) + 2**53 + 245}, index=pd.to_datetime(times)).astype(dtype)
    for n in (1, 2, 3, 6):
        df = dd.from_pandas(frame, npartitions=n)
        for rule in ("B", "C"):
            for how in ("first", "last", "min", "max"):
                expected = getattr(frame.resample(rule, closed="right"), how)()
                pd.testing.assert_frame_equal(getattr(df.resample(rule, closed="right"), how)().compute(), expected)
            expected = frame["x"].resample(rule, closed="right").agg(["first", "max"])
            pd.testing.assert_frame_equal(
                df["x"].resample(rule, closed="right").agg(["first", "max"]).compute(), expected
            )
