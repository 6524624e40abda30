"""The rules by which objects are reduced to values that can be hashed: `normalize_token`.

Place in the flow: `encode` asks `normalize_token.find(type)` for every object that isn't a plain value; the modules
`stdlib`, `callables`, `arrays`, `frames`, `arrow` and `sparse` fill the registry, and users extend it.

Invariants:

- A *normalizer* takes the object and returns a value made of anything that can be tokenized; it never hashes. What it
  returns is hashed together with the qualified name of the object's type.
- Along the type's method resolution order, the first class that is registered or defines ``__dask_tokenize__``
  decides; if a class is both, the registration wins.
- The encoding of plain values (`PLAIN`) is fixed, so that hashing them needs no look-up.

Not for: the bytes (see `encode`) and objects without a rule (see `objects`).
"""

from __future__ import annotations

from collections.abc import Callable
from types import EllipsisType, NoneType
from typing import Any

from minidask.dispatch import Dispatch
from minidask.tokenize.objects import Opaque, identity_of, reduced

__all__ = ["ATOMS", "PLAIN", "TokenizationError", "normalize_token", "qualified_name"]

# Values without parts; `marshal` writes each of them with its type and its length.
ATOMS = frozenset({NoneType, bool, int, float, complex, str, bytes, EllipsisType})
PLAIN = ATOMS | {tuple, list, dict, set, frozenset}


class TokenizationError(RuntimeError):
    """An object has no deterministic token, and one was asked for."""


def qualified_name(cls: type) -> str:
    """Return the module and qualified name of a class.

    The main module of a spawned process counts as ``__main__``, whose code it is.

    >>> from decimal import Decimal
    >>> qualified_name(Decimal)
    'decimal.Decimal'
    """
    module = cls.__module__
    return f"{'__main__' if module == '__mp_main__' else module}.{cls.__qualname__}"


class _NormalizeToken(Dispatch):
    """Hold the normalizers by type; call it to normalize one object.

    Called with an object, it returns what will be hashed in its place: plain values (numbers, strings, lists, dicts and
    so on) are returned as they are, any other object as ``(qualified name of its type, what its normalizer returned)``.

    >>> class Celsius:
    ...     def __init__(self, degrees):
    ...         self.degrees = degrees
    >>> @normalize_token.register(Celsius)
    ... def normalize_celsius(x):
    ...     return x.degrees
    >>> normalize_token([1, "a"])
    [1, 'a']
    >>> normalize_token(Celsius(20))[1]
    20
    """

    def register(
        self, type_: type | tuple[type, ...], func: Callable[..., Any] | None = None, *, subclasses: bool = True
    ) -> Any:
        for each in type_ if isinstance(type_, tuple) else (type_,):
            if isinstance(each, type) and (each in PLAIN or each is object):
                raise TypeError(
                    f"the tokens of {each.__name__} are fixed; register a normalizer for a type of your own"
                )
        return super().register(type_, func, subclasses=subclasses)

    register.__doc__ = Dispatch.register.__doc__

    def _lookup(self, base: type, cls: type) -> Callable[..., Any] | None:
        found = super()._lookup(base, cls)
        if found is None and "__dask_tokenize__" in base.__dict__:
            return _call_protocol
        return found

    def __call__(self, arg: Any, *args: Any, **kwargs: Any) -> Any:
        cls = type(arg)
        if cls in PLAIN:
            return arg
        normalizer = self.find(cls) or reduced
        value = normalizer(arg, *args, **kwargs)
        if type(value) is Opaque:
            value = identity_of(arg)
        return qualified_name(cls), value


def _call_protocol(obj: Any) -> Any:
    try:
        return obj.__dask_tokenize__()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "dask":
            raise
        # Methods that libraries wrote for Dask alone import it: without it their objects are taken by what they hold.
        return obj


normalize_token = _NormalizeToken("normalize_token")
