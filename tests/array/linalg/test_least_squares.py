from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, raising
from tests.array.matrices import LAPACK_DTYPES, chunked, matrix, near


@pytest.mark.slow
@few
@given(
    data=st.data(),
    dtype=st.sampled_from(LAPACK_DTYPES),
    shape=st.sampled_from([(12, 3), (3, 12), (5, 5), (1, 4), (4, 1)]),
    columns=st.sampled_from([None, 1, 3]),
)
def test_the_solution_is_numpy_s(data, dtype, shape, columns):
    a = matrix(shape, dtype, data.draw(st.integers(0, 9)))
    b = matrix((shape[0],) if columns is None else (shape[0], columns), "f8", 50)
    x, residuals, rank, s = da.linalg.lstsq(data.draw(chunked(a)), data.draw(chunked(b)))
    x0, residuals0, rank0, s0 = np.linalg.lstsq(a, b)
    close = near(dtype)
    # Singular values just above or below the limit make any solution as good.
    if s0.min() > 1e-3 or rank0 < min(shape):
        assert_eq(x, x0, rtol=1e-3 if dtype[0] in "fc" else 1e-6, atol=1e-4 if dtype in ("f4", "c8") else 1e-8)
        assert int(rank) == rank0
    assert_eq(s, s0.astype(s.dtype), **close)
    if residuals0.size:
        assert_eq(residuals, residuals0, **close)
    assert residuals.shape == ((1,) if columns is None else (columns,))


@pytest.mark.parametrize("shape", [(30, 4), (4, 30)])
def test_dependent_columns_give_the_solution_of_least_norm(shape):
    a = matrix((30, 4))
    a[:, 2] = a[:, 0]
    a = a if shape == (30, 4) else a.T.copy()
    b = matrix((shape[0],), seed=1)
    x, _, rank, s = np.linalg.lstsq(da.from_array(a, chunks=7), da.from_array(b, chunks=4))
    x0, _, rank0, s0 = np.linalg.lstsq(a, b)
    assert_eq(x, x0, atol=1e-10)
    assert_eq(rank, rank0)
    assert int(rank) == 3
    assert_eq(s, s0, atol=1e-10)


def test_small_values_count_as_nothing():
    a = np.diag([1.0, 1e-3, 1e-9])
    x, _, rank, _ = np.linalg.lstsq(da.from_array(a, chunks=2), np.ones(3), rcond=1e-6)
    assert int(rank) == 2
    assert_eq(x, np.linalg.lstsq(a, np.ones(3), rcond=1e-6)[0])


def test_nothing_is_computed_when_building():
    with config.set(scheduler=raising):
        da.linalg.lstsq(da.ones((6, 2), chunks=2), da.ones(6, chunks=3))


@pytest.mark.parametrize(
    ("shape", "right", "message"),
    [
        ((4,), (4,), "two dimensions"),
        ((4, 2), (5,), "Incompatible dimensions"),
        ((4, 2), (4, 2, 2), "one or two dimensions, got 3"),
    ],
)
def test_errors_are_raised_when_building(shape, right, message):
    with pytest.raises(ValueError, match=message):
        da.linalg.lstsq(da.ones(shape, chunks=2), da.ones(right, chunks=2))


def test_lengths_have_to_be_known():
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.linalg.lstsq(forget(da.ones((4, 2), chunks=2)), da.ones(4))
