"""What masks say about columns."""

from __future__ import annotations

import operator
from functools import reduce

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.optimize.predicates import DEEPEST, MOST_CONJUNCTIONS, predicate_of

FRAME = pd.DataFrame(
    {
        "i": [1],
        "f": [1.0],
        "b": [True],
        "s": pd.Series(["a"], dtype="str"),
        "d": pd.to_datetime(["2020-01-01"]),
        "I": pd.array([1], dtype="Int64"),
        "o": pd.Series([object()], dtype=object),
        "c": pd.Categorical(["a"]),
    }
)
DAY = pd.Timestamp("2020-01-02")


def said(make):
    df = dd.from_pandas(FRAME, npartitions=1)
    predicate = predicate_of(make(df)._layer, df._layer)
    return None if predicate is None else predicate.conjunctions


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda d: d["i"] > 3, [[("i", ">", 3)]]),
        (lambda d: 3 < d["i"], [[("i", ">", 3)]]),
        (lambda d: d["i"].gt(3), [[("i", ">", 3)]]),
        (lambda d: d["s"] != "a", [[("s", "!=", "a")]]),
        (lambda d: ~(d["s"] != "a"), [[("s", "==", "a")]]),
        (lambda d: ~(d["f"] >= 2.5), [[("f", "<", 2.5)], [("f", "is", None)]]),
        (lambda d: ~(d["I"] >= 2), [[("I", "<", 2)]]),
        (lambda d: d["s"].isin(["a", "b"]), [[("s", "in", ["a", "b"])]]),
        (lambda d: ~d["s"].isin({"a"}), [[("s", "not in", ["a"])]]),
        (lambda d: d["f"].isna(), [[("f", "is", None)]]),
        (lambda d: ~d["f"].isna(), [[("f", "is not", None)]]),
        (lambda d: d["f"].notna(), [[("f", "is not", None)]]),
        (lambda d: (d["i"] > 3) & (d["b"] == True), [[("i", ">", 3), ("b", "==", True)]]),  # noqa: E712
        (lambda d: (d["i"] > 3) | (d["d"] < DAY), [[("i", ">", 3)], [("d", "<", DAY)]]),
        (lambda d: ~((d["i"] == 3) | (d["s"] == "a")), [[("i", "!=", 3), ("s", "!=", "a")]]),
        (
            lambda d: ((d["i"] == 1) | (d["i"] == 2)) & ((d["f"] == 1) | (d["f"] == 2)),
            [[("i", "==", a), ("f", "==", b)] for a in (1, 2) for b in (1, 2)],
        ),
    ],
)
def test_what_is_understood(make, expected):
    assert said(make) == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda d: d["b"],
        lambda d: d["i"] + 1 > 3,
        lambda d: d["i"] > d["f"],
        lambda d: d["i"] > d["i"].max(),
        lambda d: d["s"].str.len() > 3,
        lambda d: d["o"] == 3,
        lambda d: d["c"] == "a",
        lambda d: d["i"] == float("nan"),
        lambda d: d["i"] == "a",
        lambda d: d["i"] == True,  # noqa: E712
        lambda d: d["b"] == 1,
        lambda d: d["f"].isin([1.0, None]),
        lambda d: d["f"].isin([]),
        lambda d: d["d"] == "2020-01-01",
        lambda d: d["i"].gt(3, fill_value=0),
        lambda d: (d["i"] > 3) & (d["s"].str.len() > 3),
        lambda d: (d["i"] > 3) ^ (d["f"] > 3),
        lambda d: d["i"].map_partitions(lambda part: part > 3),
        lambda d: dd.from_pandas(FRAME[::-1].assign(i=2), npartitions=1)["i"] > 3,
        lambda d: reduce(operator.or_, [d["i"] == n for n in range(MOST_CONJUNCTIONS + 1)]),
        lambda d: reduce(operator.and_, [d["i"] != n for n in range(DEEPEST + 1)]),
    ],
)
def test_what_is_left_to_the_mask(make):
    assert said(make) is None


def test_the_layers_of_the_mask():
    df = dd.from_pandas(FRAME, npartitions=1)
    mask = ~((df["i"] > 3) & df["s"].isin(["a"]))
    predicate = predicate_of(mask._layer, df._layer)
    prefixes = sorted(name.partition("-")[0] for name in predicate.layers)
    assert prefixes == ["and", "column", "column", "gt", "invert", "isin"]
