"""The clusters that benchmarks run on, and what they run: real ones of minidask alone, at small sizes."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from pathlib import Path

import psutil
import pytest

from benchmarks import bench_cluster, bench_transfer, clusters, compare, workload

GROUPS = [
    "map-10k,tree-8k,blockwise-10k,roundtrip-inproc-p99",
    "scheduler-cpu-flat,scheduler-messages,idle-memory-worker,import-client",
    "scatter-*,ready-inproc,close-inproc,efficiency-sleep",
    "dashboard-*",
]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("names", GROUPS)
def test_workloads_run_at_small_sizes(names):
    command = [sys.executable, "-m", "benchmarks.compare", "--small", "--libraries", "minidask", "--rounds", "1"]
    done = subprocess.run([*command, "--only", names], cwd=clusters.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("processes", [False, True])
def test_a_local_cluster_has_two_workers(processes):
    with clusters.local("minidask", processes) as client:
        workers = client.scheduler_info()["workers"].values()
        assert [worker["nthreads"] for worker in workers] == [1, 1]
        assert client.submit(bench_cluster.same, 5).result() == 5


@pytest.mark.slow
@pytest.mark.network
def test_a_cluster_apart_is_processes_that_end_with_it():
    with clusters.apart("minidask") as cluster:
        processes = [cluster.scheduler, *cluster.workers]
        assert len({process.pid for process in processes}) == 3
        assert all(process.is_running() for process in processes)
        before = bench_cluster.processor_s(cluster.scheduler)
        assert bench_cluster.scheduler_s(cluster, 50, 2, count(0, 50)) >= 0
        assert bench_cluster.processor_s(cluster.scheduler) >= before
    assert not any(process.is_running() for process in processes)


def test_a_scheduler_that_ends_before_it_is_ready_is_told(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    try:
        with pytest.raises(RuntimeError, match="the scheduler has ended before it was ready"):
            clusters.wait_for(tmp_path / "scheduler.json", psutil.Process(process.pid))
    finally:
        process.wait()


def test_a_scheduler_that_takes_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(clusters, "STARTING_S", 0)
    with pytest.raises(TimeoutError, match="the scheduler isn't ready after 0 s"):
        clusters.wait_for(tmp_path / "scheduler.json", psutil.Process())


def test_a_process_that_does_not_end_is_killed(monkeypatch):
    monkeypatch.setattr(clusters, "ENDING_S", 0.1)
    program = (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        clusters.end(process)
        assert process.returncode < 0


@pytest.mark.slow
def test_the_pool_has_two_processes():
    with clusters.pool() as executor:
        assert isinstance(executor, ProcessPoolExecutor)
        assert list(executor.map(bench_cluster.same, range(5))) == [0, 1, 2, 3, 4]


class TwoMessages:
    """A scheduler's machine that answers each event with two messages."""

    def __init__(self) -> None:
        self.out = []

    def handle(self, peer, message, now):
        self.out += [message, message]

    def flush(self, now):
        messages, self.out = self.out, []
        return {1: messages[::2], 2: messages[1::2]}


def test_messages_are_counted_both_ways():
    class Scheduler:
        machine = TwoMessages()

    with clusters.count_messages(Scheduler) as counted:
        for number in range(3):
            Scheduler.machine.handle(1, number, 0.0)
        assert Scheduler.machine.flush(0.0) == {1: [0, 1, 2], 2: [0, 1, 2]}
    Scheduler.machine.handle(1, 9, 0.0)
    assert (counted.taken, counted.given) == (3, 6)


@pytest.mark.parametrize("blocks", [1, 4, 5, 100])
def test_the_blockwise_graph_adds_up(blocks):
    from minidask.local import get_sync

    graph, root = bench_cluster.blockwise_graph("x", blocks)
    assert get_sync(graph, root) == 16 * 2 * blocks * (blocks + 1) // 2
    assert len(graph) >= 3 * blocks + 1


def test_a_tree_adds_up():
    assert bench_cluster.tree(int, lambda left, right: left + right, 64) == 64 * 63 // 2


def test_wrong_results_are_told():
    with pytest.raises(RuntimeError, match="the result is wrong"):
        bench_cluster.mapping(lambda numbers: [0 for _ in numbers], 10)()
    with pytest.raises(RuntimeError, match="the result is wrong"):
        bench_cluster.trips(lambda i: i + 1, 0.5)()
    with pytest.raises(RuntimeError, match="the result is wrong"):
        bench_transfer.both_ways(lambda values: values, lambda values: values[::-1], "gather")


def test_no_argument_comes_twice():
    seen = []
    measure = bench_cluster.mapping(lambda numbers: seen.extend(numbers) or list(numbers), 10)
    measure(), measure()
    assert len(seen) == len(set(seen)) == 30


def test_efficiency_is_measured_by_the_tasks_own_time(monkeypatch):
    monkeypatch.setattr(bench_cluster, "SHORT_TASKS", 20)
    measure = bench_cluster.efficiency(lambda function: [function(0.001) for _ in range(20)], bench_cluster.spin)
    measured, tasks = measure()
    assert tasks == 20
    assert 2 <= measured < 3  # one after the other instead of two at a time


def test_traced_memory_grows_with_what_is_held():
    code = """
from benchmarks.bench_overhead import traced
before = traced()
held = [bytearray(1000) for _ in range(1000)]
print(traced() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=clusters.ROOT, capture_output=True, text=True, check=True)
    assert 1_000_000 < int(done.stdout) < 1_300_000


def test_every_measure_of_the_cluster_has_a_limit_or_is_named_for_the_scale():
    files = [compare.FOLDER / f"bench_{name}.py" for name in ("cluster", "dashboard", "overhead", "transfer")]
    free = {
        name
        for name, made in workload.load(files).items()
        if made.limit is None and made.bound is None and Path(made.file) in files
    }
    assert free == {"scheduler-cpu-1m", "scheduler-memory-rss"}
