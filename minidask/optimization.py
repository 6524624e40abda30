"""Rewrites of plain graphs, as the field's own optimisers of custom collections call them.

Place in the flow: beside ``graph_manipulation``; thin adapters over ``minidask.optimize`` that take graphs in any form and return
pairs, a graph and its dependencies. Code of this project calls ``minidask.optimize`` itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeAlias

from minidask.graph import Key, LayeredGraph, Task, convert, nested_keys
from minidask.optimize.cull import cull as cull_tasks
from minidask.optimize.fuse import FuseLimits
from minidask.optimize.fuse import fuse as fuse_tasks
from minidask.optimize.inline import inline as inline_tasks
from minidask.optimize.inline import inline_functions as inline_functions_of_tasks
from minidask.optimize.pipeline import configured_limits

Dependencies: TypeAlias = "dict[Key, set[Key]]"


def _tasks(dsk: Mapping[Any, Any]) -> dict[Key, Task]:
    return dsk.to_dict() if isinstance(dsk, LayeredGraph) else convert(dsk)


def _with_dependencies(tasks: dict[Key, Task]) -> tuple[dict[Key, Task], Dependencies]:
    return tasks, {key: set(task.dependencies) for key, task in tasks.items()}


def cull(dsk: Mapping[Any, Any], keys: Any) -> tuple[dict[Key, Task], Dependencies]:
    """Return the tasks that ``keys`` need, and their dependencies.

    Parameters
    ----------
    dsk : mapping
        ``{key: task}`` as users write it, tasks, or a ``LayeredGraph``.
    keys : key or nested lists of keys

    Raises
    ------
    KeyError
        If a key, or one that a task needs, is not in the graph.

    Examples
    --------
    >>> tasks, dependencies = cull({"x": 1, "y": (abs, "x"), "z": 3}, ["y"])
    >>> list(tasks), dependencies
    (['x', 'y'], {'x': set(), 'y': {'x'}})
    """
    return _with_dependencies(cull_tasks(_tasks(dsk), nested_keys(keys)))


def fuse(
    dsk: Mapping[Any, Any],
    keys: Any = None,
    dependencies: Any = None,
    ave_width: float | None = None,
    max_width: float | None = None,
    max_height: float | None = None,
) -> tuple[dict[Key, Task], Dependencies]:
    """Fuse chains of tasks, and wider groups within limits; return the tasks and their dependencies.

    Parameters
    ----------
    dsk : mapping
    keys : key or nested lists of keys, optional
        Outputs, which keep their tasks. Default: the tasks that no other one needs.
    dependencies : optional
        Taken and ignored: tasks know their own.
    ave_width, max_width, max_height : float, optional
        See ``minidask.optimize.FuseLimits``; default: the settings ``optimization.fuse``.

    Examples
    --------
    >>> tasks, _ = fuse({"x": -1, "y": (abs, "x"), "z": (str, "y")})
    >>> list(tasks)
    ['z']
    """
    settings = configured_limits(True) or FuseLimits()
    limits = FuseLimits(
        settings.ave_width if ave_width is None else ave_width,
        settings.max_width if max_width is None else max_width,
        settings.max_height if max_height is None else max_height,
    )
    tasks = _tasks(dsk)
    return _with_dependencies(fuse_tasks(tasks, [] if keys is None else nested_keys(keys), limits))


def inline(
    dsk: Mapping[Any, Any], keys: Iterable[Key] | None = None, inline_constants: bool = True, dependencies: Any = None
) -> dict[Key, Task]:
    """Repeat the tasks ``keys``, and constants, inside those that use them (see ``minidask.optimize.inline``).

    Examples
    --------
    >>> inline({"x": 1, "y": (abs, "x")})["y"].dependencies
    ()
    """
    return inline_tasks(_tasks(dsk), keys or (), inline_constants)


def inline_functions(
    dsk: Mapping[Any, Any],
    output: Any,
    fast_functions: Collection[Callable[..., Any]] = (),
    inline_constants: bool = False,
    dependencies: Any = None,
) -> dict[Key, Task]:
    """Repeat calls of ``fast_functions`` inside the tasks that use them (see ``minidask.optimize.inline_functions``).

    Examples
    --------
    >>> list(inline_functions({"x": (abs, -1), "y": (str, "x")}, ["y"], [abs]))
    ['y']
    """
    return inline_functions_of_tasks(_tasks(dsk), nested_keys(output), fast_functions, inline_constants)


__all__ = ["cull", "fuse", "inline", "inline_functions"]
