"""Words for what the machine's records say: workers, amounts, keys.

Place in the flow: `reasons` and `explaining` put their sentences together of these. Not for: HTML (`explanation` escapes).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minidask.units import format_bytes, format_time
from minidask_distributed.scheduler.machine.records import Worker

MOST_LISTED = 5


def label(worker: Worker) -> str:
    """Return what people call a worker.

    Examples
    --------
    >>> label(Worker(1, 7, "tcp://127.0.0.1:4000", "alice", 2, 0))
    'alice (tcp://127.0.0.1:4000)'
    """
    return worker.address if worker.name == worker.address else f"{worker.name} ({worker.address})"


def by_name(worker: Worker) -> tuple[int, str]:
    """Return what workers are sorted by, so that what is said of them doesn't depend on who arrived first.

    Examples
    --------
    >>> workers = [Worker(i, 7, f"tcp://127.0.0.1:{i}", str(10 - i), 2, 0) for i in range(3)]
    >>> [worker.name for worker in sorted(workers, key=by_name)]
    ['8', '9', '10']
    """
    name = str(worker.name)
    return len(name), name


def listed(names: Iterable[Any]) -> str:
    """Return names in a row, the first few of them.

    Examples
    --------
    >>> listed("ab"), listed(range(9))
    ('a and b', '0, 1, 2, 3, 4 and 4 more')
    """
    texts = [str(name) for name in names]
    if len(texts) > MOST_LISTED + 1:
        texts = [*texts[:MOST_LISTED], f"{len(texts) - MOST_LISTED} more"]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "task"), plural(2, "task"), plural(0, "dependency", "dependencies")
    ('1 task', '2 tasks', '0 dependencies')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"


def shown_key(key: Any) -> str:
    """Return a key as people write it, cut if it is very long.

    Examples
    --------
    >>> shown_key(("x", 1)), len(shown_key("x" * 1000))
    ("('x', 1)", 123)
    """
    text = repr(key)
    return text if len(text) <= 123 else f"{text[:119]}…{text[-3:]}"


def memory_of(worker: Worker) -> str:
    """Return how much memory a worker's process used when it was heard of last, of how much.

    Examples
    --------
    >>> worker = Worker(1, 7, "tcp://127.0.0.1:4000", "alice", 2, 1 << 30)
    >>> worker.metrics = {"memory": 900 << 20}
    >>> memory_of(worker)
    'its process uses 900.00 MiB of 1.00 GiB (88 %)'
    """
    used, limit = worker.metrics.get("memory") or 0, worker.memory_limit
    if not used:
        return f"its memory limit is {format_bytes(limit)}" if limit else "its memory isn't known"
    share = f" of {format_bytes(limit)} ({100 * used / limit:.0f} %)" if limit else ""
    return f"its process uses {format_bytes(used)}{share}"


def offers(worker: Worker) -> str:
    """Return a worker's resources in words.

    Examples
    --------
    >>> worker = Worker(1, 7, "tcp://127.0.0.1:4000", "alice", 2, 0)
    >>> offers(worker)
    'no resources'
    >>> worker.resources = {"GPU": 2, "disk": 0.5}
    >>> offers(worker)
    'GPU=2 and disk=0.5'
    """
    return listed(f"{name}={amount:g}" for name, amount in worker.resources.items()) or "no resources"


def work_of(worker: Worker) -> str:
    """Return what a worker was given, in words.

    Examples
    --------
    >>> work_of(Worker(1, 7, "tcp://127.0.0.1:4000", "alice", 2, 0))
    '0 tasks for 2 threads'
    """
    text = f"{plural(len(worker.processing), 'task')} for {plural(worker.nthreads, 'thread')}"
    work_s = (worker.busy_us + worker.queued_us) / 1e6 / worker.nthreads
    return f"{text}, expected to take {format_time(work_s)}" if work_s >= 0.1 else text
