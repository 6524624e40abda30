from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.partitionwise import Attribute, Method, columnwise, partitionwise
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

FRAME = pd.DataFrame({"x": [1, 2, 3, 4], "y": [1.0, 2, 3, 4]})


def test_named_functions_compare_by_value():
    assert Method("abs") == Method("abs")
    assert Method("abs").short_name == "abs"
    assert Method("clip")(pd.Series([5]), 0, 3).tolist() == [3]
    assert Attribute("name")(FRAME["x"]) == "x"


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


def test_different_divisions():
    with pytest.raises(ValueError, match=r"their divisions differ \(\(0, 2, 3\) and \(0, 1, 2, 3, 3\)\)"):
        dd.from_pandas(FRAME, npartitions=2)["x"] + dd.from_pandas(FRAME, npartitions=4)["x"]


@pytest.mark.parametrize("value", [FRAME["x"], FRAME["x"].to_numpy(), FRAME.index])
def test_rows_in_memory_belong_to_no_partition(value):
    with pytest.raises(TypeError, match=r"in memory, whose rows belong to no partition.*from_pandas"):
        dd.from_pandas(FRAME, npartitions=2)["x"] + value
    with pytest.raises(TypeError, match="a list of values"):
        dd.from_pandas(FRAME, npartitions=2)["x"] + [1, 2, 3, 4]
