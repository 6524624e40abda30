from collections import Counter
from itertools import pairwise

import pytest

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.lanes import Lanes
from minidask_distributed.dashboard.feeds.task_stream import COLUMNS, FORGOTTEN, FREELY, LEAST_ERROR_S, MOST, rectangles
from minidask_distributed.dashboard.plots.palette import ACTIVITY_COLORS, color_of
from minidask_distributed.scheduler.task_stream import Batch

FEED = ALL["task-stream"]


def batch(worker, starts, durations, threads=None, keys=None, since=1_000_000_000):
    n = len(starts)
    return Batch(
        worker,
        since,
        list(range(n)),
        [8] * n,
        durations,
        starts,
        threads or [0] * n,
        keys or [f"inc-{at}" for at in range(n)],
    )


def lanes_of(*sizes):
    lanes = Lanes()
    lanes.update({f"w{at}": (f"w{at}", nthreads) for at, nthreads in enumerate(sizes)}, 0.0)
    return lanes


def columns(rows):
    return dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))


def test_few_tasks_are_drawn_one_by_one(stage):
    stage.worker("w", nthreads=2)
    stage.submit({"inc-1": [], "inc-2": []})
    stage.run(us=2000)
    drawn = stage.read("task-stream")
    assert drawn["name"] == ["inc-1", "inc-2"]
    assert drawn["prefix"] == ["inc", "inc"]
    assert drawn["color"] == [color_of("inc")] * 2
    assert drawn["duration"] == [0.002] * 2
    assert drawn["worker"] == ["w", "w"]
    assert [stop - start for start, stop in zip(drawn["start"], drawn["stop"], strict=True)] == pytest.approx(
        [0.002] * 2, abs=1e-6
    )


def test_a_page_that_is_open_gets_what_is_new_alone(stage):
    stage.worker("w")
    stage.submit({"a": []})
    stage.run()
    _, cursor = FEED.read_since(stage.scheduler, FEED.begin(stage.scheduler), stage.now)
    stage.submit({"b": []})
    stage.run()
    rows, cursor = FEED.read_since(stage.scheduler, cursor, stage.now)
    assert rows["name"] == ["b"]
    rows, _ = FEED.read_since(stage.scheduler, cursor, stage.now)
    assert rows["name"] == []


def test_tiny_tasks_become_rectangles_with_their_number():
    count = 20_000
    rows = rectangles([batch("w0", [at * 10 for at in range(count)], [9] * count)], lanes_of(1))
    drawn = columns(rows)
    assert len(rows) <= 50
    assert sum(drawn["count"]) == count
    assert sum(drawn["duration"]) == pytest.approx(count * 9e-6)
    assert set(drawn["kind"]) == {"tasks"}
    assert set(drawn["color"]) == {color_of("inc")}
    assert drawn["name"][0].endswith(" tasks: inc")
    # They cover the time that the tasks took, in order and without lying on each other.
    ordered = sorted(zip(drawn["start"], drawn["stop"], strict=True))
    assert all(stop <= start + 1e-9 for (_, stop), (start, _) in pairwise(ordered))


def test_a_long_task_among_tiny_ones_stands_for_itself():
    starts, durations = [at * 10 for at in range(500)] + [0], [9] * 500 + [400_000]
    rows = rectangles(
        [batch("w0", starts, durations, [0] * 500 + [1], [f"a-{at}" for at in range(500)] + ["big-1"])], lanes_of(2)
    )
    long = [row for row in rows if row[COLUMNS.index("name")] == "big-1"]
    assert [(row[COLUMNS.index("y")], row[COLUMNS.index("count")], row[COLUMNS.index("duration")]) for row in long] == [
        (1, 1, 0.4)
    ]


@pytest.mark.parametrize("workers", [1, 50, 400])
@pytest.mark.parametrize("us", [5, 3_000, 60_000])
def test_an_update_is_bounded_whatever_the_cluster(workers, us):
    lanes = lanes_of(*[2] * workers)
    each = 60_000 // workers
    batches = [
        batch(f"w{at}", [us * (one // 2) for one in range(each)], [us] * each, [one % 2 for one in range(each)])
        for at in range(workers)
    ]
    rows = rectangles(batches, lanes)
    assert len(rows) <= MOST
    drawn = columns(rows)
    assert sum(drawn["count"]) == each * workers
    # Every thread that was busy is to be seen.
    assert len(set(drawn["y"])) == 2 * workers


def test_prefixes_that_were_put_together_are_named():
    count = 1_000
    keys = [f"{'add' if at % 3 else 'inc'}-{at}" for at in range(count)]
    rows = rectangles([batch("w0", [at * 10 for at in range(count)], [9] * count, None, keys)], lanes_of(1))
    assert any("add, inc" in row[COLUMNS.index("name")] or "inc, add" in row[COLUMNS.index("name")] for row in rows)


def test_times_far_apart_are_no_harder():
    count = FREELY * 4
    old = batch("w0", [at * 10 for at in range(count)], [9] * count, since=0)
    new = batch("w0", [at * 10 for at in range(count)], [9] * count, since=10**15)
    drawn = columns(rectangles([old, new], lanes_of(1)))
    assert sum(drawn["count"]) == 2 * count
    assert len(drawn["y"]) <= MOST


def test_samples_name_what_was_put_together():
    count = 2000
    made = batch("w0", [at * 10 for at in range(count)], [9] * count)
    made = made._replace(keys=None, samples=["inc-1", "inc-2", "add-3"])
    rows = rectangles([made], lanes_of(1))
    assert sum(row[COLUMNS.index("count")] for row in rows) == count
    assert {row[COLUMNS.index("prefix")] for row in rows} == {"inc", "add"}
    # What is drawn alone has its own key if that is known, as the last one's is.
    alone = made._replace(starts=[*range(0, (count - 1) * 2, 2), 7001])
    [last] = [row for row in rectangles([alone], lanes_of(1)) if row[COLUMNS.index("count")] == 1]
    assert last[COLUMNS.index("name")] == "add-3"


def test_keys_that_nobody_kept_are_said_to_be_so():
    rows = rectangles([batch("w0", [0], [10], None, [None])], lanes_of(1))
    assert rows[0][COLUMNS.index("name")] == FORGOTTEN


def test_tasks_of_workers_that_are_long_gone_are_left_out():
    assert rectangles([batch("w9", [0], [10])], lanes_of(1)) == []


def test_transfers_disk_and_serialisation_have_their_colours_and_a_row_of_their_own(stage):
    stage.worker("w", nthreads=2)
    stage.worker("other")
    now = stage.now
    stage.beat(
        "w",
        [
            ("transfer-in", now, 0.1, 1000, "tcp://other:1"),
            ("disk-write", now, 0.2, 500),
            ("serialize", now, 0.3, 10),
        ],
    )
    drawn = stage.read("task-stream")
    assert drawn["kind"] == ["transfer", "disk", "serialize"]
    assert drawn["color"] == [ACTIVITY_COLORS[kind] for kind in drawn["kind"]]
    assert set(drawn["y"]) == {2}
    assert drawn["name"][0] == "transfer in from other"
    assert drawn["nbytes"] == [1000, 500, 10]
    assert drawn["start"] == pytest.approx([now] * 3)


def test_errors_are_black_and_say_what_was_raised(stage):
    stage.worker("w")
    stage.submit({"bad-1": []})
    stage.fail(stage.machine.tasks_by_key["bad-1"], "<b>no</b>")
    drawn = stage.read("task-stream")
    assert Counter(drawn["kind"]) == {"error": 1}
    assert drawn["color"] == ["#000000"]
    assert drawn["name"] == ["bad-1: ValueError: <b>no</b>"]


@pytest.mark.parametrize(("us", "drawn_s"), [(2_500_000, 2.5), (20, LEAST_ERROR_S)])
def test_errors_are_as_long_as_their_runs_and_stand_on_their_threads(stage, us, drawn_s):
    stage.worker("w", nthreads=2)
    stage.submit({"bad-1": []})
    stage.fail(stage.machine.tasks_by_key["bad-1"], us=us, thread=1)
    drawn = stage.read("task-stream")
    assert (drawn["y"], drawn["thread"], drawn["duration"]) == ([1], [1], [us / 1e6])
    assert drawn["stop"][0] - drawn["start"][0] == pytest.approx(drawn_s, rel=1e-3)
    assert stage.read("exceptions")["duration"] == [us / 1e6]


@pytest.mark.parametrize("thread", [None, -1, "0", True])
def test_errors_whose_thread_nobody_knows_stand_below_the_threads(stage, thread):
    stage.worker("w", nthreads=2)
    stage.submit({"bad-1": []})
    stage.fail(stage.machine.tasks_by_key["bad-1"], thread=thread)
    drawn = stage.read("task-stream")
    assert (drawn["y"], drawn["thread"]) == ([2], ["–"])
