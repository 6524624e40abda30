"""Scattered data and copies."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import (
    Destinations,
    Done,
    Erred,
    Finished,
    Free,
    Held,
    Holders,
    Lost,
    Missing,
    Release,
    Scatter,
    Store,
    Undone,
)
from minidask_distributed.protocol.keys import decode_keys, encode_keys


def scatter(table, keys, payloads, workers=None, copies=1):
    start = len(table.locals["client"])
    table.locals["client"].update({key: start + at for at, key in enumerate(keys)})
    table.say("client", Scatter(start, encode_keys(keys), [10] * len(keys), payloads, workers, copies))


def test_small_data_go_through_the_scheduler_in_turn(make_table):
    table = make_table(free_after_s=0)
    table.worker("one"), table.worker("two"), table.client()
    scatter(table, ["a", "b", "c"], [b"A", b"B", b"C"])
    stores = {name: table.read(name, Store) for name in ("one", "two")}
    assert sorted(len(messages[0].tasks) for messages in stores.values()) == [1, 2]
    assert table.heard("client") == {"a": "done", "b": "done", "c": "done"}
    table.say("client", Release([0, 1, 2]))
    assert len(table.read("one", Free)) == len(table.read("two", Free)) == 1
    assert not table.machine.tasks_by_key


def test_large_data_are_directed_and_reported(table):
    table.worker("one"), table.client()
    scatter(table, ["a"], [None])
    task = table.task("a")
    assert table.read("client") == [Destinations(0, [task.id], [["tcp://one"]])]
    table.upload("client", {"b": ["a"]}, first=1)
    # It isn't there yet.
    assert table.where("a", "b") == ["released", "waiting"] or table.where("a", "b") == ["waiting", "waiting"]
    table.say("one", Held([task.id], [10]))
    assert table.where("a", "b") == ["memory", "processing"]


def test_broadcast(table):
    table.worker("one"), table.worker("two"), table.client()
    scatter(table, ["a"], [b"A"], copies=0)
    assert len(table.task("a").holders()) == 2
    for name in ("one", "two"):
        (store,) = table.read(name, Store)
        assert (decode_keys(store.keys), store.payloads) == (["a"], [b"A"])
    table.leave("one")
    assert table.where("a") == ["memory"]


def test_chosen_workers(table):
    table.worker("one"), table.worker("two"), table.client()
    scatter(table, ["a", "b"], [b"A", b"B"], workers=["two"])
    assert not table.read("one")
    assert len(table.read("two", Store)[0].tasks) == 2


@pytest.mark.parametrize(
    ("workers", "text"), [(None, "the cluster has no workers"), (["ghost"], "none of the workers ghost")]
)
def test_nowhere_to_put_it(table, workers, text):
    table.client()
    if workers:
        table.worker("one")
    scatter(table, ["a"], [b"A"], workers=workers)
    assert text in table.heard("client")["a"]


def test_lost_data_may_be_scattered_again(table):
    table.worker("one"), table.client()
    scatter(table, ["a"], [b"A"])
    table.leave("one")
    assert table.where("a") == ["erred"]
    table.worker("two")
    del table.locals["client"]["a"]
    table.locals["client"]["spare"] = 0
    scatter(table, ["a"], [b"A"])
    assert table.where("a") == ["memory"]


def test_columns_of_different_lengths(table):
    table.client()
    with pytest.raises(ValueError, match="different lengths"):
        table.say("client", Scatter(0, encode_keys(["a"]), [], [], None, 1))


def test_a_copy_of_what_is_made_again_elsewhere_is_freed(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": []})
    task = table.task("a")
    runner = task.worker.name
    other = "two" if runner == "one" else "one"
    table.say(other, Held([task.id], [8]))
    assert table.where("a") == ["processing"]
    assert table.read(other, Free) == [Free([task.id])]


def test_a_copy_at_the_very_worker_that_makes_it_again_is_not_relied_upon(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    task = table.task("a")
    # It may have been told to free that copy before it was told to make it again. If not, it says at once that it finished.
    table.say("w", Held([task.id], [8]))
    assert table.where("a") == ["processing"]
    table.say("w", Finished([task.id], None, [8], [5], [0], [0], 0, None))
    assert [holder.name for holder in task.holders()] == ["w"]
    assert not table.read("w", Free)


def test_a_copy_of_what_failed_is_freed(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    table.fail("w", "a")
    table.read("w")
    table.say("w", Held([table.task("a").id], [8]))
    assert table.read("w") == [Free([table.task("a").id])]


def restored(table):
    """A small result that the scheduler has given to "two" to hold, after the death of "one", where it was made."""
    table.worker("one"), table.client()
    table.upload("client", {"a": []})
    table.finish("one", "a", values=[b"A"])
    table.worker("two"), table.leave("one")
    (store,) = table.read("two", Store)
    assert (store.tasks, store.payloads) == ([table.task("a").id], [b"A"])
    assert table.where("a") == ["memory"]
    return table.task("a").id


def test_a_restored_result_that_cannot_be_read_is_made_again(table):
    task = restored(table)
    table.worker("three")
    table.say("two", Lost([task]))
    # Not stored with the next one, and so on for ever.
    assert not table.read("three", Store) + table.read("two", Store)
    assert table.where("a") == ["processing"]


def test_a_restored_result_that_kills_its_holder_is_made_again(table):
    restored(table)
    table.worker("three"), table.leave("two")
    assert not table.read("three", Store)
    assert table.given("three") == ["a"]


def test_a_restored_result_that_is_held_is_restored_again(table):
    task = restored(table)
    table.say("two", Held([task], [8]))
    table.worker("three"), table.leave("two")
    assert [store.payloads for store in table.read("three", Store)] == [[b"A"]]


def test_who_asks_faster_than_the_data_arrive_asks_again(table):
    table.worker("one"), table.worker("two"), table.client()
    scatter(table, ["a"], [b"A"], workers=["one"])
    task, holder = table.task("a"), table.record("one")
    answer = Holders({task.id: [holder.number]}, {task.id: 10}, {})
    table.record("two").known_peers.add(holder.number)
    table.say("two", Missing([task.id], [[holder.number]]))
    assert table.where("a") == ["memory"]
    assert table.read("two", Holders) == [answer]
    # It may have asked before they arrived, however often it did before; then it isn't for such a reason any more.
    for _ in range(10):
        table.say("two", Missing([task.id], [[holder.number]]))
        assert table.read("two", Holders) == [answer]
    table.say("one", Held([task.id], [10]))
    for _ in range(2):
        table.say("two", Missing([task.id], [[holder.number]]))
        assert table.where("a") == ["memory"]
        assert table.read("two", Holders) == [answer]
        assert not table.read("one", Free)
    table.say("two", Missing([task.id], [[holder.number]]))
    assert table.where("a") == ["erred"]


def test_each_worker_may_have_asked_too_early(table):
    for name in ("one", "two", "three", "four", "five"):
        table.worker(name)
    table.client()
    scatter(table, ["a"], [b"A"], workers=["one"])
    task, holder = table.task("a"), table.record("one")
    table.say("one", Held([task.id], [10]))
    for name in ("two", "three", "four", "five"):
        table.say(name, Missing([task.id], [[holder.number]]))
        table.say(name, Missing([task.id], [[holder.number]]))
    assert table.where("a") == ["memory"]
    # Whoever got it has no doubts any more.
    table.say("two", Held([task.id], [10]))
    assert task.trouble.doubts == {table.record(name).number: 2 for name in ("three", "four", "five")}


def test_what_several_hold_is_doubted_once_a_time(table):
    for name in ("one", "two", "three", "four"):
        table.worker(name)
    table.client()
    scatter(table, ["a"], [b"A"], workers=["one", "two", "three"], copies=0)
    task = table.task("a")
    numbers = [table.record(name).number for name in ("one", "two", "three")]
    for name in ("one", "two", "three"):
        table.say(name, Held([task.id], [10]))
    for _ in range(2):
        table.say("four", Missing([task.id], [numbers]))
        assert len(task.holders()) == 3
    table.say("four", Missing([task.id], [numbers]))
    assert table.where("a") == ["erred"]


def test_scattered_data_that_cannot_be_read_say_why(table):
    table.worker("one"), table.worker("two"), table.client()
    scatter(table, ["a"], [b"A"], copies=0)
    fields = {"type": "ValueError", "text": "unreadable", "traceback_text": "", "notes": [], "payload": None}
    refusal = Erred([table.task("a").id], [0], [0], [fields])
    table.say("one", refusal)
    assert table.where("a") == ["memory"]
    table.heard("client")
    table.say("two", refusal)
    assert table.where("a") == ["erred"]
    assert table.heard("client") == {"a": "unreadable"}


def test_a_restored_result_that_is_refused_is_made_again(table):
    task = restored(table)
    table.worker("three")
    fields = {"type": "ValueError", "text": "unreadable", "traceback_text": "", "notes": [], "payload": None}
    table.say("two", Erred([task], [0], [0], [fields]))
    assert not table.read("three", Store) + table.read("two", Store)
    assert table.where("a") == ["processing"]


def test_data_that_failed_and_are_scattered_again_are_pending_for_all_who_want_them(table):
    table.client("one"), table.client("two")
    table.say("one", Scatter(0, encode_keys(["data"]), [10], [None], None, 1))
    table.read("one")
    assert table.where("data") == ["erred"]
    table.worker("w")
    table.say("two", Scatter(0, encode_keys(["data"]), [10], [b"payload"], None, 1))
    assert [type(message) for message in table.read("one")] == [Undone, Done]
    assert type(table.read("two")[-1]) is Done


def test_a_report_that_crossed_a_free_is_not_taken_for_the_copy(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    task = table.task("a")
    # Stored and freed before, the order of what comes: the copy, that it is gone, the new result.
    table.say("w", Held([task.id], [8]), Lost([task.id]))
    assert table.where("a") == ["processing"]
    table.say("w", Finished([task.id], None, [8], [5], [0], [0], 0, None))
    assert (table.where("a"), task.attempt) == (["memory"], 1)
