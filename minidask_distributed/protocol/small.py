"""Small results that ride along in the message that says they are ready.

Place in the flow: a worker asks for each result; what comes back as bytes is read with `payload.unpack` by whoever gets the
message. A result that isn't small, or not surely, is fetched when somebody wants it.

Invariants: nothing is pickled that isn't estimated small first; nothing is raised (an object that can't be pickled has its
say when it is fetched); no definition of a function or class is sent along.
"""

from __future__ import annotations

import pickle
from typing import Any

from minidask.sizeof import sizeof
from minidask_distributed.protocol.pickling import names_by_value

__all__ = ["SMALL_BYTES", "dumps_small"]

SMALL_BYTES = 4096
"""Results up to that size ride along: a round trip costs more than sending them to one who doesn't want them."""

_FIXED = frozenset({type(None), bool, float, complex})
_SIZED = frozenset({str, bytes})


def dumps_small(value: Any, limit: int = SMALL_BYTES, nbytes: int | None = None) -> bytes | None:
    """Return ``value`` pickled in at most ``limit`` bytes, None if that can't be had.

    Parameters
    ----------
    value : Any
    limit : int
        Bytes.
    nbytes : int, optional
        What ``sizeof(value)`` says, if that is known.

    Examples
    --------
    >>> pickle.loads(dumps_small(41)), dumps_small("x" * 5000), dumps_small(lambda: 0)
    (41, None, None)
    """
    kind = type(value)
    if kind in _FIXED or (kind is int and -_WORD < value < _WORD) or (kind in _SIZED and len(value) <= limit):
        data = pickle.dumps(value, 5)
        return data if len(data) <= limit else None
    # Objects are larger in memory than in a pickle, up to an order for small ones.
    if (sizeof(value) if nbytes is None else nbytes) > _MEMORY_FACTOR * limit:
        return None
    try:
        data = pickle.dumps(value, 5)
    except Exception:  # whoever fetches the result is told
        return None
    return data if len(data) <= limit and not names_by_value(data) else None


_WORD = 1 << 63
_MEMORY_FACTOR = 8
