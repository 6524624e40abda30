from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, raising
from tests.array.matrices import chunked, definite, near


@pytest.mark.slow
@few
@given(data=st.data(), dtype=st.sampled_from(["i4", "f4", "f8", "c8", "c16"]), n=st.integers(1, 12))
def test_the_factors_are_scipy_s(data, dtype, n):
    a = definite(n, dtype, data.draw(st.integers(0, 99)))
    x = data.draw(chunked(a))
    expected = scipy.linalg.cholesky(a)
    assert_eq(da.linalg.cholesky(x), expected, **near(expected.dtype))
    assert_eq(da.linalg.cholesky(x, lower=True), scipy.linalg.cholesky(a, lower=True), **near(expected.dtype))
    assert_eq(np.linalg.cholesky(x), np.linalg.cholesky(a), **near(expected.dtype))
    assert_eq(np.linalg.cholesky(x, upper=True), np.linalg.cholesky(a, upper=True), **near(expected.dtype))


def test_one_triangle_alone_is_read():
    a = definite(6)
    for lower, part in ((True, np.tril(a)), (False, np.triu(a))):
        assert_eq(da.linalg.cholesky(da.from_array(part, chunks=4), lower=lower), scipy.linalg.cholesky(a, lower=lower))


def test_stacks():
    a = np.stack([definite(3, seed=seed) for seed in range(4)])
    assert_eq(np.linalg.cholesky(da.from_array(a, chunks=(2, 3, 3))), np.linalg.cholesky(a))


def test_errors():
    with pytest.raises(ValueError, match="cholesky needs a square matrix"):
        da.linalg.cholesky(da.ones((4, 6), chunks=2))
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        da.linalg.cholesky(-da.eye(6, chunks=2)).compute()


def test_nothing_is_computed_when_building():
    with config.set(scheduler=raising):
        da.linalg.cholesky(da.ones((6, 6), chunks=2))
