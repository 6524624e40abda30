"""Central moments, whatever the blocks and however large the mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample


def expected(a, order, axis=None, ddof=0, keepdims=False):
    mean = a.mean(axis=axis, keepdims=True)
    n = a.size // mean.size
    return np.sum((a - mean) ** order, axis=axis, keepdims=keepdims) / (n - ddof)


@few
@given(
    pairs(["i1", "i8", "f8", "c16"], min_dims=1, min_side=1),
    st.integers(2, 6),
    st.booleans(),
    st.sampled_from([None, 2]),
    st.data(),
)
def test_every_order(pair, order, keepdims, split_every, data):
    a, x = pair
    axis = data.draw(st.one_of(st.none(), st.integers(-a.ndim, a.ndim - 1), st.just(tuple(range(a.ndim)))))
    found = da.moment(x, order, axis=axis, keepdims=keepdims, split_every=split_every)
    assert_eq(found, expected(a, order, axis, 0, keepdims), atol=1e-9)


@pytest.mark.parametrize("dtype", ["f2", "f4"])
def test_narrow_floats(dtype):
    a = sample((40,), dtype)
    found = da.from_array(a, chunks=7).moment(3)
    assert found.dtype == dtype
    np.testing.assert_allclose(found.compute(), expected(a.astype("f8"), 3), rtol=1e-2)


def test_the_first_orders():
    x = da.from_array(sample((6, 5), "i4"), chunks=2)
    assert_eq(x.moment(0, axis=0), np.ones(5))
    assert_eq(x.moment(1, keepdims=True), np.zeros((1, 1)))


def test_ddof_and_dtype():
    a = sample((30,), "f8")
    x = da.from_array(a, chunks=7)
    assert_eq(x.moment(2, ddof=1), a.var(ddof=1))
    assert_eq(x.moment(4, ddof=2, dtype="f4"), expected(a, 4, ddof=2).astype("f4"))


def test_large_means_cost_no_digits():
    a = np.random.default_rng(0).normal(size=10_000)
    x = da.from_array(a + 1e9, chunks=1000)
    np.testing.assert_allclose(x.moment(4).compute(), expected(a, 4), rtol=1e-5)


def test_lazy_and_unknown_sizes():
    a = sample((7, 4), "f8")
    x = forget(da.from_array(a, chunks=(3, 2)))
    with config.set(scheduler=raising):
        found = x.moment(3, axis=0)
    assert_eq(found, expected(a, 3, 0))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: x.moment(2.5), ValueError, "Order must be an integer >= 0, got 2.5"),
        (lambda x: x.moment(-1), ValueError, "Order must be"),
        (lambda x: x.moment(2, axis=1), np.exceptions.AxisError, "out of bounds"),
        (lambda x: x.astype("M8[s]").moment(2), TypeError, "aren't defined"),
        (lambda x: x.moment(2, out=np.zeros(())), TypeError, "out= must be"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones(4, chunks=2))
