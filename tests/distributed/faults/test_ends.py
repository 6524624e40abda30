"""The ends of programs: orderly or not, nothing of a cluster outlives them, and nobody waits for them in vain."""

from __future__ import annotations

import gc
import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster
from tests.distributed.faults.stage import Gate, Program, descendants, is_running, scratch, script, until, within

HEAD = """
import os, signal, sys, threading, time
from minidask.distributed import Client, LocalCluster

def inc(x):
    return x + 1

def forever(*args):
    while True:
        time.sleep(0.01)

def in_compiled_code(*args):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

def until_both_run(client):
    while sum(map(len, client.call_stack().values())) < 2:
        pass

options = dict(n_workers=2, threads_per_worker=1, dashboard_address=None)
"""


def run(folder: Path, text: str, code: int = 0, **environ: str) -> str:
    """Run a script to its end; return what it said. Nothing of it may be left."""
    processes: dict[int, psutil.Process] = {}
    with within(10), script(folder, HEAD + text, **environ) as program:
        while program.reader.is_alive():
            processes |= {one.pid: one for one in descendants(program.process.pid)}
            program.reader.join(0.05)
        assert program.wait() == code, program.output
        until(lambda: not any(one.is_running() and is_running(one.pid) for one in processes.values()), 5)
    assert not scratch(folder)
    return program.output


@pytest.mark.parametrize("processes", [True, False])
def test_closing_leaves_nothing(tmp_path: Path, processes: bool):
    me = psutil.Process()
    options = {"processes": processes, "local_directory": tmp_path, "dashboard_address": None}

    def life() -> None:
        with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster, Client(cluster) as client:
            data = client.scatter(bytes(1_000_000))
            assert client.gather(client.map(len, [data] * 3, pure=False)) == [1_000_000] * 3
            assert len(client.gather(data)) == 1_000_000
            assert scratch(tmp_path)
        gc.collect()

    life()
    before = set(descendants(me.pid))
    files, threads = me.num_fds(), threading.active_count()
    life()
    with within(2):
        until(lambda: not set(descendants(me.pid)) - before)
    assert threading.active_count() == threads
    assert me.num_fds() == files
    assert not me.net_connections("inet")
    assert not scratch(tmp_path)


ENDS = {
    "nothing was closed": "cluster = LocalCluster(**options); client = Client(cluster)",
    "a client of its own": "client = Client(**options)",
    "in threads": "client = Client(**options, processes=False)",
    "the cluster was forgotten": "client = Client(LocalCluster(**options)); client.submit(inc, 1).result()",
    "tasks run": "client = Client(**options); f = client.map(forever, range(4)); until_both_run(client)",
    "tasks run in threads": "client = Client(**options, processes=False); f = client.map(forever, range(4))",
    "compiled code runs": "client = Client(**options); f = client.map(in_compiled_code, range(4)); until_both_run(client)",
    "the client was closed": "cluster = LocalCluster(**options); Client(cluster).close()",
    "the cluster was closed": "cluster = LocalCluster(**options); client = Client(cluster); cluster.close()",
    "results are held": "client = Client(**options); f = client.submit(bytes, 10**6); f.result()",
}


@pytest.mark.parametrize("how", ENDS)
def test_the_interpreter_ends_without_close(tmp_path: Path, how: str):
    said = run(tmp_path, f"{ENDS[how]}\nprint('the end')")
    assert said.strip().splitlines() == ["the end"] or "was never closed" in said, said


@pytest.mark.parametrize(
    ("end", "code"), [("sys.exit(3)", 3), ("raise LookupError('of the script')", 1), ("os._exit(4)", 4)]
)
def test_the_script_ends_early(tmp_path: Path, end: str, code: int):
    said = run(tmp_path, f"client = Client(**options)\nassert client.submit(inc, 1).result() == 2\n{end}", code=code)
    assert said.count("Traceback") == (code == 1), said
    assert code != 1 or said.rstrip().endswith("LookupError: of the script")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_the_script_is_killed(tmp_path: Path, number: int):
    text = "client = Client(**options); f = client.map(forever, range(4)); until_both_run(client); os.kill(os.getpid(), {})"
    run(tmp_path, text.format(int(number)), code=-number)


@pytest.mark.parametrize(
    "waits",
    [
        "client.gather(client.map(pause, range(30)))",
        "client.submit(sum, client.map(pause, range(30))).result()",
        "client.compute(delayed(sum)(list(map(delayed(pause), range(30))))).result()",
        "delayed(sum)(list(map(delayed(pause), range(30)))).compute()",
        "wait(client.map(pause, range(30)))",
        "list(as_completed(client.map(pause, range(30))))",
    ],
)
def test_ctrl_c_while_it_waits(tmp_path: Path, waits: str):
    text = f"""
from minidask import delayed
from minidask.distributed import as_completed, wait

def pause(x):
    print("begun", flush=True)
    time.sleep(0.5)
    return 0

with LocalCluster(**options) as cluster, Client(cluster) as client:
    try:
        {waits}
    except KeyboardInterrupt:
        began = time.monotonic()
    # The cluster is whole. What runs may end; the rest of what was waited for, 7 s of work, is given up.
    assert client.gather(client.map(inc, range(10, 20))) == list(range(11, 21))
    assert time.monotonic() - began < 4
    assert len(client.scheduler_info()["workers"]) == 2
    print("works")
"""
    with within(10), script(tmp_path, HEAD + text) as program:
        program.until_said("begun")
        os.killpg(program.process.pid, signal.SIGINT)
        assert program.wait() == 0, program.output
        assert program.output.endswith("works\n"), program.output
        assert program.output.count("begun") <= 6
        assert "Traceback" not in program.output


@pytest.mark.alone
@pytest.mark.parametrize("rows", [3_000, 30_000, 100_000])
def test_ctrl_c_while_it_submits(tmp_path: Path, rows: int):
    # After so many rows, in the middle of naming, pickling or sending one.
    text = f"""
rows = 0

class Row:
    def __reduce__(self):
        global rows
        rows += 1
        if rows == {rows}:
            os.kill(os.getpid(), signal.SIGINT)
        return int, (rows,)

with LocalCluster(**options) as cluster, Client(cluster) as client:
    try:
        client.map(inc, [Row() for _ in range(150_000)], key="given-up")
        raise AssertionError("it wasn't interrupted")
    except KeyboardInterrupt:
        pass
    assert client.gather(client.map(inc, range(10, 20))) == list(range(11, 21))
    print("works")
"""
    assert run(tmp_path, text) == "works\n"


def test_ctrl_c_that_nobody_catches(tmp_path: Path):
    text = """
client = Client(**options)
futures = client.map(forever, range(10))
until_both_run(client)
print("waiting", flush=True)
client.gather(futures)
"""
    with within(10), script(tmp_path, HEAD + text) as program:
        program.until_said("waiting")
        workers = descendants(program.process.pid)
        assert len(workers) == 2
        os.killpg(program.process.pid, signal.SIGINT)
        assert program.wait() in (130, -signal.SIGINT)
        assert program.output.count("Traceback") == 1, program.output
        assert program.output.rstrip().endswith("KeyboardInterrupt")
        until(lambda: not any(is_running(worker.pid) for worker in workers), 5)
    assert not scratch(tmp_path)


def test_ctrl_c_while_the_cluster_starts(tmp_path: Path):
    text = "print('starting', flush=True)\ncluster = LocalCluster(**options)\nprint('started')\ntime.sleep(60)"
    with within(10), script(tmp_path, HEAD + text) as program:
        program.until_said("starting")
        until(lambda: len(descendants(program.process.pid)) == 2)
        workers = descendants(program.process.pid)
        os.killpg(program.process.pid, signal.SIGINT)
        assert program.wait() in (130, -signal.SIGINT), program.output
        assert program.output.rstrip().endswith("KeyboardInterrupt"), program.output
        until(lambda: not any(is_running(worker.pid) for worker in workers), 5)
    assert not scratch(tmp_path)


def test_a_script_without_a_main_guard(tmp_path: Path):
    # Worker processes don't run the script again: it needs no guard, and says so by working.
    said = run(
        tmp_path,
        "print('once')\nclient = Client(**options)\nprint(client.gather(client.map(inc, range(3))))\nclient.close()",
    )
    assert said.split("\n") == ["once", "[1, 2, 3]", ""], said


def test_a_program_from_standard_input(tmp_path: Path):
    code = HEAD + "with Client(**options) as client:\n    print(client.gather(client.map(inc, range(3))))"
    with within(10), Program("-c", code, cwd=tmp_path) as program:
        assert program.wait() == 0
        assert program.output == "[1, 2, 3]\n"


def test_a_forked_child_leaves_the_cluster_of_its_parent_alone(tmp_path: Path):
    text = """
import multiprocessing

client = Client(**options)
assert client.submit(inc, 1).result() == 2
child = multiprocessing.get_context("fork").Process(target=print, args=("child",))
child.start()
child.join()
pid = os.fork()
if not pid:
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert client.gather(client.map(inc, range(10, 20))) == list(range(11, 21))
print("works")
client.close()
"""
    said = run(tmp_path, text, PYTHONWARNINGS="ignore")
    assert said.split() == ["child", "works"], said


def test_a_task_that_does_not_end_does_not_keep_the_cluster_open(tmp_path: Path, gate: Gate):
    # It waits in the kernel, where no exception reaches it.
    with within(8):
        with (
            LocalCluster(
                n_workers=1, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path
            ) as cluster,
            Client(cluster) as client,
        ):
            future = client.submit(gate)
            gate.until_begun()
            pid = cluster.workers[0].pid
            del future
        until(lambda: not is_running(pid))
    assert not scratch(tmp_path)
