"""How a client waits: threads, coroutines on any loop, and callbacks on a thread of their own.

Place in the flow: a part of `Client`, over `connection`; `settled` walks along the states that are waited for.

Invariants: whoever waits has flushed before; nothing waits for the loop on the loop's own thread; a wait that is given up
leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from minidask.graph.task import Key
from minidask.units import parse_timedelta
from minidask_distributed.client.connection import Connection
from minidask_distributed.client.current import leaving_slot
from minidask_distributed.client.session import PENDING, State
from minidask_distributed.client.settled import AllDone
from minidask_distributed.loops import wait_by

if TYPE_CHECKING:
    from minidask_distributed.client.future import Future

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Waits(Connection):
    """The part of a client that waits."""

    def __init__(self) -> None:
        super().__init__()
        self._callers: ThreadPoolExecutor | None = None

    async def _shut(self, reason: str) -> None:
        await super()._shut(reason)
        if self._callers is not None:
            self._callers.shutdown(wait=False)

    async def _on_own_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Await what needs the client's loop, from a coroutine on any loop."""
        if asyncio.get_running_loop() is self.loop:
            return await work
        try:
            elsewhere = asyncio.run_coroutine_threadsafe(work, self.loop)
        except RuntimeError:
            work.close()
            raise
        return await asyncio.wrap_future(elsewhere)

    def _wait(self, states: Sequence[State], timeout: float | str | None = None, stop_early: bool = False) -> None:
        """Block until all states are done, or, with ``stop_early``, one of them has failed.

        Raises
        ------
        TimeoutError
            If that takes longer than ``timeout``.
        RuntimeError
            On the loop's own thread, if one of them is pending.
        """
        self._flush()
        if len(states) == 1 and states[0].status != PENDING:
            return
        if threading.get_ident() == self._thread_id:
            if all(state.status != PENDING for state in states):
                return
            raise RuntimeError(
                "this would wait, on the event loop's own thread, for the loop itself: use the asynchronous form"
            )
        timeout_s = parse_timedelta(timeout)
        lock = threading.Lock()
        lock.acquire()
        waiting = AllDone(self._session, states, lock.release, stop_early)
        waiting.start()
        try:
            # What a task waits for may need its place.
            with leaving_slot():
                if not wait_by(lambda seconds: lock.acquire(timeout=seconds), timeout_s):
                    raise _too_late(states, timeout)
        except BaseException:
            waiting.stop()
            raise

    async def _wait_async(
        self, states: Sequence[State], timeout: float | str | None = None, stop_early: bool = False
    ) -> None:
        """Wait, on any loop, until all states are done; as `_wait` does."""
        self._flush()
        loop = asyncio.get_running_loop()
        thread_id = threading.get_ident()
        done = loop.create_future()

        def finish() -> None:
            if not done.done():
                done.set_result(None)

        def tell() -> None:
            if threading.get_ident() == thread_id:
                finish()
            else:
                # The loop may have been closed by somebody who didn't wait in the end.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(finish)

        waiting = AllDone(self._session, states, tell, stop_early)
        waiting.start()
        try:
            async with asyncio.timeout(parse_timedelta(timeout)):
                await done
        except TimeoutError:
            raise _too_late(states, timeout) from None
        finally:
            waiting.stop()

    def _want(self, keys: Sequence[Key]) -> list[State]:
        """Return states for results that exist on the scheduler, each counted for a new future."""
        self._check_open()
        with self._lock:
            states = self._session.want(keys)
        self._flush_soon()
        return states

    def _call_back(self, fn: Callable[[Any], object], future: Future) -> None:
        """Call a user's callback on the thread for such."""
        with self._lock:
            if self._callers is None:
                self._callers = ThreadPoolExecutor(1, thread_name_prefix="minidask callbacks")
        try:
            self._callers.submit(_call_logged, fn, future)
        except RuntimeError:
            # The client was closed before: better here than not at all.
            _call_logged(fn, future)


def _call_logged(fn: Callable[[Any], object], future: Future) -> None:
    try:
        fn(future)
    except Exception:
        logger.exception("a callback of the future %r failed", future.key)


def _too_late(states: Sequence[State], timeout: float | str | None) -> TimeoutError:
    pending = [state for state in states if state.status == PENDING]
    what = f"the task {pending[0].key!r} isn't" if len(pending) == 1 else f"{len(pending)} tasks aren't"
    return TimeoutError(
        f"{what} done after {timeout} s" if isinstance(timeout, int | float) else f"{what} done after {timeout}"
    )
