"""Facts about the sizes of an axis's blocks that are worked out once: ``remembered``, ``by_identity``.

Sizes are tuples of as many numbers as there are blocks: adding up, comparing or hashing one costs more than all the rest of
building an operation. Arrays that are made of one another share these tuples, so that a fact is found again by the identity of a
tuple, whatever its length.

Place in the flow: the lowest module of arrays, beside ``chunks``. Invariant: what is remembered holds its tuples, so that no
other one can have their identity meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar

_T = TypeVar("_T")

# Shorter tuples are hashed sooner than they are told apart by identity.
_LONG = 32
# So many facts of each kind are kept; then all are forgotten, which costs less than keeping count of their use.
_MOST = 256


def remembered(func: Callable[..., _T]) -> Callable[..., _T]:
    """Decorate a pure function of tuples of numbers, and perhaps other hashable values, so that it gives the same object again.

    Each parameter takes tuples of numbers, or tuples of such (chunks), or never any tuple. Long tuples are told apart by identity
    first, then, as short ones, by value: what depends on whether numbers are ints or floats is a case for ``by_identity``.

    Examples
    --------
    >>> total = remembered(lambda sizes: print("adding up") or sum(sizes))
    >>> sizes = (10,) * 1000
    >>> total(sizes), total(sizes), total((10,) * 1000)
    adding up
    (10000, 10000, 10000)
    """

    @lru_cache(_MOST)
    def cached(*args: Any) -> tuple[_T, bool]:
        value = func(*args)
        return value, _is_unknown(value)

    @wraps(func)
    def by_value(*args: Any) -> Any:
        value, unknown = cached(*args)
        # Unknown sizes are equal only where they are the same object: each result has its own.
        return func(*args) if unknown else value

    return by_identity(by_value)


def _is_unknown(value: Any) -> bool:
    if type(value) is not tuple:
        return False
    kinds = set(map(type, value))
    # Only floats can be NaN, and known sizes are ints.
    return (float in kinds and any(size != size for size in value)) or (tuple in kinds and any(map(_is_unknown, value)))


def by_identity(func: Callable[..., _T]) -> Callable[..., _T]:
    """Decorate a pure function of tuples, and perhaps other hashable values, so that it gives the same object again.

    It is called for short tuples each time. Each parameter takes tuples of numbers, tuples of such, or never any tuple.

    Examples
    --------
    >>> total = by_identity(lambda sizes: print("adding up") or sum(sizes))
    >>> sizes = (10,) * 1000
    >>> total(sizes), total(sizes), total((10,))
    adding up
    adding up
    (10000, 10000, 10)
    """
    kept: dict[tuple[Any, ...], tuple[tuple[Any, ...], Any]] = {}

    @wraps(func)
    def find(*args: Any) -> Any:
        long = False
        key: list[Any] = []
        for arg in args:
            if type(arg) is not tuple:
                key.append(arg)
            elif arg and type(arg[0]) is tuple:
                parts = [part if len(part) < _LONG else id(part) for part in arg]
                long = long or any(type(part) is int for part in parts)
                key.append(tuple(parts))
            elif len(arg) < _LONG:
                key.append(arg)
            else:
                long = True
                # No short tuple of numbers looks like this.
                key.append(("id", id(arg)))
        if not long:
            return func(*args)
        place = tuple(key)
        found = kept.get(place)
        if found is None:
            value = func(*args)
            if _is_unknown(value):
                return value
            if len(kept) >= _MOST:
                kept.clear()
            # With the tuples themselves: while they are held no other ones have their identities.
            found = kept[place] = (args, value)
        return found[1]

    return find
