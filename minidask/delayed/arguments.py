"""From the arguments of a call to a task with flat arguments and the layers that it needs.

An argument becomes: a reference, if it is a delayed object; a reference to its *finalize* step, if it is another
collection (the task that puts the collection's parts together, as ``compute`` would); a literal, if it holds neither.
A container that holds some is packed when the task runs: the call becomes one flat ``Program`` that packs and then
calls.

Invariants: containers without collections are passed on as they are, not copied; each input layer is listed once;
iterative.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, NamedTuple

from minidask.collection.protocol import collection_layers, is_dask_collection
from minidask.collection.unpack import Part, describe, rebuilt_fields
from minidask.delayed.naming import Referable
from minidask.graph import (
    Key,
    Layer,
    MaterializedLayer,
    ProgramBuilder,
    SingleLayer,
    Task,
    TaskRef,
    func_name,
    identity,
    nested_keys,
)
from minidask.graph.layer import NamedLayer, check_same_name
from minidask.graph.program import pack_dict, pack_list, pack_set, pack_tuple
from minidask.tokenize import tokenize

_ATOMS = frozenset({int, float, complex, bool, str, bytes, type(None), type(Ellipsis)})
_ONE_SHOT = (GeneratorType, CoroutineType, AsyncGeneratorType)
# Iterators of containers can be read once, too, but what is left of them is known: they are read here.
_CONTAINER_ITERATORS: dict[type, Callable[[Iterable[Any]], Any]] = {
    type(iter([])): list,
    type(iter(())): tuple,
    type(iter({1})): set,
}


def call_task(
    func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Task, tuple[Layer, ...]]:
    """Return the task ``func(*args, **kwargs)`` and the layers that it refers to.

    Raises
    ------
    TypeError
        If an argument is a generator or coroutine, or a dataclass that could not be rebuilt with a result in it.
    ValueError
        If two arguments have one key that the user gave them, and different tasks.
    """
    inputs: dict[str, Layer] = {}
    flat = [arg if type(arg) in _ATOMS else _read(func, arg, inputs) for arg in args]
    named = {name: arg if type(arg) in _ATOMS else _read(func, arg, inputs) for name, arg in kwargs.items()}
    if _Nested in map(type, flat) or _Nested in map(type, named.values()):
        return _program(func, flat, named, inputs), tuple(inputs.values())
    return Task(func, tuple(flat), named), tuple(inputs.values())


def value_task(value: Any, traverse: bool) -> tuple[Task, tuple[Layer, ...]]:
    """Return the task that gives ``value``, with the results of the collections in it if ``traverse``."""
    if traverse:
        return call_task(identity, (value,), {})
    if isinstance(value, _ONE_SHOT):
        raise _one_shot(value)
    return Task(identity, (value,)), ()


def single_layer(key: Key, task: Task, inputs: tuple[Layer, ...]) -> Layer:
    """Return the layer of one task under a key that the user chose."""
    if type(key) is str:
        return NamedLayer(key, task, inputs)
    # Names of layers are strings; any other key stands in a mapping of its own.
    return MaterializedLayer(f"key-{key!r}", {key: task}, inputs)


def finalized(collection: Any) -> tuple[Key, Layer]:
    """Return the key and the layer of the task that makes a collection's concrete result.

    Raises
    ------
    TypeError
        If the collection does not follow the protocol.
    """
    keys = collection.__dask_keys__()
    finalize, extra = collection.__dask_postcompute__()
    build = ProgramBuilder()
    refs: dict[Key, int] = {key: build.input() for key in dict.fromkeys(nested_keys(keys))}
    packed = _pack_keys(build, keys, refs)
    result = build.call(finalize, [packed, *map(build.constant, extra)])
    task = Task(build.finish(result), tuple(map(TaskRef, refs)))
    name = f"finalize-{tokenize(type(collection), keys, finalize, extra)}"
    return name, SingleLayer(name, task, collection_layers(collection))


def read_iterator(value: Any) -> Any:
    """Return what is left of an iterator over a list, tuple or set, as one; anything else as it is.

    Examples
    --------
    >>> read_iterator(iter([1, 2])), read_iterator("ab")
    ([1, 2], 'ab')
    """
    make = _CONTAINER_ITERATORS.get(type(value))
    return value if make is None else make(value)


class _Nested(NamedTuple):
    """A container with collections in it, as ``describe`` lists its parts; part 0 is no part of it."""

    parts: list[Part]
    held: list[bool]


def _read(func: Callable[..., Any], arg: Any, inputs: dict[str, Layer]) -> Any:
    """Return an argument as a task takes it, or ``_Nested``; add the layers that it refers to to ``inputs``."""
    if isinstance(arg, Referable):
        return _refer(arg, inputs)
    arg = read_iterator(arg)
    parts, held = describe([arg], _is_lazy)
    for kind, item, _ in parts:
        if kind == "found":
            reference = _refer(item, inputs)
            if len(parts) == 2:
                return reference
        elif kind == "leaf" and isinstance(item, _ONE_SHOT):
            raise _one_shot(item, func)
    return _Nested(parts, held) if held[0] else arg


def _is_lazy(item: Any) -> bool:
    return isinstance(item, Referable) or is_dask_collection(item)


def _refer(item: Any, inputs: dict[str, Layer]) -> TaskRef:
    if isinstance(item, Referable):
        key, layer = item._key, item._layer
    else:
        key, layer = finalized(item)
    known = inputs.setdefault(layer.name, layer)
    if known is not layer:
        check_same_name(known, layer)
    return TaskRef(key)


def _one_shot(value: Any, func: Callable[..., Any] = identity) -> TypeError:
    where = "" if func is identity else f" as an argument of {func_name(func)}"
    return TypeError(
        f"a {type(value).__name__} ({func_name(value)}){where} could be read only once and not be sent to another "
        "process; make a list of it first"
    )


def _program(func: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], inputs: dict[str, Layer]) -> Task:
    """Return the task of a call with nested arguments: a program that packs them and calls."""
    build = ProgramBuilder()
    refs: dict[Key, int] = {}
    sources = []
    for arg in (*args, *kwargs.values()):
        if type(arg) is _Nested:
            sources.append(_emit(build, arg.parts, arg.held, inputs, refs))
        elif type(arg) is TaskRef:
            sources.append(_emit_reference(build, arg.key, refs))
        else:
            sources.append(build.constant(arg))
    # Passing on a packed value needs no call.
    result = sources[0] if func is identity and len(sources) == 1 else build.call(func, sources, tuple(kwargs))
    return Task(build.finish(result), tuple(map(TaskRef, refs)))


def _emit_reference(build: ProgramBuilder, key: Key, refs: dict[Key, int]) -> int:
    if key not in refs:
        refs[key] = build.input()
    return refs[key]


def _emit(
    build: ProgramBuilder, parts: list[Part], held: list[bool], inputs: dict[str, Layer], refs: dict[Key, int]
) -> int:
    """Add what packs one argument to the program; return the number of its value."""
    # needed: parts whose values the program makes; what is inside a container without collections isn't.
    needed = {1}
    for number in range(1, len(parts)):
        if held[number] and number in needed:
            needed.update(parts[number][2])
    values: dict[int, int] = {}
    for number in range(len(parts) - 1, 0, -1):
        kind, item, children = parts[number]
        if number not in needed:
            continue
        if kind == "found":
            values[number] = _emit_reference(build, _refer(item, inputs).key, refs)
        elif not held[number]:
            values[number] = build.constant(item)
        else:
            lazy = [held[child] for child in children]
            values[number] = _pack(build, kind, item, [values[child] for child in children], lazy)
    return values[1]


_PACK: dict[type, Callable[..., Any]] = {list: pack_list, tuple: pack_tuple, set: pack_set}


def pack_frozenset(*items: Any) -> frozenset[Any]:
    """Make a frozenset of the arguments (a step of programs).

    Examples
    --------
    >>> pack_frozenset(1, 1)
    frozenset({1})
    """
    return frozenset(items)


_PACK[frozenset] = pack_frozenset


def pack_mapping(cls: type, *items: Any) -> Any:
    """Make a mapping of alternating keys and values.

    Examples
    --------
    >>> pack_mapping(dict, "a", 1, "b", 2)
    {'a': 1, 'b': 2}
    """
    return cls(zip(items[::2], items[1::2], strict=True))


def _pack(build: ProgramBuilder, kind: str, item: Any, members: list[int], held: list[bool]) -> int:
    """Add the step that makes a container like ``item`` of ``members``; ``held`` says which of them are lazy."""
    cls = type(item)
    if kind == "sequence":
        return build.call(_PACK[cls], members)
    if kind == "dict":
        if cls is dict and not any(held[::2]):
            return build.call(pack_dict, [build.constant(tuple(item)), *members[1::2]])
        return build.call(pack_mapping, [build.constant(cls), *members])
    if kind == "dataclass":
        return _pack_dataclass(build, item, members, held)
    return build.call(cls, members)


def _pack_dataclass(build: ProgramBuilder, item: Any, members: list[int], held: list[bool]) -> int:
    present = [field.name for field in dataclasses.fields(item) if hasattr(item, field.name)]
    value = dict(zip(present, members, strict=True))
    names = rebuilt_fields(item, [name for name, lazy in zip(present, held, strict=True) if lazy])
    return build.call(type(item), [value[name] for name in names], tuple(names))


def _pack_keys(build: ProgramBuilder, keys: Any, refs: Mapping[Key, int]) -> int:
    """Add the steps that pack results as nested lists of keys are; grids nest as deep as they have dimensions."""
    if isinstance(keys, list):
        return build.call(pack_list, [_pack_keys(build, key, refs) for key in keys])
    return refs[keys]
