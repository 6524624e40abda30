"""Histograms are NumPy's, along one coordinate and several."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, forget, pairs, raising, sample

BINS = st.one_of(
    st.tuples(st.integers(1, 7), st.sampled_from([(-3, 3), (0, 10), (1, 1), None])),
    st.tuples(st.sampled_from([[0, 1, 2], [-2.5, -1, 0.3, 0.3, 4], np.arange(-4, 4)]), st.none()),
)


def check(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert_eq(one, other)


@few
@given(
    pairs(["?", "i1", "i8", "f4", "f8"], min_side=1), BINS, st.sampled_from([None, "i8", "f8", "c16"]), st.booleans()
)
def test_histogram(pair, how, weighted, density):
    a, x = pair
    bins, span = how
    w = None if weighted is None else sample(a.shape, weighted, 7)
    v = None if w is None else da.from_array(w, chunks=2)
    if a.dtype == bool:
        a = a.astype("u1")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = np.histogram(a, bins, span, weights=w, density=density)
        check(da.histogram(x, bins, span, weights=v, density=density), expected)


def test_the_range_of_the_data_is_found_lazily():
    a = sample((20, 3), "f8", 3)
    x = da.from_array(a, chunks=(7, 2))
    with config.set(scheduler=raising):
        lazy = np.histogram(x), np.histogram(x, 5, density=True), np.histogram_bin_edges(x, 4)
    check(lazy[0], np.histogram(a))
    check(lazy[1], np.histogram(a, 5, density=True))
    assert_eq(lazy[2], np.histogram_bin_edges(a, 4))
    assert isinstance(da.histogram(x, bins=3, range=(0, 1))[1], np.ndarray)


def test_lazy_edges():
    a = sample((20,), "f8", 3)
    x = da.from_array(a, chunks=7)
    check(da.histogram(x, bins=da.linspace(-3, 3, 5, chunks=2)), np.histogram(a, np.linspace(-3, 3, 5)))
    check(da.histogram(x, bins=3, range=(x.min(), 2)), np.histogram(a, 3, (a.min(), 2)))
    check(da.histogram(x, bins=3, range=(x.min(), x.min() + 2)), np.histogram(a, 3, (a.min(), a.min() + 2)))


def test_unknown_sizes():
    a, w = sample((20,), "f8", 3), sample((20,), "f8", 4)
    x, v = forget(da.from_array(a, chunks=7)), forget(da.from_array(w, chunks=7))
    check(da.histogram(x, 4, (-2, 2), weights=v), np.histogram(a, 4, (-2, 2), weights=w))


def test_counts_are_added_by_a_tree():
    counts, _ = da.histogram(da.ones(100, chunks=1), 5, (0, 1))
    assert max(len(task.dependencies) for task in counts.dask.lower(counts.__dask_keys__()).values()) <= 16


@few
@given(st.integers(1, 3), st.integers(1, 12), st.booleans(), st.booleans(), st.booleans(), st.data())
def test_histogramdd(count, length, weighted, density, separate, data):
    a = sample((length, count), "f8", data.draw(st.integers(0, 99)))
    x = da.from_array(a, chunks=data.draw(chunkings(a.shape)))
    w = sample((length,), "f8", 5) if weighted else None
    bins = data.draw(st.sampled_from([4, [3] * count, [np.array([-3, 0, 1, 2])] * count]))
    span = (
        data.draw(st.sampled_from([None, [(-3, 3)] * count, [None] * count]))
        if not isinstance(bins, np.ndarray)
        else None
    )
    points = tuple(x[:, at] for at in range(count)) if separate else x
    expected_points = [a[:, at] for at in range(count)] if separate else a
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = np.histogramdd(expected_points, bins, span, weights=w, density=density)
        found = da.histogramdd(points, bins, span, weights=w, density=density)
        assert_eq(found[0], expected[0])
        check(found[1], expected[1])


@pytest.mark.parametrize("bins", [5, [3, 4], [np.arange(-3, 4), 3], np.arange(-3.0, 4), [4]])
def test_histogram2d(bins):
    a, b, w = sample((30,), "f8", 1), sample((30,), "i4", 2), sample((30,), "f8", 3)
    x, y = da.from_array(a, chunks=7), da.from_array(b, chunks=11)
    expected_bins = bins * 2 if isinstance(bins, list) and len(bins) == 1 else bins
    check(da.histogram2d(x, y, bins), np.histogram2d(a, b, expected_bins))
    with config.set(scheduler=raising):
        lazy = np.histogram2d(x, y, expected_bins, density=True, weights=w)
    check(lazy, np.histogram2d(a, b, expected_bins, density=True, weights=w))


def test_numpys_histogramdd_stays_lazy():
    a = sample((30, 2), "f8", 1)
    with config.set(scheduler=raising):
        counts, edges = np.histogramdd(da.from_array(a, chunks=(7, 1)), 4)
    expected = np.histogramdd(a, 4)
    assert_eq(counts, expected[0])
    check(edges, expected[1])


@few
@given(
    pairs(["i4", "f4", "f8"]),
    st.sampled_from([[0.0], [], [-2, 0, 0, 3], [3, 1, -1], np.array([0.5, 1.5], "f4")]),
    st.booleans(),
)
def test_digitize(pair, bins, right):
    a, x = pair
    assert_eq(da.digitize(x, bins, right), np.digitize(a, np.asarray(bins), right))
    if len(bins):
        assert_eq(
            np.digitize(x, da.from_array(np.asarray(bins), chunks=2), right), np.digitize(a, np.asarray(bins), right)
        )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.histogram(x, 3, normed=True), TypeError, "density=True"),
        (lambda x: da.histogram(x, 3, weights=[1]), ValueError, "same shape as a"),
        (lambda x: da.histogram(x.astype("U3"), 3), TypeError, "isn't defined"),
        (lambda x: da.histogramdd(x, 3), ValueError, "two axes"),
        (lambda x: da.histogramdd(x[:, None], [3, 3]), ValueError, "dimension of bins"),
        (lambda x: da.histogramdd(x[:, None], 3, [(0, 1)] * 2), ValueError, "one entry per dimension"),
        (lambda x: da.histogramdd((x, x[:2]), 3), ValueError, "different lengths"),
        (lambda x: da.histogramdd((x[:, None],), 3), ValueError, "one axis"),
        (lambda x: da.histogramdd(x[:, None], 3, normed=True), TypeError, "density=True"),
        (lambda x: da.histogram2d(x, x[:2]), ValueError, "same length"),
        (lambda x: da.digitize(x, [1, 3, 2]), ValueError, "monotonically"),
        (lambda x: da.digitize(x, da.ones((2, 2))), ValueError, "one axis"),
        (lambda x: da.digitize(x + 1j, [1]), TypeError, "complex"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones(4, chunks=2))


@pytest.mark.parametrize("dtype", ["f2", "f4", "i4", "?", "O", "g"])
def test_edges_and_densities_have_the_dtypes_of_numpy(dtype):
    a = np.array([1, 0, 1, 1, 0, 1]).astype(dtype)
    x = da.from_array(a, chunks=2)
    for keywords in ({"range": ((0, 1), (0, 1))}, {}):
        for one, other in zip(
            da.histogram2d(x, x[::-1], bins=3, **keywords), np.histogram2d(a, a[::-1], bins=3, **keywords), strict=True
        ):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(np.asarray(one), other)
    if dtype != "?":
        assert_eq(da.histogram(x, 3, density=True)[0], np.histogram(a, 3, density=True)[0])
