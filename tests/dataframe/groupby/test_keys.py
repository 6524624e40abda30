from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
FRAME.index = pd.Index(np.arange(len(FRAME)) * 2, name="idx")
CUT = [cuttings(FRAME)[at] for at in (1, 3)]

CASES = {
    "by level": lambda d: d.groupby(level=0).f.sum(),
    "by level name": lambda d: d.groupby(level="idx").f.sum(),
    "by index name": lambda d: d.groupby(["idx", "g"]).f.sum(),
    "by function": lambda d: d.groupby(lambda x: x % 3).f.sum(),
    "by function mixed": lambda d: d.groupby([lambda x: x % 3, "s", d["g"] + 1]).f.median(),
    "by dict": lambda d: d.groupby({0: "a", 2: "b", 4: "a"}).f.sum(),
    "by Grouper": lambda d: d.groupby(pd.Grouper(key="s")).f.sum(),
    "by Grouper level": lambda d: d.groupby([pd.Grouper(level="idx"), "s"]).f.sum(),
    "series level": lambda d: d["f"].groupby(level=0).cumsum(),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    expected = CASES[case](FRAME)
    for df in CUT:
        assert_eq(CASES[case](df), expected)


BAD = {
    "both": (lambda df: df.groupby("g", level=0), TypeError, "by or level, not both"),
    "no levels": (lambda df: df.groupby(level=[]), ValueError, "at least one level"),
    "unknown level": (lambda df: df.groupby(level="nope"), KeyError, "no level 'nope'"),
    "level beyond": (lambda df: df.groupby(level=1), IndexError, "no level 1"),
    "a frame": (lambda df: df.groupby(df), TypeError, "groupby by a DataFrame"),
    "an array": (lambda df: df.groupby(np.arange(23)), TypeError, "in memory"),
    "unknown": (lambda df: df.groupby("nope"), KeyError, "no column 'nope'"),
    "not hashable": (lambda df: df.groupby([["g"]]), TypeError, "must be hashable"),
    "a failing function": (lambda df: df.groupby(lambda x: x.nope), ValueError, "could not be inferred"),
    "a label for a Series": (lambda df: df["f"].groupby("g"), TypeError, "a Series is grouped by"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_keys(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[0])


@pytest.mark.parametrize("npartitions", [1, 3, 7])
@pytest.mark.parametrize("sort", [True, False])
def test_by_an_index(npartitions, sort):
    frame = pd.DataFrame(
        {"x": range(50), "y": [1.5, None] * 25},
        # Without a frequency, which the partitions of a partitioned frame have none of.
        index=pd.DatetimeIndex(np.arange(50) * 3_600_000_000_000, name="when"),
    )
    df = dd.from_pandas(frame, npartitions=npartitions)
    index, hours = frame.index, df.index
    for found, expected in (
        (df.groupby(hours, sort=sort).sum(), frame.groupby(index, sort=sort).sum()),
        (df.groupby(hours.hour, sort=sort).y.mean(), frame.groupby(index.hour, sort=sort).y.mean()),
        (df.x.groupby(hours.day, sort=sort).count(), frame.x.groupby(index.day, sort=sort).count()),
        (df.groupby([hours.day, "x"], sort=sort).y.max(), frame.groupby([index.day, "x"], sort=sort).y.max()),
        (
            df[df.x > 20].groupby(df[df.x > 20].index.hour, sort=sort).x.sum(),
            frame[frame.x > 20].groupby(index[frame.x > 20].hour, sort=sort).x.sum(),
        ),
    ):
        assert_eq(found, expected)
    assert_eq(df.groupby(hours.hour).x.transform("sum"), frame.groupby(index.hour).x.transform("sum"))


def test_an_index_of_other_rows():
    df = dd.from_pandas(pd.DataFrame({"x": range(10)}), npartitions=2)
    with pytest.raises(ValueError, match="it has 1 partitions, the rows have 2"):
        df.groupby(df.repartition(npartitions=1).index)
    with pytest.raises(ValueError, match=r"one of the same rows: 5 rows, \d index values"):
        df.groupby(df[df.x > 2].index).x.sum().compute()
