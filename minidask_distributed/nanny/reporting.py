"""A nanny's connection to its scheduler: made, made again when it breaks, and what comes and goes on it.

Place in the flow: `Nanny` has one `Reporting`. It registers the nanny, tells of deaths, hands on orders to end the worker,
and has calls answered by `calls`.

Invariants: there is at most one connection; messages that can't be sent now are dropped, since the scheduler that comes
back asks the workers themselves. Whether a worker outlives its scheduler is the worker's affair.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
from typing import Any

from minidask_distributed.comm import Comm, connect
from minidask_distributed.comm.errors import AuthenticationError, VersionMismatchError
from minidask_distributed.messages import Answer, Bye, Call, KillWorker, Message, RegisterNanny
from minidask_distributed.nanny.calls import answer
from minidask_distributed.protocol.failures import pack_failure

logger = logging.getLogger(__name__)

RECONNECT_S = 1.0
"""Between two tries to reach a scheduler that is gone."""


class Reporting:
    """The connection of one nanny.

    Parameters
    ----------
    nanny
        The `Nanny`: who it is, its credentials, and whom orders and calls are for.
    connect_s
        Seconds for connecting.
    """

    def __init__(self, nanny: Any, connect_s: float) -> None:
        self._nanny = nanny
        self._connect_s = connect_s
        self._comm: Comm | None = None
        self._closed = False

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._comm is not None

    async def register(self, timeout_s: float | None = None) -> None:
        """Connect, and say who the nanny is.

        Parameters
        ----------
        timeout_s
            Seconds for connecting, where it isn't the usual time.

        Raises
        ------
        OSError
            If the scheduler can't be reached in time, or refuses.
        """
        nanny = self._nanny
        info = {"pid": os.getpid(), "nthreads": nanny.nthreads, "memory_limit": nanny.memory_limit}
        name = nanny.id if nanny.name is None else str(nanny.name)
        comm = await connect(
            nanny.scheduler_address,
            role="nanny",
            name=name,
            info=info,
            security=nanny.security,
            timeout_s=self._connect_s if timeout_s is None else timeout_s,
        )
        self._comm = comm
        comm.start(self._on_messages, functools.partial(self._on_closed, comm))
        comm.send([RegisterNanny(nanny.id, name, info)])

    def tell(self, message: Message) -> None:
        """Send a message, if there is a connection."""
        if self._comm is not None:
            # One that broke at this moment is made again, or has nobody behind it any more.
            with contextlib.suppress(OSError):
                self._comm.send([message])

    async def close(self, reason: str) -> None:
        """Say goodbye and end the connection for good."""
        self._closed = True
        comm, self._comm = self._comm, None
        if comm is not None:
            with contextlib.suppress(OSError):  # the scheduler was faster
                comm.send([Bye(reason)])
            await comm.close()

    def _on_closed(self, comm: Comm, error: BaseException | None) -> None:
        if comm is self._comm:
            self._comm = None
            self._nanny.run_in_background(self._register_again())

    async def _register_again(self) -> None:
        while self._comm is None and not self._closed and self._nanny.status != "ended":
            await asyncio.sleep(RECONNECT_S)
            try:
                await self.register()
            except (AuthenticationError, VersionMismatchError) as error:
                logger.warning("nanny of worker %s can't come back: %s", self._nanny.name, error)
                return
            except OSError as error:
                logger.info("nanny of worker %s: %s", self._nanny.name, error)

    def _on_messages(self, messages: list[Message]) -> None:
        for message in messages:
            if isinstance(message, KillWorker):
                logger.info("worker %s is to end: %s", self._nanny.name, message.reason)
                self._nanny.kill_worker(message.reason, message.restart)
            elif isinstance(message, Call):
                self._nanny.run_in_background(self._answer(message))
            elif isinstance(message, Bye):
                logger.debug("nanny of worker %s: the scheduler closes: %s", self._nanny.name, message.reason)
            else:
                raise TypeError(f"a nanny takes no {type(message).__name__}")

    async def _answer(self, call: Call) -> None:
        try:
            value, failure = await answer(self._nanny, call), None
        except Exception as error:
            value, failure = None, pack_failure(error)
        self.tell(Answer(call.request, value, failure))
