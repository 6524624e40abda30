"""How large a dataframe is, guessed from its layers without reading anything: rows from footers and from data in memory.

Place in the flow: a merge asks when it is made which side is small; ``plan`` compares bytes of the columns that are needed.
A guess is an upper bound where rows are dropped (filters) and wrong where keys repeat (joins): it decides how to compute, never
what. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from minidask.dataframe.layers import FrameLayer, SelectPartitions, Stack
from minidask.dataframe.order.ranges import IndexRanges
from minidask.dataframe.order.repartition import GroupPartitions, SplitPartitions
from minidask.dataframe.reading import FrameSource
from minidask.dataframe.shuffle import Rearrange
from minidask.graph import Layer, MaterializedLayer
from minidask.graph.layer import walk

# Bytes of a value whose dtype has no fixed size: short text, and what holds it.
TEXT_BYTES = 32
# Bytes of a value in a CSV file, separator included; a column of numbers or codes.
CSV_FIELD_BYTES = 8


def estimate_rows(top: Layer) -> float | None:
    """Return about how many rows a layer's partitions have together, None if nothing is known.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> df = dd.from_pandas(pd.DataFrame({"x": range(10)}), npartitions=2)
    >>> estimate_rows(df[df["x"] > 3]._layer), estimate_rows(df["x"].sum()._layer)
    (10, None)
    """
    rows: dict[str, float | None] = {}
    for layer in walk([top]):
        rows[layer.name] = _rows(layer, [rows[above.name] for above in layer.inputs])
    return rows[top.name]


def _rows(layer: Layer, above: list[float | None]) -> float | None:
    known = [count for count in above if count is not None]
    if isinstance(layer, FrameSource):
        return _source_rows(layer)
    if isinstance(layer, MaterializedLayer):
        return _held_rows(layer)
    if len(known) < len(above) or not above:
        return None
    if isinstance(layer, Stack):
        return sum(known)
    if isinstance(layer, SelectPartitions):
        return known[0] * len(layer.places) / max(layer.inputs[0].numblocks[0], 1)
    if isinstance(layer, Rearrange | GroupPartitions | SplitPartitions | IndexRanges):
        return known[0]
    estimate = getattr(layer, "estimate_rows", None)
    if estimate is not None:
        guess: float = estimate(known)
        return guess
    return max(known) if isinstance(layer, FrameLayer) and isinstance(layer.meta, pd.DataFrame | pd.Series) else None


def _source_rows(layer: FrameSource) -> float | None:
    parts = layer.parts
    data = getattr(parts, "data", None)
    if isinstance(data, pd.DataFrame | pd.Series | pd.Index):
        return len(data)
    counts = [getattr(part, "rows", None) for part in parts]
    if all(isinstance(count, int) for count in counts):
        return sum(count for count in counts if count is not None)
    labels = getattr(layer.reader, "labels", None)
    sizes = [_text_bytes(part) for part in parts]
    if labels and all(size is not None for size in sizes):
        return sum(size for size in sizes if size is not None) / (CSV_FIELD_BYTES * len(labels))
    return None


def _text_bytes(part: Any) -> float | None:
    """Return the bytes of a block of a text file; None where it is no such block, is compressed, or its end isn't known."""
    if getattr(part, "compression", None) is not None:
        return None
    part = getattr(part, "block", part)
    start, stop = getattr(part, "start", None), getattr(part, "stop", None)
    if not isinstance(start, int):
        return None
    stop = getattr(getattr(part, "file", None), "size", None) if stop is None else stop
    return stop - start if isinstance(stop, int) else None


def _held_rows(layer: MaterializedLayer) -> float | None:
    """Return the rows of partitions that are in memory here."""
    values = []
    for task in layer.tasks().values():
        if task.dependencies or len(task.args) != 1 or not isinstance(task.args[0], pd.DataFrame | pd.Series):
            return None
        values.append(task.args[0])
    return sum(map(len, values)) if values else None


def row_bytes(meta: pd.DataFrame, labels: Iterable[Any] | None = None) -> int:
    """Return about how many bytes one row takes, of some columns or all.

    Examples
    --------
    >>> row_bytes(pd.DataFrame({"x": [1], "y": ["a"]}))
    40
    """
    wanted = None if labels is None else set(labels)
    total = 0
    for label, dtype in meta.dtypes.items():
        if wanted is not None and label not in wanted:
            continue
        if isinstance(dtype, pd.CategoricalDtype):
            total += 2
        else:
            kind = getattr(dtype, "kind", "O")
            total += getattr(dtype, "itemsize", 8) if kind in "iufcbmM" else TEXT_BYTES
    return max(total, 1)
