"""Wait for many futures at once, find them in collections, and let work go on that nobody holds.

Place in the flow: functions for users over `future.Future`; a wait sleeps, in a thread or on a loop, until the callbacks
that it left with the futures' states wake it. No result is moved.

Invariants: a future is done once it is finished, failed, cancelled or lost; a result that is lost and computed again
while others are waited for is waited for, too. Nothing hangs on a future after the wait has ended.

Not for: one after another (`as_completed`), or values (`Client.gather`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from minidask.collection.protocol import is_dask_collection
from minidask.graph.task import Task
from minidask.units import parse_timedelta
from minidask_distributed.client.current import leaving_slot
from minidask_distributed.client.future import Future
from minidask_distributed.client.session import State
from minidask_distributed.client.settled import AllDone
from minidask_distributed.loops import wait_by

if TYPE_CHECKING:
    from minidask_distributed.client.client import Client

__all__ = ["DoneAndNotDoneFutures", "fire_and_forget", "futures_of", "wait"]

_GOING_WELL = {"pending", "finished"}
_CONDITIONS = (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION)


class DoneAndNotDoneFutures(NamedTuple):
    """What `wait` returns."""

    done: set[Future]
    not_done: set[Future]


def wait(fs: Any, timeout: float | str | None = None, return_when: str = ALL_COMPLETED) -> Any:
    """Wait until futures are done.

    Parameters
    ----------
    fs : future, collection, or nested containers of them
        All futures in it are waited for.
    timeout : float or str, optional
        Seconds, or a text such as ``"2 minutes"``.
    return_when : {"ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"}
        The last: as soon as one is done without a result, or else when all are done.

    Returns
    -------
    DoneAndNotDoneFutures
        A named tuple of two sets, ``done`` and ``not_done``; something to be awaited if the client is asynchronous.

    Raises
    ------
    TimeoutError
        If the time is over.
    CancelledError
        If some of them were cancelled.
    ValueError
        For another ``return_when``.
    TypeError
        If it is nothing that could hold futures.
    RuntimeError
        If this thread runs the event loop that brings the results.

    Examples
    --------
    >>> wait([])
    DoneAndNotDoneFutures(done=set(), not_done=set())

    >>> done, not_done = wait(client.map(inc, range(10)), return_when="FIRST_COMPLETED")  # doctest: +SKIP
    """
    if return_when not in _CONDITIONS:
        raise ValueError(f"return_when must be one of {', '.join(_CONDITIONS)}, got {return_when!r}")
    timeout_s = parse_timedelta(timeout)
    watch = Watch(given_futures("wait", fs), return_when)
    if any(future.client.asynchronous for future in watch.futures):
        return watch.wait_async(timeout_s)
    return watch.wait(timeout_s)


class Watch:
    """Futures, and what to wait for."""

    def __init__(self, futures: Iterable[Future], return_when: str) -> None:
        self.futures = set(futures)
        self.return_when = return_when

    def is_over(self) -> bool:
        """Whether what was to be waited for is so."""
        statuses = {future.status for future in self.futures}
        if self.return_when == FIRST_COMPLETED:
            return not statuses or statuses != {"pending"}
        return "pending" not in statuses or (self.return_when == FIRST_EXCEPTION and not statuses <= _GOING_WELL)

    def outcome(self) -> DoneAndNotDoneFutures:
        cancelled = [future.key for future in self.futures if future.status == "cancelled"]
        if cancelled:
            shown = ", ".join(map(repr, cancelled[:5])) + (", ..." if len(cancelled) > 5 else "")
            raise CancelledError(f"{len(cancelled)} of these futures were cancelled: {shown}")
        done = {future for future in self.futures if future.status != "pending"}
        return DoneAndNotDoneFutures(done, self.futures - done)

    def wait(self, timeout_s: float | None) -> DoneAndNotDoneFutures:
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while not self.is_over():
            _check_may_block(self.futures)
            woken = threading.Event()
            # What a task waits for may need its place.
            with leaving_slot(), self._waking(woken.set):
                if not wait_by(woken.wait, None if end is None else end - time.monotonic()) and not self.is_over():
                    raise self._late(timeout_s)
        return self.outcome()

    async def wait_async(self, timeout_s: float | None) -> DoneAndNotDoneFutures:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                while not self.is_over():
                    woken = asyncio.Event()
                    with self._waking(lambda: loop.call_soon_threadsafe(woken.set)):
                        await woken.wait()
        except TimeoutError:
            raise self._late(timeout_s) from None
        return self.outcome()

    @contextmanager
    def _waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Within a block, have ``wake()`` called when it may be over; it may be called again."""
        pending: dict[Client, list[State]] = {}
        for future in self.futures:
            if future.status == "pending":
                pending.setdefault(future.client, []).append(future._state)
        if not pending:
            wake()
        for client in pending:
            client._flush()
        if self.return_when == FIRST_COMPLETED:
            states = [state for ours in pending.values() for state in ours]
            for state in states:
                state.add_waiter(wake)
            try:
                yield
            finally:
                for state in states:
                    state.remove_waiter(wake)
            return
        stop_early = self.return_when == FIRST_EXCEPTION
        walks = [AllDone(client._session, ours, wake, stop_early) for client, ours in pending.items()]
        for walk in walks:
            walk.start()
        try:
            yield
        finally:
            for walk in walks:
                walk.stop()

    def _late(self, timeout_s: float | None) -> TimeoutError:
        pending = sum(future.status == "pending" for future in self.futures)
        return TimeoutError(f"{pending} of {len(self.futures)} futures are not done after {timeout_s:g} s")


def _check_may_block(futures: Iterable[Future]) -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    if any(future.client.loop is loop for future in futures):
        raise RuntimeError("waiting here would stop the event loop that brings the results: await it instead")


def futures_of(o: Any, client: Any = None) -> list[Future]:
    """Return the futures in a collection, or in nested containers of futures and collections; each once.

    Parameters
    ----------
    o : object
        Lists, tuples, sets and the values of dicts are searched, and the graphs of collections.
    client : Client, optional
        If given, futures must not have been cancelled.

    Raises
    ------
    CancelledError
        If a client is given and futures were cancelled.

    Examples
    --------
    >>> futures_of([1, {"a": "text"}])
    []
    """
    found = list(dict.fromkeys(_search(o)))
    if client is not None:
        cancelled = [future.key for future in found if future.cancelled()]
        if cancelled:
            raise CancelledError(f"these futures were cancelled: {', '.join(map(repr, cancelled))}")
    return found


def given_futures(what: str, given: Any) -> list[Future]:
    """Return the futures in what a function was given, of which an iterator or view is read; ``what``: the function's name.

    Raises
    ------
    TypeError
        If it is nothing that could hold futures: passing it would do nothing, unnoticed.

    Examples
    --------
    >>> given_futures("wait", {}.values())
    []
    >>> given_futures("wait", "x-123")
    Traceback (most recent call last):
    ...
    TypeError: wait takes futures, persisted collections, or lists and the like of these, got str: 'x-123'
    """
    if not isinstance(given, Future | dict | Task) and not is_dask_collection(given):
        if isinstance(given, str | bytes) or not isinstance(given, Iterable):
            raise TypeError(
                f"{what} takes futures, persisted collections, or lists and the like of these, "
                f"got {type(given).__name__}: {given!r:.80}"
            )
        given = list(given)
    return futures_of(given)


def _search(o: Any) -> Iterator[Future]:
    stack = [o]
    while stack:
        item = stack.pop()
        if isinstance(item, Future):
            yield item
        elif isinstance(item, dict):
            stack.extend(reversed(item.values()))
        elif isinstance(item, list | tuple):
            stack.extend(reversed(item))
        elif isinstance(item, set | frozenset):
            stack.extend(item)
        elif isinstance(item, Task):
            if item.kwargs:
                stack.extend(item.kwargs.values())
            stack.extend(reversed(item.args))
        elif is_dask_collection(item):
            stack.extend(reversed(list(item.__dask_graph__().values())))


def fire_and_forget(obj: Any) -> None:
    """Have tasks run to their end whatever becomes of their futures and of the client.

    Parameters
    ----------
    obj : future, collection, or nested containers of them

    Raises
    ------
    TypeError
        If there is no future in it.
    """
    futures = futures_of(obj)
    if not futures:
        raise TypeError(f"fire_and_forget takes futures or persisted collections, got {type(obj).__name__} without any")
    for client in dict.fromkeys(future.client for future in futures):
        client._check_open()
        with client._lock:
            client._session.keep_until_done([future._state for future in futures if future.client is client])
        client._flush()
