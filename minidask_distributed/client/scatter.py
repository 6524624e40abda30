"""`Client.scatter`: data from the client to the workers' memory.

Place in the flow: a part of `Client`. Small data go with the message that announces them; for large ones the scheduler says
which workers are to hold them, and the client puts them there by `transfers`, without copying them.

Invariants: scattered data have no lineage: if all workers that hold a piece are lost, it is. With ``hash`` equal data have
one name, and what this client holds already isn't sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from queue import Queue
from sys import getsizeof
from typing import Any
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
from minidask_distributed.protocol.payload import ByReference, Payload, pack
from minidask_distributed.protocol.small import dumps_small

INLINE_BYTES = 32_768
"""Data up to that size go with the message to the scheduler; larger ones directly to the workers."""
INLINE_TOTAL_BYTES = 4 << 20
"""The same for all data of one call together: the scheduler copies what passes through it."""


Packed = Payload | ByReference | bytes

# What the general way finds of them, in a tenth of the time.
_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})


class Scatters(Gathers):
    """The part of a client that sends data."""

    # Seconds to wait for the first worker.
    _timeout_s: float

    def scatter(
        self,
        data: Any,
        workers: Any = None,
        broadcast: bool = False,
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
        broadcast : bool
            Whether all (of these) workers are to hold all pieces. Otherwise they take turns.
        direct : bool, optional
            Send directly to the workers (True), through the scheduler (False), or by size.
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
        names = None if workers is None else worker_names(workers)
        timeout_s = self._timeout_s if timeout is None else parse_timedelta(timeout)
        if isinstance(data, dict):
            for key in data:
                check_key(key)
            keys, values = list(data), list(data.values())
        elif isinstance(data, list | tuple | set | frozenset):
            values = list(data)
            keys = [_name(value, hash) for value in values]
        else:
            values, keys = [data], [_name(data, hash)]
        if asynchronous is None:
            asynchronous = self.asynchronous
        return self.sync(
            self._scatter, data, keys, values, names, broadcast, direct, timeout_s, hash, asynchronous=asynchronous
        )

    async def _scatter(
        self,
        data: Any,
        keys: list[Key],
        values: list[Any],
        workers: list[str] | None,
        broadcast: bool,
        direct: bool | None,
        timeout_s: float | None,
        hash: bool,
    ) -> Any:
        pieces = dict(zip(keys, values, strict=True))
        futures: dict[Key, Future] = {}
        if hash and not isinstance(data, dict) and not broadcast and workers is None:
            futures = self._held(list(pieces))
        new = {key: value for key, value in pieces.items() if key not in futures}
        if new:
            loop = asyncio.get_running_loop()
            deadline = None if timeout_s is None else loop.time() + timeout_s
            while True:
                futures.update(await self._place(new, workers, 0 if broadcast else 1, direct))
                failed = next((futures[key] for key in new if futures[key].status != FINISHED), None)
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
        self, pieces: dict[Key, Any], workers: list[str] | None, copies: int, direct: bool | None
    ) -> dict[Key, Future]:
        """Send data once; return the futures when each is finished or failed."""
        keys, values = list(pieces), list(pieces.values())
        nbytes = [getsizeof(value) if type(value) in _ATOMS else sizeof(value) for value in values]
        by_reference = not self._session.serialize
        loop = asyncio.get_running_loop()
        payloads: list[Packed]
        if by_reference:
            payloads, inline = [ByReference(value) for value in values], True
        else:
            payloads, sizes = await loop.run_in_executor(self._transfers.threads, _packed, keys, values, nbytes)
            inline = max(sizes) <= INLINE_BYTES and sum(sizes) <= INLINE_TOTAL_BYTES if direct is None else not direct
        answer: asyncio.Future[Destinations] = loop.create_future()

        def answered(message: Destinations) -> None:
            if not answer.done():
                answer.set_result(message)

        with self._lock:
            states = self._session.scatter(
                keys,
                nbytes,
                list(payloads) if inline else [None] * len(keys),
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


def _packed(keys: list[Key], values: list[Any], nbytes: list[int]) -> tuple[list[Packed], list[int]]:
    """Return data in wire form, and their bytes on the wire."""
    packed: list[Packed] = []
    sizes: list[int] = []
    for key, value, size in zip(keys, values, nbytes, strict=True):
        small = dumps_small(value, nbytes=size)
        if small is not None:
            packed.append(small)
            sizes.append(len(small))
            continue
        try:
            payload = pack(value)
        except TypeError as error:
            raise TypeError(f"the data {key!r} can't be scattered: {error}") from error
        packed.append(payload)
        sizes.append(payload.nbytes)
    return packed, sizes


def _name(value: Any, hash: bool) -> Key:
    return f"{type(value).__name__}-{tokenize(value) if hash else uuid4().hex}"
