from __future__ import annotations

import pandas as pd
import pytest

from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
CUT = cuttings(FRAME)

CASES = {
    "filter": lambda df: df["f"][df["i"] > 0],
    "to_frame": lambda df: df["f"].to_frame(),
    "to_frame, named": lambda df: df["f"].to_frame("q"),
    "rename": lambda df: df["f"].rename("q"),
    "between": lambda df: df["i"].between(0, 2),
    "between dates": lambda df: df["d"].between(pd.Timestamp("1980"), pd.Timestamp("1990"), inclusive="left"),
    "between Series": lambda df: df["f"].between(df["i"], df["g"]),
    "map dict": lambda df: df["g"].map({0: "a", 1: "b", 2: "c"}),
    "map some": lambda df: df["g"].map({0: 1.5}),
    "map a Series": lambda df: df["s"].map(pd.Series({"x": 1.0, "y": 2.0})),
    "map a function": lambda df: df["i"].map(lambda x: x + 0.5),
    "apply": lambda df: df["i"].apply(lambda x, y: x + y, args=(3,)),
    "prefix": lambda df: df["i"].add_prefix("r"),
}


@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        assert_eq(CASES[case](df), CASES[case](FRAME))


def test_structure():
    series = CUT[1]["f"]
    assert (series.name, series.dtype, series.dtypes, series.ndim, len(series)) == (
        "f",
        "float64",
        "float64",
        1,
        len(FRAME),
    )
    assert series.shape[0].compute() == series.size.compute() == len(FRAME)
    assert list(CUT[1]["i"]) == FRAME["i"].tolist()
    assert list(CUT[1]["i"].items()) == list(FRAME["i"].items())
    assert CUT[1]["i"].__array__().tolist() == FRAME["i"].tolist()


def test_setting_the_name():
    series = CUT[1]["f"]
    series.name = "q"
    assert_eq(series, FRAME["f"].rename("q"))


BAD = {
    "labels": (lambda s: s[3], NotImplementedError, "selected by a lazy condition"),
    "a mask in memory": (lambda s: s.clear_divisions()[FRAME["b"]], TypeError, "in memory"),
    "numbers": (lambda s: s[s], TypeError, "booleans, got one of int64"),
    "renaming by order": (lambda s: s.rename(lambda x: -x, sorted_index=True), ValueError, "ascending order"),
    "between rows": (lambda s: s.between(FRAME["i"], 3), TypeError, "in memory"),
    "unknown": (lambda s: s.nope, AttributeError, "no attribute 'nope'"),
    "not built": (lambda s: s.asfreq("D"), AttributeError, "Series.asfreq isn't built in minidask"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1]["i"])
