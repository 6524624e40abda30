"""Futures in the order in which they are done.

Place in the flow: a user's loop over futures. Each future's state calls back once it is done; the futures, and whoever
waits for the next one (a thread, or a coroutine on any loop), meet here under one lock.

State: ``_pending`` counts the futures that were added and aren't done; ``_ready`` holds those that are done and weren't
handed out, oldest first; ``_fetched`` those whose results were fetched with the ones before. Invariants: a future comes
out exactly as often as it was added; nobody waits while one is ready; one that failed, was cancelled or is lost is
done, too.

Not for: all of them or the first (`waiting.wait`), or values alone (`Client.gather`).
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from typing import Any

from minidask.units import parse_timedelta
from minidask_distributed.client.current import leaving_slot
from minidask_distributed.client.future import Future
from minidask_distributed.client.outcomes import Raised, outcomes, outcomes_async
from minidask_distributed.loops import wait_by

__all__ = ["as_completed"]


class as_completed:
    """Iterate over futures in the order in which they are done; more may be added meanwhile.

    Works with ``for`` and, also in coroutines, with ``async for``.

    Parameters
    ----------
    futures : iterable of Future, optional
        What to begin with.
    loop
        Not needed; taken so that programs that pass it go on working.
    with_results : bool
        Give pairs of a future and its result.
    raise_errors : bool
        With results: raise the exception of a future that failed. If False, the pair holds, in place of the result,
        ``(type, exception, traceback)``. One that was cancelled comes with its ``CancelledError`` in either case.
    timeout : float or str, optional
        Seconds from now, for all of them together.

    Raises
    ------
    TypeError
        If what is given is no future.
    TimeoutError
        While iterating, if no future is ready and the time is over.
    RuntimeError
        While iterating, if this thread would have to wait and is the one that runs the client's event loop.

    Examples
    --------
    >>> list(as_completed([]))
    []

    >>> for future in as_completed(client.map(inc, range(10))):  # doctest: +SKIP
    ...     print(future.result())
    """

    def __init__(
        self,
        futures: Iterable[Future] | None = None,
        loop: Any = None,
        with_results: bool = False,
        raise_errors: bool = True,
        *,
        timeout: float | str | None = None,
    ) -> None:
        self.with_results = with_results
        self.raise_errors = raise_errors
        self._timeout_s = parse_timedelta(timeout)
        self._end = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        self._lock = threading.Condition()
        self._pending = 0
        self._ready: deque[Future] = deque()
        self._held: dict[int, Future] = {}  # those that aren't done
        self._numbers = itertools.count()
        self._fetched: deque[tuple[Future, Any]] = deque()
        # Counts the calls of `clear`: what was added before one no longer counts when it is done.
        self._epoch = 0
        self._sleepers: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._loops: set[asyncio.AbstractEventLoop] = set()
        if futures is not None:
            self.update(futures)

    def __repr__(self) -> str:
        return f"<as_completed: waiting={self._pending} done={len(self._ready) + len(self._fetched)}>"

    def add(self, future: Future) -> None:
        """Add a future; one that is done already comes out with the next ones.

        Raises
        ------
        TypeError
            If it is no future.
        """
        self.update((future,))

    def update(self, futures: Iterable[Future]) -> None:
        """Add several futures; none is added if one of them is something else.

        Raises
        ------
        TypeError
            If one of them is no future.
        """
        if isinstance(futures, Future):
            raise TypeError("update() takes several futures; use add() for one")
        added = list(futures)
        for future in added:
            if not isinstance(future, Future):
                raise TypeError(f"as_completed takes futures, got a {type(future).__name__}: {future!r:.100}")
        with self._lock:
            self._pending += len(added)
            self._loops.update({future.client.loop for future in added})
            epoch = self._epoch
        for future in added:
            # Who drops this object drops the futures that nobody else holds: their states must not hold them.
            number = next(self._numbers)
            self._held[number] = future
            future._state.add_waiter(partial(_tell, weakref.ref(self), number, epoch))

    def clear(self) -> None:
        """Forget all futures that were added and haven't come out; new ones may be added."""
        with self._lock:
            self._epoch += 1
            self._pending = 0
            self._ready.clear()
            self._held.clear()
            self._fetched.clear()
            self._wake()

    def count(self) -> int:
        """Return how many futures are still to come out, ready or not."""
        with self._lock:
            return self._pending + len(self._ready) + len(self._fetched)

    def is_empty(self) -> bool:
        """Return whether nothing is to come any more."""
        return not self.count()

    def has_ready(self) -> bool:
        """Return whether one can be had without waiting."""
        with self._lock:
            return bool(self._ready or self._fetched)

    def next_batch(self, block: bool = True) -> list[Any]:
        """Return all that are ready, as iterating gives them.

        Parameters
        ----------
        block : bool
            Wait for the first one. If False, the list may be empty.

        Raises
        ------
        StopIteration
            If nothing is to come any more, and ``block``.
        TimeoutError, RuntimeError
            As iterating does; the exception of a future that failed if its turn has come, see ``raise_errors``.
        """
        if not block:
            futures = self._take()
        elif self._fetched:
            futures = []
        else:
            futures = self._wait()
        return self._pairs(futures, outcomes(futures)) if self.with_results else futures

    def batches(self) -> _Batches:
        """Iterate, with ``for`` or ``async for``, over lists of what has become ready meanwhile."""
        return _Batches(self)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self.with_results:
            return self._wait(1)[0]
        while True:
            futures = [] if self._fetched else self._wait()
            pairs = self._pairs(futures, outcomes(futures), 1)
            if pairs:  # another thread that iterates may have taken what was fetched
                return pairs[0]

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if not self.with_results:
            return (await self._wait_async(1))[0]
        while True:
            futures = [] if self._fetched else await self._wait_async()
            pairs = self._pairs(futures, await outcomes_async(futures), 1)
            if pairs:
                return pairs[0]

    async def _next_batch_async(self) -> list[Any]:
        if not self.with_results:
            return await self._wait_async()
        futures = [] if self._fetched else await self._wait_async()
        return self._pairs(futures, await outcomes_async(futures))

    def _done(self, number: int, epoch: int) -> None:
        """Note that a future is done: called by its state, on any thread."""
        with self._lock:
            future = self._held.pop(number, None)
            if future is not None and epoch == self._epoch:
                self._pending -= 1
                self._ready.append(future)
                self._wake()

    def _wake(self) -> None:
        self._lock.notify_all()
        for loop, sleeper in self._sleepers:
            try:
                loop.call_soon_threadsafe(_set, sleeper)
            except RuntimeError:
                # That loop was closed with its coroutines: nobody sleeps there any more.
                continue
        self._sleepers.clear()

    def _take(self, count: int | None = None) -> list[Future]:
        """Take out futures that are ready, the oldest ones."""
        with self._lock:
            ready = self._ready
            return [ready.popleft() for _ in range(len(ready) if count is None else min(count, len(ready)))]

    def _wait(self, count: int | None = None) -> list[Future]:
        """Take out what is ready, once something is; raise StopIteration if nothing is to come."""
        while True:
            with self._lock:
                if self._ready:
                    return self._take(count)
                if not self._pending:
                    raise StopIteration
                if _running_loop() in self._loops:
                    raise RuntimeError(
                        "waiting here would stop the event loop that brings the results: use `async for`"
                    )
            # What a task waits for may need its place; it comes back to that without the lock.
            with leaving_slot(), self._lock:
                if not wait_by(self._wait_once, self._left_s()):
                    raise self._late()

    def _wait_once(self, seconds: float) -> bool:
        """Wait for news if there is nothing and something is to come; say whether there is, or nothing is. Under the lock."""
        if not self._ready and self._pending:
            self._lock.wait(seconds)
        return bool(self._ready) or not self._pending

    async def _wait_async(self, count: int | None = None) -> list[Future]:
        """As `_wait`, for a coroutine on any loop; raise StopAsyncIteration if nothing is to come."""
        loop = asyncio.get_running_loop()
        while True:
            with self._lock:
                if self._ready:
                    return self._take(count)
                if not self._pending:
                    raise StopAsyncIteration
                sleeper = loop.create_future()
                self._sleepers.append((loop, sleeper))
            try:
                async with asyncio.timeout(self._left_s()):
                    await sleeper
            except TimeoutError:
                raise self._late() from None
            finally:
                with self._lock:
                    self._sleepers = [other for other in self._sleepers if other[1] is not sleeper]

    def _left_s(self) -> float | None:
        return None if self._end is None else max(self._end - time.monotonic(), 0)

    def _late(self) -> TimeoutError:
        return TimeoutError(f"{self._pending} futures are not done {self._timeout_s:g} s after as_completed was called")

    def _pairs(self, futures: list[Future], fetched: list[Any], count: int | None = None) -> list[tuple[Future, Any]]:
        """Take out pairs of futures and results, those just fetched included, up to the first that is to be raised."""
        with self._lock:
            self._fetched.extend(zip(futures, fetched, strict=True))
            pairs: list[tuple[Future, Any]] = []
            while self._fetched and len(pairs) != count:
                future, outcome = self._fetched[0]
                if isinstance(outcome, Raised):
                    error = outcome.error
                    if isinstance(error, CancelledError):
                        outcome = error
                    elif not self.raise_errors:
                        outcome = (type(error), error, error.__traceback__)
                    elif pairs:
                        break
                    else:
                        self._fetched.popleft()
                        raise error
                self._fetched.popleft()
                pairs.append((future, outcome))
            return pairs


class _Batches:
    """What `as_completed.batches` gives."""

    def __init__(self, futures: as_completed) -> None:
        self._futures = futures

    def __iter__(self) -> Iterator[list[Any]]:
        return self

    def __next__(self) -> list[Any]:
        return self._futures.next_batch()

    def __aiter__(self) -> AsyncIterator[list[Any]]:
        return self

    async def __anext__(self) -> list[Any]:
        return await self._futures._next_batch_async()


def _tell(waiting: weakref.ref[as_completed], number: int, epoch: int) -> None:
    one = waiting()
    if one is not None:
        one._done(number, epoch)


def _set(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
