"""`tokenize` and `quick_token`: names made of hashes.

Place in the flow: what users and all layers above call. `Encoder` makes the bytes; here they are hashed.

Invariants: a token is 32 lowercase hexadecimal digits, the first half of a SHA-256; ``quick_token(*args) ==
tokenize(*args)``; this module reads no configuration: whoever has one installs a getter with
`set_ensure_deterministic`.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from minidask.tokenize.encode import Encoder, encode_flat

__all__ = ["quick_token", "set_ensure_deterministic", "tokenize"]

# A byte that no other content starts with (see encode): positional and keyword arguments.
_WITH_KEYWORDS = b"\x7f"


def _no() -> bool:
    return False


def _yes() -> bool:
    return True


_ensure_deterministic: Callable[[], bool] = _no


def set_ensure_deterministic(getter: Callable[[], bool]) -> Callable[[], bool]:
    """Install the function that says whether `tokenize` is strict where its caller doesn't say; return the one before.

    It is called only when an object without a rule of its own is met. Raises TypeError for what isn't callable.

    >>> previous = set_ensure_deterministic(lambda: True)
    >>> tokenize(object())
    Traceback (most recent call last):
        ...
    minidask.tokenize.registry.TokenizationError: builtins.object object cannot be tokenized deterministically: ...
    >>> _ = set_ensure_deterministic(previous)
    """
    if not callable(getter):
        raise TypeError(f"set_ensure_deterministic takes a function that returns a bool, not {getter!r}")
    global _ensure_deterministic
    previous, _ensure_deterministic = _ensure_deterministic, getter
    return previous


def tokenize(*args: Any, ensure_deterministic: bool | None = None, **kwargs: Any) -> str:
    """Return a name for the arguments: equal for equal ones, in every process, and different for different ones.

    Parameters
    ----------
    *args, **kwargs : Any
        Whatever identifies a computation. ``1``, ``1.0``, ``True`` and ``"1"`` are all different. The order of sets,
        dicts and keyword arguments doesn't matter.
    ensure_deterministic : bool, optional
        Whether to raise for an object that another process would name differently. None asks the configuration.

    Returns
    -------
    str
        32 lowercase hexadecimal digits.

    Raises
    ------
    TokenizationError
        If ``ensure_deterministic``, and an argument is or holds an object that can't be tokenized deterministically.

    Examples
    --------
    >>> tokenize(1, "a") == tokenize(1, "a")
    True
    >>> tokenize({"x": 1, "y": {2, 3}}) == tokenize({"y": {3, 2}, "x": 1})
    True
    >>> len({tokenize(x) for x in (1, 1.0, True, "1", b"1", None, (1,), [1], {1}, {1: None})})
    10
    """
    if kwargs:
        return sha256(_WITH_KEYWORDS + _content((args, kwargs), ensure_deterministic)).hexdigest()[:32]
    content = encode_flat(args)
    if content is None:
        content = _content(args, ensure_deterministic)
    return sha256(content).hexdigest()[:32]


def quick_token(operation: str, *parts: Any) -> str:
    """Return the token of an operation and its small operands; the same as ``tokenize(operation, *parts)``.

    It is meant for str, int, float, bool, None, bytes and tuples of these, and costs about 1 µs for them; other parts
    are tokenized fully. Raises what `tokenize` raises.

    >>> quick_token("add", "x-1", "y-2", 1.0) == tokenize("add", "x-1", "y-2", 1.0)
    True
    """
    args = (operation, *parts)
    content = encode_flat(args)
    if content is None:
        content = _content(args, None)
    return sha256(content).hexdigest()[:32]


def _content(args: tuple[Any, ...], ensure_deterministic: bool | None) -> bytes:
    if ensure_deterministic is None:
        return Encoder(_ensure_deterministic).content(args)
    return Encoder(_yes if ensure_deterministic else _no).content(args)
