"""Columns of keys: many keys in a form that is small on the wire and quick to make and read.

Place in the flow: a client writes the keys of a batch of tasks once; scheduler and workers read them. The columns are fields
of messages, so they consist of what frames can hold: lists, texts, numbers and bytes.

Forms (the number that a column begins with):

- ``[0, key, ...]``: one by one. A tuple is a list, an integer beyond 64 bits is its bytes.
- ``[1, prefix, rest, ...]``: texts that begin alike.
- ``[2, column, ...]``: tuples of one length, item by item, each a column itself.
- ``[3, text]``: that text as often as the other columns of the tuples say (the name that a collection's keys share).
- ``[4, texts, numbers]``: few distinct texts, and for each key which of them.
- ``[5, lengths, [length, column], ...]``: tuples of few lengths, those of each length a column.

Invariants: types are kept (``1``, ``1.0`` and ``True`` stay apart); the result of decoding is bounded by what was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import repeat
from typing import Any

from minidask.graph.task import Key
from minidask_distributed.protocol.errors import ProtocolError

__all__ = ["decode_keys", "encode_keys"]

_PLAIN, _PREFIX, _TUPLES, _REPEATED, _FEW, _LENGTHS = range(6)

# Bounds of what one sent item may become.
_LONGEST_PREFIX = 256
_MOST_COLUMNS = 32
_MOST_LENGTHS = 8
_MOST_LEVELS = 100
_INT64 = 1 << 63

_SCALARS = frozenset({str, int, float, bool})


def encode_keys(keys: Sequence[Key]) -> list[Any]:
    """Return a column for a list of keys.

    Raises TypeError for what can't be a key: anything but texts, numbers and tuples of them.

    Examples
    --------
    >>> encode_keys(["inc-1", "inc-2"])
    [1, 'inc-', '1', '2']
    >>> encode_keys([("x", 0), ("x", 1)])
    [2, [3, 'x'], [0, 0, 1]]
    """
    return _encode(list(keys), 0)


def decode_keys(column: Any) -> list[Key]:
    """Return the keys of a column. Raises ProtocolError for what `encode_keys` would not have made.

    Examples
    --------
    >>> decode_keys(encode_keys([("x", 0), ("x", 1)]))
    [('x', 0), ('x', 1)]
    """
    try:
        return _decode(column, 0)
    except (TypeError, ValueError, IndexError, KeyError, RecursionError) as error:
        if isinstance(error, ProtocolError):
            raise
        raise ProtocolError(f"a malformed column of keys: {error}") from error


def _encode(keys: list[Any], level: int) -> list[Any]:
    kinds = set(map(type, keys))
    if kinds == {str}:
        if level and len(keys) > 1:
            distinct = dict.fromkeys(keys)
            if len(distinct) * 2 < len(keys):
                numbers = dict(zip(distinct, range(len(distinct))))
                return [_FEW, list(distinct), list(map(numbers.__getitem__, keys))]
        prefix = _common_prefix(keys) if len(keys) > 1 else ""
        if len(prefix) > 1:
            at = len(prefix)
            return [_PREFIX, prefix, *[key[at:] for key in keys]]
    elif kinds == {tuple} and level < _MOST_LEVELS:
        lengths = set(map(len, keys))
        if len(lengths) == 1 and len(keys) > 1 and 0 < len(keys[0]) <= _MOST_COLUMNS:
            return _encode_tuples(list(zip(*keys)), level)
        if 1 < len(lengths) <= _MOST_LENGTHS and 0 not in lengths and max(lengths) <= _MOST_COLUMNS:
            groups: dict[int, list[Any]] = {length: [] for length in lengths}
            for key in keys:
                groups[len(key)].append(key)
            columns = [[length, _encode(group, level)] for length, group in groups.items()]
            return [_LENGTHS, list(map(len, keys)), *columns]
    elif kinds <= _SCALARS and (int not in kinds or _fit(keys)):
        return [_PLAIN, *keys]
    return [_PLAIN, *[_encode_one(key, 0) for key in keys]]


def _common_prefix(texts: list[str]) -> str:
    # What the first and the last in alphabetical order share, all share.
    first, last = min(texts), max(texts)
    longest = min(len(first), len(last), _LONGEST_PREFIX)
    return first[: next((at for at in range(longest) if first[at] != last[at]), longest)]


def _encode_tuples(columns: list[tuple[Any, ...]], level: int) -> list[Any]:
    encoded: list[list[Any]] = [
        [_REPEATED, column[0]] if set(map(type, column)) == {str} and len(set(column)) == 1 else []
        for column in columns
    ]
    if all(encoded):  # one column must say how many there are
        encoded[-1] = [_PLAIN, *columns[-1]]
    return [_TUPLES, *[done or _encode(list(column), level + 1) for done, column in zip(encoded, columns)]]


def _fit(keys: list[Any]) -> bool:
    whole = [key for key in keys if type(key) is int]
    return min(whole) >= -_INT64 and max(whole) < _INT64


def _encode_one(key: Any, level: int) -> Any:
    if type(key) is tuple:
        if level > _MOST_LEVELS:
            raise TypeError(f"a key is nested more than {_MOST_LEVELS} levels deep: {str(key)[:100]}...")
        return [_encode_one(item, level + 1) for item in key]
    if type(key) is int and not -_INT64 <= key < _INT64:
        return key.to_bytes(key.bit_length() // 8 + 1, "little", signed=True)
    if isinstance(key, str | int | float):
        return key
    raise TypeError(f"a key must be a str, int, float or a tuple of them, not {type(key).__name__}: {key!r:.100}")


def _decode(column: Any, level: int) -> list[Any]:
    if type(column) is not list or not column or level > _MOST_LEVELS + 1:
        raise ProtocolError(f"a column of keys is not a list that begins with its form: {column!r:.100}")
    form = column[0]
    if form == _PLAIN:
        keys = column[1:]
        return keys if _SCALARS.issuperset(map(type, keys)) else [_decode_one(key) for key in keys]
    if form == _PREFIX:
        prefix = column[1]
        if type(prefix) is not str or len(prefix) > _LONGEST_PREFIX:
            raise ProtocolError("the prefix of a column of keys is too long, or is no text")
        return [prefix + rest for rest in column[2:]]
    if form == _TUPLES:
        return _decode_tuples(column[1:], level)
    if form == _FEW:
        texts, numbers = column[1:]
        if not {str}.issuperset(map(type, texts)) or (numbers and min(numbers) < 0):
            raise ProtocolError("a column of keys refers to texts that it doesn't hold")
        return list(map(texts.__getitem__, numbers))
    if form == _LENGTHS:
        groups = {length: _decode(group, level + 1) for length, group in column[2:]}
        if Counter(column[1]) != {length: len(group) for length, group in groups.items()}:
            raise ProtocolError("a column of keys announces other lengths than it holds")
        rest = {length: iter(group) for length, group in groups.items()}
        return [next(rest[length]) for length in column[1]]
    raise ProtocolError(f"a column of keys has the form {form!r:.100}, which this version doesn't know")


def _decode_tuples(columns: list[Any], level: int) -> list[Any]:
    if not 0 < len(columns) <= _MOST_COLUMNS:
        raise ProtocolError(f"keys of {len(columns)} items can't stand in columns")
    decoded: list[Any] = []
    lengths = set()
    for column in columns:
        if type(column) is list and len(column) == 2 and column[0] == _REPEATED and type(column[1]) is str:
            decoded.append(repeat(column[1]))
        else:
            decoded.append(_decode(column, level + 1))
            lengths.add(len(decoded[-1]))
    if len(lengths) != 1:
        raise ProtocolError(f"the columns of a list of keys differ in length: {sorted(lengths)}")
    return list(zip(*decoded))


def _decode_one(item: Any) -> Key:
    if type(item) is list:
        return tuple([_decode_one(part) for part in item])
    if type(item) is bytes:
        return int.from_bytes(item, "little", signed=True)
    if type(item) in _SCALARS:
        key: Key = item
        return key
    raise ProtocolError(f"a {type(item).__name__} can't be a key")
