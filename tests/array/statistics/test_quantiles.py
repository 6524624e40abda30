"""Medians, quantiles and percentiles are NumPy's, along axes and over all, with and without NaN."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.chunks import UnknownChunkSizes
from minidask.array.statistics import ranks
from minidask.array.statistics.interpolation import METHODS
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample

REAL = ["i1", "i8", "u8", "f2", "f4", "f8"]


def some_axes(ndim, least=0):
    return st.one_of(
        st.none(),
        st.integers(-ndim, ndim - 1),
        st.lists(st.integers(0, ndim - 1), unique=True, min_size=least, max_size=ndim).map(tuple),
    )


@few
@given(pairs(REAL, min_dims=1, min_side=1, nan=True), st.data())
def test_median(pair, data):
    a, x = pair
    axis = data.draw(some_axes(a.ndim))
    keepdims = data.draw(st.booleans())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_eq(da.median(x, axis=axis, keepdims=keepdims), np.median(a, axis=axis, keepdims=keepdims))
        assert_eq(da.nanmedian(x, axis=axis, keepdims=keepdims), np.nanmedian(a, axis=axis, keepdims=keepdims))


@few
@given(
    pairs(["i8", "f4", "f8"], min_dims=1, min_side=1, nan=True),
    st.sampled_from([0.5, 0, 1.0, [0.25], [0.1, 0.9, 0.9], [[0.0, 0.3], [0.7, 1.0]], []]),
    st.sampled_from(METHODS),
    st.booleans(),
    st.data(),
)
def test_quantile(pair, q, method, keepdims, data):
    a, x = pair
    # Along no axes NumPy's nanquantile is wrong.
    kwargs = {"axis": data.draw(some_axes(a.ndim, 1)), "keepdims": keepdims, "method": method}
    hundredfold = (np.asarray(q) * 100).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_eq(da.quantile(x, q, **kwargs), np.quantile(a, q, **kwargs))
        assert_eq(da.percentile(x, hundredfold, **kwargs), np.percentile(a, hundredfold, **kwargs))
        # Where all is NaN, the dtype of NumPy's answer is that of the elements; it mixes up two axes of quantiles.
        expected = np.nanquantile(a, np.ravel(q) if np.ndim(q) else q, **kwargs)
        expected = np.reshape(expected, (*np.shape(q), *expected.shape[np.ndim(q) > 0 :]))
        assert_eq(da.nanquantile(x, q, **kwargs), expected, check_dtype=False)
        assert_eq(da.nanpercentile(x, hundredfold, **kwargs), expected, check_dtype=False)


def test_quantiles_of_two_axes_along_several_axes():
    a, q = sample((2, 4, 6)), np.array([[0.1, 0.2], [0.3, 0.4]])
    a[1, 2, 3] = np.nan
    x = da.from_array(a, chunks=2)
    for axis in ((0, 1), (1, 2), (0, 2), 1, None):
        for keepdims in (False, True):
            kwargs = {"axis": axis, "keepdims": keepdims}
            expected = np.nanquantile(a, q.ravel(), **kwargs)
            assert_eq(da.nanquantile(x, q, **kwargs), expected.reshape((2, 2, *expected.shape[1:])))
            assert_eq(da.quantile(x, q, **kwargs), np.quantile(a, q, **kwargs))


def test_quantiles_of_texts_keep_their_width():
    a = np.array(["de", "a", "fgh", "b", "cc", "x"])
    for method in ("lower", "higher", "nearest", "inverted_cdf"):
        assert_eq(da.quantile(da.from_array(a, chunks=2), 0.5, method=method), np.quantile(a, 0.5, method=method))
        for axis in (0, 1):
            b, kwargs = a.reshape(2, 3), {"axis": axis, "method": method}
            assert_eq(
                da.percentile(da.from_array(b, chunks=1), [20, 50], **kwargs), np.percentile(b, [20, 50], **kwargs)
            )


@pytest.mark.parametrize("dtype", ["f2", "f4", "i4"])
@pytest.mark.parametrize("q", [0.5, 1, np.float64(0.3), np.float32(0.5), np.array(0.5), [0.5, 0.2]])
def test_dtypes_are_those_of_numpy(dtype, q):
    a = sample((4, 3), dtype)
    x = da.from_array(a, chunks=2)
    for method in ("averaged_inverted_cdf", "linear", "lower", "hazen"):
        for axis in (None, 0):
            assert_eq(
                da.quantile(x, q, axis=axis, method=method), np.quantile(a, q, axis=axis, method=method), rtol=1e-3
            )


@pytest.mark.filterwarnings("ignore:invalid value")
def test_medians_of_complex_numbers():
    a = (np.arange(24) % 5 + 1j * (np.arange(24) % 7)).reshape(4, 6)
    for b in (a, a.astype("c8"), np.where(a == a[1, 1], np.nan, a)):
        for axis in (None, 0, 1):
            x = da.from_array(b, chunks=2)
            assert_eq(da.median(x, axis=axis), np.median(b, axis=axis))
            assert_eq(da.nanmedian(x, axis=axis), np.nanmedian(b, axis=axis))
    with pytest.raises(TypeError, match="must be an array of real numbers"):
        da.quantile(da.from_array(a), 0.5)


def test_medians_of_masked_arrays_leave_out_what_is_masked():
    for dtype in ("f8", "i4"):
        m = np.ma.array(sample((4, 6), dtype), mask=sample((4, 6), "?"))
        m[:, 2] = np.ma.masked
        x = da.from_array(m, chunks=2)
        for axis in (None, 0, 1, (0, 1)):
            for keepdims in (False, True):
                assert_eq(da.median(x, axis=axis, keepdims=keepdims), np.ma.median(m, axis=axis, keepdims=keepdims))
        for wrong in (lambda x: da.percentile(x, 30), da.nanmedian, lambda x: da.nanquantile(x, 0.5, axis=0)):
            with pytest.raises(
                NotImplementedError, match=r"of masked arrays isn't built: call nan.* of da\.ma\.filled"
            ):
                wrong(x)
        assert_eq(da.nanmedian(da.ma.filled(x.astype(float), np.nan), axis=1), np.ma.median(m, axis=1).filled(np.nan))


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[ms]", "?", "O"])
def test_other_dtypes(dtype):
    a = sample((9,), dtype, seed=1)
    x = da.from_array(a, chunks=4)
    for method in ("lower", "inverted_cdf"):
        assert_eq(da.quantile(x, [0.2, 0.6], method=method), np.quantile(a, [0.2, 0.6], method=method))
    if dtype != "?":
        assert_eq(da.percentile(x, 30), np.percentile(a, 30))
    if dtype == "m8[ms]":
        assert_eq(da.median(x), np.median(a))


def test_missing_times_are_passed_on():
    a = np.array(["2001-01-01", "NaT", "2001-01-09", "2001-01-03"], "M8[D]")
    x = da.from_array(a, chunks=2)
    assert_eq(da.quantile(x, 0.5, method="lower"), np.quantile(a, 0.5, method="lower"))


def test_the_median_of_many_small_samples_is_exact(monkeypatch):
    monkeypatch.setattr(ranks, "SAMPLES", 8)
    a = np.random.default_rng(0).integers(0, 500, size=(60, 61)).astype(float)
    x = da.from_array(a, chunks=(7, 9))
    assert_eq(da.median(x), np.median(a))
    q = np.linspace(0, 1, 23)
    assert_eq(da.quantile(x, q), np.quantile(a, q))


@pytest.mark.parametrize("function", ["median", "quantile", "percentile", "nanmedian", "nanquantile", "nanpercentile"])
def test_numpys_functions_stay_lazy(function):
    a = sample((6, 5), "f8", nan=function.startswith("nan"))
    x = da.from_array(a, chunks=(2, 3))
    args = {"median": (), "quantile": (0.3,), "percentile": (30,)}[function.removeprefix("nan")]
    with config.set(scheduler=raising):
        lazy = getattr(np, function)(x, *args, axis=1)
        over_all = getattr(np, function)(x, *args)
    assert_eq(lazy, getattr(np, function)(a, *args, axis=1))
    assert_eq(over_all, getattr(np, function)(a, *args))


def test_weights():
    a, w = sample((6, 5), "f8", seed=3), np.abs(sample((6, 5), "f8", seed=4)) + 0.1
    x = da.from_array(a, chunks=(2, 3))
    kwargs = {"axis": 0, "method": "inverted_cdf"}
    expected = np.quantile(a, 0.4, weights=w, **kwargs)
    assert_eq(da.quantile(x, 0.4, weights=w, **kwargs), expected)
    assert_eq(da.quantile(x, 0.4, weights=da.from_array(w, chunks=3), **kwargs), expected)
    assert_eq(da.quantile(x, [0.4], weights=w[:, 0], **kwargs), np.quantile(a, [0.4], weights=w[:, 0], **kwargs))
    assert_eq(
        da.quantile(x, 0.4, weights=w, method="inverted_cdf"), np.quantile(a, 0.4, weights=w, method="inverted_cdf")
    )


def test_unknown_sizes():
    a = sample((7, 4), "f8")
    x = forget(da.from_array(a, chunks=(3, 2)))
    assert_eq(da.median(x), np.median(a))
    assert_eq(da.quantile(x, 0.3, axis=1), np.quantile(a, 0.3, axis=1))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.median(x, axis=0)
    assert issubclass(UnknownChunkSizes, ValueError)


def test_blocks_stay_within_the_limit():
    x = da.ones((2000, 1000), chunks=(20, 1000))
    with config.set({"array.chunk-size": "1 MiB"}):
        assert max(da.median(x, axis=0).chunks[0]) * 2000 * 8 <= 2**20


def test_over_all_nothing_large_is_in_one_task():
    x = da.ones((200, 1000), chunks=(10, 1000))
    middle = da.median(x)
    most = max(len(task.dependencies) for task in middle.dask.lower(middle.__dask_keys__()).values())
    assert most <= 16


def test_no_elements():
    x = da.from_array(np.empty((0,)), chunks=1)
    with pytest.warns(RuntimeWarning, match="Mean of empty slice"), np.errstate(invalid="ignore"):
        assert np.isnan(da.median(x).compute(scheduler="sync"))
    x = da.from_array(np.full(4, np.nan), chunks=2)
    with pytest.warns(RuntimeWarning, match="All-NaN slice"):
        assert np.isnan(da.nanmedian(x).compute(scheduler="sync"))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.quantile(x, 1.5), ValueError, r"range \[0, 1\]"),
        (lambda x: da.percentile(x, [-1]), ValueError, r"range \[0, 100\]"),
        (lambda x: da.quantile(x, np.nan), ValueError, "range"),
        (lambda x: da.quantile(x, "half"), TypeError, "numbers"),
        (lambda x: da.quantile(x, da.ones(2)), TypeError, "compute q"),
        (lambda x: da.quantile(x, 0.5, method="best"), ValueError, "not a valid method"),
        (lambda x: da.percentile(x, 50, internal_method="best"), ValueError, "internal_method"),
        (lambda x: da.median(x, axis=2), np.exceptions.AxisError, "out of bounds"),
        (lambda x: da.percentile(x.astype("c16"), 5), TypeError, "real numbers"),
        (lambda x: da.median(x.astype("U3")), TypeError, "dtypes"),
        (lambda x: da.median(x, out=np.empty(())), TypeError, "out= must be"),
        (lambda x: da.quantile(x, 0.5, weights=[1, 2]), ValueError, "inverted_cdf"),
        (lambda x: da.quantile(x, 0.5, weights=[1], axis=0, method="inverted_cdf"), TypeError, "weights"),
        (lambda x: da.quantile(x, 0.5, weights=da.ones(4), axis=0, method="inverted_cdf"), TypeError, "in memory"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones((4, 4), chunks=2))


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
@pytest.mark.parametrize("dtype", ["i1", "f4", "f8"])
def test_quantiles_of_nothing_are_nan(dtype):
    for chunks in (((0,), (3,)), ((0, 0), (2, 1))):
        x, a = da.from_array(np.empty((0, 3), dtype), chunks=chunks), np.empty((0, 3), dtype)
        for method in ("linear", "lower"):
            assert_eq(da.nanquantile(x, 0.3, axis=0, method=method), np.nanquantile(a, 0.3, axis=0, method=method))
            # NumPy forgets how many were asked for.
            expected = np.broadcast_to(np.nanquantile(a, 0.3, axis=0, method=method), (2, 3))
            assert_eq(da.nanquantile(x, [0.3, 0.5], axis=0, method=method), expected)
            assert_eq(da.nanquantile(x, [0.3, 0.5], method=method), expected[:, 0])
            assert_eq(da.nanquantile(x, 0.3, axis=1, method=method), np.nanquantile(a, 0.3, axis=1, method=method))


def test_quantiles_of_objects_are_objects():
    a = np.array([Fraction(at % 5, 2) for at in range(12)], object).reshape(4, 3)
    x = da.from_array(a, chunks=2)
    for call in (lambda m, v: m.median(v, axis=0), lambda m, v: m.quantile(v, [0.5, 0.75], axis=1)):
        found = call(da, x)
        assert found.dtype == object
        assert found.compute().tolist() == call(np, a).tolist()
    assert (da.median(x).dtype, da.median(x).compute()) == (object, np.median(a))
    with pytest.raises(TypeError, match="isnan"):
        da.nanmedian(x, axis=0)


def test_records_have_quantiles_where_they_need_no_arithmetic():
    a = np.zeros(5, [("a", "i4")])
    a["a"] = [3, 1, 2, 5, 4]
    x = da.from_array(a, chunks=2)
    assert da.quantile(x, 0.5, method="lower").compute() == np.quantile(a, 0.5, method="lower")
    with pytest.raises(TypeError, match="subtract"):
        da.quantile(x, 0.5)
