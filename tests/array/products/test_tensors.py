from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, chunkings, few, forget, pairs, sample


@pytest.mark.slow
@few
@given(data=st.data(), dtype=st.sampled_from([*NUMBERS, "O"]))
def test_tensordot(data, dtype):
    a, b = sample((3, 4, 2), dtype, 1), sample((2, 4, 3), dtype, 2)
    x = da.from_array(a, chunks=data.draw(chunkings(a.shape)))
    y = da.from_array(b, chunks=data.draw(chunkings(b.shape)))
    axes = data.draw(
        st.sampled_from(
            [0, 1, (0, 2), (-1, 0), ((1,), (1,)), ((0, 1), (2, 1)), ([2, 1, 0], [0, 1, 2]), ((), ()), ((2,), [0])]
        )
    )
    assert_eq(da.tensordot(x, y, axes), np.tensordot(a, b, axes))
    assert_eq(np.tensordot(x, b, axes), np.tensordot(a, b, axes))


@pytest.mark.parametrize(
    ("axes", "error", "message"),
    [
        (3, ValueError, "shape-mismatch for sum"),
        (4, ValueError, "over 4 axes"),
        (-1, ValueError, "over -1 axes"),
        (((0, 1), (0,)), ValueError, "2 axes on the left, 1 on the right"),
        (((0, 0), (0, 2)), ValueError, "each axis once"),
        ((0, 0), ValueError, "axis 0 has length 3, axis 0 of the other array 2"),
        ((5, 0), np.exceptions.AxisError, "out of bounds"),
    ],
)
def test_axes_that_don_t_fit(axes, error, message):
    with pytest.raises(error, match=message):
        da.tensordot(da.ones((3, 4, 2)), da.ones((2, 4, 3)), axes)


@pytest.mark.slow
@few
@given(one=pairs(max_dims=2, min_side=1, max_side=4), other=pairs(max_dims=3, min_side=1, max_side=3))
def test_kron(one, other):
    (a, x), (b, y) = one, other
    assert_eq(da.kron(x, y), np.kron(a, b))


def test_kron_needs_lengths():
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.kron(forget(da.ones(4, chunks=2)), da.ones(2))


@pytest.mark.slow
@few
@given(data=st.data())
def test_cross(data):
    shape, other = data.draw(
        st.sampled_from([((4, 3), (4, 3)), ((4, 3), (3,)), ((2, 4, 3), (4, 3)), ((3,), (3,)), ((2, 1, 3), (5, 3))])
    )
    a, b = sample(shape, "i8", 1), sample(other, "f8", 2)
    x = da.from_array(a, chunks=data.draw(chunkings(a.shape)))
    y = da.from_array(b, chunks=data.draw(chunkings(b.shape)))
    assert_eq(da.cross(x, y), np.cross(a, b))
    assert_eq(np.cross(x, b, axisc=0), np.cross(a, b, axisc=0))


def test_cross_along_another_axis():
    a = sample((3, 5))
    x = da.from_array(a, chunks=2)
    assert_eq(da.cross(x, x[::-1], axis=0), np.cross(a, a[::-1], axis=0))
    assert_eq(np.linalg.cross(x, x[::-1], axis=0), np.linalg.cross(a, a[::-1], axis=0))


def test_vectors_with_two_components_are_refused():
    with pytest.raises(ValueError, match="3 components, got 2 and 3"):
        da.cross(da.ones((4, 2)), da.ones((4, 3)))
