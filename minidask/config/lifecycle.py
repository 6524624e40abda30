"""Fill the settings when the package is imported, extend them when others are, and hand them to child processes.

Place in the flow: importing this module (which `minidask.config` does) reads files and environment once; after that
only those who call `refresh`, `update_defaults`, `declare` or `rename` come here.

Invariants: a change of the process-wide tree is made ready first and put in place at the end, so that an error
changes nothing and readers in other threads find every setting at every moment; what users have set wins over any
default.

Not for: single settings (`change`).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from minidask.config import sources
from minidask.config.change import forget_writers
from minidask.config.schema import SCHEMA, check_deprecations
from minidask.config.settings import UNSET, Setting
from minidask.config.store import config, config_lock, defaults, deprecations, effective, global_config, touched
from minidask.config.tree import MISSING, assign, copied, discard, lookup, merge, split_key, update


def refresh(
    config: dict[str, Any] | None = None, defaults: Sequence[Mapping[str, Any]] = defaults, **kwargs: Any
) -> None:
    """Read files and environment again, and forget all that `set` has changed for good.

    Blocks that are open keep their overrides. If anything is wrong in a file or a variable, nothing changes.

    Parameters
    ----------
    config
        The tree to fill; by default the settings in force.
    defaults
        Trees of defaults; later ones don't replace what earlier ones say.
    **kwargs
        `paths` and `env` for `collect`.

    Raises
    ------
    TypeError, ValueError
        As `collect`.

    Examples
    --------
    >>> tree = {"x": 1}
    >>> refresh(tree, defaults=[{"a": {"b": 1}}], paths=[], env={"MINIDASK_A__C": "2"})
    >>> tree
    {'a': {'b': 1, 'c': 2}}
    """
    tree = global_config if config is None else config
    fresh: dict[str, Any] = {}
    for each in defaults:
        update(fresh, each, priority="old")
    update(fresh, sources.collect(**kwargs))
    with config_lock:
        if tree is global_config:
            forget_writers()
            if tree:
                # Not when it is filled at first: nobody has looked yet.
                touched.update(
                    key for key in {*tree, *fresh} if key not in tree or tree[key] != fresh.get(key, MISSING)
                )
        # Replaced rather than cleared and filled: readers in other threads always find every setting.
        for key in [key for key in tree if key not in fresh]:
            del tree[key]
        tree.update(fresh)


def update_defaults(
    new: Mapping[str, Any], config: dict[str, Any] = config, defaults: list[Mapping[str, Any]] = defaults
) -> None:
    """Register the defaults of another package; its settings are known from then on.

    Values that users have set win over them; values that are still former defaults don't.

    Parameters
    ----------
    new
        The nested dictionary of defaults.
    config, defaults
        Trees of your own to change instead of those in force.

    Raises
    ------
    TypeError, ValueError
        If `new` has a value of the wrong kind for one of minidask's own settings.

    Examples
    --------
    >>> tree, registered = {"a": {"b": 7}}, []
    >>> update_defaults({"a": {"b": 1, "c": 2}}, config=tree, defaults=registered)
    >>> tree
    {'a': {'b': 7, 'c': 2}}
    """
    with config_lock:
        if config is global_config:
            SCHEMA.register(new)
            new = sources.checked(new, "update_defaults")
            touched.update(new)
        former = merge(*defaults)
        defaults.append(copied(new))
        update(config, new, priority="new-defaults", defaults=former)


def declare(*settings: Setting) -> None:
    """Register typed settings of another package; they are checked like minidask's own.

    Parameters
    ----------
    *settings
        The declarations. What files and environment already say under these names is checked now.

    Raises
    ------
    TypeError, ValueError
        If a name is taken, a default isn't of its kind, or a value that is already set isn't.
    """
    with config_lock:
        tree: dict[str, Any] = {}
        for setting in settings:
            SCHEMA.declare(setting)
            if setting.default is not UNSET:
                assign(tree, setting.path, setting.default)
            present = lookup(config, setting.path)
            if present is not MISSING:
                SCHEMA.check(setting.path, present, "a file or environment variable")
        update_defaults(tree)


def rename(deprecations: Mapping[str, str | None] = deprecations, config: dict[str, Any] = config) -> dict[str, str]:
    """Move the values of settings with former names to their present names, with a FutureWarning for each.

    Parameters
    ----------
    deprecations
        {former name: present name, or None if the setting is gone}.
    config
        The tree; by default the process-wide one.

    Returns
    -------
    dict
        Those that were moved.

    Raises
    ------
    ValueError
        If a setting that is gone has a value.

    Examples
    --------
    >>> tree = {"chunks": 5}
    >>> with warnings.catch_warnings(action="ignore"):
    ...     rename({"chunks": "array.chunk-size"}, tree)
    {'chunks': 'array.chunk-size'}
    >>> tree
    {'array': {'chunk-size': 5}}
    """
    moved: dict[str, str] = {}
    with config_lock:
        for old in deprecations:
            value = lookup(config, split_key(old))
            if value is MISSING:
                continue
            new, notice = check_deprecations(old, deprecations)
            assign(config, split_key(new), value)
            discard(config, split_key(old))
            moved[old] = new
            if notice is not None:
                warnings.warn(notice.message, notice.category, stacklevel=2)
    return moved


def child_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment to start a child process with, so that it sees the settings that this context sees.

    The variables that set settings are left out, since their effect, or what has replaced it, is in the inherited
    settings; those that the caller adds to the result win in the child. Functions and pools stay behind.

    Parameters
    ----------
    env
        The variables to begin with; by default those of this process.

    Examples
    --------
    >>> from minidask.config.change import set
    >>> with set(num_workers=3):
    ...     child = child_environment({"HOME": "/root", "MINIDASK_NUM_WORKERS": "8"})
    >>> sources.collect_env(child)["num_workers"]
    3
    """
    kept = {name: value for name, value in (os.environ if env is None else env).items() if not sources.is_setting(name)}
    return {**kept, sources.INHERIT: sources.serialize(sources.portable(effective()))}


refresh()
