from __future__ import annotations

import pandas as pd
import pytest

from minidask.dataframe.divisions import bounds_of, check_divisions, known, places_between, scalars, unite, unknown


def test_unknown_and_known():
    assert unknown(2) == (None, None, None)
    assert not known(unknown(1))
    assert known((0, 1))


def test_missing_divisions_are_unknown():
    assert check_divisions(None, 2) == (None, None, None)
    assert check_divisions([None, None], 1) == (None, None)


@pytest.mark.parametrize(
    ("divisions", "message"),
    [
        ([0, 1], "2 partitions need 3 divisions"),
        ([0, None, 2], "all be known or all be None"),
        ([0, 5, 3], "ascending order, got 5 before 3"),
    ],
)
def test_wrong_divisions(divisions, message):
    with pytest.raises(ValueError, match=message):
        check_divisions(divisions, 2)


def test_bounds_of_an_index():
    assert bounds_of(pd.Index([1, 2, 5, 9]), [0, 2]) == (1, 5, 9)
    assert bounds_of(pd.Index([]), [0]) is None


def test_places_of_repeated_bounds():
    assert places_between((1, 2, 2, 3, 4), 2, 2) == range(1, 3)
    assert places_between((1, 2, 2, 3, 4), 1, 2, closed=False) == range(1)
    assert places_between((0, 10), 5) == range(1)
    assert places_between((0, 10, 20), None, None) == range(2)
    assert places_between((0, 10, 20), -9, -5) == range(1)
    assert places_between((0, 10, 20), 20, 20) == range(1, 2)


def test_united():
    assert unite([(0, 5, 5), (5, 9)]) == (0, 5, 9)
    assert unite([(3, 3)]) == (3, 3)
    with pytest.raises(TypeError, match="not supported between"):
        unite([(0, 1), ("a", "b")])


def test_scalars():
    assert [type(value) for value in scalars(pd.Index([1, 2]))] == [int, int]
    assert type(scalars(pd.to_datetime(["2015-01-01"]))[0]) is pd.Timestamp
