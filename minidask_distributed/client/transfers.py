"""Large values between a client and the workers: blocking connections, used again, on threads of their own.

Place in the flow: `gather` fetches and `scatter` puts through it; the worker's side is its data server.

A worker that didn't answer at all is left alone for a while (`AVOID_S`), so that not each result that it holds waits for the
whole timeout: behind a firewall, or in another network, it won't answer the next time either.

Invariants: a connection on which anything went wrong isn't used again; an idle one that the worker closed meanwhile costs a
second attempt, not an error; large memory is not copied.

Not for: which worker to ask, and what to do if it can't answer.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from minidask.graph.task import Key
from minidask_distributed.client.errors import error_of
from minidask_distributed.comm import Bulk, connect_bulk
from minidask_distributed.comm.errors import CommClosedError, CommError, ConnectTimeoutError
from minidask_distributed.comm.options import Options
from minidask_distributed.messages import Answer, Data, GetData, Message, PutData, Stored
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.protocol.payload import unpack
from minidask_distributed.security import Security

KEEP_PER_WORKER = 2
MOST_THREADS = 16
"""Transfers at a time: more share the same network, and each holds a result in the making."""

AVOID_S = 30.0
"""How long a worker that didn't answer within the timeout isn't asked: about as long as that timeout is by default."""


class Unreadable:
    """Stand for a result that is held, but can't be had: why."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Transfers:
    """Connections to workers for large values.

    Parameters
    ----------
    security : Security, optional
    name : str
        The client's.
    timeout_s : float
        For connecting.
    options : Options
        How the connections behave.
    """

    def __init__(self, security: Security | None, name: str, timeout_s: float, options: Options) -> None:
        self._security = security
        self._name = name
        self._timeout_s = timeout_s
        self._options = options
        self._lock = threading.Lock()
        # {address: connections that nobody uses}; {connection: address} of all that are open, used or not
        self._idle: dict[str, list[Bulk]] = {}
        self._open: dict[Bulk, str] = {}
        self._unreachable: dict[str, tuple[float, str]] = {}  # {address: until when it is left alone, and why}
        self._given_up: weakref.WeakSet[Bulk] = weakref.WeakSet()
        self._closed = False
        self.threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="minidask transfers")

    def fetch(self, address: str, tasks: Sequence[int]) -> dict[int, Any]:
        """Return results by task id; those that the worker doesn't hold are missing. Blocks.

        A result that can't be read is an `Unreadable`.

        Raises
        ------
        OSError
            If the worker can't be reached, or the connection breaks.
        """
        answer = self._ask(address, GetData(list(tasks)))
        assert isinstance(answer, Data)
        return read_all(answer.tasks, answer.payloads)

    def put(self, address: str, tasks: Sequence[int], keys: Sequence[Key], payloads: Sequence[Any]) -> None:
        """Give data to a worker to hold. Blocks until it does.

        Raises
        ------
        OSError
            As `fetch` does.
        Exception
            What reading the data raised on the worker.
        """
        self._ask(address, PutData(list(tasks), encode_keys(keys), list(payloads)))

    def give_up(self, address: str) -> None:
        """Close all connections to a worker that is gone, or doesn't answer; transfers under way fail."""
        with self._lock:
            bulks = [bulk for bulk, other in self._open.items() if other == address]
            self._given_up.update(bulks)
        for bulk in bulks:
            self._discard(bulk)

    def close(self) -> None:
        """Close all connections; transfers under way fail."""
        with self._lock:
            self._closed = True
            bulks, self._open = self._open, {}
            self._idle.clear()
        for bulk in bulks:
            bulk.close()
        self.threads.shutdown(wait=True)

    def _ask(self, address: str, question: Message) -> Message:
        with self._lock:
            idle = self._idle.get(address)
            bulk = idle.pop() if idle else None
        if bulk is not None:
            try:
                return self._exchange(address, bulk, question)
            except CommClosedError:
                # It may have been closed long ago, for having been idle: a new one tells.
                if self._closed or bulk in self._given_up:
                    raise
        return self._exchange(address, self._connect(address), question)

    def _connect(self, address: str) -> Bulk:
        until, why = self._unreachable.get(address, (0.0, ""))
        if time.monotonic() < until:
            raise CommError(f"{address} isn't asked again for a while: {why}")
        try:
            bulk = connect_bulk(
                address,
                security=self._security,
                timeout_s=self._timeout_s,
                name=self._name,
                options=self._options,
                patient=False,
            )
        except ConnectTimeoutError as error:
            self._unreachable[address] = time.monotonic() + AVOID_S, str(error)
            raise
        self._unreachable.pop(address, None)
        with self._lock:
            if not self._closed:
                self._open[bulk] = address
                return bulk
        bulk.close()
        raise CommClosedError("the client was closed")

    def _exchange(self, address: str, bulk: Bulk, question: Message) -> Message:
        try:
            bulk.send(question)
            answer = bulk.recv()
        except BaseException:
            self._discard(bulk)
            raise
        with self._lock:
            idle = self._idle.setdefault(address, [])
            keep = not self._closed and len(idle) < KEEP_PER_WORKER
            if keep:
                idle.append(bulk)
        if not keep:
            self._discard(bulk)
        if isinstance(answer, Answer) and answer.failure is not None:
            raise error_of(answer.failure)
        if not isinstance(answer, Data | Stored):
            self._discard(bulk)
            raise CommClosedError(f"the worker {address} answered with a {type(answer).__name__}")
        return answer

    def _discard(self, bulk: Bulk) -> None:
        with self._lock:
            self._open.pop(bulk, None)
            for idle in self._idle.values():
                if bulk in idle:
                    idle.remove(bulk)
        bulk.close()


def read_all(tasks: Sequence[int], payloads: Sequence[Any]) -> dict[int, Any]:
    """Return {task: value} of what came; a value that can't be read is an `Unreadable`.

    Examples
    --------
    >>> from minidask_distributed.protocol.payload import ByReference
    >>> read_all([7], [ByReference("value")])
    {7: 'value'}
    """
    return dict(zip(tasks, map(_read, payloads), strict=True))


def _read(payload: Any) -> Any:
    if type(payload) is dict:
        return Unreadable(error_of(payload))
    try:
        return unpack(payload)
    except Exception as error:
        return Unreadable(error)
