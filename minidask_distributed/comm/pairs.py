"""Connections between a process and those that it starts: pairs of sockets, of which the child inherits one end.

Place in the flow: a `LocalCluster` has its scheduler in its own process and starts its workers' processes. `tcp` offers its
listeners here; a nanny asks for a socket that leads to its scheduler (`pair_with`) and gives it to the worker's process, which
makes its first connection over it (``connect(..., over=)``). What is sent doesn't take the way through the loopback
interface, which costs both ends some ten microseconds a message.

Invariants: the handshake is the same, and proves the same; whoever connects again does so by the address. Only listeners on
the loopback interface are offered: others' addresses tell a worker by which network it is reached.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import TypeAlias

Adopt: TypeAlias = "Callable[[socket.socket], object]"

_listeners: dict[str, tuple[int, Adopt]] = {}  # {address: (process, what takes sockets)}


def offer(address: str, adopt: Adopt) -> None:
    """Have connections to a listener of this process made over pairs; ``adopt(sock)`` takes its ends, on any thread."""
    _listeners[address] = os.getpid(), adopt


def withdraw(address: str, adopt: Adopt) -> None:
    """Take back what was offered; another one's offer, or none, is left as it is."""
    if _listeners.get(address, (0, None))[1] == adopt:
        del _listeners[address]


def pair_with(address: str) -> socket.socket | None:
    """Return a socket that leads to the listener at an address; None where none of this process is offered.

    Examples
    --------
    >>> taken = []
    >>> offer("tcp://127.0.0.1:1", taken.append)
    >>> with pair_with("tcp://127.0.0.1:1") as sock, taken[0] as other:
    ...     sock.sendall(b"over")
    ...     other.recv(4)
    b'over'
    >>> withdraw("tcp://127.0.0.1:1", taken.append)
    >>> print(pair_with("tcp://127.0.0.1:1"))
    None
    """
    process, adopt = _listeners.get(address, (0, None))
    if adopt is None or process != os.getpid():
        return None
    near, far = socket.socketpair()
    if not is_pair(near):  # some systems make pairs of the loopback interface
        near.close()
        far.close()
        return None
    adopt(far)
    return near


def is_pair(sock: socket.socket) -> bool:
    """Whether a socket is an end of a pair: then it has no addresses."""
    return sock.family not in (socket.AF_INET, socket.AF_INET6)
