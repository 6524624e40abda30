"""Work that moved between workers: who gave how many tasks to whom.

Place in the flow: two ways lead from one worker to another. Queued tasks are *stolen* within the machine, which notes each
time in ``ClusterState.stolen``; tasks that were sent and haven't started are *recalled*: the server shows `Moves` the worker's
answer, and where they went is looked up a moment later, when the machine has given them to somebody (`settle`).

Invariants: bounded rows; a recall costs one look at each of its tasks, of which there are `assign.MOST_RECALLED` at most.
"""

from __future__ import annotations

from collections import Counter

from minidask_distributed.messages import Recalled
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.observing.recent import Recent

COLUMNS = (
    "time",  # seconds since the epoch
    "source",  # address
    "target",  # address, "" if the tasks wait, or were given up
    "count",  # tasks
    "kind",  # "steal": queued ones, "recall": sent ones that hadn't started
)

MOST_UNSETTLED = 1_000
"""Recalls that wait for `settle`; what are more than that go without it."""


class Moves(Recent):
    """The last moves of work, one a row, see `COLUMNS`.

    Parameters
    ----------
    state
        The machine's; it is only read, but for the notes of stolen tasks, which are taken.
    length
        Rows that are kept.
    """

    def __init__(self, state: ClusterState, length: int) -> None:
        super().__init__(COLUMNS, length)
        self._state = state
        self._unsettled: list[tuple[float, str, list[int]]] = []

    def see_recalled(self, worker: str, message: Recalled, stamp: float) -> None:
        """Keep that a worker gave tasks back.

        Parameters
        ----------
        worker
            Address.
        stamp
            Seconds since the epoch.
        """
        if message.given:
            if len(self._unsettled) < MOST_UNSETTLED:
                self._unsettled.append((stamp, worker, message.given))
            else:
                self.add((stamp, worker, "", len(message.given), "recall"))

    def settle(self, now: float, stamp: float) -> None:
        """Enter what moved since the last time, by the places where the tasks are now.

        Parameters
        ----------
        now, stamp
            The same moment on the machine's clock and in seconds since the epoch.
        """
        stolen = self._state.stolen
        while stolen:
            when, source, target, count = stolen.popleft()
            self.add((stamp - (now - when), source, target, count, "steal"))
        if self._unsettled:
            unsettled, self._unsettled = self._unsettled, []
            for when, source, tasks in unsettled:
                for target, count in Counter(map(self._place, tasks)).items():
                    self.add((when, source, target, count, "recall"))

    def _place(self, task_id: int) -> str:
        task = self._state.find(task_id)
        worker = None if task is None else task.worker or task.holder
        return "" if worker is None else worker.address
