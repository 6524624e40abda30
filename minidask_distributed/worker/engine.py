"""The one lock of a worker, and all that goes through it: events into the machine, reports and instructions out of it.

Place in the flow: `server` hands in messages and owns the comm; `execute`'s threads take tasks and hand in outcomes; the
threads of `transfer` hand in data. Whoever changed the machine drains it before giving the lock back: values are kept or
dropped, fetches started, runs interrupted, reports sent (`comm.send` never blocks).

Reports of finished tasks may wait `REPORT_AFTER_S`: threads flush when that is over, or before they begin something long or
unmeasured, or when they have nothing to do. Should a task then take longer than it was expected to, the loop's timer sends
what waits.

Invariants: the machine is touched only with the lock held; no user's code runs under it, except finalizers of values that are
dropped; `notify` takes no lock, so that these may call it. Not for: decisions (`machine`), or running tasks (`execute`).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, TypeAlias

from minidask.sizeof import sizeof
from minidask_distributed.comm.base import Comm
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.comm.lent import LentReceiving
from minidask_distributed.messages import Message
from minidask_distributed.protocol.failures import DEFAULT_LIMITS, ErrorLimits, pack_failure
from minidask_distributed.protocol.payload import unpack
from minidask_distributed.spill import SpillBuffer
from minidask_distributed.worker.machine import Abandon, Fetch, Interrupt, Keep, Task, WorkerMachine
from minidask_distributed.worker.machine.check import sanity_check
from minidask_distributed.worker.reading import DirectReading
from minidask_distributed.worker.transfer import Fetched, Fetcher

if TYPE_CHECKING:
    from minidask_distributed.worker.execute import Pool

logger = logging.getLogger(__name__)

OnMoves: TypeAlias = "Callable[[list[tuple[int, Hashable, str, str]]], object]"
"""Gets (task id, key, start, finish) of moves, in their order."""

REPORT_AFTER_S = 0.004
"""How long the report of a finished task may wait for others (a message costs about as much as ten tasks)."""


class Engine:
    """The machine of a worker with its lock, its values and its ways out.

    Parameters
    ----------
    machine : WorkerMachine
    data : SpillBuffer
        The values that the machine says are held.
    loop : asyncio.AbstractEventLoop
        The worker's.
    errors : ErrorLimits, optional
        How much of a task's exception is sent.
    look_s : float, optional
        See `DirectReading`.
    """

    def __init__(
        self,
        machine: WorkerMachine,
        data: SpillBuffer,
        loop: asyncio.AbstractEventLoop,
        errors: ErrorLimits = DEFAULT_LIMITS,
        look_s: float = 0.0,
    ) -> None:
        self.machine = machine
        self.data = data
        self.loop = loop
        self.errors = errors
        self.lock = threading.Lock()
        self.comm: Comm | None = None
        self.by_reference = False  # whether values pass to the scheduler as they are
        self.pools: dict[str, Pool] = {}
        self.fetcher: Fetcher | None = None
        self.n_finished = 0
        self.reading = DirectReading(self, look_s)
        self._notices: deque[tuple[str, float, Any]] = deque()
        self.watching = False  # a timer looks after reports that wait
        self._seen_finished = 0  # when it looked last
        self._listener: OnMoves | None = None
        self._telling = False  # the loop is about to tell it
        self._unpacking: ThreadPoolExecutor | None = None

    # ------------------------------------------------------------ the scheduler

    def connected(self, comm: Comm, lend: Callable[[], LentReceiving | None] | None = None) -> None:
        """Send reports there from now on; ``lend``: how its receiving can be had for a thread of ours, see `reading`."""
        with self.lock:
            self.comm = comm
            self.reading.offer(lend)
            self.by_reference = not comm.serialized
            self.settle()

    def disconnected(self) -> None:
        """Forget what the scheduler wanted."""
        with self.lock:
            self.comm = None
            self.reading.offer(None)
            self.machine.disconnected()
            self.settle()

    def receive(self, messages: list[Message]) -> None:
        """Take in messages about tasks, data, recipes and peers. Raises TypeError for others."""
        with self.lock:
            self._handle(messages)
            self.settle()

    def take_in(self, messages: list[Message]) -> bool:
        """Take messages in, for the caller to settle; False, and nothing happens, if others must. Under the lock."""
        if self.comm is None or not WorkerMachine.MESSAGES.issuperset(map(type, messages)):
            return False
        self._handle(messages)
        return True

    def _handle(self, messages: list[Message]) -> None:
        handle, now = self.machine.handle, perf_counter()
        for message in messages:
            handle(message, now)

    def registered(self, offered: list[Task], ids: list[int]) -> None:
        """Take the ids that a scheduler gave for results that are held."""
        with self.lock:
            renamed = self.machine.registered(offered, ids)
            self._drop()
        # Outside of the lock, since a value may have to be read from disk; nobody knows the new ids yet.
        gone: list[int] = []
        moved: list[tuple[int, int, Any]] = []
        for old, new in renamed.items():
            try:
                moved.append((new, self.data.nbytes(old), self.data.pop(old)))
            except Exception:
                logger.exception("a result that was held can't be read back")
                gone.append(new)
        for new, nbytes, value in moved:
            self.data.put(new, value, nbytes)
        with self.lock:
            for task in gone:
                self.machine.lost(task)
            self.settle()

    def held(self) -> list[Task]:
        """Return the results to offer a scheduler."""
        with self.lock:
            return self.machine.held()

    # ------------------------------------------------------------ under the lock

    def settle(self) -> None:
        """Drain the machine: drops, instructions, reports, and threads to wake. The caller holds the lock."""
        self._drop()
        if self.machine.instructions:
            self._instruct()
        self.flush()
        for pool in self.pools.values():
            pool.wake()
        self.check()

    def _drop(self) -> None:
        machine = self.machine
        if machine.drops:
            discard = self.data.discard
            for task in machine.drops:
                discard(task)
            machine.drops.clear()

    def check(self) -> None:
        """Assert the machine's invariants, if it is to be validated. The caller holds the lock."""
        if self.machine.validate:
            sanity_check(self.machine)

    def flush(self) -> None:
        """Send all reports, and have moves told to who listens. The caller holds the lock."""
        comm, machine = self.comm, self.machine
        if machine.heard and not self._telling:
            self._telling = True
            self.call_soon(self._tell)
        if comm is None:
            return
        while self._notices:
            machine.notice(*self._notices.popleft())
        outbox = machine.outbox
        outbox.offset_s = time() - perf_counter()
        self.n_finished += len(outbox.rows)
        messages = machine.flush()
        if messages:
            try:
                comm.send(messages)
            except CommClosedError:
                return  # the comm's end comes as a callback

    def _instruct(self) -> None:
        instructions, self.machine.instructions = self.machine.instructions, []
        for instruction in instructions:
            if isinstance(instruction, Fetch):
                assert self.fetcher is not None
                self.fetcher.fetch(
                    instruction.address, instruction.tasks, nbytes=instruction.nbytes, tag=instruction.serial
                )
            elif isinstance(instruction, Abandon):
                assert self.fetcher is not None
                self.fetcher.forget(instruction.address)
            elif isinstance(instruction, Interrupt):
                any(pool.interrupt(instruction.task) for pool in self.pools.values())
            else:
                if self._unpacking is None:
                    self._unpacking = ThreadPoolExecutor(1, "minidask store")
                self._unpacking.submit(self._keep, instruction)

    def watch(self) -> None:
        """Have the loop look after reports that wait while something runs. The caller holds the lock."""
        self.watching = True
        self.call_soon(self._look_again)

    def _look_again(self) -> None:
        self.loop.call_later(REPORT_AFTER_S, self._look)

    def _look(self) -> None:
        with self.lock:
            outbox = self.machine.outbox
            oldest = outbox.oldest_s()
            if oldest is not None and perf_counter() - oldest >= REPORT_AFTER_S:
                self.flush()
            finished = self.n_finished + len(outbox.rows)
            # While tasks go on ending, the timer goes on: a thread that has to wake the loop pays more than a look costs.
            self.watching = bool(outbox.rows) or finished != self._seen_finished
            self._seen_finished = finished
            if self.watching:
                self._look_again()

    def call_soon(self, function: Any) -> None:
        """Have the loop call a function; a closed loop has nobody to tell. Any thread."""
        try:
            self.loop.call_soon_threadsafe(function)
        except RuntimeError:
            # The loop is closed: nobody is there to be told anything.
            if not self.loop.is_closed():
                raise

    # ------------------------------------------------------------ tasks and people

    def listen(self, listener: OnMoves | None) -> None:
        """Have the loop call a function with the moves of tasks between states, some at a time; None: no longer."""
        with self.lock:
            self._listener = listener
            self.machine.hear(listener is not None)

    def _tell(self) -> None:
        with self.lock:
            self._telling = False
            moves, listener = self.machine.heard, self._listener
            if moves:
                self.machine.heard = []
        if moves and listener is not None:
            listener(moves)

    def notify(self, topic: str, content: Any) -> None:
        """Pass something on to clients, behind what was reported and before what will be. Any thread; takes no lock."""
        self._notices.append((topic, time(), content))
        self.call_soon(self._flush_soon)

    def _flush_soon(self) -> None:
        with self.lock:
            self.flush()

    def set_status(self, status: str) -> None:
        """Pause, go on, or begin to close."""
        with self.lock:
            self.machine.set_status(status)
            self.settle()

    def counts(self) -> dict[str, int]:
        """Return how many tasks and results are in which state, for people."""
        with self.lock:
            machine = self.machine
            return {
                "executing": sum(pool.n_executing for pool in self.pools.values()),
                "ready": machine.n_ready,
                "running": len(machine.running),
                "in_memory": machine.n_held,
                "in_flight": sum(len(flight.tasks) for flight in machine.fetches.flights.values()),
                "tasks": len(machine.tasks),
                "finished": self.n_finished + len(machine.outbox.rows),
            }

    # ------------------------------------------------------------ data

    def fetched(self, fetched: Fetched) -> None:
        """Take in what a peer answered; called by the fetcher's threads."""
        failures = {
            task: {**pack_failure(_noted(error, fetched.address), self.errors), "kind": "raised"}
            for task, error in fetched.failures.items()
        }
        if fetched.error is not None:
            logger.info("fetching from %s failed: %s", fetched.address, fetched.error)
        with self.lock:
            machine = self.machine
            for task, failure in failures.items():
                machine.unreadable(task, failure)
            if fetched.error is not None:
                machine.fetch_failed(fetched.tag)
            else:
                for task in machine.arrived(fetched.tag, fetched.sizes, fetched.missing):
                    self.data.put(task, fetched.values[task], fetched.sizes[task])
            self.settle()

    def put(self, tasks: list[int], keys: list[Hashable], values: list[Any], sizes: list[int]) -> None:
        """Hold data that a client put here; they are reported when this returns."""
        with self.lock:
            keep = set(self.machine.put(tasks, keys, sizes))
            for task, value, nbytes in zip(tasks, values, sizes):
                if task in keep:
                    self.data.put(task, value, nbytes)
            self.settle()

    def _keep(self, keep: Keep) -> None:
        """Unpack and hold data from the scheduler."""
        values: dict[int, Any] = {}
        failures: dict[int, dict[str, Any]] = {}
        for task, payload in zip(keep.tasks, keep.payloads, strict=True):
            try:
                values[task] = unpack(payload)
            except BaseException as error:  # reading a value runs the user's code
                logger.warning("data that the scheduler sent can't be read: %s: %s", type(error).__name__, error)
                failures[task] = {**pack_failure(_noted(error, "the scheduler"), self.errors), "kind": "raised"}
        sizes = {task: sizeof(value) for task, value in values.items()}
        with self.lock:
            for task, failure in failures.items():
                self.machine.unreadable(task, failure)
            for task in self.machine.stored(sizes):
                self.data.put(task, values[task], sizes[task])
            self.settle()

    def lost(self, task: int) -> None:
        """Take note that a value can't be read back from disk."""
        with self.lock:
            self.machine.lost(task)
            self.settle()

    def close(self) -> None:
        """End the threads that are the engine's own; what they do is ended first."""
        if self._unpacking is not None:
            self._unpacking.shutdown(cancel_futures=True)


def _noted(error: BaseException, source: str) -> BaseException:
    try:
        error.add_note(f"Raised when a result that came from {source} was read on the worker that needed it.")
    except Exception:
        # A class that refuses attributes: the error itself matters more.
        return error
    return error
