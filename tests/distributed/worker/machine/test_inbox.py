"""Each message that a scheduler may send, in every state of what it speaks of."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import (
    Acquire,
    Free,
    Held,
    Holders,
    KillWorker,
    Lost,
    Missing,
    NeedRecipes,
    Recall,
    Recalled,
    Stop,
    Store,
    WorkerGone,
)
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.worker.machine import Abandon, Fetch, Interrupt, Keep

PEERS = {1: "tcp://one:1", 2: "tcp://two:2", 3: "tcp://three:3"}


def finished(worker):
    """Return what was reported as finished, and nothing else."""
    (message,) = worker.sent()
    return message


def test_a_message_for_others_is_refused(worker):
    with pytest.raises(TypeError, match="KillWorker is no message for a worker's tasks"):
        worker.handle(KillWorker(False, ""))


class TestCompute:
    def test_without_dependencies(self, worker):
        worker.compute(5, 6)
        assert worker.state(5) == worker.state(6) == "ready"
        worker.quiet()
        task = worker.take()
        assert (task.id, task.key, task.literals, task.recipe.source, task.state) == (
            5,
            "key-5",
            b"literals-5",
            b"recipe",
            "executing",
        )
        assert worker.finish(task, 100, b"value")
        assert worker.state(5) == "memory"
        worker.run(6)
        message = finished(worker)
        assert (message.tasks, message.attempts, message.nbytes) == ([5, 6], None, [100, 10])
        assert (message.durations, message.threads, message.values) == ([500_000] * 2, [3, 3], [b"value", None])
        assert worker.idle()
        worker.quiet()

    def test_the_order_is_priority_then_arrival(self, worker):
        worker.compute(5, 6, 7, options={6: {"priority": 1}, 7: {"priority": -1}})
        worker.compute(4)
        worker.run(6, 4, 5, 7)

    def test_expected_durations(self, worker):
        worker.compute(5, expected={0: 700, 99: 1})
        assert worker.take().recipe.expected_us == 700
        worker.compute(6, expected={0: -1})
        assert worker.take().recipe.expected_us == 700

    def test_a_dependency_that_came_along(self, worker):
        worker.compute(5, deps={5: [1]}, inlined={1: b"one"})
        task = worker.take()
        assert (task.deps, task.inlined) == ([1], {1: b"one"})
        worker.quiet()
        assert worker.state(1) == "released"

    def test_a_dependency_that_is_held(self, worker):
        worker.compute(1)
        worker.run(1)
        worker.sent()
        worker.compute(5, deps={5: [1]})
        assert worker.take().deps == [1]
        worker.quiet()

    def test_a_dependency_in_the_same_batch(self, worker):
        worker.compute(5, 6, 7, deps={6: [5], 7: [5, 6]})
        assert [worker.state(task) for task in (5, 6, 7)] == ["ready", "waiting", "waiting"]
        first = worker.take()
        assert worker.idle()
        worker.finish(first)
        worker.run(6, 7)
        assert finished(worker).tasks == [5, 6, 7]

    def test_a_dependency_to_fetch(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [2]}, sizes={1: 1000}, peers=PEERS)
        assert (worker.state(5), worker.state(1)) == ("waiting", "fetching")
        assert worker.asked() == [Fetch(1, 2, "tcp://two:2", [1], 1000)]
        assert worker.event("arrived", 1, {1: 999}) == [1]
        assert (worker.state(5), worker.state(1)) == ("ready", "memory")
        assert worker.sent() == [Held([1], [999])]
        worker.run(5)

    def test_all_three_kinds_at_once(self, worker):
        worker.compute(1)
        worker.run(1)
        worker.sent()
        worker.compute(5, deps={5: [1, 2, 3]}, inlined={2: b""}, holders={3: [1]}, peers=PEERS)
        assert worker.state(5) == "waiting"
        worker.asked()
        worker.event("arrived", 1, {3: 1})
        assert worker.take().deps == [1, 2, 3]

    def test_a_dependency_that_nobody_holds(self, worker):
        worker.compute(5, deps={5: [1]})
        assert (worker.state(5), worker.state(1)) == ("waiting", "missing")
        assert worker.sent() == [Missing([1], [[]])]
        worker.quiet()

    def test_a_holder_without_an_address_is_no_holder(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [7]})
        assert worker.sent() == [Missing([1], [[7]])]

    def test_a_second_task_names_holders_of_what_is_missing(self, worker):
        worker.compute(9, deps={9: [1]})
        worker.compute(5, deps={5: [1]}, holders={1: [2]}, peers=PEERS)
        assert worker.asked() == [Fetch(1, 2, "tcp://two:2", [1], 0)]
        worker.event("arrived", 1, {1: 1})
        worker.run(5, 9)

    def test_a_recipe_that_was_forgotten(self, worker):
        worker.compute(5, 6, recipe=7, send_recipe=False)
        assert worker.state(5) == "waiting"
        assert worker.sent() == [NeedRecipes([7])]
        worker.compute(8, recipe=7, send_recipe=False)
        worker.quiet()
        worker.recipe(7)
        worker.run(5, 6, 8)

    def test_two_recipes_are_asked_for_at_once(self, worker):
        worker.compute(5, recipe=7, send_recipe=False)
        worker.compute(6, recipe=8, send_recipe=False)
        assert worker.sent() == [NeedRecipes([7, 8])]

    def test_a_recipe_is_asked_for_once_more_after_its_tasks_went(self, worker):
        worker.compute(5, recipe=7, send_recipe=False)
        worker.sent()
        worker.handle(Free([5]))
        worker.recipe(7)
        assert worker.idle()

    def test_again_while_it_is_in_line(self, worker):
        worker.compute(5)
        worker.compute(5, attempt=2)
        worker.run(5)
        assert finished(worker).attempts == [2]

    def test_again_while_it_waits(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [2]}, peers=PEERS)
        worker.compute(5, deps={5: [1]}, attempt=3)
        worker.event("arrived", 1, {1: 1})
        worker.sent()
        worker.run(5)
        assert finished(worker).attempts == [3]

    def test_again_while_it_runs(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.compute(5, attempt=2)
        assert worker.idle()
        worker.finish(task)
        assert finished(worker).attempts == [2]

    def test_again_when_it_is_held(self, worker):
        worker.compute(5)
        worker.run(5)
        worker.sent()
        worker.compute(5, attempt=2)
        message = finished(worker)
        assert (message.tasks, message.attempts, message.nbytes, message.durations) == ([5], [2], [10], [0])

    def test_what_was_to_be_fetched_is_to_be_run(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [2]}, peers=PEERS)
        worker.asked()
        worker.compute(1)
        assert worker.state(1) == "ready"
        # The fetch, which nobody needs now, is late; the run goes on.
        assert worker.event("arrived", 1, {1: 1}) == []
        worker.run(1, 5)
        assert finished(worker).tasks == [1, 5]

    def test_what_was_to_be_fetched_is_to_be_run_and_waits_itself(self, worker):
        worker.compute(5, deps={5: [2]}, holders={2: [2]}, peers=PEERS)
        worker.compute(2, deps={2: [1]}, holders={1: [1]})
        assert worker.state(2) == "waiting"
        worker.event("arrived", 1, {})
        worker.event("arrived", 2, {1: 1})
        worker.run(2, 5)
        assert [type(message).__name__ for message in worker.sent()] == ["Held", "Finished"]

    def test_what_is_missing_is_to_be_run_and_waits_itself(self, worker):
        worker.compute(5, deps={5: [2]})
        worker.compute(2, deps={2: [1]})
        assert worker.sent() == [Missing([1], [[]])]
        worker.compute(1)
        worker.run(1, 2, 5)

    def test_while_a_run_that_nobody_wanted_goes_on(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.handle(Free([5]))
        assert task.state == "cancelled"
        worker.compute(5, attempt=2)
        assert task.state == "resumed"
        assert worker.idle()
        assert worker.finish(task)
        assert finished(worker).attempts == [2]

    def test_resumed_with_tasks_that_wait_for_it(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.handle(Free([5]))
        worker.compute(6, deps={6: [5]}, holders={5: [2]}, peers=PEERS)
        assert worker.state(5) == "fetching"
        worker.compute(5, attempt=2)
        assert task.state == "resumed"
        worker.finish(task)
        worker.run(6)

    def test_a_copy_came_while_the_unwanted_run_went_on(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.handle(Free([5]))
        worker.compute(6, deps={6: [5]}, holders={5: [2]}, peers=PEERS)
        worker.event("arrived", 1, {5: 77})
        worker.sent()
        worker.compute(5, attempt=2)
        assert finished(worker).nbytes == [77]
        assert not worker.finish(task)
        assert worker.state(5) == "memory"
        worker.run(6)

    def test_resources(self, drive):
        worker = drive(resources={"GPU": 1})
        wants = {"resources": {"GPU": 1}}
        worker.compute(5, 6, 7, options={5: wants, 6: wants})
        gpu = worker.take()
        assert gpu.id == 5
        worker.run(7)
        assert worker.idle()
        worker.finish(gpu)
        worker.run(6)

    def test_more_resources_than_there_are(self, drive):
        # The thread refuses it; the line must not stop.
        worker = drive(resources={"GPU": 1})
        worker.compute(5, options={5: {"resources": {"GPU": 2, "TPU": 1}}})
        worker.run(5)

    def test_executors(self, drive):
        worker = drive(executors=["gpu"])
        options = {5: {"annotations": {"executor": "gpu"}}, 6: {"annotations": {"executor": "none such"}}}
        worker.compute(5, 6, options=options)
        assert worker.event("take").id == 6
        assert worker.idle()
        assert worker.take("gpu").id == 5
        assert worker.event("take", "gpu") is None

    def test_resources_of_a_named_executor(self, drive):
        worker = drive(executors=["gpu"], resources={"GPU": 1})
        wants = {"annotations": {"executor": "gpu"}, "resources": {"GPU": 1}}
        worker.compute(5, 6, options={5: wants, 6: wants})
        assert worker.idle()
        worker.take("gpu")
        assert worker.event("take", "gpu") is None


class TestFree:
    def test_unknown(self, worker):
        worker.handle(Free([5]))
        worker.quiet()

    def test_waiting(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [2]}, peers=PEERS)
        worker.handle(Free([5]))
        # What was wanted for it alone isn't wanted any more; what is on its way is ignored.
        assert worker.machine.tasks == {}
        assert worker.event("arrived", 1, {1: 1}) == []
        assert worker.sent() == []

    def test_waiting_for_a_recipe(self, worker):
        worker.compute(5, recipe=7, send_recipe=False)
        worker.handle(Free([5]))
        worker.recipe(7)
        assert worker.machine.tasks == {}

    def test_ready(self, worker):
        worker.compute(5, 6)
        worker.handle(Free([5]))
        worker.run(6)
        assert worker.idle()

    def test_ready_by_resource(self, drive):
        worker = drive(resources={"GPU": 1})
        worker.compute(5, options={5: {"resources": {"GPU": 1}}})
        worker.handle(Free([5]))
        assert worker.idle()

    def test_executing(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.handle(Free([5]))
        assert worker.state(5) == "released"
        assert not worker.finish(task)
        worker.quiet()

    def test_executing_and_then_it_fails(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.handle(Free([5]))
        worker.fail(task)
        worker.quiet()

    def test_executing_holds_its_resources_until_it_ends(self, drive):
        worker = drive(resources={"GPU": 1})
        wants = {"resources": {"GPU": 1}}
        worker.compute(5, 6, options={5: wants, 6: wants})
        task = worker.take()
        worker.handle(Free([5]))
        assert worker.idle()
        worker.finish(task)
        worker.run(6)

    def test_memory(self, worker):
        worker.compute(5, 6)
        worker.run(5, 6)
        worker.handle(Free([5, 6, 5]))
        assert worker.dropped() == [5, 6]
        assert worker.machine.n_held == 0

    def test_fetching_for_a_task_goes_on(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [2]}, peers=PEERS)
        worker.handle(Free([1]))
        worker.event("arrived", 1, {1: 1})
        worker.run(5)

    def test_fetching_for_itself_ends(self, worker):
        worker.handle(Acquire([1], encode_keys(["one"]), {1: [2]}, {}, PEERS))
        worker.handle(Free([1]))
        assert worker.machine.tasks == {}

    def test_what_others_here_wait_for(self, worker):
        worker.compute(5, 6, deps={6: [5]})
        worker.handle(Free([5]))
        assert (worker.state(5), worker.state(6)) == ("missing", "waiting")
        assert worker.sent() == [Missing([5], [[]])]
        worker.handle(Free([6]))
        assert worker.machine.tasks == {}

    def test_together_with_those_that_wait(self, worker):
        worker.compute(5, 6, deps={6: [5]})
        worker.handle(Free([5, 6]))
        assert worker.machine.tasks == {}
        worker.quiet()


class TestStop:
    def test_not_begun(self, worker):
        worker.compute(5, 6, deps={6: [5]})
        worker.handle(Stop([6, 5, 77], "cancelled"))
        assert worker.machine.tasks == {}
        worker.quiet()

    def test_held(self, worker):
        worker.compute(5)
        worker.run(5)
        worker.sent()
        worker.handle(Stop([5], "cancelled"))
        assert worker.dropped() == [5]

    @pytest.mark.parametrize("seceded", [False, True])
    def test_running(self, worker, seceded):
        worker.compute(5)
        task = worker.take()
        if seceded:
            worker.event("seceded", task, 7)
            worker.sent()
        worker.handle(Stop([5], "cancelled"))
        assert worker.asked() == [Interrupt(task, "cancelled")]
        assert worker.machine.tasks == {}
        assert not worker.finish(task)
        worker.quiet()

    def test_running_unwanted(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.handle(Free([5]))
        worker.handle(Stop([5], "cancelled"))
        assert worker.asked() == [Interrupt(task, "cancelled")]
        worker.fail(task)
        worker.quiet()

    def test_its_resources_are_free_at_once(self, drive):
        worker = drive(resources={"GPU": 1})
        wants = {"resources": {"GPU": 1}}
        worker.compute(5, 6, options={5: wants, 6: wants})
        task = worker.take()
        worker.handle(Stop([5], ""))
        worker.run(6)
        worker.fail(task)

    def test_a_stopped_run_is_not_resumed(self, worker):
        worker.compute(5)
        old = worker.take()
        worker.handle(Stop([5], ""))
        worker.compute(5, attempt=2)
        new = worker.take()
        assert new is not old
        assert not worker.finish(old)
        assert worker.finish(new)
        assert finished(worker).attempts == [2]

    def test_others_wait_for_it(self, worker):
        worker.compute(5, 6, deps={6: [5]})
        worker.take()
        worker.handle(Stop([5], ""))
        assert worker.sent() == [Missing([5], [[]])]


class TestRecall:
    def test_every_state(self, worker):
        worker.compute(1, 2, 3, 4, deps={4: [9]}, holders={9: [2]}, peers=PEERS)
        worker.run(1)
        running = worker.take()
        worker.sent()
        worker.handle(Recall([1, 2, 3, 4, 5, 9]))
        assert worker.sent() == [Recalled(given=[3, 4], kept=[1, 2, 5, 9])]
        assert set(worker.machine.tasks) == {1, 2}
        worker.finish(running)

    def test_the_answers_are_merged(self, worker):
        worker.compute(5, 6)
        worker.handle(Recall([5]))
        worker.handle(Recall([6, 7]))
        assert worker.sent() == [Recalled(given=[5, 6], kept=[7])]

    def test_others_here_wait_for_it(self, worker):
        worker.compute(5, 6, deps={6: [5]})
        worker.handle(Recall([5]))
        assert worker.sent() == [Recalled([5], []), Missing([5], [[]])]
        worker.handle(Holders({5: [1]}, {5: 3}, PEERS))
        assert worker.asked() == [Fetch(1, 1, "tcp://one:1", [5], 3)]
        worker.event("arrived", 1, {5: 3})
        worker.run(6)

    def test_given_and_assigned_again(self, worker):
        worker.compute(5)
        worker.handle(Recall([5]))
        worker.compute(5, attempt=2)
        worker.run(5)
        assert worker.sent()[1].attempts == [2]


class TestHolders:
    def test_of_what_is_missing(self, worker):
        worker.compute(5, deps={5: [1]})
        worker.sent()
        worker.handle(Holders({1: [1, 3]}, {1: 50}, PEERS))
        assert worker.asked() == [Fetch(1, 1, "tcp://one:1", [1], 50)]
        worker.quiet()

    def test_nowhere(self, worker):
        worker.compute(5, deps={5: [1]})
        worker.sent()
        worker.handle(Holders({1: []}, {}, {}))
        assert worker.state(1) == "missing"
        worker.quiet()

    def test_of_what_is_on_its_way(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [1]}, peers=PEERS)
        worker.asked()
        worker.handle(Holders({1: [1, 2]}, {}, {}))
        worker.quiet()
        worker.event("arrived", 1, {}, [1])
        assert worker.asked() == [Fetch(2, 2, "tcp://two:2", [1], 0)]

    def test_instead_of_the_old_ones(self, drive):
        worker = drive(fetch_count=1)
        worker.compute(5, deps={5: [1, 2]}, holders={1: [1], 2: [2]}, peers=PEERS)
        worker.asked()
        worker.handle(Holders({2: [3]}, {}, {}))
        worker.event("arrived", 1, {1: 1})
        assert worker.asked() == [Fetch(2, 3, "tcp://three:3", [2], 0)]

    def test_of_what_is_not_wanted(self, worker):
        worker.compute(5)
        worker.handle(Holders({5: [1], 6: [1]}, {}, PEERS))
        worker.quiet()
        worker.run(5)

    def test_of_what_the_scheduler_sends(self, worker):
        worker.handle(Store([1], encode_keys(["one"]), ["payload"]))
        worker.asked()
        worker.handle(Holders({1: [1]}, {}, PEERS))
        worker.quiet()

    def test_named_again_after_they_were_tried(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [1]}, peers=PEERS)
        worker.event("arrived", 1, {}, [1])
        assert worker.sent() == [Missing([1], [[1]])]
        worker.handle(Holders({1: [1]}, {}, {}))
        worker.event("arrived", 2, {}, [1])
        assert worker.sent() == [Missing([1], [[1]])]


class TestStore:
    def test_new(self, worker):
        worker.handle(Store([1, 2], encode_keys(["one", "two"]), ["p1", "p2"]))
        assert worker.asked() == [Keep([1, 2], ["p1", "p2"])]
        assert worker.state(1) == "fetching"
        assert worker.event("stored", {1: 10, 2: 20}) == [1, 2]
        assert worker.sent() == [Held([1, 2], [10, 20])]
        assert [task.key for task in worker.machine.held()] == ["one", "two"]

    def test_what_is_held_already(self, worker):
        worker.compute(1)
        worker.run(1)
        worker.sent()
        worker.handle(Store([1], encode_keys(["one"]), ["p1"]))
        assert worker.sent() == [Held([1], [10])]
        assert worker.asked() == []

    def test_what_runs_here(self, worker):
        worker.compute(1)
        worker.handle(Store([1], encode_keys(["one"]), ["p1"]))
        worker.quiet()

    def test_what_was_to_be_fetched(self, worker):
        worker.compute(5, deps={5: [1, 2]}, holders={1: [1]}, peers=PEERS)
        worker.asked()
        worker.handle(Store([1, 2], encode_keys(["one", "two"]), ["p1", "p2"]))
        assert worker.asked() == [Keep([1, 2], ["p1", "p2"])]
        worker.event("stored", {1: 1, 2: 2})
        worker.event("arrived", 1, {1: 1})
        worker.run(5)

    def test_freed_before_it_was_unpacked(self, worker):
        worker.handle(Store([1], encode_keys(["one"]), ["p1"]))
        worker.asked()
        worker.handle(Free([1]))
        assert worker.event("stored", {1: 10}) == []
        worker.quiet()


class TestAcquire:
    def test_new(self, worker):
        worker.handle(Acquire([1], encode_keys(["one"]), {1: [2]}, {1: 7}, PEERS))
        assert worker.asked() == [Fetch(1, 2, "tcp://two:2", [1], 7)]
        assert worker.event("arrived", 1, {1: 8}) == [1]
        assert worker.sent() == [Held([1], [8])]
        assert [task.key for task in worker.machine.held()] == ["one"]

    def test_nowhere(self, worker):
        worker.handle(Acquire([1], encode_keys(["one"]), {}, {}, {}))
        assert worker.sent() == [Missing([1], [[]])]

    def test_held(self, worker):
        worker.compute(1)
        worker.run(1)
        worker.sent()
        worker.handle(Acquire([1], encode_keys(["one"]), {1: [2]}, {}, PEERS))
        assert worker.sent() == [Held([1], [10])]

    def test_running(self, worker):
        worker.compute(1)
        worker.handle(Acquire([1], encode_keys(["one"]), {1: [2]}, {}, PEERS))
        worker.quiet()

    def test_wanted_by_a_task_as_well(self, worker):
        worker.compute(5, deps={5: [1, 2]}, holders={1: [1]}, peers=PEERS)
        worker.asked()
        worker.handle(Acquire([1, 2], encode_keys(["one", "two"]), {1: [1], 2: [2]}, {}, PEERS))
        assert [fetch.tasks for fetch in worker.asked()] == [[2]]
        worker.handle(Free([5]))
        # They are kept for themselves.
        assert worker.event("arrived", 1, {1: 1}) == [1]
        assert worker.event("arrived", 2, {2: 1}) == [2]


class TestWorkerGone:
    def test_unknown(self, worker):
        worker.handle(WorkerGone([1, 9]))
        worker.quiet()

    def test_on_its_way(self, worker):
        worker.compute(5, deps={5: [1, 2]}, holders={1: [1, 2], 2: [1]}, peers=PEERS)
        assert worker.asked() == [Fetch(1, 1, "tcp://one:1", [1, 2], 0)]
        worker.handle(WorkerGone([1]))
        assert worker.asked() == [Abandon(1, 1, "tcp://one:1"), Fetch(2, 2, "tcp://two:2", [1], 0)]
        assert worker.sent() == [Missing([2], [[1]])]

    def test_what_arrives_all_the_same_is_taken(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [1]}, peers=PEERS)
        worker.handle(WorkerGone([1]))
        worker.asked()
        assert worker.event("arrived", 1, {1: 9}) == [1]
        assert worker.sent() == [Held([1], [9])]
        worker.run(5)

    def test_in_line(self, drive):
        worker = drive(fetch_count=1)
        worker.compute(5, deps={5: [1, 2, 3]}, holders={1: [1], 2: [2, 3], 3: [2]}, peers=PEERS)
        worker.asked()
        worker.handle(WorkerGone([2]))
        assert worker.sent() == [Missing([3], [[2]])]
        worker.event("arrived", 1, {1: 1})
        assert worker.asked() == [Fetch(2, 3, "tcp://three:3", [2], 0)]


class TestCopies:
    """Whatever crosses the report of a copy, both sides know in the end where it is."""

    def test_a_copy_that_is_freed_is_taken_back(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [1]}, peers=PEERS)
        worker.event("arrived", 1, {1: 1})
        worker.run(5)
        worker.sent()
        worker.handle(Free([1, 5]))
        # The result that was computed here needs no word.
        assert worker.sent() == [Lost([1])]
        assert worker.dropped() == [1, 5]

    def test_so_are_stored_and_put_data(self, worker):
        worker.handle(Store([1], encode_keys(["one"]), [b"payload"]))
        worker.event("stored", {1: 3})
        worker.event("put", [2], ["two"], [1])
        worker.sent()
        worker.handle(Free([1, 2]))
        assert worker.sent() == [Lost([1, 2])]

    def test_what_was_to_be_kept_and_is_nowhere_is_forgotten(self, worker):
        worker.handle(Acquire([1], encode_keys(["one"]), {1: [1]}, {1: 10}, PEERS))
        worker.event("fetch_failed", 1)
        assert worker.sent() == [Missing([1], [[1]])]
        worker.handle(Holders({1: []}, {}, {}))
        assert worker.state(1) == "released"

    def test_unless_tasks_here_wait_for_it(self, worker):
        worker.handle(Acquire([1], encode_keys(["one"]), {1: [1]}, {1: 10}, PEERS))
        worker.compute(5, deps={5: [1]}, holders={1: [1]})
        worker.event("fetch_failed", 1)
        worker.handle(Holders({1: []}, {}, {}))
        assert worker.state(1) == "missing"
        worker.handle(Free([5]))
        assert worker.state(1) == "released"
