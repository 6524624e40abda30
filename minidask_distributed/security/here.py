"""The clusters of this process: their addresses and credentials, so that here an address alone is enough to connect.

Place in the flow: `deploy.crew` enters a cluster's scheduler while it runs; `Client` looks here when it is given an address and
no credentials. A cluster of this machine has a token of its own, which other programs must be handed.

Not for: credentials of other processes' clusters (`token`, `scheduler_file`).
"""

from __future__ import annotations

from minidask_distributed.security.security import Security

_known: dict[str, Security] = {}  # by the scheduler's address


def remember(address: str, security: Security | None) -> None:
    """Enter a scheduler of this process; without credentials there is nothing to remember.

    Examples
    --------
    >>> remember("tcp://127.0.0.1:5", Security(token="t" * 32))
    >>> recall("127.0.0.1:5")
    Security(require_encryption=None, tls_min_version=1.2, token=...)
    >>> forget("tcp://127.0.0.1:5")
    >>> recall("127.0.0.1:5")
    """
    if security is not None:
        _known[address] = security


def forget(address: str) -> None:
    """Take a scheduler out that is closed; another one may have its address next."""
    _known.pop(address, None)


def recall(address: str) -> Security | None:
    """Return the credentials of a scheduler of this process, None if there is no such one.

    Parameters
    ----------
    address
        As its cluster says it; ``tcp://`` may be left out.
    """
    return _known.get(address if "://" in address else f"tcp://{address}")
