"""Tasks on the slots of a simulated worker, and what may be read of them.

Place in the flow: `workers` makes them; the recipe that a thread "read" and the fields of failures stand here, too.

Invariant: no slot runs two tasks.
"""

from __future__ import annotations

from typing import Any

from minidask_distributed.worker.machine import DEFAULT_EXECUTOR, Task


class Slots:
    """The free slots of a worker by executor: so many of the default one, and one called "side".

    Examples
    --------
    >>> slots = Slots(2)
    >>> slots.free
    {'default': [0, 1], 'side': [0]}
    """

    def __init__(self, nthreads: int) -> None:
        self.free = {DEFAULT_EXECUTOR: list(range(nthreads)), "side": [0]}

    def take(self, executor: str) -> tuple[str, int]:
        """Take a free slot of an executor, which must have one."""
        return executor, self.free[executor].pop()

    def give_back(self, run: Run) -> None:
        """Free the slot of a run, if it has one (still)."""
        if run.slot is not None:
            executor, number = run.slot
            assert number not in self.free[executor], f"two tasks run in slot {number} of {executor!r}"
            self.free[executor].append(number)
            run.slot = None


class Run:
    """A task that runs."""

    __slots__ = ("inputs", "slot", "started_s", "task")

    def __init__(self, task: Task, slot: tuple[str, int], inputs: list[Any], started_s: float) -> None:
        self.task = task
        self.slot: tuple[str, int] | None = slot  # None: it has none (any more)
        self.inputs = inputs
        self.started_s = started_s


class Loaded:
    """What the machine asks of a recipe that a thread has read."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def failure_of(text: str) -> dict[str, Any]:
    """Return the fields of a failure (`protocol.failures`).

    Examples
    --------
    >>> failure_of("no")["type"]
    'ValueError'
    """
    return {"type": "ValueError", "text": text, "traceback": "", "notes": [], "payload": None, "kind": "raised"}
