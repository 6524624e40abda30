import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.placing import assigned, flat_positions
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, forget, outcome, pairs, raising, sample

DTYPES = ["i8", "f4", "c8", "M8[s]", "U3", "O"]


def lazily(value, chunks=2):
    return da.from_array(np.asarray(value), chunks=chunks)


def check(pair, change, *given):
    """A change by values in memory and by lazy ones: NumPy's, which older arrays and their chunks don't see."""
    before, x = pair
    a, chunks = before.copy(), x.chunks
    expected = outcome(lambda: change(a, *given))
    for values in (given, [None if value is None else lazily(value) for value in given]):
        y = x.copy()
        if isinstance(expected, type):
            with pytest.raises(expected):
                change(y, *values)
                y.compute(scheduler="sync")
            continue
        with config.set(scheduler=raising):
            change(y, *values)
        assert_eq(y, a)
        assert y.chunks == chunks
    assert_eq(x, before)


@few
@given(pairs(DTYPES), st.data())
def test_put(pair, data):
    size = pair[0].size
    places = data.draw(st.lists(st.integers(-size, max(size - 1, 0)), max_size=6))
    count = data.draw(st.integers(0, 4))
    mode = data.draw(st.sampled_from(["raise", "wrap", "clip"]))
    values = sample((count,), pair[0].dtype.str, seed=1)
    check(pair, lambda x, at, v: np.put(x, at, v, mode=mode), np.array(places, int), values)


@few
@given(pairs(["i8"], min_side=1), st.lists(st.integers(-30, 30), min_size=1, max_size=5))
def test_put_of_places_out_of_range(pair, places):
    for mode in ("raise", "wrap", "clip"):
        check(pair, lambda x, at, v, mode=mode: np.put(x, at, v, mode), np.array(places), [7, 8])


def test_put_as_a_method():
    x = da.zeros((2, 3), chunks=2)
    older = x + 1
    assert x.put([[0, 1], [1, -1]], [[1, 2], [3, 4]]) is None
    assert_eq(x, np.array([[1.0, 3, 0], [0, 0, 4]]))
    assert_eq(older, np.ones((2, 3)))
    x.put([0], 9.5)
    assert x[0, 0].compute() == 9.5


@few
@given(pairs(DTYPES), st.data())
def test_place(pair, data):
    a, _ = pair
    mask = np.random.default_rng(data.draw(st.integers(0, 9))).random(a.shape) < 0.5
    values = sample((data.draw(st.integers(1, 5)),), a.dtype.str, seed=1)
    check(pair, np.place, mask, values)


@few
@given(pairs(DTYPES), st.data())
def test_putmask(pair, data):
    a, _ = pair
    mask = np.random.default_rng(data.draw(st.integers(0, 9))).random(a.shape) < 0.5
    shape = data.draw(st.sampled_from([(), a.shape, (0,), (2,), (3,), (1, 3), (50,)]))
    check(pair, np.putmask, mask, sample(shape, a.dtype.str, seed=1))
    check(pair, np.putmask, mask.ravel(), sample(shape, a.dtype.str, seed=1))


def test_masks_of_another_shape():
    x = da.zeros((2, 3), chunks=2)
    np.place(x, [1, 0, 1, 0, 0, 1], [[1, 2]])
    assert_eq(x, np.array([[1.0, 0, 2], [0, 0, 1]]))
    np.place(x, np.zeros((2, 3)), [])
    np.place(x, x > 1, 5)
    assert_eq(x, np.array([[1.0, 0, 5], [0, 0, 1]]))


@few
@given(pairs(DTYPES, min_dims=1, min_side=1), st.data())
def test_put_along_axis(pair, data):
    a, _ = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    shape = [data.draw(st.sampled_from([1, n])) for n in a.shape]
    shape[axis] = data.draw(st.integers(0, 4))
    places = np.random.default_rng(0).integers(-a.shape[axis], a.shape[axis], shape)
    values = sample(tuple(shape), a.dtype.str, seed=1)
    check(pair, lambda x, at, v: np.put_along_axis(x, at, v, axis), places, values)
    check(pair, lambda x, at, v: np.put_along_axis(x, at, v, axis), places, sample((), a.dtype.str, seed=2))


def test_put_along_no_axis():
    check(
        (np.arange(6).reshape(2, 3), da.arange(6, chunks=2).reshape(2, 3)),
        lambda x, at, v: np.put_along_axis(x, at, v, None),
        np.array([1, 5]),
        np.array([8, 9]),
    )


@few
@given(st.sampled_from([(2, 3), (7, 2), (4, 4), (3, 3, 3), (2, 2, 2, 2), (0, 3), (3, 0)]), st.booleans(), st.data())
def test_fill_diagonal(shape, wrap, data):
    a = np.zeros(shape, int)
    x = da.from_array(a.copy(), chunks=data.draw(chunkings(shape)))
    check((a, x), lambda x, v: np.fill_diagonal(x, v, wrap), data.draw(st.sampled_from([5, [1, 2, 3], [], [[1.5, 2]]])))


def test_parts_of_blocks():
    assert_eq(
        assigned(np.zeros((1, 2)), ((1, 2), (0, 2)), (np.array([0, 1]), np.array([1, 1])), np.array([5, 6])),
        np.array([[0.0, 6]]),
    )
    untouched = np.zeros(2)
    assert assigned(untouched, ((4, 6),), (np.array([0]),), np.array([1])) is untouched
    with pytest.raises(IndexError, match="index 5 is out of bounds for axis 0 with size 5"):
        flat_positions(np.array([5]), 5, "raise")


def test_lazy_places_out_of_range_raise_on_computing():
    x = da.zeros(4, chunks=2)
    da.put(x, da.arange(6, chunks=3), 1)
    with pytest.raises(IndexError, match="index 4 is out of bounds for axis 0 with size 4"):
        x.compute()
    x = da.zeros((2, 2), chunks=1)
    da.put_along_axis(x, da.full((2, 1), 3), 1, axis=1)
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 1 with size 2"):
        x.compute()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.put(np.ones(3), x, 1), TypeError, "put of lazy values changes a chunked array, got ndarray"),
        (lambda x: da.put(x, [9], 1), IndexError, "index 9 is out of bounds for axis 0 with size 6"),
        (lambda x: da.put(x, np.array([0.5]), 1), TypeError, "Cannot cast array data from dtype"),
        (lambda x: da.put(x, x, 1), TypeError, "Cannot cast array data from dtype"),
        (lambda x: da.put(x, [0], "a"), ValueError, "could not convert string to float"),
        (lambda x: da.put(x, [0], 1, mode="mine"), ValueError, "clipmode must be one of"),
        (lambda x: da.put(da.zeros(0), [0], 1), IndexError, "cannot replace elements of an empty array"),
        (lambda x: da.put(forget(x), [0], 1), ValueError, "compute_chunk_sizes"),
        (lambda x: da.putmask(np.ones(3), x, 1), TypeError, "putmask of lazy values changes a chunked array"),
        (lambda x: da.putmask(x, [True], 1), ValueError, "putmask: mask and data must be the same size"),
        (lambda x: da.putmask(x.astype(int), x > 0, x), TypeError, "according to the rule 'safe'"),
        (lambda x: da.putmask(forget(x), x > 0, 1), ValueError, "compute_chunk_sizes"),
        (lambda x: da.place(np.ones(3), x, 1), TypeError, "place of lazy values changes a chunked array"),
        (lambda x: da.place(x, [True], 1), ValueError, "mask and data must be the same size"),
        (lambda x: da.place(x, x > 0, []), ValueError, "Cannot insert from an empty array"),
        (lambda x: da.place(x.astype(int), x > 0, x[0]), TypeError, "according to the rule 'safe'"),
        (lambda x: da.place(x, x > 0, 1j), TypeError, "complex"),
        (lambda x: da.put_along_axis(np.ones(3), x, 1, 0), TypeError, "put_along_axis of lazy values"),
        (lambda x: da.put_along_axis(x, x, 1, 0), IndexError, "must be an integer array"),
        (lambda x: da.put_along_axis(x, [0], 1, 0), ValueError, "same number of dimensions"),
        (lambda x: da.put_along_axis(x, [[7]], 1, 1), IndexError, "index 7 is out of bounds for axis 1 with size 3"),
        (lambda x: da.put_along_axis(x, [[0]], 1, 2), np.exceptions.AxisError, "axis 2 is out of bounds"),
        (
            lambda x: da.put_along_axis(x, [[0], [0], [0]], 1, 1),
            IndexError,
            r"shape \(3, 1\) don't broadcast to \(2, 1\)",
        ),
        (lambda x: da.put_along_axis(x, [[0]], [1, 2], 1), ValueError, r"value array of shape \(2,\) could not be"),
        (lambda x: da.put_along_axis(x, [[0]], 1, None), ValueError, "must have a single dimension"),
        (lambda x: da.fill_diagonal(np.ones((3, 3)), x), TypeError, "fill_diagonal of lazy values"),
        (lambda x: da.fill_diagonal(x[0], 1), ValueError, "at least 2-d"),
        (lambda x: da.fill_diagonal(x[None], 1), ValueError, "of equal length"),
        (lambda x: da.fill_diagonal(x, 1j), TypeError, "complex"),
        (lambda x: da.fill_diagonal(forget(x), 1), ValueError, "compute_chunk_sizes"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((2, 3), chunks=2))
