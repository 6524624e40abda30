"""Answers to "why": what the machine's state says, with what its workers and the record of departures add.

Place in the flow: the handler `explain` and the dashboard's pages call these; `reasons` has the words for tasks. A scheduler that
is asked by the network also asks the workers concerned (`explain_asking`), for a moment at most: only they know whether a thread
has begun a task, and which data are on their way.

Invariants: nothing is changed, and nothing waits for a worker that doesn't answer; costs are those of `reasons`.
Not for: HTML or text layout (`explanation`).
"""

from __future__ import annotations

import ast
import asyncio
import difflib
import time
from collections.abc import Mapping
from itertools import islice
from typing import Any

from minidask.graph.task import Key
from minidask.units import format_bytes, format_time
from minidask_distributed.explanation import Departure, Explanation, WorkerExplanation
from minidask_distributed.scheduler.machine.records import Task, Worker
from minidask_distributed.scheduler.machine.states import MEMORY, PROCESSING
from minidask_distributed.scheduler.observing.reasons import Reports, explain
from minidask_distributed.scheduler.observing.relations import blockers
from minidask_distributed.scheduler.observing.wording import (
    listed,
    memory_of,
    offers,
    plural,
    shown_key,
    work_of,
)

ANSWER_S = 1.0
"""How long workers have to answer; one that is busy in compiled code that holds the interpreter can't."""

MOST_ASKED = 10
"""Tasks about which workers are asked."""

MOST_COMPARED = 3_000
"""Keys, the latest, among which those are looked for that resemble an unknown one: about 10 ms."""


def explain_task(scheduler: Any, key: Key, reports: Reports | None = None) -> Explanation:
    """Return why a task is where it is, as far as the scheduler itself knows.

    Parameters
    ----------
    scheduler
        The `Scheduler`.
    key
    reports
        What workers said, see `explain_asking`.
    """
    state = scheduler.machine.state
    now = time.monotonic()
    task = state.keys.get(key)
    gone = () if task is None else departures_of_task(scheduler, key)
    return explain(state, key, now, reports=reports, departures=gone) or unknown(scheduler, key)


async def explain_asking(scheduler: Any, key: Key, timeout_s: float = ANSWER_S) -> Explanation:
    """Return why a task is where it is, after asking the workers where it and what it waits for are.

    Parameters
    ----------
    scheduler
        The `Scheduler`.
    key
    timeout_s
        How long they have; without their answers it says what is likely.
    """
    task = scheduler.machine.state.keys.get(key)
    reports = {} if task is None else await _ask(scheduler, task, timeout_s)
    return explain_task(scheduler, key, reports)


async def _ask(scheduler: Any, task: Task, timeout_s: float) -> dict[int, Mapping[str, Any]]:
    """Return {task id: report} of a task and of those that it waits for."""
    concerned = [task, *islice((dep for dep in task.deps if dep.state == PROCESSING), MOST_ASKED), *blockers(task)[-1:]]
    shares: dict[int, list[int]] = {}
    for one in dict.fromkeys(concerned):
        worker = one.worker if one.state == PROCESSING else one.holder if one.state == MEMORY and one is task else None
        if worker is not None and worker.peer in scheduler.connections:
            shares.setdefault(worker.peer, []).append(one.id)
    asked = [
        scheduler.questions.ask(scheduler.connections[peer], "task_report", {"tasks": tasks}, timeout_s)
        for peer, tasks in shares.items()
    ]
    reports: dict[int, Mapping[str, Any]] = {}
    for tasks, answer in zip(shares.values(), await asyncio.gather(*asked, return_exceptions=True), strict=True):
        if isinstance(answer, list):
            reports.update((one, report) for one, report in zip(tasks, answer, strict=True) if report)
        elif isinstance(answer, BaseException) and not isinstance(answer, Exception):
            raise answer
        # A worker that can't answer leaves it at what the scheduler knows.
    return reports


def unknown(scheduler: Any, key: Key) -> Explanation:
    """Return what can be said of a key that the scheduler doesn't know: keys that resemble it."""
    keys = scheduler.machine.state.keys
    texts = {str(one): one for one in islice(reversed(keys), MOST_COMPARED)}
    alike = difflib.get_close_matches(str(key), texts, n=5, cutoff=0.75) if texts else []
    names = " (and no worker of that name or address is known)" if isinstance(key, str) else ""
    return Explanation(
        key=key,
        state="unknown",
        kind="unknown",
        reason=f"the scheduler has no such task: there never was one, or it was forgotten when nobody needed it{names}",
        advice="a result is kept while a future of it, or a collection that was persisted, is alive in a client",
        nearest=tuple(texts[text] for text in alike),
    )


def key_of_text(scheduler: Any, text: str) -> Key | None:
    """Return the key that a text stands for, such as a part of an address; None if the scheduler has none.

    Parameters
    ----------
    scheduler
        The `Scheduler`.
    text
        A key that is a text, or any key as Python writes it: ``"('x', 0)"``.
    """
    keys = scheduler.machine.state.keys
    if text in keys:
        return text
    if len(text) > 10_000:
        return None
    try:
        key = ast.literal_eval(text)
        return key if key in keys else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        # It is no key as Python writes one, or one that can't be hashed.
        return None


# ---------------------------------------------------------------- workers


def explain_worker(scheduler: Any, who: str) -> WorkerExplanation | None:
    """Return how a worker is or why it has gone; None if there never was one, or it isn't remembered.

    Parameters
    ----------
    scheduler
        The `Scheduler`.
    who
        Address or name.
    """
    state = scheduler.machine.state
    departures = departures_of_worker(scheduler, who)
    worker = state.worker_names.get(who)
    if worker is not None and worker.status != "gone":
        return _present(worker, departures, time.monotonic())
    if not departures:
        return None
    last = departures[-1]
    details = []
    if last.memory:
        limit = f" of {format_bytes(last.memory_limit)}" if last.memory_limit else ""
        details.append(f"its process used {format_bytes(last.memory)}{limit} when it was heard of last")
    if last.running:
        details.append(f"it was running {listed(map(shown_key, last.running))}")
    if last.restarts:
        details.append("its nanny starts another process in its place")
    died_before = sum(not one.expected for one in departures) - 1
    if not last.expected and died_before > 0:
        details.append(f"a worker of this address or name died {plural(died_before, 'time')} before")
    return WorkerExplanation(
        address=last.address,
        name=last.name,
        state="gone",
        reason=f"{format_time(last.ago_s)} ago it {last.reason}" if _is_verb(last.reason) else last.reason,
        details=tuple(details),
        advice=_advice(last),
        memory=last.memory,
        memory_limit=last.memory_limit,
        signal=last.signal,
        log=last.log,
        departures=departures,
    )


def _present(worker: Worker, departures: tuple[Departure, ...], now: float) -> WorkerExplanation:
    reasons = {
        "running": f"it takes tasks; {work_of(worker)}",
        "paused": f"it begins no tasks, since its memory is nearly used up: {memory_of(worker)}",
        "closing": f"it leaves: {worker.closing}; it hands over what only it holds, and ends what it runs",
    }
    details = [
        memory_of(worker),
        f"it holds {plural(len(worker.held), 'result')} ({format_bytes(worker.nbytes)}), and offers {offers(worker)}",
        f"it was heard of {format_time(max(now - worker.last_seen, 0.0))} ago",
    ]
    died = sum(not one.expected for one in departures)
    if died:
        details.append(f"a worker of this address or name died {plural(died, 'time')} before: {departures[-1].reason}")
    return WorkerExplanation(
        address=worker.address,
        name=worker.name,
        state=worker.status,
        reason=reasons.get(worker.status, worker.status),
        details=tuple(details),
        memory=worker.metrics.get("memory") or 0,
        memory_limit=worker.memory_limit,
        departures=departures,
    )


def _advice(last: Departure) -> str:
    if last.expected:
        return ""
    if last.signal == "SIGKILL" or "memory" in last.reason:
        return "let its tasks take less memory at a time (smaller pieces, fewer threads), or give workers a higher memory_limit"
    if last.signal:
        return "look for the compiled code that its tasks call; the last lines of its log may name it"
    return ""


def _is_verb(reason: str) -> bool:
    """Whether a reason goes on from "it", as those of nannies do."""
    return reason.split(" ", 1)[0] in ("was", "exited", "couldn't", "has", "reached")


def departures_of_worker(scheduler: Any, who: str) -> tuple[Departure, ...]:
    """Return what is remembered of the ends of a worker, by address or name, the latest last."""
    return tuple(_departure(row) for row in _rows(scheduler) if who in (row["address"], row["name"]))


def departures_of_task(scheduler: Any, key: Key) -> tuple[Departure, ...]:
    """Return the workers that died while they ran a task, the latest last."""
    name = str(key)
    return tuple(_departure(row) for row in _rows(scheduler) if name in row["running"])


def _rows(scheduler: Any) -> list[dict[str, Any]]:
    departures = scheduler.recorder.departures
    return [dict(zip(departures.names, row, strict=True)) for row in departures.rows]


def _departure(row: Mapping[str, Any]) -> Departure:
    return Departure(
        address=row["address"],
        name=row["name"],
        reason=row["reason"],
        ago_s=max(time.time() - row["time"], 0.0),
        expected=row["kind"] == "left",
        memory=row["memory"] or 0,
        memory_limit=row["memory_limit"] or 0,
        signal=row["signal"],
        log=tuple(row["lines"]),
        running=tuple(row["running"]),
        restarts=bool(row["restarts"]),
    )
