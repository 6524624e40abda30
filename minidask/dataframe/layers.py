"""The layers of dataframes: partition-wise work that knows its columns.

Place in the flow: collections build these layers, one for each operation; ``minidask.dataframe.optimize`` asks each which columns
it needs of its inputs (``required``) and has it give less (``narrow``); then ``minidask.optimize.blockwise`` fuses them.

Terms. A layer's *value* is a pandas object a partition. ``columns`` in ``required`` and ``narrow`` is None for "all of them, in
their order", or a set of labels for "at least these, in any order": an input may give more than was asked, since another
layer may have asked for more.

Invariants
- ``required`` never asks for a column that the input does not have.
- ``narrow`` gives a layer of another name whenever its value changes: the name is made from the old name and the inputs' names.
- The functions that layers call are importable functions or small callables that compare by value, never lambdas.

Not for: data sources (``minidask.dataframe.reading``), and anything that mixes partitions (reductions, concatenation).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence, Set
from typing import Any, TypeAlias

import pandas as pd

from minidask.graph import Blockwise, Key, Layer, Task, alias
from minidask.graph.blockwise import BlockId, Constant, InputOf, Operand, Parts
from minidask.tokenize import quick_token

Columns: TypeAlias = "Set[Hashable] | None"

INDEX = ("i",)


class Unused(frozenset[Hashable]):
    """Stand for the needs of an input that isn't used at all, not even its rows."""


UNUSED = Unused()


class FrameLayer(Blockwise):
    """Partition-wise work on dataframes that needs all columns of its inputs; subclasses need less.

    ``meta`` is the empty pandas object (or a scalar sample) that describes the value. The optimiser may have taken columns
    away from the value since; it never adds any.
    """

    __slots__ = ("meta",)
    meta: Any

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the columns needed of each input so that the value has at least ``columns``."""
        return (None,) * len(self.inputs)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        """Return the layer on other inputs, which give what ``required(columns)`` asks or more."""
        return self._renamed(inputs)

    def _renamed(self, inputs: tuple[Layer, ...], *changes: Any) -> Layer:
        """Rebuild under a new name unless nothing changed."""
        if not changes and all(new is old for new, old in zip(inputs, self.inputs, strict=True)):
            return self
        return self.rebuild(inputs, rewritten_name(self.name, changes, inputs))


class Columnwise(FrameLayer):
    """Each column of the value needs the same column of the frames among the inputs, and all of any other input.

    ``through`` says for each input whether columns pass through it; ``extra`` are the columns that those inputs must
    have whatever is asked for.
    """

    __slots__ = ("extra", "through")
    through: tuple[bool, ...]
    extra: frozenset[Hashable]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        if columns is None:
            return (None,) * len(self.inputs)
        wanted = columns | self.extra if self.extra else columns
        return tuple([wanted if passes else None for passes in self.through])


class Filter(Columnwise):
    """Keep the rows of ``inputs[0]`` where the mask is true: the layer that predicates are found by."""

    __slots__ = ()


class Project(FrameLayer):
    """Take columns of one frame: ``frame[labels]``, a list of labels or a single one."""

    __slots__ = ("labels",)
    labels: Any

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        if isinstance(self.labels, list):
            return (frozenset(self.labels) if columns is None else frozenset(self.labels) & columns,)
        return (frozenset((self.labels,)),)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        labels = [label for label in self.labels if label in columns]
        layer = self._renamed(inputs, tuple(labels))
        assert isinstance(layer, Project)
        layer.labels = labels
        layer.operands = (layer.operands[0], (Constant(labels), ()))
        return layer


class Rename(FrameLayer):
    """Give columns other names; ``former`` maps each new label to the old one."""

    __slots__ = ("former",)
    former: Mapping[Hashable, Hashable]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        return (None if columns is None else frozenset([self.former[label] for label in columns]),)


class Assign(FrameLayer):
    """Add or replace columns: ``assign_columns(frame, names, *values)``, one value a name."""

    __slots__ = ("names",)
    names: tuple[Hashable, ...]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        if columns is None:
            return (None,) * len(self.inputs)
        used = {operand.at for name, (operand, _) in self._values() if name in columns and isinstance(operand, InputOf)}
        asked: list[Columns] = [None if at in used else UNUSED for at in range(len(self.inputs))]
        if asked[0] is not None:
            asked[0] = columns - frozenset(self.names)
        return tuple(asked)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        values = [(name, operand) for name, operand in self._values() if name in columns]
        if not values:
            return inputs[0]
        if len(values) == len(self.names):
            return self._renamed(inputs)
        return assign_layer(inputs[0], values, inputs, self.meta, rewritten_name(self.name, len(values), inputs))

    def _values(self) -> zip[tuple[Hashable, tuple[Operand, Any]]]:
        return zip(self.names, self.operands[2:], strict=True)


class Uses(FrameLayer):
    """Work that looks at some columns only, whatever is asked of it: ``uses`` has them, or None for all, for each input."""

    __slots__ = ("uses",)
    uses: tuple[Columns, ...]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        return self.uses


class SelectPartitions(Layer):
    """Some partitions of one layer, in the order of ``places``; no work of its own."""

    __slots__ = ("places",)
    places: tuple[int, ...]

    def __init__(self, name: str, source: Layer, places: Sequence[int]) -> None:
        super().__init__(name, (source,), (len(places),))
        self.places = tuple(places)

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0]
        keys: Any = self.output_keys() if wanted is None else sorted(wanted)
        return {key: alias(source.key_at((self.places[key[1]],))) for key in keys if key in self}

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        return (columns,)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        if inputs[0] is self.inputs[0]:
            return self
        return self.rebuild(inputs, rewritten_name(self.name, (), inputs))


class Stack(Layer):
    """The partitions of several layers, one layer after the other."""

    __slots__ = ()

    def __init__(self, name: str, sources: Sequence[Layer]) -> None:
        super().__init__(name, tuple(sources), (sum(source.numblocks[0] for source in sources),))

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        tasks: dict[Key, Task] = {}
        at = 0
        for source in self.inputs:
            for place in range(source.numblocks[0]):
                key = (self.name, at + place)
                if wanted is None or key in wanted:
                    tasks[key] = alias(source.key_at((place,)))
            at += source.numblocks[0]
        return tasks

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        return (columns,) * len(self.inputs)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        if all(new is old for new, old in zip(inputs, self.inputs, strict=True)):
            return self
        return self.rebuild(inputs, rewritten_name(self.name, (), inputs))


def rewritten_name(name: str, changes: Any, inputs: Sequence[Layer]) -> str:
    """Return the name of a layer whose value the optimiser changed: it follows from the old name and the inputs'."""
    return f"{name.rpartition('-')[0] or name}-{quick_token('rewritten', name, changes, *[layer.name for layer in inputs])}"


def assign_columns(frame: pd.DataFrame, names: tuple[Hashable, ...], *values: Any) -> pd.DataFrame:
    """Return the frame with columns added or replaced; the frame that came in stays as it is.

    Examples
    --------
    >>> assign_columns(pd.DataFrame({"x": [1, 2]}), ("y",), 3)
       x  y
    0  1  3
    1  2  3
    """
    # A deep copy puts fragmented columns together, which pandas would warn about; it does so beyond 100 blocks.
    frame = frame.copy(deep=getattr(getattr(frame, "_mgr", None), "nblocks", 0) + len(names) > 90)
    for name, value in zip(names, values, strict=True):
        if isinstance(value, pd.Series) and not len(frame.index):
            # pandas would give a frame without rows the rows of the value; no partition may grow so.
            value = value.iloc[:0]
        frame[name] = value
    return frame


def assign_layer(
    frame: Layer,
    values: Sequence[tuple[Hashable, tuple[Operand, Any]]],
    inputs: tuple[Layer, ...],
    meta: Any,
    name: str,
) -> Assign:
    """Make an ``Assign`` of operands that refer to ``inputs`` by place; inputs that no operand uses are left out."""
    kept: dict[str, Layer] = {frame.name: frame}
    operands: list[tuple[Operand, Any]] = []
    for _, (operand, ind) in values:
        if isinstance(operand, InputOf):
            above = inputs[operand.at]
            kept.setdefault(above.name, above)
            operand = InputOf(list(kept).index(above.name))
        operands.append((operand, ind))
    names = tuple([name for name, _ in values])
    first: list[tuple[Operand, Any]] = [(InputOf(0), INDEX), (Constant(names), ())]
    layer = Assign(name, tuple(kept.values()), assign_columns, INDEX, (*first, *operands), {"i": frame.numblocks[0]})
    layer.meta = meta
    layer.names = names
    return layer


def frame_layer(
    cls: type[FrameLayer],
    prefix: str,
    func: Any,
    operands: Sequence[Any],
    kwargs: Mapping[str, Any] | None,
    meta: Any,
    token: Any = None,
    **fields: Any,
) -> FrameLayer:
    """Make a layer of ``cls``, named by its prefix, its operands and keyword arguments.

    Parameters
    ----------
    cls : type of FrameLayer
    prefix : str
        The operation's name. It must say what ``func`` does, unless ``token`` does.
    func : callable
        Importable, or a small callable that compares by value.
    operands : sequence
        Layers (of one partition: the same for all), ``Parts``, ``BlockId`` (one operand each), or literals.
    kwargs : mapping, optional
        Literals.
    meta
        What the value looks like.
    **fields
        The further slots of ``cls``.
    """
    places: dict[str, int] = {}
    inputs: list[Layer] = []
    prepared: list[tuple[Operand, Any]] = []
    named: list[Any] = []
    blocks = 1
    for operand in operands:
        if isinstance(operand, Layer):
            at = places.setdefault(operand.name, len(inputs))
            if at == len(inputs):
                inputs.append(operand)
            prepared.append((InputOf(at), INDEX))
            named.append("layer")
            named.append(operand.name)
            blocks = max(blocks, operand.numblocks[0])
        elif isinstance(operand, Parts):
            prepared.append((operand, INDEX))
            named.append(operand)
            blocks = max(blocks, len(operand.values))
        elif isinstance(operand, BlockId):
            prepared.append((operand, INDEX))
            named.append(operand)
        else:
            prepared.append((Constant(operand), ()))
            named.append("literal")
            named.append(operand)
    digest = quick_token("frame", prefix, token, *named, kwargs or None)
    layer = cls(f"{prefix}-{digest}", tuple(inputs), func, INDEX, tuple(prepared), {"i": blocks}, kwargs or None)
    layer.meta = meta
    for slot, value in fields.items():
        setattr(layer, slot, value)
    return layer
