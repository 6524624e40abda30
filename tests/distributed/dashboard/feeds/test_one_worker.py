"""What a worker's pages show: samples while somebody looks, tasks, facts."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

import pytest

from minidask_distributed.dashboard.feeds import one_worker
from minidask_distributed.dashboard.feeds.base import check_columns
from minidask_distributed.dashboard.feeds.one_worker import WorkerFacts, WorkerHistory, WorkerTasks


class FakeWorker:
    """A worker that counts its measurements."""

    memory_limit = 0

    def __init__(self):
        self.measured = 0

    def metrics(self):
        self.measured += 1
        return {"cpu": self.measured, "memory": 100, "managed": 1, "unmanaged": None}

    def running_threads(self):
        return [(SimpleNamespace(key=("x", 0)), 7)]

    def identity(self):
        return {
            "name": "w", "address": "a", "scheduler": "s", "status": "running", "host": "h", "pid": 1, "nthreads": 2,
            "resources": {"GPU": 2.0}, "local_directory": "/d", "nanny": "",
        }  # fmt: skip


def test_where_nobody_looked_the_line_breaks():
    feed, worker = WorkerHistory(), FakeWorker()
    _, cursor = feed.read_since(worker, feed.begin(worker), 100.0)
    columns, cursor = feed.read_since(worker, cursor, 200.0)
    check_columns(feed, columns)
    assert (columns["time"], columns["cpu"]) == ([100.001, 199.999, 200.0], [None, None, 2.0])
    assert feed.read_since(worker, cursor, 200.5)[0]["time"] == [200.5]
    assert feed.read_since(worker, 0, 200.6)[0]["cpu"] == [1.0, None, None, 2.0, 3.0]


def test_samples_are_shared_by_readers_and_bounded(monkeypatch):
    monkeypatch.setattr(one_worker, "SAMPLES", 3)
    feed, worker = WorkerHistory(), FakeWorker()
    start = feed.begin(worker)
    columns, cursor = feed.read_since(worker, start, 100.0)
    check_columns(feed, columns)
    assert (columns["time"], columns["cpu"], columns["unmanaged"]) == ([100.0], [1.0], [0.0])
    assert feed.read_since(worker, start, 100.1)[0]["cpu"] == [1.0]
    assert feed.read_since(worker, cursor, 100.1)[0]["cpu"] == []
    for at in range(1, 6):
        columns, cursor = feed.read_since(worker, cursor, 100.0 + at)
        assert columns["cpu"] == [1.0 + at]
    assert feed.begin(worker) == 3
    assert feed.read_since(worker, 0, 105.1)[0]["cpu"] == [4.0, 5.0, 6.0]
    assert worker.measured == 6


def test_samples_go_with_their_worker():
    feed, worker = WorkerHistory(), FakeWorker()
    feed.read_since(worker, 0, 100.0)
    gone = weakref.ref(worker)
    del worker
    gc.collect()
    assert gone() is None
    assert not feed._samples


@pytest.mark.parametrize("feed", [WorkerTasks(), WorkerFacts()])
def test_tables_have_their_columns(feed):
    check_columns(feed, feed.read(FakeWorker(), 0.0))


def test_what_is_shown():
    assert WorkerTasks().read(FakeWorker(), 0.0) == {"key": ["('x', 0)"], "thread": [7]}
    facts = WorkerFacts().read(FakeWorker(), 0.0)
    told = dict(zip(facts["name"], facts["value"], strict=True))
    assert told["Resources"] == "GPU: 2"
    assert told["Memory limit"] == "none"
