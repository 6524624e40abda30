"""Batches of messages as frames, and frames as batches of messages.

Place in the flow: connections send what `encode` returns, and feed what they receive to a `Decoder`. Layout of a batch, all
numbers little-endian::

    "mD" | version, 1 byte | number of frames, 4 bytes
    for each frame: codec, 1 byte (0: none) | bytes on the wire, 8 | bytes when decompressed, 8
    the frames

Frame 0 is a msgpack list of rows, one a message. The others are what they refer to: the large buffers of payloads, each in a
frame of its own, sent from where it lies and received into memory of its own.

Invariants: decoding unpickles nothing, payloads stay opaque; lengths are checked before memory is allocated; a small buffer
never keeps a large one alive; objects that only a peer in the same process can take are pickled on the way out
(`ByReference` and `Serialize`, `Recipe`, `Literals`) or raise a TypeError, as every other object does.

Not for: sockets (``comm``), and what messages mean (``messages``).
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgpack

from minidask_distributed.messages import Message, from_row
from minidask_distributed.protocol.buffers import OWN_BUFFER_BYTES, Buffer, Flat, allocate, flat, reserve
from minidask_distributed.protocol.calls import Literals, Recipe
from minidask_distributed.protocol.compression import CODECS, LEAST_BYTES, Codec, decompress, maybe_compress
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.payload import ByReference, Payload, pack
from minidask_distributed.protocol.wrappers import Serialized

__all__ = ["MAX_FRAME_BYTES", "Decoder", "decode_frames", "encode"]

MAGIC = b"mD\x01"
_HEAD = struct.Struct("<3sI")
_ENTRY = struct.Struct("<BQQ")
# Head and only entry of a batch of one frame, which nearly all are.
_SINGLE = struct.Struct("<3sIBQQ")

# Larger batches than any of ours, smaller than what memory holds: bounds of what a peer may announce.
MAX_FRAMES = 1 << 20
MAX_FRAME_BYTES = 1 << 40

_PAYLOAD = 1
_READ_BYTES = 1 << 18


class _Frames:
    """The frames of a batch that is being encoded: hooks for msgpack, and the large buffers met so far."""

    def __init__(self) -> None:
        self.large: list[Flat] = []

    def default(self, obj: Any) -> Any:
        """Return something that msgpack knows for an object that it doesn't know."""
        if type(obj) is Payload:
            return self._payload(obj)
        if isinstance(obj, ByReference):
            return self._payload(pack(obj.value))
        if type(obj) is Recipe or type(obj) is Literals:
            return obj.pickled()
        if isinstance(obj, Serialized):
            return self._payload(obj.to_payload())
        if isinstance(obj, int):
            raise OverflowError(f"the integer {obj:#x} has more than 64 bits and can't stand in a message")
        raise TypeError(
            f"a {type(obj).__name__} can't stand in a message to another process: wrap it with to_serialize, or pack it"
        )

    def _payload(self, payload: Payload) -> msgpack.ExtType:
        parts = [payload.kind, self._part(payload.header)]
        parts += [self._part(flat(buffer)) for buffer in payload.buffers]
        return msgpack.ExtType(_PAYLOAD, msgpack.packb(parts))

    def _part(self, data: Flat) -> Flat | int:
        if len(data) < OWN_BUFFER_BYTES:
            return data
        self.large.append(data)
        return len(self.large)


class _Packing(threading.local):
    """Each thread's packer: making one costs more than packing a small batch."""

    def __init__(self) -> None:
        self.frames = _Frames()
        self.packer = msgpack.Packer(default=self.frames.default)
        self.busy = False


_packing = _Packing()


def split(messages: Sequence[Message]) -> tuple[bytes, list[Flat]]:
    """Return the first frame of a batch, and the large buffers that it refers to. Raises as `encode`."""
    rows = [message.row() for message in messages]
    own = _packing
    if own.busy:
        # Pickling an object ran a finaliser that sends, too.
        frames = _Frames()
        return msgpack.packb(rows, default=frames.default), frames.large
    own.busy = True
    try:
        return own.packer.pack(rows), own.frames.large
    except BaseException:
        own.packer.reset()
        raise
    finally:
        own.frames.large = []
        own.busy = False


def encode(messages: Sequence[Message], compression: Codec | None = None) -> list[Flat]:
    """Return the buffers of a batch, in order, ready for a vectored send.

    Large buffers of payloads are returned as they are: they must not change before they are sent.

    Raises
    ------
    TypeError
        If a field holds an object that can't be sent, or one that is to be pickled and can't be.
    OverflowError
        If a field holds an integer beyond 64 bits.

    Examples
    --------
    >>> from minidask_distributed.messages import Free
    >>> decoder = Decoder()
    >>> decoder.feed(b"".join(encode([Free([1, 2])])))
    [Free(tasks=[1, 2])]
    """
    return assembled(*split(messages), compression)


def assembled(first: bytes, large: Sequence[Flat], compression: Codec | None = None) -> list[Flat]:
    """Return the buffers of a batch that was `split`, as `encode` does."""
    if not large and (compression is None or len(first) < LEAST_BYTES):
        head = _SINGLE.pack(MAGIC, 1, 0, len(first), len(first))
        return [head + first] if len(first) < OWN_BUFFER_BYTES else [head, first]
    bodies: list[Flat] = []
    entries = []
    for frame in (first, *large):
        name, body = maybe_compress(frame, compression)
        bodies.append(body)
        entries.append(_ENTRY.pack(CODECS[name].number if name else 0, len(body), len(frame)))
    head = _HEAD.pack(MAGIC, len(bodies)) + b"".join(entries)
    if len(bodies[0]) < OWN_BUFFER_BYTES:
        return [head + bodies[0], *bodies[1:]]
    return [head, *bodies]


def copied(message: Message) -> Message:
    """Return a message as it would come out of a socket: nothing in it is the sender's. Raises as `encode`.

    Examples
    --------
    >>> from minidask_distributed.messages import Free
    >>> copied(Free((1, 2)))
    Free(tasks=[1, 2])
    """
    first, large = split([message])
    return decode_frames([first, *map(bytearray, large)])[0]


def decode_frames(frames: Sequence[Buffer]) -> list[Message]:
    """Return the messages of a batch's frames, decompressed. Raises ProtocolError.

    Examples
    --------
    >>> decode_frames([msgpack.packb([[72, [1, 2]]])])
    [Free(tasks=[1, 2])]
    """

    return _messages(flat(frames[0]), partial(_extension, frames))


def _extension(frames: Sequence[Buffer], code: int, data: bytes) -> Payload:
    """Return the payload that a msgpack extension stands for."""
    if code != _PAYLOAD:
        raise ProtocolError(f"an object of the unknown kind {code}")
    return _payload(msgpack.unpackb(data), frames)


_extension_alone = partial(_extension, (b"",))


def _messages(frame: Flat, hook: Callable[[int, bytes], Payload]) -> list[Message]:
    try:
        rows = msgpack.unpackb(frame, ext_hook=hook, strict_map_key=False)
        if type(rows) is not list:
            raise ProtocolError(f"a batch is not a list but a {type(rows).__name__}")
        return [from_row(row) for row in rows]
    except (MemoryError, ProtocolError):
        raise
    except Exception as error:  # msgpack raises a dozen kinds, and any is the sender's fault
        raise ProtocolError(f"a malformed batch of messages: {type(error).__name__}: {error}") from error


def _payload(parts: Any, frames: Sequence[Buffer]) -> Payload:
    if type(parts) is not list or len(parts) < 2 or type(parts[0]) is not str:
        raise ProtocolError("a malformed payload")
    found = [_found(part, frames) for part in parts[1:]]
    # Pickle marks what was read-only; everything else must be writable.
    return Payload(parts[0], found[0], [bytearray(part) if type(part) is bytes else part for part in found[1:]])


def _found(part: Any, frames: Sequence[Buffer]) -> Any:
    if type(part) is bytes:
        return part
    if type(part) is int and 0 < part < len(frames):
        return frames[part]
    raise ProtocolError(f"a payload refers to frame {part!r:.40} of {len(frames)}")


class Decoder:
    """Turn received bytes into messages: receive into `get_buffer`, then tell `advance` how many bytes came.

    Parameters
    ----------
    max_frame_bytes : int, optional
        No frame may be, or become by decompression, longer.

    Examples
    --------
    >>> from minidask_distributed.messages import Free
    >>> decoder = Decoder()
    >>> data = b"".join(encode([Free([1])]) * 2)
    >>> decoder.get_buffer()[: len(data)] = data
    >>> decoder.advance(len(data))
    [Free(tasks=[1]), Free(tasks=[1])]
    """

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self.max_frame_bytes = max_frame_bytes
        # What was read ahead lies at [_start:_end]. Of a thousand quiet connections each takes a page or two.
        self._memory = reserve(_READ_BYTES)
        self._start = 0
        self._end = 0
        # Of the batch that is being received: how many frames it has (0: none is begun), (codec, bytes on the wire,
        # bytes decompressed) of each, and those that are complete.
        self._expected = 0
        self._entries: list[tuple[int, int, int]] = []
        self._frames: list[Buffer] = []
        # A frame that is received straight into its own memory, and how much of it has come.
        self._own: memoryview | None = None
        self._filled = 0

    @property
    def idle(self) -> bool:
        """True between two batches: the connection may end here without losing anything."""
        return self._start == self._end and not self._expected

    def check_sizes(self, sizes: Sequence[int]) -> None:
        """Raise ProtocolError for frames of such sizes if one is larger than allowed, or no size."""
        for nbytes in sizes:
            if not 0 <= nbytes <= self.max_frame_bytes:
                raise ProtocolError(f"a frame of {nbytes} bytes; {self.max_frame_bytes} at most are allowed")

    def get_buffer(self) -> memoryview:
        """Return the memory to receive the next bytes into; never empty."""
        if self._own is not None:
            return self._own[self._filled :]
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == len(self._memory):
            kept = self._end - self._start
            self._memory[:kept] = bytes(self._memory[self._start : self._end])
            self._start, self._end = 0, kept
        return self._memory[self._end :]

    def feed(self, data: Buffer) -> list[Message]:
        """Take bytes that lie elsewhere; return the messages that they complete. Raises ProtocolError."""
        view = memoryview(flat(data))
        messages: list[Message] = []
        while view.nbytes:
            room = self.get_buffer()
            count = min(room.nbytes, view.nbytes)
            room[:count] = view[:count]
            messages += self.advance(count)
            view = view[count:]
        return messages

    def advance(self, nbytes: int) -> list[Message]:
        """Take note that ``nbytes`` were received; return the messages that they complete, in order.

        Raises ProtocolError for bytes that no peer would send: the connection must be closed then.
        """
        if self._own is not None:
            self._filled += nbytes
            if self._filled < self._own.nbytes:
                return []
            self._frames.append(self._own)
            self._own = None
        else:
            self._end += nbytes
        messages: list[Message] = []
        if not self._expected:
            self._single(messages)
        while self._step(messages):
            pass
        return messages

    def _single(self, messages: list[Message]) -> None:
        """Take complete batches of one plain frame, in a fraction of the time that the parts one by one would cost."""
        memory, start, end = self._memory, self._start, self._end
        while end - start >= _SINGLE.size:
            magic, count, codec, on_wire, nbytes = _SINGLE.unpack_from(memory, start)
            stop = start + _SINGLE.size + nbytes
            if (
                count != 1
                or codec
                or stop > end
                or magic != MAGIC
                or on_wire != nbytes
                or nbytes > self.max_frame_bytes
            ):
                break
            # Taken before it is read: what is malformed isn't met again.
            self._start = stop
            messages += _messages(memory[start + _SINGLE.size : stop], _extension_alone)
            start = stop

    def _step(self, messages: list[Message]) -> bool:
        """Take the next part of a batch from what was read; False if more bytes are needed for it."""
        have = self._end - self._start
        if not self._expected:
            if have < _HEAD.size:
                return False
            self._begin()
        elif len(self._entries) < self._expected:
            if have < _ENTRY.size:
                return False
            self._entry()
        elif len(self._frames) < self._expected:
            return self._frame(have)
        else:
            messages += self._finish()
        return True

    def _begin(self) -> None:
        magic, count = _HEAD.unpack_from(self._memory, self._start)
        if magic != MAGIC:
            raise ProtocolError(f"a batch begins with {magic!r}, not {MAGIC!r}: the peer speaks another language")
        if not 0 < count <= MAX_FRAMES:
            raise ProtocolError(f"a batch of {count} frames; 1 to {MAX_FRAMES} are allowed")
        self._start += _HEAD.size
        self._expected = count

    def _entry(self) -> None:
        codec, on_wire, nbytes = _ENTRY.unpack_from(self._memory, self._start)
        self.check_sizes([max(on_wire, nbytes)])
        if not codec and on_wire != nbytes:
            raise ProtocolError(f"a frame that isn't compressed announces {on_wire} and {nbytes} bytes")
        self._start += _ENTRY.size
        self._entries.append((codec, on_wire, nbytes))

    def _frame(self, have: int) -> bool:
        size = self._entries[len(self._frames)][1]
        if have < size:
            if size >= OWN_BUFFER_BYTES:
                self._own = allocate(size)
                self._own[:have] = self._memory[self._start : self._end]
                self._filled = have
                self._start = self._end = 0
            return False
        part = self._memory[self._start : self._start + size]
        self._start += size
        if self._expected == 1:  # messages alone, which keep nothing of the memory that they are read from
            self._frames.append(part)
        else:
            own = allocate(size)
            own[:] = part
            self._frames.append(own)
        return True

    def _finish(self) -> list[Message]:
        frames = [
            decompress(codec, frame, nbytes) if codec else frame
            for (codec, _, nbytes), frame in zip(self._entries, self._frames, strict=True)
        ]
        self._expected = 0
        self._entries, self._frames = [], []
        return decode_frames(frames)
