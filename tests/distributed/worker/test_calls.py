"""What one call of a task may come to."""

from __future__ import annotations

import asyncio
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from minidask_distributed.messages import Erred, Finished, Free, Missing
from minidask_distributed.protocol.failures import unpack_failure
from minidask_distributed.protocol.payload import ByReference
from minidask_distributed.worker.context import (
    Reschedule,
    get_current_task_annotations,
    get_current_task_key,
    get_worker,
    running,
)
from tests.distributed.worker.shells import Dep, shell


@pytest.fixture
def worker(tmp_path):
    with shell(tmp_path) as made:
        yield made


@pytest.fixture
def local(tmp_path):
    with shell(tmp_path, serialize=False) as made:
        yield made


def fail(kind, *args):
    raise kind(*args)


class TestResults:
    def test_small_ones_come_along(self, worker):
        small, large, none = worker.submit((lambda: [1, 2],), (bytes, 100_000), (lambda: None,))
        worker.comm.until_finished(small, large, none)
        values = worker.comm.values
        assert pickle.loads(values[small]) == [1, 2]
        assert (values[large], pickle.loads(values[none])) == (None, None)
        assert len(worker.data[large]) == 100_000

    def test_one_that_cannot_be_pickled_stays(self, worker):
        (task,) = worker.submit((lambda: (x for x in "ab"),))
        worker.comm.until_finished(task)
        assert worker.comm.values[task] is None
        assert list(worker.data[task]) == ["a", "b"]

    def test_in_one_process_they_pass_as_they_are(self, local):
        task, large = local.submit((object,), (bytes, 100_000))
        local.comm.until_finished(task, large)
        assert local.comm.values[task].value is local.data[task]
        assert local.comm.values[large] is None

    def test_durations_and_sizes(self, worker):
        task, _ = worker.submit((bytes, 1000), (bytes, 10))
        worker.comm.until_finished(task)
        message = worker.comm.first(Finished)
        assert message.nbytes[0] >= 1000
        assert 0 <= message.durations[0] < 1_000_000
        assert worker.engine.machine.recipes.use(0).expected_us >= 0


class TestArguments:
    def test_of_all_kinds(self, worker):
        one, two = worker.submit((int, "1"), (int, "2"))
        worker.comm.until_finished(one, two)

        def total(a, b, literal, inlined, nested):
            return a + b + literal + inlined + sum(nested)

        assert (
            worker.result(
                total,
                Dep(one),
                Dep(two),
                10,
                Dep(999),
                [Dep(one), 1000],
                inlined={999: pickle.dumps(100)},
            )
            == 1114
        )

    def test_one_that_came_by_reference(self, local):
        thing = object()
        assert local.result(lambda x: x, Dep(999), inlined={999: ByReference(thing)}) is thing

    def test_one_that_cannot_be_read(self, worker):
        (task,) = worker.submit((len, Unreadable()))
        failure = worker.comm.until_failed(task)
        error = unpack_failure(failure)
        assert isinstance(error, ZeroDivisionError)
        assert "The function or an argument of the task can't be read on the worker." in error.__notes__
        assert worker.result(abs, -1) == 1

    def test_a_function_that_cannot_be_read(self, worker):
        message = worker.compute((abs, -1))
        message.recipes[0][1] = b"no pickle"
        worker.handle(message)
        failure = worker.comm.until_failed(message.tasks[0])
        assert (failure["type"], failure["name"]) == ("UnpicklingError", "")

    def test_a_dependency_that_is_gone(self, worker):
        (one,) = worker.submit((int, "1"))
        worker.comm.until_finished(one)
        # The value goes behind the machine's back, as a damaged file's does.
        worker.data.discard(one)
        (task,) = worker.submit((abs, Dep(one)))
        assert worker.comm.first(Missing).tasks == [one]
        worker.engine.put([one], ["one"], [-5], [10])
        worker.comm.until_finished(task)
        assert worker.data[task] == 5

    def test_reading_back_a_dependency_raises(self, worker):
        worker.engine.put([999], ["x"], [Treacherous()], [100_000])
        worker.data.spill(1_000_000)
        assert worker.data.settle()
        (task,) = worker.submit((abs, Dep(999)))
        failure = worker.comm.until_failed(task)
        assert (failure["type"], failure["text"]) == ("KeyError", "'mine'")


class Unreadable:
    def __reduce__(self):
        return divmod, (1, 0)


class Treacherous:
    def __reduce__(self):
        return fail, (KeyError, "mine")


class TestFailures:
    def test_it_is_told(self, worker):
        (task,) = worker.submit((fail, ValueError, "no"))
        failure = worker.comm.until_failed(task)
        assert {name: failure[name] for name in ("type", "text", "key", "worker", "name", "kind")} == {
            "type": "ValueError",
            "text": "no",
            "key": "fail-1",
            "worker": "tcp://here:1",
            "name": "fail",
            "kind": "raised",
        }
        error = unpack_failure(failure)
        assert error.__notes__ == ["Raised by the task 'fail-1' (fail) on the worker tcp://here:1."]
        assert "in fail" in failure["traceback"]
        # Ours are no news.
        assert "/worker/calls.py" not in failure["traceback"].replace("tests/distributed/worker", "")
        assert worker.comm.first(Erred).durations[0] >= 0

    @pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, MemoryError, GeneratorExit, StopIteration])
    def test_whatever_is_raised(self, worker, kind):
        (task,) = worker.submit((fail, kind))
        assert worker.comm.until_failed(task)["type"] == kind.__name__
        assert worker.result(abs, -1) == 1

    def test_recursion(self, worker):
        def down():
            return down()

        (task,) = worker.submit((down,))
        assert worker.comm.until_failed(task)["type"] == "RecursionError"
        assert worker.result(abs, -1) == 1

    def test_one_that_cannot_be_pickled(self, worker):
        (task,) = worker.submit((fail_oddly,))
        failure = worker.comm.until_failed(task)
        assert (failure["payload"], failure["type"], failure["text"]) == (None, "OddError", "no pickle for me")

    def test_one_that_cannot_be_pickled_in_one_process(self, local):
        (task,) = local.submit((fail_oddly,))
        error = unpack_failure(local.comm.until_failed(task))
        assert type(error) is OddError

    def test_a_size_that_cannot_be_had_is_no_failure(self, worker):
        assert type(worker.result(Sizeless)) is Sizeless

    def test_rescheduled(self, worker):
        (task,) = worker.submit((fail, Reschedule))
        assert worker.comm.until_failed(task)["kind"] == "reschedule"

    def test_an_executor_that_is_not_there(self, worker):
        (task,) = worker.submit((abs, -1), options=[{"annotations": {"executor": "gpu"}}])
        failure = worker.comm.until_failed(task)
        assert failure["text"] == "the task asks for the executor 'gpu'; this worker has 'default'"

    def test_resources_that_are_not_there(self, worker):
        (task,) = worker.submit((abs, -1), options=[{"resources": {"GPU": 1}}])
        assert worker.comm.until_failed(task)["text"] == "the task asks for 1 GPU; this worker has 0"

    def test_arguments_are_let_go(self, worker):
        (one,) = worker.submit((Tracked,))
        worker.comm.until_finished(one)
        (task,) = worker.submit((fail_with, Dep(one)))
        worker.comm.until_failed(task)
        worker.handle(Free([one, task]))
        assert worker.result(Tracked.count) == 0


class OddError(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


def fail_oddly():
    raise OddError("no pickle for me")


class Sizeless:
    def __sizeof__(self):
        raise ValueError("no size")


class Tracked:
    alive = 0

    def __init__(self):
        Tracked.alive += 1

    def __del__(self):
        Tracked.alive -= 1

    @staticmethod
    def count():
        return Tracked.alive


def fail_with(thing):
    raise ValueError("no")


class TestContext:
    def test_what_a_task_knows(self, worker):
        def ask():
            return get_worker().address, get_current_task_key(), get_current_task_annotations()

        assert worker.result(ask) == ("tcp://here:1", "ask-1", {})
        options = [{"annotations": {"colour": "blue"}}]
        assert worker.result(ask, options=options) == ("tcp://here:1", "ask-2", {"colour": "blue"})

    def test_reading_arguments_knows_it_too(self, worker):
        assert worker.result(lambda key: key, Asking()) == "<lambda>-1"

    def test_the_slot_is_known(self, local):
        assert local.result(lambda: running.get().slot) is local.pool.slots[0]


class Asking:
    def __reduce__(self):
        return get_current_task_key, ()


class TestElsewhere:
    def test_coroutine_functions_run_on_the_loop(self, worker):
        async def ask():
            await asyncio.sleep(0)
            return asyncio.get_running_loop(), get_current_task_key()

        loop, key = worker.result(ask)
        assert (loop, key) == (worker.loop_thread.loop, "ask-1")

    def test_a_coroutine_that_raises(self, worker):
        async def bad():
            raise ValueError("no")

        (task,) = worker.submit((bad,))
        assert worker.comm.until_failed(task)["type"] == "ValueError"

    def test_a_named_executor(self, tmp_path):
        with ThreadPoolExecutor(2, "special") as pool, shell(tmp_path, executors={"special": pool, "own": 1}) as worker:

            def where():
                return threading.current_thread().name, get_worker() is not None

            names = [
                worker.result(where, options=[{"annotations": {"executor": name}}])[0]
                for name in ("special", "own", None)
            ]
            assert [name.rsplit("_")[0].rsplit(" ", 1)[0] for name in names] == [
                "special",
                "minidask own",
                "minidask default",
            ]
