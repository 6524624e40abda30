"""Control connections over a TCP socket, without asyncio's transports: one system call a message on the way out.

Place in the flow: `tcp` makes a `StreamComm` of each socket that has passed the handshake. `protocol.wire` encodes and
decodes; this module moves bytes.

Sending happens where `send` is called: on any thread, by one non-blocking vectored send. What the system doesn't take is
queued, and the loop sends it when the socket is writable; until then later messages queue up behind it. Receiving happens
on the loop, straight into the decoder's memory.

Invariants, all held by `_lock`: at most one thread is inside a send, and bytes leave in the order in which they were queued;
nothing is sent directly while the queue holds something; the socket's descriptor is closed on the loop's thread alone, so it
can't be another file's while somebody uses it. The lock may be taken again by its own thread: a finaliser that the garbage
collector runs may send, too, and then its messages are queued.

Why not transports: ``transport.write`` copies, belongs to the loop's thread, and ends at 0.6-1.0 GB/s.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minidask_distributed.comm import lent
from minidask_distributed.comm.base import Comm, OnClose, OnMessages
from minidask_distributed.comm.errors import CommClosedError, cause_of
from minidask_distributed.comm.lent import LentReceiving, Reading
from minidask_distributed.comm.peer import Peer
from minidask_distributed.comm.turns import take_turn
from minidask_distributed.comm.vectors import MAX_VECTORS, Part, after
from minidask_distributed.messages import Message
from minidask_distributed.protocol.compression import Codec
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.wire import Decoder, encode

logger = logging.getLogger(__name__)

READS = 8  # times that a full buffer is read again before other connections get their turn
WRITES = 4
STALL_S = 5.0  # a closing comm whose peer takes nothing for so long is aborted
LINGER_S = 2.0  # for the peer to close, too


class StreamComm(Comm):
    """A comm over a connected, authenticated, non-blocking TCP socket. Made on the loop's thread.

    Parameters
    ----------
    sock
        The socket; the comm closes it.
    peer
        Who is at the other end.
    local_address, peer_address
        For people and for connecting again.
    same_host
        Whether both ends are on one host.
    codec
        What large frames are compressed with.
    max_frame_bytes
        Bound of what is received.
    """

    serialized = True
    _reads = READS
    _can_be_lent = lent.is_possible

    def __init__(
        self,
        sock: socket.socket,
        peer: Peer,
        local_address: str,
        peer_address: str,
        *,
        same_host: bool,
        codec: Codec | None,
        max_frame_bytes: int,
    ) -> None:
        self.peer = peer
        self.local_address = local_address
        self.peer_address = peer_address
        self.same_host = same_host
        self._sock = sock
        self._give: Callable[[Sequence[Part]], int] = sock.sendmsg
        self._fd = sock.fileno()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._codec = codec
        self._decoder = Decoder(max_frame_bytes)
        self._on_messages: OnMessages | None = None
        self._on_close: OnClose | None = None
        self._started = False
        self._paused = False
        self._reading = False  # the loop watches for bytes
        self._lent: LentReceiving | None = None
        self._lock = threading.RLock()
        self._sending = False  # a thread is inside a direct send
        self._queue: deque[Part] = deque()
        self._pending = 0  # bytes in the queue
        self._writing = False  # the loop watches, or is about to watch, for room
        self._aborted = False
        self._drains: list[tuple[int, asyncio.Future[None]]] = []
        self._ended = False  # nothing can be sent any more
        self._failure: BaseException | None = None  # what a send met
        self._error: BaseException | None = None  # what `on_close` gets
        self._gone: asyncio.Future[None] = self._loop.create_future()  # done: the socket is closed

    # ------------------------------------------------------------ sending

    def send(self, messages: list[Message]) -> None:
        buffers: Sequence[Part] = encode(messages, self._codec)
        with self._lock:
            if self._ended:
                raise self._closed_error()
            self.begun = id(messages)
            if self._queue or self._sending:
                self._enqueue(buffers)
                return
            taken: list[int] = []
            self._sending = True
            try:
                # One step for the interpreter: Ctrl-C can't come between sending and knowing how much was sent.
                taken.extend(map(self._give, (buffers if len(buffers) <= MAX_VECTORS else buffers[:MAX_VECTORS],)))
            except BlockingIOError:
                pass  # there is no room: the loop sends it
            except OSError as error:
                self._break(error)
                raise self._closed_error() from error
            except BaseException:
                if taken:
                    self._keep(buffers, taken[0])
                else:
                    self.begun = 0
                raise
            finally:
                self._sending = False
            self._keep(buffers, taken[0] if taken else 0)

    def _keep(self, buffers: Sequence[Part], sent: int) -> None:
        """Queue what the system didn't take, before what a finaliser has queued in the meantime. Under the lock."""
        if sent == len(buffers[0]) and len(buffers) == 1 and not self._queue:
            return
        rest = after(buffers, sent)
        self._queue.extendleft(reversed(rest))
        self._pending += sum(map(len, rest))
        if self._queue:
            self._want_room()
            if self._ended:  # the loop was closed under it
                raise self._closed_error()

    def _enqueue(self, buffers: Sequence[Part]) -> None:
        self._queue.extend(buffers)
        self._pending += sum(map(len, buffers))
        if not self._sending:
            self._want_room()

    def _transmit(self, buffers: Sequence[Part]) -> int:
        """Give the system what it takes now, of the first buffers; return how many bytes that were."""
        try:
            return self._sock.sendmsg(buffers if len(buffers) <= MAX_VECTORS else buffers[:MAX_VECTORS])
        except BlockingIOError:
            return 0

    def _want_room(self) -> None:
        """Have the loop send the queue; under the lock."""
        if self._writing:
            return
        self._writing = True
        if threading.get_ident() == self._thread:
            self._loop.add_writer(self._fd, self._on_writable)
        else:
            self._on_loop(self._begin_writing)

    def _begin_writing(self) -> None:
        if not self._gone.done():
            self._loop.add_writer(self._fd, self._on_writable)

    def _on_writable(self) -> None:
        with self._lock:
            try:
                for _ in range(WRITES):
                    if not self._queue:
                        break
                    first = [part for part, _ in zip(self._queue, range(MAX_VECTORS))]
                    sent = self._transmit(first)
                    self._pending -= sent
                    rest = after(first, sent)
                    for _ in first:
                        self._queue.popleft()
                    self._queue.extendleft(reversed(rest))
                    if rest:
                        break
            except OSError as error:
                self._break(error)
                return
            if not self._queue:
                self._writing = False
                self._loop.remove_writer(self._fd)
        if self._drains:
            self._wake()

    def _wake(self) -> None:
        waiting = []
        for limit, future in self._drains:
            if future.done():
                continue  # whoever waited has given up
            if self._pending > limit:
                waiting.append((limit, future))
            else:
                future.set_result(None)
        self._drains = waiting

    def _break(self, error: OSError) -> None:
        """Note that sending failed; what the peer said before that is still read. Under the lock."""
        if self._failure is not None:
            return
        self._ended = True
        self._why = self._why or f"it was lost ({cause_of(error)})"
        self._failure = self._closed_error()
        self._queue.clear()
        self._pending = 0
        self._on_loop(self._after_break)

    def _after_break(self) -> None:
        if self._lent is not None:
            self._lent.recall()  # goes on when it is back
            return
        while self._reading and not self._gone.done() and self._on_readable():
            pass
        self._finish(self._failure)

    def _on_loop(self, function: Any, *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            if not self._loop.is_closed():
                raise
            # Nobody is left who could be told; the socket must not outlive its loop.
            self._ended, self._why = True, "its event loop is closed"
            self._sock.close()

    @property
    def pending_bytes(self) -> int:
        return self._pending

    async def drain(self, below_bytes: int = 0) -> None:
        if self._ended:
            raise self._closed_error()
        if self._pending > below_bytes:
            await self._drained(below_bytes)

    async def _drained(self, below_bytes: int) -> None:
        future = self._loop.create_future()
        self._drains.append((below_bytes, future))
        self._wake()  # another thread's send may have been taken whole since
        await future

    # ---------------------------------------------------------- receiving

    def start(self, on_messages: OnMessages, on_close: OnClose) -> None:
        if self._started:
            raise RuntimeError("this comm was started before")
        if threading.get_ident() != self._thread:
            raise RuntimeError("a comm is started on the thread of its event loop")
        self._started = True
        if self._gone.done():
            self._loop.call_soon(on_close, self._error)
            return
        self._on_messages, self._on_close = on_messages, on_close
        if not self._paused:
            self._watch(self._on_readable)

    def _watch(self, callback: Any) -> None:
        self._reading = True
        self._loop.add_reader(self._fd, callback)

    def _on_readable(self) -> bool:
        """Receive what is there and pass it on; say whether there was anything."""
        reading = self._read(self._sock)
        self._pass_on(reading)
        return reading.some

    def _read(self, sock: socket.socket) -> Reading:
        """Receive what is there; on the thread that receives."""
        messages: list[Message] = []
        error: BaseException | None = None
        some = ended = False
        try:
            for _ in range(self._reads):
                room = self._decoder.get_buffer()
                count = sock.recv_into(room)
                if not count:
                    ended = True
                    break
                some = True
                messages += self._decoder.advance(count)
                if count < len(room) and not self._has_buffered():
                    break
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass  # all has been read
        except OSError as lost:
            why = cause_of(lost)
            error = CommClosedError(f"the connection to {self.peer_address} was lost: {why}").because(why)
        except (ProtocolError, MemoryError) as broken:
            logger.warning("closing the connection to %s: %s", self.peer_address, broken)
            error = broken
        return Reading(messages, some, ended, error)

    def _pass_on(self, reading: Reading) -> None:
        if reading.messages:
            self._deliver(reading.messages)
        if reading.error is not None:
            self._finish(reading.error)
        elif reading.ended:
            self._finish(self._loss())

    def _has_buffered(self) -> bool:
        """Whether bytes were taken from the system and not read yet; it wouldn't tell of them again."""
        return False

    def _deliver(self, messages: list[Message]) -> None:
        if self._on_messages is None:
            return
        try:
            take_turn(self._on_messages, messages)
        except Exception as error:
            logger.exception("closing the connection to %s: its messages raised an error", self.peer_address)
            self._finish(error)

    def _loss(self) -> BaseException | None:
        """Return what the peer's closing has cost; None if nothing."""
        if not self._decoder.idle:
            why = "closed the connection in the middle of a message"
            return CommClosedError(f"{self.peer_address} {why}").because("it ended in the middle of a message")
        if self._pending:
            left = f"with {self._pending} bytes still to be sent"
            return CommClosedError(f"{self.peer_address} closed the connection {left}").because(f"it ended {left}")
        return self._failure

    def pause_reading(self) -> None:
        self._paused = True
        if self._lent is not None:
            self._lent.recall()
        if self._reading and not self._ended:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        self._paused = False
        if self._started and not self._reading and not self._ended and self._lent is None:
            self._watch(self._on_readable)

    def lend(self) -> LentReceiving | None:
        if not self._reading or self._ended or self._lent is not None or not self._can_be_lent:
            return None
        try:
            sock = self._sock.dup()
        except OSError:  # no descriptor is free: the loop goes on
            return None
        try:
            self._lent = LentReceiving(sock, self._read, partial(self._on_loop, self._taken_back))
        except OSError:
            sock.close()
            return None
        self._reading = False
        self._loop.remove_reader(self._fd)
        return self._lent

    def _taken_back(self, reading: Reading) -> None:
        """Receive again, on the loop."""
        self._lent = None
        if self._gone.done() or (self._ended and self._failure is None):
            return  # closed meanwhile by this side
        if not self._paused or self._failure is not None:
            self._watch(self._on_readable)
        self._pass_on(reading)
        if self._failure is not None:
            self._after_break()

    # ------------------------------------------------------------ closing

    def abort(self) -> None:
        with self._lock:
            if self._gone.done():
                return
            self._ended = self._aborted = True
            self._why = self._why or "it was closed by this side"
            self._queue.clear()
            self._pending = 0
            # The descriptor stays until the loop lets go of it; the peer, and a reader here, know at once.
            with contextlib.suppress(OSError):  # the peer was faster
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
            if threading.get_ident() == self._thread:
                self._finish(None)
            else:
                self._on_loop(self._finish_aborted)

    def _finish_aborted(self) -> None:
        self._finish(None)

    async def close(self) -> None:
        if self._gone.done():
            return
        with self._lock:
            first, self._ended = not self._ended, True
            self._why = self._why or "it was closed by this side"
        if not first:
            await asyncio.shield(self._gone)  # who gives up waiting mustn't end it for the others
            return
        try:
            await self._flush()
            if not self._gone.done():
                # The peer's last words are read and dropped: closing over them would reset the connection (RFC 2525,
                # section 2.17) and take back what it hasn't read yet.
                socket.socket.shutdown(self._sock, socket.SHUT_WR)
                self._watch(self._discard)
                async with asyncio.timeout(LINGER_S):
                    await asyncio.shield(self._gone)
        except TimeoutError:
            logger.debug("%s didn't close its side of the connection", self.peer_address)
        except OSError:
            pass  # the peer was faster
        finally:
            self._finish(None)

    async def _flush(self) -> None:
        while self._pending:
            before = self._pending
            try:
                async with asyncio.timeout(STALL_S):
                    await self._drained(max(0, before - (1 << 20)))
            except TimeoutError:
                if self._pending == before:
                    logger.warning("%s takes nothing: %d bytes are lost with its connection", self.peer_address, before)
                    return

    def _discard(self) -> None:
        try:
            for _ in range(READS):
                if not self._sock.recv(1 << 18):
                    break
            else:
                return
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            pass  # reset, which ends it as well
        self._finish(None)

    def _finish(self, error: BaseException | None) -> None:
        """Close the socket and tell; on the loop's thread, any number of times."""
        with self._lock:
            if self._gone.done():
                return
            if self._aborted:
                error = None
            self._ended = True
            self._why = self._why or (str(error) if error else "it was closed by the peer")
            self._queue.clear()
            self._pending = 0
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._reading = False
            if self._lent is not None:
                # The borrower's descriptor keeps the connection, until it notices.
                with contextlib.suppress(OSError):  # the peer was faster
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
                self._lent.recall()
            self._sock.close()
            self._error = error
            self._gone.set_result(None)
        for _, future in self._drains:
            if not future.done():
                future.set_exception(self._closed_error())
        self._drains = []
        if self._on_close is not None:
            self._loop.call_soon(self._on_close, error)
        self._on_messages = self._on_close = None

    @property
    def closed(self) -> bool:
        return self._ended
