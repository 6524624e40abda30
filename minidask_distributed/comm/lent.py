"""Receiving on another thread than the loop's: by one that acts on what comes at once, and needn't be woken for it.

Place in the flow: a `StreamComm` lends its receiving (`Comm.lend`) to a thread that has nothing else to do; a worker's idle
thread waits for the scheduler's next task itself (`worker.reading`). That saves a short task a change of threads, about a
seventh of its way from the client and back.

Whoever borrowed it waits for messages (`wait`) until it gives the receiving back (`give_back`): when it has something else to
do, when what came is the loop's business, or when it was asked to (`recall`). Nobody reads between two waits.

To sleep and be woken costs both sides more than a short task does. So when the last waits were short, the borrower looks
again and again for as long as it may, before it sleeps, and gives the processor to whoever wants it after each look; what others
take from it makes its waits longer, which ends the looking.

Invariants: the borrower has a descriptor of its own, so that the loop may close the comm at any time; what was read is passed
on once and in order, by the borrower or, after it has given back, by the loop.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

from minidask_distributed.messages import Message

is_possible = hasattr(os, "eventfd") and hasattr(select, "poll")
"""Whether a thread can wait here for a socket and for being called at a time."""

SHORT_WAITS = 4
"""After so many another one is expected."""


class Reading(NamedTuple):
    """What one reading of a socket brought."""

    messages: list[Message]
    some: bool = False  # anything at all, if only a part of a message
    ended: bool = False  # the peer sends nothing more
    error: BaseException | None = None  # nothing more can be read


class LentReceiving:
    """The receiving of a comm, in the hands of another thread.

    Parameters
    ----------
    sock
        A descriptor of the connection of its own; `give_back` closes it.
    read
        Reads from it what is there, without waiting.
    take_back
        Gets what was read and not acted on; called once, on the giver's thread.
    """

    def __init__(
        self, sock: socket.socket, read: Callable[[socket.socket], Reading], take_back: Callable[[Reading], object]
    ) -> None:
        self.recalled = False  # the comm wants it back
        self._sock = sock
        self._read = read
        self._take_back = take_back
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._poll.register(self._bell, select.POLLIN)
        self._short_waits = 0  # lately
        self._lock = threading.Lock()
        self._over = False

    def wait(self, look_s: float = 0.0) -> Reading:
        """Wait until something came; a reading of nothing if somebody has rung. One thread at a time.

        Parameters
        ----------
        look_s
            A wait is short if it takes no longer; then so much of the next ones is spent looking rather than asleep.
        """
        begun = perf_counter()
        until = begun + look_s if self._short_waits >= SHORT_WAITS else begun
        reading = None
        while reading is None:
            reading = self._take(self._look(until) or self._poll.poll())
        if perf_counter() - begun < look_s:
            self._short_waits = min(self._short_waits + 1, 2 * SHORT_WAITS)
        else:
            # A single long one among many short ones doesn't count, two do.
            self._short_waits //= 2
        return reading

    def _look(self, until: float) -> list[tuple[int, int]]:
        """Return the descriptors at which something is, none after some time; whoever wants the processor goes first."""
        while perf_counter() < until:
            if there := self._poll.poll(0):
                return there
            # Should that keep the interpreter's lock, the next poll gives it up.
            os.sched_yield()
        return []

    def _take(self, there: list[tuple[int, int]]) -> Reading | None:
        """Return what came at the descriptors; None if it is no whole message."""
        if any(descriptor == self._bell for descriptor, _ in there):
            os.eventfd_read(self._bell)
            return Reading([])
        reading = self._read(self._sock)
        return reading if reading.messages or reading.ended or reading.error is not None else None

    def ring(self) -> None:
        """End a `wait`, the present one or the next; any thread."""
        with self._lock:
            if not self._over:
                os.eventfd_write(self._bell, 1)

    def recall(self) -> None:
        """Ask for the receiving; any thread."""
        self.recalled = True
        self.ring()

    def give_back(self, reading: Reading | None = None) -> None:
        """Have the loop receive again, after it has passed on what is given. Again: nothing. Not while a thread waits."""
        with self._lock:
            if self._over:
                return
            self._over = True
            os.close(self._bell)
        self._sock.close()
        self._take_back(reading if reading is not None else Reading([]))
