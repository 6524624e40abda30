"""Walks over graphs: who needs whom, a topological order, and the cycle when there is none.

All walks are iterative and linear in tasks and references. They take ``{key: Task}`` mappings (or raw user graphs through
``dependencies(convert(graph))``) and report keys that are missing or go round in circles by name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from minidask.graph.task import Key, Task


class CycleError(RuntimeError):
    """A graph in which a task needs, through others, its own result; ``cycle`` lists the keys, the first one repeated."""

    def __init__(self, cycle: list[Key]) -> None:
        self.cycle = cycle
        shown = [repr(key) for key in cycle]
        if len(shown) > 12:
            shown = [*shown[:6], f"... {len(cycle) - 11} more ...", *shown[-5:]]
        super().__init__("the graph has a cycle (each task needs the next one): " + " -> ".join(shown))

    def __reduce__(self) -> tuple[type, tuple[list[Key]]]:
        return CycleError, (self.cycle,)


def missing_key(key: Key, known: Iterable[Key], wanted_by: Key | None = None) -> KeyError:
    """Make the error for a key that a graph doesn't hold, with the nearest ones that it does."""
    text = f"the key {key!r} is not in the graph"
    if wanted_by is not None:
        text += f", but the task {wanted_by!r} needs it"
    shown: dict[str, None] = {}
    for count, candidate in enumerate(known):
        if count >= 2_000:  # difflib takes some 20 microseconds each: a hint isn't worth more
            break
        shown[repr(candidate)] = None
    near = difflib.get_close_matches(repr(key), shown, n=3)
    if near:
        text += f"; did you mean {' or '.join(near)}?"
    return KeyError(text)


def dependencies(graph: Mapping[Key, Task]) -> dict[Key, tuple[Key, ...]]:
    """Return for each key the keys that its task needs.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> dependencies(convert({"x": 1, "y": (abs, "x")}))
    {'x': (), 'y': ('x',)}
    """
    return {key: task.dependencies for key, task in graph.items()}


def reverse_dependencies(graph: Mapping[Key, Task]) -> dict[Key, list[Key]]:
    """Return for each key the keys whose tasks need it.

    Raises
    ------
    KeyError
        If a task needs a key that the graph doesn't hold.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> reverse_dependencies(convert({"x": 1, "y": (abs, "x")}))
    {'x': ['y'], 'y': []}
    """
    dependents: dict[Key, list[Key]] = {key: [] for key in graph}
    for key, task in graph.items():
        for dependency in task.dependencies:
            try:
                dependents[dependency].append(key)
            except KeyError:
                raise missing_key(dependency, graph, key) from None
    return dependents


def toposort(graph: Mapping[Key, Task], dependents: Mapping[Key, list[Key]] | None = None) -> list[Key]:
    """Return the keys so that each comes after those that it needs (Kahn, "Topological sorting of large networks", 1962).

    ``dependents`` is what ``reverse_dependencies`` gives for the graph, if the caller has it.

    Raises
    ------
    CycleError
        If a task needs, through others, its own result.
    KeyError
        If a task needs a key that the graph doesn't hold.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> toposort(convert({"y": (abs, "x"), "x": 1}))
    ['x', 'y']
    """
    if dependents is None:
        dependents = reverse_dependencies(graph)
    waiting = {key: len(task.dependencies) for key, task in graph.items()}
    done = [key for key, count in waiting.items() if not count]
    for key in done:  # grows while it is walked
        for dependent in dependents[key]:
            waiting[dependent] -= 1
            if not waiting[dependent]:
                done.append(dependent)
    if len(done) != len(graph):
        raise CycleError(find_cycle(graph) or [])
    return done


def find_cycle(graph: Mapping[Key, Task]) -> list[Key] | None:
    """Return the keys of one cycle, the first key repeated at the end, or None.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> find_cycle(convert({"a": (abs, "b"), "b": (abs, "a")}))
    ['a', 'b', 'a']
    >>> find_cycle(convert({"a": 1})) is None
    True
    """
    finished: set[Key] = set()
    for start in graph:
        if start in finished:
            continue
        path: dict[Key, None] = {start: None}
        iterators = [iter(graph[start].dependencies)]
        while iterators:
            for key in iterators[-1]:
                if key in path:
                    keys = list(path)
                    return [*keys[keys.index(key) :], key]
                if key not in finished and key in graph:
                    path[key] = None
                    iterators.append(iter(graph[key].dependencies))
                    break
            else:
                iterators.pop()
                finished.add(path.popitem()[0])
    return None
