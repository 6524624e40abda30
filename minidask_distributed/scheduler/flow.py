"""Back-pressure: stop listening to clients while somebody doesn't take what their work makes us send.

Place in the flow: `server` tells of every peer that it has sent to; a peer with much unsent is *clogged* until it has
taken most of it. A clogged client isn't read from, so that a client that only submits and never reads doesn't fill the
scheduler's memory; it is also told only that results are there, and not sent them (`SchedulerMachine.slow`). While a worker is
clogged no client is read from, since what clients upload would only be queued for it.
Workers are always read from: what they report makes room.

Invariants: reading stops at `HIGH_BYTES` and resumes at `LOW_BYTES`, or when the peer is gone.

Not for: messages' own credit (`UploadTaken`), which bounds uploads while all is well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.scheduler.peers import Connection

HIGH_BYTES = 64 << 20
"""Unsent bytes at which a peer counts as clogged: some hundred assignments of the largest inlined arguments."""

LOW_BYTES = 16 << 20


class Flow:
    """Which peers are clogged, and whom that stops.

    Parameters
    ----------
    connections
        A live view of all connections.
    tell
        Called with the number of a peer that becomes clogged (True), or isn't any more (False).
    """

    def __init__(
        self,
        connections: Iterable[Connection],
        tell: Callable[[int, bool], object],
        high_bytes: int = HIGH_BYTES,
        low_bytes: int = LOW_BYTES,
    ) -> None:
        self._connections = connections
        self._tell = tell
        self.high_bytes = high_bytes
        self.low_bytes = low_bytes
        self._clogged: dict[Connection, asyncio.Task[None]] = {}
        self._stopped: set[Connection] = set()

    @property
    def clogged(self) -> list[Connection]:
        """The clogged peers, those first that were so first."""
        return list(self._clogged)

    def sent(self, connection: Connection) -> None:
        """Look at a peer that something was sent to; needs the running loop if it is clogged."""
        if connection.comm.pending_bytes > self.high_bytes and connection not in self._clogged:
            self._clogged[connection] = asyncio.get_running_loop().create_task(self._wait(connection))
            self._tell(connection.number, True)
            self.update()

    def gone(self, connection: Connection) -> None:
        """Forget a peer."""
        waiting = self._clogged.pop(connection, None)
        if waiting is not None:
            waiting.cancel()
            self.update()
        self._stopped.discard(connection)

    def update(self) -> None:
        """Stop and resume reading from clients as it ought to be now; called for new ones, too."""
        workers = any(connection.role != "client" for connection in self._clogged)
        for connection in self._connections:
            if connection.role != "client" or connection.comm.closed:
                continue
            stop = workers or connection in self._clogged
            if stop and connection not in self._stopped:
                self._stopped.add(connection)
                connection.comm.pause_reading()
            elif not stop and connection in self._stopped:
                self._stopped.discard(connection)
                connection.comm.resume_reading()

    async def _wait(self, connection: Connection) -> None:
        try:
            await connection.comm.drain(self.low_bytes)
        except CommClosedError:
            return  # its end is told to the server, which calls `gone`
        self._clogged.pop(connection, None)
        self._tell(connection.number, False)
        self.update()

    def close(self) -> None:
        """Wait for nobody any more."""
        for waiting in self._clogged.values():
            waiting.cancel()
        self._clogged.clear()
