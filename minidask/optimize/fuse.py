"""Fuse tasks: groups with one result that only the group's own tasks and one exit need become one task each.

A fused task's function is a ``Program``: a flat list of the calls, so that it runs without recursion and without scheduling
in between. Linear chains are always fused. Wider groups (several independent branches, diamonds) save more scheduling but run
what could have been parallel one after the other; how much of that is allowed is said by ``FuseLimits``.

The groups: every task starts alone. In topological order each task takes in the groups of those dependencies that nobody outside
the union needs, if the union stays within the limits. Groups are kept as trees of members, so taking one in is O(1), and the
whole rewrite is linear in tasks and references.
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
        Largest number of tasks without dependencies inside a group.
    max_height : float
        Longest chain in a group that is no linear chain.
    """

    ave_width: float = 1.0
    max_width: float = float("inf")
    max_height: float = float("inf")

    def __post_init__(self) -> None:
        if not self.ave_width >= 1:
            raise ValueError(f"ave_width must be at least 1, got {self.ave_width!r}")


class _Group:
    """Tasks to be fused: ``members`` of its own and the groups taken in, in order of execution."""

    __slots__ = ("count", "height", "linear", "outside", "parts", "top", "width")

    def __init__(self, key: Key) -> None:
        self.top = key
        self.parts: list[Key | _Group] = [key]
        self.count = 1
        self.height = 1
        self.width = 1
        self.linear = True

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
    {'z': <Task abs-neg-identity('...')>}
    """
    limits = limits or FuseLimits()
    outputs = set(keys)
    users = reverse_dependencies(graph)
    groups: dict[Key, _Group] = {}
    for key in toposort(graph):
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
    group = _Group(key)
    dependencies = task.dependencies
    if not dependencies:
        return group
    notes = task.annotations or {}

    def private(dependency: Key, within: set[Key]) -> bool:
        if dependency in outputs or (graph[dependency].annotations or {}) != notes:
            return False
        return all(user in within for user in users[dependency])

    if len(dependencies) == 1 and private(dependencies[0], {key}):
        above = groups[dependencies[0]]
        if above.linear or above.height + 1 <= limits.max_height:
            group.parts = [above, key]
            group.count = above.count + 1
            group.height = above.height + 1
            group.width = above.width
            group.linear = above.linear
            del groups[above.top]
        return group
    if limits.ave_width <= 1:
        return group
    # Take in whatever has all its users inside, until nothing more has (the source of a diamond comes last).
    inside = {key}
    taken: list[_Group] = []
    pending = list(dependencies)
    while pending:
        dependency = pending.pop()
        above = groups.get(dependency)
        if above is None or dependency in inside or not private(dependency, inside):
            continue
        if sum(other.count for other in taken) + above.count > _MOST_MEMBERS:
            return group
        members = above.members()
        inside.update(members)
        taken.append(above)
        pending += [needed for member in members for needed in graph[member].dependencies if needed not in inside]
    if not taken:
        return group
    heights: dict[Key, int] = {}
    ordered = [member for member in _in_order(taken, graph)] + [key]
    for member in ordered:
        heights[member] = 1 + max([heights[n] for n in graph[member].dependencies if n in heights], default=0)
    height = heights[key]
    width = sum(1 for member in ordered if not any(needed in inside for needed in graph[member].dependencies))
    count = len(ordered)
    if count / height > limits.ave_width or width > limits.max_width or height > limits.max_height:
        return group
    group.parts = list(ordered)
    group.count, group.height, group.width, group.linear = count, height, width, False
    for above in taken:
        del groups[above.top]
    return group


# A group that is no chain is walked when it grows: this bounds the work for each task.
_MOST_MEMBERS = 200


def _in_order(taken: list[_Group], graph: Mapping[Key, Task]) -> list[Key]:
    """Return the members of several groups so that each comes after those that it needs."""
    tops = {above.top: above for above in taken}
    inner = {member: above.top for above in taken for member in above.members()}
    placed: dict[Key, None] = {}
    pending = [above.top for above in reversed(taken)]
    while pending:
        top = pending[-1]
        if top in placed:
            pending.pop()
            continue
        needed = {inner[n] for member in tops[top].members() for n in graph[member].dependencies if n in inner}
        rest = [other for other in needed if other != top and other not in placed]
        if rest:
            pending += sorted(rest, key=repr)
        else:
            placed[top] = None
            pending.pop()
    return [member for top in placed for member in tops[top].members()]


def _compile(members: list[Key], graph: Mapping[Key, Task], key: Key) -> Task:
    """Return one task that makes ``key`` by running ``members`` in order."""
    inside = set(members)
    outer = dict.fromkeys(n for member in members for n in graph[member].dependencies if n not in inside)
    build = ProgramBuilder(len(outer))
    values: dict[Key, int] = {needed: at for at, needed in enumerate(outer)}
    for member in members:
        values[member] = emit_task(build, graph[member], values, label=member)
    return Task(build.finish(values[key]), tuple(map(TaskRef, outer)), None, graph[key].annotations)
