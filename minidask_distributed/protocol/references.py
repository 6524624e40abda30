"""Results of other tasks inside a task's arguments: how references to them are pickled, and become values at the worker.

Place in the flow: `calls` collects references while it pickles literals, and supplies values while they are read. A
``TaskRef``, or any object whose class has ``__minidask_future__ = True`` and whose ``__reduce__`` calls `reduce_reference`, is
pickled as a call of `dependency` with its position among the task's dependencies.

Invariants: collecting and supplying are by thread and nest; without them, references are pickled as ordinary objects.

Not for: flat arguments, which need no pickling at all.
"""

from __future__ import annotations

import copyreg
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minidask.graph.task import TaskRef
from minidask_distributed.protocol.errors import ProtocolError

__all__ = [
    "Slot",
    "collecting",
    "dependency",
    "is_reference",
    "reduce_reference",
    "resolved",
    "supplying",
    "with_slots",
]

Resolve = Callable[[Any], int]


class _Active(threading.local):
    # collect: gives the position of a reference; values: of the dependencies, while literals are read.
    collect: collecting | None = None
    values: Sequence[Any] | None = None


_active = _Active()


def is_reference(obj: Any) -> bool:
    """Say whether an object stands for another task's result.

    Examples
    --------
    >>> is_reference(TaskRef("x")), is_reference("x")
    (True, False)
    """
    kind = type(obj)
    return kind is TaskRef or getattr(kind, "__minidask_future__", False) is True


def reduce_reference(reference: Any) -> tuple[Any, ...] | None:
    """Return what ``__reduce__`` of a reference is to return while a task's arguments are pickled; None otherwise.

    Raises what resolving the reference raises (a future of another client, a cancelled one).

    Examples
    --------
    >>> reduce_reference(TaskRef("x")) is None
    True
    >>> with collecting({"x": 7}.get, deps := {}):
    ...     reduce_reference("x")[1], deps
    ((0,), {7: 0})
    """
    collect = _active.collect
    return None if collect is None else (dependency, (collect(reference),))


def dependency(position: int) -> Any:
    """Return the value of the running read's dependency at ``position``: what references are pickled as.

    Raises ProtocolError outside of reading a task's arguments.

    Examples
    --------
    >>> with supplying([10, 20]):
    ...     dependency(1)
    20
    """
    values = _active.values
    if values is None or not 0 <= position < len(values):
        raise ProtocolError("a reference to another task's result can be read as an argument of its task only")
    return values[position]


class collecting:
    """Let references that this thread pickles enter ``deps``, {id: position}, by the ids that ``resolve`` gives.

    A context manager. Afterwards ``used`` says whether there was any, and ``error`` is what ``resolve`` raised: picklers hide
    that behind errors of their own.
    """

    def __init__(self, resolve: Resolve, deps: dict[int, int]) -> None:
        self.resolve = resolve
        self.deps = deps
        self.used = False
        self.error: Exception | None = None

    def __call__(self, reference: Any) -> int:
        """Return the position of a reference among the dependencies."""
        self.used = True
        try:
            number = self.resolve(reference)
        except Exception as error:
            self.error = error
            raise
        return self.deps.setdefault(number, len(self.deps))

    def __enter__(self) -> collecting:
        self._outer, _active.collect = _active.collect, self
        return self

    def __exit__(self, *error: object) -> None:
        _active.collect = self._outer


@contextmanager
def supplying(values: Sequence[Any]) -> Iterator[None]:
    """Let references that this thread reads become these values."""
    outer, _active.values = _active.values, values
    try:
        yield
    finally:
        _active.values = outer


def _reduce_task_ref(reference: TaskRef) -> tuple[Any, ...]:
    return reduce_reference(reference) or (TaskRef, (reference.key,))


copyreg.pickle(TaskRef, _reduce_task_ref)


class Slot:
    """Stand for a dependency's value inside arguments that are passed by reference."""

    __slots__ = ("position",)

    def __init__(self, position: int) -> None:
        self.position = position

    def __reduce__(self) -> tuple[Any, ...]:
        # Arguments that leave the process after all are read like any others.
        return dependency, (self.position,)


_CONTAINERS = frozenset({list, tuple, dict, set})
# Neither references nor containers: most lists hold nothing else.
_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})


def with_slots(value: Any, place: Callable[[Any], int]) -> Any:
    """Return ``value`` with a `Slot` for each reference in nested lists, tuples, dicts and sets; itself if there is none.

    ``place`` gives the position of a reference.

    Examples
    --------
    >>> changed = with_slots([1, {"a": TaskRef("x")}], lambda reference: 0)
    >>> changed[1]["a"].position
    0
    >>> resolved(changed, [10])
    [1, {'a': 10}]
    """
    return _mapped(value, lambda item: Slot(place(item)) if is_reference(item) else item, frozenset())


def resolved(value: Any, values: Sequence[Any]) -> Any:
    """Return a value from `with_slots` with the dependencies' values in their places."""
    return _mapped(value, lambda item: values[item.position] if type(item) is Slot else item, frozenset())


def _mapped(value: Any, change: Callable[[Any], Any], inside: frozenset[int]) -> Any:
    """A container is copied only where something in it changes; one that holds itself is left as it is."""
    kind = type(value)
    if kind not in _CONTAINERS:
        return change(value)
    if id(value) in inside or _PLAIN.issuperset(map(type, value.values() if kind is dict else value)):
        return value
    inside |= {id(value)}
    if kind is dict:
        pairs = {key: _mapped(item, change, inside) for key, item in value.items()}
        return value if all(pairs[key] is item for key, item in value.items()) else pairs
    items = [_mapped(item, change, inside) for item in value]
    return value if all(new is old for new, old in zip(items, value, strict=True)) else kind(items)
