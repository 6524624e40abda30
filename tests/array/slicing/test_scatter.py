import numpy as np
import pytest

import minidask.array as da
from minidask.array.slicing.scatter import assign_points, points_of, values_in_order
from minidask.array.testing import assert_eq


def test_points_with_slices_and_ints_beside_them():
    a = np.arange(120.0).reshape(4, 5, 6)
    for index, shape in [
        (([0, 3, 1], [1, 1, 4]), (3, 6)),
        (([0, 3], slice(1, 4), [5, 0]), (2, 3)),
        ((slice(None), [[0, 1], [2, 3]], 1), (4, 2, 2)),
        ((2, slice(None), [0, 3]), (2, 5)),
        (([[0], [3]], [1, 2]), (2, 2, 6)),
    ]:
        x, expected = da.from_array(a, chunks=(2, 3, 4)), a.copy()
        values = -np.arange(np.prod(shape)).reshape(shape)
        expected[index] = values
        x[index] = da.from_array(values, chunks=2)
        assert_eq(x, expected)


def test_of_equal_points_the_last_wins():
    x = da.zeros((3, 3), chunks=2)
    x[[0, 0, 2], [1, 1, 2]] = [1, 2, 3]
    expected = np.zeros((3, 3))
    expected[[0, 2], [1, 2]] = [2, 3]
    assert_eq(x, expected)


def test_blocks_without_points_are_passed_on():
    x = da.from_array(np.zeros((4, 4)), chunks=2).persist()
    x[[0, 1], [0, 1]] = 1
    assert x.dask[(x.name, 1, 1)].dependencies
    block = np.zeros((2, 2))
    assert assign_points(block, (0, 1), np.array([[0], [1]]), (), 5, None)[0, 1] == 5
    assert block.sum() == 0


def test_parts():
    x = da.zeros((4, 4), chunks=2)
    axes, shape, points = points_of(x, {0: np.array([0, 3]), 1: np.array([1, 1])})
    assert (axes, shape, sorted(points)) == ((0, 1), (2,), [(0, 0), (1, 0)])
    assert points_of(x, {0: np.zeros(0, int)})[2] == {}
    with pytest.raises(IndexError, match=r"shape mismatch.*\(2,\) \(3,\)"):
        points_of(x, {0: np.zeros(2, int), 1: np.zeros(3, int)})
    layer = values_in_order(da.ones((5, 2, 3), chunks=2), 1, 2, ((5,),))
    assert layer.numblocks == (1, 1)
