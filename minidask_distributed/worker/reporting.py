"""What a worker knows of single tasks that the scheduler can't know: whether a thread has begun them, and what they wait for.

Place in the flow: the call `task_report`, made when somebody asks why a task is where it is. Not for: decisions, or all tasks.
"""

from __future__ import annotations

import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

from minidask_distributed.worker.machine import Task
from minidask_distributed.worker.machine.states import MEMORY, READY, RUNNING, WAITING

if TYPE_CHECKING:
    from minidask_distributed.worker.engine import Engine
    from minidask_distributed.worker.server import Worker

MOST_WANTED = 200
"""Dependencies of one task that are listed."""


def report_of(worker: Worker, id: int) -> dict[str, Any]:
    """Return what is known of a task here; empty if nothing is.

    Parameters
    ----------
    worker
    id
        Task id.

    Returns
    -------
    dict
        ``state``: ``"running"`` with ``for_s`` (seconds) and ``at`` (where its thread is); ``"ready"`` with ``ahead`` (tasks that
        go before it) and ``resources`` (texts, that it waits for); ``"waiting"`` with ``wanted``: [task id, bytes, address of the
        worker that has it or "", whether it is on its way] of what it still lacks; ``"memory"`` with ``spilled``.
    """
    engine = worker.engine
    with engine.lock:
        task = engine.machine.tasks.get(id)
        if task is None:
            return {}
        state = task.state
        if state in RUNNING:
            return {"state": "running", **_running(engine, task)}
        if state == READY:
            line = engine.machine._line_of(task)
            ahead = sum(priority < task.priority for priority in line.tasks)
            short = line not in (engine.machine.ready, *engine.machine.named.values())
            resources = [f"{name}={amount:g}" for name, amount in task.resources.items()] if short else []
            return {"state": "ready", "ahead": ahead, "resources": resources}
        if state == WAITING:
            return {"state": "waiting", "wanted": _wanted(engine, task)}
        if state != MEMORY:
            return {}
    return {"state": "memory", "spilled": bool(engine.data.disk_bytes) and id in engine.data.spilled()}


def _running(engine: Engine, task: Task) -> dict[str, Any]:
    slots = [slot for pool in engine.pools.values() for slot in pool.slots]
    slot = next((slot for slot in slots if slot.task is task), None)
    if slot is None:
        return {"for_s": 0.0, "at": ""}
    at = ""
    if slot.thread is not None and slot.future is None:
        frame = sys._current_frames().get(slot.thread.ident or 0)
        if frame is not None:
            at = f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
        del frame
    # Before its function is called the clock is still that of the task before it.
    return {"for_s": max(perf_counter() - slot.started, 0.0) if slot.gate else 0.0, "at": at}


def _wanted(engine: Engine, task: Task) -> list[list[Any]]:
    machine = engine.machine
    found: list[list[Any]] = []
    for dep in task.deps:
        source = machine.tasks.get(dep)
        if source is None or source.want is None or len(found) >= MOST_WANTED:
            continue
        want = source.want
        flight = machine.fetches.flights.get(want.serial)
        if flight is not None:
            found.append([dep, want.size, flight.address, True])
        else:
            peers = [
                machine.fetches.peers[number].address for number in want.holders if number in machine.fetches.peers
            ]
            found.append([dep, want.size, peers[0] if peers else "", False])
    return found
