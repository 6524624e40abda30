from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

import minidask.dataframe as dd
from minidask.dataframe.reductions.pairs import COUNT, PRODUCTS, combine_pairs, pair_moments
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import NUMBERS, cut, cut_frames, cuttings, every_dtype, few

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
        (lambda df: df["i"].corr(FRAME["f"]), TypeError, "another lazy Series, got Series"),
        (lambda df: df["i"].corr(df["s"]), TypeError, "needs numbers, got a Series of str"),
        (lambda df: df[["i", "s"]].corr(), ValueError, "could not convert"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])


INFINITE = pd.DataFrame({"x": [np.inf, 1.0, -np.inf, np.inf, 2.0, np.nan], "y": [0.0, 1, 2, 3, 4, 7]})


@pytest.mark.parametrize("how", ["corr", "cov"])
def test_pairs_of_infinite_values(how):
    full = INFINITE.iloc[:5]
    with np.errstate(invalid="ignore"):
        pair, columns, complete = (
            getattr(INFINITE["x"], how)(INFINITE["y"]),
            getattr(INFINITE, how)(),
            getattr(full, how)(),
        )
    for bounds in ([0, 2, 4], [0, 1, 2, 3]):
        df = cut(INFINITE, [*bounds, 6])
        assert_eq(getattr(df["x"], how)(df["y"]), pair)
        assert_eq(getattr(df, how)(), columns)
        assert_eq(getattr(cut(full, [*bounds, 5]), how)(), complete)


@pytest.mark.slow
@pytest.mark.parametrize("constant", [0.1, 5.0, 1e8 + 0.1, -0.3])
def test_columns_that_are_constant_where_others_have_values_have_no_correlation(constant):
    rows = range(17)
    frame = pd.DataFrame(
        {
            "x": np.arange(17.0) ** 2,
            "y": constant,
            "z": [constant if at % 3 else None for at in rows],
            "w": [float(at % 2) if at % 3 else constant for at in rows],
        }
    )
    for df in cuttings(frame):
        assert_eq(df.corr(), frame.corr(), atol=1e-7)
        assert_eq(df.cov(), frame.cov(), atol=1e-7)
