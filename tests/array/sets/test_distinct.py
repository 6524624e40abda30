"""Distinct values, where they are, how many, and which each element is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import RECORD, few, forget, pairs, raising, sample

ORDERED = ["?", "i1", "u8", "f2", "f8", "c16", "M8[s]", "m8[ms]", "U3", "S2", "O", RECORD]


def check(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert_eq(one, other)


@few
@given(pairs(ORDERED, nan=True))
def test_values(pair):
    a, x = pair
    found = da.unique(x)
    assert np.isnan(found.shape[0])
    assert_eq(found, np.unique(a))


@few
@given(pairs(ORDERED), st.booleans(), st.booleans())
def test_everything(pair, places, counts):
    a, x = pair
    check(
        da.unique(x, return_index=places, return_inverse=True, return_counts=counts),
        np.unique(a, return_index=places, return_inverse=True, return_counts=counts),
    )


@few
@given(pairs(["f8", "M8[s]"], nan=True), st.booleans())
def test_missing_values(pair, equal_nan):
    a, x = pair
    kwargs = {"return_index": equal_nan, "return_inverse": equal_nan, "return_counts": True, "equal_nan": equal_nan}
    check(da.unique(x, **kwargs), np.unique(a, **kwargs))


@few
@given(pairs(["i1", "f8"], min_dims=1, min_side=1), st.data())
def test_along_an_axis(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    kwargs = {"return_index": True, "return_inverse": True, "return_counts": True, "axis": axis}
    check(da.unique(x, **kwargs), np.unique(a, **kwargs))
    assert_eq(da.unique(x, axis=axis), np.unique(a, axis=axis))


def test_numpys_functions_stay_lazy():
    a = sample((6, 5), "i4")
    x = da.from_array(a, chunks=2)
    with config.set(scheduler=raising):
        lazy = np.unique(x), np.unique_values(x), np.unique_counts(x), np.unique_inverse(x), np.unique_all(x)
    assert_eq(lazy[0], np.unique(a))
    assert_eq(lazy[1], np.sort(np.unique_values(a)))
    check(lazy[2], np.unique_counts(a))
    check(lazy[3], np.unique_inverse(a))
    check(lazy[4], np.unique_all(a))
    assert lazy[4]._fields == np.unique_all(a)._fields


def test_unknown_sizes():
    a = sample((7, 4), "i4")
    x = forget(da.from_array(a, chunks=(3, 2)))
    kwargs = {"return_inverse": True, "return_counts": True}
    check(da.unique(x, **kwargs), np.unique(a, **kwargs))
    assert_eq(da.unique(x, axis=0), np.unique(a, axis=0))


def test_distinct_values_are_joined_by_a_tree():
    found = da.unique(da.ones(100, chunks=1))
    assert max(len(task.dependencies) for task in found.dask.lower(found.__dask_keys__()).values()) <= 16


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.unique(x, axis=1), np.exceptions.AxisError, "out of bounds"),
        (lambda x: da.unique(forget(x), return_inverse=True, equal_nan=False), ValueError, "compute_chunk_sizes"),
        (lambda x: da.unique(x[None].astype(object), axis=0), TypeError, "not supported for dtype object"),
        (lambda x: da.unique(forget(x), return_index=True), ValueError, "compute_chunk_sizes"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones(4, chunks=2))


def test_which_of_rows_with_nan_is_refused():
    x = da.from_array(np.array([[np.nan, 1], [np.nan, 1], [0, 1]]), chunks=1)
    values, which = da.unique(x, axis=0, return_inverse=True)
    assert_eq(values, np.array([[0, 1], [np.nan, 1], [np.nan, 1]]), check_shape=False)
    with pytest.raises(NotImplementedError, match="each of which is one of its own"):
        which.compute(scheduler="sync")


@few
@given(pairs(["f8", "f4", "c16", "M8[s]", "m8[ms]"], nan=True))
def test_each_nan_is_a_value_of_its_own(pair):
    a, x = pair
    values, places, which, counts = (part.compute() for part in da.unique_all(x))
    np.testing.assert_array_equal(values[which], a)
    np.testing.assert_array_equal(np.ravel(a)[places], values)
    np.testing.assert_array_equal(np.ravel(which)[places], np.arange(len(values)))
    np.testing.assert_array_equal(places, np.unique(a, return_index=True, equal_nan=False)[1])
    assert sum(counts) == a.size
    assert_eq(da.unique_inverse(x).inverse_indices, which)


@pytest.mark.parametrize("dtype", [">i4", ">f8", ">M8[s]"])
def test_values_keep_their_order_of_bytes(dtype):
    a = sample((7,), dtype)
    for one, other in zip(
        da.unique(da.from_array(a, chunks=2), return_counts=True, return_inverse=True),
        np.unique(a, return_counts=True, return_inverse=True),
        strict=True,
    ):
        assert_eq(one, other)


def test_masked_arrays_are_refused_with_what_helps():
    m = np.ma.masked_equal([3, 1, 2, 3, 9], 9)
    x = da.from_array(m, chunks=2)
    with pytest.raises(NotImplementedError, match=r"da\.unique\(da\.ma\.getdata\(x\)\[~da\.ma\.getmaskarray\(x\)\]\)"):
        da.unique(x)
    assert_eq(da.unique(da.ma.getdata(x)[~da.ma.getmaskarray(x)]), np.unique(m).compressed())
