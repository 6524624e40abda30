"""Have fused functions run as ``FlatProgram``: temporaries' memory is used again, results are written where they are wanted.

The last of the passes: it changes functions of layers, never layers. A pass of one's own behind it sees layers as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minidask.array.flat import flat_program
from minidask.graph import Blockwise, Key, Layer, LayeredGraph, Program


def flatten_programs(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return the graph with its programs flat; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import minidask.array as da
    >>> y = da.ones(10, chunks=5) + 1
    >>> plan = y.__dask_optimize__(y.dask, [(y.name, 0), (y.name, 1)])
    >>> [type(layer.func).__name__ for layer in plan.layers.values()]
    ['FlatProgram']
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    new: dict[str, Layer] = {}
    for name, layer in graph.layers.items():
        made = layer.rebuild(tuple([new[above.name] for above in layer.inputs]))
        if isinstance(made, Blockwise) and type(made.func) is Program and made.contract is None and not made.kwargs:
            made = Blockwise(
                name,
                made.inputs,
                flat_program(made.func),
                made.out_ind,
                made.operands,
                made.sizes,
                None,
                None,
                made.annotations,
            )
        new[name] = made
    return LayeredGraph([new[root.name] for root in graph.roots])
