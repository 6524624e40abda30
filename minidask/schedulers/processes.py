"""The multiprocessing scheduler: tasks run in a pool of child processes, for pure Python code that holds the GIL.

The graph is culled and chains of it are fused first, since every result that crosses a process border is pickled. Children
(``children``) are made for the computation and are gone after it, also after Ctrl-C and errors: they are then killed, not
waited for. Starting them is the price, 0.1-0.15 s a computation and what the script itself imports; who computes often brings
a pool (``pool=``) that lives longer.

The settings of the caller are those of its children too, but for ``scheduler`` and ``pool``: computations inside tasks
run in threads, and share the processors among the children.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

from minidask import config
from minidask.graph.convert import nested_keys
from minidask.optimize.pipeline import configured_limits, finish
from minidask.schedulers.batches import drive, warn_if_large
from minidask.schedulers.children import Children
from minidask.schedulers.executor import drive_on
from minidask.schedulers.run import Watch, run
from minidask.schedulers.state import State
from minidask.schedulers.workers import check_chunksize, check_process_pool, cpu_count, is_thread_pool, worker_count
from minidask.units import parse_bytes

# One batch's pickling and hand-off cost about as much as 6 trivial tasks do (as the field's default).
CHUNKSIZE = 6


def get(
    dsk: Mapping[Any, Any],
    keys: Any,
    *,
    num_workers: int | None = None,
    pool: Executor | None = None,
    chunksize: int | None = None,
    optimize_graph: bool = True,
    initializer: Callable[[], Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Run a graph in child processes.

    Parameters
    ----------
    dsk : mapping
        ``{key: task}`` as users write it, tasks, or a ``LayeredGraph``.
    keys : key or nested lists of keys
    num_workers : int, optional
        Processes, at least 1. Default: the setting ``num_workers``, otherwise the processors that this process may use.
    pool : concurrent.futures.Executor, optional
        Use this one and don't shut it down. Default: the setting ``pool``, otherwise a pool of the computation's own.
    chunksize : int, optional
        Tasks that are sent at a time, at least 1. Default: the setting ``chunksize``, otherwise 6.
    optimize_graph : bool
        Whether to fuse chains of tasks first.
    initializer : callable, optional
        Called without arguments once in each process of an own pool. Default: the setting
        ``multiprocessing.initializer``.
    **kwargs
        Taken and ignored, so that schedulers can be exchanged.

    Returns
    -------
    The result of the key, or tuples nested as ``keys``.

    Raises
    ------
    KeyError, CycleError
        For graphs that can't be run.
    TypeError
        If a function, an argument or a result can't be pickled; the message names the task.
    BrokenWorkerError
        If a child process dies or can't start.
    RuntimeError
        If a script that is being imported by a child, or one that isn't a file, calls this.
    Exception
        Whatever a task raises, with a note that names the task and holds the child's traceback.

    Examples
    --------
    >>> from operator import add
    >>> get({"x": 1, "y": (add, "x", 10)}, "y", num_workers=1)
    11
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError(
            "a computation with scheduler='processes' was started while a child process was importing your script. "
            "Put the code that computes under `if __name__ == '__main__':`."
        )
    if pool is None:
        pool = config.get("pool", None)
        # A setting for the threaded scheduler, which nested computations of a program may well use besides.
        if is_thread_pool(pool):
            pool = None
    elif is_thread_pool(pool):
        raise TypeError(
            f"pool must run its work in other processes, and a {type(pool).__name__} runs it in threads here: use "
            "scheduler='threads' with it"
        )
    if pool is not None:
        check_process_pool(pool)
    elif multiprocessing.current_process().daemon:
        raise RuntimeError(
            "scheduler='processes' can't start child processes here: this is a daemonic process, such as a "
            "multiprocessing.Pool makes. Use scheduler='threads', or a concurrent.futures.ProcessPoolExecutor around this."
        )
    count = worker_count(num_workers, pool)
    if chunksize is None:
        chunksize = config.get("chunksize", None)
    size = CHUNKSIZE if chunksize is None else check_chunksize(chunksize)
    if initializer is None:
        initializer = config.get("multiprocessing.initializer", None)
    if initializer is not None and not callable(initializer):
        raise TypeError(f"initializer must be callable without arguments, got {type(initializer).__name__}")
    method = config.get("multiprocessing.context", "spawn")
    limit_bytes = parse_bytes(config.get("optimization.graph-warning-size", "10 MiB"))
    tasks = finish(dsk, list(nested_keys(keys)), configured_limits(True) if optimize_graph else None)

    def drive_children(state: State, watch: Watch | None) -> None:
        warn_if_large(state, limit_bytes)
        limit = min(count, len(state.keys))
        with Children(limit, method, _environment(limit), initializer, state) as children:
            drive(state, watch, children, size)

    def drive_pool(state: State, watch: Watch | None) -> None:
        assert pool is not None
        drive_on(pool, state, watch, count, size, limit_bytes)

    return run(tasks, keys, drive_children if pool is None else drive_pool)


def _environment(count: int) -> dict[str, str]:
    """Return the environment variables of ``count`` children: this process's, with the settings of the calling context."""
    share = config.get("num_workers", None) or max(1, cpu_count() // max(1, count))
    with config.set(scheduler=None, pool=None, num_workers=share):
        return config.child_environment()
