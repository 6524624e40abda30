"""`LocalCluster`: sizes, computing, ends of all kinds. Real processes, and real scripts without a `__main__` guard."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import urllib.request
import warnings

import psutil
import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.comm.pairs import is_pair
from minidask_distributed.deploy import local
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.limits import cpu_count, system_memory
from minidask_distributed.nanny.server import Nanny, WorkerStartError
from minidask_distributed.security import Security
from minidask_distributed.worker.server import Worker

slow = pytest.mark.slow
network = pytest.mark.network


@pytest.fixture(autouse=True)
def nothing_left():
    """Whatever a test starts is gone at its end: threads, processes, sockets."""
    threads = set(threading.enumerate())
    process = psutil.Process()
    descriptors = process.num_fds()
    level = logging.getLogger("minidask_distributed").level
    yield
    assert not set(threading.enumerate()) - threads
    assert not [child for child in process.children() if "minidask" in " ".join(child.cmdline())]
    assert process.num_fds() <= descriptors
    assert logging.getLogger("minidask_distributed").level == level


def in_process(**options):
    return LocalCluster(processes=False, **{"n_workers": 1, "threads_per_worker": 1, **options})


# ---------------------------------------------------------------- in this process


def test_a_script_uses_it():
    with in_process(threads_per_worker=2, name="mine") as cluster, Client(cluster) as client:
        assert client.submit(lambda x: x + 1, 1).result() == 2
        assert cluster.scheduler_address.startswith("inproc://")
        assert cluster.status == "running"
        assert list(cluster.workers) == [0]
        assert isinstance(cluster.workers[0], Worker)
        assert cluster.nthreads == 2
        assert cluster.plan == cluster.requested == cluster.observed == {"0"}
        assert repr(cluster).startswith("LocalCluster(mine, 'inproc://")
        assert "workers=1, threads=2, memory=" in repr(cluster)
        assert "<td>inproc://" in cluster._repr_html_()
        assert cluster.dashboard_link.startswith("http://127.0.0.1:")
    assert cluster.status == "closed"
    assert cluster.scheduler_address == cluster.dashboard_link == ""
    assert repr(cluster) == "LocalCluster(mine, '', workers=0, threads=0, status=closed)"


def test_objects_pass_by_reference():
    lock = threading.Lock()  # can't be pickled
    with in_process() as cluster, cluster.get_client() as client:
        assert client.submit(lambda x: x, lock).result() is lock


def test_coroutines_use_it():
    async def main():
        async with in_process(asynchronous=True) as cluster:
            async with cluster.get_client() as client:
                assert await client.submit(pow, 2, 10) == 1024
            assert cluster.loop is asyncio.get_running_loop()
            await cluster.scale(2)
            assert len(cluster.workers) == 2
        assert cluster.status == "closed"

        cluster = in_process(asynchronous=True)
        assert cluster.status == "created"
        assert cluster.loop is None
        await cluster
        await cluster
        assert cluster.status == "running"
        await cluster.close()
        await cluster.close()

    asyncio.run(main())


def test_a_synchronous_cluster_under_a_running_loop_as_in_notebooks():
    async def main():
        with in_process() as cluster, Client(cluster) as client:
            assert client.submit(pow, 2, 3).result() == 8
            async with cluster:
                pass
        assert cluster.status == "closed"

    asyncio.run(main())


def test_async_and_sync_are_not_mixed_up():
    cluster = in_process(asynchronous=True)
    with pytest.raises(TypeError, match="entered by `async with`"):
        with cluster:
            pass


def test_client_makes_one():
    with Client(processes=False, n_workers=1, threads_per_worker=1) as client:
        assert isinstance(client.cluster, LocalCluster)
        assert client.submit(pow, 2, 3).result() == 8
    assert client.cluster.status == "closed"


def test_growing_and_shrinking():
    with in_process() as cluster, Client(cluster) as client:
        futures = client.scatter(list(range(10)))
        cluster.scale(3)
        cluster.wait_for_workers(3, timeout=10)
        assert set(cluster.workers) == {0, 1, 2}
        cluster.scale(1)
        while len(client.scheduler_info()["workers"]) > 1:
            time.sleep(0)
        assert set(cluster.worker_spec) == {0}
        assert client.gather(futures) == list(range(10))  # handed over
        with pytest.raises(TimeoutError, match="only 1 of 2 workers are there"):
            cluster.wait_for_workers(2, timeout=0.05)


def test_scaling_by_memory_and_cores():
    with in_process(n_workers=0, threads_per_worker=2, memory_limit="1 GB") as cluster:
        cluster.scale(cores=3)
        assert len(cluster.worker_spec) == 2
        cluster.scale(memory="2500 MB")
        assert len(cluster.worker_spec) == 3
        cluster.scale(0)
        assert not cluster.worker_spec


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, TypeError, r"scale\(\) needs a number of workers"),
        ({"n": -1}, ValueError, "at least 0, got -1"),
        ({"n": "two"}, TypeError, "must be an int, got str"),
        ({"n": True}, TypeError, "must be an int, got bool"),
    ],
)
def test_sizes_that_make_no_sense(arguments, error, message):
    with in_process(n_workers=0) as cluster, pytest.raises(error, match=message):
        cluster.scale(**arguments)


def test_adapting_says_the_remedy():
    with in_process(n_workers=0) as cluster, pytest.raises(NotImplementedError, match=r"call cluster\.scale\(n\)"):
        cluster.adapt(minimum=1, maximum=3)


def test_a_closed_cluster_says_so():
    cluster = in_process()
    cluster.close()
    cluster.close()
    with pytest.raises(RuntimeError, match="is closed"):
        cluster.scale(2)
    with pytest.raises(RuntimeError, match="closed"):
        cluster.wait_for_workers(1)


def test_a_client_that_shuts_the_scheduler_down_ends_the_cluster():
    with in_process() as cluster, Client(cluster) as client:
        client.shutdown()
        while cluster.status != "closed":
            time.sleep(0)


def test_two_clusters_beside_each_other():
    with in_process() as one, in_process() as two:
        with Client(one) as first, Client(two) as second:
            assert first.submit(pow, 2, 3).result() == second.submit(pow, 2, 3).result() == 8
    assert one.name != two.name


@slow
@network
def test_its_processes_have_a_way_of_their_own_and_come_back_by_the_address():
    def ways():
        connections = [each for each in cluster.scheduler.connections.values() if each.role == "worker"]
        return [(is_pair(each.comm._sock), each) for each in connections]

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        assert client.submit(pow, 2, 3).result() == 8
        ((is_own, connection),) = ways()
        assert is_own
        address = connection.name
        assert address.startswith("tcp://127.0.0.1:")
        cluster.loop.call_soon_threadsafe(connection.comm.abort)
        while [is_own for is_own, _ in ways()] != [False]:
            time.sleep(0)
        assert client.submit(pow, 2, 4).result() == 16
        assert list(client.scheduler_info()["workers"]) == [address]


def test_a_cluster_that_nobody_holds_is_closed_with_a_warning():
    others = set(threading.enumerate())
    cluster = in_process()
    parts = cluster._parts
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del cluster
        # The loop's thread may be about to leave a frame that holds the cluster, too. Whatever else is freed now may warn.
        while not (said := [each for each in caught if "was never closed" in str(each.message)]):
            time.sleep(0)
    assert [each.category for each in said] == [ResourceWarning]
    while parts.status != "closed":
        time.sleep(0)
    # The thread that ends the loop's begins only now, perhaps: one that is beginning can't be joined yet.
    while set(threading.enumerate()) - others:
        time.sleep(0)


def test_silencing_logs_ends_with_the_last_cluster():
    logger = logging.getLogger("minidask_distributed")
    before = logger.level
    with in_process(silence_logs="error"):
        assert logger.level == logging.ERROR
        with in_process(silence_logs=logging.INFO):
            assert logger.level == logging.INFO
        assert logger.level == logging.ERROR
        with in_process(silence_logs=False):
            assert logger.level == logging.ERROR
    assert logger.level == before


def test_logs_of_the_scheduler():
    with in_process(silence_logs="info") as cluster:
        logs = cluster.get_logs()
        assert "scheduler listens on inproc://" in logs["Scheduler"]
        assert set(logs) == {"Scheduler", "0"}
        with pytest.raises(KeyError, match="there is no worker 'x'"):
            cluster.get_logs(workers=["x"])


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("processors", "arguments", "expected"),
    [
        (6, (None, None, True), (3, 2)),
        (6, (None, None, False), (1, 6)),
        (6, (4, None, True), (4, 2)),
        (6, (3, None, True), (3, 2)),
        (6, (None, 4, True), (1, 4)),
        (6, (None, 2, True), (3, 2)),
        (6, (None, 2, False), (1, 2)),
        (6, (4, 3, True), (4, 3)),
        (2, (0, None, True), (0, 2)),
        (2, (16, None, True), (16, 1)),
    ],
)
def test_how_processors_are_shared(monkeypatch, processors, arguments, expected):
    monkeypatch.setattr(local, "cpu_count", lambda: processors)
    monkeypatch.setattr(local, "workers_and_threads", lambda count: {6: (3, 2), 2: (2, 1)}[count])
    assert local._shares(*arguments) == expected


def test_memory_is_shared_evenly():
    with in_process(n_workers=3) as cluster:
        limits = {worker.memory_limit for worker in cluster.workers.values()}
    share = min(1 / cpu_count(), 1 / 3)
    assert limits == {int(system_memory() * share)}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_workers": -1}, ValueError, "n_workers must be at least 0, got -1"),
        ({"n_workers": "two"}, TypeError, "n_workers must be an int, got str"),
        ({"threads_per_worker": 0}, ValueError, "threads_per_worker must be at least 1, got 0"),
        ({"processes": 4}, TypeError, "processes must be True or False, got 4"),
        ({"processes": True, "protocol": "inproc"}, ValueError, "reaches no other process"),
        ({"processes": False, "worker_class": Nanny}, ValueError, "needs processes=True"),
        ({"worker_class": "Worker"}, TypeError, "worker_class must be a class"),
        ({"host": "127.0.0.1", "ip": "127.0.0.1"}, TypeError, "give host or ip"),
        ({"security": "yes"}, TypeError, "security must be a Security, True or None, got str"),
        ({"memory_limit": "lots"}, ValueError, "memory_limit: can't read 'lots'"),
        ({"colour": "blue"}, TypeError, "doesn't take colour"),
        ({"colour": "blue", "processes": False}, TypeError, "doesn't take colour"),
        ({"name": 2}, TypeError, "the name of a cluster is a text, got 2; .* n_workers=2"),
        ({"silence_logs": "loud"}, ValueError, "silence_logs must be a level of logging"),
    ],
)
def test_arguments_that_make_no_sense(options, error, message):
    with pytest.raises(error, match=message):
        LocalCluster(**options)


@network
def test_a_port_in_use_is_a_clear_error():
    with in_process(scheduler_port=0, protocol="tcp") as cluster:
        port = int(cluster.scheduler_address.rpartition(":")[2])
        with pytest.raises(OSError, match=str(port)):
            in_process(scheduler_port=port)


@network
def test_protocols():
    with in_process(protocol="tcp://", host="localhost") as cluster, Client(cluster) as client:
        assert cluster.scheduler_address.startswith("tcp://")
        assert client.submit(pow, 2, 3).result() == 8
    with in_process(interface="lo", protocol="tcp") as cluster:
        assert cluster.scheduler_address.startswith("tcp://127.0.0.1:")


@slow
@network
def test_encryption_by_one_word():
    with LocalCluster(n_workers=1, threads_per_worker=1, security=True) as cluster, Client(cluster) as client:
        assert cluster.scheduler_address.startswith("tls://")
        assert client.submit(pow, 2, 3).result() == 8
        assert cluster.security.has_tls


# ---------------------------------------------------------------- processes


@slow
@network
def test_processes(capfd):
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        assert cluster.scheduler_address.startswith("tcp://127.0.0.1:")
        pids = set(client.run(os.getpid).values())
        assert pids == {nanny.pid for nanny in cluster.workers.values()}
        assert sum(client.gather(client.map(pow, range(10), [2] * 10))) == 285
        client.submit(print, "from a task").result()
        while "from a task" not in "".join(cluster.get_logs(scheduler=False).values()):
            pass  # it comes on another way than the result
    assert "from a task" in capfd.readouterr().out


@slow
@network
def test_a_segfault_names_its_reason_and_the_cluster_goes_on():
    def crash():
        import ctypes

        ctypes.string_at(0)

    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster, Client(cluster) as client:
        with pytest.raises(Exception, match="SIGSEGV"):
            client.submit(crash, retries=0).result(timeout=20)
        assert client.submit(pow, 2, 3).result(timeout=20) == 8
        assert len(cluster.workers) == 1


@slow
@network
def test_a_worker_that_cannot_start_stops_the_cluster():
    with pytest.raises(WorkerStartError, match="No module named 'no_such_module'"):
        LocalCluster(n_workers=2, threads_per_worker=1, preload=["no_such_module"])


@slow
@network
def test_a_bad_worker_added_later_is_logged_and_not_tried_again(caplog):
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster:
        cluster.new_spec["options"]["preload"] = ["no_such_module"]
        cluster.scale(2)
        while "a worker couldn't be started" not in caplog.text:
            time.sleep(0)
        assert "No module named 'no_such_module'" in caplog.text
        assert set(cluster.worker_spec) == {0}


@slow
@network
def test_asynchronous_processes():
    async def main():
        async with LocalCluster(n_workers=1, threads_per_worker=1, asynchronous=True) as cluster:
            async with Client(cluster, asynchronous=True) as client:
                assert await client.submit(pow, 2, 3) == 8
            await cluster.scale(0)
            assert not cluster.workers

    asyncio.run(main())


@slow
@network
def test_a_worker_class_of_ones_own_runs_in_processes():
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, worker_class=Worker) as cluster:
        assert isinstance(cluster.workers[0], Nanny)
    with LocalCluster(n_workers=1, threads_per_worker=1, worker_class=Worker) as cluster:
        assert isinstance(cluster.workers[0], Worker)


@slow
@network
def test_credentials_of_ones_own():
    security = Security(token="0123456789" * 4)
    with LocalCluster(n_workers=0, security=security) as cluster:
        with Client(cluster.scheduler_address, security=Security(token="0123456789" * 4)) as client:
            assert client.scheduler_info()["workers"] == {}


# ---------------------------------------------------------------- scripts


def start(program, *flags):
    """Run a script in a session of its own, as a terminal does."""
    code = textwrap.dedent(program)
    return subprocess.Popen(
        [sys.executable, "-W", "error", *flags, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process, limit_s=30):
    try:
        return process.communicate(timeout=limit_s)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def assert_gone(pids):
    for pid in map(int, pids):
        with contextlib.suppress(psutil.NoSuchProcess):
            worker = psutil.Process(pid)
            try:
                worker.wait(10)
            except psutil.TimeoutExpired:
                assert worker.status() == psutil.STATUS_ZOMBIE


SCRIPT = """
from minidask.distributed import Client, LocalCluster
client = Client(n_workers=2, threads_per_worker=1, processes={processes})
print(client.submit(lambda x: x + 1, 41).result(), flush=True)
print(*[getattr(worker, "pid", "") for worker in client.cluster.workers.values()], flush=True)
"""


@slow
@network
@pytest.mark.parametrize(
    ("processes", "end"),
    [
        (True, ""),
        (False, ""),
        (True, "client.close()"),
        (False, "raise SystemExit(3)"),
        (True, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
    ],
)
def test_a_script_without_a_guard(processes, end):
    process = start(SCRIPT.format(processes=processes) + end)
    out, err = finish(process)
    assert out.splitlines()[0] == "42"
    assert err == ""
    assert process.returncode == (3 if "3" in end else -9 if "KILL" in end else 0)
    assert_gone(out.splitlines()[1].split())


@slow
@network
def test_a_script_in_a_file_is_not_imported_by_its_workers(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(
        "print('once')\nfrom minidask.distributed import Client\nfrom beside import double\n"
        "client = Client(n_workers=1, threads_per_worker=1)\n"
        "class Mine:\n    value = 4\n"
        "print(client.submit(lambda mine: double(mine.value), Mine()).result())\n"
    )
    (tmp_path / "beside.py").write_text("def double(x):\n    return 2 * x\n")
    done = subprocess.run([sys.executable, "-W", "error", path], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("once\n8\n", "")


@slow
@network
def test_a_program_from_standard_input():
    done = subprocess.run(
        [sys.executable, "-W", "error"],
        input=SCRIPT.format(processes=True),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[0] == "42"
    assert done.stderr == ""


@slow
@network
@pytest.mark.parametrize("processes", [True, False])
def test_an_exit_while_tasks_run(processes):
    program = SCRIPT.format(processes=processes) + "import time; future = client.submit(time.sleep, 600)\n"
    process = start(program)
    out, err = finish(process)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert_gone(out.splitlines()[1].split())


@slow
@network
@pytest.mark.parametrize("processes", [True, False])
def test_ctrl_c_while_a_script_waits(processes):
    program = SCRIPT.format(processes=processes) + (
        "import time; future = client.submit(time.sleep, 3); print('waiting', flush=True); future.result()\n"
    )
    process = start(program)
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        os.killpg(process.pid, signal.SIGINT)
    finally:
        _, err = finish(process)
    assert lines[2] == "waiting\n"
    assert process.returncode == -signal.SIGINT
    assert err.count("Traceback (most recent call last)") == 1
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert_gone(lines[1].split())


@slow
@network
def test_ctrl_c_while_it_starts():
    program = """
    from minidask.distributed import LocalCluster
    from minidask_distributed.nanny.process import ChildProcess
    import os, signal
    give = ChildProcess.give
    def interrupt(self, *given):
        print(self.pid, flush=True)
        give(self, *given)
        os.killpg(os.getpid(), signal.SIGINT)
    ChildProcess.give = interrupt
    LocalCluster(n_workers=1, threads_per_worker=1)
    """
    process = start(program)
    out, err = finish(process)
    assert process.returncode == -signal.SIGINT
    assert err.count("Traceback (most recent call last)") == 1
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert_gone(out.split())


@slow
@network
def test_an_asynchronous_cluster_whose_loop_ended_leaves_no_process():
    program = """
    import asyncio, warnings
    from minidask.distributed import LocalCluster
    warnings.simplefilter("ignore")
    async def main():
        global cluster
        cluster = await LocalCluster(n_workers=1, threads_per_worker=1, asynchronous=True)
        print(cluster.workers[0].pid, flush=True)
    asyncio.run(main())
    """
    process = start(program)
    out, _ = finish(process)
    assert process.returncode == 0
    assert_gone(out.split())


def looked_at(link):
    """Return the status of a page, with the token of its address as bearer."""
    page, _, query = link.partition("?token=")
    request = urllib.request.Request(page, headers={"Authorization": f"Bearer {query}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.status


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("processes", [False, True])
def test_dashboards_of_scheduler_and_workers(processes):
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=processes, dashboard_address=":0") as cluster:
        assert looked_at(cluster.dashboard_link) == 200
        with Client(cluster) as client:
            assert client.dashboard_link == cluster.dashboard_link
            info = client.scheduler_info()
            ports = {worker["services"]["dashboard"] for worker in info["workers"].values()}
            assert len(ports | {info["services"]["dashboard"]}) == 3
            for port in ports:
                assert looked_at(cluster.dashboard_link.replace("/status", f"/proxy/{port}/127.0.0.1/status")) == 200
            with Client(cluster.scheduler_address, security=cluster.security, set_as_default=False) as other:
                # It knows the scheduler's address alone.
                assert other.dashboard_link == cluster.dashboard_link


@pytest.mark.network
def test_no_dashboards():
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        assert cluster.dashboard_link == ""
        assert cluster.scheduler.services.ports() == cluster.workers[0].services.ports() == {}
        with Client(cluster) as client:
            assert client.dashboard_link == ""


@pytest.mark.network
def test_two_clusters_have_two_dashboards():
    options = {"n_workers": 0, "processes": False}
    with LocalCluster(**options) as one, LocalCluster(**options) as two:
        assert one.dashboard_link.partition("?")[0] != two.dashboard_link.partition("?")[0]
        port = one.scheduler.services.ports()["dashboard"]
        with pytest.raises(OSError, match="Address already in use"):
            LocalCluster(**options, dashboard_address=f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"dashboard_address": "::1"}, ValueError),
        ({"dashboard_address": True}, TypeError),
        ({"worker_dashboard_address": "x:y"}, ValueError),
    ],
)
def test_addresses_of_dashboards_that_are_none(options, error):
    with pytest.raises(error, match="dashboard_address"):
        LocalCluster(n_workers=0, processes=False, **options)


@pytest.mark.network
def test_a_workers_class_that_takes_no_services_has_no_pages():
    class Own(Worker):
        def __init__(self, scheduler_address, *, name, nthreads, memory_limit, security):
            super().__init__(
                scheduler_address, name=name, nthreads=nthreads, memory_limit=memory_limit, security=security
            )

    with LocalCluster(n_workers=1, worker_class=Own, dashboard_address=":0") as cluster:
        assert cluster.workers[0].services.ports() == {}
        assert cluster.dashboard_link
