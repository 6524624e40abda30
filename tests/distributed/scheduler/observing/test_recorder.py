"""The recorder as the server and readers use it."""

from __future__ import annotations

import logging
import os
import signal
import threading

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.messages import WorkerBeat
from minidask_distributed.worker.activities import ActivityLog
from tests.distributed.scheduler.observing.table import Table


def activities(*rows):
    log = ActivityLog()
    for row in rows:
        log.add(*row)
    return log.take(0.0)


def test_readers_are_counted():
    table = Table()
    recorder = table.recorder
    assert not recorder.is_attached
    recorder.attach()
    recorder.attach()
    table.upload(["x-1"])
    assert recorder.progress.columns()["name"] == ["x"]
    recorder.detach()
    assert recorder.is_attached
    assert recorder.progress.columns()["name"] == ["x"]
    recorder.detach()
    assert not recorder.is_attached
    assert recorder.progress.columns()["name"] == []
    with pytest.raises(RuntimeError, match="each detach belongs to one attach"):
        recorder.detach()


def test_without_readers_no_move_is_looked_at(monkeypatch):
    table = Table()
    monkeypatch.setattr(table.recorder.progress, "collect", pytest.fail)
    monkeypatch.setattr(table.recorder.progress, "advance", pytest.fail)
    table.worker()
    table.upload(["x-1"])
    table.finish_all()
    table.wait(1.0)
    assert len(table.recorder.history) == 0


def test_readers_are_called_after_flushes_until_they_leave(caplog):
    table = Table()
    recorder, told = table.recorder, []

    def leaves():
        recorder.detach(leaves)

    def fails():
        told.append("fails")
        raise OSError("no")

    def follows():
        told.append("follows")

    for call in (leaves, fails, follows):
        recorder.attach(call)
    with caplog.at_level(logging.ERROR):
        recorder.collect()
        recorder.collect()
    assert told == ["fails", "follows", "follows"]
    assert "isn't called any more" in caplog.text
    # Who failed is a reader still, and leaves as others do.
    recorder.detach(fails)
    recorder.detach(follows)
    assert not recorder.is_attached
    recorder.collect()
    assert len(told) == 3


def test_beats():
    table = Table()
    table.worker(2)
    table.worker(3)
    # A worker that gives data knows its peer by name, the one that fetches by address.
    told = activities(("transfer-out", 1.0, 0.5, 10**6, "name-3"), ("transfer-in", 1.0, 0.5, 10**6, "tcp://w3", "list"))
    table.beat(2, cpu=5.0, **told)
    assert table.recorder.activities.columns()["peer"] == ["tcp://w3", "tcp://w3"]
    assert table.recorder.traffic.pairs()["source"] == ["tcp://w3"]
    assert table.recorder.traffic.types()["type"] == ["list"]
    # They don't burden the worker's metrics.
    assert table.record(2).metrics["cpu"] == 5.0
    assert "activities" not in table.record(2).metrics
    table.beat(3, cpu=1.0)
    assert table.recorder.activities.total == 2


def test_a_beat_that_is_not_in_its_form_is_refused():
    table = Table()
    table.worker(2)
    with pytest.raises(ValueError, match="the activities of a worker must be a dict"):
        table.recorder.see("tcp://w2", WorkerBeat({"activities": [1]}, 0), 0.0, 0.0)


def test_an_error_in_counting_costs_the_counts_alone(monkeypatch, caplog):
    table = Table()
    table.recorder.attach()
    monkeypatch.setattr(table.recorder.progress, "collect", lambda: 1 / 0)
    with caplog.at_level(logging.ERROR):
        table.worker()
    assert "tasks are counted no more" in caplog.text
    monkeypatch.undo()
    table.upload(["x-1"])
    assert table.recorder.progress.columns()["name"] == []
    table.recorder.detach()
    table.recorder.attach()
    table.wait(0.5)
    assert table.recorder.progress.columns()["name"] == ["x"]


# ---------------------------------------------------------------- a cluster of processes


class Shown:
    """Waits for what a live scheduler's recorder is shown."""

    def __init__(self, scheduler):
        self.recorder = scheduler.recorder
        self.changed = threading.Condition()
        for name in ("see", "see_notices", "tick"):
            setattr(self.recorder, name, self.telling(getattr(self.recorder, name)))

    def telling(self, method):
        def told(*arguments):
            method(*arguments)
            with self.changed:
                self.changed.notify_all()

        return told

    def until(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, 30)


def blob(number):
    return bytes(2_000_000)


def both(one, other):
    return len(one) + len(other)


def boom(number):
    raise ValueError(f"no {number}")


@pytest.mark.slow
@pytest.mark.network
def test_a_cluster_of_processes():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="400 MB", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        scheduler = cluster.scheduler
        shown = Shown(scheduler)
        recorder = shown.recorder
        cluster.sync(on_loop, recorder.attach)
        first, second = scheduler.workers
        one = client.submit(blob, 1, workers=[first], key="blob-1")
        other = client.submit(blob, 2, workers=[second], key="blob-2")
        assert client.submit(both, one, other, key="both-1").result() == 4_000_000
        assert isinstance(client.submit(boom, 1, key="boom-1").exception(), ValueError)

        shown.until(lambda: {"transfer-in", "transfer-out"} <= set(recorder.activities.columns()["kind"]))
        columns = recorder.activities.columns()
        at = columns["kind"].index("transfer-out")
        assert {columns["worker"][at], columns["peer"][at]} == {first, second}
        assert columns["nbytes"][at] >= 2_000_000
        pairs = recorder.traffic.pairs()
        assert {pairs["source"][0], pairs["target"][0]} == {first, second}
        assert pairs["bandwidth"][0] > 0
        assert recorder.traffic.types()["type"] == ["bytes"]

        shown.until(lambda: set(scheduler.tasks) == {"blob-1", "blob-2"})
        progress = cluster.sync(on_loop, recorder.progress.columns)
        assert dict(zip(progress["name"], progress["memory"], strict=True)) == {"blob": 2, "both": 0, "boom": 0}
        # What nobody holds any more.
        assert progress["forgotten"] == [0, 1, 1]

        failures = recorder.failures.columns()
        assert (failures["key"], failures["type"], failures["text"]) == (["boom-1"], ["ValueError"], ["no 1"])
        assert 'raise ValueError(f"no {number}")' in failures["traceback"][0]

        shown.until(lambda: all(worker.metrics.get("num_fds") for worker in scheduler.workers.values()))
        workers = recorder.worker_columns()
        assert min(workers["memory"]) > 10_000_000
        assert workers["memory_limit"] == [400_000_000] * 2
        assert max(workers["unmanaged"]) > 0
        shown.until(lambda: len(recorder.history) >= 2 and recorder.history.latest()["process"] > 20_000_000)
        sample = recorder.history.latest()
        assert sample["scheduler_memory"] > 10_000_000
        assert sample["workers"] == 2

        pid = scheduler.workers[first].info["pid"]
        os.kill(pid, signal.SIGKILL)
        shown.until(lambda: recorder.departures.of(first) is not None and recorder.departures.of(first)["signal"])
        departure = recorder.departures.of(first)
        assert (departure["kind"], departure["signal"], departure["pid"]) == ("died", "SIGKILL", pid)
        assert departure["memory"] > 10_000_000
        assert departure["restarts"] is True
        del one, other
        cluster.sync(on_loop, recorder.detach)


async def on_loop(function):
    return function()
