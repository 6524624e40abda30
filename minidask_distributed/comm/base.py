"""What a connection, a bulk connection and a listener can do, whatever they run over.

Place in the flow: servers and clients know these classes alone; `stream`, `bulk` and `inproc` implement them, and
`endpoints.connect`, `listen` and `connect_bulk` make them.

Two kinds of connection: a `Comm` carries control messages between event loops and never blocks; a `Bulk` carries large
values between blocking threads. Both are authenticated before they exist.

Invariants of a `Comm`: messages of one thread arrive in the order in which it sent them; `on_close` is called exactly
once, on the loop's thread, after the last message; afterwards nothing is called. What was given to `send` isn't changed
by anybody until `pending_bytes` is 0: large values go out without being copied.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.comm.lent import LentReceiving
from minidask_distributed.comm.peer import Peer
from minidask_distributed.messages import Message

OnMessages: TypeAlias = "Callable[[list[Message]], object]"
OnClose: TypeAlias = "Callable[[BaseException | None], object]"


class Comm(ABC):
    """A bidirectional, authenticated channel for control messages."""

    local_address: str
    peer_address: str
    peer: Peer
    serialized: bool  # False: messages pass by reference
    same_host: bool

    @abstractmethod
    def start(self, on_messages: OnMessages, on_close: OnClose) -> None:
        """Begin to receive; on the loop's thread, once.

        Parameters
        ----------
        on_messages
            Gets every complete message of one reading as one list, on the loop's thread. If it raises, the comm is
            closed with that error, which is logged.
        on_close
            Gets None if either side closed in good order, or what went wrong.

        Raises
        ------
        RuntimeError
            If the comm was started before, or on another thread.
        """

    begun: int = 0
    """`id` of the last list given to `send` of which something may have left; whoever was interrupted asks it."""

    @abstractmethod
    def send(self, messages: list[Message]) -> None:
        """Send messages, from any thread, without ever waiting for the peer.

        Raises
        ------
        CommClosedError
            If the comm is closed.
        TypeError
            If something in a message can't be sent; nothing of the list is.
        """

    @property
    @abstractmethod
    def pending_bytes(self) -> int:
        """Bytes that the system hasn't taken yet, since the peer doesn't read as fast. Any thread may ask."""

    @abstractmethod
    async def drain(self, below_bytes: int = 0) -> None:
        """Wait until at most so many bytes are pending.

        Raises
        ------
        CommClosedError
            If the comm is closed before that.
        """

    @abstractmethod
    def pause_reading(self) -> None:
        """Receive nothing until `resume_reading`, so that the peer's bytes pile up on its side. Loop's thread only."""

    @abstractmethod
    def resume_reading(self) -> None:
        """Receive again. Loop's thread only."""

    def lend(self) -> LentReceiving | None:
        """Let another thread receive instead of the loop, until it gives that back; None: not here. Loop's thread only."""
        return None

    @abstractmethod
    def abort(self) -> None:
        """Close at once, from any thread; what is pending is lost. No error if it is closed already."""

    @abstractmethod
    async def close(self) -> None:
        """Send what is pending, then close, and return when the comm is gone; what still comes in is dropped.

        A peer that takes no bytes for some seconds is given up. No error if it is closed already.
        """

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""

    _why = ""  # it ended

    def _closed_error(self) -> CommClosedError:
        return CommClosedError(f"the connection to {self.peer_address} is closed: {self._why}").because(self._why)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        peer = getattr(self, "peer", None)
        name = f" {peer.role} {peer.name}".rstrip() if peer else ""
        return f"<{type(self).__name__} {self.local_address} to{name} {self.peer_address}, {state}>"


class Bulk(ABC):
    """A blocking channel for large values: one thread sends and receives at a time, any may close.

    Either end may begin, but not both at a time: whoever asks something waits for the answer before it asks again.
    """

    local_address: str
    peer_address: str
    peer: Peer
    serialized: bool

    @abstractmethod
    def send(self, message: Message) -> None:
        """Send a message; return when the system has all of it. Large buffers aren't copied.

        Raises
        ------
        CommClosedError
            If the connection is, or gets, closed.
        TypeError
            If something in the message can't be sent; nothing of it is.
        """

    @abstractmethod
    def recv(self, timeout_s: float | None = None) -> Message:
        """Wait for a message.

        Parameters
        ----------
        timeout_s
            Seconds to wait; None for as long as it takes.

        Raises
        ------
        CommClosedError
            If the connection is, or gets, closed by either side.
        TimeoutError
            If no whole message came in time; the next call goes on where this one stopped.
        ProtocolError
            If what came is no message, or larger than allowed; the connection is closed.
        """

    @abstractmethod
    def close(self) -> None:
        """Close, from any thread; whoever waits in `send` or `recv` gets a CommClosedError."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""

    _why = ""  # it ended

    def _closed_error(self) -> CommClosedError:
        return CommClosedError(f"the bulk connection to {self.peer_address} is closed: {self._why}")

    def __enter__(self) -> Bulk:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Listener(ABC):
    """What takes connections at an address, until it is closed."""

    listen_address: str
    contact_address: str
    port: int | None  # None where there are none

    @abstractmethod
    async def close(self) -> None:
        """Take no more connections and end those that are still introducing themselves.

        Bulk connections are closed and their threads joined; comms belong to whom they were given to. Callbacks that
        still await something are cancelled.
        """


OnComm: TypeAlias = "Callable[[Comm], Awaitable[object] | None]"
OnBulk: TypeAlias = "Callable[[Bulk], object]"
