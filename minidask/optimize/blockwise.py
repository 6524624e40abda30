"""Fuse blockwise layers: chains and diamonds of them become one layer whose function is a flat program.

Outputs first, every layer is met after all that use it. A blockwise layer joins the group of those that use it if they are
all in one group, all see it under the same index (so that a block of the group needs one block of it, and the other way
round), it has the group's annotations, and nobody asked for its own result. O(layers), iterative.

The fused layer keeps the name of the group's last layer: a name says what a layer's values are, and these don't change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minidask.graph.blockwise import Blockwise, Constant, InputOf, Operand
from minidask.graph.layer import Layer
from minidask.graph.layered import LayeredGraph
from minidask.graph.program import ProgramBuilder
from minidask.graph.task import Key

Index = tuple[Any, ...]


def fuse_blockwise(graph: LayeredGraph, keys: Iterable[Key] = ()) -> LayeredGraph:
    """Return a graph with the same outputs in which blockwise layers are fused where no work would be repeated.

    Parameters
    ----------
    graph : LayeredGraph
    keys : iterable of keys
        Outputs besides those of the roots: their layers stay.

    Examples
    --------
    >>> from minidask.graph import LayeredGraph, blockwise, source
    >>> from operator import add, mul
    >>> x = source(abs, [-1, -2], name="x")
    >>> y = blockwise(add, "i", (x, "i"), (10, None), name="y")
    >>> z = blockwise(mul, "i", (x, "i"), (y, "i"), name="z")
    >>> fused = fuse_blockwise(LayeredGraph([z]))
    >>> list(fused.layers), fused[("z", 1)]({})
    (['z'], 24)
    """
    layers = graph.layers
    kept = {layer.name for layer in graph.roots}
    for key in keys:
        layer = graph.layer_of(key)
        if layer is not None:
            kept.add(layer.name)
    # group: {layer: (top of its group, index of the layer's block in the symbols of the top)}
    group: dict[str, tuple[str, Index]] = {}
    # seen: {layer: how its users see it}, None once they disagree or one of them can't take it in.
    seen: dict[str, tuple[str, Index] | None] = {}
    members: dict[str, list[str]] = {}
    for name, layer in reversed(layers.items()):
        view = seen.get(name)
        if view is not None and name not in kept and _fits(layer, layers[view[0]], view[1]):
            group[name] = view
        elif isinstance(layer, Blockwise):
            group[name] = (name, layer.out_ind)
        top_name, index = group.get(name, (name, ()))
        if name in group:
            members.setdefault(top_name, []).append(name)
        _show_inputs(layer, group.get(name), index, layers[top_name], seen)
    rebuilt: dict[str, Layer] = {}
    for name, layer in layers.items():
        top_name = group[name][0] if name in group else name
        if top_name != name:
            continue
        names = members.get(name, [name])
        if len(names) > 1 and isinstance(layer, Blockwise):
            rebuilt[name] = _merge(layer, names[::-1], group, layers, rebuilt)
        else:
            rebuilt[name] = layer.rebuild(tuple(rebuilt[above.name] for above in layer.inputs))
    return LayeredGraph([rebuilt[root.name] for root in graph.roots])


def _fits(layer: Layer, top: Layer, index: Index) -> bool:
    """Whether each block of ``top`` needs exactly one block of ``layer``, each another one, and their hints agree."""
    if not isinstance(layer, Blockwise) or not isinstance(top, Blockwise):
        return False
    notes = layer.annotations or {}
    # What is worked out from each task's key may differ however equal the functions are.
    if notes != (top.annotations or {}) or any(map(callable, notes.values())):
        return False
    # The same symbols once each, and no broadcast: then blocks correspond one to one.
    if len(index) != len(top.out_ind) or set(index) != set(top.out_ind):
        return False
    return all(top.sizes[symbol] == count for symbol, count in zip(index, layer.numblocks, strict=True))


def _show_inputs(
    layer: Layer,
    own: tuple[str, Index] | None,
    index: Index,
    top: Layer,
    seen: dict[str, tuple[str, Index] | None],
) -> None:
    """Note for each input of ``layer`` under which index the group sees it."""
    if own is None or not isinstance(layer, Blockwise) or not isinstance(top, Blockwise):
        for above in layer.inputs:
            seen[above.name] = None
        return
    symbols = dict(zip(layer.out_ind, index, strict=True))
    for operand, ind in layer.operands:
        if not isinstance(operand, InputOf):
            continue
        name = layer.inputs[operand.at].name
        if all(symbol in symbols for symbol in ind):
            view = (own[0], tuple(symbols[symbol] for symbol in ind))
        else:
            seen[name] = None
            continue
        if name not in seen:
            seen[name] = view
        elif seen[name] != view:
            seen[name] = None


def _merge(
    top: Blockwise,
    names: list[str],
    group: Mapping[str, tuple[str, Index]],
    layers: Mapping[str, Any],
    rebuilt: dict[str, Layer],
) -> Blockwise:
    """Return one layer for the group ``names`` (in order of execution, ``top`` last)."""
    inside = set(names)
    build = ProgramBuilder()
    operands: list[tuple[Operand, Index]] = []
    inputs: list[Layer] = []
    places: dict[str, int] = {}
    shared: dict[Any, int] = {}
    sizes = dict(top.sizes)
    values: dict[str, int] = {}
    for name in names:
        layer: Blockwise = layers[name]
        symbols = dict(zip(layer.out_ind, group[name][1], strict=True))
        for symbol in layer.sizes:
            if symbol not in symbols:
                # A contracted symbol is the layer's own: keep it apart from others of the same name.
                symbols[symbol] = symbol if layer is top else (name, symbol)
                sizes[symbols[symbol]] = layer.sizes[symbol]
        args: list[int] = []
        for operand, ind in layer.operands:
            if isinstance(operand, Constant):
                args.append(build.constant(operand.value))
                continue
            index = tuple(symbols[symbol] for symbol in ind)
            if isinstance(operand, InputOf):
                above = layer.inputs[operand.at].name
                if above in inside:
                    args.append(values[above])
                    continue
                identity: Any = (above, index, layer.contract if _contracts(index, top) else None)
            else:
                identity = (id(operand), index)
            if identity not in shared:
                shared[identity] = build.input()
                if isinstance(operand, InputOf):
                    if above not in places:
                        places[above] = len(inputs)
                        inputs.append(rebuilt[above])
                    operands.append((InputOf(places[above]), index))
                else:
                    operands.append((operand, index))
            value = shared[identity]
            if isinstance(operand, InputOf) and layer.contract is not None and _contracts(index, top):
                value = build.call(layer.contract, [value])
            args.append(value)
        keywords = dict(layer.kwargs or {})
        args += [build.constant(value) for value in keywords.values()]
        values[name] = build.call(layer.func, args, tuple(keywords), label=name)
    program = build.finish(values[top.name])
    return Blockwise(
        top.name, tuple(inputs), program, top.out_ind, tuple(operands), sizes, None, None, top.annotations or {}
    )


def _contracts(index: Index, top: Blockwise) -> bool:
    return any(symbol not in top.out_ind for symbol in index)
