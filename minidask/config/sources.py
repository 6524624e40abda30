"""Collect settings from YAML files and environment variables, and hand them on to child processes.

Place in the flow: read once when `minidask.config` is imported, and again by `refresh`; `store` lays the result over
the defaults. Later places win:

1. ``*.yaml``, ``*.yml`` and ``*.json`` in ``/etc/minidask`` (or what ``MINIDASK_ROOT_CONFIG`` says),
2. in ``<sys.prefix>/etc/minidask``,
3. in ``~/.config/minidask``,
4. the file or the directory that ``MINIDASK_CONFIG`` names,
5. what a parent process hands on in ``MINIDASK_INTERNAL_INHERIT_CONFIG``,
6. ``MINIDASK_A__B=value`` for the setting ``a.b``.

Invariants: every value is checked against its declaration where it is read, so that an error names the file or the
variable; a file that can't be read is warned of and skipped, since whoever administers the machine may mean it to be
so; a file that can be read and isn't a mapping in YAML is an error. Nothing here changes the settings in force.

Not for: files in any other format, or secrets (a variable of the environment is visible to other programs).
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from minidask.config.schema import SCHEMA, Notice, check_deprecations
from minidask.config.tree import MISSING, Path, assign, lookup, merge, split_key

ENV_PREFIX = "MINIDASK_"
INHERIT = "MINIDASK_INTERNAL_INHERIT_CONFIG"
# Where to find settings, and a secret that must not stand among them.
_NOT_SETTINGS = frozenset(
    {
        "MINIDASK_CONFIG",
        "MINIDASK_ROOT_CONFIG",
        "MINIDASK_TOKEN",
        "MINIDASK_TOKEN_FILE",
        INHERIT,
    }
)


def find_paths(env: Mapping[str, str]) -> list[str]:
    """Return the files and directories to read, those that win last.

    Examples
    --------
    >>> find_paths(
    ...     {"MINIDASK_ROOT_CONFIG": "/opt/etc", "MINIDASK_CONFIG": "/home/me/cluster.yaml"}
    ... )  # doctest: +ELLIPSIS
    ['/opt/etc', ..., '/home/me/cluster.yaml']
    """
    places = [
        env.get("MINIDASK_ROOT_CONFIG") or "/etc/minidask",
        os.path.join(sys.prefix, "etc", "minidask"),
        os.path.join(os.path.expanduser("~"), ".config", "minidask"),
    ]
    if env.get("MINIDASK_CONFIG"):
        places.append(os.path.expanduser(env["MINIDASK_CONFIG"]))
    # Of two equal places the later one stays.
    return list(dict.fromkeys(reversed(places)))[::-1]


paths: list[str] = find_paths(os.environ)
"""Where settings are read from; those that win last."""

PATH: str = paths[-1]
"""Where `ensure_file` puts files."""


def collect(paths: Sequence[str] = paths, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the settings of all files and of the environment in one nested dictionary.

    Parameters
    ----------
    paths
        Files or directories, those that win last.
    env
        The variables; by default those of this process.

    Raises
    ------
    TypeError, ValueError
        If a file isn't YAML, isn't a mapping, or a value isn't of its setting's kind; the message names the place.

    Examples
    --------
    >>> collect([], env={"MINIDASK_ARRAY__CHUNK_SIZE": "8 MiB"})
    {'array': {'chunk-size': '8 MiB'}}
    """
    env = os.environ if env is None else env
    named = os.path.expanduser(env.get("MINIDASK_CONFIG", ""))
    if named and not os.path.lexists(named):
        warnings.warn(f"MINIDASK_CONFIG names {named}, which doesn't exist", UserWarning, stacklevel=2)
    return merge(*collect_yaml(paths), collect_env(env))


def collect_yaml(paths: Sequence[str] = paths, *, return_paths: bool = False) -> Iterator[Any]:
    """Yield the settings of each YAML or JSON file.

    Parameters
    ----------
    paths
        Files or directories; the files of a directory are read in the order of their names. What doesn't exist is
        skipped.
    return_paths
        Yield pairs ``(pathlib.Path, settings)``.

    Raises
    ------
    TypeError, ValueError
        If a file isn't YAML (the message names file and line), isn't a mapping, or a value isn't of its setting's kind.
    """
    for place in paths:
        for file in _files(os.fspath(place)):
            content = _load(file)
            if content is not None:
                yield (_as_path(file), content) if return_paths else content


def collect_env(env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the settings that environment variables give.

    ``__`` in a name stands for a dot; case doesn't matter. A value is read as a Python literal (``5``, ``1.5``, ``[1,
    2]``, ``True``), ``true``, ``false``, ``none`` or ``null``, or else as text; what the setting's declaration
    accepts decides.

    Parameters
    ----------
    env
        The variables; by default those of this process.

    Raises
    ------
    TypeError, ValueError
        If a value isn't of its setting's kind; the message names the variable.

    Examples
    --------
    >>> collect_env({"MINIDASK_SCHEDULER": "sync", "MINIDASK_NUM_WORKERS": "4", "HOME": "/root"})
    {'num_workers': 4, 'scheduler': 'sync'}
    """
    env = os.environ if env is None else env
    result: dict[str, Any] = {}
    if env.get(INHERIT):
        try:
            inherited = deserialize(env[INHERIT])
        except ValueError as error:
            raise ValueError(f"environment variable {INHERIT}: {error}") from None
        if not isinstance(inherited, dict):
            raise ValueError(f"environment variable {INHERIT} must be a mapping, not a {type(inherited).__name__}")
        result = checked(inherited, f"the parent process ({INHERIT})")
    for name in sorted(env):
        if is_setting(name):
            origin = f"environment variable {name}"
            key = name[len(ENV_PREFIX) :].lower().replace("__", ".")
            try:
                path = split_key(key)
            except ValueError as error:
                raise ValueError(f"{origin}: {error}") from None
            path = _present_path(".".join(path), origin)
            # A group is flattened and checked as one would be in a file.
            _place(result, path, _interpret_for(path, env[name]), origin)
    return result


def is_setting(name: str) -> bool:
    """Say whether the environment variable `name` sets a setting.

    Examples
    --------
    >>> is_setting("MINIDASK_SCHEDULER"), is_setting("MINIDASK_CONFIG")
    (True, False)
    """
    return name.startswith(ENV_PREFIX) and name not in _NOT_SETTINGS


def interpret_value(value: str) -> Any:
    """Return what the text of an environment variable most likely means.

    Examples
    --------
    >>> [interpret_value(text) for text in ("5", "[1, 2]", "true", "null", "threads")]
    [5, [1, 2], True, None, 'threads']
    """
    words = {"true": True, "false": False, "none": None, "null": None}
    if value.lower() in words:
        return words[value.lower()]
    import ast

    try:
        return ast.literal_eval(value)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return value  # no literal: it is text


def paths_containing_key(key: str, paths: Sequence[str] = paths) -> Iterator[Any]:
    """Yield the path of each file that sets `key`, those that win last.

    Raises
    ------
    TypeError, ValueError
        As `collect_yaml`.
    """
    path = split_key(key)
    for file, content in collect_yaml(paths, return_paths=True):
        if lookup(content, path) is not MISSING:
            yield file


def ensure_file(source: str, destination: str | None = None, comment: bool = True) -> None:
    """Copy a package's YAML file of defaults to where the user can change it, unless it is there.

    Parameters
    ----------
    source
        The file.
    destination
        The directory; by default the user's (or ``MINIDASK_CONFIG`` where that is set). If it is a file, nothing is
        done.
    comment
        Put ``#`` before every line that isn't a comment, so that the file changes nothing until the user edits it.

    Raises
    ------
    OSError
        If `source` can't be read or `destination` can't be written.
    """
    destination = PATH if destination is None else os.fspath(destination)
    if os.path.isfile(destination) or os.path.splitext(destination)[1] in (".yaml", ".yml", ".json"):
        return
    target = os.path.join(destination, os.path.basename(source))
    if os.path.exists(target):
        return
    with open(source, encoding="utf-8") as file:
        lines = list(file)
    if comment:
        lines = ["# " + line if line.strip() and not line.startswith("#") else line for line in lines]
    os.makedirs(destination, exist_ok=True)
    # Several processes may start at once: each writes a file of its own, and the last rename wins.
    part = f"{target}.{os.getpid()}.part"
    with open(part, "w", encoding="utf-8") as file:
        file.writelines(lines)
    os.replace(part, target)


def serialize(data: Any) -> str:
    """Return nested settings as one word of text: JSON in URL-safe base64.

    Raises
    ------
    TypeError
        If something in `data` has no form in JSON; `portable` leaves such values out.

    Examples
    --------
    >>> deserialize(serialize({"array": {"chunk-size": "8 MiB"}}))
    {'array': {'chunk-size': '8 MiB'}}
    """
    import base64
    import json

    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode()


def deserialize(data: str) -> Any:
    """Return what `serialize` was given.

    Raises
    ------
    ValueError
        If `data` isn't text that `serialize` made.
    """
    import base64
    import json

    try:
        return json.loads(base64.urlsafe_b64decode(data.encode()).decode())
    except ValueError as error:  # binascii.Error, UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise ValueError(f"not serialized settings ({error}): {data[:40]!r}") from None


def portable(tree: Any) -> Any:
    """Return the part of nested settings that another process can be given: no functions, pools or other live objects.

    Examples
    --------
    >>> portable({"scheduler": "sync", "pool": object(), "array": {"chunk-size": 5}})
    {'scheduler': 'sync', 'array': {'chunk-size': 5}}
    """
    if isinstance(tree, Mapping):
        kept = {key: portable(value) for key, value in tree.items() if isinstance(key, str)}
        return {key: value for key, value in kept.items() if value is not MISSING}
    if isinstance(tree, list | tuple):
        items = [portable(value) for value in tree]
        return MISSING if MISSING in items else items
    if tree is None or type(tree) in (bool, int, float, str):
        return tree
    return os.fspath(tree) if hasattr(tree, "__fspath__") else MISSING


def checked(content: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Return `content` with present names, checked against the declarations.

    It warns of names that are unknown or former ones.

    Raises
    ------
    TypeError, ValueError
        If a value isn't of its setting's kind; the message names `origin`.

    Examples
    --------
    >>> checked({"array": {"chunk-size": 0}}, "site.yaml")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: setting 'array.chunk-size' must be ...; site.yaml gives 0 (int): it must be more than nothing
    """
    result: dict[str, Any] = {}
    for path, value in _walk(content):
        _place(result, _present_path(".".join(path), origin) if _is_textual(path) else path, value, origin)
    return result


def _walk(content: Mapping[str, Any], prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the leaves of `content`; what is no group of ours is left whole."""
    for key, value in content.items():
        # Other packages have names with dots in their dictionaries; only at the top and for ours are dots a path.
        path = split_key(key) if not prefix and _is_ours(key) else (*prefix, key)
        group = prefix == () or SCHEMA.is_group(path)
        if isinstance(value, Mapping) and value and group:
            yield from _walk(value, path)
        elif value is not None or not SCHEMA.is_group(path):  # an empty section in YAML is None
            yield path, value


def _is_ours(key: Any) -> bool:
    return isinstance(key, str) and "." in key and all(key.split(".")) and SCHEMA.find(split_key(key)) is not None


def _is_textual(path: Path) -> bool:
    return all(isinstance(part, str) for part in path)


def _present_path(key: str, origin: str) -> Path:
    key, notice = check_deprecations(key, SCHEMA.deprecations)
    _warn(notice, origin)
    return tuple(key.split("."))


def _place(result: MutableMapping[str, Any], path: Path, value: Any, origin: str) -> None:
    for leaf, item in SCHEMA.flatten(path, value):
        if _is_textual(leaf):
            _warn(SCHEMA.check(leaf, item, origin), "")
            setting = SCHEMA.find(leaf)
            leaf = setting.path if setting is not None else leaf
        try:
            assign(result, leaf, item)
        except TypeError as error:
            raise TypeError(f"{origin}: {error}") from None


def _warn(notice: Notice | None, origin: str) -> None:
    if notice is not None:
        warnings.warn(f"{origin}: {notice.message}" if origin else notice.message, notice.category, stacklevel=3)


def _interpret_for(path: Path, text: str) -> Any:
    """Return the reading of `text` that the declaration accepts; the likeliest if none or all will do."""
    likeliest = interpret_value(text)
    readings = [likeliest, text] + ([float(text)] if text.lower().lstrip("+") in ("inf", "infinity") else [])
    return next((reading for reading in readings if SCHEMA.accepts(path, reading)), likeliest)


def _files(place: str) -> list[str]:
    """Return the file `place`, or the settings files of the directory `place`."""
    if not os.path.isdir(place):
        return [place] if os.path.lexists(place) else []
    try:
        names = sorted(os.listdir(place))
    except OSError as error:
        warnings.warn(f"settings in {place} are left out: {error}", UserWarning, stacklevel=4)
        return []
    return [
        os.path.join(place, name)
        for name in names
        if os.path.splitext(name)[1].lower() in (".yaml", ".yml", ".json") and not name.startswith(".")
    ]


def _load(file: str) -> dict[str, Any] | None:
    """Return the checked settings of one file; None if it can't be read."""
    try:
        with open(file, "rb") as stream:
            data = stream.read()
    except OSError as error:
        warnings.warn(f"settings file {file} is left out: {error}", UserWarning, stacklevel=4)
        return None
    # Only those who have a file pay for the import.
    import yaml

    try:
        content = yaml.safe_load(data)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).replace("\n", " ")
        opened = getattr(error, "context_mark", None)
        if opened is not None:  # what was never closed stands further up than where that showed
            problem += f" ({getattr(error, 'context', None) or 'something'} that begins in line {opened.line + 1})"
        raise ValueError(f"settings file {file}{where} isn't valid YAML: {problem}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ValueError(
            f"settings file {file} must hold a mapping such as 'scheduler: threads', not a {type(content).__name__}"
        )
    return checked(content, f"settings file {file}")


def _as_path(file: str) -> Any:
    import pathlib

    return pathlib.Path(file)
