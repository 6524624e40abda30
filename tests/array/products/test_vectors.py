from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, chunkings, few, forget, pairs, sample

PRODUCTS = ["matmul", "dot", "inner"]


def chunked(data, a):
    return da.from_array(a, chunks=data.draw(chunkings(a.shape)))


@pytest.mark.slow
@few
@given(data=st.data(), name=st.sampled_from(PRODUCTS), dtypes=st.tuples(*[st.sampled_from([*NUMBERS, "O"])] * 2))
def test_dimensions_from_one_to_three(data, name, dtypes):
    k = data.draw(st.integers(1, 6))
    dims = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stack = data.draw(st.integers(1, 3))
    left = {1: (k,), 2: (4, k), 3: (stack, 4, k)}[dims[0]]
    right = {1: (k,), 2: (k, 5), 3: (stack, k, 5)}[dims[1]]
    if name == "inner":
        right = (*right[:-2], *right[:-3:-1]) if dims[1] > 1 else right
    a, b = sample(left, dtypes[0], 1), sample(right, dtypes[1], 2)
    x, y = chunked(data, a), chunked(data, b)
    assert_eq(getattr(da, name)(x, y), getattr(np, name)(a, b))
    assert_eq(getattr(np, name)(x, b), getattr(np, name)(a, b))


@pytest.mark.slow
@few
@given(data=st.data())
def test_stacks_are_broadcast(data):
    shapes = data.draw(
        st.sampled_from([((3, 1, 2, 4), (5, 4, 2)), ((2, 4), (3, 1, 4, 3)), ((4,), (3, 4, 2)), ((1, 2, 4), (3, 4))])
    )
    shapes = shapes if shapes[1] != (3, 4) else ((1, 2, 4), (3, 4, 3))
    a, b = sample(shapes[0], seed=1), sample(shapes[1], seed=2)
    assert_eq(chunked(data, a) @ chunked(data, b), a @ b)


@pytest.mark.slow
@few
@given(data=st.data())
def test_products_of_vectors_along_an_axis(data):
    a, b = sample((3, 4, 2), "c16", 1), sample((4, 2), "f8", 2)
    x, y = chunked(data, a), chunked(data, b)
    assert_eq(da.vecdot(x, y), np.vecdot(a, b))
    assert_eq(da.vecdot(x, y, axis=-2), np.vecdot(a, b, axis=-2))
    assert_eq(np.linalg.vecdot(x, y), np.linalg.vecdot(a, b))


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="NumPy 2.2 brought them")
def test_matrices_and_vectors():
    a, v, w = sample((2, 3, 4), "c16", 1), sample((4,), "c16", 2), sample((3,), "c16", 3)
    x = da.from_array(a, chunks=(1, 2, 3))
    assert_eq(da.matvec(x, v), np.matvec(a, v))
    assert_eq(np.vecmat(da.from_array(w, chunks=2), x), np.vecmat(w, a))


@pytest.mark.slow
@few
@given(pair=pairs(dtypes=["f8", "i4", "c16", "c8"]), seed=st.integers(0, 9))
def test_vdot(pair, seed):
    a, x = pair
    b = sample(a.shape, "c16", seed)
    assert_eq(da.vdot(x, b), np.vdot(a, b))
    assert_eq(da.vdot(x, b.ravel()), np.vdot(a, b))


def test_scalars_multiply():
    a = sample((3, 2))
    x = da.from_array(a, chunks=2)
    assert_eq(da.dot(x, 2), a * 2)
    assert_eq(da.dot(2, x), a * 2)
    assert_eq(da.inner(x, np.float64(3)), a * 3)


def test_operators_and_methods():
    a, b = sample((4, 6), seed=1), sample((6, 3), seed=2)
    x, y = da.from_array(a, chunks=(2, 4)), da.from_array(b, chunks=(5, 2))
    assert_eq(x @ b, a @ b)
    assert_eq(a @ y, a @ b)
    assert_eq(x.dot(y), a.dot(b))
    assert_eq(np.dot(a, y), a.dot(b))
    assert_eq(x.T.dot(x), a.T.dot(a))
    assert_eq(da.matmul(x, y, dtype="c16"), np.matmul(a, b, dtype="c16"))


def test_axes_of_length_one_are_no_stretching():
    x = da.ones((3, 1), chunks=1)
    assert_eq(x @ da.ones((1, 3), chunks=1), np.ones((3, 3)))
    for call in (lambda: da.dot(da.ones(1), da.ones(5)), lambda: x @ da.ones((3, 1)), lambda: da.inner(x, da.ones(5))):
        with pytest.raises(ValueError):
            call()


def test_nothing_times_something():
    assert_eq(da.ones((3, 0), chunks=1) @ da.ones((0, 2)), np.zeros((3, 2)))
    assert_eq(da.ones((0, 3), chunks=1) @ da.ones((3, 2), chunks=1), np.zeros((0, 2)))
    assert_eq(da.ones(0) @ da.ones(0), np.float64(0))


def test_unknown_rows():
    a = sample((6, 3))
    x = forget(da.from_array(a, chunks=(2, 3)))
    product = x @ a.T[:, :2]
    assert np.isnan(product.shape[0])
    assert_eq(product, a @ a.T[:, :2])
    assert_eq(da.vdot(x, x), np.vdot(a, a))


def test_products_of_powers():
    a = sample((4, 4))
    x = da.from_array(a, chunks=(3, 2))
    for power in (0, 1, 2, 3, 7):
        assert_eq(np.linalg.matrix_power(x, power), np.linalg.matrix_power(a, power))
    s = sample((3, 2, 2))
    assert_eq(np.linalg.matrix_power(da.from_array(s, chunks=2), 0), np.linalg.matrix_power(s, 0))


def test_chains_take_the_cheapest_order():
    a, b, c = sample((20, 3), seed=1), sample((3, 30), seed=2), sample((30, 2), seed=3)
    x, y, z = [da.from_array(each, chunks=7) for each in (a, b, c)]
    chain = np.linalg.multi_dot([x, y, z])
    assert_eq(chain, np.linalg.multi_dot([a, b, c]))
    assert chain.name == da.dot(x, da.dot(y, z)).name
    assert_eq(np.linalg.multi_dot([x[0], y, z[:, 0]]), np.linalg.multi_dot([a[0], b, c[:, 0]]))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.matmul(x, 2), ValueError, "Input operand 1 does not have enough dimensions"),
        (lambda x: da.matmul(x, x), ValueError, "mismatch in its core dimension"),
        (lambda x: da.matmul(da.ones((2, 1, 3)), da.ones((3, 3, 1))), ValueError, "could not be broadcast"),
        (lambda x: da.dot(x, x), ValueError, r"shapes \(2, 3\) and \(2, 3\) not aligned: 3 \(dim 1\) != 2 \(dim 0\)"),
        (lambda x: da.inner(x, x.T), ValueError, "not aligned"),
        (lambda x: da.vdot(x, da.ones(5)), ValueError, "6 and 5 elements"),
        (lambda x: da.vecdot(x, x, axis=5), np.exceptions.AxisError, "out of bounds"),
        (lambda x: da.matmul(x.astype("M8[s]"), x.T), TypeError, "matmul"),
        (lambda x: np.linalg.matrix_power(x, 2), np.linalg.LinAlgError, "square"),
        (lambda x: np.linalg.matrix_power(x @ x.T, -1), ValueError, "linalg.inv"),
        (lambda x: np.linalg.matrix_power(x @ x.T, 0.5), TypeError, "must be an integer"),
        (lambda x: np.linalg.multi_dot([x]), ValueError, "at least two"),
        (lambda x: np.linalg.multi_dot([x, x[0], x]), ValueError, "array 1 of multi_dot has 1 dimensions"),
    ],
)
def test_errors_are_raised_when_building(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones((2, 3), chunks=2))
