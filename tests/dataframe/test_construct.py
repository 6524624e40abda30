from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import every_dtype, few


@pytest.mark.parametrize("npartitions", [1, 2, 5, 23, 100])
def test_from_pandas(npartitions):
    frame = every_dtype()
    df = dd.from_pandas(frame, npartitions=npartitions)
    assert df.npartitions == min(npartitions, len(frame))
    assert df.known_divisions
    assert_eq(df, frame)
    assert_eq(df["s"], frame["s"])


@pytest.mark.slow
@few
@given(st.lists(st.integers(0, 4), max_size=15), st.integers(1, 20))
def test_equal_index_values_stay_together(values, npartitions):
    frame = pd.DataFrame({"x": range(len(values))}, index=values)
    df = dd.from_pandas(frame, npartitions=npartitions)
    assert_eq(df, frame.sort_index(kind="stable"))


def test_chunksize():
    df = dd.from_pandas(pd.DataFrame({"x": range(10)}), chunksize=4)
    assert df.divisions == (0, 4, 8, 9)


def test_unsorted():
    frame = pd.DataFrame({"x": range(4)}, index=[3, 1, 2, 0])
    df = dd.from_pandas(frame, npartitions=2, sort=False)
    assert not df.known_divisions
    assert_eq(df, frame)
    assert_eq(dd.from_pandas(frame, npartitions=2), frame.sort_index())


@pytest.mark.parametrize(
    "data", [pd.Index([1, 2, 3], name="i"), pd.Series([1.5, 2, 3], name="s"), pd.Series([], dtype="int64")]
)
def test_from_pandas_of_others(data):
    assert_eq(dd.from_pandas(data, npartitions=2), data)


def test_missing_index_values_have_no_divisions():
    frame = pd.DataFrame({"x": range(3)}, index=[2, np.nan, 1])
    df = dd.from_pandas(frame, npartitions=2)
    assert not df.known_divisions
    assert_eq(df, frame.sort_index())


def test_multiindex():
    frame = every_dtype().set_index(["g", "i"])
    assert_eq(dd.from_pandas(frame, npartitions=3), frame)


def test_changing_the_pandas_object_afterwards_changes_nothing():
    frame = pd.DataFrame({"x": [1, 2]})
    df = dd.from_pandas(frame, npartitions=2)
    frame["x"] = 0
    assert df["x"].compute().tolist() == [1, 2]


@pytest.mark.parametrize(
    ("kwargs", "kind", "message"),
    [
        ({"npartitions": 0}, ValueError, "npartitions must be at least 1, got 0"),
        ({"npartitions": 1.5}, TypeError, "npartitions must be an integer, got float"),
        ({"npartitions": 1, "chunksize": 1}, ValueError, "npartitions or chunksize, not both"),
    ],
)
def test_bad_numbers(kwargs, kind, message):
    with pytest.raises(kind, match=message):
        dd.from_pandas(pd.DataFrame({"x": [1]}), **kwargs)


def test_bad_data():
    with pytest.raises(TypeError, match="takes a pandas DataFrame, Series or Index, got list"):
        dd.from_pandas([1, 2], npartitions=1)
    with pytest.raises(TypeError, match="pass sort=False"):
        dd.from_pandas(pd.DataFrame({"x": [1, 2]}, index=["a", 1]), npartitions=1)


def numbers(start, stop, step=1):
    return pd.DataFrame({"x": range(start, stop, step), "y": 1.5})


def test_from_map():
    df = dd.from_map(numbers, [0, 3], [3, 5], divisions=None)
    assert_eq(df, pd.concat([numbers(0, 3), numbers(3, 5)]))
    assert df._layer.name.startswith("numbers-")
    named = dd.from_map(numbers, [0], [4], step=2, label="mine", divisions=[0, 1])
    assert named._layer.name.startswith("mine-")
    assert_eq(named, numbers(0, 4, 2))
    assert_eq(dd.from_map(numbers, [0], args=(4,)), numbers(0, 4))


class Projecting:
    columns = ["x", "y"]

    def __call__(self, part):
        return numbers(0, part)[self.columns]

    def project_columns(self, columns):
        other = Projecting()
        other.columns = columns
        return other


def test_from_map_projects():
    df = dd.from_map(Projecting(), [2, 3])
    assert df["y"].optimize().compute().tolist() == [1.5] * 5
    assert_eq(df["y"].sum(), 7.5)


@pytest.mark.parametrize(
    ("args", "kwargs", "kind", "message"),
    [
        ((1, [1]), {}, TypeError, "from_map takes a function, got int"),
        ((numbers,), {}, ValueError, "at least one iterable"),
        ((numbers, 1), {}, TypeError, "from_map takes iterables, got int"),
        ((numbers, [1], [1, 2]), {}, ValueError, r"equal lengths, got \[1, 2\]"),
        ((numbers, []), {}, ValueError, "the iterables are empty"),
        ((len, ["ab"]), {}, TypeError, "must return a pandas object, got int"),
        ((numbers, [1], [2]), {"meta": 1}, TypeError, "meta must describe a DataFrame, Series or Index, got int"),
    ],
)
def test_bad_from_map(args, kwargs, kind, message):
    with pytest.raises(kind, match=message):
        dd.from_map(*args, **kwargs)


def test_enforced_metadata():
    df = dd.from_map(numbers, [0], [2], meta={"x": "int64", "z": "int64"}, enforce_metadata=True)
    with pytest.raises(ValueError, match="'y' declared missing, actual float64"):
        df.compute()
