"""Workers that come, pause, leave in order, or die; and their nannies' words about it.

Place in the flow: called by `machine`. A worker that leaves in order (retired, or closing by itself) gets no more tasks,
gives back what it hasn't started, and goes when what it runs is done and what only it holds is held elsewhere, too.
One that dies loses its results (they are computed again if somebody needs them) and its tasks: with a nanny the machine
waits a moment for the nanny to say which tasks were running, because only those are to blame.

Invariant: a worker stands in ``running`` exactly while its status is "running"; one that is "gone" stands nowhere, but
for the moment in which its nanny's word is awaited, when it stays in ``workers``.
"""

from __future__ import annotations

from heapq import heappush

from minidask_distributed.messages import (
    Acquire,
    Bye,
    KillWorker,
    Leave,
    Recall,
    RegisterNanny,
    RegisterWorker,
    WorkerDied,
    WorkerGone,
    WorkerRegistered,
    WorkerStatus,
)
from minidask_distributed.protocol.keys import decode_keys, encode_keys
from minidask_distributed.scheduler.machine.holding import hold, unhold
from minidask_distributed.scheduler.machine.queues import enqueue, give_up_queue
from minidask_distributed.scheduler.machine.records import Failure, Options, Task, Worker
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import FORGOTTEN, NO_WORKER, PROCESSING, QUEUED, WAITING
from minidask_distributed.scheduler.machine.transitions import fail, lost_data, requeue
from minidask_distributed.scheduler.machine.upload import may_run

MOST_LEAVING = 1000
"""Workers that leave are remembered until so many others did: their processes need moments to end, sometimes seconds."""


def register(state: ClusterState, peer: int, message: RegisterWorker) -> None:
    """A worker joins, or comes back with what it held."""
    if message.nthreads < 1:
        raise ValueError(f"a worker needs at least one thread, got {message.nthreads}")
    for taken in (message.name, message.address):
        other = state.worker_names.get(taken)
        if other is not None and other.status != "gone":
            if other.nanny and other.nanny == message.nanny:
                # The nanny has started its successor before we heard of the end.
                dismiss(state, other, "replaced by a new process")
                continue
            what = "name" if taken == message.name else "address"
            refuse(
                state, peer, f"a worker with the {what} {taken!r} belongs to the cluster already; choose another one"
            )
            return
    number = state.next_worker
    state.next_worker += 1
    worker = Worker(number, peer, message.address, message.name, message.nthreads, message.memory_limit)
    worker.nanny = message.nanny
    worker.info = message.info
    worker.resources = dict(message.resources)
    worker.free_resources = dict(message.resources)
    worker.last_seen = state.now
    state.workers[number] = worker
    state.worker_peers[peer] = worker
    state.worker_names[worker.address] = worker
    state.worker_names[worker.name] = worker
    state.leaving.pop(worker.address, None)
    offered = [state.keys.get(key) for key in decode_keys(message.held)]
    for task, nbytes in zip(offered, message.held_nbytes, strict=True):
        if task is not None and task.state not in (PROCESSING, FORGOTTEN) and not task.held_by(worker):
            hold(state, worker, task, nbytes)
    # Only now: one result may have made another one superfluous. It comes first, before any word about these.
    held = [task.id if task is not None and task.held_by(worker) else 0 for task in offered]
    worker.out.insert(0, WorkerRegistered(number, state.epoch, held))
    state.touched[worker] = None
    start_running(state, worker)
    state.notice("worker-added", address=worker.address, name=worker.name)


def refuse(state: ClusterState, peer: int, reason: str) -> None:
    """Tell a peer why it can't belong to the cluster, and have its comm closed."""
    state.other_out.setdefault(peer, []).append(Bye(reason))
    state.to_close.append((peer, reason))


def start_running(state: ClusterState, worker: Worker) -> None:
    """A worker takes tasks from now on."""
    worker.status = "running"
    state.running.append(worker)
    _count_memory(state)
    for options in state.options.values():
        if options.restricted and may_run(worker, options):
            add_candidate(state, worker, options)
    state.dirty[worker] = None


def add_candidate(state: ClusterState, worker: Worker, options: Options) -> None:
    """A worker may run tasks with these options: also those that waited for one that may."""
    if worker in options.candidates:
        return
    options.candidates[worker] = None
    if len(options.candidates) == 1 and state.no_worker:
        for task in [task for task in state.no_worker if task.options is options]:
            del state.no_worker[task]
            enqueue(state, task)
    if options.heap:
        worker.restricted[options] = None


def stop_running(state: ClusterState, worker: Worker, status: str) -> None:
    """A worker takes no more tasks; what is queued for it goes elsewhere."""
    if worker.status == "running":
        state.running.remove(worker)
        _count_memory(state)
    worker.status = status
    state.idle.pop(worker, None)
    state.dirty.pop(worker, None)
    state.unstarted.enter(worker, 0)
    give_up_queue(state, worker)
    if status in ("closing", "gone"):
        for options in list(state.options.values()):
            if worker in options.candidates:
                del options.candidates[worker]
                if not options.candidates:
                    _without_candidates(state, options)
        worker.restricted.clear()


def _without_candidates(state: ClusterState, options: Options) -> None:
    """The last worker that may run such tasks is gone: they wait for another, or go anywhere if they may."""
    entries, options.heap = options.heap, []
    for priority, task in sorted(entries, key=lambda entry: entry[0]):
        if task.state != QUEUED or task.worker is not None:
            continue
        if options.allow_other_workers and not options.resources:
            heappush(state.pool, (priority, task))
            state.dirty.update(state.idle)
        else:
            state.move(task, NO_WORKER)
            state.no_worker[task] = None


def _count_memory(state: ClusterState) -> None:
    limits = [worker.memory_limit for worker in state.running]
    state.memory_limit = sum(limits) if limits and all(limits) else 0


def status(state: ClusterState, worker: Worker, message: WorkerStatus) -> None:
    """A worker pauses, goes on, or wants to leave."""
    if worker.status == "closing":
        return
    if message.status == "closing":
        retire(state, worker, "it asked to leave")
    elif message.status == "paused" and worker.status == "running":
        stop_running(state, worker, "paused")
        # What may run elsewhere needn't wait for this worker's memory.
        recall_unstarted(state, worker)
    elif message.status == "running" and worker.status == "paused":
        start_running(state, worker)
    state.notice("worker-status", address=worker.address, status=worker.status)


def recall_unstarted(state: ClusterState, worker: Worker) -> None:
    """Ask a worker for everything that it hasn't started."""
    from_worker = [
        task for task in worker.processing if task not in worker.recalled and task not in worker.long_running
    ]
    if from_worker:
        worker.recalled.update(dict.fromkeys(from_worker))
        state.tell_worker(worker, Recall([task.id for task in from_worker]))


def retire(state: ClusterState, worker: Worker, reason: str) -> None:
    """Let a worker leave in order: its data are copied to others first."""
    if worker.status in ("closing", "gone"):
        return
    worker.closing = reason
    state.leaving[worker.address] = None
    if len(state.leaving) > MOST_LEAVING:
        del state.leaving[next(iter(state.leaving))]
    stop_running(state, worker, "closing")
    recall_unstarted(state, worker)
    hand_over(state, worker)
    state.leaving_changed = True


def hand_over(state: ClusterState, worker: Worker) -> None:
    """Have others fetch what only this worker holds."""
    only_here = [
        task
        for task in sorted(worker.held, key=lambda task: task.id)
        if task.needed
        and not task.kept
        and task not in worker.unique
        and all(holder.status in ("closing", "gone") for holder in task.holders())
    ]
    if not only_here:
        return
    if not state.running:
        # Nobody can take it: what has lineage is computed again later, the rest is lost when the worker goes.
        return
    shares: dict[Worker, list[Task]] = {}
    stored = {one: one.nbytes for one in state.running}
    for task in only_here:
        target = min(stored, key=lambda one: (stored[one], one.number))
        stored[target] += task.nbytes
        shares.setdefault(target, []).append(task)
        worker.unique[task] = target
    for target, tasks in shares.items():
        peers = {}
        if worker.number not in target.known_peers:
            target.known_peers.add(worker.number)
            peers[worker.number] = worker.address
        ids = [task.id for task in tasks]
        keys = encode_keys([task.key for task in tasks])
        sizes = {task.id: task.nbytes for task in tasks}
        state.tell_worker(target, Acquire(ids, keys, {one: [worker.number] for one in ids}, sizes, peers))


def let_leave(state: ClusterState) -> None:
    """Let those go that wanted to leave and have nothing more that anybody needs."""
    state.leaving_changed = False
    for worker in list(state.workers.values()):
        if worker.status != "closing" or worker.processing:
            continue
        hand_over(state, worker)
        waiting = [
            task
            for task, target in worker.unique.items()
            if target is not None and task.held_by(worker) and task.needed and len(task.holders()) == 1
        ]
        if waiting and state.running:
            continue
        state.tell_worker(worker, Leave(worker.closing))
        worker.closing = worker.closing or "leaves"
        remove(state, worker, worker.closing)


def peer_gone(state: ClusterState, worker: Worker, reason: str, on_purpose: bool) -> None:
    """A worker's comm closed."""
    if on_purpose:
        worker.died = ([], reason)
    if worker.nanny in state.nanny_peers and worker.died is None and worker.processing:
        # Its tasks wait for the nanny's word; its results are lost in any case.
        worker.gone_at = state.now
        stop_running(state, worker, "gone")
        state.worker_peers.pop(worker.peer, None)
        _forget_names(state, worker)
        _lose_held(state, worker)
        state.notice("worker-removed", address=worker.address, name=worker.name, reason=reason)
        return
    gone(state, worker, reason)


def nanny_speaks(state: ClusterState, message: WorkerDied) -> None:
    """A nanny says that its worker died, and what was running."""
    for worker in list(state.workers.values()):
        if worker.nanny == message.nanny and (not message.address or worker.address == message.address):
            worker.died = (message.running or _being_read(worker), message.reason)
            dismiss(state, worker, message.reason)
    state.notice("worker-died", nanny=message.nanny, reason=message.reason, restarts=message.restarts)


def _being_read(worker: Worker) -> list[int]:
    """Nothing ran when it died: then the data of the first task that was to be sent some are what may have ended it."""
    waiting = [task for task in worker.processing if not all(dep.held_by(worker) for dep in task.deps)]
    return [min(waiting, key=lambda task: task.priority).id] if waiting else []


def dismiss(state: ClusterState, worker: Worker, reason: str) -> None:
    """A worker is known to be gone; should its comm be open still, what comes from it is void."""
    if worker.status != "gone":
        state.departed.add(worker.peer)
        state.to_close.append((worker.peer, reason))
    gone(state, worker, reason)


def gone(state: ClusterState, worker: Worker, reason: str) -> None:
    """A worker is gone for good: blame, give its tasks to others, make its results again."""
    first_news = worker.status != "gone"
    if first_news:
        stop_running(state, worker, "gone")
        state.worker_peers.pop(worker.peer, None)
        _forget_names(state, worker)
    tasks = list(worker.processing)
    if worker.died is not None:
        ids = set(worker.died[0])
        blamed = [task for task in tasks if task.id in ids]
        reason = worker.died[1] or reason
    else:
        # Nobody can say: those that were sent first, one a thread, and the seceded ones.
        unstarted = [task for task in sorted(tasks, key=lambda task: task.priority) if task not in worker.long_running]
        blamed = [*unstarted[: worker.nthreads], *worker.long_running]
    to_blame = set(blamed) if not worker.closing else set()
    for task in tasks:
        if task in to_blame:
            task.crashes += 1
            if task.crashes > state.limits.allowed_failures:
                fail(state, task, _killer(task, worker, reason))
                continue
        if task.state == PROCESSING and task.worker is worker:
            requeue(state, task)
    _lose_held(state, worker)
    state.workers.pop(worker.number, None)
    for task in list(worker.expected):
        # Whether the client got it there or not: nobody has it, and nobody else is to have it.
        if task.state == WAITING and not any(task in other.expected for other in state.workers.values()):
            fail(state, task, lost_data(task))
    for other in state.workers.values():
        if worker.number in other.known_peers:
            state.tell_worker(other, WorkerGone([worker.number]))
        if other.unique:
            # What it was to take over from one that leaves, somebody else must.
            other.unique = {task: target for task, target in other.unique.items() if target is not worker}
    state.dirty.pop(worker, None)
    state.touched.pop(worker, None)
    state.freeing.pop(worker, None)
    state.leaving_changed = True
    if first_news:
        state.notice("worker-removed", address=worker.address, name=worker.name, reason=reason)


def remove(state: ClusterState, worker: Worker, reason: str) -> None:
    """A worker that left in order is gone, with its outbox still to be sent."""
    out = worker.out
    worker.died = ([], reason)
    gone(state, worker, reason)
    state.other_out.setdefault(worker.peer, []).extend(out)
    worker.out = []


def _forget_names(state: ClusterState, worker: Worker) -> None:
    for name in (worker.address, worker.name):
        if state.worker_names.get(name) is worker:
            del state.worker_names[name]


def _lose_held(state: ClusterState, worker: Worker) -> None:
    unhold(state, worker, sorted(worker.held, key=lambda task: task.id))


def _killer(task: Task, worker: Worker, reason: str) -> Failure:
    """Return the failure of a task that took too many workers with it."""
    text = (
        f"{task.crashes} workers died while they ran the task {task.key!r}; the last one, {worker.name!r}, ended so: "
        f"{reason or 'its connection broke'}. The task isn't tried again: look for a crash in compiled code, or for a "
        "task that needs more memory than a worker has"
    )
    return Failure.own(task, "killed-worker", "KilledWorker", text, worker.address)


def nanny_joins(state: ClusterState, peer: int, message: RegisterNanny) -> None:
    """A nanny introduces itself."""
    state.nannies[peer] = message.nanny
    state.nanny_peers[message.nanny] = peer


def nanny_gone(state: ClusterState, peer: int) -> None:
    """A nanny's comm closed: its word is awaited no longer."""
    name = state.nannies.pop(peer)
    if state.nanny_peers.get(name) == peer:
        del state.nanny_peers[name]
    for worker in list(state.workers.values()):
        if worker.nanny == name and worker.status == "gone":
            gone(state, worker, "it and its nanny are gone")


def kill(state: ClusterState, worker: Worker, restart: bool, reason: str) -> bool:
    """Have a worker's process ended by its nanny; return whether it has one."""
    peer = state.nanny_peers.get(worker.nanny)
    if peer is None:
        return False
    state.other_out.setdefault(peer, []).append(KillWorker(restart, reason))
    # What runs there is not to blame for an end that was ordered.
    worker.closing = worker.closing or reason
    return True


def was_deaf(state: ClusterState, seconds: float) -> None:
    """Nobody listened for so long: what was said or reported meanwhile is still to come."""
    for worker in state.workers.values():
        worker.last_seen = min(worker.last_seen + seconds, state.now)
        if worker.gone_at >= 0:
            worker.gone_at = min(worker.gone_at + seconds, state.now)


def watch(state: ClusterState) -> None:
    """Look for workers that fell silent, and for nannies that don't speak."""
    limits = state.limits
    for worker in list(state.workers.values()):
        if worker.status == "gone":
            if worker.gone_at >= 0 and state.now - worker.gone_at > limits.nanny_report_s:
                gone(state, worker, "its connection broke, and its nanny says nothing")
        elif limits.worker_ttl_s and state.now - worker.last_seen > limits.worker_ttl_s:
            reason = f"nothing was heard of it for {limits.worker_ttl_s:g} s"
            state.to_close.append((worker.peer, reason))
            gone(state, worker, reason)
        elif state.idle and state.now - worker.last_seen > limits.recall_after_s:
            # Its estimates were wrong: what was thought to be short runs on.
            waiting = len(worker.processing) - len(worker.long_running) - len(worker.recalled) - worker.nthreads
            state.unstarted.enter(worker, waiting)
