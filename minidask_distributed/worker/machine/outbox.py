"""What the scheduler is to be told, in order, merged into columns where neighbours are of one kind.

Place in the flow: `machine` reports here; `flush` gives the messages, once. The rows of finished tasks are plain tuples until
they are flushed, for speed.

Invariants: the order of reports about one task is kept: finished rows are closed before any other message is added.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minidask_distributed.messages import Erred, Finished, Held, LongRunning, Lost, Message, NeedRecipes, Recalled
from minidask_distributed.worker.machine.records import FIRST_ATTEMPT


class Row(NamedTuple):
    """One finished task (the columns of `messages.Finished`); plain tuples of this form are as good."""

    task: int
    attempt: int
    nbytes: int
    start_s: float
    stop_s: float
    thread: int
    value: Any


STOP = 4
"""Index of the end of a row's run."""


class Outbox:
    """Reports that wait to be sent.

    Examples
    --------
    >>> outbox = Outbox()
    >>> outbox.rows.append(Row(7, 1, 28, 2.0, 2.5, 0, None))
    >>> outbox.held(8, 100)
    >>> outbox.held(9, 100)
    >>> for message in outbox.take():
    ...     print(message)
    Finished(tasks=[7], attempts=None, nbytes=[28], durations=[500000], starts=[0], threads=[0], since=2000000, values=None)
    Held(tasks=[8, 9], nbytes=[100, 100])
    """

    __slots__ = ("messages", "offset_s", "rows")

    def __init__(self) -> None:
        self.offset_s = 0.0  # to be added to the rows' clock, which never goes back, for seconds since the epoch
        self.rows: list[tuple[int, int, int, float, float, int, Any]] = []
        self.messages: list[Message] = []

    def __bool__(self) -> bool:
        return bool(self.rows or self.messages)

    def oldest_s(self) -> float | None:
        """When the first of the finished tasks that wait here ended; None without any."""
        return self.rows[0][STOP] if self.rows else None

    def post(self, message: Message) -> None:
        """Add a message after all that was reported so far."""
        if self.rows:
            self._close_rows()
        self.messages.append(message)

    def _close_rows(self) -> None:
        tasks, attempts, nbytes, starts, stops, threads, values = map(list, zip(*self.rows))
        self.rows.clear()
        base = starts[0] if len(starts) == 1 else min(starts)
        self.messages.append(
            Finished(
                tasks=tasks,
                attempts=None if attempts.count(FIRST_ATTEMPT) == len(attempts) else attempts,
                nbytes=nbytes,
                durations=[int((stop - start) * 1e6) for start, stop in zip(starts, stops)],
                starts=[int((start - base) * 1e6) for start in starts],
                threads=threads,
                since=int((base + self.offset_s) * 1e6),
                values=None if values.count(None) == len(values) else values,
            )
        )

    def _last(self, kind: type[Message]) -> Any:
        """Return the last message if it is of this kind and nothing was reported after it."""
        if not self.rows and self.messages and type(self.messages[-1]) is kind:
            return self.messages[-1]
        return None

    def held(self, task: int, nbytes: int) -> None:
        """Report a copy."""
        last = self._last(Held)
        if last is None:
            self.post(Held([task], [nbytes]))
        else:
            last.tasks.append(task)
            last.nbytes.append(nbytes)

    def lost(self, task: int) -> None:
        """Report a result that can't be given any more."""
        last = self._last(Lost)
        if last is None:
            self.post(Lost([task]))
        else:
            last.tasks.append(task)

    def erred(self, task: int, attempt: int, duration_us: int, failure: dict[str, Any]) -> None:
        """Report a failure."""
        last = self._last(Erred)
        if last is None:
            self.post(Erred([task], None if attempt == FIRST_ATTEMPT else [attempt], [duration_us], [failure]))
            return
        if last.attempts is None and attempt != FIRST_ATTEMPT:
            last.attempts = [FIRST_ATTEMPT] * len(last.tasks)
        if last.attempts is not None:
            last.attempts.append(attempt)
        last.tasks.append(task)
        last.durations.append(duration_us)
        last.failures.append(failure)

    def long_running(self, task: int, duration_us: int) -> None:
        """Report a task that seceded."""
        last = self._last(LongRunning)
        if last is None:
            self.post(LongRunning([task], [duration_us]))
        else:
            last.tasks.append(task)
            last.durations.append(duration_us)

    def recalled(self, given: list[int], kept: list[int]) -> None:
        """Report what goes back unstarted and what doesn't."""
        last = self._last(Recalled)
        if last is None:
            self.post(Recalled(given, kept))
        else:
            last.given += given
            last.kept += kept

    def need_recipe(self, number: int) -> None:
        """Ask for a recipe."""
        last = self._last(NeedRecipes)
        if last is None:
            self.post(NeedRecipes([number]))
        else:
            last.recipes.append(number)

    def take(self) -> list[Message]:
        """Return all messages, oldest first, and forget them."""
        if self.rows:
            self._close_rows()
        taken, self.messages = self.messages, []
        return taken

    def clear(self) -> None:
        """Forget all: whoever was to be told is gone."""
        self.rows.clear()
        self.messages.clear()
