"""What the scheduler may ask of a nanny by name, for clients: functions to run, plugins, log lines, versions.

Place in the flow: `server` hands every `Call` here, and answers with what comes back. The scheduler makes such calls when
a client says ``nanny=True``, and for plugins also when the nanny joins.

Invariants: what is unpickled comes from an authenticated scheduler; handlers run on the nanny's event loop, so a function
that blocks keeps the nanny from its work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from minidask_distributed.comm.versions import versions as installed_versions
from minidask_distributed.messages import Call
from minidask_distributed.plugins import NannyPlugin
from minidask_distributed.protocol.payload import Payload
from minidask_distributed.sent import answer_call, run_here, sent_value


async def run(nanny: Any, payload: Any, wait: bool = True) -> Payload | None:
    """Run a function, or a coroutine function, in the nanny's process.

    Parameters
    ----------
    payload
        Of ``(function, args, kwargs)``; a function with a parameter ``dask_worker`` gets the `Nanny`.
    wait
        Whether to answer with the result; otherwise None, once it has begun.
    """
    return await run_here(payload, "dask_worker", nanny, wait)


async def plugin_add(nanny: Any, name: str, plugin: Any) -> None:
    """Set a `NannyPlugin` up, in place of one of that name; restart the worker if it says so."""
    made = sent_value(plugin)
    if not isinstance(made, NannyPlugin):
        raise TypeError(f"a plugin of nannies must be a NannyPlugin, got {type(made).__name__}")
    await nanny.plugins.add(name, made)


async def plugin_remove(nanny: Any, name: str) -> None:
    """Tear a plugin down."""
    await nanny.plugins.remove(name)


async def logs(nanny: Any, n: int | None = None) -> list[list[str]]:
    """Return the last lines that the worker's process wrote, the newest first, as (level, line)."""
    return [["INFO", line] for line in list(nanny.log)[::-1][:n]]


async def identity(nanny: Any) -> dict[str, Any]:
    """Return what the nanny is, as plain values."""
    return {
        "type": "Nanny",
        "id": nanny.id,
        "name": nanny.name,
        "status": nanny.status,
        "worker": nanny.worker_address,
        "pid": nanny.pid,
        "nthreads": nanny.nthreads,
        "memory_limit": nanny.memory_limit,
    }


async def versions(nanny: Any) -> dict[str, str | None]:
    """Return the versions of what the nanny runs on."""
    return installed_versions()


HANDLERS: dict[str, Callable[..., Awaitable[Any]]] = {
    handler.__name__: handler for handler in (run, plugin_add, plugin_remove, logs, identity, versions)
}


def answer(nanny: Any, call: Call) -> Awaitable[Any]:
    """Begin what a call of the scheduler asks, see `sent.answer_call`."""
    return answer_call("a nanny", HANDLERS, nanny, call)
