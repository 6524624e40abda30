"""What the worker's machine asks its shell to do; one small class for each.

Place in the flow: `machine` appends to ``instructions``, the shell drains them after every event and answers the fetches and
keeps with events (`arrived`, `fetch_failed`, `stored`, `unreadable`). Dropping values is asked for by ``machine.drops``, a list
of ids, since that is many a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from minidask_distributed.worker.machine.records import Task


@dataclass(slots=True, frozen=True)
class Fetch:
    """Ask a peer for results; answered once, with ``arrived`` or ``fetch_failed``."""

    serial: int
    number: int  # of the peer
    address: str
    tasks: list[int]
    nbytes: int  # expected, 0: not known


@dataclass(slots=True, frozen=True)
class Abandon:
    """Give a fetch up: its peer is gone. What arrives all the same may be handed in."""

    serial: int
    number: int
    address: str


@dataclass(slots=True, frozen=True)
class Interrupt:
    """Make a running task stop; the machine doesn't wait for it. Its thread's slot is to be free at once."""

    task: Task
    reason: str


@dataclass(slots=True, frozen=True)
class Keep:
    """Unpack data from the scheduler; answered with ``stored``, or with ``unreadable`` for each that can't be read."""

    tasks: list[int]
    payloads: list[Any]


Instruction: TypeAlias = Fetch | Abandon | Interrupt | Keep
