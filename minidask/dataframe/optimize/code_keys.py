"""Have readers give texts as codes to groupbys that only compare them.

Files keep texts of few values as a dictionary and codes; groups are found among codes faster than among texts, and rows are
filtered faster, too. One walk over the layers, inputs first, follows each such column from its source through selections, filters
and assignments of other columns to the keys of groups. Where nothing else looks at it, the source leaves it in codes and the
groupby's first step, whose result has a row a group, turns the keys of its groups into texts again. O(layers).

Invariants: results are equal to the last dtype. A layer whose value changes gets another name; requested outputs never do.

Place in the flow: after ``push_filters`` and ``project_columns``, when it is known who uses which column.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

from minidask.dataframe.layers import Assign, Filter, FrameLayer, Project, SelectPartitions, rewritten_name
from minidask.dataframe.reading import FrameSource, source_layer
from minidask.graph import Key, Layer, LayeredGraph
from minidask.graph.blockwise import InputOf

# A column of a source, by the source's name and the label there.
Column: TypeAlias = tuple[str, Hashable]


@runtime_checkable
class GivesCodes(Protocol):
    """A reader that can leave columns in codes: as categoricals whose categories mean nothing."""

    @property
    def codable(self) -> frozenset[Hashable]: ...

    def coded(self, labels: frozenset[Hashable]) -> Any: ...


@runtime_checkable
class TakesCodes(Protocol):
    """A function of a partition that gives the same whether these columns are texts or codes."""

    @property
    def keys_only(self) -> frozenset[Hashable]: ...

    def with_codes(self, dtypes: Mapping[Hashable, Any]) -> Any: ...


def code_keys(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs that groups by codes; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import tempfile, pandas as pd, minidask.dataframe as dd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"k": ["a", "b"] * 50, "x": 1}).to_parquet(f"{folder}/x.parquet")
    ...     sums = dd.read_parquet(folder).groupby("k").sum()
    ...     plan = code_keys(sums.dask, sums.__dask_keys__())
    >>> [layer.reader.in_codes for layer in plan.layers.values() if not layer.inputs]
    [('k',)]
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    if not any(_codable(layer) for layer in layers.values()):
        return graph
    shown = {root.name for root in graph.roots}
    shown.update(layer.name for key in keys if (layer := graph.layer_of(key)) is not None)
    carried, wanted = _follow(layers, shown)
    if not wanted:
        return graph
    new: dict[str, Layer] = {}
    for name, layer in layers.items():
        inputs = tuple([new[above.name] for above in layer.inputs])
        coded = {label: column for label, column in carried[name].items() if column in wanted}
        if coded and isinstance(layer, FrameSource):
            new[name] = _coded_source(layer, frozenset(coded))
        elif coded:
            new[name] = layer.rebuild(inputs, rewritten_name(name, "codes", inputs))
        else:
            new[name] = _decoding(layer, inputs, carried[layer.inputs[0].name] if inputs else {}, wanted, layers)
    return LayeredGraph([new[root.name] for root in graph.roots])


def _codable(layer: Layer) -> frozenset[Hashable]:
    if not isinstance(layer, FrameSource) or not isinstance(layer.reader, GivesCodes):
        return frozenset()
    return layer.reader.codable


def _follow(layers: Mapping[str, Layer], shown: set[str]) -> tuple[dict[str, dict[Hashable, Column]], set[Column]]:
    """Return what columns of sources each layer carries, by their labels there, and those that are only keys of groups."""
    carried: dict[str, dict[Hashable, Column]] = {}
    keys: set[Column] = set()
    seen: set[Column] = set()
    for name, layer in layers.items():
        above = [carried[one.name] for one in layer.inputs]
        passed: dict[Hashable, Column] = {}
        if not above:
            passed = {label: (name, label) for label in _codable(layer)}
        elif isinstance(layer, SelectPartitions):
            passed = above[0]
        elif isinstance(layer, Filter | Assign) or (isinstance(layer, Project) and isinstance(layer.labels, list)):
            passed = above[0]
            if isinstance(layer, Assign):
                passed = {label: column for label, column in passed.items() if label not in layer.names}
            elif isinstance(layer, Project):
                passed = {label: column for label, column in passed.items() if label in layer.labels}
            for other in above[1:]:
                seen.update(other.values())
            # A frame that is also compared, or assigned, is looked at.
            if _operands_of_first(layer) > 1:
                seen.update(above[0].values())
        elif isinstance(layer, FrameLayer) and isinstance(layer.func, TakesCodes):
            used = layer.required(None)[0]
            for label, column in above[0].items():
                if label in layer.func.keys_only:
                    keys.add(column)
                elif used is None or label in used:
                    seen.add(column)
            for other in above[1:]:
                seen.update(other.values())
        else:
            needs = layer.required(None) if isinstance(layer, FrameLayer) else (None,) * len(above)
            for one, need in zip(above, needs, strict=True):
                seen.update([column for label, column in one.items() if need is None or label in need])
        if name in shown:
            seen.update(passed.values())
        carried[name] = passed
    return carried, keys - seen


def _operands_of_first(layer: FrameLayer) -> int:
    return sum(isinstance(operand, InputOf) and operand.at == 0 for operand, _ in layer.operands)


def _coded_source(layer: FrameSource, labels: frozenset[Hashable]) -> Layer:
    name = rewritten_name(layer.name, ("codes", *sorted(labels, key=str)), ())
    made = source_layer(layer.reader.coded(labels), layer.parts, layer.meta, name, type(layer))
    made.annotations = layer.annotations
    return made


def _decoding(
    layer: Layer,
    inputs: tuple[Layer, ...],
    given: Mapping[Hashable, Column],
    wanted: set[Column],
    layers: Mapping[str, Layer],
) -> Layer:
    """Return a layer that carries no codes; if it is given some as keys, it is told so."""
    made = layer.rebuild(inputs)
    if isinstance(made, FrameLayer) and isinstance(made.func, TakesCodes):
        dtypes = {}
        for label, column in given.items():
            source = layers[column[0]]
            if column in wanted and label in made.func.keys_only and isinstance(source, FrameSource):
                dtypes[label] = source.meta.dtypes[column[1]]
        if dtypes:
            made.func = made.func.with_codes(dtypes)
    return made
