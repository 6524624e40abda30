from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.accessors import AccessorCall
from minidask.dataframe.meta import UNKNOWN_CATEGORIES
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cuttings, every_dtype

FRAME = every_dtype()
CUT = cuttings(FRAME)

STRINGS = {
    "upper": lambda s: s.str.upper(),
    "len": lambda s: s.str.len(),
    "contains": lambda s: s.str.contains("x"),
    "replace": lambda s: s.str.replace("x", "q"),
    "slice": lambda s: s.str.slice(0, 1),
    "item": lambda s: s.str[0],
    "get": lambda s: s.str.get(0),
    "cat": lambda s: s.str.cat(s, sep="-", na_rep="?"),
    "split": lambda s: s.str.split("x"),
    "split into columns": lambda s: s.str.split("x", n=1, expand=True),
    "split from the right": lambda s: s.str.rsplit("x", n=1, expand=True),
    "partition": lambda s: s.str.partition("x"),
    "extract": lambda s: s.str.extract("(x)(y)?"),
    "extract one": lambda s: s.str.extract("(x)", expand=False),
    "zfill": lambda s: s.str.zfill(3),
    "isalpha": lambda s: s.str.isalpha(),
}
DATES = {
    **{name: lambda s, name=name: getattr(s.dt, name) for name in (
        "year", "month", "day", "hour", "minute", "second", "day_of_week", "day_of_year", "date", "quarter",
        "is_month_start", "days_in_month",
    )},
    "day_name": lambda s: s.dt.day_name(),
    "floor": lambda s: s.dt.floor("h"),
    "strftime": lambda s: s.dt.strftime("%Y"),
    "tz_localize": lambda s: s.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin").dt.hour,
    "isocalendar": lambda s: s.dt.isocalendar(),
}  # fmt: skip
CATEGORIES = {
    "codes": lambda s: s.cat.codes,
    "as_ordered": lambda s: s.cat.as_ordered(),
    "rename": lambda s: s.cat.rename_categories({"u": "U"}),
    "set": lambda s: s.cat.set_categories(["u", "v"]),
    "add": lambda s: s.cat.add_categories(["n"]),
}


@pytest.mark.parametrize("case", list(STRINGS))
def test_strings(case):
    for df in CUT:
        assert_eq(STRINGS[case](df["s"]), STRINGS[case](FRAME["s"]))


@pytest.mark.parametrize("case", list(DATES))
def test_dates(case):
    for df in CUT:
        assert_eq(DATES[case](df["d"]), DATES[case](FRAME["d"]))


def test_durations():
    for df in CUT:
        assert_eq(df["t"].dt.total_seconds(), FRAME["t"].dt.total_seconds())


@pytest.mark.parametrize("case", list(CATEGORIES))
def test_categories(case):
    for df in CUT:
        assert_eq(CATEGORIES[case](df["c"]), CATEGORIES[case](FRAME["c"]))


def test_known_categories():
    categorical = CUT[1]["c"].cat
    assert categorical.known
    assert not categorical.ordered
    assert list(categorical.categories) == ["w", "v", "u", "zz"]


def test_unknown_categories():
    frame = pd.DataFrame({"c": pd.Categorical(["a"])})
    df = cut(frame, [0, 1])
    df._meta["c"] = pd.Categorical([], [UNKNOWN_CATEGORIES])
    assert not df["c"].cat.known
    for name in ("codes", "categories"):
        with pytest.raises(NotImplementedError, match=f"cat.{name} needs categories that are known"):
            getattr(df["c"].cat, name)


BAD = {
    "no strings": (lambda df: df["i"].str, AttributeError, "Can only use .str"),
    "no dates": (lambda df: df["i"].dt, AttributeError, "Can only use .dt"),
    "no categories": (lambda df: df["i"].cat, AttributeError, "Can only use .cat"),
    "unknown": (lambda df: df["s"].str.nope, AttributeError, "the str accessor has no attribute 'nope'"),
    "dummies": (lambda df: df["s"].str.get_dummies(), NotImplementedError, "values of all partitions"),
    "split without n": (lambda df: df["s"].str.split("x", expand=True), NotImplementedError, "needs n"),
    "cat of one": (lambda df: df["s"].str.cat(), NotImplementedError, "compute\\(\\) first"),
    "rows in memory": (lambda df: df["s"].str.repeat(FRAME["i"]), TypeError, "in memory"),
    "freq": (lambda df: df["d"].dt.freq, NotImplementedError, "depends on all values"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1])


def test_calls_compare_by_value():
    assert AccessorCall("str", "len", True) == AccessorCall("str", "len", True) != AccessorCall("str", "upper", True)
    assert "upper" in dir(CUT[1]["s"].str)


def test_the_index_of_an_empty_partition_keeps_its_name():
    frame = pd.Series(
        ["a1", "b2", None], index=pd.date_range("2020-01-01", periods=3, name="when"), name="s"
    ).to_frame()
    for name in ("extract", "partition"):
        df = cut(frame, [0, 0, 2, 2, 3])["s"]
        argument = "([ab])" if name == "extract" else "1"
        assert_eq(getattr(df.str, name)(argument), getattr(frame["s"].str, name)(argument), check_freq=False)


@pytest.mark.parametrize("pattern", [r"([a-z])(\d)", r"(?P<l>[a-z])(?P<n>\d)", r"q(\d)"])
def test_every_match_is_a_row(pattern):
    series = pd.Series(["a1b2", "b3", None, "zz", "a4a5", "b6"], name="s")
    for npartitions in (1, 3):
        lazy = dd.from_pandas(series, npartitions=npartitions).str.extractall(pattern)
        assert not lazy.known_divisions
        assert_eq(lazy, series.str.extractall(pattern))


def test_parts_of_the_dtype():
    times = pd.Series(pd.date_range("2020", periods=3, tz="Europe/Berlin"))
    lazy = dd.from_pandas(times, npartitions=2).dt
    assert lazy.tz == times.dt.tz
    assert lazy.unit == times.dt.unit


def test_splitting_categories():
    series = pd.Series(["a b", "c d", None, "e"] * 2, dtype="category")
    assert_eq(dd.from_pandas(series, npartitions=3).str.split(n=1, expand=True), series.str.split(n=1, expand=True))


def test_the_nearest_name_of_an_accessor():
    lazy = dd.from_pandas(pd.Series(["a"]), npartitions=1)
    with pytest.raises(AttributeError, match="no attribute 'uper'; the nearest is 'upper'"):
        lazy.str.uper()
