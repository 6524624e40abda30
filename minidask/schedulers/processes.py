"""The multiprocessing scheduler: tasks run in a pool of child processes, for pure Python code that holds the GIL.

The graph is culled and chains of it are fused first, since every result that crosses a process border is pickled. The pool is
made for the computation and is gone after it, also after Ctrl-C and errors: children are then killed, not waited for.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from typing import Any

from minidask import config
from minidask.graph.convert import nested_keys
from minidask.optimize.fuse import FuseLimits
from minidask.optimize.pipeline import finish
from minidask.schedulers.executor import check_chunksize, drive
from minidask.schedulers.run import Watch, run
from minidask.schedulers.state import State
from minidask.schedulers.threads import _pool_size, check_num_workers, cpu_count
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
        Called without arguments once in each process of an own pool. Default: the setting ``multiprocessing.initializer``.
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
        If a child process dies.
    Exception
        Whatever a task raises, with a note that names the task and holds the child's traceback.

    Examples
    --------
    >>> from operator import add
    >>> get({"x": 1, "y": (add, "x", 10)}, "y", num_workers=1)
    11
    """
    if multiprocessing.parent_process() is not None and getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError(
            "a computation with scheduler='processes' was started while a child process was importing your script. "
            "Put the code that computes under `if __name__ == '__main__':`."
        )
    if pool is None:
        pool = config.get("pool", None)
    if num_workers is None:
        num_workers = config.get("num_workers", None)
    if num_workers is None:
        num_workers = _pool_size(pool) or cpu_count()
    check_num_workers(num_workers)
    if chunksize is None:
        chunksize = config.get("chunksize", None)
    size = CHUNKSIZE if chunksize is None else check_chunksize(chunksize)
    large_bytes = parse_bytes(config.get("optimization.graph-warning-size", "10 MiB"))
    outputs = list(nested_keys(keys))
    tasks = finish(dsk, outputs, FuseLimits() if optimize_graph else None)
    if pool is not None:
        if not isinstance(pool, Executor):
            raise TypeError(f"pool must be an executor of concurrent.futures, got {type(pool).__name__}")
        submit = pool.submit
        return run(tasks, keys, lambda state, watch: drive(state, watch, submit, num_workers, size, True, large_bytes))
    if initializer is None:
        initializer = config.get("multiprocessing.initializer", None)
    context = config.get("multiprocessing.context", "spawn")
    setup = partial(_start, initializer)
    return run(tasks, keys, partial(_drive_own_pool, num_workers, size, context, setup, large_bytes))


def _drive_own_pool(
    num_workers: int,
    chunksize: int,
    context: str,
    setup: Callable[[], None],
    large_bytes: int,
    state: State,
    watch: Watch | None,
) -> None:
    workers = max(1, min(num_workers, len(state.keys)))
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(context), initializer=setup)
    finished = False
    try:
        drive(state, watch, pool.submit, workers, chunksize, True, large_bytes)
        finished = True
    finally:
        if not finished:
            # Tasks that run on are of no use to anyone: don't wait for them.
            for child in list((pool._processes or {}).values()):
                child.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def _start(initializer: Callable[[], Any] | None) -> None:
    """Prepare a child process."""
    # One thread each for BLAS and the like: the processes already fill the processors.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    if initializer is not None:
        initializer()
