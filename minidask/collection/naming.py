"""The names inside keys: what a collection needs to stand on a copy of its graph under other keys.

A key is a name (``"x"``) or a tuple that starts with one (``("x", 0)``). Collections take a mapping of old names to
new ones as the ``rename=`` argument of their ``rebuild`` functions (``__dask_postpersist__``);
``minidask.graph_manipulation`` makes it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from minidask.collection.protocol import is_dask_collection
from minidask.graph.convert import nested_keys
from minidask.graph.task import Key
from minidask.tokenize import tokenize

_HEX_DIGITS = frozenset("0123456789abcdef")


def get_name_from_key(key: Key) -> Any:
    """Return the name in a key: the key itself, or the first part of a tuple.

    Raises
    ------
    TypeError
        If the key is no str, int, float or tuple that starts with one.

    Examples
    --------
    >>> get_name_from_key("x"), get_name_from_key(("x", 0, 1))
    ('x', 'x')
    """
    name: Any = key[0] if isinstance(key, tuple) and key else key
    if not isinstance(name, str | int | float):
        raise TypeError(f"expected a str, int or float, or a tuple that starts with one, got {key!r:.80}")
    return name


def replace_name_in_key(key: Key, rename: Mapping[Any, Any]) -> Key:
    """Return the key with its name replaced, if it is among ``rename``.

    Parameters
    ----------
    key : key
    rename : mapping
        ``{old name: new name}``.

    Raises
    ------
    TypeError
        If the key can't be one.

    Examples
    --------
    >>> replace_name_in_key(("x", 0), {"x": "y"}), replace_name_in_key("z", {"x": "y"})
    (('y', 0), 'z')
    """
    name = get_name_from_key(key)
    new = rename.get(name, name)
    return (new, *key[1:]) if isinstance(key, tuple) else new


def clone_key(key: Key, seed: Hashable) -> Key:
    """Return another key of the same shape: the same for the same key and seed.

    Parameters
    ----------
    key : key
    seed : hashable
        Anything that can be tokenized.

    Raises
    ------
    TypeError
        If the key can't be one.

    Examples
    --------
    >>> clone_key("x", 123) == clone_key("x", 123), clone_key("x", 123) == clone_key("x", 456)
    (True, False)
    >>> clone_key(("x", 0), 123) == (clone_key("x", 123), 0)
    True
    """
    name = get_name_from_key(key)
    new = f"{without_token(name)}-{tokenize(name, seed)}"
    return (new, *key[1:]) if isinstance(key, tuple) else new


def without_token(name: Any) -> str:
    """Return what people read in a name: all but the token at its end.

    Examples
    --------
    >>> without_token("add-0123456789abcdef0123456789abcdef"), without_token("x-1"), without_token(5)
    ('add', 'x-1', '5')
    """
    text = str(name)
    prefix, _, last = text.rpartition("-")
    return prefix if prefix and len(last) == 32 and _HEX_DIGITS.issuperset(last) else text


def get_collection_names(collection: Any) -> set[str]:
    """Return the names in a collection's keys.

    Raises
    ------
    TypeError
        If it is no collection.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> get_collection_names(delayed(1, name="one"))
    {'one'}
    """
    if not is_dask_collection(collection):
        raise TypeError(f"expected a collection (with __dask_graph__), got {type(collection).__name__}")
    return {get_name_from_key(key) for key in nested_keys(collection.__dask_keys__())}
