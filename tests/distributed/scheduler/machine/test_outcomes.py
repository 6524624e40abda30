"""Workers' reports: results, failures and retries, recalls, missing data; and reports that came too late."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import (
    Compute,
    Erred,
    Failed,
    Finished,
    Free,
    Held,
    Holders,
    LongRunning,
    Lost,
    Missing,
    NeedRecipes,
    Recall,
    Recalled,
    Recipes,
    Release,
)
from minidask_distributed.protocol.payload import Payload


def test_a_small_result_is_inlined_where_it_is_needed_elsewhere(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": [], "b": [], "c": ["a", "b"]}, wanted=["c"])
    assert (table.given("one"), table.given("two")) == (["a"], ["b"])
    table.finish("one", "a", values=[b"A"])
    table.finish("two", "b", values=[b"B"])
    (compute,) = table.read("one", Compute) or table.read("two", Compute)
    assert len(compute.inlined) == 1
    assert not compute.holders
    assert list(compute.inlined.values())[0] in (b"A", b"B")


def test_a_large_result_is_located(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": [], "b": [], "c": ["a", "b"]}, wanted=["c"])
    table.finish("one", "a", nbytes=10_000_000)
    table.finish("two", "b", nbytes=10)
    (compute,) = table.read("one", Compute)[1:]
    other = table.record("two")
    assert compute.holders == {table.task("b").id: [other.number]}
    assert compute.sizes == {table.task("b").id: 10}
    assert compute.peers == {other.number: other.address}
    assert not table.read("two", Compute)[1:]


def test_a_report_of_an_older_attempt_is_void(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    task = table.task("a")
    table.say("w", Erred([task.id], None, [1], [{"type": "X", "text": "", "kind": "reschedule"}]))
    assert task.attempt == 2
    table.say("w", Finished([task.id], None, [8], [1], [0], [0], 0, None))
    assert table.where("a") == ["processing"]
    table.say("w", Finished([task.id], [2], [8], [1], [0], [0], 0, None))
    assert table.where("a") == ["memory"]


def test_reports_about_what_is_gone_are_void(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    task = table.task("a")
    table.say("client", Release([0]))
    assert [type(message) for message in table.read("w")] == [Compute, Free]
    table.say("w", Finished([task.id, 12345], None, [8, 8], [1, 1], [0, 0], [0, 0], 0, None))
    table.say(
        "w",
        Erred([task.id], None, [1], [{}]),
        Recalled([task.id], [task.id]),
        LongRunning([task.id], [1]),
        Lost([task.id]),
    )
    assert not table.machine.tasks_by_key
    assert not table.read("w")


def test_columns_of_different_lengths_are_refused(table):
    table.worker("w")
    with pytest.raises(ValueError, match="different lengths"):
        table.say("w", Finished([1], None, [], [1], [0], [0], 0, None))
    with pytest.raises(ValueError, match="different lengths"):
        table.say("w", Erred([1], None, [1], []))


def test_a_failure_reaches_all_that_depend_on_it_and_nobody_else(table):
    table.worker("w", nthreads=4), table.client()
    table.upload("client", {"a": [], "b": ["a"], "c": ["b"], "z": []}, wanted=["c", "z"])
    table.fail("w", "a", "broken")
    assert table.heard("client") == {"c": "broken"}
    assert table.where("a", "b", "c", "z") == ["erred", "erred", "erred", "processing"]
    table.say("client", Release(table.ids("client", "c")))
    assert table.where("a", "b", "c") == ["gone", "gone", "gone"]


def test_the_failure_names_task_function_and_worker(table):
    table.worker("w"), table.client()
    table.upload("client", {("x", 1): []})
    table.fail("w", ("x", 1))
    (failure,) = table.read("client", Failed)[-1].failures
    assert (failure["key"], failure["name"], failure["worker"], failure["kind"]) == (
        "('x', 1)",
        "f",
        "tcp://w",
        "raised",
    )
    assert table.machine.take_notices()[-1][0] == "task-erred"


def test_retries(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []}, options=[{"retries": 2}], option=[0])
    table.fail("w", "a"), table.fail("w", "a")
    assert table.where("a") == ["processing"]
    assert len(table.given("w")) == 3
    table.fail("w", "a")
    assert table.where("a") == ["erred"]


def test_durations_are_averaged_and_told(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    (compute,) = table.read("w", Compute)
    assert list(compute.expected.values()) == [-1]
    table.finish("w", "a", us=1000)
    table.upload("client", {"b": []})
    (compute,) = table.read("w", Compute)
    assert list(compute.expected.values()) == [1000]
    assert not compute.recipes
    table.finish("w", "b", us=500)
    assert table.task("b").recipe.expected_us == 750


def test_a_microsecond_result_behind_a_long_task_moves_away(table):
    """Two tasks wait behind one that runs on; as soon as another worker is idle they are asked back."""
    table.worker("one"), table.client()
    table.upload("client", {"long": [], "short": []})
    assert table.given("one") == ["long", "short"]
    table.worker("two")
    (recall,) = table.read("one", Recall)
    short = table.task("short")
    assert recall.tasks == [short.id]
    table.say("one", Recalled([short.id], []))
    assert table.given("two") == ["short"]
    assert short.attempt == 2


def test_what_a_worker_keeps_stays_there(table):
    table.worker("one"), table.client()
    table.upload("client", {"long": [], "short": []})
    table.worker("two")
    short = table.task("short")
    table.say("one", Recalled([], [short.id]))
    assert table.where("short") == ["processing"]
    assert not table.given("two")
    assert not table.record("one").recalled


def test_seceded_tasks_take_no_room(table):
    table.worker("w"), table.client()
    table.upload("client", {f"x{at}": [] for at in range(5)})
    assert len(table.given("w")) == 2
    table.say("w", LongRunning([table.task("x0").id, table.task("x1").id], [5, 5]))
    assert len(table.given("w")) >= 2
    table.finish("w", "x0")
    assert table.where("x0") == ["memory"]


def test_copies(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": []})
    table.finish("one", "a")
    task = table.task("a")
    table.say("two", Held([task.id], [8]))
    assert [one.name for one in task.holders()] == ["one", "two"]
    table.say("two", Held([999], [8]))
    assert table.read("two", Free) == [Free([999])]
    table.say("one", Lost([task.id]))
    assert [one.name for one in task.holders()] == ["two"]
    table.read("one")
    table.say("two", Lost([task.id]))
    # Nobody has it any more: it is computed again.
    assert table.where("a") == ["processing"]
    assert table.heard("client") == {"a": "undone"}


def test_missing_data_is_located_again_or_made_again(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": [], "b": [], "c": ["a", "b"]}, wanted=["a", "b", "c"])
    table.finish("one", "a", nbytes=10_000_000)
    table.finish("two", "b", nbytes=10)
    lost = table.task("b")
    table.read("one"), table.read("two")
    table.say("one", Missing([lost.id], [[table.record("two").number]]))
    # The copy that can't be reached is freed, its task runs again, and what waited for it is taken back.
    assert table.read("two")[0] == Free([lost.id])
    free, holders = table.read("one")[:2]
    assert free == Free([table.task("c").id])
    assert holders == Holders({lost.id: []}, {lost.id: 10}, {})
    assert table.where("b", "c") == ["processing", "waiting"]
    table.say("one", Missing([424242], [[1]]))
    assert table.read("one", Holders) == [Holders({424242: []}, {}, {})]


def test_recipes_are_sent_again(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    number = table.task("a").recipe.number
    table.read("w")
    table.say("w", NeedRecipes([number, 77]))
    assert table.read("w") == [Recipes([[number, b"blob"]])]


def test_values_beyond_the_budget_are_pushed_and_not_kept(make_table):
    table = make_table(value_bytes=10)
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": []})
    table.finish("w", "a", "b", values=[b"0123456789ab", b"x"])
    assert table.heard("client") == {"a": b"0123456789ab", "b": b"x"}
    assert (table.task("a").value, table.task("b").value) == (b"0123456789ab", None)


def test_a_slow_client_is_told_of_results_and_not_sent_them(make_table):
    table = make_table(value_bytes=10)
    table.worker("w"), table.client("slow"), table.client("quick")
    for client in ("slow", "quick"):
        table.upload(client, {"a": [], "b": [], "c": []})
    peer = next(peer for peer, client in table.machine.clients.items() if client.name == "slow")
    table.machine.slow(peer, True)
    table.machine.slow(424242, True)  # one that has gone meanwhile
    table.finish("w", "a", "b", values=[b"0123456789ab", b"x"])
    assert table.heard("slow") == {"a": "done", "b": "done"}
    assert table.heard("quick") == {"a": b"0123456789ab", "b": b"x"}
    table.machine.slow(peer, False)
    table.finish("w", "c", values=[b"c"])
    assert table.heard("slow") == {"c": b"c"}


def test_of_very_many_failures_the_earlier_ones_keep_their_message_alone(make_table):
    table = make_table(failure_bytes=31_000)
    table.worker("w"), table.client()
    table.upload("client", {f"x{at}": [] for at in range(10)})
    for at in range(10):
        table.fail("w", f"x{at}", text=f"no {at}", traceback="t" * 8000, payload=Payload("pickle", bytes(1000)))
        (message,) = table.read("client", Failed)
        # Whoever asked was told everything.
        assert len(message.failures[0]["traceback"]) == 8000
        assert message.failures[0]["payload"] is not None
        table.read("client")
    whole = [at for at in range(10) if table.task(f"x{at}").failure.fields["traceback"]]
    assert whole == [7, 8, 9]
    assert table.state.failure_bytes <= 31_000
    cut = table.task("x0").failure.fields
    assert (cut["type"], cut["text"], cut["payload"], cut["key"]) == ("ValueError", "no 0", None, "x0")
    assert "no room for the traceback" in cut["notes"][0]
    # Those who ask later are told what there is.
    table.client("other")
    table.upload("other", {f"x{at}": [] for at in range(10)})
    assert table.heard("other") == {f"x{at}": f"no {at}" for at in range(10)}
