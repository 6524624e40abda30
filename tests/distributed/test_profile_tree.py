"""Call trees: counting, merging, travelling, and the shapes for people."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.profile_tree import FLAME_COLUMNS, Node, as_dict, flame, from_columns, merge, to_columns

calls = st.tuples(st.sampled_from(["a.py", "b.py"]), st.sampled_from("fgh"), st.integers(1, 3))
stacks = st.lists(st.lists(calls, max_size=6), max_size=30)


def tree_of(samples):
    tree = Node()
    for stack in samples:
        tree.add(stack, lambda at: at)
    return tree


@given(stacks)
def test_travelling(samples):
    tree = tree_of(samples)
    columns = json.loads(json.dumps(to_columns(tree)))
    assert to_columns(from_columns(columns)) == to_columns(tree)
    assert len(columns["count"]) == len(tree)


@given(stacks, stacks)
def test_merging_is_counting_together(one, other):
    together = as_dict(tree_of(one + other))
    merged = as_dict(merge([tree_of(one), tree_of(other)]))

    def counts(node):
        return node["count"], {name: counts(child) for name, child in node["children"].items()}

    assert counts(together) == counts(merged)
    assert tree_of(one).count == len(one)


def test_merging_nothing():
    assert merge([]).count == 0
    assert not merge([])


@given(stacks)
def test_boxes_lie_within_those_that_call(samples):
    boxes = flame(tree_of(samples))
    assert tuple(boxes) == FLAME_COLUMNS
    rows = list(zip(*boxes.values()))
    if not samples:
        assert rows == []
        return
    assert rows[0][:5] == (0.0, 1.0, 0, 1, "root")
    for left, right, bottom, top, *_ in rows[1:]:
        assert top == bottom + 1
        assert left < right
        callers = [row for row in rows if row[3] == bottom and row[0] <= left + 1e-9 and right <= row[1] + 1e-9]
        assert len(callers) == 1


def test_only_the_largest_boxes_are_shown():
    tree = tree_of([[("a.py", f"f{n}", 1)] * 2 for n in range(100) for _ in range(n)])
    boxes = flame(tree, most=50)
    assert 40 <= len(boxes["name"]) <= 50
    assert boxes["name"][1] == "f99"


def test_depth_is_no_matter():
    deep = [("a.py", "f", 1)] * 20_000
    tree = tree_of([deep])
    again = from_columns(to_columns(merge([tree, tree])))
    assert len(again) == 20_001
    assert again.count == 2
    assert len(flame(again, most=10**6)["name"]) == 20_001
    assert as_dict(again)["count"] == 2


def test_room_is_kept():
    tree = Node()
    stack = [("a.py", f"f{n}", 1) for n in range(10)]
    assert tree.add(stack, lambda at: 0, room=3) == 3
    assert len(tree) == 4
    assert tree.add(stack, lambda at: 0, room=0) == 0
    assert tree.count == 2


def test_lines_are_asked_for_new_nodes_alone():
    tree, asked = Node(), []
    for _ in range(3):
        tree.add([("a.py", "f", 1), ("a.py", "g", 2)], lambda at: asked.append(at) or 7)
    assert asked == [0, 1]


def test_the_form_of_the_field():
    tree = tree_of([[(__file__, "test", 1)]])
    tree.children[(__file__, "test", 1)].line_number = 1
    found = as_dict(tree)
    assert found["identifier"] == "root"
    assert found["description"] == {"filename": "", "name": "", "line_number": 0, "line": ""}
    [(identifier, child)] = found["children"].items()
    assert identifier == child["identifier"] == f"test;{__file__};1"
    assert child["description"]["line"].startswith('"""Call trees')
    assert set(child) == {"identifier", "description", "count", "children"}


@pytest.mark.parametrize(
    ("parent", "call", "message"),
    [
        ([], [], "there is no root"),
        ([-1, 2], [-1, 0], "a node comes before its parent"),
        ([-1, -1], [-1, 0], "a node comes before its parent"),
        ([-1, 0], [-1, 7], "unknown call"),
    ],
)
def test_bad_columns(parent, call, message):
    count = [1] * len(parent)
    with pytest.raises(ValueError, match=message):
        from_columns({"calls": [["a", "f", 1]], "parent": parent, "call": call, "count": count, "line": count})
    with pytest.raises(ValueError, match=r"zip\(\)"):
        from_columns({"calls": [], "parent": [-1], "call": [-1], "count": [1, 2], "line": [1]})
