from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)

CASES = {
    "largest": lambda df: df.nlargest(4, "i"),
    "largest, last": lambda df: df.nlargest(4, "i", keep="last"),
    "smallest by two": lambda df: df.nsmallest(4, ["g", "f"]),
    "of a Series": lambda df: df["f"].nlargest(3),
    "all of equal ones": lambda df: df["i"].nlargest(3, keep="all"),
    "more than there are": lambda df: df["i"].nsmallest(100),
    "none": lambda df: df["i"].nsmallest(0),
    "less": lambda df: df.nlargest(4, "i")[["f"]],
    "idxmin": lambda df: df[["i", "f", "g"]].idxmin(),
    "idxmax": lambda df: df["d"].idxmax(),
    "idxmax of Int64": lambda df: df["I"].idxmax(),
    "idxmin a row": lambda df: df[["i", "g"]].idxmin(axis=1),
    "numbers only": lambda df: df.idxmax(numeric_only=True),
}


@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        assert_eq(CASES[case](df), CASES[case](FRAME))


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(["i", "f", "b"]), st.sampled_from(["first", "last", "all"]), st.integers(0, 5))
def test_any_frame(pair, column, keep, n):
    frame, df = pair
    assert_eq(df[column].nlargest(n, keep=keep), frame[column].nlargest(n, keep=keep))
    if frame[column].notna().any():
        assert_eq(df[column].idxmin(), frame[column].idxmin())


@pytest.mark.parametrize(
    ("values", "skipna", "message"),
    [
        ([], True, "empty sequence"),
        ([None, None], True, "Encountered all NA values"),
        ([1, None], False, "Encountered an NA value"),
    ],
)
def test_nothing_to_pick(values, skipna, message):
    series = pd.Series(values, dtype="float64")
    with pytest.raises(ValueError, match=message):
        series.idxmax(skipna=skipna)
    with pytest.raises(ValueError, match=message):
        dd.from_pandas(series, npartitions=2).idxmax(skipna=skipna).compute()


def test_bad_input():
    with pytest.raises(TypeError, match="needs columns"):
        CUT[1].nlargest(3)
    with pytest.raises(KeyError, match="no column 'nope'"):
        CUT[1].nlargest(3, "nope")
    with pytest.raises(TypeError):
        CUT[1]["s"].nlargest(3)


@pytest.mark.parametrize("keep", ["first", "last", "all"])
@pytest.mark.parametrize("how", ["nlargest", "nsmallest"])
def test_picks_by_masked_columns(how, keep):
    frame = pd.DataFrame({"F": pd.array([2, 2, None, 2, None], dtype="Int64"), "u": [0, 0, 1, 1, 0]})
    df = cut(frame, [0, 2, 2, 5])
    for n in range(5):
        assert_eq(getattr(df, how)(n, ["F", "u"], keep=keep), getattr(frame, how)(n, ["F", "u"], keep=keep))
