from minidask_distributed.dashboard.feeds.lanes import KEEP_S, LABELLED, Lanes


def test_a_worker_keeps_its_rows_while_others_come_and_go():
    lanes = Lanes()
    lanes.update({"a": ("a", 2), "b": ("b", 1), "c": ("c", 2)}, 0.0)
    lanes.update({"a": ("a", 2), "c": ("c", 2)}, 1.0)
    assert (lanes.first("a"), lanes.first("b"), lanes.first("c")) == (0, 3, 5)
    assert lanes.count == 8


def test_rows_of_those_that_are_long_gone_are_given_to_others():
    lanes = Lanes()
    lanes.update({"a": ("a", 2), "b": ("b", 1)}, 0.0)
    lanes.update({"b": ("b", 1)}, 1.0)
    lanes.update({"b": ("b", 1), "c": ("c", 2)}, 1.0 + KEEP_S)
    assert (lanes.first("a"), lanes.first("c"), lanes.count) == (None, 0, 5)


def test_clusters_that_come_and_go_for_hours_need_no_more_rows():
    lanes = Lanes()
    for hour in range(100):
        lanes.update({f"{hour}-{at}": ("w", 2) for at in range(10)}, hour * 3600.0)
    assert lanes.count <= 60


def test_a_worker_that_comes_back_has_its_rows():
    lanes = Lanes()
    lanes.update({"a": ("a", 1)}, 0.0)
    lanes.update({}, 1.0)
    lanes.update({"a": ("a", 1)}, 2.0)
    lanes.update({"a": ("a", 1)}, 2.0 + KEEP_S)
    assert lanes.first("a") == 0


def test_threads_beyond_those_of_the_beginning_share_the_last_row():
    lanes = Lanes()
    lanes.update({"a": ("a", 2)}, 0.0)
    assert [lanes.lane("a", thread) for thread in (0, 1, 2, 9, None)] == [0, 1, 1, 1, 2]
    assert lanes.lane("nobody", 0) is None


def test_names_stand_at_the_rows_as_long_as_they_can_be_read(stage):
    for at in range(3):
        stage.worker(f"w{at}", nthreads=2)
    columns = stage.read("task-lanes")
    assert columns["label"] == ["w0", "w1", "w2"]
    assert columns["top"] == [-0.5, 2.5, 5.5]
    assert columns["bottom"] == [2.5, 5.5, 8.5]
    for at in range(3, LABELLED + 1):
        stage.worker(f"w{at}")
    labels = stage.read("task-lanes")["label"]
    assert labels[::2] == [f"w{at}" for at in range(0, LABELLED + 1, 2)]
    assert set(labels[1::2]) == {""}
