"""Every task that failed: where, with which error, and whether it is tried again.

Place in the flow: the server shows `Failures` each worker's report of errors before the machine takes it (the machine then
decides by the same facts), and after a worker's end asks it to look for the tasks that were given up with it.

Invariants: bounded rows, and bounded texts in them; payloads are never kept. Reports that the machine will ignore (older
attempts, forgotten tasks) are ignored here. Not for: what clients are told.
"""

from __future__ import annotations

from typing import Any

from minidask_distributed.messages import Erred
from minidask_distributed.scheduler.machine.records import Task
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import ERRED, PROCESSING
from minidask_distributed.scheduler.observing.recent import Recent

COLUMNS = (
    "time",  # seconds since the epoch
    "key",  # as text
    "task_key",  # itself
    "function",
    "worker",  # address
    "type",  # of the exception
    "text",
    "traceback",
    "attempt",  # the first is 1
    "retries_left",  # after this one
    "duration",  # seconds that the run took; 0: it isn't known
    "thread",  # number of the worker's thread, None: it isn't known
    "outcome",  # "failed", "retried", "rescheduled", "lost" (results of others were gone: made again), "killed-worker"
)

MOST_TEXT = 2_000
MOST_TRACEBACK = 20_000
"""Characters that are kept of a traceback: its end, where the error is."""


class Failures(Recent):
    """The last failures, one a row, see `COLUMNS`.

    Parameters
    ----------
    state
        The machine's; it is only read.
    length
        Rows that are kept.
    """

    def __init__(self, state: ClusterState, length: int) -> None:
        super().__init__(COLUMNS, length)
        self._state = state
        self._at = 0  # moves of the log that were looked at for workers' ends

    def see_erred(self, worker: str, message: Erred, stamp: float) -> None:
        """Keep the failures of a report that is about to be handled.

        Parameters
        ----------
        worker
            Address.
        stamp
            Seconds since the epoch.
        """
        attempts = message.attempts or [1] * len(message.tasks)
        rows = zip(message.tasks, attempts, message.durations, message.failures, strict=False)
        for task_id, attempt, duration_us, fields in rows:
            task = self._state.find(task_id)
            if task is None or task.state != PROCESSING or task.attempt != attempt:
                continue
            if task.worker is None or task.worker.address != worker:
                continue
            left = task.retries
            kind = fields.get("kind")
            if kind == "reschedule":
                outcome = "rescheduled"
            elif kind == "lost":
                outcome = "lost"
            else:
                outcome = "retried" if left > 0 else "failed"
                left = max(left - 1, 0)
            self._keep(task, worker, fields, outcome, left, stamp, duration_us)

    def see_killed(self, stamp: float) -> None:
        """Keep the tasks that were given up since the last call because workers died while they ran them."""
        log, find = self._state.log, self._state.find
        move = PROCESSING << 4 | ERRED
        at = max(self._at - log.dropped, 0)
        self._at = log.dropped + len(log.tasks)
        while (at := log.moves.find(move, at)) >= 0:
            task = find(log.tasks[at])
            at += 1
            if task is not None and task.failure is not None and task.failure.kind == "killed-worker":
                fields = task.failure.fields
                self._keep(task, str(fields.get("worker", "")), fields, "killed-worker", task.retries, stamp)

    def _keep(
        self,
        task: Task,
        worker: str,
        fields: dict[str, Any],
        outcome: str,
        left: int,
        stamp: float,
        duration_us: int = 0,
    ) -> None:
        thread = fields.get("thread")
        text, traceback = str(fields.get("text") or ""), str(fields.get("traceback") or "")
        self.add(
            (
                stamp,
                str(task.key)[:MOST_TEXT],
                task.key,
                str(fields.get("name") or "")[:MOST_TEXT],
                worker,
                str(fields.get("type") or "")[:MOST_TEXT],
                text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + " ...",
                traceback if len(traceback) <= MOST_TRACEBACK else "... " + traceback[-MOST_TRACEBACK:],
                task.attempt,
                left,
                max(duration_us, 0) / 1e6,
                thread if type(thread) is int and thread >= 0 else None,
                outcome,
            )
        )
