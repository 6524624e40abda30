"""Executors of every kind as schedulers: of threads, of processes, of one's own; broken and shut-down ones."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.connection import Connection
from operator import add

import numpy as np
import pytest

from minidask.schedulers import executor, threads
from minidask.schedulers.callbacks import Callback
from minidask.schedulers.failure import BrokenWorkerError

GRAPH = {"x": 1, "y": (add, "x", 10), "z": (sum, ["x", "y", 100])}


class InlineExecutor(Executor):
    """Run what is submitted at once, in the submitting thread, without pickling anything."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(params=["threads", "inline", pytest.param("processes", marks=pytest.mark.slow)])
def any_executor(request):
    if request.param == "processes":
        yield request.getfixturevalue("processes")
    elif request.param == "inline":
        yield InlineExecutor()
    else:
        with ThreadPoolExecutor(2) as pool:
            yield pool


def fail(value):
    raise ValueError(f"bad {value}")


@pytest.mark.parametrize("chunksize", [None, 1, 10])
def test_results(any_executor, chunksize):
    assert executor.get(GRAPH, ["z", ["y"]], executor=any_executor, chunksize=chunksize) == (112, (11,))
    wide = {("x", at): (lambda at=at: at * 2,) for at in range(100)}
    assert executor.get(wide, list(wide), executor=any_executor, num_workers=3) == tuple(range(0, 200, 2))


def test_an_error_has_its_type_and_the_key(any_executor):
    with pytest.raises(ValueError, match=r"bad 3") as caught:
        executor.get({"x": 3, "y": (fail, "x")}, "y", executor=any_executor)
    (note,) = caught.value.__notes__
    assert note.startswith("Raised by the task 'y' (fail).")


def test_an_executor_goes_on_after_an_error(any_executor):
    with pytest.raises(ValueError, match=r"bad"):
        executor.get({"x": (fail, 1)}, "x", executor=any_executor)
    assert executor.get(GRAPH, "z", executor=any_executor) == 112


def test_callbacks(any_executor):
    seen = []
    with Callback(posttask=lambda key, value, dsk, state, worker: seen.append((key, value))):
        executor.get(GRAPH, "z", executor=any_executor)
    assert seen == [("x", 1), ("y", 11), ("z", 112)]


def test_objects_of_this_process_stay_objects():
    """An executor that runs in this process need not be able to pickle anything."""
    lock = threading.Lock()
    assert (
        executor.get({"x": (lambda: lock,), "y": (lambda lock: [lock], "x")}, "y", executor=InlineExecutor())[0] is lock
    )


def test_threads_nest_without_deadlock():
    with ThreadPoolExecutor(1) as pool:

        def inner():
            return executor.get(GRAPH, "z", executor=pool)

        assert executor.get({"a": (inner,), "b": (lambda a: a + 1, "a")}, "b", executor=pool) == 113


def test_threads_of_an_executor_count():
    with ThreadPoolExecutor(2) as pool:
        barrier = threading.Barrier(2, timeout=20)
        graph = {at: (barrier.wait,) for at in range(2)}
        assert sorted(executor.get(graph, [0, 1], executor=pool)) == [0, 1]
    assert threads.get(GRAPH, "z") == 112


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_that_was_shut_down(kind):
    pool = kind(1)
    pool.shutdown()
    with pytest.raises(
        RuntimeError, match=rf"{kind.__name__},? takes no more (tasks|work): cannot schedule new futures"
    ):
        executor.get(GRAPH, "z", executor=pool)


@pytest.mark.slow
def test_a_killed_process_breaks_the_executor_and_says_so():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for _ in range(2):  # broken when it answers, then broken when it is asked
            with pytest.raises(
                BrokenWorkerError, match=r"a worker of ProcessPoolExecutor died .* the task 'x' \(_exit\)"
            ):
                executor.get({"x": (os._exit, 3)}, "x", executor=pool)


def die_in_the_middle_of_sending():
    def half(self, data):
        os.write(self.fileno(), (2**24).to_bytes(4, "big") + bytes(2**10))
        os.kill(os.getpid(), signal.SIGKILL)

    Connection._send_bytes = half
    return bytes(2**24)


@pytest.mark.slow
def test_a_process_that_is_killed_in_the_middle_of_its_answer_does_not_hang_the_pool():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        executor.get({at: (int,) for at in range(10)}, list(range(10)), executor=pool)  # both are there
        with pytest.raises(BrokenWorkerError, match=r"the task 'x' \(die_in_the_middle_of_sending\)"):
            executor.get({"x": (die_in_the_middle_of_sending,)}, "x", executor=pool)


@pytest.mark.slow
def test_what_cannot_be_pickled_is_named(processes):
    lock = threading.Lock()
    with pytest.raises(TypeError, match=r"the argument 0 of the task 'x' .* use scheduler='threads'"):
        executor.get({"x": (id, lock)}, "x", executor=processes)
    with pytest.raises(TypeError, match=r"the result, a lock, can't be sent back") as caught:
        executor.get({"x": (threading.Lock,)}, "x", executor=processes)
    assert caught.value.__notes__[0].startswith("Raised by the task 'x' (allocate_lock).")


@pytest.mark.slow
def test_large_data_bring_a_warning(processes):
    with pytest.warns(UserWarning, match=r"the graph carries 15.26 MiB"):
        assert executor.get({"x": (np.sum, np.ones(2_000_000))}, "x", executor=processes) == 2_000_000


class Cancelled(Executor):
    """Its futures are withdrawn."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


class Confused(InlineExecutor):
    """It fails by itself."""

    def submit(self, fn, /, *args, **kwargs):
        return super().submit(fail, "executor")


def test_an_executor_that_fails_by_itself():
    with pytest.raises(RuntimeError, match=r"Cancelled was shut down in the middle of a computation"):
        executor.get(GRAPH, "z", executor=Cancelled())
    with pytest.raises(ValueError, match=r"bad executor") as caught:
        executor.get(GRAPH, "z", executor=Confused())
    assert caught.value.__notes__ == ["Raised by Confused when it was to run the task 'x' (identity)."]


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"executor": "threads"}, TypeError, "executor must be a concurrent.futures.Executor, got str"),
        ({"num_workers": 0}, ValueError, "num_workers must be at least 1, got 0"),
        ({"chunksize": 0}, ValueError, "chunksize must be at least 1, got 0"),
        ({"chunksize": 1.0}, TypeError, "chunksize must be an int, got float"),
    ],
)
def test_wrong_arguments(kwargs, error, message):
    with pytest.raises(error, match=message):
        executor.get(GRAPH, "z", **{"executor": InlineExecutor(), **kwargs})
