"""Giving tasks up: what clients cancel, with all that depends on it, and a restart, a part in each turn.

Place in the flow: `machine` calls `cancel` for clients' `Cancel` messages and `give_all_up` for a restart; what a turn's share
(`Limits.drops`) doesn't suffice for stays in ``state.giving_up``, and `clearing` goes on with it at later turns.

First everything that depends on what was named is found; then tasks end, those first that nothing found depends on. So
each part is itself a whole thing to cancel, the state is sound between any two, and what others ask for meanwhile counts.

Invariant: what a client says after its `Cancel` is taken when that is through (``client.behind``), so that the key it asks for
next isn't what it has given up; nobody else waits.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from minidask_distributed.messages import Cancel, Stop
from minidask_distributed.scheduler.machine.clients import forget_local
from minidask_distributed.scheduler.machine.records import Client, GivingUp, Task
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import (
    FORGOTTEN,
    MEMORY,
    NO_WORKER,
    PROCESSING,
    QUEUED,
    WAITING,
)
from minidask_distributed.scheduler.machine.transitions import give_up
from minidask_distributed.scheduler.machine.upload import close_submission
from minidask_distributed.scheduler.machine.workers import kill

_ACTIVE = (WAITING, QUEUED, NO_WORKER, PROCESSING)

PART = 500
"""Tasks that end together: who needs them is found out for so many at once."""

LOOK = 0.2
"""What looking at a task counts of a turn's share, in tasks that are let go."""

END = 4
"""What ending one counts: its clients are told, its worker, and what it was made of is looked at."""


def cancel(state: ClusterState, client: Client, message: Cancel) -> None:
    """Give tasks up, and what depends on them: for this client, or with ``force`` for all."""
    reason = message.reason or "it was cancelled"
    job = GivingUp({client: None}, message.force, reason)
    _begin(state, job, _named(state, client, message.tasks, reason))


def give_all_up(state: ClusterState, reason: str) -> None:
    """Give up all tasks of those who are clients now, and what they fired and forgot."""
    clients = [*state.clients.values(), state.keeper]
    for client in clients:
        for submission in list(client.submissions.values()):
            close_submission(state, client, submission)
    _begin(state, GivingUp(dict.fromkeys(clients), False, reason), list(state.tasks))


def _named(state: ClusterState, client: Client, locals_: list[int], reason: str) -> Iterator[Task]:
    for local in locals_:
        task = client.tasks.get(local)
        if task is None:
            state.tell_cancelled(client, local, reason)
        else:
            yield task


def _begin(state: ClusterState, job: GivingUp, named: Iterable[Task]) -> None:
    job.parts = _parts(state, job, named)
    state.giving_up.append(job)
    # Mostly that is all of it: nobody has to wait then.
    go_on(state)
    if state.giving_up or state.unneeded:
        for client in job.askers:
            if client is not state.keeper and not client.gone:
                if client.behind is None:
                    client.behind = deque()
                state.behind[client] = len(job.askers) == 1 or state.behind.get(client, False)


def go_on(state: ClusterState) -> None:
    """Give up as much as this turn has left."""
    while state.giving_up and state.drops_left > 0:
        for part in state.giving_up[0].parts:
            if part:
                _end(state, state.giving_up[0], part)
            if state.drops_left <= 0:
                return
        state.giving_up.popleft()


def _parts(state: ClusterState, job: GivingUp, named: Iterable[Task]) -> Iterator[list[Task]]:
    """Yield what is to end together, and nothing whenever a turn's share is used up by looking for it."""
    left = job.left
    stack: list[Task] = []
    for task in named:
        if task not in left:
            left[task] = 0
            stack.append(task)
        state.drops_left -= LOOK
        if state.drops_left <= 0:
            yield []
    while stack:
        task = stack.pop()
        if task.state != MEMORY or job.force or task.wanted:
            for dependent in task.all_dependents():
                if dependent not in left and dependent.state not in (MEMORY, FORGOTTEN):
                    left[dependent] = 0
                    stack.append(dependent)
                state.drops_left -= LOOK
                if state.drops_left <= 0:
                    yield []
    found = list(left)
    for task in found:
        for dep in task.deps:
            if dep in left:
                left[dep] += 1
            state.drops_left -= LOOK
        if state.drops_left <= 0:
            yield []
    ready = [task for task in found if not left[task]]
    while ready:
        part: list[Task] = []
        while ready and len(part) < PART and (state.drops_left > 0 or not part):
            task = ready.pop()
            del left[task]
            part.append(task)
            state.drops_left -= END
            for dep in task.deps:
                if dep in left:
                    left[dep] -= 1
                    if not left[dep]:
                        ready.append(dep)
        yield part


def _end(state: ClusterState, job: GivingUp, part: list[Task]) -> None:
    for task in part:
        for client, local in task.wants():
            if job.force or client in job.askers:
                state.tell_cancelled(client, local, job.reason)
                forget_local(client, local)
                _remove_want(task, client, local)
    needed = _needed_by_others(job, part)
    for task in part:
        if task.state == PROCESSING and task.worker is not None and task not in needed:
            state.tell_worker(task.worker, Stop([task.id], job.reason))
            if job.force:
                kill(state, task.worker, True, f"the task {task.key!r} was cancelled by force")
    for task in part:
        if task not in needed:
            # It must end now, what it is made of may do so later: else it would seem to need that.
            state.drops_left = max(state.drops_left, 1)
            give_up(state, task, job.reason)


def _needed_by_others(job: GivingUp, part: list[Task]) -> set[Task]:
    """Return which of the tasks that are given up somebody else needs, be it for something made of them."""
    own: Counter[Task] = Counter()
    if not job.force and any(task.announced for task in part):
        for client in job.askers:
            for submission in client.submissions.values():
                for row, left in enumerate(submission.left):
                    announcing = client.tasks.get(submission.first + row) if left else None
                    if announcing is not None:
                        own[announcing] += left
    given_up = set(part)
    stack = [
        task
        for task in part
        if task.client is not None
        or (not job.force and task.announced > own[task])
        or (task.n_waiters and any(one not in given_up and one.state in _ACTIVE for one in task.all_dependents()))
    ]
    needed: set[Task] = set()
    while stack:
        task = stack.pop()
        if task in given_up and task not in needed:
            needed.add(task)
            if task.state in _ACTIVE:
                stack.extend(task.deps)
    return needed


def _remove_want(task: Task, client: Client, local: int) -> None:
    wants = [one for one in task.wants() if one != (client, local)]
    task.client, task.local = wants[0] if wants else (None, 0)
    task.others = wants[1:] or None
