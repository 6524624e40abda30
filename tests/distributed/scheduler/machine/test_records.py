"""Records: what they say about themselves."""

from __future__ import annotations

from minidask_distributed.scheduler.machine.records import UNKNOWN_COST_US, Failure, Options, Recipe, Task


def test_a_recipe_learns():
    recipe = Recipe(1, b"d", b"p")
    assert recipe.cost_us == UNKNOWN_COST_US
    recipe.measured(100)
    recipe.measured(300)
    assert recipe.cost_us == recipe.expected_us == 200


def test_options():
    assert not Options("", {"priority": 3, "annotations": {}}).restricted
    assert Options("", {"workers": ["a"]}).restricted
    assert Options("", {"resources": {"GPU": 1}}).sent == {"resources": {"GPU": 1}}
    assert Options("", {"workers": ["a"], "retries": 2, "priority": 1}).sent == {"priority": 1}


def test_priority_and_arrival():
    high = Options("", {"priority": 1})
    early, late = Task(5, "a", None, None, (), None), Task(6, "b", None, None, (), None)
    urgent = Task(7, "c", None, None, (), high)
    assert sorted([late, urgent, early], key=lambda task: task.priority) == [urgent, early, late]


def test_wants_and_holders(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"a": []})
    table.upload("two", {"a": []})
    task = table.task("a")
    assert [(client.name, local) for client, local in task.wants()] == [("one", 0), ("two", 0)]
    assert task.holders() == []
    assert repr(task) == "<Task 'a' processing>"
    assert "1 processing, 0 held" in repr(table.record("w"))
    assert repr(table.state.clients[table.peers["one"]]) == "<Client 'one': 1 tasks>"


def test_own_failures():
    failure = Failure.own(Task(1, ("x", 2), None, None, (), None), "lost", "KilledWorker", "gone", "tcp://w")
    assert failure.fields["key"] == "('x', 2)"
    assert failure.kind == failure.fields["kind"] == "lost"
