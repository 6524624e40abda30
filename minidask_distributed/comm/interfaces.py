"""What this host is called on its networks: addresses of interfaces, loopback or not, the address that others see.

Place in the flow: listeners turn ``--interface`` into an address to bind, and ``0.0.0.0`` into one to be reached at.

Invariants: no packet is sent; answers are numeric addresses.
"""

from __future__ import annotations

import ipaddress
import socket

# Addresses to look up the route to; nothing is sent there (a UDP socket's connect only picks the way).
_FAR_AWAY = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}  # documentation networks, RFC 5737 and 3849


def interface_ip(name: str) -> str:
    """Return the address of a network interface: its IPv4 one, otherwise its IPv6 one.

    Parameters
    ----------
    name
        As the operating system calls it: ``"lo"``, ``"eth0"``, ``"ib0"``.

    Raises
    ------
    ValueError
        If there is no such interface (the message lists those that are), or it has no address.
    """
    import psutil

    interfaces = psutil.net_if_addrs()
    if name not in interfaces:
        raise ValueError(f"there is no network interface {name!r}; this host has: {', '.join(sorted(interfaces))}")
    found = {entry.family: entry.address for entry in reversed(interfaces[name])}
    for family in (socket.AF_INET, socket.AF_INET6):
        if family in found:
            return str(found[family])
    raise ValueError(f"the network interface {name!r} has no IP address")


def is_loopback(host: str) -> bool:
    """Say whether a host is this one, reached by the loopback interface; names other than localhost are taken not to be.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host.lower() in ("localhost", "localhost.localdomain", "ip6-localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_wildcard(host: str) -> bool:
    """Say whether a host to listen on means all interfaces.

    Examples
    --------
    >>> is_wildcard("0.0.0.0"), is_wildcard("::"), is_wildcard("10.0.0.1")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def outward_ip(family: socket.AddressFamily = socket.AF_INET) -> str:
    """Return the address by which other hosts most likely reach this one; a loopback one without a network.

    Parameters
    ----------
    family
        ``AF_INET`` or ``AF_INET6``.
    """
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_FAR_AWAY[family], 9))
            return str(probe.getsockname()[0])
        except OSError:
            pass  # no route to anywhere: the host's own name may say more
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, family, socket.SOCK_STREAM)
        return str(found[0][4][0])
    except OSError:
        return "127.0.0.1" if family == socket.AF_INET else "::1"
