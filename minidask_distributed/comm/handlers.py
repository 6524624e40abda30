"""What a listener has handed over and still answers for: coroutines of comms, threads of bulk connections.

Place in the flow: every listener has one `Handlers`, and ends it when it is closed.

Invariants: a thread that was started here is joined by `close`, and isn't a daemon: it never runs on while the
interpreter is being taken apart. A bulk connection is closed when its handler returns, however it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import threading
from collections.abc import Coroutine
from typing import Any

from minidask_distributed.comm.base import Bulk, Comm, OnBulk, OnComm
from minidask_distributed.comm.errors import CommClosedError

logger = logging.getLogger(__name__)

JOIN_S = 10.0  # a handler that doesn't end so long after its connection was closed is left behind, and named


class Handlers:
    """Tasks and threads of one listener; made on its loop's thread.

    Parameters
    ----------
    on_comm
        Gets every comm; may return an awaitable, which runs as a task.
    on_bulk
        Gets every bulk connection on a thread of its own; None: there may be none.
    name
        Of the threads.
    """

    def __init__(self, on_comm: OnComm, on_bulk: OnBulk | None, name: str) -> None:
        self._on_comm = on_comm
        self._on_bulk = on_bulk
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._threads: dict[threading.Thread, Bulk] = {}
        self._threads_ended = asyncio.Event()
        self._count = 0

    def track(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine as a task that ends with the listener."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def tasks(self) -> int:
        """How many tasks run."""
        return len(self._tasks)

    def hand_over(self, comm: Comm) -> None:
        """Give a comm to `on_comm`; it is aborted if that fails."""
        try:
            result = self._on_comm(comm)
        except Exception:
            logger.exception("what takes connections failed with %r", comm)
            comm.abort()
            return
        if inspect.isawaitable(result):
            self.track(self._await(comm, result))

    async def _await(self, comm: Comm, result: Any) -> None:
        try:
            await result
        except Exception:
            logger.exception("what takes connections failed with %r", comm)
            comm.abort()

    def hand_over_bulk(self, bulk: Bulk) -> None:
        """Give a bulk connection to `on_bulk` on a thread of its own."""
        if self._on_bulk is None:
            logger.warning("closing the bulk connection of %s: this listener takes none", bulk.peer_address)
            bulk.close()
            return
        self._count += 1
        thread = threading.Thread(target=self._run, args=(bulk,), name=f"{self._name}-bulk-{self._count}")
        self._threads[thread] = bulk
        thread.start()

    def _run(self, bulk: Bulk) -> None:
        try:
            assert self._on_bulk is not None
            self._on_bulk(bulk)
        except CommClosedError:
            pass  # the usual end of a loop that receives
        except Exception:
            logger.exception("the handler of %r failed", bulk)
        finally:
            bulk.close()
            # The loop may have been closed without closing the listener: then nobody waits for this thread.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ended, threading.current_thread())

    def _ended(self, thread: threading.Thread) -> None:
        thread.join()
        self._threads.pop(thread, None)
        if not self._threads:
            self._threads_ended.set()

    async def close(self) -> None:
        """Cancel the tasks, close the bulk connections, join their threads."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for bulk in self._threads.values():
            bulk.close()
        if not self._threads:
            return
        self._threads_ended.clear()
        try:
            async with asyncio.timeout(JOIN_S):
                await self._threads_ended.wait()
        except TimeoutError:
            names = ", ".join(thread.name for thread in self._threads)
            logger.error("still busy %g s after their connections were closed, and left behind: %s", JOIN_S, names)
