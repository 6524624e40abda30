"""Which task ran when, on which thread of which worker: the last so many, in columns.

Place in the flow: the server shows each `Finished` message before the machine takes it; `get_task_stream` and, later, the
dashboard read. The lists of a message are kept as they are, so that a finished task costs nothing here but its place.

Keys aren't in those messages, and a task may be forgotten as soon as it is done. So keys are looked up when somebody
reads, for tasks that still exist; once anybody has read (or asked for none: ``count=0``), they are looked up at once. Who
reads batches draws few of many short tasks: after `FULLY` keys since the last reading only those of the first, the middle and
the last task of a batch of short ones are looked up, which name its prefixes.

State: batches, oldest first; their number of tasks together, at most ``length`` unless a single batch has more.

Not for: failures (the events have them), or anything that decides.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

from minidask.graph.task import Key
from minidask_distributed.messages import Finished

FULLY = 256
"""Keys that are looked up between two readings of batches, whatever the tasks' durations."""

SHORT_US = 5_000
"""Tasks that take as long are drawn one by one, and always have their keys."""

KeysOf: TypeAlias = "Callable[[list[int]], list[Key | None]]"


class Batch(NamedTuple):
    """The tasks of one message."""

    worker: str  # address
    since_us: int
    tasks: list[int]
    nbytes: list[int]
    durations: list[int]
    starts: list[int]
    threads: list[int]
    keys: list[Key | None] | None
    samples: list[Key | None] | None = None  # of the first, the middle and the last task, instead of all keys

    def key_of(self, at: int) -> Key | None:
        """Return the key of a task, if it is known."""
        if self.keys is not None:
            return self.keys[at]
        last = len(self.tasks) - 1
        return {0: self.samples[0], last // 2: self.samples[1], last: self.samples[2]}.get(at) if self.samples else None

    def key_near(self, at: int) -> Key | None:
        """Return the key of a task, or of one of the same batch near it."""
        if self.keys is not None:
            return self.keys[at]
        return None if self.samples is None else self.samples[round(2 * at / max(len(self.tasks) - 1, 1))]


class TaskStream:
    """The last executions.

    Parameters
    ----------
    length
        How many tasks are kept.
    keys_of
        Gives the keys of task ids; None for those that are forgotten.

    Examples
    --------
    >>> stream = TaskStream(1000, lambda tasks: [f"key-{task}" for task in tasks])
    >>> stream.observe("tcp://w:1", Finished([5, 6], None, [28, 28], [10, 20], [0, 10], [0, 0], 1_000_000, None))
    >>> stream.columns(count=1)["keys"], stream.columns(start_us=1_000_005)["durations"]
    (['key-6'], [10, 20])
    """

    def __init__(self, length: int, keys_of: KeysOf) -> None:
        self.length = length
        self._keys_of = keys_of
        self.total = 0  # executions that were ever seen
        self._batches: deque[Batch] = deque()
        self._n_tasks = 0
        self._is_read = False
        self._is_watched = False  # somebody reads batches
        self._left = 0  # keys that may still be looked up for who does

    def __len__(self) -> int:
        return self._n_tasks

    def observe(self, worker: str, message: Finished) -> None:
        """Keep the tasks of a message, before the machine may forget them.

        Raises
        ------
        ValueError
            If the columns differ in length, or aren't lists.
        """
        tasks, nbytes, durations = message.tasks, message.nbytes, message.durations
        starts, threads = message.starts, message.threads
        for column in (tasks, nbytes, durations, starts, threads):
            if type(column) is not list or len(column) != len(tasks):
                raise ValueError("the columns of Finished must be lists of one length")
        keys = samples = None
        if self._is_read:
            keys = self._keys_of(tasks)
        elif self._is_watched and tasks:
            if self._left > 0 or max(durations) >= SHORT_US:
                keys = self._keys_of(tasks)
                self._left -= len(tasks)
            else:
                samples = self._keys_of([tasks[0], tasks[(len(tasks) - 1) // 2], tasks[-1]])
        batches = self._batches
        batches.append(Batch(worker, message.since, tasks, nbytes, durations, starts, threads, keys, samples))
        self._n_tasks += len(tasks)
        self.total += len(tasks)
        while self._n_tasks > self.length and len(batches) > 1:
            self._n_tasks -= len(batches.popleft().tasks)

    def columns(
        self, start_us: int | None = None, stop_us: int | None = None, count: int | None = None
    ) -> dict[str, list[Any]]:
        """Return executions as columns, in the order of the reports.

        Parameters
        ----------
        start_us, stop_us
            Microseconds since the epoch: those that ended after the one and began before the other.
        count
            At most so many, the latest.

        Returns
        -------
        dict
            ``keys`` (None for a task that was forgotten before anybody had read the stream), ``workers`` (addresses),
            ``threads`` (numbers), ``starts`` (microseconds since the epoch), ``durations`` (microseconds), ``nbytes``.
        """
        self._is_read = True
        result: dict[str, list[Any]] = {
            name: [] for name in ("keys", "workers", "threads", "starts", "durations", "nbytes")
        }
        timed = start_us is not None or stop_us is not None
        low = float("-inf") if start_us is None else start_us
        high = float("inf") if stop_us is None else stop_us
        for batch in self._latest(None if timed else count):
            keys = batch.keys if batch.keys is not None else self._keys_of(batch.tasks)
            starts = [batch.since_us + start for start in batch.starts]
            rows: Sequence[int] = range(len(starts))
            if timed:
                rows = [at for at in rows if starts[at] < high and starts[at] + batch.durations[at] > low]
            result["keys"] += [keys[at] for at in rows]
            result["workers"] += [batch.worker] * len(rows)
            result["starts"] += [starts[at] for at in rows]
            for name in ("threads", "durations", "nbytes"):
                column = getattr(batch, name)
                result[name] += [column[at] for at in rows]
        if count is not None:
            result = {name: column[max(len(column) - count, 0) :] for name, column in result.items()}
        return result

    def since(self, cursor: int, most: int | None = None) -> tuple[dict[str, list[Any]], int]:
        """Return the executions after a cursor as `columns` does, as far as they are kept, and the next cursor.

        Parameters
        ----------
        cursor
            0 at first.
        most
            At most so many, the latest.
        """
        count = max(self.total - cursor, 0)
        return self.columns(count=count if most is None else min(count, most)), self.total

    def batches_since(self, cursor: int) -> tuple[list[Batch], int]:
        """Return the batches after a cursor of `since`, oldest first, and the next cursor: for who doesn't look at every task.

        Keys are there as the module says; before the first reading, those of tasks that still exist.
        """
        self._is_watched, self._left = True, FULLY
        batches: list[Batch] = []
        left = self.total - cursor
        for batch in reversed(self._batches):
            if left <= 0:
                break
            left -= len(batch.tasks)
            known = batch.keys is not None or batch.samples is not None
            batches.append(batch if known else batch._replace(keys=self._keys_of(batch.tasks)))
        batches.reverse()
        return batches, self.total

    def _latest(self, count: int | None) -> list[Batch]:
        """The latest batches that have `count` tasks together, oldest first; all for None."""
        batches = list(self._batches)
        if count is None:
            return batches
        sizes = list(accumulate(len(batch.tasks) for batch in reversed(batches)))
        return batches[max(len(batches) - bisect_left(sizes, count) - 1, 0) :] if count > 0 else []
