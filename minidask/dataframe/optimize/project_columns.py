"""Push the columns that are needed down to the sources.

Two iterative walks over the layers. Outputs first, each layer is asked what it needs of its inputs so that it can give what is
needed of it (``required``); needs of several users are united. Inputs first, each layer of which only some columns are
needed is narrowed. O(layers), times columns at most.

Invariants: requested outputs keep their names and values, columns in their order. A layer whose value changes gets another name.
Layers that know nothing of columns need all of their inputs and give all they have.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Set
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from minidask.dataframe.columns import simple_columns
from minidask.dataframe.layers import UNUSED
from minidask.graph import Key, Layer, LayeredGraph


@runtime_checkable
class KnowsColumns(Protocol):
    """A layer that takes part in projection (see ``minidask.dataframe.layers``)."""

    inputs: tuple[Layer, ...]

    def required(self, columns: Set[Hashable] | None) -> tuple[Set[Hashable] | None, ...]: ...

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer: ...


def project_columns(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs that reads and carries only the columns that these need.

    Parameters
    ----------
    graph : mapping
        A plain dict of tasks is returned as it is.
    keys : iterable of keys
        The outputs.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=1)
    >>> total = df.assign(z=df["x"] + 1)["z"].sum()
    >>> plan = project_columns(total.dask, total.__dask_keys__())
    >>> [layer.parts.columns for layer in plan.layers.values() if not layer.inputs]
    [('x',)]
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    needs = _needs(graph, keys)
    if all(need is None for need in needs.values()):
        return graph
    new: dict[str, Layer] = {}
    for name, layer in layers.items():
        if name not in needs:
            # Nobody will refer to it any more.
            new[name] = layer
            continue
        inputs = tuple([new[above.name] for above in layer.inputs])
        need = needs[name]
        if need is None or not isinstance(layer, KnowsColumns):
            new[name] = layer.rebuild(inputs)
        else:
            new[name] = layer.narrow(need, inputs)
    return LayeredGraph([new[root.name] for root in graph.roots])


def _needs(graph: LayeredGraph, keys: Iterable[Key]) -> dict[str, set[Hashable] | None]:
    """Return for each layer that is used the columns that are needed of it, None for all."""
    layers = graph.layers
    needs: dict[str, set[Hashable] | None] = {root.name: None for root in graph.roots}
    for key in keys:
        layer = graph.layer_of(key)
        if layer is not None:
            needs[layer.name] = None
    for name, layer in reversed(layers.items()):
        if name not in needs:
            continue
        need = needs[name]
        if need is not None and not _can_narrow(layer, need):
            need = needs[name] = None
        asked = layer.required(need) if isinstance(layer, KnowsColumns) else (None,) * len(layer.inputs)
        for above, columns in zip(layer.inputs, asked, strict=True):
            if columns is UNUSED:
                continue
            if columns is None:
                needs[above.name] = None
            elif above.name not in needs:
                needs[above.name] = set(columns)
            else:
                known = needs[above.name]
                if known is not None:
                    known.update(columns)
    return needs


def _can_narrow(layer: Layer, need: set[Hashable]) -> bool:
    """Whether a layer's value has columns besides the needed ones, and labels stand for one column each."""
    meta = getattr(layer, "meta", None)
    if not isinstance(meta, pd.DataFrame):
        # Layers without a meta of their own pass the need on (a selection of partitions).
        return not hasattr(layer, "meta") and isinstance(layer, KnowsColumns)
    return len(need) < meta.shape[1] and simple_columns(meta.columns)
