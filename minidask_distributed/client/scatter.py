"""`Client.scatter`: data from the client to the workers' memory.

Place in the flow: a part of `Client`. Small data go with the message that announces them; for large ones the scheduler says
which workers are to hold them, and the client puts them there by `transfers`, without copying them.

Invariants: scattered data have no lineage: if all workers that hold a piece are lost, it is. With ``hash`` equal data have
one name, and what this client holds already isn't sent again. A large piece is packed once: it is
named by the very payload that is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import partial
from queue import Queue
from typing import Any, NamedTuple
from uuid import uuid4

from minidask.graph.convert import check_key
from minidask.graph.task import Key
from minidask.sizeof import sizeof
from minidask.tokenize import tokenize
from minidask.units import parse_timedelta
from minidask_distributed.client.future import Future, future_of
from minidask_distributed.client.gather import Gathers
from minidask_distributed.client.options import worker_names
from minidask_distributed.client.session import ERROR, FINISHED, State
from minidask_distributed.messages import Destinations
from minidask_distributed.protocol.content import content_token
from minidask_distributed.protocol.payload import ByReference, Payload, pack
from minidask_distributed.protocol.small import dumps_small

INLINE_BYTES = 32_768
"""Data up to that size go with the message to the scheduler; larger ones directly to the workers."""
INLINE_TOTAL_BYTES = 4 << 20
"""The same for all data of one call together: the scheduler copies what passes through it."""
LARGE_BYTES = 1 << 20
"""Data from that size on are named by the hash of their wire form: `tokenize` takes 0.6 s a gigabyte, this 0.05 s."""


Packed = Payload | ByReference | bytes


class Scatters(Gathers):
    """The part of a client that sends data."""

    # Seconds to wait for the first worker.
    _timeout_s: float

    def scatter(
        self,
        data: Any,
        workers: Any = None,
        broadcast: bool | int = False,
        direct: bool | None = None,
        hash: bool = True,
        timeout: float | str | None = None,
        asynchronous: bool | None = None,
    ) -> Any:
        """Put data into the memory of workers.

        Parameters
        ----------
        data : list, tuple, set, dict, or any object
            Of a list, tuple or set each item, of a dict each value is a piece of data; anything else is one piece.
        workers : str or list of str, optional
            Addresses, names or hosts of the workers that may hold them.
        broadcast : bool or int
            Whether all (of these) workers are to hold all pieces, or how many of them. Otherwise they take turns.
        direct : bool, optional
            Send directly to the workers (True), through the scheduler (False), or by size, and through the scheduler where
            workers can't be reached from here.
        hash : bool
            Whether to name data by their content; otherwise each gets a name that nobody had before.
        timeout : float or str, optional
            Seconds to wait for a worker, if there is none. Default: the client's.
        asynchronous : bool, optional
            Return an awaitable; default: where the client is asynchronous.

        Returns
        -------
        list, tuple, set, dict of futures, or a future
            As ``data``; finished.

        Raises
        ------
        TimeoutError
            If there is no worker in time.
        TypeError
            If a piece can't be pickled, or ``data`` is an iterator, which may never end.
        ValueError
            If ``broadcast`` is no number of copies.
        OSError
            If the workers can't be reached.

        Examples
        --------
        >>> x, y = client.scatter([1, 2])  # doctest: +SKIP
        >>> client.submit(pow, x, y).result()  # doctest: +SKIP
        1
        """
        self._check_open()
        if isinstance(data, Iterator | Queue):
            raise TypeError(
                f"scatter takes lists and the like, not a {type(data).__name__}, which may never end; make a list of it"
            )
        if broadcast not in (True, False) and not (isinstance(broadcast, int) and broadcast > 0):
            raise ValueError(
                f"broadcast must be True (to all workers), False, or a number of copies, got {broadcast!r:.80}"
            )
        names = None if workers is None else worker_names(workers)
        timeout_s = self._timeout_s if timeout is None else parse_timedelta(timeout)
        keys: list[Key] | None
        if isinstance(data, dict):
            for key in data:
                check_key(key)
            keys, values = list(data), list(data.values())
        elif isinstance(data, list | tuple | set | frozenset):
            keys, values = None, list(data)
        else:
            keys, values = None, [data]
        # In this context: settings may count for a block.
        context = copy_context()
        prepare = partial(context.run, _prepared, keys, values, hash, self._session.serialize)
        named = keys is not None
        if asynchronous is None:
            asynchronous = self.asynchronous
        return self.sync(
            self._scatter, data, named, prepare, names, broadcast, direct, timeout_s, hash, asynchronous=asynchronous
        )

    async def _scatter(
        self,
        data: Any,
        named: bool,
        prepare: Callable[[], list[_Piece]],
        workers: list[str] | None,
        broadcast: bool | int,
        direct: bool | None,
        timeout_s: float | None,
        hash: bool,
    ) -> Any:
        loop = asyncio.get_running_loop()
        prepared = await loop.run_in_executor(self._transfers.threads, prepare)
        keys = [piece.key for piece in prepared]
        pieces = dict(zip(keys, prepared, strict=True))
        futures: dict[Key, Future] = {}
        if hash and not named and not broadcast and workers is None:
            futures = self._held(list(pieces))
        new = [piece for key, piece in pieces.items() if key not in futures] if futures else list(pieces.values())
        if new:
            deadline = None if timeout_s is None else loop.time() + timeout_s
            while True:
                copies = 0 if broadcast is True else int(broadcast) or 1
                try:
                    placed = await self._place(new, workers, copies, direct)
                except OSError:
                    if direct is not None or self._session.closed is not None:
                        raise
                    # Workers that can't be reached from here may be reached by the scheduler.
                    placed = await self._place(new, workers, copies, False)
                futures.update(placed)
                failed = next((one for one in placed.values() if one._state.status != FINISHED), None)
                if failed is None:
                    break
                state = failed._state
                no_worker = state.status == ERROR and state.outcome.get("type") == "TimeoutError"
                left_s = None if deadline is None else deadline - loop.time()
                if not no_worker or (left_s is not None and left_s <= 0):
                    await failed
                await self._wait_for_worker(workers, left_s)
        if isinstance(data, dict):
            return {key: futures[key] for key in keys}
        if isinstance(data, list | tuple | set | frozenset):
            return type(data)([futures[key] for key in keys])
        return futures[keys[0]]

    async def _wait_for_worker(self, workers: list[str] | None, left_s: float | None) -> None:
        if workers is None:
            await self.call("wait_for_workers", n=1, timeout=left_s)
        else:
            # There is no call that waits for certain ones.
            await asyncio.sleep(0.2 if left_s is None else min(0.2, left_s))

    def _held(self, keys: list[Key]) -> dict[Key, Future]:
        """Return futures of data that this client holds already."""
        with self._lock:
            states = [
                state for key in keys if (state := self._session.find(key)) is not None and state.status == FINISHED
            ]
            for state in states:
                state.refs += 1
        return {state.key: future_of(self, state) for state in states}

    async def _place(
        self, pieces: list[_Piece], workers: list[str] | None, copies: int, direct: bool | None
    ) -> dict[Key, Future]:
        """Send data once; return the futures when each is finished or failed."""
        keys = [piece.key for piece in pieces]
        payloads = [piece.packed for piece in pieces]
        if not self._session.serialize:
            inline = True
        elif direct is None:
            sizes = [piece.size for piece in pieces]
            inline = max(sizes) <= INLINE_BYTES and sum(sizes) <= INLINE_TOTAL_BYTES
        else:
            inline = not direct
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Destinations] = loop.create_future()

        def answered(message: Destinations) -> None:
            if not answer.done():
                answer.set_result(message)

        with self._lock:
            states = self._session.scatter(
                keys,
                [piece.nbytes for piece in pieces],
                payloads if inline else [None] * len(keys),
                workers,
                copies,
                None if inline else answered,
            )
        futures = [future_of(self, state) for state in states]
        self._flush()
        if not inline:
            await self._put(states, payloads, answer)
        await self._wait_async(states, None, stop_early=True)
        return dict(zip(keys, futures, strict=True))

    async def _put(self, states: list[State], payloads: list[Packed], answer: asyncio.Future[Destinations]) -> None:
        """Put data where the scheduler says."""
        # No worker, or the end of the connection, may be the answer instead.
        ended = asyncio.ensure_future(self._wait_async(states, None, stop_early=True))
        try:
            waited: list[asyncio.Future[Any]] = [answer, ended]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)
            self._session.destinations.pop(states[0].id, None)
        if not answer.done():
            return
        message = answer.result()
        shares: dict[str, list[int]] = {}
        for at, addresses in enumerate(message.addresses):
            for address in addresses:
                shares.setdefault(address, []).append(at)
        loop = asyncio.get_running_loop()
        putting = [
            loop.run_in_executor(
                self._transfers.threads,
                self._transfers.put,
                address,
                [message.tasks[at] for at in share],
                [states[at].key for at in share],
                [payloads[at] for at in share],
            )
            for address, share in shares.items()
        ]
        results = await asyncio.gather(*putting, return_exceptions=True)
        for problem in results:
            if isinstance(problem, BaseException):
                raise problem


class _Piece(NamedTuple):
    """One piece of data, ready to be sent."""

    key: Key
    packed: Packed
    size: int  # bytes on the wire
    nbytes: int  # in memory


def _prepared(keys: list[Key] | None, values: list[Any], hash: bool, serialize: bool) -> list[_Piece]:
    """Return data in wire form, or by reference, with their sizes and names."""
    pieces = []
    for at, value in enumerate(values):
        nbytes = sizeof(value)
        kind = type(value).__name__
        key: Key | None = None
        if keys is not None:
            key = keys[at]
        elif not hash or nbytes < LARGE_BYTES:
            key = f"{kind}-{tokenize(value) if hash else uuid4().hex}"
        packed: Payload | bytes | None = None
        if serialize or key is None:
            try:
                packed = dumps_small(value, nbytes=nbytes) or pack(value)
            except TypeError as error:
                if serialize:
                    what = f"a {kind} among the data" if key is None else f"the data {key!r}"
                    raise TypeError(f"{what} can't be scattered: {error}") from error
        size = packed.nbytes if isinstance(packed, Payload) else len(packed or b"")
        if key is None:
            if isinstance(packed, Payload) and size >= LARGE_BYTES:
                key = f"{kind}-{content_token(packed)}"
            else:
                key = f"{kind}-{tokenize(value)}"
        pieces.append(_Piece(key, packed if serialize and packed else ByReference(value), size, nbytes))
    return pieces
