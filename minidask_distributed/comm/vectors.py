"""Lists of buffers on their way out by vectored sends.

Place in the flow: `stream` and `bulk` send what `protocol.wire.encode` gives, and keep what the system didn't take.

Invariants: nothing is copied.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

MAX_VECTORS = min(os.sysconf("SC_IOV_MAX"), 1024) if hasattr(os, "sysconf") else 16
"""Most buffers in one system call."""

Part = bytes | bytearray | memoryview


def after(buffers: Sequence[Part], sent: int) -> list[Part]:
    """Return what is left of buffers after so many bytes of them.

    Examples
    --------
    >>> [bytes(part) for part in after([b"abc", b"def"], 4)]
    [b'ef']
    """
    for at, part in enumerate(buffers):
        if sent < len(part):
            rest = list(buffers[at:])
            if sent:
                rest[0] = memoryview(part)[sent:]
            return rest
        sent -= len(part)
    return []
