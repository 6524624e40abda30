"""Addresses as texts: ``scheme://location``, and for networks ``scheme://host:port`` with IPv6 hosts in brackets.

Place in the flow: everything that takes an address from outside goes through `parse_address`; `backends` has what a
scheme means.

Invariants: pure; nothing is looked up. What `unparse_address` makes, `parse_address` takes apart again.

Not for: names of network interfaces and one's own addresses (`interfaces`).
"""

from __future__ import annotations

import re

DEFAULT_SCHEME = "tcp"
DEFAULT_SCHEDULER_PORT = 8786

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z")
_NOT_IN_HOSTS = re.compile(r"[\s/@\[\]?#]")


def parse_address(address: str, default_scheme: str = DEFAULT_SCHEME) -> tuple[str, str]:
    """Split an address into scheme and location.

    Parameters
    ----------
    address
        ``scheme://location``, or a location alone.
    default_scheme
        The scheme of an address that names none.

    Raises
    ------
    TypeError
        If it isn't a text.
    ValueError
        If it is empty, or the scheme isn't a word.

    Examples
    --------
    >>> parse_address("tls://node7:8786"), parse_address("127.0.0.1:8786")
    (('tls', 'node7:8786'), ('tcp', '127.0.0.1:8786'))
    """
    if not isinstance(address, str):
        raise TypeError(f"an address must be a text like 'tcp://127.0.0.1:8786', got {type(address).__name__}")
    address = address.strip()
    if not address:
        raise ValueError("the address is empty: write one like 'tcp://127.0.0.1:8786'")
    scheme, separator, location = address.partition("://")
    if not separator:
        return default_scheme, address
    if not _SCHEME.match(scheme):
        raise ValueError(f"{address!r} is no address: a scheme like 'tcp' must stand before '://'")
    return scheme, location


def unparse_address(scheme: str, location: str) -> str:
    """Join scheme and location.

    Examples
    --------
    >>> unparse_address("tcp", "127.0.0.1:8786")
    'tcp://127.0.0.1:8786'
    """
    return f"{scheme}://{location}"


def parse_host_port(location: str) -> tuple[str, int | None]:
    """Split ``host:port`` into host ('' if there is none; IPv6 without brackets) and port (None if there is none).

    Raises
    ------
    ValueError
        If the port isn't a whole number from 0 to 65535, or the host can't be one.

    Examples
    --------
    >>> parse_host_port("node7:8786"), parse_host_port("[::1]"), parse_host_port(":0")
    (('node7', 8786), ('::1', None), ('', 0))
    """
    if location.startswith("["):
        host, bracket, rest = location[1:].partition("]")
        if not bracket or not host or (rest and not rest.startswith(":")):
            raise ValueError(f"{location!r}: an IPv6 host stands in brackets, as in [::1]:8786")
        port = rest[1:]
    elif location.count(":") > 1:
        raise ValueError(f"{location!r}: an IPv6 host must stand in brackets, as in [::1]:8786")
    else:
        host, _, port = location.partition(":")
    if _NOT_IN_HOSTS.search(host):
        raise ValueError(f"{location!r}: {host!r} can't be the name or number of a host")
    if not port:
        return host, None
    # isdecimal alone also takes digits of other scripts.
    if not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise ValueError(f"{location!r}: a port is a whole number from 0 to 65535, got {port!r}")
    return host, int(port)


def unparse_host_port(host: str, port: int | None = None) -> str:
    """Join host and port; an IPv6 host gets its brackets.

    Examples
    --------
    >>> unparse_host_port("::1", 8786), unparse_host_port("node7")
    ('[::1]:8786', 'node7')
    """
    if ":" in host:
        host = f"[{host}]"
    return host if port is None else f"{host}:{port}"


def with_default_port(address: str, port: int) -> str:
    """Return a network address whose port is filled in if it had none; others (in-process ones) unchanged.

    Raises
    ------
    TypeError, ValueError
        If it can't be an address.

    Examples
    --------
    >>> with_default_port("node7", 8786), with_default_port("tls://[::1]:9", 8786)
    ('tcp://node7:8786', 'tls://[::1]:9')
    """
    scheme, location = parse_address(address)
    if scheme not in ("tcp", "tls"):
        return unparse_address(scheme, location)
    host, own = parse_host_port(location)
    return unparse_address(scheme, unparse_host_port(host, port if own is None else own))


def host_of(address: str) -> str:
    """Return the host of a network address, '' if it has none.

    Raises
    ------
    TypeError, ValueError
        If it can't be an address.

    Examples
    --------
    >>> host_of("tcp://[::1]:8786"), host_of("inproc://4711/1")
    ('::1', '')
    """
    scheme, location = parse_address(address)
    return parse_host_port(location)[0] if scheme in ("tcp", "tls") else ""
