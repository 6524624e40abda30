from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.linalg import matrix_norm, norm, vector_norm
from minidask.array.testing import assert_eq
from tests.array.arrays import few, pairs
from tests.array.matrices import chunked, matrix, near

DTYPES = ["?", "i4", "f4", "f8", "c16"]
OF_VECTORS = [None, 0, 1, -1, 2, -2, 3, 0.5, np.inf, -np.inf]
OF_MATRICES = [None, "fro", 1, -1, np.inf, -np.inf, 2, -2, "nuc"]


@pytest.mark.slow
@few
@given(data=st.data(), dtype=st.sampled_from(DTYPES), ord=st.sampled_from(OF_VECTORS), keepdims=st.booleans())
def test_vectors(data, dtype, ord, keepdims):
    a = matrix((5, 4, 3), dtype, 3)
    if ord is not None and ord < 0:
        a = (abs(a) + 1).astype(dtype)
    x = data.draw(chunked(a))
    for axis in (0, -1, (1,)):
        expected = np.linalg.norm(a, ord, axis, keepdims)
        assert_eq(norm(x, ord, axis, keepdims), expected, **near(expected.dtype))
    expected = np.linalg.norm(a[0, 0], ord, keepdims=keepdims)
    assert_eq(np.linalg.norm(x[0, 0], ord, keepdims=keepdims), expected, **near(expected.dtype))


@pytest.mark.slow
@few
@given(data=st.data(), dtype=st.sampled_from(DTYPES), ord=st.sampled_from(OF_MATRICES), keepdims=st.booleans())
def test_matrices(data, dtype, ord, keepdims):
    a = matrix((4, 6), dtype, data.draw(st.integers(0, 9)))
    x = data.draw(chunked(a))
    expected = np.linalg.norm(a, ord, keepdims=keepdims)
    assert_eq(norm(x, ord, keepdims=keepdims), expected, **near(expected.dtype))
    assert_eq(
        np.linalg.norm(x, ord, axis=(1, 0), keepdims=keepdims),
        np.linalg.norm(a, ord, (1, 0), keepdims),
        **near(expected.dtype),
    )


@pytest.mark.parametrize("ord", OF_MATRICES)
@pytest.mark.parametrize("keepdims", [False, True])
def test_stacks_of_matrices(ord, keepdims):
    a = matrix((4, 3, 5))
    x = da.from_array(a, chunks=(4, 2, 5))
    assert_eq(norm(x, ord, (0, 2), keepdims), np.linalg.norm(a, ord, (0, 2), keepdims))
    if hasattr(np.linalg, "matrix_norm"):
        y = da.from_array(a, chunks=(2, 3, 5))
        assert_eq(
            np.linalg.matrix_norm(y, ord=ord or "fro", keepdims=keepdims),
            np.linalg.matrix_norm(a, ord=ord or "fro", keepdims=keepdims),
        )


@pytest.mark.slow
@few
@given(pair=pairs(dtypes=DTYPES, min_dims=1))
def test_all_elements(pair):
    a, x = pair
    assert_eq(norm(x), np.linalg.norm(a))
    if hasattr(np.linalg, "vector_norm"):
        for axis in (None, 0, tuple(range(a.ndim))):
            assert_eq(np.linalg.vector_norm(x, axis=axis, ord=1), np.linalg.vector_norm(a, axis=axis, ord=1))


def test_nothing_has_no_size():
    a = np.ones((3, 0))
    x = da.from_array(a)
    for ord in (None, 1, np.inf, "nuc"):
        assert_eq(norm(x, ord), np.float64(0))
    assert_eq(norm(x, np.inf, axis=1), np.zeros(3))
    assert_eq(norm(x, 1, axis=1, keepdims=True), np.zeros((3, 1)))


def test_own_names():
    assert float(vector_norm(da.ones((2, 2)))) == 2
    assert float(matrix_norm(da.ones((2, 2)), ord=1)) == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: norm(x, 3), ValueError, "Invalid norm order 3 for matrices"),
        (lambda x: norm(x, "other"), ValueError, "Invalid norm order 'other' for matrices"),
        (lambda x: norm(x[0], "fro"), ValueError, "Invalid norm order 'fro' for vectors"),
        (lambda x: vector_norm(x, ord="fro"), ValueError, "Invalid norm order 'fro' for vectors"),
        (lambda x: norm(x, axis=5), np.exceptions.AxisError, "out of bounds"),
        (lambda x: norm(x, axis=(0, 0)), ValueError, "[Dd]uplicate"),
        (lambda x: norm(da.ones((2, 2, 2)), 1), ValueError, "Improper number of dimensions"),
        (lambda x: norm(x[:, :0], -np.inf, axis=1), ValueError, "zero-size array"),
        (lambda x: norm(da.ones((2, 4, 4), chunks=2), 2, axis=(1, 2)), ValueError, "whole matrices here"),
    ],
)
def test_errors_are_raised_when_building(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones((4, 4), chunks=2))
