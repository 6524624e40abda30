"""The keys of delayed objects.

A *pure* call is named by a token of its function and arguments, so that equal calls are one task. Any other call gets
a key of its own: 32 hexadecimal digits like a token, made of a random number for the process and a counter, which
costs less than a UUID.

Invariants: no two processes share the random number, forked ones included; a user's own keys are taken as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from minidask import config
from minidask.graph import Key, Layer, check_key
from minidask.tokenize import quick_token


class Referable:
    """What stands for one key of one layer: the base of delayed objects."""

    __slots__ = ()
    _key: Key
    _layer: Layer


_Fresh = Callable[[], str]


def _generator() -> _Fresh:
    """Return a function that yields another token at each call; atomic under the GIL, so threads may share it."""
    prefix = os.urandom(10).hex()
    counter = count()
    return lambda: f"{prefix}{next(counter):012x}"


_fresh: _Fresh = _generator()


def _restart() -> None:
    global _fresh
    _fresh = _generator()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart)


def fresh_token() -> str:
    """Return 32 hexadecimal digits that nobody had before.

    Examples
    --------
    >>> len(fresh_token()), fresh_token() == fresh_token()
    (32, False)
    """
    return _fresh()


def is_pure(pure: bool | None) -> bool:
    """Return ``pure``, or what the setting ``delayed_pure`` says if it is None."""
    return bool(config.get("delayed_pure", False)) if pure is None else bool(pure)


def token(pure: bool | None, *what: Any) -> str:
    """Return the token of ``what`` if pure, otherwise one of its own.

    Raises
    ------
    TokenizationError
        If pure, and a part has no deterministic token although the setting ``tokenize.ensure-deterministic`` asks for
        one.

    Examples
    --------
    >>> token(True, "add", 1) == token(True, "add", 1), token(False, "add", 1) == token(False, "add", 1)
    (True, False)
    """
    return quick_token("delayed", *what) if is_pure(pure) else _fresh()


def call_token(what: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return the token of a pure call.

    Parameters
    ----------
    what : str or tuple of str
        Identifies the function.
    args, kwargs
        The arguments; delayed objects among them count by their keys.

    Raises
    ------
    TokenizationError
        As ``token`` does.

    Examples
    --------
    >>> call_token("add", (1, 2), {}) == call_token("add", (1, 2.0), {})
    False
    """
    # Flat, each value with a number that says what it is: this way the common arguments need no look at their parts.
    parts: list[Any] = []
    for arg in args:
        parts += (0, arg._key) if isinstance(arg, Referable) else (1, arg)
    for name in sorted(kwargs):
        arg = kwargs[name]
        parts += (2, name, arg._key) if isinstance(arg, Referable) else (3, name, arg)
    return quick_token("call", what, *parts)


def check_name(name: Any, argument: str) -> Key:
    """Return a key that a user chose.

    Raises
    ------
    TypeError, ValueError
        If it can't be a key.

    Examples
    --------
    >>> check_name("total", "dask_key_name")
    'total'
    """
    try:
        check_key(name)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{argument}={name!r:.80}: {error}") from None
    key: Key = name
    return key
