"""Repeat cheap tasks inside the tasks that use them, where that costs less than a result to be kept and passed on.

An inlined task that is reached on several ways runs once in each task that it is part of. The inlined tasks themselves stay as
they are (literals and aliases apart, which are put in place everywhere), so that chains of them don't grow into one another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Set
from typing import Any

from minidask.graph.convert import emit_task
from minidask.graph.program import PACKING, Program, ProgramBuilder
from minidask.graph.task import Key, Task, TaskRef
from minidask.graph.traverse import missing_key, reverse_dependencies, toposort
from minidask.optimize.cull import cull


def inline(graph: Mapping[Key, Task], keys: Iterable[Key] = (), inline_constants: bool = True) -> dict[Key, Task]:
    """Return a graph in which the tasks ``keys`` are part of those that use them.

    The inlined tasks stay in the graph (``cull`` leaves them out if nobody needs them any more). A task is inlined only into
    tasks of equal annotations.

    Parameters
    ----------
    graph : mapping of key to Task
    keys : iterable of keys
    inline_constants : bool
        Whether to inline all literals and aliases too.

    Raises
    ------
    KeyError
        If one of ``keys``, or a key that a task needs, is not in the graph.
    CycleError
        If the graph has a cycle.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> from operator import add
    >>> inline(convert({"x": 1, "y": (add, "x", 10)}))["y"].dependencies
    ()
    """
    chosen = set(keys)
    for key in chosen:
        if key not in graph:
            raise missing_key(key, graph)
    values = {key for key, task in graph.items() if task.is_literal or task.is_alias} if inline_constants else set()
    everywhere = chosen | values
    toposort(graph)
    out: dict[Key, Task] = {}
    for key, task in graph.items():
        within = values if key in chosen else everywhere
        out[key] = task if within.isdisjoint(task.dependencies) else _with_inner(key, graph, within)
    return out


def _with_inner(key: Key, graph: Mapping[Key, Task], chosen: Set[Key]) -> Task:
    """Return the task of ``key`` with all of ``chosen`` that it reaches through one another inside it."""
    task = graph[key]
    notes = task.annotations or {}
    # inner: the tasks to take in, each after those that it needs; outer: what they all need besides.
    inner: dict[Key, Task] = {}
    outer: dict[Key, None] = {}
    pending: list[tuple[Key, bool]] = [(needed, False) for needed in reversed(task.dependencies)]
    while pending:
        needed, finished = pending.pop()
        if needed in inner or needed in outer:
            continue
        above = graph[needed]
        if finished:
            inner[needed] = above
        elif needed in chosen and (above.annotations or {}) == notes:
            pending.append((needed, True))
            pending += [(other, False) for other in reversed(above.dependencies)]
        else:
            outer[needed] = None
    if not inner:
        return task
    build = ProgramBuilder(len(outer))
    if all(above.is_literal or above.is_alias for above in inner.values()):
        # No call to make: put the value, or the reference, in place.
        placed: dict[Key, Any] = {}
        for needed, above in inner.items():
            arg = above.args[0]
            placed[needed] = placed.get(arg.key, arg) if type(arg) is TaskRef else arg

        def resolved(arg: Any) -> Any:
            return placed.get(arg.key, arg) if type(arg) is TaskRef else arg

        kwargs = {name: resolved(value) for name, value in task.kwargs.items()} if task.kwargs else None
        return Task(task.func, tuple(map(resolved, task.args)), kwargs, task.annotations)
    numbers: dict[Key, int] = {needed: at for at, needed in enumerate(outer)}
    for needed, above in inner.items():
        numbers[needed] = emit_task(build, above, numbers, label=needed)
    result = emit_task(build, task, numbers, label=key)
    return Task(build.finish(result), tuple(map(TaskRef, outer)), None, task.annotations)


def inline_functions(
    graph: Mapping[Key, Task],
    output: Iterable[Key],
    fast_functions: Collection[Callable[..., Any]] = (),
    inline_constants: bool = False,
) -> dict[Key, Task]:
    """Return a graph in which calls of ``fast_functions`` are part of the tasks that use them.

    Outputs, and tasks that nobody uses, stay; what was inlined everywhere is left out. A nested task is fast if all its
    calls are.

    Raises
    ------
    KeyError, CycleError
        As ``inline`` does.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> from operator import add, neg
    >>> small = inline_functions(convert({"x": (neg, 1), "y": (add, "x", 10)}), ["y"], [neg])
    >>> list(small), small["y"]({})
    (['y'], 9)
    """
    fast = tuple(fast_functions)
    outputs = set(output)
    users = reverse_dependencies(graph)
    chosen = {key for key, task in graph.items() if key not in outputs and users[key] and _is_fast(task, fast)}
    inlined = inline(graph, chosen, inline_constants)
    # A chosen task stays if one of other annotations needs it.
    kept = cull(inlined, [key for key in graph if key not in chosen])
    return {key: task for key, task in inlined.items() if key in kept}


def _is_fast(task: Task, fast: tuple[Callable[..., Any], ...]) -> bool:
    """Whether all calls of a task, nested ones included, are of fast functions."""
    functions = [step.func for step in task.func.steps] if type(task.func) is Program else [task.func]
    calls = [func for func in functions if not any(func is plain for plain in PACKING)]
    return bool(calls) and all(any(func is candidate for candidate in fast) for func in calls)
