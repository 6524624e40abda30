"""What stands for an object that has no rule of its own: its pickled parts, or its identity.

Place in the flow: `encode` comes here for objects without a normalizer. `reduced` takes the object apart by the
pickle protocol (``__reduce_ex__``) into a callable, arguments and state, which are tokenized in turn. The bytes of a
pickle would not do: they depend on the order of sets, on which strings happen to be shared, and they recurse. What
cannot be taken apart is `Opaque`, and is known by its identity: a random number that it keeps as long as it lives.

Invariants: `reduced` never raises; two objects alive or dead never share an identity.

Not for: checking that the parts are the same each time (`encode` does, when asked to be strict).
"""

from __future__ import annotations

import copyreg
import os
import pickle
import sys
import types
import weakref
from collections import OrderedDict
from typing import Any

__all__ = ["Opaque", "identity_of", "importable_name", "reduced"]

MAIN_MODULES = frozenset({"__main__", "__mp_main__"})


class Opaque:
    """Returned by a normalizer: this object can be known by its identity only, and why."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


def importable_name(obj: Any) -> tuple[str, str] | None:
    """Return ``(module, qualified name)`` if importing that name yields this very object, else None.

    Objects of the main module are not importable: another process has another main module.

    >>> import os.path
    >>> importable_name(os.path.join)[1]
    'join'
    >>> importable_name(lambda: 1) is None
    True
    """
    module = getattr(obj, "__module__", None)
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module in MAIN_MODULES:
        return None
    return (module, name) if _resolve(module, name) is obj else None


def _resolve(module: str, name: str) -> Any:
    """The object of that name in a module already imported, or None."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        if found is None or part == "<locals>":
            return None
        found = getattr(found, part, None)
    return found


def reduced(obj: Any) -> Any:
    """Return the parts of which pickle would rebuild ``obj``, or `Opaque`. Never raises.

    >>> reduced(range(3))
    (<class 'range'>, (0, 3, 1), None)
    """
    cls = type(obj)
    if cls is object:
        return Opaque("a bare object() is nothing but its identity")
    try:
        reducer = copyreg.dispatch_table.get(cls)
        parts = reducer(obj) if reducer is not None else obj.__reduce_ex__(5)
    except Exception as error:  # any user code may run here; the reason is kept for the message
        return Opaque(f"pickling it raises {type(error).__name__}: {error}")
    if isinstance(parts, str):
        return _global(obj, parts)
    if not isinstance(parts, tuple) or not 2 <= len(parts) <= 6:
        return Opaque(f"its __reduce_ex__ returns {type(parts).__name__}, not a str or a tuple")
    if isinstance(obj, set | frozenset):
        # Pickle lists the elements in the order of their hashes, which differs between processes.
        return cls, frozenset(obj), parts[2] if len(parts) > 2 else None
    if len(parts) < 3 or parts[2] is None or (type(parts[2]) is dict and not parts[2]):
        # An empty state is as good as none: exceptions gain one by being looked at.
        parts = (*parts[:2], _forgotten(obj), *parts[3:])
    if len(parts) == 3:
        return parts
    rebuild, args, state, items, pairs = (*parts, None, None)[:5]
    if pairs is not None:
        pairs = list(pairs) if isinstance(obj, OrderedDict) else dict(pairs)
    return rebuild, args, state, None if items is None else list(items), pairs, parts[5:]


def _forgotten(obj: Any) -> Any:
    """Attributes that the ``__reduce__`` of a C base class (Decimal, date) leaves out for derived classes."""
    cls = type(obj)
    # An alias such as list[int] has no attributes of its own, but shows those of list.
    attributes = obj.__dict__ if cls.__dictoffset__ else None
    # Who writes such a method in Python has said what matters.
    if not attributes or any(isinstance(getattr(cls, name, None), types.FunctionType) for name in _OWN_WORD):
        return None
    return attributes


_OWN_WORD = ("__reduce__", "__reduce_ex__", "__getstate__")


def _global(obj: Any, name: str) -> Any:
    """What stands for an object that pickle would import by name."""
    module = pickle.whichmodule(obj, name)  # type: ignore[attr-defined]
    if module in MAIN_MODULES or _resolve(module, name) is not obj:
        wrapped = getattr(obj, "__wrapped__", None)
        if wrapped is not None:
            return type(obj), name, wrapped
        return Opaque(f"it can't be imported as {module}.{name}")
    return module, name


# {id: (weak or strong reference that guards the id, identity)}
_identities: dict[int, tuple[Any, bytes]] = {}


def identity_of(obj: Any) -> bytes:
    """Return 16 random bytes that stand for this very object while it lives.

    An object that can't be weakly referenced gets new ones each time, a bare ``object()`` excepted.

    >>> a, b = object(), object()
    >>> identity_of(a) == identity_of(a) != identity_of(b)
    True
    """
    key = id(obj)
    try:
        return _identities[key][1]
    except KeyError:
        pass  # met for the first time
    identity = os.urandom(16)
    if type(obj) is object:
        guard: Any = obj  # kept for ever: sentinels are few, and a second one at its address would share its name
    else:
        try:
            guard = weakref.ref(obj, lambda _, key=key: _identities.pop(key, None))  # type: ignore[misc]
        except TypeError:
            return identity
    return _identities.setdefault(key, (guard, identity))[1]
