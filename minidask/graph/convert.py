"""The door for graphs that users write: tuples in, ``Task`` objects out.

Users write ``{"x": 1, "y": (inc, "x"), ("a", 0): (sum, ["x", "y"])}``: a tuple whose first item is callable is a call,
an argument that equals a key of the graph stands for its result, lists, tuples, dicts and sets are searched for both.
``convert`` reads this form once and returns ``{key: Task}``; no other module knows the tuple form.

Invariants: keys are ``str``, ``int``, ``float`` or tuples of these and are never changed; converting is iterative, so that
nesting of any depth is fine; nested parts of one shape share one ``Program``. Not for optimising: nothing is merged or left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from minidask.graph.program import Program, ProgramBuilder, pack_dict, pack_list, pack_set, pack_tuple
from minidask.graph.task import Key, Task, TaskRef, alias, func_name, literal

_ONE_SHOT = (GeneratorType, CoroutineType, AsyncGeneratorType)
_CONTAINERS = frozenset({list, tuple, dict, set})
# Atoms that can be no key and hold none; strings, numbers and tuples can be keys.
_PLAIN = frozenset({type(None), bool, bytes, complex, slice, type(Ellipsis)})


class Literal:
    """Keep a value from being read as a key, a call or a container with keys in it.

    Examples
    --------
    >>> convert({"x": 1, "y": (str.upper, Literal("x"))})["y"]({})
    'X'
    """

    __slots__ = ("data",)

    def __init__(self, data: Any) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Literal({self.data!r})"

    def __call__(self) -> Any:
        return self.data

    def __reduce__(self) -> tuple[Any, ...]:
        return Literal, (self.data,)

    def __dask_tokenize__(self) -> tuple[str, Any]:
        return "Literal", self.data


def quote(value: Any) -> Any:
    """Wrap ``value`` so that a graph takes it literally; values that can't be misread are returned as they are.

    Examples
    --------
    >>> quote((sum, [1, 2]))
    Literal((<built-in function sum>, [1, 2]))
    >>> quote(1.5)
    Literal(1.5)
    >>> quote(None) is None
    True
    """
    if type(value) in _CONTAINERS or isinstance(value, str | int | float | Task | TaskRef):
        return Literal(value)
    return value


def check_key(key: Any) -> None:
    """Raise if ``key`` can't name a result.

    Raises
    ------
    TypeError
        If ``key`` is not a str, int, float, or a tuple of these.
    ValueError
        If ``key`` is or holds NaN, which is equal to nothing, not even itself.

    Examples
    --------
    >>> check_key(("x", 0))
    >>> check_key(b"x")
    Traceback (most recent call last):
    ...
    TypeError: a key must be a str, int, float, or a tuple of these, got bytes: b'x'
    """
    kind = type(key)
    if kind is str or kind is int:
        return
    pending = [key]
    while pending:
        part = pending.pop()
        kind = type(part)
        if kind is str or kind is int:
            continue
        if kind is tuple or isinstance(part, tuple):
            pending.extend(part)
        elif isinstance(part, float):
            if math.isnan(part):
                raise ValueError(f"NaN can't be a key, nor a part of one, since it is not equal to itself: {key!r}")
        elif not isinstance(part, str | int):
            within = "" if part is key else f" in {key!r:.80}"
            raise TypeError(
                f"a key must be a str, int, float, or a tuple of these, got {type(part).__name__}: {part!r:.80}{within}"
            )


def convert(graph: Mapping[Any, Any], known: Container[Any] = ()) -> dict[Key, Task]:
    """Turn a graph as users write it into ``{key: Task}``.

    Parameters
    ----------
    graph : mapping
        ``{key: value}``; a value is a call ``(func, arg, ...)``, a key of the graph (an alias), a ``Task``, a ``Literal``,
        a container with any of these inside, or anything else, which stands for itself.
    known : container of keys, optional
        Keys of other graphs that arguments may refer to as well.

    Returns
    -------
    dict
        In the order of ``graph``. Entries that are ``Task`` objects already are taken as they are.

    Raises
    ------
    TypeError
        If the graph is no mapping, a key has a wrong type, or an argument is a generator (which could be read only once).
    ValueError
        If a key is or holds NaN.

    Examples
    --------
    >>> from operator import add
    >>> tasks = convert({"x": 1, "y": (add, "x", 10), "z": (sum, ["x", "y"])})
    >>> tasks["y"], tasks["z"].dependencies
    (<Task add('x', 10)>, ('x', 'y'))
    """
    if type(graph) is not dict and not isinstance(graph, Mapping):
        raise TypeError(f"a graph must be a mapping {{key: task}}, got {type(graph).__name__}")
    reader = _Reader(graph, known)
    tasks: dict[Key, Task] = {}
    for key, value in graph.items():
        kind = type(key)
        if kind is not str and not (kind is tuple and all(type(part) is str or type(part) is int for part in key)):
            check_key(key)
        tasks[key] = value if type(value) is Task else reader.read(key, value)
    return tasks


class _Reader:
    """Read the values of one graph; ``shapes`` lets equal nested expressions share a ``Program``."""

    def __init__(self, graph: Mapping[Any, Any], known: Container[Any]) -> None:
        self.graph = graph
        self.known = known or None
        self.shapes: dict[Any, Program] = {}

    def is_key(self, value: Any) -> bool:
        try:
            return value in self.graph or (self.known is not None and value in self.known)
        except TypeError:  # unhashable: can't be a key
            return False

    def read(self, key: Key, value: Any) -> Task:
        kind = type(value)
        if kind is tuple and value and callable(value[0]):
            args = self._flat(value[1:])
            return Task(value[0], args) if args is not None else self._nested(key, value)
        if kind is Literal:
            return literal(value.data)
        if kind is TaskRef:
            return Task(alias(value.key).func, (value,))
        if isinstance(value, str | int | float | tuple) and kind is not bool and value != key and self.is_key(value):
            return alias(value)
        if kind in _CONTAINERS:
            return self._nested(key, value)
        if isinstance(value, _ONE_SHOT):
            raise _one_shot(key, value)
        return literal(value)

    def _flat(self, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Return task arguments if none of ``args`` is nested, otherwise None."""
        graph, known = self.graph, self.known
        out: list[Any] = []
        for arg in args:
            kind = type(arg)
            if kind is str or kind is int:
                if arg in graph or (known is not None and arg in known):
                    arg = TaskRef(arg)
            elif kind in _PLAIN or kind is TaskRef:
                pass
            elif kind is tuple and self.is_key(arg):
                arg = TaskRef(arg)
            elif kind in _CONTAINERS or kind is Task or isinstance(arg, _ONE_SHOT):
                return None
            elif kind is Literal:
                arg = arg.data
            elif isinstance(arg, str | int | float | tuple) and self.is_key(arg):
                arg = TaskRef(arg)
            out.append(arg)
        return tuple(out)

    def _nested(self, key: Key, value: Any) -> Task:
        """Compile a nested expression: two passes over an explicit stack, first to list the parts, then to emit calls."""
        inputs: dict[Any, int] = {}
        # parts: (kind, head, children) in the order of discovery, so that a part's children have larger numbers.
        parts: list[tuple[str, Any, list[int]]] = []
        pending: list[tuple[Any, list[int] | None, int, bool]] = [(value, None, 0, True)]
        while pending:
            item, siblings, slot, top = pending.pop()
            number = len(parts)
            if siblings is not None:
                siblings[slot] = number
            kind, head, members = self._classify(key, item, top)
            children = [0] * len(members)
            parts.append((kind, head, children))
            found = [(member, children, at, False) for at, member in enumerate(members)]
            pending.extend(reversed(found))
        has_reference = [kind in ("ref", "call", "task") for kind, _, _ in parts]
        for number in range(len(parts) - 1, -1, -1):
            if not has_reference[number]:
                has_reference[number] = any(has_reference[child] for child in parts[number][2])
        if not has_reference[0]:
            return literal(self._plain(parts))
        build = ProgramBuilder()
        values: dict[int, int] = {}
        constants: list[tuple[Any, Any]] = []
        for kind, head, _ in parts:
            if kind == "ref" and head not in inputs:
                inputs[head] = build.input()
            elif kind == "task":
                for dependency in head.dependencies:
                    if dependency not in inputs:
                        inputs[dependency] = build.input()
        for number in range(len(parts) - 1, -1, -1):
            kind, head, children = parts[number]
            if kind == "ref":
                values[number] = inputs[head]
            elif kind == "leaf":
                values[number] = build.constant(head)
                constants.append((type(head), head))
            elif kind == "task":
                values[number] = emit_task(build, head, inputs)
            elif kind == "call":
                values[number] = build.call(head, [values[child] for child in children])
            elif kind == "dict":
                names = build.constant(head)
                constants.append((tuple, tuple((type(name), name) for name in head)))
                values[number] = build.call(pack_dict, [names, *(values[child] for child in children)])
            else:
                values[number] = build.call(_PACK[kind], [values[child] for child in children])
        program = build.finish(values[0])
        try:
            program = self.shapes.setdefault((program.structure, tuple(constants)), program)
        except TypeError:  # an unhashable constant: this program is not shared
            pass
        return Task(program, tuple(map(TaskRef, inputs)))

    def _classify(self, key: Key, item: Any, top: bool) -> tuple[str, Any, Any]:
        kind = type(item)
        if kind is TaskRef:
            return "ref", item.key, ()
        if kind is Literal:
            return "leaf", item.data, ()
        if kind is Task:
            return "task", item, ()
        if kind in _PLAIN:
            return "leaf", item, ()
        if kind is tuple and item and callable(item[0]):
            return "call", item[0], item[1:]
        if not top and isinstance(item, str | int | float | tuple) and self.is_key(item):
            return "ref", item, ()
        if kind is list or kind is tuple or kind is set:
            return kind.__name__, None, item
        if kind is dict:
            return "dict", tuple(item), list(item.values())
        if isinstance(item, _ONE_SHOT):
            raise _one_shot(key, item)
        return "leaf", item, ()

    @staticmethod
    def _plain(parts: list[tuple[str, Any, list[int]]]) -> Any:
        """Rebuild a container in which nothing refers to a key (``Literal`` wrappers are gone)."""
        values: dict[int, Any] = {}
        for number in range(len(parts) - 1, -1, -1):
            kind, head, children = parts[number]
            members = [values.pop(child) for child in children]
            if kind == "leaf":
                values[number] = head
            elif kind == "dict":
                values[number] = pack_dict(head, *members)
            else:
                values[number] = _PACK[kind](*members)
        return values[0]


_PACK: dict[str, Callable[..., Any]] = {"list": pack_list, "tuple": pack_tuple, "set": pack_set}


def emit_task(build: ProgramBuilder, task: Task, inputs: Mapping[Any, int], label: Key | None = None) -> int:
    """Add a task to a program whose values for the task's dependencies are ``inputs``."""
    sources = [inputs[arg.key] if type(arg) is TaskRef else build.constant(arg) for arg in task.args]
    names = tuple(task.kwargs or ())
    for value in (task.kwargs or {}).values():
        sources.append(inputs[value.key] if type(value) is TaskRef else build.constant(value))
    return build.call(task.func, sources, names, label)


def _one_shot(key: Key, value: Any) -> TypeError:
    return TypeError(
        f"the task {key!r} has a {type(value).__name__} ({func_name(value)}) as an argument: it could be read only once "
        "and not be sent to another process. Make a list of it first."
    )


def nested_keys(keys: Any) -> Iterator[Key]:
    """Yield the keys in a key or nested lists of keys, in order.

    Examples
    --------
    >>> list(nested_keys([["x", ("y", 0)], "z"]))
    ['x', ('y', 0), 'z']
    """
    pending = [keys]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(reversed(item))
        else:
            yield item
