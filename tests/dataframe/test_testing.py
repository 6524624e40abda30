from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq, check_honest

FRAME = pd.DataFrame({"x": [1, 2, 3], "y": [0.5, np.nan, 1.5]})


def lying(meta=None, divisions=None):
    return dd.from_map(
        FRAME.iloc.__getitem__, [slice(0, 2), slice(2, 3)], meta=FRAME if meta is None else meta, divisions=divisions
    )


def test_equal():
    assert_eq(dd.from_pandas(FRAME, npartitions=2), FRAME)
    assert_eq(FRAME["x"].sum(), 6)
    assert_eq(np.nan, np.nan)
    assert_eq(FRAME.iloc[::-1], FRAME, check_order=False)
    assert_eq(FRAME.index, FRAME.index)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (FRAME + 1, FRAME),
        (FRAME.astype("float64"), FRAME),
        (FRAME["x"].rename("q"), FRAME["x"]),
        (FRAME.set_axis([1, 2, 3]), FRAME),
        (1.0, 1.1),
        (1, np.nan),
        ("a", "b"),
    ],
)
def test_different(actual, expected):
    with pytest.raises(AssertionError):
        assert_eq(actual, expected)


@pytest.mark.parametrize(
    ("df", "message"),
    [
        (lambda: lying(meta=FRAME.rename(columns={"x": "z"})), "partition 0: columns"),
        (lambda: lying(meta=FRAME.astype({"x": "str"})), "partition 0: columns: 'x' declared str, actual int64"),
        (lambda: lying(meta=FRAME.astype({"x": "uint8"})), "declared dtypes"),
        (lambda: lying(meta=FRAME.rename_axis("k")), "declared index names"),
        (lambda: lying(divisions=(1, 2, 3)), "partition 0 begins at 0, before its division 1"),
        (lambda: lying(divisions=(0, 1, 3)), "partition 0 ends at 1, not before its division 1"),
        (lambda: lying(divisions=(0, 2, 2)), None),
        (lambda: lying(divisions=(0, 1.5, 1.75)), "ends at 2, behind the last division"),
    ],
)
def test_collections_that_lie(df, message):
    if message is None:
        check_honest(df())
        return
    with pytest.raises(AssertionError, match=message):
        check_honest(df())


def test_columns_called_alike_in_any_order():
    frame = pd.DataFrame([[1, 2, 3], [0, 2, 1]], columns=["a", "b", "a"])
    assert_eq(frame, frame.iloc[::-1], check_order=False)
    with pytest.raises(AssertionError):
        assert_eq(frame, frame.set_axis([1, 0]), check_order=False)
