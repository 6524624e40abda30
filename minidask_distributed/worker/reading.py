"""Who receives what the scheduler sends: the worker's loop, or, for lone short tasks, the idle thread that will run them.

Place in the flow: part of the `engine`. A task that is sent alone to a worker with nothing to do (``client.submit(f).result()``
in a loop) would wake the loop's thread, which wakes the thread that runs it. When such tasks have come a few times in a row,
the loop lends its receiving to an idle thread (`comm.lent`): that takes the task in, runs it, reports it, and waits for the next.

The thread gives the receiving back before it begins anything that may take longer than `SHORT_US`, or when there is more work
than it can do at once, when something comes that is the loop's business, and when it is asked to. Should a task take longer
than it did before, or nothing come, the loop's timer takes the receiving back after `CHECK_S`: a cancellation arrives that
much later.

Invariants: all is decided under the engine's lock; the thread that receives is in the list of the pool's idle ones, where
whoever has work for it finds it; what is read is acted on in order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

from minidask_distributed.comm.lent import LentReceiving, Reading
from minidask_distributed.worker.machine import DEFAULT_EXECUTOR, Task

if TYPE_CHECKING:
    from minidask_distributed.worker.engine import Engine
    from minidask_distributed.worker.execute import Pool, Slot

logger = logging.getLogger(__name__)

LEND_AFTER = 4
"""Lone short tasks in a row until the receiving is lent."""

ASK_AGAIN_AFTER = 100
"""So many more of them, where it was asked for and couldn't be had."""

SHORT_US = 1000

CHECK_S = 0.01
"""How often the loop's timer sees whether tasks still come and go."""


class DirectReading:
    """The receiving of a worker, in whosever hands it is.

    Parameters
    ----------
    engine : Engine
    look_s : float
        For how long a thread that receives may look for the next task before it sleeps, see `comm.lent`.
    """

    def __init__(self, engine: Engine, look_s: float) -> None:
        self.slot: Slot | None = None  # that has it; None: the loop
        self._engine = engine
        self._look_s = look_s
        self._lend: Callable[[], LentReceiving | None] | None = None
        self._lone = 0
        self._asked = False  # the loop is about to lend it
        self._checking = False  # the loop's timer runs
        self._seen_finished = 0

    def offer(self, lend: Callable[[], LentReceiving | None] | None) -> None:
        """Take note of how the receiving can be borrowed, on the loop; None: not at all. Under the lock."""
        self._lend = lend
        self._lone = 0

    # ------------------------------------------------------------ on a thread that runs tasks

    def idle(self, tasks: int, seconds: float) -> None:
        """A thread of the default pool has nothing more to do; it ran so many tasks, the last for so long. Under the lock."""
        if tasks:
            self._lone = self._lone + 1 if tasks == 1 and seconds * 1e6 <= SHORT_US else 0
            if self._lone >= LEND_AFTER and self._lend is not None and self.slot is None and not self._asked:
                self._asked = True
                self._engine.call_soon(self._begin)

    def begins(self, task: Task) -> None:
        """The thread that receives is about to run a task: may the scheduler wait meanwhile? Under the lock."""
        recipe = task.recipe
        assert recipe is not None
        if not 0 <= recipe.expected_us <= SHORT_US or self._engine.machine.n_ready:
            self.give_back()

    def wait(self, pool: Pool, slot: Slot, lent: LentReceiving) -> None:
        """Receive, and take in what came."""
        reading = lent.wait(self._look_s)
        with self._engine.lock:
            if slot in pool.idle:
                pool.idle.remove(slot)
            if slot.lent is not lent:
                return
            try:
                if lent.recalled or not self._take_in(reading):
                    self.give_back(reading)
            except Exception as error:
                # As if the loop had received it: whoever sends such a thing is sent away.
                logger.exception("closing the connection to the scheduler: its messages raised an error")
                self.give_back(Reading([], error=error))

    def _take_in(self, reading: Reading) -> bool:
        """Take in what came; False if it is the loop's business."""
        if reading.ended or reading.error is not None:
            return False
        return not reading.messages or self._engine.take_in(reading.messages)

    def give_back(self, reading: Reading | None = None) -> None:
        """Have the loop receive again, while no thread waits. Under the lock."""
        slot, self.slot = self.slot, None
        self._lone = 0
        if slot is not None and slot.lent is not None:
            lent, slot.lent = slot.lent, None
            lent.give_back(reading)

    # ------------------------------------------------------------ on the loop

    def _begin(self) -> None:
        engine = self._engine
        with engine.lock:
            self._asked = False
            idle = engine.pools[DEFAULT_EXECUTOR].idle
            lent = self._lend() if self._lend is not None and self.slot is None and idle else None
            if lent is None:
                self._lone = -ASK_AGAIN_AFTER
                return
            slot = self.slot = idle.pop()
            slot.lent = lent
            slot.wake.release()
        if not self._checking:
            self._check_later()

    def _check_later(self) -> None:
        self._checking = True
        self._seen_finished = self._engine.n_finished
        self._engine.loop.call_later(CHECK_S, self._check)

    def _check(self) -> None:
        """Take the receiving back from a thread that can't receive, or that nothing comes for."""
        engine = self._engine
        self._checking = False
        with engine.lock:
            slot = self.slot
            if slot is None or slot.lent is None:
                return
            if slot.task is not None:
                if perf_counter() - slot.started >= CHECK_S:
                    self.give_back()
                    return
            elif engine.n_finished == self._seen_finished:
                slot.lent.recall()
                return
        self._check_later()
