import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, NUMBERS, TIMES, chunkings, few, forget, outcome, pairs, raising


@few
@given(pairs(EVERY_DTYPE, nan=True), st.data())
def test_sort_is_numpys(pair, data):
    a, x = pair
    axis = data.draw(st.sampled_from([None, *range(-a.ndim, a.ndim)]))
    for kind in (None, "stable"):
        expected = outcome(lambda: np.sort(a, axis, kind=kind))
        if isinstance(expected, type):
            with pytest.raises(expected):
                np.sort(x, axis, kind=kind)
            continue
        assert_eq(np.sort(x, axis, kind=kind), expected)
    if a.ndim:
        assert_eq(da.argsort(x, axis, stable=True), np.argsort(a, axis, stable=True))


@few
@given(pairs([*NUMBERS, *TIMES], min_dims=1, min_side=1), st.data())
def test_partitions_are_numpys(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    kth = data.draw(st.integers(-a.shape[axis], a.shape[axis] - 1))
    assert_eq(np.partition(x, kth, axis), np.partition(a, kth, axis))
    taken = np.take_along_axis(a, np.argpartition(a, kth, axis), axis)
    assert_eq(np.take_along_axis(x, np.argpartition(x, kth, axis), axis), taken)
    assert_eq(np.partition(x, kth, None), np.partition(a, kth, None))


@few
@given(pairs(EVERY_DTYPE, min_dims=1, min_side=1), st.data())
def test_take_along_axis(pair, data):
    a, x = pair
    axis = data.draw(st.sampled_from([None, *range(-a.ndim, a.ndim)]))
    length = a.size if axis is None else a.shape[axis]
    shape = [data.draw(st.sampled_from([1, n])) for n in a.shape] if axis is not None else [3]
    if axis is not None:
        shape[axis] = data.draw(st.integers(0, 5))
    places = np.random.default_rng(0).integers(-length, length, shape)
    expected = np.take_along_axis(a, places, axis)
    assert_eq(np.take_along_axis(x, places, axis), expected)
    assert_eq(da.take_along_axis(x, da.from_array(places, chunks=2), axis), expected)


@few
@given(pairs(["i8", "f8", "U3", "M8[s]", "O"], min_dims=1, nan=True), st.data())
def test_lexsort(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    b = np.random.default_rng(0).integers(0, 3, a.shape)
    keys = [da.from_array(b, chunks=data.draw(chunkings(a.shape))), x]
    with config.set(scheduler=raising):
        # Of a list NumPy makes an array: it asks none of its arrays.
        made = np.lexsort(tuple(keys), axis)
    assert_eq(made, np.lexsort([b, a], axis))
    assert_eq(da.lexsort([b, x], axis), np.lexsort([b, a], axis))
    if a.ndim > 1 and len(a):
        assert_eq(np.lexsort(x, 0), np.lexsort(a, 0))


def test_lexsort_of_scalars():
    assert_eq(da.lexsort([da.ones(()), 3]), np.lexsort([np.ones(()), 3]))


def test_sort_complex():
    for dtype in ("i2", "f4", "c8", "f8"):
        a = np.array([[3, 1, 2], [0, 5, 4]], dtype)
        assert_eq(np.sort_complex(da.from_array(a, chunks=2)), np.sort_complex(a))


def test_records_are_compared_by_fields():
    a = np.array([(2, 1.0), (1, 3.0), (1, 2.0)], [("a", int), ("b", float)])
    x = da.from_array(a, chunks=1)
    assert_eq(da.sort(x, order=["a", "b"]), np.sort(a, order=["a", "b"]))
    assert_eq(x.argsort(order="b"), a.argsort(order="b"))


def test_methods_change_the_array():
    a = np.array([[3, 1, 2], [0, 5, 4]])
    x = da.from_array(a, chunks=2)
    older = x + 0
    assert x.sort() is None
    assert_eq(x, np.sort(a))
    x.sort(axis=0)
    assert_eq(x, np.sort(np.sort(a), axis=0))
    assert_eq(older, a)
    older.partition(1)
    assert_eq(older[:, 1], np.sort(a)[:, 1])
    assert_eq(older.argpartition(1, axis=0), np.argpartition(older.compute(), 1, axis=0))


def test_masked_elements_come_last():
    a = np.ma.masked_array([3, 1, 2, 0], mask=[False, True, False, False])
    x = da.from_array(a, chunks=2)
    assert_eq(da.sort(x), np.sort(a))
    assert_eq(da.argsort(x), np.asarray(a.argsort()))


def test_other_axes_may_have_unknown_sizes():
    x = forget(da.from_array(np.arange(6)[::-1].reshape(3, 2), chunks=1))
    assert_eq(da.sort(x, axis=1), np.sort(np.arange(6)[::-1].reshape(3, 2), axis=1), check_shape=False)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.sort(x, 2), np.exceptions.AxisError, "axis 2 is out of bounds"),
        (lambda x: da.sort(x, kind="mine"), ValueError, "sort kind must be one of"),
        (lambda x: da.sort(x, kind="stable", stable=True), ValueError, "can't be provided at the same time"),
        (lambda x: da.sort(x, order="a"), ValueError, "no fields"),
        (lambda x: da.sort(forget(x), axis=0), ValueError, "compute_chunk_sizes"),
        (lambda x: da.partition(x, 3), ValueError, r"kth\(=3\) out of bounds \(3\)"),
        (lambda x: da.partition(x, 0, kind="mine"), ValueError, "introselect"),
        (lambda x: da.partition(x, 1.5), TypeError, "must be integer"),
        (lambda x: da.partition(x, da.ones(1)), TypeError, "compute it first"),
        (lambda x: da.take_along_axis(x, [[3]]), IndexError, "out of bounds for axis 1 with size 3"),
        (lambda x: da.take_along_axis(x, [[0.5]]), IndexError, "must be an integer array"),
        (lambda x: da.take_along_axis(x, [0]), ValueError, "same number of dimensions, got 1 and 2"),
        (lambda x: da.take_along_axis(x, [[0], [0], [0]]), ValueError, "length"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((2, 3), chunks=1))


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones((2, 3), chunks=1)
        da.take_along_axis(x, da.argsort(x), 1)
        da.partition(x, 1)
