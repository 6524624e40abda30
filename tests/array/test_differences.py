import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, few, forget, outcome, pairs, sample

A = np.random.default_rng(0).normal(size=(6, 5))


@few
@given(pairs([*NUMBERS, "M8[s]", "m8[s]"], min_dims=1), st.integers(0, 3), st.data())
def test_diff(pair, n, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    assert_eq(np.diff(x, n, axis), np.diff(a, n, axis))
    assert_eq(np.ediff1d(x), np.ediff1d(a)) if a.dtype != bool else None


def test_what_stands_before_and_behind():
    a = np.arange(12).reshape(3, 4) ** 2
    x = da.from_array(a, chunks=2)
    assert_eq(np.diff(x, prepend=0), np.diff(a, prepend=0))
    assert_eq(np.diff(x, axis=0, append=a[:1]), np.diff(a, axis=0, append=a[:1]))
    assert_eq(np.diff(x, prepend=1, append=2), np.diff(a, prepend=1, append=2))
    assert_eq(da.diff(x, prepend=x), np.diff(a, prepend=a))
    assert_eq(np.ediff1d(x, to_end=[1, 2], to_begin=0), np.ediff1d(a, to_end=[1, 2], to_begin=0))


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize(
    "spacing", [(), (2,), (0.5, 3), (np.arange(6.0) ** 2, 2.0), (np.arange(6) * 2, np.sqrt(np.arange(5)))]
)
def test_gradient(edge_order, spacing):
    x = da.from_array(A, chunks=(4, 2))
    for found, expected in zip(
        np.gradient(x, *spacing, edge_order=edge_order), np.gradient(A, *spacing, edge_order=edge_order), strict=True
    ):
        assert_eq(found, expected)


def test_gradient_of_axes_and_dtypes():
    x = da.from_array(A, chunks=(4, 2))
    assert_eq(np.gradient(x, axis=1), np.gradient(A, axis=1))
    for found, expected in zip(np.gradient(x, axis=(1, 0)), np.gradient(A, axis=(1, 0)), strict=True):
        assert_eq(found, expected)
    for dtype in ("i4", "f4", "c8"):
        assert_eq(np.gradient(x.astype(dtype), axis=0), np.gradient(A.astype(dtype), axis=0))


@few
@given(pairs(["i4", "f8", "c16"], nan=True), st.data())
def test_spans(pair, data):
    a, x = pair
    axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1)) if a.ndim else None
    expected = outcome(lambda: np.ptp(a, axis, keepdims=True))
    if isinstance(expected, type):
        with pytest.raises(expected):
            np.ptp(x, axis)
    else:
        assert_eq(np.ptp(x, axis, keepdims=True), expected)


def test_averages():
    x = da.from_array(A, chunks=(4, 2))
    weights = np.arange(1.0, 31).reshape(6, 5)
    assert_eq(np.average(x), np.average(A))
    for axis in (None, 0, 1, (0, 1)):
        assert_eq(np.average(x, axis=axis, weights=weights), np.average(A, axis=axis, weights=weights))
    assert_eq(np.average(x, axis=1, weights=weights[0]), np.average(A, axis=1, weights=weights[0]))
    assert_eq(np.average(x, axis=(1, 0), weights=weights.T), np.average(A, axis=(1, 0), weights=weights.T))
    for options in ({"axis": 0}, {"axis": 0, "weights": weights}):
        for found, expected in zip(
            np.average(x, returned=True, **options), np.average(A, returned=True, **options), strict=True
        ):
            assert_eq(found, expected)
    assert_eq(
        np.average(x, axis=0, weights=weights, keepdims=True), np.average(A, axis=0, weights=weights, keepdims=True)
    )
    assert_eq(da.average(da.arange(4, chunks=2), weights=[1, 2, 3, 4]), np.average(np.arange(4), weights=[1, 2, 3, 4]))


def test_traces():
    a = np.arange(60).reshape(3, 4, 5)
    x = da.from_array(a, chunks=2)
    for offset in (-2, 0, 1):
        assert_eq(np.trace(x, offset), np.trace(a, offset))
        assert_eq(x.trace(offset, 1, 2, dtype="f4"), a.trace(offset, 1, 2, dtype="f4"))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.diff(x, -1), ValueError, "must be non-negative"),
        (lambda x: da.diff(x[0, 0]), ValueError, "at least one dimensional"),
        (lambda x: da.diff(forget(x), axis=0), ValueError, "diff needs chunk sizes"),
        (lambda x: da.gradient(x, 1, 2, 3), TypeError, "invalid number of arguments"),
        (lambda x: da.gradient(x, np.arange(6)), TypeError, "invalid number of arguments"),
        (lambda x: da.gradient(x, np.arange(3), axis=0), ValueError, "must match the length"),
        (lambda x: da.gradient(x, np.ones((6, 1)), axis=0), ValueError, "scalars or 1d"),
        (lambda x: da.gradient(x[:1]), ValueError, "too small"),
        (lambda x: da.gradient(x, edge_order=3), ValueError, "greater than 2"),
        (lambda x: da.average(x, weights=[1]), TypeError, "Axis must be specified"),
        (lambda x: da.average(x, axis=0, weights=[1]), ValueError, "must be consistent"),
        (lambda x: np.ptp(x, out=np.zeros(())), TypeError, "out= must be"),
        (lambda x: np.trace(x, out=np.zeros(())), TypeError, "out= must be"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.from_array(A, chunks=3))


def test_ends_of_differences_are_of_the_same_kind():
    a = np.arange(3, dtype="u1")
    for array in (a, da.from_array(a, chunks=2)):
        with pytest.raises(TypeError, match="`to_begin` must be compatible"):
            np.ediff1d(array, to_begin=300)
        with pytest.raises(TypeError, match="`to_end` must be compatible"):
            np.ediff1d(array, to_end=0.5)


def test_weights_of_an_axis_of_unknown_length():
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.average(forget(da.ones(3, chunks=2)), axis=0, weights=[1, 2, 3])


def test_sums_of_no_weights_over_unknown_lengths():
    a = sample((5, 3))
    x = forget(da.from_array(a, chunks=2))
    for axis in (None, 0, 1):
        for ours, numpys in zip(
            da.average(x, axis=axis, returned=True), np.average(a, axis=axis, returned=True), strict=True
        ):
            assert_eq(ours, numpys)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.average(x, weights=a)


def test_differences_of_bools_and_repeated_axes():
    for x in (np.ones(3, bool), da.ones(3, dtype=bool, chunks=2)):
        with pytest.raises(TypeError, match="boolean subtract"):
            np.ediff1d(x)
    for x in (np.ones((3, 3)), da.ones((3, 3), chunks=2)):
        with pytest.raises(ValueError, match="repeated axis"):
            np.gradient(x, axis=(0, -2))
