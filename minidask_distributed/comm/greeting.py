"""The handshake over a socket: on a loop, where strangers may be slow, or on a thread that may wait.

Place in the flow: `tcp` calls it for each new connection, plain or TLS; it drives a `handshake.Handshake`.

Invariants: exactly the bytes of the handshake are read, so that the first message is left for the connection. In case
of an error the other side is told, if it may be, and the error is one of `errors`; the caller closes the socket.

Not for: bounds of time on a loop (`asyncio.timeout` around it).
"""

from __future__ import annotations

import contextlib
import socket
import time

from minidask_distributed.comm.handshake import Handshake, Refusal
from minidask_distributed.comm.sockets import farewell, receive_some, send_all
from minidask_distributed.comm.tls import explained


async def greet(sock: socket.socket, handshake: Handshake, peer_name: str) -> None:
    """Carry a handshake through on a non-blocking socket.

    Raises
    ------
    HandshakeError
        If it failed; its subclasses say more.
    """
    try:
        await send_all(sock, handshake.start())
        while not handshake.done:
            await send_all(sock, handshake.receive(await receive_some(sock, handshake.wanted)))
    except Refusal as refusal:
        if refusal.reply:
            await farewell(sock, refusal.reply)
        raise refusal.error from None
    except OSError as error:
        raise explained(error, peer_name) from error


def greet_blocking(sock: socket.socket, handshake: Handshake, peer_name: str, deadline: float) -> None:
    """Carry a handshake through on a thread, until the deadline (of `time.monotonic`).

    Raises
    ------
    HandshakeError
        If it failed; its subclasses say more.
    TimeoutError
        If the deadline passes.
    """
    try:
        sock.settimeout(_left(deadline))
        sock.sendall(handshake.start())
        while not handshake.done:
            sock.settimeout(_left(deadline))
            sock.sendall(handshake.receive(sock.recv(handshake.wanted)))
    except Refusal as refusal:
        with contextlib.suppress(OSError):  # it has gone already, and the refusal is the error that counts
            sock.sendall(refusal.reply)
        raise refusal.error from None
    except TimeoutError:
        raise
    except OSError as error:
        raise explained(error, peer_name) from error


def _left(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("the handshake took too long")
    return left_s
