from minidask_distributed.dashboard.feeds import graph
from minidask_distributed.dashboard.feeds.graph import LIMIT, MOST_LINES
from minidask_distributed.dashboard.plots.palette import STATE_COLORS


def tree(leaves):
    rows = {f"leaf-{at}": [] for at in range(leaves)}
    level, depth = list(rows), 0
    while len(level) > 1:
        depth += 1
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        rows |= {(name := f"add-{depth}-{at}"): pair for at, pair in enumerate(pairs)}
        level = [f"add-{depth}-{at}" for at in range(len(pairs))]
        del name
    return rows


def test_tasks_stand_to_the_right_of_what_they_need(stage):
    stage.worker("w")
    stage.submit(tree(8))
    dots, lines = stage.read("graph"), stage.read("graph-edges")
    places = dict(zip(dots["name"], zip(dots["x"], dots["y"], strict=True), strict=True))
    assert places["add-3-0"][0] == 3
    assert len(set(places.values())) == 15
    assert all(x0 < x1 for x0, x1 in zip(lines["x0"], lines["x1"], strict=True))
    assert len(lines["x0"]) == 14
    # The result of a reduction stands in the middle of what it is of.
    assert 2 <= places["add-3-0"][1] <= 5


def test_dots_have_the_colours_of_the_states(stage):
    stage.worker("w")
    stage.submit({"a": [], "b": ["a"]})
    dots = stage.read("graph")
    assert dict(zip(dots["name"], dots["state"], strict=True)) == {"a": "processing", "b": "waiting"}
    assert dots["color"] == [STATE_COLORS[state] for state in dots["state"]]
    assert dots["where"] == ["w", ""]


def test_nothing_jumps_while_the_graph_grows(stage):
    stage.worker("w")
    stage.submit(tree(8))
    before = stage.read("graph")
    stage.submit({f"other-{at}": [] for at in range(20)})
    after = stage.read("graph")
    old = dict(zip(before["name"], zip(before["x"], before["y"], strict=True), strict=True))
    new = dict(zip(after["name"], zip(after["x"], after["y"], strict=True), strict=True))
    assert all(new[name] == place for name, place in old.items())


def test_the_picture_doesnt_wander_off_as_graphs_come_and_go(stage):
    places = graph.Places()
    from minidask_distributed.scheduler.machine.records import Task

    for at in range(200):
        places.update([Task(at * 10 + one, f"x-{one}", None, None, (), None) for one in range(10)])
        assert len(set(places.of.values())) == 10
        assert max(y for _, y in places.of.values()) < 60


def test_too_many_tasks_become_their_prefixes(stage):
    stage.worker("w")
    stage.submit({**{f"load-{at}": [] for at in range(LIMIT)}, "sum-1": ["load-1"]})
    dots, lines = stage.read("graph"), stage.read("graph-edges")
    assert sorted(dots["name"]) == ["load", "sum"]
    assert dict(zip(dots["name"], dots["count"], strict=True)) == {"load": LIMIT, "sum": 1}
    assert dots["label"][dots["name"].index("load")] == f"load × {LIMIT:,}"
    assert len(lines["x0"]) == 1


def test_lines_are_bounded(stage):
    stage.worker("w")
    leaves = [f"leaf-{at}" for at in range(100)]
    stage.submit({**{leaf: [] for leaf in leaves}, **{f"all-{at}": leaves for at in range(100)}})
    assert len(stage.read("graph-edges")["x0"]) == MOST_LINES
