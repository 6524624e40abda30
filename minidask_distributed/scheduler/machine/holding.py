"""Results in workers' memory: copies that come and go, and data that clients scatter.

Place in the flow: called by `outcomes`, `workers` and `machine`; says what is held where, and lets `transitions` draw the
conclusions.

Invariant: a worker's ``held`` and ``nbytes`` say the same as the holders of the tasks.
"""

from __future__ import annotations

from minidask.graph.task import Key
from minidask_distributed.messages import Destinations, Scatter, Store
from minidask_distributed.protocol.keys import decode_keys, encode_keys
from minidask_distributed.scheduler.machine.records import Client, Failure, Task, Worker
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
from minidask_distributed.scheduler.machine.transitions import (
    arrive,
    drop,
    drop_value,
    fail,
    leave_queue,
    lose_result,
    no_longer_waits,
    want,
)


def hold(state: ClusterState, worker: Worker, task: Task, nbytes: int) -> None:
    """A worker holds a result (that it didn't compute for us just now)."""
    worker.expected.pop(task, None)
    if task.held_by(worker):
        worker.unconfirmed.pop(task, None)
        return
    before = task.state
    if before == MEMORY:
        nbytes = task.nbytes
    elif before == PROCESSING and task.worker is worker:
        # Whether it has that copy still, or was told to free it before: either way it will say that it finished.
        return
    elif before in (ERRED, PROCESSING) or task.keeps_inputs:
        # Failed meanwhile, or taken for lost and being made again (or of what was lost): this copy is of no use.
        state.tell_free(worker, task.id)
        return
    task.nbytes = nbytes
    if task.trouble is not None:
        task.trouble.doubts.pop(worker.number, None)
    if task.holder is None:
        task.holder = worker
    elif task.copies is None:
        task.copies = {worker: None}
    else:
        task.copies[worker] = None
    worker.held.add(task)
    worker.nbytes += nbytes
    state.managed_bytes += nbytes
    if before == MEMORY:
        return
    if before == QUEUED:
        leave_queue(state, task)
    elif before == NO_WORKER:
        del state.no_worker[task]
    state.move(task, MEMORY)
    arrive(state, task)
    if before != RELEASED:
        no_longer_waits(state, task)
    if not task.needed:
        drop(state, task)


def unhold(state: ClusterState, worker: Worker, tasks: list[Task]) -> None:
    """A worker can't give these results any more; those without another copy are lost."""
    lost = []
    for task in tasks:
        if not task.held_by(worker):
            continue
        if task in worker.unconfirmed:
            # Reading it may be what ended the worker, or can't be done: the next one would fare no better.
            del worker.unconfirmed[task]
            drop_value(state, task)
        worker.held.discard(task)
        worker.unique.pop(task, None)
        state.make_room(worker, task.nbytes)
        if task.holder is worker:
            if task.copies:
                task.holder = next(iter(task.copies))
                del task.copies[task.holder]
            else:
                task.holder = None
        elif task.copies is not None:
            del task.copies[worker]
        if not task.copies:
            task.copies = None
        if task.holder is None:
            lost.append(task)
    kept = _restore(state, [task for task in lost if task.value is not None and task.needed and not task.kept])
    lose_result(state, [task for task in lost if task not in kept])


def _restore(state: ClusterState, tasks: list[Task]) -> set[Task]:
    """Give small results, which are kept here, to another worker; return those that are safe so."""
    if not tasks or not state.running:
        return set()
    state.turn += 1
    worker = state.running[state.turn % len(state.running)]
    keys = encode_keys([task.key for task in tasks])
    state.tell_worker(worker, Store([task.id for task in tasks], keys, [task.value for task in tasks]))
    for task in tasks:
        task.holder = worker
        worker.unconfirmed[task] = None
        worker.held.add(task)
        worker.nbytes += task.nbytes
        state.managed_bytes += task.nbytes
    return set(tasks)


def scatter(state: ClusterState, client: Client, message: Scatter) -> None:
    """Hold data without lineage: hand it to workers, or tell the client where to put it.

    Raises
    ------
    ValueError
        If the columns differ in length.
    """
    keys = decode_keys(message.keys)
    if not len(keys) == len(message.nbytes) == len(message.payloads):
        raise ValueError("the columns of scattered data have different lengths")
    eligible = state.running
    if message.workers:
        names = set(message.workers)
        eligible = [
            one for one in eligible if one.address in names or one.name in names or one.info.get("host") in names
        ]
    stores: dict[Worker, tuple[list[Task], list[object]]] = {}
    directions = Destinations(message.first, [], [])
    asked = any(payload is None for payload in message.payloads)
    for at, (key, nbytes, payload) in enumerate(zip(keys, message.nbytes, message.payloads, strict=True)):
        local = message.first + at
        task = state.keys.get(key)
        is_new = task is None
        if task is None:
            task = _new_data(state, key)
        elif task.state == ERRED and task.recipe is None:
            _expect_again(state, task)
        client.tasks.set(local, task)
        want(state, task, client, local)
        if not eligible and task.state == WAITING:
            fail(state, task, _no_place(task, message.workers))
        targets = _targets(state, eligible, message.copies)
        if asked:
            directions.tasks.append(task.id)
            directions.addresses.append([worker.address for worker in targets])
        if payload is None:
            for worker in targets:
                worker.expected[task] = None
        else:
            for worker in targets:
                tasks, payloads = stores.setdefault(worker, ([], []))
                tasks.append(task)
                payloads.append(payload)
                # It is on its way on an ordered channel: what the worker is told later finds it there.
                if is_new and task.state == WAITING:
                    _hold_first(state, worker, task, nbytes)
                else:
                    hold(state, worker, task, nbytes)
                if task.held_by(worker):
                    worker.unconfirmed[task] = None
    for worker, (tasks, payloads) in stores.items():
        keys = encode_keys([task.key for task in tasks])
        state.tell_worker(worker, Store([task.id for task in tasks], keys, payloads))
    if asked:
        client.out.append(directions)
        state.dirty_clients[client] = None


def _new_data(state: ClusterState, key: Key) -> Task:
    """Return a task that is data without lineage: it waits for the data to arrive."""
    serial = state.reserve(1)
    task = Task(state.task_id(serial), key, None, None, (), None)
    state.keys[key] = task
    state.tasks.set(serial, task)
    state.counts[RELEASED] += 1
    state.move(task, WAITING)
    return task


def _expect_again(state: ClusterState, task: Task) -> None:
    """Data that were lost are scattered again."""
    task.failure = None
    state.move(task, RELEASED)
    state.move(task, WAITING)
    for client, local in task.wants():
        state.tell_undone(client, local)


def _hold_first(state: ClusterState, worker: Worker, task: Task, nbytes: int) -> None:
    """Do as `hold` for data that nobody knew before and somebody wants."""
    task.nbytes = nbytes
    task.holder = worker
    worker.held.add(task)
    worker.nbytes += nbytes
    state.managed_bytes += nbytes
    state.move(task, MEMORY)
    arrive(state, task)


def _targets(state: ClusterState, eligible: list[Worker], copies: int) -> list[Worker]:
    """Return the workers that are to hold the next piece of data: all, or so many in turn."""
    if not copies or copies >= len(eligible):
        return eligible
    state.turn += 1
    if copies == 1:
        return [eligible[state.turn % len(eligible)]]
    return [eligible[(state.turn + at) % len(eligible)] for at in range(copies)]


def _no_place(task: Task, workers: list[str] | None) -> Failure:
    where = f"none of the workers {', '.join(map(str, workers))} is there" if workers else "the cluster has no workers"
    return Failure.own(task, "lost", "TimeoutError", f"{task.key!r} can't be scattered: {where}")
