"""Replace joins by the layers that carry them out, once it is known which columns they keep.

One walk, inputs first, so that a join sees how the rows of the joins below it lie. Comes after ``project_columns`` and before
the fusion, which takes the probing of a shared table into the chains around it. O(layers).

Invariant: an expanded join keeps its name and partitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from minidask.graph import Key, Layer, LayeredGraph


@runtime_checkable
class Expands(Protocol):
    """A layer that stands for others."""

    inputs: tuple[Layer, ...]

    def expand(self, inputs: tuple[Layer, ...] | None = None) -> Layer: ...


def expand_joins(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return the graph with layers that stand for others replaced by these; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import pandas as pd, minidask.dataframe as dd
    >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
    >>> both = df.merge(df, on="x")
    >>> [type(layer).__name__ for layer in expand_joins(both.dask, both.__dask_keys__()).layers.values()]
    ['PandasSource', 'Build', 'Merged']
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    if not any(isinstance(layer, Expands) for layer in layers.values()):
        return graph
    new: dict[str, Layer] = {}
    for name, layer in layers.items():
        inputs = tuple([new[above.name] for above in layer.inputs])
        new[name] = layer.expand(inputs) if isinstance(layer, Expands) else layer.rebuild(inputs)
    return LayeredGraph([new[root.name] for root in graph.roots])
