"""The door for graphs that users write: tuples in, ``Task`` objects out.

Users write ``{"x": 1, "y": (inc, "x"), ("a", 0): (sum, ["x", "y"])}``: a tuple whose first item is callable is a call,
an argument that equals a key of the graph stands for its result, lists, tuples, dicts and sets (these very types) are searched
for both. ``convert`` reads this form once and returns ``{key: Task}``; no other module knows the tuple form.

Nested work becomes a ``Program`` that says only what is called in which order; whatever differs between tasks of one
shape, literals included, stays in the task's flat arguments. So tasks of one shape share one program, and literals never mix.

A list, dict or set without references that is (part of) an argument is made anew for each run, so that a task may change it
without another task, or the next run, seeing that. One that is an entry of its own (``{"x": [1, 2]}``), one inside ``Literal``,
and objects of any other type are passed on as they are, like results.

Invariants: keys are ``str``, ``int``, ``float`` or tuples of these and are never changed; converting is iterative, so that
nesting of any depth is fine. Not for optimising: nothing is merged or left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from minidask.graph.program import Program, ProgramBuilder, pack_dict, pack_list, pack_set, pack_tuple, renew
from minidask.graph.task import Key, Task, TaskRef, alias, func_name, identity, literal, task_of

_ONE_SHOT = (GeneratorType, CoroutineType, AsyncGeneratorType)
_CONTAINERS = frozenset({list, tuple, dict, set})
_MUTABLE = frozenset({list, dict, set})
# Atoms that can be no key and hold none; strings, numbers and tuples can be keys.
_PLAIN = frozenset({type(None), bool, bytes, complex, slice, type(Ellipsis)})
# Hashable atoms: a container of these alone is told from one with keys in it by one set operation.
_ATOMS = _PLAIN - {slice} | {str, int, float}
# Hashing and printing nested tuples recurses in C: keys stay far from any stack's end.
_MOST_LEVELS = 100


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
    if type(value) in _PLAIN:
        return value
    if type(value) in _CONTAINERS or isinstance(value, str | int | float | tuple | Task | TaskRef | Literal):
        return Literal(value)
    return value


def check_key(key: Any) -> None:
    """Raise if ``key`` can't name a result.

    Raises
    ------
    TypeError
        If ``key`` is not a str, int, float, or a tuple of these.
    ValueError
        If ``key`` is or holds NaN, which is equal to nothing, not even itself, or nests tuples more than 100 levels deep.

    Examples
    --------
    >>> check_key(("x", 0))
    >>> check_key(b"x")
    Traceback (most recent call last):
    ...
    TypeError: a key must be a str, int, float, or a tuple of these, got bytes: b'x'
    """
    level = [key]
    for _ in range(_MOST_LEVELS + 1):
        inner: list[Any] = []
        for part in level:
            kind = type(part)
            if kind is str or kind is int:
                continue
            if isinstance(part, tuple):
                inner.extend(part)
            elif isinstance(part, float):
                if math.isnan(part):
                    raise ValueError(f"NaN can't be a key, nor a part of one, since it is not equal to itself: {key!r}")
            elif not isinstance(part, str | int):
                within = "" if part is key else f" in {key!r:.80}"
                raise TypeError(
                    "a key must be a str, int, float, or a tuple of these, "
                    f"got {type(part).__name__}: {part!r:.80}{within}"
                )
        if not inner:
            return
        level = inner
    raise ValueError(f"a key can't nest tuples more than {_MOST_LEVELS} levels deep")


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
        If a key is or holds NaN, or is nested too deep.

    Examples
    --------
    >>> from operator import add
    >>> tasks = convert({"x": 1, "y": (add, "x", 10), "z": (sum, ["x", "y"])})
    >>> tasks["y"], tasks["z"].dependencies
    (<Task add('x', 10)>, ('x', 'y'))
    """
    if type(graph) is not dict and not isinstance(graph, Mapping):
        raise TypeError(f"a graph must be a mapping {{key: task}}, got {type(graph).__name__}")
    read = _Reader(graph, known).read
    tasks: dict[Key, Task] = {}
    for key, value in graph.items():
        if type(key) is tuple:
            for part in key:
                if type(part) is not str and type(part) is not int:
                    check_key(key)
                    break
        elif type(key) is not str:
            check_key(key)
        tasks[key] = value if type(value) is Task else read(key, value)
    return tasks


# One part of a nested expression: (kind, what it is, its members).
_Part = tuple[str, Any, "tuple[Any, ...] | list[Any]"]


class _Reader:
    """Read the values of one graph."""

    def __init__(self, graph: Mapping[Any, Any], known: Container[Any]) -> None:
        self.graph = graph
        self.known = known or None
        # shapes: the calls of a nested expression, functions by id (the program keeps them alive), and its program.
        self.shapes: dict[Any, Program] = {}

    def is_key(self, value: Any) -> bool:
        """Whether a str, int, float or tuple is a key; tuples that can't be one are never hashed nor compared."""
        if isinstance(value, tuple) and not _could_be_key(value):
            return False
        return value in self.graph or (self.known is not None and value in self.known)

    def read(self, key: Key, value: Any) -> Task:
        kind = type(value)
        if kind is tuple and value and _is_call(value):
            task = self._flat(value)
            return self._nested(key, value) if task is None else task
        if kind is Literal:
            return literal(value.data) if type(value.data) is not TaskRef else Task(partial(identity, value.data))
        if kind is TaskRef:
            return Task(identity, (value,))
        if isinstance(value, str | int | float | tuple) and kind is not bool and self.is_key(value) and value != key:
            return alias(value)
        if kind in _CONTAINERS:
            return self._nested(key, value)
        if isinstance(value, _ONE_SHOT):
            raise _one_shot(key, value)
        return literal(value)

    def _flat(self, call: tuple[Any, ...]) -> Task | None:
        """Return the task of a call if none of its arguments is nested, otherwise None."""
        graph, known = self.graph, self.known
        out: list[Any] = []
        keys: list[Key] = []
        for arg in call[1:]:
            kind = type(arg)
            if kind is str or kind is int:
                if arg in graph or (known is not None and arg in known):
                    keys.append(arg)
                    arg = TaskRef(arg)
            elif kind is tuple:
                if len(arg) == 2 and type(arg[0]) is str and type(arg[1]) is int:
                    # The commonest keys by far: no need to ask what else they could be.
                    if arg not in graph and (known is None or arg not in known):
                        return None
                elif (arg and _is_call(arg)) or not self.is_key(arg):
                    return None
                keys.append(arg)
                arg = TaskRef(arg)
            elif kind is TaskRef:
                keys.append(arg.key)
            elif kind is Literal:
                arg = arg.data
                if type(arg) is TaskRef:
                    return None
            elif kind in _CONTAINERS or kind is Task or isinstance(arg, _ONE_SHOT):
                return None
            elif kind not in _PLAIN and isinstance(arg, str | int | float | tuple) and self.is_key(arg):
                keys.append(arg)
                arg = TaskRef(arg)
            out.append(arg)
        return task_of(call[0], tuple(out), tuple(dict.fromkeys(keys)) if len(keys) > 1 else tuple(keys))

    def _nested(self, key: Key, value: Any) -> Task:
        """Compile a nested expression: list its parts, then go back over them from the innermost ones, left to right."""
        parts: list[_Part] = []
        children: list[list[int]] = []
        pending: list[tuple[Any, list[int] | None, int]] = [(value, None, 0)]
        opened: set[int] = set()
        while pending:
            item, siblings, slot = pending.pop()
            if item is _END:
                opened.discard(slot)
                continue
            if type(item) is list or type(item) is dict:
                if id(item) in opened:
                    raise ValueError(
                        f"the task {key!r} has a {type(item).__name__} as an argument that contains itself"
                    )
                opened.add(id(item))
                pending.append((_END, None, id(item)))
            if siblings is not None:
                siblings[slot] = len(parts)
            part = self._classify(key, item, siblings is None)
            parts.append(part)
            members = part[2]
            own = [0] * len(members)
            children.append(own)
            pending += [(member, own, at) for at, member in enumerate(members)]
        calls = _Calls()
        # made: {part: (source, None) once its value needs a call or a reference, otherwise (None, the value itself)}
        made: dict[int, tuple[int | None, Any]] = {}
        for number in range(len(parts) - 1, -1, -1):
            kind, head, _ = parts[number]
            members = [made.pop(child) for child in children[number]]
            if kind == "leaf":
                made[number] = (None, head)
            elif kind == "kept":  # an argument of its own, which is not made anew
                made[number] = (calls.argument(head), None)
            elif kind == "ref":
                made[number] = (calls.reference(head), None)
            elif kind == "task":
                made[number] = (calls.task(head), None)
            elif kind == "call":
                made[number] = (calls.add(head, [calls.source(*member) for member in members]), None)
            elif all(source is None for source, _ in members):
                values = [plain for _, plain in members]
                made[number] = (None, pack_dict(head, *values) if kind == "dict" else _PACK[kind](*values))
            else:
                sources = [calls.source(*member) for member in members]
                if kind == "dict":
                    sources.insert(0, calls.argument(head))
                made[number] = (calls.add(pack_dict if kind == "dict" else _PACK[kind], sources), None)
        source, plain = made[0]
        return literal(plain) if source is None else calls.finish(self.shapes)

    def _classify(self, key: Key, item: Any, top: bool) -> _Part:
        kind = type(item)
        if kind is TaskRef:
            return "ref", item.key, ()
        if kind is Literal:
            if type(item.data) is TaskRef:
                return "call", partial(identity, item.data), ()
            return "kept" if type(item.data) in _CONTAINERS else "leaf", item.data, ()
        if kind is Task:
            return "task", item, ()
        if kind in _PLAIN:
            return "leaf", item, ()
        if kind is tuple and item and _is_call(item):
            return "call", item[0], item[1:]
        if not top and isinstance(item, str | int | float | tuple) and self.is_key(item):
            return "ref", item, ()
        if kind in _CONTAINERS:
            members = list(item.values()) if kind is dict else item
            if self._holds_atoms(members):
                return "leaf", item, ()
            if kind is dict:
                return "dict", tuple(item), members
            # A set's own order differs between processes.
            return kind.__name__, None, sorted(item, key=repr) if kind is set else item
        if isinstance(item, _ONE_SHOT):
            raise _one_shot(key, item)
        return "leaf", item, ()

    def _holds_atoms(self, members: Any) -> bool:
        """Whether all members are atoms and none is a key."""
        if not _ATOMS.issuperset(map(type, members)) or not self.graph.keys().isdisjoint(members):
            return False
        known = self.known
        return known is None or not any(member in known for member in members)


# On the stack behind the members of a container.
_END: Any = object()

_PACK: dict[str, Callable[..., Any]] = {"list": pack_list, "tuple": pack_tuple, "set": pack_set}


def _is_call(item: tuple[Any, ...]) -> bool:
    head = item[0]
    return callable(head) and type(head) is not Task


def _could_be_key(value: tuple[Any, ...]) -> bool:
    for part in value:
        if type(part) is not str and type(part) is not int:
            break
    else:
        return True
    level: list[tuple[Any, ...]] = [value]
    for _ in range(_MOST_LEVELS):
        inner = []
        for item in level:
            for part in item:
                kind = type(part)
                if kind is str or kind is int:
                    continue
                if isinstance(part, tuple):
                    inner.append(part)
                elif not isinstance(part, str | int | float):
                    return False
        if not inner:
            return True
        level = inner
    return False


class _Calls:
    """The calls of one nested expression and the flat arguments that they start from.

    A source is the number of an argument, or ``~number`` of an earlier call.
    """

    def __init__(self) -> None:
        self.args: list[Any] = []
        self.calls: list[tuple[Callable[..., Any], tuple[int, ...], tuple[str, ...]]] = []
        self.references: dict[Key, int] = {}

    def argument(self, value: Any) -> int:
        self.args.append(value)
        return len(self.args) - 1

    def reference(self, key: Key) -> int:
        if key not in self.references:
            self.references[key] = self.argument(TaskRef(key))
        return self.references[key]

    def add(self, func: Callable[..., Any], sources: list[int], names: tuple[str, ...] = ()) -> int:
        self.calls.append((func, tuple(sources), names))
        return ~(len(self.calls) - 1)

    def source(self, source: int | None, value: Any) -> int:
        """Return the source of a part: its own, or that of a literal."""
        if source is not None:
            return source
        at = self.argument(value)
        return self.add(renew, [at]) if _holds_mutable(value) else at

    def task(self, task: Task) -> int:
        sources = [
            self.reference(arg.key) if type(arg) is TaskRef else self.argument(arg)
            for arg in (*task.args, *(task.kwargs or {}).values())
        ]
        return self.add(task.func, sources, tuple(task.kwargs or ()))

    def finish(self, shapes: dict[Any, Program]) -> Task:
        """Return the task that makes the value of the last call."""
        shape = (len(self.args), *[(id(func), sources, names) for func, sources, names in self.calls])
        program = shapes.get(shape)
        if program is None:
            build = ProgramBuilder(len(self.args))
            values: list[int] = []
            for func, sources, names in self.calls:
                values.append(build.call(func, [s if s >= 0 else values[~s] for s in sources], names))
            program = shapes[shape] = build.finish(values[-1])
        return Task(program, tuple(self.args))


def _holds_mutable(value: Any) -> bool:
    """Whether a value is a list, dict or set, or a tuple with one inside."""
    pending = [value]
    while pending:
        item = pending.pop()
        if type(item) in _MUTABLE:
            return True
        if type(item) is tuple:
            pending.extend(item)
    return False


def emit_task(build: ProgramBuilder, task: Task, inputs: Mapping[Any, int], label: Key | None = None) -> int:
    """Add a task to a program whose values for the task's dependencies are ``inputs``; return the number of its result."""
    if task.func is identity and len(task.args) == 1 and task.kwargs is None:
        # A literal or an alias: there is nothing to call.
        arg = task.args[0]
        return inputs[arg.key] if type(arg) is TaskRef else build.constant(arg)
    args = (*task.args, *task.kwargs.values()) if task.kwargs else task.args
    sources = [inputs[arg.key] if type(arg) is TaskRef else build.constant(arg) for arg in args]
    names = tuple(task.kwargs or ())
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
