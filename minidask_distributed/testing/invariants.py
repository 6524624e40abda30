"""What must hold in a whole cluster when all is calm: whatever was wanted has come to its end, and to the right one.

Place in the flow: `lives` calls `check_calm` once nothing has happened for a while, and `check_empty` when the clients are gone;
`agreement` has what must hold at every moment.

"The right end" is what the `workload.Catalogue` knows: values can be computed beforehand, failures must come from something that
the task is made of, and only who cancelled is told so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minidask_distributed.scheduler.machine.states import ERRED, MEMORY
from minidask_distributed.worker.machine import states as there

if TYPE_CHECKING:
    from minidask_distributed.testing.clients import SimulatedClient
    from minidask_distributed.testing.cluster import SimulatedCluster
    from minidask_distributed.testing.workers import SimulatedWorker


def check_calm(cluster: SimulatedCluster) -> None:
    """Raise AssertionError if something that is wanted came to no end, or to one that it shouldn't have.

    To be called when nothing has happened for a while, every link is sound, and workers are there for all tasks.
    """
    state = cluster.machine.state
    unfinished = [task for task in state.tasks if task.needed and task.state not in (MEMORY, ERRED)]
    assert not unfinished, f"all is calm, and these aren't done: {[(task, task.worker) for task in unfinished]}"
    for client in cluster.clients:
        if client.alive:
            for local, key in client.futures.items():
                _check_end(cluster, client, local, key)
    for worker in cluster.workers:
        if worker.alive:
            _check_resting(worker)
    for record in state.workers.values():
        assert not record.processing, f"all is calm, and {record} processes {list(record.processing)}"
        assert record.status != "closing", f"all is calm, and {record} may not leave"
        assert not record.recalled, f"all is calm, and {record} is asked for {list(record.recalled)}"
    _check_costs(cluster)


def _check_costs(cluster: SimulatedCluster) -> None:
    state = cluster.machine.state
    assert not any(one is state.keeper for task in state.tasks for one, _ in task.wants()), "kept though it is done"
    for record in state.workers.values():
        assert record.busy_us == 0, f"{record} counts {record.busy_us} us of work"
        assert record.queued_us == 0, f"{record} counts {record.queued_us} us of queued work"


def _check_end(cluster: SimulatedCluster, client: SimulatedClient, local: int, key: str) -> None:
    word = client.words.get(local)
    if word == "Done":
        cluster.catalogue.value(key)  # raises Doomed
        return
    if word == "Failed":
        _check_failure(cluster, client, key, client.failures[local])
        return
    assert word == "Cancelled", f"{client} heard {word!r} of {key} ({local}), and then nothing more"


def cancelled_lawfully(cluster: SimulatedCluster, client: SimulatedClient, key: str) -> bool:
    """Return whether a client may be told that a key is cancelled: it, or somebody by force, gave up what it is made of."""
    parts = cluster.catalogue.made_of(key)
    if parts & client.given_up:
        return True
    return any((who is client or force) and what in parts for who, what, force in cluster.cancels)


def _check_failure(cluster: SimulatedCluster, client: SimulatedClient, key: str, failure: dict[str, Any]) -> None:
    parts = cluster.catalogue.made_of(key)
    culprit, kind, text = failure["key"], failure["kind"], failure["text"]
    if kind == "refused":
        return
    assert culprit in parts, f"{key} failed by {culprit}, of which it isn't made"
    if kind == "raised":
        blamed = text.partition(" in ")[2] or text.partition(": ")[2]
        assert blamed in parts, f"{key} failed with {text!r}"
    elif kind == "killed-worker":
        allowed = cluster.machine.state.limits.allowed_failures
        assert cluster.n_deaths > allowed, f"{key} is blamed for deaths that weren't"
    elif kind == "lost":
        assert culprit in cluster.catalogue.data, f"{culprit} can be made again, and counts as lost"
    else:
        raise AssertionError(f"{client}: {key} failed with the unknown kind {kind!r}")


def _check_resting(worker: SimulatedWorker) -> None:
    machine = worker.machine
    busy = [task for task in machine.tasks.values() if task.state != there.MEMORY]
    assert not busy, f"all is calm, and {worker} has {busy}"
    assert not machine.unwanted, f"all is calm, and {worker} runs {machine.unwanted}"
    assert not machine.fetches.flights, f"all is calm, and {worker} fetches"
    assert machine.free_resources == machine.resources, f"{worker}: resources are taken"


def check_empty(cluster: SimulatedCluster) -> None:
    """Raise AssertionError if anything is left once all is calm and no client is there any more."""
    state = cluster.machine.state
    left = {
        "tasks": list(state.tasks),
        "keys": list(state.keys),
        "recipes": list(state.recipes),
        "options": list(state.options),
        "bytes": state.managed_bytes,
        "bytes of values": state.value_bytes,
        "clients": list(state.clients),
        # One that isn't let in, since another one has its name, keeps what it would offer.
        "values at workers": {
            worker.name: worker.data for worker in cluster.workers if worker.alive and worker.joined and worker.data
        },
    }
    assert not any(left.values()), (
        f"nobody wants anything, and this is left: { ({k: v for k, v in left.items() if v}) }"
    )
