"""Workers that left or died: when, why, with how much memory, and what they ran.

Place in the flow: the machine's notices say who came and went (`joined`, `left`), a nanny's `WorkerDied` says how the process
ended (`see_died`, before the machine takes the tasks back). The numbers are those of the worker's last beat, a second old at
most; the nanny's own word stands in the reason.

Invariants: bounded rows; one row a worker's end, completed when its nanny speaks within `NANNY_S`. No clock.

Not for: blame (the machine), or workers that are there (`workers`).
"""

from __future__ import annotations

import re
from typing import Any

from minidask_distributed.messages import WorkerDied
from minidask_distributed.scheduler.machine.records import Worker
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.observing.recent import Recent

COLUMNS = (
    "time",  # seconds since the epoch
    "address",
    "name",
    "host",
    "pid",
    "nanny",  # its id, "" if there was none
    "kind",  # "left" (on purpose), "died" (a nanny says so), "lost" (its connection broke, or it fell silent)
    "reason",  # for people, without the lines of its log
    "signal",  # "SIGKILL" …, "" if it wasn't a signal or nobody knows
    "memory",  # bytes of the process, at its last beat
    "memory_limit",  # bytes, 0: none
    "managed",
    "spilled",
    "cpu",
    "running",  # keys of tasks that were on its threads, as texts
    "lines",  # the last lines of its log
    "restarts",  # whether its nanny starts another one; None: no nanny spoke
)

NANNY_S = 60.0
"""A nanny's word belongs to the row of its worker if it comes within this time."""

MOST_KEYS = 20
MOST_TEXT = 4_000

_SIGNAL = re.compile(r"\bwas killed by (SIG\w+|signal \d+)")
_LOG = re.compile(r"\.? *The last lines of its log:\n")
_BY_NANNY = "was ended by its nanny"


class Departures(Recent):
    """The last ends of workers, one a row, see `COLUMNS`.

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
        # {address: record} of those that are here: when they have gone, the machine has forgotten them.
        self._present: dict[str, Worker] = {}

    def joined(self, address: str) -> None:
        """Take note of a worker that joined."""
        worker = self._state.worker_names.get(address)
        if worker is not None:
            self._present[address] = worker

    def left(self, address: str, reason: str, stamp: float) -> None:
        """Keep that a worker is gone; nothing if a nanny has said more already.

        Parameters
        ----------
        address, reason
            As the machine's notice has them.
        stamp
            Seconds since the epoch.
        """
        worker = self._present.pop(address, None)
        if worker is None:
            return
        # On purpose is what a worker says itself (`died` without a nanny's list), or was asked for.
        orderly = bool(worker.closing) or (worker.died is not None and not worker.died[0])
        self._keep(worker, "left" if orderly else "lost", reason, [], None, stamp)

    def see_died(self, message: WorkerDied, stamp: float) -> None:
        """Keep a nanny's word about its worker's end; it is about to be handled.

        Parameters
        ----------
        stamp
            Seconds since the epoch.
        """
        find = self._state.find
        keys = [str(task.key) for one in message.running[:MOST_KEYS] if (task := find(one)) is not None]
        worker = self._present.get(message.address)
        if worker is not None and worker.nanny == message.nanny:
            del self._present[message.address]
            kind = "left" if worker.closing else "died"
            self._keep(worker, kind, message.reason, keys, message.restarts, stamp)
            return
        row = next((row for row in reversed(self.rows) if row[1] == message.address and row[5] == message.nanny), None)
        if row is not None and stamp - row[0] <= NANNY_S and row[16] is None:
            reason, signal, lines = read_reason(message.reason)
            # A worker that said goodbye ended on purpose, whatever its process did then.
            row[6] = row[6] if row[6] == "left" else "died"
            row[7:9] = reason, signal
            row[14:17] = keys, lines, message.restarts

    def of(self, who: str) -> dict[str, Any] | None:
        """Return the newest row of a worker, by address or name; None if there is none."""
        row = next((row for row in reversed(self.rows) if who in (row[1], row[2])), None)
        return None if row is None else dict(zip(self.names, row, strict=True))

    def _keep(
        self, worker: Worker, kind: str, reason: str, keys: list[str], restarts: bool | None, stamp: float
    ) -> None:
        metrics, told = worker.metrics, worker.info
        reason, signal, lines = read_reason(reason)
        self.add(
            [
                stamp,
                worker.address,
                worker.name,
                told.get("host", ""),
                told.get("pid", 0),
                worker.nanny,
                kind,
                reason,
                signal,
                metrics.get("memory", 0),
                worker.memory_limit,
                metrics.get("managed", worker.nbytes),
                metrics.get("spilled", 0),
                metrics.get("cpu", 0.0),
                keys,
                lines,
                restarts,
            ]
        )


def read_reason(text: str) -> tuple[str, str, list[str]]:
    """Return a nanny's reason as (what happened, signal, last lines of the log).

    Examples
    --------
    >>> read_reason("was killed by SIGKILL (out of memory). The last lines of its log:\\n    a\\n    b")
    ('was killed by SIGKILL (out of memory)', 'SIGKILL', ['a', 'b'])
    >>> read_reason("was ended by its nanny: its memory reached 2 GB")
    ('was ended by its nanny: its memory reached 2 GB', 'SIGKILL', [])
    """
    what, *rest = _LOG.split(text, maxsplit=1)
    found = _SIGNAL.search(what)
    signal = found.group(1) if found else "SIGKILL" if what.startswith(_BY_NANNY) else ""
    lines = [line.removeprefix("    ") for line in rest[0][:MOST_TEXT].splitlines()] if rest else []
    return what[:MOST_TEXT], signal, lines
