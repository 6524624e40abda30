"""`ClientExecutor`: the cluster as a `concurrent.futures.Executor`, for code that takes one.

Place in the flow: over `Client.submit`; each call gets a future of the standard library, `_Promise`, which is fulfilled,
with the result fetched, once the cluster's future is done.

Invariants: what the standard library documents of executors and futures holds, except that a task which runs can be
cancelled, too. A call runs even if it equals another one, and even if nobody keeps its future; nothing runs that was
submitted after a shutdown.

Not for: large results that should stay on the cluster; they are what `Client.submit`'s own futures are for.
"""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from minidask_distributed.client.future import Future
from minidask_distributed.client.outcomes import Raised, outcomes

if TYPE_CHECKING:
    from minidask_distributed.client.client import Client

__all__ = ["ClientExecutor"]

_OPTIONS = frozenset({"allow_other_workers", "priority", "pure", "resources", "retries", "workers"})


class ClientExecutor(concurrent.futures.Executor):
    """Run calls on a client's cluster; made by `Client.get_executor`.

    Parameters
    ----------
    client : Client
        It isn't closed by the executor.
    **kwargs
        For every call: ``workers``, ``allow_other_workers``, ``resources``, ``retries``, ``priority``, ``pure`` (False
        by default), as in `Client.submit`.

    Raises
    ------
    TypeError
        For another keyword.

    Examples
    --------
    >>> with client.get_executor(retries=2) as executor:  # doctest: +SKIP
    ...     list(executor.map(pow, [2, 3], [5, 2]))
    [32, 9]
    """

    def __init__(self, client: Client, **kwargs: Any) -> None:
        unknown = sorted(set(kwargs) - _OPTIONS)
        if unknown:
            raise TypeError(
                f"an executor has no option {', '.join(map(repr, unknown))}; there are {', '.join(sorted(_OPTIONS))}"
            )
        self._client = client
        self._options = {"pure": False, **kwargs}
        self._lock = threading.Lock()
        self._is_shut_down = False
        self._unfulfilled: set[_Promise] = set()
        # Promises whose tasks are done, and whether somebody fulfils them at this moment.
        self._due: list[_Promise] = []
        self._is_fulfilling = False

    def __repr__(self) -> str:
        return f"<ClientExecutor of {self._client!r}>"

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        """Run ``fn(*args, **kwargs)`` on the cluster.

        Returns
        -------
        concurrent.futures.Future
            ``cancel()`` succeeds until the result is there; a task that runs is asked to stop then.

        Raises
        ------
        RuntimeError
            After `shutdown`, or if the client is closed.
        TypeError
            If the function or an argument can't be sent to the workers.
        """
        # The function's own keywords may have the names of submit's.
        call = partial(fn, **kwargs) if kwargs else fn
        return self._promises(lambda: [self._client.submit(call, *args, **self._options)])[0]

    def _promises(self, submit: Callable[[], list[Future]]) -> list[concurrent.futures.Future[Any]]:
        with self._lock:
            if self._is_shut_down:
                raise RuntimeError("cannot schedule new futures after shutdown")
            promises = [_Promise(task, self) for task in submit()]
            self._unfulfilled.update(promises)
        for promise in promises:
            promise.task._state.add_waiter(partial(self._done, promise))
        return promises  # type: ignore[return-value]

    def _done(self, promise: _Promise) -> None:
        """Note that a task is done; called by its state, on any thread."""
        with self._lock:
            self._due.append(promise)
            if self._is_fulfilling:
                return
            self._is_fulfilling = True
        # Results may have to be fetched, and users' callbacks take their time: not on the client's loop.
        self._client._call_back(self._fulfil, promise.task)

    def _fulfil(self, _: Future) -> None:
        """Fulfil what is due, until nothing is."""
        while True:
            with self._lock:
                due, self._due = self._due, []
                if not due:
                    self._is_fulfilling = False
                    return
            for promise, outcome in zip(due, outcomes([promise.task for promise in due]), strict=True):
                promise.fulfil(outcome)

    def map(
        self, fn: Callable[..., Any], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[Any]:
        """Run ``fn`` on the items of iterables; return an iterator over the results, in the order of the items.

        Parameters
        ----------
        fn : callable
        *iterables
            Read at once, up to the end of the shortest one.
        timeout : float, optional
            Seconds from now.
        chunksize : int
            Calls in one task.

        Raises
        ------
        TimeoutError
            While iterating, if the next result isn't there in time.
        ValueError
            If ``chunksize`` is less than 1.
        RuntimeError
            After `shutdown`.
        Exception
            While iterating, what a call raised, in its turn. Calls that haven't been asked for are cancelled then.
        """
        if chunksize < 1:
            raise ValueError(f"chunksize is the number of calls in a task, at least 1, got {chunksize!r}")
        end = None if timeout is None else time.monotonic() + timeout
        items = list(zip(*iterables))
        if chunksize > 1:
            chunks = [items[at : at + chunksize] for at in range(0, len(items), chunksize)]
            run_chunk = partial(_run_chunk, fn)
            promises = self._promises(lambda: self._client.map(run_chunk, chunks, **self._options))
            return chain.from_iterable(_results(promises, end, timeout))
        columns = list(zip(*items))
        promises = self._promises(lambda: self._client.map(fn, *columns, **self._options) if columns else [])
        return _results(promises, end, timeout)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more calls.

        Parameters
        ----------
        wait : bool
            Block until all that were submitted are done.
        cancel_futures : bool
            Cancel those that no worker has begun.
        """
        with self._lock:
            self._is_shut_down = True
            left = list(self._unfulfilled)
        if cancel_futures and left:
            begun = self._client._executing([promise.task for promise in left])
            for promise in left:
                if promise.task not in begun:
                    promise.cancel()
        if wait:
            concurrent.futures.wait(left)

    def _forget(self, promise: _Promise) -> None:
        with self._lock:
            self._unfulfilled.discard(promise)


class _Promise(concurrent.futures.Future[Any]):
    """A future of the standard library that follows one of the cluster."""

    def __init__(self, task: Future, executor: ClientExecutor) -> None:
        super().__init__()
        self.task = task
        self._executor = executor
        # Taken for good by whoever settles it: the task's end or a cancellation.
        self._settling = threading.Lock()

    def cancel(self) -> bool:
        """Cancel the task unless its result is there; return whether it is cancelled."""
        if self._settling.acquire(blocking=False):
            self._be_cancelled()
            self.task.cancel()
        return self.cancelled()

    def _be_cancelled(self) -> None:
        super().cancel()
        self.set_running_or_notify_cancel()
        self._executor._forget(self)

    def fulfil(self, outcome: Any) -> None:
        """Take over what came of the task."""
        if not self._settling.acquire(blocking=False):
            return
        if self.task.cancelled():
            self._be_cancelled()
            return
        self.set_running_or_notify_cancel()
        if isinstance(outcome, Raised):
            self.set_exception(outcome.error)
        else:
            self.set_result(outcome)
        self._executor._forget(self)


def _run_chunk(fn: Callable[..., Any], chunk: list[tuple[Any, ...]]) -> list[Any]:
    return [fn(*arguments) for arguments in chunk]


def _results(futures: list[concurrent.futures.Future[Any]], end: float | None, timeout: float | None) -> Iterator[Any]:
    """Return an iterator over results; when it ends early the futures that are left are cancelled."""
    # Each is forgotten as it is handed out, so that results don't pile up.
    futures.reverse()

    def iterate() -> Iterator[Any]:
        try:
            while futures:
                left = None if end is None else max(end - time.monotonic(), 0)
                yield _outcome(futures.pop(), left, timeout)
        finally:
            for future in futures:
                future.cancel()

    return iterate()


def _outcome(future: concurrent.futures.Future[Any], left: float | None, timeout: float | None) -> Any:
    try:
        return future.result(left)
    except TimeoutError:
        if future.done():
            raise
        future.cancel()
        raise TimeoutError(f"the result isn't there {timeout:g} s after map was called") from None
