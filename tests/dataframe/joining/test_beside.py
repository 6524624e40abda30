from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.optimize import project_columns
from minidask.dataframe.reading import FrameSource
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cuttings, every_dtype

FRAME = every_dtype()
OTHER = pd.DataFrame({"u": range(12), "v": list("abcdefghijkl")}, index=range(5, 29, 2))


def test_of_one_dataframe():
    for df in cuttings(FRAME):
        result = dd.concat([df[["i", "f"]], df["s"], df["f"] + 1], axis=1)
        assert_eq(result, pd.concat([FRAME[["i", "f"]], FRAME["s"], FRAME["f"] + 1], axis=1))


@pytest.mark.parametrize("join", ["inner", "outer"])
def test_by_divisions(join):
    expected = pd.concat([FRAME[["i", "s"]], OTHER, OTHER["u"].rename("w")], axis=1, join=join)
    for n, m in ((1, 2), (3, 1), (3, 4)):
        left, right = dd.from_pandas(FRAME[["i", "s"]], npartitions=n), dd.from_pandas(OTHER, npartitions=m)
        result = dd.concat([left, right, OTHER["u"].rename("w")], axis=1, join=join)
        assert result.known_divisions
        assert_eq(result, expected, check_order=False)
        assert_eq(result[["s", "u"]], expected[["s", "u"]], check_order=False)


def test_series_without_names_are_numbered():
    series = pd.Series(range(6))
    lazy = dd.from_pandas(series, npartitions=2)
    assert_eq(dd.concat([lazy, lazy + 1], axis=1), pd.concat([series, series + 1], axis=1))


def test_single_partitions():
    left, right = [dd.from_pandas(frame, npartitions=1, sort=False) for frame in (FRAME[["i"]], OTHER)]
    assert_eq(dd.concat([left, right], axis=1), pd.concat([FRAME[["i"]], OTHER], axis=1))


def test_unknown_divisions_are_paired_by_position():
    left, right = cut(FRAME[["i"]], [0, 10, 23]), cut(FRAME[["f"]], [0, 10, 23])
    with pytest.warns(UserWarning, match="pairs partitions by position"):
        dd.concat([left, right], axis=1)
    assert_eq(dd.concat([left, right], axis=1, ignore_unknown_divisions=True), FRAME[["i", "f"]])


def test_only_the_needed_columns_are_read():
    left, right = dd.from_pandas(FRAME, npartitions=3), dd.from_pandas(OTHER, npartitions=2)
    total = dd.concat([left, right], axis=1)[["i", "v"]]
    plan = project_columns(total.dask, total.__dask_keys__())
    read = [layer.parts.columns for layer in plan.layers.values() if isinstance(layer, FrameSource)]
    assert read == [("i",), ("v",)]


def test_rows_that_cannot_be_aligned():
    left, right = cut(FRAME[["i"]], [0, 10, 23]), cut(FRAME[["f"]], [0, 23])
    with pytest.raises(ValueError, match="divisions aren't known, and there are 2, 1 partitions"):
        dd.concat([left, right], axis=1)


@pytest.mark.parametrize("join", ["inner", "outer"])
def test_rows_in_order_of_the_index(join):
    one = pd.DataFrame({"x": range(6)}, index=[3, 1, 2, 5, 4, 0])
    other = pd.DataFrame({"y": range(5)}, index=[9, 1, 7, 5, 4])
    expected = pd.concat([one, other], axis=1, join=join, sort=True)
    for n in (1, 3):
        lazy = dd.from_pandas(one, npartitions=n)
        result = dd.concat([lazy, dd.from_pandas(other, npartitions=2)], axis=1, join=join, sort=True)
        pd.testing.assert_frame_equal(result.compute(), expected)
        assert result.known_divisions
    unsorted = dd.from_pandas(one, npartitions=1, sort=False)
    result = dd.concat([unsorted["x"], unsorted["x"] + 1], axis=1, join=join, sort=True)
    pd.testing.assert_frame_equal(result.compute(), pd.concat([one["x"], one["x"] + 1], axis=1, join=join, sort=True))
    assert result._rows != unsorted._rows
    with pytest.raises(NotImplementedError, match=r"concat\(axis=1, sort=True\) needs known divisions"):
        dd.concat([lazy.clear_divisions()["x"]] * 2, axis=1, sort=True)
