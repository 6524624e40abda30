"""Arrays as sets: what is in both, in one, in either."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import RECORD, few, forget, pairs, raising, sample

KINDS = ["?", "i1", "i8", "f8", "M8[s]", "U3"]


@few
@given(st.sampled_from(KINDS), st.data(), st.booleans(), st.booleans())
def test_isin(kind, data, invert, lazy):
    a, x = data.draw(pairs([kind], nan=True))
    b, y = data.draw(pairs([kind]))
    assert_eq(da.isin(x, y if lazy else b, invert=invert), np.isin(a, b, invert=invert))


def test_isin_by_kind():
    a = sample((9,), "i8")
    x = da.from_array(a, chunks=4)
    for kind in ("sort", "table"):
        assert_eq(da.isin(x, x[:3], kind=kind), np.isin(a, a[:3]))
        assert_eq(da.isin(x, [1, 2], assume_unique=True, kind=kind), np.isin(a, [1, 2]))


@few
@given(st.sampled_from(KINDS), st.sampled_from(["union1d", "intersect1d", "setdiff1d", "setxor1d"]), st.data())
def test_sets(kind, function, data):
    a, x = data.draw(pairs([kind], max_dims=2))
    b, y = data.draw(pairs([kind], max_dims=2))
    assert_eq(getattr(da, function)(x, y), getattr(np, function)(a, b))


@few
@given(pairs(["i1"], max_dims=2), pairs(["i8"], max_dims=2))
def test_places_of_what_is_in_both(pair, other):
    (a, x), (b, y) = pair, other
    found = da.intersect1d(x, y, return_indices=True)
    for one, expected in zip(found, np.intersect1d(a, b, return_indices=True), strict=True):
        assert_eq(one, expected)


def test_numpys_functions_stay_lazy():
    a, b = sample((9,), "i8", 1), sample((7,), "i8", 2)
    x = da.from_array(a, chunks=4)
    functions = [np.isin, np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d]
    with config.set(scheduler=raising):
        lazy = [function(x, b) for function in functions]
    for found, function in zip(lazy, functions, strict=True):
        assert_eq(found, function(a, b))


def test_differences_in_the_arrays_own_order():
    a = np.array([5, 3, 8, 1])
    assert_eq(
        da.setdiff1d(da.from_array(a, chunks=3), [3], assume_unique=True), np.setdiff1d(a, [3], assume_unique=True)
    )


def test_unknown_sizes():
    a = sample((9,), "i8")
    x = forget(da.from_array(a, chunks=4))
    assert_eq(da.isin(x, x), np.ones(9, bool))
    assert_eq(da.union1d(x, [99]), np.union1d(a, [99]))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.isin(x, [1], kind="hash"), ValueError, "Invalid kind"),
        (lambda x: da.intersect1d(forget(x), x, return_indices=True), ValueError, "compute_chunk_sizes"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones(4, chunks=2))


def test_what_cannot_be_compared_is_equal_nowhere():
    dates = da.from_array(np.array(["2000-01-01", "2000-01-02"], "M8[D]"), chunks=1)
    for others in ([1, 2], da.arange(100, chunks=50)):
        assert_eq(da.isin(dates, others), np.zeros(2, bool))
        assert_eq(da.isin(dates, others, invert=True), np.ones(2, bool))
    with pytest.raises(TypeError):
        da.isin(da.from_array(sample((3,), RECORD), chunks=2), [1, 2])
