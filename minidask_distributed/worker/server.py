"""The class `Worker`: a worker as others see it, with its connections, timers and files.

Place in the flow: made by a nanny's child process, by the command line, or by a `LocalCluster` in its own process. It connects
to the scheduler, listens for those who want data, registers, and then hands messages to the `engine` until it is told to
leave, or closed. When the connection breaks it comes back, and offers what it holds by key.

Invariants: everything but the engine runs on the loop of `Worker.start`; after `close` no thread, socket, file or task is left
(threads that a user's code holds are left behind, and logged). Not for: decisions (`machine`).
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import socket
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from minidask.graph.task import Key
from minidask_distributed import settings
from minidask_distributed.comm import Comm, Listener, connect_bulk, listen
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.comm.versions import versions
from minidask_distributed.logs import RecentLines
from minidask_distributed.messages import Bye
from minidask_distributed.plugins import WorkerPlugin
from minidask_distributed.preload import Preloads
from minidask_distributed.sampling import Profiling
from minidask_distributed.security import Security
from minidask_distributed.services import Service, Services
from minidask_distributed.spill import SpillBuffer
from minidask_distributed.summaries import table
from minidask_distributed.worker.activities import ActivityLog
from minidask_distributed.worker.arguments import Bounds, Place, executor_threads
from minidask_distributed.worker.blame import FILE_NAME, RunningFile
from minidask_distributed.worker.calls import Caller, Running
from minidask_distributed.worker.context import RunningTask, get_current_task_key
from minidask_distributed.worker.directory import WorkDirectory
from minidask_distributed.worker.engine import Engine
from minidask_distributed.worker.execute import Numbers, Pool
from minidask_distributed.worker.link import Link, WorkerRefused
from minidask_distributed.worker.machine import DEFAULT_EXECUTOR, Task, WorkerMachine
from minidask_distributed.worker.memory import MemoryMonitor
from minidask_distributed.worker.metrics import Meter
from minidask_distributed.worker.profiling import WorkerProfile
from minidask_distributed.worker.transfer import DataServer, Fetcher

__all__ = ["Worker", "WorkerRefused"]

logger = logging.getLogger(__name__)

CLOSE_S = 2.0
"""That tasks have to end once they were stopped."""


class Worker:
    """Run tasks for a scheduler, and keep their results.

    Parameters
    ----------
    scheduler_address : str
        Where the scheduler listens.
    nthreads : int, optional
        Tasks that run at a time. Default: as many as the processors of this machine.
    memory_limit : int, float, str or None
        Bytes; a text as ``"4 GB"``; a fraction of the machine's memory; ``"auto"``: the part of it that the threads are of
        the processors. None or 0: no limit, nothing is spilled.
    name : str or int, optional
        Unique in the cluster. Default: its address.
    local_directory : path, optional
        Where the worker makes its folder. Default: the system's directory for temporary files. The attribute of this name is
        the folder itself.
    resources : mapping, optional
        What it offers to tasks that ask for it, as ``{"GPU": 2}``. Default: the setting.
    executor : mapping, optional
        Further executors for tasks with the annotation ``executor``: names, and a ``concurrent.futures.Executor`` or a
        number of threads for each. Those given are the caller's to shut down.
    host, port, interface, protocol : optional
        Where to listen for peers and clients. Default: where the scheduler was reached from, at any free port.
    listen_address, contact_address : str, optional
        Instead of these: the whole address to listen on, and what others are told.
    security : Security, optional
        Credentials. Default: those of the user.
    nanny : str
        Id of the nanny that looks after this process, "" if there is none.
    death_timeout : float or str, optional
        Close if the scheduler can't be reached for so long. Default: never, once it was reached.
    reconnect : bool
        Whether to look for the scheduler again when the connection breaks.
    preload, preload_argv : optional
        See `minidask_distributed.preload`. Default: the settings.
    plugins : sequence of WorkerPlugin
        Set up before the first task.
    services : sequence of Service
        What runs beside it, see `minidask_distributed.services`: its dashboard.
    validate : bool, optional
        Check the state all the time (slow). Default: the setting.

    Raises
    ------
    TypeError, ValueError
        For arguments that make no sense.
    """

    def __init__(
        self,
        scheduler_address: str,
        *,
        nthreads: int | None = None,
        memory_limit: str | float | None = "auto",
        name: str | int | None = None,
        local_directory: str | os.PathLike[str] | None = None,
        resources: Mapping[str, float] | None = None,
        executor: Mapping[str, Executor | int] | None = None,
        host: str | None = None,
        port: int | None = None,
        interface: str | None = None,
        protocol: str | None = None,
        listen_address: str | None = None,
        contact_address: str | None = None,
        security: Security | None = None,
        nanny: str = "",
        death_timeout: float | str | None = None,
        reconnect: bool = True,
        preload: str | list[str] | None = None,
        preload_argv: str | list[str] | None = None,
        plugins: Sequence[Any] = (),
        services: Sequence[Service | Callable[[], Service]] = (),
        validate: bool | None = None,
    ) -> None:
        if security is not None and not isinstance(security, Security):
            raise TypeError(f"security must be a Security, got {type(security).__name__}")
        self._place = Place.of(
            scheduler_address,
            host=host,
            port=port,
            interface=interface,
            protocol=protocol,
            listen_address=listen_address,
            contact_address=contact_address,
        )
        self._bounds = Bounds.of(nthreads, memory_limit, resources, death_timeout, validate)
        self.scheduler_address = scheduler_address
        self.nthreads = self._bounds.nthreads
        self.memory_limit = self._bounds.memory_limit
        self.resources = self._bounds.resources
        self.name: str | int | None = name
        self.security = security if security is not None else Security()
        self.nanny = nanny
        self.status = "created"  # "starting", "running", "closing", "closed"
        self.failed = False  # whether it closed since it couldn't go on
        self.reason = ""  # why it closes
        self.address = ""
        self.local_directory = ""
        self.plugins: dict[str, Any] = {}
        self.logs: RecentLines | None = None
        self.loop: asyncio.AbstractEventLoop
        self.engine: Engine
        self.data_server: DataServer
        self.meter: Meter
        self.profile: WorkerProfile
        self._base_directory = local_directory
        self._executors = dict(executor or {})
        self._threads = {DEFAULT_EXECUTOR: self.nthreads}
        self._threads |= {each: executor_threads(each, given) for each, given in self._executors.items()}
        self._first_plugins = list(plugins)
        self._preloads = Preloads(
            settings.texts("worker.preload", preload), settings.texts("worker.preload-argv", preload_argv)
        )
        self._profiling = Profiling.from_settings()
        self._log_length, self._log_format = settings.get("admin.log-length"), settings.get("admin.log-format")
        self._link = Link(self, self._bounds.connect_s, self._bounds.death_timeout_s, reconnect)
        self._listener: Listener | None = None
        self.services = Services(services)
        self._directory: WorkDirectory | None = None
        self._making: asyncio.Future[WorkDirectory] | None = None
        self._running: RunningFile | None = None
        self._monitor: MemoryMonitor | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._finished: asyncio.Event | None = None
        self._closing: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ what it is

    @property
    def data(self) -> SpillBuffer:
        """The results that it holds, by task id."""
        return self.engine.data

    @property
    def id(self) -> str:
        """Its address."""
        return self.address

    def identity(self) -> dict[str, Any]:
        """Return what it is, as plain values."""
        return {
            "type": "Worker",
            "id": self.address,
            "name": self.name,
            "address": self.address,
            "scheduler": self.scheduler_address,
            "nthreads": self.nthreads,
            "memory_limit": self.memory_limit,
            "resources": dict(self.resources),
            "local_directory": self.local_directory,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "nanny": self.nanny,
            "services": self.services.ports(),
            "status": self.status if self.status != "running" else self.engine.machine.status,
            "versions": versions(),
        }

    def metrics(self) -> dict[str, Any]:
        """Measure the worker, for people."""
        return self.meter.read()

    def __repr__(self) -> str:
        return f"<Worker {self.address or 'no address'!r}, {self.status}: {self.nthreads} threads>"

    def _repr_html_(self) -> str:
        facts = [("address", self.address), ("status", self.status), ("threads", self.nthreads)]
        return table(f"Worker {self.name}", facts)

    # ------------------------------------------------------------ life

    def connect_over(self, sock: socket.socket) -> None:
        """Make the first connection to the scheduler over a connected socket, see `comm.pairs`; before `start`."""
        self._link.over = sock

    async def start(self) -> Worker:
        """Connect, listen, register. Nothing is left if that fails.

        Raises
        ------
        OSError
            If the scheduler can't be reached, the address not be listened on, or the directory not be made.
        WorkerRefused
            If the scheduler doesn't take this worker.
        RuntimeError
            If it was started before.
        Whatever a preload or plugin raises.
        """
        if self.status != "created":
            raise RuntimeError(f"a worker can be started once; it is {self.status}")
        self.status = "starting"
        self.loop = asyncio.get_running_loop()
        self._finished = asyncio.Event()
        try:
            await self._open()
            await self.services.start(self)
            for plugin in self._first_plugins:
                await self.add_plugin(plugin.name or f"{type(plugin).__name__}-{id(plugin):x}", plugin)
            await self._link.register()
        except BaseException as error:
            self.failed = isinstance(error, Exception)
            await self.close(f"it couldn't start: {error}" if self.failed else "its start was given up")
            raise
        self.status = "running"
        self.run_in_background(self._link.beat())
        if self.memory_limit:
            self.run_in_background(self._watch_memory())
        logger.info("worker %s listens on %s, its scheduler is %s", self.name, self.address, self.scheduler_address)
        return self

    def __await__(self) -> Generator[Any, None, Worker]:
        async def started() -> Worker:
            return await self.start() if self.status == "created" else self

        return started().__await__()

    async def __aenter__(self) -> Worker:
        return await self.start()

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def _open(self) -> None:
        bounds = self._bounds
        self.logs = RecentLines("minidask_distributed.worker", self._log_length, self._log_format)
        await self._preloads.start(self)
        # Shielded: who gives the start up must still find what is to be removed.
        self._making = asyncio.ensure_future(asyncio.to_thread(WorkDirectory, self._base_directory))
        self._directory = await asyncio.shield(self._making)
        self.local_directory = str(self._directory.path)
        self._running = RunningFile(self._directory.path / FILE_NAME)
        machine = WorkerMachine(
            resources=self.resources,
            executors=[name for name in self._executors if name != DEFAULT_EXECUTOR],
            fetch_count=bounds.outgoing,
            fetch_bytes=bounds.fetch_bytes,
            message_bytes=bounds.message_bytes,
            validate=bounds.validate,
            log_length=10_000 if bounds.validate else 0,
        )
        activities = ActivityLog()
        data = SpillBuffer(
            Path(self.local_directory) / "spill",
            target_bytes=bounds.policy.target_bytes,
            max_disk_bytes=bounds.max_spill_bytes,
            on_lost=lambda task: self.engine.lost(task),
            on_activity=activities.add,
        )
        self.engine = Engine(machine, data, self.loop, bounds.errors, bounds.look_s)
        self.data_server = DataServer(data, self.engine.put, most=bounds.incoming, on_activity=activities.add)
        self._monitor = MemoryMonitor(bounds.policy, data)
        self.meter = Meter(self.engine, self._monitor.read, activities, bounds.recent_s)
        # The scheduler first: the way to it says by which address others on its network reach this one.
        comm = await self._link.connect()
        self._listener = await listen(
            self._place.address(comm.local_address),
            self._refuse,
            role="worker",
            name="" if self.name is None else str(self.name),
            security=self.security,
            interface=self._place.interface,
            contact_address=self._place.contact_address,
            on_bulk=self.data_server.serve,
        )
        self.address = self._listener.contact_address
        if self.name is None:
            self.name = self.address
        self.engine.fetcher = Fetcher(
            partial(
                connect_bulk, security=self.security, timeout_s=bounds.connect_s, name=str(self.name), patient=False
            ),
            self.engine.fetched,
            most=bounds.outgoing,
            on_activity=activities.add,
        )
        caller = Caller(self.engine, self, self.address)
        numbers = Numbers(self._running.cells)
        for name, threads in self._threads.items():
            given = self._executors.get(name)
            executor = given if isinstance(given, Executor) else None
            self.engine.pools[name] = Pool(self.engine, name, threads, caller, numbers, executor, self._broke)
        for pool in self.engine.pools.values():
            pool.start()
        self.profile = WorkerProfile(self.engine, self._profiling)
        self.run_in_background(asyncio.to_thread(self._directory.purge))

    async def _refuse(self, comm: Comm) -> None:
        """Nobody but those who want data has any business here."""
        comm.start(lambda messages: None, lambda error: None)
        with contextlib.suppress(CommClosedError):  # the peer was faster
            comm.send([Bye("a worker takes connections for data alone")])
        await comm.close()

    async def finished(self) -> str:
        """Wait until the worker has closed; return why."""
        if self._finished is None:
            raise RuntimeError("the worker hasn't been started: await worker.start()")
        await self._finished.wait()
        return self.reason

    async def close(self, reason: str = "the worker was closed", timeout_s: float = CLOSE_S) -> None:
        """Stop what runs, give it ``timeout_s`` to end, and close. May be called again, and at any time."""
        if self._closing is None:
            if self.status == "created":
                self.status = "closed"
                return
            self._closing = asyncio.ensure_future(self._close(reason, timeout_s))
        await asyncio.shield(self._closing)

    def close_soon(self, reason: str) -> None:
        """Begin to close. Loop's thread only."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close(reason, CLOSE_S))

    async def close_gracefully(self, reason: str = "the worker retires") -> None:
        """Have running tasks end, hand results over to other workers, then close. Takes as long as it takes."""
        if self.status == "running" and self._link.up:
            self.reason = reason
            self.engine.set_status("closing")
            await self.finished()
        await self.close(reason)

    async def _close(self, reason: str, timeout_s: float) -> None:
        self.status, self.reason = "closing", self.reason or reason
        logger.info("%s closes: %s", "the worker" if self.name is None else f"worker {self.name}", reason)
        await self.services.close()
        comm = self._link.say_goodbye(reason)
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listener is not None:
            await self._listener.close()
        if hasattr(self, "profile"):
            self.profile.close()
        if hasattr(self, "engine"):
            await self._close_engine(timeout_s)
        for name in list(self.plugins):
            await self.remove_plugin(name)
        await self._preloads.teardown(self)
        if comm is not None:
            await comm.close()
        if self._running is not None:
            self._running.close()
        if self._directory is None and self._making is not None:
            with contextlib.suppress(OSError):  # that is why it couldn't start
                self._directory = await self._making
        if self._directory is not None:
            await asyncio.to_thread(self._directory.close)
        self.status = "closed"
        if self.logs is not None:
            self.logs.close()
        if self._finished is not None:
            self._finished.set()

    async def _close_engine(self, timeout_s: float) -> None:
        engine = self.engine
        with engine.lock:
            engine.comm = None
        left = 0
        for pool in engine.pools.values():
            left += await asyncio.to_thread(pool.close, timeout_s)
        if left:
            logger.warning("worker %s leaves %d threads behind, whose tasks don't end", self.name, left)
        if engine.fetcher is not None:
            await asyncio.to_thread(engine.fetcher.close)
        await asyncio.to_thread(engine.close)
        await asyncio.to_thread(engine.data.close)

    def _broke(self, error: BaseException) -> None:
        """One of the worker's own threads failed."""
        self.failed = True
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self.close_soon, f"an error of its own: {type(error).__name__}: {error}")

    async def _watch_memory(self) -> None:
        assert self._monitor is not None
        while True:
            due = monotonic() + self._bounds.memory_interval_s
            await asyncio.sleep(self._bounds.memory_interval_s)
            self.meter.late(monotonic() - due)
            paused = self._monitor.tick().paused
            status = self.engine.machine.status
            if status != "closing" and paused != (status == "paused"):
                what = "pauses: its memory is nearly used up" if paused else "goes on"
                logger.warning("worker %s %s", self.name, what)
                self.engine.set_status("paused" if paused else "running")

    # ------------------------------------------------------------ plugins

    async def add_plugin(self, name: str, plugin: Any) -> None:
        """Set a plugin up, in place of one of that name.

        Raises
        ------
        Whatever its ``setup`` raises; it isn't kept then.
        """
        if name in self.plugins:
            await self.remove_plugin(name)
        result = plugin.setup(self)
        if inspect.isawaitable(result):
            await result
        self.plugins[name] = plugin
        self._hear_moves()

    async def remove_plugin(self, name: str) -> None:
        """Tear a plugin down; what that raises is logged.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        if name not in self.plugins:
            raise ValueError(f"this worker has no plugin {name!r}; it has: {', '.join(self.plugins) or 'none'}")
        plugin = self.plugins.pop(name)
        self._hear_moves()
        try:
            result = plugin.teardown(self)
            if inspect.isawaitable(result):
                await result
        except Exception:
            logger.exception("teardown of the plugin %s failed", name)

    def _hear_moves(self) -> None:
        """Listen to the moves of tasks if there is a plugin that wants to hear of them; they cost time for every task."""
        curious = [
            p for p in self.plugins.values() if getattr(type(p), "transition", None) is not WorkerPlugin.transition
        ]

        def tell(moves: list[tuple[int, Hashable, str, str]]) -> None:
            for _, key, start, finish in moves:
                for plugin in curious if key is not None else ():
                    try:
                        plugin.transition(key, start, finish)
                    except Exception:
                        logger.exception("transition of the plugin %s failed", type(plugin).__name__)

        self.engine.listen(tell if curious else None)

    # ------------------------------------------------------------ for tasks and handlers

    def get_current_task(self) -> Key:
        """Return the key of the calling task, as `context.get_current_task_key` does."""
        return get_current_task_key()

    def secede(self, running: RunningTask) -> None:
        """Take a running task out of the executor's slots; any thread, see `context`."""
        if isinstance(running, Running):
            self.engine.pools[_pool_of(running, self.engine)].secede(running.slot, running.state)

    def rejoin(self, running: RunningTask) -> None:
        """Block until a seceded task has a slot again; any thread, see `context`."""
        if isinstance(running, Running):
            self.engine.pools[_pool_of(running, self.engine)].rejoin(running.slot, running.state)

    def notify(self, topic: str, content: Any) -> None:
        """Send clients something for people; any thread, see `context`."""
        self.engine.notify(topic, content)

    def log_event(self, topic: str, msg: Any) -> None:
        """Log an event at the scheduler under a topic; any thread."""
        self.engine.notify(topic, msg)

    def running_threads(self) -> list[tuple[Task, int]]:
        """Return the tasks that run, with the idents of their threads."""
        with self.engine.lock:
            slots = [slot for pool in self.engine.pools.values() for slot in pool.slots]
            return [(slot.task, slot.thread.ident or 0) for slot in slots if slot.task and slot.thread]

    def run_in_background(self, work: Any) -> None:
        """Await something beside everything else; errors are logged, and the worker's end cancels it. Loop's thread only."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("worker %s: %s", self.name, task.exception(), exc_info=task.exception())


def _pool_of(running: Running, engine: Engine) -> str:
    executor = running.state.executor if running.state.options is not None else DEFAULT_EXECUTOR
    return executor if executor in engine.pools else DEFAULT_EXECUTOR
