"""The scheduler as a server: connections, timers and people's requests around the machine that decides.

Place in the flow: listeners hand over comms; what arrives on one goes to the machine message by message, then the machine
is flushed and every peer gets what is for it, in one send each. No task is looked at here. Around that: calls by name
(`calls`, `handlers`), back-pressure (`flow`), events and plugins (`events`, `hooks`), the task stream.

Invariants: everything runs on the loop of `Scheduler.start`; a peer that breaks the rules, or whose message makes the
machine raise, loses its connection with one line in the log, and nobody else does; waits at the end are bounded, and
nothing that was opened is left open.

Not for: decisions (`scheduler.machine`) or the bytes on the wire (`comm`).
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from minidask.graph.task import Key
from minidask_distributed import settings
from minidask_distributed.comm.base import Comm, Listener
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.logs import RecentLines
from minidask_distributed.messages import (
    Answer,
    Bye,
    Call,
    Erred,
    Finished,
    Leave,
    Message,
    Recalled,
    Upload,
    WorkerBeat,
    WorkerDied,
)
from minidask_distributed.preload import Preloads
from minidask_distributed.sampling import Profiling
from minidask_distributed.scheduler.announcing import Announcer
from minidask_distributed.scheduler.calls import CallDesk, Questions
from minidask_distributed.scheduler.epochs import next_epoch
from minidask_distributed.scheduler.events import EventLog
from minidask_distributed.scheduler.flow import Flow
from minidask_distributed.scheduler.handlers import HANDLERS
from minidask_distributed.scheduler.hooks import USERS_CODE_S, Hooks
from minidask_distributed.scheduler.identity import identity, remove_own_file
from minidask_distributed.scheduler.listening import close_listeners, listen_addresses, open_listeners
from minidask_distributed.scheduler.machine import Limits, SchedulerMachine
from minidask_distributed.scheduler.machine.records import Client, Task, Worker
from minidask_distributed.scheduler.observing.process import process_meter
from minidask_distributed.scheduler.observing.recorder import Recorder
from minidask_distributed.scheduler.peers import OPENERS, SPOKEN, Connection, close_comm, describe, send_away
from minidask_distributed.scheduler.profiling import SchedulerProfile
from minidask_distributed.scheduler.registered import RegisteredPlugins
from minidask_distributed.scheduler.task_stream import TaskStream
from minidask_distributed.scheduler.ticking import Ticking
from minidask_distributed.scheduler.waiting import Waiting
from minidask_distributed.security import Security, write_scheduler_file
from minidask_distributed.services import Service, Services
from minidask_distributed.summaries import table

logger = logging.getLogger(__name__)

TURN_S = 0.05
"""A peer's messages are taken for so long at a time: a million results may be released in one reading."""


class Scheduler:
    """Take tasks from clients, give them to workers, and know where the results are.

    Parameters
    ----------
    host, port, protocol, interface
        Where to listen: by default on loopback, port 8786 or any free one, by the setting's scheme. Port 0: any.
    addresses
        Instead of these: several addresses to listen on, as ``["inproc://", "tcp://127.0.0.1:0"]``.
    contact_address
        What others are told, where it isn't what the scheduler listens on.
    security
        Credentials; None: the user's token and the settings.
    idle_timeout, worker_ttl
        Spans of time, see the settings of these names.
    allowed_failures
        Workers that may die while they run a task.
    scheduler_file
        Where to write address and token for others; removed at the end.
    state_dir
        Where to keep what must outlive this scheduler: its epoch.
    name
        For people.
    preload, preload_argv
        See `minidask_distributed.preload`.
    plugins
        Of type `SchedulerPlugin`, from the beginning.
    services
        What runs beside it, see `minidask_distributed.services`: its dashboard.
    validate
        Check the machine's invariants all the time (slow).

    Raises
    ------
    TypeError, ValueError
        For arguments of a wrong type, or that contradict each other.
    """

    def __init__(
        self,
        *,
        host: str | None = None,
        port: int | None = None,
        protocol: str | None = None,
        interface: str | None = None,
        addresses: Sequence[str] | None = None,
        contact_address: str | None = None,
        security: Security | None = None,
        idle_timeout: float | str | None = None,
        worker_ttl: float | str | None = None,
        allowed_failures: int | None = None,
        scheduler_file: str | os.PathLike[str] | None = None,
        state_dir: str | os.PathLike[str] | None = None,
        name: str | None = None,
        preload: str | list[str] | None = None,
        preload_argv: str | list[str] | None = None,
        plugins: Iterable[Any] = (),
        services: Iterable[Service | Callable[[], Service]] = (),
        validate: bool | None = None,
    ) -> None:
        if security is not None and not isinstance(security, Security):
            raise TypeError(f"security must be a Security, got {type(security).__name__}")
        if isinstance(addresses, str):
            raise TypeError(f"addresses must be a list of addresses, got the text {addresses!r}")
        if addresses is None:
            scheme = settings.get("comm.default-scheme", protocol)
            self._alternatives = [listen_addresses(scheme, host, port, interface)]
        elif not addresses or (host, port, protocol) != (None, None, None):
            raise ValueError("give addresses (at least one), or host, port and protocol")
        else:
            self._alternatives = [[address] for address in addresses]
        self.id = f"Scheduler-{uuid.uuid4()}"
        self.name = name or self.id
        self.security = security if security is not None else Security()
        self.status = "created"  # "starting", "running", "closing", "closed"
        self.started_at = time.time()
        self._interface = interface
        self._contact_address = settings.get("scheduler.contact-address", contact_address)
        self._ticking = Ticking(
            self,
            settings.some_seconds("scheduler.idle-timeout", idle_timeout),
            settings.seconds("admin.tick.limit"),
        )
        self._scheduler_file = None if scheduler_file is None else os.path.expanduser(os.fspath(scheduler_file))
        self._state_dir = state_dir
        self._validate = settings.get("scheduler.validate", validate)
        self._first_plugins = list(plugins)
        self._preloads = Preloads(
            settings.texts("scheduler.preload", preload), settings.texts("scheduler.preload-argv", preload_argv)
        )
        limits = Limits(
            allowed_failures=settings.get("scheduler.allowed-failures", allowed_failures),
            worker_ttl_s=settings.some_seconds("scheduler.worker-ttl", worker_ttl) or 0.0,
            bandwidth=settings.size("scheduler.bandwidth"),
        )
        serialize = not all(entry[0].startswith("inproc://") for entry in self._alternatives)
        self.machine = SchedulerMachine(next_epoch(state_dir), limits, serialize)
        self.connections: dict[int, Connection] = {}
        self._last_peer = 0
        self._clearing = False  # whether what is left to let go has a turn coming
        self._flushing_later = False
        self._listeners: list[Listener] = []
        self._near: list[Listener] = []
        self.services = Services(services)
        self.events = EventLog(
            settings.get("admin.low-level-log-length"), settings.seconds("scheduler.events-cleanup-delay")
        )
        self.task_stream = TaskStream(
            settings.get("scheduler.dashboard.tasks.task-stream-length"), partial(_keys_of, self.machine)
        )
        self.recorder = Recorder(
            self.machine.state,
            process_meter(),
            lambda: self.task_stream.total,
            activities_length=settings.get("scheduler.dashboard.activities-length"),
            history_length=settings.get("admin.system-monitor.log-length"),
            records_length=settings.get("scheduler.dashboard.records-length"),
            interval_s=settings.seconds("admin.system-monitor.interval"),
        )
        self.hooks = Hooks(self)
        self.announcer = Announcer(self)
        self.registered = RegisteredPlugins()
        self.flow = Flow(self.connections.values(), self.machine.slow)
        self.questions = Questions(self.send)
        self._calls = CallDesk(
            self, HANDLERS, settings.texts("scheduler.blocked-handlers"), self.announcer.later, self.send
        )
        self.logs: RecentLines | None = None
        self.profile: SchedulerProfile
        self.memory_samples: dict[tuple[int, str], asyncio.Event] = {}  # {(caller, name): set to end it}
        self._profiling = Profiling.from_settings()
        self._log_length = settings.get("admin.log-length")
        self._log_format = settings.get("admin.log-format")
        self._observers: dict[type[Message], Callable[[Connection, Any], None]] = {
            Finished: self._see_finished,
            Upload: self.hooks.see_upload,
            **dict.fromkeys((Erred, Recalled, WorkerBeat, WorkerDied), self._see),
        }
        self.waiting = Waiting()
        self._ending: set[asyncio.Task[Any]] = set()  # comms that are being closed
        self._background: set[asyncio.Task[Any]] = set()  # of users
        self._closing: asyncio.Task[None] | None = None
        self._finished = asyncio.Event()

    # ------------------------------------------------------------ what it is

    @property
    def address(self) -> str:
        """The address to connect to.

        Raises
        ------
        RuntimeError
            Before the scheduler was started.
        """
        if not self._listeners:
            raise RuntimeError("the scheduler has no address before it is started: await scheduler.start()")
        return self._listeners[0].contact_address

    @property
    def near_address(self) -> str:
        """The address for clients in the same process; "" where there is no other than the main one."""
        return self._near[0].contact_address if self._near else ""

    @property
    def addresses(self) -> list[str]:
        """The addresses of all listeners, the main one first."""
        return [listener.contact_address for listener in self._listeners]

    @property
    def workers(self) -> dict[str, Worker]:
        """{address: what the machine knows of a worker}, by joining."""
        return {worker.address: worker for worker in self.machine.state.workers.values() if worker.status != "gone"}

    @property
    def clients(self) -> dict[str, Client]:
        """{name: what the machine knows of a client}, by joining."""
        return {client.name: client for client in self.machine.state.clients.values()}

    @property
    def tasks(self) -> Mapping[Key, Task]:
        """{key: task} of all tasks that aren't forgotten."""
        return self.machine.state.keys

    def __repr__(self) -> str:
        place = self._listeners[0].contact_address if self._listeners else "no address"
        return f"<Scheduler {place!r}, {self.status}: {len(self.workers)} workers, {len(self.tasks)} tasks>"

    def _repr_html_(self) -> str:
        place = self._listeners[0].contact_address if self._listeners else ""
        facts = [
            ("address", place),
            ("status", self.status),
            ("workers", len(self.workers)),
            ("tasks", len(self.tasks)),
        ]
        return table("Scheduler", facts)

    # ------------------------------------------------------------ life

    async def start(self) -> Scheduler:
        """Listen. Nothing is left open if that fails.

        Raises
        ------
        OSError
            If the address can't be listened on, the scheduler file or the state directory not be written.
        RuntimeError
            If it was started before.
        Whatever a preload or plugin raises at its start.
        """
        if self.status != "created":
            raise RuntimeError(f"the scheduler can be started once; it is {self.status}")
        self.status = "starting"
        self.logs = RecentLines("minidask_distributed.scheduler", self._log_length, self._log_format)
        self.profile = SchedulerProfile(self._profiling)
        try:
            await self._preloads.start(self)
            for plugin in self._first_plugins:
                await self.hooks.add(plugin)
            told = {"id": self.id, "name": self.name, "places": self.services.places}
            self._listeners = await open_listeners(
                self._alternatives,
                self._accept,
                security=self.security,
                info=told,
                interface=self._interface,
                contact_address=self._contact_address,
            )
            if self.machine.state.serialize:
                # For clients in this process: without a socket.
                self._near = await open_listeners([["near://"]], self._accept, security=self.security, info=told)
            logger.info("scheduler listens on %s", ", ".join(self.addresses))
            await self.services.start(self)
            if self._scheduler_file is not None:
                token = self.security.token_for(self.address.startswith("tls://"))
                write_scheduler_file(self._scheduler_file, {**identity(self), "token": token})
        except BaseException:
            await self.close("it couldn't start")
            raise
        self.status = "running"
        self._ticking.start()
        return self

    async def close(self, reason: str = "the scheduler was closed") -> None:
        """Say goodbye to all peers and end; again: wait for that end. Takes a few seconds at most."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(reason))
        # Whoever asked may be cancelled; the end goes on all the same.
        await asyncio.shield(self._closing)

    def close_soon(self, reason: str) -> None:
        """Begin to close; what was to be sent to peers is sent first."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(reason))

    async def until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until a condition on the cluster's members is true; return whether it became so in time."""
        return await self.waiting.until(condition, timeout_s)

    def log_event(self, topic: str | Iterable[str], msg: Any) -> None:
        """Log an event under a topic, or several, and send it to whoever subscribed.

        Parameters
        ----------
        topic
            A text, or several.
        msg
            A plain value or a payload.
        """
        self.announcer.log_event(topic, msg)
        self.flush()

    async def finished(self) -> None:
        """Wait until the scheduler has closed."""
        await self._finished.wait()

    async def __aenter__(self) -> Scheduler:
        return await self.start()

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def _close(self, reason: str) -> None:
        self.status = "closing"
        logger.info("scheduler closes: %s", reason)
        await self.services.close()
        await self.hooks.before_close()
        self._ticking.stop()
        if hasattr(self, "profile"):
            self.profile.close()
        await close_listeners([*self._listeners, *self._near])
        self.flush()
        self.waiting.close()
        connections = list(self.connections.values())
        for connection in connections:
            self.send(connection, [Leave(reason) if connection.role == "worker" else Bye(reason)])
        await asyncio.gather(*[close_comm(connection.comm) for connection in connections], *self._ending)
        await self._calls.close()
        for task in self._background:
            task.cancel()
        if self._background:
            await asyncio.wait(self._background, timeout=USERS_CODE_S)
        self.flow.close()
        try:
            async with asyncio.timeout(USERS_CODE_S):
                await self._preloads.teardown(self)
        except TimeoutError:
            logger.warning("the preloads didn't end within %g s", USERS_CODE_S)
        await self.hooks.close()
        if self._scheduler_file is not None:
            remove_own_file(self._scheduler_file, self.id)
        self.status = "closed"
        if self.logs is not None:
            self.logs.close()
        self._finished.set()

    # ------------------------------------------------------------ peers

    def _accept(self, comm: Comm) -> None:
        if self.status != "running" or comm.peer.role not in SPOKEN:
            why = f"a {comm.peer.role!r} has no business here" if self.status == "running" else "the scheduler closes"
            logger.warning("closing the connection of %s: %s", comm.peer_address, why)
            self._keep(self._ending, send_away(comm, why))
            return
        self._last_peer += 1
        connection = Connection(self._last_peer, comm)
        self.connections[connection.number] = connection
        for note in comm.peer.version_notes:
            logger.warning("versions differ with %r: %s", connection, note)
        comm.start(partial(self._receive, connection), partial(self._closed, connection))
        if self.flow.clogged:
            self.flow.update()

    def _receive(self, connection: Connection, messages: list[Message]) -> None:
        """Take what one reading of a connection brought, behind what others may go before. Once a batch, never once a task."""
        if connection.untaken:
            connection.untaken += messages
        else:
            self._take(connection, messages, TURN_S)

    def _go_on(self, connection: Connection) -> None:
        """Take what is left of a reading that took too long."""
        messages, connection.untaken = connection.untaken, []
        self._take(connection, messages, TURN_S)

    def _take(self, connection: Connection, messages: list[Message], limit_s: float) -> None:
        """Take messages until it is others' turn."""
        now = time.monotonic()
        latest = now + limit_s
        machine, spoken, observers = self.machine, connection.spoken, self._observers
        for at, message in enumerate(messages):
            if connection.ended:
                return
            if at and time.monotonic() > latest:
                connection.untaken = messages[at:]
                asyncio.get_running_loop().call_soon(self._go_on, connection)
                break
            kind = type(message)
            try:
                if kind in spoken and connection.is_open:
                    if kind in observers:
                        observers[kind](connection, message)
                    machine.handle(connection.number, message, now)
                elif kind is Call and connection.is_open:
                    if not machine.hold_back(connection.number, message):
                        self._calls.take(connection, message)  # type: ignore[arg-type]
                elif kind is Answer:
                    self.questions.take(connection, message)  # type: ignore[arg-type]
                elif kind is Bye:
                    connection.bye = str(message.reason)  # type: ignore[attr-defined]
                else:
                    self._introduce(connection, message, now)
            except Exception as error:
                self._misbehaved(connection, message, error)
        self.flush()

    def _see_finished(self, connection: Connection, message: Finished) -> None:
        self.task_stream.observe(connection.name, message)

    def _see(self, connection: Connection, message: Message) -> None:
        self.recorder.see(connection.name, message, time.monotonic(), time.time())

    def _introduce(self, connection: Connection, message: Message, now: float) -> None:
        """Take a peer's first message, or one that it mustn't send."""
        opener = OPENERS.get(connection.role)
        if connection.is_open:
            raise ValueError(f"a {connection.role} may not send {type(message).__name__} now")
        if type(message) is not opener or opener is None:
            expected = "a call" if opener is None else opener.__name__
            raise ValueError(f"the first message of a {connection.role} is {expected}, not {type(message).__name__}")
        self.machine.handle(connection.number, message, now)
        connection.is_open = True
        # A worker goes by its address, others by their names.
        connection.name = message.address if connection.role == "worker" else message.name  # type: ignore[attr-defined]
        if connection.role == "nanny":
            self.announcer.later(connection, self.announcer.plugin_calls(connection))

    def _misbehaved(self, connection: Connection, message: Message, error: Exception) -> None:
        # A refusal needs no traceback; anything else may be a defect of ours.
        expected = isinstance(error, ValueError | TypeError | KeyError)
        logger.warning(
            "closing the connection of %r: %s: %s, at %s",
            connection,
            type(error).__name__,
            error,
            describe(message),
            exc_info=None if expected and not self._validate else error,
        )
        self.end(connection, f"{type(error).__name__}: {error}")

    def end(self, connection: Connection, reason: str) -> None:
        """Close one peer's connection and forget the peer."""
        if connection.ended:
            return
        self.send(connection, [Bye(reason)])
        self._gone(connection, reason)
        self._keep(self._ending, close_comm(connection.comm))

    def _closed(self, connection: Connection, error: BaseException | None) -> None:
        if connection.untaken:
            # What it said before its end counts.
            messages, connection.untaken = connection.untaken, []
            self._take(connection, messages, math.inf)
        if not connection.ended:
            reason = connection.bye or (f"{type(error).__name__}: {error}" if error else "the connection was closed")
            self._gone(connection, reason)
            self.flush()

    def _gone(self, connection: Connection, reason: str) -> None:
        connection.ended = True
        self.connections.pop(connection.number, None)
        self.announcer.gone(connection)
        self._calls.gone(connection)
        self.questions.gone(connection)
        self.events.gone(connection.number)
        self.flow.gone(connection)
        if connection.is_open and connection.role != "rpc":
            now = time.monotonic()
            self.events.end(connection.name, now)
            try:
                self.machine.gone(connection.number, now, reason, on_purpose=bool(connection.bye))
            except Exception:
                logger.exception("taking %r out failed", connection)

    def run_in_background(self, work: Any) -> None:
        """Run a user's coroutine as a task that is cancelled when the scheduler closes; errors are logged."""
        self._keep(self._background, work)

    def _keep(self, tasks: set[asyncio.Task[Any]], work: Any) -> None:
        def ended(task: asyncio.Task[Any]) -> None:
            tasks.discard(task)
            if not task.cancelled() and task.exception() is not None:
                logger.error("something that ran in the background failed", exc_info=task.exception())

        task = asyncio.ensure_future(work)
        tasks.add(task)
        task.add_done_callback(ended)

    def _go_on_clearing(self) -> None:
        self._clearing = False
        if self.status != "closed":
            self.flush()

    def _flush_later(self) -> None:
        self._flushing_later = False
        if self.status != "closed":
            self.flush()

    # ------------------------------------------------------------ out

    def send(self, connection: Connection, messages: list[Message]) -> None:
        """Send messages to a peer; nothing happens if it is gone, and one that they can't be sent to is closed."""
        try:
            connection.comm.send(messages)
        except CommClosedError:
            return  # its end comes as a callback
        except Exception as error:
            if not connection.ended:
                self._misbehaved(connection, messages[0], error)
            return
        if connection.comm.pending_bytes > self.flow.high_bytes and not connection.ended:
            self.flow.sent(connection)

    def flush(self) -> None:
        """Send everything that the machine has for its peers, and tell of what it noticed."""
        try:
            out = self.machine.flush(time.monotonic())
        except Exception:
            logger.exception("the scheduler's machine failed to flush")
            return
        notices = self.machine.take_notices()
        if self.recorder.is_attached:
            self.recorder.collect()
        if notices:
            self.recorder.see_notices(notices, time.time())
            self.announcer.notices(notices, out)
        connections = self.connections
        for number, messages in out.items():
            connection = connections.get(number)
            if connection is not None:
                self.send(connection, messages)
        for connection, messages in self.announcer.take().items():
            self.send(connection, messages)
        self.hooks.tell_moves()
        for number, call in self.machine.take_calls():
            if number in connections:
                self._calls.take(connections[number], call)  # type: ignore[arg-type]
        if self.machine.unfinished and not self._clearing:
            # Behind what peers have sent meanwhile.
            self._clearing = True
            asyncio.get_running_loop().call_soon(self._go_on_clearing)
        if (pause_s := self.machine.flush_after_s) is not None and not self._flushing_later:
            self._flushing_later = True
            asyncio.get_running_loop().call_later(pause_s, self._flush_later)
        closings = self.machine.take_closings()
        if closings:
            for number, reason in closings:
                if number in connections:
                    self.end(connections[number], reason)
            self.flush()


def _keys_of(machine: SchedulerMachine, tasks: list[int]) -> list[Key | None]:
    find = machine.state.find
    return [None if (task := find(one)) is None else task.key for one in tasks]
