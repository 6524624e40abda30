"""How many workers a local scheduler uses, and whose: the arguments ``num_workers``, ``chunksize`` and ``pool``, judged
once.

Place in the flow: read by ``threads``, ``executor`` and ``processes`` before anything runs, so that a wrong value is
an error at once. Pools are told apart by the names of their classes: importing ``multiprocessing.pool`` to ask would
cost more than this module.

Not for: running anything.
"""

from __future__ import annotations

import operator
import os
import threading
from concurrent.futures import Executor
from typing import Any

from minidask import config


def worker_count(num_workers: Any, pool: Any = None, read_config: bool = True) -> int:
    """Return how many workers to use.

    Parameters
    ----------
    num_workers : int or None
        What the user asked for. None: the setting ``num_workers``, otherwise the size of ``pool``, otherwise
        ``cpu_count()``.
    pool : object, optional
    read_config : bool
        Whether the setting counts.

    Raises
    ------
    TypeError
        If ``num_workers`` is no integer.
    ValueError
        If it is less than 1.

    Examples
    --------
    >>> worker_count(3)
    3
    >>> worker_count(0)
    Traceback (most recent call last):
    ...
    ValueError: num_workers must be at least 1, got 0
    """
    if num_workers is None and read_config:
        num_workers = config.get("num_workers", None)
    if num_workers is None:
        return pool_size(pool) or cpu_count()
    return _at_least_one("num_workers", num_workers)


def check_chunksize(chunksize: Any) -> int:
    """Return ``chunksize`` (tasks a batch) as an int; raise TypeError or ValueError unless it is an integer of at least
    1.

    Examples
    --------
    >>> check_chunksize(6)
    6
    """
    return _at_least_one("chunksize", chunksize)


def _at_least_one(name: str, value: Any) -> int:
    # True is an integer to Python; here it is surely a mistake.
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}: {value!r:.80}")
    number = operator.index(value)
    if number < 1:
        raise ValueError(f"{name} must be at least 1, got {number}")
    return number


def cpu_count() -> int:
    """Return how many processors this process may use (affinity respected).

    Examples
    --------
    >>> cpu_count() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def pool_size(pool: Any) -> int | None:
    """Return the number of workers of a pool, None if it doesn't tell.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(3) as pool:
    ...     pool_size(pool)
    3
    """
    for name in ("_max_workers", "_processes"):  # of concurrent.futures, of multiprocessing.pool
        size = getattr(pool, name, None)
        if isinstance(size, int):
            return size
    return None


def is_thread_pool(pool: Any) -> bool:
    """Say whether a pool is known to run its work in threads of this process.

    Examples
    --------
    >>> from multiprocessing.pool import ThreadPool
    >>> with ThreadPool(1) as pool:
    ...     is_thread_pool(pool)
    True
    """
    return bool(_class_names(pool) & {"ThreadPoolExecutor", "ThreadPool"})


def is_process_pool(pool: Any) -> bool:
    """Say whether a pool is known to run its work in other processes."""
    names = _class_names(pool)
    return "ProcessPoolExecutor" in names or ("Pool" in names and "ThreadPool" not in names)


def is_member(pool: Any) -> bool:
    """Say whether the calling thread is one of a pool's own, which would wait for itself if it waited for the pool.

    Examples
    --------
    >>> from multiprocessing.pool import ThreadPool
    >>> with ThreadPool(1) as pool:
    ...     is_member(pool), pool.apply(is_member, (pool,))
    (False, True)
    """
    threads = getattr(pool, "_threads", None) or getattr(pool, "_pool", None)  # as above
    return isinstance(threads, set | list) and threading.current_thread() in list(threads)


def check_thread_pool(pool: Any) -> None:
    """Raise TypeError unless ``pool`` is an executor or ThreadPool whose workers can share this process's memory."""
    if is_process_pool(pool):
        raise TypeError(
            f"pool must run its work in threads here, and a {type(pool).__name__} runs it in other processes: "
            "use scheduler='processes' with it"
        )
    if not isinstance(pool, Executor) and not is_thread_pool(pool):
        raise TypeError(
            f"pool must be an executor of concurrent.futures or a multiprocessing.pool.ThreadPool, got {type(pool).__name__}"
        )


def check_process_pool(pool: Any) -> None:
    """Raise TypeError unless ``pool`` is an executor."""
    if isinstance(pool, Executor):
        return
    why = ""
    if is_process_pool(pool):
        why = " (which never tells when one of its processes has died)"
    raise TypeError(
        f"pool must be an executor of concurrent.futures, got {type(pool).__name__}{why}: "
        "use concurrent.futures.ProcessPoolExecutor"
    )


def _class_names(pool: Any) -> set[str]:
    return {cls.__name__ for cls in type(pool).__mro__}
