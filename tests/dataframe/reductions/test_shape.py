from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.reductions.shape import central_moments, combine_shapes
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import NUMBERS, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)


@pytest.mark.parametrize("how", ["skew", "kurt", "kurtosis"])
def test_like_pandas(how):
    for df in CUT:
        assert_eq(getattr(df[NUMBERS], how)(), getattr(FRAME[NUMBERS], how)())
        assert_eq(getattr(df, how)(numeric_only=True), getattr(FRAME, how)(numeric_only=True))
        assert_eq(getattr(df["f"], how)(skipna=False), getattr(FRAME["f"], how)(skipna=False))
        assert_eq(getattr(df["i"], how)(), getattr(FRAME["i"], how)())
        assert_eq(getattr(df[["i", "f", "g"]], how)(axis=1), getattr(FRAME[["i", "f", "g"]], how)(axis=1))


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(["i", "b", "I"]))
def test_any_frame(pair, column):
    frame, df = pair
    assert_eq(df[column].skew(), frame[column].skew(), rtol=1e-7, atol=1e-9)
    assert_eq(df[column].kurt(), frame[column].kurt(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("values", [[], [1.0, 2.0], [0.1] * 7, [1.0, 2.0, 4.0], [np.inf, 1, 2, 3, 4], [None] * 5])
def test_values_of_no_shape(values):
    series = pd.Series(values, dtype="float64")
    df = dd.from_pandas(series, npartitions=3)
    with np.errstate(invalid="ignore"):
        assert_eq(df.skew(), series.skew())
        assert_eq(df.kurt(), series.kurt())


def test_large_means_cost_no_digits():
    values = np.random.default_rng(0).exponential(size=2000)
    df = dd.from_pandas(pd.Series(values + 1e7), npartitions=13)
    assert df.skew().compute() == pytest.approx(pd.Series(values).skew(), rel=1e-6)
    assert df.kurt().compute() == pytest.approx(pd.Series(values).kurt(), rel=1e-6)


def test_biased_as_in_scipy():
    stats = pytest.importorskip("scipy.stats")
    values = FRAME["i"].to_numpy()
    df = CUT[1]["i"]
    assert df.skew(bias=True).compute() == pytest.approx(stats.skew(values))
    assert df.kurt(bias=True).compute() == pytest.approx(stats.kurtosis(values))
    assert df.kurt(fisher=False).compute() == pytest.approx(stats.kurtosis(values, fisher=False, bias=False))


def test_combining():
    halves = [np.array([central_moments(part)]).T for part in (FRAME["f"].iloc[:9], FRAME["f"].iloc[9:])]
    np.testing.assert_allclose(combine_shapes(halves).ravel(), central_moments(FRAME["f"]))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df["d"].skew(), TypeError, "does not support operation 'skew'"),
        (lambda df: df["s"].kurt(), TypeError, "Cannot perform reduction 'kurt'"),
        (lambda df: df[["i"]].skew(axis=1, bias=True), NotImplementedError, "without bias"),
        (lambda df: dd.from_pandas(pd.Series([1j, 2]), 1).skew(), TypeError, "complex numbers"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])
