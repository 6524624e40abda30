"""Which client is meant where none is named: the innermost `as_current` block's, else the open one made last.

Place in the flow: at the bottom of the client package; a `Client` enters itself here when it opens (unless made with
``set_as_default=False``) and leaves when it closes, and everything that takes a client or None asks here.

A client that waits for tasks on behalf of another task should not hold that one's place meanwhile. It waits within
`leaving_slot`, which does nothing until the package above, which knows tasks, has said what to do there.

Invariants: the default is an open client; `use_client` counts for the thread or coroutine that entered it, the default
for the whole process. Not for tasks, which may be given their worker's client: see
`minidask_distributed.worker_client`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

from minidask.schedulers.registry import use_runner

if TYPE_CHECKING:
    from minidask_distributed.client.client import Client

__all__ = [
    "add_default",
    "current_client",
    "default_client",
    "leaving_slot",
    "remove_default",
    "set_slot_leaver",
    "use_client",
]

SlotLeaver = Callable[[], AbstractContextManager[None]]

_lock = threading.Lock()
# Open clients that may be the default, the one that is last.
_open: list[Client] = []
_slot_leaver: SlotLeaver = nullcontext
_innermost: ContextVar[Client | None] = ContextVar("innermost client", default=None)


def add_default(client: Client) -> None:
    """Make a client the default one of this process until it is removed or another one is added."""
    with _lock:
        _open.append(client)


def remove_default(client: Client) -> None:
    """Take a client out; the one that was added before it is the default again. One that isn't in is ignored."""
    with _lock:
        _open[:] = [other for other in _open if other is not client]


@contextmanager
def use_client(client: Client) -> Iterator[Client]:
    """Make a client the current one, on which collections compute, within a block, for this thread or coroutine alone."""
    token = _innermost.set(client)
    try:
        with use_runner(client.get):
            yield client
    finally:
        # A generator may be entered in one context and left in another, where there is nothing to undo.
        with suppress(ValueError):
            _innermost.reset(token)


def current_client(allow_global: bool = True) -> Client:
    """Return the client of the innermost `use_client` block; outside of any, the process's default one.

    Parameters
    ----------
    allow_global : bool
        Whether the default will do.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> current_client(allow_global=False)
    Traceback (most recent call last):
    ...
    ValueError: no client is current here: enter one with `with client.as_current():`
    """
    client = _innermost.get()
    if client is not None:
        return client
    if not allow_global:
        raise ValueError("no client is current here: enter one with `with client.as_current():`")
    with _lock:
        if _open:
            return _open[-1]
    raise ValueError(
        "there is no client: make one first, for instance\n"
        "    from minidask.distributed import Client\n"
        "    client = Client('tcp://scheduler-address:8786')    # or Client() for a cluster on this machine"
    )


def default_client(c: Client | None = None) -> Client:
    """Return the given client, or the current one if it is None.

    Raises
    ------
    ValueError
        If none is given and there is none.
    """
    return current_client() if c is None else c


def leaving_slot() -> AbstractContextManager[None]:
    """Give a block that waits for tasks: if a task runs it, that one's place is free meanwhile."""
    return _slot_leaver()


def set_slot_leaver(leaver: SlotLeaver) -> SlotLeaver:
    """Replace what `leaving_slot` does; return what did it before."""
    global _slot_leaver
    before, _slot_leaver = _slot_leaver, leaver
    return before
