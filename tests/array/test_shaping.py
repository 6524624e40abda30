import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.shaping import Stretch, atleast, broadcast_to, expand_dims, moveaxis, squeeze, swapaxes, transpose
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, few, forget, pairs, raising


@few
@given(pairs(EVERY_DTYPE, max_dims=4), st.data())
def test_axes_change_places(pair, data):
    a, x = pair
    order = data.draw(st.permutations(range(a.ndim)))
    assert_eq(x.transpose(*order), a.transpose(*order))
    assert_eq(np.transpose(x, [axis - a.ndim for axis in order]), a.transpose(order))
    assert_eq(x.T, a.T)
    if a.ndim:
        one, other = data.draw(st.integers(-a.ndim, a.ndim - 1)), data.draw(st.integers(-a.ndim, a.ndim - 1))
        assert_eq(x.swapaxes(one, other), a.swapaxes(one, other))
        assert_eq(np.moveaxis(x, one, other), np.moveaxis(a, one, other))
    assert_eq(
        moveaxis(x, range(a.ndim), order) if 0 else moveaxis(x, list(range(a.ndim)), order),
        np.moveaxis(a, range(a.ndim), order),
    )


@few
@given(pairs(EVERY_DTYPE), st.data())
def test_broadcasting(pair, data):
    a, x = pair
    front = tuple(data.draw(st.lists(st.integers(0, 3), max_size=2)))
    shape = front + tuple(data.draw(st.integers(0, 4)) if n == 1 else n for n in a.shape)
    assert_eq(np.broadcast_to(x, shape), np.broadcast_to(a, shape))


def test_broadcasting_in_given_chunks():
    x = da.arange(3, chunks=2)
    assert broadcast_to(x, (4, 3), chunks=(2, (2, 1))).chunks == ((2, 2), (2, 1))
    assert broadcast_to(x, 3) is x
    one, other = np.broadcast_arrays(da.ones((3, 1)), np.ones(2))
    assert (one.shape, other.shape) == ((3, 2), (3, 2))
    assert_eq(broadcast_to(forget(x), (2, np.nan)), np.broadcast_to(np.arange(3), (2, 3)), check_shape=False)
    with pytest.raises(ValueError, match=r"cannot broadcast shape \(3,\) to shape \(4,\)"):
        broadcast_to(x, 4)
    assert Stretch((True,))(1, ((0, 2),)).tolist() == [1, 1]


@few
@given(pairs(EVERY_DTYPE, max_dims=2), st.data())
def test_axes_of_length_one(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim - 1, a.ndim))
    y, b = np.expand_dims(x, axis), np.expand_dims(a, axis)
    assert_eq(y, b)
    assert_eq(y.squeeze(axis), b.squeeze(axis))
    assert_eq(np.squeeze(y), np.squeeze(b))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: transpose(x, (0,)), ValueError, "axes don't match array"),
        (lambda x: transpose(x, (0, 0)), ValueError, "repeated axis"),
        (lambda x: transpose(x, (0, 2)), np.exceptions.AxisError, "out of bounds"),
        (lambda x: swapaxes(x, 0, 2), np.exceptions.AxisError, "out of bounds"),
        (lambda x: moveaxis(x, (0, 1), 0), ValueError, "must have the same number of elements"),
        (lambda x: moveaxis(x, (0, 0), (0, 1)), ValueError, "duplicate"),
        (lambda x: squeeze(x, 0), ValueError, "size not equal to one"),
        (lambda x: expand_dims(x, 5), np.exceptions.AxisError, "out of bounds"),
    ],
)
def test_bad_axes(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((2, 3)))


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones((2, 3), chunks=1)
        assert transpose(x, (0, 1)) is x
        assert expand_dims(x, (0, 1)).shape == (1, 1, 2, 3)
        assert atleast(x, 3).shape == (1, 2, 3)
        assert atleast(x, 1) is x


def test_squeezing_an_axis_of_unknown_length():
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        squeeze(forget(da.ones((1, 3))), 0)


def test_broadcasting_an_axis_of_unknown_length_to_a_known_one():
    x = forget(da.ones((1, 1)))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.broadcast_to(x, (3, 3))
    assert_eq(da.broadcast_to(x, (2, *x.shape)), np.ones((2, 1, 1)), check_shape=False)


def test_masks_are_stretched():
    m = np.ma.array([1, 2, 3], mask=[0, 1, 0])
    stretched = broadcast_to(da.from_array(m, chunks=2), (2, 3))
    assert_eq(stretched, np.ma.array([[1, 2, 3]] * 2, mask=[[0, 1, 0]] * 2))
    assert_eq(broadcast_to(da.from_array(np.ma.array([1, 2]), chunks=2), (2, 2)), np.ma.array([[1, 2]] * 2))
