"""Queued tasks: where one that could run waits, which one a worker gets next, and how idle workers find work.

Place in the flow: `transitions` calls `enqueue` with what became ready, `upload` deals a submission's roots out in
`spread`, `assign` calls `take` for workers that have room and `steal` for those that found nothing.

The plan ("queued blocks"): roots of a large submission are dealt out in contiguous shares, in the order in which they
are to run, weighted by threads; so neighbours, which are reduced together, meet on one worker. A worker pulls from its
own share. Other tasks wait at the worker that holds most of their bytes. A worker with nothing left takes half of what
one of the richest has, from the tail. Tasks that only some workers may run wait in a queue of their kind, which these
look into. Under memory pressure roots run in plain order, so that what began is ended before more begins.

Invariants: a queued task stands in at least one queue; entries of a queue may be stale and are skipped: an entry of a
worker's heap (also of one that is homeless now) counts while the task is queued and its ``worker`` is that worker, an entry
elsewhere while the task is queued and its ``worker`` is None. A worker's ``queued_us`` is the cost of the counting entries.
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush

from minidask_distributed.scheduler.machine.records import Slice, Submission, Task, Worker
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import NO_WORKER, QUEUED

WARM_BYTES = 16 << 20  # so much more than others a worker may hold, and get lone tasks all the same
MOST_STOLEN = 512  # tasks that move at once from a heap: what a worker takes ahead at most


def enqueue(state: ClusterState, task: Task) -> None:
    """Put a task, all of whose dependencies are in memory, where it waits for a worker."""
    options = task.options
    if options is not None and options.restricted:
        if options.candidates:
            state.move(task, QUEUED)
            task.worker = None
            heappush(options.heap, (task.priority, task))
            if len(options.heap) == 1:
                for worker in options.candidates:
                    worker.restricted[options] = None
                    state.dirty[worker] = None
            return
        if not options.allow_other_workers or options.resources:
            state.move(task, NO_WORKER)
            task.worker = None
            state.no_worker[task] = None
            return
    state.move(task, QUEUED)
    place(state, task)


def place(state: ClusterState, task: Task) -> None:
    """Put a queued task that any worker may run into the queue of the best one; without workers into the pool."""
    worker = best_worker(state, task)
    if worker is None:
        task.worker = None
        heappush(state.pool, (task.priority, task))
    else:
        put(state, worker, task)


def put(state: ClusterState, worker: Worker, task: Task) -> None:
    """Put a queued task into a worker's own queue."""
    recipe = task.recipe
    task.cost_us = cost = 0 if recipe is None else recipe.cost_us
    task.worker = worker
    worker.queued_us += cost
    heappush(worker.heap, (task.priority, task))
    state.dirty[worker] = None


def best_worker(state: ClusterState, task: Task) -> Worker | None:
    """Return the running worker that holds most bytes of a task's dependencies; without any, an idle one, or the next in turn."""
    deps = task.deps
    if deps:
        first = deps[0].holder
        for dep in deps:
            if dep.holder is not first or dep.copies is not None:
                break
        else:
            if first is not None and first.status == "running":
                return first
        amounts: dict[Worker, int] = {}
        for dep in deps:
            holder = dep.holder
            if holder is not None:
                amounts[holder] = amounts.get(holder, 0) + dep.nbytes
                if dep.copies is not None:
                    for holder in dep.copies:
                        amounts[holder] = amounts.get(holder, 0) + dep.nbytes
        best: Worker | None = None
        most = -1
        for worker, amount in amounts.items():
            if worker.status != "running":
                continue
            # Equal amounts: the one with less to do; the earlier number decides what is left.
            if amount > most or (amount == most and best is not None and _load(worker) < _load(best)):
                best, most = worker, amount
        if best is not None:
            return best
    idle = state.idle
    if idle:
        first, warm = next(iter(idle)), state.warm
        if warm is not None and warm in idle and _is_as_free(warm, first):
            # Tasks that come one after another stay where the last one has just been: there all is in the caches.
            return warm
        # To the end of the line, so that the next task finds another one.
        del idle[first]
        idle[first] = None
        # In this process the thread that has just reported still wants the interpreter, which everybody shares.
        state.warm = None if first.address.startswith("inproc://") else first
        return first
    running = state.running
    if not running:
        return None
    state.turn += 1
    return running[state.turn % len(running)]


def _is_as_free(worker: Worker, other: Worker) -> bool:
    """Return whether a worker has nothing to do, and holds hardly more than another one."""
    return not worker.processing and not worker.heap and worker.nbytes <= other.nbytes + WARM_BYTES


def _load(worker: Worker) -> float:
    return (worker.busy_us + worker.queued_us) / worker.nthreads


def spread(state: ClusterState, submission: Submission, roots: int) -> None:
    """Decide which worker owns which roots of a submission, if it has enough of them to be worth it."""
    running = state.running
    if roots < state.limits.spread_from or len(running) < 2:
        return
    siblings: deque[Slice] = deque()
    threads = sum(worker.nthreads for worker in running)
    before = 0
    for worker in running:
        before += worker.nthreads
        share = Slice(siblings)
        siblings.append(share)
        submission.shares.append((roots * before // threads, worker, share))
    submission.shares.reverse()


def enqueue_root(state: ClusterState, submission: Submission, task: Task) -> None:
    """Put an unrestricted root into the share that its place in the submission belongs to."""
    shares = submission.shares
    ordinal = submission.n_roots
    while shares and shares[-1][0] <= ordinal:
        shares.pop()
    if not shares or shares[-1][1].status != "running":
        enqueue(state, task)
        return
    _, worker, share = shares[-1]
    state.move(task, QUEUED)
    if not share.tasks and share not in worker.slices:
        worker.slices.append(share)
    share.tasks.append(task)
    state.dirty[worker] = None


def take(state: ClusterState, worker: Worker) -> Task | None:
    """Remove the task that a worker is to run next from the queues and return it; None if there is none for it."""
    best: Task | None = None
    heap = worker.heap
    while heap:
        task = heap[0][1]
        if task.worker is worker and task.state == QUEUED:
            best = task
            break
        heappop(heap)
    source: Slice | None = None
    if worker.slices:
        for part in worker.slices:
            if state.pressed:
                part = _earliest(part)
            tasks = part.tasks
            while tasks and (tasks[0].state != QUEUED or tasks[0].worker is not None):
                tasks.popleft()
            if tasks and (best is None or tasks[0].priority < best.priority):
                best, source = tasks[0], part
        if not worker.slices[0].tasks and (source is None or source in worker.slices):
            worker.slices = [part for part in worker.slices if part.tasks]
    if worker.restricted:
        chosen = _take_restricted(worker, best)
        if chosen is not None:
            return chosen
    if best is None:
        return None
    if source is not None:
        source.tasks.popleft()
    else:
        heappop(heap)
        worker.queued_us -= best.cost_us
    return best


def _earliest(part: Slice) -> Slice:
    """Return the share of the same submission that comes first in order."""
    siblings = part.siblings
    while siblings and not siblings[0].tasks:
        siblings.popleft()
    return siblings[0] if siblings else part


def _take_restricted(worker: Worker, rival: Task | None) -> Task | None:
    """Remove and return the first task that only some workers may run, if it goes before the rival."""
    for options in list(worker.restricted):
        heap = options.heap
        while heap and (heap[0][1].state != QUEUED or heap[0][1].worker is not None):
            heappop(heap)
        if not heap:
            for candidate in options.candidates:
                candidate.restricted.pop(options, None)
            continue
        if any(worker.free_resources.get(name, 0) < amount for name, amount in options.resources.items()):
            continue
        if rival is None or heap[0][0] < rival.priority:
            return heappop(heap)[1]
    return None


def give_up_queue(state: ClusterState, worker: Worker) -> None:
    """Return all that a worker has queued, because it leaves or takes nothing for now: by and by if it is much."""
    state.orphans.extend(part for part in worker.slices if part.tasks)
    worker.slices = []
    if worker.heap:
        state.homeless.append((worker, worker.heap))
        worker.heap = []
        rehouse(state)
    state.backlogs.enter(worker, 0)
    if state.orphans:
        # Somebody idle must look, and there may be no other reason to.
        state.dirty.update(state.idle)


def rehouse(state: ClusterState) -> None:
    """Find places for as many tasks of workers that take nothing as this turn has left, in their order."""
    while state.homeless and state.drops_left > 0:
        worker, heap = state.homeless[0]
        while heap and state.drops_left > 0:
            task = heappop(heap)[1]
            state.drops_left -= 2
            if task.worker is worker and task.state == QUEUED:
                worker.queued_us -= task.cost_us
                place(state, task)
        if not heap:
            state.homeless.popleft()


def _priority(entry: tuple[int, Task]) -> int:
    return entry[0]


def steal(state: ClusterState, thief: Worker) -> bool:
    """Give an idle worker something from those that have most; return whether there was anything."""
    if state.orphans:
        part = state.orphans.pop()
        thief.slices.append(part)
        return True
    if state.pool:
        entries, state.pool = state.pool, []
        for _, task in sorted(entries, key=_priority):
            if task.worker is None and task.state == QUEUED:
                put(state, thief, task)
        return bool(thief.heap)
    while (victim := state.backlogs.largest(without=thief)) is not None:
        count = _steal_slice(victim, thief) if victim.slices else 0
        if count or (count := _steal_heap(state, victim, thief)):
            state.backlogs.enter(victim, victim.backlog)
            state.stolen.append((state.now, victim.address, thief.address, count))
            return True
        # Nothing that is worth moving; it comes back into the index when something changes there.
        state.backlogs.enter(victim, 0)
    return False


def _steal_slice(victim: Worker, thief: Worker) -> int:
    """Move half of the victim's largest share; return how many tasks that are."""
    largest = max(victim.slices, key=_size)
    tasks = largest.tasks
    if not tasks:
        return 0
    stolen = Slice(largest.siblings)
    move = stolen.tasks.appendleft
    for _ in range((len(tasks) + 1) // 2):
        move(tasks.pop())
    largest.siblings.append(stolen)
    thief.slices.append(stolen)
    return len(stolen.tasks)


def _size(part: Slice) -> int:
    return len(part.tasks)


def _steal_heap(state: ClusterState, victim: Worker, thief: Worker) -> int:
    """Move up to half of the victim's heap; return how many entries that are."""
    heap = victim.heap
    # The end of a heap's list is among the last to run, and what is left is a heap.
    while heap and (heap[-1][1].worker is not victim or heap[-1][1].state != QUEUED):
        heap.pop()
    if not heap:
        return 0
    missing = sum(dep.nbytes for dep in heap[-1][1].deps if dep.value is None and not dep.held_by(thief))
    if missing and missing * 1_000_000 // state.bandwidth > _load(victim):
        return 0
    count = min((len(heap) + 1) // 2, MOST_STOLEN)
    stolen = heap[-count:]
    del heap[-count:]
    for entry in stolen:
        task = entry[1]
        if task.worker is victim and task.state == QUEUED:
            victim.queued_us -= task.cost_us
            task.worker = thief
            thief.queued_us += task.cost_us
            thief.heap.append(entry)
    heapify(thief.heap)
    return count
