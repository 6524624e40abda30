"""What is installed where, and what differs between a client and the rest of its cluster.

Place in the flow: `Client.get_versions` runs `installed` in every process and shows `mismatches` to people. What a
connection can't do without is checked when it is made, see `comm.versions`.
"""

from __future__ import annotations

import os
import platform
import struct
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from minidask_distributed.comm.versions import differences, versions


def installed(packages: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Return ``{"host": …, "packages": {name: version}}`` of this process; None for what isn't installed.

    Examples
    --------
    >>> installed(["no-such-package"])["packages"]["no-such-package"] is None
    True
    """
    found = dict(versions())
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    host = {
        "python": platform.python_version(),
        "python-bits": struct.calcsize("P") * 8,
        "OS": platform.system(),
        "OS-release": platform.release(),
        "machine": platform.machine(),
        "processor": platform.processor(),
        "byteorder": sys.byteorder,
        "LC_ALL": os.environ.get("LC_ALL", "None"),
        "LANG": os.environ.get("LANG", "None"),
    }
    return {"host": host, "packages": found}


def mismatches(found: Mapping[str, Any]) -> list[str]:
    """Name what differs from the client's own versions, a line for each difference.

    Parameters
    ----------
    found : dict
        As `Client.get_versions` returns it.

    Examples
    --------
    >>> here, there = {"packages": {"numpy": "2.4"}}, {"packages": {"numpy": "2.3"}}
    >>> mismatches({"client": here, "scheduler": here, "workers": {"tcp://a:1": there}})
    ['worker tcp://a:1: numpy is 2.4 here and 2.3 there']
    """
    own = found["client"]["packages"]
    others = {"scheduler": found["scheduler"]} | {f"worker {name}": told for name, told in found["workers"].items()}
    return [f"{name}: {note}" for name, told in others.items() for note in _notes(own, told["packages"])]


def _notes(own: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    serious = [
        f"{name} is {own.get(name)} here and {other.get(name)} there"
        for name in ("minidask", "protocol")
        if own.get(name) != other.get(name)
    ]
    return serious + differences(own, other)
