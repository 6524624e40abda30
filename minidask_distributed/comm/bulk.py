"""Bulk connections over a TCP socket: large values between two threads that may wait, without copies.

Place in the flow: `tcp` makes a `StreamBulk` of each socket that has passed the handshake in the role "data". The
layout of a message is that of `protocol.wire`: its large buffers are sent from where they lie and received where they
stay.

Between processes of one host large memory doesn't go through the socket: the sender says where it lies (`ReadMemory`) and
waits until the receiver has read it there (`MemoryRead`), and says that it was there all the while (`MemoryKept`): a sender that
gives up meanwhile, or ends, may have used the memory for something else. If it can't be read it is sent, then and ever after.

Invariants: one thread sends and one receives at a time; the descriptor is closed when nobody is inside a call any more,
so it can't be another file's meanwhile. A thread that waits looks up every second whether the interpreter is ending,
which would otherwise wait for the thread.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence

from minidask_distributed.comm import same_host
from minidask_distributed.comm.base import Bulk
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.comm.peer import Peer
from minidask_distributed.comm.vectors import MAX_VECTORS, Part, after
from minidask_distributed.messages import MemoryKept, MemoryRead, Message, ReadMemory
from minidask_distributed.protocol.buffers import Buffer, Flat, allocate
from minidask_distributed.protocol.compression import Codec
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.wire import Decoder, assembled, decode_frames, encode, split

LOOK_UP_S = 1.0
PIECE_BYTES = 1 << 22  # given to TLS at a time

# Asked of the system at a time: in such pieces 200 MB take 39-51 ms over loopback, without a bound 48-55.
RECEIVED_BYTES = 1 << 18

# From here on it pays that the receiver reads large memory in place: saying so costs a round trip.
IN_PLACE_BYTES = 2 << 20


class StreamBulk(Bulk):
    """A bulk connection over a connected, authenticated socket, plain or TLS.

    Parameters
    ----------
    sock
        The socket; the connection closes it.
    peer
        Who is at the other end.
    local_address, peer_address
        For people.
    codec
        What large frames are compressed with.
    max_frame_bytes
        Bound of what is received.
    in_place
        Whether to try to have large memory read where it lies: the peer is on this host.
    """

    serialized = True

    def __init__(
        self,
        sock: socket.socket,
        peer: Peer,
        local_address: str,
        peer_address: str,
        *,
        codec: Codec | None,
        max_frame_bytes: int,
        in_place: bool = False,
    ) -> None:
        self.peer = peer
        self.local_address = local_address
        self.peer_address = peer_address
        sock.settimeout(LOOK_UP_S)
        self._sock = sock
        self._vectored = type(sock) is socket.socket
        self._codec = codec
        self._in_place = in_place and same_host.is_possible
        self._decoder = Decoder(max_frame_bytes)
        self._received: deque[Message] = deque()
        self._unconfirmed: list[Buffer] = []  # frames that were read in place, until the peer says that they count
        self._lock = threading.Lock()
        self._inside = 0  # threads in send or recv
        self._ended = False

    def send(self, message: Message) -> None:
        first, large = split([message])
        self._enter()
        try:
            if self._in_place and sum(map(len, large)) >= IN_PLACE_BYTES:
                self._in_place = self._was_read(first, large)
                if self._in_place:
                    return
            self._transmit(assembled(first, large, self._codec))
        except (ProtocolError, MemoryError) as error:
            self._end(str(error))
            raise
        except OSError as error:
            raise self._lost(error) from error
        finally:
            self._leave()

    def _transmit(self, buffers: Sequence[Part]) -> None:
        while buffers:
            try:
                if self._vectored:
                    sent = self._sock.sendmsg(buffers[:MAX_VECTORS])
                else:
                    sent = self._sock.send(memoryview(buffers[0])[:PIECE_BYTES])
            except TimeoutError:
                self._look_up()
                continue
            buffers = after(buffers, sent)

    def _was_read(self, first: bytes, large: Sequence[Flat]) -> bool:
        """Have the peer read large memory here, and return whether it did."""
        places = [same_host.address_of(memory) for memory in large]
        message = ReadMemory(*same_host.own_witness(), first, places, list(map(len, large)))
        self._transmit(encode([message]))
        while not self._received:
            self._receive(None)
        answer = self._received.popleft()
        if type(answer) is not MemoryRead:
            raise ProtocolError(f"{self.peer_address} says {type(answer).__name__} where MemoryRead must come")
        if answer.done:
            self._transmit(encode([MemoryKept()]))
        return bool(answer.done)

    def recv(self, timeout_s: float | None = None) -> Message:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._enter()
        try:
            while True:
                while not self._received:
                    self._receive(deadline)
                message = self._received.popleft()
                if type(message) is ReadMemory:
                    self._read_in_place(message)
                elif type(message) is MemoryKept:
                    self._received.extendleft(self._confirmed())
                else:
                    return message
        except (ProtocolError, MemoryError) as error:
            self._end(str(error))
            raise
        except CommClosedError:
            raise
        except TimeoutError:
            raise TimeoutError(f"nothing came from {self.peer_address} within {timeout_s:g} s") from None
        except OSError as error:
            raise self._lost(error) from error
        finally:
            self._leave()

    def _read_in_place(self, message: ReadMemory) -> None:
        """Read the memory of a message where it is; if that can't be done, the peer will send it."""
        self._decoder.check_sizes(message.nbytes)
        frames: list[Buffer] = []
        can_be_read = same_host.is_there(same_host.Witness(message.pid, message.witness_at, message.witness))
        if can_be_read:
            try:
                for place, nbytes in zip(message.places, message.nbytes, strict=True):
                    memory = allocate(nbytes)
                    same_host.read(message.pid, place, memory)
                    frames.append(memory)
            except OSError:  # the peer is told, and sends it
                can_be_read = False
        if can_be_read:
            self._unconfirmed = [message.frame, *frames]
        self._transmit(encode([MemoryRead(can_be_read)]))

    def _confirmed(self) -> list[Message]:
        """Return the message whose memory was read in place: the peer says that it was there all the while."""
        frames, self._unconfirmed = self._unconfirmed, []
        if not frames:
            raise ProtocolError(f"{self.peer_address} says MemoryKept of memory that nobody has read")
        return decode_frames(frames)

    def _receive(self, deadline: float | None) -> None:
        left_s = LOOK_UP_S if deadline is None else deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        room = self._decoder.get_buffer()
        try:
            if left_s < LOOK_UP_S:
                self._sock.settimeout(left_s)
            try:
                count = self._sock.recv_into(room[:RECEIVED_BYTES])
            finally:
                if left_s < LOOK_UP_S:
                    self._sock.settimeout(LOOK_UP_S)
        except TimeoutError:
            self._look_up()
            return
        if not count:
            middle = "" if self._decoder.idle else " in the middle of a message"
            self._end(f"it was closed by the peer{middle}")
            raise self._closed_error()
        self._received += self._decoder.advance(count)

    def close(self) -> None:
        self._end("it was closed by this side")

    @property
    def closed(self) -> bool:
        return self._ended

    def __repr__(self) -> str:
        state = "closed" if self._ended else "open"
        return f"<{type(self).__name__} {self.local_address} to {self.peer_address}, {state}>"

    # ------------------------------------------------------------ ends

    def _enter(self) -> None:
        with self._lock:
            if self._ended:
                raise self._closed_error()
            self._inside += 1

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._ended and not self._inside:
                self._sock.close()

    def _end(self, why: str) -> None:
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._why = why
            if not self._inside:
                self._sock.close()
                return
            # Wakes whoever is inside; an SSLSocket's own shutdown would make it go on without encryption.
            with contextlib.suppress(OSError):  # the peer was faster
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def _look_up(self) -> None:
        if self._ended:
            raise self._closed_error()
        if not threading.main_thread().is_alive():
            self._end("the interpreter is ending")
            raise self._closed_error()

    def _lost(self, error: OSError) -> CommClosedError:
        self._end(f"it was lost ({error.strerror or error})")
        return self._closed_error()
