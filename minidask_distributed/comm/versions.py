"""Versions of what must agree between the parts of a cluster, and in what two parts differ.

Place in the flow: the handshake sends `versions` and compares; `Client.get_versions` shows them.

Invariants: no package is imported to learn its version. Different versions of minidask itself can't work together;
other differences are told to people, since most pairs do.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache

import minidask
from minidask_distributed.messages import PROTOCOL_VERSION

COMPARED = ("msgpack", "cloudpickle", "numpy", "pandas", "pyarrow", "scipy")
"""Packages whose objects, or whose formats, travel between processes."""

Versions = dict[str, str | None]


@cache
def _installed() -> tuple[tuple[str, str | None], ...]:
    # Needed at the first connection; a process that is starting has better things to do.
    from importlib import metadata

    found: Versions = {
        "python": ".".join(map(str, sys.version_info[:3])),
        "minidask": minidask.__version__,
        "protocol": str(PROTOCOL_VERSION),
    }
    for name in COMPARED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return tuple(found.items())


def versions() -> Versions:
    """Return {name: version} of Python, minidask, its protocol and `COMPARED`; None for what isn't installed.

    Examples
    --------
    >>> list(versions())
    ['python', 'minidask', 'protocol', 'msgpack', 'cloudpickle', 'numpy', 'pandas', 'pyarrow', 'scipy']
    """
    return dict(_installed())


def refusal(ours: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> str | None:
    """Say why two processes can't work together, or None if they can.

    Examples
    --------
    >>> refusal({"minidask": "1.0", "protocol": "1"}, {"minidask": "1.1", "protocol": "1"})
    'minidask is 1.0 here and 1.1 there: install the same version on both sides'
    """
    for name, title in (("protocol", "the protocol"), ("minidask", "minidask")):
        if ours.get(name) != theirs.get(name):
            return (
                f"{title} is {ours.get(name)} here and {theirs.get(name)} there: install the same version on both sides"
                + (" of minidask" if name == "protocol" else "")
            )
    return None


def differences(ours: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> list[str]:
    """Name what else differs, a line each; patch releases of Python don't.

    Packages that only one side has are named, too; those that the other side doesn't speak of aren't.

    Examples
    --------
    >>> differences({"python": "3.11.7", "numpy": "2.4.0"}, {"python": "3.12.1", "numpy": None})
    ['python is 3.11.7 here and 3.12.1 there', 'numpy is 2.4.0 here and not installed there']
    """
    notes = []
    for name, own in ours.items():
        if name in ("minidask", "protocol") or name not in theirs:
            continue
        other = theirs[name]
        same = _minor(own) == _minor(other) if name == "python" else own == other
        if not same:
            notes.append(f"{name} is {own or 'not installed'} here and {other or 'not installed'} there")
    return notes


def _minor(version: str | None) -> list[str]:
    return (version or "").split(".")[:2]
