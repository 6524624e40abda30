import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, few, forget, outcome, pairs

STACKS = [np.vstack, np.hstack, np.dstack, np.column_stack]


@few
@given(pairs(EVERY_DTYPE), st.sampled_from(STACKS))
def test_stacks_are_numpys(pair, func):
    a, x = pair
    expected = outcome(lambda: func([a, a]))
    if isinstance(expected, type):
        with pytest.raises(expected):
            func([x, x])
    else:
        assert_eq(func([x, x]), expected)


@few
@given(pairs(EVERY_DTYPE, max_dims=4))
def test_at_least_so_many_axes(pair):
    a, x = pair
    for func in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
        assert_eq(func(x), func(a))
    one, other = da.atleast_2d(x, 5)
    assert_eq(other, np.atleast_2d(5))
    assert one.ndim == max(a.ndim, 2)


@few
@given(pairs(EVERY_DTYPE, min_dims=1), st.data())
def test_delete(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    length = a.shape[axis]
    obj = (
        data.draw(st.lists(st.integers(-length, length - 1), max_size=3) if length else st.just([]))
        if data.draw(st.booleans())
        else slice(data.draw(st.integers(-5, 5)), None, 2)
    )
    obj = np.array(obj, int) if isinstance(obj, list) else obj
    assert_eq(np.delete(x, obj, axis), np.delete(a, obj, axis))


@few
@given(pairs(["f8", "i4"], min_dims=1), st.data())
def test_insert(pair, data):
    a, x = pair
    axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1))
    length = a.size if axis is None else a.shape[axis]
    obj = data.draw(
        st.one_of(
            st.integers(-length, length),
            st.lists(st.integers(-length, length), min_size=1, max_size=3),
            st.just(slice(0, length)),
        )
    )
    values = data.draw(st.sampled_from([7, [7], 1.5]))
    expected = outcome(lambda: np.insert(a, obj, values, axis))
    if isinstance(expected, type):
        with pytest.raises(expected):
            np.insert(x, obj, values, axis)
    else:
        assert_eq(np.insert(x, obj, values, axis), expected)


def test_values_of_insert_and_append():
    a = np.arange(12.0).reshape(3, 4)
    x = da.from_array(a, chunks=2)
    for obj, values, axis in [
        (1, np.arange(4), 0),
        (1, np.arange(3), 1),
        ([1, 2], np.arange(8).reshape(2, 4), 0),
        ([0, 2], [[1], [2]], 0),
        (np.array([True, False, True]), -1, 0),
        (2, [5, 6, 7], None),
        ([2], [5, 6, 7], None),
        (1, [[7], [8], [9]], 1),
        ([1], [[7], [8], [9]], 1),
        ([1, 3, 1, -1], [5, 6, 7, 8], None),
        (np.arange(12).repeat(9), 5, None),
        ([], 5, None),
    ]:
        assert_eq(np.insert(x, obj, values, axis), np.insert(a, obj, values, axis))
    assert_eq(np.append(x, a), np.append(a, a))
    assert_eq(np.append(x, x[:1], axis=0), np.append(a, a[:1], axis=0))
    assert_eq(np.delete(x, 5), np.delete(a, 5))
    for gone in (slice(None, None, -2), slice(1, 3), [], np.arange(12) % 5 == 1, [3, 3, -1]):
        assert_eq(np.delete(x, gone), np.delete(a, gone))
    long, cut = np.arange(300), da.arange(300, chunks=7)
    assert_eq(np.delete(cut, slice(None, None, 2)), np.delete(long, slice(None, None, 2)))


def test_a_few_positions_cost_no_list_of_all_the_others():
    x = da.ones(1 << 40, chunks=1 << 38)
    assert np.insert(x, [5, -1], 7.0).shape == ((1 << 40) + 2,)
    assert np.delete(x, slice(10, 20)).shape == ((1 << 40) - 10,)
    assert np.insert(x, 5, 7.0)[3:8].compute().tolist() == [1, 1, 7, 1, 1]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.vstack(x), TypeError, r"use list\(x\)"),
        (lambda x: da.vstack([]), ValueError, "need at least one array"),
        (lambda x: da.delete(x, 9, 0), IndexError, "out of bounds"),
        (lambda x: da.insert(x, 9, 0, 0), IndexError, "out of bounds"),
        (lambda x: da.insert(x, [0], np.ones(9), 0), ValueError, "broadcast"),
        (lambda x: da.insert(x, 1.5, 0, 0), IndexError, "integer"),
        (lambda x: da.insert(x, [[0], [1]], 0, 0), ValueError, "one axis"),
        (
            lambda x: da.delete(x, [True, False], 0),
            ValueError,
            "must be one dimensional and match the axis length of 3",
        ),
        (lambda x: da.delete(forget(x), 0, 0), ValueError, "delete needs chunk sizes"),
        (lambda x: da.insert(forget(x), 0, 0, 0), ValueError, "insert needs chunk sizes"),
        (lambda x: da.append(x, [1], axis=0), ValueError, "must match exactly"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((3, 4), chunks=2))


def test_inserting_what_the_dtype_lacks_is_refused():
    x = da.arange(3, chunks=2, dtype="u1")
    for array in (np.arange(3, dtype="u1"), x):
        with pytest.raises(OverflowError, match="out of bounds"):
            np.insert(array, 1, 300)
    record = np.zeros(2, [("a", "i4"), ("b", "f8")])
    assert_eq(da.insert(da.from_array(record, chunks=1), 1, (7, 2.5)), np.insert(record, 1, (7, 2.5)))
