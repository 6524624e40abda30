"""Workers that are killed, or stop to answer, at the worst moment: what they held and ran is made again, or its loss is said."""

from __future__ import annotations

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import cloudpickle
import numpy
import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.errors import LostDataError
from minidask_distributed.client.waiting import wait
from minidask_distributed.deploy.local import LocalCluster
from tests.distributed.faults.stage import PATIENCE_S, Gate, until, within

cloudpickle.register_pickle_by_value(sys.modules[__name__])

LARGE = 50_000  # numbers; their bytes don't ride along with reports


def noise(seed):
    return numpy.random.default_rng(seed).random(LARGE)


def kill(cluster, name, number=signal.SIGKILL):
    """Kill a worker's process; return its number."""
    pid = cluster.workers[name].pid
    os.kill(pid, number)
    return pid


class Held:
    """A large value whose pickling passes a gate, on the worker that holds it."""

    def __init__(self, gate):
        self.gate = gate
        self.padding = bytes(LARGE)

    def __reduce__(self):
        self.gate()
        return bytes, (self.padding,)


class HeldBack:
    """A large value whose reading passes a gate, on the worker that fetched it."""

    def __init__(self, gate):
        self.gate = gate
        self.padding = bytes(LARGE)

    def __reduce__(self):
        return read_behind, (self.gate, self.padding)


def read_behind(gate, padding):
    gate()
    return padding


def make(kind, gate):
    return kind(gate)


def test_the_only_copy_is_made_again(cluster: LocalCluster, client: Client):
    parts = client.map(noise, range(4), workers=["0"])
    total = client.submit(numpy.concatenate, parts, workers=["0"])
    client.gather(client.map(len, parts))
    assert len(total.result(PATIENCE_S)) == 4 * LARGE
    with within(10):
        kill(cluster, 0)
        numpy.testing.assert_array_equal(client.gather(total), numpy.concatenate([noise(seed) for seed in range(4)]))
        numpy.testing.assert_array_equal(client.gather(parts), [noise(seed) for seed in range(4)])


def test_what_was_dropped_on_the_way_is_made_again_too(cluster: LocalCluster, client: Client):
    # The parts are no longer there when the worker with their sum dies: the whole lineage runs again.
    parts = client.map(noise, range(4), workers=["0"], allow_other_workers=True)
    total = client.submit(numpy.concatenate, parts, workers=["0"], allow_other_workers=True)
    expected = total.result(PATIENCE_S)
    del parts
    with within(10):
        kill(cluster, 0)
        again = client.submit(numpy.negative, total).result(PATIENCE_S)
    numpy.testing.assert_array_equal(-again, expected)


def test_small_results_survive_without_running_again(cluster: LocalCluster, client: Client, tmp_path):
    runs = tmp_path / "runs"
    futures = client.map(count_runs, range(10), path=str(runs), workers=["0"])
    assert client.gather(futures) == list(range(10))
    with within(10):
        kill(cluster, 0)
        assert client.submit(sum, futures, workers=["1"]).result(PATIENCE_S) == 45
    assert runs.read_text() == "." * 10


def count_runs(value, path):
    with open(path, "a") as file:
        file.write(".")
    return value


def test_the_holder_dies_while_it_is_fetched_from(cluster: LocalCluster, client: Client, gate: Gate):
    source = client.submit(make, Held, gate, workers=["0"])
    reader = client.submit(len, source, workers=["1"])
    assert gate.until_begun() == cluster.workers[0].pid
    kill(cluster, 0)
    gate.let_on(10)
    with within(10):
        assert reader.result(PATIENCE_S) == LARGE


def test_the_reader_dies_while_it_fetches(cluster: LocalCluster, client: Client, gate: Gate):
    source = client.submit(make, HeldBack, gate, workers=["0"])
    reader = client.submit(len, source, workers=["1"])
    assert gate.until_begun() == cluster.workers[1].pid
    kill(cluster, 1)
    gate.let_on(10)
    with within(10):
        assert reader.result(PATIENCE_S) == LARGE


def test_a_worker_dies_while_it_executes(cluster: LocalCluster, client: Client, gate: Gate):
    future = client.submit(gate, "done", workers=["0"], allow_other_workers=True)
    (waiting,) = client.map(len, [future])
    first = gate.until_begun()
    assert kill(cluster, 0) == first
    with within(10):
        assert gate.until_begun() != first
        gate.let_on()
        assert client.gather([future, waiting]) == ["done", 4]
    assert client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.tasks[future.key].crashes) == 1


def test_all_workers_die_at_once(cluster: LocalCluster, client: Client):
    squares = client.map(lambda x: x * x, range(100))
    arrays = client.map(noise, range(4))
    expected = client.gather([squares, arrays])
    total = client.submit(sum, squares)
    with within(15):
        for name in cluster.workers:
            kill(cluster, name)
        assert total.result(PATIENCE_S) == sum(expected[0])
        numpy.testing.assert_array_equal(client.gather(arrays), expected[1])


@pytest.mark.parametrize("size", [1, LARGE])
def test_scattered_data_are_lost_with_their_worker(cluster: LocalCluster, client: Client, size):
    data = client.scatter(numpy.arange(size), workers=["0"])
    everywhere = client.scatter(numpy.arange(size) + 1, broadcast=True)
    # "1" fetches a copy, and keeps it.
    assert client.submit(len, data, workers=["1"]).result(PATIENCE_S) == size
    pid = kill(cluster, 0)
    until(lambda: cluster.workers[0].pid not in (None, pid))
    with within(10):
        numpy.testing.assert_array_equal(data.result(PATIENCE_S), numpy.arange(size))
        client.wait_for_workers(2, timeout=PATIENCE_S)
        # So is this one on "0" again.
        assert client.submit(len, everywhere, workers=["0"]).result(PATIENCE_S) == size
        kill(cluster, 1)
        with pytest.raises(LostDataError, match="was lost with the worker that held it; it was scattered") as caught:
            client.submit(type, data).result(PATIENCE_S)
        numpy.testing.assert_array_equal(everywhere.result(PATIENCE_S), numpy.arange(size) + 1)
    assert data.key in str(caught.value)
    assert "scatter it again, or to several workers (broadcast=True)" in str(caught.value)
    with pytest.raises(LostDataError, match=data.key):
        data.result(PATIENCE_S)
    assert data.status == "error"


def test_a_frozen_worker_is_given_up_and_taken_back(tmp_path, gate: Gate):
    # It says something every second; with less patience than a few of these a busy machine would be taken for a frozen one.
    options = {"worker_ttl": "3 s"}
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            scheduler_kwargs=options,
            local_directory=tmp_path,
        ) as cluster,
        Client(cluster) as client,
    ):
        anywhere = {"workers": ["0"], "allow_other_workers": True}
        held = client.map(noise, [1, 2], **anywhere)
        # The connection is there already, and will answer nothing.
        numpy.testing.assert_array_equal(client.gather(held[0]), noise(1))
        wait(held, timeout=PATIENCE_S)
        running = client.submit(gate, "done", **anywhere)
        frozen = gate.until_begun()
        assert frozen == cluster.workers[0].pid
        waiting = client.submit(noise, 3, **anywhere)
        os.kill(frozen, signal.SIGSTOP)
        with within(8), ThreadPoolExecutor(1) as thread:
            gathering = thread.submit(client.gather, held)
            assert gate.until_begun() == cluster.workers[1].pid
            gate.let_on()
            assert running.result(PATIENCE_S) == "done"
            numpy.testing.assert_array_equal(waiting.result(PATIENCE_S), noise(3))
            numpy.testing.assert_array_equal(gathering.result(PATIENCE_S), [noise(1), noise(2)])
        os.kill(frozen, signal.SIGCONT)
        gate.let_on()
        with within(10):
            client.wait_for_workers(2, timeout=PATIENCE_S)
            assert client.submit(os.getpid, workers=["0"], pure=False).result(PATIENCE_S) == frozen


class Ponderous:
    """Small data that take their reader a while, as those of a library do that has to be loaded first."""

    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        return ponder, (self.number,)


def ponder(number):
    time.sleep(0.02)
    return Ponderous(number)


def number_of(data):
    return data.number


def test_data_that_are_asked_for_while_they_are_still_being_read(cluster: LocalCluster, client: Client):
    """The other worker asks again and again, and may hear that they aren't there when they have just come."""
    for at in range(15):
        data = client.scatter(Ponderous(at), workers=["0"], hash=False)
        assert client.submit(number_of, data, workers=["1"], pure=False).result(PATIENCE_S) == at


def test_data_are_handed_over_while_they_are_still_being_read(cluster: LocalCluster, client: Client):
    for at in range(3):
        leaver = list(client.nthreads())[at % 2]
        data = client.scatter(Ponderous(at), workers=[leaver], hash=False)
        cluster.scale_down([leaver])
        until(lambda: leaver not in client.nthreads())
        assert client.submit(number_of, data, pure=False).result(PATIENCE_S) == at
        cluster.scale(2)
        client.wait_for_workers(2, timeout=PATIENCE_S)
