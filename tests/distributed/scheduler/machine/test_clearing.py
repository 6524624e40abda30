"""Very many tasks are let go a part at a time, whoever lets them go, and none too early."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import Compute, Free, Release


@pytest.fixture
def full(make_table):
    """Forty results of one client in memory, of which ten may be let go in a turn."""
    table = make_table(drops=10, free_after_s=0)
    table.worker("w"), table.client()
    table.upload("client", {f"x{at}": [] for at in range(40)})
    for _ in range(40):
        for key in table.given("w"):
            table.finish("w", key, us=1)
    assert table.where("x0", "x39") == ["memory"] * 2
    table.read("w")
    return table


def turns(table):
    """Flush until nothing is left; return how many results were let go each time."""
    counts = []
    while table.machine.unfinished:
        assert len(counts) < 100
        table.settle()
        counts.append(sum(len(message.tasks) for message in table.read("w", Free)))
    return counts


def names(count=40):
    return [f"x{at}" for at in range(count)]


@pytest.mark.parametrize("how", ["release", "leave"])
def test_a_part_in_each_turn(full, how):
    if how == "release":
        full.say("client", Release(full.ids("client", *names())))
    else:
        full.leave("client")
        assert not full.machine.clients
    first = sum(len(message.tasks) for message in full.read("w", Free))
    counts = turns(full)
    assert first + sum(counts) == 40
    assert max(first, *counts) <= 10
    assert len(counts) >= 3
    assert not full.machine.tasks_by_key
    assert not full.state.recipes or how == "release"


def test_a_graph_below_one_result(make_table):
    table = make_table(drops=10)
    table.worker("w"), table.client()
    rows = {"x0": []} | {f"x{at}": [f"x{at - 1}"] for at in range(1, 40)}
    table.upload("client", rows, wanted=["x39"])
    table.say("client", Release(table.ids("client", "x39")))
    assert table.machine.unfinished
    assert len(turns(table)) >= 3
    assert not table.machine.tasks_by_key
    assert not table.record("w").processing


def test_what_is_asked_for_meanwhile_is_new(full):
    full.fail("w", _begun(full, "bad"))
    full.leave("client")
    assert full.where("x39", "bad") == ["memory", "erred"]
    full.client("other")
    full.upload("other", {"bad": [], "x39": []}, named=["bad"], recipe="g")
    # Neither the failure of the one that is gone nor its key is in the way, and what it had is gone.
    assert full.where("bad", "x39", "x0") == ["processing", "processing", "gone"]
    assert not full.machine.unfinished
    assert not full.heard("other")


def _begun(table, key):
    table.upload("client", {key: []}, first=40, named=[key])
    assert key in table.given("w")
    return key


def test_other_clients_keep_what_they_want(full):
    full.client("other")
    full.upload("other", {f"x{at}": [] for at in range(30, 40)})
    full.leave("client")
    turns(full)
    assert full.where("x0", *names()[30:]) == ["gone", *["memory"] * 10]
    assert full.heard("other") == dict.fromkeys(names()[30:], "done")
    full.leave("other")
    turns(full)
    assert not full.machine.tasks_by_key


def test_a_client_that_left_is_told_nothing(make_table):
    table = make_table(drops=2)
    table.worker("w"), table.client()
    table.upload("client", {f"x{at}": [] for at in range(40)})
    keys = table.given("w")
    table.read("client")
    table.leave("client")
    table.machine.state.drops_left = 0
    # Its tasks still run, and are dropped when they are done or when their turn comes.
    for key in keys:
        if key in table.machine.tasks_by_key:
            table.finish("w", key)
    turns(table)
    assert not table.read("client")
    assert not table.machine.tasks_by_key
    table.read("w", Compute)
