"""The ways to carry out a shuffle, by name.

A method turns the plan (source layer, targets, number of partitions) into tasks:

- ``disk``: pieces in memory as long as there is room, then in files of one folder. The default on one machine.
- ``tasks``: pieces in memory, whatever they take. On a cluster each piece is a task, so that it travels by itself.

Others register themselves: the cluster's, when its client is imported.

Which one: what the caller or the setting ``dataframe.shuffle.method`` names; otherwise the registered one that is preferred
where the graph will run; otherwise ``disk`` here and ``tasks`` on a cluster.

Place in the flow: ``Rearrange.lower``, which is where settings are read. Invariants: making tasks does no input or output.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple

from minidask import config
from minidask.collection.upward import load_extensions
from minidask.dataframe.shuffle.budget import memory_limit
from minidask.dataframe.shuffle.pieces import Split, collect, join_all, join_pieces, split_rows
from minidask.dataframe.shuffle.store import GATHERED, Store, gather, split_into
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.io.folder import Folder
from minidask.schedulers import executor
from minidask.schedulers.registry import NAMED, current_runner, lowered_for


class Plan(NamedTuple):
    """What is to be moved: rows of ``source``'s partitions to ``npartitions`` new ones named ``name``."""

    name: str
    source: Layer
    targets: Any
    npartitions: int
    meta: Any
    annotations: Mapping[str, Any] | None


class Method(NamedTuple):
    """A way to shuffle: ``lower(plan, wanted)`` gives the tasks of the wanted output partitions.

    ``preferred()`` says whether it suits the current runner.
    """

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
    load_extensions("dataframe.shuffle")
    if name is None or name in METHODS:
        return
    if name == "p2p":
        raise ValueError("the shuffle method 'p2p' needs a cluster: make a minidask.distributed.Client first")
    raise ValueError(f"unknown shuffle method {name!r}; there are: {', '.join(sorted({*METHODS, 'p2p'}))}")


def choose_method(name: str | None) -> Method:
    """Return the method that a name, the settings or the current runner stand for. Raises ValueError for unknown names."""
    name = name or config.get("dataframe.shuffle.method", None)
    check_method(name)
    if name is not None:
        return METHODS[name]
    default = METHODS["disk" if runs_here() else "tasks"]
    return next((method for method in reversed(METHODS.values()) if method.preferred()), default)


def runs_here() -> bool:
    """Whether the graph that is lowered runs in this process or its children; otherwise what settings and runners say."""
    runner = lowered_for()
    if runner is not None:
        func = runner.func if isinstance(runner, partial) else runner
        return func in NAMED.values() or func is executor.get
    scheduler = config.get("scheduler", None)
    if scheduler is None:
        return current_runner() is None
    if isinstance(scheduler, str):
        return scheduler.lower() in NAMED
    return isinstance(scheduler, Executor) or scheduler in NAMED.values()


def lower_within_memory_limit(plan: Plan, wanted: Collection[int]) -> dict[Key, Task]:
    """Return one task a source, which puts its rows in a store, and one task an output partition.

    Raises
    ------
    ValueError
        If a cluster is to run it, whose workers share no folder.
    """
    if not runs_here():
        raise ValueError(
            "the shuffle method 'disk' works on one machine's own schedulers: on a cluster leave the method out, or name "
            "'p2p' or 'tasks'"
        )
    store = Store(Folder(config.get("temporary-directory", None), "shuffle"), memory_limit())
    return _lower_collected(plan, wanted, split_into, (plan.targets, plan.npartitions, store), store)


def lower_in_memory(plan: Plan, wanted: Collection[int]) -> dict[Key, Task]:
    """Return one task a source, which sorts its rows by where they go, and one task an output partition.

    On a cluster there is one task a piece besides.
    """
    arguments = (plan.targets, plan.npartitions)
    if runs_here():
        return _lower_collected(plan, wanted, split_rows, arguments, None)
    tasks, splits = _split_tasks(plan, split_rows, arguments)
    for at in wanted:
        pieces: list[TaskRef] = []
        for number, split in enumerate(splits):
            key: Key = (plan.name, "piece", number, at)
            tasks[key] = Task(take_piece, (split, at), None, plan.annotations)
            pieces.append(TaskRef(key))
        tasks[(plan.name, at)] = Task(join_pieces, (0, *pieces), None, plan.annotations)
    return tasks


def take_piece(split: Split, at: int) -> Split:
    """Return one piece as a split of its own, with the rows of one partition."""
    return split.only(at)


def _lower_collected(
    plan: Plan, wanted: Collection[int], split: Callable[..., Any], arguments: tuple[Any, ...], store: Store | None
) -> dict[Key, Task]:
    tasks, splits = _split_tasks(plan, split, arguments)
    groups: list[TaskRef] = []
    for at in range(0, len(splits), GATHERED):
        group: Key = (plan.name, "gather", at // GATHERED)
        tasks[group] = Task(gather, (store, *splits[at : at + GATHERED]), None, plan.annotations)
        groups.append(TaskRef(group))
    together: Key = (plan.name, "collect")
    tasks[together] = Task(collect, tuple(groups), None, plan.annotations)
    for at in wanted:
        tasks[(plan.name, at)] = Task(join_all, (at, TaskRef(together)), None, plan.annotations)
    return tasks


def _split_tasks(
    plan: Plan, split: Callable[..., Any], arguments: tuple[Any, ...]
) -> tuple[dict[Key, Task], list[TaskRef]]:
    tasks: dict[Key, Task] = {}
    splits: list[TaskRef] = []
    for at in range(plan.source.numblocks[0]):
        key: Key = (plan.name, "split", at)
        tasks[key] = Task(split, (TaskRef(plan.source.key_at((at,))), *arguments), None, plan.annotations)
        splits.append(TaskRef(key))
    return tasks, splits


def _never() -> bool:
    return False


register_method("tasks", lower_in_memory, _never)
register_method("disk", lower_within_memory_limit, _never)
