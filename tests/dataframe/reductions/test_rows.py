from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.reductions.rows import AGAIN, RowAggregate, RowChunk, RowCombine
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import NUMBERS, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)


def like_pandas(call, **kwargs):
    """Compare on all cuttings; where pandas raises, the same error has to come."""
    try:
        expected = call(FRAME)
    except (TypeError, ValueError) as error:
        for df in CUT:
            with pytest.raises(type(error)):
                call(df).compute(scheduler="sync")
        return
    for df in CUT:
        assert_eq(call(df), expected, **kwargs)


@pytest.mark.parametrize("how", list(AGAIN))
@pytest.mark.parametrize("column", list(FRAME.columns))
def test_columns(how, column):
    like_pandas(lambda df: getattr(df[column], how)())
    if how != "count":
        like_pandas(lambda df: getattr(df[column], how)(skipna=False))


@pytest.mark.slow
@pytest.mark.parametrize("how", list(AGAIN))
def test_frames(how):
    like_pandas(lambda df: getattr(df[NUMBERS], how)())
    like_pandas(lambda df: getattr(df[["i", "f"]], how)(axis=1))
    if how not in ("any", "all"):
        like_pandas(lambda df: getattr(df, how)(numeric_only=True))


@pytest.mark.parametrize("count", [1, 5, 30])
@pytest.mark.parametrize("how", ["sum", "prod"])
def test_min_count(how, count):
    like_pandas(lambda df: getattr(df[NUMBERS], how)(min_count=count))
    for column in NUMBERS:
        like_pandas(lambda df: getattr(df[column], how)(min_count=count))


def test_mixed_dtypes():
    like_pandas(lambda df: df[["i", "d"]].max())
    like_pandas(lambda df: df.count())
    like_pandas(lambda df: df[["i", "s"]].sum())


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(list(AGAIN)), st.booleans())
def test_any_frame(pair, how, skipna):
    frame, df = pair
    kwargs = {} if how == "count" else {"skipna": skipna}
    for column in ["i", "f", "b", "I"]:
        if not len(frame) and how in ("min", "max"):
            continue
        expected = getattr(frame[column], how)(**kwargs)
        assert_eq(getattr(df[column], how)(**kwargs), expected)


def test_partial_results_keep_dtypes():
    chunk = RowChunk("max", True)
    assert chunk(FRAME)[0].dtypes.tolist() == FRAME.dtypes.tolist() if FRAME["c"].cat.ordered else True
    row, counts = RowChunk("sum", True, 1)(FRAME[["i", "b", "I"]])
    assert row.dtypes.astype(str).tolist() == ["int64", "int64", "Int64"]
    assert counts.shape == (1, 3)
    both = RowCombine("sum", True)([(row, counts), (row, counts)])
    assert RowAggregate("sum", True, 1)([both])["i"] == 2 * FRAME["i"].sum()
    assert len(RowChunk("min", True)(FRAME["i"].iloc[:0])[0]) == 0


@pytest.mark.parametrize("dtype", ["int64[pyarrow]", "uint8[pyarrow]", "double[pyarrow]", "bool[pyarrow]"])
@pytest.mark.parametrize("how", ["sum", "prod", "any", "all", "min", "max"])
def test_arrow_numbers(dtype, how):
    frame = pd.DataFrame({"x": pd.Series([1, 0, None, 1], dtype=dtype)})
    for lazy in cuttings(frame):
        assert_eq(getattr(lazy, how)(), getattr(frame, how)())
        assert_eq(getattr(lazy["x"], how)(), getattr(frame["x"], how)())


def test_no_columns_are_counted_in_integers():
    frame = every_dtype()[[]]
    for lazy in cuttings(frame):
        assert_eq(lazy.count(), frame.count())
