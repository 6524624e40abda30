"""Faults that are planted in a machine, each caught."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import Free
from minidask_distributed.worker.machine.check import sanity_check

PEERS = {1: "tcp://one:1", 2: "tcp://two:2"}


@pytest.fixture
def busy(drive):
    """A machine with a task in every state."""
    worker = drive(resources={"GPU": 1}, fetch_count=1)
    worker.compute(1, 2, 3, 4)
    worker.run(1)
    worker.take()
    worker.take()
    worker.handle(Free([3]))
    worker.compute(5, deps={5: [10, 11, 12, 1]}, holders={10: [1], 11: [2]}, peers=PEERS)
    worker.compute(6, recipe=7, send_recipe=False)
    machine = worker.machine
    states = {task.state for task in machine.tasks.values()} | {task.state for task in machine.unwanted.values()}
    assert states == {"memory", "executing", "ready", "cancelled", "waiting", "fetching", "missing"}
    sanity_check(machine)
    return machine


def skipped_release(machine):
    machine.n_held += 1


def double_line(machine):
    machine.ready.tasks[99] = machine.tasks[4]


def lost_from_the_line(machine):
    machine.ready.heap.clear()


def forgotten_in_the_line(machine):
    machine.ready.tasks.clear()


def unknown_in_line(machine):
    del machine.tasks[4]


def wrong_name(machine):
    machine.tasks[4].id = 44


def lost_run(machine):
    machine.running.clear()


def run_unknown(machine):
    machine.running[99] = machine.running[2]


def no_place(machine):
    machine.tasks[1].state = "error"


def unwanted_and_wanted(machine):
    machine.tasks[3] = machine.unwanted[3]


def unwanted_elsewhere(machine):
    machine.unwanted[4] = machine.unwanted.pop(3)


def unwanted_runs(machine):
    machine.unwanted[3].state = "executing"


def waits_for_nothing(machine):
    machine.tasks[5].lacks = 0


def waits_for_more(machine):
    machine.tasks[5].lacks += 1


def lost_dependent(machine):
    machine.tasks[10].dependents.clear()


def stray_dependent(machine):
    machine.tasks[10].dependents[6] = machine.tasks[6]


def unknown_dependent(machine):
    machine.tasks[10].dependents[77] = machine.tasks[5]


def ready_dependent(machine):
    machine.tasks[10].dependents[4] = machine.tasks[4]


def waited_for_in_memory(machine):
    machine.tasks[1].dependents = {5: machine.tasks[5]}


def recipe_never_asked(machine):
    machine.tasks[6].recipe.asked = False


def recipe_here(machine):
    machine.tasks[6].recipe.source = b""


def missing_with_holders(machine):
    machine.tasks[12].want.holders.append(1)


def in_no_line(machine):
    machine.fetches.peers[2].line.clear()


def in_line_and_on_its_way(machine):
    machine.fetches.queued[10] = machine.tasks[10]


def line_of_the_unknown(machine):
    machine.fetches.queued[99] = machine.tasks[11]


def no_holders(machine):
    machine.tasks[11].want.holders.clear()


def fetch_unknown(machine):
    machine.tasks[10].want.serial = 9


def flight_lost(machine):
    machine.fetches.flights.clear()


def too_many_flights(machine):
    machine.fetches.count = 0


def bytes_miscounted(machine):
    machine.fetches.nbytes = 5


def peer_forgot(machine):
    machine.fetches.peers[1].serial = 0


def wrong_report(machine):
    machine.unreported[4] = None


def unknown_report(machine):
    machine.unreported[444] = None


def resources_leaked(machine):
    machine.free_resources["GPU"] = 0.5


def resources_overdrawn(machine):
    machine.free_resources["GPU"] = -1


def not_wanted_from_elsewhere(machine):
    machine.tasks[12].want = None


FAULTS = [
    skipped_release,
    double_line,
    lost_from_the_line,
    forgotten_in_the_line,
    unknown_in_line,
    wrong_name,
    lost_run,
    run_unknown,
    no_place,
    unwanted_and_wanted,
    unwanted_elsewhere,
    unwanted_runs,
    waits_for_nothing,
    waits_for_more,
    lost_dependent,
    stray_dependent,
    unknown_dependent,
    ready_dependent,
    waited_for_in_memory,
    recipe_never_asked,
    recipe_here,
    missing_with_holders,
    in_no_line,
    in_line_and_on_its_way,
    line_of_the_unknown,
    no_holders,
    fetch_unknown,
    flight_lost,
    too_many_flights,
    bytes_miscounted,
    peer_forgot,
    wrong_report,
    unknown_report,
    resources_leaked,
    resources_overdrawn,
    not_wanted_from_elsewhere,
]


@pytest.mark.parametrize("plant", FAULTS, ids=lambda fault: fault.__name__)
def test_planted_faults_are_found(busy, plant):
    plant(busy)
    with pytest.raises(AssertionError):
        sanity_check(busy)
