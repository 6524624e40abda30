"""A call to the scheduler that lasts as long as a block of the client's: begun, and answered when the block ends.

Place in the flow: `memory_sampler` and performance reports; the scheduler's side is `scheduler.handlers.measuring`.

Invariants: when `begin` returns the scheduler has begun; whatever goes wrong, nothing is left waiting.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

__all__ = ["LastingCall"]


class LastingCall:
    """One such call.

    Parameters
    ----------
    client : Client
    name : str
        Of the handler.
    **arguments
        For it.
    """

    def __init__(self, client: Any, name: str, **arguments: Any) -> None:
        self._client, self._call, self._arguments = client, name, arguments
        self._name = uuid.uuid4().hex
        self._answer: asyncio.Task[Any] | None = None

    async def begin(self) -> None:
        """Make the call.

        Raises
        ------
        Exception
            What the handler refuses it with.
        """
        self._answer = asyncio.ensure_future(self._client.call(self._call, name=self._name, **self._arguments))
        try:
            # So that this call goes first; what the scheduler says to the next one then tells whether it was refused.
            await asyncio.sleep(0)
            running = await self._client.call("memory_sample_running", name=self._name)
        except BaseException:
            await self.give_up()
            raise
        if not running:
            await self._answer
            raise RuntimeError("the scheduler ended the call at once")

    async def end(self) -> Any:
        """End it; return the answer."""
        assert self._answer is not None
        try:
            await self._client.call("memory_sample_end", name=self._name)
            return await self._answer
        except BaseException:
            await self.give_up()
            raise

    async def give_up(self) -> None:
        """Want no answer any more."""
        assert self._answer is not None
        self._answer.cancel()
        await asyncio.gather(self._answer, return_exceptions=True)
