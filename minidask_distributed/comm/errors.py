"""What can go wrong with a connection, as exceptions that an ``except OSError`` or ``except TimeoutError`` also catches.

Place in the flow: raised by everything in `comm`; servers and clients tell final errors (authentication, versions) from
those that another attempt may mend by these classes.

Invariants: every message says what was wrong and, where there is one, the remedy; none shows a secret.
"""

from __future__ import annotations

from typing import Self


def cause_of(error: BaseException | None) -> str:
    """Return why a connection failed, for a text that says already which one it is.

    Examples
    --------
    >>> error = CommClosedError("the connection to tcp://here:1 was lost: Broken pipe").because("Broken pipe")
    >>> cause_of(error), cause_of(OSError("disk full")), cause_of(None)
    ('Broken pipe', 'disk full', '')
    """
    return "" if error is None else getattr(error, "why", "") or getattr(error, "strerror", None) or str(error)


class CommError(OSError):
    """Something is wrong with a connection; ``why``: the cause alone, "" if it isn't told apart."""

    why: str = ""

    def because(self, why: str) -> Self:
        """Note the cause alone; return the error."""
        self.why = why
        return self


class CommClosedError(CommError):
    """The connection is closed, by either side or by the network."""


class HandshakeError(CommError):
    """The peer doesn't speak this protocol, broke it, or went away before it had introduced itself."""


class StrangerError(HandshakeError):
    """The peer is no part of a cluster: it speaks another language."""


class AuthenticationError(HandshakeError, PermissionError):
    """The two sides don't have the same token, or don't trust each other's certificates. Trying again won't help."""


class VersionMismatchError(HandshakeError):
    """The two sides run versions that can't work together. Trying again won't help."""


class EncryptionRequiredError(CommError):
    """The settings ask for TLS, and the address is one without."""


class ConnectTimeoutError(CommError, TimeoutError):
    """Nobody answered, or not as a peer of the cluster does, within the time that was given."""


class UnencryptedListenerWarning(UserWarning):
    """A listener that other hosts can reach works without TLS."""
