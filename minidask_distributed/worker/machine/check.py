"""The invariants of a worker's machine, asserted.

Place in the flow: tests, simulations and workers with ``validate`` call `sanity_check` after every event; it is linear in the
number of tasks. The comment of each assertion is its text.
"""

from __future__ import annotations

from minidask_distributed.worker.machine.machine import WorkerMachine
from minidask_distributed.worker.machine.records import FROM_SCHEDULER, Task
from minidask_distributed.worker.machine.states import CANCELLED, FETCHING, MEMORY, MISSING, READY, RUNNING, WAITING


def sanity_check(machine: WorkerMachine) -> None:
    """Assert what must be true between any two events. Raises AssertionError that names what is wrong.

    Examples
    --------
    >>> sanity_check(WorkerMachine())
    """
    tasks = machine.tasks
    in_line: dict[int, int] = {}
    for queue in (machine.ready, *machine.named.values(), *machine.constrained.values()):
        for priority, task in queue.tasks.items():
            in_line[task.id] = in_line.get(task.id, 0) + 1
            assert task.priority == priority, f"{task} stands in line at the wrong place"
            assert priority in queue.heap, f"{task} would never come up"
            assert tasks.get(task.id) is task, f"{task} is in line, but isn't known"
    for id, task in tasks.items():
        assert task.id == id, f"{task} is known as {id}"
        assert in_line.get(id, 0) == (task.state == READY), f"{task} is in line {in_line.get(id, 0)} times"
        assert (machine.running.get(id) is task) == (task.state in RUNNING), f"{task} and the table of runs differ"
        assert (task.want is not None) == (task.state in (FETCHING, MISSING)), (
            f"{task} is wanted from elsewhere, or not"
        )
        assert task.state in {READY, FETCHING, MISSING, MEMORY, WAITING} | RUNNING, f"{task} has no place in the table"
        _check_waiting(machine, task)
        _check_dependents(machine, task)
        if task.want is not None:
            _check_wanted(machine, task)
    assert machine.running.keys() <= tasks.keys(), "what runs is known"
    for id, run in machine.unwanted.items():
        assert run.state == CANCELLED, f"{run} is unwanted"
        assert run.id == id, f"{run} is known as {id}"
        assert tasks.get(id) is not run, f"{run} is wanted and unwanted"
    assert machine.n_held == sum(task.state == MEMORY for task in tasks.values()), "what is held is counted"
    for id in machine.unreported:
        assert id in tasks, f"{id} is to be reported missing, and isn't known"
        assert tasks[id].state == MISSING, f"{tasks[id]} is to be reported missing"
    _check_fetches(machine)
    _check_resources(machine)


def _check_waiting(machine: WorkerMachine, task: Task) -> None:
    lacking = [
        dep
        for dep in task.deps
        if dep in machine.tasks
        and task.id in (machine.tasks[dep].dependents or {})
        and machine.tasks[dep].state != MEMORY
    ]
    waits = len(lacking)
    if task.recipe is not None and task.id in task.recipe.waiters:
        assert task.recipe.source is None, f"{task} waits for a recipe that is here"
        assert task.recipe.asked or task.state != WAITING, f"{task} waits for a recipe that nobody asked for"
        waits += 1
    assert task.lacks == waits, f"{task} waits for {task.lacks} things, {waits} of them are on their way"
    assert (task.state == WAITING) == (task.lacks > 0), f"{task} lacks {task.lacks} things"


def _check_dependents(machine: WorkerMachine, task: Task) -> None:
    assert not task.dependents or task.state != MEMORY, f"{task} is here, and others still wait for it"
    for id, dependent in (task.dependents or {}).items():
        assert machine.tasks.get(id) is dependent, f"{dependent}, which isn't known, waits for {task}"
        assert dependent.state == WAITING, f"{dependent} waits for {task}"
        assert task.id in dependent.deps, f"{dependent} waits for {task}, which it doesn't need"


def _check_wanted(machine: WorkerMachine, task: Task) -> None:
    want = task.want
    assert want is not None
    queued = machine.fetches.queued.get(task.id) is task
    assert want.kept or task.dependents, f"nobody needs {task}"
    if task.state == MISSING:
        assert [queued, want.serial, want.holders] == [False, 0, []], f"{task} is missing, and is looked for"
        return
    assert queued != bool(want.serial), f"{task} is in line or on its way, not both"
    if want.serial and want.serial != FROM_SCHEDULER:
        flight = machine.fetches.flights.get(want.serial)
        assert task in (flight.tasks if flight is not None else ()), f"{task} is in a fetch that doesn't know it"
    if queued:
        assert want.holders, f"{task} is in line nowhere"
        for number in want.holders:
            line = machine.fetches.peers[number].line
            assert any(entry[1] == task.id for entry in line), f"{task} isn't in line at {number}"


def _check_fetches(machine: WorkerMachine) -> None:
    fetches = machine.fetches
    for id, task in fetches.queued.items():
        assert machine.tasks.get(id) is task, f"{task} is in line to be fetched, and nobody knows it"
    assert len(fetches.flights) <= fetches.count, "not more requests than allowed"
    assert fetches.nbytes == sum(flight.nbytes for flight in fetches.flights.values()), "bytes on their way are counted"
    assert fetches.nbytes <= fetches.limit_bytes or len(fetches.flights) == 1, "not more bytes than allowed"
    busy = {peer.serial: peer.number for peer in fetches.peers.values() if peer.serial}
    assert busy == {flight.serial: flight.number for flight in fetches.flights.values()}, "one request a peer"


def _check_resources(machine: WorkerMachine) -> None:
    taken = dict.fromkeys(machine.resources, 0.0)
    for run in (*machine.running.values(), *machine.unwanted.values()):
        if all(machine.resources.get(name, 0) >= amount for name, amount in run.resources.items()):
            for name, amount in run.resources.items():
                taken[name] += amount
    for name, amount in machine.resources.items():
        free = machine.free_resources[name]
        assert free >= 0, f"more {name} is taken than there is"
        assert abs(amount - taken[name] - free) < 1e-9, f"{free} of {name} are free, {taken[name]} taken"
