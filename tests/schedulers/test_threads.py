"""The threaded scheduler for real: contention, pools, nesting, errors, interrupts, and what it holds in memory."""

import contextvars
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from operator import add

import pytest

from minidask import config
from minidask.schedulers import sync, threads
from minidask.schedulers.callbacks import Callback

WORKERS = pytest.mark.parametrize("num_workers", [1, 2, 4, 8])


def join_workers():
    """Wait for the worker threads of earlier computations; fail if one stays."""
    for thread in threading.enumerate():
        if thread.name == "minidask-worker" and thread is not threading.current_thread():
            thread.join(10)
            assert not thread.is_alive()


class InlineExecutor(Executor):
    """Run what is submitted at once, in the submitting thread."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@pytest.fixture(params=["own", "executor", "executor of 1", "threadpool", "threadpool of 1", "inline"])
def pool(request):
    if request.param == "own":
        yield None
        return
    made = {
        "executor": lambda: ThreadPoolExecutor(4),
        "executor of 1": lambda: ThreadPoolExecutor(1),
        "threadpool": lambda: ThreadPool(4),
        "threadpool of 1": lambda: ThreadPool(1),
        "inline": InlineExecutor,
    }[request.param]()
    yield made
    if isinstance(made, Executor):
        made.shutdown()
    else:
        made.close()
        made.join()


# -- results -----------------------------------------------------------------------------------------------------------


def tree(leaves, leaf=lambda at: at, join=add):
    graph = {(0, at): (leaf, at) for at in range(leaves)}
    level = 0
    while leaves > 1:
        level += 1
        leaves //= 2
        for at in range(leaves):
            graph[level, at] = (join, (level - 1, 2 * at), (level - 1, 2 * at + 1))
    return graph, (level, 0)


@WORKERS
def test_many_quick_tasks_with_contention(num_workers):
    graph, key = tree(1024)
    assert threads.get(graph, key, num_workers=num_workers) == 1023 * 512
    join_workers()


def test_every_kind_of_pool(pool):
    graph, key = tree(64)
    graph["fan"] = (list, [(0, at) for at in range(64)])
    assert threads.get(graph, [key, "fan"], pool=pool) == (63 * 32, list(range(64)))
    with config.set(pool=pool):
        assert threads.get(graph, key) == 63 * 32


def test_tasks_run_in_the_threads_of_the_pool():
    with ThreadPoolExecutor(2, thread_name_prefix="mine") as pool:
        name = threads.get({"x": (lambda: threading.current_thread().name,)}, "x", pool=pool)
    assert name.startswith("mine")


def test_tasks_run_beside_the_calling_thread():
    assert threads.get({"x": (threading.get_ident,)}, "x") != threading.get_ident()


@WORKERS
def test_as_many_tasks_at_a_time_as_there_are_workers(num_workers):
    """A barrier passes only when all its tasks run at once; the fan-out after one task must reach all workers at once."""
    barrier = threading.Barrier(num_workers, timeout=20)

    def meet(at, *needs):
        barrier.wait()
        return at

    graph = {"first": (int,)}
    graph |= {("a", at): (meet, at, "first") for at in range(num_workers)}
    graph["second"] = (lambda *values: len(values), *[("a", at) for at in range(num_workers)])
    graph |= {("b", at): (meet, at, "second") for at in range(num_workers)}
    keys = [("b", at) for at in range(num_workers)]
    assert threads.get(graph, keys, num_workers=num_workers) == tuple(range(num_workers))
    with ThreadPoolExecutor(num_workers) as pool:
        assert threads.get(graph, keys, pool=pool) == tuple(range(num_workers))


def test_no_more_tasks_at_a_time_than_workers():
    lock = threading.Lock()
    running = most = 0

    def task(at):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        sum(range(1000))
        with lock:
            running -= 1

    graph = {at: (task, str(at)) for at in range(500)}
    threads.get(graph, list(graph), num_workers=3)
    assert most <= 3


def test_results_that_are_exceptions_are_results():
    error = ValueError("a value")
    assert threads.get({"x": (lambda: error,), "y": (lambda value: [value], "x")}, ["x", "y"]) == (error, [error])


@pytest.mark.slow
def test_several_threads_compute_at_once():
    graph, key = tree(256)
    with ThreadPoolExecutor(2) as shared, ThreadPoolExecutor(6) as callers:
        own = [callers.submit(threads.get, graph, key, num_workers=2) for _ in range(12)]
        pooled = [callers.submit(threads.get, graph, key, pool=shared) for _ in range(12)]
        assert {future.result(30) for future in own + pooled} == {255 * 128}


def test_a_computation_gives_a_pools_thread_back_while_it_has_no_work_for_it():
    """Two threads: one runs a task that waits for what the other can do only when it isn't kept waiting in between."""
    with ThreadPoolExecutor(2) as pool:
        begun = threading.Event()
        helped = threading.Event()

        def wait(value):
            begun.set()
            assert helped.wait(20)
            return value

        # Both threads have had tasks when only "long" is left to do.
        graph = {("q", at): (abs, -at - 1.5) for at in range(8)}
        graph["long"] = (wait, [("q", at) for at in range(8)])
        with ThreadPoolExecutor(1) as caller:
            computation = caller.submit(threads.get, graph, "long", pool=pool)
            assert begun.wait(20)
            pool.submit(helped.set).result(20)
            assert computation.result(20)[0] == 1.5


# -- nesting -----------------------------------------------------------------------------------------------------------


def nested(levels, width, **kwargs):
    if not levels:
        return 1
    graph = {("n", at): (lambda: nested(levels - 1, width, **kwargs),) for at in range(width)}
    graph["sum"] = (sum, list(graph))
    return threads.get(graph, "sum", **kwargs)


@WORKERS
def test_nested_computations_end(num_workers):
    assert nested(4, 3, num_workers=num_workers) == 81


def test_nested_computations_in_every_kind_of_pool(pool):
    assert nested(3, 3, pool=pool) == 27


@pytest.mark.slow
def test_a_computation_from_inside_the_pool_that_it_is_to_use():
    for _ in range(20):  # a pool's first task is special: the pool doesn't know its thread yet
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(nested, 2, 3, pool=pool).result(30) == 9
    with ThreadPool(1) as pool:
        assert pool.apply_async(nested, (2, 3), {"pool": pool}).get(30) == 9


@pytest.mark.slow
def test_nested_computations_do_not_multiply_threads():
    most = 0

    def count():
        nonlocal most
        most = max(most, sum(thread.name == "minidask-worker" for thread in threading.enumerate()))
        return 1

    def level(depth):
        if not depth:
            return count()
        graph = {("n", at): (level, float(depth - 1)) for at in range(8)}
        return sum(threads.get(graph, list(graph), num_workers=4))

    join_workers()
    assert level(4) == 8**4
    # 4 a level at most; without the limit it would be 4 + 4 * 3 + 4 * 3 * 3 + ...
    assert most <= 4 * 4
    join_workers()


def test_a_nested_computation_gets_the_threads_that_the_outer_one_leaves_idle():
    barrier = threading.Barrier(4, timeout=20)

    def inner():
        graph = {("n", at): (barrier.wait,) for at in range(4)}
        return sorted(threads.get(graph, list(graph), num_workers=4))

    assert threads.get({"x": (inner,)}, "x", num_workers=4) == [0, 1, 2, 3]


def test_nested_computations_keep_their_context_to_themselves():
    variable = contextvars.ContextVar("variable", default="unset")

    def inner():
        variable.set("inner")

    def outer():
        threads.get({"x": (inner,)}, "x", num_workers=1)
        return variable.get()

    assert threads.get({"x": (outer,)}, "x", num_workers=1) == "unset"


# -- what tasks see ----------------------------------------------------------------------------------------------------


def test_context_variables_and_settings_of_the_caller(pool):
    variable = contextvars.ContextVar("variable")
    variable.set("seen")
    with config.set({"array.chunk-size": "1 MiB"}):
        assert threads.get({"x": (variable.get,)}, "x", pool=pool) == "seen"
        assert threads.get({"x": (config.get, ("array.chunk-size",)[0])}, "x", pool=pool) == "1 MiB"


# -- errors ------------------------------------------------------------------------------------------------------------


def fail(value):
    raise ValueError(f"bad {value}")


def test_an_error_has_its_type_the_key_and_the_users_frames(pool):
    with pytest.raises(ValueError, match=r"bad 3") as caught:
        threads.get({"x": 3, "y": (fail, "x")}, "y", pool=pool)
    assert caught.value.__notes__ == ["Raised by the task 'y' (fail)."]
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-2:] == ["drive", "fail"]


def test_the_context_of_an_error_is_kept():
    def wrapped():
        try:
            fail(1)
        except ValueError:
            raise KeyError("two")

    with pytest.raises(KeyError) as caught:
        threads.get({"x": (wrapped,)}, "x")
    assert isinstance(caught.value.__context__, ValueError)
    assert not caught.value.__suppress_context__


@pytest.mark.parametrize(
    "error", [StopIteration("s"), KeyboardInterrupt(), SystemExit(3), GeneratorExit(), MemoryError()]
)
def test_every_kind_of_error_comes_through(pool, error):
    def task():
        raise error

    with pytest.raises(type(error)) as caught:
        threads.get({"x": (task,), "y": (abs, "x")}, "y", pool=pool)
    assert caught.value is error


def test_one_exception_object_raised_by_two_tasks_names_the_first():
    error = ValueError("shared")
    barrier = threading.Barrier(2, timeout=20)

    def task():
        barrier.wait()
        raise error

    with pytest.raises(ValueError, match=r"shared") as caught:
        threads.get({"x": (task,), "y": (task,)}, ["x", "y"], num_workers=2)
    join_workers()
    assert caught.value is error
    assert len(error.__notes__) == 1


def test_the_first_error_stops_the_rest():
    ran = []
    graph = {"bad": (fail, 1), **{("k", at): (ran.append, "ran") for at in range(1000)}}
    graph["all"] = (list, list(graph))
    with pytest.raises(ValueError, match=r"bad"):
        threads.get(graph, "all", num_workers=1)
    assert ran == []
    join_workers()


def test_an_error_does_not_wait_for_what_runs():
    release = threading.Event()
    started = threading.Event()

    def long():
        started.set()
        release.wait(20)

    def bad():
        started.wait(20)
        fail(1)

    try:
        with pytest.raises(ValueError, match=r"bad"):
            threads.get({"x": (long,), "y": (bad,)}, ["x", "y"], num_workers=2)
    finally:
        release.set()
    join_workers()


def test_nested_computations_name_each_task_once():
    def inner():
        return threads.get({"in": (fail, 1)}, "in")

    with pytest.raises(ValueError, match=r"bad 1") as caught:
        threads.get({"out": (inner,)}, "out")
    assert caught.value.__notes__ == ["Raised by the task 'in' (fail).", "Raised by the task 'out' (inner)."]


def test_an_error_does_not_keep_the_computation_in_a_cycle():
    import gc

    class Big:
        pass

    held = []

    def make():
        big = Big()
        held.append(weakref.ref(big))
        return big

    gc.disable()
    try:
        with pytest.raises(ValueError, match=r"bad"):
            threads.get({"x": (make,), "y": (lambda x: fail(1), "x")}, "y", num_workers=1)
        join_workers()
        assert held[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("hook", ["start", "start_state", "pretask", "posttask"])
def test_an_error_in_a_callback_ends_the_computation(hook, pool):
    def raises(*args):
        raise OSError(hook)

    ended = []
    with Callback(**{hook: raises}, finish=lambda dsk, state, errored: ended.append(errored)):
        with pytest.raises(OSError, match=hook):
            threads.get({"x": (int,), "y": (abs, "x")}, "y", pool=pool)
    assert ended == [True]
    join_workers()


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"num_workers": 0}, ValueError, "num_workers must be at least 1, got 0"),
        ({"num_workers": 1.5}, TypeError, "num_workers must be an int, got float"),
        ({"num_workers": True}, TypeError, "num_workers must be an int, got bool"),
        ({"pool": 4}, TypeError, "pool must be an executor of concurrent.futures or a multiprocessing.pool.ThreadPool"),
    ],
)
def test_wrong_arguments(kwargs, error, message):
    with pytest.raises(error, match=message):
        threads.get({"x": 1}, "x", **kwargs)


def test_a_pool_of_processes_is_refused():
    with ProcessPoolExecutor(1) as pool, pytest.raises(TypeError, match=r"use scheduler='processes'"):
        threads.get({"x": 1}, "x", pool=pool)


def test_a_pool_that_was_shut_down():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match=r"the pool, a ThreadPoolExecutor, takes no more work"):
        threads.get({"x": (int,)}, "x", pool=pool)
    closed = ThreadPool(1)
    closed.close()
    closed.join()
    with pytest.raises(RuntimeError, match=r"the pool, a ThreadPool, takes no more work"):
        threads.get({"x": (int,)}, "x", pool=closed)


def test_a_pool_that_is_shut_down_before_it_begins():
    pool = ThreadPoolExecutor(1)
    release = threading.Event()
    blocker = pool.submit(release.wait, 20)
    with ThreadPoolExecutor(1) as caller:
        submitted = threading.Event()
        with Callback(start_state=lambda dsk, state: submitted.set()):
            context = contextvars.copy_context()
        computation = caller.submit(context.run, threads.get, {"x": (int,)}, "x", pool=pool)
        assert submitted.wait(20)
        while not pool._work_queue.qsize():  # a moment, between the state and the first loop
            os.sched_yield()
        pool.shutdown(wait=False, cancel_futures=True)
        with pytest.raises(RuntimeError, match=r"was shut down in the middle of a computation"):
            computation.result(20)
    release.set()
    assert blocker.result(20)


class Foreign(Executor):
    """An executor that can't run what it is given."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        future.set_exception(TypeError("can't pickle this"))
        return future


def test_a_pool_that_cannot_run_functions_of_this_process():
    with pytest.raises(RuntimeError, match=r"the pool, a Foreign, can't run a function of this process") as caught:
        threads.get({"x": (int,)}, "x", pool=Foreign())
    assert isinstance(caught.value.__cause__, TypeError)


# -- memory ------------------------------------------------------------------------------------------------------------


class Counter:
    """Make results that are counted while they live."""

    def __init__(self):
        self.lock = threading.Lock()
        self.alive = self.most = 0

    def __call__(self, *needs):
        with self.lock:
            self.alive += 1
            self.most = max(self.most, self.alive)
        result = Result()
        weakref.finalize(result, self._gone)
        return result

    def _gone(self):
        with self.lock:
            self.alive -= 1


class PacedCounter(Counter):
    """A counter whose calls keep pace: no thread runs ahead of one that the machine has put aside in the middle of a task.

    Without that a loaded machine would decide how many results are held, not the scheduler. A thread counts as busy from a
    call to its next one; one that doesn't come back for a while has run out of tasks.
    """

    def __init__(self, num_workers):
        super().__init__()
        self.changed = threading.Condition()
        self.ahead = num_workers
        self.calls = 0
        self.latest = {}  # {thread: number of its latest call}

    def __call__(self, *needs):
        own = threading.get_ident()
        with self.changed:
            self.calls += 1
            self.latest[own] = call = self.calls
            self.changed.notify_all()

            def near():
                return call - min(self.latest.values()) <= self.ahead

            if not self.changed.wait_for(near, timeout=0.5):
                for thread in [thread for thread, number in self.latest.items() if call - number > self.ahead]:
                    del self.latest[thread]
        return super().__call__(*needs)


class Result:
    """Something to hold."""


def tree_shape(make, blocks):
    """A sum over blocks: at most one result a level of the tree is to be held."""
    return *tree(blocks, lambda at: make(), make), blocks.bit_length() + 1


def stencil_shape(make, blocks):
    """Neighbours, and a running total over them: a few blocks at a time."""
    graph = {("x", at): (make,) for at in range(blocks)}
    for at in range(blocks):
        around = [("x", near) for near in (at - 1, at, at + 1) if 0 <= near < blocks]
        graph["s", at] = (make, *around)
        graph["t", at] = (make, ("s", at), *([("t", at - 1)] if at else []))
    return graph, ("t", blocks - 1), 5


def anomaly_shape(make, blocks):
    """``(x - x.mean(axis=0)).sum()`` with the loading repeated by nobody: all of x must be held, and no more than that."""
    graph = {("x", at): (make,) for at in range(blocks)}
    graph["m", 0] = (make, ("x", 0))
    for at in range(1, blocks):
        graph["m", at] = (make, ("m", at - 1), ("x", at))
    for at in range(blocks):
        graph["d", at] = (make, ("x", at), ("m", blocks - 1))
        graph["t", at] = (make, ("d", at), *([("t", at - 1)] if at else []))
    return graph, ("t", blocks - 1), blocks + 3


def chunked_anomaly_shape(make, blocks):
    """``x - x.mean(axis=0)`` where every column of blocks has its own mean: one column at a time."""
    rows = 8
    graph = {}
    for column in range(blocks // rows):
        for row in range(rows):
            graph["x", row, column] = (make,)
            graph["d", row, column] = (make, ("x", row, column), ("m", column))
        graph["m", column] = (make, *[("x", row, column) for row in range(rows)])
        needs = [("d", row, column) for row in range(rows)]
        graph["t", column] = (make, *needs, *([("t", column - 1)] if column else []))
    return graph, ("t", blocks // rows - 1), 2 * rows + 3


@pytest.mark.parametrize("shape", [tree_shape, stencil_shape, anomaly_shape, chunked_anomaly_shape])
@pytest.mark.parametrize("num_workers", [0, 1, 2, 4])
def test_peak_memory_is_bounded(shape, num_workers):
    counter = PacedCounter(num_workers) if num_workers > 1 else Counter()
    graph, key, bound = shape(counter, 128)
    get = threads.get if num_workers else sync.get
    result = get(graph, key, num_workers=num_workers)
    # Each further thread may hold a result and what it has started for it.
    assert counter.most <= bound + 4 * max(0, num_workers - 1)
    assert result is not None
    join_workers()
    assert counter.alive == 1
    del result
    assert counter.alive == 0


def test_nothing_is_held_while_a_worker_waits():
    """A result without users is gone before the next task of the same worker begins."""
    seen = []

    def make():
        result = Result()
        seen.append(weakref.ref(result))
        return result

    def after(value):
        return None

    def look(value):
        return [ref() for ref in seen]

    graph = {"a": (make,), "b": (after, "a"), "c": (look, "b")}
    assert threads.get(graph, "c", num_workers=1) == [None]


# -- the end -----------------------------------------------------------------------------------------------------------


def test_no_thread_stays():
    """They have ended when it returns: what the tasks hold goes with the caller's last name for it."""
    before = set(threading.enumerate())
    for _ in range(20):
        held = Result()
        seen = weakref.ref(held)
        threads.get({at: (id, held) for at in range(10)}, list(range(10)), num_workers=8)
        assert not set(threading.enumerate()) - before
        del held
        assert seen() is None


INTERRUPTED = """
import os, time
from minidask.schedulers import sync, threads

def long(at):
    os.write(1, b"running\\n")  # in one piece
    time.sleep(60)

try:
    threads.get({at: (long, str(at)) for at in range(10)}, list(range(10)), num_workers=2)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise
"""


@pytest.mark.alone
@pytest.mark.slow
def test_ctrl_c_ends_the_program_at_once():
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with program:
        for _ in range(2):
            assert program.stdout.readline() == "running\n"
        begun = time.monotonic()
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=20)
    assert time.monotonic() - begun < 2
    assert out.endswith("interrupted\n")
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert program.returncode == -signal.SIGINT


def test_ctrl_c_stops_what_has_not_begun():
    """In a session that goes on: the interrupt comes at once, running tasks end, no other begins, no thread stays."""
    release = threading.Event()
    ran = []

    def task(at):
        ran.append(at)
        if at == "0":
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            release.wait(20)

    with pytest.raises(KeyboardInterrupt):
        threads.get({at: (task, str(at)) for at in range(100)}, list(range(100)), num_workers=1)
    release.set()
    join_workers()
    assert ran == ["0"]


def test_a_child_forked_by_a_task_computes_on_its_own():
    def task():
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            try:
                os.write(writer, b"%d" % threads.get({"x": (abs, -7)}, "x", num_workers=2))
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        return text

    assert threads.get({"x": (task,)}, "x") == "7"
