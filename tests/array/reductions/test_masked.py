"""Reductions of masked arrays are NumPy's, however they are cut."""

from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, sample, shapes


@st.composite
def masked(draw, dtypes=("f8", "i8"), min_dims=1, max_dims=3, min_side=1):
    shape = draw(shapes(min_dims, max_dims, min_side, 6))
    a = sample(shape, draw(st.sampled_from(dtypes)), draw(st.integers(0, 99)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    m = np.ma.masked_array(a, mask=rng.random(shape) < draw(st.sampled_from([0, 0.4, 0.8, 1])))
    return m, da.from_array(m, chunks=draw(chunkings(shape)))


def check(found, expected):
    # A mask of a result without axes is lost by what makes arrays of it.
    value = found.compute(scheduler="sync")
    np.testing.assert_array_equal(np.ma.getmaskarray(value), np.ma.getmaskarray(expected))
    assert np.ma.allclose(np.ma.filled(value, 0), np.ma.filled(expected, 0), atol=1e-9)
    assert np.ma.is_masked(expected) or found.dtype == expected.dtype
    if found.ndim:
        assert isinstance(found._meta, np.ma.MaskedArray)
        assert_eq(found, expected)


NAMES = ["sum", "prod", "min", "max", "any", "all", "mean", "var", "std"]


@few
@given(masked(), st.sampled_from(NAMES), st.booleans(), st.sampled_from([None, 2]), st.data())
def test_reductions(pair, name, keepdims, split_every, data):
    m, x = pair
    axis = data.draw(st.one_of(st.none(), st.integers(0, m.ndim - 1), st.just(tuple(range(m.ndim)))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = getattr(m, name)(axis=axis, keepdims=keepdims)
        if isinstance(axis, tuple) and name in ("var", "std", "mean"):
            expected = getattr(m, name)(axis=None, keepdims=keepdims)
        check(getattr(x, name)(axis=axis, keepdims=keepdims, split_every=split_every), expected)


@few
@given(masked(("f8",)), st.sampled_from(["argmin", "argmax"]), st.data())
def test_places(pair, name, data):
    m, x = pair
    axis = data.draw(st.one_of(st.none(), st.integers(0, m.ndim - 1)))
    found = getattr(x, name)(axis=axis)
    assert type(found._meta) is np.ndarray
    assert_eq(found, np.asarray(getattr(m, name)(axis=axis)))


def test_nan_is_left_out_too():
    m = np.ma.masked_array([1, np.nan, 3, 5.0, np.nan], mask=[0, 0, 0, 1, 1])
    x = da.from_array(m, chunks=2)
    assert da.nansum(x).compute() == 4
    assert da.nanmean(x).compute() == 2
    assert da.nanvar(x).compute() == 1
    assert da.nanmax(x).compute() == 3


def test_running_sums_go_on_under_the_mask():
    m = np.ma.masked_array(np.arange(6.0), mask=[0, 1, 0, 1, 0, 0])
    assert_eq(np.cumsum(da.from_array(m, chunks=2)), m.cumsum())


def test_spread_of_complex_numbers():
    m = np.ma.masked_array(sample((7, 3), "c16", 3), mask=sample((7, 3), "?", 5))
    check(da.from_array(m, chunks=3).var(axis=0, ddof=1), m.var(axis=0, ddof=1))
