from __future__ import annotations

import pandas as pd
import pytest

from minidask.dataframe.columns import (
    as_labels,
    check_column,
    check_columns,
    simple_columns,
    take_labels,
    unknown_column,
)


def test_the_nearest_name_is_said():
    with pytest.raises(KeyError, match="no column 'delai'; the nearest is 'delay'"):
        check_columns(["carrier", "delai"], pd.Index(["delay", "carrier"]))


def test_without_a_near_name_all_are_listed():
    assert "there are ['x', 'y']" in str(unknown_column("flight", ["x", "y"]))
    assert "there are 30" in str(unknown_column("flight", list(range(30))))
    assert "there are none" in str(unknown_column("flight", []))


def test_an_unhashable_label():
    with pytest.raises(TypeError, match="must be hashable, got dict"):
        check_column({}, pd.Index(["x"]))


def test_labels():
    assert as_labels(("x", 1)) == [("x", 1)]
    assert as_labels(pd.Index(["x", "y"])) == ["x", "y"]


def test_simple_columns():
    assert simple_columns(pd.Index(["x", 1]))
    assert not simple_columns(pd.Index(["x", "x"]))
    assert not simple_columns(pd.MultiIndex.from_tuples([("x", 1)]))


def test_columns_by_labels_that_pandas_takes_for_something_else():
    frame = pd.DataFrame([[1, 2, 3]], columns=pd.Index([True, None, float("nan")], dtype=object))
    assert take_labels(frame, [float("nan"), True]).iloc[0].tolist() == [3, 1]
    assert take_labels(frame, [None]).iloc[0].tolist() == [2]
    assert not simple_columns(frame.columns)
