"""Whom a call means: workers by address or name, the session of the client that asks.

Place in the flow: the handlers' first step. Raises what the caller is to hear.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minidask_distributed.scheduler.machine.records import Client, Worker
from minidask_distributed.scheduler.peers import Connection


def workers_of(scheduler: Any, chosen: Iterable[str] | str | None, *, strict: bool = False) -> list[Worker]:
    """Return workers by address or name, each once; all for None.

    Parameters
    ----------
    scheduler
        The `Scheduler`.
    chosen
        Addresses or names.
    strict
        Whether one that isn't there is an error; otherwise it is left out.

    Raises
    ------
    ValueError
        See `strict`.
    TypeError
        If it is no list.
    """
    if chosen is None:
        return list(scheduler.workers.values())
    if isinstance(chosen, str):
        chosen = [chosen]
    if not isinstance(chosen, list | tuple | set):
        raise TypeError(f"workers must be a list of addresses or names, got {type(chosen).__name__}")
    names = scheduler.machine.state.worker_names
    found = {name: names.get(str(name)) for name in chosen}
    missing = [name for name, worker in found.items() if worker is None]
    if missing and strict:
        known = ", ".join(sorted(scheduler.workers)[:20]) or "none"
        raise ValueError(f"no worker is called {missing[0]!r}; the cluster has: {known}")
    return list(dict.fromkeys(worker for worker in found.values() if worker is not None))


def session_of(scheduler: Any, caller: Connection) -> Client:
    """Return the session of the client that calls.

    Raises
    ------
    ValueError
        If the caller has none.
    """
    client: Client | None = scheduler.machine.state.clients.get(caller.number)
    if client is None:
        raise ValueError(f"only a client with a session can ask this, not a {caller.role}")
    return client
