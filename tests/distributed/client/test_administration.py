"""Orders of a client to its cluster."""

import asyncio
import os
import threading

import pytest

from minidask_distributed.client.administration import _is_plain
from minidask_distributed.client.client import Client
from minidask_distributed.client.waiting import wait
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.plugins import SchedulerPlugin, WorkerPlugin

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def client():
    """A client of a cluster of two workers with a thread each, in this process."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as cluster, Client(cluster) as made:
        made.wait_for_workers(2, timeout=10)
        yield made


@pytest.fixture
def own():
    """A client of a cluster of one's own, which may be changed."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as cluster, Client(cluster) as made:
        made.wait_for_workers(2, timeout=10)
        yield made


def addresses(client):
    return list(client.scheduler_info()["workers"])


def double(x, by=2):
    return by * x


async def double_later(x):
    await asyncio.sleep(0)
    return 2 * x


def fail_on(address, dask_worker):
    if dask_worker.address == address:
        raise LookupError(address)
    return "fine"


# -- functions


def test_functions_run_on_all_workers(client):
    assert client.run(double, 2, by=3) == dict.fromkeys(addresses(client), 6)
    assert client.run(lambda dask_worker: dask_worker.address) == {address: address for address in addresses(client)}


def test_functions_run_on_some_workers(client):
    first, _ = addresses(client)
    assert client.run(double, 2, workers=first) == {first: 4}
    assert client.run(double, 2, workers=[first]) == {first: 4}
    with pytest.raises(ValueError, match="no worker is called 'nobody'"):
        client.run(double, 2, workers="nobody")


def test_coroutine_functions_are_awaited(client):
    assert set(client.run(double_later, 2).values()) == {4}
    assert client.run_on_scheduler(double_later, 3) == 6


def test_what_a_function_raises(client):
    first, second = addresses(client)
    with pytest.raises(LookupError):
        client.run(fail_on, first)
    found = client.run(fail_on, first, on_error="return")
    assert isinstance(found[first], LookupError)
    assert found[second] == "fine"
    assert client.run(fail_on, first, on_error="ignore") == {second: "fine"}
    with pytest.raises(ValueError, match="on_error must be one of 'raise', 'return', 'ignore', got 'shrug'"):
        client.run(double, 1, on_error="shrug")


def test_nobody_waits_if_not_asked(client):
    over = threading.Event()
    called = threading.Semaphore(0)

    def later():
        assert over.wait(10)
        called.release()

    assert client.run(later, wait=False) is None
    over.set()
    assert called.acquire(timeout=10)
    assert called.acquire(timeout=10)


def test_functions_run_on_the_scheduler(client):
    assert client.run_on_scheduler(double, 4) == 8
    assert client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.address) == client.address
    with pytest.raises(ZeroDivisionError):
        client.run_on_scheduler(lambda: 1 // 0)
    assert client.run_on_scheduler(double, 4, wait=False) is None


def test_what_is_no_function(client):
    with pytest.raises(TypeError, match="the first argument must be a function, got int"):
        client.run(5)
    with pytest.raises(TypeError, match="the first argument must be a function, got str"):
        client.run_on_scheduler("double")


# -- workers


def test_waiting_for_workers(client):
    assert client.wait_for_workers(2) is None
    assert client.wait_for_workers(1, timeout=1) is None
    with pytest.raises(TimeoutError, match=r"only 2 of 3 workers are there after 0\.01 s"):
        client.wait_for_workers(3, timeout="10ms")
    with pytest.raises(ValueError, match="n must be at least 1 worker, got 0"):
        client.wait_for_workers(0)
    with pytest.raises(TypeError, match="n must be a whole number of workers"):
        client.wait_for_workers("two")


def test_workers_retire_and_their_results_stay(own):
    first, second = addresses(own)
    [future] = own.scatter([[1, 2, 3]], workers=first)
    left = own.retire_workers(first)
    assert list(left) == [first]
    assert left[first]["address" if "address" in left[first] else "type"]
    assert addresses(own) == [second]
    assert future.result() == [1, 2, 3]
    with pytest.raises(ValueError, match="no worker is called"):
        own.retire_workers(first)
    with pytest.raises(ValueError, match="say which workers are to retire"):
        own.retire_workers()


def test_so_many_workers_retire(own):
    assert len(own.retire_workers(n=1)) == 1
    assert len(addresses(own)) == 1


def test_only_workers_with_a_nanny_are_restarted(client):
    with pytest.raises(ValueError, match="has no nanny that could restart it"):
        client.restart_workers(addresses(client)[0])


@pytest.mark.slow
def test_worker_processes_restart():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True) as cluster, Client(cluster) as client:
        before = client.run(os.getpid)
        first, second = before
        assert client.restart_workers([first], timeout=30) == {first: "OK"}
        middle = client.run(os.getpid)
        assert middle[second] == before[second]
        assert len(middle) == 2
        assert before[first] not in middle.values()
        future = client.submit(double, 1)
        wait(future)
        assert client.restart(timeout=30) is None
        assert future.cancelled()
        assert set(client.run(os.getpid).values()).isdisjoint(middle.values())
        assert client.submit(double, 2).result() == 4
        assert set(client.run(lambda dask_worker: type(dask_worker).__name__, nanny=True).values()) == {"Nanny"}
        assert set(client.get_worker_logs(nanny=True)) == set(client.nthreads())


def test_the_cluster_shuts_down():
    cluster = LocalCluster(n_workers=1, processes=False)
    client = Client(cluster)
    client.shutdown()
    assert client.status == "closed"
    assert cluster.status.name == "closed" if hasattr(cluster.status, "name") else cluster.status == "closed"


def test_a_scheduler_by_address_shuts_down():
    with LocalCluster(n_workers=1, processes=False) as cluster:
        client = Client(cluster.scheduler_address, security=cluster.security)
        other = Client(cluster.scheduler_address, security=cluster.security)
        future = other.submit(threading.Event().wait, 0)
        wait(future)
        client.shutdown()
        assert client.status == "closed"
        with pytest.raises(OSError, match="the client can't be used any more"):
            while True:
                other.scheduler_info()
        other.close()


def test_it_shuts_down_in_a_coroutine():
    async def main():
        async with LocalCluster(n_workers=1, processes=False, asynchronous=True) as cluster:
            client = await Client(cluster, asynchronous=True)
            await client.shutdown()
            return client.status

    assert asyncio.run(main()) == "closed"


# -- plugins and files


class Marking(WorkerPlugin):
    name = "marking"

    def __init__(self, mark="marked"):
        self.mark = mark

    def setup(self, worker):
        if self.mark is None:
            raise LookupError("no mark")
        worker.mark = self.mark

    def teardown(self, worker):
        del worker.mark


class Watching(SchedulerPlugin):
    name = "watching"

    async def start(self, scheduler):
        self.scheduler = scheduler
        scheduler.watched = True

    async def close(self):
        del self.scheduler.watched


def marks(client):
    return set(client.run(lambda dask_worker: getattr(dask_worker, "mark", None)).values())


def test_plugins_of_workers(own):
    assert own.register_plugin(Marking()) == {key: {"status": "OK"} for key in addresses(own)}
    assert marks(own) == {"marked"}
    own.register_plugin(Marking("again"))  # in place of the one before
    assert marks(own) == {"again"}
    own.register_plugin(Marking("third"), idempotent=True)  # there is one already
    assert marks(own) == {"again"}
    own.cluster.scale(3)
    own.wait_for_workers(3, timeout=10)
    assert marks(own) == {"again"}
    assert own.unregister_worker_plugin("marking") == {key: {"status": "OK"} for key in addresses(own)}
    assert marks(own) == {None}
    with pytest.raises(ValueError, match="marking"):
        own.unregister_worker_plugin("marking")


def test_a_plugin_that_fails(own):
    with pytest.raises(LookupError, match="no mark") as caught:
        own.register_plugin(Marking(None), name="failing")
    assert any("On the worker inproc://" in note for note in caught.value.__notes__)


def test_plugins_of_the_scheduler(own):
    assert own.register_plugin(Watching()) == {}
    assert own.run_on_scheduler(lambda dask_scheduler: dask_scheduler.watched)
    own.unregister_scheduler_plugin("watching")
    assert not own.run_on_scheduler(lambda dask_scheduler: hasattr(dask_scheduler, "watched"))
    with pytest.raises(ValueError, match="the scheduler has no plugin 'watching'"):
        own.unregister_scheduler_plugin("watching")


@pytest.mark.parametrize(("wrong", "name"), [(5, "int"), (Marking, "Marking, a class")])
def test_what_is_no_plugin(client, wrong, name):
    with pytest.raises(TypeError, match=f"a plugin is an instance of .* got {name}"):
        client.register_plugin(wrong)


def test_files_go_to_workers(client, tmp_path):
    path = tmp_path / "minidask_uploaded_example.py"
    path.write_text("answer = 42")

    def ask():
        import minidask_uploaded_example

        return minidask_uploaded_example.answer

    assert client.upload_file(path) == {key: {"status": "OK"} for key in addresses(client)}
    assert client.submit(ask, pure=False).result() == 42
    path.write_text("answer = 43")
    client.upload_file(str(path))
    assert client.submit(ask, pure=False).result() == 43


def test_files_that_cannot_be_read(client, tmp_path):
    with pytest.raises(FileNotFoundError):
        client.upload_file(tmp_path / "nothing.py")
    broken = tmp_path / "minidask_broken_example.py"
    broken.write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        client.upload_file(broken)
    client.upload_file(broken, load=False)


# -- events


class Heard(list):
    """Events, and a way to wait for them."""

    def __init__(self):
        self.came = threading.Semaphore(0)

    def __call__(self, event):
        self.append(event)
        self.came.release()


def test_events_are_heard(client):
    heard = Heard()
    assert client.subscribe_topic("news", heard) is None
    client.log_event("news", {"a": [1, None]})
    client.log_event("news", (1, {2}))
    client.log_event(["news", "others"], "text")
    for _ in range(3):
        assert heard.came.acquire(timeout=10)
    assert [content for _, content in heard] == [{"a": [1, None]}, (1, {2}), "text"]
    assert all(isinstance(stamp, float) for stamp, _ in heard)
    client.unsubscribe_topic("news")
    client.log_event("news", "nobody hears this")
    client.scheduler_info()
    assert len(heard) == 3
    with pytest.raises(ValueError, match="no handler is subscribed to the topic 'news'"):
        client.unsubscribe_topic("news")


def test_events_of_tasks_and_several_handlers(client, caplog):
    one, other = Heard(), Heard()

    async def later(event):
        other(event)

    async def failing(event):
        raise LookupError("this handler fails")

    for handler in (one, later, failing):
        client.subscribe_topic("from-tasks", handler)

    def say():
        from minidask_distributed.worker.context import get_worker

        get_worker().log_event("from-tasks", "hello")

    client.submit(say, pure=False).result()
    assert one.came.acquire(timeout=10)
    assert other.came.acquire(timeout=10)
    client.unsubscribe_topic("from-tasks")
    assert one[0][1] == other[0][1] == "hello"
    assert "this handler fails" in caplog.text


def test_wrong_subscriptions(client):
    with pytest.raises(TypeError, match="a handler must be a function, got int"):
        client.subscribe_topic("news", 5)
    with pytest.raises(TypeError, match="a topic is a text, got int"):
        client.subscribe_topic(5, print)


def test_plain_values():
    assert _is_plain({"a": [1, 2.5, None, True, "x", b"y", {}]})
    assert not _is_plain((1,))
    assert not _is_plain({1: 2})
    assert not _is_plain([object()])
    assert not _is_plain(1 << 64)


@pytest.mark.slow
def test_logs_of_worker_processes_are_forwarded(caplog):
    def log():
        import logging

        logging.getLogger("minidask_forwarded_example").warning("hello from %s", "afar")

    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True) as cluster, Client(cluster) as client:
        heard = Heard()
        client.forward_logging("minidask_forwarded_example")
        client.subscribe_topic("forward-logging-minidask_forwarded_example", heard)
        client.submit(log, pure=False).result()
        assert heard.came.acquire(timeout=10)
        assert "hello from afar" in caplog.text
        client.unforward_logging("minidask_forwarded_example")
        caplog.clear()
        client.submit(log, pure=False).result()
        client.scheduler_info()
        assert caplog.text == ""
        with pytest.raises(ValueError, match="forward-logging-minidask_forwarded_example"):
            client.unforward_logging("minidask_forwarded_example")


def test_in_a_coroutine():
    async def main():
        async with LocalCluster(n_workers=1, processes=False, asynchronous=True) as cluster:
            async with Client(cluster, asynchronous=True) as client:
                await client.wait_for_workers(1)
                heard = []
                await client.subscribe_topic("news", heard.append)
                await client.log_event("news", 1)
                found = list((await client.run(double, 2)).values()), await client.run_on_scheduler(double, 3)
                await client.unsubscribe_topic("news")
                return found, [content for _, content in heard]

    assert asyncio.run(main()) == (([4], 6), [1])
