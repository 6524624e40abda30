"""Marks for objects in messages, and serialising by hand, under the names that the field knows.

Place in the flow: code that sends messages of its own (plugins, coordination) wraps a user's object with `to_serialize` where a
field holds plain values otherwise. `wire` packs what is wrapped when the message leaves the process; the receiver finds a
`payload.Payload` and reads it with `payload.unpack` when, and if, it wants to.

Not for: results and arguments of tasks, which have ways of their own (`payload`, `calls`).
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

from minidask_distributed.protocol.buffers import Buffer
from minidask_distributed.protocol.payload import ByReference, Payload, pack, unpack

__all__ = [
    "Serialize",
    "Serialized",
    "ToPickle",
    "deserialize",
    "deserialize_bytes",
    "serialize",
    "serialize_bytes",
    "to_serialize",
]


class Serialize(ByReference):
    """Mark an object that is to be packed when its message leaves the process.

    Parameters
    ----------
    data : Any

    Examples
    --------
    >>> to_serialize([1, 2]), to_serialize([1, 2]).data
    (<Serialize: a list>, [1, 2])
    """

    __slots__ = ()

    @property
    def data(self) -> Any:
        """The object."""
        return self.value

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and bool(other.data == self.data)

    def __hash__(self) -> int:
        return hash((type(self), self.data))


to_serialize = Serialize


class ToPickle(Serialize):
    """Mark an object of ours that is to be packed; the same as `Serialize`, since everything is packed by pickling."""

    __slots__ = ()


class Serialized:
    """Hold an object that was serialised already, to send it on without reading it.

    Parameters
    ----------
    header : dict
    frames : list of buffers
        As `serialize` returns them.

    Examples
    --------
    >>> Serialized(*serialize([1, 2])).deserialize()
    [1, 2]
    """

    __slots__ = ("frames", "header")

    def __init__(self, header: dict[str, Any], frames: Sequence[Buffer]) -> None:
        self.header = header
        self.frames = frames

    def to_payload(self) -> Payload:
        """Return the same object as a payload, nothing being read or copied. Raises ValueError for a foreign header."""
        return _payload(self.header, self.frames)

    def deserialize(self) -> Any:
        """Return the object. Raises whatever reading it raises."""
        return deserialize(self.header, self.frames)

    def __repr__(self) -> str:
        return f"<Serialized: {len(self.frames)} frames>"


def serialize(x: Any) -> tuple[dict[str, Any], list[Buffer]]:
    """Return a small header and the frames of an object; large memory isn't copied. Raises TypeError if it can't be pickled.

    Examples
    --------
    >>> header, frames = serialize("text")
    >>> header
    {'serializer': 'pickle'}
    >>> deserialize(header, frames)
    'text'
    """
    if isinstance(x, Serialized):
        return x.header, list(x.frames)
    payload = pack(x.value if isinstance(x, ByReference) else x)
    return {"serializer": payload.kind}, [payload.header, *payload.buffers]


def deserialize(header: dict[str, Any], frames: Sequence[Buffer]) -> Any:
    """Return the object of a header and frames from an authenticated source.

    Raises ValueError for a header that `serialize` didn't make, and whatever reading the object raises.
    """
    return unpack(_payload(header, frames))


def _payload(header: dict[str, Any], frames: Sequence[Buffer]) -> Payload:
    kind = header.get("serializer")
    if not isinstance(kind, str) or not frames:
        raise ValueError(f"serialize made no such header ({header!r:.100}) with {len(frames)} frames")
    return Payload(kind, frames[0], list(frames[1:]))  # type: ignore[arg-type]


def serialize_bytes(x: Any) -> bytes:
    """Return an object as bytes in one piece, for files and databases. Raises TypeError if it can't be pickled.

    Examples
    --------
    >>> deserialize_bytes(serialize_bytes({"a": 1}))
    {'a': 1}
    """
    return pickle.dumps(pack(x), 5)


def deserialize_bytes(data: Buffer) -> Any:
    """Return the object of `serialize_bytes`, from a source that is trusted. Raises whatever reading it raises."""
    return unpack(pickle.loads(data))
