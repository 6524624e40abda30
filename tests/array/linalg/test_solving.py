from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, raising
from tests.array.matrices import chunked, definite, matrix, near, regular


@pytest.mark.slow
@few
@given(
    data=st.data(),
    dtype=st.sampled_from(["i4", "f4", "f8", "c16"]),
    n=st.integers(1, 10),
    columns=st.sampled_from([None, 1, 5]),
)
def test_equations_and_inverses(data, dtype, n, columns):
    a, b = regular(n, dtype, data.draw(st.integers(0, 99))), matrix((n,) if columns is None else (n, columns), "f8", 1)
    x, y = data.draw(chunked(a)), data.draw(chunked(b))
    close = near(dtype)
    assert_eq(da.linalg.solve(x, y), np.linalg.solve(a, b), **close)
    assert_eq(np.linalg.solve(x, b), np.linalg.solve(a, b), **close)
    assert_eq(da.linalg.inv(x), np.linalg.inv(a), **close)
    assert_eq(np.linalg.inv(x), np.linalg.inv(a), **close)


@pytest.mark.slow
@few
@given(data=st.data(), dtype=st.sampled_from(["f4", "f8", "c16"]), n=st.integers(1, 10))
def test_positive_definite_matrices(data, dtype, n):
    a, b = definite(n, dtype, data.draw(st.integers(0, 99))), matrix((n, 2), dtype, 1)
    x, y = data.draw(chunked(a)), data.draw(chunked(b))
    assert_eq(da.linalg.solve(x, y, assume_a="pos"), np.linalg.solve(a, b), **near(dtype))


def test_pivots_come_from_other_blocks():
    a = np.roll(np.eye(6), 3, axis=0)
    x = da.from_array(a, chunks=2)
    assert_eq(da.linalg.inv(x), np.linalg.inv(a))
    assert_eq(da.linalg.solve(x, da.arange(6.0, chunks=4)), np.linalg.solve(a, np.arange(6.0)))


def test_stacks_are_solved_each_matrix_by_itself():
    a, b = np.stack([regular(3, seed=seed) for seed in range(4)]), matrix((4, 3, 2))
    x = da.from_array(a, chunks=(2, 3, 3))
    assert_eq(np.linalg.solve(x, b), np.linalg.solve(a, b))
    assert_eq(np.linalg.solve(x[0], b), np.linalg.solve(a[0], b))
    assert_eq(np.linalg.solve(x, b[0]), np.linalg.solve(a, b[0]))
    assert_eq(np.linalg.solve(x, b[0, :, 0]), np.linalg.solve(a, b[0, :, 0]))
    assert_eq(np.linalg.inv(x), np.linalg.inv(a))


@pytest.mark.parametrize("chunks", [2, 3, 6])
def test_singular_matrices_are_errors_when_computing(chunks):
    x = da.ones((6, 6), chunks=chunks)
    with config.set(scheduler=raising):
        made = [da.linalg.solve(x, x[0]), da.linalg.inv(x)]
    for each in made:
        with pytest.raises(np.linalg.LinAlgError, match=r"[Ss]ingular"):
            each.compute()


def test_linear_regression_needs_only_products_of_the_columns():
    rng = np.random.default_rng(0)
    a, beta = rng.standard_normal((1000, 5)), np.arange(5.0)
    b = a @ beta
    x, y = da.from_array(a, chunks=(100, 5)), da.from_array(b, chunks=70)
    assert_eq(da.linalg.solve(x.T.dot(x), x.T.dot(y)), beta, rtol=1e-9, atol=1e-9)
    assert_eq(da.linalg.solve(x.rechunk((100, 2)).T.dot(x.rechunk((100, 2))), x.T.dot(y)), beta, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_linear_regression_by_gradient_descent():
    rng = np.random.default_rng(1)
    a, beta = rng.standard_normal((500, 3)), np.array([1.0, -2, 3])
    x, y = da.from_array(a, chunks=(60, 3)), da.from_array(a @ beta, chunks=60)
    found = np.zeros(3)
    for _ in range(60):
        found = found - 0.5 * (x.T.dot(x.dot(found) - y) / len(x)).compute()
    np.testing.assert_allclose(found, beta, atol=1e-6)


def test_the_old_argument_warns():
    a = definite(4)
    x = da.from_array(a, chunks=2)
    with pytest.warns(FutureWarning, match="assume_a='pos'"):
        made = da.linalg.solve(x, x[0], sym_pos=True)
    assert_eq(made, np.linalg.solve(a, a[0]))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.linalg.solve(x, x, assume_a="her"), ValueError, "not a recognized matrix structure"),
        (lambda x: da.linalg.solve(x[:2], x), ValueError, "solve needs a square matrix"),
        (lambda x: da.linalg.solve(x, da.ones(5)), ValueError, "incompatible dimensions"),
        (lambda x: da.linalg.solve(da.ones((2, 3, 3)), da.ones(5)), ValueError, "incompatible dimensions"),
        (lambda x: da.linalg.solve(da.ones((2, 3, 3)), da.ones((2, 5, 1))), ValueError, "incompatible dimensions"),
        (lambda x: da.linalg.solve(da.ones((2, 3, 3)), da.ones((4, 3, 1))), ValueError, "could not be broadcast"),
        (lambda x: da.linalg.inv(x[:2]), ValueError, "inv needs a square matrix"),
        (lambda x: da.linalg.inv(da.ones((2, 3, 4))), ValueError, "inv needs a square matrix"),
        (lambda x: da.linalg.inv(x[0]), ValueError, "two dimensions"),
        (lambda x: da.linalg.inv(forget(x)), ValueError, "compute_chunk_sizes"),
        (lambda x: da.linalg.inv(da.ones((2, 4, 4), chunks=2)), ValueError, r"x\.rechunk\(\{1: -1, 2: -1\}\) first"),
        (lambda x: da.linalg.solve(x.astype("f2"), x), TypeError, "float16"),
    ],
)
def test_errors_are_raised_when_building(call, error, message):
    with pytest.raises(error, match=message):
        call(da.eye(4, chunks=2))
