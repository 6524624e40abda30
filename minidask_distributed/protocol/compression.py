"""Compression of large frames, where it pays: a codec by name, a decision by sample, and bounded decompression.

Place in the flow: two peers agree on a codec when they connect (`negotiate`); `wire` asks `maybe_compress` for each frame it
sends to another host, and `decompress` for each that says it is compressed.

Invariants: data that don't shrink below nine tenths are sent as they are, which is found out from five pieces of 10 kB, not
from all; decompression makes exactly as many bytes as were announced, or fails before it made more.

Not for: files (`minidask.io.compression`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import NamedTuple

from minidask_distributed.protocol.buffers import Buffer, Flat, allocate, flat
from minidask_distributed.protocol.errors import ProtocolError

__all__ = ["CODECS", "Codec", "available", "codec", "decompress", "maybe_compress", "negotiate"]

# Smaller frames aren't worth it, and larger ones are more than the libraries take in one piece (LZ4: 2 GB).
LEAST_BYTES = 10_000
MOST_BYTES = 1 << 30
# A frame must shrink to that much of itself at most.
_WORTH = 0.9
_SAMPLE_PIECES = 5
_SAMPLE_BYTES = 10_000


class Codec(NamedTuple):
    """One way to compress.

    ``number`` stands for it in frames; ``module`` is the library that it needs; ``into`` decompresses into writable memory
    and returns how many bytes that made, or raises (anything) if it were more.
    """

    name: str
    number: int
    module: str
    compress: Callable[[Flat], bytes]
    into: Callable[[Flat, memoryview], int]


def _lz4(data: Flat) -> bytes:
    import lz4.block

    packed: bytes = lz4.block.compress(data, store_size=False)
    return packed


def _lz4_into(data: Flat, out: memoryview) -> int:
    import lz4.block

    made = lz4.block.decompress(data, uncompressed_size=out.nbytes)
    out[: len(made)] = made
    return len(made)


def _zstd(data: Flat) -> bytes:
    import zstandard

    # Level 1 is several times quicker than the default and nearly as small on numbers.
    return zstandard.ZstdCompressor(level=1).compress(data)


def _zstd_into(data: Flat, out: memoryview) -> int:
    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(data) as reader:
        made = 0
        while made < out.nbytes and (count := reader.readinto(out[made:])):
            made += count
        if reader.read(1):
            raise ValueError("it is longer than announced")
    return made


CODECS = {
    "lz4": Codec("lz4", 1, "lz4", _lz4, _lz4_into),
    "zstd": Codec("zstd", 2, "zstandard", _zstd, _zstd_into),
}
"""{name: codec} of all that are known, whether or not their library is installed."""

_BY_NUMBER = {known.number: known for known in CODECS.values()}


def available() -> list[str]:
    """Return the names of the codecs whose library is installed, the preferred first.

    Examples
    --------
    >>> set(available()) <= {"lz4", "zstd"}
    True
    """
    return [name for name, known in CODECS.items() if find_spec(known.module) is not None]


def codec(name: str | None) -> Codec | None:
    """Return the codec of a name; None for None and "none".

    Raises ValueError for a name that isn't known, and ImportError if its library isn't installed.

    Examples
    --------
    >>> codec("none") is None
    True
    >>> codec("rar")
    Traceback (most recent call last):
        ...
    ValueError: compression must be 'lz4', 'zstd', 'auto' or 'none', not 'rar'
    """
    if name is None or name == "none":
        return None
    if name == "auto":
        return codec(next(iter(available()), None))
    known = CODECS.get(name)
    if known is None:
        raise ValueError(f"compression must be {', '.join(map(repr, CODECS))}, 'auto' or 'none', not {name!r}")
    if find_spec(known.module) is None:
        raise ImportError(f"compression {name!r} needs the package {known.module!r}: install it, or choose another one")
    return known


def negotiate(wanted: str | None, theirs: Iterable[str]) -> Codec | None:
    """Return the codec for a connection: the wanted one if the peer has it, for "auto" the first that both have.

    Examples
    --------
    >>> negotiate("lz4", ["zstd"]) is None
    True
    """
    names = set(theirs)
    if wanted == "auto":
        return codec(next((name for name in available() if name in names), None))
    return codec(wanted) if wanted in names else None


def maybe_compress(buffer: Buffer, chosen: Codec | None) -> tuple[str | None, Flat]:
    """Return ``(name, compressed)`` if a buffer shrinks below nine tenths, otherwise ``(None, the buffer, flat)``.

    Examples
    --------
    >>> maybe_compress(b"small", None)
    (None, b'small')
    >>> maybe_compress(bytes(100_000), codec("auto"))[0] in available() or not available()
    True
    """
    data = flat(buffer)
    nbytes = len(data)
    if chosen is None or not LEAST_BYTES <= nbytes <= MOST_BYTES or not _shrinks(data, nbytes, chosen):
        return None, data
    packed = chosen.compress(data)
    return (chosen.name, packed) if len(packed) < _WORTH * nbytes else (None, data)


def _shrinks(data: Flat, nbytes: int, chosen: Codec) -> bool:
    if nbytes <= _SAMPLE_PIECES * _SAMPLE_BYTES:
        return True
    view = memoryview(data)
    # Spread evenly, the first and the last piece at the ends; whole words, so that numbers stay aligned.
    step = (nbytes - _SAMPLE_BYTES) // (_SAMPLE_PIECES - 1) // 64 * 64
    sample = b"".join(view[at * step : at * step + _SAMPLE_BYTES] for at in range(_SAMPLE_PIECES))
    return len(chosen.compress(sample)) < _WORTH * len(sample)


def decompress(number: int, data: Buffer, nbytes: int) -> memoryview:
    """Return ``nbytes`` bytes, writable, that were compressed by the codec of that number.

    The caller has bounded ``nbytes``. Raises ProtocolError if the codec isn't known or installed, or if the data are
    damaged or make more or fewer bytes.

    Examples
    --------
    >>> decompress(9, b"", 1)
    Traceback (most recent call last):
        ...
    minidask_distributed.protocol.errors.ProtocolError: a frame is compressed in a way (9) that isn't known here
    """
    known = _BY_NUMBER.get(number)
    if known is None:
        raise ProtocolError(f"a frame is compressed in a way ({number}) that isn't known here")
    if find_spec(known.module) is None:
        raise ProtocolError(f"a frame is compressed by {known.name}, which isn't installed here")
    if nbytes > MOST_BYTES:
        raise ProtocolError(f"a compressed frame announces {nbytes} bytes, {MOST_BYTES} at most are allowed")
    out = allocate(nbytes)
    try:
        made = known.into(flat(data), out)
    except MemoryError:
        raise
    except Exception as error:  # each library has its own
        raise ProtocolError(f"a frame compressed by {known.name} can't be read: {error}") from error
    if made != nbytes:
        raise ProtocolError(f"a frame compressed by {known.name} holds {made} bytes and announced {nbytes}")
    return out
