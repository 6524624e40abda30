"""Pieces of partitions as bytes: Arrow IPC, and pickle for what Arrow can't hold as it is.

Place in the flow: `tasks.transfer` encodes what ``minidask.dataframe.shuffle`` split, `tasks.unpack` decodes what it joins.

A piece is an Arrow record batch without its schema: flat arrays by their bits (so that NaN, NaT and codes stay what they
are), and Arrow arrays. Columns of objects and of extension types that aren't flat follow as a pickle of their arrays; a
partition without a layout (of a subclass, say) is pickled piece by piece. What all pieces of a source have in common is its
*head*: layout, schema, and the partition without rows.

Invariant: what comes out is what went in, bit for bit. Pure.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from minidask.dataframe.shuffle.layout import Arrays, Layout
from minidask.dataframe.shuffle.pieces import Split
from minidask_distributed.protocol.pickling import dumps, loads

_LENGTH = struct.Struct("<Q")
_TYPES = {1: pa.uint8(), 2: pa.uint16(), 4: pa.uint32(), 8: pa.uint64()}


class Head(NamedTuple):
    """What the pieces of one source have in common."""

    layout: Layout | None
    schema: Any  # of the record batches
    empty: Any  # the partition without rows


class Encoded(NamedTuple):
    """A split partition as bytes: ``pieces`` by output, those without rows left out; ``head`` under its ``digest``."""

    digest: bytes
    head: bytes
    pieces: dict[int, Any]


def encode(split: Split, wanted: Any) -> Encoded:
    """Return a split partition as bytes.

    Parameters
    ----------
    split : Split
    wanted : iterable of int
        The outputs whose pieces are wanted.

    Raises
    ------
    TypeError
        If a column holds objects that can't be pickled; the message names the type.
    """
    layout = split.layout
    filled = [at for at in wanted if split.count(at)]
    schema: Any = None
    if layout is None:
        pieces = {at: dumps(split.cut(at)) for at in filled}
    else:
        batch = _batch(split.data)
        schema = batch.schema
        objects = _has_objects(layout)
        pieces = {}
        for at in filled:
            start, stop = int(split.offsets[at]), int(split.offsets[at + 1])
            data = batch.slice(start, stop - start).serialize()
            pieces[at] = _with_objects(data, split.cut(at)) if objects else data
    head = dumps(Head(layout, schema, split.empty()))
    return Encoded(blake2b(head, digest_size=16).digest(), head, pieces)


def _batch(arrays: Arrays) -> Any:
    columns = [_flat(row) for group in arrays.groups if group.dtype.kind != "O" for row in group]
    columns += arrays.arrow
    return pa.record_batch(columns, names=[str(at) for at in range(len(columns))])


def _flat(values: Any) -> Any:
    values = np.ascontiguousarray(values)
    size = values.dtype.itemsize
    return pa.Array.from_buffers(
        _TYPES.get(size) or pa.binary(size), len(values), [None, pa.py_buffer(values.view(np.uint8))]
    )


def _has_objects(layout: Layout) -> bool:
    return bool(layout.others) or any(dtype.kind == "O" for dtype, _ in layout.groups)


def _with_objects(data: Any, cut: Arrays) -> bytes:
    objects = [[np.ascontiguousarray(row) for row in group] for group in cut.groups if group.dtype.kind == "O"]
    return b"".join([_LENGTH.pack(data.size), data, dumps((objects, cut.others))])


class Piece:
    """The rows that one source has for one output, to be joined; without ``data`` there are none."""

    __slots__ = ("_arrays", "_head", "_rows")

    def __init__(self, head: Head, data: Any = None) -> None:
        self._head = head
        self._rows = 0
        self._arrays: Any = None
        if data is None:
            return
        if head.layout is None:
            self._arrays = loads(data)
            self._rows = len(self._arrays)
        else:
            self._rows, self._arrays = _decoded(head, data)

    @property
    def layout(self) -> Layout | None:
        """That of the source."""
        return self._head.layout

    def count(self, at: int) -> int:
        """Return the number of rows."""
        return self._rows

    def cut(self, at: int) -> Any:
        """Return the rows."""
        return self._arrays

    def empty(self) -> Any:
        """Return the source without its rows."""
        return self._head.empty


def _decoded(head: Head, data: Any) -> tuple[int, Arrays]:
    layout = head.layout
    assert layout is not None
    objects: list[Any] = []
    others: list[Any] = []
    buffer = pa.py_buffer(data)
    if _has_objects(layout):
        (length,) = _LENGTH.unpack_from(buffer)
        objects, others = loads(buffer.slice(_LENGTH.size + length).to_pybytes())
        buffer = buffer.slice(_LENGTH.size, length)
    batch = pa.ipc.read_record_batch(buffer, head.schema)
    columns, pickled = iter(batch.columns), iter(objects)
    groups = [
        next(pickled) if dtype.kind == "O" else [_values(next(columns), dtype) for _ in range(rows)]
        for dtype, rows in layout.groups
    ]
    return batch.num_rows if batch.num_columns else _rows(objects, others), Arrays(groups, list(columns), others)


def _rows(objects: list[Any], others: list[Any]) -> int:
    return len(objects[0][0]) if objects else len(others[0])


def _values(column: Any, dtype: Any) -> Any:
    return np.frombuffer(column.buffers()[1], dtype=dtype, count=len(column), offset=column.offset * dtype.itemsize)
