from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.dashboard.feeds.progress import SHOWN, STACKED, layered
from minidask_distributed.dashboard.plots.palette import color_of

NAMES = st.integers(0, 15).map(str)


def test_a_bar_is_divided_by_the_states_of_its_tasks(stage):
    stage.worker("w")
    stage.submit({**{f"load-{at}": [] for at in range(4)}, "sum-1": [f"load-{at}" for at in range(4)]})
    tasks = list(stage.record("w").processing)
    stage.finish("w", tasks[:1])
    columns = stage.read("progress")
    rows = {name: {one: column[at] for one, column in columns.items()} for at, name in enumerate(columns["prefix"])}
    assert (rows["load"]["all"], rows["load"]["memory"], rows["load"]["text"]) == (4, 1, "1 of 4")
    assert (rows["sum"]["waiting"], rows["sum"]["share_waiting"]) == (1, 1)
    assert rows["load"]["color"] == color_of("load")
    for row in rows.values():
        assert sum(row[f"share_{part}"] for part in STACKED) == pytest.approx(1, abs=1e-3)


def test_errors_are_named(stage):
    stage.worker("w")
    stage.submit({"bad-1": []})
    stage.fail(stage.machine.tasks_by_key["bad-1"])
    columns = stage.read("progress")
    assert columns["text"] == ["0 of 1, 1 erred"]
    assert (columns["share_erred"], columns["erred_edge"]) == ([1], [1.0])


def letters(number):
    return "".join(chr(97 + int(digit)) for digit in str(number))


def test_many_prefixes_end_in_a_row_of_the_others(stage):
    stage.worker("w")
    for at in range(SHOWN + 30):
        stage.submit({f"{letters(at)}-1": []})
    columns = stage.read("progress")
    assert len(columns["y"]) == SHOWN
    assert columns["prefix"][-1] == "31 other prefixes"
    assert sum(columns["all"]) == SHOWN + 30


def test_what_is_stuck_or_failed_is_shown_before_what_is_done(stage):
    stage.worker("w")
    stage.submit({"bad-1": [], "late-1": ["bad-1"]})
    stage.fail(stage.machine.tasks_by_key["bad-1"])
    for at in range(SHOWN + 5):
        stage.tick()
        stage.submit({f"{letters(at)}-1": []})
        stage.run()
    columns = stage.read("progress")
    assert len(columns["y"]) == SHOWN
    assert {"bad", "late"} <= set(columns["prefix"])
    # Of what is done the latest.
    assert letters(SHOWN + 4) in columns["prefix"]
    assert letters(0) not in columns["prefix"]


@pytest.mark.parametrize(
    ("count", "label", "below", "offset"), [(2, "a", "1 of 1", -8), (20, "a · 1 of 1", "", 0), (40, "", "", 0)]
)
def test_low_boxes_have_fewer_lines_of_text(stage, count, label, below, offset):
    stage.worker("w")
    stage.submit({f"{letters(at)}-1": [] for at in range(count)})
    stage.run()
    boxes = stage.read("groups")
    assert len(boxes["y"]) == count
    assert (boxes["label"][0], boxes["below"][0], boxes["label_offset"][0]) == (label, below, offset)
    # What the box on hover says.
    assert boxes["text"][0] == "1 of 1"


def test_narrow_boxes_have_shorter_names(stage):
    stage.worker("w")
    keys = [f"a-name-that-is-long-{letters(at)}-1" for at in range(8)]
    stage.submit({keys[0]: [], **{key: [before] for before, key in pairwise(keys)}})
    stage.run()
    boxes = stage.read("groups")
    assert max(boxes["x"]) == 7
    assert {len(label) for label in boxes["label"]} == {15}
    assert boxes["prefix"] == [key.removesuffix("-1") for key in keys]


def test_groups_say_what_failed(stage):
    stage.worker("w")
    stage.submit({"bad-1": [], "bad-2": [], "good-1": []})
    stage.fail(stage.machine.tasks_by_key["bad-1"])
    stage.run()
    boxes = stage.read("groups")
    rows = {name: at for at, name in enumerate(boxes["prefix"])}
    bad, good = rows["bad"], rows["good"]
    assert (boxes["text"][bad], boxes["text"][good]) == ("1 of 2, 1 erred", "1 of 1")
    assert boxes["erred_left"][bad] == pytest.approx(boxes["done_right"][bad])
    assert boxes["erred_left"][good] == pytest.approx(boxes["right"][good])


def test_groups_are_boxes_with_lines_from_what_they_need(stage):
    stage.worker("w")
    stage.submit({"load-1": [], "load-2": [], "sum-1": ["load-1", "load-2"]})
    stage.run()
    boxes, lines = stage.read("groups"), stage.read("group-edges")
    places = dict(zip(boxes["prefix"], zip(boxes["x"], boxes["y"], strict=True), strict=True))
    assert places["sum"][0] > places["load"][0]
    assert boxes["done_right"] == pytest.approx(boxes["right"])
    assert (lines["x0"], lines["x1"]) == ([places["load"][0] + 0.4], [places["sum"][0] - 0.4])


@given(st.lists(NAMES, unique=True, max_size=12), st.lists(st.tuples(NAMES, NAMES), max_size=40))
def test_any_graph_has_a_layout_without_boxes_on_each_other(names, edges):
    places = layered(names, edges)
    assert set(places) == set(names)
    assert len(set(places.values())) == len(places)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_in_a_graph_without_cycles_all_lines_lead_to_the_right(pairs):
    edges = [(str(min(pair)), str(max(pair))) for pair in pairs if pair[0] != pair[1]]
    places = layered([str(at) for at in range(10)], edges)
    assert all(places[source][0] < places[target][0] for source, target in edges)


def test_a_chain_of_thousands_is_no_recursion():
    names = [str(at) for at in range(3000)]
    places = layered(names, list(pairwise(names)))
    assert places["2999"] == (2999.0, 0.0)
