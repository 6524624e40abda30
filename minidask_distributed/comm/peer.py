"""Who is at the other end of a connection, as the handshake found out; and what this side says of itself.

Place in the flow: `connect` and `listen` make an `Identity`, the handshake exchanges them and makes a `Peer` of the
other's, which stays with the comm.

Invariants: a peer's fields have the right types and are bounded; what a peer says of itself is worth as much as its
credentials are.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from minidask_distributed.comm.versions import Versions, versions

MAX_NAME = 1024  # characters of a role, name or host


@dataclass(frozen=True, slots=True)
class Identity:
    """What one side says of itself.

    Examples
    --------
    >>> Identity("worker", "alice-0").role
    'worker'
    """

    role: str  # "client", "worker", "scheduler", "nanny", "data", "rpc"
    name: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)  # plain values; what else the other side shall know
    codecs: tuple[str, ...] = ()  # that it can decompress
    versions: Versions = field(default_factory=versions)
    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)

    def fields(self) -> dict[str, Any]:
        """Return it as plain values, for the wire."""
        return {
            "role": self.role,
            "name": self.name,
            "info": dict(self.info),
            "codecs": list(self.codecs),
            "versions": self.versions,
            "pid": self.pid,
            "host": self.host,
        }


@dataclass(slots=True)
class Peer:
    """The other side of a connection.

    Examples
    --------
    >>> peer_of(Identity("worker", "alice-0", {"nthreads": 2})).info
    {'nthreads': 2}
    """

    role: str
    name: str
    info: dict[str, Any]
    codecs: tuple[str, ...]
    versions: Versions
    pid: int
    host: str  # its host's own name
    version_notes: list[str] = field(default_factory=list)  # in what its versions differ from ours


def peer_of(identity: Identity) -> Peer:
    """Return an identity of this process as a peer, for connections that need no wire."""
    return peer_from(identity.fields())


def peer_from(fields: Any) -> Peer:
    """Return a peer from what it said.

    Raises
    ------
    ValueError
        If a field is missing or not of its type.

    Examples
    --------
    >>> peer_from({"role": "worker"})
    Traceback (most recent call last):
    ...
    ValueError: the peer's name must be a text of at most 1024 characters
    """
    if not isinstance(fields, dict):
        raise ValueError("what the peer says of itself is no mapping")
    for name in ("role", "name", "host"):
        value = fields.get(name)
        if not isinstance(value, str) or len(value) > MAX_NAME:
            raise ValueError(f"the peer's {name} must be a text of at most {MAX_NAME} characters")
    info, codecs, told, pid = (fields.get(name) for name in ("info", "codecs", "versions", "pid"))
    if not isinstance(info, dict):
        raise ValueError("the peer's info must be a mapping")
    if not isinstance(codecs, list) or not all(isinstance(codec, str) for codec in codecs):
        raise ValueError("the peer's codecs must be a list of texts")
    if not isinstance(told, dict) or not all(
        isinstance(name, str) and isinstance(version, str | None) for name, version in told.items()
    ):
        raise ValueError("the peer's versions must be a mapping of texts to texts")
    if not isinstance(pid, int) or isinstance(pid, bool):
        raise ValueError("the peer's pid must be a whole number")
    return Peer(fields["role"], fields["name"], info, tuple(codecs), told, pid, fields["host"])
