"""The synchronous scheduler: one task after another in the calling thread, in order. For debugging, and for tiny graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minidask.schedulers.failure import blame
from minidask.schedulers.run import Watch, run
from minidask.schedulers.state import State


def get(dsk: Mapping[Any, Any], keys: Any, **kwargs: Any) -> Any:
    """Run a graph in this thread.

    Parameters
    ----------
    dsk : mapping
        ``{key: task}`` as users write it, tasks, or a ``LayeredGraph``.
    keys : key or nested lists of keys
    **kwargs
        Taken and ignored, so that schedulers can be exchanged.

    Returns
    -------
    The result of the key, or tuples nested as ``keys``.

    Raises
    ------
    KeyError, CycleError, TypeError
        For graphs that can't be run; and whatever a task raises, with a note that names the task.

    Examples
    --------
    >>> from operator import add
    >>> get({"x": 1, "y": (add, "x", 10)}, ["x", ["y"]])
    (1, (11,))
    """
    return run(dsk, keys, drive)


def drive(state: State, watch: Watch | None) -> None:
    """Run all tasks of a state, see ``minidask.schedulers.run``."""
    pop, finish, tasks, cache = state.pop, state.finish, state.tasks, state.cache
    while state.ready:
        at = pop()
        if watch is not None:
            watch.before(at)
        try:
            value = tasks[at](cache)
        except BaseException as error:
            raise blame(error, state.keys[at], tasks[at])  # noqa: B904 - it is the same error
        finish(at, value)
        if watch is not None:
            watch.after(at, value, "MainThread")
        del value
