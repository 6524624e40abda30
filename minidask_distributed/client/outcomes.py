"""What came of futures that are done, results and exceptions alike, fetched together.

Place in the flow: `as_completed` and `executor` hand out many futures' results, in the order in which they come.

Invariants: nothing is raised but for the whole; one result that can't be had costs the others nothing but a second attempt.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from minidask_distributed.client.errors import error_of_state
from minidask_distributed.client.future import Future

if TYPE_CHECKING:
    from minidask_distributed.client.client import Client

__all__ = ["Raised", "outcomes", "outcomes_async"]


class Raised:
    """An exception in place of a result."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def outcomes(futures: list[Future]) -> list[Any]:
    """Return the results of futures that are done, fetched together; in place of those that there aren't a `Raised`."""
    found, wanted = _known(futures)
    for client, places in wanted.items():
        try:
            values = client.gather([futures[at] for at in places])
        except Exception:
            # One of them failed or got lost meanwhile: each for itself says which.
            values = [_outcome(futures[at]) for at in places]
        _put(found, places, values)
    return found


async def outcomes_async(futures: list[Future]) -> list[Any]:
    """As `outcomes`, without blocking the event loop; on any loop."""
    if any(not future.client.asynchronous for future in futures):
        return await asyncio.to_thread(outcomes, futures)
    found, wanted = _known(futures)
    for client, places in wanted.items():
        try:
            values = await client.gather([futures[at] for at in places])
        except Exception:
            # As above.
            values = [await _outcome_async(futures[at]) for at in places]
        _put(found, places, values)
    return found


def _known(futures: list[Future]) -> tuple[list[Any], dict[Client, list[int]]]:
    """Return a list with the exceptions in their places, and {client: places} of what is to be fetched."""
    found: list[Any] = [None] * len(futures)
    wanted: dict[Client, list[int]] = {}
    for at, future in enumerate(futures):
        error = error_of_state(future._state)
        if error is not None:
            found[at] = Raised(error)
        else:
            wanted.setdefault(future.client, []).append(at)
    return found, wanted


def _put(found: list[Any], places: list[int], values: list[Any]) -> None:
    for at, value in zip(places, values, strict=True):
        found[at] = value


def _outcome(future: Future) -> Any:
    try:
        return future.result()
    except Exception as error:
        return Raised(error)


async def _outcome_async(future: Future) -> Any:
    try:
        return await future
    except Exception as error:
        return Raised(error)
