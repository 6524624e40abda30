from minidask_distributed.dashboard.feeds.bandwidth import SHOWN, TYPES


def traffic(stage, pairs, types=()):
    for source, target, nbytes in pairs:
        told = {"incoming": [[f"tcp://{source}:1", nbytes, 1_000_000, 1]], "received": []}
        stage.scheduler.recorder.traffic.add(f"tcp://{target}:1", told, stage.moment)
    for name, nbytes in types:
        stage.scheduler.recorder.traffic.add(
            "tcp://w0:1", {"incoming": [], "received": [[name, nbytes, 1_000_000, 1]]}, stage.moment
        )


def test_a_cell_is_the_bandwidth_from_one_worker_to_another(stage):
    for at in range(3):
        stage.worker(f"w{at}")
    traffic(stage, [("w0", "w1", 100), ("w2", "w1", 300)])
    cells = stage.read("bandwidth-pairs")
    assert sorted(zip(cells["source"], cells["target"], cells["nbytes"], strict=True)) == [
        ("w0", "w1", 100),
        ("w2", "w1", 300),
    ]
    labels = stage.read("bandwidth-workers")
    rows = dict(zip(labels["worker"], labels["y"], strict=True))
    assert [(cells["x"][at], cells["y"][at]) for at in range(2)] == [
        (rows["w1"], rows[source]) for source in cells["source"]
    ]


def test_the_matrix_has_the_workers_with_most_traffic(stage):
    for at in range(SHOWN + 10):
        stage.worker(f"w{at}")
    traffic(stage, [(f"w{at}", f"w{at + 1}", 1 + at) for at in range(SHOWN + 9)])
    labels = stage.read("bandwidth-workers")
    assert len(labels["y"]) == SHOWN
    assert f"w{SHOWN + 9}" in labels["worker"]
    assert "w0" not in labels["worker"]
    cells = stage.read("bandwidth-pairs")
    assert max(cells["x"] + cells["y"]) < SHOWN


def test_types_are_those_with_most_bytes(stage):
    stage.worker("w0")
    traffic(stage, [], [(f"type{at}", at + 1) for at in range(TYPES + 5)])
    bars = stage.read("bandwidth-types")
    assert len(bars["y"]) == TYPES
    assert bars["type"][0] == f"type{TYPES + 4}"
