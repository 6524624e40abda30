"""The table of workers."""

from __future__ import annotations

from minidask_distributed.scheduler.machine.records import UNKNOWN_COST_US
from minidask_distributed.scheduler.observing.workers import COLUMNS, memory_of, occupancy_s, worker_columns
from tests.distributed.scheduler.observing.table import Table


def test_a_worker_in_all_columns():
    table = Table()
    table.worker(2, nthreads=2, memory_limit=1000, nanny="")
    table.beat(
        cpu=150.0,
        memory=500,
        managed=100,
        unmanaged=400,
        unmanaged_recent=150,
        spilled=7,
        bandwidth_in=11,
        bandwidth_out=12,
        num_fds=30,
        loop_delay=0.25,
        executing=2,
        ready=1,
        in_flight=4,
        finished=9,
    )
    table.upload([f"x-{number}" for number in range(10)])
    (task, *_) = table.processing()
    table.finish([task])
    table.wait(3.0)
    columns = table.recorder.worker_columns()
    assert tuple(columns) == COLUMNS
    (row,) = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    record = table.record(2)
    n_processing = len(record.processing)
    assert row == {
        "address": "tcp://w2",
        "name": "name-2",
        "number": 1,
        "host": "here",
        "pid": 102,
        "nanny": "",
        "status": "running",
        "nthreads": 2,
        "cpu": 150.0,
        "memory": 500,
        "memory_limit": 1000,
        "memory_fraction": 0.5,
        "managed": 100,
        "unmanaged": 400,
        "unmanaged_old": 250,
        "unmanaged_recent": 150,
        "spilled": 7,
        "nbytes": 8,
        "bandwidth_in": 11,
        "bandwidth_out": 12,
        "fds": 30,
        "delay": 0.25,
        "processing": n_processing,
        "executing": 2,
        "ready": 1,
        "waiting": max(n_processing - 3, 0),
        "long_running": 0,
        "queued": 10 - 1 - n_processing,
        "held": 1,
        "in_flight": 4,
        "finished": 9,
        "occupancy": 9 * UNKNOWN_COST_US / 1e6,  # sent or queued when the function was unknown
        "last_seen": 3.0,
    }


def test_workers_without_a_beat_and_at_most_so_many():
    table = Table()
    assert worker_columns(table.state) == {name: [] for name in COLUMNS}
    for peer in (2, 3, 4):
        table.worker(peer)
    columns = worker_columns(table.state, 2)
    assert columns["name"] == ["name-2", "name-3"]
    assert columns["memory"] == columns["fds"] == [0, 0]
    assert columns["memory_fraction"] == [0.0, 0.0]
    assert memory_of(table.record(2)).unmanaged == 0


def test_occupancy_counts_shares_of_submissions():
    table = Table(depth_us=1000, depth_count=3)
    table.worker(2)
    table.worker(3)
    table.upload([f"x-{number}" for number in range(100)])
    for peer in (2, 3):
        record = table.record(peer)
        queued = sum(len(part.tasks) for part in record.slices)
        assert queued > 20
        cost_us = record.slices[0].tasks[0].recipe.cost_us
        assert occupancy_s(record) == (len(record.processing) + queued) * cost_us / 1e6
