"""The task: one call that knows which other results it needs.

A graph is a mapping ``{key: Task}``. A ``Task`` is a function with *flat* arguments: every argument is either a literal
or a ``TaskRef`` to another key, so that finding dependencies and gathering arguments are single loops. Anything nested
(``(sum, ["x", (inc, "y")])``) is compiled once, when a graph is converted (``minidask.graph.convert``), into a
``Program`` (``minidask.graph.program``) over the flat references.

Invariants: a task is never changed after it was made; ``dependencies`` holds each key once, in order of appearance.
This module runs a single task; deciding *when* is the schedulers' business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from minidask.tokenize import tokenize

Key: TypeAlias = "str | int | float | tuple[Key, ...]"

_NO_KEYS: tuple[Key, ...] = ()


class TaskRef:
    """Stand for the result of another task inside a task's arguments.

    Examples
    --------
    >>> TaskRef(("x", 0))
    TaskRef(('x', 0))
    """

    __slots__ = ("key",)

    def __init__(self, key: Key) -> None:
        self.key = key

    def __repr__(self) -> str:
        return f"TaskRef({self.key!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is TaskRef and other.key == self.key

    def __hash__(self) -> int:
        return hash((TaskRef, self.key))

    def __reduce__(self) -> tuple[Any, ...]:
        return TaskRef, (self.key,)

    def __dask_tokenize__(self) -> tuple[str, Key]:
        return "TaskRef", self.key


def identity(value: Any) -> Any:
    """Return the argument: the function of literals and of aliases in a graph.

    Examples
    --------
    >>> identity(1)
    1
    """
    return value


class Task:
    """Hold a function, its flat arguments and the keys that it depends on.

    Parameters
    ----------
    func : callable
    args : tuple
        Literals and ``TaskRef`` objects; a ``TaskRef`` inside a nested container is *not* seen (see ``convert``).
    kwargs : dict, optional
        Keyword arguments; values are literals or ``TaskRef`` objects.
    annotations : mapping, optional
        Hints to the scheduler (priority, retries, workers, resources, or the user's own).

    Raises
    ------
    TypeError
        If ``func`` is not callable.

    Examples
    --------
    >>> from operator import add
    >>> task = Task(add, (TaskRef("x"), 10))
    >>> task.dependencies
    ('x',)
    >>> task({"x": 1})
    11
    """

    __slots__ = ("annotations", "args", "dependencies", "func", "kwargs")

    func: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] | None
    annotations: Mapping[str, Any] | None
    dependencies: tuple[Key, ...]

    def __init__(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        annotations: Mapping[str, Any] | None = None,
    ) -> None:
        if not callable(func):
            raise TypeError(f"a task's function must be callable, got {type(func).__name__}: {func!r:.80}")
        self.func = func
        self.args = args
        self.kwargs = kwargs or None
        self.annotations = annotations
        keys = [arg.key for arg in args if type(arg) is TaskRef]
        if kwargs:
            keys += [arg.key for arg in kwargs.values() if type(arg) is TaskRef]
        if len(keys) > 1:
            self.dependencies = tuple(dict.fromkeys(keys))
        else:
            self.dependencies = tuple(keys) if keys else _NO_KEYS

    def __call__(self, data: Mapping[Key, Any]) -> Any:
        """Run the task, with the results of its dependencies taken from ``data``; raises whatever ``func`` raises."""
        args = [data[arg.key] if type(arg) is TaskRef else arg for arg in self.args]
        if self.kwargs is None:
            return self.func(*args)
        kwargs = {k: data[arg.key] if type(arg) is TaskRef else arg for k, arg in self.kwargs.items()}
        return self.func(*args, **kwargs)

    def bind(self, data: Mapping[Key, Any]) -> Task:
        """Return the same task with every reference replaced by its value from ``data``."""
        if not self.dependencies:
            return self
        args = tuple(data[arg.key] if type(arg) is TaskRef else arg for arg in self.args)
        kwargs = None
        if self.kwargs is not None:
            kwargs = {k: data[arg.key] if type(arg) is TaskRef else arg for k, arg in self.kwargs.items()}
        return task_of(self.func, args, _NO_KEYS, kwargs, self.annotations)

    def rename(self, names: Mapping[Key, Key]) -> Task:
        """Return the same task with references renamed by ``names`` (keys that are not in it stay)."""

        def renamed(arg: Any) -> Any:
            return TaskRef(names.get(arg.key, arg.key)) if type(arg) is TaskRef else arg

        kwargs = {k: renamed(v) for k, v in self.kwargs.items()} if self.kwargs else None
        return Task(self.func, tuple(map(renamed, self.args)), kwargs, self.annotations)

    @property
    def is_alias(self) -> bool:
        """Whether the task only passes on another task's result."""
        return self.func is identity and len(self.args) == 1 and bool(self.dependencies)

    @property
    def is_literal(self) -> bool:
        """Whether the task only holds a value."""
        return self.func is identity and len(self.args) == 1 and not self.dependencies

    def __repr__(self) -> str:
        parts = [_short(arg) for arg in self.args]
        parts += [f"{k}={_short(v)}" for k, v in (self.kwargs or {}).items()]
        if len(parts) > 8:
            parts = [*parts[:7], f"... {len(parts) - 7} more"]
        return f"<Task {func_name(self.func)}({', '.join(parts)})>"

    def __eq__(self, other: object) -> bool:
        if type(other) is not Task:
            return NotImplemented
        if self is other:
            return True
        return (
            _same(self.func, other.func)
            and len(self.args) == len(other.args)
            and all(map(_same, self.args, other.args))
            and _same_items(self.kwargs or {}, other.kwargs or {})
            and _same_items(self.annotations or {}, other.annotations or {})
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Task, (self.func, self.args, self.kwargs, self.annotations)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "Task", self.func, self.args, self.kwargs


def task_of(
    func: Callable[..., Any],
    args: tuple[Any, ...],
    dependencies: tuple[Key, ...],
    kwargs: Mapping[str, Any] | None = None,
    annotations: Mapping[str, Any] | None = None,
) -> Task:
    """Make a task whose dependencies are known already (each once, in order), in a third of the time.

    Examples
    --------
    >>> task_of(abs, (TaskRef("x"),), ("x",)) == Task(abs, (TaskRef("x"),))
    True
    """
    task = Task.__new__(Task)
    task.func = func
    task.args = args
    task.kwargs = kwargs
    task.annotations = annotations
    task.dependencies = dependencies
    return task


def literal(value: Any) -> Task:
    """Make the task that holds ``value``.

    Examples
    --------
    >>> literal(1)({})
    1
    """
    return Task(identity, (value,))


def held(future: Any) -> Task:
    """Make the task that stands for a result on a cluster: there it is that result, elsewhere it fetches it.

    Parameters
    ----------
    future : object with ``result()``
        Of a class with ``__minidask_future__ = True``.

    Examples
    --------
    >>> held(1)({})
    1
    """
    return Task(fetched, (future,))


def fetched(value: Any) -> Any:
    """Return the result of a cluster's future, and anything else as it is: a cluster puts the result in the future's place.

    Examples
    --------
    >>> fetched(1)
    1
    """
    return value.result() if getattr(type(value), "__minidask_future__", False) else value


def alias(key: Key) -> Task:
    """Make the task that passes on the result of ``key``.

    Examples
    --------
    >>> alias("x")({"x": 3})
    3
    """
    return Task(identity, (TaskRef(key),))


def func_name(func: Any) -> str:
    """Return a short name for a callable, for people (labels, messages, key prefixes).

    Examples
    --------
    >>> from functools import partial
    >>> func_name(len), func_name(partial(int, base=2))
    ('len', 'int')
    """
    for _ in range(100):
        inner = getattr(func, "func", None)
        if inner is None or inner is func or not callable(inner):
            break
        func = inner
    name = getattr(func, "short_name", None) or getattr(func, "__name__", None)
    return name if isinstance(name, str) else type(func).__name__


def _short(arg: Any) -> str:
    if type(arg) is TaskRef:
        return f"{arg.key!r}"
    if isinstance(arg, str | int | float | bool | None | slice):
        text = repr(arg)
        return text if len(text) < 60 else text[:57] + "..."
    return f"<{type(arg).__name__}>"


def _same_items(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)


def _same(left: Any, right: Any) -> bool:
    if left is right:
        return True
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is str or kind is int or kind is TaskRef:
        return bool(left == right)
    # Arrays compare elementwise, 0.0 and -0.0, [1] and [True] are equal: tokens know better.
    return tokenize(left) == tokenize(right)
