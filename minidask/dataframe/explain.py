"""The plan of a computation in words: what was written, and what will run.

Place in the flow: ``FrameCollection.explain`` and ``pprint`` print what these functions return. A layer is a numbered line; the
small layers of an expression (``df["x"] > 3``) are written into the line that uses them. A layer that knows more about itself
than its name says has a method ``describe(numbers)``, which is given the numbers of its inputs.

Not for: pictures (``visualize``).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from minidask.dataframe.calls import Attribute, Method
from minidask.dataframe.layers import Assign, Filter, FrameLayer, Project, Rename, SelectPartitions, Stack
from minidask.dataframe.reading import FrameSource
from minidask.graph import Layer, LayeredGraph, TreeReduction
from minidask.graph.blockwise import Constant, InputOf

SIGNS: dict[Any, str] = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.floordiv: "//",
    operator.mod: "%",
    operator.pow: "**",
    operator.and_: "&",
    operator.or_: "|",
    operator.xor: "^",
    operator.eq: "==",
    operator.ne: "!=",
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
}
DEEPEST = 8
"""Levels of an expression that are written out."""


def plan_text(graph: LayeredGraph) -> str:
    """Return the layers of a graph as numbered lines, inputs first.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
    >>> print(plan_text(df[df["x"] + 1 > 2][["y"]].dask))
     1  from_pandas                                   2 partitions
     2  keep rows of 1 where (x + 1) > 2              2 partitions
     3  take columns y of 2                           2 partitions
    """
    layers = graph.layers
    roots = {root.name for root in graph.roots}
    numbers: dict[str, int] = {}
    lines: list[tuple[str, int]] = []
    for name, layer in layers.items():
        if name not in roots and _is_expression(layer):
            continue
        text = _describe(layer, numbers)
        numbers[name] = len(numbers) + 1
        lines.append((text, len(layer)))
    width = max([44, *[len(text) for text, _ in lines]])
    return "\n".join(
        f"{at:2}  {text:{width}}  {count} partition{'s' if count > 1 else ''}"
        for at, (text, count) in enumerate(lines, 1)
    )


def _is_expression(layer: Layer) -> bool:
    if not isinstance(layer, FrameLayer) or not isinstance(layer.meta, pd.Series) or not layer.inputs:
        return False
    if isinstance(layer, Project):
        return not isinstance(layer.labels, list)
    return layer.func is operator.invert or layer.func in _known(layer.func)


def _known(func: Any) -> tuple[Any, ...]:
    """Return what can be written as an expression, if a function is among it."""
    if isinstance(func, Method | Attribute):
        return (func,)
    return tuple([sign for sign in SIGNS if sign is func])


def _describe(layer: Layer, numbers: Mapping[str, int]) -> str:
    own: Callable[[Sequence[int]], str] | None = getattr(layer, "describe", None)
    places = [numbers[above.name] for above in layer.inputs if above.name in numbers]
    if own is not None:
        return own(places)
    what = (layer.name.rpartition("-")[0] or layer.name).replace("-", " ")
    of = f" of {', '.join(map(str, places))}" if places else ""
    if isinstance(layer, FrameSource):
        return _source(layer, what)
    if isinstance(layer, Filter):
        return f"keep rows{of} where {_operand(layer, 1, layer.inputs[0], numbers)}"
    if isinstance(layer, Project):
        labels = layer.labels if isinstance(layer.labels, list) else [layer.labels]
        return f"take column{'s' if isinstance(layer.labels, list) else ''} {_names(labels)}{of}"
    if isinstance(layer, Assign):
        pairs = [f"{name} = {_operand(layer, at, layer.inputs[0], numbers)}" for at, name in enumerate(layer.names, 2)]
        return f"set {_names(pairs)}{of}"
    if isinstance(layer, Rename):
        pairs = [f"{old} to {new}" for new, old in layer.former.items() if new != old]
        return f"rename {_names(pairs)}{of}"
    if isinstance(layer, SelectPartitions):
        return f"take partitions {_names(layer.places)}{of}"
    if isinstance(layer, Stack):
        return f"partitions{of}, one below the other"
    if isinstance(layer, TreeReduction):
        return f"{what}: combine the parts{of}"
    if isinstance(layer, FrameLayer) and layer.inputs:
        return (
            f"{what}: {_expression(layer, layer.inputs[0], numbers, DEEPEST)}" if _is_expression(layer) else what + of
        )
    return what + of


def _source(layer: FrameSource, what: str) -> str:
    columns = getattr(layer.reader, "columns", None)
    filters = getattr(layer.reader, "filters", ())
    kind = type(layer.reader).__name__
    # A pushed filter leaves its own name, which says nothing of reading.
    what = f"read {kind.removesuffix('Reader').lower()}" if kind.endswith("Reader") else what
    text = what if columns is None else f"{what}: {_names(columns)}"
    if filters:
        text += " where " + " and ".join(_conjunctions(each) for each in filters)
    return text


def _conjunctions(terms: Any) -> str:
    ors = [" and ".join(f"{column} {sign} {value!r}" for column, sign, value in each) for each in terms]
    return ors[0] if len(ors) == 1 else "(" + " or ".join(ors) + ")"


def _names(names: Sequence[Any]) -> str:
    shown = [str(name) for name in list(names)[:12]]
    return ", ".join(shown) + (f", … ({len(names)})" if len(names) > 12 else "")


def _operand(layer: FrameLayer, at: int, frame: Layer, numbers: Mapping[str, int]) -> str:
    operand = layer.operands[at][0]
    if isinstance(operand, Constant):
        return f"{operand.value!r:.40}"
    if isinstance(operand, InputOf):
        return _expression(layer.inputs[operand.at], frame, numbers, DEEPEST)
    return repr(operand)


def _expression(layer: Layer, frame: Layer, numbers: Mapping[str, int], depth: int) -> str:
    """Return an expression over the columns of ``frame``; those of other layers carry their numbers."""
    if not _is_expression(layer) or not isinstance(layer, FrameLayer):
        return str(numbers.get(layer.name, "…"))
    if not depth:
        return "…"
    if isinstance(layer, Project):
        source = layer.inputs[0]
        return str(layer.labels) if source.name == frame.name else f"{numbers.get(source.name, '…')}.{layer.labels}"
    parts = []
    for operand, _ in layer.operands:
        if isinstance(operand, InputOf):
            above = layer.inputs[operand.at]
            text = _expression(above, frame, numbers, depth - 1)
            parts.append(f"({text})" if isinstance(above, FrameLayer) and above.func in SIGNS else text)
        else:
            parts.append(f"{operand.value!r:.40}" if isinstance(operand, Constant) else repr(operand))
    if layer.func is operator.invert:
        return f"~{parts[0]}"
    if isinstance(layer.func, Method):
        given = [*parts[1:], *[f"{name}={value!r:.20}" for name, value in (layer.kwargs or {}).items()]]
        return f"{parts[0]}.{layer.func.name}({', '.join(given)})"
    if isinstance(layer.func, Attribute):
        return f"{parts[0]}.{layer.func.attribute}"
    return f" {SIGNS[layer.func]} ".join(parts)
