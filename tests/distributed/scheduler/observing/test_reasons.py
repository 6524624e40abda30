"""Why a task is where it is, in every state and for every reason that the machine knows; made by real machines' moves."""

from __future__ import annotations

import re

import pytest

from minidask_distributed.explanation import from_plain
from minidask_distributed.messages import LongRunning, Scatter, WorkerBeat, WorkerDied, WorkerStatus
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.machine.states import TRANSITIONS
from minidask_distributed.scheduler.observing.reasons import explain
from minidask_distributed.testing.lives import Life
from tests.distributed.scheduler.machine.conftest import Table


@pytest.fixture
def table():
    made = Table()
    made.client("me")
    return made


def why(table, key, **reports):
    named = {table.task(name).id: report for name, report in reports.items()}
    found = explain(table.state, key, table.now, reports=named)
    assert found is not None
    assert from_plain(found.as_plain()) == found
    assert repr(found)
    assert found._repr_html_()
    return found


GPU = {"resources": {"GPU": 1}}


def test_an_unknown_key(table):
    assert explain(table.state, "x", 0.0) is None


def test_waiting_for_a_dependency_that_runs(table):
    table.worker("w")
    table.upload("me", {"a": [], "b": ["a"], "c": ["b"]}, wanted=["c"])
    table.now += 3.2
    found = why(table, "c", a={"state": "running", "for_s": 3.2, "at": "f (job.py:1)"})
    assert (found.state, found.kind, found.blocked_by, found.since_s) == ("waiting", "dependencies", ("b", "a"), 3.2)
    assert found.reason == "it waits for 1 of its 1 dependency"
    assert found.details == (
        "'b' waits for 1 dependency of its own",
        "in the end everything waits for 'a', which runs on w (tcp://w) for 3.20 s",
    )
    assert found.wanted_by == ("me",)
    assert [(one.key, one.state) for one in found.dependencies] == [("b", "waiting")]
    assert [(move.start, move.finish, move.ago_s) for move in found.story] == [("released", "waiting", 3.2)]
    assert found.story[0].why == "somebody needs it"


def test_waiting_for_one_that_can_not_run_comes_first(table):
    table.worker("w")
    rows = {"a": [], "gpu": [], "b": ["a", "gpu"]}
    table.upload("me", rows, wanted=["b"], options=[GPU], option=[-1, 0, -1])
    found = why(table, "b")
    assert found.blocked_by == ("gpu",)
    assert any("can't run: no worker has the resources that it asks for: GPU=1" in line for line in found.details)
    assert "minidask-worker --resources 'GPU=1'" in found.advice
    assert found.reason == "it waits for 2 of its 2 dependencies"


def test_many_dependencies_are_summed_up(table):
    rows = {f"a{n}": [] for n in range(30)} | {"b": [f"a{n}" for n in range(30)]}
    table.upload("me", rows, wanted=["b"])
    found = why(table, "b")
    assert (found.n_dependencies, len(found.dependencies)) == (30, 20)
    assert "… and 25 more: 30 queued" in found.details


def test_data_on_their_way(table):
    table.worker("w")
    table.locals["me"]["x"] = 0
    table.say("me", Scatter(0, encode_keys(["x"]), [100], [None], None, 1))
    found = why(table, "x")
    assert (found.kind, found.reason) == (
        "data",
        "its data are on their way to w (tcp://w) from the client that scatters them",
    )


def test_queued_without_workers(table):
    table.upload("me", {"a": []})
    assert (why(table, "a").kind, why(table, "a").reason) == ("no-workers", "the cluster has no workers")
    assert "cluster.scale" in why(table, "a").advice


def test_queued_while_all_workers_are_paused(table):
    table.worker("w", memory_limit=1 << 30)
    table.say("w", WorkerBeat({"memory": 900 << 20}, 0), WorkerStatus("paused"))
    table.upload("me", {"a": []})
    found = why(table, "a")
    assert (found.kind, found.reason) == (
        "paused",
        "every worker that may run it is paused for want of memory: w (tcp://w)",
    )
    assert found.details == ("w (tcp://w): its process uses 900.00 MiB of 1.00 GiB (88 %)",)


def test_queued_behind_others(table):
    table.worker("w"), table.worker("v")
    table.upload("me", {f"a{n}": [] for n in range(20)})
    last = why(table, "a19")
    assert (last.state, last.kind, last.ahead) == ("queued", "behind", 7)
    assert last.reason == "it is queued for v (tcp://v) behind 7 tasks of higher priority"
    assert last.details[0].startswith("v (tcp://v): 2 tasks for 1 thread, the first of them 'a10'")
    assert last.details[1] == "2 workers with 2 threads take tasks now"
    assert why(table, "a12").ahead == 0
    assert why(table, "a12").kind == "busy"


def test_queued_in_one_workers_heap(table):
    table.worker("w")
    table.upload("me", {"a": []})
    table.finish("w", "a")
    table.upload("me", {f"b{n}": [] for n in range(3)})
    rows = {f"b{n}": [] for n in range(8)}
    table.upload("me", rows, first=50)
    states = table.where(*rows)
    queued = [key for key, state in zip(rows, states, strict=True) if state == "queued"]
    assert [why(table, key).ahead for key in queued] == list(range(len(queued)))


def test_no_worker_offers_the_resource(table):
    table.worker("w", resources={"disk": 2}), table.worker("v")
    table.upload("me", {"a": []}, options=[GPU], option=[0])
    found = why(table, "a")
    assert (found.state, found.kind) == ("no-worker", "resources")
    assert found.reason == "no worker has the resources that it asks for: GPU=1"
    assert found.details == ("v (tcp://v) offers no resources", "w (tcp://w) offers disk=2")


def test_no_worker_at_all_for_a_resource(table):
    table.upload("me", {"a": []}, options=[GPU], option=[0])
    assert (why(table, "a").state, why(table, "a").kind) == ("no-worker", "no-workers")


def test_the_resource_is_in_use(table):
    table.worker("w", nthreads=2, resources={"GPU": 1})
    table.upload("me", {"a": [], "b": []}, options=[GPU], option=[0, 0])
    found = why(table, "b")
    assert (found.state, found.kind, found.reason) == (
        "queued",
        "resources",
        "it waits for GPU=1, which others use now",
    )
    assert found.details == ("w (tcp://w) has 0 of 1 GPU free, used by 'a'",)


def test_restricted_to_workers_that_are_not_there(table):
    table.worker("w")
    table.upload("me", {"a": []}, options=[{"workers": ["alice", "bob"]}], option=[0])
    found = why(table, "a")
    assert (found.state, found.kind) == ("no-worker", "restricted")
    assert found.reason == "it may only run on alice and bob, and none of these is there"
    assert found.details == ("there are w (tcp://w)",)
    assert "allow_other_workers" in found.advice


def test_restricted_to_a_worker_that_leaves(table):
    table.worker("w"), table.worker("v")
    table.upload("me", {"long": []}, options=[{"workers": ["w"]}], option=[0])
    table.machine.retire([table.record("w").number], table.now)
    table.settle()
    table.upload("me", {"a": []}, options=[{"workers": ["w"]}], option=[0])
    found = why(table, "a")
    assert (found.kind, found.reason) == ("leaving", "it may only run on w (tcp://w), which is leaving")


def test_restricted_to_a_worker_that_is_paused(table):
    table.worker("w", memory_limit=100), table.worker("v")
    table.say("w", WorkerStatus("paused"))
    table.upload("me", {"a": []}, options=[{"workers": ["w"]}], option=[0])
    found = why(table, "a")
    assert (found.state, found.kind) == ("queued", "paused")
    assert found.details == ("w (tcp://w): its memory limit is 100 B",)


def test_restricted_and_behind_others(table):
    table.worker("w"), table.worker("v")
    rows = {f"a{n}": [] for n in range(5)}
    table.upload("me", rows, options=[{"workers": ["w"]}], option=[0] * 5)
    found = why(table, "a4")
    assert (found.kind, found.ahead) == ("behind", 2)
    assert found.reason == "it is queued behind 2 tasks of higher priority for w (tcp://w), where alone it may run"


def test_processing_without_a_word_from_the_worker(table):
    table.worker("w")
    table.upload("me", {"a": [], "b": []})
    table.now += 2
    assert why(table, "a").reason == "it was sent to w (tcp://w) 2.00 s ago, and is likely to run there"
    assert (why(table, "a").kind, why(table, "a").worker) == ("running", "tcp://w")
    assert (why(table, "b").kind, why(table, "b").reason) == (
        "sent",
        "it was sent to w (tcp://w) 2.00 s ago, where about 1 task go before it",
    )


@pytest.mark.parametrize(
    ("report", "kind", "reason"),
    [
        ({"state": "running", "for_s": 3.2, "at": "f (x.py:2)"}, "running", r"it runs on w \(tcp://w\) for 3.20 s"),
        ({"state": "ready", "ahead": 0}, "busy", r"it waits on w \(tcp://w\) for a thread; 2 tasks for 1 thread"),
        ({"state": "ready", "ahead": 3}, "behind", "behind 3 other tasks for a thread"),
        ({"state": "ready", "resources": ["GPU=1"]}, "resources", "for GPU=1, which other tasks use there"),
        ({"state": "waiting", "wanted": []}, "transfer", "waits for its function"),
        ({}, "sent", "on its way"),
    ],
)
def test_processing_as_the_worker_says(table, report, kind, reason):
    table.worker("w")
    table.upload("me", {"a": [], "b": []})
    found = why(table, "a", a=report)
    assert found.kind == kind
    assert re.search(reason, found.reason)


def test_waiting_for_data_that_are_transferred(table):
    table.worker("v"), table.worker("w")
    table.upload("me", {"a": [], "b": ["a"]}, wanted=["b"])
    table.finish("v", "a", nbytes=5 << 20)
    [peer] = [one for one in ("v", "w") if table.task("b").worker is table.record(one)]
    source = [table.task("a").id, 5 << 20, "tcp://v", True]
    missing = [12345, 10, "", False]
    found = why(table, "b", b={"state": "waiting", "wanted": [source, missing]})
    assert found.kind == "transfer"
    assert found.reason == f"{peer} (tcp://{peer}) waits for the data of 2 dependencies (5.00 MiB)"
    assert found.details[:2] == (
        "'a' (5.00 MiB) is being transferred from tcp://v",
        "a result (10 B) is missing",
    )


def test_at_a_paused_worker(table):
    table.worker("w", memory_limit=1000)
    table.upload("me", {"a": [], "b": []})
    table.say("w", WorkerBeat({"memory": 900}, 0), WorkerStatus("paused"))
    found = why(table, "b", b={"state": "ready", "ahead": 1})
    assert (found.kind, found.reason) == ("paused", "w (tcp://w) is paused: its process uses 900 B of 0.98 kiB (90 %)")
    assert why(table, "a", a={"state": "running", "for_s": 1.0}).kind == "running"


def test_at_a_worker_that_leaves(table):
    table.worker("w"), table.worker("v")
    table.upload("me", {"a": []})
    [at] = [one for one in ("v", "w") if table.task("a").worker is table.record(one)]
    table.machine.retire([table.record(at).number], table.now)
    table.settle()
    found = why(table, "a", a={"state": "ready"})
    assert any("is leaving: it was retired" in line for line in found.details)


def test_at_a_worker_whose_connection_broke(table):
    table.nanny("n"), table.worker("w", nanny="n")
    table.upload("me", {"a": []})
    table.leave("w", "broken pipe")
    found = why(table, "a")
    assert found.kind == "leaving"
    assert "the connection to w (tcp://w) broke" in found.reason


def test_seceded(table):
    table.worker("w")
    table.upload("me", {"a": []})
    table.say("w", LongRunning([table.task("a").id], [5]))
    assert "it has seceded: it takes no thread's place" in why(table, "a").details


def test_in_memory(table):
    table.worker("w")
    table.upload("me", {"a": [], "b": ["a"]}, wanted=["a", "b"])
    table.finish("w", "a", nbytes=3 << 20)
    found = why(table, "a", a={"state": "memory", "spilled": True})
    assert (found.state, found.kind, found.nbytes, found.workers) == ("memory", "stored", 3 << 20, ("tcp://w",))
    assert found.reason == "its result (3.00 MiB) is held by w (tcp://w)"
    assert found.details == (
        "it is kept because me has a future of it",
        "it is kept because 1 task still needs it",
        "it is on disk there, because the worker's memory was short",
    )
    assert [(one.key, one.state) for one in found.dependents] == [("b", "processing")]
    assert repr(found).startswith("'a' is in memory (for 0.00 us): its result")


def test_released_and_recomputed(table):
    table.worker("w")
    table.upload("me", {"a": [], "b": ["a"]}, wanted=["b"])
    table.finish("w", "a")
    table.finish("w", "b")
    assert (why(table, "a").state, why(table, "a").kind) == ("released", "not-needed")
    table.leave("w")
    table.worker("v")
    again = why(table, "b")
    assert (again.state, again.n_recomputed) == ("waiting", 1)
    assert "its result was there before, and was lost or dropped 1 time" in again.details


def test_erred(table):
    table.worker("w")
    table.upload("me", {"a": []}, options=[{"retries": 1}], option=[0])
    table.fail("w", "a")
    retried = why(table, "a")
    assert "it raised 1 time and was tried again; 0 retries left" in retried.details
    table.fail("w", "a", text="no <b>", traceback="File x")
    found = why(table, "a")
    assert (found.state, found.kind) == ("erred", "raised")
    assert found.reason == "it raised on tcp://w: ValueError: no <b>"
    assert found.failure == {
        "key": "a", "type": "ValueError", "text": "no <b>", "traceback": "File x", "worker": "tcp://w", "kind": "raised",
    }  # fmt: skip
    assert found.details == ("1 retry of 1 were used",)
    assert "<b>a" not in found._repr_html_()
    assert "no &lt;b&gt;" in found._repr_html_()


def test_erred_because_of_a_dependency(table):
    table.worker("w")
    table.upload("me", {"a": [], "b": ["a"], "c": ["b"]}, wanted=["c", "b", "a"])
    table.fail("w", "a")
    found = why(table, "c")
    assert found.kind == "dependency-failed"
    assert found.reason == "it depends on 'a', by way of 'b'; that one failed on tcp://w: ValueError: no"
    assert found.failure["key"] == "a"


def test_killed_workers(table):
    table.nanny("n")
    table.upload("me", {"a": []})
    for n in range(5):
        table.worker(f"w{n}", nanny="n")
        if n < 4:
            run = [table.task("a").id]
            table.say("n", WorkerDied("n", f"tcp://w{n}", run, "was killed by SIGKILL", True))
        if n == 1:
            assert "2 workers died while they ran it; it is given up after 4" in why(table, "a").details
    found = why(table, "a")
    assert (found.state, found.kind, found.crashes) == ("erred", "killed-worker", 4)
    assert "was killed by SIGKILL" in found.reason
    assert "split the task" in found.advice


def test_dependents_and_moves_are_bounded(table):
    table.worker("w")
    rows = {"a": []} | {f"b{n}": ["a"] for n in range(100)}
    table.upload("me", rows)
    found = why(table, "a")
    assert (found.n_dependents, len(found.dependents)) == (100, 20)


def test_a_long_chain_is_walked_so_far(table):
    rows = {"x0": []} | {f"x{n}": [f"x{n - 1}"] for n in range(1, 2000)}
    table.upload("me", rows, wanted=["x1999"])
    assert len(why(table, "x1999").blocked_by) <= 300


def test_moves_have_words(table):
    assert all(TRANSITIONS.values())


class Watched(Life):
    """A life in which somebody asks after every few events why each task is where it is."""

    def __init__(self, seed):
        super().__init__(seed)
        self.seen = set()

    def _step(self):
        happened = super()._step()
        state, now = self.cluster.machine.state, self.cluster.clock.now
        if self.cluster.clock.n_run % 10 == 0:
            for key in list(state.keys)[:20]:
                moves = len(state.log.tasks)
                found = explain(state, key, now)
                assert found.reason
                assert found.kind
                assert repr(found)
                assert found._repr_html_()
                assert from_plain(found.as_plain()) == found
                assert len(state.log.tasks) == moves
                self.seen.add((found.state, found.kind))
        return happened


@pytest.mark.slow
def test_every_task_of_simulated_lives_can_be_explained():
    """In whatever state a cluster is that workers and clients come to and go from, nothing is without an explanation."""
    seen = set()
    for seed in range(4):
        life = Watched(seed)
        life.live()
        seen |= life.seen
    assert {"waiting", "queued", "processing", "memory", "released", "erred"} <= {state for state, _ in seen}
