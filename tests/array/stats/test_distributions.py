"""Tail probabilities are SciPy's, and samples are checked."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.stats

import minidask.array as da
from minidask.array.stats import distributions
from minidask.array.testing import assert_eq
from tests.array.arrays import forget

A = np.linspace(-3, 3, 7)


def test_tails():
    x = da.from_array(A, chunks=3)
    assert_eq(distributions.tail_of_t(x, 5), 2 * scipy.stats.t.sf(np.abs(A), 5))
    assert_eq(distributions.two_sided_normal(x), 2 * scipy.stats.norm.sf(np.abs(A)))
    assert_eq(distributions.above_chi2(abs(x), 3), scipy.stats.chi2.sf(np.abs(A), 3))
    assert_eq(distributions.above_f(abs(x), 3, 4), scipy.stats.f.sf(np.abs(A), 3, 4))


def test_samples():
    x, at, n = distributions.sample_of(da.ones((3, 4), dtype="i4", chunks=2), -1, "it")
    assert (x.dtype, at, n) == (np.float64, 1, 4)
    x, at, n = distributions.sample_of(np.ones((3, 4), "f4"), None, "it")
    assert (x.dtype, at, n) == (np.float32, 0, 12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: distributions.sample_of(x, 0, "it", "omit"), NotImplementedError, "nan_policy='omit'"),
        (lambda x: distributions.sample_of(x, 1, "it"), np.exceptions.AxisError, "out of bounds"),
        (lambda x: distributions.sample_of(x + 1j, 0, "it"), TypeError, "it takes real numbers"),
        (lambda x: distributions.sample_of(forget(x), 0, "it"), ValueError, "compute_chunk_sizes"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones(3, chunks=2))


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match="needs the package 'scipy'"):
        da.stats.ttest_1samp(da.ones(3), 1)
