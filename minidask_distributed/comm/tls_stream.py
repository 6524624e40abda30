"""Control connections over TLS: as `stream`, but every byte goes through the loop.

Place in the flow: `tcp` makes an `EncryptedComm` of each TLS socket that has passed the handshake.

Invariants: OpenSSL's connections belong to one thread at a time, so only the loop's thread touches the socket; other threads
queue what they send. What OpenSSL couldn't send is offered again with the same beginning and at least the same length, as it
demands; bytes that it has decrypted ahead are read before the loop watches the socket again.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Sequence
from typing import Any

from minidask_distributed.comm.stream import StreamComm
from minidask_distributed.comm.vectors import Part
from minidask_distributed.messages import Message
from minidask_distributed.protocol.wire import encode

# Small parts are joined up to this, so that a record isn't spent on each.
JOIN_BYTES = 1 << 16
# Encrypting takes the loop's time: after so much it looks after the others.
PIECE_BYTES = 1 << 18
MOST_BYTES = 1 << 20


class EncryptedComm(StreamComm):
    """A comm over TLS. OpenSSL's connections belong to one thread at a time, so all bytes go through the loop."""

    _can_be_lent = False  # what was taken from the system and not read yet wakes nobody
    _reads = 64  # a reading gives at most one record of 16 KiB
    _sock: ssl.SSLSocket

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._give = self._transmit

    def send(self, messages: list[Message]) -> None:
        if threading.get_ident() == self._thread:
            super().send(messages)
            return
        buffers = encode(messages, self._codec)
        with self._lock:
            if self._ended:
                raise self._closed_error()
            self.begun = id(messages)
            self._enqueue(buffers)

    def _begin_writing(self) -> None:
        super()._begin_writing()
        if not self._gone.done():
            self._on_writable()

    def _transmit(self, buffers: Sequence[Part]) -> int:
        # A record that OpenSSL couldn't send must be offered again with the same beginning; the rule below, applied to
        # the same first buffers, gives that.
        total = 0
        at = 0
        while at < len(buffers):
            part: Part = buffers[at]
            if len(part) < JOIN_BYTES:
                joined = []
                size = 0
                while at < len(buffers) and len(buffers[at]) < JOIN_BYTES and size < JOIN_BYTES:
                    joined.append(buffers[at])
                    size += len(buffers[at])
                    at += 1
                part = b"".join(joined)
            else:
                at += 1
            taken = 0
            try:
                while taken < len(part) and total < MOST_BYTES:
                    count = self._sock.send(memoryview(part)[taken : taken + PIECE_BYTES])
                    taken += count
                    total += count
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return total
            if taken < len(part):
                break
        return total

    def _has_buffered(self) -> bool:
        return self._sock.pending() > 0

    def _on_readable(self) -> bool:
        some = super()._on_readable()
        if some and self._reading and not self._gone.done() and self._has_buffered():
            self._loop.call_soon(self._on_buffered)
        return some

    def _on_buffered(self) -> None:
        if self._reading and not self._gone.done():
            self._on_readable()

    def resume_reading(self) -> None:
        super().resume_reading()
        if self._reading and self._has_buffered():
            self._loop.call_soon(self._on_buffered)
