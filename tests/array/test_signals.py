import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, sample


@few
@given(pairs(["f8", "i4", "c16", "?"], min_dims=1, max_dims=1, min_side=1, max_side=9), st.integers(1, 12), st.data())
def test_convolutions_are_numpys(pair, count, data):
    a, x = pair
    weights = sample((count,), data.draw(st.sampled_from(["f8", "i4", "c16"])), 3)
    for mode in ("full", "same", "valid"):
        assert_eq(np.convolve(x, weights, mode), np.convolve(a, weights, mode))
        if count <= len(a):
            assert_eq(np.correlate(x, weights, mode), np.correlate(a, weights, mode))


@few
@given(pairs(["f8", "i4"]))
def test_interpolation(pair):
    a, x = pair
    xp, fp = [0.0, 1, 3], [5.0, 7, -1]
    assert_eq(np.interp(x, xp, fp), np.asarray(np.interp(a, xp, fp)))
    assert_eq(np.interp(x, xp, fp, left=-9, right=9), np.asarray(np.interp(a, xp, fp, left=-9, right=9)))
    assert_eq(da.interp(x, xp, np.array(fp) * 1j, period=4), np.asarray(np.interp(a, xp, np.array(fp) * 1j, period=4)))


@few
@given(pairs(["f8", "i4", "c16", "u1"]), st.lists(st.integers(0, 3), max_size=4))
def test_polynomials(pair, p):
    a, x = pair
    p = np.array(p, dtype=int)
    assert_eq(np.polyval(p, x), np.asarray(np.polyval(p, a)))
    assert_eq(da.polyval(da.from_array(p, chunks=2), x), np.asarray(np.polyval(p, a)))


@few
@given(pairs(["f8", "i4", "c16", "?"], min_dims=1, max_dims=1), st.sampled_from([None, 0, 3]), st.booleans())
def test_vandermonde(pair, count, increasing):
    a, x = pair
    assert_eq(np.vander(x, count, increasing), np.vander(a, count, increasing))


@few
@given(pairs(["f8", "i4", "c16"], min_dims=1), st.data())
def test_trapezoids(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    assert_eq(np.trapezoid(x, axis=axis, dx=2), np.trapezoid(a, axis=axis, dx=2))
    places = np.cumsum(np.arange(a.shape[axis]))
    assert_eq(np.trapezoid(x, places, axis=axis), np.trapezoid(a, places, axis=axis))
    assert_eq(da.trapezoid(x, x, axis=axis), np.trapezoid(a, a, axis=axis))


@few
@given(pairs(["f8", "i4"], min_dims=1), st.data())
def test_unwrap(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    for kwargs in ({}, {"period": 4}, {"period": 5}, {"period": 3.0}, {"period": 2, "discont": 3}):
        assert_eq(np.unwrap(x, axis=axis, **kwargs), np.unwrap(a, axis=axis, **kwargs))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.convolve(x, x), TypeError, "second array in memory"),
        (lambda x: da.convolve(x, []), ValueError, "v cannot be empty"),
        (lambda x: da.convolve(x[:0], [1]), ValueError, "a cannot be empty"),
        (lambda x: da.convolve(x[None], [1]), ValueError, "one axis, got 2"),
        (lambda x: da.convolve(x, [[1]]), ValueError, "one axis, got 2"),
        (lambda x: da.convolve(x, [1], "mine"), ValueError, "mode must be one of"),
        (lambda x: da.convolve(forget(x), [1]), ValueError, "convolve needs chunk sizes"),
        (lambda x: da.correlate(x, [1] * 9), ValueError, "at least as many elements as weights, got 3 and 9"),
        (lambda x: da.interp(x, x, x), TypeError, "table in memory"),
        (lambda x: da.interp(x, [1, 2], [1]), ValueError, "not of the same length"),
        (lambda x: da.polyval([[1]], x), ValueError, "one axis, got 2"),
        (lambda x: da.vander(x[None]), ValueError, "one-dimensional"),
        (lambda x: da.trapezoid(x, axis=1), np.exceptions.AxisError, "axis 1"),
        (lambda x: da.unwrap(x, axis=1), np.exceptions.AxisError, "axis 1"),
        (lambda x: da.gradient(x, x), TypeError, "distances of gradient must be in memory"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones(3, chunks=2))


@pytest.mark.parametrize("kind", ["M8[s]", "m8[s]", "c16", "U3"])
def test_places_that_are_no_numbers(kind):
    a = sample((3,), kind)
    for x in (a, da.from_array(a, chunks=2)):
        with pytest.raises(TypeError):
            np.interp(x, [0, 1], [0.0, 1.0])


def test_texts_of_numbers_are_read_as_numpy_does():
    a = np.array(["1", "0.5"])
    found = np.interp(da.from_array(a, chunks=1), [0, 1], [0.0, 4.0], period=2)
    assert_eq(found, np.interp(a, [0, 1], [0.0, 4.0], period=2))
