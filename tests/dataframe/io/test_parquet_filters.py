from __future__ import annotations

import pandas as pd
import pytest

from minidask.dataframe.io.parquet_filters import filter_columns, keep, may_hold, parse_filters

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
    assert filter_columns(filters) == ["x", "y", "z"]


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
