from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.reductions.moments import as_result, columns_of, combine_moments, moments
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import NUMBERS, cut, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["mean", "var", "std", "sem"])
def test_like_pandas(how):
    for df in CUT:
        assert_eq(getattr(df[NUMBERS], how)(), getattr(FRAME[NUMBERS], how)())
        assert_eq(getattr(df, how)(numeric_only=True), getattr(FRAME, how)(numeric_only=True))
        assert_eq(getattr(df[["i", "f"]], how)(axis=1), getattr(FRAME[["i", "f"]], how)(axis=1))
        for column in NUMBERS:
            assert_eq(getattr(df[column], how)(), getattr(FRAME[column], how)())
            assert_eq(getattr(df[column], how)(skipna=False), getattr(FRAME[column], how)(skipna=False))


@pytest.mark.parametrize("ddof", [0, 1, 30])
def test_ddof(ddof):
    for df in CUT:
        assert_eq(df["f"].var(ddof=ddof), FRAME["f"].var(ddof=ddof))


def test_means_of_dates_are_exact():
    for df in CUT:
        assert df["d"].mean().compute() == FRAME["d"].mean()
        assert df["t"].mean().compute() == FRAME["t"].mean()
    far = pd.Series(pd.to_datetime(["1700-01-01", None, "2200-01-01"])).astype("datetime64[ns]")
    assert dd.from_pandas(far, npartitions=3).mean().compute() == far.mean()
    assert pd.isna(dd.from_pandas(far, npartitions=3).mean(skipna=False).compute())


def test_large_means_cost_no_digits():
    values = pd.Series(1e9 + np.arange(1000) % 7, dtype="float64")
    exact = pd.Series(np.arange(1000) % 7, dtype="float64").var()
    assert dd.from_pandas(values, npartitions=16).var().compute() == pytest.approx(exact, rel=1e-8)


def test_float32():
    frame = pd.DataFrame({"x": np.linspace(0, 1, 50, dtype="float32")})
    for how in ("mean", "var", "std", "sem"):
        assert_eq(getattr(dd.from_pandas(frame, npartitions=4), how)(), getattr(frame, how)(), rtol=1e-5)


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(["mean", "var", "std", "sem"]))
def test_any_frame(pair, how):
    frame, df = pair
    assert_eq(getattr(df[["i", "f", "b"]], how)(), getattr(frame[["i", "f", "b"]], how)(), rtol=1e-7)


@pytest.mark.slow
@few
@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=8), min_size=1, max_size=12))
def test_combining_is_like_the_whole(parts):
    stacks = [np.array(moments(pd.Series(part, dtype="float64"))).reshape(3, 1) for part in parts]
    n, mean, squares = combine_moments(stacks)[:, 0]
    whole = np.array([value for part in parts for value in part])
    assert n == len(whole)
    if len(whole):
        assert mean == pytest.approx(whole.mean(), rel=1e-9, abs=1e-6)
        assert squares == pytest.approx(((whole - whole.mean()) ** 2).sum(), rel=1e-7, abs=1e-3)


def test_parts():
    assert len(columns_of(FRAME)) == FRAME.shape[1]
    assert len(columns_of(FRAME.index)) == 1
    assert isinstance(as_result([1.0], np.float32(1)), np.float32)


@pytest.mark.parametrize("how", ["mean", "var", "std", "sem"])
def test_strings_have_none(how):
    with pytest.raises(TypeError):
        getattr(CUT[1]["s"], how)()


@pytest.mark.parametrize("column", ["d", "t", "z"])
def test_deviation_of_dates(column):
    frame = FRAME.assign(d=FRAME["d"].where(FRAME["i"] > -2), z=FRAME["d"].dt.tz_localize("UTC"))
    for df in [cut(frame, [0, 0, 9, 9, 23]), cut(frame, [0, 23])]:
        for options in ({}, {"ddof": 0}, {"skipna": False}):
            expected, actual = frame[column].std(**options), df[column].std(**options).compute()
            assert pd.isna(actual) if pd.isna(expected) else abs(actual - expected) <= pd.Timedelta(1, unit="us")
        both = df[[column, "f"]].std().compute()
        assert both.dtype == object
        assert abs(both[column] - frame[column].std()) <= pd.Timedelta(1, unit="us")
        assert df[[column]].std().compute().dtype == frame[[column]].std().dtype
    for how in ("var", "sem"):
        with pytest.raises(TypeError, match="does not support operation"):
            getattr(df[column], how)()


def test_complex_numbers():
    with pytest.raises(NotImplementedError, match="the real and the imaginary part"):
        dd.from_pandas(pd.Series([1j, 2]), npartitions=1).std()


INFINITE = pd.DataFrame({"x": [np.inf, 1.0, -np.inf, np.inf, 2.0, np.nan], "y": [0.0, 1, 2, 3, 4, 7]})


@pytest.mark.parametrize("how", ["sum", "prod", "min", "max", "mean", "var", "std", "sem", "any", "all"])
def test_infinities_of_both_signs_are_no_missing_values(how):
    with np.errstate(invalid="ignore"):
        column, columns = getattr(INFINITE["x"], how)(), getattr(INFINITE, how)()
    for df in (cut(INFINITE, [0, 2, 4, 6]), cut(INFINITE, [0, 1, 2, 3, 4, 5, 6])):
        assert_eq(getattr(df["x"], how)(), column)
        assert_eq(getattr(df, how)(), columns)


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "int64[pyarrow]", "double[pyarrow]"])
@pytest.mark.parametrize("values", [[], [None], [1], [1, None, 0, 1]])
def test_missing_results_of_nullable_numbers(dtype, values):
    series = pd.Series(pd.array(values, dtype=dtype))
    for npartitions in (1, 2):
        lazy = dd.from_pandas(series, npartitions=npartitions)
        for how in ("mean", "std", "var"):
            for skipna in (True, False):
                got, expected = getattr(lazy, how)(skipna=skipna).compute(), getattr(series, how)(skipna=skipna)
                assert got is expected is pd.NA or got == pytest.approx(expected)


PRICES = [Decimal("1.25"), Decimal(3), None, Decimal("-2.5"), Decimal("0.75")]


@pytest.mark.parametrize("values", [PRICES, [1, 2, None, 10**20, 5], [True, False, None, True, True]])
@pytest.mark.parametrize("how", ["sum", "prod", "mean", "std", "var", "sem", "skew", "kurt", "min", "max"])
def test_objects_that_are_numbers(values, how):
    frame = pd.DataFrame({"o": pd.Series(values, dtype=object)})
    for lazy in cuttings(frame):
        assert_eq(getattr(lazy["o"], how)(), getattr(frame["o"], how)())


def test_objects_that_are_no_numbers():
    texts = dd.from_pandas(pd.Series(["x", "y"], dtype=object), npartitions=2)
    for how in ("mean", "std", "skew"):
        with pytest.raises(TypeError, match="to numeric"):
            getattr(texts, how)().compute(scheduler="sync")
