"""Progress against a naive recount, over whole lives of real machines, and at its edges."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from minidask_distributed.prefixes import prefix_of
from minidask_distributed.scheduler.machine.states import FORGOTTEN, NAMES
from minidask_distributed.scheduler.observing import progress as module
from minidask_distributed.scheduler.observing.progress import COLUMNS, OTHER, Progress
from minidask_distributed.testing.lives import Life
from tests.distributed.scheduler.observing.table import Table

LIVE = NAMES[:FORGOTTEN]


def recount(state):
    """{prefix: {state: tasks}} by looking at every task."""
    counts = {}
    for task in state.keys.values():
        counts.setdefault(prefix_of(task.key), Counter())[NAMES[task.state]] += 1
    return {prefix: dict(found) for prefix, found in counts.items()}


def counted(progress):
    columns = progress.columns()
    assert tuple(columns) == COLUMNS
    rows = {}
    for at, name in enumerate(columns["name"]):
        found = {state: columns[state][at] for state in LIVE if columns[state][at]}
        assert min([columns[state][at] for state in NAMES]) >= 0
        assert columns["all"][at] == sum(columns[state][at] for state in NAMES)
        if found:
            rows[name] = found
    return rows


@pytest.fixture(params=["numpy", "python"])
def begun(request, monkeypatch):
    """Makes a progress that has begun, with NumPy and without."""
    monkeypatch.setattr(module, "SINGLY", 1)
    if request.param == "python":
        monkeypatch.setattr(module, "_numpy_or_none", lambda: None)

    def make(state, length=1000):
        progress = Progress(state, length)
        progress.begin()
        return progress

    return make


# ---------------------------------------------------------------- lives


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_lives_count_as_a_recount_does(begun, monkeypatch, seed):
    """Whatever happens to a cluster, with a log of 200 moves that often overflows, and small strides."""
    monkeypatch.setattr(module, "STRIDE", 3)
    monkeypatch.setattr(module, "TOGETHER", 20)
    monkeypatch.setattr(module, "WINDOW", 64)
    dice = Random(seed + 1000)
    life = Life(seed, 40)
    state = life.cluster.machine.state
    progress = begun(state)
    checks = rescans = 0
    flush = life.cluster.flush

    def watched():
        nonlocal checks, rescans, progress
        flush()
        rescans += progress._at < state.log.dropped
        progress.collect()
        if not dice.randrange(20):
            progress.end()
            assert progress.columns()["name"] == []
            progress.begin()
        if dice.randrange(3):
            return
        columns = counted(progress)
        if progress.complete:
            checks += 1
            assert columns == recount(state)

    monkeypatch.setattr(life.cluster, "flush", watched)
    life.live()
    while not progress.complete:
        progress.advance()
    assert counted(progress) == recount(state) == {}
    assert checks > 30
    assert progress._n_known == 0
    assert len(progress._window) < 64 + 8 * 1024


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 26))
def test_lives_read_rarely(begun, seed):
    """Nobody looks for long, so that the log has forgotten much: the next look counts anew."""
    dice = Random(seed)
    life = Life(seed, 30)
    state = life.cluster.machine.state
    progress = begun(state)
    overflows = 0

    def watched(flush=life.cluster.flush):
        nonlocal overflows
        flush()
        if dice.randrange(200):
            return
        overflows += progress._at < state.log.dropped
        for _ in range(100):
            progress.collect()
        assert progress.complete
        assert counted(progress) == recount(state)

    life.cluster.flush = watched
    life.live()
    assert counted(progress) == {}


# ---------------------------------------------------------------- edges


def test_states_forgotten_and_a_new_run(begun):
    table = Table()
    progress = begun(table.state)
    rows = table.upload([("x-1234abcd12", number) for number in range(10)])
    progress.collect()
    assert counted(progress) == {"x": {"queued": 10}}
    table.worker()
    assert counted(progress) == {"x": {"queued": 8, "processing": 2}}
    table.finish_all()
    assert counted(progress) == {"x": {"memory": 10}}
    table.release(rows[:4])
    assert progress.columns()["forgotten"] == [4]
    assert progress.columns()["all"] == [10]
    table.release(rows[4:])
    assert progress.columns()["forgotten"] == [10]
    # New tasks of a prefix whose tasks are all gone: counting begins anew.
    table.upload([("x-99887766ff", number) for number in range(3)])
    columns = progress.columns()
    assert (columns["forgotten"], columns["all"]) == ([0], [3])


def test_tasks_that_were_there_before_are_found_in_strides(begun, monkeypatch):
    monkeypatch.setattr(module, "STRIDE", 100)
    table = Table()
    table.worker()
    table.upload([f"a-{number}" for number in range(3000)])
    table.upload([f"b-{number}" for number in range(3000)])
    progress = begun(table.state)
    assert not progress.complete
    rounds = 0
    while not progress.complete:
        # Moves meanwhile, of tasks that are known and of others.
        table.finish(table.processing())
        progress.collect()
        rounds += 1
    assert rounds > 3
    assert counted(progress) == recount(table.state)


def test_prefixes_are_bounded(begun):
    table = Table()
    progress = begun(table.state, 4)
    rows = {name: table.upload([f"{name}-{number}" for number in range(2)]) for name in "abcd"}
    assert list(counted(progress)) == ["a", "b", "c", "d"]
    rows["e"] = table.upload(["e-1", "e-2", "e-3"])
    assert counted(progress) == {name: {"queued": 2} for name in "abcd"} | {OTHER: {"queued": 3}}
    # The numbers of those whose tasks are gone are given again.
    table.release(rows["b"])
    progress.columns()
    table.upload(["f-1"])
    assert counted(progress) == {name: {"queued": 2} for name in "acd"} | {OTHER: {"queued": 3}, "f": {"queued": 1}}
    table.release(rows["e"] + rows["a"])
    assert counted(progress) == {name: {"queued": 2} for name in "cd"} | {"f": {"queued": 1}}
    assert progress.columns()["forgotten"][progress.columns()["name"].index("f")] == 0


def test_retries_are_counted(begun):
    table = Table()
    table.worker()
    progress = begun(table.state)
    table.upload(["fails-1", "fails-2"], options=[{"retries": 3}])
    progress.collect()
    for _ in range(2):
        table.fail(table.processing())
    assert progress.columns()["retries"] == [4]
    table.finish_all()
    assert progress.columns()["retries"] == [4]


def test_tasks_given_back_without_an_error_are_no_retries(begun):
    table = Table()
    table.worker()
    progress = begun(table.state)
    table.upload(["x-1", "x-2"])
    progress.columns()
    table.gone(2)
    assert counted(progress) == {"x": {"queued": 2}}
    assert progress.columns()["retries"] == [0]


def test_edges(begun):
    table = Table()
    progress = begun(table.state)
    table.upload(["load-1", "load-2", "clean-1", "clean-2", "total"], [(), (), (0,), (1,), (2, 3)])
    progress.collect()
    assert set(progress.edges()) == {("load", "clean"), ("clean", "total")}
    progress.end()
    assert progress.edges() == []


def test_edges_of_a_tree_of_sums(begun):
    table = Table()
    progress = begun(table.state)
    # The last one of a prefix needs nothing but its like, and isn't all that there is.
    table.upload(["load-1", "load-2", "sum-1", "sum-2", "sum-3"], [(), (), (0,), (1,), (2, 3)])
    progress.collect()
    assert progress.edges() == [("load", "sum")]


@pytest.mark.parametrize("count", [module.SINGLY - 1, module.SINGLY, 3 * module.SINGLY])
def test_a_map_at_once_and_one_by_one(monkeypatch, count):
    table = Table()
    progress = Progress(table.state, 1000)
    progress.begin()
    keys = [f"load-{at}" for at in range(count)] + [f"use-{at}" for at in range(count)]
    table.upload(keys, [()] * count + [(at,) for at in range(count)])
    progress.collect()
    assert counted(progress) == recount(table.state)
    assert progress.edges() == [("load", "use")]


def test_age_and_totals(begun):
    table = Table()
    progress = begun(table.state)
    assert progress.totals() == dict.fromkeys(LIVE, 0)
    table.upload(["x-1"])
    progress.collect()
    table.state.now += 5.0
    assert progress.columns()["age"] == [5.0]
    assert progress.totals()["queued"] == 1


def test_nothing_is_kept_when_it_has_ended(begun):
    table = Table()
    progress = begun(table.state)
    table.upload(["x-1"])
    assert counted(progress)
    progress.end()
    assert progress.columns() == {name: [] for name in COLUMNS}
    progress.begin()
    while not progress.complete:
        progress.advance()
    assert counted(progress) == {"x": {"queued": 1}}


def test_one_old_task_doesnt_keep_a_long_window(begun, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 2048)
    table = Table()
    table.worker()
    progress = begun(table.state)
    (old,) = table.upload(["old-1"])
    for turn in range(12):
        rows = table.upload([f"x-{turn}-{number}" for number in range(1000)])
        progress.collect()
        table.finish_all()
        table.release(rows)
        progress.collect()
    assert progress._base > 0
    assert len(progress._window) <= 2 * 2048
    assert counted(progress) == {"old": {"memory": 1}}
    table.release([old])
    assert counted(progress) == {}
    assert progress._older == {}


def test_a_gap_before_the_first_task_costs_nothing(begun, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 2048)
    table = Table()
    table.upload(["old-1"])
    table.state.reserve(5_000_000)
    table.upload(["new-1"])
    progress = begun(table.state)
    while not progress.complete:
        progress.advance()
    assert counted(progress) == {"old": {"queued": 1}, "new": {"queued": 1}}
    assert len(progress._window) < 10_000


@pytest.mark.parametrize("length", [0, -1, 1 << 15])
def test_length_must_fit(length):
    with pytest.raises(ValueError, match="length must lie between 1 and 32767"):
        Progress(Table().state, length)
