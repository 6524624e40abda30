"""What makes an object a collection.

The protocol of the field, so that collections written for it run here:

- ``__dask_graph__()``: the graph, a mapping of keys to tasks; None if the object is no collection after all.
- ``__dask_keys__()``: the keys of the results, in nested lists.
- ``__dask_layers__()``: names of the layers that hold these keys (optional).
- ``__dask_postcompute__()``: ``(finalize, extra_args)``; ``finalize(results, *extra_args)`` makes the result that
  users see.
- ``__dask_postpersist__()``: ``(rebuild, extra_args)``; ``rebuild(graph, *extra_args)`` makes an equal collection on
  another graph.
- ``__dask_optimize__(graph, keys, **kwargs)`` and ``__dask_scheduler__(graph, keys, **kwargs)``: class-level
  functions (optional).
- ``__dask_tokenize__()``: what identifies the object (optional).
- ``__minidask_placed__(run)``: the collection to compute in its place where ``run`` runs the tasks (optional; ours): one
  of the same result whose tasks write into memory that was allocated before.
- ``__minidask_checked__(collections, run)``: called once for all collections of one kind, before ``run`` computes them and
  their results are held (optional; ours): warns of what can't go well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minidask.graph.layer import Layer, MaterializedLayer
from minidask.graph.layered import LayeredGraph, as_layer


def is_dask_collection(x: Any) -> bool:
    """Return whether ``x`` is a collection: an object (no class) whose ``__dask_graph__()`` returns a graph.

    Examples
    --------
    >>> is_dask_collection(1)
    False
    """
    cls = type(x)
    if cls in _NEVER or (not hasattr(cls, "__dask_graph__") and not hasattr(x, "__dask_graph__")):
        return False
    if isinstance(x, type):
        return False
    return x.__dask_graph__() is not None


def collection_graph(collection: Any) -> Mapping[Any, Any]:
    """Return a collection's graph.

    Raises
    ------
    TypeError
        If its ``__dask_graph__`` returns no mapping.
    """
    graph = collection.__dask_graph__()
    if not isinstance(graph, Mapping):
        raise TypeError(f"{type(collection).__name__}.__dask_graph__() returned {type(graph).__name__}, not a mapping")
    return graph


def collection_layers(collection: Any) -> tuple[Layer, ...]:
    """Return the layers that hold a collection's keys: the inputs of a layer that is made from it."""
    graph = collection_graph(collection)
    if not isinstance(graph, LayeredGraph):
        return (as_layer(graph),)
    names = getattr(collection, "__dask_layers__", None)
    if names is None:
        return graph.roots
    return tuple([graph.layers[name] for name in names() if name in graph.layers]) or graph.roots


def rebuilt_layer(graph: Mapping[Any, Any], name: str, keys: Any) -> Layer:
    """Return the layer on which a collection stands after its graph was optimised or computed.

    Parameters
    ----------
    graph : mapping
        An optimised ``LayeredGraph`` that still has the layer ``name``, or a mapping of at least ``keys`` to tasks.
    name : str
        The collection's layer.
    keys : nested lists of keys
        The collection's keys.
    """
    if isinstance(graph, LayeredGraph) and name in graph.layers:
        return graph.layers[name]
    return GridOf(name, graph, keys)


class GridOf(MaterializedLayer):
    """A materialised layer that stands for a grid of blocks: results that are held, or an optimised graph.

    Its output keys are the collection's, although the mapping may hold others that lead to these.
    """

    __slots__ = ("nested",)

    def __init__(self, name: str, mapping: Mapping[Any, Any], nested: Any, inputs: tuple[Layer, ...] = ()) -> None:
        super().__init__(name, mapping, inputs, {})
        self.derived = True
        self.nested = nested
        self.numblocks = shape_of(nested)

    def nested_keys(self) -> Any:
        return self.nested


def shape_of(nested: Any) -> tuple[int, ...]:
    """Return the shape of a regular nesting of lists.

    Examples
    --------
    >>> shape_of([["a", "b", "c"], ["d", "e", "f"]])
    (2, 3)
    """
    shape = []
    while isinstance(nested, list):
        shape.append(len(nested))
        if not nested:
            break
        nested = nested[0]
    return tuple(shape)


# The commonest arguments, so that they cost no look-up of attributes.
_NEVER = frozenset({int, float, str, bytes, bool, type(None), list, tuple, dict, set})
