from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.linalg.triangular import minus_products
from minidask.array.testing import assert_eq
from tests.array.arrays import few, raising
from tests.array.matrices import chunked, definite, matrix, near


@pytest.mark.slow
@few
@given(
    data=st.data(),
    dtypes=st.tuples(*[st.sampled_from(["i4", "f4", "f8", "c16"])] * 2),
    n=st.integers(1, 10),
    columns=st.sampled_from([None, 1, 5]),
    lower=st.booleans(),
)
def test_the_solutions_are_scipy_s(data, dtypes, n, columns, lower):
    a, b = definite(n, dtypes[0]), matrix((n,) if columns is None else (n, columns), dtypes[1], 1)
    x, y = data.draw(chunked(a)), data.draw(chunked(b))
    expected = scipy.linalg.solve_triangular(a, b, lower=lower)
    # SciPy widens float32 with int32 beyond what NumPy's promotion says.
    solved = da.linalg.solve_triangular(x, y, lower=lower)
    assert_eq(solved, expected.astype(solved.dtype), **near("f4" if "f4" in dtypes else "f8"))
    assert solved.dtype == np.result_type(*[np.float64 if dtype == "i4" else dtype for dtype in dtypes])


def test_a_diagonal_of_ones():
    a = definite(6)
    solved = da.linalg.solve_triangular(da.from_array(a, chunks=2), a[0], lower=True, unit_diagonal=True)
    assert_eq(solved, scipy.linalg.solve_triangular(a, a[0], lower=True, unit_diagonal=True), rtol=1e-6)


def test_a_matrix_with_itself():
    x = da.from_array(definite(6), chunks=(4, 3)).rechunk(3)
    assert_eq(da.linalg.solve_triangular(x, x), scipy.linalg.solve_triangular(definite(6), definite(6)))


def test_blocks_aren_t_changed():
    block, factor = np.ones((2, 2)), np.ones((2, 2))
    assert minus_products(block, [factor, factor, factor, factor]).tolist() == [[-3, -3], [-3, -3]]
    assert block.tolist() == [[1, 1], [1, 1]]
    assert minus_products(block, []) is block


def test_a_zero_on_the_diagonal_is_an_error_when_computing():
    x = da.from_array(np.diag([1.0, 2, 0, 4]), chunks=2)
    with config.set(scheduler=raising):
        solved = da.linalg.solve_triangular(x, da.ones(4, chunks=2))
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        solved.compute()


@pytest.mark.parametrize(
    ("shape", "right", "message"),
    [
        ((4, 6), (4,), r"solve_triangular needs a square matrix, got shape \(4, 6\)"),
        ((4, 4), (5,), "incompatible dimensions"),
        ((4, 4), (4, 2, 2), "one or two dimensions, got 3"),
        ((4,), (4,), "two dimensions"),
    ],
)
def test_errors_are_raised_when_building(shape, right, message):
    with pytest.raises(ValueError, match=message):
        da.linalg.solve_triangular(da.ones(shape, chunks=2), da.ones(right, chunks=2))
