from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

import minidask.dataframe as dd
from minidask.dataframe.reductions.pairs import COUNT, PRODUCTS, combine_pairs, pair_moments
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import NUMBERS, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)


@pytest.mark.parametrize("how", ["corr", "cov"])
def test_like_pandas(how):
    for df in CUT:
        assert_eq(getattr(df[NUMBERS], how)(), getattr(FRAME[NUMBERS], how)())
        assert_eq(getattr(df, how)(numeric_only=True), getattr(FRAME[NUMBERS], how)())
        assert_eq(getattr(df[NUMBERS], how)(min_periods=18), getattr(FRAME[NUMBERS], how)(min_periods=18))
        assert_eq(getattr(df["i"], how)(df["f"]), getattr(FRAME["i"], how)(FRAME["f"]))


def test_ddof():
    for df in CUT:
        assert_eq(df[["i", "g"]].cov(ddof=0), FRAME[["i", "g"]].cov(ddof=0))


def test_constant_columns_have_no_correlation():
    frame = pd.DataFrame({"x": [1.0, 2, 3], "y": 5.0})
    assert_eq(dd.from_pandas(frame, npartitions=2).corr(), frame.corr())


def test_large_means_cost_no_digits():
    rng = np.random.default_rng(1)
    x = rng.normal(size=500)
    frame = pd.DataFrame({"x": x, "y": x + rng.normal(size=500)})
    exact = frame.corr().iloc[0, 1]
    assert dd.from_pandas(frame + 1e8, npartitions=7).corr().compute().iloc[0, 1] == pytest.approx(exact, rel=1e-7)


@pytest.mark.slow
@few
@given(cut_frames())
def test_any_frame(pair):
    frame, df = pair
    if len(frame) < 2:
        # NumPy warns where pandas takes the mean of nothing.
        return
    small = frame.assign(f=frame["f"].where(frame["f"] < 100))
    lazy = df.assign(f=df["f"].where(df["f"] < 100))
    assert_eq(lazy[["i", "f"]].cov(), small[["i", "f"]].cov(), atol=1e-9)


def test_combining():
    left, right = FRAME[["i", "f"]].iloc[:9], FRAME[["i", "f"]].iloc[9:]
    whole = pair_moments(FRAME[["i", "f"]])
    both = combine_pairs([pair_moments(left), pair_moments(right)])
    np.testing.assert_allclose(both[COUNT], whole[COUNT])
    np.testing.assert_allclose(both[PRODUCTS], whole[PRODUCTS])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df[["i", "f"]].corr(method="spearman"), NotImplementedError, "'spearman' needs ranks"),
        (lambda df: df["i"].corr(FRAME["f"]), TypeError, "another Series of the same rows, got Series"),
        (lambda df: df["i"].corr(df["s"]), TypeError, "needs numbers, got a Series of str"),
        (lambda df: df[["i", "s"]].corr(), ValueError, "could not convert"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])
