"""Keep the settings in force, and read them.

Place in the flow: everyone reads through `get`, at the edges (a `compute` call, a constructor) in the caller's
thread, and passes what it read inwards as arguments. `change` and `lifecycle` write what is kept here.

State:

- `config`: the process-wide tree. Changed under `config_lock` only, and branch by branch, so that readers need no lock.
- `touched`: names, see there.
- `layers`: per context (a thread, an asyncio task): the overrides of the ``with`` blocks it is in, outermost first.
- `defaults`: the trees of defaults, ours first.

Invariants: reading takes no lock and never sees half of a change to one setting; a group is returned as a new
dictionary, so that changing it changes nothing here.

Not for: where values come from (`sources`), whether they are right (`schema`), or what `set` means (`change`).
"""

from __future__ import annotations

import contextvars
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

from minidask.config.schema import SCHEMA, check_deprecations
from minidask.config.tree import (
    MISSING,
    Path,
    assign,
    canonical_name,
    copied,
    discard,
    lookup,
    no_default,
    normalize,
    split_key,
)

config: dict[str, Any] = {}
"""The process-wide settings, without what ``with`` blocks override (see `effective`)."""

global_config: Final = config

config_lock: Final = threading.RLock()

defaults: Final[list[Mapping[str, Any]]] = [SCHEMA.defaults()]

deprecations: Final = SCHEMA.deprecations


touched: Final[set[str]] = set()
"""First parts of the names that were ever changed since the import: what nearly nobody sets needs no look at each use."""


class Layer:
    """The overrides of one ``with`` block, or of a statement inside one."""

    __slots__ = ("assignments", "closed", "is_block")

    def __init__(self, assignments: Sequence[tuple[Path, Any]], is_block: bool) -> None:
        self.assignments = [(normalize(path), path, value) for path, value in assignments]
        self.is_block = is_block
        self.closed = False  # left in another context than it was entered in

    def overlaps(self, normal: Path) -> bool:
        """Say whether one of the overrides is `normal`, above it, or below it."""
        return not self.closed and any(
            normal[: len(p)] == p or p[: len(normal)] == normal for p, _, _ in self.assignments
        )


layers: Final[contextvars.ContextVar[tuple[Layer, ...]]] = contextvars.ContextVar("minidask-config-layers", default=())


def get(key: str, default: Any = no_default, config: Mapping[str, Any] | None = None, override_with: Any = None) -> Any:
    """Return a setting.

    Parameters
    ----------
    key
        Its name; dots lead into groups, ``-`` and ``_`` are the same.
    default
        What to return if it isn't set.
    config
        A tree to read instead of the settings in force.
    override_with
        If this isn't None, it is returned: the argument of a function that a setting stands in for.

    Returns
    -------
    Any
        The value; a new dictionary for a group.

    Raises
    ------
    KeyError
        If it isn't set and there is no `default`.
    TypeError, ValueError
        If `key` is no text or has an empty part.

    Examples
    --------
    >>> get("multiprocessing.context")
    'spawn'
    >>> get("multiprocessing.context", override_with="fork")
    'fork'
    >>> get("array.chunksize")
    Traceback (most recent call last):
    ...
    KeyError: "setting 'array.chunksize' isn't set; did you mean 'array.chunk-size'?"
    """
    if override_with is not None:
        return override_with
    path = split_key(key)
    value = resolve(path) if config is None else lookup(config, path)
    if value is MISSING:
        return _get_missing(key, path, default, config)
    return copied(value) if isinstance(value, Mapping) else value


def _get_missing(key: str, path: Path, default: Any, tree: Mapping[str, Any] | None) -> Any:
    new, notice = check_deprecations(key, deprecations)
    if notice is not None:
        warnings.warn(notice.message, notice.category, stacklevel=3)
        return get(new, default, tree)
    if default is not no_default:
        return default
    if SCHEMA.find(path) is not None:
        raise KeyError(f"setting {key!r} isn't set and has no default of its own; pass `default`")
    nearest = SCHEMA.nearest(path)
    raise KeyError(f"setting {key!r} isn't set" + (f"; did you mean {nearest!r}?" if nearest else ""))


def resolve(path: Path) -> Any:
    """Return what this context sees at `path`, or `MISSING`."""
    overrides = layers.get()
    if not overrides:
        return lookup(config, path)
    normal = normalize(path)
    below: list[tuple[Path, Any]] = []  # overrides inside the group that is asked for, innermost first
    for layer in reversed(overrides):
        for target, spelled, value in reversed(() if layer.closed else layer.assignments):
            if normal[: len(target)] == target:
                return _overlay(lookup(value, path[len(target) :]), below)
            if target[: len(normal)] == normal:
                below.append((spelled[len(path) :], value))
    return _overlay(lookup(config, path), below)


def _overlay(base: Any, below: list[tuple[Path, Any]]) -> Any:
    if not below:
        return base
    tree: dict[str, Any] = copied(base) if isinstance(base, Mapping) else {}
    for path, value in reversed(below):
        assign(tree, path, value)
    return tree


def effective() -> dict[str, Any]:
    """Return all settings as this context sees them, in a new dictionary.

    Examples
    --------
    >>> effective()["multiprocessing"]["context"]
    'spawn'
    """
    result: dict[str, Any] = copied(config)
    for name in {path[0] for layer in layers.get() if not layer.closed for _, path, _ in layer.assignments}:
        result[canonical_name(name, result)] = copied(resolve((name,)))
    return result


def pop(key: str, default: Any = no_default, config: dict[str, Any] = config) -> Any:
    """Remove a setting and return the value it had in the process (or in your own tree `config`).

    Raises
    ------
    KeyError
        If it isn't set and there is no `default`.

    Examples
    --------
    >>> tree = {"array": {"chunk-size": 5}}
    >>> pop("array.chunk_size", config=tree), tree
    (5, {'array': {}})
    """
    path = split_key(key)
    with config_lock:
        value = discard(config, path)
    return _get_missing(key, path, default, config) if value is MISSING else value
