"""What the scheduler and its workers are, as a client knows it: asked for, and for coroutines also without waiting.

Place in the flow: a part of `Client`, over its calls.

Invariants: what an asynchronous client returns at once is what the scheduler said last: at the beginning, at each heartbeat,
after each call of this kind and each waiting for workers. Somebody who changes it changes nobody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from minidask_distributed.client.connection import Connection
from minidask_distributed.client.describing import SchedulerInfo
from minidask_distributed.comm.errors import CommClosedError


class LatestInfo(SchedulerInfo):
    """What the scheduler said last; awaited: what it says now."""

    def __init__(self, known: dict[str, Any], ask: Callable[[], Coroutine[Any, Any, SchedulerInfo]]) -> None:
        super().__init__(known)
        self._ask = ask

    def __await__(self) -> Generator[Any, None, SchedulerInfo]:
        return self._ask().__await__()


class KnowsScheduler(Connection):
    """The part of a client that knows the scheduler and its workers."""

    _latest_info: dict[str, Any] | None = None
    _refreshing: asyncio.Task[Any] | None = None

    def scheduler_info(self, n_workers: int = -1, **kwargs: Any) -> Any:
        """Return the scheduler and its workers as nested dicts: ``"address"``, ``"workers"``, ``"total_threads"`` ….

        With an asynchronous client it is what the scheduler said last, some seconds ago at most, at once; ``await`` it to have
        it asked.

        Parameters
        ----------
        n_workers : int
            Describe at most so many workers. -1: all.
        """
        if not self.asynchronous or kwargs:
            return self.sync(self._scheduler_info, n_workers, **kwargs)
        latest = copy.deepcopy(self._latest_info or {"address": self.address, "workers": {}})
        self._refresh_soon()
        return LatestInfo(_at_most(latest, n_workers), lambda: self._scheduler_info(n_workers))

    async def _scheduler_info(self, n_workers: int = -1) -> SchedulerInfo:
        info: dict[str, Any] = await self.call("identity")
        self._latest_info = copy.deepcopy(info)
        return SchedulerInfo(_at_most(info, n_workers))

    def _refresh_soon(self) -> None:
        """Have the scheduler asked, unless it is being asked; on the loop."""
        if (self._refreshing is None or self._refreshing.done()) and self.status == "running":
            self._refreshing = self.loop.create_task(self._refresh_info())

    async def _refresh_info(self) -> None:
        # Otherwise what it said last stays; whoever computes, or awaits it, is told.
        with contextlib.suppress(CommClosedError, PermissionError):
            await self._scheduler_info()

    def _send_beat(self) -> None:
        super()._send_beat()
        if self._asynchronous:
            self._refresh_soon()

    async def _shut(self, reason: str) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
        await super()._shut(reason)


def _at_most(info: dict[str, Any], n_workers: int) -> dict[str, Any]:
    if n_workers >= 0:
        info["workers"] = dict(list(info["workers"].items())[:n_workers])
    return info
