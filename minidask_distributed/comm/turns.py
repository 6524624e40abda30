"""What is sent within a process while messages are taken arrives right behind them, in the same turn of the event loop.

Place in the flow: `stream` and `inproc` hand messages to their receivers by `take_turn`; an end of an in-process connection
that is sent something on its own loop's thread meanwhile has its look into the inbox put into `looks`. So the result that a
worker has reported reaches a client in the scheduler's process without a further turn of the loop, which would ask the system
for news first.

Invariants: one round only: what is sent while the looks are taken waits for the loop's next turn, as others' messages do. A
look that couldn't be taken, since the turn was interrupted, is the loop's.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class _Turn(threading.local):
    is_on = False
    looks: list[Callable[[], object]] | None = None


_turn = _Turn()


def looks() -> list[Callable[[], object]] | None:
    """Return what this thread does at the end of its turn, to be added to; None if it isn't in one."""
    return _turn.looks


def take_turn(receive: Callable[[T], object], given: T) -> None:
    """Call ``receive(given)``, then what was put into `looks` meanwhile; on the loop's thread.

    Raises
    ------
    Exception
        Whatever ``receive`` raises; the looks are taken all the same.

    Examples
    --------
    >>> take_turn(lambda text: (looks().append(lambda: print("then", looks())), print(text)), "first")
    first
    then None
    """
    if _turn.is_on:
        receive(given)
        return
    due: list[Callable[[], object]] = []
    try:
        _turn.is_on, _turn.looks = True, due
        receive(given)
    finally:
        _turn.looks = None
        try:
            if due:
                _take(due)
        finally:
            _turn.is_on = False


def _take(due: list[Callable[[], object]]) -> None:
    try:
        while due:
            due[0]()
            due.pop(0)
    except BaseException:
        loop = asyncio.get_running_loop()
        for look in due:
            loop.call_soon(look)
        raise
