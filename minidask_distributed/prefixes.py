"""What the keys of like tasks have in common, for people: ``"inc"`` of ``"inc-3f2a9c…"``.

Place in the flow: summaries (progress, bytes by kind) group tasks by it. Not for anything that decides: functions have
recipes for that.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache

_HEX = re.compile(r"[0-9a-f]{8,}\Z")
_LONGEST = 80


def prefix_of(key: Hashable) -> str:
    """Return the first words of a key, up to the first that is a number or a token.

    Examples
    --------
    >>> prefix_of("inc-3f2a9c01"), prefix_of(("read-csv-8c1d00ffe1", 7)), prefix_of("x-1"), prefix_of("total")
    ('inc', 'read-csv', 'x', 'total')
    >>> prefix_of("8c1d00ffe18c1d00ffe18c1d00ffe1"), prefix_of(5)
    ('data', 'data')
    """
    while isinstance(key, tuple) and key:
        key = key[0]
    if not isinstance(key, str) or not key:
        return "data"
    stem, _, last = key.rpartition("-")
    # A last word that no prefix can have is taken off first: so like keys share one entry of the cache.
    return _prefix(stem if stem and not last.isalpha() and "_" not in last else key)


@lru_cache(10_000)
def _prefix(text: str) -> str:
    first, *rest = text.split("-")
    if _HEX.match(first):
        return "data"
    words = [first]
    for word in rest:
        if not word.replace("_", "").isalpha() or _HEX.match(word):
            break
        words.append(word)
    return "-".join(words)[:_LONGEST] or "data"
