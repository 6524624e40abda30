"""One call of one task on the calling thread: read the function and its arguments, call it, measure and pack what comes out.

Place in the flow: `execute`'s threads call `Caller.call` outside of the lock, for each task; it is the hot path. Everything of a
user's that can go wrong goes wrong in here and becomes an outcome.

Invariants: `call` raises nothing (a defect in here apart). Whatever is raised by a task, SystemExit and KeyboardInterrupt
included, is a failure of that task; a note names the task and the worker. A result that can't be pickled is fine as long as
nobody wants it elsewhere. See `execute` for how a call is stopped.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import copy_context
from sys import getsizeof
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from minidask.schedulers.failure import add_note
from minidask.sizeof import sizeof
from minidask_distributed.protocol.calls import Recipe as LoadedRecipe
from minidask_distributed.protocol.calls import load_recipe
from minidask_distributed.protocol.failures import pack_failure
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.protocol.payload import ByReference, unpack
from minidask_distributed.protocol.small import SMALL_BYTES, dumps_small
from minidask_distributed.worker.context import Host, Reschedule, ResultsLost, RunningTask, running
from minidask_distributed.worker.engine import Engine
from minidask_distributed.worker.machine import DEFAULT_EXECUTOR, Recipe, Task
from minidask_distributed.worker.machine.states import RELEASED

if TYPE_CHECKING:
    from minidask_distributed.worker.execute import Slot

FINISHED: Final = 0
FAILED: Final = 1
LACKING: Final = 2
RESCHEDULED: Final = 3
STOPPED: Final = 4

Outcome = tuple[int, Any, int, Any, float, float]
"""(kind, result | failure's fields | dependencies that are gone, bytes, small result for the scheduler, start, stop)."""

# Types whose size is their own, and quick to be had.
_LEAVES = frozenset({type(None), bool, int, float, complex, str, bytes})
_NO_ANNOTATIONS: dict[str, Any] = {}


class TaskStopped(BaseException):
    """Raised in a task that was cancelled while it runs; not an Exception, so that ``except Exception`` lets it pass."""


class Running(RunningTask):
    """What a running task may ask for, and where it runs."""

    __slots__ = ("slot", "state")

    def __init__(self, worker: Host, state: Task, slot: Slot, annotations: Mapping[str, Any]) -> None:
        self.worker = worker
        self.task = state.id
        self.key = state.key  # type: ignore[assignment]
        self.annotations = annotations
        self.state = state
        self.slot = slot

    @property
    def seceded(self) -> bool:
        """Whether it has left the executor's slots."""
        return self.slot.seceded


class Caller:
    """Make the calls of one worker.

    Parameters
    ----------
    engine : Engine
    host : Host
        What tasks see as their worker.
    label : str
        The worker's address, for people.
    """

    def __init__(self, engine: Engine, host: Host, label: str = "") -> None:
        self._engine = engine
        self._host = host
        self._data = engine.data
        self._label = label

    def call(self, task: Task, slot: Slot, executor: Executor | None) -> Outcome:
        """Run a task that the machine gave to this thread; return what came of it."""
        recipe = task.recipe
        assert recipe is not None
        start = perf_counter()
        try:
            loaded = recipe.loaded
            if loaded is None:
                # What the function holds may be futures, which look for their client.
                running.set(Running(self._host, task, slot, _NO_ANNOTATIONS))
                loaded = self._load(recipe)
                start = perf_counter()
            slot.started = start
            options = task.options
            annotations = _NO_ANNOTATIONS if options is None else self._check(task)
            running.set(Running(self._host, task, slot, annotations))
            deps: Any = task.deps
            if deps:
                lacking: list[int] = []
                deps = self._values(task, lacking)
                if lacking:
                    running.set(None)
                    return (LACKING, lacking, 0, None, start, start)
            args, kwargs = loaded.bind(task.literals, deps)
        except BaseException as error:
            add_note(error, "The function or an argument of the task can't be read on the worker.")
            failure = self._failure(error, task, recipe, slot)
            running.set(None)
            return (FAILED, failure, 0, None, start, perf_counter())
        del deps
        gate = slot.gate
        caught: BaseException | None = None
        value: Any = None
        try:
            gate.append(True)
            if task.state == RELEASED:
                # It was stopped while its arguments were read.
                gate.pop()
                running.set(None)
                return (FAILED, None, 0, None, start, start)
            try:
                if recipe.is_coroutine:
                    value = self._await(slot, loaded.func, args, kwargs)
                elif executor is None:
                    value = loaded.func(*args, **kwargs)
                else:
                    value = _call_in(executor, slot, loaded.func, args, kwargs)
            except BaseException as error:
                caught = error
            gate.pop()
        except (TaskStopped, IndexError):
            self._settle(slot)
            return (STOPPED, None, 0, None, start, start)
        stop = perf_counter()
        running.set(None)
        if caught is None:
            try:
                nbytes = getsizeof(value) if type(value) in _LEAVES else sizeof(value)
                small: Any
                if self._engine.by_reference:
                    small = ByReference(value) if nbytes <= SMALL_BYTES else None
                else:
                    small = dumps_small(value, nbytes=nbytes)
            except BaseException as error:
                caught = error
            else:
                if recipe.expected_us < 0:
                    recipe.expected_us = int((stop - start) * 1e6)
                return (FINISHED, value, nbytes, small, start, stop)
        if isinstance(caught, Reschedule):
            return (RESCHEDULED, None, 0, None, start, stop)
        try:
            return (FAILED, self._failure(caught, task, recipe, slot), 0, None, start, stop)
        finally:
            # The error's traceback refers to this frame, and so to the task's arguments.
            del caught

    def _load(self, recipe: Recipe) -> LoadedRecipe:
        """Read a recipe; two threads may do so at once, and either's result is as good."""
        loaded = load_recipe(recipe.source)
        recipe.is_coroutine = inspect.iscoroutinefunction(loaded.func)
        recipe.loaded = loaded
        return loaded

    def _check(self, task: Task) -> Mapping[str, Any]:
        """Return the task's annotations; raise ValueError if it asks for what this worker doesn't have."""
        machine = self._engine.machine
        executor = task.executor
        if executor != DEFAULT_EXECUTOR and executor not in machine.named:
            names = ", ".join(repr(name) for name in (DEFAULT_EXECUTOR, *machine.named))
            raise ValueError(f"the task asks for the executor {executor!r}; this worker has {names}")
        for name, amount in task.resources.items():
            if machine.resources.get(name, 0) < amount:
                raise ValueError(f"the task asks for {amount} {name}; this worker has {machine.resources.get(name, 0)}")
        return (task.options or {}).get("annotations") or _NO_ANNOTATIONS

    def _values(self, task: Task, lacking: list[int]) -> list[Any]:
        """Return the values of the dependencies; those that are gone enter ``lacking``."""
        inlined, data = task.inlined, self._data
        values: list[Any] = []
        for dep in task.deps:
            if inlined is not None and dep in inlined:
                values.append(unpack(inlined[dep]))
                continue
            try:
                values.append(data[dep])
            except KeyError:
                if dep in data:
                    # It is there: reading it back from disk ran the user's code, which raised this.
                    raise
                lacking.append(dep)
        return values

    def _await(self, slot: Slot, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a coroutine function on the worker's loop; this thread, the task's slot, waits."""
        return _wait_for(slot, asyncio.run_coroutine_threadsafe(func(*args, **kwargs), self._engine.loop))

    def _settle(self, slot: Slot) -> None:
        """Let the exception that stops this thread's task pass, if it hasn't come yet."""
        try:
            slot.interrupted.wait()
            # One that is still to come is raised at the next jump back. It isn't withdrawn (by setting none): CPython
            # 3.11 would take one for pending for ever, which slows all threads and hangs debuggers and profilers.
            for _ in range(2):
                pass
        except TaskStopped:
            # This is the one.
            return

    def _failure(self, error: BaseException, task: Task, recipe: Recipe, slot: Slot) -> dict[str, Any]:
        """Return the fields that tell of an error, which gets a note that names its task."""
        name = recipe.loaded.name if recipe.loaded is not None else ""
        shown = f" ({name})" if name else ""
        add_note(error, f"Raised by the task {task.key!r}{shown} on the worker {self._label}.")
        traceback = error.__traceback__
        if traceback is not None and traceback.tb_next is not None:
            # Its first frame is `call`.
            error = error.with_traceback(traceback.tb_next)
        fields = pack_failure(error, self._engine.errors)
        if fields["payload"] is None and self._engine.by_reference:
            fields["payload"] = ByReference(error)
        fields |= {"key": str(task.key), "worker": self._label, "name": name, "kind": "raised", "thread": slot.number}
        if isinstance(error, ResultsLost):
            fields |= {"kind": "lost", "lost": encode_keys(error.keys)}
        return fields


def _wait_for(slot: Slot, future: Future[Any]) -> Any:
    slot.future = future
    try:
        return future.result()
    finally:
        slot.future = None


def _call_in(executor: Executor, slot: Slot, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    if isinstance(executor, ThreadPoolExecutor):
        # The context, in which the running task stands, goes along.
        return _wait_for(slot, executor.submit(copy_context().run, func, *args, **kwargs))
    return _wait_for(slot, executor.submit(func, *args, **kwargs))
