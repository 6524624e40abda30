"""A comm without a wire: it keeps what was sent, and receives what a test hands it.

Place in the flow: stands in for `comm.Comm` wherever one is expected (servers, clients, an engine of a worker), so that a test
can say what was sent, and that nothing else was.

Invariants: those of `Comm`, but for threads: everything happens at once, on the caller's. Not for: measuring, or anything
between two real sides; in-process comms (``inproc://``) do that.
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

from minidask_distributed.comm.base import Comm, OnClose, OnMessages
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.comm.peer import Identity, Peer, peer_of
from minidask_distributed.messages import Message

Kind = TypeVar("Kind", bound=Message)


class RecordingComm(Comm):
    """One end of a comm whose other end is the test.

    Parameters
    ----------
    role, name : str
        Of the peer that the test plays.
    serialized : bool
        Whether to pretend that messages are turned into bytes.

    Examples
    --------
    >>> from minidask_distributed.messages import Bye, Free
    >>> comm = RecordingComm("worker", "alice")
    >>> comm.start(print, print)
    >>> comm.send([Free([1]), Bye("done")])
    >>> comm.take(Free)
    [Free(tasks=[1])]
    >>> comm.take()
    [Bye(reason='done')]
    >>> comm.assert_nothing_sent()
    >>> comm.receive(Free([2]))
    [Free(tasks=[2])]
    """

    def __init__(self, role: str = "scheduler", name: str = "", serialized: bool = True) -> None:
        self.local_address = "recording://here"
        self.peer_address = f"recording://{name or role}"
        self.peer: Peer = peer_of(Identity(role, name, versions={}))
        self.serialized = serialized
        self.same_host = True
        self.sent: list[Message] = []
        self.reading = True
        self._kept: list[Message] = []  # came while reading was paused
        self._on_messages: OnMessages | None = None
        self._on_close: OnClose | None = None
        self._closed = False

    # ------------------------------------------------------------ what the code under test uses

    def start(self, on_messages: OnMessages, on_close: OnClose) -> None:
        """Begin to receive. Raises RuntimeError the second time."""
        if self._on_messages is not None:
            raise RuntimeError("the comm was started before")
        self._on_messages, self._on_close = on_messages, on_close

    def send(self, messages: list[Message]) -> None:
        """Keep the messages. Raises CommClosedError if the comm is closed."""
        if self._closed:
            raise CommClosedError(f"the comm to {self.peer_address} is closed")
        self.sent += messages

    @property
    def pending_bytes(self) -> int:
        """Always 0: the test takes everything."""
        return 0

    async def drain(self, below_bytes: int = 0) -> None:
        """Return at once. Raises CommClosedError if the comm is closed."""
        if self._closed:
            raise CommClosedError(f"the comm to {self.peer_address} is closed")

    def pause_reading(self) -> None:
        """Let what is received wait."""
        self.reading = False

    def resume_reading(self) -> None:
        """Receive again, what waits first."""
        self.reading = True
        if self._kept:
            kept, self._kept = self._kept, []
            self.receive(*kept)

    def abort(self) -> None:
        """Close at once."""
        self.lose(None)

    async def close(self) -> None:
        """Close."""
        self.lose(None)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closed

    # ------------------------------------------------------------ what the test uses

    def receive(self, *messages: Message) -> None:
        """Let messages come from the peer, as one reading.

        Raises
        ------
        RuntimeError
            If the comm isn't started, or closed.
        """
        if self._on_messages is None or self._closed:
            raise RuntimeError("nobody listens: the comm wasn't started, or is closed")
        if self.reading:
            self._on_messages(list(messages))
        else:
            self._kept += messages

    def lose(self, error: BaseException | None) -> None:
        """End the comm: in good order (None), or by an error. No effect if it is closed."""
        if not self._closed:
            self._closed = True
            if self._on_close is not None:
                self._on_close(error)

    @overload
    def take(self, kind: None = None) -> list[Message]: ...

    @overload
    def take(self, kind: type[Kind]) -> list[Kind]: ...

    def take(self, kind: type[Any] | None = None) -> list[Any]:
        """Return and forget what was sent; with a kind only such messages, the others stay."""
        taken = [message for message in self.sent if kind is None or type(message) is kind]
        self.sent = [message for message in self.sent if kind is not None and type(message) is not kind]
        return taken

    def assert_nothing_sent(self) -> None:
        """Raise AssertionError if anything was sent that the test hasn't taken."""
        assert not self.sent, f"sent, and not expected: {self.sent}"
