"""The connections of a scheduler: who is on each, what it may say, and how one is ended.

Place in the flow: `server` makes a `Connection` of every comm that a listener hands over, asks here whether a message is
the peer's to send, and gives the machine the connection's number for it.

Invariants: numbers are never reused; the first message of a client, worker or nanny says who it is, and only once; what a
role may say is read off the declarations in `messages`.

Not for: what messages mean (`scheduler.machine`), or calls and their answers (`calls`).
"""

from __future__ import annotations

import asyncio
import contextlib
import reprlib
from typing import Final

from minidask_distributed.comm.base import Comm
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.messages import KINDS, Bye, Message, OpenSession, RegisterNanny, RegisterWorker

OPENERS: Final[dict[str, type[Message]]] = {
    "client": OpenSession,
    "worker": RegisterWorker,
    "nanny": RegisterNanny,
}
"""{role of the handshake: the message that opens its connection}."""

SPOKEN: Final[dict[str, frozenset[type[Message]]]] = {
    role: frozenset(kind for kind in KINDS.values() if role == kind.SENDER and kind.RECEIVER == "scheduler")
    - {OPENERS.get(role, Message)}
    for role in (*OPENERS, "rpc")
}
"""{role: the messages for the machine that it may send after its first one}; "rpc" only calls."""


class Connection:
    """One peer of the scheduler.

    Parameters
    ----------
    number
        The machine's number for the peer.
    comm
        Its comm; the role is the handshake's.
    """

    __slots__ = ("bye", "comm", "ended", "is_open", "name", "number", "role", "spoken", "untaken")

    def __init__(self, number: int, comm: Comm) -> None:
        self.number = number
        self.comm = comm
        self.role: str = comm.peer.role
        self.name = comm.peer.name or comm.peer_address  # for people; a worker's address once it is registered
        self.spoken = SPOKEN[self.role]
        self.is_open = self.role == "rpc"  # whether its first message came
        self.bye: str | None = None  # why it closes, if it said so
        self.ended = False  # nothing that it still says counts
        self.untaken: list[Message] = []  # came, and waits until others had their turn

    def __repr__(self) -> str:
        return f"{self.role} {self.name} ({self.comm.peer_address})"


_brief = reprlib.Repr()
_brief.maxlist = _brief.maxdict = 3
_brief.maxstring = _brief.maxother = 60
_brief.maxlevel = 3


def describe(message: object) -> str:
    """Return a message as text of bounded length, for a log.

    Examples
    --------
    >>> from minidask_distributed.messages import Free
    >>> describe(Free(list(range(1000))))
    'Free(tasks=[0, 1, 2, ...])'
    >>> describe(7)
    '7'
    """
    if not isinstance(message, Message):
        return _brief.repr(message)
    fields = ", ".join(f"{name}={_brief.repr(getattr(message, name, None))}" for name in message.FIELDS)
    return f"{type(message).__name__}({fields})"


CLOSE_S = 2.0
"""How long the end of a connection waits for a peer that doesn't take what is still to be sent."""


async def close_comm(comm: Comm) -> None:
    """Send what is pending and close, within `CLOSE_S`; then the rest is lost."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await comm.close()
    except (TimeoutError, OSError):
        comm.abort()


async def send_away(comm: Comm, reason: str) -> None:
    """Say why a peer can't stay, to one that wasn't listened to yet, and close."""

    def ignore(_: object) -> None:
        """Take what it says meanwhile."""

    comm.start(ignore, ignore)
    with contextlib.suppress(CommClosedError):
        comm.send([Bye(reason)])
    await close_comm(comm)
