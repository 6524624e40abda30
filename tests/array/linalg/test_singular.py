from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.linalg import svd_flip, svdvals
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget
from tests.array.matrices import LAPACK_DTYPES, chunked, matrix, near


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
    u, s, v = da.linalg.svd(x)
    u0, s0, v0 = np.linalg.svd(a, full_matrices=False)
    close = near(u0.dtype)
    assert (u.shape, v.shape) == (u0.shape, v0.shape)
    assert (u.dtype, s.dtype, v.dtype) == (u0.dtype, s0.dtype, v0.dtype)
    assert_eq(s, s0, **close)
    assert_eq((u * s) @ v, a.astype(u0.dtype), **close)
    assert_eq(u.conj().T @ u, np.eye(u.shape[1], dtype=u0.dtype), **close)
    assert (v.sum(axis=1).real.compute() > -1e-6).all()
    assert_eq(svdvals(x), s0, **close)
    assert_eq(np.linalg.svd(x, compute_uv=False), s0, **close)
    for own, numpys in zip(np.linalg.svd(x, full_matrices=False), (u0, s0, v0), strict=True):
        assert own.shape == numpys.shape


def test_signs_don_t_depend_on_chunks():
    a = matrix((40, 4))
    made = [da.linalg.svd(da.from_array(a, chunks=chunks)) for chunks in ((5, 4), (40, 4), (11, 2))]
    for u, _, v in made[1:]:
        assert_eq(u, made[0].U, atol=1e-10)
        assert_eq(v, made[0].Vh, atol=1e-10)


@pytest.mark.parametrize("u_based", [False, True])
def test_flipping(u_based):
    u, v = svd_flip(da.from_array(matrix((6, 3)), chunks=2), da.from_array(matrix((3, 5), "c16"), chunks=2), u_based)
    sums = u.sum(axis=0) if u_based else v.sum(axis=1).real
    assert (sums.compute() >= 0).all()
    assert_eq(abs(u), abs(matrix((6, 3))))


def test_float32_stays():
    u, v = svd_flip(da.ones((2, 2), dtype="f4"), da.ones((2, 2), dtype="f4"))
    assert u.dtype == v.dtype == "f4"


def test_stacks():
    a = matrix((3, 4, 2))
    x = da.from_array(a, chunks=(2, 4, 2))
    for own, numpys in zip(da.linalg.svd(x), np.linalg.svd(a, full_matrices=False), strict=True):
        assert_eq(own, numpys)
    assert_eq(np.linalg.svdvals(x) if hasattr(np.linalg, "svdvals") else svdvals(x), np.linalg.svdvals(a))


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 4, 3)])
def test_full_matrices_of_one_block(shape):
    a = matrix(shape)
    x = da.from_array(a, chunks=(1, *shape[1:]) if len(shape) == 3 else -1)
    for made in (np.linalg.svd(x), da.linalg.svd(x, full_matrices=True)):
        for own, numpys in zip(made, np.linalg.svd(a), strict=True):
            assert_eq(own, numpys)


def test_unknown_rows():
    a = matrix((20, 3))
    u, s, v = da.linalg.svd(forget(da.from_array(a, chunks=(6, 3))))
    assert_eq((u * s) @ v, a, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.linalg.svd(x, full_matrices=True), NotImplementedError, "full_matrices=False"),
        (lambda x: np.linalg.svd(x), NotImplementedError, "full_matrices=False"),
        (lambda x: da.linalg.svd(x[0]), ValueError, "two dimensions"),
        (lambda x: svdvals(x[0]), ValueError, "two dimensions"),
        (lambda x: svd_flip(x[0], x), ValueError, "needs matrices"),
    ],
)
def test_errors_are_raised_when_building(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones((6, 4), chunks=2))
