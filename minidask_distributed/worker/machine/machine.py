"""What a worker decides: which task runs next, what is fetched from whom, what the scheduler is told.

Place in the flow: sans-IO. The shell hands in messages (`handle`) and events (the other methods), under one lock; executor
threads `take` tasks; afterwards the shell drains ``instructions`` and ``drops`` (ids whose values are to go), and sends what
`flush` gives. Values never pass through here: threads keep them in the worker's data when `finished`, `arrived`, `stored` or
`put` say so.

Who runs what again: a task id always stands for the same work. So a run that was freed and is assigned again goes on as
"resumed", and its result counts for the new attempt. One that was stopped can't be resumed: a new run begins, and what the
old one gives is void.

Invariants (`check.sanity_check`): see there. Deterministic: no clock, no dice, no order that depends on hashing. Times are
arguments, seconds of a clock that never goes back. Not for: reading recipes, arguments or values, all opaque here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final

from minidask_distributed.messages import Free, Message, Missing, Notice, WorkerStatus
from minidask_distributed.worker.machine.inbox import Inbox
from minidask_distributed.worker.machine.instructions import Abandon
from minidask_distributed.worker.machine.queues import ReadyQueue
from minidask_distributed.worker.machine.records import COPY, DEFAULT_EXECUTOR, FIRST_ATTEMPT, FROM_SCHEDULER, Task
from minidask_distributed.worker.machine.states import (
    CANCELLED,
    EXECUTING,
    LONG_RUNNING,
    MEMORY,
    READY,
    RELEASED,
    RESUMED,
    RUNNING,
    WAITING,
)

RESCHEDULE: Final[dict[str, Any]] = {
    "kind": "reschedule",
    "type": "Reschedule",
    "text": "",
    "traceback": "",
    "notes": [],
    "payload": None,
}
"""What `Erred` says of a task that asked to be assigned anew."""


class WorkerMachine(Inbox):
    """The state of one worker.

    Parameters
    ----------
    resources : mapping of str to number, optional
        What the worker offers to tasks that ask for it.
    executors : iterable of str
        Names of executors besides the default one; tasks that ask for another one go to the default, where they fail.
    fetch_count, fetch_bytes, message_bytes : int
        Requests, bytes on their way, and bytes of one request, see `fetches`.
    recipe_bytes : int
        How many bytes of recipes are kept.
    validate : bool
        Hold every move against the table of states.
    log_length : int
        How many moves are remembered for `story`; 0: none.

    Raises
    ------
    ValueError
        If a bound is less than 1.
    """

    # ------------------------------------------------------------ events of threads

    def take(self, executor: str = DEFAULT_EXECUTOR) -> Task | None:
        """Give the task that an executor's thread is to run next; None if there is none, or the worker is paused."""
        if self.status == "paused":
            return None
        queue = self.ready if executor == DEFAULT_EXECUTOR else self.named[executor]
        if self.constrained:
            task = self._take_constrained(executor, queue)
        else:
            task = queue.pop()
        if task is None:
            return None
        if self._watched:
            self._note(task, EXECUTING)
        task.state = EXECUTING
        self.running[task.id] = task
        return task

    def _take_constrained(self, executor: str, queue: ReadyQueue) -> Task | None:
        line = self.constrained.get(executor)
        task = line.peek() if line is not None else None
        if task is None or line is None or not self._affords(task):
            return queue.pop()
        other = queue.peek()
        if other is not None and other.priority < task.priority:
            return queue.pop()
        line.discard(task)
        for name, amount in task.resources.items():
            self.free_resources[name] -= amount
        return task

    def _affords(self, task: Task) -> bool:
        free = self.free_resources
        return all(free[name] >= amount for name, amount in task.resources.items())

    def finished(self, task: Task, nbytes: int, value: Any, start_s: float, stop_s: float, thread: int) -> bool:
        """Take note that a run gave a result; return whether the caller is to keep it, before the lock is given back.

        Parameters
        ----------
        task : Task
            That `take` gave.
        nbytes : int
            Of the result.
        value : bytes, ByReference or None
            The result for the scheduler, if it is small.
        start_s, stop_s : float
            When it ran.
        thread : int
            Number of the thread.
        """
        state = task.state
        if state not in RUNNING:
            self._end_unwanted(task)
            return False
        id = task.id
        del self.running[id]
        if self._watched:
            self._stimulus, self._now = "finished", stop_s
            self._note(task, MEMORY)
        task.state = MEMORY
        task.nbytes = nbytes
        self.n_held += 1
        self.outbox.rows.append((id, task.attempt, nbytes, start_s, stop_s, thread, value))
        if task.options is not None:
            self._release_resources(task)
            task.options = None
        task.recipe = task.literals = task.inlined = None
        task.deps = ()
        if task.dependents:
            self._wake(task)
        return True

    def failed(self, task: Task, failure: dict[str, Any], start_s: float, stop_s: float) -> None:
        """Take note that a run failed (``failure``: fields of `protocol.failures`)."""
        self._stimulus, self._now = "failed", stop_s
        if task.state not in RUNNING:
            self._end_unwanted(task)
            return
        del self.running[task.id]
        self._release_resources(task)
        self._err(task, failure, int((stop_s - start_s) * 1e6))

    def rescheduled(self, task: Task) -> None:
        """Take note that a task asked to be assigned anew: a failure of the kind "reschedule", which isn't counted as one."""
        self._stimulus = "rescheduled"
        if task.state not in RUNNING:
            self._end_unwanted(task)
            return
        del self.running[task.id], self.tasks[task.id]
        self._release_resources(task)
        self._move(task, RELEASED)
        self._still_needed(task, told=True)
        self.outbox.erred(task.id, task.attempt, 0, dict(RESCHEDULE))

    def seceded(self, task: Task, duration_us: int) -> None:
        """Take note that a running task left the executor's slots."""
        self._stimulus = "seceded"
        if task.state in (EXECUTING, RESUMED):
            self._move(task, LONG_RUNNING)
            self.outbox.long_running(task.id, duration_us)

    def lacking(self, task: Task, deps: Iterable[int]) -> None:
        """Take note that a task that was to begin found dependencies gone: it waits again."""
        self._stimulus = "lacking"
        if task.state not in RUNNING:
            self._end_unwanted(task)
            return
        del self.running[task.id]
        self._release_resources(task)
        for dep in deps:
            self._lack(task, dep, None, 0)
        if task.lacks:
            self._move(task, WAITING)
        else:
            self._put_in_line(task)

    def _end_unwanted(self, task: Task) -> None:
        # What was stopped, or left behind by a connection, was taken note of then.
        if task.state == CANCELLED:
            del self.unwanted[task.id]
            self._release_resources(task)
            self._move(task, RELEASED)

    # ------------------------------------------------------------ events of data

    def arrived(self, serial: int, sizes: Mapping[int, int], missing: Iterable[int] = ()) -> list[int]:
        """Take note of the answer to a fetch; return the ids whose values are to be kept.

        Parameters
        ----------
        serial : int
            Of the `Fetch`; also of one that was given up.
        sizes : mapping of int to int
            Bytes of the results that came and could be read.
        missing : iterable of int
            What the peer doesn't have; so is what isn't named at all.
        """
        self._stimulus = "arrived"
        flight = self.fetches.ended(serial)
        keep: list[int] = []
        for id, nbytes in sizes.items():
            task = self.tasks.get(id)
            if task is not None and task.want is not None:
                self._hold(task, nbytes)
                keep.append(id)
        if flight is not None:
            self._failed_there(flight.tasks, flight.number, serial)
        self._start_fetches()
        return keep

    def fetch_failed(self, serial: int) -> None:
        """Take note that a peer couldn't be asked: neither for this nor for what stands in line for it."""
        self._stimulus = "fetch failed"
        flight = self.fetches.ended(serial)
        if flight is not None:
            waiting = self.fetches.in_line(flight.number)
            self._failed_there(flight.tasks, flight.number, serial)
            self._failed_there(waiting, flight.number, 0)
        self._start_fetches()

    def unreadable(self, id: int, failure: dict[str, Any]) -> None:
        """Take note that a result came and can't be read: the tasks that need it fail, and it isn't held.

        To be called before `arrived` for the same fetch, without the id in ``sizes``.
        """
        self._stimulus = "unreadable"
        task = self.tasks.get(id)
        if task is None or task.want is None:
            return
        dependents = list((task.dependents or {}).values())
        task.dependents = None
        from_scheduler, kept = task.want.serial == FROM_SCHEDULER, task.want.kept
        self._unwant(task)
        for dependent in dependents:
            self._unlink(dependent)
            self._err(dependent, failure, 0)
        if from_scheduler:
            # If nothing can make it again, this is what becomes of it.
            self.outbox.erred(id, COPY, 0, failure)
        elif kept:
            self.outbox.lost(id)

    def stored(self, sizes: Mapping[int, int]) -> list[int]:
        """Take note of data that a `Keep` asked for; return the ids whose values are to be kept."""
        self._stimulus = "stored"
        keep = [id for id in sizes if id in self.tasks and self.tasks[id].want is not None]
        for id in keep:
            self._hold(self.tasks[id], sizes[id])
        return keep

    def put(self, tasks: list[int], keys: list[Hashable], nbytes: list[int]) -> list[int]:
        """Take note of data that a client put here; return the ids whose values are to be kept."""
        self._stimulus = "put"
        keep: list[int] = []
        for id, key, size in zip(tasks, keys, nbytes):
            task = self.tasks.get(id)
            if task is None:
                task = self.tasks[id] = Task(id, key)
                self._move(task, MEMORY)
                task.nbytes = size
                task.attempt = COPY
                self.n_held += 1
                self.outbox.held(id, size)
                keep.append(id)
            elif task.want is not None:
                task.key = key
                self._hold(task, size)
                keep.append(id)
            elif task.state == MEMORY:
                self.outbox.held(id, task.nbytes)
        return keep

    def lost(self, id: int) -> None:
        """Take note that a result that was held can't be read back."""
        self._stimulus = "lost"
        task = self.tasks.get(id)
        if task is not None and task.state == MEMORY:
            self._move(task, RELEASED)
            del self.tasks[id]
            self.n_held -= 1
            self.drops.append(id)
            self.outbox.lost(id)

    # ------------------------------------------------------------ events of the worker

    def set_status(self, status: str) -> None:
        """Pause, go on, or begin to close; the scheduler is told of a change."""
        if status not in ("running", "paused", "closing"):
            raise ValueError(f'a worker is "running", "paused" or "closing", not {status!r}')
        if status != self.status:
            self.status = status
            self.outbox.post(WorkerStatus(status))

    def notice(self, topic: str, stamp: float, content: Any) -> None:
        """Pass something on to clients or the log."""
        self.outbox.post(Notice(topic, stamp, content))

    def held(self) -> list[Task]:
        """Return the results that are held and whose keys are known: what a worker that comes back offers."""
        return [task for task in self.tasks.values() if task.state == MEMORY and task.key is not None]

    def disconnected(self) -> None:
        """Take note that the scheduler is gone: nothing is wanted any more but what is held."""
        self._stimulus = "disconnected"
        for task in list(self.tasks.values()):
            task.dependents = None
            if task.state == MEMORY:
                if task.key is None:
                    self._free(Free([task.id]))
                continue
            if task.state in RUNNING:
                self._cancel(task)
            elif task.want is not None:
                self._unwant(task)
                continue
            else:
                if task.state == READY:
                    self._line_of(task).discard(task)
                self._move(task, RELEASED)
            del self.tasks[task.id]
        for flight in self.fetches.flights.values():
            self.instructions.append(Abandon(flight.serial, flight.number, flight.address))
        self.fetches.clear()
        self.recipes.clear()
        self.unreported.clear()
        self.outbox.clear()

    def registered(self, offered: list[Task], ids: list[int]) -> dict[int, int]:
        """Take the ids that a scheduler gave for what `held` had offered; return ``{old id: new id}`` of values to rename.

        What it doesn't want (0) goes into ``drops``. What a client put here meanwhile stays: the report of it says what it is.
        """
        self._stimulus = "registered"
        renamed: dict[int, int] = {}
        kept: dict[int, Task] = {}
        refused: list[int] = []
        for task, id in zip(offered, ids, strict=True):
            if self.tasks.get(task.id) is not task or task.state != MEMORY:
                continue
            if not id:
                refused.append(task.id)
            else:
                if id != task.id:
                    renamed[task.id] = id
                del self.tasks[task.id]
                task.id = task.priority = id
                task.attempt = FIRST_ATTEMPT
                kept[id] = task
        self._free(Free(refused))
        self.tasks.update(kept)
        if self.status != "running":
            self.outbox.post(WorkerStatus(self.status))
        return renamed

    def flush(self) -> list[Message]:
        """Return what the scheduler is to be told since the last flush."""
        if self.unreported:
            found = [self.tasks[id] for id in self.unreported]
            self.unreported.clear()
            self.outbox.post(
                Missing([task.id for task in found], [list(task.want.tried) for task in found if task.want])
            )
        return self.outbox.take()

    @property
    def n_ready(self) -> int:
        """Tasks in line for a thread of the default executor."""
        line = self.constrained.get(DEFAULT_EXECUTOR)
        return len(self.ready) + (len(line) if line is not None else 0)
