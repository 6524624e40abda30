"""The layer: a symbolic group of tasks, and the expression node of every collection.

A collection holds one layer. Making a collection from another makes one more layer that points to the first one's: nothing
is copied and the number of blocks plays no part. A layer knows its ``inputs`` (other layers), its output keys (a grid of
``numblocks`` under its ``name``), and how to write out its tasks (``lower``). Rewrites (``minidask.optimize``) turn layers into
other layers; lowering happens once, at the end.

Invariants
- A layer never changes. ``name`` is unique for what the layer computes: equal names mean equal values.
- ``lower(wanted)`` makes exactly the tasks that the wanted output keys need *inside* this layer; references lead to keys of
  ``inputs`` or of the layer itself. Keys inside a layer start with its name.
- Nothing here recurses along ``inputs``: chains of 50,000 layers are walked, pickled and freed iteratively.

Subclasses here: ``Blockwise`` and ``TreeReduction`` in their own modules, ``MaterializedLayer`` (a user's dict, a barrier that
no rewrite looks into) below. Dataframes and arrays subclass these and add what their own rewrites ask.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any, ClassVar

from minidask.graph.annotations import current_annotations, resolve
from minidask.graph.convert import convert
from minidask.graph.task import Key, Task


class Layer:
    """A named grid of output keys with the recipe for its tasks; subclass it and give ``lower``.

    Parameters
    ----------
    name : str
        First part of every key; equal names must mean equal values.
    inputs : tuple of Layer
        The layers that the tasks refer to, each once.
    numblocks : tuple of int
        Blocks along each dimension: the output keys are ``(name, i, j, ...)``.
    annotations : mapping, optional
        Default: those in force where the layer is made (see ``annotate``).
    """

    __slots__ = ("__weakref__", "annotations", "inputs", "name", "numblocks")

    name: str
    inputs: tuple[Layer, ...]
    numblocks: tuple[int, ...]
    annotations: Mapping[str, Any] | None

    # Whether the output keys are the grid of numblocks; a materialised layer has whatever keys its dict has.
    is_grid: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        inputs: tuple[Layer, ...] = (),
        numblocks: tuple[int, ...] = (),
        annotations: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.inputs = inputs
        self.numblocks = numblocks
        self.annotations = current_annotations() if annotations is None else annotations

    # -- what a subclass gives --------------------------------------------------------------------------------------

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return the tasks of the ``wanted`` output keys (default: all of them)."""
        raise NotImplementedError(f"{type(self).__name__} must define lower()")

    def rebuild(self, inputs: tuple[Layer, ...], name: str | None = None) -> Layer:
        """Return the same operation on other inputs, position by position, under another name if one is given."""
        if name is None and len(inputs) == len(self.inputs) and all(map(lambda a, b: a is b, inputs, self.inputs)):
            return self
        state = self._state()
        state["inputs"] = inputs
        if name is not None:
            state["name"] = name
        return _restore(type(self), state)

    # -- output keys ------------------------------------------------------------------------------------------------

    def output_keys(self) -> Iterator[Key]:
        """Yield the output keys, the last dimension fastest."""
        return product((self.name,), *map(range, self.numblocks))

    def key_at(self, index: tuple[int, ...]) -> Key:
        """Return the output key of the block at ``index``."""
        return (self.name, *index)

    def nested_keys(self) -> Any:
        """Return the output keys in lists nested by dimension, as ``__dask_keys__`` wants them."""
        return _nest((self.name,), self.numblocks)

    def __len__(self) -> int:
        return prod(self.numblocks)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, key: object) -> bool:
        if type(key) is not tuple or len(key) != len(self.numblocks) + 1 or key[0] != self.name:
            return False
        return all(isinstance(i, int) and 0 <= i < n for i, n in zip(key[1:], self.numblocks, strict=True))

    # -- identity, copying ------------------------------------------------------------------------------------------

    def __dask_tokenize__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        blocks = "x".join(map(str, self.numblocks)) or "1"
        names = ", ".join(layer.name for layer in self.inputs[:4]) + (", ..." if len(self.inputs) > 4 else "")
        return f"<{type(self).__name__} {self.name!r} of {blocks} blocks from ({names})>"

    def _state(self) -> dict[str, Any]:
        return {slot: getattr(self, slot) for slot in _slots(type(self)) if hasattr(self, slot)}

    def __reduce__(self) -> tuple[Any, ...]:
        return load_layers, (dump_layers([self]), 0)


class MaterializedLayer(Layer):
    """Tasks that are written out already: a user's dict, an optimised graph, results that are held.

    Parameters
    ----------
    name : str
    mapping : mapping
        ``{key: task}`` in any form that ``convert`` reads; keys need not start with ``name``.
    inputs : tuple of Layer
        Layers whose keys the tasks may refer to.
    """

    __slots__ = ("_converted", "mapping")
    is_grid = False

    def __init__(
        self,
        name: str,
        mapping: Mapping[Any, Any],
        inputs: tuple[Layer, ...] = (),
        annotations: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, inputs, (), annotations)
        self.mapping = mapping
        self._converted: dict[Key, Task] | None = None

    def tasks(self) -> dict[Key, Task]:
        """Return all tasks, converted once."""
        if self._converted is None:
            self._converted = convert(self.mapping, _Known(self.inputs)) if self.inputs else convert(self.mapping)
            if self.annotations:
                self._converted = {key: annotated(task, key, self.annotations) for key, task in self._converted.items()}
        return self._converted

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        tasks = self.tasks()
        if wanted is None:
            return dict(tasks)
        found: dict[Key, Task] = {}
        pending = list(wanted)
        while pending:
            key = pending.pop()
            if key not in found and key in tasks:
                found[key] = tasks[key]
                pending.extend(tasks[key].dependencies)
        return found

    def output_keys(self) -> Iterator[Key]:
        return iter(self.mapping)

    def nested_keys(self) -> Any:
        return list(self.mapping)

    def __len__(self) -> int:
        return len(self.mapping)

    def __contains__(self, key: object) -> bool:
        return key in self.mapping

    def __repr__(self) -> str:
        return f"<MaterializedLayer {self.name!r} of {len(self.mapping)} tasks>"

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "mapping": self.tasks()}


class SingleLayer(Layer):
    """One task under a key of its own: what a ``delayed`` call makes.

    Parameters
    ----------
    key : key
        The output key, and the layer's name.
    task : Task
        Its references lead to keys of ``inputs``.
    """

    __slots__ = ("task",)
    is_grid = False

    def __init__(
        self,
        key: str,
        task: Task,
        inputs: tuple[Layer, ...] = (),
        annotations: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(key, inputs, (), annotations)
        self.task = task

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        if wanted is not None and self.name not in wanted:
            return {}
        return {self.name: annotated(self.task, self.name, self.annotations)}

    def output_keys(self) -> Iterator[Key]:
        yield self.name

    def nested_keys(self) -> Any:
        return [self.name]

    def __len__(self) -> int:
        return 1

    def __contains__(self, key: object) -> bool:
        return key == self.name

    def __repr__(self) -> str:
        return f"<SingleLayer {self.name!r}: {self.task!r}>"


class _Known:
    """Say whether a value is an output key of one of some layers."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers = tuple(layers)

    def __contains__(self, value: object) -> bool:
        return any(value in layer for layer in self.layers)


def annotated(task: Task, key: Key, annotations: Mapping[str, Any] | None) -> Task:
    """Return the task with a layer's annotations, its own ones first; the task itself if there are none."""
    if not annotations:
        return task
    merged = {**(resolve(annotations, key) or {}), **(task.annotations or {})}
    return Task(task.func, task.args, task.kwargs, merged)


def walk(roots: Iterable[Layer]) -> list[Layer]:
    """Return the layers under ``roots`` and these, each name once, inputs before those that use them.

    Examples
    --------
    >>> x = MaterializedLayer("x", {"x": 1})
    >>> y = MaterializedLayer("y", {"y": (abs, "x")}, (x,))
    >>> [layer.name for layer in walk([y])]
    ['x', 'y']
    """
    found: dict[str, Layer] = {}
    opened: set[str] = set()
    pending = list(roots)[::-1]
    while pending:
        layer = pending[-1]
        name = layer.name
        if name in found:
            pending.pop()
        elif name in opened:
            pending.pop()
            found[name] = layer
        else:
            opened.add(name)
            if layer.inputs:
                pending += [above for above in layer.inputs[::-1] if above.name not in opened]
    return list(found.values())


def dump_layers(roots: Iterable[Layer]) -> list[tuple[type[Layer], dict[str, Any], tuple[int, ...]]]:
    """Flatten layers for pickling, so that no chain of them is pickled by recursion; roots are found by ``load_layers``."""
    roots = list(roots)
    # Roots first, in their order, so that a root is found by its place among the records.
    rest = [layer for layer in walk(roots) if layer.name not in {root.name for root in roots}]
    place = {layer.name: at for at, layer in enumerate([*roots, *rest])}
    records = []
    for layer in [*roots, *rest]:
        state = layer._state()
        state.pop("inputs")
        records.append((type(layer), state, tuple(place[above.name] for above in layer.inputs)))
    return records


def load_layers(records: list[tuple[type[Layer], dict[str, Any], tuple[int, ...]]], root: int) -> Layer:
    """Return one of the layers that ``dump_layers`` flattened."""
    return load_all(records)[root]


def load_all(records: list[tuple[type[Layer], dict[str, Any], tuple[int, ...]]]) -> list[Layer]:
    """Return all layers that ``dump_layers`` flattened, in the order of its records."""
    layers = [_restore(cls, state) for cls, state, _ in records]
    for layer, (_, _, inputs) in zip(layers, records, strict=True):
        layer.inputs = tuple(layers[at] for at in inputs)
    return layers


def _restore(cls: type[Layer], state: Mapping[str, Any]) -> Layer:
    layer = cls.__new__(cls)
    for slot, value in state.items():
        setattr(layer, slot, value)
    return layer


_SLOTS: dict[type, tuple[str, ...]] = {}


def _slots(cls: type) -> tuple[str, ...]:
    """Return the names of a layer class's fields, those of its bases included; caches (``_x``) are made anew."""
    if cls not in _SLOTS:
        names = [slot for base in cls.__mro__ for slot in base.__dict__.get("__slots__", ()) if slot != "__weakref__"]
        _SLOTS[cls] = tuple(dict.fromkeys(names))
    return _SLOTS[cls]


def _nest(prefix: tuple[Any, ...], numblocks: tuple[int, ...]) -> Any:
    if not numblocks:
        return prefix
    if len(numblocks) == 1:
        return [(*prefix, i) for i in range(numblocks[0])]
    return [_nest((*prefix, i), numblocks[1:]) for i in range(numblocks[0])]
