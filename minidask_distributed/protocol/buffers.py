"""Raw memory on its way through a connection: flat views of any buffer, and memory to receive large frames into.

Place in the flow: `wire` and `compression` flatten what they send with `flat` and receive into `allocate`.

Invariants: `flat` copies only what is not contiguous; large memory isn't touched by `allocate`.

Not for: deciding what is sent apart (`wire`) or compressed (`compression`).
"""

from __future__ import annotations

import mmap
from pickle import PickleBuffer
from typing import TypeAlias

__all__ = ["OWN_BUFFER_BYTES", "Buffer", "Flat", "allocate", "flat", "reserve"]

# typing.Buffer is newer than the oldest Python that is supported; anything with the buffer protocol will do.
Buffer: TypeAlias = "bytes | bytearray | memoryview | PickleBuffer"
Flat: TypeAlias = "bytes | bytearray | memoryview"

# Memory of at least that much travels in a frame of its own, uncopied; below it a copy is cheaper.
OWN_BUFFER_BYTES = 1 << 16

# From here on huge pages pay: filling 500 MB takes 0.08 s instead of the 0.3 s of a bytearray, whose zeroing alone
# touches every small page once (measured on Linux, transparent huge pages on request).
_HUGE = 1 << 20


def flat(buffer: Buffer) -> Flat:
    """Return the memory of a buffer as flat bytes; zero copies if it is contiguous, in C or in Fortran order.

    Raises TypeError for what isn't a buffer.

    Examples
    --------
    >>> flat(memoryview(b"abcd").cast("B", (2, 2))).nbytes
    4
    >>> bytes(flat(memoryview(b"abcd")[::2]))
    b'ac'
    """
    if type(buffer) is bytes or type(buffer) is bytearray:
        return buffer
    view = memoryview(buffer)
    if not view.nbytes:
        return b""
    if view.contiguous:
        return PickleBuffer(view).raw()
    return view.tobytes()


def allocate(nbytes: int) -> memoryview:
    """Return ``nbytes`` of writable memory, not yet touched by the process if it is large. Raises MemoryError.

    Examples
    --------
    >>> allocate(3).tobytes()
    b'\\x00\\x00\\x00'
    """
    return memoryview(bytearray(nbytes)) if nbytes < _HUGE else reserve(nbytes, huge_pages=True)


def reserve(nbytes: int, huge_pages: bool = False) -> memoryview:
    """Return writable zeros that take no memory before they are written to, page by page. Raises MemoryError.

    Examples
    --------
    >>> reserve(1 << 30).nbytes
    1073741824
    """
    try:
        if not hasattr(mmap, "MAP_ANONYMOUS"):
            return memoryview(mmap.mmap(-1, nbytes))
        memory = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if huge_pages and hasattr(mmap, "MADV_HUGEPAGE"):
            memory.madvise(mmap.MADV_HUGEPAGE)
    except OSError as error:
        raise MemoryError(f"no room for a frame of {nbytes} bytes: {error}") from error
    return memoryview(memory)
