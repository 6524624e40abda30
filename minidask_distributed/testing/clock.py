"""A clock that jumps: time passes only from one event to the next, so a simulated minute takes no longer than its events.

Place in the flow: the bottom of `testing`; everything that a simulation does later is a timer here.

Invariants: timers run in the order of their times, those of equal times in the order in which they were set; time never goes
back. The same timers in the same order give the same life. Not for: threads, or code that reads the real clock.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush


class Timer:
    """Something that is to happen; `cancel` keeps it from happening."""

    __slots__ = ("action", "background")

    def __init__(self, action: Callable[[], object], background: bool) -> None:
        self.action: Callable[[], object] | None = action
        self.background = background

    def cancel(self) -> None:
        """Forget the action. No error if it has happened."""
        self.action = None


class VirtualClock:
    """Timers and the time.

    Examples
    --------
    >>> clock = VirtualClock()
    >>> _ = clock.call_later(2.0, lambda: print("second"))
    >>> _ = clock.call_later(1.0, lambda: print("first"))
    >>> clock.run_next(), clock.run_next(), clock.run_next()
    first
    second
    (True, True, False)
    >>> clock.now
    2.0
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now  # seconds
        self.n_run = 0  # actions so far
        self._heap: list[tuple[float, int, Timer]] = []
        self._serial = 0
        self._foreground = 0

    def call_at(self, when: float, action: Callable[[], object], background: bool = False) -> Timer:
        """Run an action at a time, at once if that is past; return its timer.

        Parameters
        ----------
        when : float
            Seconds.
        action : callable
            Without arguments.
        background : bool
            Whether it goes on for ever anyway (a tick, a heartbeat), so that nobody waits for it to end.
        """
        timer = Timer(action, background)
        self._serial += 1
        self._foreground += not background
        heappush(self._heap, (max(when, self.now), self._serial, timer))
        return timer

    def call_later(self, delay_s: float, action: Callable[[], object], background: bool = False) -> Timer:
        """Run an action after so many seconds; return its timer."""
        return self.call_at(self.now + delay_s, action, background)

    @property
    def busy(self) -> bool:
        """Whether anything but background actions is still to happen (or was, and is cancelled)."""
        return self._foreground > 0

    def run_next(self) -> bool:
        """Jump to the next timer and run its action; return False if there is none."""
        while self._heap:
            when, _, timer = heappop(self._heap)
            self._foreground -= not timer.background
            action, timer.action = timer.action, None
            if action is not None:
                self.now = when
                self.n_run += 1
                action()
                return True
        return False

    def run_until(self, when: float) -> None:
        """Run everything up to a time, which it is then."""
        while self._heap and self._heap[0][0] <= when:
            self.run_next()
        self.now = max(self.now, when)
