"""Connections within one process, ``inproc://``: messages pass by reference, even unpicklable ones.

Place in the flow: as `tcp`, for clients, schedulers and workers that share a process, on one event loop or on several.

A comm's `send` appends to the other end's inbox and wakes its loop; what has gathered there by then arrives as one list. A
bulk connection is a pair of queues.

Invariants: no message is copied or looked into; nobody needs to prove anything, for whoever is in the process has it already.
Bytes are nobody's business here, so that each waiting message counts as `MESSAGE_BYTES` in `pending_bytes`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue

from minidask_distributed.comm import turns
from minidask_distributed.comm.backends import Backend
from minidask_distributed.comm.base import Bulk, Comm, Listener, OnBulk, OnClose, OnComm, OnMessages
from minidask_distributed.comm.handlers import Handlers
from minidask_distributed.comm.options import Terms
from minidask_distributed.comm.peer import Peer, peer_of
from minidask_distributed.messages import Message

logger = logging.getLogger(__name__)

MESSAGE_BYTES = 1024
LOOK_UP_S = 1.0  # how often a waiting thread looks whether the interpreter is ending

_numbers = itertools.count(1)
_listeners: dict[str, InprocListener] = {}
_registry = threading.Lock()


class InprocComm(Comm):
    """One end of a connection; made, like its other end, by `_pair`."""

    serialized = False
    same_host = True

    def __init__(
        self, loop: asyncio.AbstractEventLoop, thread: int, lock: threading.RLock, peer: Peer, near: str, far: str
    ) -> None:
        self.peer = peer
        self.local_address = near
        self.peer_address = far
        self.other: InprocComm = self  # until the pair is made
        self._loop = loop
        self._thread = thread  # the loop's
        self._lock = lock  # of both ends
        self._inbox: deque[list[Message]] = deque()
        self._waking = False  # the loop is about to look into the inbox
        self._paused = False
        self._started = False
        self._on_messages: OnMessages | None = None
        self._on_close: OnClose | None = None
        self._drains: list[tuple[int, asyncio.Future[None]]] = []
        self._ended = False  # nothing can be sent
        self._hung_up = False  # the other end closed: the inbox is the last of it
        self._gone = False  # nothing is called any more
        self._error: BaseException | None = None

    def send(self, messages: list[Message]) -> None:
        passed = self._passed(messages)
        taken: list[None] = []
        try:
            with self._lock:
                if self._ended:
                    raise self._closed_error()
                # One step for the interpreter: Ctrl-C can't come between handing over and knowing of it.
                taken.extend(map(self.other._inbox.append, (passed,)))
                self.begun = id(messages)
            # Not under the lock: waking gives the interpreter to the loop's thread, which would wait for the lock.
            awake = self.other._wake()
        except BaseException:
            if taken:
                self.begun = id(messages)
                self.other._wake()
            raise
        if not awake:
            with self._lock:
                self._ended, self._why = True, "the other end's event loop is closed"
            raise self._closed_error()

    def _passed(self, messages: list[Message]) -> list[Message]:
        """Return what the other end is to get."""
        return list(messages)

    def _wake(self) -> bool:
        """Have the loop look into the inbox, which may look once too often; False if the loop is closed. Any thread."""
        if self._waking:
            return True
        try:
            self._waking = True
            if threading.get_ident() != self._thread:
                self._loop.call_soon_threadsafe(self._look)
            elif (due := turns.looks()) is not None and not self._loop.is_closed():
                due.append(self._look)
            else:
                self._loop.call_soon(self._look)
        except BaseException as error:
            # Whoever is interrupted in the middle wakes it once more.
            self._waking = False
            if not isinstance(error, RuntimeError) or not self._loop.is_closed():
                raise
            return False
        return True

    def _look(self) -> None:
        with self._lock:
            self._waking = False
            if self._gone or self._paused or not self._started:
                return
            batches, self._inbox = self._inbox, deque()
            hung_up = self._hung_up
            waited_for = bool(self.other._drains)
        if batches:
            messages = batches[0] if len(batches) == 1 else [m for batch in batches for m in batch]
            if waited_for:
                self.other._loop_call(self.other._wake_drains)
            if messages and self._on_messages is not None:
                try:
                    turns.take_turn(self._on_messages, messages)
                except Exception as error:
                    logger.exception("closing the connection to %s: its messages raised an error", self.peer_address)
                    self._finish(error)
        if hung_up:
            self._finish(None)

    def _loop_call(self, function: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function)  # type: ignore[arg-type]
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    @property
    def pending_bytes(self) -> int:
        with self._lock:
            return sum(map(len, self.other._inbox)) * MESSAGE_BYTES

    async def drain(self, below_bytes: int = 0) -> None:
        if self._ended:
            raise self._closed_error()
        if self.pending_bytes > below_bytes:
            future = self._loop.create_future()
            self._drains.append((below_bytes, future))
            self._wake_drains()
            await future

    def _wake_drains(self) -> None:
        pending = self.pending_bytes
        waiting = []
        for limit, future in self._drains:
            if future.done():
                continue
            if self._ended:
                future.set_exception(self._closed_error())
            elif pending > limit:
                waiting.append((limit, future))
            else:
                future.set_result(None)
        self._drains = waiting

    def start(self, on_messages: OnMessages, on_close: OnClose) -> None:
        if self._started:
            raise RuntimeError("this comm was started before")
        if threading.get_ident() != self._thread:
            raise RuntimeError("a comm is started on the thread of its event loop")
        with self._lock:
            self._started = True
            if self._gone:
                self._loop.call_soon(on_close, self._error)
                return
            self._on_messages, self._on_close = on_messages, on_close
            self._wake()

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        with self._lock:
            self._paused = False
            if self._inbox or self._hung_up:
                self._wake()

    def abort(self) -> None:
        with self._lock:
            if not self._ended:
                self.other._inbox.clear()
            self._hang_up("it was closed by this side")
        if threading.get_ident() == self._thread:
            self._finish(None)
        else:
            self._loop_call(self._finish_aborted)

    def _finish_aborted(self) -> None:
        self._finish(None)

    async def close(self) -> None:
        with self._lock:
            self._hang_up("it was closed by this side")
        self._finish(None)

    def _hang_up(self, why: str) -> None:
        """Let nothing more be sent either way; the other end gets what waits for it. Under the lock."""
        if self._ended and self.other._hung_up:
            return
        self._ended, self._why = True, self._why or why
        self.other._hung_up = True
        self.other._ended, self.other._why = True, self.other._why or "it was closed by the peer"
        self.other._wake()
        if self.other._drains:
            self.other._loop_call(self.other._wake_drains)

    def _finish(self, error: BaseException | None) -> None:
        with self._lock:
            if self._gone:
                return
            self._gone = True
            self._error = error
            self._hang_up(str(error) if error else "it was closed by the peer")
            self._inbox.clear()
        self._wake_drains()
        if self.other._drains:
            self.other._loop_call(self.other._wake_drains)
        if self._on_close is not None:
            self._loop.call_soon(self._on_close, error)
        self._on_messages = self._on_close = None

    @property
    def closed(self) -> bool:
        return self._ended


class InprocBulk(Bulk):
    """One end of a bulk connection: a queue to receive from and one to send to, None the end of either."""

    serialized = False

    def __init__(
        self,
        incoming: SimpleQueue[Message | None],
        outgoing: SimpleQueue[Message | None],
        peer: Peer,
        near: str,
        far: str,
    ) -> None:
        self.peer = peer
        self.local_address = near
        self.peer_address = far
        self._incoming = incoming
        self._outgoing = outgoing

    def send(self, message: Message) -> None:
        if self._why:
            raise self._closed_error()
        self._outgoing.put(message)

    def recv(self, timeout_s: float | None = None) -> Message:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._why:
            left_s = LOOK_UP_S if deadline is None else min(LOOK_UP_S, deadline - time.monotonic())
            try:
                message = self._incoming.get(timeout=left_s) if left_s > 0 else self._incoming.get_nowait()
            except Empty:
                if not threading.main_thread().is_alive():
                    self._why = "the interpreter is ending"
                elif deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError(f"nothing came from {self.peer_address} within {timeout_s:g} s") from None
                continue
            if message is not None:
                return message
            self._end("it was closed by the peer")
        raise self._closed_error()

    def close(self) -> None:
        self._end("it was closed by this side")

    def _end(self, why: str) -> None:
        if not self._why:
            self._why = why
            self._outgoing.put(None)
            self._incoming.put(None)  # wakes a thread of this side

    @property
    def closed(self) -> bool:
        return bool(self._why)


class InprocListener(Listener):
    """A listener that only this process can reach. Made on its loop's thread."""

    port = None

    def __init__(
        self, location: str, terms: Terms, on_comm: OnComm, on_bulk: OnBulk | None, scheme: str = "inproc"
    ) -> None:
        self.listen_address = self.contact_address = f"{scheme}://{location}"
        self.terms = terms
        self.loop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self.handlers = Handlers(on_comm, on_bulk, f"{terms.identity.role}-inproc")
        self._location = location
        self._closed = False
        with _registry:
            if location in _listeners:
                raise OSError(f"can't listen on inproc://{location}: another listener of this process does")
            _listeners[location] = self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.listen_address}, {'closed' if self._closed else 'open'}>"

    def arrived(self, end: Comm | Bulk) -> None:
        """Take a new connection; on the loop's thread."""
        if self._closed:
            if isinstance(end, Comm):
                end.abort()
            else:
                end.close()
        elif isinstance(end, Comm):
            self.handlers.hand_over(end)
        else:
            self.handlers.hand_over_bulk(end)

    async def close(self) -> None:
        self._closed = True
        with _registry:
            if _listeners.get(self._location) is self:
                del _listeners[self._location]
        await self.handlers.close()


class InprocBackend(Backend):
    """Connections within this process. Locations are ``<process>/<number>``; an empty one asks for a new number."""

    scheme = "inproc"
    comm: type[InprocComm] = InprocComm

    def check(self, location: str, terms: Terms) -> None:
        process = location.partition("/")[0]
        if process.isdecimal() and int(process) != os.getpid():
            raise ValueError(
                f"{self.scheme}://{location} belongs to process {process}, and this is process {os.getpid()}: connections of "
                "that kind stay within one process. Use tcp:// between processes"
            )

    async def connect(self, location: str, terms: Terms, deadline: float) -> Comm:
        listener = _find(location)
        lock = threading.RLock()
        near, far = f"{listener.listen_address}/{next(_numbers)}", listener.listen_address
        loop, thread = asyncio.get_running_loop(), threading.get_ident()
        own = self.comm(loop, thread, lock, peer_of(listener.terms.identity), near, far)
        other = self.comm(listener.loop, listener.thread, lock, peer_of(terms.identity), far, near)
        own.other, other.other = other, own
        _hand(listener, other)
        return own

    def connect_bulk(self, location: str, terms: Terms, deadline: float) -> Bulk:
        listener = _find(location)
        there: SimpleQueue[Message | None] = SimpleQueue()
        back: SimpleQueue[Message | None] = SimpleQueue()
        near, far = f"{listener.listen_address}/{next(_numbers)}", listener.listen_address
        _hand(listener, InprocBulk(there, back, peer_of(terms.identity), far, near))
        return InprocBulk(back, there, peer_of(listener.terms.identity), near, far)

    async def listen(
        self,
        location: str,
        terms: Terms,
        on_comm: OnComm,
        on_bulk: OnBulk | None,
        interface: str | None,
        contact_address: str | None,
    ) -> Listener:
        if interface is not None or contact_address is not None:
            raise ValueError("inproc:// addresses have neither interfaces nor contact addresses: leave those out")
        return InprocListener(location or f"{os.getpid()}/{next(_numbers)}", terms, on_comm, on_bulk, self.scheme)


def _find(location: str) -> InprocListener:
    with _registry:
        listener = _listeners.get(location)
    if listener is None:
        raise ConnectionRefusedError(f"nothing listens on inproc://{location}")
    return listener


def _hand(listener: InprocListener, end: Comm | Bulk) -> None:
    try:
        listener.loop.call_soon_threadsafe(listener.arrived, end)
    except RuntimeError:
        if not listener.loop.is_closed():
            raise
        raise ConnectionRefusedError(f"the event loop of {listener.listen_address} is closed") from None
