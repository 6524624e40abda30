"""Have readers leave out the rows that a filter would.

Two walks over the layers. The first counts who uses each layer; the second, inputs first, looks at each filter whose mask is a
predicate over columns of its own frame (``predicates``). If that frame is a source whose reader can filter, perhaps through
selections of columns, the filter is replaced by the source of a filtering reader. O(layers), besides the masks.

Invariants: the same rows in the same partitions, in their order and with their index. A frame that anybody else uses, besides the
filter and its mask, is left alone: it would be read twice. Requested outputs keep their names and values.

Place in the flow: before ``project_columns``, so that columns that only filter aren't carried; readers fetch those first, and the
others only where a row passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from minidask.dataframe.columns import simple_columns
from minidask.dataframe.layers import Filter, Project, rewritten_name
from minidask.dataframe.optimize.predicates import Conjunctions, predicate_of
from minidask.dataframe.reading import FrameSource, source_layer
from minidask.graph import Key, Layer, LayeredGraph
from minidask.graph.blockwise import InputOf


@runtime_checkable
class Filters(Protocol):
    """A reader that can leave out rows; see ``minidask.dataframe.io.parquet_reader``."""

    @property
    def filterable(self) -> frozenset[Any]: ...

    def filtered(self, filters: Any) -> Any: ...


def push_filters(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs whose readers filter; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import tempfile, minidask.dataframe as dd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"x": [1, 2, 3]}).to_parquet(f"{folder}/x.parquet")
    ...     df = dd.read_parquet(folder)
    ...     few = df[df["x"] > 1]
    ...     plan = push_filters(few.dask, few.__dask_keys__())
    >>> [layer.reader.filters for layer in plan.layers.values()]
    [(((('x', '>', 1),),),)]
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    if not any(isinstance(layer, Filter) for layer in layers.values()):
        return graph
    kept = {root.name for root in graph.roots}
    kept.update(layer.name for key in keys if (layer := graph.layer_of(key)) is not None)
    users: dict[str, set[str]] = {}
    for name, layer in layers.items():
        for above in layer.inputs:
            users.setdefault(above.name, set()).add(name)
    new: dict[str, Layer] = {}
    changed = False
    for name, layer in layers.items():
        pushed = _pushed(layer, new, users, kept) if isinstance(layer, Filter) else None
        changed |= pushed is not None
        new[name] = layer.rebuild(tuple([new[above.name] for above in layer.inputs])) if pushed is None else pushed
    return LayeredGraph([new[root.name] for root in graph.roots]) if changed else graph


def _pushed(layer: Filter, new: Mapping[str, Layer], users: Mapping[str, set[str]], kept: set[str]) -> Layer | None:
    """Return what gives a filter's rows without it; None if nothing does."""
    operands = [operand for operand, _ in layer.operands]
    if len(operands) != 2 or not all(isinstance(operand, InputOf) for operand in operands):
        return None
    frame, mask = [layer.inputs[operand.at] for operand in operands]  # type: ignore[union-attr]
    predicate = predicate_of(mask, frame)
    if predicate is None:
        return None
    inside = {layer.name, *predicate.layers}
    if any(name in kept or not users[name] <= inside for name in predicate.layers):
        return None
    selections: list[Project] = []
    source = frame
    while True:
        if source.name in kept or not users[source.name] <= inside:
            return None
        inside.add(source.name)
        if not (isinstance(source, Project) and isinstance(source.labels, list)) or new[source.name] is not source:
            break
        selections.append(source)
        source = source.inputs[0]
    return _filtered(layer, new[source.name], predicate.conjunctions, selections)


def _filtered(layer: Filter, source: Layer, predicate: Conjunctions, selections: list[Project]) -> Layer | None:
    if not isinstance(source, FrameSource) or not isinstance(source.reader, Filters):
        return None
    if not isinstance(source.meta, pd.DataFrame) or not simple_columns(source.meta.columns):
        return None
    if not {term[0] for terms in predicate for term in terms} <= source.reader.filterable:
        return None
    if source.annotations != layer.annotations:
        return None
    # Whatever is outermost has the filter's value, and so its name.
    name = rewritten_name(source.name, ("filtered", predicate), ()) if selections else layer.name
    made: Layer = source_layer(source.reader.filtered(predicate), source.parts, source.meta, name, type(source))
    made.annotations = source.annotations
    for selection in reversed(selections):
        outermost = selection is selections[0]
        made = selection.rebuild(
            (made,), layer.name if outermost else rewritten_name(selection.name, "filtered", (made,))
        )
    return made
