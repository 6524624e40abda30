"""Connections within one process with the promises of a socket, ``near://``: to a cluster whose workers are elsewhere.

Place in the flow: the client of a `LocalCluster` shares a process with the scheduler, and its tasks go on to other processes.
Its messages needn't be written to a socket, read from it and taken apart again, which costs more than what they are about.

Invariants: what a peer gets is its own, as over a socket: columns of ids and small pickles, which nobody changes, pass as they
are, and everything that may hold memory of the sender's is copied. What a socket refuses is refused. Bulk data take the way
between processes.
"""

from __future__ import annotations

from minidask_distributed.comm.inproc import InprocBackend, InprocComm
from minidask_distributed.messages import (
    Cancel,
    Cancelled,
    ClientBeat,
    Done,
    ForgetRecipes,
    KeepUntilDone,
    Message,
    Release,
    Retry,
    Scatter,
    Undone,
    Upload,
    UploadTaken,
    Want,
)
from minidask_distributed.protocol.wire import copied

COLUMNS = frozenset(
    {Cancel, Cancelled, ClientBeat, Done, ForgetRecipes, KeepUntilDone, Release, Retry, Undone, UploadTaken, Want}
)
"""Kinds of messages that hold numbers, keys and pickles in ``bytes`` alone."""

_OPAQUE = frozenset({bytes, type(None)})


class NearComm(InprocComm):
    """One end of a connection within the process whose messages may go on to other processes."""

    serialized = True

    def _passed(self, messages: list[Message]) -> list[Message]:
        return [message if is_its_own(message) else copied(message) for message in messages]


def is_its_own(message: Message) -> bool:
    """Say whether a message holds nothing that its sender could change later.

    Examples
    --------
    >>> is_its_own(Release([1, 2])), is_its_own(Scatter(1, [], [100_000], [None], None, 1))
    (True, True)
    """
    kind = type(message)
    if kind in COLUMNS:
        return True
    if kind is Upload:
        return not message.options  # type: ignore[attr-defined]
    if kind is Scatter:
        return _OPAQUE.issuperset(map(type, message.payloads))  # type: ignore[attr-defined]
    return False


class NearBackend(InprocBackend):
    """Connections within this process that keep the promises of sockets."""

    is_public = False
    scheme = "near"
    comm = NearComm
