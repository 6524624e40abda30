"""What the scheduler may ask of a worker by name, mostly for clients: functions to run, plugins, logs, stacks, versions.

Place in the flow: `server` hands every `Call` here and answers with what comes back.

Invariants: what is unpickled comes from an authenticated scheduler. Plain functions run on a thread of their own, so that one
that blocks doesn't keep the worker from its heartbeats; coroutine functions run on the worker's loop. Code that runs here
finds the worker with `get_worker`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from minidask_distributed.comm.versions import versions as installed_versions
from minidask_distributed.messages import Call
from minidask_distributed.plugins import WorkerPlugin
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.protocol.payload import ByReference, Payload, pack
from minidask_distributed.sent import answer_call, sent_call, sent_value
from minidask_distributed.worker.context import RunningTask, running
from minidask_distributed.worker.reporting import report_of

if TYPE_CHECKING:
    from minidask_distributed.worker.server import Worker


async def run(worker: Worker, payload: Any, wait: bool = True) -> Payload | ByReference | None:
    """Run a function, or a coroutine function, besides all tasks.

    Parameters
    ----------
    payload
        Of ``(function, args, kwargs)``; a function with a parameter ``dask_worker`` gets the `Worker`.
    wait
        Whether to answer with the result; otherwise None, once it has begun, and errors are logged.

    Raises
    ------
    TypeError
        If that isn't what the payload holds, or the result can't be pickled.
    Whatever the function raises.
    """
    # Reading it may take long, and futures among the arguments look for the worker's client.
    running.set(RunningTask(worker, 0, "run", {}))
    function, args, kwargs = await _in_thread(sent_call, (payload, "dask_worker", worker), {})
    work = _called(worker, function, args, kwargs)
    if not wait:
        worker.run_in_background(work)
        return None
    result = await work
    return ByReference(result) if worker.engine.by_reference else pack(result)


async def _called(worker: Worker, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    running.set(RunningTask(worker, 0, f"run-{getattr(function, '__name__', 'function')}", {}))
    if inspect.iscoroutinefunction(function):
        return await function(*args, **kwargs)
    result = await _in_thread(function, args, kwargs)
    return await result if inspect.isawaitable(result) else result


async def _in_thread(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function on a thread of its own: a daemon, for one that never ends mustn't keep the process alive."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    context = copy_context()

    def settle(value: Any, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(value)
        else:
            done.set_exception(error)

    def call() -> None:
        value: Any = None
        failure: BaseException | None = None
        try:
            value = context.run(function, *args, **kwargs)
        except StopIteration as error:
            failure = RuntimeError(f"the function raised StopIteration: {error}")
        except BaseException as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=call, name="minidask run", daemon=True).start()
    return await done


async def plugin_add(worker: Worker, name: str, plugin: Any) -> Any:
    """Set a `WorkerPlugin` up, in place of one of that name; return what its ``setup`` returned if that is plain."""
    made = sent_value(plugin)
    if not isinstance(made, WorkerPlugin):
        raise TypeError(f"a plugin of workers must be a WorkerPlugin, got {type(made).__name__}")
    await worker.add_plugin(name, made)


async def plugin_remove(worker: Worker, name: str) -> None:
    """Tear a plugin down."""
    await worker.remove_plugin(name)


async def logs(worker: Worker, n: int | None = None) -> list[list[str]]:
    """Return the last lines of the worker's log, the newest first, as (level, line)."""
    return [] if worker.logs is None else [list(line) for line in worker.logs.last(n)]


async def call_stack(worker: Worker) -> dict[str, list[Any]]:
    """Return what running tasks are doing: ``keys`` (a column) and ``stacks``, the lines of each."""
    frames = sys._current_frames()
    keys: list[Any] = []
    stacks: list[list[str]] = []
    for task, thread in worker.running_threads():
        frame = frames.get(thread)
        if frame is not None:
            keys.append(task.key)
            stacks.append(traceback.format_stack(frame))
    return {"keys": encode_keys(keys), "stacks": stacks}


async def give(worker: Worker, tasks: list[int]) -> dict[str, Any]:
    """Return results by the control connection, for clients that can't connect to this worker.

    Parameters
    ----------
    tasks
        Task ids.

    Returns
    -------
    dict
        ``tasks`` and ``payloads`` (in place of one that can't be read: its failure's fields), those that are held.
    """
    data = await asyncio.to_thread(worker.data_server.give, tasks, not worker.engine.by_reference)
    return {"tasks": data.tasks, "payloads": data.payloads}


async def identity(worker: Worker) -> dict[str, Any]:
    """Return what the worker is, as plain values."""
    return worker.identity()


async def status(worker: Worker) -> str:
    """Return "running", "paused" or "closing"."""
    return worker.engine.machine.status


async def metrics(worker: Worker) -> dict[str, Any]:
    """Return the measurements that heartbeats carry, as of now."""
    return worker.metrics()


async def story(worker: Worker, tasks: list[int]) -> list[list[Any]]:
    """Return the remembered moves of tasks, by id; there are some on workers that validate only."""
    return [list(move) for move in worker.engine.machine.story(tasks)]


async def task_report(worker: Worker, tasks: list[int]) -> list[dict[str, Any]]:
    """Return what is known here of tasks, by id, see `reporting.report_of`."""
    return [report_of(worker, task) for task in tasks]


async def profile(
    worker: Worker,
    key: str | None = None,
    start: float | None = None,
    stop: float | None = None,
    server: bool = False,
) -> dict[str, Any]:
    """Return the samples of a span of time as a tree in columns, see `profiling.WorkerProfile.columns`."""
    return worker.profile.columns(key, start, stop, server)


async def profile_timeline(worker: Worker, start: float | None = None, server: bool = False) -> list[list[Any]]:
    """Return [seconds since the epoch, {prefix: samples}] of the spans of the profile, oldest first."""
    profile = worker.profile.loop if server else worker.profile.tasks
    return [[when, counts] for when, counts in profile.timeline(start)]


async def versions(worker: Worker) -> dict[str, str | None]:
    """Return the versions of what the worker runs on."""
    return installed_versions()


HANDLERS: dict[str, Callable[..., Awaitable[Any]]] = {
    handler.__name__: handler
    for handler in (
        run,
        plugin_add,
        plugin_remove,
        logs,
        call_stack,
        give,
        identity,
        status,
        metrics,
        story,
        task_report,
        profile,
        profile_timeline,
        versions,
    )
}


def answer(worker: Worker, call: Call) -> Awaitable[Any]:
    """Begin what a call of the scheduler asks, see `sent.answer_call`."""
    return answer_call("a worker", HANDLERS, worker, call)
