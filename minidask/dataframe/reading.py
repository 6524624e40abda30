"""The layer that reads: block ``i`` is ``reader(parts[i])``.

A reader is a picklable callable ``reader(part) -> pandas.DataFrame`` with

- ``columns``: tuple of the labels that it yields, in order;
- ``project(columns)``: a reader that reads only those (a tuple, in the order of ``columns``, never empty);
- ``filtered(filters)`` and ``filterable``, if it can leave out rows by itself: see ``minidask.dataframe.optimize.push_filters``;
- ``__dask_tokenize__``: what identifies what it reads, together with the part.

Place in the flow: the optimiser asks the reader for fewer columns (``FrameSource.narrow``) and rows. Collections of a source are
made by ``minidask.dataframe.source``.

Invariant: parts are tokenized, so that a part of a file must name its version (size and time of change, or ETag).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from minidask.dataframe.layers import INDEX, FrameLayer, rewritten_name
from minidask.graph import Layer, Parts


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
        made = source_layer(reader.project(wanted), self.parts, self.meta, rewritten_name(self.name, wanted, ()))
        made.annotations = self.annotations
        return made


def source_layer(
    reader: Any, parts: Sequence[Any], meta: Any, name: str, cls: type[FrameSource] = FrameSource
) -> FrameSource:
    """Make a source under a name that says what it reads."""
    layer = cls(name, (), reader, INDEX, ((Parts(parts), INDEX),), {"i": len(parts)})
    layer.meta = meta
    return layer
