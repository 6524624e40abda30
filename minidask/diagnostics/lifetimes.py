"""Lifetimes: how long results are held, and how many at once, if tasks run one after another in a given order.

Place in the flow: `pictures` colours graphs by these numbers, to show where an order holds too much. Pure counting:
nothing runs. Results that no task needs count as handed over at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from minidask.graph.task import Task

__all__ = ["Lifetime", "lifetimes"]


class Lifetime(NamedTuple):
    """What happens to one result; the unit of time is a task."""

    order: int
    # How many tasks run between it and the last that needs it, that one included.
    age: int
    # How many results are released after this task, as nobody else needs them.
    freed: int
    # How many results are held while it runs, and after it is released.
    held_when_run: int
    held_when_released: int


def lifetimes(graph: Mapping[Any, Any], order: Mapping[Any, int]) -> dict[Any, Lifetime]:
    """Count for each key how long its result is held when the tasks run in `order`.

    Parameters
    ----------
    graph : mapping of key to Task
    order : mapping of key to int
        A place for each key of the graph; dependencies come first.

    Returns
    -------
    dict of key to Lifetime

    Raises
    ------
    KeyError
        If a key has no place.

    Examples
    --------
    >>> from minidask.graph.task import Task, TaskRef, literal
    >>> graph = {"a": literal(1), "b": literal(2), "c": Task(max, (TaskRef("a"), TaskRef("b")))}
    >>> lifetimes(graph, {"a": 0, "b": 1, "c": 2})["a"]
    Lifetime(order=0, age=2, freed=0, held_when_run=0, held_when_released=0)
    """
    for key in graph:
        if key not in order:
            raise KeyError(f"the order has no place for {key!r}")
    dependencies = {
        key: [other for other in task.dependencies if other in graph] if isinstance(task, Task) else []
        for key, task in graph.items()
    }
    waiting: dict[Any, int] = dict.fromkeys(graph, 0)
    for needed in dependencies.values():
        for key in needed:
            waiting[key] += 1
    held = 0
    # run: {key: (place, results held while it ran)}
    run: dict[Any, tuple[int, int]] = {}
    freed: dict[Any, int] = {}
    # released: {key: (place of the last task that needed it, results held afterwards)}
    released: dict[Any, tuple[int, int]] = {}
    for place, key in enumerate(sorted(graph, key=order.__getitem__)):
        run[key] = place, held
        last = []
        for other in dependencies[key]:
            waiting[other] -= 1
            if not waiting[other]:
                last.append(other)
        freed[key] = len(last)
        held += bool(waiting[key]) - len(last)
        if not waiting[key]:
            last.append(key)
        for other in last:
            released[other] = place, held
    return {
        key: Lifetime(place, released[key][0] - place, freed[key], while_run, released[key][1])
        for key, (place, while_run) in run.items()
    }
