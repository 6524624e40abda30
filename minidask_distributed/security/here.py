"""The schedulers of this process: so that here an address alone is enough to connect, and without a socket.

Place in the flow: `deploy.crew` enters a cluster's scheduler while it runs; `Client` looks here when it is given an address and
no credentials. A cluster of this machine has a token of its own, which other programs must be handed.

Invariant: a process that was forked off doesn't find its parent's schedulers within itself, only their credentials.

Not for: credentials of other processes' clusters (`token`, `scheduler_file`).
"""

from __future__ import annotations

import os
from typing import NamedTuple

from minidask_distributed.security.security import Security


class Here(NamedTuple):
    """What this process knows of a scheduler in it."""

    security: Security | None
    near_address: str  # the way within the process, "" without one
    pid: int


_known: dict[str, Here] = {}  # by the scheduler's address


def remember(address: str, security: Security | None, near_address: str = "") -> None:
    """Enter a scheduler of this process.

    Examples
    --------
    >>> remember("tcp://127.0.0.1:5", Security(token="t" * 32), "near://1/1")
    >>> recall("127.0.0.1:5")
    (Security(require_encryption=None, tls_min_version=1.2, token=...), 'near://1/1')
    >>> forget("tcp://127.0.0.1:5")
    >>> recall("127.0.0.1:5")
    (None, '')
    """
    _known[address] = Here(security, near_address, os.getpid())


def forget(address: str) -> None:
    """Take a scheduler out that is closed; another one may have its address next."""
    _known.pop(address, None)


def recall(address: str) -> tuple[Security | None, str]:
    """Return the credentials of a scheduler of this process and the way to it within; None and "" if there is no such one.

    Parameters
    ----------
    address
        As its cluster says it; ``tcp://`` may be left out.
    """
    known = _known.get(address if "://" in address else f"tcp://{address}")
    if known is None:
        return None, ""
    return known.security, known.near_address if known.pid == os.getpid() else ""
