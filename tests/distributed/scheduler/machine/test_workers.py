"""Workers that join, pause, leave in order, die and come back; nannies; whom a death is blamed on."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import (
    Acquire,
    Bye,
    Compute,
    Finished,
    Free,
    Held,
    KillWorker,
    Leave,
    LongRunning,
    Lost,
    Recall,
    Recalled,
    RegisterWorker,
    Release,
    Scatter,
    Store,
    WorkerDied,
    WorkerGone,
    WorkerRegistered,
    WorkerStatus,
)
from minidask_distributed.protocol.keys import encode_keys


def test_joining(table):
    table.worker("w", status=False)
    assert table.read("w") == [WorkerRegistered(1, 1, [])]
    assert table.machine.take_notices() == [("worker-added", {"address": "tcp://w", "name": "w"})]


def test_a_second_worker_of_the_same_name_is_refused(table):
    table.worker("w")
    table.peers["first"] = table.peers.pop("w")
    table.worker("w", status=False)
    (bye,) = table.read("w")
    assert type(bye) is Bye
    assert "the name 'w' belongs to the cluster already" in bye.reason
    assert table.machine.take_closings() == [(table.peers["w"], bye.reason)]
    assert len(table.machine.workers) == 1


def test_a_worker_without_threads_is_refused(table):
    with pytest.raises(ValueError, match="at least one thread"):
        table.worker("w", nthreads=0)


def test_the_successor_of_a_nannys_worker_takes_its_place_at_once(table):
    table.nanny("n"), table.worker("w", nanny="n"), table.client()
    table.upload("client", {"a": []})
    table.read("w")
    table.peers["old"] = table.peers.pop("w")
    table.worker("w", nanny="n", status=False)
    assert [type(message) for message in table.read("w")] == [WorkerRegistered, Compute]


def test_tasks_without_workers_wait_for_the_first_one(table):
    table.client()
    table.upload("client", {f"x{at}": [] for at in range(5)} | {"y": [f"x{at}" for at in range(5)]}, wanted=["y"])
    assert table.where("x0", "y") == ["queued", "waiting"]
    table.worker("w", status=False)
    assert table.given("w") == ["x0", "x1"]


def test_a_worker_that_comes_back_brings_its_results(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": ["a"]}, wanted=["b"])
    table.finish("w", "a")
    table.leave("w")
    table.read("w")
    assert table.where("a", "b") == ["queued", "waiting"]
    table.peers["old"] = table.peers.pop("w")
    table.worker("w", held=["a", "unknown"], status=False)
    registered, compute = table.read("w")
    assert registered.held == [table.task("a").id, 0]
    assert table.where("a", "b") == ["memory", "processing"]
    assert compute.deps == [table.task("a").id]


def test_results_lost_with_their_worker_are_made_again_and_only_these(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": [], "b": []})
    table.finish("one", "a"), table.finish("two", "b")
    table.upload("client", {"c": ["a", "b"]}, first=2)
    table.read("two")
    table.leave("one")
    assert table.given("two") == ["a"]
    assert table.where("a", "b", "c") == ["processing", "memory", "waiting"]
    table.finish("two", "a")
    assert table.given("two") == ["c"]
    table.finish("two", "c")
    assert table.heard("client") == {"a": "done", "b": "done", "c": "done"}


def test_a_small_result_survives_its_worker(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": []})
    table.finish("one", "a", values=[b"small"])
    table.leave("one")
    (store,) = table.read("two", Store)
    assert (store.tasks, store.payloads) == ([table.task("a").id], [b"small"])
    assert table.where("a") == ["memory"]
    assert table.heard("client") == {"a": b"small"}


def test_scattered_data_lost_with_its_worker_is_an_error_that_says_so(table):
    table.worker("w"), table.worker("other"), table.client()
    table.locals["client"]["data"] = 0
    table.say("client", Scatter(0, encode_keys(["data"]), [100], [b"payload"], ["w"], 1))
    table.upload("client", {"a": ["data"]}, first=1)
    table.leave("w")
    heard = table.heard("client")
    assert "it was scattered, so no task can make it again" in heard["data"]
    assert heard["a"] == heard["data"]
    assert table.where("data", "a") == ["erred", "erred"]


def test_only_what_ran_is_blamed_when_the_nanny_says_so(make_table):
    table = make_table(allowed_failures=0)
    table.nanny("n"), table.worker("w", nanny="n"), table.client()
    table.upload("client", {"bad": [], "good": []})
    table.leave("w")
    # Until the nanny has spoken nothing is blamed or moved.
    assert table.where("bad", "good") == ["processing", "processing"]
    table.say("n", WorkerDied("n", "tcp://w", [table.task("bad").id], "signal 11 (SIGSEGV)", True))
    assert table.where("bad", "good") == ["erred", "queued"]
    (text,) = table.heard("client").values()
    assert "1 workers died while they ran the task 'bad'" in text
    assert "signal 11 (SIGSEGV)" in text
    assert table.machine.take_notices()[-1][0] == "worker-died"


def test_the_nanny_may_speak_before_the_comm_breaks(make_table):
    table = make_table(allowed_failures=0)
    table.nanny("n"), table.worker("w", nanny="n"), table.client()
    table.upload("client", {"bad": [], "good": []})
    table.say("n", WorkerDied("n", "tcp://w", [table.task("bad").id], "exit code 1", True))
    table.leave("w")
    assert table.where("bad", "good") == ["erred", "queued"]


def test_the_reader_is_blamed_when_nothing_ran(make_table):
    table = make_table(allowed_failures=0)
    table.worker("holder"), table.client()
    table.upload("client", {"deadly": []})
    table.finish("holder", "deadly", nbytes=10_000)
    table.nanny("n"), table.worker("w", nanny="n")
    only = {"workers": ["w"]}
    rows = {"local": [], "reader": ["deadly"], "later": ["deadly"]}
    table.upload("client", rows, first=1, options=[only], option=[0, 0, 0])
    table.leave("w")
    table.say("n", WorkerDied("n", "tcp://w", [], "signal 11", True))
    # What waited for no data can't have been the reason, nor what would have been sent the same later.
    assert table.where("local", "reader", "later") == ["no-worker", "erred", "no-worker"]


def test_a_silent_nanny_is_not_waited_for_long(make_table):
    table = make_table(allowed_failures=0, nanny_report_s=2)
    table.nanny("n"), table.worker("w", nanny="n"), table.client()
    table.upload("client", {"bad": [], "good": []})
    table.leave("w")
    table.wait(1.9)
    assert table.where("bad", "good") == ["processing", "processing"]
    table.wait(0.2)
    # One thread: what was sent first is taken for what ran.
    assert table.where("bad", "good") == ["erred", "queued"]


def test_a_nanny_that_is_gone_too_is_not_waited_for(table):
    table.nanny("n"), table.worker("w", nanny="n"), table.client()
    table.upload("client", {"a": []})
    table.leave("w")
    table.leave("n")
    assert table.where("a") == ["queued"]
    assert table.task("a").crashes == 1


def test_a_worker_that_says_goodbye_is_not_blamed(table):
    table.nanny("n"), table.worker("w", nanny="n"), table.client()
    table.upload("client", {"a": []})
    table.machine.gone(table.peers["w"], table.now, "stopped", on_purpose=True)
    table.settle()
    assert table.where("a") == ["queued"]
    assert table.task("a").crashes == 0


def test_512_tasks_queued_behind_a_crash_are_innocent(table):
    table.nanny("n"), table.worker("w", nanny="n"), table.client()
    table.upload("client", {"first": []})
    table.finish("w", "first", us=1)
    table.upload("client", {f"x{at}": [] for at in range(600)}, first=1)
    assert len(table.given("w")[1:]) == 512
    table.leave("w")
    table.say("n", WorkerDied("n", "tcp://w", [table.task("x0").id], "signal 11", True))
    crashes = [table.task(f"x{at}").crashes for at in range(600)]
    assert crashes == [1] + [0] * 599


def test_a_task_that_kills_every_worker_is_given_up(table):
    table.client()
    table.upload("client", {"bad": []})
    for at in range(4):
        table.nanny(f"n{at}"), table.worker(f"w{at}", nanny=f"n{at}")
        table.say(f"n{at}", WorkerDied(f"n{at}", f"tcp://w{at}", [table.task("bad").id], "gone", False))
    assert "4 workers died" in table.heard("client")["bad"]


def test_retiring_hands_over_what_only_it_holds(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": [], "b": []})
    table.finish("one", "a"), table.finish("two", "b")
    table.read("one"), table.read("two")
    one = table.record("one")
    table.machine.retire([one.number, 999], table.now)
    table.settle()
    (acquire,) = table.read("two")
    task = table.task("a")
    assert type(acquire) is Acquire
    assert (acquire.tasks, acquire.holders, acquire.peers) == (
        [task.id],
        {task.id: [one.number]},
        {one.number: "tcp://one"},
    )
    assert not table.read("one")
    table.say("two", Held([task.id], [8]))
    assert [type(message) for message in table.read("one")] == [Free, Leave] or table.read("one") == []
    assert [holder.name for holder in task.holders()] == ["two"]
    assert list(table.machine.workers.values()) == [table.record("two")]
    table.leave("one")
    assert table.where("a", "b") == ["memory", "memory"]


def test_a_worker_that_leaves_ends_what_runs_and_gives_back_the_rest(table):
    table.worker("one"), table.client()
    table.upload("client", {"a": [], "b": []})
    table.worker("two")
    table.read("one")
    a, b = table.task("a"), table.task("b")
    table.say("one", Recalled([], [b.id]))
    table.say("one", WorkerStatus("closing"))
    (recall,) = table.read("one")
    assert recall == Recall([a.id, b.id])
    table.say("one", Recalled([b.id], [a.id]))
    assert table.where("a", "b") == ["processing", "processing"]
    assert b.worker.name == "two"
    table.finish("one", "a", values=[b"v"])
    assert table.heard("client") == {"a": b"v"}
    # It waits until somebody else has the result.
    (acquire,) = table.read("two", Acquire)
    table.say("two", Held(acquire.tasks, [8]))
    assert type(table.read("one")[-1]) is Leave
    assert a.crashes == b.crashes == 0


def test_the_last_worker_may_leave_all_the_same(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    table.finish("w", "a")
    table.machine.retire([1], table.now)
    table.settle()
    assert type(table.read("w")[-1]) is Leave
    assert table.where("a") == ["queued"]
    table.say("w", WorkerStatus("closing"))  # its last words are void


def test_paused_workers_get_nothing_and_give_back(table):
    table.worker("one"), table.client()
    table.upload("client", {"a": [], "b": [], "c": []})
    a, b = table.task("a"), table.task("b")
    table.say("one", WorkerStatus("paused"))
    assert table.read("one", Recall) == [Recall([a.id, b.id])]
    table.say("one", Recalled([b.id], [a.id]))
    table.finish("one", "a")
    assert table.where("a", "b", "c") == ["memory", "queued", "queued"]
    table.read("one")
    table.say("one", WorkerStatus("running"))
    assert table.given("one") == ["b", "c"] or len(table.machine.tasks_by_key) == 3


def test_restricted_tasks_wait_for_their_worker(table):
    table.worker("one"), table.client()
    options = [{"workers": ["two"]}, {"workers": ["two"], "allow_other_workers": True}]
    table.upload("client", {"a": [], "b": []}, options=options, option=[0, 1])
    assert table.where("a", "b") == ["no-worker", "processing"]
    table.worker("two", status=False)
    assert table.given("two") == ["a"]
    table.leave("two")
    assert table.where("a") == ["no-worker"]


def test_resources_are_not_exceeded(table):
    table.worker("w", nthreads=8, resources={"GPU": 2}), table.client()
    keys = [f"x{at}" for at in range(5)]
    table.upload("client", {key: [] for key in keys}, options=[{"resources": {"GPU": 1}}], option=[0] * 5)
    assert table.given("w") == ["x0", "x1"]
    table.say("w", LongRunning([table.task("x0").id], [1]))
    assert table.given("w") == ["x2"]
    table.finish("w", "x1")
    table.fail("w", "x2")
    assert table.given("w") == ["x3", "x4"]


def test_others_are_told_whom_not_to_fetch_from(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": [], "b": [], "c": ["a", "b"]}, wanted=["c"])
    table.finish("one", "a", nbytes=10_000_000), table.finish("two", "b", nbytes=10)
    table.read("one")
    number = table.record("two").number
    table.leave("two")
    assert WorkerGone([number]) in table.read("one")


def test_silence(make_table):
    table = make_table(worker_ttl_s=10)
    table.worker("w")
    table.wait(11)
    assert table.machine.take_closings() == [(table.peers["w"], "nothing was heard of it for 10 s")]
    assert not table.machine.workers


def test_nobody_was_silent_while_nobody_listened(make_table):
    table = make_table(worker_ttl_s=10, client_ttl_s=10, nanny_report_s=2)
    table.nanny("n"), table.worker("w"), table.worker("left", nanny="n"), table.client()

    def statuses():
        return {worker.name: worker.status for worker in table.machine.workers.values()}

    table.upload("client", {"a": [], "b": []})
    table.leave("left")
    table.wait(1)
    # The process was stopped, and all that others said meanwhile is still to come.
    table.wait(1000, deaf_s=999.8)
    assert table.machine.take_closings() == []
    assert statuses() == {"w": "running", "left": "gone"}
    table.wait(2)
    assert statuses() == {"w": "running"}
    table.wait(8)
    assert [why for _, why in table.machine.take_closings()] == ["nothing was heard of it for 10 s"] * 2


def test_killing_by_the_nanny(table):
    table.nanny("n"), table.worker("w", nanny="n"), table.worker("bare")
    assert table.machine.kill(table.record("w").number, table.now, True, "asked") is True
    assert table.machine.kill(table.record("bare").number, table.now, True, "asked") is False
    assert table.machine.kill(99, table.now, True, "asked") is False
    table.settle()
    assert table.read("n") == [KillWorker(True, "asked")]


def test_the_last_words_of_a_dead_worker_are_void(table):
    table.nanny("n"), table.worker("w", nanny="n"), table.client()
    table.upload("client", {"a": []})
    task = table.task("a")
    table.say("n", WorkerDied("n", "tcp://w", [task.id], "exit code 1", True))
    # They were on their way when the nanny spoke; the comm is closed should it be open.
    table.say("w", Finished([task.id], None, [8], [1], [0], [0], 0, None))
    assert table.where("a") == ["queued"]
    assert table.machine.take_closings() == [(table.peers["w"], "exit code 1")]
    table.leave("w")
    assert not table.state.departed


def test_a_successor_has_its_predecessors_comm_closed(table):
    table.nanny("n"), table.worker("old", nanny="n")
    table.peers["new"] = 99
    table.say("new", RegisterWorker("tcp://old", "old", 1, 0, {}, "n", {}, encode_keys([]), []))
    assert table.machine.take_closings() == [(table.peers["old"], "replaced by a new process")]
    table.say("old", WorkerStatus("paused"))
    assert table.record("new").status == "running"


def test_announced_data_whose_worker_dies_are_lost(table):
    table.worker("one"), table.worker("two"), table.client("client"), table.client("other")
    table.say("client", Scatter(0, encode_keys(["both", "single"]), [10, 10], [None, None], None, 0))
    table.locals["client"] |= {"both": 0, "single": 1}
    table.say("two", Held([table.task("single").id], [10]))
    table.read("client")
    table.leave("one")
    assert table.where("both", "single") == ["waiting", "memory"]
    table.leave("two")
    heard = table.heard("client")
    assert "scatter it again" in heard["both"]
    assert "scatter it again" in heard["single"]


def test_announced_data_that_nobody_wants_any_more_are_not_expected(table):
    table.worker("one"), table.client()
    table.say("client", Scatter(0, encode_keys(["data"]), [10], [None], None, 1))
    assert list(table.record("one").expected) == [table.task("data")]
    table.say("client", Release([0]))
    assert not table.record("one").expected


def test_what_a_dead_worker_was_to_take_over_another_one_does(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": []})
    table.finish("one", "a")
    table.machine.retire([table.record("one").number], table.now)
    table.settle()
    assert len(table.read("two", Acquire)) == 1
    table.worker("three")
    table.leave("two")
    (acquire,) = table.read("three", Acquire)
    table.say("three", Held(acquire.tasks, [8]))
    assert type(table.read("one")[-1]) is Leave


def test_what_the_other_one_cannot_read_is_not_waited_for(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": []})
    table.finish("one", "a")
    table.machine.retire([table.record("one").number], table.now)
    table.settle()
    (acquire,) = table.read("two", Acquire)
    table.say("two", Lost(acquire.tasks))
    assert type(table.read("one")[-1]) is Leave
    assert table.where("a") == ["processing"]


def test_of_what_a_worker_brings_back_only_what_is_still_needed_stays(table):
    table.client()
    table.upload("client", {"a": [], "b": ["a"]}, wanted=["b"])
    task = table.task("a")
    # With b at hand nobody needs a, which comes first.
    table.worker("w", held=["a", "b"], status=False)
    registered, free = table.read("w")
    assert registered.held == [0, table.task("b").id]
    assert free == Free([task.id])
    assert table.where("a", "b") == ["released", "memory"]


def test_an_ordered_end_is_blamed_on_nobody(make_table):
    table = make_table(allowed_failures=0)
    table.nanny("n"), table.worker("w", nanny="n"), table.client()
    table.upload("client", {"a": []})
    table.machine.kill(table.record("w").number, table.now, True, "asked")
    table.say("n", WorkerDied("n", "tcp://w", [table.task("a").id], "killed by SIGKILL", True))
    assert table.where("a") == ["queued"]
    assert table.task("a").crashes == 0
