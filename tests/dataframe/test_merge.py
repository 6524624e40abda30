from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.optimize import project_columns
from minidask.dataframe.source import FrameSource
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)
SMALL = pd.DataFrame({"g": [0, 1, 1, 9], "n": ["zero", "one", "uno", "nine"], "i": [1, 2, 3, 4]})

COLUMNS = {
    "on": lambda df, how: df.merge(SMALL, on="g", how=how),
    "common columns": lambda df, how: df[["g", "f"]].merge(SMALL, how=how),
    "different names": lambda df, how: df.merge(SMALL.rename(columns={"g": "h"}), left_on="g", right_on="h", how=how),
    "two keys": lambda df, how: df.merge(SMALL, on=["g", "i"], how=how, indicator=True),
    "fewer columns": lambda df, how: df.merge(SMALL, on="g", how=how)[["i_x", "n"]],
    "one column": lambda df, how: df.merge(SMALL, on="g", how=how)["n"],
    "the other's column": lambda df, how: df.merge(SMALL, on="g", how=how)["i_y"],
    "one suffix": lambda df, how: df.merge(SMALL, on="g", how=how, suffixes=("", "_r"))[["i", "f"]],
    "counted": lambda df, how: df.merge(SMALL, on="g", how=how).groupby("n")["f"].count(),
}
INDEXES = {
    "right index": lambda df, how: df.merge(SMALL.set_index("g"), left_on="g", right_index=True, how=how),
    "Series": lambda df, how: df.merge(SMALL.set_index("g")["n"], left_on="g", right_index=True, how=how),
    "join on": lambda df, how: df.join(SMALL.set_index("g")["n"], on="g", how=how),
    "join": lambda df, how: df.join(SMALL[["n"]], how=how),
    "join with suffix": lambda df, how: df.join(SMALL[["i"]], how=how, suffixes=("", "_r")),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["inner", "left"])
@pytest.mark.parametrize("case", list(COLUMNS))
def test_on_columns(case, how):
    for df in CUT:
        assert_eq(COLUMNS[case](df, how), COLUMNS[case](FRAME, how), check_index=case == "counted", check_order=False)


@pytest.mark.parametrize("how", ["inner", "left"])
@pytest.mark.parametrize("case", list(INDEXES))
def test_on_an_index(case, how):
    for df in CUT:
        assert_eq(INDEXES[case](df, how), INDEXES[case](FRAME, how), check_order=False)


@pytest.mark.parametrize("how", ["inner", "right"])
def test_a_small_left_side(how):
    for df in CUT:
        result = dd.merge(SMALL, df, on="g", how=how)
        assert_eq(result, pd.merge(SMALL, FRAME, on="g", how=how), check_index=False, check_order=False)


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
def test_single_partitions(how):
    left, right = dd.from_pandas(FRAME, npartitions=1), dd.from_pandas(SMALL, npartitions=1)
    assert_eq(left.merge(right, on="g", how=how), FRAME.merge(SMALL, on="g", how=how))


def test_cross():
    for df in CUT:
        assert_eq(
            df[["i"]].merge(SMALL[["n"]], how="cross"), FRAME[["i"]].merge(SMALL[["n"]], how="cross"), check_index=False
        )


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(["i", "s", "c", "I", "f", "d"]), st.sampled_from(["inner", "left"]))
def test_any_keys(pair, key, how):
    frame, df = pair
    table = frame[[key]].drop_duplicates().head(3).assign(n=range(len(frame[[key]].drop_duplicates().head(3))))
    assert_eq(
        df.merge(table, on=key, how=how), frame.merge(table, on=key, how=how), check_index=False, check_order=False
    )


def test_only_the_needed_columns_of_both_sides_are_read():
    merged = CUT[1].merge(dd.from_pandas(SMALL, npartitions=1), on="g")
    total = merged[["f", "n"]]
    plan = project_columns(total.dask, total.__dask_keys__())
    read = [layer.parts.columns for layer in plan.layers.values() if isinstance(layer, FrameSource)]
    # "i" is on both sides: without it the other one would lose its suffix. None: all three of the small one's.
    assert read == [("i", "f", "g"), None]


def test_merged_with_itself():
    df = dd.from_pandas(SMALL, npartitions=1)
    assert_eq(df.merge(df, on="g")[["n_x"]], SMALL.merge(SMALL, on="g")[["n_x"]])


def test_divisions_of_joins_by_index():
    joined = CUT[1].join(SMALL[["n"]])
    assert joined.divisions == CUT[1].divisions
    assert not CUT[1].merge(SMALL, on="g").known_divisions


BAD = {
    "how": (lambda df: df.merge(SMALL, how="sideways"), ValueError, "how must be one of"),
    "two large": (lambda df: df.merge(df), NotImplementedError, "needs a shuffle"),
    "outer": (lambda df: df.merge(SMALL, how="outer"), NotImplementedError, "Possible are inner and left and cross"),
    "left with small left": (
        lambda df: dd.merge(SMALL, df, how="left"),
        NotImplementedError,
        "Possible are inner and right",
    ),
    "unknown key": (lambda df: df.merge(SMALL, on="nope"), KeyError, "no column 'nope'"),
    "unknown right key": (lambda df: df.merge(SMALL, left_on="g", right_on="h"), KeyError, "no column 'h'"),
    "no common columns": (lambda df: df[["f"]].merge(SMALL), ValueError, "no common columns"),
    "half a key": (lambda df: df.merge(SMALL, left_on="g"), ValueError, "give one of right_on and right_index"),
    "too many keys": (lambda df: df.merge(SMALL, on="g", left_on="g"), ValueError, "not both"),
    "keys of different types": (
        lambda df: df.merge(SMALL, left_on="g", right_on="n"),
        ValueError,
        "You are trying to merge",
    ),
    "nothing": (lambda df: df.merge(3), TypeError, "joins dataframes, got int"),
    "a nameless Series": (lambda df: df.merge(pd.Series([1])), ValueError, "needs a name"),
    "overlap": (lambda df: df.join(SMALL[["i"]]), ValueError, r"both sides have the columns \['i'\]"),
    "cross with keys": (lambda df: df.merge(SMALL, on="g", how="cross"), ValueError, "takes no keys"),
    "lazy keys": (lambda df: df.merge(SMALL, left_on=df["g"], right_on="g"), NotImplementedError, "make it a column"),
    "npartitions": (lambda df: df.merge(SMALL, on="g", npartitions=3), NotImplementedError, "repartition"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1])
