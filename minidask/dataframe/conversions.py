"""Collections turned into other things: arrays, bags, Arrow streams; and what pandas says about an object as a whole.

Place in the flow: mixins of ``DataFrame``, ``Series`` and ``Index``. Packages above or beside this one are reached by
``minidask.collection.upward``. ``__arrow_c_stream__`` (the Arrow PyCapsule interface, which polars, duckdb, pyarrow and narwhals
read) computes one partition after the other, while the reader asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from minidask.collection import compute
from minidask.collection.upward import upward
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.meta import has_unknown_categories, sample
from minidask.dataframe.partitionwise import partitionwise
from minidask.delayed import Delayed, delayed


class Conversions(FrameCollection):
    """Conversions that all collections of rows have."""

    def to_dask_array(self, lengths: Any = None, meta: Any = None, optimize: bool = True) -> Any:
        """Return the values as a lazy array, a chunk a partition.

        Parameters
        ----------
        lengths : list of int or True, optional
            Rows of the partitions; True: they are counted at once. Default: unknown.
        meta : optional
            An empty array of the result's type.
        optimize : bool
            Whether the graph is optimised before.

        Raises
        ------
        NotImplementedError
            As long as minidask has no arrays.
        ValueError
            If there isn't one length a partition.
        """
        whole: Any = self
        counts = row_counts(whole, lengths)
        dtype = np.asarray(whole._meta).dtype if meta is None else meta.dtype
        tail = whole._meta.shape[1:]
        make = _upward("array.from_delayed", "to_delayed() and NumPy on each part, or compute().to_numpy()")
        join = _upward("array.concatenate", "to_delayed() and NumPy on each part")
        parts = [delayed(np.asarray, pure=True)(part) for part in whole.to_delayed(optimize_graph=optimize)]
        return join([make(part, (count, *tail), dtype=dtype) for part, count in zip(parts, counts, strict=True)])

    @property
    def values(self) -> Any:
        """The values as a lazy array of unknown length; see ``to_dask_array``."""
        return self.to_dask_array()

    def to_records(self, index: bool = False, lengths: Any = None) -> Any:
        """Return a lazy array of records, with the index as a field if ``index``; see ``to_dask_array`` for errors."""
        whole: Any = self
        counts = row_counts(whole, lengths)
        frame = whole.to_frame() if whole._kind != "DataFrame" else whole
        make = _upward("array.from_delayed", "to_delayed() and part.to_records(), or compute().to_records()")
        join = _upward("array.concatenate", "to_delayed() and part.to_records()")
        dtype = with_holes(frame._meta).to_records(index=index).dtype
        parts = [delayed(records, pure=True)(part, index, dtype) for part in frame.to_delayed()]
        return join([make(part, (count,), dtype=dtype) for part, count in zip(parts, counts, strict=True)])

    def to_bag(self, index: bool = False, format: str = "tuple") -> Any:
        """Return a lazy bag of the rows.

        Parameters
        ----------
        index : bool
            Whether rows have their label, first.
        format : "tuple", "dict" or "frame"
            What a row is; ``"frame"``: the bag has partitions as they are.

        Raises
        ------
        NotImplementedError
            As long as minidask has no bags.
        ValueError
            If ``format`` is none of these.
        """
        if format not in ("tuple", "dict", "frame"):
            raise ValueError(f"format must be 'tuple', 'dict' or 'frame', got {format!r}")
        make = _upward("bag.from_delayed", "to_delayed(), or itertuples()")
        whole: Any = self
        parts: list[Delayed] = whole.to_delayed()
        return make(parts if format == "frame" else [delayed(rows, pure=True)(part, index, format) for part in parts])

    def to_backend(self, backend: str | None = None) -> Any:
        """Return the same: partitions are pandas objects; raises ValueError for other backends."""
        if backend not in (None, "pandas"):
            raise ValueError(f"the only backend is 'pandas', got {backend!r}")
        return self

    @property
    def axes(self) -> list[Any]:
        """The lazy index, and for a DataFrame the columns."""
        whole: Any = self
        return [whole.index, whole.columns] if whole._kind == "DataFrame" else [whole.index]

    @property
    def attrs(self) -> Mapping[str, Any]:
        """What is noted about the whole; assign a dict to note something else."""
        return MappingProxyType(self._meta.attrs)

    @attrs.setter
    def attrs(self, notes: Mapping[str, Any]) -> None:
        if not isinstance(notes, Mapping):
            raise TypeError(f"attrs are a dict, got {type(notes).__name__}: {notes!r:.80}")
        noted = partitionwise("attrs", with_attrs, self, dict(notes))
        for field in ("_layer", "_meta"):
            self.__dict__[field] = getattr(noted, field)
        self.__dict__["_graph"] = None


class FrameConversions(Conversions):
    """Conversions of a DataFrame."""

    def squeeze(self, axis: Any = None) -> Any:
        """Return the only column as a Series, a DataFrame of several as it is; raises NotImplementedError for ``axis=0``."""
        if axis in (0, "index"):
            raise NotImplementedError("how many rows there are isn't known before computing: compute().squeeze()")
        if axis not in (None, 1, "columns"):
            raise ValueError(f"axis must be None, 1 or 'columns', got {axis!r}")
        whole: Any = self
        return whole.iloc[:, 0] if whole._meta.shape[1] == 1 else whole

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Export as an Arrow C stream, a partition at a time (``pyarrow.table(df)``, ``polars.DataFrame(df)``, duckdb)."""
        schema, batches = record_batches(self)
        return pa.RecordBatchReader.from_batches(schema, batches).__arrow_c_stream__(requested_schema)


class SeriesConversions(Conversions):
    """Conversions of a Series."""

    def squeeze(self) -> Any:
        """Return the Series as it is: whether there is a single value isn't known before computing."""
        return self


def row_counts(frame: Any, lengths: Any) -> Sequence[Any]:
    """Return how many rows each partition has, ``nan`` where that isn't known.

    Raises
    ------
    TypeError, ValueError
        If ``lengths`` is no list of as many integers as partitions, True or None.
    """
    if lengths is None or lengths is False:
        return [np.nan] * frame.npartitions
    if lengths is True:
        counts: list[Any] = frame.map_partitions(len, enforce_metadata=False).compute().tolist()
        return counts
    if not isinstance(lengths, list | tuple):
        raise TypeError(
            f"lengths must be a list of integers, True or None, got {type(lengths).__name__}: {lengths!r:.80}"
        )
    if len(lengths) != frame.npartitions:
        raise ValueError(f"there are {frame.npartitions} partitions, got {len(lengths)} lengths")
    return lengths


def _upward(name: str, instead: str) -> Any:
    try:
        return upward(name)
    except NotImplementedError as error:
        raise NotImplementedError(f"{error}; use {instead}") from None


def with_attrs(obj: Any, notes: dict[str, Any]) -> Any:
    """Return the object with notes about the whole.

    >>> with_attrs(pd.Series([1]), {"unit": "m"}).attrs
    {'unit': 'm'}
    """
    obj = obj.copy(deep=False)
    obj.attrs = notes
    return obj


def rows(part: Any, index: bool, form: str) -> list[Any]:
    """Return the rows of a partition as tuples or dicts; those of a Series or Index as values.

    Examples
    --------
    >>> rows(pd.DataFrame({"x": [1], "y": [2]}), False, "tuple"), rows(pd.DataFrame({"x": [1]}), True, "dict")
    ([(1, 2)], [{'index': 0, 'x': 1}])
    """
    if isinstance(part, pd.Index):
        return [(value,) for value in part] if form == "tuple" and index else list(part)
    if form == "dict":
        frame = part.to_frame() if isinstance(part, pd.Series) else part
        frame = frame.reset_index() if index else frame
        found: list[Any] = frame.to_dict(orient="records")
        return found
    if isinstance(part, pd.Series):
        return list(part.items()) if index else list(part)
    return list(part.itertuples(index=index, name=None))


def records(part: pd.DataFrame, index: bool, dtype: Any = None) -> np.ndarray:
    """Return a partition as an array of records, in the dtype that all have."""
    made = part.to_records(index=index)
    return made if dtype is None or made.dtype == dtype else made.astype(dtype)


def with_holes(meta: pd.DataFrame) -> pd.DataFrame:
    """Return a row of which nullable numbers are missing: an array has another dtype then, in whichever partition that is.

    >>> with_holes(pd.DataFrame({"x": pd.array([], dtype="Int64")})).to_records(index=False).dtype["x"]
    dtype('float64')
    """
    masked = [at for at, dtype in enumerate(meta.dtypes) if hasattr(dtype, "numpy_dtype") and dtype.kind in "biuf"]
    if not masked:
        return meta
    row = sample(meta).iloc[:1].copy()
    for at in masked:
        row.isetitem(at, pd.array([pd.NA], dtype=row.dtypes.iloc[at]))
    return row


def record_batches(frame: Any) -> tuple[Any, Iterator[Any]]:
    """Return the Arrow schema of a DataFrame, and an iterator of record batches that computes a partition at a time.

    The first partition is computed at once where its values decide about types (columns of objects, unknown categories).
    An index that isn't a plain range is a column, as in pandas.
    """
    meta = frame._meta
    indexed = not isinstance(meta.index, pd.RangeIndex)
    first = None
    undecided = any(str(dtype) == "object" for dtype in meta.dtypes) or any(
        has_unknown_categories(meta.iloc[:, at]) for at in range(meta.shape[1])
    )
    if undecided or (indexed and str(meta.index.dtype) == "object"):
        first = next((part for part in _parts(frame, 0) if len(part)), None)
    schema = pa.Schema.from_pandas(meta if first is None else first, preserve_index=indexed)
    for at, field in enumerate(schema):
        if pa.types.is_dictionary(field.type):
            # Codes of small width may not hold the categories of a later partition.
            schema = schema.set(at, field.with_type(pa.dictionary(pa.int32(), field.type.value_type)))

    def batches() -> Iterator[Any]:
        for number, part in enumerate(_parts(frame, 0)):
            try:
                yield from pa.Table.from_pandas(part, schema=schema, preserve_index=indexed).to_batches()
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise type(error)(
                    f"partition {number} doesn't fit the schema found before ({error}); convert the column with astype first"
                ) from error

    return schema, batches()


def _parts(frame: Any, start: int) -> Iterator[pd.DataFrame]:
    for at in range(start, frame.npartitions):
        yield compute(frame.get_partition(at))[0]
