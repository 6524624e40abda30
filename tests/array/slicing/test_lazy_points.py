import math

import numpy as np
import pytest

import minidask.array as da
from minidask.array.chunks import UnknownChunkSizes
from minidask.array.slicing.lazy_points import in_one, located, points_shape, put_lazily, take_lazily, true_positions
from minidask.array.testing import assert_eq
from tests.array.arrays import forget, sample


@pytest.mark.parametrize("shape", [(7,), (4, 5), (2, 3, 4), (0, 3)])
def test_true_positions_come_in_order(shape):
    mask = sample(shape, "?", 2)
    found = true_positions(da.from_array(mask, chunks=2))
    for each, expected in zip(found, np.nonzero(mask), strict=True):
        assert each.numblocks == (1,)
        assert_eq(each, expected, check_shape=False)
    with pytest.raises(UnknownChunkSizes, match="the order of the places"):
        true_positions(forget(da.ones(3, chunks=2)) > 0)


def test_one_block_along_the_first_axis():
    a = np.arange(12).reshape(4, 3)
    x = da.from_array(a, chunks=2)
    assert in_one(x).chunks == ((4,), (2, 1))
    assert in_one(in_one(x)) is not x
    assert_eq(in_one(forget(x)), a, check_shape=False)


def test_shapes_of_points():
    assert points_shape([np.zeros((2, 1)), da.zeros(3)]) == (2, 3)
    assert points_shape([forget(da.zeros(3)), np.zeros(3), np.zeros(())]) == (3,)
    assert math.isnan(points_shape([forget(da.zeros(3)), np.zeros(1)])[0])
    with pytest.raises(IndexError, match=r"with shapes \(2,\) \(3,\)"):
        points_shape([np.zeros(2), np.zeros(3)])
    with pytest.raises(IndexError, match="shape mismatch"):
        points_shape([forget(da.zeros(3)), np.zeros(2), np.zeros(3)])
    with pytest.raises(UnknownChunkSizes, match="several axes"):
        points_shape([forget(da.zeros((3, 2)))])
    with pytest.raises(NotImplementedError, match="compute its positions first"):
        points_shape([forget(da.zeros(3)), np.zeros((3, 1))])


def test_points_along_several_axes():
    a = np.arange(60).reshape(3, 4, 5)
    x = da.from_array(a, chunks=2)
    first, last = np.array([[2], [-1]]), np.array([0, 4, 4])
    taken, at, count = take_lazily(x, {0: da.from_array(first, chunks=1), 2: da.from_array(last, chunks=2)})
    assert (at, count) == (0, 2)
    assert_eq(taken, a[first, :, last])
    value = np.arange(24).reshape(2, 3, 4)
    expected = a.copy()
    expected[first, :, last] = value
    assert_eq(put_lazily(x, {0: da.from_array(first), 2: last}, da.from_array(value, chunks=2), 0), expected)
    with pytest.raises(UnknownChunkSizes, match="an index by positions"):
        take_lazily(forget(x), {0: da.from_array(last)})
    with pytest.raises(UnknownChunkSizes, match="assigning at positions"):
        put_lazily(forget(x), {0: da.from_array(last)}, 1, 0)


def test_positions_are_located():
    with pytest.raises(IndexError, match="index 5 is out of bounds for axis 1 with size 3"):
        located([np.array([5])], (1,), (3,))
    with pytest.raises(IndexError, match="could not be broadcast"):
        located([np.array([0, 1]), np.array([0, 1, 2])], (0, 1), (3, 3))


def test_of_several_values_for_one_place_the_last_stays():
    x = da.zeros(5, chunks=2)
    x[da.from_array([1, 4, 1, 1], chunks=3)] = np.array([5, 6, 7, 8])
    assert_eq(x, np.array([0, 8, 0, 0, 6.0]))
