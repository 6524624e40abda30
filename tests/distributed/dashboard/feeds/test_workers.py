import pytest

from minidask_distributed.dashboard.feeds.workers import LABELLED, SHOWN
from minidask_distributed.dashboard.plots.palette import MEMORY_COLORS


def test_memory_is_told_apart_by_what_it_is(stage):
    stage.worker("alice", memory=500, managed=200, unmanaged=300, unmanaged_recent=100, spilled=50)
    row = {name: column[0] for name, column in stage.read("workers-memory").items()}
    assert (row["managed"], row["unmanaged"], row["unmanaged_recent"], row["spilled"]) == (200, 200, 100, 50)
    assert (row["process"], row["limit"], row["percent"], row["end"]) == (500, 1000, 50, 550)
    assert (row["label"], row["text"]) == ("alice", "500 B")


@pytest.mark.parametrize(("memory", "how"), [(100, "ok"), (700, "near"), (850, "paused")])
def test_colours_tell_how_near_the_limit_is(stage, memory, how):
    stage.worker("w", memory=memory)
    assert stage.read("workers-memory")["color"] == [MEMORY_COLORS[how]]


def test_a_paused_worker_is_red_at_any_size(stage):
    stage.worker("w", memory=1)
    stage.record("w").status = "paused"
    assert stage.read("workers-memory")["color"] == [MEMORY_COLORS["paused"]]


def test_without_a_limit_there_is_no_percentage(stage):
    stage.worker("w", memory_limit=0, memory=100)
    assert stage.read("workers-memory")["percent"] == [None]


def test_of_many_workers_those_near_the_limit_are_shown_and_the_others_summed_up(stage):
    for at in range(SHOWN + 50):
        stage.worker(f"w{at}", memory=900 if at >= 120 else 100, managed=10)
    columns = stage.read("workers-memory")
    assert len(columns["y"]) == SHOWN + 1
    assert columns["worker"][-1] == "mean of 50 others"
    assert columns["process"][-1] == 100
    assert set(columns["worker"]) >= {f"w{at}" for at in range(120, SHOWN + 50)}
    # The order is that of joining, and the labels that can't be read are left out.
    shown = [int(name[1:]) for name in columns["worker"][:-1]]
    assert shown == sorted(shown)
    assert [label for label in columns["label"] if label] == ["mean of 50 others"]


def test_labels_are_there_while_they_can_be_read(stage):
    for at in range(LABELLED):
        stage.worker(str(at))
    assert stage.read("workers-load")["label"][:2] == ["worker 0", "worker 1"]


def test_load_is_what_runs_what_was_sent_and_what_is_queued(stage):
    stage.worker("w", nthreads=2, executing=2, cpu=150.0, bandwidth_in=7, bandwidth_out=8)
    stage.submit({f"x-{at}": [] for at in range(1000)})
    row = {name: column[0] for name, column in stage.read("workers-load").items()}
    assert row["executing"] == 2
    assert row["executing"] + row["processing"] == len(stage.record("w").processing)
    assert row["executing"] + row["processing"] + row["queued"] == 1000
    assert (row["cpu"], row["cpu_limit"], row["bandwidth_in"], row["bandwidth_out"]) == (150.0, 200, 7, 8)
    assert row["occupancy"] > 0


def test_load_of_many_workers_shows_the_busiest(stage):
    for at in range(SHOWN + 20):
        stage.worker(f"w{at}")
    columns = stage.read("workers-load")
    assert (len(columns["y"]), columns["worker"][-1]) == (SHOWN + 1, "mean of 20 others")


def test_the_table_has_all_workers_with_links_to_their_pages(stage):
    for at in range(SHOWN + 20):
        stage.worker(f"w{at}", memory=250, loop_delay=0.5)
    columns = stage.read("workers")
    assert len(columns["name"]) == SHOWN + 20
    assert columns["page"][0] == "info/worker/~tcp~3A~2F~2Fw0~3A1.html"
    assert columns["logs_page"][0].startswith("info/logs/")
    assert (columns["memory_percent"][0], columns["delay"][0]) == (25, 0.5)


def test_who_left_is_in_the_table_of_the_departed(stage):
    assert stage.read("departures")["name"] == []
    stage.worker("w")
    stage.machine.gone(stage.peers["w"], stage.moment, "the connection was closed")
    stage.scheduler.recorder.see_notices(stage.machine.take_notices(), stage.now)
    columns = stage.read("departures")
    assert columns["name"] == ["w"]
    assert columns["page"][0].startswith("info/worker/")
    assert stage.read("workers-memory")["y"] == []
