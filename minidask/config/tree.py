"""Read and change nested dictionaries of settings by dotted keys. Pure: no state, no files, no environment.

Place in the flow: the bottom of `minidask.config`; `sources` builds trees with it, `store` keeps one and reads it.

Invariants: in a key, ``-`` and ``_`` are the same letter, and a key that exists keeps the spelling it has. Every
function that takes a tree returns or changes that tree alone; values that are dictionaries are copied on the way in,
so two trees never share a branch.

Not for: types, known names and deprecations (`schema`), or the settings in force (`store`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

Path = tuple[str, ...]


class _Sentinel:
    """A value that no setting can have."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __reduce__(self) -> str:
        return self._name


no_default: Final = _Sentinel("no_default")
MISSING: Final = _Sentinel("MISSING")


def split_key(key: str) -> Path:
    """Split a dotted key.

    Raises
    ------
    TypeError
        If `key` is no text.
    ValueError
        If a part of it is empty.

    Examples
    --------
    >>> split_key("array.chunk-size")
    ('array', 'chunk-size')
    """
    if not isinstance(key, str):
        raise TypeError(f"the key of a setting is a text such as 'array.chunk-size', not {key!r}")
    return _split(key)


@lru_cache(maxsize=1024)
def _split(key: str) -> Path:
    path = tuple(key.split("."))
    if not all(path):
        raise ValueError(f"the key {key!r} of a setting has an empty part; write it like 'array.chunk-size'")
    return path


@lru_cache(maxsize=1024)
def normalize(path: Path) -> Path:
    """Return `path` with one spelling for ``-`` and ``_``, to compare paths with.

    Examples
    --------
    >>> normalize(("delayed_pure",))
    ('delayed-pure',)
    """
    # Files of other packages may have numbers as keys.
    return tuple(part.replace("_", "-") if isinstance(part, str) else part for part in path)


def canonical_name(k: str, config: Mapping[Any, Any]) -> str:
    """Return the spelling of `k` that `config` uses, or `k` itself.

    Parameters
    ----------
    k
        One part of a key (no dots).
    config
        The dictionary that it is looked for in.

    Examples
    --------
    >>> canonical_name("chunk_size", {"chunk-size": "16 MiB"})
    'chunk-size'
    >>> canonical_name("chunk_size", {})
    'chunk_size'
    """
    if k in config or not isinstance(k, str):
        return k
    normal = k.replace("_", "-")
    # A tuple, because another thread may add a key meanwhile.
    return next((c for c in tuple(config) if isinstance(c, str) and c.replace("_", "-") == normal), k)


def lookup(tree: Any, path: Path) -> Any:
    """Return the value at `path`, or `MISSING`.

    Examples
    --------
    >>> lookup({"array": {"chunk-size": 5}}, ("array", "chunk_size"))
    5
    >>> lookup({"array": 3}, ("array", "chunk-size"))
    MISSING
    """
    for part in path:
        if not isinstance(tree, Mapping):
            return MISSING
        found = tree.get(part, MISSING)
        tree = tree.get(canonical_name(part, tree), MISSING) if found is MISSING else found
    return tree


class Undo(NamedTuple):
    """What `assign` did, for `revert`."""

    path: Path
    previous: Any  # the value that was there, or MISSING
    depth: int  # branches of `path` longer than this were made by `assign`


def assign(tree: MutableMapping[str, Any], path: Path, value: Any) -> Undo:
    """Set the value at `path`, making branches where they are missing or None.

    Returns
    -------
    Undo
        The path as spelled in the tree and what was there.

    Raises
    ------
    TypeError
        If a value stands where a branch is needed; the tree is then unchanged.

    Examples
    --------
    >>> tree = {"array": {"chunk-size": 5}}
    >>> undo = assign(tree, ("array", "chunk_size"), 6)
    >>> tree
    {'array': {'chunk-size': 6}}
    >>> revert(tree, undo)
    >>> tree
    {'array': {'chunk-size': 5}}
    """
    node, spelled, depth = tree, [], len(path)
    for i, part in enumerate(path[:-1]):
        name = canonical_name(part, node)
        branch = node.get(name)
        spelled.append(name)
        if branch is None:
            depth = min(depth, i)
            if depth == i and name in node:
                return _replace_none(tree, tuple(spelled), path[i + 1 :], value)
            branch = node[name] = {}
        elif not isinstance(branch, MutableMapping):
            raise TypeError(
                f"can't set {'.'.join(path)!r}: {'.'.join(spelled)!r} is the value {branch!r}, not a group of settings"
            )
        node = branch
    name = canonical_name(path[-1], node)
    previous = node.get(name, MISSING)
    node[name] = copied(value)
    return Undo((*spelled, name), previous, depth)


def _replace_none(tree: MutableMapping[str, Any], at: Path, rest: Path, value: Any) -> Undo:
    """Put a whole branch in the place of a None, so that undoing brings back the None."""
    for part in reversed(rest):
        value = {part: value}
    return assign(tree, at, value)


def revert(tree: MutableMapping[str, Any], undo: Undo) -> None:
    """Take one `assign` back; branches that it made go if nobody else has put anything in them."""
    branches = [tree]
    for part in undo.path[:-1]:
        branch = branches[-1].get(part)
        if not isinstance(branch, MutableMapping):
            return
        branches.append(branch)
    if undo.previous is MISSING:
        branches[-1].pop(undo.path[-1], None)
    else:
        branches[-1][undo.path[-1]] = undo.previous
    for i in range(len(branches) - 1, undo.depth, -1):
        if not branches[i]:
            branches[i - 1].pop(undo.path[i - 1], None)


def discard(tree: MutableMapping[str, Any], path: Path) -> Any:
    """Remove the value at `path` and return it; `MISSING` if there is none.

    Examples
    --------
    >>> tree = {"array": {"chunk-size": 5}}
    >>> discard(tree, ("array", "chunk_size")), tree
    (5, {'array': {}})
    """
    parent = lookup(tree, path[:-1])
    if not isinstance(parent, MutableMapping):
        return MISSING
    return parent.pop(canonical_name(path[-1], parent), MISSING)


def copied(value: Any) -> Any:
    """Return a copy of the dictionaries in `value`; everything else is shared.

    Examples
    --------
    >>> tree = {"a": {"b": 1}}
    >>> copied(tree)["a"] is tree["a"]
    False
    """
    if isinstance(value, Mapping):
        # `dict(value)` is one step under the interpreter's lock: another thread may be changing `value`.
        return {key: copied(item) for key, item in dict(value).items()}
    return value


def update(
    old: dict[str, Any],
    new: Mapping[str, Any],
    priority: Literal["new", "old", "new-defaults"] = "new",
    defaults: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Bring the values of one nested dictionary into another, in place.

    Parameters
    ----------
    old
        The dictionary that is changed.
    new
        The dictionary that is read.
    priority
        Who wins where both have a value: ``"new"``, ``"old"``, or ``"new-defaults"``: the new one, but only where the
        old one is still what `defaults` says.
    defaults
        The former defaults, for ``"new-defaults"``.

    Returns
    -------
    dict
        `old`.

    Raises
    ------
    ValueError
        If `priority` is none of the three.

    Examples
    --------
    >>> update({"x": 1, "y": {"a": 2}}, {"x": 2, "y": {"b": 3}})
    {'x': 2, 'y': {'a': 2, 'b': 3}}
    >>> update({"x": 1, "y": {"a": 2}}, {"x": 2, "y": {"b": 3}}, priority="old")
    {'x': 1, 'y': {'a': 2, 'b': 3}}
    """
    if priority not in ("new", "old", "new-defaults"):
        raise ValueError(f"priority is 'new', 'old' or 'new-defaults', not {priority!r}")
    for key, value in new.items():
        name = canonical_name(key, old) if isinstance(key, str) else key
        default = defaults.get(canonical_name(key, defaults), MISSING) if defaults and isinstance(key, str) else MISSING
        present = old.get(name, MISSING)
        if isinstance(value, Mapping) and (present is MISSING or present is None or isinstance(present, Mapping)):
            branch = present if isinstance(present, dict) else dict(present) if isinstance(present, Mapping) else {}
            old[name] = update(branch, value, priority, default if isinstance(default, Mapping) else None)
            continue
        untouched = priority == "new-defaults" and default is not MISSING and _same(present, default)
        if present is MISSING or priority == "new" or untouched:
            old[name] = update({}, value) if isinstance(value, Mapping) else value
    return old


def _same(a: Any, b: Any) -> bool:
    """Say whether two settings are equal; True isn't 1 here."""
    return a is b or (type(a) is type(b) and bool(a == b))


def merge(*dicts: Mapping[str, Any]) -> dict[str, Any]:
    """Return one nested dictionary out of several; later ones win.

    Examples
    --------
    >>> merge({"x": 1, "y": {"a": 2}}, {"y": {"b": 3}})
    {'x': 1, 'y': {'a': 2, 'b': 3}}
    """
    result: dict[str, Any] = {}
    for each in dicts:
        update(result, each)
    return result


def expand_environment_variables(config: Any) -> Any:
    """Replace ``$NAME`` and ``${NAME}`` in every text of a nested structure by the environment's values.

    Parameters
    ----------
    config
        Dictionaries, lists, tuples and sets of anything; names that the environment lacks stay as they are.

    Returns
    -------
    Any
        The same structure, new.

    Examples
    --------
    >>> os.environ["SCRATCH_EXAMPLE"] = "/scratch"
    >>> expand_environment_variables({"temporary-directory": "$SCRATCH_EXAMPLE/me", "n": 1})
    {'temporary-directory': '/scratch/me', 'n': 1}
    >>> del os.environ["SCRATCH_EXAMPLE"]
    """
    if isinstance(config, Mapping):
        return {key: expand_environment_variables(value) for key, value in config.items()}
    if isinstance(config, str):
        return os.path.expandvars(config)
    if isinstance(config, list | tuple | frozenset | set):
        return type(config)([expand_environment_variables(value) for value in config])
    return config
