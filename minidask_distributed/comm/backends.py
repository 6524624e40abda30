"""What a scheme of addresses means: the table of backends, and how to add one.

Place in the flow: `endpoints` registers those that come with the package and looks up the one for an address; a package that
brings another transport calls `register_backend` when it is imported.

Invariants: a backend makes one attempt a call; trying again, and the wording of the final error, belong to `endpoints`.
"""

from __future__ import annotations

import difflib
import socket
from abc import ABC, abstractmethod

from minidask_distributed.comm.base import Bulk, Comm, Listener, OnBulk, OnComm
from minidask_distributed.comm.options import Terms


class Backend(ABC):
    """How connections of one scheme are made."""

    # Whether people write such addresses.
    is_public = True

    @abstractmethod
    def check(self, location: str, terms: Terms) -> None:
        """Raise what no attempt to connect there could mend: impossible locations, missing credentials."""

    @abstractmethod
    async def connect(self, location: str, terms: Terms, deadline: float) -> Comm:
        """Make one attempt, until the deadline (the loop's time).

        Raises
        ------
        OSError
            If it fails; another attempt may succeed, unless it is one of `errors`' final ones.
        ValueError
            If there can't be such a location.
        """

    async def connect_over(self, sock: socket.socket, location: str, terms: Terms, deadline: float) -> Comm:
        """Do as `connect` over a connected socket, which leads there; it is closed if that fails."""
        sock.close()
        raise ValueError(f"connections to {location!r} aren't made over sockets")

    @abstractmethod
    async def listen(
        self,
        location: str,
        terms: Terms,
        on_comm: OnComm,
        on_bulk: OnBulk | None,
        interface: str | None,
        contact_address: str | None,
    ) -> Listener:
        """Begin to listen. Raises OSError or ValueError if that isn't possible there."""

    @abstractmethod
    def connect_bulk(self, location: str, terms: Terms, deadline: float) -> Bulk:
        """Make one attempt on a thread that may wait, until the deadline (`time.monotonic`). Raises as `connect`."""


_BACKENDS: dict[str, Backend] = {}


def register_backend(scheme: str, backend: Backend) -> None:
    """Have addresses that begin with ``scheme://`` served by a backend; a later one replaces an earlier one.

    Raises
    ------
    TypeError
        If it is no backend.
    """
    if not isinstance(backend, Backend):
        raise TypeError(f"a backend must be an instance of comm.backends.Backend, got {type(backend).__name__}")
    _BACKENDS[scheme] = backend


def backend_for(scheme: str) -> Backend:
    """Return the backend of a scheme.

    Raises
    ------
    ValueError
        If there is none; the message names those that there are.
    """
    if scheme not in _BACKENDS:
        close = difflib.get_close_matches(scheme, _BACKENDS, 1)
        hint = f"did you mean {close[0]}://? " if close else ""
        known = sorted(one for one, backend in _BACKENDS.items() if backend.is_public)
        raise ValueError(f"unknown scheme {scheme}://; {hint}Known: {', '.join(f'{one}://' for one in known)}")
    return _BACKENDS[scheme]
