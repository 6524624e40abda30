"""Words for records; the examples in the docstrings are most of the tests."""

from __future__ import annotations

from minidask_distributed.scheduler.machine.records import Task, Worker
from minidask_distributed.scheduler.observing.wording import label, listed, memory_of, shown_key, work_of


def a_worker():
    return Worker(1, 7, "tcp://127.0.0.1:4000", "tcp://127.0.0.1:4000", 2, 0)


def test_a_worker_without_a_name_of_its_own():
    assert label(a_worker()) == "tcp://127.0.0.1:4000"


def test_lists():
    assert listed([]) == ""
    assert listed("a") == "a"
    assert listed("abcdef") == "a, b, c, d, e and f"
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"


def test_memory():
    worker = a_worker()
    assert memory_of(worker) == "its memory isn't known"
    worker.metrics = {"memory": 5}
    assert memory_of(worker) == "its process uses 5 B"


def test_work():
    worker = a_worker()
    worker.processing[Task(1, "x", None, None, (), None)] = None
    worker.busy_us = 3_000_000
    assert work_of(worker) == "1 task for 2 threads, expected to take 1.50 s"


def test_keys():
    assert shown_key("<script>") == "'<script>'"
    assert shown_key(5) == "5"
