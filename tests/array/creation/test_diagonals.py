import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, NUMBERS, few, forget, pairs, sample


@few
@given(pairs(NUMBERS, min_dims=1, max_dims=2), st.integers(-5, 5))
def test_diag(pair, k):
    a, x = pair
    assert_eq(np.diag(x, k), np.diag(a, k))


@few
@given(pairs(EVERY_DTYPE, min_dims=2, max_dims=4), st.integers(-5, 5), st.data())
def test_diagonal(pair, offset, data):
    a, x = pair
    one, other = data.draw(st.permutations(range(a.ndim)))[:2]
    assert_eq(np.diagonal(x, offset, one, other), np.diagonal(a, offset, one, other))


@few
@given(pairs(NUMBERS, min_dims=2), st.integers(-5, 5))
def test_triangles(pair, k):
    a, x = pair
    assert_eq(np.tril(x, k), np.tril(a, k))
    assert_eq(np.triu(x, k), np.triu(a, k))


@few
@given(st.integers(0, 7), st.none() | st.integers(0, 7), st.integers(-8, 8), st.integers(1, 4))
def test_tri_and_indices(n, m, k, chunks):
    assert_eq(da.tri(n, m, k, int, chunks=chunks), np.tri(n, m, k, int))
    for ours, numpys in ((da.tril_indices, np.tril_indices), (da.triu_indices, np.triu_indices)):
        for found, expected in zip(ours(n, k, m, chunks), numpys(n, k, m), strict=True):
            assert_eq(found, expected, check_shape=False)


def test_indices_of_a_matrix():
    a = np.ones((3, 4))
    x = da.from_array(a, chunks=2)
    for func in (np.tril_indices_from, np.triu_indices_from):
        for found, expected in zip(func(x, 1), func(a, 1), strict=True):
            assert_eq(found, expected, check_shape=False)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: da.diag(x[None]), "must be 1- or 2-d"),
        (lambda x: da.diag(forget(x[0])), "diag needs chunk sizes"),
        (lambda x: da.diagonal(x[0]), "at least two dimensions"),
        (lambda x: da.diagonal(x, 0, 1, -1), "cannot be the same"),
        (lambda x: da.tril(x[0, 0]), "one axis at least, this has none"),
        (lambda x: da.triu(forget(x)), "needs chunk sizes"),
        (lambda x: da.tri(-1), "negative dimensions"),
        (lambda x: da.tril_indices_from(x[0]), "must be 2-d"),
    ],
)
def test_bad_calls(call, message):
    with pytest.raises(ValueError, match=message):
        call(da.ones((3, 4), chunks=2))


def test_rows_of_a_triangle_may_be_one_vector():
    a = np.arange(1, 6)
    for func in (np.tril, np.triu):
        assert_eq(func(da.from_array(a, chunks=2), 1), func(a, 1))


def test_diagonals_of_any_array():
    a = np.arange(6).reshape(2, 3)
    x = da.from_array(a, chunks=1)
    assert_eq(np.diagflat(x, 1), np.diagflat(a, 1))
    for one, other in zip(np.diag_indices_from(da.ones((3, 3), chunks=2)), np.diag_indices(3), strict=True):
        assert_eq(one, other)
    for one, other in zip(da.diag_indices(2, 3), np.diag_indices(2, 3), strict=True):
        assert_eq(one, other)
    with pytest.raises(ValueError, match="must be of equal length"):
        da.diag_indices_from(x)
    with pytest.raises(ValueError, match="at least 2-d"):
        da.diag_indices_from(x[0])


@pytest.mark.parametrize("dtype", [">i4", ">f8"])
def test_orders_of_bytes_are_as_declared(dtype):
    a = sample((4, 4), dtype)
    x = da.from_array(a, chunks=3)
    assert_eq(da.tril(x), np.tril(a))
    assert_eq(da.diagonal(x), np.diagonal(a))
    for k in (-1, 0, 1):
        assert_eq(da.diag(x[0], k), np.diag(a[0], k), check_dtype=False)
