"""How feeds write names: short enough for an axis, and keys as people know them.

Place in the flow: all families of feeds; boxes on hover and tables have the whole names.
"""

from __future__ import annotations

from collections.abc import Hashable

MOST_KEY = 200
"""Characters of a key that are sent."""


def short(name: str, length: int) -> str:
    """Return a name, or its beginning and end if it is longer.

    Examples
    --------
    >>> short("alice", 8), short("tcp://127.0.0.1:40123", 11)
    ('alice', 'tcp:/…40123')
    """
    name = str(name)
    if len(name) <= length:
        return name
    head = (length - 1) // 2
    return f"{name[:head]}…{name[head + 1 - length :]}"


def worker_label(name: str, length: int) -> str:
    """Return a worker's name for an axis; a bare number would look like one of the axis.

    Examples
    --------
    >>> worker_label("0", 20), worker_label("alice", 20)
    ('worker 0', 'alice')
    """
    return f"worker {name}" if name.isdigit() else short(name, length)


def key_text(key: Hashable) -> str:
    """Return a key as text, cut if it is very long.

    Examples
    --------
    >>> key_text("inc-1"), key_text(("x", 0, 1))
    ('inc-1', "('x', 0, 1)")
    """
    text = key if isinstance(key, str) else str(key)
    return text if len(text) <= MOST_KEY else f"{text[:MOST_KEY]}…"


def host_and_port(address: str) -> str:
    """Return an address without its protocol.

    Examples
    --------
    >>> host_and_port("tcp://10.0.0.1:4000"), host_and_port("inproc://1/2")
    ('10.0.0.1:4000', '1/2')
    """
    return address.rpartition("://")[2]
