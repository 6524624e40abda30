"""Repeat cheap tasks inside the tasks that use them, where that costs less than a result to be kept and passed on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from minidask.graph.convert import emit_task
from minidask.graph.program import ProgramBuilder
from minidask.graph.task import Key, Task, TaskRef
from minidask.graph.traverse import reverse_dependencies, toposort


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
        If one of ``keys`` is not in the graph.

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
            raise KeyError(f"the key {key!r} can't be inlined: it is not in the graph")
    if inline_constants:
        chosen |= {key for key, task in graph.items() if task.is_literal or task.is_alias}
    out = dict(graph)
    for key in toposort(graph):
        task = graph[key]
        inner = [
            needed
            for needed in task.dependencies
            if needed in chosen and (graph[needed].annotations or {}) == (task.annotations or {})
        ]
        if inner:
            out[key] = _merge(task, {needed: out[needed] for needed in inner})
    return out


def _merge(task: Task, inner: Mapping[Key, Task]) -> Task:
    """Return ``task`` with the tasks ``inner`` (which are complete already) run inside it."""
    if all(above.is_literal or above.is_alias for above in inner.values()):
        # No call to make: put the value, or the reference, in place.
        def placed(arg: Any) -> Any:
            return inner[arg.key].args[0] if type(arg) is TaskRef and arg.key in inner else arg

        kwargs = {name: placed(value) for name, value in task.kwargs.items()} if task.kwargs else None
        return Task(task.func, tuple(map(placed, task.args)), kwargs, task.annotations)
    outer = dict.fromkeys(n for above in (*inner.values(), task) for n in above.dependencies if n not in inner)
    build = ProgramBuilder(len(outer))
    values: dict[Key, int] = {needed: at for at, needed in enumerate(outer)}
    for key, above in inner.items():
        values[key] = emit_task(build, above, values, label=key)
    return Task(build.finish(emit_task(build, task, values)), tuple(map(TaskRef, outer)), None, task.annotations)


def inline_functions(
    graph: Mapping[Key, Task],
    output: Iterable[Key],
    fast_functions: Collection[Callable[..., Any]] = (),
    inline_constants: bool = False,
) -> dict[Key, Task]:
    """Return a graph in which calls of ``fast_functions`` are part of the tasks that use them.

    Outputs, and tasks that nobody uses, stay as they are; what was inlined everywhere is left out.

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
    chosen = [
        key
        for key, task in graph.items()
        if key not in outputs and users[key] and any(task.func is func or task.func == func for func in fast)
    ]
    inlined = inline(graph, chosen, inline_constants)
    still_used = {needed for key, task in inlined.items() for needed in task.dependencies if key not in chosen}
    # A chosen task may be needed by another one that stays because of its annotations.
    pending = list(still_used)
    while pending:
        for needed in inlined[pending.pop()].dependencies:
            if needed not in still_used:
                still_used.add(needed)
                pending.append(needed)
    gone = set(chosen) - still_used
    return {key: task for key, task in inlined.items() if key not in gone}
