"""Processes and the network between them, simulated: links that delay, break or fall silent, and requests for bulk data.

Place in the flow: `workers`, `clients`, `nannies` and `cluster` are processes joined by `Link`s; everything is a timer of the
`VirtualClock`, and all chance comes from one `random.Random`.

Invariants: what one end of a link sends arrives in order, or from some point on not at all; nothing arrives at a process that
is dead, and a frozen one gets it when it thaws. Different links know nothing of each other's order. Not for: bytes; messages
pass as they are, so nobody may change one that was sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from minidask_distributed.messages import Message
from minidask_distributed.testing.clock import VirtualClock

STEP_S = 0.0005
"""Delays are multiples of this, so that different things often happen at one and the same time."""

TIMEOUT_S = 4.0
"""How long whoever asks for bulk data waits."""


class Process:
    """Something that runs, may freeze, and ends."""

    def __init__(self, network: Network, name: str) -> None:
        self.network = network
        self.name = name
        self.alive = True
        self.frozen = False
        self.ends: list[End] = []
        self._late: list[Callable[[], object]] = []  # what a frozen process would have done

    def __repr__(self) -> str:
        state = "dead" if not self.alive else "frozen" if self.frozen else "alive"
        return f"<{type(self).__name__} {self.name}, {state}>"

    def after(self, delay_s: float, action: Callable[[], object], background: bool = False) -> None:
        """Do something later, if this process lives then; a frozen one does it when it thaws."""
        self.network.clock.call_later(delay_s, lambda: self.do(action), background)

    def do(self, action: Callable[[], object]) -> None:
        """Do something now, if this process lives; a frozen one does it when it thaws."""
        if not self.alive:
            return
        if self.frozen:
            self._late.append(action)
        else:
            action()

    def freeze(self, seconds: float) -> None:
        """Stop for a while, as a process that is suspended or thrashes; no effect on a frozen one."""
        if not self.frozen:
            self.frozen = True
            self.network.clock.call_later(seconds, self.thaw)

    def thaw(self) -> None:
        """Go on."""
        if not self.frozen:
            return
        self.frozen = False
        late, self._late = self._late, []
        for action in late:
            self.do(action)

    def die(self) -> None:
        """End at once: of what was sent, the last may never arrive."""
        self.alive = False
        self.network.listeners = {k: v for k, v in self.network.listeners.items() if v is not self}
        for end in list(self.ends):
            end.cut()


class End:
    """One end of a link: `send` goes to the other one."""

    def __init__(self, network: Network, process: Process) -> None:
        self.network = network
        self.process = process
        self.other: End
        self.open = True
        self.sound = True  # whether all that is sent arrives
        self.incoming: deque[tuple[float, list[Message] | None]] = deque()  # None: the other end is closed
        self.on_messages: Callable[[list[Message]], object]
        self.on_close: Callable[[], object]
        self.moves = 0  # changes of what is on its way to it
        self._last = 0.0

    def send(self, messages: list[Message]) -> None:
        """Send messages; they are lost without a word if the link is broken."""
        if messages and self.open and self.sound:
            self.other._enqueue(messages)

    def close(self) -> None:
        """Close in order: the other end gets what was sent, and hears of it; this one hears nothing more."""
        if self.open:
            self.open = False
            self.incoming.clear()
            self.process.ends.remove(self)
            if self.sound:
                self.other._enqueue(None)

    def cut(self) -> None:
        """Break the link: either end gets some of what was on its way, and hears of the break when it hears of it."""
        for end in (self, self.other):
            end.sound = False
        for end in (self, self.other):
            kept = self.network.dice.randint(0, len(end.incoming))
            while len(end.incoming) > kept:
                end.incoming.pop()
            end._enqueue(None)

    def silence(self, noticed_s: float) -> None:
        """Let nothing arrive any more; the ends hear of it after some seconds, if they haven't given up by then."""
        for end in (self, self.other):
            end.sound = False
            end.incoming.clear()
            end.moves += 1
            self.network.clock.call_later(noticed_s * self.network.dice.random(), end._ended)

    def in_flight(self) -> Iterator[Message]:
        """Yield what is on its way to this end, in order."""
        for _, messages in self.incoming:
            yield from messages or ()

    def _enqueue(self, messages: list[Message] | None) -> None:
        if not self.open:
            return
        self.moves += 1
        clock = self.network.clock
        self._last = max(self._last, clock.now + self.network.delay())
        self.incoming.append((self._last, messages))
        clock.call_at(self._last, lambda: self.process.do(self._deliver))

    def _deliver(self) -> None:
        self.moves += 1
        batch: list[Message] = []
        now = self.network.clock.now
        while self.open and self.incoming and self.incoming[0][0] <= now:
            messages = self.incoming.popleft()[1]
            if messages is not None:
                batch += messages
                continue
            if batch:
                self.on_messages(batch)
            self._ended()
            return
        if batch and self.open:
            self.on_messages(batch)

    def _ended(self) -> None:
        if self.open:
            self.open = False
            self.process.ends.remove(self)
            if self.process.alive:
                self.process.do(self.on_close)


class Network:
    """All links, and who listens where.

    Parameters
    ----------
    clock : VirtualClock
    dice : random.Random

    Examples
    --------
    >>> from minidask_distributed.messages import Bye
    >>> network = Network(VirtualClock(), Random(1))
    >>> one, two = network.link(Process(network, "one"), Process(network, "two"))
    >>> two.on_messages = print
    >>> one.send([Bye("a")])
    >>> network.clock.run_next()
    [Bye(reason='a')]
    True
    """

    def __init__(self, clock: VirtualClock, dice: Random) -> None:
        self.clock = clock
        self.dice = dice
        self.listeners: dict[str, Process] = {}  # by address, for bulk data
        self.rough = True  # whether requests get lost, and some delays are long

    def delay(self) -> float:
        """Throw the dice for how long something is on its way, in seconds."""
        steps = self.dice.randrange(6)
        if self.rough and not self.dice.randrange(12):
            steps += self.dice.randrange(100)
        return STEP_S * steps

    def link(self, one: Process, two: Process) -> tuple[End, End]:
        """Join two processes; the ends' ``on_messages`` and ``on_close`` are to be set."""
        ends = End(self, one), End(self, two)
        ends[0].other, ends[1].other = ends[1], ends[0]
        for end in ends:
            end.process.ends.append(end)
        return ends

    def ask(
        self,
        asker: Process,
        address: str,
        question: Callable[[Any], Any],
        answered: Callable[[Any], object],
        failed: Callable[[], object],
    ) -> None:
        """Ask whoever listens at an address, as on a bulk connection.

        Parameters
        ----------
        asker : Process
        address : str
        question : callable
            Called with the listening process when the question gets there; what it returns is the answer.
        answered, failed : callable
            One of them is called later, with the answer or without arguments, if the asker lives then.
        """
        once = [False]

        def end(action: Callable[[], object]) -> None:
            if not once[0]:
                once[0] = True
                asker.do(action)

        def fail() -> None:
            end(failed)

        def arrive() -> None:
            listener = self.listeners.get(address)
            if listener is None or (self.rough and not self.dice.randrange(25)):
                self.clock.call_later(self.delay(), fail)
            else:
                listener.do(lambda: go_back(question(listener)))

        def go_back(answer: Any) -> None:
            self.clock.call_later(self.delay(), lambda: end(lambda: answered(answer)))

        self.clock.call_later(self.delay(), arrive)
        # Only a frozen or dead peer lets anybody wait so long.
        self.clock.call_later(TIMEOUT_S, fail)
