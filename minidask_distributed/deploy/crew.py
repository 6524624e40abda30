"""The scheduler and the workers of a cluster, on an event loop: started, matched to a specification, and ended.

Place in the flow: `SpecCluster` is what users hold, for scripts and for coroutines; all that awaits is here, so that a
cluster that nobody holds any more can still be ended.

State: ``spec`` says what is wanted, {name: {"cls": class, "options": {…}, "group": suffixes}}; ``workers`` what there is,
{name: instance}. `correct` makes the second like the first.

A worker that leaves for good by itself (retired by a client, given up by its nanny) leaves the specification, too. A
worker that can't be started does so with an error: starting it again and again would help nobody.

Invariants: one correction at a time; after `close` nothing that was started runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, TypeAlias

from minidask_distributed.deploy.link import SchedulerLink
from minidask_distributed.nanny.server import Nanny
from minidask_distributed.security import Security
from minidask_distributed.security.here import forget, remember

logger = logging.getLogger(__name__)

Name: TypeAlias = str | int
Spec: TypeAlias = dict[str, Any]

RETIRE_S = 30.0
"""Workers that are to go have so long to hand over their data; then they are closed anyway."""


class Crew:
    """What a cluster is made of.

    Parameters
    ----------
    scheduler
        {"cls": class, "options": {…}} of a scheduler.
    workers
        {name: the same of a worker}.
    security
        Credentials for calls to the scheduler.
    connect_s
        Seconds for connecting to it.
    """

    def __init__(
        self, scheduler: Spec, workers: Mapping[Name, Spec], security: Security | None, connect_s: float
    ) -> None:
        self.scheduler_spec = scheduler
        self.spec: dict[Name, Spec] = dict(workers)
        self.security = security
        self.scheduler: Any = None
        self.workers: dict[Name, Any] = {}
        self.status = "created"  # then "starting", "running", "closing", "closed"
        self.link: SchedulerLink | None = None
        self._connect_s = connect_s
        self._known_as = ""  # the address under which this process finds the scheduler's credentials
        self._correcting: asyncio.Lock | None = None
        self._watches: dict[Any, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """The scheduler's, "" while there is none."""
        return "" if self.scheduler is None else str(self.scheduler.address)

    def staying(self) -> list[Name]:
        """Names of what is wanted, without workers that leave by themselves: somebody retired them."""
        machine = getattr(self.scheduler, "machine", None)
        leaving = () if machine is None else machine.state.leaving
        if not leaving:
            return list(self.spec)
        return [name for name in list(self.spec) if address_of(self.workers.get(name)) not in leaving]

    async def start(self) -> None:
        """Start everything.

        Raises
        ------
        Whatever the scheduler or the first worker that couldn't start raised; nothing is left then.
        """
        self.status = "starting"
        self._correcting = asyncio.Lock()
        try:
            # Worker processes load their libraries while the scheduler begins to listen.
            wanted = list(self.spec.items())
            early = {name: self._make(name, spec) for name, spec in wanted if issubclass(spec["cls"], Nanny)}
            self.workers.update(early)
            for nanny in early.values():
                nanny.spawn()
            self.scheduler = self.scheduler_spec["cls"](**self.scheduler_spec.get("options", {}))
            await _started(self.scheduler)
            self._known_as = self.address
            remember(self._known_as, self.security, getattr(self.scheduler, "near_address", ""))
            self.link = SchedulerLink(self.address, self.security, self._connect_s)
            self._watch(self.scheduler, self._scheduler_ended())
            await self.correct(early)
        except BaseException:
            await self.close()
            raise
        self.status = "running"

    def _make(self, name: Name, spec: Spec) -> Any:
        options = {"name": name, **spec.get("options", {})}
        return spec["cls"](self.address or None, **options)

    async def correct(self, made: Mapping[Name, Any] | None = None) -> None:
        """Start the workers that are missing and end those that aren't wanted any more.

        Parameters
        ----------
        made
            Workers that exist already, and are still to be started.

        Raises
        ------
        Whatever the first worker that couldn't start raised; the others are there, and it is out of the specification.
        """
        assert self._correcting is not None
        async with self._correcting:
            await self._end([name for name in self.workers if name not in self.spec])
            fresh = dict(made or {})
            # A copy: other threads change it when they scale the cluster.
            for name, spec in list(self.spec.items()):
                if name not in self.workers:
                    fresh[name] = self.workers[name] = self._make(name, spec)
            results = await asyncio.gather(*map(self._start_worker, fresh, fresh.values()), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if errors:
            raise errors[0]

    async def _start_worker(self, name: Name, worker: Any) -> None:
        try:
            if isinstance(worker, Nanny):
                await worker.start(self.address)
            else:
                await _started(worker)
        except BaseException:
            self.spec.pop(name, None)
            self.workers.pop(name, None)
            with contextlib.suppress(Exception):  # the error that is raised is the one that matters
                await worker.close()
            raise
        self._watch(worker, self._worker_ended(name, worker))

    def correct_soon(self) -> asyncio.Task[None]:
        """Correct in the background; what goes wrong is logged."""
        return self._keep(asyncio.ensure_future(self._correct_and_log()))

    async def _correct_and_log(self) -> None:
        try:
            await self.correct()
        except Exception as error:
            logger.error("a worker couldn't be started: %s", error)

    def _keep(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ------------------------------------------------------------ what ends

    async def _end(self, names: Iterable[Name]) -> None:
        leaving = {name: self.workers.pop(name) for name in names}
        if not leaving:
            return
        for worker in leaving.values():
            self._unwatch(worker)
        try:
            assert self.link is not None
            async with asyncio.timeout(RETIRE_S):
                await self.link.call("retire_workers", names=[str(name) for name in leaving], close=True, remove=True)
        except Exception as error:
            logger.warning("workers %s are closed without handing over their data: %s", list(leaving), error)
        await asyncio.gather(*(worker.close() for worker in leaving.values()))

    def _watch(self, part: Any, work: Any) -> None:
        if hasattr(part, "finished"):
            self._watches[part] = asyncio.ensure_future(work)
        else:
            work.close()

    def _unwatch(self, part: Any) -> None:
        watch = self._watches.pop(part, None)
        if watch is not None and watch is not asyncio.current_task():
            watch.cancel()

    async def _worker_ended(self, name: Name, worker: Any) -> None:
        reason = await worker.finished()
        self._watches.pop(worker, None)
        if name in self.workers and self.workers[name] is worker:
            del self.workers[name]
            self.spec.pop(name, None)
            if getattr(worker, "failed", False):
                logger.error("worker %s is gone for good: %s", name, reason)
            await worker.close()

    async def _scheduler_ended(self) -> None:
        await self.scheduler.finished()
        self._keep(asyncio.ensure_future(self.close()))

    async def close(self) -> None:
        """End everything; may be called again, and at any time."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self.status = "closing"
        forget(self._known_as)
        for part in [*self._watches]:
            self._unwatch(part)
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        workers = list(self.workers.values())
        self.workers.clear()
        results = await asyncio.gather(*(worker.close() for worker in workers), return_exceptions=True)
        if self.link is not None:
            await self.link.close()
        if self.scheduler is not None:
            results += await asyncio.gather(self.scheduler.close(), return_exceptions=True)
        self.status = "closed"
        for error in results:
            if isinstance(error, BaseException):
                logger.error("closing: %s: %s", type(error).__name__, error, exc_info=error)

    def kill(self) -> None:
        """End the processes of the workers at once, for when no loop runs any more."""
        for worker in self.workers.values():
            if isinstance(worker, Nanny):
                worker.kill()


def address_of(worker: Any) -> str:
    """Return a worker's address, of a nanny its worker's; "" while it has none."""
    return str(getattr(worker, "worker_address", None) or getattr(worker, "address", None) or "")


async def _started(part: Any) -> None:
    """Start a part in the way of the field (``await part``), or by its method ``start``."""
    starting: Awaitable[Any] = part if inspect.isawaitable(part) else part.start()
    await starting
