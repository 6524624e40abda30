import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, few, forget, pairs, raising


@few
@given(pairs(EVERY_DTYPE), st.data())
def test_flips_and_rolls_are_numpys(pair, data):
    a, x = pair
    axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1)) if a.ndim else None
    shift = data.draw(st.integers(-9, 9))
    assert_eq(np.flip(x, axis), np.flip(a, axis))
    assert_eq(np.roll(x, shift, axis), np.roll(a, shift, axis))
    if a.ndim:
        start = data.draw(st.integers(-a.ndim, a.ndim))
        assert_eq(np.rollaxis(x, axis or 0, start), np.rollaxis(a, axis or 0, start))
        assert_eq(np.flipud(x), np.flipud(a))
    if a.ndim > 1:
        assert_eq(np.fliplr(x), np.fliplr(a))
        k = data.draw(st.integers(-5, 5))
        assert_eq(np.rot90(x, k, (1, 0)), np.rot90(a, k, (1, 0)))


def test_several_axes():
    a = np.arange(12).reshape(3, 4)
    x = da.from_array(a, chunks=2)
    assert_eq(np.roll(x, (1, -1), (0, 1)), np.roll(a, (1, -1), (0, 1)))
    assert_eq(np.roll(x, 1, (0, 1)), np.roll(a, 1, (0, 1)))
    assert_eq(np.roll(x, (1, 2), 0), np.roll(a, (1, 2), 0))
    assert_eq(np.roll(x, (1, 2)), np.roll(a, (1, 2)))
    assert_eq(np.flip(x, (0, 1)), np.flip(a, (0, 1)))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.flip(x, 2), np.exceptions.AxisError, "out of bounds"),
        (lambda x: da.flipud(x[0, 0]), ValueError, ">= 1-d"),
        (lambda x: da.fliplr(x[0]), ValueError, ">= 2-d"),
        (lambda x: da.rot90(x, 1, (0, 0)), ValueError, "must be different"),
        (lambda x: da.rot90(x, 1, (0,)), ValueError, "must be 2"),
        (lambda x: da.roll(x, "a"), TypeError, "needs integers to shift by"),
        (lambda x: da.roll(x, (1, 2, 3), (0, 1)), ValueError, "sequences of equal lengths"),
        (lambda x: da.roll(forget(x), 1, 0), ValueError, "roll needs chunk sizes"),
        (lambda x: da.rollaxis(x, 0, 5), np.exceptions.AxisError, "out of bounds"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((3, 4), chunks=2))


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        da.roll(da.rot90(da.ones((3, 4), chunks=2)), 1, 0)
