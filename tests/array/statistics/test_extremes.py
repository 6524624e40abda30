"""The k best elements, and where they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample

ORDERED = ["?", "i1", "i8", "f4", "f8", "M8[s]", "m8[ms]", "O", "U3"]


def best(a, k, axis):
    ordered = np.sort(a, axis=axis)
    if k > 0:
        ordered = np.flip(ordered, axis)
    return np.take(ordered, range(min(abs(k), a.shape[axis])), axis=axis)


@few
@given(pairs(ORDERED, min_dims=1, nan=True), st.integers(-9, 9), st.sampled_from([None, 2, 3]), st.data())
def test_topk_is_the_end_of_what_is_sorted(pair, k, split_every, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    found = da.topk(x, k, axis, split_every)
    assert found.shape[axis] == min(abs(k), a.shape[axis])
    assert_eq(found, best(a, k, axis))


@few
@given(pairs(["i1", "f8", "M8[s]"], min_dims=1, nan=True), st.integers(-9, 9), st.sampled_from([None, 2]), st.data())
def test_argtopk_says_where_they_are(pair, k, split_every, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    places = da.argtopk(x, k, axis, split_every)
    assert places.dtype == np.intp
    found = places.compute(scheduler="sync")
    np.testing.assert_array_equal(np.take_along_axis(a, found, axis), best(a, k, axis))
    assert_eq(places, found)
    assert (np.diff(np.sort(found, axis), axis=axis) > 0).all()


def test_methods_are_lazy():
    a = sample((6, 5), "f8", seed=2)
    x = da.from_array(a, chunks=2)
    with config.set(scheduler=raising):
        found, places = x.topk(3, axis=0), x.argtopk(-3, axis=0)
    assert_eq(found, best(a, 3, 0))
    np.testing.assert_array_equal(np.take_along_axis(a, places.compute(), 0), best(a, -3, 0))


def test_unknown_sizes():
    a = sample((7, 4), "f8")
    x = forget(da.from_array(a, chunks=(3, 2)))
    assert_eq(x.topk(2, axis=0), best(a, 2, 0))
    assert_eq(x.argtopk(1, axis=1), np.argmax(a, axis=1)[:, None])
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        x.argtopk(2, axis=0)


def test_a_tree_keeps_k_of_each():
    best = da.ones(100, chunks=1).topk(2, split_every=3)
    assert max(len(task.dependencies) for task in best.dask.lower(best.__dask_keys__()).values()) <= 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: x.topk(1.5), TypeError, "integer"),
        (lambda x: x.topk(1, axis=2), np.exceptions.AxisError, "out of bounds"),
        (lambda x: x.topk(1, split_every=1), ValueError, "split_every"),
        (lambda x: da.zeros(3, dtype=[("a", "i4")]).topk(1), TypeError, "take a field"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones((3, 4), chunks=2))
