"""What workers report: tasks that finished, failed, were given back; data fetched, missing or damaged.

Place in the flow: called by `machine` for the messages of workers; decides about retries, and lets `transitions` and
`holding` do the rest. Reports about older attempts, and about tasks that are gone, are void: the worker has been told to
free them already.
"""

from __future__ import annotations

from typing import Any

from minidask_distributed.messages import (
    Erred,
    Finished,
    Held,
    Holders,
    LongRunning,
    Lost,
    Missing,
    NeedRecipes,
    Recalled,
    Recipes,
)
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.scheduler.machine.holding import hold, unhold
from minidask_distributed.scheduler.machine.records import Failure, Task, Worker
from minidask_distributed.scheduler.machine.state import SERIAL_MASK, ClusterState
from minidask_distributed.scheduler.machine.states import MEMORY, PROCESSING
from minidask_distributed.scheduler.machine.transitions import (
    arrive,
    drop,
    fail,
    give_resources_back,
    lose_result,
    no_longer_waits,
    requeue,
    value_size,
)

MOST_LOSSES = 20
"""How often a task may find gone what results of others stand for; then something is wrong that computing again won't mend."""

BELIEVED_AFTER = 3
"""So often a worker must fail to get data that no task can make again before they are given up for lost."""


def finished(state: ClusterState, worker: Worker, message: Finished) -> None:
    """Tasks gave results, which the worker holds."""
    count = len(message.tasks)
    values: Any = message.values
    attempts = message.attempts
    if not (len(message.nbytes) == len(message.durations) == count) or (values is not None and len(values) != count):
        raise ValueError("the columns of a report have different lengths")
    get = state.tasks.get
    processing, held = worker.processing, worker.held
    budget = state.limits.value_bytes
    epoch = state.epoch
    at = 0
    for task_id, nbytes, duration in zip(message.tasks, message.nbytes, message.durations, strict=True):
        task = get(task_id & SERIAL_MASK)
        attempt = 1 if attempts is None else attempts[at]
        if (
            task is None
            or task.worker is not worker
            or task.state != PROCESSING
            or task.attempt != attempt
            or task_id >> 48 != epoch
        ):
            at += 1
            continue
        # leave_worker, spelled out: this loop runs once a task.
        del processing[task]
        task.worker = None
        recipe = task.recipe
        if worker.long_running and task in worker.long_running:
            del worker.long_running[task]
        else:
            worker.busy_us -= task.cost_us
            worker.coming_bytes -= task.nbytes
            if task.options is not None and task.options.resources:
                give_resources_back(worker, task)
            if recipe is not None:
                expected = recipe.expected_us
                if expected < 0:
                    recipe.expected_us, recipe.expected_bytes = duration, nbytes
                else:
                    recipe.expected_us = (expected + duration) >> 1
                    recipe.expected_bytes = (recipe.expected_bytes + nbytes) >> 1
        if worker.recalled:
            worker.recalled.pop(task, None)
        task.holder = worker
        task.nbytes = nbytes
        held.add(task)
        worker.nbytes += nbytes
        state.managed_bytes += nbytes
        state.move(task, MEMORY)
        if values is not None:
            value = values[at]
            if value is not None and state.value_bytes < budget:
                state.value_bytes += value_size(value)
                task.value = value
            arrive(state, task)
            if value is not None and task.value is None and task.state == MEMORY:
                _push(state, task, value)
        else:
            arrive(state, task)
        if task.deps and (task.options is None or not task.options.keeps_inputs):
            no_longer_waits(state, task)
        if task.client is None and not task.n_waiters and not task.announced:
            drop(state, task)
        at += 1
    if worker.status == "closing":
        state.leaving_changed = True
    state.dirty[worker] = None


def _push(state: ClusterState, task: Task, value: Any) -> None:
    """Over the budget: clients get a small result all the same, it just isn't kept."""
    for client, local in task.wants():
        if not client.takes_values:
            continue
        message: Any = client.out[-1] if client.out else None
        if message is not None and message.tasks and message.tasks[-1] == local and hasattr(message, "values"):
            if message.values is None:
                message.values = [None] * len(message.tasks)
            message.values[-1] = value


def erred(state: ClusterState, worker: Worker, message: Erred) -> None:
    """Tasks raised: run them again if they may, else they failed."""
    if len(message.failures) != len(message.tasks):
        raise ValueError("the columns of a report have different lengths")
    for at, (task_id, fields) in enumerate(zip(message.tasks, message.failures, strict=True)):
        task = state.find(task_id)
        attempt = 1 if message.attempts is None else message.attempts[at]
        if not attempt:
            # It was given this to hold, and can't read it.
            if task is not None and task.held_by(worker):
                if task.recipe is None and not task.copies:
                    task.failure = _raised(task, worker, fields)
                unhold(state, worker, [task])
            continue
        if task is None or task.worker is not worker or task.state != PROCESSING or task.attempt != attempt:
            continue
        if fields.get("kind") == "reschedule":
            requeue(state, task)
        elif fields.get("kind") == "lost" and task.count_loss() <= MOST_LOSSES:
            _inputs_lost(state, task, fields)
        elif task.retries > 0:
            task.try_again()
            requeue(state, task)
        else:
            failure = _raised(task, worker, fields)
            fail(state, task, failure)
            state.keep_failure(failure)
            state.notice(
                "task-erred", key=task.key, worker=worker.address, type=fields.get("type"), text=fields.get("text")
            )
    state.dirty[worker] = None


def _inputs_lost(state: ClusterState, task: Task, fields: dict[str, Any]) -> None:
    """What results stand for is gone from where they are: they are made again, and then the task that found it out runs."""
    requeue(state, task)
    named = {one: None for key in decode_keys(fields["lost"]) if (one := state.keys.get(key)) is not None}
    # Data without lineage can't be made again, whatever a task says of them.
    lose_result(state, [one for one in named if one.state == MEMORY and one.recipe is not None])


def _raised(task: Task, worker: Worker, fields: dict[str, Any]) -> Failure:
    name = fields.get("name") or ""
    fields = {**fields, "key": str(task.key), "worker": worker.address, "name": name, "kind": "raised"}
    return Failure(fields, "raised")


def held(state: ClusterState, worker: Worker, message: Held) -> None:
    """A worker holds copies that it fetched or was given."""
    for task_id, nbytes in zip(message.tasks, message.nbytes, strict=True):
        task = state.find(task_id)
        if task is None:
            # Forgotten while it was on its way.
            state.tell_free(worker, task_id)
        else:
            hold(state, worker, task, nbytes)
    # A worker that leaves may have been waiting for just these copies.
    state.leaving_changed = True


def missing(state: ClusterState, worker: Worker, message: Missing) -> None:
    """A worker couldn't get dependencies from where we said: correct that, and say where they are."""
    answer = Holders({}, {}, {})
    for task_id, tried in zip(message.tasks, message.tried, strict=True):
        task = state.find(task_id)
        if task is None:
            answer.holders[task_id] = []
            continue
        if task.held_by(worker):
            # A copy of its own that it was told to free while it reported it.
            unhold(state, worker, [task])
        believed = _believed(state, worker, task, tried)
        for number in tried:
            holder = state.workers.get(number)
            if holder is not None and task in holder.unconfirmed:
                continue  # whoever asked was faster than the data, which are on their way there
            if believed and holder is not None and task.held_by(holder) and holder is not worker:
                # It may be there and only out of reach: it mustn't stay behind.
                state.tell_free(holder, task_id)
                unhold(state, holder, [task])
        where = [holder for holder in task.holders() if holder is not worker]
        answer.holders[task_id] = [holder.number for holder in where]
        answer.sizes[task_id] = task.nbytes
        for holder in where:
            if holder.number not in worker.known_peers:
                worker.known_peers.add(holder.number)
                answer.peers[holder.number] = holder.address
    state.tell_worker(worker, answer)


def _believed(state: ClusterState, worker: Worker, task: Task, tried: list[int]) -> bool:
    """Whether a result is to count as lost where a worker couldn't get it.

    Data that nothing can make again are asked for once more: it may have asked before they arrived, or met a passing trouble.
    """
    if task.recipe is not None:
        return True
    asked = [holder for number in tried if (holder := state.workers.get(number)) is not None and holder is not worker]
    if not any(task.held_by(holder) and task not in holder.unconfirmed for holder in asked):
        return True
    return task.count_doubt(worker) >= BELIEVED_AFTER


def recalled(state: ClusterState, worker: Worker, message: Recalled) -> None:
    """A worker gave tasks back that it hadn't started."""
    for task_id in message.given:
        task = state.find(task_id)
        if task is not None and task.worker is worker and task.state == PROCESSING:
            # The answer may be to an older recall, and the task there again meanwhile: it must not run twice.
            state.tell_free(worker, task_id)
            requeue(state, task)
    for task_id in message.kept:
        task = state.find(task_id)
        if task is not None:
            worker.recalled.pop(task, None)


def long_running(state: ClusterState, worker: Worker, message: LongRunning) -> None:
    """Tasks left their threads' slots: they run on, and take no room."""
    for task_id, duration in zip(message.tasks, message.durations, strict=True):
        task = state.find(task_id)
        if task is None or task.worker is not worker or task.state != PROCESSING or task in worker.long_running:
            continue
        worker.long_running[task] = None
        worker.busy_us -= task.cost_us
        worker.coming_bytes -= task.nbytes
        if task.options is not None and task.options.resources:
            give_resources_back(worker, task)
        if task.recipe is not None:
            task.recipe.measured(duration)
    state.dirty[worker] = None


def lost(state: ClusterState, worker: Worker, message: Lost) -> None:
    """A worker can't give results that it held."""
    tasks = [task for task_id in message.tasks if (task := state.find(task_id)) is not None]
    for task in tasks:
        for holder in task.holders():
            if holder.unique.get(task) is worker:
                # It was to take this over and can't read it: whoever leaves needn't wait for that.
                holder.unique[task] = None
                state.leaving_changed = True
    unhold(state, worker, tasks)


def need_recipes(state: ClusterState, worker: Worker, message: NeedRecipes) -> None:
    """A worker dropped recipes that it needs again."""
    known = [state.recipes_by_number[number] for number in message.recipes if number in state.recipes_by_number]
    state.tell_worker(worker, Recipes([[recipe.number, recipe.payload] for recipe in known]))
