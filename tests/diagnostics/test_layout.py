"""Places of nodes: ranks, no overlaps, directions, and graphs that are deep, wide or both."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.diagnostics import layout
from minidask.diagnostics.layout import place


def overlaps(sizes, centers):
    """Return the pairs of nodes whose rectangles overlap, by a sweep over x."""
    found = []
    order = sorted(range(len(sizes)), key=lambda node: centers[node][0] - sizes[node][0] / 2)
    for at, one in enumerate(order):
        right = centers[one][0] + sizes[one][0] / 2
        for other in order[at + 1 :]:
            if centers[other][0] - sizes[other][0] / 2 >= right - 1e-6:
                break
            if abs(centers[one][1] - centers[other][1]) < (sizes[one][1] + sizes[other][1]) / 2 - 1e-6:
                found.append((one, other))
    return found


def graphs():
    """Random acyclic graphs: (sizes, edges)."""

    def build(picks, sizes):
        edges = [(pick % node, node) for node, some in enumerate(picks) if node for pick in some]
        return [sizes[node % len(sizes)] for node in range(len(picks))], edges

    sizes = st.lists(st.tuples(st.floats(5, 200), st.floats(5, 60)), min_size=1, max_size=5)
    return st.builds(build, st.lists(st.lists(st.integers(0, 40), max_size=3), max_size=40), sizes)


@given(graphs(), st.sampled_from(["TB", "BT", "LR", "RL"]))
def test_nothing_overlaps_all_is_inside_and_arrows_touch_their_nodes(graph, rankdir):
    sizes, edges = graph
    result = place(sizes, edges, rankdir)
    assert overlaps(sizes, result.centers) == []
    for (width, height), (x, y) in zip(sizes, result.centers, strict=True):
        assert -1e-6 <= x - width / 2 <= x + width / 2 <= result.width + 1e-6
        assert -1e-6 <= y - height / 2 <= y + height / 2 <= result.height + 1e-6
    assert len(result.routes) == len(set(edges))
    across = rankdir in ("LR", "RL")
    sign = -1 if rankdir in ("BT", "RL") else 1
    sides = {
        (round(x - sign * width / 2, 3), round(y, 3)) if across else (round(x, 3), round(y - sign * height / 2, 3))
        for (width, height), (x, y) in zip(sizes, result.centers, strict=True)
    }
    for route in result.routes:
        assert len(route) % 2 == 0
        assert (round(route[-1][0], 3), round(route[-1][1], 3)) in sides
        for one, other in pairwise(route):
            axis = 0 if across else 1
            assert sign * other[axis] >= sign * one[axis] - 1e-6
    for source, target in edges:
        axis = 0 if across else 1
        assert sign * result.centers[source][axis] < sign * result.centers[target][axis]


def test_a_tree_has_no_crossings_and_parents_between_their_children():
    # 0..7 are leaves, joined in pairs: 8..11, 12, 13, 14
    edges = [(node, 8 + node // 2) for node in range(14)]
    part = layout._Component(range(15), edges, [(30, 20)] * 15)
    position = [0] * 15
    for members in part.ranks:
        for at, node in enumerate(members):
            position[node] = at
    assert part._crossings(position) == 0
    for parent in range(8, 15):
        left, right = (part.x[node] for node in range(14) if 8 + node // 2 == parent)
        assert left < part.x[parent] < right


def test_crossings_are_counted():
    part = layout._Component(range(4), [(0, 2), (1, 3), (0, 3)], [(10, 10)] * 4)
    part.ranks = [[0, 1], [2, 3]]
    assert part._crossings([0, 1, 0, 1]) == 0
    assert part._crossings([0, 1, 1, 0]) == 1


def test_sources_stand_next_to_their_users():
    # 0 -> 1 -> 2 -> 3, and 4 -> 3: 4 belongs beside 2, not beside 0
    result = place([(10, 10)] * 5, [(0, 1), (1, 2), (2, 3), (4, 3)])
    assert result.centers[4][1] == result.centers[2][1]


def test_long_arrows_pass_between_the_nodes_of_ranks_in_between():
    edges = [(0, 1), (1, 2), (2, 3), (0, 3)]
    result = place([(40, 20)] * 4, edges)
    route = max(result.routes, key=len)
    assert len(route) == 6
    for x, y in route[1:-1]:
        for center_x, center_y in result.centers[1:3]:
            assert not (abs(x - center_x) < 20 and abs(y - center_y) < 10)


def test_arrows_of_one_node_share_their_bends():
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4), (0, 3)]
    result = place([(40, 20)] * 5, edges)
    assert sorted(map(len, result.routes)) == [2, 2, 2, 2, 2, 8]


def test_too_many_bends_become_straight_arrows(monkeypatch):
    monkeypatch.setattr(layout, "MAX_BENDS", 10)
    edges = [(node, node + 1) for node in range(30)] + [(0, 30), (5, 8)]
    result = place([(10, 10)] * 31, edges)
    assert len(result.routes) == 32
    assert max(map(len, result.routes)) <= 2 + 2 * 10


def test_components_are_packed_in_rows():
    result = place([(20, 20)] * 2500, [])
    assert 1 < result.width / result.height < 3
    assert overlaps([(20, 20)] * 2500, result.centers) == []


def test_empty():
    result = place([], [])
    assert (result.centers, result.routes, result.width, result.height) == ([], [], 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("count", [6000])
def test_deep_chains_need_no_recursion(count):
    result = place([(30, 20)] * count, [(node, node + 1) for node in range(count - 1)])
    assert len({round(x, 3) for x, _ in result.centers}) == 1


@pytest.mark.slow
def test_wide_graphs():
    count = 4000
    result = place([(30, 20)] * (count + 1), [(node, count) for node in range(count)])
    assert len({round(y, 3) for _, y in result.centers}) == 2


@pytest.mark.parametrize("edges", [[(0, 1), (1, 0)], [(0, 0)], [(0, 1), (1, 2), (2, 1)]])
def test_cycles(edges):
    with pytest.raises(ValueError, match="the graph has a cycle"):
        place([(10, 10)] * 3, edges)
