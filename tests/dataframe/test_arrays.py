from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.arrays import values_of
from minidask.dataframe.testing import assert_eq

OBJECTS = pd.Series(["a", None], index=[7, 7], dtype=object)


def test_objects_that_are_texts_stay_objects():
    kept = pd.DataFrame({"o": values_of(OBJECTS), "i": values_of(pd.Index(OBJECTS)), "x": [1, 2]})
    assert kept.dtypes.tolist() == [np.dtype(object), np.dtype(object), np.dtype("int64")]
    assert kept.index.tolist() == [0, 1]
    frame = pd.DataFrame({"x": [1, 2]}, index=[3, 3])
    frame["o"] = values_of(OBJECTS, frame.index)
    assert frame["o"].tolist() == ["a", None]
    assert frame["o"].dtype == object


@pytest.mark.parametrize("dtype", ["str", "category", "Int64", "float64"])
def test_other_columns_are_their_arrays(dtype):
    column = pd.Series([1, 2]).astype(dtype)
    assert type(values_of(column)) is type(column.array)


FRAME = pd.DataFrame({"o": ["a", None, None, "b", None, "c"], "k": ["u", "u", "v", None, "v", "u"]}).astype(object)
FRAME = FRAME.assign(g=[1, 1, 2, 2, 3, 3], x=range(6))


def first(frame):
    return frame.groupby("g").first()


def last_and_sum(frame):
    return frame.groupby("g").agg({"o": "last", "x": "sum"})


def lists(frame):
    return frame.groupby("g")["o"].agg(list)


def filled(frame):
    return frame.groupby("g")[["o", "k"]].ffill()


def shifted(frame):
    return frame.groupby("k")[["o"]].shift()


def by_objects(frame):
    return frame.groupby(["k", "o"], dropna=False)["x"].sum()


def by_a_series(frame):
    return frame.groupby(frame["k"])[["o"]].first()


@pytest.mark.parametrize("call", [first, last_and_sum, lists, filled, shifted, by_objects, by_a_series])
@pytest.mark.parametrize("npartitions", [1, 3, 6])
def test_groups_of_objects_that_are_texts(call, npartitions):
    # What pandas finds out about the values can't be declared before.
    assert_eq(call(dd.from_pandas(FRAME, npartitions=npartitions)), call(FRAME), check_meta=False)
