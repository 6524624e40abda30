"""The memory of another process of this host, read without a socket between: one copy, where a socket makes two.

Place in the flow: `bulk` asks here for what to tell a peer of its own memory, and reads the peer's. Linux lets a process read
another one of the same user this way (``process_vm_readv``), unless it is hardened; elsewhere, and where that is refused, all
goes through the socket.

Invariants: nothing is read of a process before its *witness*, random bytes at an address that it names, was found there: so a
number that means another process, in a container of its own or after the first one's end, is noticed. What is written into is
the caller's own memory. Nothing here waits for the other process.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from minidask_distributed.protocol.buffers import Buffer

PART_BYTES = 16 << 20
"""What a thread is worth: 200 MB take one 45 ms, two 30 ms (the new memory is cleared meanwhile)."""

THREADS = min(4, os.cpu_count() or 1)


class Witness(NamedTuple):
    """How a process is known again: its number, and what is to be found at an address of its memory."""

    pid: int
    address: int
    content: bytes


_content = ctypes.create_string_buffer(os.urandom(16), 16)


def own_witness() -> Witness:
    """Return this process's."""
    return Witness(os.getpid(), ctypes.addressof(_content), _content.raw)


class _View(ctypes.Structure):
    """What the interpreter says of a buffer, ``Py_buffer``."""

    _fields_ = (
        *(("buf", ctypes.c_void_p), ("obj", ctypes.c_void_p), ("len", ctypes.c_ssize_t)),
        *(("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int), ("ndim", ctypes.c_int)),
        *((name, ctypes.c_void_p) for name in ("format", "shape", "strides", "suboffsets", "internal")),
    )


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = [ctypes.py_object, ctypes.POINTER(_View), ctypes.c_int]
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = [ctypes.POINTER(_View)]


def address_of(memory: Buffer) -> int:
    """Return where contiguous memory of at least a byte lies, which may be read-only.

    Examples
    --------
    >>> text, room = b"abc", bytearray(2)
    >>> read(os.getpid(), address_of(text) + 1, memoryview(room))
    >>> room
    bytearray(b'bc')
    """
    view = _View()
    _get_buffer(memory, ctypes.byref(view), 0)
    _release_buffer(ctypes.byref(view))
    return view.buf or 0


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _system_call() -> Callable[..., int] | None:
    function: Any = getattr(ctypes.CDLL(None, use_errno=True), "process_vm_readv", None) if os.name == "posix" else None
    if function is not None:
        vectors = ctypes.POINTER(_Vector)
        function.restype = ctypes.c_ssize_t
        function.argtypes = [ctypes.c_int, vectors, ctypes.c_ulong, vectors, ctypes.c_ulong, ctypes.c_ulong]
    return function


_read = _system_call()

is_possible = _read is not None
"""Whether the system has a way to read another process's memory."""


def is_there(witness: Witness) -> bool:
    """Say whether a process is the one that it says it is, and its memory can be read.

    Examples
    --------
    >>> is_there(own_witness()), is_there(own_witness()._replace(content=b"somebody else's."))
    (True, False)
    """
    found = bytearray(len(witness.content))
    try:
        read(witness.pid, witness.address, memoryview(found))
    except OSError:  # which is the answer
        return False
    return bytes(found) == witness.content


def read(pid: int, address: int, into: memoryview) -> None:
    """Fill memory with that of another process, in several threads if it is much.

    Parameters
    ----------
    pid
        Of the other process.
    address
        Where its memory begins.
    into
        Writable and contiguous; as many bytes are read.

    Raises
    ------
    OSError
        If the process is gone, its memory mustn't be read, or isn't there.
    """
    threads = max(1, min(THREADS, into.nbytes // PART_BYTES))
    spans = list(pairwise(into.nbytes * at // threads for at in range(threads + 1)))
    errors: list[OSError] = []

    def part(start: int, stop: int) -> None:
        try:
            _read_part(pid, address + start, into[start:stop])
        except OSError as error:
            errors.append(error)

    helpers = [threading.Thread(target=part, args=span, daemon=True) for span in spans[1:]]
    for helper in helpers:
        helper.start()
    part(*spans[0])
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]


def _read_part(pid: int, address: int, into: memoryview) -> None:
    if _read is None:
        raise OSError("this system can't read another process's memory")
    left = into.nbytes
    place = address_of(into) if left else 0
    while left:
        count = _read(pid, ctypes.byref(_Vector(place, left)), 1, ctypes.byref(_Vector(address, left)), 1, 0)
        if count <= 0:
            number = ctypes.get_errno()
            raise OSError(number, f"the memory of process {pid} can't be read: {os.strerror(number)}")
        place, address, left = place + count, address + count, left - count
