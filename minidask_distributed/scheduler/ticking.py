"""The scheduler's timer: the machine's ticks, a watch on the event loop, and the end for want of work.

Place in the flow: `server` starts it when it listens and stops it when it closes.

Invariants: the clock is monotonic, so that a change of the wall clock changes nothing; an error of the machine is logged
and the timer goes on.

Not for: what a tick means (`scheduler.machine`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from minidask_distributed.scheduler.machine.states import NO_WORKER, PROCESSING, QUEUED

logger = logging.getLogger(__name__)

TICK_S = 0.2
"""How often the machine looks at the time: its shortest span is a fifth of a second, too."""


DEAF_S = 1.0
"""Ticks that come later than this say that nobody listened meanwhile: the process was stopped, as by Ctrl-Z, or busy."""


class Ticking:
    """The timer of one scheduler.

    Parameters
    ----------
    scheduler
        The `Scheduler`.
    idle_timeout_s
        Close it after so many seconds without work; None: never.
    blocked_s
        Warn when the loop was blocked for longer.
    """

    def __init__(self, scheduler: Any, idle_timeout_s: float | None, blocked_s: float) -> None:
        self._scheduler = scheduler
        self.idle_timeout_s = idle_timeout_s
        self.blocked_s = blocked_s
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._moves = 0  # that were in the log when the scheduler was last seen busy
        self._idle_since = 0.0

    def start(self) -> None:
        """Tick from now on, on the running loop."""
        self._idle_since = time.monotonic()
        self._schedule()

    def stop(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        self._due = time.monotonic() + TICK_S
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        scheduler, now = self._scheduler, time.monotonic()
        late_s = now - self._due
        if late_s > self.blocked_s:
            logger.warning(
                "the scheduler's event loop was blocked for %.1f s: by a plugin, by run_on_scheduler, or because the "
                "machine was busy or asleep",
                late_s,
            )
        deaf_s = late_s if late_s > DEAF_S else 0.0
        self._idle_since += deaf_s
        try:
            scheduler.machine.tick(now, deaf_s)
        except Exception:
            logger.exception("the scheduler's machine failed at a tick")
        scheduler.events.tick(now)
        scheduler.flush()
        try:
            scheduler.recorder.tick(now, time.time(), late_s)
        except Exception:
            logger.exception("what is recorded for people is incomplete")
        if self.idle_timeout_s is not None and self._idle_for(now) > self.idle_timeout_s:
            scheduler.close_soon(f"there was nothing to do for {self.idle_timeout_s:g} s")
        else:
            self._schedule()

    def _idle_for(self, now: float) -> float:
        """Seconds since which no task was to be run and none changed its state."""
        state = self._scheduler.machine.state
        moves = state.log.dropped + len(state.log.tasks)
        if moves != self._moves or any(state.counts[one] for one in (QUEUED, NO_WORKER, PROCESSING)):
            self._moves, self._idle_since = moves, now
        return now - self._idle_since
