"""Call trees of statistical profiles: where threads were when somebody looked, merged into counts.

Place in the flow: samplers of workers and schedulers fill trees (`Node.add`); they travel as columns (`to_columns`), are merged
(`merge`), and become the nested dicts of ``Client.profile`` (`as_dict`) or the boxes of a flame graph (`flame`).

Invariants: a tree holds texts and numbers alone, never frames or code; the number of its nodes is bounded by who fills it. All
walks are iterative: a stack of calls may be deeper than Python's own. Not for: taking samples (`sampling`).
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

Call: TypeAlias = "tuple[str, str, int]"
"""(file name, name of the function, line where it begins): what calls are told apart by."""

ROOT: Final[Call] = ("", "root", 0)


class Node:
    """A call, from one place in a stack: how often it was seen there, and what it called.

    Examples
    --------
    >>> tree = Node()
    >>> tree.add([("job.py", "main", 1), ("job.py", "load", 9)], [3, 12].__getitem__)
    2
    >>> tree.add([("job.py", "main", 1), ("job.py", "store", 20)], [4, 21].__getitem__)
    1
    >>> tree.count, [(call[1], node.count) for call, node in tree.children[("job.py", "main", 1)].children.items()]
    (2, [('load', 1), ('store', 1)])
    """

    __slots__ = ("children", "count", "line_number")

    def __init__(self, line_number: int = 0) -> None:
        self.count = 0  # samples in which it was on the stack here
        self.line_number = line_number  # where it was when it was seen first
        self.children: dict[Call, Node] = {}

    def add(self, calls: Iterable[Call], line_number: Callable[[int], int], room: int = 1 << 30) -> int:
        """Count one sample of a stack, the outermost call first; return how many nodes are new.

        Parameters
        ----------
        calls
        line_number
            Gives the line at which the call of a place in `calls` was at that moment; asked for new nodes alone.
        room
            Nodes that may be added; what is deeper counts for its caller then.
        """
        self.count += 1
        node, added = self, 0
        for at, call in enumerate(calls):
            child = node.children.get(call)
            if child is None:
                if added >= room:
                    break
                child = node.children[call] = Node(line_number(at))
                added += 1
            child.count += 1
            node = child
        return added

    def __len__(self) -> int:
        """The number of nodes, this one included."""
        count, stack = 0, [self]
        while stack:
            node = stack.pop()
            count += 1
            stack.extend(node.children.values())
        return count

    def __bool__(self) -> bool:
        return self.count > 0


def merge(trees: Iterable[Node]) -> Node:
    """Return a new tree with the samples of all.

    Examples
    --------
    >>> one, other = Node(), Node()
    >>> one.add([("a.py", "f", 1)], [2].__getitem__), other.add([("a.py", "f", 1)], [3].__getitem__)
    (1, 1)
    >>> merge([one, other]).children[("a.py", "f", 1)].count
    2
    """
    result = Node()
    stack: list[tuple[Node, Node]] = [(tree, result) for tree in trees]
    stack.reverse()
    while stack:
        source, target = stack.pop()
        target.count += source.count
        for call, child in source.children.items():
            into = target.children.get(call)
            if into is None:
                into = target.children[call] = Node(child.line_number)
            stack.append((child, into))
    return result


# ---------------------------------------------------------------- on the wire


def to_columns(tree: Node) -> dict[str, list[Any]]:
    """Return a tree as columns of plain values, each node after its parent.

    Returns
    -------
    dict
        ``calls``: [file, name, first line] of distinct calls; for each node ``parent`` (its place; -1 for the root), ``call``
        (the place of its call; -1 for the root), ``count`` and ``line`` (number).
    """
    calls: dict[Call, int] = {}
    parents, names, counts, lines = [-1], [-1], [tree.count], [tree.line_number]
    stack = [(tree, 0)]
    while stack:
        node, place = stack.pop()
        for call, child in node.children.items():
            stack.append((child, len(parents)))
            parents.append(place)
            names.append(calls.setdefault(call, len(calls)))
            counts.append(child.count)
            lines.append(child.line_number)
    return {"calls": [list(call) for call in calls], "parent": parents, "call": names, "count": counts, "line": lines}


def from_columns(columns: Mapping[str, list[Any]]) -> Node:
    """Return the tree of `to_columns`.

    Raises
    ------
    ValueError
        If the columns differ in length, or a node comes before its parent.

    Examples
    --------
    >>> tree = Node()
    >>> tree.add([("a.py", "f", 1), ("a.py", "g", 5)], [2, 6].__getitem__)
    2
    >>> to_columns(from_columns(to_columns(tree))) == to_columns(tree)
    True
    """
    calls = [(str(file), str(name), int(line)) for file, name, line in columns["calls"]]
    nodes: list[Node] = []
    for parent, call, count, line in zip(
        columns["parent"], columns["call"], columns["count"], columns["line"], strict=True
    ):
        if not -1 <= parent < len(nodes) or (parent < 0) != (not nodes) or not -1 <= call < len(calls):
            raise ValueError("these columns are no tree: a node comes before its parent, or has an unknown call")
        node = Node(line)
        node.count = count
        if nodes:
            nodes[parent].children[calls[call]] = node
        nodes.append(node)
    if not nodes:
        raise ValueError("these columns are no tree: there is no root")
    return nodes[0]


# ---------------------------------------------------------------- for people


def as_dict(tree: Node) -> dict[str, Any]:
    """Return a tree as the field's nested dicts.

    Returns
    -------
    dict
        ``"count"``; ``"identifier"``; ``"description"``: ``"filename"``, ``"name"``, ``"line_number"`` and ``"line"`` (its
        text, "" where the file isn't here); ``"children"``: {identifier: such a dict}.

    Examples
    --------
    >>> tree = Node()
    >>> tree.add([("a.py", "f", 1)], [2].__getitem__)
    1
    >>> as_dict(tree)["children"]["f;a.py;1"]["count"]
    1
    """
    result = _described(ROOT, tree)
    result["identifier"] = "root"
    result["description"]["name"] = ""
    stack = [(tree, result)]
    while stack:
        node, described = stack.pop()
        children = described["children"]
        for call, child in node.children.items():
            made = _described(call, child)
            children[made["identifier"]] = made
            stack.append((child, made))
    return result


def _described(call: Call, node: Node) -> dict[str, Any]:
    file, name, first = call
    line = linecache.getline(file, node.line_number).strip() if file else ""
    description = {"filename": file, "name": name, "line_number": node.line_number, "line": line}
    return {
        "identifier": f"{name};{file};{first}",
        "description": description,
        "count": node.count,
        "children": {},
    }


FLAME_COLUMNS: Final = ("left", "right", "bottom", "top", "name", "file", "line_number", "count", "percent")


def flame(tree: Node, most: int = 2_000) -> dict[str, list[Any]]:
    """Return the boxes of a flame graph as columns, callers below what they call, the largest subtrees first.

    Parameters
    ----------
    tree
    most
        Boxes; the ones that were seen least often are left out.

    Returns
    -------
    dict
        The columns `FLAME_COLUMNS`: ``left`` and ``right`` between 0 and 1, ``bottom`` and ``top`` in levels (the root's box
        is from 0 to 1), ``percent`` of all samples.

    Examples
    --------
    >>> tree = Node()
    >>> for call, line in [("f", 1), ("g", 5), ("g", 5)]:
    ...     tree.add([("a.py", call, line)], lambda at: line + 1)
    1
    1
    0
    >>> boxes = flame(tree)
    >>> list(zip(boxes["name"], boxes["left"], boxes["count"]))[1:]
    [('g', 0.0, 2), ('f', 0.6666666666666666, 1)]
    """
    columns: dict[str, list[Any]] = {name: [] for name in FLAME_COLUMNS}
    total = tree.count
    if not total:
        return columns
    floor = _least_shown(tree, most)
    stack: list[tuple[Call, Node, float, int]] = [(ROOT, tree, 0.0, 0)]
    while stack:
        (file, name, _), node, left, level = stack.pop()
        width = node.count / total
        row = (left, left + width, level, level + 1, name, file, node.line_number, node.count, 100 * width)
        for column, value in zip(FLAME_COLUMNS, row, strict=True):
            columns[column].append(value)
        children = sorted(node.children.items(), key=lambda item: (-item[1].count, item[0]))
        placed = []
        for call, child in children:
            if child.count >= floor:
                placed.append((call, child, left, level + 1))
                left += child.count / total
        stack.extend(reversed(placed))
    return columns


def _least_shown(tree: Node, most: int) -> int:
    """The count from which nodes are shown, so that there are at most so many."""
    counts, stack = [], [tree]
    while stack:
        node = stack.pop()
        counts.append(node.count)
        stack.extend(node.children.values())
    if len(counts) <= most:
        return 0
    counts.sort(reverse=True)
    # Those of the count at the edge would be too many together.
    return counts[most] + 1
