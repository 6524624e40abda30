"""What stands around a task: blockers, moves, dependents."""

from __future__ import annotations

import pytest

from minidask_distributed.scheduler.machine.states import MEMORY, NAMES, PROCESSING, RELEASED, WAITING
from minidask_distributed.scheduler.observing.relations import (
    MOST_SHOWN,
    blockers,
    moves_of,
    recomputed,
    some_dependents,
    to_culprit,
)
from tests.distributed.scheduler.machine.conftest import Table


@pytest.fixture
def table():
    made = Table()
    made.client("me")
    return made


def keys(tasks):
    return [task.key for task in tasks]


def test_what_runs_blocks_before_what_is_queued(table):
    table.upload("me", {"q": [], "r": [], "x": ["q", "r"]}, wanted=["x"])
    assert keys(blockers(table.task("x"))) == ["q"]
    table.worker("w")
    table.finish("w", "q")
    assert keys(blockers(table.task("x"))) == ["r"]
    table.finish("w", "r")
    assert blockers(table.task("x")) == []
    assert blockers(table.task("r")) == []


def test_diamonds_are_walked_once(table):
    rows = {"a0": []}
    for n in range(1, 60):
        rows |= {f"l{n}": [f"a{n - 1}"], f"r{n}": [f"a{n - 1}"], f"a{n}": [f"l{n}", f"r{n}"]}
    table.upload("me", rows, wanted=["a59"])
    assert keys(blockers(table.task("a59")))[-1] == "a0"


def test_moves(table):
    table.worker("w")
    table.now = 5.0
    table.upload("me", {"a": [], "b": ["a"]}, wanted=["b"])
    table.now = 7.0
    table.finish("w", "a")
    a, b = table.task("a"), table.task("b")
    found = moves_of(table.state, {a.id})
    assert list(found) == [a.id]
    assert [(NAMES[finish], stimulus, when) for _, finish, stimulus, when in found[a.id]][-1] == (
        "memory",
        "Finished",
        7.0,
    )
    assert [move[:2] for move in moves_of(table.state, {b.id})[b.id]][0] == (RELEASED, WAITING)
    # The same as the log's own story tells, which looks names up.
    told = [(start, finish) for _, start, finish, _, _ in table.state.log.story({b.id})]
    assert told == [(NAMES[move[0]], NAMES[move[1]]) for move in moves_of(table.state, {b.id})[b.id]]


def test_moves_after_old_ones_were_forgotten():
    table = Table(log=4)
    table.client("me"), table.worker("w")
    for n in range(10):
        table.now += 1
        table.upload("me", {f"a{n}": []})
        table.finish("w", f"a{n}")
    task = table.task("a9")
    assert table.state.log.dropped
    assert moves_of(table.state, {task.id})[task.id][-1] == (PROCESSING, MEMORY, "Finished", 10.0)


def test_recomputed():
    there, dropped, again = (PROCESSING, MEMORY, "", 0.0), (MEMORY, RELEASED, "", 0.0), (RELEASED, WAITING, "", 0.0)
    assert recomputed([]) == recomputed([there]) == recomputed([there, dropped]) == 0
    assert recomputed([there, dropped, again]) == 1
    assert recomputed([there, dropped, again, there, dropped, again, there]) == 2


def test_dependents(table):
    table.upload("me", {"a": [], "b": ["a"]}, wanted=["b"])
    assert keys(some_dependents(table.task("a"))) == ["b"]
    assert some_dependents(table.task("b")) == []
    table.upload("me", {"c": []} | {f"d{n}": ["c"] for n in range(100)}, first=10)
    assert len(some_dependents(table.task("c"))) == MOST_SHOWN


def test_the_way_to_the_culprit(table):
    table.worker("w")
    table.upload("me", {"a": [], "b": ["a"], "c": ["b"]}, wanted=["a", "b", "c"])
    table.fail("w", "a")
    assert keys(to_culprit(table.task("c"))) == ["b", "a"]
    assert to_culprit(table.task("a")) == []
