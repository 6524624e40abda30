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
from minidask.graph.task import Key, Task, task_of
from minidask.tokenize import tokenize


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
        state = {slot: getattr(self, slot) for slot in _slots(type(self)) if hasattr(self, slot)}
        # A subclass without __slots__ keeps its fields here.
        state.update(getattr(self, "__dict__", ()))
        return state

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

    __slots__ = ("_converted", "derived", "mapping")
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
        # derived: whether the tasks stand for those that other layers have under the same keys.
        self.derived = isinstance(mapping, Derived)
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


class NamedLayer(SingleLayer):
    """One task under a key that the user chose, so that only the task itself can tell whether two of them are equal."""

    __slots__ = ()


class Derived(dict[Key, Task]):
    """Tasks that give, under the keys of another graph, the values of that graph: results that are held, optimised tasks.

    They differ from the tasks that they stand for, and yet don't contradict them.
    """


class _Known:
    """Say whether a value (hashable) is an output key of one of some layers."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.named = {layer.name: layer for layer in layers}
        self.free = [layer for layer in self.named.values() if not layer.is_grid and not isinstance(layer, SingleLayer)]

    def __contains__(self, value: object) -> bool:
        name: Any = value[0] if type(value) is tuple and value else value
        layer = self.named.get(name)
        if layer is not None and value in layer:
            return True
        return any(value in layer for layer in self.free)


def annotated(task: Task, key: Key, annotations: Mapping[str, Any] | None) -> Task:
    """Return the task with a layer's annotations, its own ones first; the task itself if there are none."""
    if not annotations:
        return task
    merged = resolve(annotations, key)
    if task.annotations:
        merged = {**(merged or {}), **task.annotations}
    return task_of(task.func, task.args, task.dependencies, task.kwargs, merged)


def walk(roots: Iterable[Layer]) -> list[Layer]:
    """Return the layers under ``roots`` and these, each name once, inputs before those that use them.

    Examples
    --------
    >>> x = MaterializedLayer("x", {"x": 1})
    >>> y = MaterializedLayer("y", {"y": (abs, "x")}, (x,))
    >>> [layer.name for layer in walk([y])]
    ['x', 'y']

    Raises
    ------
    ValueError
        If two layers have one name that a user gave them, and different tasks.
    """
    found: dict[str, Layer] = {}
    opened: dict[str, Layer] = {}
    pending = list(roots)[::-1]
    while pending:
        layer = pending[-1]
        name = layer.name
        if name in found:
            pending.pop()
            if found[name] is not layer:
                check_same_name(found[name], layer)
        elif name in opened:
            pending.pop()
            found[name] = layer
        else:
            opened[name] = layer
            for above in layer.inputs[::-1]:
                known = opened.get(above.name)
                if known is None:
                    pending.append(above)
                elif known is not above:
                    check_same_name(known, above)
    return list(found.values())


def check_same_name(one: Layer, other: Layer) -> None:
    """Raise ValueError if two layers of one name, which a user gave them, hold different tasks.

    Names that are tokens are believed: this compares only users' dicts and tasks that users named.

    Examples
    --------
    >>> check_same_name(MaterializedLayer("x", {"x": 1}), MaterializedLayer("x", {"x": 2}))
    Traceback (most recent call last):
    ...
    ValueError: two different tasks have the key 'x': <Task identity(1)> and <Task identity(2)>; rename one of them
    """
    left, right = chosen_by_user(one), chosen_by_user(other)
    if left is not None and right is not None and left is not right:
        check_same_tasks(left, right)


def chosen_by_user(layer: Layer) -> Mapping[Key, Task] | None:
    """Return the tasks of a layer whose keys a user chose; None for all others."""
    if isinstance(layer, NamedLayer):
        return {layer.name: layer.task}
    if isinstance(layer, MaterializedLayer) and not layer.derived:
        return layer.tasks()
    return None


def check_same_tasks(left: Mapping[Key, Task], right: Mapping[Key, Task]) -> None:
    """Raise ValueError if a key that two graphs have stands for different tasks."""
    for key in left.keys() & right.keys():
        if left[key] is not right[key] and not same_task(left[key], right[key]):
            raise ValueError(
                f"two different tasks have the key {key!r}: {left[key]!r} and {right[key]!r}; rename one of them"
            )


def same_task(left: Task, right: Task) -> bool:
    """Whether two tasks do the same, whatever their annotations."""
    return left == right or tokenize(left) == tokenize(right)


def dump_layers(roots: Iterable[Layer]) -> list[tuple[type[Layer], dict[str, Any], tuple[int, ...]]]:
    """Flatten layers for pickling, so that no chain of them is pickled by recursion; roots are found by ``load_layers``."""
    roots = list(roots)
    # Roots first, in their order, so that a root is found by its place among the records.
    names = {root.name for root in roots}
    rest = [layer for layer in walk(roots) if layer.name not in names]
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
    """Return the names of a layer class's fields, those of its bases included."""
    if cls not in _SLOTS:
        given = [base.__dict__.get("__slots__", ()) for base in cls.__mro__]
        names = [slot for slots in given for slot in ((slots,) if isinstance(slots, str) else slots)]
        names = [name for name in names if name not in ("__weakref__", "__dict__")]
        _SLOTS[cls] = tuple(dict.fromkeys(names))
    return _SLOTS[cls]


def _nest(prefix: tuple[Any, ...], numblocks: tuple[int, ...]) -> Any:
    if not numblocks:
        return prefix
    if len(numblocks) == 1:
        return [(*prefix, i) for i in range(numblocks[0])]
    return [_nest((*prefix, i), numblocks[1:]) for i in range(numblocks[0])]
