from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.calls import Method
from minidask.dataframe.partitionwise import columnwise, partitionwise
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

FRAME = pd.DataFrame({"x": [1, 2, 3, 4], "y": [1.0, 2, 3, 4]})


def test_equal_operations_have_equal_names():
    df = dd.from_pandas(FRAME, npartitions=2)
    assert (df["x"] + 1)._name == (df["x"] + 1)._name
    names = {
        (df["x"] + 1)._name,
        (df["x"] + 1.0)._name,
        (df["x"] + True)._name,
        (1 + df["x"])._name,
        (df["x"] - 1)._name,
    }
    assert len(names) == 5


def test_meta_defaults_to_the_operation_on_the_meta():
    df = dd.from_pandas(FRAME, npartitions=2)
    assert partitionwise("dtype", Method("astype"), df, "float32")._meta.dtypes.tolist() == ["float32", "float32"]
    assert columnwise("abs", abs, df["x"])._meta.dtype == "int64"


def test_unknown_divisions_of_one_origin_are_combined():
    df = cut(FRAME, [0, 1, 4])
    assert_eq(df["x"] + df["y"], FRAME["x"] + FRAME["y"])
    assert_eq(df[df["x"] > 1]["y"] + df["x"], FRAME[FRAME["x"] > 1]["y"] + FRAME["x"])


def test_equal_divisions_are_combined():
    left, right = dd.from_pandas(FRAME, npartitions=2), dd.from_pandas(FRAME * 10, npartitions=2)
    assert_eq(left + right, FRAME * 11)


def test_single_partitions_are_combined():
    left, right = cut(FRAME, [0, 4]), cut(FRAME * 10, [0, 4])
    assert_eq(left["x"] + right["x"], FRAME["x"] * 11)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (cut(FRAME * 2, [0, 1, 4]), "come from different data and their divisions aren't known"),
        (cut(FRAME, [0, 1, 2, 4]), "they have 2 and 3 partitions of unknown divisions"),
    ],
)
def test_partitions_that_may_not_correspond(other, message):
    with pytest.raises(ValueError, match=message):
        cut(FRAME, [0, 1, 4])["x"] + other["x"]


LEFT = pd.DataFrame({"x": range(10), "y": np.arange(10) / 4, "b": [True, False] * 5})
RIGHT = pd.DataFrame({"x": range(12), "y": np.arange(12) * 3.0, "b": [True] * 6 + [False] * 6}, index=range(3, 15))


@pytest.mark.slow
@pytest.mark.parametrize("pieces", [(1, 1), (2, 3), (7, 2), (10, 12)])
def test_different_divisions_are_united(pieces):
    left, right = dd.from_pandas(LEFT, npartitions=pieces[0]), dd.from_pandas(RIGHT, npartitions=pieces[1])
    assert_eq(left["x"] + right["x"], LEFT["x"] + RIGHT["x"])
    assert_eq(left + right[["x", "y"]], LEFT + RIGHT[["x", "y"]], check_dtype=False)
    assert_eq(left["y"].add(right["y"], fill_value=0), LEFT["y"].add(RIGHT["y"], fill_value=0))
    assert_eq(left.assign(z=right["y"]), LEFT.assign(z=RIGHT["y"]))
    assert_eq(left.assign(z=right["y"])[["z"]], LEFT.assign(z=RIGHT["y"])[["z"]])
    assert_eq(left["y"].where(right["b"], -1), LEFT["y"].where(RIGHT["b"], -1))
    assert_eq(left["y"].fillna(right["y"]), LEFT["y"].fillna(RIGHT["y"]))
    mask = dd.from_pandas(RIGHT.reindex(range(15))["x"] > 4, npartitions=pieces[1])
    assert_eq(left[mask], LEFT[(RIGHT.reindex(range(15))["x"] > 4).reindex(LEFT.index)])
    united = left["x"] + right["x"]
    assert united.divisions[0] == 0
    assert united.divisions[-1] == 14
    # What is aligned already isn't cut again.
    assert_eq(united + left["x"], LEFT["x"] + RIGHT["x"] + LEFT["x"])


def test_equal_labels_of_other_divisions():
    left, right = dd.from_pandas(LEFT, npartitions=2), dd.from_pandas(LEFT * 2, npartitions=5)
    assert_eq(left["x"] < right["x"], LEFT["x"] < (LEFT * 2)["x"])
    assert_eq(left["x"].corr(right["y"]), LEFT["x"].corr((LEFT * 2)["y"]))
    joined = dd.map_partitions(lambda a, b: a["x"] + b["x"], left, right, meta=("x", "int64"))
    assert_eq(joined, LEFT["x"] * 3)


def test_divisions_that_cannot_be_compared():
    text = dd.from_pandas(LEFT.set_index(pd.Index(list("abcdefghij"))), npartitions=3)
    with pytest.raises(ValueError, match=r"their divisions differ and can't be united \(\(0, 5, 9\) and \('a', "):
        dd.from_pandas(LEFT, npartitions=2)["x"] + text["x"]


def test_rows_in_memory_are_aligned_by_known_divisions():
    df = dd.from_pandas(LEFT, npartitions=3)
    assert_eq(df["x"] + RIGHT["x"], LEFT["x"] + RIGHT["x"])
    assert_eq(RIGHT["x"] + df["x"], RIGHT["x"] + LEFT["x"])
    assert_eq(df["x"].add(RIGHT["x"], fill_value=1), LEFT["x"].add(RIGHT["x"], fill_value=1), check_meta=False)
    assert_eq(df + LEFT, LEFT + LEFT)
    assert_eq(df.assign(z=RIGHT["x"]), LEFT.assign(z=RIGHT["x"]))
    assert_eq(df[LEFT["b"]], LEFT[LEFT["b"]])
    assert_eq(df["x"][LEFT["b"]], LEFT["x"][LEFT["b"]])
    assert_eq(df["x"].where(LEFT["b"]), LEFT["x"].where(LEFT["b"]))
    assert_eq(np.maximum(df["x"], LEFT["y"]), np.maximum(LEFT["x"], LEFT["y"]))
    assert_eq(df["x"] + RIGHT["x"].iloc[:0], LEFT["x"] + RIGHT["x"].iloc[:0])
    assert_eq(cut(LEFT, [0, 10])["x"] + LEFT["x"], LEFT["x"] * 2)
    assert not (df.repartition(npartitions=1)["x"] + cut(RIGHT, [0, 12])["x"]).known_divisions


@pytest.mark.parametrize("value", [FRAME["x"], FRAME["x"].to_numpy(), FRAME.index])
def test_rows_in_memory_belong_to_no_partition(value):
    with pytest.raises(TypeError, match=r"in memory, whose rows belong to no partition.*from_pandas"):
        dd.from_pandas(FRAME, npartitions=2).clear_divisions()["x"] + value
    with pytest.raises(TypeError, match="a list of values"):
        dd.from_pandas(FRAME, npartitions=2)["x"] + [1, 2, 3, 4]
    with pytest.raises(TypeError, match="in memory"):
        dd.from_pandas(FRAME, npartitions=2)["x"] + pd.Series([1, 2], index=[1, np.nan])
