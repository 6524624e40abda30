"""`Client`: a user's way to a cluster.

Place in the flow: the public class. Its parts stand in modules of their own, each building on the one before: `connection`
(loop, locks), `awaiting`, `submitting`, `mapping`, `gather`, `scatter`, `computing`, and the questions and orders of `queries`,
`explaining`, `profiling` and `administration`. What it knows of its tasks is `session.Session`'s.

Invariants: a client that is open and wasn't made with ``set_as_default=False`` is what ``x.compute()`` runs on and what
`default_client` returns; closing it leaves no thread, connection or registration. One client may be used from many threads.

`Client()` makes a cluster on this machine by what was given to `register_default_cluster`: the package of clusters is above
this one and announces itself there.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - its own hook must be registered before ours, see _close_at_exit
import contextlib
import functools
import os
import socket
import sys
import threading
import weakref
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from minidask.schedulers.registry import register_runner, unregister_runner
from minidask.units import parse_timedelta
from minidask_distributed import loops, settings
from minidask_distributed.client.callbacks import Callbacks
from minidask_distributed.client.computing import Computations
from minidask_distributed.client.current import add_default, current_client, remove_default, use_client
from minidask_distributed.client.describing import Describes
from minidask_distributed.client.executor import ClientExecutor
from minidask_distributed.client.explaining import Explains
from minidask_distributed.client.future import Future
from minidask_distributed.client.mapping import Maps
from minidask_distributed.client.printing import show_print, show_warning
from minidask_distributed.client.profiling import Profiles
from minidask_distributed.client.session import Callback, State
from minidask_distributed.client.transfers import Transfers
from minidask_distributed.client.unbuilt import Unbuilt
from minidask_distributed.client.waiting import futures_of, given_futures
from minidask_distributed.comm.options import Options
from minidask_distributed.security import Security, read_scheduler_file, scheduler_file_appears
from minidask_distributed.security.here import recall

_default_cluster: Callable[..., Any] | None = None


def register_default_cluster(factory: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """Say what makes the cluster of a `Client()` without an address; return what did so before.

    Parameters
    ----------
    factory : callable, optional
        Called with the client's further keyword arguments and ``asynchronous=``; returns a cluster with
        ``scheduler_address``, ``security`` and ``close()``, which can be awaited if it is asynchronous.

    Raises
    ------
    TypeError
        If it can't be called.
    """
    global _default_cluster
    if factory is not None and not callable(factory):
        raise TypeError(f"a factory of clusters must be callable, got {type(factory).__name__}")
    before, _default_cluster = _default_cluster, factory
    return before


class Client(Callbacks, Computations, Maps, Describes, Explains, Profiles, Unbuilt):
    """Connect to a cluster, and run calls, collections and graphs on it.

    Parameters
    ----------
    address : str or cluster, optional
        ``"tcp://host:8786"``, or an object such as `LocalCluster`. Default: what ``scheduler_file`` says, otherwise a new
        cluster on this machine, which is closed with the client.
    timeout : float or str, optional
        Seconds for ``scheduler_file`` to appear, and for connecting. Default: setting ``distributed.comm.timeouts.connect``.
    set_as_default : bool
        Whether ``x.compute()`` runs here while the client is open: the one made last counts, and within ``with client:``
        that one.
    scheduler_file : str or Path, optional
        A file that a scheduler wrote, with its address and token.
    security : Security, optional
        Token and certificates. Default: those of the cluster (also by its address, in the process that made it) or the
        file, otherwise the user's own token and the settings.
    asynchronous : bool
        For use in coroutines: methods that wait return awaitables, and the client is opened by ``await Client(...)`` or
        ``async with Client(...)``.
    name : str, optional
        For people and logs.
    heartbeat_interval : float or str, optional
        How often the client says that it is alive. Default: the setting ``distributed.client.heartbeat``.
    serializers, deserializers, extensions
        Not built; None is possible.
    loop, connection_limit
        Not needed; taken so that programs that pass them go on working.
    direct_to_workers : bool, optional
        Whether results come directly from the workers, see `gather`. Default: where the workers can be reached.
    **kwargs
        For the new cluster.

    Raises
    ------
    TimeoutError, OSError
        If the scheduler can't be reached in time, or refuses.
    TypeError, ValueError
        For arguments that can't be, or keyword arguments without a cluster to be made.
    RuntimeError
        If a cluster is to be made and nothing is there that makes one.

    Examples
    --------
    >>> with Client("tcp://127.0.0.1:8786") as client:  # doctest: +SKIP
    ...     client.submit(sum, [1, 2, 3]).result()
    6
    """

    def __init__(
        self,
        address: Any = None,
        loop: Any = None,
        timeout: float | str | None = None,
        set_as_default: bool = True,
        scheduler_file: str | os.PathLike[str] | None = None,
        security: Security | None = None,
        asynchronous: bool = False,
        name: str | None = None,
        heartbeat_interval: float | str | None = None,
        serializers: Any = None,
        deserializers: Any = None,
        extensions: Any = None,
        direct_to_workers: bool | None = None,
        connection_limit: int = 512,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if serializers is not None or deserializers is not None:
            raise NotImplementedError(
                "serializers can't be chosen by client: register them by type, `dask_serialize.register(cls)` and "
                "`dask_deserialize.register(cls)` of minidask_distributed.protocol"
            )
        if extensions:
            raise NotImplementedError("extensions of a client aren't built: subscribe to topics, or derive from Client")
        if address is not None and scheduler_file is not None:
            raise ValueError("give either an address or a scheduler_file, not both")
        if (address is not None or scheduler_file is not None) and kwargs:
            raise TypeError(
                f"Client has no parameter {next(iter(kwargs))!r}; others are for making a cluster, and there is one"
            )
        if address is not None and not isinstance(address, str) and not hasattr(address, "scheduler_address"):
            raise TypeError(f"address must be a text or a cluster, got {type(address).__name__}")
        if security is not None and not isinstance(security, Security):
            raise TypeError(f"security must be a Security, got {type(security).__name__}")
        self.name = name or f"client-{uuid4().hex[:12]}"
        self.address = ""
        self.security = security
        self.cluster: Any = None
        self.scheduler_file = None if scheduler_file is None else str(Path(scheduler_file).expanduser())
        self.set_as_default = set_as_default
        self._direct = direct_to_workers
        self._target = address
        self._cluster_options = kwargs
        self._owns_cluster = False
        self._asynchronous = asynchronous
        self._timeout_s = settings.seconds("comm.timeouts.connect", parse_timedelta(timeout))
        self._heartbeat_s = settings.seconds("client.heartbeat", parse_timedelta(heartbeat_interval))
        self._large_bytes = settings.size("admin.large-graph-warning-threshold")
        self._options_of_comms = Options.from_settings()
        self.topics["print"] = [show_print]
        self.topics["warn"] = [show_warning]
        self._closing: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        if asynchronous:
            with contextlib.suppress(RuntimeError):
                self.loop = asyncio.get_running_loop()
                self._thread_id = threading.get_ident()
            return
        self._start()

    # -- opening -----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Find or make the cluster and connect, on the process's loop thread."""
        self._loop_thread = loops.acquire()
        try:
            self._find_scheduler(self._timeout_s)
            if self._target is None:
                self.cluster = self._factory()(**self._cluster_options, asynchronous=False)
                self._owns_cluster = True
                self._take_cluster()
            self._loop_thread.run(self._connect())
        except BaseException:
            if self._owns_cluster:
                self.cluster.close()
            self._leave_loop()
            raise
        self._enter()

    async def _start_async(self) -> None:
        self.status = "connecting"
        try:
            if self.scheduler_file is not None:
                await scheduler_file_appears(self.scheduler_file, self._timeout_s)
            self._find_scheduler(0)
            if self._target is None:
                self.cluster = self._factory()(**self._cluster_options, asynchronous=True)
                self._owns_cluster = True
            if self.cluster is not None and getattr(self.cluster, "asynchronous", False):
                await self.cluster
            self._take_cluster()
            await self._connect()
            await self._refresh_info()
        except BaseException:
            self.status = "closed"
            if self._owns_cluster:
                await self.cluster.close()
            raise
        self._enter()

    def _find_scheduler(self, wait_s: float) -> None:
        """Take the address of a text, a cluster or a scheduler file, for which it may wait."""
        if self.scheduler_file is not None:
            info = read_scheduler_file(self.scheduler_file, wait_s)
            self._target = self.address = info["address"]
            if self.security is None and info.get("token"):
                self.security = Security(token=info["token"])
        elif isinstance(self._target, str):
            self.address = self._target
            if self.security is None:
                self.security, self._near_address = recall(self._target)
        elif self._target is not None:
            self.cluster = self._target
            self._take_cluster()

    def _take_cluster(self) -> None:
        if self.cluster is not None:
            self._target = self.cluster
            self.address = self.cluster.scheduler_address
            if self.security is None:
                self.security = getattr(self.cluster, "security", None)
                self._near_address = recall(self.address)[1]

    def _factory(self) -> Callable[..., Any]:
        if _default_cluster is None:
            raise RuntimeError(
                "Client() makes a cluster on this machine, and nothing is imported that does: give an address, or "
                "`from minidask.distributed import Client`"
            )
        return _default_cluster

    async def _connect(self) -> None:
        if not self.address:
            raise ValueError("the cluster has no address: start it first")
        info = {
            "program": sys.argv[0] if sys.argv else "",
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "cwd": os.getcwd(),
        }
        self._transfers = Transfers(self.security, self.name, self._timeout_s, self._options_of_comms)
        await self._open(self._timeout_s, info)

    def _enter(self) -> None:
        """Be what computations run on, and be closed when the interpreter ends."""
        if self.set_as_default:
            add_default(self)
            register_runner(self.get)
        if not self._asynchronous:
            self._pid = os.getpid()
            _open_clients.add(self)
            _close_at_exit()

    def start(self, **kwargs: Any) -> Any:
        """Connect, if the client is asynchronous and isn't connected yet; an awaitable then. Others are from the beginning."""
        return self._opened_async() if self._asynchronous else None

    def __await__(self) -> Generator[Any, None, Self]:
        return self._opened_async().__await__()

    async def _opened_async(self) -> Self:
        if not self._asynchronous:
            raise TypeError("only a Client(asynchronous=True) is awaited")
        if self._starting is None and self.status == "newly-created":
            self._starting = asyncio.ensure_future(self._start_async())
        if self._starting is not None:
            await self._starting
        if self.status != "running":
            raise RuntimeError(f"the client is {self.status}: make another one")
        return self

    async def __aenter__(self) -> Self:
        return await self._opened_async()

    async def __aexit__(self, *exception: object) -> None:
        await self._close()

    def __enter__(self) -> Self:
        if self._asynchronous:
            raise TypeError("an asynchronous client is used with `async with`")
        if self.set_as_default and self.status == "running":
            # From here to the end of the block, which closes it, before others that were made later.
            self._leave()
            self._enter()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- closing -----------------------------------------------------------------------------------------------------

    def close(self, timeout: float | str | None = None) -> Any:
        """Close the client, and the cluster if the client made it; with an asynchronous client an awaitable.

        Its futures can't be used afterwards, and tasks that nobody else wants are given up. Again: nothing.

        Parameters
        ----------
        timeout : float or str, optional
            Seconds to wait.

        Raises
        ------
        TimeoutError
            If it takes longer.
        """
        timeout_s = parse_timedelta(timeout)
        if self._asynchronous:
            return self.sync(self._close, callback_timeout=timeout_s)
        if self.status == "closed" and self._loop_thread is None:
            return None
        self._leave()
        thread = self._loop_thread
        if thread is not None:
            try:
                thread.run(self._close(), timeout_s)
            finally:
                self._leave_loop()
        if self._owns_cluster and self.cluster is not None:
            self.cluster.close()
        return None

    async def _close(self) -> None:
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close_once())
        # Whoever gives up waiting doesn't stop the others.
        await asyncio.shield(self._closing)

    async def _close_once(self) -> None:
        if self._comm is None:
            self.status = "closed"
            return
        self._leave()
        self.status = "closing"
        await self._shut("the client was closed")
        await asyncio.to_thread(self._transfers.close)
        self.status = "closed"
        if self._owns_cluster and self._asynchronous:
            await self.cluster.close()

    def _leave(self) -> None:
        remove_default(self)
        unregister_runner(self.get)
        _open_clients.discard(self)

    def _leave_loop(self) -> None:
        thread, self._loop_thread = self._loop_thread, None
        if thread is not None:
            loops.release(thread)

    # -- futures -----------------------------------------------------------------------------------------------------

    def cancel(
        self,
        futures: Any,
        asynchronous: bool | None = None,
        force: bool = False,
        reason: str | None = None,
        msg: str | None = None,
    ) -> Any:
        """Give tasks up, with all that depend on them: they aren't begun, and those that run are asked to stop.

        Parameters
        ----------
        futures : futures, collections, or nested containers of them
        asynchronous : bool, optional
            Return an awaitable; default: where the client is asynchronous.
        force : bool
            For other clients, too, and end the process of a task that doesn't stop.
        reason, msg : str, optional
            For the message of the errors that waiting for them raises.

        Raises
        ------
        CommClosedError
            If the client was closed, or has lost its scheduler.
        ValueError
            If a future belongs to another client.
        TypeError
            If it is nothing that could hold futures.
        """
        states = self._states_in("cancel", futures)
        text = ": ".join(part for part in (reason, msg) if part) or "it was cancelled"

        def cancel() -> None:
            with self._lock:
                woken = self._session.cancel(states, force, text)
            self._told(woken)

        return self._changed(cancel, asynchronous)

    def retry(self, futures: Any, asynchronous: bool | None = None) -> Any:
        """Run failed tasks again, and the failed ones that they depend on; others are left as they are.

        Parameters
        ----------
        futures : futures, collections, or nested containers of them
        asynchronous : bool, optional
            Return an awaitable; default: where the client is asynchronous.

        Raises
        ------
        CommClosedError, ValueError, TypeError
            As `cancel` does.
        """
        states = self._states_in("retry", futures)

        def retry() -> None:
            with self._lock:
                self._session.retry(states)
            self._flush()

        return self._changed(retry, asynchronous)

    def _states_in(self, what: str, futures: Any) -> list[State]:
        self._check_open()
        return self._own_states(given_futures(what, futures))

    def _told(self, woken: Iterable[list[Callback]]) -> None:
        self._wake(woken)
        self._flush()

    def _changed(self, change: Callable[[], None], asynchronous: bool | None) -> Any:
        """Make a change at once; where the client is asynchronous, return something that can be awaited."""
        change()
        return _nothing() if (self.asynchronous if asynchronous is None else asynchronous) else None

    def futures_of(self, futures: Any) -> list[Future]:
        """Return the futures in collections or nested containers; raise CancelledError if one was cancelled."""
        return futures_of(futures, client=self)

    # -- being current -----------------------------------------------------------------------------------------------

    @classmethod
    def current(cls, allow_global: bool = True) -> Client:
        """Return the client of the innermost `as_current` block; outside of any, the default one.

        Raises
        ------
        ValueError
            If there is none.
        """
        return current_client(allow_global)

    def as_current(self) -> AbstractContextManager[Client]:
        """Be the current client within a block, for this thread or coroutine alone."""
        return use_client(self)

    def get_executor(self, **kwargs: Any) -> ClientExecutor:
        """Return a `concurrent.futures.Executor` that runs on this client; keywords are `submit`'s options for each call."""
        return ClientExecutor(self, **kwargs)


class _Nothing:
    """An awaitable of None, which nobody has to await."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


def _nothing() -> _Nothing:
    return _Nothing()


_open_clients: weakref.WeakSet[Client] = weakref.WeakSet()


@functools.cache
def _close_at_exit() -> None:
    """Have the interpreter close clients before it waits for threads: later none can be started, as closing needs."""
    with contextlib.suppress(RuntimeError):  # it is ending already
        threading._register_atexit(_close_all)  # type: ignore[attr-defined]


def _close_all() -> None:
    """Close what is open when the interpreter ends, so that schedulers hear of it and clusters are closed."""
    for client in list(_open_clients):
        # A forked child has the clients of its parent in its memory, but they aren't its own.
        if client._pid == os.getpid():
            with contextlib.suppress(Exception):  # at exit there is nobody left to tell
                client.close(timeout=5)
