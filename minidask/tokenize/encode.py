"""Turn any object into canonical bytes: the heart of `tokenize`.

Place in the flow: `token` hashes what `Encoder.content` returns. Objects are looked up in `registry.normalize_token`,
and those without a rule in `objects.reduced`.

The encoding of a value is one of (each says by itself where it ends, so that no two structures run into one another):

- numbers, strings, bytes, None, ``...``, and flat lists and tuples of them: what `marshal` format 2 writes: a type
  letter, a length where one is needed, the content. Formats 3 and later must not be used: they mark interned and
  shared objects.
- other containers: a tag byte (see ``_TUPLE`` and so on; never a letter of marshal), the number of parts, the
  encodings of the parts. Those of sets are sorted; those of dicts are sorted by the key's encoding.
- other objects: a tag, the qualified name of the type, the encoding of what the normalizer returned.
- anything of the above longer than 64 bytes: ``_DIGEST`` and its SHA-256. So a part never costs its parent more than
  64 bytes.

Objects that contain themselves: a part that is being encoded further up is written as the distance to it. What has
been encoded is remembered, so that shared parts cost nothing. What holds such a distance to something outside itself
depends on where it stands: it is numbered in the order of first visits instead. Whatever has to do with a loop
depends on where the loop was entered, so it is remembered only as long as the order of visits is canonical: each
element of a set, and each key of a dict, starts anew.

Invariants: an explicit stack, no recursion; one `Encoder` a call, so threads share nothing; the bytes depend on
neither addresses, hash seed nor insertion order; distinct structures have distinct bytes, up to collisions of
SHA-256.

Why SHA-256: on a CPU with SHA instructions it hashes 1.8 GB/s and a short input in 0.41 µs, against 0.94 GB/s and
0.38 µs for BLAKE2b, 1.9 GB/s for SHA-1 (broken), 0.77 for MD5 (broken); measured with CPython 3.11 and OpenSSL 3 on
an AMD EPYC.

Not for: deciding what an object consists of.
"""

from __future__ import annotations

import marshal
import pickle
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import chain
from operator import itemgetter
from typing import Any

from minidask.tokenize.objects import Opaque, identity_of, reduced
from minidask.tokenize.registry import ATOMS, TokenizationError, normalize_token, qualified_name

__all__ = ["Encoder", "encode_flat"]

_DIGEST, _TUPLE, _LIST, _SET, _FROZENSET, _DICT, _OBJECT, _ABOVE, _SEEN, _BIG, _IDENTITY, _FLAT_DICT = (
    bytes([tag]) for tag in range(12)
)
_SHORT_BYTES = 64
# Marshalling copies; larger strings and bytes are hashed where they are.
_BIG_BYTES = 65_536
_NO_LOOP = 1 << 62

_ATOMS_BUT_BYTES = ATOMS - {bytes}
_ATOMS_AND_TUPLES = ATOMS | {tuple}
_TEXT_AND_TUPLES = _ATOMS_BUT_BYTES | {tuple}
# Tuples inside one another beyond this are left to the general way, which sees one that occurs many times once.
_FLAT_LEVELS = 4
_dumps = marshal.dumps


def encode_flat(items: tuple[Any, ...] | list[Any]) -> bytes | None:
    """Return the bytes of a tuple or list of atoms and (a few levels of) tuples of atoms, or None if it is something else.

    >>> encode_flat((1, "a", ("b", (None,)))) is not None, encode_flat([[]]) is None
    (True, True)
    """
    kinds = set(map(type, items))
    if not kinds <= ATOMS:
        if not kinds <= _ATOMS_AND_TUPLES:
            return None
        inner: Iterable[Any] = items
        for _ in range(_FLAT_LEVELS):
            inner = list(chain.from_iterable([item for item in inner if type(item) is tuple]))
            below = set(map(type, inner))
            if below <= _ATOMS_BUT_BYTES:
                break
            if not below <= _TEXT_AND_TUPLES:
                return None
        else:
            return None
    if bytes in kinds and any(type(item) is bytes and len(item) > _BIG_BYTES for item in items):
        return None
    try:
        return _dumps(items, 2)
    except ValueError:  # a string beyond 2 GB: marshal has no room for its length, the general way has
        return None


def _short(content: bytes) -> bytes:
    return content if len(content) <= _SHORT_BYTES else _DIGEST + sha256(content).digest()


def _number(n: int) -> bytes:
    return n.to_bytes(8, "little")


class _Frame:
    """One object that is being encoded."""

    __slots__ = ("close", "cyclic", "found", "generic", "keys", "loop", "obj", "parts", "scoped", "seen", "tag")

    def __init__(self, obj: Any, tag: bytes, parts: Iterable[Any], close: Callable[[_Frame], bytes | None]) -> None:
        self.obj = obj
        self.tag = tag
        self.parts: Iterator[Any] = iter(parts)  # still to be encoded
        self.found: list[bytes] = []  # encodings of the parts so far
        self.close = close
        self.keys: list[bytes] | None = None  # of a dict: encodings of its keys, once known
        self.loop = _NO_LOOP  # least depth that an encoding inside refers to
        self.cyclic = False  # whether there is a loop inside, closed or not
        self.scoped = False  # parts are visited in no particular order: each starts with nothing seen
        self.seen: dict[int, int | bytes] = {}
        self.generic = False


class Encoder:
    """Encode one object, and all that it holds.

    Parameters
    ----------
    strict : callable
        Asked, at most once and only where it matters, whether to raise for objects that have no deterministic encoding.
    verify : bool
        If strict, check objects without a rule: taken apart again, and after a round trip through pickle, they must
        give the same.
    """

    def __init__(self, strict: Callable[[], bool], verify: bool = True) -> None:
        self._ask = strict
        self._strict: bool | None = None
        self._verify = verify
        self._frames: list[_Frame] = []
        # {id: depth} of the objects being encoded
        self._open: dict[int, int] = {}
        # {id: (object, encoding)} of finished objects without loops; holding the object keeps its id its own
        self._done: dict[int, tuple[Any, bytes]] = {}
        # {id: encoding, or number of visit if that depends on where it stands} of finished objects with loops
        self._seen: dict[int, int | bytes] = {}
        self._keep: list[Any] = []  # the objects of _seen
        self._generic = 0

    def content(self, obj: Any) -> bytes:
        """Return the canonical bytes of ``obj``.

        Raises TokenizationError if strict and there is an object without a deterministic encoding, and whatever
        normalizers raise.

        >>> Encoder(lambda: False).content({1, 2}) == Encoder(lambda: False).content({2, 1})
        True
        """
        frames = self._frames
        content = self._enter(obj)
        while frames:
            frame = frames[-1]
            found, scoped = frame.found, frame.scoped
            for part in frame.parts:
                if scoped:
                    self._seen = {}
                encoded = self._enter(part)
                if encoded is None:
                    break
                found.append(_short(encoded))
            else:
                if scoped:
                    self._seen = frame.seen
                content = frame.close(frame)
                if content is not None:
                    encoded = self._leave(frame, content)
                    if frames:
                        frames[-1].found.append(encoded)
        assert content is not None
        return content

    def _enter(self, obj: Any) -> bytes | None:
        """The encoding of ``obj``; or None, and there is a new frame."""
        kind = type(obj)
        if kind in ATOMS:
            return self._atom(obj, kind)
        if kind is tuple or kind is list:
            flat = encode_flat(obj)
            if flat is not None:
                return flat
        key = id(obj)
        done = self._done.get(key)
        if done is not None:
            return done[1]
        if key in self._open:
            return self._above(self._open[key])
        seen = self._seen.get(key)
        if seen is not None:
            top = self._frames[-1]
            top.cyclic = True
            if isinstance(seen, bytes):
                return seen
            top.loop = -1
            return _SEEN + _number(seen)
        if kind is tuple:
            frame = _Frame(obj, _TUPLE, obj, _sequence)
        elif kind is list:
            frame = _Frame(obj, _LIST, tuple(obj), _sequence)
        elif kind is dict:
            flat = _flat_dict(obj)
            if flat is not None:
                return flat
            frame = _Frame(obj, _DICT, (), _dict)
            frame.obj = (obj, tuple(obj.items()))
            frame.parts = iter([k for k, _ in frame.obj[1]])
            frame.scoped = True
        elif kind is set or kind is frozenset:
            frame = _Frame(obj, _SET if kind is set else _FROZENSET, tuple(obj), _set)
            frame.scoped = True
        else:
            made = self._object(obj, kind)
            if isinstance(made, bytes):
                return made
            frame = made
        frame.seen = self._seen
        self._open[key] = len(self._frames)
        self._frames.append(frame)
        return None

    def _atom(self, obj: Any, kind: type) -> bytes:
        if kind is bytes and len(obj) > _BIG_BYTES:
            return _BIG + b"s" + sha256(obj).digest()
        if kind is str and len(obj) > _BIG_BYTES:
            return _BIG + b"u" + sha256(obj.encode("utf-8", "surrogatepass")).digest()
        return _dumps(obj, 2)

    def _above(self, depth: int) -> bytes:
        """A reference to an object being encoded further up."""
        top = self._frames[-1]
        top.loop = min(top.loop, depth)
        top.cyclic = True
        return _ABOVE + _number(len(self._frames) - depth)

    def _object(self, obj: Any, kind: type) -> bytes | _Frame:
        normalizer = normalize_token.find(kind)
        value = obj if normalizer is None else normalizer(obj)
        generic = value is obj  # also of a normalizer that only says "as it is"
        if generic:
            value = reduced(obj)
        if type(value) is Opaque:
            if self.strict:
                raise _not_deterministic(kind, value.reason)
            return _IDENTITY + identity_of(obj)
        frame = _Frame(obj, _OBJECT + _short(_dumps(qualified_name(kind), 2)), (value,), _single)
        frame.generic = generic
        self._generic += generic
        return frame

    def _leave(self, frame: _Frame, content: bytes) -> bytes:
        """Close the last frame; return the encoding to be written into the one above."""
        frames = self._frames
        frames.pop()
        depth = len(frames)
        obj = frame.obj[0] if frame.tag is _DICT else frame.obj
        key = id(obj)
        del self._open[key]
        short = _short(content)
        if frame.cyclic:
            self._keep.append(obj)
            self._seen[key] = len(self._seen) if frame.loop < depth else short
            if frames:
                above = frames[-1]
                above.cyclic = True
                if frame.loop < depth:
                    above.loop = min(above.loop, frame.loop)
        elif short is not content:
            self._done[key] = obj, short
        if frame.generic:
            self._generic -= 1
            if not self._generic and self._verify and self.strict:
                self._check(obj)
        return short

    @property
    def strict(self) -> bool:
        if self._strict is None:
            self._strict = bool(self._ask())
        return self._strict

    def _check(self, obj: Any) -> None:
        """Raise if ``obj``, which has no rule of its own, gives other bytes a second time or after a round trip."""

        def content(x: Any) -> bytes:
            return Encoder(lambda: True, verify=False).content(x)

        first = content(obj)
        if content(obj) != first:
            raise _not_deterministic(type(obj), "its pickled parts differ each time")
        try:
            copy = _round_trip(obj)
        except Exception:
            # Too deep for pickle, or only picklable in parts: then its parts, which were all encoded, have to do.
            return
        if content(copy) != first:
            raise _not_deterministic(type(obj), "its pickled parts differ after a round trip through pickle")


def _round_trip(obj: Any) -> Any:
    buffers: list[pickle.PickleBuffer] = []
    try:
        data = pickle.dumps(obj, 5, buffer_callback=buffers.append)
    except (pickle.PicklingError, AttributeError, TypeError):
        import cloudpickle

        buffers.clear()
        data = cloudpickle.dumps(obj, 5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=buffers)


def _not_deterministic(kind: type, reason: str) -> TokenizationError:
    name = qualified_name(kind)
    return TokenizationError(
        f"{name} object cannot be tokenized deterministically: {reason}. Give its class a __dask_tokenize__ method, or "
        f"register a normalizer with minidask.tokenize.normalize_token.register({kind.__qualname__})."
    )


def _sequence(frame: _Frame) -> bytes:
    return frame.tag + _number(len(frame.found)) + b"".join(frame.found)


def _single(frame: _Frame) -> bytes:
    return frame.tag + frame.found[0]


def _set(frame: _Frame) -> bytes:
    return frame.tag + _number(len(frame.found)) + b"".join(sorted(frame.found))


def _dict(frame: _Frame) -> bytes | None:
    if frame.keys is None:
        items = frame.obj[1]
        order = sorted(range(len(items)), key=frame.found.__getitem__)
        frame.keys = [frame.found[i] for i in order]
        frame.found = []
        # Values are visited in the order of their keys, so they may share one numbering.
        frame.scoped = False
        frame.parts = iter([items[i][1] for i in order])
        return None
    # Sorted again: keys of equal encoding (two NaN) leave the order of their values open.
    pairs = sorted(zip(frame.keys, frame.found, strict=True))
    return frame.tag + _number(len(pairs)) + b"".join(chain.from_iterable(pairs))


def _flat_dict(obj: dict[Any, Any]) -> bytes | None:
    """The encoding of a dict of strings to atoms, or None if it is something else."""
    if not set(map(type, obj)) <= {str}:
        return None
    items = sorted(obj.items(), key=itemgetter(0))
    values = encode_flat([value for _, value in items])
    return None if values is None else _FLAT_DICT + _dumps([key for key, _ in items], 2) + values
