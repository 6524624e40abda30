"""Tests of frequencies are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import minidask.array as da
from minidask import config
from minidask.array.stats.frequencies import POWERS
from minidask.array.testing import assert_eq
from tests.array.arrays import raising

A = np.random.default_rng(1).integers(5, 40, size=(8, 4)).astype(float)
# The same sums along the first axis.
E = A[::-1].copy()


@pytest.mark.parametrize("power", [None, *POWERS, 2, -1.5])
@pytest.mark.parametrize("expected", [None, E])
def test_every_power(power, expected):
    x = da.from_array(A, chunks=3)
    with config.set(scheduler=raising):
        found = da.stats.power_divergence(x, expected, ddof=1, lambda_=power)
    scipys = scipy.stats.power_divergence(A, expected, ddof=1, lambda_=power)
    assert_eq(found.statistic, scipys.statistic, rtol=1e-8)
    assert_eq(found.pvalue, scipys.pvalue, rtol=1e-8)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_chisquare(axis):
    found, scipys = da.stats.chisquare(da.from_array(A, chunks=3), axis=axis), scipy.stats.chisquare(A, axis=axis)
    assert_eq(found.statistic, np.asarray(scipys.statistic))
    assert_eq(found.pvalue, np.asarray(scipys.pvalue), rtol=1e-8)


def test_whole_numbers():
    counts = A[:, 0].astype(int)
    found = da.stats.chisquare(da.from_array(counts, chunks=3), da.from_array(E[:, 0].astype(int), chunks=2))
    assert_eq(found.statistic, np.asarray(scipy.stats.chisquare(counts, E[:, 0].astype(int)).statistic))
    both = da.stats.chisquare(da.from_array(A, chunks=3), da.from_array(E, chunks=2), axis=None)
    assert_eq(both.statistic, np.asarray(scipy.stats.chisquare(A, E, axis=None).statistic))


def test_unknown_names():
    with pytest.raises(ValueError, match="invalid string for lambda_: 'best'"):
        da.stats.power_divergence(da.ones(3), lambda_="best")
