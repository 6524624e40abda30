"""Why no worker takes a task; `test_reasons` has the same by way of whole explanations."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import WorkerStatus
from minidask_distributed.scheduler.observing.eligibility import restriction, without_running
from tests.distributed.scheduler.machine.conftest import Table

GPU = {"resources": {"GPU": 2}}


@pytest.fixture
def table():
    made = Table()
    made.client("me")
    return made


def test_no_workers(table):
    table.upload("me", {"a": []}, options=[GPU], option=[0])
    assert restriction(table.state, table.task("a"))["kind"] == "no-workers"
    assert without_running([])["kind"] == "no-workers"


def test_too_little_is_offered(table):
    table.worker("w", resources={"GPU": 1})
    table.upload("me", {"a": []}, options=[GPU], option=[0])
    found = restriction(table.state, table.task("a"))
    assert found["kind"] == "resources"
    assert found["details"] == ["w (tcp://w) offers GPU=1"]
    assert "'GPU=2'" in found["advice"]


def test_a_restriction_and_resources_at_once(table):
    table.worker("w", resources={"GPU": 4}), table.worker("v")
    table.upload("me", {"a": []}, options=[{**GPU, "workers": ["v"]}], option=[0])
    found = restriction(table.state, table.task("a"))
    assert (found["kind"], found["reason"]) == (
        "resources",
        "no worker among v has the resources that it asks for: GPU=2",
    )


def test_only_one_that_leaves_offers_it(table):
    table.worker("w", resources={"GPU": 2})
    table.upload("me", {"keep": []}, options=[GPU], option=[0])
    table.machine.retire([table.record("w").number], table.now)
    table.settle()
    table.upload("me", {"a": []}, options=[GPU], option=[0], first=10)
    found = restriction(table.state, table.task("a"))
    assert found["reason"].endswith("GPU=2 (only w (tcp://w), leaving)")


def test_many_workers_are_summed_up(table):
    for n in reversed(range(30)):  # whoever arrives first, they are named in order
        table.worker(f"w{n}")
    table.upload("me", {"a": []}, options=[GPU], option=[0])
    found = restriction(table.state, table.task("a"))
    assert len(found["details"]) == 21
    assert [said.split()[0] for said in found["details"][:3]] == ["w0", "w1", "w2"]
    assert found["details"][-1] == "… and 10 more workers"


def test_paused_and_leaving(table):
    table.worker("w"), table.worker("v")
    table.upload("me", {"a": [], "b": []})
    table.say("w", WorkerStatus("paused"))
    table.machine.retire([table.record("v").number], table.now)
    table.settle()
    paused, leaving = table.record("w"), table.record("v")
    assert without_running([paused, leaving])["kind"] == "paused"
    assert without_running([leaving]) == {
        "kind": "leaving",
        "reason": "every worker that may run it is leaving: v (tcp://v)",
    }
