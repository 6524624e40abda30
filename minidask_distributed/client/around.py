"""Blocks of a user's code that a client accompanies: ``with`` and ``async with`` of one beginning and one end.

Place in the flow: below what collects something of the tasks of a block (task streams, metadata, memory).
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

__all__ = ["Around"]


class Around:
    """A context manager around work of `client`: ``_begin`` runs before the block, ``_end`` behind it, however it ended.

    Raises
    ------
    TypeError
        On entering with an asynchronous client, unless by ``async with``.

    Examples
    --------
    >>> import asyncio
    >>> class Said(Around):
    ...     client = None
    ...
    ...     async def _begin(self):
    ...         print("begins")
    ...
    ...     async def _end(self):
    ...         print("ends")
    >>> async def main():
    ...     async with Said():
    ...         print("work")
    >>> asyncio.run(main())
    begins
    work
    ends
    """

    client: Any
    written = ""  # how users write it; "": as the class

    async def _begin(self) -> None:
        raise NotImplementedError(f"{type(self).__name__} must define _begin()")

    async def _end(self) -> None:
        raise NotImplementedError(f"{type(self).__name__} must define _end()")

    def __enter__(self) -> Self:
        if self.client.asynchronous:
            written = self.written or type(self).__name__
            raise TypeError(f"the client is asynchronous: use `async with {written}(...)`")
        self.client.sync(self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.client.sync(self._end)

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._end()
