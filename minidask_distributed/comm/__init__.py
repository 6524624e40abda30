"""Connections between the parts of a cluster: `connect`, `listen`, `connect_bulk`.

Place in the flow: above `security` (credentials) and `protocol` (bytes and messages), below servers and clients.

The way of a connection: `endpoints` takes the arguments and tries again; `address` and `interfaces` understand addresses;
`backends` has a backend for each scheme, `tcp` (with `tls`, `sockets`), `inproc` or `near`; `greeting` carries the `handshake`
through, which tells the `peer` and compares `versions`; then there is a `stream` (or `tls_stream`) for control messages, or a
`bulk` for large values, as `base` describes them. `handlers` holds what a listener started; `pairs` lead to listeners of this
process from those that it starts; `options`, `vectors` and `errors` serve all.
"""

from minidask_distributed.comm.address import parse_address, unparse_address, with_default_port
from minidask_distributed.comm.backends import Backend, register_backend
from minidask_distributed.comm.base import Bulk, Comm, Listener
from minidask_distributed.comm.endpoints import connect, connect_bulk, listen
from minidask_distributed.comm.errors import (
    AuthenticationError,
    CommClosedError,
    CommError,
    ConnectTimeoutError,
    EncryptionRequiredError,
    HandshakeError,
    StrangerError,
    UnencryptedListenerWarning,
    VersionMismatchError,
)
from minidask_distributed.comm.options import Options
from minidask_distributed.comm.peer import Peer

__all__ = [
    "AuthenticationError",
    "Backend",
    "Bulk",
    "Comm",
    "CommClosedError",
    "CommError",
    "ConnectTimeoutError",
    "EncryptionRequiredError",
    "HandshakeError",
    "Listener",
    "Options",
    "Peer",
    "StrangerError",
    "UnencryptedListenerWarning",
    "VersionMismatchError",
    "connect",
    "connect_bulk",
    "listen",
    "parse_address",
    "register_backend",
    "unparse_address",
    "with_default_port",
]
