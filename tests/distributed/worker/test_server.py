"""A worker with real sockets, beside a scheduler that says what the test says, and beside real ones."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minidask import config
from minidask_distributed.comm import connect, connect_bulk
from minidask_distributed.messages import (
    Bye,
    Data,
    Erred,
    Finished,
    Free,
    GetData,
    Held,
    Leave,
    LongRunning,
    Missing,
    Notice,
    PutData,
    Stored,
    WorkerStatus,
)
from minidask_distributed.plugins import WorkerPlugin
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.protocol.payload import ByReference, pack, unpack
from minidask_distributed.worker import context
from minidask_distributed.worker.blame import read_running
from minidask_distributed.worker.server import Worker
from tests.distributed.worker.shells import SECURITY, Dep, ScriptedScheduler

pytestmark = pytest.mark.network

ADDRESSES = pytest.mark.parametrize("address", ["tcp://127.0.0.1:0", "inproc://"], ids=["tcp", "inproc"])


def make(scheduler, **options):
    options.setdefault("nthreads", 1)
    return Worker(scheduler.address, security=SECURITY, validate=True, **options)


def with_scheduler(test, address="tcp://127.0.0.1:0"):
    async def main():
        async with ScriptedScheduler(address) as scheduler:
            await test(scheduler)

    asyncio.run(main())


@ADDRESSES
def test_a_task_and_its_result(address):
    async def test(scheduler):
        async with make(scheduler) as worker:
            assert repr(worker) == f"<Worker {worker.address!r}, running: 1 threads>"
            assert f"<td>{worker.address}</td>" in worker._repr_html_()
            (task,) = await scheduler.submit((divmod, 7, 2))
            values = await scheduler.finished(task)
            assert unpack(values[task]) == (3, 1)
            assert worker.data[task] == (3, 1)
            scheduler.send(Free([task]))
            await scheduler.call("status")
            assert len(worker.data) == 0
        assert (worker.status, worker.address.split(":")[0]) == ("closed", address.split(":")[0])

    with_scheduler(test, address)


def test_a_failure():
    async def test(scheduler):
        async with make(scheduler) as worker:
            await scheduler.submit((divmod, 1, 0))
            erred = await scheduler.first(Erred)
            assert erred.failures[0]["worker"] == worker.address

    with_scheduler(test)


@ADDRESSES
def test_from_worker_to_worker(address):
    async def test(scheduler):
        async with make(scheduler) as giver:
            (one,) = await scheduler.submit((list, "abc"))
            await scheduler.finished(one)
            async with make(scheduler):
                (two,) = await scheduler.submit(
                    (len, Dep(one)), holders={one: [1]}, sizes={one: 100}, peers={1: giver.address}, first=one + 1
                )
                values = await scheduler.finished(two)
                assert unpack(values[two]) == 3
                assert (await scheduler.first(Held)).tasks == [one]

    with_scheduler(test, address)


def test_from_a_worker_that_is_not_there():
    async def test(scheduler):
        async with make(scheduler) as worker:
            worker.engine.fetcher._connect = lambda address: connect_bulk(address, security=SECURITY, timeout_s=0.05)
            await scheduler.submit((len, Dep(99)), holders={99: [5]}, peers={5: "tcp://127.0.0.1:9"})
            assert await scheduler.first(Missing) == Missing([99], [[5]])

    with_scheduler(test)


@ADDRESSES
def test_data_from_and_to_clients(address):
    async def test(scheduler):
        async with make(scheduler) as worker:

            def client():
                with connect_bulk(worker.address, security=SECURITY) as bulk:
                    payload = pack([1, 2]) if bulk.serialized else ByReference([1, 2])
                    bulk.send(PutData([77], encode_keys(["data"]), [payload]))
                    stored = bulk.recv(20)
                    bulk.send(GetData([77, 78]))
                    return stored, bulk.recv(20)

            stored, data = await asyncio.to_thread(client)
            assert type(stored) is Stored
            assert (type(data), data.tasks, data.missing) == (Data, [77], [78])
            assert unpack(data.payloads[0]) == [1, 2]
            assert (await scheduler.first(Held)).tasks == [77]

    with_scheduler(test, address)


def test_others_have_no_business_here():
    async def test(scheduler):
        async with make(scheduler) as worker:
            comm = await connect(worker.address, role="client", security=SECURITY)
            got, ended = [], asyncio.Event()
            comm.start(got.extend, lambda error: ended.set())
            async with asyncio.timeout(20):
                await ended.wait()
            assert got == [Bye("a worker takes connections for data alone")]
            await comm.close()

    with_scheduler(test)


def test_what_tasks_may_ask():
    def task():
        worker = context.get_worker()
        context.print("hello")
        context.secede()
        context.rejoin()
        return worker.name

    async def test(scheduler):
        async with make(scheduler, name="alice"):
            (number,) = await scheduler.submit((task,))
            values = await scheduler.finished(number)
            assert unpack(values[number]) == "alice"
            assert (await scheduler.first(LongRunning)).tasks == [number]
            notice = await scheduler.first(Notice)
            assert (notice.topic, notice.content["text"]) == ("print", "hello\n")
            # What was printed is told before the result.
            kinds = [type(message) for message in scheduler.messages]
            assert kinds.index(Notice) < kinds.index(Finished)

    with_scheduler(test)


def test_seceding_outside_of_tasks_is_nothing():
    async def test(scheduler):
        async with make(scheduler) as worker:
            running = context.RunningTask(worker, 0, "x", {})
            worker.secede(running)
            worker.rejoin(running)

    with_scheduler(test)


def test_executors():
    def where():
        return threading.current_thread().name.split("_")[0].split(" ")[0]

    async def test(scheduler):
        with ThreadPoolExecutor(1, "special") as pool:
            async with make(scheduler, executor={"special": pool, "more": 2}) as worker:
                options = [{"annotations": {"executor": name}} for name in ("special", "more", "default")]
                tasks = await scheduler.submit((where,), (where,), (where,), options=options)
                await scheduler.finished(*tasks)
                assert [worker.data[task] for task in tasks] == ["special", "minidask", "minidask"]
                assert len(worker.engine.pools["more"].slots) == 2

    with_scheduler(test, "inproc://")


class TestMemory:
    def test_a_small_limit_spills_and_pauses(self, monkeypatch):
        async def test(scheduler):
            with config.set({"distributed.worker.memory.monitor-interval": "5 ms"}):
                # This process alone uses more.
                async with make(scheduler, memory_limit="1 MB") as worker:
                    status = await scheduler.first(WorkerStatus)
                    assert status.status == "paused"
                    worker._monitor._measure = lambda: 1000
                    await scheduler.first(WorkerStatus, lambda m: m.status == "running")
                    (task,) = await scheduler.submit((bytes, 700_000))
                    await scheduler.finished(task)
                    assert await asyncio.to_thread(worker.data.settle)
                    assert worker.data.spilled() == [task]
                    assert worker.metrics()["spilled"] >= 700_000

        with_scheduler(test)


class TestFiles:
    def test_a_folder_of_its_own(self, tmp_path):
        async def test(scheduler):
            async with make(scheduler, local_directory=tmp_path) as worker:
                path = Path(worker.local_directory)
                assert tmp_path in path.parents
                assert read_running(path / "running") == []
            assert not path.exists()

        with_scheduler(test)

    def test_blame(self, tmp_path):
        gate, began = threading.Event(), threading.Event()

        def wait():
            began.set()
            gate.wait(20)

        async def test(scheduler):
            async with make(scheduler, local_directory=tmp_path) as worker:
                tasks = await scheduler.submit((wait,), *[(abs, -1)] * 10)
                await asyncio.to_thread(began.wait, 20)
                assert read_running(Path(worker.local_directory) / "running") == tasks[:1]
                gate.set()
                await scheduler.finished(*tasks)

        with_scheduler(test, "inproc://")


class TestEnds:
    def test_gracefully(self):
        async def test(scheduler):
            worker = await make(scheduler)
            closing = asyncio.ensure_future(worker.close_gracefully("SIGTERM"))
            await scheduler.first(WorkerStatus, lambda m: m.status == "closing")
            (task,) = await scheduler.submit((abs, -1))
            await scheduler.finished(task)
            scheduler.send(Leave("all is safe"))
            await closing
            assert (worker.status, worker.reason, worker.failed) == ("closed", "SIGTERM", False)

        with_scheduler(test)

    def test_gracefully_while_the_scheduler_goes(self):
        async def test(scheduler):
            worker = await make(scheduler)
            closing = asyncio.ensure_future(worker.close_gracefully("SIGTERM"))
            await scheduler.first(WorkerStatus)
            scheduler.comms[0].abort()
            await closing
            assert (worker.status, worker.failed) == ("closed", False)

        with_scheduler(test)

    def test_gracefully_before_the_start(self):
        async def test(scheduler):
            worker = make(scheduler)
            await worker.close_gracefully()
            assert worker.status == "closed"

        with_scheduler(test)

    @ADDRESSES
    def test_nothing_is_left(self, address):
        before = set(threading.enumerate())

        async def test(scheduler):
            worker = await make(scheduler, nthreads=3)
            await scheduler.submit(*[(abs, -1)] * 5)
            await asyncio.gather(worker.close("one"), worker.close("two"))
            await worker.close()
            assert await worker.finished() == "one"

        with_scheduler(test, address)
        assert {thread for thread in set(threading.enumerate()) - before if thread.is_alive()} == set()

    def test_what_runs_is_stopped(self):
        began = threading.Event()

        def spin():
            began.set()
            while True:
                pass

        async def test(scheduler):
            async with make(scheduler):
                await scheduler.submit((spin,))
                await asyncio.to_thread(began.wait, 20)

        with_scheduler(test, "inproc://")

    def test_what_does_not_listen_is_left_behind(self, caplog):
        gate, began = threading.Event(), threading.Event()

        def wait():
            began.set()
            gate.wait(20)

        async def test(scheduler):
            worker = await make(scheduler)
            await scheduler.submit((wait,))
            await asyncio.to_thread(began.wait, 20)
            await worker.close(timeout_s=0.05)
            gate.set()
            assert "leaves 1 threads behind" in caplog.text

        with_scheduler(test, "inproc://")

    def test_a_defect_ends_the_worker(self, caplog):
        async def test(scheduler):
            worker = await make(scheduler)
            worker.engine.pools["default"]._hand_in = None
            await scheduler.submit((abs, "x"))
            assert "an error of its own: TypeError" in await worker.finished()
            assert worker.failed

        with_scheduler(test, "inproc://")


class TestStart:
    def test_once(self):
        async def test(scheduler):
            async with make(scheduler) as worker:
                assert await worker is worker
                with pytest.raises(RuntimeError, match="a worker can be started once; it is running"):
                    await worker.start()

        with_scheduler(test)

    def test_a_port_in_use(self):
        async def test(scheduler):
            async with make(scheduler) as first:
                port = int(first.address.rsplit(":")[-1])
                second = make(scheduler, host="127.0.0.1", port=port)
                with pytest.raises(OSError, match=str(port)):
                    await second.start()
                assert second.status == "closed"
                assert not os.path.exists(second.local_directory)

        with_scheduler(test)

    def test_plugins_and_preloads(self):
        class Plugin(WorkerPlugin):
            name = "mine"

            def setup(self, worker):
                worker.preloaded_before = worker.preloaded

            async def teardown(self, worker):
                worker.torn_down = True

        preload = "def dask_setup(worker): worker.preloaded = True\ndef dask_teardown(worker): worker.ended = True"

        async def test(scheduler):
            async with make(scheduler, plugins=[Plugin()], preload=preload) as worker:
                assert worker.preloaded_before
                assert list(worker.plugins) == ["mine"]
            assert worker.torn_down
            assert worker.ended

        with_scheduler(test)

    def test_a_plugin_that_fails(self, caplog):
        class Plugin(WorkerPlugin):
            def setup(self, worker):
                raise ZeroDivisionError("no")

        class Late(WorkerPlugin):
            def teardown(self, worker):
                raise ZeroDivisionError("too late")

        async def test(scheduler):
            worker = make(scheduler, plugins=[Late(), Plugin()])
            with pytest.raises(ZeroDivisionError):
                await worker.start()
            assert (worker.status, worker.failed) == ("closed", True)
            assert "too late" in caplog.text

        with_scheduler(test)

    def test_finished_before_the_start(self):
        async def test(scheduler):
            with pytest.raises(RuntimeError, match="the worker hasn't been started"):
                await make(scheduler).finished()

        with_scheduler(test)

    def test_credentials_of_a_wrong_type(self):
        with pytest.raises(TypeError, match="security must be a Security, got str"):
            Worker("tcp://127.0.0.1:1", security="secret")

    def test_something_in_the_background_fails(self, caplog):
        async def fail():
            raise ZeroDivisionError("behind the scenes")

        async def test(scheduler):
            async with make(scheduler) as worker:
                worker.run_in_background(fail())
                await scheduler.call("status")
                assert "behind the scenes" in caplog.text

        with_scheduler(test)


def test_which_task_it_runs_is_asked_in_tasks():
    async def test(scheduler):
        async with make(scheduler) as worker:
            with pytest.raises(ValueError, match="code that runs in a task"):
                worker.get_current_task()
            token = context.running.set(context.RunningTask(worker, 1, ("x", 0), {}))
            try:
                assert worker.get_current_task() == ("x", 0)
            finally:
                context.running.reset(token)

    with_scheduler(test)
