"""What stands around a task: the chain of what it waits for, its logged moves, its dependents, the origin of its failure.

Place in the flow: `reasons` looks these up for the one task that is asked about.

Invariants: pure and iterative; everything is bounded by `MOST_WALKED`, `MOST_LOOKED_AT` or the log of moves. Not for: words.
"""

from __future__ import annotations

from itertools import islice
from typing import TypeAlias

from minidask_distributed.scheduler.machine.records import Task
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import (
    ERRED,
    FORGOTTEN,
    MEMORY,
    NO_WORKER,
    PROCESSING,
    QUEUED,
    RELEASED,
    WAITING,
)

MOST_SHOWN = 20
"""Dependencies, dependents and moves that are listed."""

MOST_WALKED = 300
"""Tasks that are looked at on the way to the one that everything waits for."""

MOST_LOOKED_AT = 1_000
"""Entries of a list of dependents, in which forgotten ones linger."""

LoggedMove: TypeAlias = "tuple[int, int, str, float]"
"""(start, finish, stimulus, time)."""


def blockers(task: Task) -> list[Task]:
    """Return the chain from a waiting task's dependency to the one that everything waits for; empty if it doesn't wait.

    Of those that could be it, one that can't run at all goes before one that runs, and that before one that is queued.
    """
    if task.state != WAITING:
        return []
    before: dict[Task, Task | None] = {task: None}
    todo = [task]
    best: Task | None = None
    rank = {NO_WORKER: 0, PROCESSING: 2, QUEUED: 3}
    for current in todo:
        waits = current.recipe is not None and current.state == WAITING
        for dep in islice((dep for dep in current.deps if waits and dep.state != MEMORY), MOST_WALKED):
            if dep not in before and len(before) < MOST_WALKED:
                before[dep] = current
                todo.append(dep)
        if current is not task and not (waits and current.deps):
            mine, theirs = (rank.get(one.state, 1) if one else 9 for one in (current, best))
            if mine < theirs:
                best = current
    chain: list[Task] = []
    step: Task | None = best
    while step is not None and step is not task:
        chain.append(step)
        step = before[step]
    return chain[::-1]


def moves_of(state: ClusterState, tasks: set[int]) -> dict[int, list[LoggedMove]]:
    """Return {task id: its logged moves as (start, finish, stimulus, time), the oldest first}, in one walk of the log."""
    log = state.log
    found: dict[int, list[LoggedMove]] = {}
    at = 0
    stimuli, dropped = log.stimuli, log.dropped
    for place in [place for place, task in enumerate(log.tasks) if task in tasks]:
        while at + 1 < len(stimuli) and stimuli[at + 1][0] <= place + dropped:
            at += 1
        _, stimulus, when = stimuli[at] if stimuli else (0, "", 0.0)
        move = log.moves[place]
        found.setdefault(log.tasks[place], []).append((move >> 4, move & 15, stimulus, when))
    return found


def recomputed(story: list[LoggedMove]) -> int:
    """How often a result was there, and has been asked for again since."""
    gone = [at for at, (start, finish, _, _) in enumerate(story) if (start, finish) == (MEMORY, RELEASED)]
    return sum(at + 1 < len(story) for at in gone)


def some_dependents(task: Task) -> list[Task]:
    dependents = task.dependents
    if dependents is None:
        return []
    if isinstance(dependents, Task):
        dependents = [dependents]
    looked_at = islice(dependents, MOST_LOOKED_AT)
    return list(islice((one for one in looked_at if one.state != FORGOTTEN), MOST_SHOWN))


def to_culprit(task: Task) -> list[Task]:
    """The failed dependencies from a task down to the one whose failure it is."""
    path: list[Task] = []
    failure, current = task.failure, task
    for _ in range(MOST_WALKED):
        dep = next((dep for dep in current.deps if dep.state == ERRED and dep.failure is failure), None)
        if dep is None:
            break
        path.append(dep)
        current = dep
    return path
