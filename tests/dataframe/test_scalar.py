from __future__ import annotations

import operator

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq

SERIES = pd.Series([1.0, 2.0, 4.0], name="x")


@pytest.fixture
def total() -> dd.Scalar:
    return dd.from_pandas(SERIES, npartitions=2).sum()


def test_a_scalar_computes_to_a_value(total):
    assert total.compute() == 7.0
    assert isinstance(total.compute(), np.float64)
    assert (total.ndim, total.dtype, total.npartitions) == (0, "float64", 1)
    assert total.key == total.__dask_keys__()[0]


def test_arithmetic(total):
    assert ((total + 1) / 2).compute() == 4.0
    assert (2**total).compute() == 128.0
    assert (-total).compute() == -7
    assert (total > 3).compute()
    assert np.sqrt(total + 2).compute() == 3.0
    series = dd.from_pandas(SERIES, npartitions=2)
    assert_eq(series / total, SERIES / 7)
    assert_eq(total - series, 7 - SERIES)


def test_persist(total):
    assert total.persist().compute() == 7.0


@pytest.mark.parametrize("function", [int, float, bool, len, range])
def test_a_lazy_value_is_no_number(total, function):
    with pytest.raises(TypeError, match=r"call .compute\(\) first|has no length"):
        function(total)


def test_repr(total):
    assert repr(total).startswith("<minidask Scalar 'sum-")
    assert repr(total).endswith("float64>")


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"])
def test_operators_with_all_that_there_is(total, name):
    function = getattr(operator, name)
    series = dd.from_pandas(SERIES, npartitions=2)
    frame = SERIES.to_frame()
    lazy = dd.from_pandas(frame, npartitions=2)
    for other in (2, 2.5, np.float64(3), np.int8(2)):
        assert_eq(function(total, other), function(7.0, other))
        assert_eq(function(other, total), function(other, 7.0))
    assert_eq(function(total, series.max()), function(7.0, 4.0))
    assert_eq(function(total, series), function(7.0, SERIES))
    assert_eq(function(series, total), function(SERIES, 7.0))
    assert_eq(function(lazy, total), function(frame, 7.0))
    assert_eq(function(total, lazy), function(7.0, frame))


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_comparisons(total, name):
    function = getattr(operator, name)
    series = dd.from_pandas(SERIES * 2, npartitions=2)
    assert function(total, 7).compute() == function(7.0, 7)
    assert function(8, total).compute() == function(8, 7.0)
    assert_eq(function(series, total), function(SERIES * 2, 7.0))
    assert_eq(function(total, series), function(7.0, SERIES * 2))


def test_logic(total):
    yes, no = total > 3, total > 30
    assert (yes & ~no).compute()
    assert (no | yes).compute()
    assert (no ^ yes).compute()
    assert (True & yes).compute()


def test_parts_of_numbers(total):
    assert [value.compute() for value in divmod(total, 2)] == [3.0, 1.0]
    assert [value.compute() for value in divmod(16, total)] == [2.0, 2.0]
    assert abs(-total).compute() == 7.0
    assert round(total / 3, 1).compute() == 2.3
    assert (total / 3).round(1).compute() == 2.3
    assert round(total / 3).compute() == 2
    assert (total / 3).astype("int32").compute() == 2
    assert (total / 3).astype("int32").dtype == "int32"
    assert not total.isna().compute()


def test_ufuncs(total):
    series = dd.from_pandas(SERIES, npartitions=2)
    assert np.add(total, 1).compute() == 8.0
    assert np.maximum(3, total).compute() == 7.0
    assert_eq(np.subtract(series, total), SERIES - 7)
    assert np.asarray(total) == np.array(7.0)


def test_to_series(total):
    assert_eq(total.to_series(), pd.Series([7.0]))
    assert_eq(total.to_series("sum"), pd.Series([7.0], index=["sum"]))
    assert total.to_series(3).divisions == (3, 3)


def test_to_delayed(total):
    assert total.to_delayed().compute() == 7.0
    assert total.to_delayed(optimize_graph=False).compute() == 7.0
    assert (total.to_delayed() + 1).compute() == 8.0


def test_structure(total):
    assert (total.shape, total.size) == ((), 1)
    with pytest.raises(TypeError, match="can't be iterated over"):
        list(total)
    with pytest.raises(TypeError, match="truth value of a lazy Scalar"):
        assert total
    with pytest.raises(TypeError, match="used as complex"):
        complex(total)


def test_of_dates():
    dates = pd.Series(pd.to_datetime(["2020-01-01", "2020-03-01"]))
    df = dd.from_pandas(dates, npartitions=2)
    assert (df.max() - df.min()).compute() == pd.Timedelta(60, unit="D")
    assert_eq(df - df.min(), dates - dates.min())
    assert (df.max() > pd.Timestamp("2020-02-01")).compute()
