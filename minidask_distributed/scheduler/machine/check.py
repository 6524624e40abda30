"""Check that the scheduler's state contradicts itself nowhere: for tests, simulations, and `validate` settings.

Place in the flow: above everything else of the machine, called after each event. Counts are recomputed from scratch, so
a check costs as much as the state is large.
"""

from __future__ import annotations

from collections import Counter

from minidask_distributed.scheduler.machine.records import Client, Task, Worker
from minidask_distributed.scheduler.machine.state import SERIAL_MASK, ClusterState
from minidask_distributed.scheduler.machine.states import (
    ERRED,
    FORGOTTEN,
    MEMORY,
    NAMES,
    NO_WORKER,
    PROCESSING,
    QUEUED,
    RELEASED,
    TRANSITIONS,
    WAITING,
)

_ACTIVE = (WAITING, QUEUED, NO_WORKER, PROCESSING)


def sanity_check(state: ClusterState) -> None:
    """Raise AssertionError, with what is wrong, if any invariant is broken."""
    tasks = list(state.tasks)
    announced: Counter[Task] = Counter()
    for client in state.clients.values():
        _check_client(state, client, announced)
    live: Counter[Task] = Counter()
    waiters: Counter[Task] = Counter()
    for task in tasks:
        for dep in task.deps:
            live[dep] += 1
            if task.state in _ACTIVE or (task.state == MEMORY and task.keeps_inputs):
                waiters[dep] += 1
    for task in tasks:
        _check_task(state, task)
        assert task.n_live == live[task], f"{task}: n_live is {task.n_live}, counted {live[task]}"
        assert task.n_waiters == waiters[task], f"{task}: n_waiters is {task.n_waiters}, counted {waiters[task]}"
        assert task.announced == announced[task], f"{task}: announced is {task.announced}, counted {announced[task]}"
    assert set(state.keys.values()) == set(tasks), "the tables of keys and of ids hold different tasks"
    assert state.chosen <= set(tasks), "forgotten tasks are among those whose keys were chosen"
    counts = Counter(task.state for task in tasks)
    for number, name in enumerate(NAMES):
        if number != FORGOTTEN:
            assert state.counts[number] == counts[number], (
                f"{state.counts[number]} tasks counted as {name}, are {counts[number]}"
            )
    for worker in state.workers.values():
        _check_worker(state, worker)
    assert state.managed_bytes == sum(worker.nbytes for worker in state.workers.values()), "managed_bytes"
    _check_queues(state, tasks)
    for move in state.log.moves:
        assert (move >> 4, move & 15) in TRANSITIONS, (
            f"move {NAMES[move >> 4]} -> {NAMES[move & 15]} isn't in the table"
        )


def _check_client(state: ClusterState, client: Client, announced: Counter[Task]) -> None:
    open_rows = {submission.first + row for submission in client.submissions.values() for row in range(submission.rows)}
    for local in client.tasks.numbers():
        task = client.tasks.get(local)
        assert task is not None
        assert task.state != FORGOTTEN or local in open_rows, f"{client} holds the forgotten {task}"
        assert (client, local) in task.wants() or local in open_rows, f"{client} holds {task} without wanting it"
    for submission in client.submissions.values():
        assert submission.n_left == sum(submission.left), f"{client}: n_left is {submission.n_left}"
        for row, left in enumerate(submission.left):
            task = client.tasks.get(submission.first + row)
            if left:
                assert task is not None, f"an announced row {row} of {client} is gone"
                announced[task] += left


def _check_task(state: ClusterState, task: Task) -> None:
    assert state.keys.get(task.key) is task, f"{task} isn't under its key"
    assert state.tasks.get(task.id & SERIAL_MASK) is task, f"{task} isn't under its id"
    status = task.state
    departing = [client for client, _ in state.departing]
    for client, local in task.wants():
        if client is not state.keeper:
            assert not client.gone or client in departing, f"{task} is wanted by {client}, which is gone"
            assert client.tasks.get(local) is task, (
                f"{task} is wanted by {client} under {local}, which means another one"
            )
    assert (status == MEMORY) == bool(task.holders()), f"{task} has the holders {task.holders()}"
    assert (status == ERRED) == (task.failure is not None), f"{task} has the failure {task.failure}"
    assert (status == NO_WORKER) == (task in state.no_worker), f"{task} and the table of no-worker tasks differ"
    assert task.value is None or status == MEMORY, f"{task} has a value"
    if status == WAITING and task.recipe is not None:
        missing = sum(dep.state != MEMORY for dep in task.deps)
        assert task.n_missing == missing > 0, f"{task}: n_missing is {task.n_missing}, counted {missing}"
        assert all(dep.state in (MEMORY, *_ACTIVE) for dep in task.deps), f"{task} waits for {task.deps}"
    if status in (QUEUED, NO_WORKER, PROCESSING) and not (task.worker and task in task.worker.long_running):
        assert all(dep.state == MEMORY for dep in task.deps), f"{task} has dependencies {task.deps}"
    if status == MEMORY and task.keeps_inputs:
        assert all(dep.state == MEMORY for dep in task.deps), f"{task} has lost inputs that it keeps: {task.deps}"
    if status == PROCESSING:
        assert task.worker is not None, f"{task} is processing nowhere"
        assert task in task.worker.processing, f"{task} is processing at {task.worker}, which doesn't know"
    elif status != QUEUED:
        assert task.worker is None, f"{task} has the worker {task.worker}"
    if status in (WAITING, QUEUED, NO_WORKER, PROCESSING, MEMORY):
        assert task.needed or state.unneeded or departing, f"{task} is needed by nobody"
    if status == RELEASED:
        assert not task.needed, f"{task} should be computed"
        assert task.n_live > 0 or state.unneeded or departing, f"{task} should be forgotten"


def _check_worker(state: ClusterState, worker: Worker) -> None:
    assert worker.nbytes == sum(task.nbytes for task in worker.held), f"{worker}: nbytes"
    for task in worker.held:
        assert task.held_by(worker), f"{worker} holds {task}, which doesn't know"
    for task in worker.processing:
        assert (task.worker, task.state) == (worker, PROCESSING), f"{worker} processes {task}"
    assert set(worker.long_running) <= set(worker.processing), f"{worker}: long_running"
    assert set(worker.recalled) <= set(worker.processing), f"{worker}: recalled"
    busy = sum(task.cost_us for task in worker.processing if task not in worker.long_running)
    assert worker.busy_us == busy, f"{worker}: busy_us is {worker.busy_us}, counted {busy}"
    coming = sum(task.nbytes for task in worker.processing if task not in worker.long_running)
    assert worker.coming_bytes == coming, f"{worker}: coming_bytes is {worker.coming_bytes}, counted {coming}"
    heaps = [worker.heap, *(heap for owner, heap in state.homeless if owner is worker)]
    queued = {task for heap in heaps for _, task in heap if task.state == QUEUED and task.worker is worker}
    assert worker.queued_us == sum(task.cost_us for task in queued), f"{worker}: queued_us"
    assert (worker in state.running) == (worker.status == "running"), f"{worker} and the list of running ones differ"
    assert (worker.status == "gone") == (state.worker_peers.get(worker.peer) is not worker), f"{worker}: peer"
    for name, total in worker.resources.items():
        used = sum(
            task.options.resources.get(name, 0)
            for task in worker.processing
            if task.options is not None and task not in worker.long_running
        )
        assert abs(worker.free_resources[name] + used - total) < 1e-9, f"{worker}: resource {name}"


def _check_queues(state: ClusterState, tasks: list[Task]) -> None:
    queued: set[Task] = set()
    for worker in state.workers.values():
        queued.update(task for _, task in worker.heap if task.worker is worker)
        for part in worker.slices:
            queued.update(task for task in part.tasks if task.worker is None)
    for owner, heap in state.homeless:
        queued.update(task for _, task in heap if task.worker is owner)
    for part in state.orphans:
        queued.update(task for task in part.tasks if task.worker is None)
    queued.update(task for _, task in state.pool if task.worker is None)
    for options in state.options.values():
        queued.update(task for _, task in options.heap if task.worker is None)
        assert options.n_tasks > 0, f"options {options.text} are used by nobody"
    for task in tasks:
        assert task.state != QUEUED or task in queued, f"{task} is in no queue"
