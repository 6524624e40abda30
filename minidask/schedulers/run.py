"""What every local runner does around its loop: read the graph, make the state, call the callbacks, nest the results.

``run(graph, keys, drive)`` is the frame; ``drive(state, watch)`` is a runner's own loop: it pops and runs tasks until
the state is done, and reports each through ``watch`` (None when there are no callbacks, so that nobody pays for them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from minidask.graph.convert import check_key, convert, nested_keys
from minidask.graph.layered import LayeredGraph
from minidask.graph.task import Key, Task
from minidask.schedulers.callbacks import ActiveCallbacks, active_callbacks
from minidask.schedulers.state import State, StateView


class Watch:
    """Pass events of one computation to the callbacks; calls must not overlap (runners hold their lock)."""

    def __init__(self, callbacks: ActiveCallbacks, graph: Mapping[Key, Task], state: State, view: StateView) -> None:
        self.callbacks = callbacks
        self.graph = graph
        self.state = state
        self.view = view

    def before(self, at: int) -> None:
        """Tell that a task is about to run."""
        for hook in self.callbacks.pretask:
            hook(self.state.keys[at], self.graph, self.view)

    def after(self, at: int, value: Any, worker: Any) -> None:
        """Tell that a task has run, and where."""
        for hook in self.callbacks.posttask:
            hook(self.state.keys[at], value, self.graph, self.view, worker)


Drive = Callable[[State, "Watch | None"], None]


def read_graph(graph: Mapping[Any, Any], keys: list[Key]) -> Mapping[Key, Task]:
    """Return ``{key: Task}`` for a graph in any form; of a layered one just what ``keys`` need.

    Raises
    ------
    TypeError
        If the graph is no mapping or a key can't be one.
    """
    if isinstance(graph, LayeredGraph):
        return graph.lower(keys)
    return convert(graph)


def make_state(tasks: Mapping[Key, Task], outputs: list[Key]) -> State:
    """Return the state for ``outputs``; raise as ``State`` does, or TypeError or ValueError for outputs that can't be keys."""
    try:
        return State(tasks, outputs)
    except (KeyError, TypeError):
        # Looked at only now: in a graph of many outputs it would cost more than it is worth.
        for key in outputs:
            check_key(key)
        raise


def run(graph: Mapping[Any, Any], keys: Any, drive: Drive) -> Any:
    """Run what ``keys`` need and return their results.

    Parameters
    ----------
    graph : mapping
    keys : key or nested lists of keys
    drive : callable
        The runner's loop.

    Returns
    -------
    A result, or tuples nested as the lists of keys are.

    Raises
    ------
    KeyError, CycleError, TypeError
        For graphs that can't be run; and whatever a task raises.
    """
    outputs = list(nested_keys(keys))
    callbacks = active_callbacks()
    if not callbacks:
        state = make_state(read_graph(graph, outputs), outputs)
        drive(state, None)
        return nest(keys, state.cache)
    view: StateView | None = None
    errored = True
    tasks: Mapping[Key, Task] = graph
    try:
        tasks = read_graph(graph, outputs)
        for hook in callbacks.start:
            hook(tasks)
        state = make_state(tasks, outputs)
        view = StateView(state)
        for hook in callbacks.start_state:
            hook(tasks, view)
        drive(state, Watch(callbacks, tasks, state, view))
        errored = False
    finally:
        callbacks.finish_all(tasks, view, errored)
    return nest(keys, state.cache)


def nest(keys: Any, results: Mapping[Key, Any]) -> Any:
    """Return the results of nested lists of keys in tuples nested alike.

    Examples
    --------
    >>> nest(["x", ["y", "x"]], {"x": 1, "y": 2})
    (1, (2, 1))
    """
    if not isinstance(keys, list):
        return results[keys]
    # frames: (keys that are left, their results so far), from the outermost list inwards; keys may be nested at any depth.
    frames: list[tuple[Iterator[Any], list[Any]]] = [(iter(keys), [])]
    while True:
        left, found = frames[-1]
        for key in left:
            if isinstance(key, list):
                frames.append((iter(key), []))
                break
            found.append(results[key])
        else:
            frames.pop()
            if not frames:
                return tuple(found)
            frames[-1][1].append(tuple(found))
