"""Faults planted in the machines: each must be caught by the invariants, within a few lives."""

from __future__ import annotations

import re

import pytest

from minidask_distributed.messages import Compute, Finished, ForgetRecipes, Free, Held, Missing, Recalled
from minidask_distributed.scheduler.machine import (
    assign,
    cancelling,
    clearing,
    clients,
    holding,
    machine,
    outcomes,
    queues,
    transitions,
    workers,
)
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.testing import storm
from minidask_distributed.testing.lives import Life, SimulationError
from minidask_distributed.testing.storm import Storm
from minidask_distributed.worker.machine import WorkerMachine
from minidask_distributed.worker.machine.fetches import Fetches
from minidask_distributed.worker.machine.inbox import Inbox
from minidask_distributed.worker.machine.outbox import Outbox

SEEDS = 100

FAULTS = {}


def fault(text, more=()):
    """Enter a fault, what the failure that it causes may say, and what has to happen more often for it to matter."""

    def enter(plant):
        FAULTS[plant.__name__] = (plant, text, more)
        return plant

    return enter


# ---------------------------------------------------------------- faults of the scheduler


@fault("needed by nobody")
def a_skipped_release(patch):
    def decrement_only(state, task):
        for dep in task.deps:
            dep.n_waiters -= 1

    for module in (transitions, outcomes, holding):
        patch.setattr(module, "no_longer_waits", decrement_only)


@fault("n_waiters is|should be computed")
def a_missing_decrement_of_n_waiters(patch):
    real = transitions.no_longer_waits

    def skip_one(state, task):
        real(state, task)
        if len(task.deps) > 1 and task.deps[0].state != 7:
            task.deps[0].n_waiters += 1

    patch.setattr(outcomes, "no_longer_waits", skip_one)


@fault("which nobody knows|this is left|has .*and says|thinks is forgotten")
def a_forgotten_free(patch):
    real = ClusterState.tell_free

    def forget_every_third(state, worker, task_id):
        if task_id % 3:
            real(state, worker, task_id)

    patch.setattr(ClusterState, "tell_free", forget_every_third)


@fault("is to run|is thought to process|recalled")
def an_unconfirmed_recall(patch):
    def move_at_once(state, worker):
        for task in list(worker.processing)[1:]:
            if task not in worker.long_running:
                transitions.requeue(state, task)

    patch.setattr(workers, "recall_unstarted", move_at_once)


@fault("is to run|is thought to process|processing")
def a_double_assignment(patch):
    real = assign.Batch.add

    def add_elsewhere(batch, task):
        real(batch, task)
        others = [one for one in batch.state.running if one is not batch.worker]
        if others and task.id % 5 == 0:
            copy = assign.Batch(batch.state, others[0])
            worker, cost = task.worker, task.cost_us
            transitions.leave_worker(batch.state, task)
            batch.state.move(task, 2)
            real(copy, task)
            transitions.leave_worker(batch.state, task)
            batch.state.move(task, 2)
            batch.state.move(task, 4)
            task.worker, task.cost_us = worker, cost
            worker.processing[task] = None
            worker.busy_us += cost
            copy.close()

    patch.setattr(assign.Batch, "add", add_elsewhere)


@fault("nobody will tell it|missing>?\\]", more=(Storm.kill, Storm.add_worker))
def an_ignored_missing(patch):
    patch.setitem(machine._WORKER, Missing, lambda state, worker, message: None)


@fault("which nobody knows|isn't done|aren't done|may not leave|not leave")
def an_ignored_held(patch):
    patch.setitem(machine._WORKER, Held, lambda state, worker, message: None)


@fault("is thought to process|is asked for|aren't done")
def an_ignored_recalled(patch):
    patch.setitem(machine._WORKER, Recalled, lambda state, worker, message: None)


@fault("was told")
def a_client_that_is_not_told_of_a_loss(patch):
    patch.setattr(ClusterState, "tell_undone", lambda state, client, local: None)


@fault("managed_bytes|aren't done|n_missing|is thought to hold|has dependencies")
def a_death_that_loses_nothing(patch):
    patch.setattr(workers, "_lose_held", lambda state, worker: state)


@fault("is to run|is thought to process")
def a_cancellation_that_stops_what_others_need(patch):
    patch.setattr(cancelling, "_needed_by_others", lambda job, part: set())


@fault("is in no queue|queued_us")
def a_queue_that_goes_with_its_worker(patch):
    patch.setattr(queues, "rehouse", lambda state: state.homeless.clear())


@fault("room|wait for anybody|aren't done")
def an_idle_worker_that_is_not_looked_at(patch):
    patch.setattr(assign, "steal", lambda state, thief: False)


@fault("recipe|aren't done|this is left|and no end", more=(Storm.forget_recipes, Storm.submit))
def a_recipe_that_goes_while_tasks_use_it(patch):
    patch.setattr(clients, "let_recipe_go", ClusterState.drop_recipe)
    patch.setattr(clearing, "let_recipe_go", ClusterState.drop_recipe)


@fault("needed by nobody|should be forgotten|this is left")
def what_is_left_to_a_later_turn_is_forgotten(patch):
    def clear(state):
        state.unneeded.clear()
        clearing.clear(state)

    patch.setattr(machine, "clear", clear)


@fault("recipes", more=(Storm.forget_recipes, Storm.submit))
def a_recipe_that_is_never_forgotten(patch):
    def forget_the_number_alone(state, client, message):
        for number in message.recipes:
            client.recipes.pop(number, None)

    patch.setitem(machine._CLIENT, ForgetRecipes, forget_the_number_alone)


@fault("still wants", more=(Storm.restart, Storm.submit))
def a_restart_that_passes_over_a_client(patch):
    real = machine.SchedulerMachine.restart

    def but_one(self, now, reason=""):
        peer, client = next(iter(self.state.clients.items()), (0, None))
        self.state.clients.pop(peer, None)
        real(self, now, reason)
        if client is not None:
            self.state.clients[peer] = client

    patch.setattr(machine.SchedulerMachine, "restart", but_one)


# ---------------------------------------------------------------- faults of the worker


@fault("is thought to process|is asked for|aren't done")
def a_lost_confirmation_of_a_recall(patch):
    patch.setattr(Outbox, "recalled", lambda outbox, given, kept: None)


@fault("which nobody knows|not leave|aren't done")
def a_copy_that_is_not_reported(patch):
    patch.setattr(Outbox, "held", lambda outbox, task, nbytes: None)


@fault("is thought to process|processes|aren't done")
def a_failure_that_is_not_reported(patch):
    patch.setattr(Outbox, "erred", lambda outbox, task, attempt, duration_us, failure: None)


@fault("is thought to process|processes|aren't done")
def a_report_of_the_wrong_attempt(patch):
    real = Outbox.take

    def take(outbox):
        taken = real(outbox)
        for message in taken:
            if isinstance(message, Finished):
                message.attempts = None
        return taken

    patch.setattr(Outbox, "take", take)


@fault("has \\[|aren't done|waits? for|lacks")
def a_result_that_wakes_nobody(patch):
    patch.setattr(WorkerMachine, "_wake", lambda machine, task: None)


@fault("is thought to hold|which nobody knows|holds|this is left|thinks is forgotten")
def a_free_that_is_not_heard(patch):
    real = Inbox._HANDLERS[Free]

    def every_other(machine, message):
        real(machine, Free(message.tasks[1:]))

    patch.setitem(Inbox._HANDLERS, Free, every_other)


@fault("one request a peer|aren't done|in a fetch|fetches")
def a_fetch_that_never_ends(patch):
    patch.setattr(Fetches, "ended", lambda fetches, serial: None)


@fault("has room|is thought to process|processes|aren't done")
def a_row_that_is_passed_over(patch):
    real = Inbox._HANDLERS[Compute]

    def without_the_last(machine, message):
        if len(message.tasks) > 2 and not message.n_deps[-1]:
            short = Compute(*message.row()[1:])
            for name in ("tasks", "attempts", "recipe", "literals", "n_deps", "option"):
                column = getattr(message, name)
                setattr(short, name, column[:-1] if column is not None else None)
            message = short
        real(machine, message)

    patch.setitem(Inbox._HANDLERS, Compute, without_the_last)


def first_failure():
    for seed in range(SEEDS):
        try:
            Life(seed).live()
        except SimulationError as error:
            return error
    return None


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_caught(name, monkeypatch):
    plant, text, more = FAULTS[name]
    plant(monkeypatch)
    monkeypatch.setattr(storm, "ACTS", [(40 if act in more else weight, act) for weight, act in storm.ACTS])
    error = first_failure()
    assert error is not None, f"{SEEDS} lives noticed nothing"
    # Caught for what it is, and not because the planted code itself fell over.
    assert isinstance(error.__cause__, AssertionError), error
    assert re.search(text, str(error)), error
