"""How Arrow memory travels, in pyarrow or pandas: whole tables and arrays without copies, slices without the rest.

Place in the flow: registers with `registry.reducers` when pyarrow or pandas is loaded; `pickling` imports this module.

pyarrow pickles a slice with the buffers of all that it was cut from. A slice therefore travels as an Arrow IPC stream,
which holds just its rows; what fills its buffers is left to pyarrow, which hands them over as they are.
"""

from __future__ import annotations

from pickle import PickleBuffer
from typing import Any

from minidask_distributed.protocol.registry import reducers

__all__ = ["reduce_arrow", "reduce_pandas_array"]

# Buffers are padded, and bitmaps rounded up: that much more than the rows need isn't a slice.
_PADDING = 1024


def reduce_arrow(data: Any) -> Any:
    """Return what pickle needs to make a table, record batch, array or chunked array again.

    Examples
    --------
    >>> import pyarrow as pa
    >>> column = pa.chunked_array([list(range(10_000))]).slice(5, 3)
    >>> rebuild, args = reduce_arrow(column)
    >>> rebuild(*args).to_pylist()
    [5, 6, 7]
    """
    import pyarrow as pa

    try:
        sliced = data.get_total_buffer_size() > data.nbytes * 1.1 + _PADDING
    except (pa.ArrowException, NotImplementedError):  # types for which Arrow can't tell a slice from the whole
        sliced = False
    if not sliced:
        return data.__reduce_ex__(5)
    if isinstance(data, pa.RecordBatch):
        kind, table = "batch", pa.Table.from_batches([data])
    elif isinstance(data, pa.Table):
        kind, table = "table", data
    elif isinstance(data, pa.ChunkedArray):
        kind, table = "chunked", pa.table([data], names=["values"])
    else:
        kind, table = "array", pa.table([data], names=["values"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return _rebuild, (PickleBuffer(sink.getvalue()), kind)


def _rebuild(memory: Any, kind: str) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(pa.py_buffer(memory)) as stream:
        table = stream.read_all()
    if kind == "table":
        return table
    if kind == "batch":
        batches = table.to_batches()
        return batches[0] if len(batches) == 1 else table.combine_chunks().to_batches()[0]
    column = table.column(0)
    return column if kind == "chunked" else column.chunk(0)


@reducers.register_lazy("pyarrow")
def _register_pyarrow() -> None:
    import pyarrow as pa

    reducers.register((pa.Table, pa.RecordBatch, pa.ChunkedArray), reduce_arrow, subclasses=False)
    # Arrays have a class for each type.
    reducers.register(pa.Array, reduce_arrow)


def reduce_pandas_array(array: Any) -> Any:
    """Return what pickle needs to make a pandas array again that lies in Arrow memory (texts, for one).

    pandas puts the chunks together for that, which copies the only one, too.

    Examples
    --------
    >>> import pandas as pd
    >>> rebuild, args = reduce_pandas_array(pd.array(["a", None], dtype="str"))
    >>> rebuild(*args).tolist()
    ['a', nan]
    """
    data = array.__arrow_array__()
    if data.num_chunks != 1:
        return array.__reduce_ex__(5)
    return _rebuild_pandas, (type(array), data, array.dtype)


def _rebuild_pandas(kind: type[Any], data: Any, dtype: Any) -> Any:
    import pandas as pd

    return kind(data, dtype=dtype) if kind is pd.arrays.ArrowStringArray else kind(data)


@reducers.register_lazy("pandas")
def _register_pandas() -> None:
    import pandas as pd

    exact = (pd.arrays.ArrowStringArray, pd.arrays.ArrowExtensionArray)
    reducers.register(exact, reduce_pandas_array, subclasses=False)
