"""The ways to carry out a shuffle, by name.

A method turns the plan (source layer, targets, number of partitions) into tasks. ``tasks`` holds pieces in memory. Others
register themselves: the cluster's, when its client is imported.

Which one: what the caller or the setting ``dataframe.shuffle.method`` names; otherwise the registered one that is preferred
where the graph will run; otherwise ``tasks``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from minidask import config
from minidask.dataframe.shuffle.pieces import join_pieces, split_rows
from minidask.graph import Key, Layer, Task, TaskRef


class Plan(NamedTuple):
    """What is to be moved: rows of ``source``'s partitions to ``npartitions`` new ones named ``name``."""

    name: str
    source: Layer
    targets: Any
    npartitions: int
    meta: Any
    annotations: Mapping[str, Any] | None


class Method(NamedTuple):
    """``lower(plan, wanted)`` gives the tasks of the wanted output partitions; ``preferred()`` whether it suits the current runner."""

    lower: Callable[[Plan, Collection[int]], dict[Key, Task]]
    preferred: Callable[[], bool]


METHODS: dict[str, Method] = {}


def register_method(
    name: str, lower: Callable[[Plan, Collection[int]], dict[Key, Task]], preferred: Callable[[], bool]
) -> None:
    """Make a way to shuffle known; one of the same name is replaced."""
    METHODS[name] = Method(lower, preferred)


def check_method(name: str | None) -> None:
    """Raise ValueError for a name that isn't registered."""
    if name is not None and name not in METHODS:
        raise ValueError(f"unknown shuffle method {name!r}; there are: {', '.join(sorted(METHODS))}")


def choose_method(name: str | None) -> Method:
    """Return the method that a name, the settings or the current runner stand for. Raises ValueError for unknown names."""
    name = name or config.get("dataframe.shuffle.method", None)
    check_method(name)
    if name is not None:
        return METHODS[name]
    return next((method for method in reversed(METHODS.values()) if method.preferred()), METHODS["tasks"])


def lower_in_memory(plan: Plan, wanted: Collection[int]) -> dict[Key, Task]:
    """Return one task a source, which sorts its rows by where they go, and one task an output partition."""
    tasks: dict[Key, Task] = {}
    splits: list[TaskRef] = []
    for at in range(plan.source.numblocks[0]):
        key: Key = (plan.name, "split", at)
        arguments = (TaskRef(plan.source.key_at((at,))), plan.targets, plan.npartitions)
        tasks[key] = Task(split_rows, arguments, None, plan.annotations)
        splits.append(TaskRef(key))
    for at in wanted:
        tasks[(plan.name, at)] = Task(join_pieces, (at, *splits), None, plan.annotations)
    return tasks


register_method("tasks", lower_in_memory, lambda: False)
