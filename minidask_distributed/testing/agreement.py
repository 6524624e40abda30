"""What must hold in a whole cluster at every moment: scheduler, workers and clients don't contradict each other.

Place in the flow: `lives` calls `check_now` after each event of the clock; `invariants` has what must hold when all is calm. Each
machine checks itself (`sanity_check`); here both sides of each link are held against each other.

At any moment nobody knows all, so each link is *projected*: what one side knows, plus what is on its way to it, must be what
the other side believes, but for reports that are on their way back. That finds a lost word, a double assignment, a result freed
while it is needed, or a leak at the event that causes it, long before anything hangs. Links that are broken, or not yet
registered, are left out: there the sides may differ until they hear of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from minidask_distributed.messages import (
    Acquire,
    Cancelled,
    Compute,
    Done,
    Erred,
    Failed,
    Finished,
    Free,
    Held,
    Holders,
    Lost,
    Message,
    Missing,
    Recalled,
    Stop,
    Store,
    Undone,
    WorkerRegistered,
)
from minidask_distributed.scheduler.machine.assign import has_room
from minidask_distributed.scheduler.machine.records import Client, Worker
from minidask_distributed.scheduler.machine.states import ERRED, MEMORY, NAMES, QUEUED
from minidask_distributed.worker.machine import states as there
from minidask_distributed.worker.machine.records import COPY

if TYPE_CHECKING:
    from minidask_distributed.testing.clients import SimulatedClient
    from minidask_distributed.testing.cluster import SimulatedCluster
    from minidask_distributed.testing.workers import SimulatedWorker


def check_now(cluster: SimulatedCluster) -> None:
    """Raise AssertionError, with what is wrong, if scheduler, workers and clients contradict each other.

    Examples
    --------
    >>> from random import Random
    >>> from minidask_distributed.testing import SimulatedCluster
    >>> cluster = SimulatedCluster(Random(1))
    >>> _ = cluster.add_worker()
    >>> cluster.run(1)
    >>> check_now(cluster)
    """
    state = cluster.machine.state
    for worker in cluster.workers:
        end = worker.end
        if end is None or not (worker.alive and worker.joined and end.open and end.sound and end.other.open):
            continue
        record = state.worker_peers.get(worker.peer)
        now = (cluster.version, worker.version, end.moves, end.other.moves)
        if record is not None and worker.checked != now:
            worker.checked = now
            _check_worker(cluster, worker, record)
    for client in cluster.clients:
        if client.alive and client.end.open and client.end.sound and client.end.other.open:
            known = state.clients.get(client.peer)
            known_as = (cluster.version, client.end.moves, client.end.other.moves)
            if known is not None and client.checked != known_as:
                client.checked = known_as
                _check_client(client, known)
    for record in state.running:
        if has_room(state, record):
            left = [task for _, task in record.heap if task.worker is record and task.state == QUEUED]
            left += [
                task for part in record.slices for task in part.tasks if task.worker is None and task.state == QUEUED
            ]
            assert not left or state.pressed, f"{record} has room, and {left} wait for it"
    if state.running and state.idle:
        left = [task for _, task in state.pool if task.worker is None and task.state == QUEUED]
        left += [task for part in state.orphans for task in part.tasks if task.worker is None and task.state == QUEUED]
        assert not left, f"{list(state.idle)} are idle, and {left} wait for anybody"


def _reports(worker: SimulatedWorker) -> Iterator[Message]:
    """Yield what a worker has to tell and the scheduler hasn't heard."""
    assert worker.end is not None
    yield from worker.end.other.in_flight()
    yield from worker.machine.outbox.messages
    rows = worker.machine.outbox.rows
    if rows:
        tasks, attempts = [row[0] for row in rows], [row[1] for row in rows]
        yield Finished(tasks, attempts, [], [], [], [], 0, None)


def _check_worker(cluster: SimulatedCluster, worker: SimulatedWorker, record: Worker) -> None:
    machine = worker.machine
    assert worker.end is not None
    work = {id: task.attempt for id, task in machine.tasks.items() if task.want is None and task.state != there.MEMORY}
    data = set(worker.data)
    ended: set[tuple[int, int]] = set()
    lost: set[int] = set()  # of which the worker says, or will say, that they are gone
    coming: set[int] = set()  # on their way as payloads, or being unpacked
    for id, task in machine.tasks.items():
        if task.want is not None and task.want.kept:
            coming.add(id)
    answers: set[int] = set()  # about which the worker is to hear something
    for message in (*worker.end.in_flight(), *record.out):
        answers.update(_named(message))
        match message:
            case Compute():
                for id, attempt in zip(message.tasks, message.attempts or [1] * len(message.tasks), strict=True):
                    if id in data:
                        # It will say so at once.
                        ended.add((id, attempt))
                    else:
                        work[id] = attempt
            case Free() | Stop():
                for id in message.tasks:
                    work.pop(id, None)
                    if id in data and machine.tasks[id].attempt == COPY:
                        lost.add(id)
                    data.discard(id)
                    coming.discard(id)
            case Store():
                coming.update(message.tasks)
            case WorkerRegistered():
                return
    given: set[int] = set()
    told: set[int] = set()
    for message in _reports(worker):
        match message:
            case Finished() | Erred():
                ended.update(zip(message.tasks, message.attempts or [1] * len(message.tasks), strict=True))
                if isinstance(message, Finished):
                    told.update(message.tasks)
            case Held():
                told.update(message.tasks)
            case Recalled():
                given.update(message.given)
            case Lost():
                lost.update(message.tasks)
            case Missing():
                answers.update(message.tasks)
    answers.update(machine.unreported, (id for id, _ in ended))
    told.update(id for id, _ in ended)
    for id, task in machine.tasks.items():
        if task.state == there.MISSING and id not in answers and any(one in work for one in task.dependents or ()):
            raise AssertionError(f"{record} waits for {_name(cluster, id)}, and nobody will tell it where that is")
    believed = {task.id: task.attempt for task in record.processing}
    for id, attempt in believed.items():
        if work.get(id) != attempt and (id, attempt) not in ended and id not in given:
            raise AssertionError(
                f"{record} is thought to process {_name(cluster, id)} (attempt {attempt}), and has "
                f"{'attempt ' + str(work[id]) if id in work else 'nothing of it'}"
            )
    for id, attempt in work.items():
        if believed.get(id) != attempt:
            raise AssertionError(
                f"{record} is to run {_name(cluster, id)} (attempt {attempt}), "
                f"which the scheduler thinks is {_state(cluster, id)}"
            )
    held = {task.id for task in record.held}
    for id in sorted(held - data - coming - lost):
        raise AssertionError(f"{record} is thought to hold {_name(cluster, id)}, and doesn't")
    for id in sorted(data - held - told):
        raise AssertionError(
            f"{record} holds {_name(cluster, id)}, which nobody knows (the scheduler: {_state(cluster, id)})"
        )


def _named(message: Message) -> Iterable[int]:
    """Return the results of which a message says where they are, or come from."""
    if isinstance(message, Holders):
        return message.holders
    return message.tasks if isinstance(message, Store | Acquire | Compute) else ()


def _name(cluster: SimulatedCluster, id: int) -> str:
    return f"{cluster.key_of(id)} ({id})"


def _state(cluster: SimulatedCluster, id: int) -> str:
    task = cluster.machine.state.find(id)
    if task is None:
        return "forgotten"
    return f"{NAMES[task.state]} at {task.worker}, attempt {task.attempt}, holders {task.holders()}"


_WORDS = {MEMORY: ("Done",), ERRED: ("Failed", "Cancelled")}


def _check_client(client: SimulatedClient, known: Client) -> None:
    words: dict[int, str] = {}
    ended: set[int] = set()
    for message in client.end.in_flight():
        if isinstance(message, Done | Failed | Undone | Cancelled):
            words.update(dict.fromkeys(message.tasks, type(message).__name__))
    for local in known.tasks.numbers():
        task = known.tasks.get(local)
        assert task is not None
        if (known, local) not in task.wants():
            continue
        ended.add(local)
        word = words.get(local) or client.words.get(local, "")
        expected = _WORDS.get(task.state, ("", "Undone"))
        assert word in expected, f"{client} was told {word!r} of {task} ({local})"
    arriving = {id(message) for message in client.waiting} | {id(message) for message in client.end.other.in_flight()}
    if arriving or known.behind:
        return
    for local, key in client.futures.items():
        word = words.get(local) or client.words.get(local, "")
        if local not in ended and word not in ("Failed", "Cancelled"):
            raise AssertionError(
                f"{client} holds {key} ({local}), of which the scheduler knows nothing; the last word was {word!r}"
            )
