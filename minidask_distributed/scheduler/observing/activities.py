"""What workers did besides running tasks: transfers, spilling, serialisation. The last so many, in columns.

Place in the flow: workers send samples with their beats (`minidask_distributed.worker.activities`), as bytes of whole columns,
which are kept as they came; they are unpacked only for who reads.

Invariants: at most ``length`` activities, unless a single beat has more; what isn't in this form raises and isn't kept.

Not for: totals (`traffic`), or executions of tasks (`scheduler.task_stream`).
"""

from __future__ import annotations

import sys
from array import array
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

KINDS = ("transfer-in", "transfer-out", "disk-write", "disk-read", "serialize", "deserialize")
"""By their numbers; the same as in `minidask_distributed.worker.activities`."""

COLUMNS = (
    "worker",  # address
    "kind",
    "start",  # microseconds since the epoch
    "duration",  # microseconds
    "nbytes",
    "peer",  # address of the other worker, "" if there is none
    "type",  # of the largest value, "" if that isn't known
)

CODES = {"kind": "B", "start": "Q", "duration": "I", "nbytes": "Q", "peer": "H", "type": "H"}
"""Columns of a beat and their types as `array` names them; "peer" and "type" are places in the lists "peers" and "types"."""


class Batch(NamedTuple):
    """The activities of one beat."""

    worker: str
    n_rows: int
    told: Mapping[str, Any]


class Activities:
    """The last activities of all workers.

    Parameters
    ----------
    length
        How many are kept.

    Examples
    --------
    >>> from minidask_distributed.worker.activities import ActivityLog
    >>> log = ActivityLog()
    >>> log.add("disk-write", 10.0, 0.5, 1000)
    >>> activities = Activities(100)
    >>> activities.add("tcp://w:1", log.take(0.0)["activities"])
    >>> activities.columns()["kind"], activities.columns()["duration"], activities.total
    (['disk-write'], [500000], 1)
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.total = 0  # that ever came
        self._batches: deque[Batch] = deque()
        self._n_kept = 0

    def __len__(self) -> int:
        return self._n_kept

    def add(self, worker: str, told: Any) -> None:
        """Keep the activities of a beat.

        Parameters
        ----------
        worker
            Its address.
        told
            As `worker.activities.ActivityLog.take` makes it.

        Raises
        ------
        ValueError
            If it isn't in that form.
        """
        count = check(told)
        if not count:
            return
        self._batches.append(Batch(worker, count, told))
        self.total += count
        self._n_kept += count
        while self._n_kept > self.length and len(self._batches) > 1:
            self._n_kept -= self._batches.popleft().n_rows

    def columns(
        self, start_us: int | None = None, stop_us: int | None = None, count: int | None = None
    ) -> dict[str, list[Any]]:
        """Return activities as columns, in the order of the beats, see `COLUMNS`.

        Parameters
        ----------
        start_us, stop_us
            Microseconds since the epoch: those that ended after the one and began before the other.
        count
            At most so many, the latest.
        """
        result = self._unpacked(self._n_kept)
        if start_us is not None or stop_us is not None:
            low = float("-inf") if start_us is None else start_us
            high = float("inf") if stop_us is None else stop_us
            spans = zip(result["start"], result["duration"], strict=True)
            rows = [at for at, (start, duration) in enumerate(spans) if start < high and start + duration > low]
            result = {name: [column[at] for at in rows] for name, column in result.items()}
        if count is not None:
            result = {name: column[max(len(column) - count, 0) :] for name, column in result.items()}
        return result

    def since(self, cursor: int) -> tuple[dict[str, list[Any]], int]:
        """Return what came after a cursor as columns, as far as it is kept, and the next cursor; begin with 0."""
        return self._unpacked(max(self.total - cursor, 0)), self.total

    def _unpacked(self, count: int) -> dict[str, list[Any]]:
        """The last so many, oldest first."""
        chosen: list[Batch] = []
        left = count
        for batch in reversed(self._batches):
            if left <= 0:
                break
            chosen.append(batch)
            left -= batch.n_rows
        result: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        for batch in reversed(chosen):
            told = batch.told
            result["worker"] += [batch.worker] * batch.n_rows
            result["kind"] += [KINDS[one] for one in unpack(told, "kind")]
            for name in ("start", "duration", "nbytes"):
                result[name] += unpack(told, name)
            result["peer"] += [told["peers"][one] for one in unpack(told, "peer")]
            result["type"] += [told["types"][one] for one in unpack(told, "type")]
        if left < 0:
            result = {name: column[-left:] for name, column in result.items()}
        return result


def check(told: Any) -> int:
    """Return how many activities a beat tells of.

    Raises
    ------
    ValueError
        If it isn't in the form of `worker.activities.ActivityLog.take`.
    """
    if not isinstance(told, dict) or not CODES.keys() | {"peers", "types"} <= told.keys():
        raise ValueError(f"the activities of a worker must be a dict with the columns {', '.join(CODES)}, peers, types")
    count = len(told["kind"]) if isinstance(told["kind"], bytes) else -1
    peers, types = told["peers"], told["types"]
    if any(
        type(told[name]) is not bytes or len(told[name]) != count * array(code).itemsize for name, code in CODES.items()
    ):
        raise ValueError("the columns of a worker's activities aren't bytes of one length")
    if not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in (peers, types)):
        raise ValueError("the peers and types of a worker's activities must be lists of texts")
    for name, known in (("kind", KINDS), ("peer", peers), ("type", types)):
        if count and max(unpack(told, name)) >= len(known):
            raise ValueError(f"a worker's activities name a {name} that isn't there")
    return count


def unpack(told: Mapping[str, Any], name: str) -> list[int]:
    """Return a column of a beat's activities as numbers."""
    column = array(CODES[name])
    column.frombytes(told[name])
    if sys.byteorder == "big":
        column.byteswap()
    return column.tolist()
