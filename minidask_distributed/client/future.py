"""`Future`: a user's handle on the result of one task on the cluster.

Place in the flow: made by `Client.submit` and its kin; several futures may share one `session.State`. Waiting and fetching
are the client's (`awaiting`, `gather`).

Invariants: a future keeps its task's result alive until it is released or garbage collected; collecting one takes no lock and
may happen on any thread, in the middle of anything. Futures are equal if they are the same object.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import minidask_distributed
from minidask.graph.task import Key
from minidask_distributed.client.errors import error_of_state, remote_traceback
from minidask_distributed.client.session import CANCELLED, ERROR, State
from minidask_distributed.protocol.calls import reduce_reference
from minidask_distributed.protocol.payload import ByReference
from minidask_distributed.protocol.pickling import loads
from minidask_distributed.summaries import table

if TYPE_CHECKING:
    from types import TracebackType

    from minidask_distributed.client.client import Client


class Future:
    """The result of a task that runs on the cluster, or will.

    Parameters
    ----------
    key : key
        Of a result that exists on the scheduler.
    client : Client, optional
        Default: the current one.

    Raises
    ------
    ValueError
        If there is no client.

    Examples
    --------
    >>> future = client.submit(lambda x: x + 1, 1)  # doctest: +SKIP
    >>> future.result()  # doctest: +SKIP
    2
    """

    __slots__ = ("__weakref__", "_client", "_state")

    __minidask_future__ = True

    _client: Client | None
    _state: State

    def __init__(self, key: Key, client: Client | None = None) -> None:
        self._client = None
        # In a task, the client of its cluster.
        owner = minidask_distributed.get_client() if client is None else client
        self._state = owner._want([key])[0]
        self._client = owner

    # -- what is known ----------------------------------------------------------------------------------------------

    @property
    def key(self) -> Key:
        """The name of the task."""
        return self._state.key

    @property
    def client(self) -> Client:
        """The client that it belongs to.

        Raises
        ------
        RuntimeError
            If it was released.
        """
        if self._client is None:
            raise RuntimeError(f"the future {self.key!r} was released")
        return self._client

    @property
    def executor(self) -> Client:
        """Another name of ``client``."""
        return self.client

    @property
    def status(self) -> str:
        """ "pending", "finished", "error", "cancelled" or "lost"."""
        return self._state.status

    @property
    def type(self) -> type | None:
        """The type of the result; None where the result isn't here (it isn't done, or is too large to come along)."""
        outcome = self._state.outcome
        if self.status != "finished" or type(outcome) is int:
            return None
        return type(outcome.value if type(outcome) is ByReference else loads(outcome))

    def done(self) -> bool:
        """Return whether the task is over: it has a result, failed, was cancelled or lost."""
        return self._state.done

    def cancelled(self) -> bool:
        """Return whether it was cancelled."""
        return self._state.status == CANCELLED

    # -- waiting ----------------------------------------------------------------------------------------------------

    def result(self, timeout: float | str | None = None) -> Any:
        """Wait for the task, and return its result; with an asynchronous client an awaitable of it.

        Parameters
        ----------
        timeout : float or str, optional
            Seconds to wait.

        Raises
        ------
        TimeoutError
            If the task isn't over in time.
        concurrent.futures.CancelledError
            If it was cancelled, or the connection to the scheduler ended.
        Exception
            Whatever the task raised; its traceback on the worker is the cause, a note names the task.
        """
        client = self.client
        if client.asynchronous:
            return client._result_async(self, timeout)
        return client._result(self, timeout)

    def exception(self, timeout: float | str | None = None, **kwargs: Any) -> Any:
        """Wait for the task, and return the exception that it raised, or None; with an asynchronous client an awaitable.

        Raises
        ------
        TimeoutError
            If the task isn't over in time.
        concurrent.futures.CancelledError
            If it was cancelled, or lost.
        """
        client = self.client
        if client.asynchronous:
            return self._exception_async(timeout)
        client._wait([self._state], timeout)
        return self._error()

    async def _exception_async(self, timeout: float | str | None) -> BaseException | None:
        await self.client._wait_async([self._state], timeout)
        return self._error()

    def _error(self) -> BaseException | None:
        error = error_of_state(self._state)
        if error is not None and self._state.status != ERROR:
            raise error
        return error

    def traceback(self, timeout: float | str | None = None, **kwargs: Any) -> Any:
        """Wait for the task, and return the traceback of what it raised, or None; with an asynchronous client an awaitable.

        The traceback of an error in another process is its text (``str``); in this process it is the traceback itself.

        Raises
        ------
        TimeoutError, concurrent.futures.CancelledError
            As `exception` does.
        """
        if self.client.asynchronous:
            return self._traceback_async(timeout)
        return _traceback_of(self.exception(timeout))

    async def _traceback_async(self, timeout: float | str | None) -> TracebackType | str | None:
        return _traceback_of(await self._exception_async(timeout))

    async def until_done(self) -> None:
        """Wait, in a coroutine on any loop, until the task is over, whatever came of it."""
        await self.client._wait_async([self._state])

    def __await__(self) -> Generator[Any, None, Any]:
        return self.client._result_async(self, None).__await__()

    def add_done_callback(self, fn: Callable[[Future], object]) -> None:
        """Have ``fn(future)`` called, on a thread of the client's for such calls, once the task is over.

        What it raises is logged. The future is kept until then.

        Raises
        ------
        TypeError
            If it can't be called.
        """
        if not callable(fn):
            raise TypeError(f"a callback must be callable, got {type(fn).__name__}")
        client = self.client
        self._state.add_waiter(lambda: client._call_back(fn, self))

    # -- changing ---------------------------------------------------------------------------------------------------

    def cancel(self, reason: str | None = None, msg: str | None = None, **kwargs: Any) -> Any:
        """Give the task up, see `Client.cancel`."""
        return self.client.cancel([self], reason=reason, msg=msg, **kwargs)

    def retry(self, **kwargs: Any) -> Any:
        """Run the task again if it failed, see `Client.retry`."""
        return self.client.retry([self], **kwargs)

    def release(self) -> None:
        """Say that the result isn't wanted any more; the future can't be used afterwards. Again: nothing."""
        client, self._client = self._client, None
        if client is not None:
            client._drop(self._state)

    def __del__(self) -> None:
        # Attributes may be missing if the constructor raised. Takes no lock: `_drop` only appends to a deque.
        client = getattr(self, "_client", None)
        if client is not None:
            client._drop(self._state)

    # -- showing and copying ----------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<Future: {self.status}, key: {self.key}>"

    def _repr_html_(self) -> str:
        return table("Future", [("key", self.key), ("status", self.status)])

    def __reduce__(self) -> tuple[Any, ...]:
        # As a part of a task's arguments it stands for its result; anywhere else it stays a future.
        return reduce_reference(self) or (_load, (self.key,))

    def __dask_tokenize__(self) -> tuple[str, Key]:
        return "Future", self.key


def future_of(client: Any, state: State) -> Future:
    """Return a future of a state that counts it already."""
    future = _new(Future)
    future._client = client
    future._state = state
    return future


_new = Future.__new__


def _load(key: Key) -> Future:
    return Future(key)


def _traceback_of(error: BaseException | None) -> TracebackType | str | None:
    if error is None:
        return None
    return remote_traceback(error) or error.__traceback__
