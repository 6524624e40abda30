"""The address of the dashboard, for people to click: made of where it listens, the setting for proxies, and the view token.

Place in the flow: `Client.dashboard_link` makes it of what the scheduler said in the handshake, clusters of their own scheduler.

Invariants: nothing is asked over the network. Not for: serving it (`minidask_distributed.dashboard`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from minidask_distributed import settings
from minidask_distributed.security import Security


def dashboard_link(
    place: Mapping[str, Any] | None, scheduler_address: str, security: Security | None, token: bool = True
) -> str:
    """Return the address of a scheduler's dashboard; "" where there is none.

    Parameters
    ----------
    place
        What the service says of itself: ``scheme, host`` ("" for the scheduler's), ``port, prefix``; None: there is no dashboard.
    scheduler_address
        By which the scheduler was reached.
    security
        Credentials of the cluster. None: the user's.
    token
        Whether the address has the token for viewing, without which the pages ask for it.

    Raises
    ------
    ValueError
        If the setting ``distributed.dashboard.link`` names what isn't there.
    OSError
        If the token can't be found.

    Examples
    --------
    >>> place = {"scheme": "http", "host": "", "port": 8787, "prefix": ""}
    >>> dashboard_link(place, "tcp://10.0.0.7:8786", None, token=False)
    'http://10.0.0.7:8787/status'
    >>> dashboard_link(None, "tcp://10.0.0.7:8786", None)
    ''
    """
    if not place:
        return ""
    scheme, _, location = scheduler_address.partition("://")
    # A scheduler that is reached in this process alone is on this machine.
    host = place.get("host") or ("127.0.0.1" if scheme == "inproc" else location.rpartition(":")[0])
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    template = settings.get("dashboard.link")
    known = {
        "scheme": place.get("scheme", "http"),
        "host": host,
        "port": place["port"],
        "prefix": place.get("prefix", ""),
    }
    try:
        link = template.format(**{**os.environ, **known})
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(
            f"the setting distributed.dashboard.link is {template!r}, which names {error}: besides scheme, host, port and "
            "prefix it can name variables of the environment"
        ) from None
    if not token:
        return link
    query = urlencode({"token": (security or Security()).view_token()})
    return f"{link}{'&' if '?' in link else '?'}{query}"
