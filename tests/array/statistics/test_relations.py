"""Covariances and correlations are NumPy's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample


@few
@given(
    pairs(["i1", "i8", "f4", "f8", "c16"], min_dims=1, max_dims=2, min_side=2),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 0, 1, 2]),
)
def test_cov(pair, rowvar, bias, ddof):
    a, x = pair
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = np.cov(a, rowvar=rowvar, bias=bias, ddof=ddof)
        assert_eq(da.cov(x, rowvar=rowvar, bias=bias, ddof=ddof), expected)


@few
@given(pairs(["i8", "f8", "c16"], min_dims=1, max_dims=2, min_side=3), st.booleans())
def test_corrcoef(pair, rowvar):
    a, x = pair
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        assert_eq(da.corrcoef(x, rowvar=rowvar), np.corrcoef(a, rowvar=rowvar), atol=1e-9)


def test_more_variables():
    a, b = sample((3, 10), "f8", 1), sample((2, 10), "i4", 2)
    x, y = da.from_array(a, chunks=(2, 4)), da.from_array(b, chunks=3)
    assert_eq(da.cov(x, y), np.cov(a, b))
    assert_eq(da.corrcoef(x, b), np.corrcoef(a, b))
    assert_eq(da.cov(x[0], y[1]), np.cov(a[0], b[1]))
    assert_eq(da.cov(x.T, y.T, rowvar=False), np.cov(a, b))


@pytest.mark.parametrize("ddof", [None, 0, 1])
def test_weights(ddof):
    a = sample((3, 8), "f8", 1)
    x = da.from_array(a, chunks=3)
    often, much = [1, 2, 3, 1, 0, 2, 1, 1], np.linspace(0.1, 1, 8)
    for weights in ({"fweights": often}, {"aweights": much}, {"fweights": often, "aweights": much}):
        assert_eq(da.cov(x, ddof=ddof, **weights), np.cov(a, ddof=ddof, **weights))


def test_large_means_cost_no_digits():
    a = np.random.default_rng(0).normal(size=(2, 1000))
    x = da.from_array(a + 1e8, chunks=(1, 100))
    np.testing.assert_allclose(da.cov(x).compute(), np.cov(a), rtol=1e-5, atol=1e-7)


def test_dtype():
    a = sample((2, 8), "f4", 1)
    assert_eq(da.cov(da.from_array(a, chunks=3), dtype="f4"), np.cov(a, dtype="f4"))


def test_numpys_functions_stay_lazy():
    a = sample((3, 8), "f8", 1)
    x = da.from_array(a, chunks=3)
    with config.set(scheduler=raising):
        lazy = np.cov(x), np.corrcoef(x)
    assert_eq(lazy[0], np.cov(a))
    assert_eq(lazy[1], np.corrcoef(a))


def test_too_few_observations_warn():
    with pytest.warns(RuntimeWarning, match="Degrees of freedom <= 0"), np.errstate(all="ignore"):
        found = da.cov(da.ones((2, 1), chunks=1))
    with np.errstate(all="ignore"):
        assert np.isnan(found.compute(scheduler="sync")).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.cov(x[None]), ValueError, "more than 2 dimensions"),
        (lambda x: da.cov(x, x[None]), ValueError, "more than 2 dimensions"),
        (lambda x: da.cov(x, ddof=0.5), ValueError, "ddof must be integer"),
        (lambda x: da.cov(x, fweights=[0.5] * 4), TypeError, "fweights must be integer"),
        (lambda x: da.cov(x, fweights=[1] * 3), RuntimeError, "incompatible numbers of samples and fweights"),
        (lambda x: da.cov(x, aweights=[-1] * 4), ValueError, "aweights cannot be negative"),
        (lambda x: da.cov(x, aweights=np.ones((2, 2))), RuntimeError, "multidimensional aweights"),
        (lambda x: da.cov(x, aweights=da.ones(4)), TypeError, "must be in memory"),
        (lambda x: da.cov(forget(x, 1)), ValueError, "compute_chunk_sizes"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones((4, 4), chunks=2))


def test_masked_arrays_are_refused():
    x = da.ma.masked_greater(da.ones((3, 4), chunks=2), 0)
    for wrong in (da.cov, da.corrcoef, lambda x: da.cov(da.ones(4), x[0])):
        with pytest.raises(NotImplementedError, match=r"covariances of masked arrays aren't built: .* da\.ma\.filled"):
            wrong(x)


def test_too_few_observations_warn_each_time():
    for _ in range(2):
        with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="Degrees of freedom") as seen:
            da.cov(da.ones((2, 1), chunks=1))
        assert seen[0].filename == __file__
