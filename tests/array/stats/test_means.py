"""Tests of means are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import raising, sample

RNG = np.random.default_rng(1)
A, B = RNG.normal(size=(9, 6)), RNG.normal(1, 2, size=(12, 6))


def check(found, expected):
    assert_eq(found.statistic, np.asarray(expected.statistic), rtol=1e-8)
    assert_eq(found.pvalue, np.asarray(expected.pvalue), rtol=1e-8)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_one_sample(axis):
    with config.set(scheduler=raising):
        found = da.stats.ttest_1samp(da.from_array(A, chunks=4), 0.3, axis)
    check(found, scipy.stats.ttest_1samp(A, 0.3, axis))


@pytest.mark.parametrize("equal_var", [True, False])
def test_two_samples(equal_var):
    x, y = da.from_array(A, chunks=4), da.from_array(B, chunks=5)
    check(da.stats.ttest_ind(x, y, equal_var=equal_var), scipy.stats.ttest_ind(A, B, equal_var=equal_var))
    check(da.stats.ttest_ind(x, y, None, equal_var), scipy.stats.ttest_ind(A, B, axis=None, equal_var=equal_var))


def test_pairs():
    x, y = da.from_array(A, chunks=4), da.from_array(B[:9], chunks=5)
    check(da.stats.ttest_rel(x, y), scipy.stats.ttest_rel(A, B[:9]))
    check(da.stats.ttest_rel(x, B[:9], axis=1), scipy.stats.ttest_rel(A, B[:9], axis=1))


def test_analysis_of_variance():
    x, y = da.from_array(A, chunks=4), da.from_array(B, chunks=5)
    check(da.stats.f_oneway(x, y, x[:5] + 1), scipy.stats.f_oneway(A, B, A[:5] + 1))
    check(da.stats.f_oneway(x[:, 0], y[:, 1]), scipy.stats.f_oneway(A[:, 0], B[:, 1]))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.stats.f_oneway(x), TypeError, "at least two inputs"),
        (lambda x: da.stats.ttest_rel(x, x[:2]), ValueError, "samples of one shape"),
        (lambda x: da.stats.ttest_1samp(x, 0, axis=1), np.exceptions.AxisError, "out of bounds"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones(3, chunks=2))


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_alternatives(alternative):
    a, b = sample((9, 3)), sample((9, 3), seed=1)
    x, y = da.from_array(a, chunks=4), da.from_array(b, chunks=4)
    for name, pair in (("ttest_1samp", (0.1,)), ("ttest_ind", (y,)), ("ttest_rel", (y,))):
        found = getattr(da.stats, name)(x, *pair, alternative=alternative)
        theirs = getattr(scipy.stats, name)(a, *[b if other is y else other for other in pair], alternative=alternative)
        assert_eq(found.statistic, theirs.statistic)
        assert_eq(found.pvalue, theirs.pvalue)
    with pytest.raises(ValueError, match="alternative must be 'less', 'greater' or 'two-sided', got 'more'"):
        da.stats.ttest_rel(x, y, alternative="more")
