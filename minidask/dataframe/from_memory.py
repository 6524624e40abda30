"""Dataframes of what is in memory, besides pandas objects: dicts, arrays, Arrow tables; and of graphs and lazy arrays.

Place in the flow: public constructors on top of ``construct``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from minidask.collection import collection_layers, is_dask_collection, rebuilt_layer
from minidask.dataframe.checked import check_meta_choice
from minidask.dataframe.collection import new_collection
from minidask.dataframe.construct import from_map, from_pandas
from minidask.dataframe.delayed_parts import FromKeys
from minidask.dataframe.divisions import check_divisions
from minidask.dataframe.layers import FrameLayer, frame_layer
from minidask.dataframe.meta import make_meta
from minidask.graph import Key, Parts
from minidask.tokenize import quick_token, tokenize


def from_dict(
    data: Mapping[Any, Any],
    npartitions: int,
    orient: Any = "columns",
    dtype: Any = None,
    columns: Any = None,
    constructor: Any = pd.DataFrame,
) -> Any:
    """Make a dataframe of a dict.

    Parameters
    ----------
    data : dict
        ``{column: values}``, or with ``orient="index"`` ``{row: values}``, or ``orient="tight"`` (see pandas).
    npartitions : int
    orient, dtype, columns
        As for ``pandas.DataFrame.from_dict``.
    constructor : type
        ``pandas.DataFrame``, the only one.

    Raises
    ------
    TypeError
        If ``data`` is no dict, or has collections as values.

    Examples
    --------
    >>> from_dict({"x": [1, 2, 3]}, npartitions=2)["x"].sum().compute()
    np.int64(6)
    """
    if constructor is not pd.DataFrame:
        raise NotImplementedError(
            f"partitions are pandas objects, other constructors aren't there: {constructor!r:.80}"
        )
    if not isinstance(data, Mapping):
        raise TypeError(f"from_dict takes a dict, got {type(data).__name__}: {data!r:.80}")
    for label, values in data.items():
        if is_dask_collection(values):
            raise TypeError(
                f"from_dict takes values in memory, but {label!r} is a collection: use df.assign, or concat"
            )
    frame = pd.DataFrame.from_dict(dict(data), orient=orient, dtype=dtype, columns=columns)
    return from_pandas(frame, npartitions=npartitions, sort=frame.index.is_monotonic_increasing)


class ArrayRows(NamedTuple):
    """Read rows ``start`` to ``stop`` of an array into a pandas object; the columns are in ``meta``."""

    array: Any
    meta: Any

    def __call__(self, start: int, stop: int) -> Any:
        values = np.asarray(self.array[start:stop])
        index = pd.RangeIndex(start, start + len(values))
        if isinstance(self.meta, pd.Series):
            return pd.Series(values, index=index, name=self.meta.name)
        return pd.DataFrame(values, index=index, columns=list(self.meta.columns))

    def __dask_tokenize__(self) -> Any:
        return "ArrayRows", tokenize(self.array), self.meta


def from_array(arr: Any, chunksize: int = 50_000, columns: Any = None, meta: Any = None) -> Any:
    """Make a Series or DataFrame of an array, or of anything that is sliced like one (``shape``, ``dtype``, ``a[3:5]``).

    Parameters
    ----------
    arr : array of one dimension (a Series; a DataFrame if it is one of records) or two
        What isn't a NumPy array is sliced when it is computed. Lazy arrays of minidask go to ``from_dask_array``.
    chunksize : int
        Rows of a partition.
    columns : list of labels, or label
        Of the DataFrame's columns (default: numbers, or the fields of records), or the Series's name.
    meta : pandas object, optional
        Of the wanted kind; only pandas objects are there, so that it isn't needed.

    Raises
    ------
    TypeError, ValueError
        If it has no shape or more than two dimensions, columns don't fit, or ``chunksize`` isn't a positive integer.

    Examples
    --------
    >>> from_array(np.arange(6).reshape(3, 2), chunksize=2, columns=["x", "y"])["y"].sum().compute()
    np.int64(9)
    """
    if is_dask_collection(arr):
        return from_dask_array(arr, columns=columns, meta=meta)
    if not hasattr(arr, "shape") or not hasattr(arr, "dtype"):
        raise TypeError(f"from_array takes an array (with shape and dtype), got {type(arr).__name__}: {arr!r:.80}")
    if not isinstance(chunksize, int) or isinstance(chunksize, bool):
        raise TypeError(f"chunksize must be an integer, got {type(chunksize).__name__}: {chunksize!r:.80}")
    if chunksize < 1:
        raise ValueError(f"chunksize must be at least 1, got {chunksize}")
    found = _array_meta(arr.shape, arr.dtype, columns)
    rows = arr.shape[0]
    starts = list(range(0, max(rows, 1), chunksize))
    stops = [min(start + chunksize, rows) for start in starts]
    divisions = [*starts, rows - 1] if rows else None
    read: Any = ArrayRows(arr, found)
    return from_map(read, starts, stops, meta=found, divisions=divisions, label="from_array")


def _array_meta(shape: tuple[Any, ...], dtype: Any, columns: Any) -> Any:
    dtype = np.dtype(dtype)
    if len(shape) == 1 and dtype.names is None:
        if isinstance(columns, list | tuple) and len(columns) != 1:
            raise ValueError(f"an array of one dimension becomes a Series, which has one name, got {columns!r:.80}")
        name = columns[0] if isinstance(columns, list | tuple) else columns
        return pd.Series(np.empty(0, dtype), index=pd.RangeIndex(0), name=name)
    if len(shape) == 1:
        return pd.DataFrame(np.empty(0, dtype), columns=columns, index=pd.RangeIndex(0))
    if len(shape) != 2:
        raise ValueError(f"an array of one or two dimensions becomes a Series or DataFrame, got {len(shape)}")
    if columns is not None and len(columns) != shape[1]:
        raise ValueError(f"the array has {shape[1]} columns, got {len(columns)} labels")
    return pd.DataFrame(np.empty((0, shape[1]), dtype), columns=columns, index=pd.RangeIndex(0))


class LabelRows(NamedTuple):
    """Make a pandas object of a chunk of a lazy array, and its index of a number (where it begins) or of index values."""

    meta: Any

    def __call__(self, chunk: Any, index: Any = None) -> Any:
        chunk = np.asarray(chunk)
        labels = pd.RangeIndex(index, index + len(chunk)) if isinstance(index, int) else index
        if isinstance(self.meta, pd.Series):
            return pd.Series(chunk, index=labels, name=self.meta.name)
        return pd.DataFrame(chunk, index=labels, columns=list(self.meta.columns))


def from_dask_array(x: Any, columns: Any = None, index: Any = None, meta: Any = None) -> Any:
    """Make a Series or DataFrame of a lazy array of one or two dimensions, a partition a chunk of rows.

    Parameters
    ----------
    x : collection with ``chunks``, ``shape`` and ``dtype``
        With two dimensions, in one chunk along the second.
    columns : list of labels, or label, optional
    index : Index of minidask, optional
        Of as many partitions; default: rows are numbered, as far as lengths of chunks are known.
    meta : optional
        Not needed.

    Raises
    ------
    TypeError
        If it isn't such a collection.
    ValueError
        If it has more dimensions, or is cut along columns, or the index has other partitions.
    """
    if not is_dask_collection(x) or not hasattr(x, "chunks") or not hasattr(x, "dtype"):
        raise TypeError(f"from_dask_array takes a lazy array, got {type(x).__name__}; use from_array for one in memory")
    found = _array_meta(x.shape, x.dtype, columns)
    if len(x.chunks) == 2 and len(x.chunks[1]) > 1:
        raise ValueError(
            f"the array is cut into {len(x.chunks[1])} chunks along columns: rechunk it, x.rechunk({{1: -1}})"
        )
    keys: list[Key] = [key[0] if isinstance(key, list) else key for key in x.__dask_keys__()]
    name = f"chunks-{quick_token('chunks', tuple(keys))}"
    chunks = FromKeys(name, tuple(collection_layers(x)), keys, None)
    lengths = x.chunks[0]
    divisions = None
    if index is not None:
        if getattr(index, "_kind", None) != "Index" or index.npartitions != len(keys):
            raise ValueError(f"index must be an Index of minidask of {len(keys)} partitions, got {index!r:.80}")
        found = found.set_axis(index._meta, axis=0)
        operand, divisions = index._layer, index.divisions
    elif any(length != length for length in lengths):
        operand = None
    else:
        starts = [0, *np.cumsum(lengths).tolist()][:-1]
        operand = Parts(starts)
        divisions = (*starts, sum(lengths) - 1) if all(lengths) else None
    layer = frame_layer(FrameLayer, "from_dask_array", LabelRows(found), [chunks, operand], None, found, found)
    return new_collection(layer, found, check_divisions(divisions, len(keys)))


def from_arrow(data: Any, npartitions: int | None = None, chunksize: int | None = None) -> Any:
    """Make a dataframe of an Arrow table, or of anything that exports an Arrow stream (polars, duckdb, a record batch reader).

    Parameters
    ----------
    data : pyarrow.Table, or object with ``__arrow_c_stream__`` or ``__arrow_c_array__``
        Read into memory at once.
    npartitions, chunksize : int, optional
        See ``from_pandas``.

    Raises
    ------
    TypeError
        If it exports no Arrow data.

    Examples
    --------
    >>> from_arrow(pa.table({"x": [1, 2, 3]}), npartitions=2)["x"].sum().compute()
    np.int64(6)
    """
    if not hasattr(data, "__arrow_c_stream__") and not hasattr(data, "__arrow_c_array__"):
        raise TypeError(
            f"from_arrow takes an Arrow table or an object that exports a stream of one, got {type(data).__name__}: {data!r:.80}"
        )
    frame = pa.table(data).to_pandas()
    ordered = not isinstance(frame.index, pd.MultiIndex) and frame.index.is_monotonic_increasing
    return from_pandas(frame, npartitions=npartitions, chunksize=chunksize, sort=ordered)


def from_graph(
    layer: Mapping[Any, Any], _meta: Any, divisions: Sequence[Any], keys: Sequence[Key], name_prefix: str
) -> Any:
    """Make a collection of a graph of tasks whose results are pandas objects.

    Parameters
    ----------
    layer : mapping
        Keys to tasks; it must hold ``keys`` and everything that they need.
    _meta : optional
        What the partitions look like (see ``make_meta``).
    divisions : sequence
        Bounds of the partitions' indexes, one more than keys; None for unknown ones.
    keys : list of keys
        One a partition, in order.
    name_prefix : str
        First part of the new keys' names.

    Raises
    ------
    KeyError
        If a key isn't in the graph.
    TypeError, ValueError
        If meta or divisions don't fit.

    Examples
    --------
    >>> graph = {("a", 0): (pd.Series, [1, 2]), ("a", 1): (pd.Series, [3])}
    >>> from_graph(graph, (None, "int64"), (None, None, None), [("a", 0), ("a", 1)], "mine").sum().compute()
    np.int64(6)
    """
    found = make_meta(_meta)
    check_meta_choice(found, "from_graph")
    keys = list(keys)
    for key in keys:
        if key not in layer:
            raise KeyError(f"the graph has no key {key!r}")
    source = rebuilt_layer(layer, f"graph-{quick_token('graph', tuple(keys))}", keys)
    name = f"{name_prefix}-{quick_token('from_graph', tuple(keys))}"
    return new_collection(FromKeys(name, (source,), keys, None), found, check_divisions(divisions, len(keys)))
