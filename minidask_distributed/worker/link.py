"""A worker's connection to its scheduler: register, receive, answer, come back when it breaks.

Place in the flow: `server.Worker` opens it; messages about tasks go to the `engine`, calls to `handlers`, and what ends the
worker back to the worker.

Invariants: messages of an old connection are never taken for those of the present one; tasks that come behind a plugin start
when that is set up; a link whose worker closes is silent. Everything runs on the worker's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from minidask_distributed.comm import Comm, connect
from minidask_distributed.comm.errors import AuthenticationError, CommClosedError, VersionMismatchError, cause_of
from minidask_distributed.comm.lent import LentReceiving
from minidask_distributed.comm.versions import versions
from minidask_distributed.messages import (
    Answer,
    Bye,
    Call,
    Leave,
    Message,
    RegisterWorker,
    WorkerBeat,
    WorkerRegistered,
)
from minidask_distributed.protocol.failures import pack_failure
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.worker.handlers import answer
from minidask_distributed.worker.machine import Task

if TYPE_CHECKING:
    from minidask_distributed.worker.server import Worker

logger = logging.getLogger(__name__)

BEAT_S = 1.0
"""How often a worker says that it is alive, and how it is."""

RETRY_S = 0.5  # between two tries to come back


class WorkerRefused(RuntimeError):
    """The scheduler doesn't take this worker; the message says why."""


class Link:
    """The connection of one worker to its scheduler.

    Parameters
    ----------
    worker : Worker
    connect_s : float
        Seconds for connecting, and for the scheduler to take the worker.
    death_timeout_s : float or None
        Close the worker when the scheduler can't be reached for so long; None: never.
    reconnect : bool
        Whether to come back at all.
    """

    def __init__(self, worker: Worker, connect_s: float, death_timeout_s: float | None, reconnect: bool) -> None:
        self.comm: Comm | None = None
        self.over: socket.socket | None = None  # leads to the scheduler, for the first connection
        self._worker = worker
        self._connect_s = connect_s
        self._death_timeout_s = death_timeout_s
        self._reconnect = reconnect
        self._closed = False
        self._registering: asyncio.Future[None] | None = None
        self._offered: list[Task] = []
        self._setting_up = 0  # plugins
        self._held_back: list[Message] = []  # while plugins are set up

    @property
    def up(self) -> bool:
        """Whether the scheduler is there and knows this worker."""
        comm, registering = self.comm, self._registering
        return comm is not None and not comm.closed and registering is not None and registering.done()

    async def connect(self) -> Comm:
        """Connect, for the first time. Raises OSError, as `comm.connect`."""
        timeout_s = self._death_timeout_s or self._connect_s
        logger.info("looking for the scheduler at %s, for %g s at most", self._worker.scheduler_address, timeout_s)
        self.comm = await self._connect(timeout_s)
        return self.comm

    async def _connect(self, timeout_s: float) -> Comm:
        worker = self._worker
        name = "" if worker.name is None else str(worker.name)
        over, self.over = self.over, None
        return await connect(
            worker.scheduler_address, role="worker", name=name, security=worker.security, timeout_s=timeout_s, over=over
        )

    async def register(self) -> None:
        """Introduce the worker on the present comm, and wait until the scheduler has taken it.

        Raises
        ------
        WorkerRefused
            If it doesn't.
        CommClosedError
            If the connection breaks meanwhile.
        TimeoutError
            If it doesn't answer in time.
        """
        comm, worker = self.comm, self._worker
        assert comm is not None
        for note in comm.peer.version_notes:
            logger.warning("versions differ with the scheduler: %s", note)
        self._registering = asyncio.get_running_loop().create_future()
        self._offered = worker.engine.held()
        comm.start(partial(self._receive, comm), partial(self._broke, comm))
        comm.send(
            [
                RegisterWorker(
                    address=worker.address,
                    name=str(worker.name),
                    nthreads=worker.nthreads,
                    memory_limit=worker.memory_limit,
                    resources=worker.resources,
                    nanny=worker.nanny,
                    info={
                        "pid": os.getpid(),
                        "host": socket.gethostname(),
                        "local_directory": worker.local_directory,
                        "places": worker.services.places,
                        "versions": versions(),
                    },
                    held=encode_keys([task.key for task in self._offered]),  # type: ignore[misc]
                    held_nbytes=[task.nbytes for task in self._offered],
                )
            ]
        )
        try:
            async with asyncio.timeout(self._connect_s):
                await self._registering
        except TimeoutError:
            raise TimeoutError(f"the scheduler {worker.scheduler_address} didn't take this worker in time") from None

    # ------------------------------------------------------------ what comes

    def _receive(self, comm: Comm, messages: list[Message]) -> None:
        """Take what one reading brought."""
        if comm is not self.comm:
            return
        for_engine: list[Message] = []
        for message in messages:
            if isinstance(message, Call):
                if message.name == "plugin_add":
                    self._hand_over(for_engine)
                    for_engine = []
                    self._setting_up += 1
                self._worker.run_in_background(self._answer(comm, message))
            elif isinstance(message, WorkerRegistered):
                self._registered(comm, message)
            elif isinstance(message, Leave):
                self._hand_over(for_engine)
                self._worker.close_soon(str(message.reason))
                return
            elif isinstance(message, Bye):
                self._said_bye(str(message.reason))
            elif not isinstance(message, Answer):
                for_engine.append(message)
        self._hand_over(for_engine)

    def _hand_over(self, messages: list[Message]) -> None:
        if self._setting_up:
            self._held_back += messages
        elif messages:
            self._worker.engine.receive(messages)

    def _registered(self, comm: Comm, message: WorkerRegistered) -> None:
        engine = self._worker.engine
        engine.registered(self._offered, message.held)
        self._offered = []
        engine.connected(comm, partial(self._lend, comm))
        if self._registering is not None and not self._registering.done():
            self._registering.set_result(None)

    def _lend(self, comm: Comm) -> LentReceiving | None:
        """Let a thread of the engine receive, unless what comes may have to wait for plugins."""
        return None if comm is not self.comm or self._setting_up else comm.lend()

    def _said_bye(self, reason: str) -> None:
        worker = self._worker
        if self._registering is not None and not self._registering.done():
            self._registering.set_exception(WorkerRefused(f"the scheduler {worker.scheduler_address} said: {reason}"))
        else:
            logger.warning("worker %s: the scheduler ends the connection: %s", worker.name, reason)

    async def _answer(self, comm: Comm, call: Call) -> None:
        try:
            reply = Answer(call.request, await answer(self._worker, call), None)
        except Exception as error:
            reply = Answer(call.request, None, pack_failure(error))
        finally:
            if call.name == "plugin_add" and comm is self.comm:
                self._setting_up -= 1
                if not self._setting_up:
                    messages, self._held_back = self._held_back, []
                    self._hand_over(messages)
        try:
            comm.send([reply])
        except CommClosedError:
            return  # whoever asked is gone
        except TypeError as error:
            # The answer isn't plain: whoever asked must hear that rather than nothing.
            comm.send([Answer(call.request, None, pack_failure(error))])

    async def beat(self) -> None:
        """Say that the worker is alive, for ever."""
        worker = self._worker
        while True:
            due = monotonic() + BEAT_S
            await asyncio.sleep(BEAT_S)
            worker.meter.late(monotonic() - due)
            if self.up and self.comm is not None:
                fetcher = worker.engine.fetcher
                with contextlib.suppress(CommClosedError):  # its end comes as a callback
                    self.comm.send([WorkerBeat(worker.meter.beat(), 0 if fetcher is None else fetcher.bandwidth)])

    # ------------------------------------------------------------ the end of a connection

    def _broke(self, comm: Comm, error: BaseException | None) -> None:
        if comm is not self.comm:
            return
        worker = self._worker
        self.comm = None
        self._held_back, self._setting_up = [], 0
        worker.engine.disconnected()
        cause = cause_of(error)
        why = f"the connection to the scheduler broke: {cause}" if error else "the scheduler closed the connection"
        if self._registering is not None and not self._registering.done():
            self._registering.set_exception(CommClosedError(why))
        elif worker.status == "running":
            logger.warning("worker %s: %s", worker.name, why)
            leaving = worker.engine.machine.status == "closing"
            if self._reconnect and not leaving:
                worker.run_in_background(self._come_back(why))
            else:
                worker.failed = not leaving
                worker.close_soon(why)

    async def _come_back(self, why: str) -> None:
        """Look for the scheduler until it is there again, refuses the worker, or the time is up."""
        worker = self._worker
        patience_s = self._death_timeout_s
        deadline = None if patience_s is None else monotonic() + patience_s
        while True:
            left_s = self._connect_s if deadline is None else deadline - monotonic()
            if left_s <= 0:
                worker.failed = True
                worker.close_soon(f"{why}, and it couldn't be reached for {patience_s:g} s")
                return
            try:
                self.comm = await self._connect(min(left_s, self._connect_s))
                await self.register()
            except (WorkerRefused, AuthenticationError, VersionMismatchError) as error:
                worker.failed = True
                worker.close_soon(str(error))
                return
            except OSError as error:
                logger.info("worker %s can't come back yet: %s", worker.name, error)
                comm, self.comm = self.comm, None
                if comm is not None:
                    comm.abort()
                await asyncio.sleep(RETRY_S)
            else:
                logger.info("worker %s is back at %s", worker.name, worker.scheduler_address)
                return

    def say_goodbye(self, reason: str) -> Comm | None:
        """Take and send nothing more; return the comm, which is the caller's to close."""
        comm, self.comm = self.comm, None
        if self.over is not None:
            self.over.close()
        if comm is not None:
            with contextlib.suppress(OSError):  # the scheduler was faster
                comm.send([Bye(reason)])
        if self._registering is not None and not self._registering.done():
            self._registering.cancel()
        return comm
