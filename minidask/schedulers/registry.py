"""Who runs a computation: names of the local schedulers, executors, and the runner that a cluster's client registers.

The order of precedence: the keyword ``scheduler=``, the setting ``scheduler``, the runner of the innermost `use_runner`
block, the one that a task is given (`set_runner_of_tasks`), the runner registered last (a ``Client``), the collection's own
default. ``minidask`` never imports ``minidask_distributed``: a client comes here by ``register_runner``.
"""

from __future__ import annotations

import contextlib
import difflib
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextvars import ContextVar
from functools import partial
from typing import Any

from minidask import config
from minidask.schedulers import executor, processes, sync, threads

Get = Callable[..., Any]

NAMED: dict[str, Get] = {
    "sync": sync.get,
    "synchronous": sync.get,
    "single-threaded": sync.get,
    "threads": threads.get,
    "threading": threads.get,
    "processes": processes.get,
    "multiprocessing": processes.get,
}

_lock = threading.Lock()
# The runners that were registered and not withdrawn, the current one last.
_runners: list[Get] = []
_innermost: ContextVar[Get | None] = ContextVar("innermost runner", default=None)
_lowering: ContextVar[Get | None] = ContextVar("who runs the graph that is lowered", default=None)
_of_tasks: Callable[[], Get | None] = lambda: None


def register_runner(get: Get) -> None:
    """Make ``get`` (as ``client.get``) what runs every computation that doesn't ask for another scheduler.

    Raises TypeError if ``get`` isn't callable.
    """
    if not callable(get):
        raise TypeError(f"a runner must be a get function, got {type(get).__name__}")
    with _lock:
        _runners.append(get)


def unregister_runner(get: Get) -> None:
    """Withdraw a runner; the one registered before it becomes current. One that isn't registered is ignored."""
    with _lock:
        for at in reversed(range(len(_runners))):
            if _runners[at] == get:
                del _runners[at]
                return


@contextlib.contextmanager
def use_runner(get: Get) -> Iterator[None]:
    """Make ``get`` what runs computations within a block, for this thread or coroutine alone."""
    token = _innermost.set(get)
    try:
        yield
    finally:
        # A generator may be entered in one context and left in another, where there is nothing to undo.
        with contextlib.suppress(ValueError):
            _innermost.reset(token)


@contextlib.contextmanager
def lowering_for(get: Get) -> Iterator[None]:
    """Let layers that are lowered within a block know that ``get`` is to run their tasks; computations do this themselves.

    Examples
    --------
    >>> with lowering_for(sync.get):
    ...     lowered_for() is sync.get
    True
    >>> lowered_for() is None
    True
    """
    token = _lowering.set(get)
    try:
        yield
    finally:
        # A generator may be entered in one context and left in another, where there is nothing to undo.
        with contextlib.suppress(ValueError):
            _lowering.reset(token)


def lowered_for() -> Get | None:
    """Return who is to run the graph that is being lowered here; None where nobody has said."""
    return _lowering.get()


def set_runner_of_tasks(find: Callable[[], Get | None]) -> Callable[[], Get | None]:
    """Say how code in a cluster's task finds its runner; return what did so before.

    Parameters
    ----------
    find : callable
        Returns the runner of the task that calls; None outside of tasks.
    """
    global _of_tasks
    before, _of_tasks = _of_tasks, find
    return before


def current_runner() -> Get | None:
    """Return the innermost block's runner, else the task's that calls, else the one registered last; None without any."""
    found = _innermost.get() or _of_tasks()
    if found is not None:
        return found
    return _runners[-1] if _runners else None


def named_scheduler(scheduler: Any) -> Get:
    """Return the ``get`` function for a name, an executor, or a ``get`` function.

    Raises
    ------
    ValueError
        For an unknown name.
    TypeError
        For anything else.

    Examples
    --------
    >>> named_scheduler("sync").__module__
    'minidask.schedulers.sync'
    """
    if isinstance(scheduler, str):
        if scheduler.lower() in NAMED:
            return NAMED[scheduler.lower()]
        if scheduler.lower() in ("distributed", "client", "minidask.distributed"):
            runner = current_runner()
            if runner is not None:
                return runner
            raise RuntimeError("scheduler='distributed' was asked for, but there is no Client: make one first")
        known = ", ".join(map(repr, NAMED))
        near = difflib.get_close_matches(scheduler.lower(), [*NAMED, "distributed"], n=1)
        hint = f"did you mean {near[0]!r}? Else " if near else ""
        raise ValueError(f"unknown scheduler {scheduler!r}; {hint}choose one of {known}, a get function or an Executor")
    if isinstance(scheduler, Executor):
        return partial(executor.get, executor=scheduler)
    get = getattr(scheduler, "get", None)
    if get is not None and hasattr(scheduler, "submit"):  # a Client
        return get
    if callable(scheduler) and not isinstance(scheduler, type):
        return scheduler
    raise TypeError(f"scheduler must be a name, a get function or an Executor, got {type(scheduler).__name__}")


def get_scheduler(
    get: Get | None = None,
    scheduler: Any = None,
    collections: Iterable[Any] = (),
    default: Get | None = None,
) -> Get:
    """Return the function that is to run a computation, ``get(graph, keys, **kwargs)``.

    Parameters
    ----------
    get : callable, optional
        The function itself.
    scheduler : str, callable or Executor, optional
        Asked for by the user.
    collections : iterable of collections
        Their ``__dask_scheduler__`` counts where nothing else was said.
    default : callable, optional
        Where even they say nothing; otherwise threads.

    Raises
    ------
    ValueError
        If the name is unknown, or the collections have different defaults.
    TypeError
        If ``scheduler`` is none of these.

    Examples
    --------
    >>> get_scheduler(scheduler="threads").__module__
    'minidask.schedulers.threads'
    """
    if get is not None:
        if not callable(get):
            raise TypeError(f"get must be a get function, got {type(get).__name__}; names go into scheduler=")
        return get
    if scheduler is None:
        scheduler = config.get("scheduler", None)
    if scheduler is not None:
        return named_scheduler(scheduler)
    runner = current_runner()
    if runner is not None:
        return runner
    defaults: list[Get] = []
    for collection in collections:
        own = getattr(collection, "__dask_scheduler__", None)
        if own is not None and own not in defaults:
            defaults.append(own)
    if len(defaults) > 1:
        raise ValueError(
            "these collections are run by different schedulers by default; say which one with scheduler=, "
            "for instance compute(..., scheduler='threads')"
        )
    return defaults[0] if defaults else (default or threads.get)
