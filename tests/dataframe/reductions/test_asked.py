from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.reductions.asked import Column, Median, Quantiles, check_interpolation, check_q


def test_ranks():
    assert Quantiles((0.0, 0.5, 1.0), "linear").ranks(5, 0) == [0, 1, 2, 3, 4]
    assert Quantiles((0.3,), "lower").ranks(5, 0) == [1]
    assert Quantiles((0.3,), "linear").ranks(0, 3) == []
    assert Median(True).ranks(4, 0) == [1, 2]
    assert Median(True).ranks(5, 1) == [2]


def test_finishing():
    column = Column("x", np.dtype("int64"))
    asked = Quantiles((0.25, 0.5), "linear")
    expected = pd.Series([10, 20, 30, 40], name="x").quantile([0.25, 0.5])
    pd.testing.assert_series_equal(asked.finish(column, 4, 0, {0: 10, 1: 20, 2: 30}), expected)
    assert Median(False).finish(column, 2, 1, {0: 1, 1: 2}).isna().all()


def test_bad_input():
    assert check_q(pd.Index([0.5])) == (0.5,)
    with pytest.raises(ValueError, match="interval"):
        check_q(float("nan"))
    with pytest.raises(ValueError, match="interpolation must be one of"):
        check_interpolation("x")


def test_quantiles_of_arrow_integers_are_floats():
    series = pd.Series([1, None, 2, 3, 4, 2, 1, 1], dtype="int64[pyarrow]", name="x")
    lazy = dd.from_pandas(series, npartitions=1)
    pd.testing.assert_series_equal(lazy.quantile([0.5]).compute(), series.quantile([0.5]))
    assert lazy.quantile([0.5])._meta.dtype == "double[pyarrow]"
