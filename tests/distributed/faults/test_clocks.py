"""A wall clock that jumps by years, back and forth, at every look: nothing but the stamps for people may notice."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import minidask_distributed
from tests.distributed.faults.stage import script, within

# Put where every process of the cluster finds it when its interpreter starts, before anything can have the real function.
JUMPING = """
import itertools, time

real, real_ns = time.time, time.time_ns
jumps = itertools.cycle([0, 400 * 86_400, -400 * 86_400, 30 * 86_400, -3_600])
time.time = lambda: real() + next(jumps)
time.time_ns = lambda: real_ns() + next(jumps) * 10**9
"""

WORK = """
import sys, time
from minidask.distributed import Client, LocalCluster, as_completed, wait

assert abs(time.time() - time.time()) > 3000

def inc(x):
    assert abs(time.time() - time.time()) > 3000
    return x + 1

def pause(seconds):
    time.sleep(seconds)
    return seconds

def raises(kind, function):
    began = time.monotonic()
    try:
        function()
    except kind:
        return time.monotonic() - began
    raise AssertionError("it didn't raise")

options = {"worker_ttl": "3s", "idle_timeout": "1h"}
with LocalCluster(
    n_workers=2, threads_per_worker=1, processes=sys.argv[1] == "processes", protocol="tcp",
    dashboard_address=None, scheduler_kwargs=options,
) as cluster, Client(cluster, heartbeat_interval="100 ms") as client:
    before = client.run(inc, 1).keys()
    # Longer than a worker may be silent, by the clock that counts.
    slow = client.map(pause, [1.7, 1.8, 1.9, 2.0])
    assert 0.2 < raises(TimeoutError, lambda: slow[3].result(timeout=0.3)) < 1.5
    assert 0.2 < raises(TimeoutError, lambda: wait(slow, timeout=0.3)) < 1.5
    assert 0.2 < raises(TimeoutError, lambda: list(as_completed(slow[2:], timeout=0.3))) < 1.5
    assert 0.2 < raises(TimeoutError, lambda: client.wait_for_workers(5, timeout=0.3)) < 1.5
    assert client.gather(client.map(inc, range(200))) == list(range(1, 201))
    assert sorted(future.result() for future in as_completed(slow)) == [1.7, 1.8, 1.9, 2.0]
    assert client.run(inc, 1).keys() == before, "a worker was given up"
    retried = client.submit(inc, "x", retries=2)
    assert isinstance(retried.exception(timeout=10), TypeError)
    # Durations are measured on the other clock, too.
    moves = client.get_task_stream(start="1 day") or client.get_task_stream()
    spans = [stop - start for move in moves for _, start, stop in [list(part.values())[:3] for part in move["startstops"]]]
    assert all(0 <= span < 60 for span in spans), spans
print("as ever")
"""


@pytest.mark.parametrize("where", ["processes", "threads"])
def test_a_clock_that_jumps(tmp_path: Path, where: str):
    (tmp_path / "sitecustomize.py").write_text(JUMPING)
    path = f"{tmp_path}:{Path(__file__).parents[3]}"
    with within(25), script(tmp_path, WORK, where, PYTHONPATH=path) as program:
        assert program.wait(25) == 0, program.output
        assert "as ever" in program.output


STAMPS = {
    # Whatever looks at the wall clock, and why it may: all of these are read by people.
    "client/profiling.py": "from when on a profile is asked for",
    "client/queries.py": "from when on the task stream is asked for",
    "dashboard/application.py": "what of a page's frames is sent when, unless a recording brings its own",
    "dashboard/feeds/desk.py": "when what a page shows was read",
    "dashboard/info_routes.py": "how long ago lines of the log were written",
    "dashboard/worker_parts.py": "how long ago lines of the log were written",
    "dashboard/report.py": "when a report was made",
    "sampling.py": "when samples of the profile were taken",
    "scheduler/announcing.py": "when something happened",
    "scheduler/handlers/measuring.py": "when samples of the memory were taken",
    "scheduler/observing/explaining.py": "how long ago a worker left",
    "scheduler/server.py": "when the scheduler was started",
    "scheduler/ticking.py": "when samples of the history were taken",
    "security/certificates.py": "from when to when certificates are valid",
    "worker/engine.py": "when tasks began, in the task stream; when something happened",
    "worker/metrics.py": "when the worker was measured, and did what else than tasks",
}


def looks_at_the_wall_clock(path: Path) -> bool:
    """Whether a module uses `time.time`, `time.time_ns`, or the present time of `datetime`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module="time", names=names) if {"time", "time_ns"} & {name.name for name in names}:
                return True
            case ast.Attribute(value=ast.Name(id="time"), attr="time" | "time_ns"):
                return True
            case ast.Attribute(attr="now" | "utcnow" | "today", value=ast.Name(id="datetime" | "date")):
                return True
    return False


def test_who_looks_at_the_wall_clock():
    root = Path(minidask_distributed.__file__).parent
    found = {path.relative_to(root).as_posix() for path in root.rglob("*.py") if looks_at_the_wall_clock(path)}
    assert found == set(STAMPS)
