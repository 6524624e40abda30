"""What workers are sent: depth by measured duration, one message a worker, recipes and expectations once."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import Compute, Finished, ForgetRecipes, LongRunning, Recall, Recalled, Release


def filled(table, us):
    table.upload("client", {"first": []})
    table.finish("w", "first", us=us)
    table.read("w")
    table.upload("client", {f"x{at}": [] for at in range(2000)}, first=1)
    messages = table.read("w")
    assert [type(message) for message in messages] == [Compute]
    return len(messages[0].tasks)


@pytest.mark.parametrize(("us", "depth"), [(1, 512), (50, 400), (100, 200), (1000, 20), (16_000, 2), (1_000_000, 2)])
def test_about_twenty_milliseconds_of_work_are_sent_ahead(table, us, depth):
    table.worker("w"), table.client()
    assert filled(table, us) == depth


def test_more_is_sent_when_nearly_half_is_done(table):
    table.worker("w"), table.client()
    assert filled(table, 1000) == 20
    for at in range(8):
        table.finish("w", f"x{at}", us=1000)
        assert not table.read("w", Compute)
    table.finish("w", "x8", us=1000)
    (message,) = table.read("w", Compute)
    assert len(message.tasks) == 9


@pytest.mark.parametrize(("threads", "count"), [(1, 2), (4, 8)])
def test_of_an_unknown_function_two_tasks_a_thread(table, threads, count):
    table.worker("w", nthreads=threads), table.client()
    table.upload("client", {f"x{at}": [] for at in range(100)})
    assert len(table.given("w")) == count


def test_recipes_are_sent_once_to_each_worker(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []}, recipe="f")
    table.upload("client", {"b": []}, recipe="g", first=1)
    table.finish("w", "a")
    table.upload("client", {"c": []}, recipe="f", first=2)
    computes = table.read("w", Compute)
    assert [len(message.recipes) for message in computes] == [1, 1, 0]
    assert [payload for message in computes for _, payload in message.recipes] == [b"blob", b"blob"]


def test_options_go_along(table):
    table.worker("w", nthreads=4), table.client()
    options = [{"annotations": {"note": 1}, "retries": 3}, {"priority": 2}]
    table.upload("client", {"a": [], "b": [], "c": []}, options=options, option=[-1, 0, 1])
    sent = {}
    for message in table.read("w", Compute):
        for at, task in enumerate(message.tasks):
            place = -1 if message.option is None else message.option[at]
            sent[task] = None if place < 0 else message.options[place]
    assert [sent[table.task(key).id] for key in "abc"] == [None, {"annotations": {"note": 1}}, {"priority": 2}]


def test_half_of_what_waits_is_recalled_once(table):
    table.worker("one", nthreads=2), table.client()
    table.upload("client", {f"x{at}": [] for at in range(4)})
    assert len(table.given("one")) == 4
    table.worker("two")
    (recall,) = table.read("one", Recall)
    assert len(recall.tasks) == 1
    table.wait(0.5)
    (second,) = table.read("one", Recall)
    assert set(second.tasks).isdisjoint(recall.tasks)
    table.say("one", Recalled(recall.tasks, second.tasks))
    assert len(table.given("two")) == 1


def test_what_turned_out_long_is_noticed_by_the_clock(table):
    """Ten tasks were thought to take 10 us; nothing is heard of them, and another worker is idle."""
    table.worker("w"), table.client()
    table.upload("client", {"first": []})
    table.finish("w", "first", us=10)
    table.upload("client", {f"x{at}": [] for at in range(10)}, first=1)
    table.worker("two")
    assert not table.read("w", Recall)
    table.wait(0.1)
    assert not table.read("w", Recall)
    table.wait(0.2)
    assert len(table.read("w", Recall)[0].tasks) == 5


def test_messages_a_task_stay_few(table):
    table.worker("w"), table.client()
    table.upload("client", {"first": []})
    table.finish("w", "first", us=5)
    table.upload("client", {f"x{at}": [] for at in range(3_000)}, first=1)
    messages = 1
    while keys := table.given("w"):
        table.machine.handle(table.peers["w"], _report(table, keys), table.now)
        table.inbox["w"] += table.machine.flush(table.now).get(table.peers["w"], [])
        messages += 2
    assert messages / 3_000 < 0.01


def _report(table, keys):
    tasks = [table.task(key).id for key in keys]
    zeros = [0] * len(tasks)
    return Finished(tasks, None, [8] * len(tasks), [5] * len(tasks), zeros, zeros, 0, None)


def test_an_idle_worker_takes_over_all_that_nobody_owns(table):
    table.worker("one"), table.client()
    table.upload("client", {f"x{at}": [] for at in range(3)})
    table.worker("two", nthreads=4)
    # Queued twice over, and some of it was let go meanwhile.
    for at in range(2):
        first = 3 + 8 * at
        table.upload("client", {f"y{at}-{row}": [] for row in range(8)}, first=first)
    table.leave("one"), table.leave("two")
    table.say("client", Release(table.ids("client", *[f"y1-{row}" for row in range(8)])))
    table.worker("last", nthreads=16, status=False)
    given = table.given("last")
    assert sorted(given) == sorted([*[f"x{at}" for at in range(3)], *[f"y0-{row}" for row in range(8)]])
    assert table.machine.state.idle


MB = 1 << 20


@pytest.mark.parametrize(
    ("nbytes", "limit", "depth"),
    [
        (8, 1000 * MB, 500),
        (10 * MB, 1000 * MB, 60),
        (100 * MB, 1000 * MB, 6),
        (600 * MB, 1000 * MB, 2),
        (10 * MB, 0, 500),
    ],
)
def test_no_more_results_than_fit_into_memory_are_sent_ahead(table, nbytes, limit, depth):
    table.worker("w", memory_limit=limit), table.client()
    table.upload("client", {"first": []})
    table.finish("w", "first", us=40, nbytes=nbytes)
    table.read("w")
    table.upload("client", {f"x{at}": [] for at in range(2000)}, first=1)
    assert len(table.given("w")) == depth


def test_a_full_worker_is_sent_large_ones_one_by_one_and_small_ones_as_ever(table):
    table.worker("w", memory_limit=1000 * MB), table.client()
    table.upload("client", {"large": []}, recipe="large")
    table.finish("w", "large", us=40, nbytes=900 * MB)
    table.upload("client", {"small": []}, recipe="small", first=1)
    table.finish("w", "small", us=40, nbytes=8)
    table.read("w")
    table.upload("client", {f"s{at}": [] for at in range(1000)}, recipe="small", first=2)
    small = table.given("w")
    assert len(small) == 500
    table.say("client", Release(table.ids("client", *(f"s{at}" for at in range(1000)))))
    table.upload("client", {f"l{at}": [] for at in range(1000)}, recipe="large", first=1002)
    assert len(table.given("w")) == 2
    # With the results gone there is room again, for what the average says.
    table.say("client", Release(table.ids("client", "large")))
    depths, sent = [], ["l0", "l1"]
    for _ in range(10):
        table.finish("w", *sent, us=40, nbytes=8)
        sent = table.given("w")
        depths.append(len(sent))
    assert max(depths) > 100


def test_what_is_to_come_is_counted_once(table):
    """Through every way in which a task leaves its worker; the invariants are checked after each message."""
    table.worker("w", nthreads=2, memory_limit=1000 * MB), table.client()
    table.upload("client", {"first": []})
    table.finish("w", "first", us=10, nbytes=MB)
    table.read("w")
    table.upload("client", {f"x{at}": [] for at in range(10)}, first=1, options=[{"retries": 1}], option=[0] * 10)
    assert len(table.given("w")) == 10
    assert table.record("w").coming_bytes == 10 * MB
    table.fail("w", "x0")  # tried again
    table.fail("w", "x0")
    table.finish("w", "x1", us=10, nbytes=3 * MB)
    table.say("w", LongRunning([table.task("x2").id], [100]))
    table.say("w", Recalled([table.task("x3").id], []))
    table.say("client", Release(table.ids("client", "x4")))
    assert table.record("w").coming_bytes == 5 * MB + 2 * MB  # x3 was sent again, with the new average
    table.finish("w", *(f"x{at}" for at in (2, 3, 5, 6, 7, 8, 9)), nbytes=MB)
    assert table.record("w").coming_bytes == 0


def test_what_was_measured_outlives_its_tasks(table):
    table.worker("w", memory_limit=1000 * MB), table.client()
    table.upload("client", {"first": []}, recipe="f")
    table.finish("w", "first", us=10, nbytes=100 * MB)
    table.say("client", Release(table.ids("client", "first")), ForgetRecipes([0]))
    assert not table.state.recipes
    table.read("w")
    table.client("other")
    table.upload("other", {f"x{at}": [] for at in range(100)}, recipe="f")
    assert len(table.given("w")) == 7
