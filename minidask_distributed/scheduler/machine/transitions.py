"""The moves of tasks between states: everything that makes a result needed, there, failed, lost or forgotten.

Place in the flow: `upload`, `outcomes`, `workers` and `clients` say what happened and call these; these call `queues`.
All walks over the graph are iterative.

Who counts what: ``n_waiters`` of a dependency counts its dependents that are waiting, queued, no-worker or processing;
``n_live`` those that aren't forgotten; ``n_missing`` of a waiting task its dependencies that aren't in memory. A result
is dropped when no client wants it, nothing waits for it and nothing is announced; a task is forgotten when, besides,
no dependent is left.
"""

from __future__ import annotations

from minidask_distributed.messages import Stop
from minidask_distributed.scheduler.machine.queues import enqueue
from minidask_distributed.scheduler.machine.records import Client, Failure, Task, Worker
from minidask_distributed.scheduler.machine.state import SERIAL_MASK, ClusterState
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


def schedule(state: ClusterState, task: Task, again: bool = False) -> None:
    """Let a released task, and all that it needs and that isn't there, be computed.

    With ``again`` its result was there: what it is made of may have been cancelled since, by somebody who doesn't need it.
    """
    order = [task]
    failed: list[Task] = []
    ready: list[Task] = []
    for current in order:
        if current.state != RELEASED:
            continue
        if current.recipe is None:
            # Its own loss is told to whoever asks; dependents hear of it by `fail`.
            failed.append(current)
            state.move(current, WAITING)
            continue
        missing = 0
        for dep in current.deps:
            dep.n_waiters += 1
            if dep.state != MEMORY:
                missing += 1
                if dep.state == RELEASED:
                    order.append(dep)
                elif dep.state == ERRED:
                    if again and dep.recipe is not None and dep.failure is not None and dep.failure.kind == "cancelled":
                        state.move(dep, RELEASED)
                        dep.trouble = None
                        order.append(dep)
                    else:
                        failed.append(dep)
        current.n_missing = missing
        state.move(current, WAITING)
        if not missing:
            ready.append(current)
    for current in ready:
        enqueue(state, current)
    for current in failed:
        if current.state == WAITING:
            fail(state, current, current.failure or lost_data(current))
        elif current.state == ERRED and current.failure is not None:
            _fail_dependents(state, current, current.failure)


def lost_data(task: Task) -> Failure:
    """Return the failure of data that nothing can make again."""
    text = (
        f"the data {task.key!r} was lost with the worker that held it; it was scattered, so no task can make it again: "
        "scatter it again, or to several workers (broadcast=True)"
    )
    return Failure.own(task, "lost", "KilledWorker", text)


def leave_worker(state: ClusterState, task: Task) -> None:
    """Take a task from its worker's accounts; it is no longer processing there."""
    worker = task.worker
    task.worker = None
    if worker is None:
        return
    worker.processing.pop(task, None)
    if task in worker.long_running:
        del worker.long_running[task]
    else:
        worker.busy_us -= task.cost_us
        worker.coming_bytes -= task.nbytes
        if task.options is not None and task.options.resources:
            give_resources_back(worker, task)
    if worker.recalled:
        worker.recalled.pop(task, None)
    if worker.status == "closing":
        state.leaving_changed = True
    state.dirty[worker] = None


def give_resources_back(worker: Worker, task: Task) -> None:
    """Free what a task took of its worker's resources."""
    assert task.options is not None
    for name, amount in task.options.resources.items():
        worker.free_resources[name] = worker.free_resources.get(name, 0) + amount


def no_longer_waits(state: ClusterState, task: Task) -> None:
    """A task no longer needs its dependencies' results: drop those that nobody else needs."""
    for dep in task.deps:
        dep.n_waiters -= 1
        if not dep.n_waiters and dep.client is None and not dep.announced:
            drop(state, dep)


def arrive(state: ClusterState, task: Task) -> None:
    """A result is in memory (its holder and size are set already): go on with what waited for it, and tell who wants it."""
    if task.trouble is not None:
        task.failure = None
    dependents = task.dependents
    if task.n_waiters and dependents is not None:
        for dependent in (dependents,) if type(dependents) is Task else dependents:  # type: ignore[union-attr]
            if dependent.state == WAITING:
                dependent.n_missing -= 1
                if not dependent.n_missing:
                    enqueue(state, dependent)
    client = task.client
    if client is not None:
        state.tell_done(client, task.local, task.value, task.nbytes)
        if task.others is not None:
            for other, local in task.others:
                state.tell_done(other, local, task.value, task.nbytes)
        if client is state.keeper or task.others is not None:
            let_go(state, task)


def let_go(state: ClusterState, task: Task) -> None:
    """What was fired and forgotten is done, or failed: nobody keeps it for its own sake."""
    for client, local in task.wants():
        if client is state.keeper:
            unwant(state, task, client, local)


def fail(state: ClusterState, task: Task, failure: Failure) -> None:
    """A task, and all that depend on it, won't give results."""
    _set_failed(state, task, failure)
    _fail_dependents(state, task, failure)


def _fail_dependents(state: ClusterState, task: Task, failure: Failure) -> None:
    stack = [task]
    while stack:
        current = stack.pop()
        for dependent in current.all_dependents():
            if dependent.state in (WAITING, QUEUED, NO_WORKER):
                _set_failed(state, dependent, failure)
                stack.append(dependent)
    # Those that nobody asks about need not be kept.
    drop(state, task)


def _set_failed(state: ClusterState, task: Task, failure: Failure) -> None:
    before = task.state
    if before == PROCESSING:
        leave_worker(state, task)
    elif before == QUEUED:
        leave_queue(state, task)
    elif before == NO_WORKER:
        del state.no_worker[task]
    elif before == WAITING and task.recipe is None:
        no_longer_expected(state, task)
    state.move(task, ERRED)
    task.failure = failure
    if before in (WAITING, QUEUED, NO_WORKER, PROCESSING) and task.recipe is not None:
        no_longer_waits(state, task)
    for client, local in task.wants():
        state.tell_failed(client, local, failure)
    let_go(state, task)
    if task.state == ERRED and not task.wanted and not task.announced and not task.n_live:
        drop(state, task)


def no_longer_expected(state: ClusterState, task: Task) -> None:
    """Announced data needn't come any more."""
    for worker in state.workers.values():
        worker.expected.pop(task, None)


def leave_queue(state: ClusterState, task: Task) -> None:
    """A queued task goes elsewhere: its entries become stale, only the accounts have to be right."""
    if task.worker is not None:
        task.worker.queued_us -= task.cost_us
        task.worker = None


def drop(state: ClusterState, task: Task) -> None:
    """Drop what nobody needs: the result, the work under way, and what only it needed; forget what nothing can need again.

    What is too much for one turn is left to later ones, see `clearing`: it is looked at again there, as it is then.
    """
    stack = [task]
    while stack:
        if state.drops_left <= 0:
            state.unneeded += stack
            return
        state.drops_left -= 1
        current = stack.pop()
        if current.client is not None or current.n_waiters or current.announced:
            continue
        status = current.state
        if status == MEMORY:
            drop_result(state, current)
            state.move(current, RELEASED)
            if current.keeps_inputs:
                for dep in current.deps:
                    dep.n_waiters -= 1
                    stack.append(dep)
        elif status == FORGOTTEN:
            continue
        elif status == ERRED:
            if current.n_live and any(dependent.state == ERRED for dependent in current.all_dependents()):
                # A retry of a dependent begins here.
                continue
            if current.n_live:
                state.move(current, RELEASED)
                current.failure = None
        elif status != RELEASED:
            if status == PROCESSING:
                worker = current.worker
                leave_worker(state, current)
                current.attempt += 1
                if worker is not None:
                    if state.giving_up and current in state.giving_up[0].left:
                        # It would have been its turn a little later, to be stopped.
                        state.tell_worker(worker, Stop([current.id], state.giving_up[0].reason))
                    state.tell_free(worker, current.id)
            elif status == QUEUED:
                leave_queue(state, current)
            elif status == NO_WORKER:
                del state.no_worker[current]
            elif current.recipe is None:
                no_longer_expected(state, current)
            state.move(current, RELEASED)
            for dep in current.deps:
                dep.n_waiters -= 1
                stack.append(dep)
        if not current.n_live:
            _forget(state, current)
            for dep in current.deps:
                dep.n_live -= 1
                stack.append(dep)


def drop_result(state: ClusterState, task: Task) -> None:
    """Let all holders free a result, and the copy here."""
    holder = task.holder
    if holder is not None:
        _let_free(state, holder, task)
        task.holder = None
        if task.copies is not None:
            for holder in task.copies:
                _let_free(state, holder, task)
            task.copies = None
    drop_value(state, task)


def _let_free(state: ClusterState, worker: Worker, task: Task) -> None:
    worker.held.discard(task)
    if worker.unique:
        worker.unique.pop(task, None)
    if worker.unconfirmed:
        worker.unconfirmed.pop(task, None)
    nbytes = task.nbytes
    state.make_room(worker, nbytes)
    state.tell_free(worker, task.id, nbytes < state.limits.free_at_once_bytes)


def drop_value(state: ClusterState, task: Task) -> None:
    """Drop the copy of a small result that is kept here."""
    if task.value is not None:
        state.value_bytes -= value_size(task.value)
        task.value = None


def value_size(value: object) -> int:
    """Return what a kept result counts: its bytes, or what a reference does."""
    return len(value) if type(value) is bytes else 64


def _forget(state: ClusterState, task: Task) -> None:
    state.move(task, FORGOTTEN)
    if state.keys.get(task.key) is task:
        del state.keys[task.key]
        state.chosen.discard(task)
    state.tasks.pop(task.id & SERIAL_MASK)
    task.dependents = None
    recipe = task.recipe
    if recipe is not None:
        recipe.n_tasks -= 1
        if not recipe.n_tasks:
            state.drop_recipe(recipe)
    if task.options is not None:
        state.drop_options(task.options)


def want(state: ClusterState, task: Task, client: Client, local: int) -> None:
    """A client wants a task's result; it is told at once what is known."""
    if task.client is None:
        task.client, task.local = client, local
    elif task.others is None:
        task.others = [(client, local)]
    else:
        task.others.append((client, local))
    if task.state == MEMORY:
        state.tell_done(client, local, task.value, task.nbytes)
    elif task.state == ERRED and task.failure is not None:
        state.tell_failed(client, local, task.failure)


def unwant(state: ClusterState, task: Task, client: Client, local: int) -> bool:
    """A client no longer wants a result; return whether it did."""
    if task.client is client and task.local == local:
        others = task.others
        if others:
            task.client, task.local = others.pop(0)
            if not others:
                task.others = None
        else:
            task.client = None
            if not task.n_waiters and not task.announced:
                drop(state, task)
        return True
    if task.others and (client, local) in task.others:
        task.others.remove((client, local))
        if not task.others:
            task.others = None
        return True
    return False


def requeue(state: ClusterState, task: Task) -> None:
    """A task comes back from a worker unfinished: it waits for another one."""
    leave_worker(state, task)
    task.attempt += 1
    missing = [dep for dep in task.deps if dep.state != MEMORY]
    if not missing:
        enqueue(state, task)
        return
    # It ran on (seceded) while what it had been given was lost elsewhere.
    state.move(task, WAITING)
    task.n_missing = len(missing)
    for dep in missing:
        if dep.state == ERRED and dep.failure is not None:
            fail(state, task, dep.failure)
            return
        schedule(state, dep)


def lose_result(state: ClusterState, tasks: list[Task]) -> None:
    """The last copies of results are gone: what is needed is computed again, what waits for it waits."""
    tasks = list(tasks)
    lost = set(tasks)
    kept: list[Task] = []
    for task in tasks:
        drop_result(state, task)
        state.move(task, RELEASED)
        if task.keeps_inputs:
            for dep in task.deps:
                dep.n_waiters -= 1
            kept += task.deps
        for dependent in task.all_dependents():
            status = dependent.state
            if status == MEMORY and dependent.keeps_inputs and dependent not in lost:
                lost.add(dependent)
                tasks.append(dependent)
            if status in (QUEUED, NO_WORKER, PROCESSING):
                if status == QUEUED:
                    leave_queue(state, dependent)
                elif status == NO_WORKER:
                    del state.no_worker[dependent]
                else:
                    worker = dependent.worker
                    if dependent in (worker.long_running if worker else ()):
                        continue  # it runs, so it has its data
                    leave_worker(state, dependent)
                    dependent.attempt += 1
                    if worker is not None and worker.status != "gone":
                        state.tell_free(worker, dependent.id)
                dependent.n_missing = 0
                state.move(dependent, WAITING)
            if dependent.state == WAITING:
                dependent.n_missing += 1
    # What others are made of comes first: it would be scheduled with them, and who wants it not be told.
    for task in sorted(tasks, key=lambda one: one.id):
        if task.state != RELEASED:
            continue
        if task.needed:
            if task.recipe is not None:
                for client, local in task.wants():
                    state.tell_undone(client, local)
            schedule(state, task, again=True)
        else:
            drop(state, task)
    for task in kept:
        drop(state, task)


def give_up(state: ClusterState, task: Task, reason: str) -> None:
    """End a task that was cancelled; rows that are still to arrive and name it fail."""
    if task.announced and task.state in (WAITING, QUEUED, NO_WORKER, PROCESSING):
        worker = task.worker if task.state == PROCESSING else None
        fail(state, task, cancelled(task, reason))
        if worker is not None:
            task.attempt += 1
            state.tell_free(worker, task.id)
    else:
        drop(state, task)


def cancelled(task: Task, reason: str) -> Failure:
    """Return the failure of a task that was given up."""
    return Failure.own(task, "cancelled", "CancelledError", reason)
