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
