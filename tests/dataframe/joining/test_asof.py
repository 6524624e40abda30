from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, few

RNG = np.random.default_rng(3)
LEFT = pd.DataFrame({"t": np.sort(RNG.integers(0, 40, 30)), "who": RNG.choice(list("abc"), 30), "x": range(30)})
RIGHT = pd.DataFrame(
    {"t": np.sort(RNG.integers(-5, 50, 25)), "who": RNG.choice(list("abc"), 25), "y": range(25), "x": 1.5}
)
DIRECTIONS = ["backward", "forward", "nearest"]


def lazy_pairs(left: pd.DataFrame, right: pd.DataFrame):
    """Both sides in one partition and several, some of them empty."""
    lefts = [dd.from_pandas(left, npartitions=1), cut(left, [0, 0, 7, 8, 8, len(left), len(left)])]
    rights = [right, dd.from_pandas(right, npartitions=1), cut(right, [0, 3, 3, len(right)])]
    return itertools.product(lefts, rights)


@pytest.mark.slow
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    "options",
    [
        {"on": "t"},
        {"on": "t", "by": "who"},
        {"on": "t", "tolerance": 2, "allow_exact_matches": False},
        {"left_on": "t", "right_on": "t", "left_by": "who", "right_by": "who", "suffixes": ("_l", "")},
    ],
)
def test_on_columns(options, direction):
    expected = pd.merge_asof(LEFT, RIGHT, direction=direction, **options)
    for left, right in lazy_pairs(LEFT, RIGHT):
        assert_eq(dd.merge_asof(left, right, direction=direction, **options), expected, check_index=False)


@pytest.mark.slow
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("options", [{}, {"by": "who"}, {"tolerance": 3}, {"allow_exact_matches": False, "by": "who"}])
def test_indexes_of_known_divisions(options, direction):
    left, right = LEFT.set_index("t"), RIGHT.set_index("t")
    options = {"left_index": True, "right_index": True, "direction": direction, **options}
    expected = pd.merge_asof(left, right, **options)
    for n, m in ((1, 3), (4, 1), (3, 5), (12, 2), (2, 20)):
        one, other = dd.from_pandas(left, npartitions=n), dd.from_pandas(right, npartitions=m)
        result = dd.merge_asof(one, other, **options)
        assert result.divisions == one.divisions
        assert_eq(result, expected)


@pytest.mark.parametrize("options", [{"left_index": True, "right_on": "t"}, {"left_on": "t", "right_index": True}])
def test_an_index_and_a_column(options):
    left = LEFT.set_index("t") if "left_index" in options else LEFT
    right = RIGHT.set_index("t") if "right_index" in options else RIGHT
    expected = pd.merge_asof(left, right, **options)
    for one, other in ((dd.from_pandas(left, npartitions=3), dd.from_pandas(right, npartitions=3)),):
        assert_eq(dd.merge_asof(one, other, **options), expected, check_index="left_index" in options)


@pytest.mark.slow
@few
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=14),
    st.lists(st.integers(0, 12), min_size=1, max_size=14),
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from(DIRECTIONS),
    st.booleans(),
)
def test_borders(lefts, rights, n, m, direction, exact):
    left = pd.DataFrame({"a": range(len(lefts)), "g": np.arange(len(lefts)) % 2}, index=sorted(lefts))
    right = pd.DataFrame({"b": range(len(rights)), "g": np.arange(len(rights)) // 2 % 2}, index=sorted(rights))
    for by in (None, "g"):
        options = {
            "left_index": True,
            "right_index": True,
            "direction": direction,
            "by": by,
            "allow_exact_matches": exact,
        }
        lazy = dd.merge_asof(dd.from_pandas(left, npartitions=n), dd.from_pandas(right, npartitions=m), **options)
        assert_eq(lazy, pd.merge_asof(left, right, **options))


def test_dates_with_a_tolerance():
    start = pd.Timestamp("2020-01-01")
    left = pd.DataFrame({"a": range(5)}, index=start + pd.to_timedelta([0, 1, 5, 9, 30], unit="h"))
    right = pd.DataFrame({"b": range(3)}, index=start + pd.to_timedelta([0, 4, 10], unit="h"))
    options = {"left_index": True, "right_index": True, "tolerance": pd.Timedelta("2h")}
    lazy = dd.merge_asof(dd.from_pandas(left, npartitions=3), dd.from_pandas(right, npartitions=2), **options)
    assert_eq(lazy, pd.merge_asof(left, right, **options))


def test_keys_that_are_not_sorted_fail_when_computed():
    lazy = dd.merge_asof(cut(LEFT.iloc[::-1], [0, 10, 30]), RIGHT, on="t")
    with pytest.raises(ValueError, match="left keys must be sorted"):
        lazy.compute(scheduler="sync")


BAD = {
    "direction": (
        lambda: dd.merge_asof(cut(LEFT, [0, 30]), RIGHT, on="t", direction="up"),
        ValueError,
        "direction must be",
    ),
    "kind": (lambda: dd.merge_asof(cut(LEFT, [0, 30]), 3, on="t"), TypeError, "joins dataframes, got int"),
    "column": (lambda: dd.merge_asof(cut(LEFT, [0, 30]), RIGHT, on="time"), KeyError, "no column 'time'"),
    "by": (lambda: dd.merge_asof(cut(LEFT, [0, 30]), RIGHT, on="t", by="whom"), KeyError, "no column 'whom'"),
    "nameless": (lambda: dd.merge_asof(cut(LEFT, [0, 30]), pd.Series([1]), on="t"), ValueError, "needs a name"),
    "text": (
        lambda: dd.merge_asof(cut(LEFT, [0, 30]), RIGHT, on="who"),
        (ValueError, pd.errors.MergeError),
        "Incompatible merge",
    ),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call()
