from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.linalg.lower_upper import factors
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, raising
from tests.array.matrices import chunked, matrix, near, regular


@pytest.mark.slow
@few
@given(data=st.data(), dtype=st.sampled_from(["i4", "f4", "f8", "c8", "c16"]), n=st.integers(1, 12))
def test_the_factors_are_scipy_s(data, dtype, n):
    a = regular(n, dtype, data.draw(st.integers(0, 99)))
    made = da.linalg.lu(data.draw(chunked(a)))
    expected = list(scipy.linalg.lu(a))
    # SciPy's permutation is real, but for matrices of one element.
    expected[0] = expected[0].real
    for own, scipys in zip(made, expected, strict=True):
        assert_eq(own, scipys, **near(scipys.dtype))
    p, lower, upper = made
    assert_eq(p @ lower @ upper, a.astype(lower.dtype), **near(lower.dtype))


@pytest.mark.parametrize(
    "a",
    [
        np.zeros((6, 6)),
        np.eye(6)[::-1],
        np.eye(6)[[3, 4, 5, 0, 1, 2]],
        np.outer(np.arange(6), np.ones(6)),
        np.tri(6)[::-1],
    ],
    ids=["zeros", "reversed", "singular-blocks", "rank-one", "triangle"],
)
def test_pivots_come_from_any_block(a):
    made = da.linalg.lu(da.from_array(np.ascontiguousarray(a), chunks=2))
    for own, scipys in zip(made, scipy.linalg.lu(a), strict=True):
        assert_eq(own, scipys)


def test_chunks_are_those_of_the_columns():
    p, lower, upper = da.linalg.lu(da.from_array(matrix((7, 7)), chunks=((7,), (3, 4))))
    assert p.chunks == lower.chunks == upper.chunks == ((3, 4), (3, 4))
    order = factors(da.from_array(matrix((7, 7)), chunks=3))[0]
    assert sorted(order.compute()) == list(range(7))


def test_nothing_at_all():
    for own in da.linalg.lu(da.ones((0, 0))):
        assert_eq(own, np.ones((0, 0)))


def test_nothing_is_computed_when_building():
    with config.set(scheduler=raising):
        da.linalg.lu(da.ones((6, 6), chunks=2))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (da.ones((4, 6), chunks=2), r"lu needs a square matrix, got shape \(4, 6\)"),
        (da.ones(4), "two dimensions"),
        (forget(da.ones((4, 4), chunks=2)), "compute_chunk_sizes"),
    ],
)
def test_errors_are_raised_when_building(x, message):
    with pytest.raises(ValueError, match=message):
        da.linalg.lu(x)
