"""Code that users send to the scheduler: functions to run in it, and plugins.

Place in the flow: handlers of calls, see `handlers`; the only place in the scheduler where anything is unpickled, and only
of authenticated peers. Where that isn't wanted, the setting ``distributed.scheduler.blocked-handlers`` refuses these names.

Invariants: plugins of workers and nannies stay pickled here. What runs here runs on the event loop: the scheduler does
nothing else meanwhile.
"""

from __future__ import annotations

from typing import Any

from minidask_distributed.protocol.payload import Payload
from minidask_distributed.scheduler.handlers.administration import broadcast
from minidask_distributed.scheduler.peers import Connection
from minidask_distributed.sent import run_here, sent_value


async def run_on_scheduler(scheduler: Any, caller: Connection, payload: Any, wait: bool = True) -> Payload | None:
    """Run a function, or a coroutine function, on the scheduler's event loop.

    Parameters
    ----------
    payload
        Of ``(function, args, kwargs)``; a function with a parameter ``dask_scheduler`` gets the `Scheduler`.
    wait
        Whether to answer with the result; otherwise None, once it has begun, and errors are logged.

    Raises
    ------
    TypeError
        If that isn't what the payload holds, or the result can't be pickled.
    Whatever the function raises.
    """
    return await run_here(payload, "dask_scheduler", scheduler, wait)


async def register_plugin(
    scheduler: Any, caller: Connection, kind: str, name: str, plugin: Any, idempotent: bool = False
) -> dict[str, dict[str, Any]]:
    """Register a plugin of the scheduler, of all workers, or of all nannies, those that join later included.

    Parameters
    ----------
    kind
        "scheduler", "worker" or "nanny".
    name
        In place of one of this name.
    plugin
        Its payload.
    idempotent
        Whether a name that is taken means that there is nothing to do.

    Returns
    -------
    dict
        {address: {"value": …} or {"failure": fields}} of the calls ``plugin_add``; empty for the scheduler's own.

    Raises
    ------
    TypeError, ValueError
        For no plugin, or another kind. What the scheduler's plugin raises when it starts.
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"a plugin's name must be a text, got {name!r}")
    if kind == "scheduler":
        await scheduler.hooks.add(sent_value(plugin), name, idempotent)
        return {}
    if not scheduler.registered.add(kind, name, plugin, idempotent):
        return {}
    return await broadcast(scheduler, caller, "plugin_add", {"name": name, "plugin": plugin}, nanny=kind == "nanny")


async def unregister_plugin(scheduler: Any, caller: Connection, kind: str, name: str) -> dict[str, dict[str, Any]]:
    """Take a plugin away, everywhere.

    Returns
    -------
    dict
        As `register_plugin`, of the calls ``plugin_remove``.

    Raises
    ------
    ValueError
        If there is none of that name, or for another kind.
    """
    if kind == "scheduler":
        await scheduler.hooks.remove(name)
        return {}
    scheduler.registered.remove(kind, name)
    return await broadcast(scheduler, caller, "plugin_remove", {"name": name}, nanny=kind == "nanny")


HANDLERS = {handler.__name__: handler for handler in (run_on_scheduler, register_plugin, unregister_plugin)}
