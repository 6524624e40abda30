"""What crosses to another process and back: batches of tasks, their values, and errors as values.

Out goes a ``Parcel`` (tasks bound to the values of their arguments), back comes an ``Answer`` (a value or a
``Failure`` a task). Both hold plain objects as long as they stay in one process, and pickle themselves only when
somebody pickles them: so an executor of any kind can carry them. Tasks are cloudpickled, so that lambdas and functions
of ``__main__`` pass.

Invariants: pickling an ``Answer`` never fails, a value that can't be pickled becomes a ``Failure`` that says so; each
value is pickled by itself, so that one that can't be read again is told from its neighbours. Nothing here knows about
states or graphs; it is imported in the worker processes and is kept small for that.
"""

from __future__ import annotations

import os
import pickle
import threading
import traceback
from typing import Any

import cloudpickle

from minidask.graph.program import Program
from minidask.graph.task import Key, Task, func_name
from minidask.schedulers.failure import RemoteError, add_note, user_frames


class Parcel:
    """Tasks that need nothing more, on their way out.

    Parameters
    ----------
    keys : list of keys
    tasks : list of Task
        Without references, see ``Task.bind``.
    """

    __slots__ = ("_data", "keys", "tasks")

    def __init__(self, keys: list[Key], tasks: list[Task]) -> None:
        self.keys = keys
        self.tasks = tasks
        self._data: bytes | None = None

    def pickled(self) -> bytes:
        """Return the tasks pickled; raise a TypeError that names the task and its part that can't be pickled."""
        if self._data is None:
            try:
                self._data = cloudpickle.dumps(self.tasks, protocol=5)
            except MemoryError:
                raise
            except Exception as error:
                for key, task in zip(self.keys, self.tasks, strict=True):
                    _raise_if_unpicklable(key, task)
                raise TypeError(f"the tasks {self.keys!r} can't be sent to another process: {error}") from error
        return self._data

    def __reduce__(self) -> tuple[Any, ...]:
        return _PickledParcel, (self.pickled(), len(self.tasks))

    def run(self) -> Answer:
        """Run the tasks, up to the first that fails."""
        return run_tasks(self.tasks)


class _PickledParcel:
    """What a ``Parcel`` is in the process that it was sent to."""

    def __init__(self, data: bytes, count: int) -> None:
        self.data = data
        self.count = count

    def run(self) -> Answer:
        return run_pickled(self.data, self.count)


def run_parcel(parcel: Parcel) -> Answer:
    """Run a parcel: the function that executors are given."""
    return parcel.run()


def run_tasks(tasks: list[Task]) -> Answer:
    """Run tasks one after another; what follows a failure isn't run and shares it."""
    values: list[Any] = []
    for task in tasks:
        try:
            values.append(task({}))
        except BaseException as error:
            values += [Failure(error)] * (len(tasks) - len(values))
            break
    return Answer(values)


def run_pickled(data: bytes, count: int) -> Answer:
    """Run ``count`` tasks that were pickled together."""
    try:
        tasks = cloudpickle.loads(data)
    except BaseException as error:
        add_note(error, "A function or an argument of the task could not be read in the worker process.")
        return Answer([Failure(error)] * count)
    return run_tasks(tasks)


class Answer:
    """What became of the tasks of a parcel.

    Parameters
    ----------
    values : list
        A result or a ``Failure`` a task.
    """

    __slots__ = ("_packed", "values", "worker")

    def __init__(self, values: list[Any], worker: str | None = None, packed: bool = False) -> None:
        self.values = values
        self.worker = worker or f"{os.getpid()}-{threading.get_ident()}"
        self._packed = packed

    def packed(self) -> list[bytes]:
        """Return the values, each pickled."""
        return self.values if self._packed else [pack(value) for value in self.values]

    def __reduce__(self) -> tuple[Any, ...]:
        return Answer, (self.packed(), self.worker, True)

    def take(self, at: int) -> Any:
        """Return a value, once: the answer forgets it. A value that can't be read again is a ``Failure``."""
        value, self.values[at] = self.values[at], None
        if not self._packed:
            return value
        try:
            return pickle.loads(value)
        except Exception as error:
            return Failure(
                TypeError(
                    f"the result of the task was sent back from its process, but can't be read here: "
                    f"{type(error).__name__}: {error}. Return plain data, or use scheduler='threads'."
                )
            )


class Failure:
    """An error on its way back; one that crosses to another process takes its traceback along as text.

    Parameters
    ----------
    error : BaseException
    """

    __slots__ = ("_error", "process", "traceback")

    def __init__(self, error: BaseException) -> None:
        self._error = error
        # Set on what comes out at the other end.
        self.traceback: str | None = None
        self.process: int | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        error = self._error
        summary = "".join(traceback.format_exception_only(error)).strip()
        return _arrived, (_packed_error(error), summary, _traceback_text(error), os.getpid())

    def error(self) -> BaseException:
        """Return the exception, or one that stands for it if it couldn't be pickled."""
        return self._error


def _arrived(packed: bytes | None, summary: str, text: str, process: int) -> Failure:
    error: BaseException = RemoteError(summary)
    if packed is not None:
        try:
            error = pickle.loads(packed)
        except Exception as problem:
            # Its class can be read in the process that raised it only; the text says the same.
            add_note(error, f"The original error can't be read here: {type(problem).__name__}: {problem}.")
    failure = Failure(error)
    failure.traceback = text
    failure.process = process
    return failure


def _traceback_text(error: BaseException) -> str:
    shown = traceback.TracebackException(type(error), error, user_frames(error.__traceback__))
    # The notes cross with the error itself.
    shown.__notes__ = None
    return "".join(shown.format()).rstrip()


def _packed_error(error: BaseException) -> bytes | None:
    """Return an exception pickled so that it can be read again unchanged; None if that can't be had.

    Many classes' constructors take other arguments than ``args`` holds: such errors are made without calling the
    constructor.
    """
    kind = type(error)
    ways: list[Any] = [error, _Rebuilt(kind, error.args, error.__dict__)]
    for way in ways:
        try:
            data = cloudpickle.dumps(way, protocol=5)
            read = pickle.loads(data)
            if type(read).__qualname__ == kind.__qualname__ and str(read) == str(error):
                return data
        except Exception:  # noqa: S112 - the next way, or the text, takes its place
            continue
    return None


class _Rebuilt:
    """Pickle as an exception of a class with these arguments and attributes."""

    def __init__(self, kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]) -> None:
        self.fields = kind, args, attributes

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, self.fields


def _rebuild(kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]) -> BaseException:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


def pack(value: Any) -> bytes:
    """Return a value pickled, or a pickled ``Failure`` that says why that can't be.

    Examples
    --------
    >>> pickle.loads(pack(1))
    1
    >>> type(pickle.loads(pack(x for x in "ab"))).__name__
    'Failure'
    """
    try:
        return pickle.dumps(value, protocol=5)
    except Exception:
        try:
            return cloudpickle.dumps(value, protocol=5)
        except Exception as error:
            problem = TypeError(
                f"the result, a {type(value).__name__}, can't be sent back from its process, because it can't be "
                f"pickled: {error}. Return plain data, or use scheduler='threads'."
            )
            return pickle.dumps(Failure(problem), protocol=5)


def _raise_if_unpicklable(key: Key, task: Task) -> None:
    """Raise a TypeError that names what of a task can't be pickled, if anything can't."""
    for name, part in _parts(task):
        try:
            cloudpickle.dumps(part, protocol=5)
        except Exception as error:
            raise TypeError(
                f"the {name} of the task {key!r} ({func_name(task.func)}) can't be sent to another process, because a "
                f"{type(part).__name__} can't be pickled: {error}. Make it inside the task, or use scheduler='threads'."
            ) from error


def _parts(task: Task) -> list[tuple[str, Any]]:
    parts: list[tuple[str, Any]] = []
    if type(task.func) is Program:
        # Fused or nested work: its functions and literals, not the whole, are what a user knows.
        parts += [(f"function {func_name(step.func)}", step.func) for step in task.func.steps]
        parts += [("literal", value) for value in task.func.constants]
    parts.append(("function", task.func))
    parts += [(f"argument {number}", arg) for number, arg in enumerate(task.args)]
    parts += [(f"argument {name!r}", arg) for name, arg in (task.kwargs or {}).items()]
    return parts
