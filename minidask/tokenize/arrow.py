"""Normalizers for pyarrow: arrays, tables, types, schemas, scalars, buffers.

Place in the flow: registers with `registry.normalize_token` when the first pyarrow object is tokenized; imports no
pyarrow before.

Columns are hashed by type and content: offsets, chunking and whatever lies in the memory of null slots make no
difference. To that end a column is written to several streams (positions of nulls, values, lengths; those of each
child), chunk after chunk. A dictionary-encoded column is its indices and its dictionary; chunks of different
dictionaries are unified first. Types without fixed streams (unions, run-end encoded, views) are hashed by their
Python values.

Not for: datasets, file systems and expressions, which pickle takes apart well.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from minidask.tokenize.registry import normalize_token

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["column_form"]


@normalize_token.register_lazy("pyarrow")
def _register_pyarrow() -> None:
    import pyarrow as pa

    register = normalize_token.register
    register((pa.Array, pa.ChunkedArray), column_form)
    register((pa.Table, pa.RecordBatch), _table)
    register(pa.Schema, _schema)
    register(pa.DataType, _type)
    register(pa.Field, _field)
    register(pa.Scalar, _scalar)
    register(pa.Buffer, _buffer)


def _schema(schema: pa.Schema) -> bytes:
    return schema.serialize().to_pybytes()


def _type(type_: pa.DataType) -> bytes:
    import pyarrow as pa

    return _schema(pa.schema([pa.field("", type_)]))


def _field(field: pa.Field) -> bytes:
    import pyarrow as pa

    return _schema(pa.schema([field]))


def _table(table: Any) -> tuple[Any, ...]:
    return _schema(table.schema), table.num_rows, [column_form(column) for column in table.columns]


def _scalar(scalar: pa.Scalar) -> Any:
    import pyarrow as pa

    return column_form(pa.repeat(scalar, 1)) if not pa.types.is_null(scalar.type) else (_type(scalar.type),)


def _buffer(buffer: pa.Buffer) -> bytes:
    return sha256(buffer).digest()


class _Streams:
    """Hashes of one column and its children, fed chunk by chunk."""

    def __init__(self) -> None:
        # {path of the child and kind of the stream: hash}
        self.hashers: dict[str, Any] = {}
        # {path: elements fed}
        self.lengths: dict[str, int] = {}
        # {path: Python values, or forms, of what has no stream}
        self.values: dict[str, list[Any]] = {}

    def write(self, path: str, data: Any) -> None:
        hasher = self.hashers.get(path)
        if hasher is None:
            hasher = self.hashers[path] = sha256()
        hasher.update(data)

    def form(self) -> tuple[Any, ...]:
        return {path: hasher.digest() for path, hasher in self.hashers.items()}, self.lengths, self.values


def column_form(column: pa.Array | pa.ChunkedArray) -> tuple[Any, ...]:
    """Return plain values that identify an Array or ChunkedArray: type, length, and digests of the content.

    >>> import pyarrow as pa
    >>> column_form(pa.chunked_array([[1, 2], [3]])) == column_form(pa.array([0, 1, 2, 3])[1:])
    True
    """
    import pyarrow as pa

    streams = _Streams()
    if isinstance(column, pa.ChunkedArray):
        if column.num_chunks > 1 and _holds_dictionary(column.type):
            # combine_chunks unifies dictionaries at any depth; unify_dictionaries only the outermost.
            column = column.combine_chunks()
        chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    else:
        chunks = [column]
    for chunk in chunks:
        if len(chunk):
            _write(chunk, "", streams)
    return _type(column.type), len(column), *streams.form()


def _holds_dictionary(type_: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(type_):
        return True
    if isinstance(type_, pa.BaseExtensionType):
        return _holds_dictionary(type_.storage_type)
    return any(_holds_dictionary(type_.field(i).type) for i in range(type_.num_fields))


def _write(array: Any, path: str, streams: _Streams) -> None:
    """Feed one chunk."""
    import numpy as np
    import pyarrow as pa

    t = pa.types
    type_ = array.type
    if isinstance(type_, pa.BaseExtensionType):
        _write(array.storage, path, streams)
        return
    start = streams.lengths.get(path, 0)
    streams.lengths[path] = start + len(array)
    if t.is_null(type_) or not len(array):
        return
    if t.is_union(type_):
        streams.values.setdefault(path, []).extend(zip(array.type_codes.to_pylist(), array.to_pylist(), strict=True))
        return
    if t.is_run_end_encoded(type_) or _is_view(type_):
        streams.values.setdefault(path, []).extend(array.to_pylist())
        return
    if array.null_count:
        nulls = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)) + start
        streams.write(path + "nulls", nulls.astype("<i8").data)
    if t.is_dictionary(type_):
        _write(array.indices, path + "i", streams)
        streams.values.setdefault(path, []).append(column_form(array.dictionary))
    elif t.is_map(type_):
        # Arrow's kernels for lists refuse maps, which are lists of structs.
        _write(array.cast(pa.list_(pa.struct([type_.key_field, type_.item_field]))), path + "m", streams)
    elif t.is_struct(type_):
        for i, child in enumerate(array.flatten()):
            _write(child, f"{path}{i}.", streams)
    elif t.is_list(type_) or t.is_large_list(type_) or t.is_fixed_size_list(type_):
        lengths = array.value_lengths().fill_null(0)
        streams.write(path + "lengths", lengths.to_numpy(zero_copy_only=False).astype("<i8").data)
        _write(array.flatten(), path + "0.", streams)
    else:
        # Null slots may hold anything; their positions are written already.
        _write_values(array.drop_null() if array.null_count else array, path, streams)


def _is_view(type_: pa.DataType) -> bool:
    """Whether values are found through offsets and lengths in any order."""
    import pyarrow as pa

    t = pa.types
    return t.is_string_view(type_) or t.is_binary_view(type_) or t.is_list_view(type_) or t.is_large_list_view(type_)


def _write_values(array: Any, path: str, streams: _Streams) -> None:
    """Feed values that are no containers and none of which is null."""
    import numpy as np
    import pyarrow as pa

    t = pa.types
    type_, start, stop = array.type, array.offset, array.offset + len(array)
    if t.is_boolean(type_):
        streams.write(path, array.to_numpy(zero_copy_only=False).data)
        return
    data = array.buffers()[-1]
    large = t.is_large_string(type_) or t.is_large_binary(type_)
    if large or t.is_string(type_) or t.is_binary(type_):
        bounds = np.frombuffer(array.buffers()[1] or b"", np.int64 if large else np.int32)[start : stop + 1]
        if len(bounds):
            streams.write(path + "lengths", np.diff(bounds).data)
            start, stop = int(bounds[0]), int(bounds[-1])
    else:  # numbers, times, decimals, fixed-size binaries: values of one width
        width = type_.bit_width // 8
        start, stop = start * width, stop * width
    if data is not None and stop > start:
        streams.write(path, data.slice(start, stop - start))
