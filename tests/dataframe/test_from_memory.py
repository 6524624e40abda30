from __future__ import annotations

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest

import minidask.dataframe as dd
from minidask.collection import DaskMethodsMixin
from minidask.dataframe.testing import assert_eq
from minidask.schedulers import sync
from tests.dataframe.frames import every_dtype


def test_dicts():
    data = {"x": [1, 2, 3], "y": list("abc")}
    assert_eq(dd.from_dict(data, npartitions=2), pd.DataFrame(data))
    assert_eq(dd.DataFrame.from_dict(data, npartitions=2), pd.DataFrame(data))
    rows = {"r": [1, 2], "a": [3, 4]}
    assert_eq(
        dd.from_dict(rows, npartitions=2, orient="index", columns=["x", "y"]),
        pd.DataFrame.from_dict(rows, orient="index", columns=["x", "y"]),
    )


class Sliced:
    """What is sliced like an array, and counts how often."""

    def __init__(self, values):
        self.values = values
        self.shape, self.dtype = values.shape, values.dtype
        self.asked = []

    def __getitem__(self, key):
        self.asked.append(key)
        return self.values[key]

    def __dask_tokenize__(self):
        return "sliced", self.values.tobytes()


@pytest.mark.parametrize("chunksize", [1, 3, 4, 50])
def test_arrays(chunksize):
    table = np.arange(20.0).reshape(10, 2)
    assert_eq(dd.from_array(table, chunksize), pd.DataFrame(table))
    assert_eq(dd.from_array(table, chunksize, columns=["x", "y"]), pd.DataFrame(table, columns=["x", "y"]))
    assert_eq(dd.from_array(table[:, 0], chunksize, columns="x"), pd.Series(table[:, 0], name="x"))
    records = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i4"), ("b", "f8")])
    assert_eq(dd.from_array(records, chunksize), pd.DataFrame(records))
    assert_eq(dd.from_array(table[:0], chunksize), pd.DataFrame(table[:0]))
    lazy = Sliced(table)
    df = dd.from_array(lazy, chunksize)
    assert lazy.asked == []
    assert_eq(df, pd.DataFrame(table))


class LazyArray(DaskMethodsMixin):
    """The least that a lazy array is: keys by chunk, chunks, shape and dtype."""

    __dask_scheduler__ = staticmethod(sync.get)

    def __init__(self, parts):
        self.parts = parts
        self.dtype = parts[0].dtype
        rows = tuple(len(part) for part in parts)
        self.shape = (sum(rows), *parts[0].shape[1:])
        self.chunks = (rows, *[(width,) for width in parts[0].shape[1:]])

    def __dask_graph__(self):
        return {("lazy", at, *[0] * (part.ndim - 1)): part for at, part in enumerate(self.parts)}

    def __dask_keys__(self):
        keys = list(self.__dask_graph__())
        return [[key] for key in keys] if len(self.shape) == 2 else keys

    def __dask_postcompute__(self):
        return np.concatenate, ()


def test_lazy_arrays():
    table = np.arange(12).reshape(6, 2)
    array = LazyArray([table[:4], table[4:]])
    assert_eq(dd.from_dask_array(array, columns=["x", "y"]), pd.DataFrame(table, columns=["x", "y"]))
    assert_eq(dd.from_array(LazyArray([table[:4, 0], table[4:, 0]])), pd.Series(table[:, 0]))
    index = dd.from_pandas(pd.Series(0, index=list("abcdef")), chunksize=4).index
    assert_eq(dd.from_dask_array(array, index=index), pd.DataFrame(table, index=list("abcdef")))
    unknown = LazyArray([table[:4], table[4:]])
    unknown.chunks = ((np.nan, np.nan), (2,))
    lazy = dd.from_dask_array(unknown)
    assert not lazy.known_divisions
    assert lazy.compute().to_numpy().tolist() == table.tolist()


def test_arrow():
    frame = every_dtype().drop(columns=["c"])
    table = pa.Table.from_pandas(frame)
    assert_eq(dd.from_arrow(table, npartitions=3), table.to_pandas())
    assert_eq(dd.DataFrame.from_arrow(table, npartitions=3), table.to_pandas())
    other = polars.DataFrame({"x": [1, 2, 3], "s": ["a", None, "c"]})
    assert_eq(dd.from_arrow(other, chunksize=2), pa.table(other).to_pandas())
    indexed = pd.DataFrame({"x": [1, 2, 3]}, index=pd.Index([5, 1, 3], name="k"))
    assert_eq(dd.from_arrow(pa.Table.from_pandas(indexed), npartitions=2), indexed)
    assert_eq(dd.from_arrow(dd.from_pandas(frame, npartitions=3)), table.to_pandas())


def test_graphs():
    graph = {("a", 0): (pd.Series, [1, 2]), ("a", 1): (pd.Series, "rest", [2]), "rest": [3]}
    lazy = dd.from_graph(graph, pd.Series([], dtype="int64"), (0, 2, 2), [("a", 0), ("a", 1)], "mine")
    assert_eq(lazy + 1, pd.Series([2, 3, 4]))
    assert lazy._name.startswith("mine-")


DF = dd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
ARRAY = LazyArray([np.zeros((2, 2)), np.zeros((2, 2))])
CUT_ACROSS = LazyArray([np.zeros((2, 2))])
CUT_ACROSS.chunks = ((2,), (1, 1))
BAD = {
    "no dict": (lambda: dd.from_dict([1], 1), TypeError, "takes a dict, got list"),
    "a collection": (lambda: dd.from_dict({"x": DF["x"]}, 1), TypeError, "'x' is a collection"),
    "another constructor": (lambda: dd.from_dict({}, 1, constructor=dict), NotImplementedError, "other constructors"),
    "no array": (lambda: dd.from_array([1]), TypeError, "with shape and dtype"),
    "three dimensions": (lambda: dd.from_array(np.zeros((1, 1, 1))), ValueError, "got 3"),
    "too many labels": (lambda: dd.from_array(np.zeros((1, 1)), columns=["x", "y"]), ValueError, "1 columns, got 2"),
    "two names": (lambda: dd.from_array(np.zeros(1), columns=["x", "y"]), ValueError, "one name"),
    "chunks of nothing": (lambda: dd.from_array(np.zeros(1), chunksize=0), ValueError, "at least 1"),
    "chunks of a float": (lambda: dd.from_array(np.zeros(1), chunksize=1.5), TypeError, "must be an integer"),
    "no lazy array": (lambda: dd.from_dask_array(np.zeros(1)), TypeError, "use from_array"),
    "cut across": (lambda: dd.from_dask_array(CUT_ACROSS), ValueError, "rechunk"),
    "another index": (lambda: dd.from_dask_array(ARRAY, index=DF["x"]), ValueError, "Index of minidask of 2"),
    "no arrow": (lambda: dd.from_arrow([1]), TypeError, "Arrow table"),
    "no such key": (lambda: dd.from_graph({}, DF._meta, (None, None), ["k"], "a"), KeyError, "no key 'k'"),
    "no meta": (lambda: dd.from_graph({"k": 1}, 3, (None, None), ["k"], "a"), TypeError, "meta must describe"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call()
