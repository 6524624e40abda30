"""Pages about single things, of records alone."""

from __future__ import annotations

from minidask_distributed.dashboard import info_pages
from minidask_distributed.dashboard.markup import joined
from minidask_distributed.explanation import Departure, Explanation, Move, Relative, WorkerExplanation
from minidask_distributed.scheduler.machine.records import Task, Worker

EVIL = "<script>alert(1)</script>"


def worker():
    made = Worker(1, 7, f"tcp://{EVIL}:4000", EVIL, 2, 1 << 30)
    made.info = {"host": EVIL, "local_directory": EVIL, "pid": 1}
    made.metrics = {"cpu": 12.3, "memory": 1 << 20, EVIL: EVIL, "list": [1]}
    made.resources = {EVIL: 1.0}
    return made


def test_everything_of_a_task_is_escaped():
    departure = Departure(EVIL, EVIL, EVIL, memory=1, memory_limit=2, signal=EVIL, log=(EVIL,), running=(EVIL,))
    relative = Relative(EVIL, EVIL, EVIL, (EVIL,), 7)
    explained = Explanation(
        EVIL, EVIL, EVIL, EVIL, details=(EVIL,), advice=EVIL, worker=EVIL, workers=(EVIL,), nbytes=5, ahead=3,
        blocked_by=(EVIL, (EVIL, 0)), dependencies=(relative,), n_dependencies=4, dependents=(relative,), n_dependents=1,
        failure={"type": EVIL, "text": EVIL, "traceback": EVIL, "worker": EVIL}, departures=(departure,), crashes=2,
        wanted_by=(EVIL,), story=(Move(EVIL, EVIL, EVIL, EVIL, 1.0),), nearest=(EVIL,),
    )  # fmt: skip
    page = joined(info_pages.task_page(explained, "../../"))
    assert "<script" not in page
    assert "3 more tasks aren&#x27;t shown." in page
    assert "Workers that died of it" in page


def test_everything_of_a_worker_is_escaped():
    explained = WorkerExplanation(EVIL, EVIL, EVIL, EVIL, details=(EVIL,), advice=EVIL, log=(EVIL,))
    made = worker()
    task = Task(1, EVIL, None, None, (), None)
    made.processing = {task: None}
    made.held = {task}
    for shown in (made, None):
        assert "<script" not in joined(info_pages.worker_page(shown, explained, "../../"))
    assert "<script" not in joined(info_pages.call_stacks_page(made, [EVIL], [[EVIL]], "../../"))
    assert "<script" not in joined(info_pages.unreachable(made, OSError(EVIL), "../../"))
    assert "<script" not in joined(info_pages.logs_page(EVIL, [(EVIL, EVIL), ("INFO", EVIL)], 0.0))


def test_measurements_have_units():
    made = worker()
    made.metrics |= {
        "bandwidth_in": 3 << 20,
        "loop_delay": 0.0018,
        "time": 0.0,
        "ready": 1200,
        "mine": 0.25,
        "on": True,
    }
    page = joined(info_pages.worker_page(made, WorkerExplanation("a", "n", "running", "fine"), ""))
    for name, value in (
        ("cpu", "12 %"),
        ("memory", "1.00 MiB"),
        ("bandwidth in", "3.00 MiB/s"),
        ("loop delay", "1.80 ms"),
        ("time", "1970-01-01 00:00:00 UTC"),
        ("ready", "1,200"),
        ("mine", "0.25"),
    ):
        assert f'<th scope="row">{name}</th><td>{value}</td>' in page
    assert "list" not in page


def test_lists_are_bounded(monkeypatch):
    monkeypatch.setattr(info_pages, "MOST_TASKS", 2)
    made = worker()
    made.held = {Task(number, f"key-{number}", None, None, (), None) for number in range(5)}
    page = joined(info_pages.worker_page(made, WorkerExplanation("a", "n", "running", "fine"), ""))
    assert page.count("info/task/") == 2
    assert "3 more tasks aren&#x27;t shown." in page


def test_a_worker_whose_pages_are_out_of_reach_says_what_to_do():
    made = Worker(1, 7, "tcp://10.0.0.7:4000", "w", 2, 0)
    made.info = {"places": {"dashboard": {"host": "127.0.0.1", "port": 9}}}
    page = joined(info_pages.worker_page(made, WorkerExplanation("a", "n", "running", "fine"), ""))
    assert "--dashboard-address HOST:PORT" in page
