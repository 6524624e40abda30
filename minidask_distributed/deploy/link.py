"""A connection to a scheduler for calls alone: how a cluster asks for retirement, and waits for workers.

Place in the flow: `crew` holds one, connected when it is first used. It speaks to the scheduler in the role "rpc", which
may call and nothing else.

Invariants: a call ends with its answer or with the connection; nothing is sent again by itself. Not for clients, which
have sessions.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from minidask_distributed.comm import Comm, connect
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.messages import Answer, Call, Message
from minidask_distributed.protocol.failures import unpack_failure
from minidask_distributed.security import Security


class SchedulerLink:
    """Calls to a scheduler.

    Parameters
    ----------
    address
        Where it listens.
    security
        Credentials.
    timeout_s
        Seconds for connecting.
    """

    def __init__(self, address: str, security: Security | None, timeout_s: float) -> None:
        self._address, self._security, self._timeout_s = address, security, timeout_s
        self._comm: Comm | None = None
        self._connecting = asyncio.Lock()
        self._last = 0
        self._open: dict[int, asyncio.Future[Any]] = {}

    async def call(self, name: str, **arguments: Any) -> Any:
        """Make a call and return its answer.

        Raises
        ------
        OSError
            If the scheduler can't be reached, or the connection breaks.
        Exception
            What the scheduler's handler raised.
        """
        async with self._connecting:
            comm = self._comm
            if comm is None:
                comm = self._comm = await connect(
                    self._address, role="rpc", name="cluster", security=self._security, timeout_s=self._timeout_s
                )
                comm.start(self._on_messages, functools.partial(self._on_close, comm))
        self._last += 1
        request = self._last
        future = self._open[request] = asyncio.get_running_loop().create_future()
        try:
            comm.send([Call(request, name, arguments)])
            return await future
        finally:
            del self._open[request]

    def _on_messages(self, messages: list[Message]) -> None:
        for message in messages:
            # The scheduler's farewell needs no answer: the end of the connection follows.
            if isinstance(message, Answer) and (future := self._open.get(message.request)) and not future.done():
                if message.failure is None:
                    future.set_result(message.value)
                else:
                    future.set_exception(unpack_failure(message.failure))

    def _on_close(self, comm: Comm, error: BaseException | None) -> None:
        if comm is self._comm:
            self._comm = None
            self._fail(f"the scheduler at {self._address} closed the connection")

    def _fail(self, why: str) -> None:
        for future in self._open.values():
            if not future.done():
                future.set_exception(CommClosedError(why))

    async def close(self) -> None:
        """End the connection; calls that wait fail."""
        comm, self._comm = self._comm, None
        if comm is not None:
            self._fail("the connection to the scheduler was closed here")
            await comm.close()
