"""Masked arrays are made and filled as ``numpy.ma`` does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.ma.masking import masked_meta
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample

BY_VALUE = [
    "masked_greater",
    "masked_greater_equal",
    "masked_less",
    "masked_less_equal",
    "masked_not_equal",
    "masked_equal",
    "masked_values",
]


@few
@given(pairs(["i8", "f8"], min_dims=1), st.sampled_from(BY_VALUE), st.sampled_from([0, 1, 2.5]))
def test_masks_by_a_value(pair, name, value):
    a, x = pair
    found = getattr(da.ma, name)(x, value)
    assert isinstance(found._meta, np.ma.MaskedArray)
    assert_eq(found, getattr(np.ma, name)(a, value))


@few
@given(pairs(["i8", "f8"], min_dims=1), st.sampled_from(["masked_inside", "masked_outside"]))
def test_masks_by_two_values(pair, name):
    a, x = pair
    assert_eq(getattr(da.ma, name)(x, 2, -1), getattr(np.ma, name)(a, 2, -1))


@few
@given(pairs(["f8"], min_dims=1, nan=True))
def test_what_is_no_number(pair):
    a, x = pair
    assert_eq(da.ma.masked_invalid(x), np.ma.masked_invalid(a))
    assert_eq(da.ma.getdata(da.ma.fix_invalid(x, 3)), np.ma.fix_invalid(a, fill_value=3).data)
    assert_eq(da.ma.fix_invalid(x), np.ma.fix_invalid(a))


def test_data_and_masks():
    a, mask = sample((5, 4), "f8", 1), sample((5, 4), "?", 2)
    x = da.from_array(a, chunks=(2, 3))
    expected = np.ma.masked_array(a, mask=mask, fill_value=7)
    for given_mask in (mask, mask.tolist(), da.from_array(mask, chunks=3)):
        with config.set(scheduler=raising):
            found = da.ma.masked_array(x, mask=given_mask, fill_value=7)
        assert_eq(found, expected)
        assert_eq(da.ma.filled(found), expected.filled())
    assert_eq(da.ma.masked_array(x, mask, dtype="f4"), np.ma.masked_array(a, mask, dtype="f4"))
    assert_eq(da.ma.masked_array(x, mask=True), np.ma.masked_array(a, mask=True))
    assert_eq(da.ma.masked_array(found, mask=~mask), np.ma.masked_array(expected, mask=~mask))
    assert_eq(da.ma.filled(da.ma.masked_array(x, mask=mask, fill_value=x.max())), np.ma.filled(expected, a.max()))
    assert_eq(da.ma.getmaskarray(found), mask)
    assert_eq(da.ma.getmaskarray(x), np.zeros_like(mask))
    assert_eq(da.ma.getdata(found), a)
    assert_eq(da.ma.filled(found, -1), expected.filled(-1))


def test_conditions():
    a = sample((5, 4), "f8", 1)
    x = da.from_array(a, chunks=(2, 3))
    m, n = da.ma.masked_where(x > 1, x), np.ma.masked_where(a > 1, a)
    assert_eq(m, n)
    assert_eq(da.ma.masked_where(False, x), np.ma.masked_where(False, a))
    assert_eq(da.ma.where(m > 0, m, 0), np.ma.where(n > 0, n, 0))
    assert_eq(da.ma.where(a > 0, m, x), np.ma.where(a > 0, n, a))
    for found, expected in zip(da.ma.where(m > 0), np.ma.where(n > 0), strict=True):
        assert_eq(found, expected)
    for found, expected in zip(da.ma.nonzero(m), np.ma.nonzero(n), strict=True):
        assert_eq(found, expected)


def test_like_another():
    m = np.ma.masked_array(np.arange(4.0), mask=[0, 1, 0, 0])
    x = da.from_array(m, chunks=3)
    assert_eq(da.ma.ones_like(x), np.ma.ones_like(m))
    assert_eq(da.ma.zeros_like(x, dtype="f4"), np.ma.zeros_like(m, dtype="f4"))
    assert_eq(da.ma.getmaskarray(da.ma.empty_like(x)), m.mask)


def test_another_fill_value():
    x = da.ma.masked_equal(da.arange(4, chunks=2), 1)
    before = x + 0
    da.ma.set_fill_value(x, 9)
    assert_eq(da.ma.filled(x), np.array([0, 9, 2, 3]))
    assert da.ma.filled(before)[1].compute() != 9
    da.ma.set_fill_value(x, da.from_array(np.array(5), chunks=()))
    assert_eq(da.ma.filled(x), np.array([0, 5, 2, 3]))


def test_unknown_sizes():
    x = forget(da.arange(4, chunks=2))
    assert_eq(da.ma.masked_where(x > 2, x), np.ma.masked_greater(np.arange(4), 2))
    assert_eq(da.ma.masked_array(x, mask=x > 2), np.ma.masked_greater(np.arange(4), 2))


def test_metas():
    assert masked_meta(np.dtype("i4"), 2).shape == (0, 0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.ma.masked_array(x, mask=[0, 1]), np.ma.MaskError, "Mask and data not compatible"),
        (lambda x: da.ma.masked_array(x, fill_value=[1, 2]), ValueError, "a single one"),
        (lambda x: da.ma.masked_where(x[:2] > 0, x), IndexError, "Inconsistent shape"),
        (lambda x: da.ma.masked_equal(x, [1, 2]), ValueError, "doesn't support array"),
        (lambda x: da.ma.masked_inside(x, x, 2), ValueError, "doesn't support array"),
        (lambda x: da.ma.where(x, x), ValueError, "either both or neither"),
        (lambda x: da.ma.ones_like(x, shape=3), TypeError, r"takes no \['shape'\]"),
        (lambda x: da.ma.set_fill_value(np.ma.ones(3), 1), TypeError, "numpy.ma.set_fill_value"),
        (lambda x: da.ma.set_fill_value(x, "text"), TypeError, "Cannot set fill value"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.arange(4, chunks=2))


@pytest.mark.parametrize("other", [0, 2.5, np.ma.masked, np.float32(1)])
def test_dtypes_of_choices(other):
    a = np.ma.array([1, 2, 3], mask=[False, True, False], dtype="u1")
    x = da.from_array(a, chunks=2)
    mask = np.array([True, False, True])
    assert_eq(da.ma.where(mask, other, x), np.ma.where(mask, other, a))
    assert_eq(da.ma.where(mask, x, other), np.ma.where(mask, a, other))
