"""Threads that run tasks: take one, run it, hand in what came of it, take the next; nothing else happens for each task.

Place in the flow: a `Pool` is an executor by name, "default" or one that a user gave; its threads (`Slot`) take tasks from the
machine under the engine's lock, the outcome of the last one handed in at the same time. `calls` makes one call.

Slots: as many tasks run at a time as a pool has slots. A task that secedes gives its slot to a new thread; a task that is
stopped loses it at once, and its thread ends when the exception that is raised in it has ended the call. So a slot that was
freed never waits for code that doesn't listen.

Stopping (`interrupt`): the exception is raised only while the thread is inside the call. Whoever takes the one token out of
``slot.gate``, the thread after its call or who interrupts, decides that; a thread that comes second waits until the exception
is on its way, lets it pass, and ends. So it can't hit the next task, or this code.

Invariants: a thread that waits keeps no task, argument or result alive; what a task raises never ends a slot; threads are
daemons, since nothing can end a call that blocks outside of Python.
"""

from __future__ import annotations

import ctypes
import heapq
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from time import monotonic, perf_counter
from typing import Any

from minidask_distributed.comm.lent import LentReceiving
from minidask_distributed.worker.blame import CELLS
from minidask_distributed.worker.calls import FINISHED, LACKING, RESCHEDULED, STOPPED, Caller, TaskStopped
from minidask_distributed.worker.engine import REPORT_AFTER_S, Engine
from minidask_distributed.worker.machine import DEFAULT_EXECUTOR, Task
from minidask_distributed.worker.machine.outbox import STOP

logger = logging.getLogger(__name__)

LONG_US = 2000
"""Before a task that is expected to take longer, or that was never measured, reports are flushed."""


class Numbers:
    """Small numbers for threads, the least free one first; each has a cell in the file of running tasks.

    Examples
    --------
    >>> numbers = Numbers()
    >>> numbers.take(), numbers.take(), numbers.give_back(0), numbers.take()
    (0, 1, None, 0)
    """

    def __init__(self, cells: Any = None) -> None:
        self.cells = [0] * CELLS if cells is None else cells
        self._free: list[int] = []
        self._next = 0

    def take(self) -> int:
        """Return a number that nobody has."""
        if self._free:
            return heapq.heappop(self._free)
        self._next += 1
        return self._next - 1

    def give_back(self, number: int) -> None:
        """Take a number back."""
        heapq.heappush(self._free, number)


class Slot:
    """One thread of a pool."""

    __slots__ = (
        "abandoned",
        "cell",
        "cells",
        "future",
        "gate",
        "interrupted",
        "lent",
        "number",
        "seceded",
        "started",
        "task",
        "thread",
        "wake",
    )

    def __init__(self, number: int, cells: Any) -> None:
        self.number = number
        self.cells = cells if number < CELLS else [0]
        self.cell = number if number < CELLS else 0
        self.task: Task | None = None  # that it runs
        self.started = 0.0
        self.gate: list[bool] = []  # holds a token while the thread is inside the task's call
        self.interrupted = threading.Event()  # the exception is on its way
        self.future: Future[Any] | None = None  # that it waits for: a coroutine, or a call in another executor
        self.seceded = False
        self.abandoned = False  # interrupted: whatever comes of its task is void
        self.wake = threading.Lock()
        self.wake.acquire()
        self.lent: LentReceiving | None = None  # it receives from the scheduler instead of waiting
        self.thread: threading.Thread | None = None

    def end_waiting(self) -> None:
        """Have its thread look for work."""
        if self.lent is not None:
            self.lent.ring()
        else:
            self.wake.release()


class Pool:
    """The threads of one executor.

    Parameters
    ----------
    engine : Engine
    name : str
        Of the executor.
    nthreads : int
        Slots.
    caller : Caller
        Makes the calls.
    numbers : Numbers
        Of all threads of the worker.
    executor : concurrent.futures.Executor, optional
        Where the calls are made; None: on the pool's own threads.
    on_broken : callable
        Called with an error in this code, after which the worker can't go on.

    Raises
    ------
    ValueError
        For less than one thread.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        nthreads: int,
        caller: Caller,
        numbers: Numbers,
        executor: Executor | None = None,
        on_broken: Callable[[BaseException], object] = lambda error: None,
    ) -> None:
        if nthreads < 1:
            raise ValueError(f"the executor {name!r} needs at least one thread, got {nthreads}")
        self.engine = engine
        self.name = name
        self.nthreads = nthreads
        self.slots: list[Slot] = []
        self.idle: list[Slot] = []
        self.rejoining: deque[tuple[Slot, Any]] = deque()  # seceded slots whose tasks wait for a place
        self.closing = False
        self._caller = caller
        self._numbers = numbers
        self._executor = executor
        self._on_broken = on_broken

    def start(self) -> None:
        """Start the threads."""
        with self.engine.lock:
            for _ in range(self.nthreads):
                self._add()

    def _add(self) -> None:
        """Start a thread. Under the lock."""
        slot = Slot(self._numbers.take(), self._numbers.cells)
        self.slots.append(slot)
        slot.thread = threading.Thread(
            target=self._main, args=(slot,), name=f"minidask {self.name} {slot.number}", daemon=True
        )
        try:
            slot.thread.start()
        except RuntimeError as error:
            # The system gives no more threads: the worker would wait for ever with slots that nobody fills.
            self.slots.remove(slot)
            self._numbers.give_back(slot.number)
            self._on_broken(error)

    def wake(self) -> None:
        """Wake as many idle threads as there is work for. Under the lock."""
        if not self.idle:
            return
        machine = self.engine.machine
        queue = machine.ready if self.name == "default" else machine.named[self.name]
        count = len(queue.tasks)
        if machine.constrained and self.name in machine.constrained:
            count += len(machine.constrained[self.name])
        if machine.status == "paused":
            count = 0
        for _ in range(min(len(self.idle), max(count, len(self.rejoining)))):
            self.idle.pop().end_waiting()

    @property
    def n_executing(self) -> int:
        """Tasks that run in slots. Under the lock."""
        return sum(slot.task is not None and not slot.seceded and not slot.abandoned for slot in self.slots)

    # ------------------------------------------------------------ the threads

    def _main(self, slot: Slot) -> None:
        try:
            self._loop(slot)
        except TaskStopped:
            # It was to hit the task, which had ended: the thread has lost its slot and ends in any case.
            logger.debug("a thread was stopped after its task had ended")
        except BaseException as error:
            logger.critical("a thread that runs tasks ended by an error of its own", exc_info=error)
            self._on_broken(error)
        finally:
            self._leave(slot)

    def _loop(self, slot: Slot) -> None:
        engine = self.engine
        lock, machine, put = engine.lock, engine.machine, engine.data.put
        take, finished, outbox = machine.take, machine.finished, machine.outbox
        call, name, number, executor = self._caller.call, self.name, slot.number, self._executor
        cells, cell, rows, pools = slot.cells, slot.cell, outbox.rows, engine.pools.values()
        reading = engine.reading if name == DEFAULT_EXECUTOR else None
        task: Task | None = None
        outcome: Any = None
        start = stop = perf_counter()
        ran = 0  # tasks since it waited
        lent: LentReceiving | None = None
        while True:
            with lock:
                if task is not None:
                    ran += 1
                    if slot.abandoned:
                        return
                    kind, value, nbytes, small, start, stop = outcome
                    if kind == FINISHED:
                        if finished(task, nbytes, small, start, stop, number):
                            put(task.id, value, nbytes)
                    else:
                        self._hand_in(task, kind, value, start, stop)
                    slot.task = None
                    if (slot.seceded or self.rejoining or self.closing) and self._is_surplus(slot):
                        engine.settle()
                        return
                elif (self.closing or self.rejoining) and self._is_surplus(slot):
                    return
                if machine.drops or machine.instructions:
                    engine.settle()
                task = take(name)
                if task is None:
                    self.idle.append(slot)
                    engine.flush()
                    if reading is not None:
                        reading.idle(ran, stop - start)
                        ran = 0
                    # Now: once the lock is given back, the loop may have lent it, and then it wakes the thread as well.
                    lent = slot.lent
                else:
                    slot.task = task
                    if slot.lent is not None and reading is not None:
                        reading.begins(task)
                    if outbox.messages:
                        engine.flush()
                    elif rows:
                        recipe = task.recipe
                        assert recipe is not None
                        # The slot's clock stands at the end of the last task: no need to read it again.
                        if not 0 <= recipe.expected_us <= LONG_US or stop - rows[0][STOP] >= REPORT_AFTER_S:
                            engine.flush()
                        elif not engine.watching:
                            engine.watch()
                for pool in pools:
                    if pool.idle:
                        pool.wake()
                if machine.validate:
                    engine.check()
            # Nothing of the last task is kept alive while the next one runs, or while there is none.
            value = small = outcome = None
            cells[cell] = 0 if task is None else task.id
            if task is None:
                if lent is not None and reading is not None:
                    reading.wait(self, slot, lent)
                else:
                    slot.wake.acquire()
                stop = perf_counter()
                continue
            outcome = call(task, slot, executor)
            if outcome[0] == STOPPED:
                return

    def _hand_in(self, task: Task, kind: int, value: Any, start: float, stop: float) -> None:
        """Take in an outcome other than a result. Under the lock."""
        machine = self.engine.machine
        if kind == LACKING:
            for dep in value:
                if dep not in self.engine.data:
                    machine.lost(dep)
            machine.lacking(task, value)
        elif kind == RESCHEDULED:
            machine.rescheduled(task)
        else:
            machine.failed(task, value, start, stop)

    def _is_surplus(self, slot: Slot) -> bool:
        """Whether a thread that ended its task is to end; it gives its place to one that waits for one. Under the lock."""
        if self.closing or slot.seceded:
            return True
        if self.rejoining:
            other, turn = self.rejoining.popleft()
            other.seceded = False
            # Its number and place are free; it isn't to be given back twice.
            turn.release()
            return True
        return False

    def _leave(self, slot: Slot) -> None:
        """A thread ends."""
        slot.task = None
        if not self.closing:
            slot.cells[slot.cell] = 0
        with self.engine.lock:
            self._stop_reading(slot)
            self.slots.remove(slot)
            self._numbers.give_back(slot.number)

    def _stop_reading(self, slot: Slot) -> None:
        """Have the loop receive what a thread would, that isn't waiting for it. Under the lock."""
        if slot.lent is not None:
            self.engine.reading.give_back()

    # ------------------------------------------------------------ seceding and stopping

    def secede(self, slot: Slot, task: Task) -> None:
        """Take a running task out of its slot; a new thread takes the place. Again: nothing."""
        with self.engine.lock:
            if slot.task is not task or slot.seceded or slot.abandoned:
                return
            slot.seceded = True
            self._stop_reading(slot)
            self.engine.machine.seceded(task, int((perf_counter() - slot.started) * 1e6))
            if not self.closing:
                self._add()
            self.engine.settle()

    def rejoin(self, slot: Slot, task: Task) -> None:
        """Block until a seceded task has a slot again; the scheduler goes on to count it as seceded."""
        with self.engine.lock:
            if slot.task is not task or not slot.seceded or slot.abandoned or self.closing:
                return
            turn = threading.Lock()
            turn.acquire()
            self.rejoining.append((slot, turn))
            self.wake()
        turn.acquire()

    def interrupt(self, task: Task) -> bool:
        """Stop a task that runs in this pool and free its slot; return whether it was found. Under the lock."""
        slot = next((slot for slot in self.slots if slot.task is task), None)
        if slot is None:
            return False
        try:
            slot.gate.pop()
        except IndexError:
            # It isn't in the task's call: it will see for itself that the task isn't wanted, or is done already.
            return True
        slot.abandoned = True
        self._stop_reading(slot)
        for entry in list(self.rejoining):
            if entry[0] is slot:
                self.rejoining.remove(entry)
                entry[1].release()
        if not slot.seceded and not self.closing:
            self._add()
        if slot.future is not None:
            slot.future.cancel()
        thread = slot.thread
        assert thread is not None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TaskStopped))
        slot.interrupted.set()
        return True

    def close(self, timeout_s: float = 2.0) -> int:
        """Stop what runs, end the threads, wait for them; return how many didn't end in time."""
        with self.engine.lock:
            self.closing = True
            while self.idle:
                self.idle.pop().end_waiting()
            for slot in list(self.slots):
                if slot.task is not None:
                    self.interrupt(slot.task)
            for _, turn in self.rejoining:
                turn.release()
            self.rejoining.clear()
            threads = [slot.thread for slot in self.slots if slot.thread is not None]
        deadline = monotonic() + timeout_s
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - monotonic()))
        return sum(thread.is_alive() for thread in threads)
