from __future__ import annotations

import sys

import numpy as np
import pytest

import minidask.array as da
from minidask.array.linalg.matrices import (
    calculable,
    check_square,
    lapack_dtype,
    matrix,
    one_block,
    scipy_linalg,
    square,
)
from tests.array.arrays import forget


def test_dtypes_that_lapack_calculates_in():
    assert [str(lapack_dtype(np.dtype(name))) for name in ("?", "i1", "f4", "c8")] == [
        "float64",
        "float64",
        "float32",
        "complex64",
    ]
    x = da.ones((2, 2))
    assert calculable(x) is x
    for dtype in ("f2", "M8[s]", "U1"):
        with pytest.raises(TypeError):
            lapack_dtype(np.dtype(dtype))


def test_matrices_have_two_dimensions():
    with pytest.raises(ValueError, match="qr needs a matrix, of two dimensions, got 1"):
        matrix("qr", da.ones(3))


def test_squares_get_the_chunks_of_their_columns():
    assert square("lu", da.ones((6, 6), chunks=((2, 4), (3, 0, 3)))).chunks == ((3, 3), (3, 3))
    with pytest.raises(ValueError, match=r"lu needs a square matrix, got shape \(2, 3\)"):
        square("lu", da.ones((2, 3)))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        check_square("lu", forget(da.ones((4, 4), chunks=2)))


def test_one_block():
    x = da.ones((4, 4), chunks=2)
    assert one_block("qr", x, -1).chunks == ((2, 2), (4,))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        one_block("qr", forget(x), 0)
    y = forget(x)
    assert one_block("qr", y.rechunk({1: -1}), 1).numblocks == (2, 1)


@pytest.mark.parametrize("what", ["lu", "solve_triangular", "cholesky", "solve", "inv"])
def test_what_needs_scipy_says_so_when_building(monkeypatch, what):
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    x = da.eye(4, chunks=2)
    with pytest.raises(ImportError, match="needs SciPy, which isn't installed: pip install scipy"):
        getattr(da.linalg, what)(*([x, x] if "solve" in what else [x]))


def test_what_doesn_t_works_without(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    x = da.eye(4, chunks=-1) * 2
    assert da.linalg.inv(x).compute()[0, 0] == 0.5
    assert da.linalg.solve(x, x).compute()[0, 0] == 1
    assert da.linalg.cholesky(x, lower=True).compute().shape == (4, 4)
    assert da.linalg.qr(x.rechunk((2, 4)))[1].compute().shape == (4, 4)


def test_the_library():
    assert scipy_linalg("lu").__name__ == "scipy.linalg"
