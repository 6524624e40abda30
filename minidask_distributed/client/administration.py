"""The part of a client that gives orders: run functions everywhere, restart and retire workers, plugins, files, events.

Place in the flow: `Client` inherits it; each method is a call to the scheduler, which asks workers or nannies in turn.
Functions and plugins travel as payloads: the scheduler unpickles only what is meant to run in itself.

Invariants: an order that some worker couldn't follow raises what happened there, unless asked otherwise; with an
asynchronous client every method returns something to be awaited.

Not for: tasks, or questions (`queries`).
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import uuid
from collections.abc import Callable, Collection
from typing import Any

from minidask.schedulers.failure import add_note
from minidask.units import parse_timedelta
from minidask_distributed.client.errors import error_of
from minidask_distributed.client.forwarding import LoggingForwarder, handle_forwarded
from minidask_distributed.client.metadata import Metadata
from minidask_distributed.client.queries import payload_value, workers_list
from minidask_distributed.client.replay import Replays
from minidask_distributed.client.scheduler_info import KnowsScheduler
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.plugins import NannyPlugin, SchedulerPlugin, UploadFile, WorkerPlugin
from minidask_distributed.protocol.payload import ByReference, Payload, pack

__all__ = ["Administration"]

logger = logging.getLogger(__name__)

_ON_ERROR = ("raise", "return", "ignore")
_PLAIN = frozenset({type(None), bool, int, float, str, bytes})
_FORWARD_TOPIC = "forward-logging"


class Administration(Metadata, Replays, KnowsScheduler):
    """Orders to the cluster."""

    # Of the client.
    cluster: Any
    close: Callable[..., Any]

    # -- functions ---------------------------------------------------------------------------------------------------

    def run(
        self,
        function: Callable[..., Any],
        *args: Any,
        workers: Any = None,
        wait: bool = True,
        nanny: bool = False,
        on_error: str = "raise",
        **kwargs: Any,
    ) -> Any:
        """Call a function on every worker at once, besides all tasks.

        Parameters
        ----------
        function : callable
            Also a coroutine function, which is awaited on the worker's event loop. A parameter ``dask_worker`` is given
            the `Worker` (the `Nanny` with ``nanny=True``).
        *args, **kwargs
            Its arguments.
        workers : str or list of str, optional
            Addresses or names. Default: all.
        wait : bool
            Whether to wait for the results. If False, None is returned as soon as all have begun.
        nanny : bool
            Run it in the nannies instead.
        on_error : {"raise", "return", "ignore"}
            What becomes of exceptions: the first is raised, they are returned, or they are left out.

        Returns
        -------
        dict
            ``{address: result}``.

        Raises
        ------
        ValueError
            For a worker that isn't there, or another ``on_error``.
        TypeError
            If the function or an argument can't be sent.
        Exception
            What the function raised, with ``on_error="raise"``.

        Examples
        --------
        >>> client.run(os.getpid)  # doctest: +SKIP
        {'tcp://127.0.0.1:41234': 71, 'tcp://127.0.0.1:41235': 72}
        """
        if on_error not in _ON_ERROR:
            raise ValueError(f"on_error must be one of {', '.join(map(repr, _ON_ERROR))}, got {on_error!r}")
        payload = self._packed_call(function, args, kwargs)
        return self.sync(self._run, payload, workers_list(workers), wait, nanny, on_error)

    async def _run(
        self, payload: Payload | ByReference, workers: list[str] | None, wait: bool, nanny: bool, on_error: str
    ) -> dict[str, Any] | None:
        arguments = {"payload": payload, "wait": wait}
        answers = await self._broadcast("run", arguments, workers, nanny=nanny, on_error=on_error)
        return {address: payload_value(value) for address, value in answers.items()} if wait else None

    def run_on_scheduler(self, function: Callable[..., Any], *args: Any, wait: bool = True, **kwargs: Any) -> Any:
        """Call a function on the scheduler, between its own work, which stands still meanwhile.

        Parameters
        ----------
        function : callable
            Also a coroutine function. A parameter ``dask_scheduler`` is given the `Scheduler`.
        *args, **kwargs
            Its arguments.
        wait : bool
            Whether to wait for the result. If False, None is returned as soon as it has begun.

        Raises
        ------
        TypeError
            If the function or an argument can't be sent, or the result can't be sent back.
        PermissionError
            If the scheduler's setting ``distributed.scheduler.blocked-handlers`` refuses it.
        Exception
            What the function raised.
        """
        return self.sync(self._run_on_scheduler, self._packed_call(function, args, kwargs), wait)

    async def _run_on_scheduler(self, payload: Payload | ByReference, wait: bool) -> Any:
        return payload_value(await self.call("run_on_scheduler", payload=payload, wait=wait))

    def _packed_call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Payload | ByReference:
        if not callable(function):
            raise TypeError(f"the first argument must be a function, got {type(function).__name__}")
        return self._packed((function, args, kwargs))

    def _packed(self, value: Any) -> Payload | ByReference:
        return pack(value) if self._session.serialize else ByReference(value)

    # -- workers -----------------------------------------------------------------------------------------------------

    def wait_for_workers(self, n_workers: int, timeout: float | str | None = None) -> Any:
        """Wait until the cluster has at least ``n_workers`` workers.

        Parameters
        ----------
        n_workers : int
        timeout : float or str, optional
            Seconds.

        Raises
        ------
        TimeoutError
            If there are fewer when the time is over.
        TypeError, ValueError
            If ``n_workers`` is no positive whole number.
        """
        return self.sync(self._wait_for_workers, n_workers, parse_timedelta(timeout))

    async def _wait_for_workers(self, n_workers: int, timeout_s: float | None) -> None:
        await self.call("wait_for_workers", n=n_workers, timeout=timeout_s)
        if self._asynchronous:
            await self._refresh_info()

    def restart(self, timeout: float | str | None = None, wait_for_workers: bool = True) -> Any:
        """Forget all tasks and data of all clients, and start all worker processes anew.

        Workers without a nanny leave for good. All futures are cancelled.

        Parameters
        ----------
        timeout : float or str, optional
            Seconds to wait for the workers. Default: a minute.
        wait_for_workers : bool
            Whether to wait until they are back.

        Raises
        ------
        TimeoutError
            If some aren't back in time.
        """
        return self.sync(self.call, "restart", timeout=parse_timedelta(timeout), wait_for_workers=wait_for_workers)

    def restart_workers(self, workers: Any, timeout: float | str | None = None, raise_for_error: bool = True) -> Any:
        """Start some worker processes anew; what they held is computed again, what they ran is run elsewhere.

        Parameters
        ----------
        workers : str or list of str
            Addresses or names.
        timeout : float or str, optional
            Seconds to wait for them. Default: a minute.
        raise_for_error : bool
            Whether one that isn't back in time is an error.

        Returns
        -------
        dict
            ``{worker, as named: "OK" or "timed out"}``.

        Raises
        ------
        ValueError
            For a worker that isn't there, or has no nanny.
        TimeoutError
            If one isn't back in time, with ``raise_for_error``.
        """
        names = workers_list(workers) or []
        on_error = "raise" if raise_for_error else "return"
        return self.sync(
            self.call, "restart_workers", workers=names, timeout=parse_timedelta(timeout), on_error=on_error
        )

    def retire_workers(self, workers: Any = None, close_workers: bool = True, **kwargs: Any) -> Any:
        """Have workers finish what they run, hand over what only they hold, and leave.

        Parameters
        ----------
        workers : str or list of str, optional
            Addresses or names.
        close_workers : bool
            Whether their processes end; only True is possible.
        **kwargs
            ``names`` (a list) or ``n`` (so many, those with least to do and to move) instead.

        Returns
        -------
        dict
            ``{address: what it was}``.

        Raises
        ------
        ValueError
            For a worker that isn't there, or if it isn't said which.
        """
        return self.sync(self.call, "retire_workers", workers=workers_list(workers), close=close_workers, **kwargs)

    def shutdown(self) -> Any:
        """End the scheduler and all workers, and close this client; a cluster that it was given or made is closed, too."""
        if self.asynchronous:
            return self._shutdown_async()
        if self.cluster is None:
            self.sync(self._end_cluster)
        self.close()
        if self.cluster is not None:
            self.cluster.close()
        return None

    async def _shutdown_async(self) -> None:
        if self.cluster is None:
            await self._end_cluster()
        await self.close()
        if self.cluster is not None:
            closing = self.cluster.close()
            if inspect.isawaitable(closing):
                await closing

    async def _end_cluster(self) -> None:
        # The scheduler may be gone before its answer is here.
        with contextlib.suppress(CommClosedError):
            await self.call("shutdown")

    # -- plugins and files -------------------------------------------------------------------------------------------

    def register_plugin(
        self,
        plugin: SchedulerPlugin | WorkerPlugin | NannyPlugin,
        name: str | None = None,
        idempotent: bool | None = None,
    ) -> Any:
        """Run a plugin in the scheduler, in all workers, or in all nannies, those that join later included.

        Parameters
        ----------
        plugin : SchedulerPlugin, WorkerPlugin or NannyPlugin
        name : str, optional
            A plugin of the same name is replaced. Default: its own ``name``, or one that is made up.
        idempotent : bool, optional
            Whether a name that is taken means that there is nothing to do. Default: its own ``idempotent``.

        Returns
        -------
        dict
            ``{address: {"status": "OK"}}``; empty for a scheduler's.

        Raises
        ------
        TypeError
            If it is none of these, or can't be sent.
        Exception
            What its ``start`` or ``setup`` raised.
        """
        kinds = {"scheduler": SchedulerPlugin, "worker": WorkerPlugin, "nanny": NannyPlugin}
        kind = next((kind for kind, base in kinds.items() if isinstance(plugin, base)), None)
        if kind is None:
            what = plugin.__name__ + ", a class" if isinstance(plugin, type) else type(plugin).__name__
            raise TypeError(f"a plugin is an instance of WorkerPlugin, NannyPlugin or SchedulerPlugin, got {what}")
        name = name or plugin.name or f"{type(plugin).__name__}-{uuid.uuid4().hex}"
        if idempotent is None:
            idempotent = bool(plugin.idempotent)
        return self.sync(self._register_plugin, kind, name, self._packed(plugin), idempotent)

    async def _register_plugin(self, kind: str, name: str, payload: Any, idempotent: bool) -> dict[str, Any]:
        answers = await self.call("register_plugin", kind=kind, name=name, plugin=payload, idempotent=idempotent)
        return _all_ok(answers)

    def unregister_scheduler_plugin(self, name: str) -> Any:
        """Close a plugin of the scheduler.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        return self.sync(self._unregister_plugin, "scheduler", name)

    def unregister_worker_plugin(self, name: str, nanny: bool | None = None) -> Any:
        """Take a plugin away from all workers, or, with ``nanny``, from all nannies.

        Raises
        ------
        ValueError
            If there is none of that name.
        Exception
            What its ``teardown`` raised.
        """
        return self.sync(self._unregister_plugin, "nanny" if nanny else "worker", name)

    async def _unregister_plugin(self, kind: str, name: str) -> dict[str, Any]:
        return _all_ok(await self.call("unregister_plugin", kind=kind, name=name))

    def upload_file(self, filename: str | os.PathLike[str], load: bool = True) -> Any:
        """Put a file into the local directory of all workers, those that join later included.

        Parameters
        ----------
        filename : path
            What is Python (``.py``, ``.zip``, ``.egg``) can be imported by tasks afterwards.
        load : bool
            Import it (anew) on the workers.

        Returns
        -------
        dict
            ``{address: {"status": "OK"}}``.

        Raises
        ------
        OSError
            If it can't be read here, or not be written there.
        Exception
            What importing it on a worker raised.
        """
        return self.register_plugin(UploadFile(filename, load), idempotent=False)

    # -- events ------------------------------------------------------------------------------------------------------

    def subscribe_topic(self, topic: str, handler: Callable[[tuple[float, Any]], Any]) -> Any:
        """Have ``handler((seconds since the epoch, message))`` called for every event of a topic from now on.

        Parameters
        ----------
        topic : str
        handler : callable
            Called on the client's event loop; also a coroutine function. What it raises is logged. Several handlers of one
            topic are called in turn.

        Raises
        ------
        TypeError
            If the handler can't be called, or the topic is no text.
        """
        if not callable(handler):
            raise TypeError(f"a handler must be a function, got {type(handler).__name__}")
        if not isinstance(topic, str):
            raise TypeError(f"a topic is a text, got {type(topic).__name__}")
        return self.sync(self._subscribe_topic, topic, _EventHandler(handler))

    async def _subscribe_topic(self, topic: str, handler: _EventHandler) -> None:
        handlers = self.topics.setdefault(topic, [])
        handlers.append(handler)
        try:
            await self.call("subscribe", topic=topic)
        except BaseException:
            handlers.remove(handler)
            raise

    def unsubscribe_topic(self, topic: str) -> Any:
        """Take all handlers of a topic away.

        Raises
        ------
        ValueError
            If it has none.
        """
        return self.sync(self._unsubscribe_topic, topic)

    async def _unsubscribe_topic(self, topic: str) -> None:
        handlers = self.topics.get(topic, [])
        others = [handler for handler in handlers if not isinstance(handler, _EventHandler)]
        if len(others) == len(handlers):
            raise ValueError(f"no handler is subscribed to the topic {topic!r}")
        self.topics[topic] = others
        await self.call("unsubscribe", topic=topic)

    def log_event(self, topic: str | Collection[str], msg: Any) -> Any:
        """Log an event, for whoever subscribed to the topic and for `get_events`.

        Parameters
        ----------
        topic : str or list of str
        msg : object
            Anything that can be pickled; plain values can also be read by the scheduler's plugins.
        """
        topics = topic if isinstance(topic, str) else list(topic)
        return self.sync(self.call, "log_event", topic=topics, msg=msg if _is_plain(msg) else self._packed(msg))

    def forward_logging(self, logger_name: str | None = None, level: int = logging.NOTSET) -> Any:
        """Have log records of a logger on the workers handled by the logger of that name in this process, too.

        Parameters
        ----------
        logger_name : str, optional
            Default: the root logger, that is, all.
        level : int
            Only records of at least that level.
        """
        return self.sync(self._forward_logging, logger_name, level)

    async def _forward_logging(self, logger_name: str | None, level: int) -> None:
        plugin = LoggingForwarder(logger_name, level, f"{_FORWARD_TOPIC}-{logger_name or 'root'}")
        if plugin.topic not in self.topics:
            await self._subscribe_topic(plugin.topic, _EventHandler(handle_forwarded))
        await self._register_plugin("worker", plugin.topic, self._packed(plugin), False)

    def unforward_logging(self, logger_name: str | None = None) -> Any:
        """Undo `forward_logging`.

        Raises
        ------
        ValueError
            If that logger isn't forwarded.
        """
        return self.sync(self._unforward_logging, f"{_FORWARD_TOPIC}-{logger_name or 'root'}")

    async def _unforward_logging(self, topic: str) -> None:
        await self._unregister_plugin("worker", topic)
        if self.topics.get(topic):
            await self._unsubscribe_topic(topic)


class _EventHandler:
    """A subscriber of a topic, in the form that the connection calls."""

    def __init__(self, handler: Callable[[tuple[float, Any]], Any]) -> None:
        self.handler = handler
        self._running: set[asyncio.Future[Any]] = set()

    def __call__(self, topic: str, stamp: float, content: Any) -> None:
        result = self.handler((stamp, payload_value(content)))
        if inspect.isawaitable(result):
            task = asyncio.ensure_future(result)
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a handler of events failed", exc_info=task.exception())


def _all_ok(answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return {address: {"status": "OK"}}; raise the first failure, if there is one."""
    for address, answer in answers.items():
        if "failure" in answer:
            error = error_of(answer["failure"])
            add_note(error, f"On the worker {address}.")
            raise error
    return {address: {"status": "OK"} for address in answers}


def _is_plain(value: Any) -> bool:
    """Say whether a value arrives as it is without being pickled.

    >>> _is_plain({"a": [1, "x", None]}), _is_plain((1, 2)), _is_plain({1: 2})
    (True, False, False)
    """
    kind = type(value)
    if kind is dict:
        return all(type(key) is str and _is_plain(item) for key, item in value.items())
    if kind is int:
        return -(1 << 63) <= value < 1 << 63
    return kind in _PLAIN or (kind is list and all(map(_is_plain, value)))
