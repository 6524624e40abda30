"""Wait until something is true of the cluster's members: enough workers are there, some have left.

Place in the flow: handlers wait here; `server` calls `wake` whenever a member came or went.

Invariants: conditions are looked at when members change and at no other time; who waits is woken once, or gives up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Waiting:
    """Conditions, and who waits for them.

    Examples
    --------
    >>> async def main():
    ...     workers, waiting = [], Waiting()
    ...     first = asyncio.ensure_future(waiting.until(lambda: len(workers) >= 1))
    ...     await asyncio.sleep(0)
    ...     workers.append("alice")
    ...     waiting.wake()
    ...     return await first, await waiting.until(lambda: len(workers) >= 2, timeout_s=0.01)
    >>> asyncio.run(main())
    (True, False)
    """

    def __init__(self) -> None:
        self._entries: dict[asyncio.Future[None], Callable[[], bool]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    async def until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until a condition is true; return whether it became so in time.

        Parameters
        ----------
        condition
            Looked at now, and whenever members change.
        timeout_s
            Seconds; None: as long as it takes.
        """
        if condition():
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._entries[future] = condition
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            return condition()
        finally:
            self._entries.pop(future, None)
        return True

    def wake(self) -> None:
        """Wake those whose condition is true."""
        for future, condition in list(self._entries.items()):
            if not future.done() and condition():
                future.set_result(None)

    def close(self) -> None:
        """Cancel whoever waits."""
        for future in list(self._entries):
            future.cancel()
