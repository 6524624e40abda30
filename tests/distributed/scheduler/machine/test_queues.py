"""Queues: shares of roots, data locality, priorities, stealing, memory pressure."""

from __future__ import annotations

from minidask_distributed.messages import Held, Release, WorkerStatus
from minidask_distributed.scheduler.machine.queues import WARM_BYTES


def measured(table, *workers, us=100_000):
    """Let the function's duration be known, so that a worker is sent two tasks a thread and no more."""
    table.upload("client", {"measure": []})
    for worker in workers:
        if table.given(worker):
            table.finish(worker, "measure", us=us)
    table.say("client", Release(table.ids("client", "measure")))
    for worker in workers:
        table.read(worker)
    return len(table.locals["client"])


def test_roots_are_dealt_out_in_contiguous_shares_by_threads(table):
    table.worker("one", nthreads=1), table.worker("two", nthreads=3), table.client()
    start = measured(table, "one", "two")
    keys = [f"x{at}" for at in range(40)]
    table.upload("client", {key: [] for key in keys}, first=start)
    assert table.given("one") == ["x0", "x1"]
    assert table.given("two") == ["x10", "x11", "x12", "x13"]
    table.finish("one", "x0", us=100_000)
    table.finish("two", "x11", us=100_000)
    assert (table.given("one"), table.given("two")) == (["x2"], ["x14"])


def test_few_roots_are_placed_one_by_one(table):
    for name in ("one", "two", "three"):
        table.worker(name)
    table.client()
    table.upload("client", {"a": [], "b": [], "c": []})
    assert sorted(table.given("one") + table.given("two") + table.given("three")) == ["a", "b", "c"]
    assert {task.worker.name for task in map(table.task, "abc")} == {"one", "two", "three"}


def test_tasks_one_after_another_stay_on_a_worker_that_holds_little_more_than_others(table):
    for name in ("one", "two", "three"):
        table.worker(name)
    table.client()

    def place(key, nbytes):
        table.upload("client", {key: []})
        name = table.task(key).worker.name
        for worker in ("one", "two", "three"):
            table.read(worker)
        table.finish(name, key, nbytes=nbytes)
        return name

    assert len({place(f"small {at}", WARM_BYTES // 10) for at in range(10)}) == 1
    # From one to the next as soon as it has more, so that none gets far ahead.
    for at in range(10):
        place(f"large {at}", WARM_BYTES + 1)
    held = [table.record(name).nbytes for name in ("one", "two", "three")]
    assert max(held) - min(held) <= 2 * WARM_BYTES + 1


def test_in_the_schedulers_process_workers_take_turns(table):
    for name in ("one", "two", "three"):
        table.worker(name, scheme="inproc")
    table.client()
    places = []
    for key in "abcdef":
        table.upload("client", {key: []})
        places += [name for name in ("one", "two", "three") if table.given(name)]
        table.finish(places[-1], key)
    assert sorted(places[:3]) == ["one", "three", "two"]
    assert places[3:] == places[:3]


def test_a_task_does_not_wait_where_the_last_one_was_while_others_are_idle(table):
    for name in ("one", "two", "three"):
        table.worker(name)
    table.client()
    found = []
    for key in "abc":
        # Each before the one before has ended.
        table.upload("client", {key: []})
        found += [name for name in ("one", "two", "three") if table.given(name)]
    assert sorted(found) == ["one", "three", "two"]


def test_an_idle_worker_takes_the_tail_half_of_the_largest_share(table):
    table.worker("one"), table.client()
    start = measured(table, "one")
    table.worker("two")
    table.upload("client", {f"x{at}": [] for at in range(40)}, first=start)
    # The second ends its own share.
    while (keys := table.given("two")) or any(task.worker.name == "two" for task in table.record("two").processing):
        del keys
        for task in list(table.record("two").processing):
            table.finish("two", task.key, us=100_000)
        if len([1 for at in range(20, 40) if table.where(f"x{at}") == ["memory"]]) == 20:
            break
    taken = sorted(int(task.key[1:]) for task in table.record("two").processing)
    assert taken
    assert all(2 <= at < 20 for at in taken)
    assert min(taken) >= 10  # from the tail


def test_priorities_then_first_come_first_served(table):
    table.worker("w"), table.client("client"), table.client("other")
    start = measured(table, "w")
    table.upload("client", {"busy1": [], "busy2": []}, first=start)
    table.upload("client", {"a": []}, first=start + 2)
    table.upload("other", {"b": []})
    table.upload("client", {"urgent": []}, first=start + 3, options=[{"priority": 5}], option=[0])
    table.upload("client", {"later": []}, first=start + 4, options=[{"priority": -5}], option=[0])
    order = table.given("w")
    for key in ("busy1", "busy2", "urgent", "a", "b"):
        table.finish("w", key, us=100_000)
        order += table.given("w")
    assert order == ["busy1", "busy2", "urgent", "a", "b", "later"]


def test_depth_first(table):
    """What a finished pair makes possible goes before the next pair's roots."""
    table.worker("w"), table.client()
    start = measured(table, "w")
    rows = {}
    for at in range(4):
        rows |= {f"l{at}": [], f"r{at}": [], f"sum{at}": [f"l{at}", f"r{at}"]}
    table.upload("client", rows, wanted=[f"sum{at}" for at in range(4)], first=start)
    order = table.given("w")
    while len(order) < len(rows):
        for task in list(table.record("w").processing):
            table.finish("w", task.key, us=100_000)
            order += table.given("w")
    assert order.index("sum0") < order.index("l2")
    assert order.index("sum1") < order.index("l3")


def test_tasks_go_where_most_of_their_bytes_are(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": [], "b": []})
    owner = {key: table.task(key).worker.name for key in "ab"}
    table.finish(owner["a"], "a", nbytes=1_000), table.finish(owner["b"], "b", nbytes=50_000_000)
    table.read("one"), table.read("two")
    table.upload("client", {"c": ["a", "b"]}, first=2)
    assert table.given(owner["b"]) == ["c"]


def test_a_copy_counts_as_data_too(table):
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"a": [], "b": []})
    owner = {key: table.task(key).worker.name for key in "ab"}
    table.finish(owner["a"], "a", nbytes=1_000), table.finish(owner["b"], "b", nbytes=50_000_000)
    table.say(owner["a"], Held([table.task("b").id], [50_000_000]))
    table.read("one"), table.read("two")
    table.upload("client", {"c": ["a", "b"]}, first=2)
    assert table.given(owner["a"]) == ["c"]


def test_what_is_dear_to_move_stays(table):
    """An idle worker doesn't take a task whose data would take longer to move than the task would wait."""
    table.worker("one"), table.client()
    table.upload("client", {"data": []})
    table.finish("one", "data", nbytes=10**12, us=1_000)
    table.upload("client", {f"x{at}": ["data"] for at in range(600)}, first=1)
    table.worker("two", status=False)
    assert not table.given("two")


def test_what_is_cheap_to_move_goes(table):
    table.worker("one"), table.client()
    table.upload("client", {"data": []})
    table.finish("one", "data", nbytes=10, us=1_000)
    table.upload("client", {f"x{at}": ["data"] for at in range(600)}, first=1)
    table.worker("two", status=False)
    assert table.given("two")


def test_the_queue_of_a_worker_that_pauses_goes_to_the_others(table):
    table.worker("one"), table.worker("two"), table.client()
    start = measured(table, "one", "two")
    table.upload("client", {f"x{at}": [] for at in range(10)}, first=start)
    table.say("one", WorkerStatus("paused"))
    table.read("two")
    done = set()
    while left := [task for task in table.record("two").processing if task.key not in done]:
        for task in left:
            done.add(task.key)
            table.finish("two", task.key, us=100_000)
    # All but the two that the paused one holds and hasn't answered about.
    assert len(done) == 8


def test_under_memory_pressure_roots_run_in_plain_order(make_table):
    table = make_table(memory_pressure=0.5)
    table.worker("one", memory_limit=1000), table.worker("two", memory_limit=1000), table.client()
    start = measured(table, "one", "two")
    table.upload("client", {"big": []}, first=start)
    table.finish(table.task("big").worker.name, "big", nbytes=1500, us=100_000)
    table.read("one"), table.read("two")
    table.upload("client", {f"x{at}": [] for at in range(20)}, first=start + 1)
    assert sorted(table.given("one") + table.given("two")) == ["x0", "x1", "x2", "x3"]


def test_stolen_tasks_are_noted(table):
    table.client()
    table.worker("a"), table.worker("b")
    table.upload("client", {f"x{number}": [] for number in range(40)})
    table.now = 5.0
    while not table.state.stolen:
        table.finish("b", *[task.key for task in table.record("b").processing])
    when, source, target, count = table.state.stolen[0]
    assert (when, source, target) == (5.0, "tcp://a", "tcp://b")
    assert 0 < count <= 20


def test_a_long_queue_finds_other_workers_in_many_turns(make_table):
    table = make_table(drops=10)
    table.worker("one"), table.worker("two"), table.client()
    table.upload("client", {"data": []})
    owner = table.task("data").worker.name
    table.finish(owner, "data", us=100_000)
    rows = {f"x{at}": ["data"] for at in range(40)}
    table.upload("client", rows, first=1)
    worker = table.record(owner)
    assert len(worker.heap) > 15
    table.leave(owner)
    assert table.state.homeless
    turns = 0
    while table.machine.unfinished:
        assert all(table.where(key) != ["gone"] for key in rows)
        table.settle()
        turns += 1
    assert turns > 2
    assert not worker.queued_us


def test_a_paused_worker_that_goes_on_before_its_queue_is_elsewhere(make_table):
    table = make_table(drops=4)
    table.worker("one"), table.client()
    start = measured(table, "one")
    table.upload("client", {f"x{at}": [] for at in range(20)}, first=start)
    record = table.record("one")
    table.say("one", WorkerStatus("paused"))
    assert table.state.homeless
    table.say("client", Release(table.ids("client", "x7", "x8", "x9")))
    table.say("one", WorkerStatus("running"))
    while table.machine.unfinished:
        table.settle()
    for _ in range(60):
        for key in [task.key for task in record.processing]:
            table.finish("one", key, us=100_000)
    assert all(table.where(f"x{at}") == ["gone" if at in (7, 8, 9) else "memory"] for at in range(20))
