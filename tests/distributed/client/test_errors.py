"""Failures as exceptions."""

from __future__ import annotations

import asyncio
import concurrent.futures
import pickle
from typing import Any

import pytest

from minidask.schedulers.failure import RemoteError
from minidask_distributed.client.errors import (
    FutureCancelledError,
    FutureLostError,
    KilledWorker,
    LostDataError,
    error_of,
    error_of_state,
    remote_traceback,
)
from minidask_distributed.client.session import CANCELLED, ERROR, FINISHED, LOST, State
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.protocol.failures import pack_failure


def fields(**given: Any) -> dict[str, Any]:
    base = {"type": "RuntimeError", "text": "text", "traceback": "", "notes": ["a note"], "payload": None}
    return {**base, "key": "x", "worker": "", "name": "", **given}


def raised(error: Exception) -> dict[str, Any]:
    try:
        raise error
    except Exception as caught:
        packed = pack_failure(caught)
    return {**packed, "key": ("x", 1), "worker": "tcp://w:1", "name": "inc", "kind": "raised"}


def test_the_tasks_own_exception() -> None:
    error = error_of(raised(ZeroDivisionError("oh")))
    assert isinstance(error, ZeroDivisionError)
    assert str(error) == "oh"
    assert error.__notes__ == ["Raised by the task ('x', 1) (inc) on the worker tcp://w:1."]
    assert "in raised" in (remote_traceback(error) or "")


def test_a_task_is_named_once() -> None:
    error = ZeroDivisionError("oh")
    error.add_note("Raised by the task ('x', 1) (inc) on the worker tcp://w:1.")
    packed = {**raised(error), "key": str(("x", 1))}
    assert error_of(packed).__notes__ == ["Raised by the task ('x', 1) (inc) on the worker tcp://w:1."]


def test_an_exception_that_did_not_travel() -> None:
    class Odd(Exception):
        def __reduce__(self) -> Any:
            raise TypeError("never")

    error = error_of({**raised(Odd("odd")), "payload": None})
    assert isinstance(error, RemoteError)
    assert "Odd: odd" in str(error)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"kind": "killed-worker", "type": "KilledWorker"}, KilledWorker),
        ({"kind": "lost", "type": "LostDataError"}, LostDataError),
        ({"kind": "lost", "type": "TimeoutError"}, TimeoutError),
        ({"kind": "refused", "type": "ValueError"}, ValueError),
        ({"kind": "odd", "type": "Odd"}, RemoteError),
    ],
)
def test_what_the_scheduler_found(given: dict[str, Any], kind: type[Exception]) -> None:
    error = error_of(fields(**given))
    assert type(error) is kind
    assert "text" in str(error)
    assert "a note" in error.__notes__


def test_of_states() -> None:
    state = State(1, "x", {})
    assert error_of_state(state) is None
    state.settle(FINISHED, b"")
    assert error_of_state(state) is None
    state.settle(ERROR, raised(ValueError("v")))
    assert isinstance(error_of_state(state), ValueError)
    state.settle(CANCELLED, "enough")
    cancelled = error_of_state(state)
    assert isinstance(cancelled, FutureCancelledError)
    assert isinstance(cancelled, concurrent.futures.CancelledError)
    assert not isinstance(cancelled, asyncio.CancelledError), "that would cancel the coroutine that waits"
    assert str(cancelled) == "'x' has no result: enough"
    state.settle(LOST, "the scheduler is gone")
    lost = error_of_state(state)
    assert isinstance(lost, FutureLostError)
    assert isinstance(lost, FutureCancelledError)
    assert isinstance(lost, CommClosedError)
    assert str(lost) == "'x' has no result: the scheduler is gone"


@pytest.mark.parametrize("kind", [FutureCancelledError, FutureLostError])
def test_they_can_be_pickled(kind: type[FutureCancelledError]) -> None:
    error = pickle.loads(pickle.dumps(kind("x", "why")))
    assert type(error) is kind
    assert (error.key, error.reason) == ("x", "why")


def test_who_killed_the_workers() -> None:
    fields = {
        "type": "KilledWorker",
        "text": "no",
        "payload": None,
        "kind": "killed-worker",
        "key": ("x", 0),
        "worker": "tcp://a:1",
    }
    error = error_of(fields)
    assert isinstance(error, KilledWorker)
    assert (error.task, error.last_worker) == (("x", 0), "tcp://a:1")
    assert KilledWorker("by hand").task is None
