"""The order in which tasks are best run: each result made shortly before it is used, so that few are held at a time.

First depth-first post-order from the outputs: everything that one output needs is finished before the next output is begun.
Where a task needs several results, the one with the longest chain of tasks beneath it is made first, because its
intermediates die on the way and only its result waits for the others (after Sethi and Ullman, "The generation of optimal
code for arithmetic expressions", 1970). Among equals the order of the task's arguments holds.

Then, if some result has several users, whatever can run and would be the last to need one of its inputs is moved to where
that is first true: it frees as much as it makes. So two reductions of the same blocks run side by side, and in
``x - x.mean(axis=0)`` a column's blocks go as soon as their mean is known, whatever the order of the outputs. A task whose
function says ``small = True`` (a reduction's first step) is moved to where it can first run, since its result costs nothing to
hold: any number of reductions of the same blocks run side by side.

Cost: linear, iterative walks, 1-2 microseconds a task, about twice that with shared results
(``benchmarks/bench_schedulers.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

from minidask.graph.task import Key, Task
from minidask.graph.traverse import CycleError, find_cycle, missing_key


def order(graph: Mapping[Key, Task], outputs: Iterable[Key] | None = None) -> dict[Key, int]:
    """Return for each key its place in the order of execution, from 0; the dict itself is in that order.

    Parameters
    ----------
    graph : mapping of key to Task
    outputs : iterable of keys, optional
        Only what these need is ordered (so that this culls as well). Default: all that no other task needs.

    Raises
    ------
    CycleError
        If a task needs, through others, its own result.
    KeyError
        If an output, or a key that a task needs, is not in the graph.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> order(convert({"z": (max, "x", "y"), "y": (abs, "x"), "x": 1}))
    {'x': 0, 'y': 1, 'z': 2}
    >>> order(convert({"x": 1, "y": (abs, "x"), "z": 3}), outputs=["y"])
    {'x': 0, 'y': 1}
    """
    whole = outputs is None
    if outputs is None:
        needed = {key for task in graph.values() for key in task.dependencies}
        outputs = [key for key in graph if key not in needed]
    start = list(dict.fromkeys(outputs))
    start.reverse()
    height, settled = _walk(graph, list(start))
    if whole and len(height) != len(graph):
        raise CycleError(find_cycle(graph) or [])
    keys = list(height)
    needed_keys = [graph[key].dependencies for key in keys]
    shared = len(set(chain.from_iterable(needed_keys))) < sum(map(len, needed_keys))
    if shared or not settled:
        # From here on tasks are numbered: hashing keys would be most of the cost.
        place = {key: at for at, key in enumerate(keys)}
        # Tuples of ints: the garbage collector stops looking at them, which it never does at lists.
        needs = [tuple([place[key] for key in needed]) for needed in needed_keys]
        wanted = [place[key] for key in start]
        sequence: Sequence[int] = range(len(keys)) if settled else _highest_first(needs, list(height.values()), wanted)
        if shared:
            sequence = _release_early(needs, wanted, sequence, _small([graph[key].func for key in keys]))
        keys = [keys[at] for at in sequence]
    return {key: at for at, key in enumerate(keys)}


def _highest_first(needs: list[tuple[int, ...]], height: list[int], outputs: list[int]) -> list[int]:
    """Return the tasks depth first from the last of ``outputs``, of several results that one needs the highest first."""
    done = bytearray(len(needs))
    order: list[int] = []
    pending = list(outputs)
    while pending:
        at = pending[-1]
        if done[at]:
            pending.pop()
            continue
        rest = [need for need in needs[at] if not done[need]]
        if not rest:
            pending.pop()
            done[at] = 1
            order.append(at)
            continue
        if len(rest) > 1:
            # The stack's last one is visited first; sorting is stable, so reversed arguments keep their order.
            rest.reverse()
            rest.sort(key=height.__getitem__)
        pending += rest
    return order


def _small(funcs: list[Callable[..., Any]]) -> bytearray:
    """Return for each task whether its function says that what it returns is small beside what it is given."""
    known: dict[int, bool] = {}
    out = bytearray(len(funcs))
    for at, func in enumerate(funcs):
        small = known.get(id(func))
        if small is None:
            small = known[id(func)] = getattr(func, "small", False) is True
        out[at] = small
    return out


def _release_early(
    needs: list[tuple[int, ...]], outputs: list[int], sequence: Sequence[int], small: bytearray
) -> list[int]:
    """Return the tasks of ``sequence`` with those moved forward that are the last to need a result, or whose own is small.

    ``needs`` has for each the tasks, earlier in the sequence, that it needs. State: ``missing``: how many of these have not run;
    ``users``: how many that need its result have not run, plus one for outputs.
    """
    missing = list(map(len, needs))
    users = [0] * len(needs)
    for need in chain.from_iterable(needs):
        users[need] += 1
    # The dependents of a task, in one list for all: those of `at` stand from begin[at] to begin[at + 1].
    begin = [0, *accumulate(users)]
    dependents = [0] * begin[-1]
    free = begin.copy()
    for at, needed in enumerate(needs):
        for need in needed:
            dependents[free[need]] = at
            free[need] += 1
    for at in outputs:
        users[at] += 1
    rank = [0] * len(needs)
    for number, at in enumerate(sequence):
        rank[at] = number
    done = bytearray(len(needs))
    order: list[int] = []
    for first in sequence:
        if done[first]:
            continue
        pending = [first]
        while pending:
            at = pending.pop()
            if done[at]:
                continue
            done[at] = 1
            order.append(at)
            early: list[int] = []
            for need in needs[at]:
                left = users[need] = users[need] - 1
                if left == 1:  # an output has no user left, otherwise the one that is
                    early += [
                        user
                        for user in dependents[begin[need] : begin[need + 1]]
                        if not done[user] and not missing[user]
                    ]
            for user in dependents[begin[at] : begin[at + 1]]:
                missing[user] -= 1
                if not missing[user]:
                    if small[user]:
                        early.append(user)
                        continue
                    for need in needs[user]:
                        if users[need] == 1:
                            early.append(user)
                            break
            if len(early) > 1:
                early.sort(key=rank.__getitem__, reverse=True)
            pending += early
    return order


def _walk(graph: Mapping[Key, Task], pending: list[Key]) -> tuple[dict[Key, int], bool]:
    """Walk depth first from ``pending``; return ``{key: height}`` in post-order, and whether that is the order sought.

    A height is 0 for a task that needs nothing, otherwise 1 + the largest among those that it needs. The order is sought unless a
    task needs a higher result behind a lower one.
    """
    height: dict[Key, int] = {}
    opened: set[Key] = set()
    settled = True
    while pending:
        key = pending[-1]
        if key in height:
            pending.pop()
            continue
        try:
            keys = graph[key].dependencies
        except KeyError:
            raise missing_key(key, graph, _user_of(graph, key)) from None
        if not keys:
            pending.pop()
            height[key] = 0
            continue
        if len(keys) == 1:
            only = keys[0]
            if only in height:
                pending.pop()
                height[key] = height[only] + 1
                continue
            if only in opened or only == key:
                raise CycleError(find_cycle(graph) or [])
            opened.add(key)
            pending.append(only)
            continue
        rest = [needed for needed in keys if needed not in height]
        if not rest:
            pending.pop()
            heights = [height[needed] for needed in keys]
            top = max(heights)
            height[key] = top + 1
            if settled and top != min(heights) and heights != sorted(heights, reverse=True):
                settled = False
            continue
        opened.add(key)
        if not opened.isdisjoint(rest):  # opened and without a height: an ancestor of itself
            raise CycleError(find_cycle(graph) or [])
        rest.reverse()
        pending += rest
    return height, settled


def _user_of(graph: Mapping[Key, Task], missing: Key) -> Key | None:
    return next((key for key, task in graph.items() if missing in task.dependencies), None)
