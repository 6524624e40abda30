"""Giving up: what depends on it goes along, others keep theirs, and however much it is, others have their turns."""

from __future__ import annotations

import random

import pytest

from minidask_distributed.messages import (
    Answer,
    Call,
    Cancel,
    Cancelled,
    Free,
    KeepUntilDone,
    KillWorker,
    Release,
    Stop,
    Upload,
)
from minidask_distributed.protocol.keys import encode_keys


def test_cancelling_takes_the_dependents_along(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": ["a"], "c": []})
    a = table.task("a")
    table.read("w")
    table.say("client", Cancel(table.ids("client", "a"), False, "enough"))
    assert table.heard("client") == {"a": "cancelled", "b": "cancelled"}
    assert table.where("a", "b", "c") == ["gone", "gone", "processing"]
    assert table.read("w")[:2] == [Stop([a.id], "enough"), Free([a.id])]


def test_what_others_want_goes_on_unless_forced(table):
    table.nanny("n"), table.worker("w", nanny="n"), table.client("one"), table.client("two")
    table.upload("one", {"a": []})
    table.upload("two", {"a": []})
    table.say("one", Cancel([0], False, ""))
    assert table.heard("one") == {"a": "cancelled"}
    assert table.heard("two") == {}
    assert table.where("a") == ["processing"]
    table.say("two", Cancel([0], True, "by force"))
    assert table.where("a") == ["gone"]
    (kill,) = table.read("n")
    assert kill == KillWorker(True, "the task 'a' was cancelled by force")


def test_cancelling_what_is_unknown_is_answered(table):
    table.client()
    table.say("client", Cancel([5], False, "enough"))
    assert table.read("client") == [Cancelled([5], "enough")]


def test_rows_that_arrive_after_the_cancellation_of_what_they_name(table):
    table.worker("w"), table.client()
    table.submissions += 1
    table.upload("client", {"a": []}, wanted=["a"], first=0, announced=2, last=False, dependents=[1])
    table.say("client", Cancel([0], False, "enough"))
    table.upload("client", {"b": ["a"]}, wanted=["b"], first=1, announced=2)
    assert table.heard("client") == {"a": "cancelled", "b": "cancelled"}
    table.say("client", Release([1]))
    assert not table.machine.tasks_by_key


def test_restart_cancels_everything(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": ["a"]})
    table.machine.restart(table.now)
    table.settle()
    assert table.heard("client") == {"a": "cancelled", "b": "cancelled"}
    assert not table.machine.tasks_by_key


def test_what_others_need_further_up_isnt_stopped(table):
    table.worker("w"), table.client("one"), table.client("two")
    rows = {"a": [], "b": ["a"], "c": ["b"]}
    table.upload("one", rows, wanted=["a"])
    table.upload("two", rows, wanted=["c"])
    table.read("w")
    table.say("one", Cancel(table.ids("one", "a"), False, "enough"))
    assert table.heard("one") == {"a": "cancelled"}
    assert table.read("w") == []
    assert table.where("a", "b", "c") == ["processing", "waiting", "waiting"]
    table.say("two", Cancel(table.ids("two", "c"), False, "enough"))
    assert table.where("a") == ["gone"]


def test_what_another_client_is_still_to_name_isnt_given_up(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"a": []})
    table.upload("two", {"a": []}, wanted=[], announced=2, dependents=[1], last=False)
    table.say("one", Cancel(table.ids("one", "a"), False, "enough"))
    assert table.where("a") == ["processing"]
    table.upload("two", {"b": ["a"]}, first=1)
    table.finish("w", "a"), table.finish("w", "b")
    assert table.heard("two") == {"b": "done"}


def test_a_forced_cancellation_takes_what_others_announced_too(table):
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"a": []})
    table.upload("two", {"a": []}, wanted=[], announced=2, dependents=[1], last=False)
    table.say("one", Cancel(table.ids("one", "a"), True, "enough"))
    assert table.where("a") == ["erred"]
    table.upload("two", {"b": ["a"]}, first=1)
    assert table.heard("two") == {"b": "cancelled"}


# ------------------------------------------------------------ very many


WIDTH = 60


@pytest.fixture
def wide(make_table):
    """Sixty tasks that depend on one that runs; ten tasks count as a turn's share."""
    table = make_table(drops=10)
    table.worker("w"), table.client("one"), table.client("two")
    table.upload("one", {"root": []} | {f"x{at}": ["root"] for at in range(WIDTH)})
    table.read("w"), table.read("one")
    return table


def finish_all(table):
    """Flush until all is through; return how often that was."""
    turns = 0
    while table.machine.unfinished:
        turns += 1
        assert turns < 1000
        table.settle()
    return turns


def test_many_dependents_end_in_many_turns(wide):
    root = wide.task("root")
    wide.say("one", Cancel(wide.ids("one", "root"), False, "enough"))
    told = [len(wide.heard("one"))]
    while wide.machine.unfinished:
        wide.settle()
        told.append(len(wide.heard("one")))
    assert sum(told) == WIDTH + 1
    assert max(told) <= 10
    assert not wide.machine.tasks_by_key
    assert wide.read("w") == [Stop([root.id], "enough"), Free([root.id])]


def test_others_have_their_turns_meanwhile(wide):
    wide.say("one", Cancel(wide.ids("one", "root"), False, "enough"))
    assert wide.machine.gives_up
    wide.upload("two", {"other": []}, recipe="g")
    assert wide.given("w") == ["other"]
    wide.finish("w", "other")
    assert wide.heard("two") == {"other": "done"}
    assert wide.machine.gives_up
    finish_all(wide)
    assert set(wide.machine.tasks_by_key) == {"other"}


def test_what_the_same_client_says_then_waits_and_keeps_its_order(wide):
    wide.say("one", Cancel(wide.ids("one", "root"), False, "enough"))
    first = len(wide.locals["one"])
    old = wide.task("root")
    wide.upload("one", {"root": []}, first=first)
    call = Call(5, "who_has", {})
    assert wide.machine.hold_back(wide.peers["one"], call)
    assert not wide.machine.hold_back(wide.peers["two"], call)
    assert not wide.machine.hold_back(wide.peers["w"], call)
    wide.say("one", Release([first]))
    assert wide.task("root") is old
    calls = []
    while wide.machine.unfinished:
        wide.settle()
        calls += wide.machine.take_calls()
        if calls:
            # Asked for anew, and not yet let go again.
            assert wide.task("root") is not old
            break
    assert calls == [(wide.peers["one"], call)]
    finish_all(wide)
    assert not wide.machine.tasks_by_key
    assert not wide.machine.hold_back(wide.peers["one"], call)


def test_a_client_that_leaves_then_is_heard_out(wide):
    wide.say("one", Cancel(wide.ids("one", "root"), False, "enough"))
    first = len(wide.locals["one"])
    wide.upload("one", {"kept": []}, first=first)
    wide.say("one", KeepUntilDone([first]))
    wide.leave("one")
    assert wide.peers["one"] in wide.machine.clients
    finish_all(wide)
    assert wide.peers["one"] not in wide.machine.clients
    assert wide.given("w") == ["kept"]
    wide.finish("w", "kept")
    assert not wide.machine.tasks_by_key


def test_a_client_that_waits_and_contradicts_itself_is_sent_away(wide):
    wide.say("one", Cancel(wide.ids("one", "root"), False, "enough"))
    empty = encode_keys(["a"])
    wide.say("one", Upload(9, 900, 1, 1, True, empty, [], [77], [None], [], [0], [0], None, [], [], None))
    assert not wide.machine.take_closings()
    finish_all(wide)
    assert wide.machine.take_closings() == [(wide.peers["one"], "ValueError: task 'a' has the unknown recipe 77")]
    with pytest.raises(ValueError, match="a client may not send Answer"):
        wide.machine.handle(wide.peers["one"], Answer(1, None, None), 0.0)


def test_a_part_that_others_need_stays_until_they_need_it_no_more(wide):
    wide.upload("two", {"root": [], "x3": ["root"]}, wanted=["x3"])
    wide.say("one", Cancel(wide.ids("one", "root"), False, "enough"))
    finish_all(wide)
    assert set(wide.machine.tasks_by_key) == {"root", "x3"}
    assert wide.read("w") == []
    wide.finish("w", "root"), wide.finish("w", "x3")
    assert wide.heard("two") == {"x3": "done"}


def test_what_others_ask_for_in_the_middle_of_it_stays(wide):
    wide.say("one", Cancel(wide.ids("one", "root"), False, "enough"))
    wide.settle()
    assert wide.machine.gives_up
    wide.upload("two", {"root": [], "x3": ["root"], "more": ["x3"]})
    finish_all(wide)
    assert set(wide.machine.tasks_by_key) == {"root", "x3", "more"}
    for key in ("root", "x3", "more"):
        wide.finish("w", key)
    assert wide.heard("two") == {"root": "done", "x3": "done", "more": "done"}


def test_a_root_that_finishes_in_the_middle_of_it(wide):
    wide.say("one", Cancel(wide.ids("one", "root"), False, "enough"))
    wide.finish("w", "root")
    finish_all(wide)
    assert not wide.machine.tasks_by_key
    words = wide.heard("one")
    assert set(words.values()) == {"cancelled"}
    assert len(words) == WIDTH + 1
    assert not wide.record("w").processing


def test_one_result_of_very_much(make_table):
    table = make_table(drops=10)
    table.worker("w"), table.client()
    rows = {f"x{at}": [] for at in range(WIDTH)} | {"sum": [f"x{at}" for at in range(WIDTH)]}
    table.upload("client", rows, wanted=["sum"])
    running = [task.id for task in table.record("w").processing]
    table.read("w")
    table.say("client", Cancel(table.ids("client", "sum"), False, "enough"))
    assert table.machine.unfinished
    assert finish_all(table) > 3
    assert not table.machine.tasks_by_key
    freed = [one for message in table.read("w", Free) for one in message.tasks]
    assert set(freed) >= set(running)


def test_what_runs_is_stopped_wherever_its_turn_would_have_come(make_table):
    """A running task may be superfluous as soon as its dependents are gone, before its own turn."""
    table = make_table(drops=3)
    table.worker("w", nthreads=8), table.client()
    rows = {"data": []} | {f"y{at}": ["data"] for at in range(4)} | {f"z{at}": [f"y{at}"] for at in range(4)}
    table.upload("client", rows, wanted=["data", "z0", "z1", "z2", "z3"])
    table.finish("w", "data")
    running = {table.task(f"y{at}").id for at in range(4)}
    assert table.where("y0", "y3") == ["processing"] * 2
    table.read("w")
    table.say("client", Cancel(table.ids("client", "data"), False, "enough"))
    finish_all(table)
    stopped = [one for message in table.read("w", Stop) for one in message.tasks]
    assert sorted(stopped) == sorted(running)


@pytest.mark.parametrize("shared", [False, True])
def test_dependents_end_before_what_they_are_made_of_whatever_their_ids(make_table, shared):
    """Tasks that two clients share may have ids that aren't in the order of the graph."""
    table = make_table(drops=2)
    table.worker("w"), table.client("one"), table.client("two")
    table.submissions += 1
    table.upload("one", {"a": []}, first=0, announced=3, last=False, dependents=[2])
    if shared:
        table.upload("two", {"b": []}, recipe="g")
        table.submissions = 1
    table.upload("one", {"b": ["a"], "c": ["a", "b"]}, first=1, announced=3, dependents=[1, 0])
    assert (table.task("b").id > table.task("c").id) == shared
    table.say("one", Cancel(table.ids("one", "a"), False, "enough"))
    finish_all(table)
    assert set(table.machine.tasks_by_key) == ({"b"} if shared else set())


def test_a_restart_in_many_turns(wide):
    wide.upload("two", {"mine": []}, recipe="g")
    wide.say("two", KeepUntilDone(wide.ids("two", "mine")), Release(wide.ids("two", "mine")))
    assert "mine" in wide.machine.tasks_by_key
    wide.machine.restart(wide.now)
    wide.settle()
    assert wide.machine.gives_up
    # Who only asks needn't wait; nobody's messages are lost; nor need a client wait that comes meanwhile.
    call = Call(5, "who_has", {})
    assert not wide.machine.hold_back(wide.peers["two"], call)
    wide.upload("two", {"next": []}, recipe="g", first=1)
    assert wide.machine.hold_back(wide.peers["two"], call)
    wide.client("three")
    wide.upload("three", {"x5": [], "new": ["x5"]}, recipe="h")
    assert wide.where("next") == ["gone"]
    assert finish_all(wide) > 5
    assert set(wide.machine.tasks_by_key) == {"next", "root", "x5", "new"}
    assert set(wide.heard("one").values()) == {"cancelled"}


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_with_any_share(make_table, seed):
    """However small the parts are, the same is left in the end as when all of it goes at once."""

    def outcome(drops):
        dice = random.Random(seed)
        table = make_table(drops=drops)
        table.worker("w", nthreads=2), table.client("one"), table.client("two")
        rows: dict[str, list[str]] = {}
        for at in range(30):
            rows[f"x{at}"] = dice.sample(sorted(rows), min(len(rows), dice.randrange(4)))
        table.upload("one", rows)
        shared = {key: rows[key] for key in list(rows)[: dice.randrange(12)]}
        if shared:
            table.upload("two", shared, wanted=[dice.choice(list(shared))])
        for _ in range(dice.randrange(6)):
            for key in table.given("w"):
                table.finish("w", key)
        named = dice.sample(sorted(rows), dice.randrange(1, 5))
        table.say("one", Cancel(table.ids("one", *named), dice.random() < 0.2, "enough"))
        finish_all(table)
        cancelled = {key for key, word in table.heard("one").items() if word == "cancelled"}
        states = {key: task.wanted for key, task in table.machine.tasks_by_key.items()}
        return cancelled, states

    assert outcome(3) == outcome(10_000)
