"""Clients: sessions that open and end, results let go, retried, or fired and forgotten.

Place in the flow: called by `machine` for the messages of clients other than uploads and what they cancel.

Invariant: a client that is gone announces nothing; what it wanted is let go by `clearing`.
"""

from __future__ import annotations

from minidask_distributed.messages import (
    ForgetRecipes,
    KeepUntilDone,
    OpenSession,
    Release,
    Retry,
    SessionOpened,
)
from minidask_distributed.scheduler.machine.clearing import depart, let_recipe_go
from minidask_distributed.scheduler.machine.records import Client, Task
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import ERRED, MEMORY, RELEASED
from minidask_distributed.scheduler.machine.transitions import schedule, unwant, want
from minidask_distributed.scheduler.machine.upload import close_submission


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
        task = forget_local(client, local)
        if task is not None:
            unwant(state, task, client, local)


def forget_local(client: Client, local: int) -> Task | None:
    """A session gives up a local id: now, or once the rows that may still name it have arrived; return what it stood for."""
    for submission in client.submissions.values():
        if submission.first <= local < submission.first + submission.reserved:
            task = client.tasks.get(local)
            if task is not None:
                submission.unwanted.append(local)
            return task
    return client.tasks.pop(local)


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
    state.behind.pop(client, None)
    client.behind = None
    for submission in list(client.submissions.values()):
        close_submission(state, client, submission)
    depart(state, client)
    state.notice("client-removed", name=client.name, reason=reason)
