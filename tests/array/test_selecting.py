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


def test_conditions_longer_than_the_axis():
    a = np.arange(6).reshape(3, 2)
    x = da.from_array(a, chunks=2)
    long = [True, False, True, False, False]
    assert_eq(np.compress(long, x, axis=0), np.compress(long, a, axis=0))
    assert_eq(np.compress(da.from_array(long, chunks=2), x, axis=0), np.compress(long, a, axis=0))
    wrong = np.compress(da.ones(5, dtype=bool, chunks=2), x, axis=0)
    with pytest.raises(IndexError, match="the condition is true beyond axis 0 with size 3"):
        wrong.compute()
    out = da.zeros((2, 2), dtype=int)
    assert da.compress([True, False, True], x, 0, out) is out
    assert_eq(out, a[[0, 2]])


@few
@given(pairs(["i8", "f8", "?", "U3"], max_side=6), st.data())
def test_trim_zeros(pair, data):
    a, x = pair
    # Zeros at the ends of every axis, and often nothing else.
    kept = np.zeros(a.shape, bool)
    kept[tuple([slice(data.draw(st.integers(0, 3)), data.draw(st.integers(1, 6))) for _ in a.shape])] = True
    a = np.where(kept, a, np.zeros((), a.dtype)).astype(a.dtype)
    x = da.from_array(a, chunks=x.chunks)
    trim = data.draw(st.sampled_from(["fb", "F", "b"]))
    axis = data.draw(st.sampled_from([None, *range(-a.ndim, a.ndim)]))
    with config.set(scheduler=raising):
        made = np.trim_zeros(x, trim, axis)
    assert_eq(made, np.trim_zeros(a, trim, axis))


def test_ix():
    a = np.arange(20).reshape(4, 5)
    for parts in ([[0, 2], [1, 1, 4]], [[True, False, True, True], [0]], [np.array([3]), []]):
        for own, numpys in zip(
            np.ix_(*[da.from_array(np.array(p), chunks=2) for p in parts]), np.ix_(*parts), strict=True
        ):
            if numpys.size:
                assert_eq(own, numpys)
        assert_eq(da.from_array(a, chunks=2)[np.ix_(*parts)], a[np.ix_(*parts)])
    assert da.ix_() == ()
    assert_eq(da.ix_([], [1])[0], np.ix_([], [1])[0])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.take(x, [0.5]), TypeError, "positions must be integers"),
        (lambda x: da.take(x, [9]), IndexError, "out of bounds"),
        (lambda x: np.take(x, [0], mode="mine"), ValueError, "mode must be"),
        (lambda x: da.compress([[True]], x), ValueError, "of one dimension"),
        (lambda x: da.compress([True] * 9, x, axis=0), IndexError, "out of bounds for axis 0 with size 3"),
        (lambda x: da.trim_zeros(x, "x"), ValueError, r"unexpected character\(s\) in `trim`: 'x'"),
        (lambda x: da.trim_zeros(x, axis=7), np.exceptions.AxisError, "axis 7 is out of bounds"),
        (lambda x: da.trim_zeros(forget(x)), ValueError, "compute_chunk_sizes"),
        (lambda x: da.ix_(x[None]), ValueError, "Cross index must be 1 dimensional"),
        (lambda x: da.choose(x, [x], mode="mine"), ValueError, "mode must be"),
        (lambda x: np.choose(x.astype(int), [x], out=np.zeros(3)), TypeError, "out= must be"),
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


def test_a_condition_beside_an_axis_of_unknown_length():
    x = forget(da.arange(2, chunks=2))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.compress(da.ones(1, dtype=bool), x)
    assert_eq(da.compress(x > 0, x), np.array([1]), check_shape=False)


def test_choosing_by_what_is_no_integer():
    for kind in ("f8", "u8", "U3"):
        a = sample((3,), kind)
        for x in (a, da.from_array(a, chunks=2)):
            with pytest.raises(TypeError, match="rule 'safe'"):
                np.choose(x, [[1, 2, 3], 4])
