from minidask_distributed.dashboard.feeds import ALL


def test_moves_over_time_by_worker_and_by_pair(stage):
    for name in ("w0", "w1"):
        stage.worker(name)
    moves = stage.scheduler.recorder.moves
    moves.add((stage.now, "tcp://w0:1", "tcp://w1:1", 5, "steal"))
    moves.add((stage.now + 1, "tcp://w0:1", "tcp://w1:1", 3, "steal"))
    moves.add((stage.now + 2, "tcp://w1:1", "", 2, "recall"))
    over_time = stage.read("moves")
    assert over_time["count"] == [5, 3, 2]
    assert over_time["target"] == ["w1", "w1", "nobody yet"]
    assert over_time["kind"][2] == "sent tasks, recalled"
    by_worker = stage.read("moves-workers")
    assert by_worker["worker"] == ["w0", "w1"]
    assert (by_worker["given"], by_worker["taken"], by_worker["to_left"]) == ([8, 2], [0, 8], [-8, -2])
    pairs = stage.read("moves-pairs")
    assert (pairs["source"][0], pairs["target"][0], pairs["moves"][0], pairs["tasks"][0]) == ("w0", "w1", 2, 8)
    assert pairs["last"][0] == stage.now + 1


def test_moves_are_sent_once(stage):
    feed, moves = ALL["moves"], stage.scheduler.recorder.moves
    moves.add((stage.now, "tcp://w0:1", "tcp://w1:1", 5, "steal"))
    rows, cursor = feed.read_since(stage.scheduler, feed.begin(stage.scheduler), stage.now)
    assert rows["source"] == ["w0:1"]  # who isn't there any more goes by the address
    assert feed.read_since(stage.scheduler, cursor, stage.now)[0]["count"] == []


def test_without_moves_there_are_no_bars(stage):
    stage.worker("w0")
    assert stage.read("moves-workers")["y"] == []
