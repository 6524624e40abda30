"""What is wrong with bytes that came over a connection: one exception for all of this package.

Place in the flow: raised by everything that reads foreign bytes (frames, columns of keys, compressed data), caught by
connections, which close. Not for errors of user code: an object that can't be pickled or read again raises what Python
would raise, most often a TypeError.
"""

from __future__ import annotations

__all__ = ["ProtocolError"]


class ProtocolError(ValueError):
    """Bytes that no peer of this version would have sent: the connection that they came over can't go on.

    Examples
    --------
    >>> issubclass(ProtocolError, ValueError)
    True
    """
