from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.reductions.base import check_axis, check_flag, is_columns, numeric_columns
from tests.dataframe.frames import every_dtype


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
