from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_filters import filter_columns, may_hold, parse_filters, row_mask


def keep(frame, filters):
    return frame[row_mask(filters, frame.__getitem__, len(frame))]


FRAME = pd.DataFrame({"x": [1.0, None, 5.0], "s": pd.Series(["a", None, "b"], dtype="str")})


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ([("x", "!=", 5)], [0, 1]),
        ([("x", "=", 5)], [2]),
        ([("s", "!=", "a")], [1, 2]),
        ([("s", "in", ["a", None])], [0, 1]),
        ([("s", "not in", {"a"})], [1, 2]),
        ([[("x", "<", 2)], [("x", "!=", 5)]], [0, 1]),
        ([("x", ">", 0), ("s", "==", "b")], [2]),
        ([("x", "is", None)], [1]),
        ([("x", "is not", float("nan"))], [0, 2]),
        ([[("x", "<=", 3)], [("x", "is", None)]], [0, 1]),
    ],
)
def test_rows(filters, kept):
    assert keep(FRAME, parse_filters(filters, FRAME.columns)).index.tolist() == kept


def test_nulls_of_extension_dtypes_pass_no_comparison():
    frame = pd.DataFrame({"n": pd.array([1, None, 5], dtype="Int64")})
    for name in ("!=", "==", "<"):
        filters = parse_filters([("n", name, 4)], frame.columns)
        expected = frame[getattr(frame["n"], {"!=": "__ne__", "==": "__eq__", "<": "__lt__"}[name])(4)]
        pd.testing.assert_frame_equal(keep(frame, filters), expected)


@pytest.mark.parametrize(
    ("name", "value", "possible"),
    [
        ("==", 5, True),
        ("==", 11, False),
        ("<", 1, False),
        ("<", 2, True),
        ("<=", 1, True),
        (">", 10, False),
        (">=", 10, True),
        ("!=", 1, True),
        ("in", [0, 99], False),
        ("in", [0, 3], True),
        ("in", [], False),
        ("not in", [1], True),
        ("==", "text", True),
        ("in", [float("nan")], True),
    ],
)
def test_row_groups_of_one_to_ten(name, value, possible):
    assert may_hold(((("x", name, value),),), {"x": (1, 10)}) is possible
    assert may_hold(((("x", name, value),),), {"x": None})


def test_any_group_any_column():
    filters = parse_filters([[("x", ">", 1), ("y", "<", 2)], [("z", "==", 3)]], ["x", "y", "z"])
    assert filter_columns((filters,)) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("filters", "error", "message"),
    [
        ("x > 1", TypeError, "filters must be a list of tuples"),
        ([], TypeError, "filters must be a list"),
        ([("x", ">")], TypeError, "a filter must be a tuple"),
        ([("x", "~", 1)], ValueError, "an unknown operator '~'"),
        ([("q", ">", 1)], ValueError, "a column 'q' that isn't there"),
        ([("x", "in", 1)], TypeError, "needs a list or a set"),
        ([("s", "in", "abc")], TypeError, "needs a list or a set"),
    ],
)
def test_bad_filters(filters, error, message):
    with pytest.raises(error, match=message):
        parse_filters(filters, FRAME.columns)


@pytest.mark.parametrize(
    ("bounds", "name", "value", "possible"),
    [
        (("b", "d"), "==", "a", False),
        (("b", "d"), "in", ["a", "c"], True),
        (("b", "d"), "<", "b", False),
        (("b", "d"), ">=", 5, True),
        ((False, False), "==", True, False),
        ((False, True), "==", True, True),
        ((datetime(2020, 1, 1), datetime(2020, 2, 1)), ">", "2020-03-01", False),
        ((datetime(2020, 1, 1), datetime(2020, 2, 1)), ">", "no date", True),
        ((datetime(2020, 1, 1), datetime(2020, 2, 1)), "==", pd.Timestamp("2020-03-01", tz="UTC"), True),
        ((datetime(2020, 1, 1), datetime(2020, 2, 1)), "==", np.datetime64("2019-01-01"), False),
        ((date(2020, 1, 1), date(2020, 2, 1)), "<", date(2019, 1, 1), False),
        ((date(2020, 1, 1), date(2020, 2, 1)), "<", datetime(2019, 1, 1), True),
        ((Decimal("1.5"), Decimal("2.5")), ">", Decimal("2.5"), False),
        ((1, 2), "==", np.int8(3), False),
        ((1.0, float("nan")), "==", 3, True),
    ],
)
def test_bounds_of_other_types(bounds, name, value, possible):
    assert may_hold(((("x", name, value),),), {"x": bounds}) is possible


def test_values_that_all_rows_have():
    known = {"k": pd.Series(["a"])}
    assert may_hold(((("k", "!=", "b"),),), {}, known)
    assert not may_hold(((("k", "!=", "a"),),), {}, known)


def test_expressions_of_arrow(tmp_path):
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(
        TypeError, match=r"filters must be a list of tuples .* not an expression of Arrow, got \(x > 1\)"
    ):
        dd.read_parquet(tmp_path / "x.parquet", filters=pc.field("x") > 1)
