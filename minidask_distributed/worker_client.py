"""Clients inside of tasks: a task that submits tasks, waits for them, and doesn't hold a thread meanwhile.

Place in the flow: above client and worker, which don't know each other. `get_client` gives a task its worker's client, made
at the first call, with the worker's own credentials; all tasks of a worker share it. A task that waits for results (also by
`Future.result`, `wait` and the like) leaves its worker's slots meanwhile, so that what it waits for can run on this very thread's
place; `worker_client` does that for the whole of its block.

State: ``_own``: {worker: its client}, also for workers that share a process.

Invariants: a worker makes one client at most, and none where the process has a default client of the same scheduler; a
client isn't used after its worker was closed.

Not for: programs outside of tasks, which make a `Client`; but `get_client` returns the current one there.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from minidask_distributed import loops
from minidask_distributed.client.client import Client
from minidask_distributed.client.current import current_client, set_slot_leaver
from minidask_distributed.plugins import WorkerPlugin
from minidask_distributed.worker.context import get_worker, rejoin, running, secede

__all__ = ["get_client", "local_client", "worker_client"]

_PLUGIN = "client-of-tasks"
_USABLE = ("running", "connecting")  # the latter: it looks for the scheduler that it lost

_stays: ContextVar[bool] = ContextVar("minidask_stays_in_slot", default=False)
_lock = threading.Lock()
_own: weakref.WeakKeyDictionary[Any, Client] = weakref.WeakKeyDictionary()


def get_client(address: str | None = None, timeout: float | str | None = None, resolve_address: bool = True) -> Client:
    """Return, in a task, a client of its cluster; elsewhere the current client.

    Parameters
    ----------
    address : str, optional
        Of the scheduler, if another one than the task's is meant.
    timeout : float or str, optional
        Seconds for connecting. Default: the setting ``distributed.comm.timeouts.connect``.
    resolve_address
        Taken so that programs that pass it go on working: addresses are compared as they are.

    Returns
    -------
    Client
        The task mustn't close it. A coroutine task says ``await asyncio.to_thread(get_client)``, and awaits futures.

    Raises
    ------
    ValueError
        Outside of tasks, if there is no client and no address.
    TimeoutError, OSError
        If the scheduler can't be reached.
    RuntimeError
        In a coroutine task, if connecting would block the very loop that it needs.

    Examples
    --------
    >>> def task():
    ...     client = get_client()
    ...     return client.submit(pow, 2, 10).result()
    >>> client.submit(task).result()  # doctest: +SKIP
    1024
    """
    task = running.get()
    worker: Any = None if task is None else task.worker
    if worker is not None and address in (None, worker.scheduler_address):
        return _client_of(worker, timeout)
    if address is None:
        return current_client()
    try:
        client = current_client()
    except ValueError:
        # None at all: the address is enough to make one.
        client = None
    return client if client is not None and client.address == address else Client(address, timeout=timeout)


@contextmanager
def worker_client(timeout: float | str | None = None, separate_thread: bool = True) -> Generator[Client, None, None]:
    """Give a task a client of its cluster for a block, and leave the worker's slots meanwhile.

    Parameters
    ----------
    timeout : float or str, optional
        Seconds for connecting.
    separate_thread : bool
        Whether to leave the slots, so that another task runs in this one's place until the block ends. Say False only if
        the block doesn't wait for tasks.

    Raises
    ------
    ValueError
        Outside of tasks.
    TimeoutError, OSError
        If the scheduler can't be reached.

    Examples
    --------
    >>> def total(n):
    ...     with worker_client() as client:
    ...         return sum(client.gather(client.map(abs, range(n))))
    >>> client.submit(total, 10).result()  # doctest: +SKIP
    45
    """
    client = _client_of(get_worker(), timeout)
    with _out_of_slot() if separate_thread else _in_slot():
        yield client


local_client = worker_client
"""An older name."""


@contextmanager
def _in_slot() -> Generator[None, None, None]:
    """Keep the slot through the waits of this block."""
    token = _stays.set(True)
    try:
        yield
    finally:
        _stays.reset(token)


@contextmanager
def _out_of_slot() -> Generator[None, None, None]:
    """Leave the slot of the task that runs this block, if it has one, for the block's length."""
    task = running.get()
    if task is None or task.seceded or _stays.get():
        yield
        return
    secede()
    try:
        yield
    except TimeoutError:
        # It wants to wait no longer, not for its slot either, which may be taken for hours.
        raise
    except BaseException:
        rejoin()
        raise
    rejoin()


# A task's computations and futures come here for their client, so this is loaded before they wait for anything.
set_slot_leaver(_out_of_slot)


def _client_of(worker: Any, timeout: float | str | None) -> Client:
    with _lock:
        client = _own.get(worker)
        if client is None or client.status not in _USABLE:
            client = _of_this_process(worker.scheduler_address)
            if client is None:
                client = _made(worker, timeout)
                asyncio.run_coroutine_threadsafe(worker.add_plugin(_PLUGIN, _Closing(client)), worker.loop)
            _own[worker] = client
        return client


def _made(worker: Any, timeout: float | str | None) -> Client:
    thread = loops.acquire()
    try:
        if thread.is_current:
            raise RuntimeError(
                "connecting here would stop the event loop that it needs: in a coroutine task, say "
                "`client = await asyncio.to_thread(get_client)`"
            )
        name = f"client of {worker.name}"
        client = Client(
            worker.scheduler_address, security=worker.security, timeout=timeout, name=name, set_as_default=False
        )
        # What tasks print and warn is for people, who see it on their own clients and in the workers' logs.
        for topic in ("print", "warn"):
            client.topics[topic].clear()
        return client
    finally:
        loops.release(thread)


class _Closing(WorkerPlugin):
    """Close a worker's client with the worker."""

    name = _PLUGIN

    def __init__(self, client: Client) -> None:
        self.client = client

    async def teardown(self, worker: Any) -> None:
        # Not on this thread: closing waits for the client's loop, which may be the worker's.
        await asyncio.to_thread(self.client.close)


def _of_this_process(address: str) -> Client | None:
    """Return the current client if it has the same scheduler."""
    try:
        client = current_client()
    except ValueError:
        # Worker processes have none.
        return None
    return client if client.address == address and client.status in _USABLE else None
