from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import few
from tests.array.matrices import chunked, matrix, regular


@pytest.mark.slow
@few
@given(
    data=st.data(), dtype=st.sampled_from(["i4", "f4", "f8", "c16"]), shape=st.sampled_from([(6, 3), (3, 6), (4, 4)])
)
def test_ranks(data, dtype, shape):
    a = matrix(shape, dtype)
    a[:, 1] = a[:, 0]
    x = data.draw(chunked(a))
    assert_eq(np.linalg.matrix_rank(x), np.linalg.matrix_rank(a))
    assert_eq(np.linalg.matrix_rank(x, tol=2.0), np.linalg.matrix_rank(a, tol=2.0))
    assert_eq(da.linalg.matrix_rank(x, rtol=0.5), np.linalg.matrix_rank(a, rtol=0.5))


def test_ranks_of_stacks_and_of_vectors():
    a = matrix((4, 3, 2))
    assert_eq(np.linalg.matrix_rank(da.from_array(a, chunks=(2, 3, 2))), np.linalg.matrix_rank(a))
    for v in (np.zeros(3), np.arange(3.0)):
        assert int(np.linalg.matrix_rank(da.from_array(v, chunks=2))) == np.linalg.matrix_rank(v)
    with pytest.raises(ValueError, match="can't be both set"):
        da.linalg.matrix_rank(da.eye(2), 1, rtol=1)


@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, np.inf, -np.inf, "fro"])
def test_condition_numbers(p):
    a = regular(5)
    assert_eq(np.linalg.cond(da.from_array(a, chunks=2), p), np.linalg.cond(a, p))
    s = np.stack([regular(3, seed=seed) for seed in range(4)])
    assert_eq(da.linalg.cond(da.from_array(s, chunks=(2, 3, 3)), p), np.linalg.cond(s, p))


def test_condition_numbers_need_matrices():
    with pytest.raises(ValueError, match="at least two dimensions, got 1"):
        da.linalg.cond(da.ones(3))
    with pytest.raises(ValueError, match="needs a square matrix"):
        da.linalg.cond(da.ones((3, 2)), 1)


def test_other_names():
    a = matrix((4, 3, 3))
    x = da.from_array(a, chunks=2)
    assert_eq(np.linalg.matrix_transpose(x), np.linalg.matrix_transpose(a))
    assert_eq(np.matrix_transpose(x), np.matrix_transpose(a))
    assert_eq(np.linalg.trace(x, offset=1), np.linalg.trace(a, offset=1))
    assert_eq(np.linalg.diagonal(x), np.linalg.diagonal(a))
    assert_eq(np.linalg.outer(x[0, 0], x[0, 1]), np.linalg.outer(a[0, 0], a[0, 1]))
    with pytest.raises(ValueError, match="must be one-dimensional"):
        np.linalg.outer(x, x)
    with pytest.raises(ValueError, match="at least two dimensions, got 1"):
        np.linalg.matrix_transpose(x[0, 0])


def test_what_isn_t_built_says_so():
    with pytest.raises(AttributeError, match="LinAlgError isn't built: take it from numpy"):
        _ = da.linalg.LinAlgError


def test_tensor_equations():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 6)), rng.normal(size=(2, 3))
    x = da.from_array(a, chunks=(1, 3, 2))
    assert_eq(np.linalg.tensorsolve(x, da.from_array(b, chunks=2)), np.linalg.tensorsolve(a, b))
    assert_eq(np.linalg.tensorinv(x, ind=2), np.linalg.tensorinv(a, ind=2))
    moved = a.transpose(0, 2, 1)
    assert_eq(
        np.linalg.tensorsolve(da.from_array(moved, chunks=2), b, axes=(1,)), np.linalg.tensorsolve(moved, b, axes=(1,))
    )
    for call, message in [
        (lambda: da.linalg.tensorinv(x, 0), "Invalid ind argument"),
        (lambda: da.linalg.tensorinv(x, 1), r"got shape \(2, 3, 6\)"),
        (lambda: da.linalg.tensorsolve(x, b[0]), "must satisfy the requirement"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_names_of_numpy_2():
    a = np.arange(12.0).reshape(3, 2, 2)
    x = da.from_array(a, chunks=(2, 1, 2))
    assert_eq(da.linalg.trace(x, offset=1), np.linalg.trace(a, offset=1))
    assert_eq(da.linalg.diagonal(x), np.linalg.diagonal(a))
    assert_eq(da.linalg.outer(x[0, 0], x[1, 0]), np.linalg.outer(a[0, 0], a[1, 0]))
    assert_eq(da.matrix_transpose(x), np.matrix_transpose(a))
