"""Fuse tasks: groups with one result that only the group's own tasks and one exit need become one task each.

A fused task's function is a ``Program``: a flat list of the calls, so that it runs without recursion and without scheduling
in between. Linear chains are always fused. Wider groups (several independent branches, diamonds) save more scheduling but run
what could have been parallel one after the other; how much of that is allowed is said by ``FuseLimits``.

The groups: every task starts alone. In topological order each task takes in the groups of those dependencies that nobody outside
the union needs (for a diamond: first its branches, then, as nobody else needs it any more, its source), if the union stays
within the limits; otherwise it stays alone and what it needs is left as it is.

Cost: near-linear in tasks and references. Taking groups in touches what they need of others, never their members; of several
sets of needs the largest is kept and the others are added to it, so that each need moves O(log n) times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from minidask.graph.convert import emit_task
from minidask.graph.program import ProgramBuilder
from minidask.graph.task import Key, Task, TaskRef
from minidask.graph.traverse import reverse_dependencies, toposort


@dataclass(frozen=True)
class FuseLimits:
    """How far groups that are no linear chains may go.

    Parameters
    ----------
    ave_width : float
        Largest (number of tasks) / (length of the longest chain) of a group; 1 allows chains alone, a diamond of four tasks
        has 4/3, a pair of leaves with their sum 3/2.
    max_width : float
        Most branches side by side in a group: what could run in parallel if it weren't fused.
    max_height : float
        Longest chain in a group that is no linear chain.

    Raises
    ------
    ValueError
        If one of them is below 1.
    """

    ave_width: float = 1.0
    max_width: float = float("inf")
    max_height: float = float("inf")

    def __post_init__(self) -> None:
        for name in ("ave_width", "max_width", "max_height"):
            if not getattr(self, name) >= 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)!r}")


class _Group:
    """Tasks to be fused.

    - ``parts``: in order of execution, the groups taken in and last the key ``top``.
    - ``needs``: ``{key of a task outside: [number of members that need it, steps from the top down to the lowest of these]}``;
      the steps count from ``-shift``, so that putting a task on top changes one number. Empty if the top could not take in
      what it needs: then that may not be taken in through it either.
    """

    __slots__ = ("count", "height", "linear", "needs", "parts", "shift", "top", "width")

    def __init__(self, key: Key, dependencies: Iterable[Key] = ()) -> None:
        self.top = key
        self.parts: list[Key | _Group] = [key]
        self.count = 1
        self.height = 1
        self.width = 1
        self.linear = True
        self.needs: dict[Key, list[int]] = {needed: [1, 1] for needed in dependencies}
        self.shift = 0

    def put_on_top(self, key: Key) -> _Group:
        """Add the only task that needs the group's result."""
        self.parts.append(key)
        self.top = key
        self.count += 1
        self.height += 1
        self.shift += 1
        return self

    def members(self) -> list[Key]:
        """Return the keys in order of execution; iterative, since chains nest groups as deep as they are long."""
        out: list[Key] = []
        pending: list[Key | _Group] = [self]
        while pending:
            part = pending.pop()
            if isinstance(part, _Group):
                pending.extend(reversed(part.parts))
            else:
                out.append(part)
        return out


def fuse(graph: Mapping[Key, Task], keys: Iterable[Key], limits: FuseLimits | None = None) -> dict[Key, Task]:
    """Return a graph with the same values for ``keys`` and fewer, larger tasks.

    Parameters
    ----------
    graph : mapping of key to Task
        Without tasks that nobody needs (see ``cull``): those would keep others from being fused.
    keys : iterable of keys
        Outputs: they keep their tasks and keys.
    limits : FuseLimits, optional
        Default: linear chains only.

    Raises
    ------
    CycleError, KeyError
        For graphs that can't be run.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> from operator import neg
    >>> fuse(convert({"x": 1, "y": (neg, "x"), "z": (abs, "y")}), ["z"])
    {'z': <Task abs-neg()>}
    """
    limits = limits or FuseLimits()
    outputs = set(keys)
    users = reverse_dependencies(graph)
    groups: dict[Key, _Group] = {}
    for key in toposort(graph, users):
        groups[key] = _grow(key, graph, users, outputs, groups, limits)
    fused: dict[Key, Task] = {}
    for key in graph:
        group = groups.get(key)
        if group is None or group.top != key:
            continue
        fused[key] = graph[key] if group.count == 1 else _compile(group.members(), graph, key)
    return fused


def _grow(
    key: Key,
    graph: Mapping[Key, Task],
    users: Mapping[Key, list[Key]],
    outputs: set[Key],
    groups: dict[Key, _Group],
    limits: FuseLimits,
) -> _Group:
    """Return the group that ends in ``key``; the groups that it takes in are gone from ``groups``."""
    task = graph[key]
    dependencies = task.dependencies
    if not dependencies or (len(dependencies) > 1 and limits.ave_width <= 1):
        return _Group(key)
    notes = task.annotations or {}

    def may_join(needed: Key) -> bool:
        return needed in groups and needed not in outputs and (graph[needed].annotations or {}) == notes

    if len(dependencies) == 1:
        needed = dependencies[0]
        if len(users[needed]) == 1 and may_join(needed):
            above = groups[needed]
            if above.linear or above.height + 1 <= limits.max_height:
                return groups.pop(needed).put_on_top(key)
            return _Group(key)
        return _Group(key, dependencies if limits.ave_width > 1 else ())
    group = _Group(key, dependencies)
    # taken: {group: steps from key down to its top}; users come before what they need.
    taken: dict[_Group, int] = {}
    for needed in dependencies:
        if len(users[needed]) == 1 and may_join(needed):
            taken[groups[needed]] = 1
    if not taken:
        return group
    width = sum(above.width for above in taken)
    largest = max(taken, key=lambda above: len(above.needs))
    # others: what the union needs apart from ``largest``, counted as in _Group, with steps from key.
    others: dict[Key, list[int]] = {needed: [1, 1] for needed in dependencies if len(users[needed]) > 1}
    for above, steps in taken.items():
        if above is not largest:
            _count(others, above, steps)
    beneath = 0
    pending = list(others)
    while pending:
        needed = pending.pop()
        many, steps = others[needed]
        if needed in largest.needs:
            many += largest.needs[needed][0]
            steps = max(steps, largest.needs[needed][1] + largest.shift + taken[largest])
        if many == len(users[needed]) and may_join(needed) and groups[needed] not in taken:
            source = groups[needed]
            taken[source] = steps
            beneath += source.width
            pending += source.needs
            _count(others, source, steps)
    height = max(above.height + steps for above, steps in taken.items())
    count = 1 + sum(above.count for above in taken)
    width = max(width, beneath)
    if count / height > limits.ave_width or width > limits.max_width or height > limits.max_height:
        return _Group(key)
    return _join(group, taken, others, largest, height, width, groups)


def _count(needs: dict[Key, list[int]], above: _Group, steps: int) -> None:
    """Add what a group needs, whose top is ``steps`` below the one that is looked from, to ``needs``."""
    for needed, (many, down) in above.needs.items():
        known = needs.setdefault(needed, [0, 0])
        known[0] += many
        known[1] = max(known[1], down + above.shift + steps)


def _join(
    group: _Group,
    taken: dict[_Group, int],
    others: Mapping[Key, list[int]],
    largest: _Group,
    height: int,
    width: int,
    groups: dict[Key, _Group],
) -> _Group:
    """Put ``taken`` into ``group``, and what they need (``others``, and the needs of ``largest``) together."""
    group.linear = False
    group.parts = [*reversed(taken), group.top]
    group.count = 1 + sum(above.count for above in taken)
    group.height, group.width = height, width
    group.needs = needs = largest.needs
    group.shift = shift = largest.shift + taken[largest]
    for needed, (many, steps) in others.items():
        known = needs.setdefault(needed, [0, steps - shift])
        known[0] += many
        known[1] = max(known[1], steps - shift)
    for above in taken:
        needs.pop(above.top, None)
        del groups[above.top]
    return group


def _compile(members: list[Key], graph: Mapping[Key, Task], key: Key) -> Task:
    """Return one task that makes ``key`` by running ``members`` in order."""
    inside = set(members)
    outer = dict.fromkeys(n for member in members for n in graph[member].dependencies if n not in inside)
    build = ProgramBuilder(len(outer))
    values: dict[Key, int] = {needed: at for at, needed in enumerate(outer)}
    for member in members:
        values[member] = emit_task(build, graph[member], values, label=member)
    return Task(build.finish(values[key]), tuple(map(TaskRef, outer)), None, graph[key].annotations)
