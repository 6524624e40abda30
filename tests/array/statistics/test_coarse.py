"""Reductions of groups of neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.statistics.coarse import whole_groups
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample


def expected(reduction, a, factors):
    a = a[tuple(slice(0, n // f * f) for n, f in zip(a.shape, factors, strict=True))]
    shape = [part for n, f in zip(a.shape, factors, strict=True) for part in (n // f, f)]
    return reduction(a.reshape(shape), axis=tuple(range(1, len(shape), 2)))


@few
@given(
    pairs(["i4", "f8", "?"], min_dims=1, max_dims=3),
    st.sampled_from([np.sum, np.mean, np.max, np.std]),
    st.lists(st.integers(1, 4), min_size=3, max_size=3),
)
def test_groups_are_reduced(pair, reduction, factors):
    a, x = pair
    axes = dict(enumerate(factors[: a.ndim]))
    assert_eq(da.coarsen(reduction, x, axes, trim_excess=True), expected(reduction, a, factors[: a.ndim]))


@few
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(1, 4))
def test_blocks_end_where_groups_end(sizes, factor):
    sizes[-1] += -sum(sizes) % factor
    whole = whole_groups(tuple(sizes), factor)
    assert sum(whole) == sum(sizes)
    assert all(size % factor == 0 for size in whole)


def test_one_axis_lazily():
    a = sample((6, 5), "f8")
    x = da.from_array(a, chunks=(4, 2))
    with config.set(scheduler=raising):
        found = da.coarsen(np.mean, x, {-2: 3})
    assert found.chunks == ((2,), (2, 2, 1))
    assert_eq(found, expected(np.mean, a, (3, 1)))
    assert_eq(da.coarsen(np.std, x, {0: 3}, ddof=1), a.reshape(2, 3, 5).std(axis=1, ddof=1))


def test_other_axes_may_have_unknown_sizes():
    a = sample((6, 4), "f8")
    assert_eq(da.coarsen(np.sum, forget(da.from_array(a, chunks=2)), {1: 2}), expected(np.sum, a, (1, 2)))


def test_names_tell_keywords_apart():
    x = da.ones(4, chunks=2)
    names = {da.coarsen(np.std, x, {0: 2}, **kwargs).name for kwargs in ({}, {"ddof": 1}, {"ddof": 0})}
    assert len(names) == 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.coarsen(np.sum, x, {0: 2}), ValueError, r"factors \{0: 2\} do not align with array shape \(5,\)"),
        (lambda x: da.coarsen(np.sum, x, {0: 0}), ValueError, "positive integer"),
        (lambda x: da.coarsen(np.sum, x, {0: 2.5}), ValueError, "positive integer"),
        (lambda x: da.coarsen(np.sum, x, {1: 1}), np.exceptions.AxisError, "out of bounds"),
        (lambda x: da.coarsen(np.sum, forget(x), {0: 5}), ValueError, "compute_chunk_sizes"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones(5, chunks=2))
