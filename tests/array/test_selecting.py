import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.selecting import Choose, RavelMulti, Select, Unravel
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, NUMBERS, few, forget, pairs, raising, sample


@few
@given(pairs(EVERY_DTYPE, min_dims=1, min_side=1), st.data())
def test_take(pair, data):
    a, x = pair
    axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1))
    length = a.size if axis is None else a.shape[axis]
    positions = data.draw(st.lists(st.integers(-length, length - 1), min_size=4, max_size=4))
    for where in (positions[0], positions, np.reshape(positions, (2, 2)), []):
        where = np.array(where, int)
        assert_eq(np.take(x, where, axis), np.take(a, where, axis))
    assert_eq(
        da.take(x, positions),
        np.take(a, positions, 0) if -a.shape[0] <= min(positions) <= max(positions) < a.shape[0] else x,
    ) if axis == 0 else None
    assert_eq(da.take(x, da.from_array(positions, chunks=2), axis), np.take(a, positions, axis))


@few
@given(pairs(EVERY_DTYPE, min_dims=1), st.data())
def test_compress_and_extract(pair, data):
    a, x = pair
    axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1))
    length = a.size if axis is None else a.shape[axis]
    condition = sample((data.draw(st.integers(0, length)),), "?", 3)
    assert_eq(np.compress(condition, x, axis), np.compress(condition, a, axis))
    assert_eq(
        np.compress(da.from_array(condition, chunks=2), x, axis), np.compress(condition, a, axis), check_shape=False
    )
    mask = sample(a.shape, "?", 4)
    assert_eq(np.extract(da.from_array(mask, chunks=2), x), np.extract(mask, a), check_shape=False)


@few
@given(pairs([*NUMBERS, "M8[s]"]), st.data())
def test_positions_of_what_is_not_zero(pair, data):
    a, x = pair
    if a.dtype.kind != "M":
        axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1)) if a.ndim else None
        assert_eq(np.count_nonzero(x, axis=axis, keepdims=True), np.count_nonzero(a, axis=axis, keepdims=True))
    assert_eq(np.flatnonzero(x), np.flatnonzero(a), check_shape=False)
    assert_eq(np.argwhere(x), np.argwhere(a), check_shape=False)
    if a.ndim:
        for found, expected in zip(np.nonzero(x), np.nonzero(a), strict=True):
            assert_eq(found, expected, check_shape=False)
        for found, expected in zip(da.where(x), np.where(a), strict=True):
            assert_eq(found, expected, check_shape=False)


def test_choose_and_select():
    a = np.array([[0, 1], [2, 1]])
    x = da.from_array(a, chunks=1)
    choices = [np.arange(2), 5, a * 10.0]
    assert_eq(np.choose(x, choices), np.choose(a, choices))
    assert_eq(np.choose(x + 1, choices, mode="clip"), np.choose(a + 1, choices, mode="clip"))
    assert_eq(x.choose(choices), np.choose(a, choices))
    conditions, values = [a < 1, a > 1], [a, 1.5]
    assert_eq(np.select([x < 1, x > 1], [x, 1.5], -1), np.select(conditions, values, -1))
    assert_eq(da.select([x < 1, a > 1], [x, a]), np.select(conditions, [a, a]))
    with pytest.raises(ValueError, match="invalid entry in choice array"):
        np.choose(x + 1, choices).compute()


@few
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.sampled_from(["C", "F"]))
def test_flat_and_multiple_indices(shape, order):
    shape = tuple(shape)
    flat = np.arange(np.prod(shape))
    x = da.from_array(flat, chunks=3)
    many = da.unravel_index(x, shape, order)
    for found, expected in zip(many, np.unravel_index(flat, shape, order), strict=True):
        assert_eq(found, expected)
    assert_eq(da.ravel_multi_index(many, shape, order=order), flat)
    assert_eq(np.ravel_multi_index(da.stack(many), shape, order=order), flat)
    assert np.unravel_index(x, ()) == ()
    assert_eq(da.ravel_multi_index([x + 9], (5,), mode=["clip"]), np.full(len(flat), 4))
    assert_eq(da.unravel_index(x, len(flat))[0], flat)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.take(x, [0.5]), TypeError, "positions must be integers"),
        (lambda x: da.take(x, [9]), IndexError, "out of bounds"),
        (lambda x: np.take(x, [0], mode="mine"), ValueError, "mode must be"),
        (lambda x: da.compress([[True]], x), ValueError, "of one dimension"),
        (lambda x: da.compress([True] * 9, x, axis=0), ValueError, "has 9 elements, but the axis only 3"),
        (lambda x: da.choose(x, [x], mode="mine"), ValueError, "mode must be"),
        (lambda x: np.choose(x, [x], out=np.zeros(3)), TypeError, "out= must be"),
        (lambda x: da.select([x > 1], []), ValueError, "must be same length"),
        (lambda x: da.select([], []), ValueError, "empty condition list"),
        (lambda x: da.select([x], [x]), TypeError, "conditions must be of booleans"),
        (lambda x: da.nonzero(x[0, 0]), ValueError, "0d arrays"),
        (lambda x: da.nonzero(forget(x)), ValueError, "nonzero needs chunk sizes"),
        (lambda x: da.unravel_index(x, (3,)), TypeError, "only int indices"),
        (lambda x: da.unravel_index(x.astype(int), (3,), "A"), ValueError, "order must be"),
        (lambda x: da.ravel_multi_index([x], (3, 3)), ValueError, "sequence of length 2, got 1"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((3, 4), chunks=2))


def test_functions_are_pickled():
    for func, args in [
        (Choose("clip"), (np.array([0]), np.array([5]))),
        (Select(1), (np.array([True]), np.array([5]), 0)),
        (Unravel((2, 2), "C"), (np.array([3]),)),
        (RavelMulti((2,), "raise", "C"), (np.array([1]),)),
    ]:
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(func))(*args), func(*args))


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones((3, 4), chunks=2)
        da.argwhere(x)
        da.extract(x > 0, x)


def test_positions_outside_are_wrapped_or_clipped():
    a = np.arange(6).reshape(2, 3)
    x = da.from_array(a, chunks=2)
    for mode in ("wrap", "clip"):
        for axis in (None, 0, 1):
            assert_eq(np.take(x, [-9, 1, 9], axis=axis, mode=mode), np.take(a, [-9, 1, 9], axis=axis, mode=mode))
    out = da.zeros(2, dtype=int)
    assert np.take(x, [1, 2], out=out) is out
    assert_eq(out, np.array([1, 2]))
