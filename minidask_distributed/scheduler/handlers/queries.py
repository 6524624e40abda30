"""Questions about workers, tasks and results; none changes anything.

Place in the flow: handlers of calls, see `handlers`. Keys go both ways as columns of `protocol.keys`; a mapping by keys is a
column of keys and a list beside it. Large walks give the event loop a turn now and then.
"""

from __future__ import annotations

import asyncio
from typing import Any

from minidask.graph.task import Key
from minidask_distributed.comm.versions import versions as installed_versions
from minidask_distributed.prefixes import prefix_of
from minidask_distributed.protocol.keys import decode_keys, encode_keys
from minidask_distributed.scheduler.handlers.choosing import session_of, workers_of
from minidask_distributed.scheduler.identity import identity as scheduler_identity
from minidask_distributed.scheduler.machine.records import Task
from minidask_distributed.scheduler.machine.states import ERRED, NAMES
from minidask_distributed.scheduler.peers import Connection

STRIDE = 5_000
"""Tasks that are looked at before other work has its turn: about 2 ms."""


def identity(scheduler: Any, caller: Connection) -> dict[str, Any]:
    """Return the scheduler and its workers as nested plain values."""
    return scheduler_identity(scheduler)


def versions(scheduler: Any, caller: Connection) -> dict[str, str | None]:
    """Return the versions of what the scheduler runs on."""
    return installed_versions()


def nthreads(scheduler: Any, caller: Connection, workers: list[str] | None = None) -> dict[str, int]:
    """Return {address: threads}."""
    return {worker.address: worker.nthreads for worker in workers_of(scheduler, workers)}


def who_has(scheduler: Any, caller: Connection, keys: list[Any] | None = None) -> dict[str, Any]:
    """Return ``keys`` and, for each, the addresses in ``workers`` that hold its result.

    Parameters
    ----------
    keys
        A column; None: of everything that is held.
    """
    tasks = scheduler.tasks
    if keys is None:
        names: list[Key] = [key for key, task in tasks.items() if task.holder is not None]
    else:
        names = decode_keys(keys)
    holders = [[] if (task := tasks.get(key)) is None else _addresses(task) for key in names]
    return {"keys": encode_keys(names), "workers": holders}


def has_what(scheduler: Any, caller: Connection, workers: list[str] | None = None) -> dict[str, list[Any]]:
    """Return {address: column of the keys that it holds}, in the order of their upload."""
    chosen = workers_of(scheduler, workers)
    return {worker.address: _keys(sorted(worker.held, key=lambda task: task.id)) for worker in chosen}


def processing(scheduler: Any, caller: Connection, workers: list[str] | None = None) -> dict[str, list[Any]]:
    """Return {address: column of the keys that were sent to it and aren't done}."""
    return {worker.address: _keys(list(worker.processing)) for worker in workers_of(scheduler, workers)}


def nbytes(scheduler: Any, caller: Connection, keys: list[Any] | None = None, summary: bool = True) -> dict[str, Any]:
    """Return the bytes of results: by prefix of the keys, or without `summary` ``keys`` and ``nbytes``.

    Parameters
    ----------
    keys
        A column; None: of everything that is held.
    """
    tasks = scheduler.tasks
    names = list(tasks) if keys is None else decode_keys(keys)
    held = [(key, tasks[key].nbytes) for key in names if key in tasks and tasks[key].holder is not None]
    if not summary:
        return {"keys": encode_keys([key for key, _ in held]), "nbytes": [size for _, size in held]}
    sums: dict[str, int] = {}
    for key, size in held:
        sums[prefix_of(key)] = sums.get(prefix_of(key), 0) + size
    return sums


def locate(scheduler: Any, caller: Connection, tasks: list[int]) -> dict[str, Any]:
    """Say where results of the calling session are.

    Parameters
    ----------
    tasks
        Local ids.

    Returns
    -------
    dict
        ``tasks`` (task ids) and ``addresses`` (those that hold each), in the order asked, and ``missing``: the local ids
        of those that nobody holds now.
    """
    known = session_of(scheduler, caller).tasks
    found: list[int] = []
    addresses: list[list[str]] = []
    missing: list[int] = []
    for local in tasks:
        task = known.get(local)
        holders = [] if task is None else _addresses(task)
        if task is None or not holders:
            missing.append(local)
        else:
            found.append(task.id)
            addresses.append(holders)
    return {"tasks": found, "addresses": addresses, "missing": missing}


async def relay(scheduler: Any, caller: Connection, tasks: list[int]) -> dict[str, Any]:
    """Return results of the calling session, which pass through the scheduler unread: for clients that can't reach workers.

    Parameters
    ----------
    tasks
        Local ids.

    Returns
    -------
    dict
        ``tasks`` (local ids) and ``payloads``, of those that could be had now.
    """
    known = session_of(scheduler, caller).tasks
    shares: dict[int, dict[int, int]] = {}  # {peer of a holder: {task id: local id}}
    for local in tasks:
        task = known.get(local)
        holder = None if task is None else next((one for one in task.holders() if one.status != "gone"), None)
        if task is not None and holder is not None:
            shares.setdefault(holder.peer, {})[task.id] = local
    asked = [
        scheduler.questions.ask(scheduler.connections[peer], "give", {"tasks": list(share)}, None)
        for peer, share in shares.items()
    ]
    found: list[int] = []
    payloads: list[Any] = []
    for share, answer in zip(shares.values(), await asyncio.gather(*asked, return_exceptions=True), strict=True):
        if isinstance(answer, OSError):
            continue  # it is gone: the client asks again, and is told who has it then
        if isinstance(answer, BaseException):
            raise answer
        found += [share[task] for task in answer["tasks"]]
        payloads += answer["payloads"]
    return {"tasks": found, "payloads": payloads}


def story(scheduler: Any, caller: Connection, keys: list[Any]) -> list[list[Any]]:
    """Return the logged moves of tasks: [key, start, finish, stimulus, the machine's time], oldest first."""
    return [list(move) for move in scheduler.machine.story(decode_keys(keys))]


async def progress(scheduler: Any, caller: Connection, tasks: list[int]) -> dict[str, dict[str, int]]:
    """Count the tasks that results of the calling session need, these included: {prefix: {state: number}}.

    Parameters
    ----------
    tasks
        Local ids.
    """
    known = session_of(scheduler, caller).tasks
    todo: list[Task] = [task for local in tasks if (task := known.get(local)) is not None]
    seen = set(todo)
    counts: dict[str, dict[str, int]] = {}
    looked_at = 0
    while todo:
        task = todo.pop()
        by_state = counts.setdefault(prefix_of(task.key), {})
        name = NAMES[task.state]
        by_state[name] = by_state.get(name, 0) + 1
        for dep in task.deps:
            if dep not in seen:
                seen.add(dep)
                todo.append(dep)
        looked_at += 1
        if looked_at % STRIDE == 0:
            await asyncio.sleep(0)
    return counts


def recipe(scheduler: Any, caller: Connection, task: int, culprit: bool = True) -> dict[str, Any]:
    """Return how a task of the calling session is computed, so that its client can do it itself.

    Parameters
    ----------
    task
        Local id.
    culprit
        Of a task that failed because of another one: that other one.

    Returns
    -------
    dict
        ``key``; ``recipe`` and ``literals`` as they were uploaded; ``deps``: [key, state] of each dependency.

    Raises
    ------
    ValueError
        If the session has no such task, or it is data, which nothing computes.
    """
    found = session_of(scheduler, caller).tasks.get(task)
    if found is None:
        raise ValueError(f"this session has no task {task}: its future was released or cancelled")
    while culprit and found.state == ERRED:
        failed: Task | None = next((dep for dep in found.deps if dep.state == ERRED), None)
        if failed is None:
            break
        found = failed
    if found.recipe is None:
        raise ValueError(f"{found.key!r} is scattered data: no task computes it")
    return {
        "key": found.key,
        "recipe": found.recipe.payload,
        "literals": found.literals,
        "deps": [[dep.key, NAMES[dep.state]] for dep in found.deps],
    }


def _addresses(task: Task) -> list[str]:
    return [worker.address for worker in task.holders() if worker.status != "gone"]


def _keys(tasks: list[Task]) -> list[Any]:
    return encode_keys([task.key for task in tasks])


HANDLERS = {
    handler.__name__: handler
    for handler in (
        identity,
        versions,
        nthreads,
        who_has,
        has_what,
        processing,
        nbytes,
        locate,
        relay,
        story,
        progress,
        recipe,
    )
}
