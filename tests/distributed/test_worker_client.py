"""Tasks that submit tasks, wait for them, and don't hold a thread meanwhile."""

import asyncio
import os
import pickle
import threading

import pytest

from minidask import delayed
from minidask.schedulers.registry import current_runner
from minidask_distributed.client.as_completed import as_completed
from minidask_distributed.client.client import Client
from minidask_distributed.client.current import leaving_slot
from minidask_distributed.client.queries import get_task_stream
from minidask_distributed.client.waiting import wait
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.worker.context import get_worker, rejoin, secede
from minidask_distributed.worker.context import print as print_on_clients
from minidask_distributed.worker_client import get_client, local_client, worker_client

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def client():
    """A client of one worker with one thread: whoever waits in its slot waits for ever."""
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False) as cluster, Client(cluster) as made:
        yield made


def fibonacci(n):
    if n < 2:
        return n
    with worker_client() as client:
        return sum(client.gather(client.map(fibonacci, [n - 1, n - 2])))


def test_tasks_of_tasks(client):
    assert client.submit(fibonacci, 7).result(timeout=60) == 13


def test_the_client_of_this_process_serves_its_tasks(client):
    def which():
        return get_client() is get_client(get_worker().scheduler_address), id(get_client())

    assert client.submit(which, pure=False).result(10) == (True, id(client))


def test_seceding_by_hand(client):
    def nested():
        future = get_client().submit(abs, -3, pure=False)
        secede()
        result = future.result()
        rejoin()
        return result

    assert client.submit(nested, pure=False).result(timeout=30) == 3


def test_the_slot_is_kept_if_asked(client):
    def quick():
        with worker_client(separate_thread=False) as inner:
            return inner.submit(abs, -1, pure=False).key

    assert client.submit(quick, pure=False).result(10).startswith("abs-")


def test_an_error_in_the_block(client):
    def fail():
        try:
            with worker_client():
                raise LookupError("inside")
        except LookupError as error:
            return str(error)

    assert client.submit(fail, pure=False).result(10) == "inside"
    assert client.submit(abs, -1, pure=False).result(10) == 1  # the slot is there


def test_futures_as_arguments_and_results(client):
    inner = client.submit(abs, -5)

    def pass_on(futures):
        with worker_client() as own:
            return own.gather(own.submit(sum, [5, 1]))

    assert client.submit(pass_on, [inner]).result(10) == 6


def test_in_a_coroutine_task():
    async def nested():
        client = await asyncio.to_thread(get_client)
        return await client.submit(abs, -4, pure=False), client is get_client()

    async def hasty():
        return get_client()

    # The thread of the coroutine's slot waits for it: a second one runs the task that it waits for.
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False) as cluster:
        with Client(cluster, set_as_default=False) as other:
            with pytest.raises(RuntimeError, match=r"say `client = await asyncio\.to_thread\(get_client\)`"):
                other.submit(hasty, pure=False).result(10)
            assert other.submit(nested, pure=False).result(10) == (4, True)


def test_the_older_name():
    assert local_client is worker_client


def test_outside_of_tasks(client):
    with client.as_current():
        assert get_client() is client
        assert get_client(client.address) is client
    with pytest.raises(ValueError, match=r"get_worker\(\) is for code that runs in a task"):
        with worker_client():
            pass


def test_no_client_and_no_address(client):
    with LocalCluster(n_workers=0, processes=False) as cluster:
        remaining = Client.current()
        assert remaining is client
        with Client(cluster, set_as_default=False):
            assert get_client() is client


def test_another_address():
    with LocalCluster(n_workers=0, processes=False) as cluster:
        made = get_client(cluster.scheduler_address)
        try:
            assert made.address == cluster.scheduler_address
        finally:
            made.close()


def test_a_worker_without_a_client_in_its_process_makes_one():
    async def main():
        async with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, asynchronous=True) as cluster:
            async with Client(cluster, asynchronous=True, set_as_default=False) as client:

                def nested():
                    with worker_client() as own:
                        return own.name, own is get_client(), own.submit(abs, -2, pure=False).result()

                name, same, result = await client.submit(nested, pure=False)
                return name.startswith("client of "), same, result

    assert asyncio.run(main()) == (True, True, 2)


def test_what_tasks_find_without_saying_so(client):
    future = client.submit(abs, -8)
    packed = pickle.dumps(future)

    def unpacked():
        return pickle.loads(packed).client is get_client()

    def waiting():
        with leaving_slot():
            return get_client().submit(abs, -9, pure=False).result()

    def computing():
        return current_runner() == get_client().get, delayed(sum)([1, delayed(abs)(-2)]).compute()

    assert client.submit(unpacked, pure=False).result(10)
    assert client.submit(waiting, pure=False).result(10) == 9
    assert client.submit(computing, pure=False).result(10) == (True, 3)
    with leaving_slot():  # no task: nothing
        assert pickle.loads(packed).result() == 8


def test_who_left_its_slot_before_stays_out(client):
    """A task that seceded isn't brought back by what it computes: its slot is needed by what it waits for."""
    turn = threading.Event()

    def nested():
        secede()
        total = delayed(sum)([1, delayed(abs)(-2)]).compute()
        blocked = get_client().submit(turn.wait, 20, pure=False)
        return total, turn.set(), blocked.result()

    assert client.submit(nested, pure=False).result(30) == (3, None, True)


@pytest.mark.slow
def test_in_worker_processes():
    def nested(n):
        with worker_client() as own:
            futures = own.map(lambda x: x + 1, range(n))
            return own.name, os.getpid(), sum(own.gather(futures))

    def computed(x):
        return delayed(sum)([x, delayed(abs)(-2)]).compute(), dict(get_client().get_metadata("shared"))[
            "future"
        ].result()

    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True) as cluster, Client(cluster) as client:
        name, pid, total = client.submit(nested, 4).result(timeout=60)
        assert (name.startswith("client of "), pid != os.getpid(), total) == (True, True, 10)
        again, _, _ = client.submit(nested, 5).result(timeout=60)
        assert again == name
        futures = client.map(nested, range(3, 6))
        wait(futures, timeout=60)
        assert [result[2] for result in client.gather(futures)] == [6, 10, 15]
        # Collections that tasks compute are computed on the cluster, with its only thread; futures find their client.
        shared = client.submit(abs, -7)
        client.set_metadata("shared", [("future", shared)])
        with get_task_stream(client) as stream:
            assert client.submit(computed, 3).result(timeout=60) == (5, 7)
        assert len({row["key"] for row in stream.data}) >= 3
        # Also those that the function itself holds.
        assert client.submit(lambda: shared.result() + 1, pure=False).result(timeout=60) == 8
        # And those that a function gets which runs besides all tasks.
        assert set(client.run(lambda future: future.result() + 1, shared).values()) == {8}


def recursion(n):
    return n and get_client().submit(recursion, n - 1, pure=False).result() + 1


def gathers(n):
    inner = get_client()
    return sum(inner.gather(inner.map(abs, range(n), pure=False)))


def waits(n):
    done, _ = wait(get_client().map(abs, range(n), pure=False))
    return sum(future.result() for future in done)


def iterates(n):
    return sum(value for _, value in as_completed(get_client().map(abs, range(n), pure=False), with_results=True))


def asks_for_errors(n):
    return len(str(get_client().submit(abs, "no", pure=False).exception())) > n


@pytest.mark.parametrize(
    ("task", "expected"), [(recursion, 5), (gathers, 10), (waits, 10), (iterates, 10), (asks_for_errors, True)]
)
def test_whoever_waits_in_a_task_leaves_its_slot(client, task, expected):
    """The worker has one thread."""
    assert client.submit(task, 5, pure=False).result(20) == expected
    assert client.gather(client.map(task, [5] * 3, pure=False)) == [expected] * 3


def test_who_gives_up_waiting_does_not_wait_for_its_slot(client):
    turn = threading.Event()

    def taken():
        return turn.wait(20)

    def impatient():
        inner = get_client()
        blocker = inner.submit(taken, pure=False)
        try:
            blocker.result(0.05)
        except TimeoutError:
            return turn.set(), blocker.result()

    assert client.submit(impatient, pure=False).result(20) == (None, True)


def test_a_slot_that_is_to_be_kept_is_kept(client):
    def keeps():
        with worker_client(separate_thread=False) as inner:
            with pytest.raises(TimeoutError):
                inner.submit(abs, -1, pure=False).result(0.05)
            return inner.submit(abs, -2, pure=False)

    assert client.submit(keeps, pure=False).result(20).result(20) == 2


def test_prints_and_warnings_are_shown_once(capfd):
    """By whom the user holds, not by each client that tasks have made besides."""

    def task():
        with worker_client() as own:
            own.submit(abs, -1).result()
        print_on_clients("said")
        return True

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as cluster:
        with Client(cluster, set_as_default=False) as user:
            heard = threading.Semaphore(0)
            user.topics["print"].append(lambda topic, stamp, content: heard.release())
            for _ in range(2):
                assert user.submit(task, pure=False).result(30)
                assert heard.acquire(timeout=30)
    # Each time the task itself, and the user's client.
    assert capfd.readouterr().out.count("said") == 4
