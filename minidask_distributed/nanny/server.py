"""The class `Nanny`: one worker process, kept alive, kept within its memory, and known to the scheduler.

Place in the flow: `LocalCluster` has nannies on its event loop, ``minidask-worker`` in a process of their own. A nanny
has a connection of its own to the scheduler: it tells when the process died, why, and which tasks were on its threads
at that moment, and is told when to end or restart it.

What decides is `machine`; here are the process, the comm and the clock.

Invariants: at most one process at a time; after `close` there is none, and no thread, file or task of the nanny's.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from minidask.units import format_bytes
from minidask_distributed import settings
from minidask_distributed.comm.pairs import pair_with
from minidask_distributed.limits import cpu_count, parse_memory_limit
from minidask_distributed.messages import WorkerDied
from minidask_distributed.nanny.environment import worker_environment
from minidask_distributed.nanny.machine import NannyMachine, over_limit
from minidask_distributed.nanny.plugin_set import PluginSet
from minidask_distributed.nanny.process import ChildProcess, Report
from minidask_distributed.nanny.reporting import Reporting
from minidask_distributed.preload import Preloads
from minidask_distributed.protocol.pickling import dumps
from minidask_distributed.security import Security
from minidask_distributed.worker.blame import FILE_NAME, read_running
from minidask_distributed.worker.directory import WorkDirectory

logger = logging.getLogger(__name__)

PATIENCE_S = 3.0
"""A worker that was told to close at once has so long before its process is killed."""

_LINES = 100


class WorkerStartError(RuntimeError):
    """A worker process couldn't start; the message says why."""


class Nanny:
    """Start a worker in a process of its own, and look after it.

    Parameters
    ----------
    scheduler_address : str
        Where the scheduler listens.
    nthreads : int, optional
        Threads of the worker. Default: as many as the processors that this process may use.
    name : str or int, optional
        Of the worker. Default: its address.
    memory_limit : str, int, float or None
        See `minidask_distributed.limits.parse_memory_limit`; ``"auto"`` is the part of the machine's memory that its
        threads are of the machine's processors.
    local_directory : path, optional
        Where the worker makes its folder. Default: the system's directory for temporary files.
    security : Security, optional
        Credentials. Default: those of the user.
    env : mapping, optional
        Variables of the worker's environment; None takes one away. They win over those of this process, which win over
        the settings ``distributed.nanny.environ`` and ``pre-spawn-environ``.
    worker_class : class or str, optional
        Instead of `Worker`: a class, or where to import one from, as ``"package.module.Class"``.
    config : mapping, optional
        Settings for the worker, over those of this process.
    silence_logs : int, str or None
        Level from which on the worker's log is written. Default: ``logging.WARNING``.
    death_timeout : float or str, optional
        Give up if the worker couldn't register for so long.
    preload_nanny, preload_nanny_argv : optional
        Modules that run in this process when the nanny starts. Default: the settings.
    restart : bool
        Whether a process that dies is followed by another one.
    **worker_options
        The other arguments of `Worker`: ``resources, host, interface, protocol, listen_address, contact_address,
        preload, reconnect …``.

    Raises
    ------
    TypeError, ValueError
        For arguments that make no sense.
    """

    def __init__(
        self,
        scheduler_address: str | None = None,
        *,
        nthreads: int | None = None,
        name: str | int | None = None,
        memory_limit: str | float | None = "auto",
        local_directory: str | os.PathLike[str] | None = None,
        security: Security | None = None,
        env: Mapping[str, Any] | None = None,
        worker_class: type[Any] | str | None = None,
        config: Mapping[str, Any] | None = None,
        silence_logs: int | str | None = None,
        death_timeout: float | str | None = None,
        preload_nanny: Sequence[str] | str | None = None,
        preload_nanny_argv: Sequence[str] | None = None,
        restart: bool = True,
        **worker_options: Any,
    ) -> None:
        self.id = f"nanny-{secrets.token_hex(8)}"
        self.name = name
        self.scheduler_address = scheduler_address
        self.nthreads = cpu_count() if nthreads is None else _positive("nthreads", nthreads)
        self.memory_limit = parse_memory_limit(memory_limit, self.nthreads / cpu_count())
        self.local_directory = None if local_directory is None else os.path.abspath(local_directory)
        self.security = security
        self.environ = worker_environment(env, config)
        self.death_timeout_s = settings.some_seconds("worker.death-timeout", death_timeout) if death_timeout else None
        self.worker_class = worker_class
        self.worker_options = worker_options
        self.worker_address = ""
        self.worker_directory = ""
        self.plugins = PluginSet(self)
        self.reason = ""  # why the last process ended
        self.failed = False  # whether the worker ended for good and nobody had wanted that
        self.log: deque[str] = deque(maxlen=settings.get("admin.log-length"))  # what the worker wrote
        self._last_lines: deque[str] = deque(maxlen=_LINES)  # the same, of the present process alone
        self._log_level = logging.WARNING if silence_logs in (None, False) else silence_logs
        self._terminate = settings.get("worker.memory.terminate")
        self._interval_s = settings.seconds("worker.memory.monitor-interval")
        self._reporting = Reporting(self, settings.seconds("comm.timeouts.connect"))
        preloads = settings.get("nanny.preload", preload_nanny)
        self._preloads = Preloads(
            [preloads] if isinstance(preloads, str) else preloads,
            settings.get("nanny.preload-argv", preload_nanny_argv),
        )
        self._machine = NannyMachine(restart=restart)
        self._process: ChildProcess | None = None
        self._failure: Report | None = None
        self._changed: asyncio.Event | None = None  # set at each change of the machine's state
        self._gone: asyncio.Event | None = None  # set once the worker is gone for good
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ in print

    @property
    def status(self) -> str:
        """One of `machine.STATES`."""
        return self._machine.state

    @property
    def pid(self) -> int | None:
        """Number of the worker's process, None while there is none."""
        return None if self._process is None else self._process.pid

    def __repr__(self) -> str:
        return (
            f"<Nanny: {self.worker_address or 'no worker'}, name: {self.name}, status: {self.status}, "
            f"threads: {self.nthreads}, memory: {format_bytes(self.memory_limit) if self.memory_limit else 'no limit'}>"
        )

    @property
    def _who(self) -> str:
        return "the worker" if self.name is None else f"worker {self.name}"

    # ------------------------------------------------------------ life

    def __await__(self) -> Generator[Any, None, Nanny]:
        return self.start().__await__()

    async def __aenter__(self) -> Nanny:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def spawn(self) -> None:
        """Start the process, so that it loads its libraries while the caller does something else; then `start`.

        Raises
        ------
        OSError, RuntimeError
            If no process can be started here.
        """
        if self._process is not None:
            return
        if self._changed is None:
            self._changed, self._gone = asyncio.Event(), asyncio.Event()
        name = f"minidask-worker {self.id if self.name is None else self.name}"
        self._process = ChildProcess(name, self.environ, self._on_report, self._on_exit, self._on_line)
        self._machine.starting(time.monotonic())
        self._failure = None
        self._last_lines.clear()
        self.worker_address = self.worker_directory = ""

    async def start(self, scheduler_address: str | None = None) -> Nanny:
        """Start the worker; return once it belongs to the cluster.

        Parameters
        ----------
        scheduler_address
            If it wasn't known before.

        Raises
        ------
        WorkerStartError
            If the process couldn't start its worker; nothing is left then.
        OSError
            If the scheduler can't be reached, or refuses this nanny.
        TimeoutError
            If it takes longer than ``death_timeout``.
        """
        if self._reporting.is_open or self._machine.state == "ended":
            return self
        self.scheduler_address = scheduler_address or self.scheduler_address
        if self.scheduler_address is None:
            raise ValueError("a nanny needs the address of a scheduler: Nanny('tcp://host:8786')")
        patience_s = self.death_timeout_s
        deadline = None if patience_s is None else asyncio.get_running_loop().time() + patience_s
        try:
            async with asyncio.timeout_at(deadline):
                await self._preloads.start(self)
            self.spawn()
            self._give()
            # Its own limit: it says what kept it from connecting.
            await self._reporting.register(patience_s)
            async with asyncio.timeout_at(deadline):
                self.run_in_background(self._watch_memory())
                await self._until_running()
        except TimeoutError as error:
            await self.close()
            if str(error):
                raise
            raise TimeoutError(
                f"{self._who} couldn't join the cluster at {self.scheduler_address} within "
                f"{self.death_timeout_s:g} s (death_timeout)"
            ) from None
        except BaseException:
            await self.close()
            raise
        return self

    async def _until_running(self) -> None:
        assert self._changed is not None
        while self._machine.state != "running":
            if self._machine.state == "ended":
                raise self._start_error()
            self._changed.clear()
            await self._changed.wait()

    def _start_error(self) -> WorkerStartError:
        report = self._failure
        if report is None:
            return WorkerStartError(f"{self._who} {self.reason}")
        error = WorkerStartError(f"{self._who} couldn't start: {report['type']}: {report['text']}")
        error.add_note(f"In the worker's process the traceback was:\n{report['traceback']}")
        return error

    def _give(self) -> None:
        """Tell the fresh process what to run."""
        assert self._process is not None
        specification = {
            "scheduler_address": self.scheduler_address,
            "worker_class": self.worker_class,
            "options": {
                "nanny": self.id,
                "nthreads": self.nthreads,
                "name": self.name,
                "memory_limit": self.memory_limit,
                "local_directory": self.local_directory,
                "security": self.security,
                "death_timeout": self.death_timeout_s,
                **self.worker_options,
            },
            "log_level": self._log_level,
            "log_format": settings.get("admin.log-format"),
        }
        assert self.scheduler_address is not None
        self._process.give(dumps(specification), pair_with(self.scheduler_address))

    async def finished(self) -> str:
        """Wait until the worker is gone for good; return why."""
        assert self._gone is not None, "the nanny hasn't been started"
        await self._gone.wait()
        return self.reason

    async def close(self, timeout_s: float = PATIENCE_S, reason: str = "its nanny was closed") -> None:
        """End the worker at once and for good. May be called again, and at any time.

        Parameters
        ----------
        timeout_s
            Seconds that the process has to end by itself before it is killed.
        reason
            For the log and the scheduler.
        """
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close(timeout_s, reason))
        await asyncio.shield(self._closing)

    async def _close(self, timeout_s: float, reason: str) -> None:
        await self._end(timeout_s, reason)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.worker_directory and os.path.exists(self.worker_directory):
            await asyncio.to_thread(_purge, self.local_directory)
        await self.plugins.close()
        await self._preloads.teardown(self)
        await self._reporting.close(reason)
        if self._gone is not None:
            self._gone.set()

    async def _end(self, timeout_s: float, reason: str) -> None:
        if not self._machine.close(reason) or self._process is None:
            return
        self._process.hang_up()
        if not await self._ended_within(timeout_s):
            self._process.kill()
            await self._ended_within(None)

    async def _ended_within(self, timeout_s: float | None) -> bool:
        assert self._gone is not None
        try:
            await asyncio.wait_for(self._gone.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def close_gracefully(self, timeout_s: float | None = None) -> None:
        """Have the worker hand over its data and leave, then close.

        Parameters
        ----------
        timeout_s
            Seconds that this may take; None for as long as it takes.
        """
        if self._process is not None and self._machine.state == "running":
            self._machine.restart = False
            self._process.terminate()
            await self._ended_within(timeout_s)
        await self.close()

    def kill(self) -> None:
        """End the process now, without waiting for anything; for programs that end in haste. Thread-safe."""
        self._machine.restart = False
        if self._process is not None:
            self._process.kill()

    async def restart(self, reason: str = "restarted by request", timeout_s: float | None = None) -> None:
        """End the worker's process and start another one; return once that belongs to the cluster.

        Raises
        ------
        TimeoutError
            If that takes longer than ``timeout_s``.
        WorkerStartError
            If the nanny gave up.
        """
        async with asyncio.timeout(timeout_s):
            self.kill_worker(reason, restart=True)
            await self._until_running()

    # ------------------------------------------------------------ the process

    def _on_report(self, report: Report) -> None:
        event = report["event"]
        if event == "able":
            self.worker_address, self.worker_directory = report["address"], report["directory"]
            self._machine.able()
        elif event == "running":
            if self.name is None:
                self.name = report["name"]
            self._machine.running()
        elif event == "left":
            self._machine.left(report["reason"], report["ok"])
        elif event == "failed":
            self._failure = report
            self._machine.failed()
        self._notify()

    def _on_line(self, line: str) -> None:
        self.log.append(line)
        self._last_lines.append(line)

    def _on_exit(self, code: int) -> None:
        process, self._process = self._process, None
        assert process is not None
        running = self._blamed()
        lines = [] if self._failure is None else self._failure["traceback"].splitlines()
        deaths = self._machine.deaths
        verdict = self._machine.ended(time.monotonic(), code, lines or list(self._last_lines))
        self.reason, self.failed = verdict.reason, verdict.failed
        restarts = verdict.restart_in_s is not None
        if self._closing is None:
            # What was ordered is no news: the memory watch has warned already.
            level = logging.WARNING if verdict.failed or self._machine.deaths > deaths else logging.INFO
            then = ", another one is started" if restarts else ""
            logger.log(level, "worker %s has ended%s: %s", self.name, then, self.reason)
            self._reporting.tell(WorkerDied(self.id, self.worker_address, running, self.reason, restarts))
        if verdict.restart_in_s is None:
            assert self._gone is not None
            self._gone.set()
        else:
            self.run_in_background(self._start_again(verdict.restart_in_s))
        self._notify()

    def _blamed(self) -> list[int]:
        """Task ids that were on the threads of the process when it ended."""
        if not self.worker_directory:
            return []
        try:
            return list(read_running(Path(self.worker_directory) / FILE_NAME))
        except OSError:
            # It closed in good order, its directory with it: nothing ran.
            return []

    async def _start_again(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        if self._machine.state != "waiting":
            return
        try:
            self.spawn()
            self._give()
        except OSError as error:
            self.reason, self.failed = f"can't be started again: {error}", True
            logger.error("worker %s %s", self.name, self.reason)
            self._machine.close(self.reason)
            assert self._gone is not None
            self._gone.set()
        self._notify()

    async def _watch_memory(self) -> None:
        if not self.memory_limit or self._terminate is False:
            return
        measured: psutil.Process | None = None
        while True:
            await asyncio.sleep(self._interval_s)
            if self._process is None or self._machine.state not in ("starting", "running"):
                continue
            if measured is None or measured.pid != self._process.pid:
                measured = psutil.Process(self._process.pid)
            try:
                used = measured.memory_info().rss
            except psutil.Error:
                continue  # it has ended: its watcher tells us
            if over_limit(used, self.memory_limit, self._terminate):
                reason = (
                    f"was ended by its nanny: its memory reached {format_bytes(used)}, more than {self._terminate:.0%} of its "
                    f"limit of {format_bytes(self.memory_limit)}"
                )
                logger.warning("worker %s %s; another one is started", self.name, reason)
                self.kill_worker(reason, restart=True)

    def kill_worker(self, reason: str, restart: bool) -> None:
        """End the worker's process now; another one is started if ``restart``."""
        if self._machine.order(reason, restart):
            assert self._process is not None
            self._process.kill()
        elif not restart:
            self._machine.close(reason)
            if self._gone is not None:
                self._gone.set()
        self._notify()

    def _notify(self) -> None:
        if self._changed is not None:
            self._changed.set()

    def run_in_background(self, work: Any) -> None:
        """Await something beside everything else; errors are logged, and the nanny's end cancels it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("nanny of worker %s: %s", self.name, task.exception(), exc_info=task.exception())


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}: {value!r:.80}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return value


def _purge(base: str | None) -> None:
    """Remove the folders of workers that are dead."""
    with WorkDirectory(base, prefix="nanny") as directory:
        directory.purge()
