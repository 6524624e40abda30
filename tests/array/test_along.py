from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.along import apply_along_axis, apply_over_axes
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample

FUNCTIONS = {
    "scalar": lambda lane: lane[0] + lane[-1],
    "vector": lambda lane: np.sort(lane)[::-1],
    "matrix": lambda lane: np.stack([lane, lane * 2, lane]),
    "two": lambda lane: np.array([lane.min(), lane.max()]),
}


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8", "i4"], min_dims=1, min_side=1), st.sampled_from(list(FUNCTIONS)), st.data())
def test_lanes(pair, name, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    expected = np.apply_along_axis(FUNCTIONS[name], axis, a)
    assert_eq(apply_along_axis(FUNCTIONS[name], axis, x), expected)
    assert_eq(np.apply_along_axis(FUNCTIONS[name], axis, x), expected)


def scaled(lane, factor, plus=0):
    return lane * factor + plus


def test_arguments_dtype_and_shape():
    a = sample((4, 5), "i4")
    x = da.from_array(a, chunks=2)
    assert_eq(apply_along_axis(scaled, 0, x, 3, plus=1), a * 3 + 1)
    y = apply_along_axis(scaled, 0, x, 3, dtype="f8", shape=(4,))
    assert_eq(y, a * 3.0)
    assert_eq(apply_along_axis(np.sum, 1, x, dtype="i8", shape=()), a.sum(axis=1))
    assert_eq(pickle.loads(pickle.dumps(y)), a * 3.0)
    assert_eq(apply_along_axis(np.sum, 1, a), a.sum(axis=1))
    empty_blocks = da.from_array(a, chunks=((0, 4), (2, 0, 3)))
    assert_eq(apply_along_axis(np.sum, 1, empty_blocks), a.sum(axis=1))


def test_lanes_are_not_touched_when_building():
    with config.set(scheduler=raising):
        y = apply_along_axis(np.sum, 0, da.ones((10**4, 10**4), chunks=100))
        assert y.name == apply_along_axis(np.sum, 0, da.ones((10**4, 10**4), chunks=100)).name
    assert y.chunks == ((100,) * 100,)


def test_wrong_lanes_raise():
    x = da.ones((4, 3), chunks=2)
    with pytest.raises(TypeError, match="needs a function"):
        apply_along_axis(5, 0, x)
    with pytest.raises(np.exceptions.AxisError):
        apply_along_axis(np.sum, 2, x)
    with pytest.raises(ValueError, match="iteration dimensions are 0"):
        apply_along_axis(np.sum, 0, da.ones((4, 0), chunks=2))
    with pytest.raises(ValueError, match="Say them with dtype= and shape="):
        apply_along_axis(lambda lane: lane.nothing, 0, x)
    with pytest.raises(ValueError, match="length isn't known"):
        apply_along_axis(np.sum, 0, forget(da.ones((4, 3), chunks=(4, 3))))
    with pytest.raises(ValueError, match=r"result of shape \(4,\) where \(3,\) was declared"):
        apply_along_axis(np.sort, 0, x, dtype=float, shape=(3,)).compute()
    with pytest.raises(TypeError, match="block of dtype float64 where int32 was declared: correct dtype="):
        apply_along_axis(np.mean, 0, x, dtype="i4", shape=()).compute()


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8", "i8"], min_dims=1, min_side=1), st.data())
def test_reductions_over_axes(pair, data):
    a, x = pair
    axes = data.draw(st.lists(st.integers(-a.ndim, a.ndim - 1), max_size=3))
    assert_eq(apply_over_axes(np.sum, x, axes), np.apply_over_axes(np.sum, a, axes))
    assert_eq(np.apply_over_axes(da.max, x, 0), np.apply_over_axes(np.max, a, 0))


def test_functions_that_lose_more_dimensions_raise():
    with pytest.raises(ValueError, match="not returning an array of the correct shape"):
        apply_over_axes(lambda x, axis: x.sum(), da.ones((2, 2, 2), chunks=1), 0)
    with pytest.raises(np.exceptions.AxisError):
        apply_over_axes(np.sum, da.ones(3, chunks=1), 1)
