"""What a task costs the scheduler doesn't grow with tasks or workers: counted in bytecodes, which no machine's mood changes."""

from __future__ import annotations

import pytest

from minidask_distributed.testing import scale
from minidask_distributed.testing.scale import measure, uploads


@pytest.mark.slow
@pytest.mark.parametrize("graph", scale.GRAPHS)
def test_the_cost_is_flat(graph):
    # The same number of tasks a worker, so that batches are as long.
    few = measure(graph, 500, 10, count_bytecodes=True)
    more_tasks = measure(graph, 4000, 10, count_bytecodes=True)
    more_workers = measure(graph, 4000, 80, count_bytecodes=True)
    assert more_tasks.bytecodes_per_task < 1.1 * few.bytecodes_per_task
    assert more_workers.bytecodes_per_task < 1.2 * few.bytecodes_per_task


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize("graph", scale.GRAPHS)
def test_the_time_is_flat(graph):
    # Scans inside of C functions cost no bytecodes; a factor of two is what a noisy machine needs.
    few = min(measure(graph, 4000, 8).us_per_task for _ in range(3))
    many = min(measure(graph, 40_000, 80).us_per_task for _ in range(3))
    assert many < 2 * few


@pytest.mark.slow
@pytest.mark.parametrize("graph", scale.GRAPHS)
def test_bytes_and_messages(graph):
    cost = measure(graph, 20_000, 4, count_bytes=True)
    assert 100 < cost.bytes_per_task < 600
    assert cost.messages_per_task < 0.1


def test_graphs():
    rows = [
        (deps, announced) for chunk in uploads("tree", 100) for deps, announced in zip(chunk.n_deps, chunk.dependents)
    ]
    assert len(rows) == 100
    assert {deps for deps, _ in rows} == {0, 8}
    (chunk,) = uploads("map", 10)
    assert chunk.n_deps == [0] * 10
    assert [chunk.last for chunk in uploads("map", 5000)] == [False, True]


def test_unknown_graphs_are_refused():
    with pytest.raises(ValueError, match="the graphs are map and tree, not 'web'"):
        next(uploads("web", 1))


@pytest.mark.slow
def test_the_program(capsys):
    assert scale.main(["--workers", "20", "--tasks", "12000", "--held", "1000", "--graph", "map"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["graph", "tasks", "workers", "us/task", "messages/task", "bytes/task"]
    assert [line.split()[1:3] for line in lines[1:]] == [
        ["10,000", "20"],
        ["12,000", "20"],
        ["12,000", "10"],
        ["1,000", "10"],
    ]
    with pytest.raises(SystemExit):
        scale.main(["--tasks", "0"])
    assert "at least one task" in capsys.readouterr().err
