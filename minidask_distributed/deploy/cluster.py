"""What every cluster is for its users: an address, workers, a size, clients, an end; for scripts and for coroutines.

Place in the flow: `spec.SpecCluster` fills it with a scheduler and workers; deployments may derive from either. A cluster
that isn't asynchronous does its work on the process's loop thread (`loops`), which clients of this process share; so it
works in notebooks, too, where the main thread runs a loop of its own.

How a cluster ends: by `close`, by leaving a ``with`` block, when its scheduler ends, when nobody holds it any more (with a
ResourceWarning), or with the interpreter. The last happens before the interpreter waits for its threads, since
those of workers in this process would keep it waiting.

Invariants: every way to end ends everything, once. A method that waits is either called from a script, where it blocks,
or, with ``asynchronous=True``, awaited.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - see _at_exit: its own hook must be registered before ours
import contextlib
import logging
import os
import threading
import uuid
import warnings
import weakref
from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self, TypeVar

from minidask.units import format_bytes, parse_timedelta
from minidask_distributed import loops
from minidask_distributed.client.client import Client
from minidask_distributed.client.dashboard_link import dashboard_link
from minidask_distributed.security import Security
from minidask_distributed.summaries import table

T = TypeVar("T")

_LOGGER = "minidask_distributed"

EXIT_S = 10.0
"""At the interpreter's end a cluster has so long to close; its worker processes end with the interpreter anyway."""


class Parts(Protocol):
    """What a cluster is made of; it must not refer to the cluster."""

    status: str

    async def start(self) -> None:
        """Start everything, or nothing and raise."""

    async def close(self) -> None:
        """End everything; may be called again, and at any time."""

    def kill(self) -> None:
        """End the processes at once, where no loop runs any more."""


class Cluster:
    """Base of clusters.

    Parameters
    ----------
    parts
        The scheduler and the workers.
    asynchronous
        True: nothing is started before the cluster is awaited, in the event loop that it belongs to from then on.
    name
        For people. Default: a made-up one.
    silence_logs
        Level below which the loggers of this package are quiet while the cluster lives; None or False: as they are.
    security
        Credentials that clients need.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        asynchronous: bool = False,
        name: str | None = None,
        silence_logs: int | str | bool | None = None,
        security: Security | None = None,
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(
                f"the name of a cluster is a text, got {name!r}; numbers of workers and threads are given by name, n_workers=2"
            )
        self.name = name or uuid.uuid4().hex[:8]
        self.security = security
        self._parts = parts
        self._asynchronous = asynchronous
        self._thread: loops.LoopThread | None = None
        self._quiet = _Quiet(silence_logs)
        self._end: weakref.finalize[..., Cluster] | None = None
        self._starting: asyncio.Future[None] | None = None
        if not asynchronous:
            thread = loops.acquire()
            try:
                self._begin(thread)
                thread.run(parts.start())
            except BaseException:
                # Ctrl-C cancels the start; what had been started is still being ended.
                self._finish()
                thread.run(parts.close())
                loops.release(thread)
                raise

    def _begin(self, thread: loops.LoopThread | None) -> None:
        """Take note of what has to be ended, in whichever way the cluster ends."""
        self._thread = thread
        self._quiet.begin()
        loop = asyncio.get_running_loop() if thread is None else thread.loop
        self._end = weakref.finalize(self, _abandoned, self._parts, thread, loop, self._quiet, os.getpid(), self.name)
        self._end.atexit = False
        _open.add(self)
        _at_exit.register()

    def _finish(self) -> None:
        """Forget what had to be ended."""
        if self._end is not None:
            self._end.detach()
            self._quiet.end()
        _open.discard(self)

    # ------------------------------------------------------------ scripts and coroutines

    @property
    def asynchronous(self) -> bool:
        """Whether methods that wait are to be awaited."""
        return self._asynchronous

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop that the cluster runs on, None before an asynchronous one is awaited."""
        if self._thread is not None:
            return self._thread.loop
        return None if self._starting is None else self._starting.get_loop()

    def sync(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> Any:
        """Run a coroutine function: wait for its result, or return the coroutine if the cluster is asynchronous.

        Raises
        ------
        RuntimeError
            If the cluster is closed.
        """
        if self._asynchronous:
            return function(*args, **kwargs)
        if self._thread is None:
            raise RuntimeError(f"{self!r} is closed")
        return self._thread.run(function(*args, **kwargs))

    def __await__(self) -> Generator[Any, None, Self]:
        return self._awaited().__await__()

    async def _awaited(self) -> Self:
        if self._asynchronous:
            if self._starting is None:
                self._begin(None)
                self._starting = asyncio.ensure_future(self._parts.start())
            try:
                await self._starting
            except BaseException:
                await self._parts.close()
                self._finish()
                raise
        return self

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closing = self.close()
        if closing is not None:
            await closing

    def __enter__(self) -> Self:
        if self._asynchronous:
            raise TypeError("an asynchronous cluster is entered by `async with`")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self, timeout: float | str | None = None) -> Any:
        """End the scheduler, the workers and their processes. May be called again.

        Parameters
        ----------
        timeout
            Seconds to wait at most; the end goes on beyond them.

        Raises
        ------
        TimeoutError
            If it takes longer.
        """
        timeout_s = parse_timedelta(timeout)
        if self._asynchronous:
            return self._close(timeout_s)
        thread = self._thread
        if thread is not None:
            thread.run(self._close(timeout_s))
            self._thread = None
            loops.release(thread)
        return None

    async def _close(self, timeout_s: float | None) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._parts.close()
        except TimeoutError:
            raise TimeoutError(f"{self!r} hasn't closed within {timeout_s:g} s; it still does") from None
        self._finish()

    # ------------------------------------------------------------ what it is

    @property
    def status(self) -> str:
        """ "created", "starting", "running", "closing" or "closed"."""
        return self._parts.status

    @property
    def scheduler_address(self) -> str:
        """Where clients connect to; "" before the start and after the end."""
        raise NotImplementedError(f"{type(self).__name__} must say its scheduler's address")

    @property
    def dashboard_link(self) -> str:
        """The address of the dashboard, with the token for viewing; "" where there is none, and before the start."""
        # Of users' own kinds of clusters the scheduler may be something else, or unknown.
        places = getattr(getattr(getattr(self, "scheduler", None), "services", None), "places", {})
        return dashboard_link(places.get("dashboard"), self.scheduler_address, self.security)

    @property
    def workers(self) -> dict[str | int, Any]:
        """{name: worker or nanny} of the workers that there are."""
        return {}

    @property
    def nthreads(self) -> int:
        """Threads of all workers together."""
        return sum(getattr(worker, "nthreads", 0) for worker in self.workers.values())

    @property
    def memory_limit(self) -> int:
        """Memory of all workers together, in bytes; 0 if one of them has no limit."""
        limits = [getattr(worker, "memory_limit", 0) or 0 for worker in self.workers.values()]
        return sum(limits) if all(limits) else 0

    def _summary(self) -> list[tuple[str, str]]:
        parts = [("workers", str(len(self.workers))), ("threads", str(self.nthreads))]
        if self.memory_limit:
            parts.append(("memory", format_bytes(self.memory_limit)))
        return parts

    def __repr__(self) -> str:
        state = [] if self.status == "running" else [f"status={self.status}"]
        parts = [
            self.name,
            repr(self.scheduler_address),
            *(f"{name}={value}" for name, value in self._summary()),
            *state,
        ]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _repr_html_(self) -> str:
        facts = [
            ("address", self.scheduler_address),
            ("status", self.status),
            *self._summary(),
            ("dashboard", self.dashboard_link),
        ]
        return table(f"{type(self).__name__} {self.name}", facts)

    # ------------------------------------------------------------ what it does

    def get_client(self) -> Client:
        """Return a client of this cluster; an asynchronous cluster's client is asynchronous and is to be awaited."""
        return Client(self, asynchronous=self._asynchronous)

    def scale(self, n: int | None = None, memory: Any = None, cores: int | None = None) -> Any:
        """Want so many workers."""
        raise NotImplementedError(f"{type(self).__name__} has a fixed number of workers")

    def adapt(self, *args: Any, **kwargs: Any) -> Any:
        """Want as many workers as there is work for: not built yet."""
        raise NotImplementedError(
            "clusters don't adapt their size to the work yet: call cluster.scale(n) with the number of workers that you want"
        )

    def start_worker(self, *args: Any, **kwargs: Any) -> Any:
        """Start one more worker: not built."""
        raise NotImplementedError(
            "start_worker isn't built; instead: call cluster.scale(n) with the number of workers you want"
        )

    @classmethod
    def from_name(cls, name: str) -> Any:
        """Find a cluster that runs by its name: not built."""
        raise NotImplementedError(
            "clusters aren't found by their names; instead: connect by the address, Client(cluster.scheduler_address)"
        )

    def wait_for_workers(self, n_workers: int, timeout: float | str | None = None) -> Any:
        """Wait until so many workers have registered.

        Raises
        ------
        TimeoutError
            If there are fewer after ``timeout`` (seconds).
        """
        raise NotImplementedError(f"{type(self).__name__} can't wait for workers; use Client.wait_for_workers")


class _Quiet:
    """The loggers of this package at another level, while clusters that want that live: at the one of the last of them."""

    _active: ClassVar[list[_Quiet]] = []
    _former = logging.NOTSET

    def __init__(self, level: int | str | bool | None) -> None:
        self._level: int | None = None
        if level not in (None, False):
            known = logging.getLevelName(level.upper()) if isinstance(level, str) else level
            if isinstance(known, bool) or not isinstance(known, int):
                raise ValueError(
                    f"silence_logs must be a level of logging, as logging.WARNING or 'error', got {level!r}"
                )
            self._level = known

    def begin(self) -> None:
        if self._level is not None and self not in self._active:
            if not self._active:
                _Quiet._former = logging.getLogger(_LOGGER).level
            self._active.append(self)
            logging.getLogger(_LOGGER).setLevel(self._level)

    def end(self) -> None:
        if self in self._active:
            self._active.remove(self)
            level = self._active[-1]._level if self._active else self._former
            logging.getLogger(_LOGGER).setLevel(level or logging.NOTSET)


def _abandoned(
    parts: Parts,
    thread: loops.LoopThread | None,
    loop: asyncio.AbstractEventLoop,
    quiet: _Quiet,
    pid: int,
    name: str,
) -> None:
    """End a cluster that nobody holds any more; on whichever thread that was noticed, so without waiting."""
    if os.getpid() != pid:
        return

    async def close() -> None:
        await parts.close()
        quiet.end()

    def begin() -> None:
        task = asyncio.ensure_future(close())
        if thread is not None:
            # The last user of a loop thread ends it, which its own tasks can't wait for.
            task.add_done_callback(
                lambda _: threading.Thread(target=loops.release, args=(thread,), daemon=True).start()
            )
        _ending.add(task)
        task.add_done_callback(_ending.discard)

    try:
        loop.call_soon_threadsafe(begin)
    except RuntimeError:
        # The loop was closed before the cluster: nothing can be awaited any more.
        parts.kill()
        quiet.end()
    warnings.warn(
        f"the cluster {name} was never closed: use `with`, or call its close()", ResourceWarning, stacklevel=1
    )


class _AtExit:
    """The end of clusters that are still open when the interpreter ends."""

    def __init__(self) -> None:
        self._pid = 0

    def register(self) -> None:
        """Have the interpreter close what is open, before it waits for threads (a later hook would come too late)."""
        if self._pid == 0:
            threading._register_atexit(self._close_all)  # type: ignore[attr-defined]
        # A forked child has the clusters of its parent in its memory, but they aren't its own.
        self._pid = os.getpid()

    def _close_all(self) -> None:
        if os.getpid() != self._pid:
            return
        for cluster in list(_open):
            if cluster.asynchronous:
                # Its loop doesn't run any more.
                cluster._parts.kill()
                continue
            with contextlib.suppress(TimeoutError, RuntimeError):  # there is nobody left to tell
                cluster.close(timeout=EXIT_S)


_open: weakref.WeakSet[Cluster] = weakref.WeakSet()
_ending: set[asyncio.Task[None]] = set()
_at_exit = _AtExit()
