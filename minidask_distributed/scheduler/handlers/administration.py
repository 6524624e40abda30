"""What is done to workers and to the cluster as a whole: broadcast, retire, restart, wait, shut down.

Place in the flow: handlers of calls, see `handlers`. They order the machine, or ask peers, and wait for what follows: that
workers leave or join. Every wait has an end: the caller's time, or the peers'.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any

from minidask_distributed.scheduler.calls import RemoteFailure, failure_fields
from minidask_distributed.scheduler.handlers.choosing import workers_of
from minidask_distributed.scheduler.identity import describe_worker
from minidask_distributed.scheduler.machine.records import Worker
from minidask_distributed.scheduler.peers import Connection

RESTART_S = 60.0
"""How long restarts are waited for unless the caller says: starting a process that loads large libraries takes seconds."""

ON_ERROR = ("raise", "return", "ignore")


async def broadcast(
    scheduler: Any,
    caller: Connection | None,
    name: str,
    arguments: dict[str, Any] | None = None,
    workers: list[str] | None = None,
    nanny: bool = False,
    on_error: str = "return",
    timeout: float | None = None,
) -> dict[str, dict[str, Any]]:
    """Make a call to many workers, or to their nannies, at once.

    Parameters
    ----------
    name, arguments
        The call.
    workers
        Addresses or names; None: all.
    nanny
        Whether to ask the nannies of these workers instead.
    on_error
        ``"raise"``: fail with the first failure. ``"return"``: return failures, too. ``"ignore"``: leave them out.
    timeout
        Seconds for each.

    Returns
    -------
    dict
        {address of the worker: {"value": …} or {"failure": fields}}; a nanny whose worker is away goes by its id.

    Raises
    ------
    ValueError
        For a worker that isn't there, or another ``on_error``.
    RemoteFailure, OSError, TimeoutError
        The first failure, see `on_error`.
    """
    if on_error not in ON_ERROR:
        raise ValueError(f"on_error must be one of {', '.join(map(repr, ON_ERROR))}, got {on_error!r}")
    targets = _peers(scheduler, workers, nanny)

    async def ask(target: Connection | None) -> Any:
        if target is None:
            raise ValueError("this worker has no nanny")
        return await scheduler.questions.ask(target, name, arguments or {}, timeout)

    asked = [ask(target) for target in targets.values()]
    if on_error == "raise":
        values = await _all_or_first_error(asked)
        return {address: {"value": value} for address, value in zip(targets, values, strict=True)}
    results = await asyncio.gather(*asked, return_exceptions=True)
    answers: dict[str, dict[str, Any]] = {}
    for address, result in zip(targets, results, strict=True):
        if not isinstance(result, BaseException):
            answers[address] = {"value": result}
        elif not isinstance(result, Exception):
            raise result
        elif on_error == "return":
            answers[address] = {"failure": failure_fields(result)}
    return answers


async def _all_or_first_error(asked: list[Any]) -> list[Any]:
    tasks = [asyncio.ensure_future(one) for one in asked]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _peers(scheduler: Any, workers: list[str] | None, nanny: bool) -> dict[str, Connection | None]:
    state, connections = scheduler.machine.state, scheduler.connections
    chosen = workers_of(scheduler, workers, strict=True)
    if not nanny:
        return {worker.address: connections[worker.peer] for worker in chosen if worker.peer in connections}
    found = {worker.address: connections.get(state.nanny_peers.get(worker.nanny, -1)) for worker in chosen}
    if workers is None:
        found = {address: peer for address, peer in found.items() if peer is not None}
        busy = {id(peer) for peer in found.values()}
        for name, number in state.nanny_peers.items():
            if number in connections and id(connections[number]) not in busy:
                found[name] = connections[number]
    return found


async def retire_workers(
    scheduler: Any,
    caller: Connection | None,
    workers: list[str] | None = None,
    names: list[str] | None = None,
    n: int | None = None,
    close: bool = True,
    remove: bool = True,
) -> dict[str, dict[str, Any]]:
    """Let workers leave in order: what they run ends, what only they hold is copied to others first.

    Parameters
    ----------
    workers, names
        Addresses or names.
    n
        Instead: so many, those without work and with least data first.
    close, remove
        True: a worker that has handed everything over closes.

    Returns
    -------
    dict
        {address: what it was} of those that left.

    Raises
    ------
    ValueError
        For a worker that isn't there, or both a choice and a number.
    NotImplementedError
        If `close` or `remove` is false.
    """
    if not (close and remove):
        raise NotImplementedError("workers that retire always close: leave out close=False and remove=False")
    if n is not None and (workers is not None or names is not None):
        raise ValueError("give workers to retire, or how many, not both")
    if n is not None:
        chosen = _least_useful(scheduler.workers.values(), n)
    elif workers is None and names is None:
        raise ValueError("say which workers are to retire: workers=, names= or n=")
    else:
        chosen = workers_of(scheduler, [*(workers or ()), *(names or ())], strict=True)
    described = {worker.address: describe_worker(worker) for worker in chosen}
    numbers = {worker.number for worker in chosen}
    if described:
        # Each of them logs "remove-worker" when it has gone.
        event = {"action": "retire-workers", "workers": {worker.address: worker.name for worker in chosen}}
        scheduler.announcer.log_event(["all", *described], event)
    scheduler.machine.retire(sorted(numbers), time.monotonic())
    scheduler.flush()
    await scheduler.until(lambda: numbers.isdisjoint(scheduler.machine.workers))
    return described


def _least_useful(workers: Collection[Worker], n: int) -> list[Worker]:
    running = [worker for worker in workers if worker.status != "closing"]
    order = sorted(
        running, key=lambda worker: (bool(worker.processing or worker.backlog), worker.nbytes, worker.number)
    )
    return order[: max(n, 0)]


async def restart(
    scheduler: Any, caller: Connection | None, timeout: float | None = None, wait_for_workers: bool = True
) -> None:
    """Give up all tasks of all clients and start all worker processes anew; those without a nanny leave for good.

    Parameters
    ----------
    timeout
        Seconds to wait for the workers.
    wait_for_workers
        Whether to wait until as many are back.

    Raises
    ------
    TimeoutError
        If some aren't back in time; the message names them.
    """
    scheduler.machine.restart(time.monotonic())
    scheduler.flush()
    while scheduler.machine.gives_up:
        # Others have their turns meanwhile, and each flush its part.
        await asyncio.sleep(0)
        scheduler.flush()
    scheduler.hooks.tell("restart", scheduler)
    now = time.monotonic()
    workers = list(scheduler.workers.values())
    restarted = [
        worker for worker in workers if scheduler.machine.kill(worker.number, now, True, "the cluster restarts")
    ]
    without_nanny = [worker.number for worker in workers if worker not in restarted]
    scheduler.machine.retire(without_nanny, now, "the cluster restarts, and no nanny could start this worker anew")
    scheduler.flush()
    if wait_for_workers:
        await _wait_for_successors(scheduler, restarted, timeout)


async def restart_workers(
    scheduler: Any,
    caller: Connection | None,
    workers: list[str],
    timeout: float | None = None,
    on_error: str = "raise",
) -> dict[str, str]:
    """Start some worker processes anew; what they ran is run elsewhere, what they held is computed again.

    Parameters
    ----------
    workers
        Addresses or names.
    timeout
        Seconds to wait for them.
    on_error
        ``"raise"`` or ``"return"``.

    Returns
    -------
    dict
        {as named: "OK" or "timed out"}.

    Raises
    ------
    ValueError
        For a worker that isn't there, or has no nanny.
    TimeoutError
        If one isn't back in time, and `on_error` is ``"raise"``.
    """
    chosen = {name: workers_of(scheduler, [name], strict=True)[0] for name in workers}
    for name, worker in chosen.items():
        if worker.nanny not in scheduler.machine.state.nanny_peers:
            raise ValueError(f"the worker {name!r} has no nanny that could restart it")
    for worker in set(chosen.values()):
        scheduler.machine.kill(worker.number, time.monotonic(), True, "it is restarted, as somebody asked")
    scheduler.flush()
    try:
        await _wait_for_successors(scheduler, list(chosen.values()), timeout)
    except TimeoutError:
        if on_error == "raise":
            raise
    return {name: "OK" if _has_successor(scheduler, worker) else "timed out" for name, worker in chosen.items()}


async def _wait_for_successors(scheduler: Any, workers: list[Worker], timeout_s: float | None) -> None:
    timeout_s = RESTART_S if timeout_s is None else timeout_s
    if not await scheduler.until(lambda: all(_has_successor(scheduler, worker) for worker in workers), timeout_s):
        late = [worker.name for worker in workers if not _has_successor(scheduler, worker)]
        raise TimeoutError(
            f"{len(late)} of {len(workers)} workers aren't back after {timeout_s:g} s: {', '.join(late)}"
        )


def _has_successor(scheduler: Any, worker: Worker) -> bool:
    return any(
        other.nanny == worker.nanny and other.number > worker.number and other.status == "running"
        for other in scheduler.machine.workers.values()
    )


async def wait_for_workers(scheduler: Any, caller: Connection | None, n: int, timeout: float | None = None) -> int:
    """Answer once there are at least ``n`` workers, with their number.

    Raises
    ------
    TypeError, ValueError
        If ``n`` is no positive whole number.
    TimeoutError
        If they aren't there after ``timeout`` seconds.
    """
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"n must be a whole number of workers, got {n!r}")
    if n < 1:
        raise ValueError(f"n must be at least 1 worker, got {n}")
    if not await scheduler.until(lambda: len(scheduler.workers) >= n, timeout):
        raise TimeoutError(f"only {len(scheduler.workers)} of {n} workers are there after {timeout:g} s")
    return len(scheduler.workers)


def shutdown(scheduler: Any, caller: Connection | None) -> None:
    """Close the scheduler and all workers, once this is answered."""
    scheduler.close_soon("a client asked for it")


HANDLERS = {
    handler.__name__: handler
    for handler in (broadcast, retire_workers, restart, restart_workers, wait_for_workers, shutdown)
}

__all__ = [*HANDLERS, "HANDLERS", "RemoteFailure"]
