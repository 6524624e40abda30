from minidask_distributed.dashboard.feeds import ALL


def test_samples_are_sent_once(stage):
    stage.worker("w", memory=500, managed=200, unmanaged=300, unmanaged_recent=100, spilled=50)
    feed = ALL["cluster-memory"]
    stage.tick()
    stage.tick()
    rows, cursor = feed.read_since(stage.scheduler, feed.begin(stage.scheduler), stage.now)
    assert len(rows["time"]) == 2
    assert (
        rows["managed_in_memory"][0],
        rows["unmanaged_old"][0],
        rows["unmanaged_recent"][0],
        rows["spilled"][0],
    ) == (200, 200, 100, 50)
    assert rows["memory_limit"][0] == 1000
    rows, cursor = feed.read_since(stage.scheduler, cursor, stage.now)
    assert rows["time"] == []
    stage.tick()
    assert len(feed.read_since(stage.scheduler, cursor, stage.now)[0]["time"]) == 1


def test_the_past_that_a_page_gets_is_bounded(stage):
    feed = ALL["system"]
    for _ in range(feed.rollover + 20):
        stage.tick()
    assert len(stage.read("system")["time"]) == feed.rollover


def test_the_summary_is_the_cluster_in_a_row(stage):
    stage.worker("w", nthreads=2, memory=500, cpu=100.0, spilled=3)
    stage.submit({"a": [], "b": ["a"]})
    row = {name: column[0] for name, column in stage.read("summary").items()}
    assert (row["workers"], row["threads"], row["memory"], row["limit"], row["spilled"]) == (1, 2, 500, 1000, 3)
    assert (row["cpu"], row["processing"], row["waiting"], row["in_memory"], row["erred"]) == (50.0, 1, 1, 0, 0)


def test_where_nobody_looked_the_line_breaks(stage):
    feed = ALL["system"]
    stage.tick()
    rows, cursor = feed.read_since(stage.scheduler, feed.begin(stage.scheduler), stage.now)
    assert len(rows["time"]) == 1
    stage.now += 60
    stage.tick()
    stage.tick()
    rows, _ = feed.read_since(stage.scheduler, cursor, stage.now)
    assert [value is None for value in rows["processing"]] == [True, True, False, False]
    assert rows["time"] == sorted(rows["time"])
    # A page that opens later sees the same, and what is sent is in its form.
    whole = stage.read("system")
    assert [value is None for value in whole["scheduler_cpu"]] == [False, True, True, False, False]
    assert None not in whole["time"]


def test_samples_of_a_busy_scheduler_are_no_break(stage):
    feed = ALL["cluster-memory"]
    for seconds in (0.5, 2.0, 0.5):
        stage.tick(seconds)
    assert None not in stage.read(feed.name)["process"]


def test_samples_that_were_dropped_cost_no_other_one(stage):
    feed, history = ALL["system"], stage.scheduler.recorder.history
    for _ in range(5):
        stage.tick()
    history.rows.popleft()
    history.rows.popleft()
    assert len(feed.read_since(stage.scheduler, 1, stage.now)[0]["time"]) == 3
    assert len(feed.read_since(stage.scheduler, 3, stage.now)[0]["time"]) == 2
