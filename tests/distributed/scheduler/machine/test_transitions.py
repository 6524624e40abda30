"""Walks over the graph: deep ones, wide ones, and what is counted on the way."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import Cancel, Release, Retry
from minidask_distributed.scheduler.machine.transitions import value_size


@pytest.mark.slow
def test_chains_of_any_depth_are_failed_released_and_made_again(table):
    table.worker("w"), table.client()
    depth = 3_000
    rows = {"x0": []} | {f"x{at}": [f"x{at - 1}"] for at in range(1, depth)}
    last = f"x{depth - 1}"
    counts = [1] * (depth - 1) + [0]
    table.upload("client", rows, wanted=[last], dependents=counts)
    table.fail("w", "x0", "broken")
    assert table.heard("client") == {last: "broken"}
    table.say("client", Retry(table.ids("client", last)))
    assert table.where("x0", last) == ["processing", "waiting"]
    table.say("client", Cancel(table.ids("client", last), False, ""))
    assert not table.machine.tasks_by_key


def test_what_is_kept_for_its_lineage_is_computed_when_it_is_wanted_again(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": ["a"]}, wanted=["b"])
    table.finish("w", "a"), table.finish("w", "b")
    assert table.where("a", "b") == ["released", "memory"]
    table.upload("client", {"a": [], "c": ["a"]}, wanted=["c"], first=2)
    assert table.where("a", "c") == ["processing", "waiting"]


def test_a_deep_loss_recomputes_the_lineage_that_is_needed(table):
    table.worker("one"), table.client()
    table.upload("client", {"a": [], "b": ["a"], "c": ["b"], "z": []}, wanted=["c", "z"])
    for key in ("a", "b", "c", "z"):
        table.finish("one", key)
    assert table.where("a", "b", "c", "z") == ["released", "released", "memory", "memory"]
    table.say("client", Release(table.ids("client", "z")))
    table.leave("one")
    assert table.where("a", "b", "c", "z") == ["queued", "waiting", "waiting", "gone"]
    table.worker("two")
    for key in ("a", "b", "c"):
        table.finish("two", key)
    assert table.heard("client")["c"] == "done"


def test_a_shared_dependency_lives_as_long_as_anybody_waits(table):
    table.worker("w", nthreads=8), table.client()
    table.upload("client", {"a": [], "b": ["a"], "c": ["a"], "d": ["a"]}, wanted=["b", "c", "d"])
    table.finish("w", "a"), table.finish("w", "b")
    assert table.where("a") == ["memory"]
    table.say("client", Release(table.ids("client", "c")))
    assert table.where("a", "c") == ["memory", "gone"]
    table.fail("w", "d")
    assert table.where("a") == ["released"]


def test_sizes_of_kept_values():
    assert value_size(b"123") == 3
    assert value_size(object()) == 64
