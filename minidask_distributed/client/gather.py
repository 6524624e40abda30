"""`Client.gather`: results to where the client is.

Place in the flow: a part of `Client`; `Future.result` comes here, too. Small results came along with the message that said
that they are ready, and are read on the thread that asks. Others are located by the scheduler and fetched from their workers
by `transfers`, from several in parallel.

Invariants: a result that is lost on the way is waited for again, since the cluster makes it anew; a worker that can't be
reached is passed over while another holds a copy; then the scheduler is asked to pass the result on; all of that is tried a few
times before it is an error.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from queue import Queue
from typing import Any

from minidask.collection.unpack import Part, describe, rebuild_container
from minidask_distributed.client.errors import error_of_state
from minidask_distributed.client.future import Future
from minidask_distributed.client.session import FINISHED, PENDING, State
from minidask_distributed.client.submitting import Submissions
from minidask_distributed.client.transfers import Transfers, Unreadable, read_all
from minidask_distributed.comm.errors import CommClosedError, CommError
from minidask_distributed.protocol.payload import ByReference

# In place of a result that was left out, or isn't here yet.
_SKIPPED: Any = object()
_LATER: Any = object()

MOST_ATTEMPTS = 6
"""Fruitless attempts at fetching, pauses doubling from 50 ms: 1.6 s, in which the scheduler learns of a dead worker."""


LOOK_S = 1.0  # between two questions whether what is being fetched is still where it was


class Gathers(Submissions):
    """The part of a client that fetches results."""

    _transfers: Transfers
    _direct: bool | None  # what `direct` is by default

    def gather(
        self, futures: Any, errors: str = "raise", direct: bool | None = None, asynchronous: bool | None = None
    ) -> Any:
        """Wait for futures, and return their results in their places.

        Parameters
        ----------
        futures : future, or nested lists, tuples, sets, dicts … of futures
            Anything else in them is passed on. Of an iterator, a list is made.
        errors : {"raise", "skip"}
            Raise the first error, as soon as there is one; or leave out what has no result (in places that can't be left
            out: None).
        direct : bool, optional
            True: results come from the workers that hold them, and from nowhere else. False: they pass through the scheduler,
            which costs it their memory and time. Default: what the client was told (``direct_to_workers``), else from the
            workers where these can be reached from here, through the scheduler where not.
        asynchronous : bool, optional
            Return an awaitable; default: where the client is asynchronous.

        Raises
        ------
        Exception
            What a task raised; ``CancelledError`` for one that was cancelled or lost.
        ValueError
            If a future belongs to another client, or for other ``errors``.
        OSError
            If the workers that hold a result can't be reached.

        Examples
        --------
        >>> client.gather({"a": client.submit(abs, -1), "b": 2})  # doctest: +SKIP
        {'a': 1, 'b': 2}
        """
        if errors not in ("raise", "skip"):
            raise ValueError(f"errors must be 'raise' or 'skip', got {errors!r}")
        if isinstance(futures, Queue):
            raise TypeError("gather takes lists and the like; take the futures out of the queue first")
        if isinstance(futures, Iterator):
            futures = list(futures)
        found, rebuild = _unpack(futures)
        states = self._own_states(found)
        if self.asynchronous if asynchronous is None else asynchronous:
            return self._gather_async(found, states, errors, rebuild, direct)
        return rebuild(self._results(states, errors, None, direct))

    async def _gather_async(
        self,
        futures: list[Future],
        states: Sequence[State],
        errors: str,
        rebuild: Callable[[list[Any]], Any],
        direct: bool | None,
    ) -> Any:
        # The futures are an argument so that they live until their results are here.
        return rebuild(await self._on_own_loop(self._results_async(states, errors, None, direct)))

    def _own_states(self, futures: Sequence[Future]) -> list[State]:
        for future in futures:
            if future._client is not self:
                if future._client is None:
                    raise ValueError(f"the future {future.key!r} was released")
                raise ValueError(f"the future {future.key!r} belongs to another client: that one can gather it")
        return [future._state for future in futures]

    def _result(self, future: Future, timeout: float | str | None) -> Any:
        """Wait for one result."""
        state = future._state
        if state.status == PENDING:
            self._wait((state,), timeout)
        if state.status == FINISHED and type(outcome := state.outcome) is bytes:
            return _read_small(state, outcome)
        return self._results((state,), "raise", timeout)[0]

    async def _result_async(self, future: Future, timeout: float | str | None) -> Any:
        return (await self._on_own_loop(self._results_async((future._state,), "raise", timeout)))[0]

    def _results(
        self, states: Sequence[State], errors: str, timeout: float | str | None, direct: bool | None = None
    ) -> list[Any]:
        """Wait for results and return them, `_SKIPPED` for those that there won't be."""
        self._wait(states, timeout, stop_early=errors == "raise")
        values, later = _values_here(states, errors)
        if later:
            rest = [states[at] for at in later]
            found = self.sync(self._results_async, rest, errors, None, direct, callback_timeout=timeout)
            for at, value in zip(later, found, strict=True):
                values[at] = value
        return values

    async def _results_async(
        self, states: Sequence[State], errors: str, timeout: float | str | None, direct: bool | None = None
    ) -> list[Any]:
        direct = self._direct if direct is None else direct
        await self._wait_async(states, timeout, stop_early=errors == "raise")
        values, later = _values_here(states, errors)
        attempts = 0
        while later:
            wanted = dict.fromkeys(states[at] for at in later if states[at].status == FINISHED)
            if direct is False:
                found = await self._relayed(wanted)
            else:
                found, unreached = await self._fetch(wanted)
                if unreached and direct is None:
                    # Holders that can't be reached from here may be reached by the scheduler.
                    found |= await self._relayed(unreached)
            if not found:
                attempts += 1
                if attempts == MOST_ATTEMPTS:
                    raise CommError(
                        f"the result of {states[later[0]].key!r} can't be fetched: no worker that holds it can be reached "
                        "from here. Check that the workers' addresses can be reached, or pass direct=False: results then pass "
                        "through the scheduler."
                    )
                await asyncio.sleep(0.05 * 2 ** (attempts - 1))
            for at in later:
                values[at] = found.get(states[at], _LATER)
            later = [at for at in later if values[at] is _LATER]
            if later:
                rest = [states[at] for at in later]
                await self._wait_async(rest, None, stop_early=errors == "raise")
                again, still = _values_here(rest, errors)
                for at, value in zip(later, again, strict=True):
                    values[at] = value
                later = [later[place] for place in still]
        return values

    async def _fetch(self, wanted: Collection[State]) -> tuple[dict[State, Any], list[State]]:
        """Return those of some results that can be had now, from a holder of each, and those whose holder didn't answer."""
        if not wanted:
            return {}, []
        answer = await self.call("locate", tasks=[state.id for state in wanted])
        missing = set(answer["missing"])
        held = [state for state in wanted if state.id not in missing]
        # {address: its share}, so that those who hold copies share the bytes.
        shares: dict[str, dict[int, State]] = {}
        load: dict[str, int] = {}
        for state, task, addresses in zip(held, answer["tasks"], answer["addresses"], strict=True):
            address = min(addresses, key=lambda one: load.get(one, 0))
            load[address] = load.get(address, 0) + 1 + (state.outcome if type(state.outcome) is int else 0)
            shares.setdefault(address, {})[task] = state
        loop = asyncio.get_running_loop()
        fetching = {
            loop.run_in_executor(self._transfers.threads, self._transfers.fetch, address, list(share)): address
            for address, share in shares.items()
        }
        pending = set(fetching)
        while pending:
            _, pending = await asyncio.wait(pending, timeout=LOOK_S)
            for one in pending:
                await self._give_up_if_gone(fetching[one], shares[fetching[one]].values())
        found: dict[State, Any] = {}
        unreached: list[State] = []
        for share, result in zip(shares.values(), await asyncio.gather(*fetching, return_exceptions=True), strict=True):
            if isinstance(result, OSError):
                # Its holder is gone, or will be found out to be: the scheduler says so next time.
                unreached += share.values()
                continue
            if isinstance(result, BaseException):
                raise result
            for task, value in result.items():
                state = share[task]
                if type(value) is Unreadable:
                    raise _unreadable(state, value.error)
                found[state] = value
        return found, unreached

    async def _relayed(self, wanted: Collection[State]) -> dict[State, Any]:
        """Return those of some results that can be had now, by way of the scheduler."""
        if not wanted:
            return {}
        states = {state.id: state for state in wanted}
        answer = await self.call("relay", tasks=list(states))
        found: dict[State, Any] = {}
        for local, value in read_all(answer["tasks"], answer["payloads"]).items():
            if type(value) is Unreadable:
                raise _unreadable(states[local], value.error)
            found[states[local]] = value
        return found

    async def _give_up_if_gone(self, address: str, states: Iterable[State]) -> None:
        """End transfers from a worker that the scheduler has given up: a frozen one would never answer."""
        try:
            answer = await self.call("locate", tasks=[state.id for state in states])
        except CommClosedError:
            # Whoever waits is told so by the next question; nobody could tell any more that the worker is gone.
            self._transfers.give_up(address)
            return
        if not any(address in addresses for addresses in answer["addresses"]):
            self._transfers.give_up(address)


def _values_here(states: Sequence[State], errors: str) -> tuple[list[Any], list[int]]:
    """Return the results that came along, and the places of those that are to be fetched or waited for again."""
    values: list[Any] = []
    later: list[int] = []
    append = values.append
    loads = pickle.loads
    for state in states:
        status, outcome = state.status, state.outcome
        if status == FINISHED and type(outcome) is bytes:
            try:
                append(loads(outcome))
            except Exception as error:
                raise _unreadable(state, error) from error
        elif status == FINISHED and type(outcome) is ByReference:
            append(outcome.value)
        elif status in (FINISHED, PENDING):
            later.append(len(values))
            append(_LATER)
        elif errors == "raise":
            failure = error_of_state(state)
            if failure is not None:
                try:
                    raise failure
                finally:
                    # Its traceback holds this frame: a circle would keep the futures alive.
                    del failure
            later.append(len(values))
            append(_LATER)
        else:
            append(_SKIPPED)
    return values, later


def _read_small(state: State, data: bytes) -> Any:
    try:
        return pickle.loads(data)
    except Exception as error:
        raise _unreadable(state, error) from error


def _unreadable(state: State, error: BaseException) -> TypeError:
    made = TypeError(f"the result of {state.key!r} can't be read here: {type(error).__name__}: {error}")
    made.__cause__ = error
    return made


def _unpack(data: Any) -> tuple[list[Future], Callable[[list[Any]], Any]]:
    """Return the futures in nested containers, and the function that puts results in their places."""
    kind = type(data)
    if kind is Future:
        return [data], lambda values: None if values[0] is _SKIPPED else values[0]
    if kind in (list, tuple, set, frozenset) and set(map(type, data)) == {Future}:

        def rebuild(values: list[Any]) -> Any:
            # The mark is found by identity: comparing would run the results' own code.
            if any(value is _SKIPPED for value in values):
                values = [value for value in values if value is not _SKIPPED]
            return values if kind is list else kind(values)

        return list(data), rebuild
    parts, held = describe([data], lambda item: type(item) is Future)
    found = [item for what, item, _ in parts if what == "found"]

    def assemble(values: list[Any]) -> Any:
        results = dict(zip([number for number, part in enumerate(parts) if part[0] == "found"], values, strict=True))
        built = _rebuilt(parts, held, results)
        return built[0] if built else None

    return found, assemble


def _rebuilt(parts: Sequence[Part], held: Sequence[bool], results: dict[int, Any]) -> Any:
    """Return what `describe` listed with results in the places of futures; left-out ones are left out, or None."""
    built: dict[int, Any] = {}
    for number in range(len(parts) - 1, -1, -1):
        kind, item, numbers = parts[number]
        if kind == "found":
            built[number] = results[number]
            continue
        if not held[number]:
            built[number] = item
            continue
        members = [built[child] for child in numbers]
        if any(member is _SKIPPED for member in members):
            if kind == "sequence":
                members = [member for member in members if member is not _SKIPPED]
            elif kind == "dict":
                pairs = zip(members[::2], members[1::2], strict=True)
                members = [part for pair in pairs if not any(one is _SKIPPED for one in pair) for part in pair]
            else:
                members = [None if member is _SKIPPED else member for member in members]
        built[number] = rebuild_container(kind, item, members)
    return built[0]
