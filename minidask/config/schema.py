"""Know which settings exist: defaults, validation, former names, and the nearest name to a wrong one.

Place in the flow: `settings` declares, this module judges, `sources` (files, environment) and `store` (`set`) ask it
about every value that comes in.

State:

- `_settings`: {normal path: Setting}; what is declared.
- `_groups`: the normal paths of all groups of declared settings, such as ``("array",)``.
- `_reserved`: normal paths under which everything is allowed until it is declared.
- `_registered`: the trees of defaults that other packages have registered; what they name is known.
- `deprecations`: {former name: present name, or None if the setting is gone}.

Invariants: a value is never changed, only accepted or refused; a refusal names key, expectation, value and origin;
a notice (deprecated, unknown) is returned, so that the caller can warn at the user's line.

Not for: reading or keeping values (`store`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from minidask.config.settings import RESERVED, SETTINGS, UNSET, Setting
from minidask.config.tree import MISSING, Path, assign, lookup, normalize, split_key


class Notice(NamedTuple):
    """Something to warn of."""

    category: type[Warning]
    message: str


class Schema:
    """The declared settings.

    Parameters
    ----------
    settings
        The declarations.
    reserved
        Names of groups that are declared later.

    Examples
    --------
    >>> schema = Schema(SETTINGS, RESERVED)
    >>> schema.nearest(("array", "chunksize"))
    'array.chunk-size'
    >>> schema.check(("num_workers",), 0, "config.set")
    Traceback (most recent call last):
    ...
    ValueError: setting 'num_workers' must be a whole number of at least 1, or None; config.set gives 0 (int)
    """

    def __init__(self, settings: tuple[Setting, ...], reserved: tuple[str, ...] = ()) -> None:
        self._settings: dict[Path, Setting] = {}
        self._groups: set[Path] = set()
        self._reserved = {normalize(split_key(name)) for name in reserved}
        self._registered: list[Mapping[str, Any]] = []
        self.deprecations: dict[str, str | None] = {}
        for setting in settings:
            self.declare(setting)

    def declare(self, setting: Setting) -> None:
        """Add a setting.

        Raises
        ------
        ValueError
            If another setting has its name or is a group of that name, or its default isn't of its kind.
        """
        path = normalize(setting.path)
        if self._settings.get(path, setting) != setting:
            raise ValueError(f"setting {setting.name!r} is declared already")
        if path in self._groups or any(path[:i] in self._settings for i in range(1, len(path))):
            raise ValueError(f"setting {setting.name!r} would be both a value and a group of settings")
        if setting.default is not UNSET:
            _judge(setting, setting.default, "its declaration")
        self._settings[path] = setting
        for i in range(1, len(path)):
            self._groups.add(path[:i])
            self._reserved.discard(path[:i])
        self.deprecations.update(dict.fromkeys(setting.aliases, setting.name))

    def register(self, defaults: Mapping[str, Any]) -> None:
        """Let everything that `defaults` names be known."""
        self._registered.append(defaults)

    def __iter__(self) -> Iterator[Setting]:
        return iter(self._settings.values())

    def find(self, path: Path) -> Setting | None:
        """Return the declaration of `path`, if there is one."""
        return self._settings.get(normalize(path))

    def is_group(self, path: Path) -> bool:
        """Say whether `path` is a group of declared settings."""
        return normalize(path) in self._groups

    def defaults(self) -> dict[str, Any]:
        """Return the tree of defaults."""
        tree: dict[str, Any] = {}
        for setting in self:
            if setting.default is not UNSET:
                assign(tree, setting.path, setting.default)
        return tree

    def accepts(self, path: Path, value: Any) -> bool:
        """Say whether `value` will do; anything does for a setting that isn't declared."""
        setting = self.find(path)
        if setting is None:
            return True
        try:
            setting.kind.check(value)
        except (TypeError, ValueError):
            return False
        return True

    def flatten(self, path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
        """Take a value for a whole group apart into values for its settings."""
        if isinstance(value, Mapping) and self.is_group(path):
            for key, item in value.items():
                yield from self.flatten((*path, *split_key(key)), item)
        else:
            yield path, value

    def check(self, path: Path, value: Any, origin: str) -> Notice | None:
        """Judge one value.

        Parameters
        ----------
        path
            Its key.
        value
            Its value; not a mapping for a group, see `flatten`.
        origin
            Where it comes from, as in ``"/etc/minidask/site.yaml"``.

        Returns
        -------
        Notice or None
            What to warn of: the setting is unknown.

        Raises
        ------
        TypeError, ValueError
            If the setting is declared and `value` isn't of its kind.
        """
        normal = normalize(path)
        setting = self._settings.get(normal)
        if setting is not None:
            _judge(setting, value, origin)
            return None
        if normal in self._groups:
            raise TypeError(
                f"{'.'.join(path)!r} is a group of settings, not one; {origin} gives {value!r} ({type(value).__name__})"
            )
        for i in range(1, len(normal)):
            parent = self._settings.get(normal[:i])
            if parent is not None:
                raise TypeError(f"{parent.name!r} is a setting, not a group: {origin} sets {'.'.join(path)!r}")
        return None if self._is_known(normal) else self._unknown(path, normal, origin)

    def nearest(self, path: Path) -> str | None:
        """Return the declared or registered name that `path` was most likely meant to be.

        Outside our groups only a near miss counts: the name may well be some other package's.
        """
        # Imported here, because only a mistake needs it.
        import difflib

        names = {".".join(known): ".".join(known) for known in self._groups}
        names.update({".".join(known): setting.name for known, setting in self._settings.items()})
        for tree in self._registered:
            names.update({".".join(normalize(leaf)): ".".join(leaf) for leaf in _leaves(tree)})
        normal = normalize(path)
        ours = normal[:1] in self._groups
        alike = difflib.get_close_matches(".".join(normal), names, n=1, cutoff=0.7 if ours else 0.8)
        if not alike and ours:
            alike = [name for name in names if name.rpartition(".")[2] == normal[-1]][:1]
        return names[alike[0]] if alike else None

    def _is_known(self, normal: Path) -> bool:
        if any(normal[:i] in self._reserved for i in range(1, len(normal) + 1)):
            return True
        return any(_reaches(tree, normal) for tree in self._registered)

    def _unknown(self, path: Path, normal: Path, origin: str) -> Notice | None:
        name, ours = ".".join(path), normal[:1] in self._groups
        nearest = self.nearest(path)
        if nearest is not None:
            return Notice(UserWarning, f"unknown setting {name!r} ({origin}); did you mean {nearest!r}?")
        if not ours:
            return None  # a package that isn't imported yet may know it
        known = ", ".join(sorted(s.name for s in self if normalize(s.path)[:1] == normal[:1]))
        return Notice(UserWarning, f"unknown setting {name!r} ({origin}); {path[0]!r} has: {known}")


def check_deprecations(key: str, deprecations: Mapping[str, str | None]) -> tuple[str, Notice | None]:
    """Return the present name of `key`, and what to warn of if that is another.

    Raises
    ------
    ValueError
        If the setting is gone (its present name is None).

    Examples
    --------
    >>> check_deprecations("fuse-ave-width", {"fuse_ave_width": "optimization.fuse.ave-width"})[0]
    'optimization.fuse.ave-width'
    """
    if key in deprecations:
        new = deprecations[key]
    else:
        normal = key.replace("_", "-")
        former = next((old for old in deprecations if old.replace("_", "-") == normal), None)
        if former is None:
            return key, None
        new = deprecations[former]
    if new is None:
        raise ValueError(f"setting {key!r} has been removed; take it out")
    return new, Notice(FutureWarning, f"setting {key!r} is now called {new!r}; please use that name")


def _judge(setting: Setting, value: Any, origin: str) -> None:
    try:
        setting.kind.check(value)
    except (TypeError, ValueError) as error:
        found = repr(value)
        found = found if len(found) <= 100 else found[:97] + "..."
        detail = f": {error}" if str(error) else ""
        raise type(error)(
            f"setting {setting.name!r} must be {setting.kind.description}; "
            f"{origin} gives {found} ({type(value).__name__}){detail}"
        ) from None


def _leaves(tree: Mapping[str, Any], prefix: Path = ()) -> Iterator[Path]:
    for key, value in tree.items():
        path = (*prefix, str(key))
        yield path
        if isinstance(value, Mapping):
            yield from _leaves(value, path)


def _reaches(tree: Mapping[str, Any], path: Path) -> bool:
    """Say whether `path` is in `tree`, or below something there that is free in form: an empty branch or a None."""
    for i in range(1, len(path) + 1):
        found = lookup(tree, path[:i])
        if found is MISSING:
            return False
        if found is None or found == {}:
            return True
    return True


SCHEMA = Schema(SETTINGS, RESERVED)
"""The one that this process uses."""
