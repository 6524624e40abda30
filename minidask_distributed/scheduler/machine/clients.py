"""Clients: sessions that open and end, results let go, cancelled, retried, or fired and forgotten.

Place in the flow: called by `machine` for the messages of clients other than uploads.

Invariant: a client that is gone announces nothing; what it wanted is let go by `clearing`.
"""

from __future__ import annotations

import math
from collections import Counter

from minidask_distributed.messages import (
    Cancel,
    ForgetRecipes,
    KeepUntilDone,
    OpenSession,
    Release,
    Retry,
    SessionOpened,
    Stop,
)
from minidask_distributed.scheduler.machine.clearing import depart, let_recipe_go
from minidask_distributed.scheduler.machine.records import Client, Task
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import (
    ERRED,
    MEMORY,
    NO_WORKER,
    PROCESSING,
    QUEUED,
    RELEASED,
    WAITING,
)
from minidask_distributed.scheduler.machine.transitions import give_up, schedule, unwant, want
from minidask_distributed.scheduler.machine.upload import close_submission
from minidask_distributed.scheduler.machine.workers import kill

_ACTIVE = (WAITING, QUEUED, NO_WORKER, PROCESSING)


def open_session(state: ClusterState, peer: int, message: OpenSession) -> None:
    """A client joins."""
    client = Client(state.next_session, peer, message.name, message.info)
    state.next_session += 1
    client.last_seen = state.now
    state.clients[peer] = client
    client.out.append(SessionOpened(client.session, state.epoch, state.limits.credit, state.serialize))
    state.dirty_clients[client] = None
    state.notice("client-added", name=client.name)


def release(state: ClusterState, client: Client, message: Release) -> None:
    """A client no longer wants results."""
    for local in message.tasks:
        task = client.tasks.get(local)
        if task is None:
            continue
        _forget_local(client, local)
        unwant(state, task, client, local)


def _forget_local(client: Client, local: int) -> None:
    """A session gives up a local id: now, or once the rows that may still name it have arrived."""
    for submission in client.submissions.values():
        if submission.first <= local < submission.first + submission.reserved:
            submission.unwanted.append(local)
            return
    client.tasks.pop(local)


def cancel(state: ClusterState, client: Client, message: Cancel) -> None:
    """Give tasks up, and what depends on them: for this client, or with ``force`` for all."""
    reason = message.reason or "it was cancelled"
    # At once: workers are told to stop what they run, and the same key may be asked for next.
    turn_left, state.drops_left = state.drops_left, math.inf
    order: list[Task] = []
    seen: set[Task] = set()
    for local in message.tasks:
        task = client.tasks.get(local)
        if task is None:
            state.tell_cancelled(client, local, reason)
        elif task not in seen:
            seen.add(task)
            order.append(task)
    for task in order:
        if task.state != MEMORY or message.force or task.wanted:
            for dependent in task.all_dependents():
                if dependent not in seen and dependent.state != MEMORY:
                    seen.add(dependent)
                    order.append(dependent)
    for task in order:
        for other, local in task.wants():
            if other is client or message.force:
                state.tell_cancelled(other, local, reason)
                _forget_local(other, local)
                _remove_want(task, other, local)
    needed = _needed_by_others(client, order, seen, message.force)
    for task in order:
        if task.state == PROCESSING and task.worker is not None and task not in needed:
            state.tell_worker(task.worker, Stop([task.id], reason))
            if message.force:
                kill(state, task.worker, True, f"the task {task.key!r} was cancelled by force")
    for task in reversed(order):
        if task not in needed:
            give_up(state, task, reason)
    state.drops_left = turn_left - len(order)


def _needed_by_others(client: Client, order: list[Task], given_up: set[Task], force: bool) -> set[Task]:
    """Return which of the tasks that are given up somebody else needs, be it for something made of them."""
    own: Counter[Task] = Counter()
    if not force and any(task.announced for task in order):
        for submission in client.submissions.values():
            for row, left in enumerate(submission.left):
                announcing = client.tasks.get(submission.first + row) if left else None
                if announcing is not None:
                    own[announcing] += left
    stack = [
        task
        for task in order
        if task.client is not None
        or (not force and task.announced > own[task])
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


def retry(state: ClusterState, client: Client, message: Retry) -> None:
    """Run failed tasks again, with the failed ones that they depend on."""
    again: list[Task] = []
    stack = [task for local in message.tasks if (task := client.tasks.get(local)) is not None]
    while stack:
        task = stack.pop()
        if task.state != ERRED or task.recipe is None:
            continue
        state.move(task, RELEASED)
        task.trouble = None
        again.append(task)
        for other, local in task.wants():
            state.tell_undone(other, local)
        stack.extend(task.deps)
    for task in reversed(again):
        if task.state == RELEASED and task.needed:
            schedule(state, task)


def keep_until_done(state: ClusterState, client: Client, message: KeepUntilDone) -> None:
    """Want tasks on the scheduler's own account until they are done or failed."""
    for local in message.tasks:
        task = client.tasks.get(local)
        if task is None or task.state in (MEMORY, ERRED) or any(one is state.keeper for one, _ in task.wants()):
            continue
        want(state, task, state.keeper, task.id)


def forget_recipes(state: ClusterState, client: Client, message: ForgetRecipes) -> None:
    """A session won't name recipes again: they live as long as tasks use them."""
    for number in message.recipes:
        recipe = client.recipes.pop(number, None)
        if recipe is not None:
            let_recipe_go(state, recipe)


def client_gone(state: ClusterState, client: Client, reason: str) -> None:
    """A client's session ends: what only it wanted goes, by and by if it is much."""
    client.gone = True
    state.clients.pop(client.peer, None)
    state.dirty_clients.pop(client, None)
    for submission in list(client.submissions.values()):
        close_submission(state, client, submission)
    depart(state, client)
    state.notice("client-removed", name=client.name, reason=reason)
