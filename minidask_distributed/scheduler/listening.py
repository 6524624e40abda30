"""Where a scheduler listens: addresses from host, port, protocol and interface, and the listeners themselves.

Place in the flow: `server` opens its listeners here when it starts and closes them when it ends.

Invariants: without a host or interface it is the loopback interface; either all listeners are open or none is. A port
that was asked for is taken or there is an error; the default port gives way to a free one, with a line in the log.

Not for: what `comm` does with an address.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from minidask_distributed.comm.address import DEFAULT_SCHEDULER_PORT
from minidask_distributed.comm.base import Listener, OnComm
from minidask_distributed.comm.endpoints import listen
from minidask_distributed.security import Security

logger = logging.getLogger(__name__)


def listen_addresses(
    protocol: str, host: str | None = None, port: int | None = None, interface: str | None = None
) -> list[str]:
    """Return the addresses to try, one after the other.

    Parameters
    ----------
    protocol
        ``"tcp"``, ``"tls"``, ``"inproc"`` or another scheme of `comm`.
    host
        A name or number; None: loopback, or the interface's.
    port
        0: any free one. None: the scheduler's default, or else any free one.
    interface
        Of the network, as ``"eth0"``; `listen` looks it up.

    Raises
    ------
    TypeError, ValueError
        If the port isn't one, or both host and interface are given.

    Examples
    --------
    >>> listen_addresses("tcp"), listen_addresses("tls", "node7", 5000), listen_addresses("inproc")
    (['tcp://127.0.0.1:8786', 'tcp://127.0.0.1:0'], ['tls://node7:5000'], ['inproc://'])
    """
    if protocol == "inproc":
        return ["inproc://"]
    if host is not None and interface is not None:
        raise ValueError(f"give a host or an interface to listen on, not both (got {host!r} and {interface!r})")
    if port is not None and (isinstance(port, bool) or not isinstance(port, int)):
        raise TypeError(f"a port must be a whole number, got {port!r}")
    if port is not None and not 0 <= port <= 65535:
        raise ValueError(f"a port must be from 0 to 65535, got {port}")
    place = host if host is not None else "" if interface is not None else "127.0.0.1"
    if ":" in place and not place.startswith("["):
        place = f"[{place}]"
    ports = [DEFAULT_SCHEDULER_PORT, 0] if port is None else [port]
    return [f"{protocol}://{place}:{number}" for number in ports]


async def open_listeners(
    alternatives: Sequence[Sequence[str]],
    on_comm: OnComm,
    *,
    security: Security | None,
    info: Mapping[str, Any],
    interface: str | None = None,
    contact_address: str | None = None,
) -> list[Listener]:
    """Open a listener for each entry, at the first of its addresses whose port is free.

    Parameters
    ----------
    alternatives
        Addresses, as `listen_addresses` returns them.
    on_comm
        Gets every comm.
    security, info, interface
        For `listen`.
    contact_address
        What the first listener tells others to be.

    Raises
    ------
    OSError, ValueError
        If one can't be opened; none is then.
    """
    listeners: list[Listener] = []
    try:
        for entry in alternatives:
            contact = contact_address if not listeners else None
            for address in entry:
                try:
                    listener = await listen(
                        address,
                        on_comm,
                        role="scheduler",
                        security=security,
                        info=dict(info),
                        interface=interface,
                        contact_address=contact,
                    )
                except OSError as error:
                    if error.errno != errno.EADDRINUSE or address == entry[-1]:
                        raise
                    logger.warning("%s is in use; listening on another port", address)
                else:
                    listeners.append(listener)
                    break
    except BaseException:
        await close_listeners(listeners)
        raise
    return listeners


async def close_listeners(listeners: Sequence[Listener]) -> None:
    """Close listeners; an error of one is logged and keeps none of the others open."""
    for listener in listeners:
        try:
            await listener.close()
        except Exception:
            logger.exception("closing the listener on %s failed", listener.listen_address)
