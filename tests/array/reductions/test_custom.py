"""Reductions and running totals by functions of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.reductions.custom import cumreduction, join
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample


@few
@given(pairs(["f8", "i8"], min_dims=1, min_side=1), st.booleans(), st.sampled_from([None, 2]), st.data())
def test_reduction(pair, keepdims, split_every, data):
    a, x = pair
    axis = data.draw(st.one_of(st.none(), st.integers(-a.ndim, a.ndim - 1), st.just(tuple(range(a.ndim)))))
    found = da.reduction(x, np.sum, np.sum, axis=axis, keepdims=keepdims, dtype=a.dtype, split_every=split_every)
    assert_eq(found, np.sum(a, axis=axis, keepdims=keepdims))


def second_moment(block, weights=1, axis=None, keepdims=None):
    return np.sum(block**2 * weights, axis=axis, keepdims=keepdims)


def test_weights():
    a, w = sample((6, 5), "f8", 1), sample((5,), "f8", 2)
    x = da.from_array(a, chunks=2)
    found = da.reduction(x, second_moment, np.sum, axis=0, dtype="f8", weights=w)
    assert_eq(found, (a**2 * w).sum(axis=0))


def in_lists(parts, axis, keepdims):
    if isinstance(parts, list):
        return (
            sum(in_lists(part, axis, True) for part in parts)
            if keepdims
            else in_lists(parts, axis, True).sum(axis=axis)
        )
    return parts if keepdims else parts.sum(axis=axis)


def test_partial_results_in_lists():
    a = sample((6, 5), "f8", 1)
    x = da.from_array(a, chunks=2)
    found = da.reduction(x, np.sum, in_lists, dtype="f8", concatenate=False, split_every=2)
    assert_eq(found, a.sum())


def ends(parts, axis, keepdims):
    (axis,) = axis
    return np.concatenate([parts.min(axis=axis, keepdims=True), parts.max(axis=axis, keepdims=True)], axis=axis)


def test_several_elements_along_the_axis():
    a = sample((6, 5), "f8", 1)
    x = da.from_array(a, chunks=2)
    found = da.reduction(x, ends, ends, axis=0, keepdims=True, output_size=2, meta=np.empty((0, 0)), name="ends")
    assert found.name.startswith("ends-")
    assert_eq(found, np.stack([a.min(0), a.max(0)]))


@few
@given(pairs(["f8", "i8"], min_dims=1), st.data())
def test_cumreduction(pair, data):
    a, x = pair
    axis = data.draw(st.one_of(st.none(), st.integers(-a.ndim, a.ndim - 1)))
    assert_eq(cumreduction(np.cumsum, np.add, 0, x, axis=axis), np.cumsum(a, axis=axis))


def fill(block, axis, dtype=None):
    places = np.maximum.accumulate(np.where(np.isnan(block), 0, np.arange(len(block))))
    return block[places]


def onto(before, block):
    return np.where(np.isnan(block), before, block)


def test_what_does_not_commute():
    a = np.array([np.nan, 1, np.nan, np.nan, np.nan, 2, np.nan])
    x = forget(da.from_array(a, chunks=2))
    with config.set(scheduler=raising):
        found = da.reductions.cumreduction(fill, onto, np.nan, x, axis=0, dtype="f8", method="blelloch", preop=fill)
    assert_eq(found, np.array([np.nan, 1, 1, 1, 1, 2, 2]))


def test_joining():
    assert join(np.ones(2), ()).tolist() == [1, 1]
    assert join([np.ones(2)], ()).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.reduction(x, np.sum, np.sum), ValueError, "give dtype=, or meta="),
        (lambda x: da.reduction(x, np.sum, np.sum, dtype=int, out=np.zeros(())), TypeError, "out= must be"),
        (lambda x: da.reduction(x, np.sum, np.sum, dtype=int, axis=1), np.exceptions.AxisError, "out of bounds"),
        (lambda x: da.reduction(x, np.sum, np.sum, dtype=int, weights=[1, 2]), ValueError, "broadcast"),
        (lambda x: cumreduction(np.cumsum, np.add, 0, x, out=np.zeros(())), TypeError, "out= must be"),
        (lambda x: cumreduction(np.cumsum, np.add, 0, x, method="best"), ValueError, "method"),
        (lambda x: da.reductions.none, AttributeError, "no attribute 'none'"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones(3, chunks=2))


def test_results_that_are_not_what_was_declared():
    x = da.arange(8, chunks=2).reshape((4, 2))
    assert_eq(da.reduction(x, np.sum, np.sum, dtype=float), 28.0)
    with pytest.raises(TypeError, match="block of dtype float64 where int64 was declared: correct dtype= or meta="):
        da.reduction(x, np.sum, np.mean, dtype=int).compute()
    with pytest.raises(ValueError, match=r"shape \(1, 2\) where \(nan,\) was declared"):
        da.reduction(x, np.sum, lambda p, axis, keepdims: p[:1], axis=0, dtype=int).compute()
    with pytest.raises(ValueError, match=r"shape \(1, 2\) where \(3, nan\) was declared"):
        da.reduction(x, np.sum, np.sum, axis=0, dtype=int, keepdims=True, output_size=3).compute()
