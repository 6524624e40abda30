from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.linalg.tall import least, lying, triangle_of
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, raising
from tests.array.matrices import LAPACK_DTYPES, chunked, matrix, near


def check_factors(a, q, r):
    q0, r0 = np.linalg.qr(a)
    close = near(q0.dtype)
    assert_eq(abs(q.conj().T @ q), np.eye(q0.shape[1], dtype=abs(q0).dtype), **close)
    assert_eq(q @ r, a.astype(q0.dtype), **close)
    assert r.shape == r0.shape
    assert_eq(r, np.triu(r.compute()), **close)
    assert q.dtype == q0.dtype
    assert r.dtype == r0.dtype


@pytest.mark.slow
@few
@given(
    data=st.data(),
    dtype=st.sampled_from(LAPACK_DTYPES),
    shape=st.sampled_from([(12, 3), (3, 12), (5, 5), (1, 4), (4, 1), (7, 6)]),
)
def test_any_shape_and_chunks(data, dtype, shape):
    a = matrix(shape, dtype, data.draw(st.integers(0, 99)))
    x = data.draw(chunked(a))
    check_factors(a, *da.linalg.qr(x))
    factors = np.linalg.qr(x)
    assert_eq(abs(factors.R), abs(da.linalg.qr(x)[1]))
    assert_eq(abs(np.linalg.qr(x, mode="r")), abs(da.linalg.qr(x)[1]), **near(factors.R.dtype))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nothing(shape):
    a = np.ones(shape)
    q, r = da.linalg.qr(da.from_array(a, chunks=1))
    for own, numpys in zip((q, r), np.linalg.qr(a), strict=True):
        assert_eq(own, numpys)


@pytest.mark.parametrize("rows", [1, 2, 7, 40])
def test_tall_matrices_keep_their_chunks(rows):
    a = matrix((200, 5))
    x = da.from_array(a, chunks=(rows, 5))
    q, r = da.linalg.tsqr(x)
    assert q.chunks == x.chunks
    assert r.chunks == ((5,), (5,))
    check_factors(a, q, r)


def test_rows_may_be_unknown():
    a = matrix((40, 3))
    x = forget(da.from_array(a, chunks=(8, 3)))
    q, r = da.linalg.qr(x)
    assert_eq(q @ r, a, atol=1e-10)
    assert np.isnan(r.shape[0])
    assert_eq(abs(triangle_of(x)), abs(np.linalg.qr(a)[1]))


def test_wide_matrices_join_their_first_blocks():
    a = matrix((6, 40))
    q, r = da.linalg.sfqr(da.from_array(a, chunks=(6, 4)))
    assert r.chunks[1][:2] == (8, 4)
    check_factors(a, q, r)
    check_factors(a[:, :4], *da.linalg.sfqr(da.from_array(a[:, :4], chunks=(6, 2))))


def test_dependent_columns():
    a = matrix((30, 4))
    a[:, 1] = a[:, 0]
    check_factors(a, *da.linalg.qr(da.from_array(a, chunks=(7, 4))))
    check_factors(a.T.copy(), *da.linalg.qr(da.from_array(a.T.copy(), chunks=(4, 7))))


def test_stacks():
    a = matrix((3, 4, 2))
    q, r = np.linalg.qr(da.from_array(a, chunks=(2, 4, 2)))
    assert_eq(q, np.linalg.qr(a).Q)
    assert_eq(r, np.linalg.qr(a).R)
    assert_eq(np.linalg.qr(da.from_array(a, chunks=(2, 4, 2)), mode="r"), np.linalg.qr(a, mode="r"))


def test_nothing_is_computed_when_building_and_graphs_travel():
    a = matrix((30, 3))
    x = da.from_array(a, chunks=(4, 3))
    with config.set(scheduler=raising):
        q, r = da.linalg.qr(x)
        u, s, v = da.linalg.svd(x)
    check_factors(a, *pickle.loads(pickle.dumps((q, r))))
    assert_eq((u * s) @ v, a, atol=1e-10)
    assert q.name == da.linalg.qr(x)[0].name
    assert len({y.name for y in (q, r, u, s, v)}) == 5


def test_only_triangles_are_held_for_r_alone():
    x = da.ones((1000, 3), chunks=(10, 3))
    # A task a block, and a tree of triangles over them.
    assert len(np.linalg.qr(x, mode="r").dask) < 100 * 2 + 100


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 4, 3)])
@pytest.mark.parametrize("mode", ["complete", "raw", "r", "reduced"])
def test_modes_of_whole_matrices(shape, mode):
    a = matrix(shape)
    x = da.from_array(a, chunks=(1, *shape[1:]) if len(shape) == 3 else -1)
    with config.set(scheduler=raising):
        made = np.linalg.qr(x, mode=mode)
    expected = np.linalg.qr(a, mode=mode)
    if mode == "r":
        made, expected = (made,), (expected,)
    for own, numpys in zip(made, expected, strict=True):
        assert_eq(abs(own), abs(numpys))


def test_how_a_matrix_lies():
    x = da.ones((9, 6), chunks=2)
    assert lying("qr", x)[0].numblocks == (5, 1)
    assert lying("qr", x.T)[0].numblocks == (1, 5)
    assert lying("qr", x.T)[1]
    assert least(3, 4) == 3
    assert np.isnan(least(3, float("nan")))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: da.linalg.tsqr(x),
            ValueError,
            r"one column of blocks, got 2 columns of them: x\.rechunk\(\{1: -1\}\)",
        ),
        (lambda x: da.linalg.sfqr(x), ValueError, r"one row of blocks, got 2 rows of them: x\.rechunk\(\{0: -1\}\)"),
        (lambda x: da.linalg.qr(x[0]), ValueError, "of two dimensions, got 1"),
        (lambda x: da.linalg.qr(x.astype("f2")), TypeError, "float16"),
        (lambda x: np.linalg.qr(x, mode="complete"), NotImplementedError, r"one block: x\.rechunk\(\{0: -1, 1: -1\}\)"),
        (lambda x: da.linalg.qr(x[None], mode="raw"), NotImplementedError, r"x\.rechunk\(\{1: -1, 2: -1\}\)"),
        (lambda x: da.linalg.qr(x, mode="full"), ValueError, "Unrecognized mode 'full'"),
        (lambda x: da.linalg.qr(forget(x)), ValueError, "compute_chunk_sizes"),
        (lambda x: da.linalg.sfqr(forget(x, 1)[:2]), ValueError, "compute_chunk_sizes"),
        (
            lambda x: da.linalg.qr(da.ones((2, 4, 4), chunks=2)),
            ValueError,
            r"whole matrices here, but axis 1 is in 2 blocks",
        ),
    ],
)
def test_errors_are_raised_when_building(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones((4, 4), chunks=2))
