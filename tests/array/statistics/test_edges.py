"""Edges of bins: known ones at once, others from data."""

from __future__ import annotations

import numpy as np
import pytest

import minidask.array as da
from minidask import config, delayed
from minidask.array.statistics.edges import as_values, bin_edges, equal_bins
from minidask.array.testing import assert_eq
from tests.array.arrays import raising, sample


def test_known_edges_are_numpys():
    x = da.ones(3, chunks=2)
    found = bin_edges(4, (0, 8), x)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, np.histogram_bin_edges([], 4, (0, 8)))
    np.testing.assert_array_equal(bin_edges([1, 2, 2, 5], None, x), [1, 2, 2, 5])
    np.testing.assert_array_equal(equal_bins(2, (3, 3), np.dtype(bool)), [2.5, 3, 3.5])


@pytest.mark.parametrize("dtype", ["i4", "f4", "f8", "?"])
def test_edges_of_the_data_are_lazy(dtype):
    a = sample((9, 4), dtype, seed=1)
    x = da.from_array(a, chunks=4)
    with config.set(scheduler=raising):
        found = bin_edges(5, None, x)
    assert_eq(found, np.histogram_bin_edges(a.astype("u1") if dtype == "?" else a, 5))


def test_lazy_ends_and_lazy_edges():
    x = da.from_array(sample((9,), "f8"), chunks=4)
    ends = (delayed(float)(-1), x.max() + 5)
    assert_eq(bin_edges(3, ends, x), np.linspace(-1, x.max().compute() + 5, 4))
    assert bin_edges(da.arange(5, chunks=2), None, x).numblocks == (1,)


def test_without_values_the_range_is_one():
    np.testing.assert_array_equal(bin_edges(2, None, da.ones(0)), [0, 0.5, 1])


@pytest.mark.parametrize(
    ("bins", "span", "error", "message"),
    [
        ("auto", None, NotImplementedError, r"numpy.histogram_bin_edges\(sample, 'auto'\)"),
        (2.5, None, TypeError, "must be an integer, a string, or an array"),
        (0, None, ValueError, "must be positive"),
        ([1, 0], None, ValueError, "increase monotonically"),
        ([[1, 2]], None, ValueError, "must be 1d"),
        (3, (2, 1), ValueError, "max must be larger than min"),
        (3, (0, np.inf), ValueError, "not finite"),
        (3, (0, 1, 2), ValueError, "a pair of its ends"),
        (3, (0, da.ones(2)), ValueError, "single number"),
        (da.ones((2, 2)), None, ValueError, "along one axis"),
        (delayed(int)(3), None, TypeError, "compute a number first"),
    ],
)
def test_errors(bins, span, error, message):
    with pytest.raises(error, match=message):
        bin_edges(bins, span, da.ones(3, chunks=2))


def test_values_must_be_numbers():
    with pytest.raises(TypeError, match="view times as integers"):
        as_values(da.zeros(3, dtype="M8[s]"), "histogram")
