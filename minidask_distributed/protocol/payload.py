"""An object of a user's in the form in which it travels and is stored: opaque to everyone but those who made and need it.

Place in the flow: `pack` at the producer, then `wire` (or a spill file) carries the payload, the scheduler among the carriers
never looks inside, and `unpack` at the consumer, after authentication.

Invariants: packing copies no large memory: ``buffers`` are the object's own (change the object before the payload was sent,
and the change is sent). Unpacking copies none either: the object lives in the payload's buffers, so unpack a payload once, or
treat what comes out as shared. The kind "pickle" is a pickle with its buffers; "bytes" a ``bytes`` object.

Within one process a value travels as `ByReference`, untouched; where such a message must leave the process after all, it is
packed on the way out.

Not for: compression (`wire` does that, by frame).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minidask_distributed.protocol.buffers import OWN_BUFFER_BYTES, Buffer, flat
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.pickling import dumps, loads

__all__ = ["ByReference", "Payload", "pack", "unpack"]


class Payload:
    """Hold an object in wire form.

    Parameters
    ----------
    kind : str
        "pickle" or "bytes".
    header : bytes
        The pickle, without its large buffers.
    buffers : sequence of buffers
        Memory of 64 KiB or more, each piece flat when it is sent.

    Examples
    --------
    >>> pack([1, 2])
    <Payload 'pickle': 20 bytes>
    """

    __slots__ = ("buffers", "header", "kind")

    kind: str
    header: bytes
    buffers: Sequence[Buffer]

    def __init__(self, kind: str, header: bytes, buffers: Sequence[Buffer] = ()) -> None:
        self.kind = kind
        self.header = header
        self.buffers = buffers

    @property
    def nbytes(self) -> int:
        """Bytes of the header and all buffers."""
        return len(self.header) + sum(memoryview(buffer).nbytes for buffer in self.buffers)

    def __repr__(self) -> str:
        return f"<Payload {self.kind!r}: {self.nbytes} bytes>"

    def __eq__(self, other: object) -> bool:
        if type(other) is not Payload:
            return NotImplemented
        mine, others = ([bytes(flat(b)) for b in payload.buffers] for payload in (self, other))
        return (self.kind, bytes(self.header), mine) == (other.kind, bytes(other.header), others)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Payload, (self.kind, bytes(self.header), [bytes(flat(buffer)) for buffer in self.buffers])


class ByReference:
    """Hold the object itself, for a peer in the same process.

    Examples
    --------
    >>> unpack(ByReference(3))
    3
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: a {type(self.value).__name__}>"


def pack(value: Any) -> Payload:
    """Return a value in wire form, its large memory not copied. Raises TypeError if it can't be pickled.

    Examples
    --------
    >>> unpack(pack({"a": 1}))
    {'a': 1}
    """
    if type(value) is bytes and len(value) >= OWN_BUFFER_BYTES:
        return Payload("bytes", b"", [value])
    buffers: list[Buffer] = []
    header = dumps(value, buffers.append)
    return Payload("pickle", header, buffers)


def unpack(payload: Payload | ByReference | bytes) -> Any:
    """Return the value of a payload from an authenticated peer, or of the pickle of a small value (`small`).

    A payload's value lives in its buffers. Raises ProtocolError for a kind that isn't known, and whatever reading the
    value raises.

    Examples
    --------
    >>> unpack(Payload("gif", b""))
    Traceback (most recent call last):
        ...
    minidask_distributed.protocol.errors.ProtocolError: a payload of kind 'gif' can't be read by this version
    """
    if isinstance(payload, bytes):
        return loads(payload)
    if isinstance(payload, ByReference):
        return payload.value
    if payload.kind == "pickle":
        return loads(payload.header, payload.buffers)
    if payload.kind == "bytes" and len(payload.buffers) == 1:
        return bytes(flat(payload.buffers[0]))
    raise ProtocolError(f"a payload of kind {payload.kind!r} can't be read by this version")
