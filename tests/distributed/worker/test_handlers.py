"""What the scheduler may ask of a worker by name."""

from __future__ import annotations

import asyncio
import logging
import os
import threading

import pytest

from minidask_distributed.messages import Notice
from minidask_distributed.plugins import UploadFile, WorkerPlugin
from minidask_distributed.protocol.failures import unpack_failure
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.protocol.payload import ByReference, pack, unpack
from minidask_distributed.worker import context
from minidask_distributed.worker.server import Worker
from tests.distributed.worker.shells import SECURITY, ScriptedScheduler

pytestmark = pytest.mark.network


def with_worker(test, address="tcp://127.0.0.1:0", **options):
    """Run a coroutine function with a scheduler that says what it says, and a worker."""

    async def main():
        async with ScriptedScheduler(address) as scheduler:
            options.setdefault("nthreads", 1)
            async with Worker(scheduler.address, security=SECURITY, validate=True, **options) as worker:
                await test(scheduler, worker)

    asyncio.run(main())


def ask(what, /, address="tcp://127.0.0.1:0", **arguments):
    """Return the answer to one call."""
    found = []

    async def test(scheduler, worker):
        found.append(await scheduler.call(what, **arguments))

    with_worker(test, address)
    return found[0]


def run(*call, address="tcp://127.0.0.1:0", **kwargs):
    """Return what `run` answers, or raise its failure."""
    answer = ask("run", address, payload=pack((call[0], call[1:], kwargs)))
    if answer.failure is not None:
        raise unpack_failure(answer.failure)
    return unpack(answer.value)


class Counting(WorkerPlugin):
    def __init__(self, log=None):
        self.log = log

    def setup(self, worker):
        worker.seen = [*getattr(worker, "seen", []), "setup"]

    def teardown(self, worker):
        worker.seen.append("teardown")


class Listening(WorkerPlugin):
    def __init__(self):
        self.moves = []
        self.told = asyncio.Event()

    def transition(self, key, start, finish, **kwargs):
        self.moves.append((key, start, finish))
        if finish == "memory":
            self.told.set()


class FailingToHear(WorkerPlugin):
    def transition(self, key, start, finish, **kwargs):
        raise ZeroDivisionError


class TestRun:
    def test_a_function(self):
        assert run(divmod, 7, 2) == (3, 1)

    def test_the_worker_is_given(self):
        assert run(lambda dask_worker: dask_worker.nthreads) == 1
        assert run(lambda: context.get_worker().nthreads) == 1

    def test_a_coroutine_function(self):
        async def nap(what, dask_worker):
            await asyncio.sleep(0)
            return what, asyncio.get_running_loop() is dask_worker.loop

        assert run(nap, "x") == ("x", True)

    def test_a_function_that_returns_a_coroutine(self):
        assert run(lambda: asyncio.sleep(0, "awake")) == "awake"

    def test_it_raises(self):
        with pytest.raises(ZeroDivisionError):
            run(divmod, 1, 0)
        with pytest.raises(RuntimeError, match="the function raised StopIteration"):
            run(next, iter(()))

    def test_a_builtin_without_a_signature(self):
        assert run(dict, a=1) == {"a": 1}

    def test_by_reference(self):
        async def test(scheduler, worker):
            answer = await scheduler.call("run", payload=ByReference((lambda: worker, (), {})))
            assert answer.value.value is worker

        with_worker(test, "inproc://")

    def test_without_waiting(self):
        async def test(scheduler, worker):
            def speak(dask_worker):
                dask_worker.log_event("topic", "hello")

            answer = await scheduler.call("run", payload=pack((speak, (), {})), wait=False)
            assert answer.value is None
            notice = await scheduler.first(Notice)
            assert (notice.topic, notice.content) == ("topic", "hello")

        with_worker(test)

    def test_a_function_that_never_ends_does_not_keep_the_worker(self):
        go = threading.Event()

        async def test(scheduler, worker):
            await scheduler.call("run", payload=ByReference((go.wait, (20,), {})), wait=False)

        with_worker(test, "inproc://")
        go.set()

    @pytest.mark.parametrize("payload", [pack(7), pack((1, 2, 3)), 7])
    def test_nonsense(self, payload):
        answer = ask("run", payload=payload)
        assert answer.failure["type"] == "TypeError"
        assert "was expected, got" in answer.failure["text"]


class TestPlugins:
    def test_add_replace_remove(self):
        async def test(scheduler, worker):
            for _ in range(2):
                assert (await scheduler.call("plugin_add", name="count", plugin=pack(Counting()))).failure is None
            assert worker.seen == ["setup", "teardown", "setup"]
            await scheduler.call("plugin_remove", name="count")
            assert worker.plugins == {}
            answer = await scheduler.call("plugin_remove", name="count")
            assert answer.failure["text"] == "this worker has no plugin 'count'; it has: none"

        with_worker(test)

    def test_moves_of_tasks_are_told(self, caplog):
        listening = Listening()

        async def test(scheduler, worker):
            await scheduler.call("plugin_add", name="listen", plugin=ByReference(listening))
            await scheduler.call("plugin_add", name="fail", plugin=ByReference(FailingToHear()))
            (task,) = await scheduler.submit((len, "abc"))
            await scheduler.finished(task)
            await listening.told.wait()
            await scheduler.call("plugin_remove", name="listen")
            await scheduler.call("plugin_remove", name="fail")
            assert worker.engine.machine.heard is None

        with_worker(test, "inproc://")
        assert [move[1:] for move in listening.moves] == [
            ("released", "ready"),
            ("ready", "executing"),
            ("executing", "memory"),
        ]
        assert "transition of the plugin FailingToHear failed" in caplog.text

    def test_what_is_no_plugin(self):
        answer = ask("plugin_add", name="x", plugin=pack(7))
        assert answer.failure["text"] == "a plugin of workers must be a WorkerPlugin, got int"

    def test_one_that_refuses(self):
        answer = ask("plugin_add", name="x", plugin=pack(Refusing()))
        assert answer.failure["type"] == "ZeroDivisionError"

    def test_a_file(self, tmp_path):
        path = tmp_path / "uploaded_to_a_worker.py"
        path.write_text("answer = 42")

        async def test(scheduler, worker):
            answer = await scheduler.call("plugin_add", name="f", plugin=pack(UploadFile(path)))
            assert answer.failure is None
            assert os.path.exists(os.path.join(worker.local_directory, path.name))
            (task,) = await scheduler.submit((use_uploaded,))
            assert unpack((await scheduler.finished(task))[task]) == 42

        with_worker(test)


def use_uploaded():
    import uploaded_to_a_worker

    return uploaded_to_a_worker.answer


class Refusing(WorkerPlugin):
    def setup(self, worker):
        return 1 / 0


class TestQuestions:
    def test_identity(self):
        identity = ask("identity").value
        assert (identity["type"], identity["nthreads"], identity["status"]) == ("Worker", 1, "running")
        assert identity["pid"] == os.getpid()
        assert identity["versions"]["minidask"]

    def test_status_and_versions(self):
        assert ask("status").value == "running"
        assert ask("versions").value["python"]

    def test_metrics(self):
        metrics = ask("metrics").value
        assert metrics["memory"] > 0
        assert {"executing", "ready", "in_flight", "managed", "spilled", "cpu"} <= set(metrics)

    def test_logs(self):
        async def test(scheduler, worker):
            (await scheduler.call("logs")).value
            logging.getLogger("minidask_distributed.worker.test").warning("something odd")
            (line,) = (await scheduler.call("logs", n=1)).value
            assert line[0] == "WARNING"
            assert line[1].endswith("something odd")

        with_worker(test)

    def test_call_stack(self):
        gate, began = threading.Event(), threading.Event()

        def wait_in_here():
            began.set()
            gate.wait(20)

        async def test(scheduler, worker):
            (task,) = await scheduler.submit((wait_in_here,), keys=["waiting"])
            await asyncio.to_thread(began.wait, 20)
            answer = (await scheduler.call("call_stack")).value
            gate.set()
            await scheduler.finished(task)
            assert decode_keys(answer["keys"]) == ["waiting"]
            assert "wait_in_here" in "".join(answer["stacks"][0])

        with_worker(test, "inproc://")

    def test_story(self):
        async def test(scheduler, worker):
            (task,) = await scheduler.submit((abs, -1))
            await scheduler.finished(task)
            moves = (await scheduler.call("story", tasks=[task])).value
            assert [move[2] for move in moves] == ["ready", "executing", "memory"]

        with_worker(test)

    def test_an_unknown_name(self):
        answer = ask("fly")
        assert answer.failure["text"].startswith("a worker has no handler 'fly'; it has run, plugin_add")

    def test_wrong_arguments(self):
        answer = ask("logs", lines=3)
        assert (answer.failure["type"], answer.failure["text"]) == (
            "TypeError",
            "got an unexpected keyword argument 'lines'",
        )
