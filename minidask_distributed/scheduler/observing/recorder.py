"""One place for everything that the scheduler remembers for people: the dashboard's pages, `MemorySampler`, explanations.

Place in the flow: ``scheduler.recorder``. The server shows it the messages that matter here before the machine takes
them (`see`), what the machine noticed (`see_notices`), the timer's ticks, and, while somebody reads, every flush (`collect`).
Readers call `attach` before and `detach` when they have done, and may have themselves called after each flush; what they find:

- ``progress``: tasks by prefix of their keys and state (`progress.Progress`), while attached;
- ``activities``: transfers, spilling and serialisation on workers (`activities.Activities`); ``traffic``: bandwidth by pair of
  workers and by type of data (`traffic.Traffic`);
- ``history``: the cluster's memory, load and this process over time (`history.History`), while attached;
- ``failures``, ``departures`` (`failures`) and ``moves`` (`moves.Moves`): always, since they are rare;
- `worker_columns` (`workers`): the workers as a table, now.

Invariants: everything is bounded by a length of rows; readers get plain lists and values; without readers a flush costs one
``if``. No clock: ``now`` is the monotonic time that the machine has, ``stamp`` seconds since the epoch, for people.

Not for: events that users log (`scheduler.events`), executions (`scheduler.task_stream`), profiles.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from minidask_distributed.messages import Erred, Message, Recalled, WorkerBeat, WorkerDied
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.observing.activities import Activities
from minidask_distributed.scheduler.observing.departures import Departures
from minidask_distributed.scheduler.observing.failures import Failures
from minidask_distributed.scheduler.observing.history import History, ProcessReading
from minidask_distributed.scheduler.observing.moves import Moves
from minidask_distributed.scheduler.observing.progress import Progress
from minidask_distributed.scheduler.observing.traffic import Traffic
from minidask_distributed.scheduler.observing.workers import worker_columns

logger = logging.getLogger(__name__)


class Recorder:
    """What one scheduler remembers for people.

    Parameters
    ----------
    state
        The machine's; it is only read.
    measure
        Gives this process's numbers, see `history.ProcessReading`.
    finished
        Tells how many tasks workers have ended so far.
    activities_length, history_length, records_length, prefixes_length
        How many activities, samples, rows of each other record, and prefixes are kept.
    interval_s
        Between two samples of the history.
    """

    def __init__(
        self,
        state: ClusterState,
        measure: Callable[[], ProcessReading],
        finished: Callable[[], int],
        *,
        activities_length: int = 10_000,
        history_length: int = 7_200,
        records_length: int = 1_000,
        prefixes_length: int = 1_000,
        interval_s: float = 0.5,
    ) -> None:
        self.n_readers = 0
        self.is_attached = False  # read by every flush
        self.progress = Progress(state, prefixes_length)
        self.activities = Activities(activities_length)
        self.traffic = Traffic(records_length)
        self.history = History(state, measure, finished, history_length, interval_s)
        self.failures = Failures(state, records_length)
        self.departures = Departures(state, records_length)
        self.moves = Moves(state, records_length)
        self._state = state
        self._after_flush: list[Callable[[], object]] = []

    # ------------------------------------------------------------ readers

    def attach(self, after_flush: Callable[[], object] | None = None) -> None:
        """Begin to collect for one more reader; `detach` must follow, with the same argument.

        Parameters
        ----------
        after_flush
            Called after each flush: a busy event loop comes to its timers only after many of them.
        """
        if after_flush is not None:
            self._after_flush.append(after_flush)
        self.n_readers += 1
        if self.n_readers == 1:
            self.is_attached = True
            self.progress.begin()
            self.history.begin()

    def detach(self, after_flush: Callable[[], object] | None = None) -> None:
        """One reader fewer; with the last one collecting ends, and what only it needed is dropped.

        Raises
        ------
        RuntimeError
            If nobody is attached.
        """
        if not self.n_readers:
            raise RuntimeError("nobody reads the recorder: each detach belongs to one attach")
        if after_flush in self._after_flush:
            self._after_flush.remove(after_flush)
        self.n_readers -= 1
        if not self.n_readers:
            self.is_attached = False
            self.progress.end()

    def worker_columns(self, most: int | None = None) -> dict[str, list[Any]]:
        """Return the workers as columns, by joining, see `workers.COLUMNS`; with ``most`` at most so many."""
        return worker_columns(self._state, most)

    def memory(self) -> dict[str, int]:
        """Return the cluster's memory now, in bytes: the measures of `memory_history`, without ``time``."""
        return self.history.memory()

    def memory_history(self, start: float | None = None) -> dict[str, list[float]]:
        """Return the cluster's memory over time as columns, while somebody was attached.

        Parameters
        ----------
        start
            Seconds since the epoch: only samples from then on.

        Returns
        -------
        dict
            ``time`` (seconds since the epoch), and in bytes, of all workers: ``process`` (resident), ``managed`` (results, in
            memory or on disk), ``managed_in_memory``, ``spilled``, ``unmanaged``, ``unmanaged_old``, ``unmanaged_recent``
            (appeared within the last 30 s), ``optimistic`` (in memory, without what is recent).
        """
        return self.history.memory_columns(start)

    # ------------------------------------------------------------ what the server shows

    def collect(self) -> None:
        """Take in the machine's new moves, and call readers; after each flush while somebody is attached. Never raises."""
        try:
            self.progress.collect()
        except Exception:
            # Tasks go on whatever people are shown.
            logger.exception("tasks are counted no more, until the last reader has left")
            self.progress.end()
        # Whom it calls may leave.
        for call in tuple(self._after_flush):
            try:
                call()
            except Exception:
                logger.exception("a reader failed after a flush, and isn't called any more")
                self._after_flush.remove(call)

    def tick(self, now: float, stamp: float, delay_s: float) -> None:
        """Time has passed.

        Parameters
        ----------
        now, stamp
            The same moment on the machine's clock and in seconds since the epoch.
        delay_s
            How much later than planned the event loop came to this.
        """
        self.moves.settle(now, stamp)
        self.history.delayed(delay_s)
        if self.is_attached:
            self.progress.advance()
            self.history.tick(now, stamp)

    def see(self, name: str, message: Message, now: float, stamp: float) -> None:
        """Look at a message before the machine takes it: beats, errors and recalls of workers, deaths that nannies report.

        Parameters
        ----------
        name
            The worker's address.
        now, stamp
            The moment on the machine's clock and in seconds since the epoch.

        Raises
        ------
        ValueError
            If it isn't in its form.
        """
        if isinstance(message, WorkerBeat):
            # Taken out, so that the worker's metrics stay small.
            told = message.metrics.pop("activities", None)
            if told is not None:
                self.activities.add(name, told)
                self.traffic.add(name, told, now)
                # Who takes data says its name alone.
                workers = self._state.worker_names
                told["peers"] = [workers[peer].address if peer in workers else peer for peer in told["peers"]]
        elif isinstance(message, Erred):
            self.failures.see_erred(name, message, stamp)
        elif isinstance(message, Recalled):
            self.moves.see_recalled(name, message, stamp)
        elif isinstance(message, WorkerDied):
            self.departures.see_died(message, stamp)

    def see_notices(self, notices: Iterable[tuple[str, dict[str, Any]]], stamp: float) -> None:
        """Look at what the machine noticed: workers that come and go, and the tasks that failed with them."""
        for topic, content in notices:
            if topic == "worker-added":
                self.departures.joined(content["address"])
            elif topic == "worker-removed":
                self.departures.left(content["address"], content["reason"], stamp)
                self.failures.see_killed(stamp)
            elif topic == "worker-died":
                self.failures.see_killed(stamp)
