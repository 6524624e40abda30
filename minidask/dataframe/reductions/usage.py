"""Bytes of memory: memory_usage, nbytes; and ``info``.

Figures of partitions are summed: an index that every partition holds anew (a range) counts as often.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.collection import compute
from minidask.dataframe.mapping import OneValue
from minidask.dataframe.partitionwise import partitionwise
from minidask.dataframe.reductions.base import Reducing, check_flag
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.graph import BlockId


class Usage(NamedTuple):
    """Give the bytes of a partition: an array, one a column (the index first), or an array of one."""

    with_index: bool
    deep: bool

    def __call__(self, obj: Any) -> np.ndarray:
        options = {} if isinstance(obj, pd.Index) else {"index": self.with_index}
        return np.atleast_1d(np.asarray(obj.memory_usage(deep=self.deep, **options), dtype="int64"))

    def total(self, obj: Any) -> int:
        """Return the bytes of a partition in all."""
        return int(self(obj).sum())


class TotalUsage(NamedTuple):
    """Give the bytes of a partition in all."""

    usage: Usage

    def __call__(self, obj: Any) -> int:
        return self.usage.total(obj)


def add_up(parts: list[np.ndarray]) -> np.ndarray:
    """Return the sums of arrays of bytes."""
    return np.sum(parts, axis=0)


class UsageResult(NamedTuple):
    """Give the sums, labelled, or (``labels`` None) as one number."""

    labels: Any

    def __call__(self, parts: list[np.ndarray]) -> Any:
        total = add_up(parts)
        return int(total.sum()) if self.labels is None else pd.Series(total, index=self.labels)


def data_bytes(obj: Any) -> int:
    """Return the bytes of a partition's arrays, as pandas's ``nbytes``."""
    if isinstance(obj, pd.DataFrame):
        return sum(int(obj.iloc[:, at].nbytes) for at in range(obj.shape[1]))
    return int(obj.nbytes)


class UsageReductions(Reducing):
    """Of ``DataFrame``, ``Series`` and ``Index``."""

    @property
    def nbytes(self) -> Any:
        """Lazy number of bytes of the data, without the index."""
        return reduce_partitions("nbytes", [self], data_bytes, sum, sum, 1, None)

    def _usage(self, index: Any, deep: Any) -> Any:
        check_flag("index", index)
        check_flag("deep", deep)
        usage = Usage(bool(index), bool(deep))
        if self._kind != "DataFrame":
            return reduce_partitions("memory_usage", [self], usage, add_up, UsageResult(None), 1, tuple(usage))
        labels = self._meta.memory_usage(index=bool(index)).index
        meta = pd.Series([], dtype="int64", index=labels[:0])
        return reduce_partitions("memory_usage", [self], usage, add_up, UsageResult(labels), meta, tuple(usage))

    def memory_usage_per_partition(self, index: bool = True, deep: bool = False) -> Any:
        """Return the bytes of each partition: a Series labelled by the partitions' numbers."""
        check_flag("index", index)
        check_flag("deep", deep)
        usage = Usage(bool(index), bool(deep))
        one_each = OneValue(TotalUsage(usage))
        unknown = (None,) * (self.npartitions + 1)
        meta = pd.Series([], dtype="int64", index=pd.Index([], dtype="int64"))
        return partitionwise(
            "memory_usage_per_partition",
            one_each,
            BlockId(),
            self,
            meta=meta,
            divisions=unknown,
            rows=f"usage-{self._layer.name}",
            token=tuple(usage),
        )


class RowUsage(UsageReductions):
    """Of ``DataFrame`` and ``Series``."""

    def memory_usage(self, index: bool = True, deep: bool = False) -> Any:
        """Return bytes: of the index and each column, or of the whole for a Series.

        Parameters
        ----------
        index : bool
            Whether the index counts.
        deep : bool
            Whether to look into objects, which takes a walk over all of them.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3], "y": 0.5}), npartitions=2)
        >>> df.memory_usage(index=False).compute()
        x    24
        y    24
        dtype: int64
        """
        return self._usage(index, deep)

    def info(self, buf: Any = None, verbose: bool = False, memory_usage: Any = False) -> None:
        """Print the columns and their dtypes; computes what is asked for besides.

        Parameters
        ----------
        buf : file, optional
            Where to print; default: standard output.
        verbose : bool
            Whether to count rows and values that are there, by reading all data.
        memory_usage : bool or "deep"
            Whether to add up bytes.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> dd.from_pandas(pd.DataFrame({"x": [1, 2], "s": ["a", None]}), npartitions=2).info()
        <class 'minidask.dataframe.frame.DataFrame'>
        Columns: 2 entries, x to s
        dtypes: int64(1), str(1)
        """
        check_flag("verbose", verbose)
        if memory_usage != "deep":
            check_flag("memory_usage", memory_usage)
        frame: Any = self if self._kind == "DataFrame" else self.to_frame()  # type: ignore[attr-defined]
        asked: list[Any] = [frame._length(), frame.count()] if verbose else []
        asked += [self._usage(True, memory_usage == "deep")] if memory_usage else []
        found = list(compute(*asked)) if asked else []
        lines = (
            [str(type(self)), *_body(self, frame._meta, *found[:2])] if verbose else [str(type(self)), *_brief(self)]
        )
        names = frame._meta.dtypes.map(lambda dtype: getattr(dtype, "name", str(dtype))).value_counts().sort_index()
        lines.append("dtypes: " + ", ".join(f"{name}({count})" for name, count in names.items()))
        if memory_usage:
            lines.append(f"memory usage: {_readable(int(np.sum(found[-1])))}")
        (sys.stdout if buf is None else buf).write("\n".join(lines) + "\n")


def _brief(frame: Any) -> list[str]:
    if frame._kind == "Series":
        return [f"Series name: {frame._meta.name}"]
    columns = frame._meta.columns
    ends = f", {columns[0]} to {columns[-1]}" if len(columns) else ""
    return [f"Columns: {len(columns)} entries{ends}"]


def _body(frame: Any, meta: pd.DataFrame, rows: int, counts: pd.Series) -> list[str]:
    """Return the table of columns, as pandas prints it."""
    head = f"Index: {rows} entries, {frame.npartitions} partitions"
    if frame.known_divisions:
        head += f", {frame.divisions[0]} to {frame.divisions[-1]}"
    if frame._kind == "DataFrame":
        top, cells = f"Data columns (total {meta.shape[1]} columns):", [["#", "Column", "Non-Null Count", "Dtype"]]
        cells.append(["-" * len(cell) if cell != "#" else "---" for cell in cells[0]])
        cells += [
            [str(at), str(label), f"{count} non-null", str(dtype)]
            for at, (label, count, dtype) in enumerate(zip(meta.columns, counts, meta.dtypes, strict=True))
        ]
    else:
        top, cells = f"Series name: {frame._meta.name}", [["Non-Null Count", "Dtype"]]
        cells.append(["-" * len(cell) for cell in cells[0]])
        cells.append([f"{counts.iloc[0]} non-null", str(meta.dtypes.iloc[0])])
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    indent = " " if frame._kind == "DataFrame" else ""
    return [head, top, *[indent + row if row[:3] != "---" or not indent else row for row in table]]


def _readable(number: float) -> str:
    """Return bytes in pandas's form.

    >>> _readable(96), _readable(2048)
    ('96.0 bytes', '2.0 KB')
    """
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if number < 1024:
            return f"{number:3.1f} {unit}"
        number /= 1024
    return f"{number:3.1f} PB"
