"""Send queued tasks to workers that have room, let idle ones find work, recall what waits behind long tasks.

Place in the flow: `machine.flush` calls `assign` once for all events of a receive callback, so that a worker gets one
message however many tasks it is given.

How much a worker is sent ahead: about twenty milliseconds of work for each thread by the functions' measured durations
(an unknown function counts half of that), always one task more than it has threads, so that data are fetched while the
threads work; at most `Limits.depth_count`, and no more than results of the functions' usual sizes fit into the memory
that it has left. It is sent more when less than 0.6 of that is left, not with each of its reports. What was sent and hasn't
started can be recalled; it moves only when the worker has confirmed.
"""

from __future__ import annotations

from minidask.graph.task import Key
from minidask_distributed.messages import Compute, Recall
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.machine.queues import steal, take
from minidask_distributed.scheduler.machine.records import Options, Recipe, Task, Worker
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import PROCESSING

REFILLED_AT = 0.6
"""Part of the depth below which a worker is sent more: then several tasks leave in one message, not one for each report."""

WORTH_RECALLING_US = 2_000
"""A worker whose sent work is shorter than this ends it before a recall could come back."""

MOST_RECALLED = 256
"""Tasks asked back at once, so that one message doesn't empty a deep queue into the hands of one thief."""

ALWAYS_AHEAD = 0.01
"""Part of a worker's limit that results of sent tasks may take though its memory is full: most functions' are small."""


def assign(state: ClusterState) -> None:
    """Fill every worker that was touched since the last time, then let idle ones look for work elsewhere."""
    limit = state.memory_limit
    pressed = bool(limit) and state.managed_bytes > state.limits.memory_pressure * limit
    if state.pressed and not pressed:
        # Workers go on with their own shares, of which they were to leave some for later.
        state.dirty.update(state.idle)
    state.pressed = pressed
    while state.dirty:
        dirty = list(state.dirty)
        state.dirty.clear()
        for worker in dirty:
            if worker.status == "running":
                refill(state, worker)
        if not state.idle:
            continue
        if state.backlogs or state.orphans or state.pool:
            for thief in list(state.idle):
                if not (state.backlogs or state.orphans or state.pool):
                    break
                # What it found may be stale, or less than it has threads for.
                while thief in state.idle and steal(state, thief):
                    refill(state, thief)
    if state.idle and state.unstarted:
        recall(state)


def has_room(state: ClusterState, worker: Worker, part: float = REFILLED_AT) -> bool:
    """Return whether a worker may be sent more: whether what it was sent is below a part of the depth."""
    count = len(worker.processing) - len(worker.long_running)
    if count <= worker.nthreads:
        return True
    return (
        worker.busy_us < state.limits.depth_us * worker.nthreads * part
        and count < state.limits.depth_count
        and (not worker.memory_limit or worker.coming_bytes <= room_bytes(state, worker))
    )


def room_bytes(state: ClusterState, worker: Worker) -> float:
    """Return how much the results of a worker's sent tasks may take: what it has left, and a little in any case.

    Examples
    --------
    >>> from minidask_distributed.scheduler.machine.state import Limits
    >>> state = ClusterState(1, Limits(memory_pressure=0.6))
    >>> worker = Worker(1, 1, "tcp://here:1", "one", 1, memory_limit=1_000)
    >>> room_bytes(state, worker)
    600.0
    >>> worker.nbytes = 2_000
    >>> room_bytes(state, worker)
    10.0
    """
    limit = worker.memory_limit
    return max(limit * state.limits.memory_pressure - worker.nbytes, limit * ALWAYS_AHEAD)


def refill(state: ClusterState, worker: Worker) -> None:
    """Send a worker what it has room for."""
    batch: Batch | None = None
    room = has_room(state, worker)
    while room:
        task = take(state, worker)
        if task is None:
            break
        if batch is None:
            batch = Batch(state, worker)
        batch.add(task)
        room = has_room(state, worker, 1)
    if batch is not None:
        batch.close()
    if room:
        state.idle[worker] = None
    else:
        state.idle.pop(worker, None)
    state.backlogs.enter(worker, 0 if room else worker.backlog)
    waiting = len(worker.processing) - len(worker.long_running) - len(worker.recalled) - worker.nthreads
    worth = waiting > 0 and worker.busy_us >= WORTH_RECALLING_US * worker.nthreads
    state.unstarted.enter(worker, waiting if worth else 0)


class Batch:
    """The tasks that one worker is sent in one message."""

    __slots__ = ("attempts", "keys", "message", "options", "recipes", "state", "worker")

    def __init__(self, state: ClusterState, worker: Worker) -> None:
        self.state = state
        self.worker = worker
        self.message = Compute([], None, [], [], [], [], [], [], [], None, {}, {}, {}, {}, {})
        self.keys: list[Key] = []
        self.attempts: list[int] = []
        self.recipes: dict[Recipe, None] = {}
        self.options: dict[Options, int] = {}

    def add(self, task: Task) -> None:
        """Move a queued task to this worker."""
        message, worker, state = self.message, self.worker, self.state
        recipe = task.recipe
        assert recipe is not None
        state.move(task, PROCESSING)
        task.worker = worker
        cost = task.cost_us = recipe.cost_us
        worker.busy_us += cost
        task.nbytes = recipe.expected_bytes
        worker.coming_bytes += task.nbytes
        worker.processing[task] = None
        message.tasks.append(task.id)
        self.keys.append(task.key)
        self.attempts.append(task.attempt)
        message.recipe.append(recipe.number)
        self.recipes[recipe] = None
        message.literals.append(task.literals)
        options = task.options
        if options is not None:
            for name, amount in options.resources.items():
                worker.free_resources[name] -= amount
            if message.option is None:
                message.option = [-1] * (len(message.tasks) - 1)
            place = self.options.get(options)
            if place is None:
                place = self.options[options] = len(message.options)
                message.options.append(options.sent)
            message.option.append(place)
        elif message.option is not None:
            message.option.append(-1)
        deps = task.deps
        message.n_deps.append(len(deps))
        for dep in deps:
            message.deps.append(dep.id)
            if dep.holder is worker or (dep.copies is not None and worker in dep.copies):
                continue
            if dep.value is not None:
                message.inlined[dep.id] = dep.value
            elif dep.id not in message.holders:
                self.locate(dep)

    def locate(self, dep: Task) -> None:
        """Say where a dependency can be fetched."""
        message, worker = self.message, self.worker
        holders = dep.holders()
        message.holders[dep.id] = [holder.number for holder in holders]
        message.sizes[dep.id] = dep.nbytes
        for holder in holders:
            if holder.number not in worker.known_peers:
                worker.known_peers.add(holder.number)
                message.peers[holder.number] = holder.address

    def close(self) -> None:
        """Complete the message and put it into the worker's outbox."""
        message, worker = self.message, self.worker
        message.keys = encode_keys(self.keys)
        if self.attempts.count(1) != len(self.attempts):
            message.attempts = self.attempts
        for recipe in self.recipes:
            number, expected = recipe.number, recipe.expected_us
            if number not in worker.known_recipes:
                worker.known_recipes.add(number)
                message.recipes.append([number, recipe.payload])
            if worker.told_us.get(number) != expected:
                worker.told_us[number] = expected
                message.expected[number] = expected
        worker.out.append(message)
        self.state.touched[worker] = None


def recall(state: ClusterState) -> None:
    """Ask busy workers for half of what they haven't started, one for each idle worker."""
    for thief in list(state.idle):
        if not state.unstarted:
            return
        if len(thief.processing) - len(thief.long_running) >= thief.nthreads:
            continue  # it has room, but no idle thread
        victim = state.unstarted.largest(without=thief)
        if victim is None:
            continue
        count = len(victim.processing) - len(victim.long_running) - len(victim.recalled) - victim.nthreads
        asked: list[int] = []
        for task in reversed(victim.processing):
            if len(asked) >= min((count + 1) // 2, MOST_RECALLED):
                break
            if task in victim.recalled or task in victim.long_running or not _may_move(task, thief):
                continue
            victim.recalled[task] = None
            asked.append(task.id)
        state.unstarted.enter(victim, 0)
        if asked:
            victim.out.append(Recall(asked))
            state.touched[victim] = None


def _may_move(task: Task, thief: Worker) -> bool:
    options = task.options
    return options is None or not options.restricted or thief in options.candidates
