"""Records of what happened: events and their subscribers, the task stream, log lines.

Place in the flow: handlers of calls, see `handlers`. Nothing here looks into what users logged.
"""

from __future__ import annotations

from typing import Any

from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.peers import Connection


def events(scheduler: Any, caller: Connection, topic: str | None = None) -> Any:
    """Return [seconds since the epoch, content] of a topic's events; {topic: such lists} for None."""
    log = scheduler.events
    if topic is None:
        return {name: [list(event) for event in log.of(name)] for name in log.topics()}
    return [list(event) for event in log.of(topic)]


def subscribe(scheduler: Any, caller: Connection, topic: str) -> None:
    """Send `Event` messages of a topic to the caller from now on."""
    if not isinstance(topic, str):
        raise TypeError(f"a topic must be a text, got {type(topic).__name__}")
    scheduler.events.subscribe(caller.number, topic)


def unsubscribe(scheduler: Any, caller: Connection, topic: str) -> None:
    """Send the caller no more events of a topic.

    Raises
    ------
    ValueError
        If it didn't subscribe.
    """
    scheduler.events.unsubscribe(caller.number, topic)


def log_event(scheduler: Any, caller: Connection, topic: str | list[str], msg: Any) -> None:
    """Log an event under a topic, or several."""
    topics = [topic] if isinstance(topic, str) else topic
    if not isinstance(topics, list) or not all(isinstance(name, str) for name in topics):
        raise TypeError(f"a topic must be a text or a list of them, got {topic!r:.80}")
    scheduler.announcer.log_event(topics, msg)


def task_stream(
    scheduler: Any,
    caller: Connection,
    start: float | None = None,
    stop: float | None = None,
    count: int | None = None,
) -> dict[str, Any]:
    """Return the last executions in columns.

    Parameters
    ----------
    start, stop
        Seconds since the epoch: those that ended after the one and began before the other.
    count
        At most so many, the latest. A first call with 0 has the keys kept from then on.

    Returns
    -------
    dict
        ``addresses`` (distinct ones), and for each execution: ``worker`` (index into them), ``thread``, ``start`` and
        ``duration`` (microseconds), ``nbytes``; ``keys`` (a column) of those that have one, whose places ``keyed`` has
        (None: all).
    """
    columns = scheduler.task_stream.columns(
        None if start is None else int(start * 1e6), None if stop is None else int(stop * 1e6), count
    )
    return _packed(columns)


def _packed(columns: dict[str, list[Any]]) -> dict[str, Any]:
    numbers: dict[str, int] = {}
    workers = [numbers.setdefault(address, len(numbers)) for address in columns["workers"]]
    keys = columns["keys"]
    keyed = [at for at, key in enumerate(keys) if key is not None]
    return {
        "addresses": list(numbers),
        "worker": workers,
        "thread": columns["threads"],
        "start": columns["starts"],
        "duration": columns["durations"],
        "nbytes": columns["nbytes"],
        "keys": encode_keys([keys[at] for at in keyed]),
        "keyed": None if len(keyed) == len(keys) else keyed,
    }


def ended_tasks(scheduler: Any, caller: Connection, cursors: list[int] | None = None) -> dict[str, Any]:
    """Return the tasks that ended since an earlier call.

    Parameters
    ----------
    cursors
        From the answer to that call; None: none of them, from now on their keys are kept.

    Returns
    -------
    dict
        ``cursors``, ``finished`` (as `task_stream` returns it), and of those that failed for good ``failed`` (keys as a column),
        ``worker``, ``thread``, ``type``, ``text``, ``stop`` (seconds since the epoch), ``duration`` (seconds). Only what the
        scheduler still remembers.
    """
    stream, failures = scheduler.task_stream, scheduler.recorder.failures
    finished_before, failed_before = cursors or (stream.total, failures.total)
    finished, finished_now = stream.since(finished_before)
    failed, failed_now = failures.since(failed_before)
    rows = [at for at, outcome in enumerate(failed["outcome"]) if outcome in ("failed", "killed-worker")]
    columns = {name: [failed[name][at] for at in rows] for name in ("worker", "thread", "type", "text", "duration")}
    return {
        "cursors": [finished_now, failed_now],
        "finished": _packed(finished),
        "failed": encode_keys([failed["task_key"][at] for at in rows]),
        "stop": [failed["time"][at] for at in rows],
        **columns,
    }


def scheduler_logs(scheduler: Any, caller: Connection, n: int | None = None) -> list[list[str]]:
    """Return [level, line] of the scheduler's last log lines, newest first."""
    return [list(line) for line in scheduler.logs.last(n)]


HANDLERS = {
    handler.__name__: handler
    for handler in (events, subscribe, unsubscribe, log_event, task_stream, ended_tasks, scheduler_logs)
}
