"""The loop of the schedulers whose tasks leave the calling thread in batches: ``executor`` and ``processes``.

The state stays in the calling process. A carrier takes batches of tasks to wherever they run and brings the answers
back; which tasks, and when, is decided here. Invariants: a worker has one batch at a time; the first failure ends the
computation.
"""

from __future__ import annotations

import warnings
from typing import Any, Protocol

from minidask.graph.program import Program
from minidask.graph.task import Key, Task, TaskRef, func_name
from minidask.schedulers.failure import add_note, blame, task_note, user_stacklevel
from minidask.schedulers.remote import Answer, Failure, Parcel
from minidask.schedulers.run import Watch
from minidask.schedulers.state import State
from minidask.sizeof import sizeof
from minidask.units import format_bytes


class Carrier(Protocol):
    """Where batches go."""

    def expect(self, ready: int) -> None:
        """Make ready for that many tasks (start workers)."""

    def room(self) -> tuple[int, int]:
        """Return how many batches may be sent now, and how many soon without any task's end."""

    def send(self, batch: list[int], parcel: Parcel) -> None:
        """Take a batch away."""

    def receive(self) -> tuple[list[int], Answer] | None:
        """Wait for news: a batch's answer, or None when there may be more room."""


def drive(state: State, watch: Watch | None, carrier: Carrier, chunksize: int) -> None:
    """Run all tasks of a state in batches of at most ``chunksize``, see ``minidask.schedulers.run``."""
    while not state.done:
        if state.ready:
            carrier.expect(len(state.ready))
            room, soon = carrier.room()
            while state.ready and room:
                # Few tasks are spread over all workers rather than sent to one.
                share = -(-len(state.ready) // (room + soon))
                batch = [state.pop() for _ in range(min(chunksize, share))]
                if watch is not None:
                    for at in batch:
                        watch.before(at)
                tasks = [state.tasks[at].bind(state.cache) for at in batch]
                parcel = Parcel([state.keys[at] for at in batch], tasks)
                del tasks
                carrier.send(batch, parcel)
                del parcel
                room -= 1
        news = carrier.receive()
        if news is not None:
            _take(state, watch, *news)
            # Not held while waiting for the next: results are to be released as soon as nobody needs them.
            del news


def _take(state: State, watch: Watch | None, batch: list[int], answer: Answer) -> None:
    for number, at in enumerate(batch):
        value = answer.take(number)
        if isinstance(value, Failure):
            raise _error(value, state.keys[at], state.tasks[at])
        state.finish(at, value)
        if watch is not None:
            watch.after(at, value, answer.worker)


def _error(failure: Failure, key: Key, task: Task) -> BaseException:
    error = failure.error()
    if failure.traceback is None:
        return blame(error, key, task)
    note = task_note(key, task)
    where = f"In the process {failure.process}, the traceback was:"
    indented = "\n".join(f"    {line}".rstrip() for line in failure.traceback.splitlines())
    add_note(error, f"{note} {where}\n{indented}")
    return error


def warn_if_large(state: State, limit_bytes: int) -> None:
    """Warn, at the user's line, if the tasks of a state carry literals of more than ``limit_bytes`` together."""
    total = largest = 0
    culprit = ""
    # {id: nbytes}: one object in a thousand tasks is measured once, and sent a thousand times.
    known: dict[int, int] = {}
    for key, task in zip(state.keys, state.tasks, strict=True):
        for value in _literals(task):
            if type(value) in _SMALL:
                continue
            size = known.get(id(value))
            if size is None:
                size = known[id(value)] = sizeof(value)
            total += size
            if size > largest:
                largest = size
                culprit = (
                    f"a {type(value).__name__} of {format_bytes(size)} in the task {key!r} ({func_name(task.func)})"
                )
    if total > limit_bytes:
        warnings.warn(
            f"the graph carries {format_bytes(total)} of data to be pickled and sent to other processes; the largest is "
            f"{culprit}. Load the data inside the task, or use scheduler='threads'. The setting "
            "'optimization.graph-warning-size' says from which size on to warn.",
            stacklevel=user_stacklevel(),
        )


_SMALL = frozenset({int, float, bool, complex, type(None), slice, TaskRef, type})


def _literals(task: Task) -> list[Any]:
    values = [*task.args, *task.kwargs.values()] if task.kwargs else list(task.args)
    if type(task.func) is Program:
        values += task.func.constants
    return values
