from __future__ import annotations

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
