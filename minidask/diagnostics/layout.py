"""Layout: places for the nodes of a directed graph, in ranks from top to bottom.

Place in the flow: `svg` gives sizes and edges and draws what comes back. It knows no keys, labels or formats.

The method is Sugiyama's, "Methods for visual understanding of hierarchical system structures" (1981), in four steps:

1. Ranks by longest path; a node with more arrows out than in moves down to its successors.
2. Arrows over several ranks get a bend in each (a node without size). All arrows of a node share one chain of bends and
   branch off it: at most one bend per node and rank. Beyond `MAX_BENDS` the longest arrows go straight.
3. Order in ranks by barycentres, from a depth-first order, keeping the order with the fewest crossings.
4. Abscissas: each rank in turn moves as near as possible (least squares) to the mean of its neighbours. Under given
   order and distances this is isotonic regression, solved exactly by pooling adjacent violators (Ayer et al. 1955).

Components that are not connected are laid out alone and packed in rows. Everything is iterative; the cost is about
O(nodes + bends + edges) a sweep, with a fixed number of sweeps.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Layout", "place"]

NODE_GAP = 14.0
RANK_GAP = 30.0
# Between far nodes arrows become flat and unreadable, so ranks move apart with the horizontal distance they bridge.
RANK_GAP_MAX = 160.0
RANK_GAP_SLOPE = 0.08
COMPONENT_GAP = 30.0
ASPECT = 1.8
BEND_SIZE = 4.0
MAX_BENDS = 20_000
ORDER_SWEEPS = 12
# Of ten such sequences the one with symmetric trees; arrows of random graphs are within 7 % of the shortest.
PLACE_SWEEPS = ("down", "up") * 3 + ("major",) * 4

Point = tuple[float, float]


class Layout(NamedTuple):
    """Places, in pixels from the upper left corner.

    `routes` are arrows: points between which curve and straight line take turns, a curve first and last; the last
    point touches the target.
    """

    width: float
    height: float
    centers: list[Point]
    routes: list[list[Point]]


def place(sizes: Sequence[tuple[float, float]], edges: Iterable[tuple[int, int]], rankdir: str = "TB") -> Layout:
    """Find places for nodes and routes for arrows.

    Parameters
    ----------
    sizes : sequence of (float, float)
        Width and height of each node in pixels.
    edges : iterable of (int, int)
        Numbers of source and target; repeated edges count once.
    rankdir : {"TB", "BT", "LR", "RL"}
        Where arrows point: to the bottom, top, right or left.

    Returns
    -------
    Layout

    Raises
    ------
    ValueError
        If the edges form a cycle.

    Examples
    --------
    >>> layout = place([(10, 10), (10, 10)], [(0, 1)])
    >>> layout.centers
    [(5.0, 5.0), (5.0, 45.0)]
    >>> layout.routes
    [[(5.0, 10.0), (5.0, 40.0)]]
    """
    sideways = rankdir in ("LR", "RL")
    if sideways:
        sizes = [(height, width) for width, height in sizes]
    unique = list(dict.fromkeys(edges))
    parts = [(_Component(nodes, own, sizes), nodes) for nodes, own in _components(len(sizes), unique)]
    corners, width, height = _pack([(part.width, part.height) for part, _ in parts], sideways)
    centers: list[Point] = [(0.0, 0.0)] * len(sizes)
    routes: list[list[Point]] = []
    for (part, nodes), (left, top) in zip(parts, corners, strict=True):
        for local, node in enumerate(nodes):
            centers[node] = (part.x[local] + left, part.y[local] + top)
        routes += [[(x + left, y + top) for x, y in route] for route in part.routes()]
    return _turned(Layout(width, height, centers, routes), rankdir)


def _turned(layout: Layout, rankdir: str) -> Layout:
    """Return the layout, which points down, turned to point towards `rankdir`."""
    if rankdir == "TB":
        return layout
    flip = rankdir in ("BT", "RL")
    swap = rankdir in ("LR", "RL")

    def turned(point: Point) -> Point:
        x, y = point
        y = layout.height - y if flip else y
        return (y, x) if swap else (x, y)

    width, height = (layout.height, layout.width) if swap else (layout.width, layout.height)
    routes = [[turned(point) for point in route] for route in layout.routes]
    return Layout(width, height, [turned(point) for point in layout.centers], routes)


def _components(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """Return (nodes, edges between positions in nodes) of each connected component."""
    neighbours: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        neighbours[source].append(target)
        neighbours[target].append(source)
    owner = [-1] * count
    parts: list[tuple[list[int], list[tuple[int, int]]]] = []
    for start in range(count):
        if owner[start] >= 0:
            continue
        owner[start] = len(parts)
        stack, nodes = [start], []
        while stack:
            node = stack.pop()
            nodes.append(node)
            for other in neighbours[node]:
                if owner[other] < 0:
                    owner[other] = len(parts)
                    stack.append(other)
        parts.append((sorted(nodes), []))
    local = [0] * count
    for nodes, _ in parts:
        for position, node in enumerate(nodes):
            local[node] = position
    for source, target in edges:
        parts[owner[source]][1].append((local[source], local[target]))
    return parts


def _pack(extents: Sequence[tuple[float, float]], sideways: bool) -> tuple[list[Point], float, float]:
    """Set rectangles in rows of about the wanted aspect; return their corners, and the whole width and height."""
    aspect = 1 / ASPECT if sideways else ASPECT
    area = sum((width + COMPONENT_GAP) * (height + COMPONENT_GAP) for width, height in extents)
    limit = max(math.sqrt(area * aspect), max((width for width, _ in extents), default=0.0))
    corners: list[Point] = []
    left = top = row_height = whole_width = 0.0
    for width, height in extents:
        if left and left + width > limit:
            top += row_height + COMPONENT_GAP
            left = row_height = 0.0
        corners.append((left, top))
        whole_width = max(whole_width, left + width)
        row_height = max(row_height, height)
        left += width + COMPONENT_GAP
    return corners, whole_width, top + row_height


class _Component:
    """A connected graph, its bends, and where all of them are. Nodes are numbered first, bends after them."""

    def __init__(
        self, nodes: Sequence[int], edges: Sequence[tuple[int, int]], sizes: Sequence[tuple[float, float]]
    ) -> None:
        self.count = len(nodes)
        self.edges = edges
        self.width_of = [sizes[node][0] for node in nodes]
        self.height_of = [sizes[node][1] for node in nodes]
        self.rank = _ranks(self.count, edges)
        self._add_bends()
        self.ranks = self._first_order()
        self._reduce_crossings()
        self._set_x()
        self._set_y()

    def _add_bends(self) -> None:
        """Split long arrows. chain: {node: its bends, one for each rank from the next on}."""
        reach = [0] * self.count
        for source, target in self.edges:
            reach[source] = max(reach[source], self.rank[target] - self.rank[source] - 1)
        longest = max(reach, default=0)
        while longest and sum(min(bends, longest) for bends in reach) > MAX_BENDS:
            longest //= 2
        self.chain: dict[int, list[int]] = {}
        # below and above: neighbours in the next and in the previous rank.
        self.below: list[list[int]] = [[] for _ in range(self.count)]
        self.above: list[list[int]] = [[] for _ in range(self.count)]
        self.straight: list[tuple[int, int]] = []
        for source, target in self.edges:
            span = self.rank[target] - self.rank[source]
            if span - 1 > longest:
                self.straight.append((source, target))
                continue
            chain = self.chain.setdefault(source, [])
            while len(chain) < span - 1:
                bend = len(self.rank)
                self.rank.append(self.rank[source] + len(chain) + 1)
                self.below.append([])
                self.above.append([])
                self._join(chain[-1] if chain else source, bend)
                chain.append(bend)
            self._join(chain[span - 2] if span > 1 else source, target)
        self.width_of += [BEND_SIZE] * (len(self.rank) - self.count)

    def _join(self, upper: int, lower: int) -> None:
        self.below[upper].append(lower)
        self.above[lower].append(upper)

    def _first_order(self) -> list[list[int]]:
        """Put nodes into their ranks in depth-first order from the ends, so that trees have no crossings."""
        ranks: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        seen = [False] * len(self.rank)
        for start in range(len(self.rank)):
            if self.below[start]:
                continue
            stack = [start]
            while stack:
                node = stack.pop()
                if seen[node]:
                    continue
                seen[node] = True
                ranks[self.rank[node]].append(node)
                stack.extend(reversed(self.above[node]))
        return ranks

    def _reduce_crossings(self) -> None:
        position = [0] * len(self.rank)
        for members in self.ranks:
            for at, node in enumerate(members):
                position[node] = at
        fewest = self._crossings(position)
        best = [list(members) for members in self.ranks]
        unchanged = 0
        for sweep in range(ORDER_SWEEPS):
            if fewest == 0 or unchanged == 4:
                break
            down = sweep % 2 == 0
            toward = self.above if down else self.below
            for members in self.ranks if down else reversed(self.ranks):
                center = {
                    node: sum(position[other] for other in toward[node]) / len(toward[node])
                    if toward[node]
                    else position[node]
                    for node in members
                }
                members.sort(key=center.__getitem__)
                for at, node in enumerate(members):
                    position[node] = at
            crossings = self._crossings(position)
            unchanged += 1
            if crossings < fewest:
                fewest, unchanged = crossings, 0
                best = [list(members) for members in self.ranks]
        self.ranks = best

    def _crossings(self, position: Sequence[int]) -> int:
        """Count pairs of crossing arrows: inversions between the orders of their ends."""
        total = 0
        for members in self.ranks:
            seen: list[int] = []
            for node in members:
                ends = sorted(position[other] for other in self.below[node])
                for end in ends:
                    total += len(seen) - bisect_right(seen, end)
                for end in ends:
                    seen.insert(bisect_right(seen, end), end)
        return total

    def _set_x(self) -> None:
        self.x = [0.0] * len(self.rank)
        for members in self.ranks:
            left = 0.0
            for node in members:
                self.x[node] = left + self.width_of[node] / 2
                left += self.width_of[node] + NODE_GAP
        # major: the neighbours on the side that has more, so that reductions and fan-outs come out symmetric.
        major = [
            upper if len(upper) > len(lower) else lower if len(lower) > len(upper) else upper + lower
            for upper, lower in zip(self.above, self.below, strict=True)
        ]
        toward = {"down": self.above, "up": self.below, "major": major}
        for sweep in PLACE_SWEEPS:
            for members in reversed(self.ranks) if sweep == "up" else self.ranks:
                self._move(members, toward[sweep])
        left = min((x - width / 2 for x, width in zip(self.x, self.width_of, strict=True)), default=0.0)
        self.x = [x - left for x in self.x]
        self.width = max((x + width / 2 for x, width in zip(self.x, self.width_of, strict=True)), default=0.0)

    def _move(self, members: Sequence[int], toward: Sequence[Sequence[int]]) -> None:
        """Move one rank as near to its neighbours as order and distances allow."""
        offset = 0.0
        offsets = []
        # blocks of nodes that touch: [weight, weighted sum of wishes, number of nodes]
        blocks: list[list[float]] = []
        for at, node in enumerate(members):
            if at:
                offset += (self.width_of[members[at - 1]] + self.width_of[node]) / 2 + NODE_GAP
            offsets.append(offset)
            others = toward[node]
            wish = sum(self.x[other] for other in others) / len(others) if others else self.x[node]
            # Straight chains of bends read best, and a node without neighbours should give way.
            weight = (4.0 if node >= self.count else 1.0) if others else 0.05
            blocks.append([weight, weight * (wish - offset), 1])
            while len(blocks) > 1 and blocks[-2][1] * blocks[-1][0] >= blocks[-1][1] * blocks[-2][0]:
                weight, total, number = blocks.pop()
                blocks[-1][0] += weight
                blocks[-1][1] += total
                blocks[-1][2] += number
        at = 0
        for weight, total, number in blocks:
            for _ in range(int(number)):
                self.x[members[at]] = total / weight + offsets[at]
                at += 1

    def _set_y(self) -> None:
        self.y = [0.0] * len(self.rank)
        # tops and bottoms of the ranks: bends are as high as their rank, so that arrows pass between its nodes.
        self.tops: list[float] = []
        self.bottoms: list[float] = []
        top = 0.0
        for members in self.ranks:
            height = max((self.height_of[node] for node in members if node < self.count), default=0.0)
            bridge = 0.0
            for node in members:
                self.y[node] = top + height / 2
                for other in self.below[node]:
                    bridge = max(bridge, abs(self.x[node] - self.x[other]))
            self.tops.append(top)
            self.bottoms.append(top + height)
            top += height + min(RANK_GAP_MAX, max(RANK_GAP, bridge * RANK_GAP_SLOPE))
        self.height = self.bottoms[-1] if self.bottoms else 0.0

    def routes(self) -> list[list[Point]]:
        """Return the arrows; the parts of a chain that several arrows share belong to the longest of them."""
        routes = [[self._under(source), self._over(target)] for source, target in self.straight]
        straight = set(self.straight)
        by_source: dict[int, list[int]] = {}
        for source, target in self.edges:
            if (source, target) not in straight:
                by_source.setdefault(source, []).append(target)
        for source, targets in by_source.items():
            chain = self.chain[source]
            for at, target in enumerate(sorted(targets, key=self.rank.__getitem__, reverse=True)):
                bends = chain[: self.rank[target] - self.rank[source] - 1]
                route = [self._under(source)]
                for bend in bends:
                    route.append((self.x[bend], self.tops[self.rank[bend]]))
                    route.append((self.x[bend], self.bottoms[self.rank[bend]]))
                route.append(self._over(target))
                # A chain is as long as the longest arrow, so all others only add their last curve.
                routes.append(route if at == 0 else route[-2:])
        return routes

    def _under(self, node: int) -> Point:
        return self.x[node], self.y[node] + self.height_of[node] / 2

    def _over(self, node: int) -> Point:
        return self.x[node], self.y[node] - self.height_of[node] / 2


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the rank of each node: every edge leads to a higher one."""
    after: list[list[int]] = [[] for _ in range(count)]
    incoming = [0] * count
    for source, target in edges:
        after[source].append(target)
        incoming[target] += 1
    needed = list(incoming)
    rank = [0] * count
    done = [node for node in range(count) if not incoming[node]]
    for node in done:
        for other in after[node]:
            rank[other] = max(rank[other], rank[node] + 1)
            needed[other] -= 1
            if not needed[other]:
                done.append(other)
    if len(done) < count:
        raise ValueError("the graph has a cycle, so it can't be drawn in ranks")
    for node in reversed(done):
        if len(after[node]) > incoming[node]:
            rank[node] = min(rank[other] for other in after[node]) - 1
    lowest = min(rank, default=0)
    return [value - lowest for value in rank]
