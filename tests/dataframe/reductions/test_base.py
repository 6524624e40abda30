from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.reductions.base import check_axis, check_flag, is_columns, numeric_columns
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, every_dtype


def test_numeric_columns():
    assert list(numeric_columns(every_dtype())) == ["i", "f", "b", "I", "g"]
    assert list(numeric_columns(pd.DataFrame({"c": pd.Categorical([1])}))) == []


def test_axes():
    assert [is_columns(axis) for axis in (0, 1, "index", "columns", None, True)] == [
        False,
        True,
        False,
        True,
        False,
        False,
    ]
    check_axis("sum", "index")
    with pytest.raises(ValueError, match="axis must be 0 or 1"):
        check_axis("sum", 2)
    with pytest.raises(NotImplementedError, match="over both axes"):
        check_axis("mean", None)


def test_flags():
    check_flag("skipna", np.True_)
    with pytest.raises(ValueError, match="skipna must be True or False, got int: 1"):
        check_flag("skipna", 1)


@pytest.mark.parametrize("how", ["sum", "mean", "min", "max", "std", "median", "count"])
def test_numbers_among_columns_of_equal_labels(how):
    frame = pd.DataFrame([[1, "x", 2.5], [3, "y", None]], columns=["a", "a", "b"])
    lazy = cut(frame, [0, 1, 1, 2])
    assert_eq(getattr(lazy, how)(numeric_only=True), getattr(frame, how)(numeric_only=True))


@pytest.mark.parametrize("labels", [[True, False], ["p", None], [1.5, np.nan]])
def test_columns_whose_labels_pandas_takes_for_something_else(labels):
    frame = pd.DataFrame([[1, 2.5], [3, None]], columns=pd.Index(labels))
    for lazy in (cut(frame, [0, 1, 2]), dd.from_pandas(frame, npartitions=2)):
        assert_eq(lazy.sum(numeric_only=True), frame.sum(numeric_only=True))
        assert_eq(lazy.select_dtypes("int"), frame.select_dtypes("int"))
        assert_eq(lazy.drop(columns=[labels[0]]), frame.drop(columns=[labels[0]]))
        assert_eq(lazy.iloc[:, [1, 0]], frame.iloc[:, [1, 0]])
        assert_eq(lazy[labels[0]], frame[labels[0]])
        assert_eq(lazy.describe(), frame.describe())


@pytest.mark.parametrize(
    ("how", "values", "dtype"),
    [("min", [1, 2], "int8"), ("mean", [1, 2], "float32"), ("sum", [1, None], "UInt8"), ("any", ["a", "b"], "string"),
     ("any", ["u", "v"], "category"), ("max", [True, False], "bool")],
)  # fmt: skip
def test_each_row_in_partitions_of_all_sizes(how, values, dtype):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=dtype)})
    assert_eq(getattr(cut(frame, [0, 0, 1, 2, 2]), how)(axis=1), getattr(frame, how)(axis=1))


def test_arrow_bools_are_no_numbers_and_decimals_are():
    frame = pd.DataFrame({"b": pd.array([True], dtype="bool[pyarrow]"), "i": [1]})
    assert numeric_columns(frame).tolist() == ["i"]
    assert_eq(dd.from_pandas(frame, npartitions=1).sum(numeric_only=True), frame.sum(numeric_only=True))
