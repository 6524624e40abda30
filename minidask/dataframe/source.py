"""Where partitions come from: readers, and the layer that calls one for each part.

Place in the flow: the seam between input and dataframes. ``minidask.dataframe.io`` and ``from_map`` write *readers*;
``from_reader`` makes a collection of one; the optimiser asks the reader for fewer columns (``FrameSource.narrow``).

A reader is a picklable callable ``reader(part) -> pandas.DataFrame`` with

- ``columns``: tuple of the labels that it yields, in order;
- ``project(columns)``: a reader that reads only those (a tuple, in the order of ``columns``, never empty);
- ``__dask_tokenize__``: what identifies what it reads, together with the part.

Invariants: block ``i`` is ``reader(parts[i])``; parts are tokenized, so that a part of a file must name its version
(size and time of change, or ETag).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.divisions import check_divisions
from minidask.dataframe.layers import INDEX, FrameLayer, rewritten_name
from minidask.dataframe.meta import empty
from minidask.graph import Layer, Parts
from minidask.tokenize import quick_token


@runtime_checkable
class Reader(Protocol):
    """What ``from_reader`` takes; see the module's head."""

    @property
    def columns(self) -> tuple[Hashable, ...]: ...

    def project(self, columns: tuple[Hashable, ...]) -> Reader: ...

    def __call__(self, part: Any) -> pd.DataFrame: ...


class FrameSource(FrameLayer):
    """Block ``i`` is ``reader(parts[i])``; the reader is narrowed to the columns that are needed."""

    __slots__ = ()

    @property
    def reader(self) -> Any:
        """The function that makes a partition of a part."""
        return self.func

    @property
    def parts(self) -> Sequence[Any]:
        """What the reader is called with, one a partition."""
        operand = self.operands[0][0]
        assert isinstance(operand, Parts)
        return operand.values

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        """Return a source that reads only ``columns``; at least one, because rows are counted by what is read."""
        reader = self.reader
        if not isinstance(reader, Reader):
            return self
        wanted = tuple([label for label in reader.columns if label in columns]) or reader.columns[:1]
        if wanted == tuple(reader.columns):
            return self
        return source_layer(reader.project(wanted), self.parts, self.meta, rewritten_name(self.name, wanted, ()))


def source_layer(
    reader: Any, parts: Sequence[Any], meta: Any, name: str, cls: type[FrameSource] = FrameSource
) -> FrameSource:
    """Make a source under a name that says what it reads."""
    layer = cls(name, (), reader, INDEX, ((Parts(parts), INDEX),), {"i": len(parts)})
    layer.meta = meta
    return layer


def from_reader(
    reader: Any,
    parts: Sequence[Any],
    meta: Any,
    divisions: Sequence[Any] | None = None,
    prefix: str = "from-reader",
    token: Any = None,
) -> Any:
    """Make a collection whose partition ``i`` is ``reader(parts[i])``.

    Parameters
    ----------
    reader : callable
        See the module's head; one without ``columns`` and ``project`` always reads everything.
    parts : sequence
        At least one; picklable.
    meta : pandas object
        Empty, with the columns, dtypes, names and index type that each partition has.
    divisions : sequence, optional
        Bounds of the partitions' indexes, one more than parts; None if they aren't known.
    prefix : str
        First part of the keys' names.
    token : optional
        Identifies reader and parts; default: they are tokenized.

    Raises
    ------
    TypeError
        If the reader isn't callable or meta is no pandas object.
    ValueError
        If there are no parts, or divisions don't fit their number.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> meta = pd.DataFrame({"x": pd.Series([], dtype="int64")})
    >>> from_reader(make_frame, [[1, 2], [3]], meta).compute()["x"].tolist()
    [1, 2, 3]
    """
    if not callable(reader):
        raise TypeError(f"a reader must be callable, got {type(reader).__name__}: {reader!r:.80}")
    if not isinstance(meta, pd.DataFrame | pd.Series | pd.Index):
        raise TypeError(f"meta must be an empty pandas object, got {type(meta).__name__}: {meta!r:.80}")
    if len(parts) == 0:
        raise ValueError("there are no parts to read: a dataframe has at least one partition")
    known = check_divisions(divisions, len(parts))
    name = f"{prefix}-{quick_token('source', *([reader, Parts(parts)] if token is None else [token]))}"
    return new_collection(source_layer(reader, parts, empty(meta), name), empty(meta), known)


def make_frame(values: Sequence[Any]) -> pd.DataFrame:
    """Return a frame with one column ``x``: a reader without projection, for examples."""
    return pd.DataFrame({"x": list(values)})


__all__ = ["FrameCollection", "FrameSource", "Reader", "from_reader", "source_layer"]
