"""What threads, fetches and the worker tell the machine; and random lives, checked after every event."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from minidask_distributed.messages import (
    Acquire,
    Compute,
    Erred,
    Finished,
    Free,
    Held,
    Holders,
    LongRunning,
    Lost,
    Missing,
    NeedRecipes,
    Notice,
    Recall,
    Recipes,
    Stop,
    Store,
    WorkerGone,
    WorkerStatus,
)
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.worker.machine import Abandon, Fetch, Interrupt, Keep, WorkerMachine
from minidask_distributed.worker.machine.check import sanity_check

PEERS = {1: "tcp://one:1", 2: "tcp://two:2", 3: "tcp://three:3"}
FAILURE = {"type": "ValueError", "text": "no", "traceback": "", "notes": [], "payload": None, "kind": "raised"}


class TestRuns:
    def test_failure(self, worker):
        worker.compute(5, 6)
        worker.fail(worker.take())
        worker.fail(worker.take())
        assert worker.sent() == [Erred([5, 6], None, [500_000] * 2, [{**FAILURE, "name": ""}] * 2)]
        assert worker.machine.tasks == {}

    def test_failure_of_a_later_attempt(self, worker):
        worker.compute(5)
        worker.compute(6, attempt=4)
        worker.fail(worker.take())
        worker.fail(worker.take())
        assert worker.sent()[0].attempts == [1, 4]

    def test_failure_of_what_others_wait_for(self, worker):
        worker.compute(5, 6, deps={6: [5]})
        worker.fail(worker.take())
        # The failure says it all: it isn't reported missing as well.
        assert [type(message) for message in worker.sent()] == [Erred]
        assert (worker.state(5), worker.state(6)) == ("missing", "waiting")
        worker.compute(5, attempt=2)
        worker.run(5, 6)

    def test_rescheduled(self, worker):
        worker.compute(5, 6, deps={6: [5]})
        task = worker.take()
        worker.event("rescheduled", task)
        (message,) = worker.sent()
        assert (type(message), message.tasks, message.failures[0]["kind"]) == (Erred, [5], "reschedule")
        worker.compute(5, attempt=2)
        worker.run(5, 6)

    def test_rescheduled_when_unwanted(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.handle(Free([5]))
        worker.event("rescheduled", task)
        worker.quiet()

    @pytest.mark.parametrize("resumed", [False, True])
    def test_secede(self, worker, resumed):
        worker.compute(5)
        task = worker.take()
        if resumed:
            worker.handle(Free([5]))
            worker.compute(5)
        worker.event("seceded", task, 1234)
        assert worker.state(5) == "long-running"
        worker.event("seceded", task, 1234)
        assert worker.sent() == [LongRunning([5], [1234])]
        worker.finish(task)
        assert worker.sent()[0].tasks == [5]

    def test_the_other_ends_of_resumed_and_seceded_runs(self, worker):
        worker.compute(5)
        task = worker.take()
        for _ in range(3):
            worker.handle(Free([5]))
            assert task.state == "cancelled"
            worker.compute(5)
            assert task.state == "resumed"
        worker.fail(task)
        worker.compute(6)
        task = worker.take()
        worker.handle(Free([6]))
        worker.compute(6)
        worker.event("rescheduled", task)
        worker.compute(7)
        task = worker.take()
        worker.event("seceded", task, 1)
        worker.fail(task)
        assert worker.machine.tasks == {}
        assert [type(message) for message in worker.sent()] == [Erred, LongRunning, Erred]

    def test_secede_is_merged_and_keeps_its_place(self, worker):
        worker.compute(5, 6)
        first, second = worker.take(), worker.take()
        worker.event("seceded", first, 1)
        worker.event("seceded", second, 2)
        worker.finish(first)
        assert worker.sent()[0] == LongRunning([5, 6], [1, 2])

    def test_secede_when_unwanted(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.handle(Free([5]))
        worker.event("seceded", task, 1234)
        worker.quiet()
        worker.finish(task)

    def test_long_running_and_freed(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.event("seceded", task, 1)
        worker.handle(Free([5]))
        assert task.state == "cancelled"
        worker.fail(task)
        assert worker.machine.unwanted == {}

    def test_a_dependency_was_gone(self, worker):
        worker.compute(1)
        worker.run(1)
        worker.compute(5, deps={5: [1]})
        task = worker.take()
        worker.handle(Free([1]))
        worker.sent()
        worker.event("lacking", task, [1])
        assert (worker.state(5), worker.sent()) == ("waiting", [Missing([1], [[]])])
        worker.handle(Holders({1: [2]}, {}, PEERS))
        worker.event("arrived", 1, {1: 1})
        worker.run(5)

    def test_a_dependency_was_gone_and_is_back(self, worker):
        worker.compute(1)
        worker.run(1)
        worker.compute(5, deps={5: [1]})
        task = worker.take()
        worker.event("lacking", task, [1])
        worker.run(5)

    def test_a_dependency_was_gone_and_the_run_is_resumed(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.handle(Free([5]))
        worker.compute(5)
        worker.event("lacking", task, [])
        worker.run(5)

    def test_a_dependency_was_gone_and_so_is_the_task(self, worker):
        worker.compute(1)
        worker.run(1)
        worker.compute(5, deps={5: [1]})
        task = worker.take()
        worker.handle(Free([1, 5]))
        worker.event("lacking", task, [1])
        assert worker.machine.tasks == worker.machine.unwanted == {}

    def test_a_dependency_of_a_resumed_run_was_gone(self, drive):
        worker = drive(resources={"GPU": 1})
        worker.compute(5, deps={5: [1]}, inlined={1: b""}, options={5: {"resources": {"GPU": 1}}})
        task = worker.take()
        worker.handle(Free([5]))
        worker.compute(5)
        worker.event("lacking", task, [1])
        assert worker.state(5) == "waiting"
        worker.handle(Holders({1: [2]}, {}, PEERS))
        worker.event("arrived", 1, {1: 1})
        worker.run(5)

    def test_reports_are_in_order(self, worker):
        worker.compute(5, 6, 7)
        worker.run(5)
        worker.fail(worker.take())
        worker.run(7)
        assert [(type(m), m.tasks) for m in worker.sent()] == [(Finished, [5]), (Erred, [6]), (Finished, [7])]

    def test_moves_are_remembered(self, worker):
        worker.compute(5)
        worker.run(5)
        moves = [(start, finish, why) for _, start, finish, why, _ in worker.machine.story([5])]
        assert moves == [
            ("released", "ready", "Compute"),
            ("ready", "executing", "Compute"),
            ("executing", "memory", "finished"),
        ]
        assert worker.machine.story([6]) == []

    def test_a_move_that_is_not_listed_is_a_defect(self, worker):
        worker.compute(5)
        task = worker.take()
        task.state = "ready"
        with pytest.raises(AssertionError, match="task 5 moved from 'ready' to 'error' by 'Compute'"):
            worker.machine._move(task, "error")

    def test_without_validation_nothing_is_remembered(self):
        machine = WorkerMachine()
        machine.put([1], ["one"], [1])
        assert machine.story([1]) == []


class TestFetches:
    def test_a_second_holder(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [1, 2]}, peers=PEERS)
        worker.asked()
        worker.event("arrived", 1, {}, [1])
        assert worker.asked() == [Fetch(2, 2, "tcp://two:2", [1], 0)]
        worker.event("arrived", 2, {})
        assert worker.sent() == [Missing([1], [[1, 2]])]

    def test_a_peer_that_cannot_be_reached(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [1]}, peers=PEERS)
        worker.compute(6, deps={6: [2, 3]}, holders={2: [1], 3: [1, 2]})
        assert [fetch.tasks for fetch in worker.asked()] == [[1], [3]]
        worker.event("fetch_failed", 1)
        # Neither is the rest asked of it.
        assert worker.sent() == [Missing([1, 2], [[1], [1]])]
        assert worker.asked() == []
        worker.event("fetch_failed", 1)
        worker.quiet()

    def test_what_nobody_asked_for(self, worker):
        assert worker.event("arrived", 77, {1: 1}, [2]) == []
        worker.quiet()

    def test_wanted_again_while_the_old_fetch_is_on_its_way(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [1]}, peers=PEERS)
        worker.handle(Free([5]))
        worker.asked()
        worker.compute(6, deps={6: [1]}, holders={1: [1]})
        # One request a peer at a time: it is in line behind the one that nobody wants.
        assert worker.asked() == []
        assert worker.event("arrived", 1, {1: 5}) == [1]
        worker.run(6)

    def test_what_cannot_be_read(self, worker):
        worker.compute(5, 6, 7, deps={5: [1, 2], 6: [1], 7: [2]}, holders={1: [1], 2: [1]}, peers=PEERS)
        worker.event("unreadable", 1, FAILURE)
        worker.event("arrived", 1, {2: 1}, [])
        erred, held = worker.sent()
        assert (erred.tasks, erred.durations, held) == ([5, 6], [0, 0], Held([2], [1]))
        worker.run(7)

    def test_what_cannot_be_read_was_to_be_kept(self, worker):
        worker.handle(Acquire([1], encode_keys(["one"]), {1: [1]}, {}, PEERS))
        worker.handle(Store([2], encode_keys(["two"]), ["payload"]))
        for task in (1, 2, 3):
            worker.event("unreadable", task, FAILURE)
        worker.event("arrived", 1, {})
        assert worker.sent() == [Lost([1]), Erred([2], [0], [0], [FAILURE])]
        assert worker.machine.tasks == {}


class TestData:
    def test_put(self, worker):
        assert worker.event("put", [1, 2], ["one", "two"], [10, 20]) == [1, 2]
        assert worker.sent() == [Held([1, 2], [10, 20])]
        assert worker.event("put", [1], ["one"], [10]) == []
        assert worker.sent() == [Held([1], [10])]

    def test_put_what_is_wanted(self, worker):
        worker.compute(5, 6, deps={5: [1], 6: [2]}, holders={2: [1]}, peers=PEERS)
        assert worker.event("put", [1, 2], ["one", "two"], [10, 20]) == [1, 2]
        worker.run(5, 6)

    def test_put_what_is_to_be_run(self, worker):
        worker.compute(5)
        assert worker.event("put", [5], ["five"], [10]) == []
        worker.run(5)

    def test_a_copy_that_is_freed_is_no_longer_held(self, worker):
        # The message may have crossed the report of the copy.
        worker.event("put", [1], ["one"], [10])
        worker.handle(Free([1]))
        assert worker.sent() == [Held([1], [10]), Lost([1])]
        assert worker.dropped() == [1]

    def test_lost(self, worker):
        worker.compute(5, 6, 7)
        worker.run(5, 6)
        for task in (5, 6, 7, 8):
            worker.event("lost", task)
        assert worker.sent()[1:] == [Lost([5, 6])]
        assert worker.dropped() == [5, 6]


class TestWorker:
    def test_pause(self, worker):
        worker.compute(5)
        worker.event("set_status", "paused")
        worker.event("set_status", "paused")
        assert worker.idle()
        worker.event("set_status", "running")
        assert worker.sent() == [WorkerStatus("paused"), WorkerStatus("running")]
        worker.run(5)

    def test_an_unknown_status(self, worker):
        with pytest.raises(ValueError, match='a worker is "running", "paused" or "closing", not \'tired\''):
            worker.machine.set_status("tired")

    def test_notice(self, worker):
        worker.event("notice", "print", 1.5, {"text": "hello"})
        assert worker.sent() == [Notice("print", 1.5, {"text": "hello"})]

    def test_ready_tasks_are_counted(self, drive):
        worker = drive(resources={"GPU": 1})
        worker.compute(5, 6, 7, options={5: {"resources": {"GPU": 1}}})
        assert worker.machine.n_ready == 3

    def test_bounds(self):
        with pytest.raises(ValueError, match="fetches are bounded by at least 1, got count=0"):
            WorkerMachine(fetch_count=0)


class TestReconnect:
    def test_what_is_held_stays_and_all_else_goes(self, drive):
        worker = drive(resources={"GPU": 1})
        worker.compute(1, 2, 3, options={2: {"resources": {"GPU": 1}}})
        worker.run(1)
        running = worker.take()
        worker.compute(4, 5, deps={4: [8], 5: [9]}, holders={8: [1]}, peers=PEERS)
        worker.compute(6, recipe=7, send_recipe=False)
        worker.event("put", [7], ["seven"], [70])
        assert isinstance(worker.asked()[0], Fetch)
        worker.event("disconnected")
        assert worker.asked() == [Abandon(1, 1, "tcp://one:1")]
        assert worker.sent() == []
        offered = worker.machine.held()
        assert [(task.key, task.nbytes) for task in offered] == [("key-1", 10), ("seven", 70)]
        assert worker.event("registered", offered, [100, 0]) == {1: 100}
        assert worker.dropped() == [7]
        assert set(worker.machine.tasks) == {100}
        # The old run ends, void.
        assert not worker.finish(running)
        assert worker.machine.unwanted == {}
        worker.sent()
        # Recipes and peers are named anew.
        worker.compute(105, deps={105: [100]}, send_recipe=True)
        worker.run(105)
        assert worker.sent()[0].tasks == [105]

    def test_copies_without_a_key_go(self, worker):
        worker.compute(5, deps={5: [1]}, holders={1: [1]}, peers=PEERS)
        worker.event("arrived", 1, {1: 1})
        worker.event("disconnected")
        assert worker.dropped() == [1]
        assert worker.machine.held() == []

    def test_the_same_ids(self, worker):
        worker.event("put", [1], ["one"], [1])
        worker.event("disconnected")
        assert worker.event("registered", worker.machine.held(), [1]) == {}
        assert worker.state(1) == "memory"

    def test_what_came_meanwhile_stays(self, worker):
        worker.event("put", [1], ["one"], [1])
        worker.event("disconnected")
        offered = worker.machine.held()
        worker.event("put", [2], ["two"], [1])
        worker.event("registered", offered, [1])
        assert worker.dropped() == []
        # The report of it, which is still to be sent, says what it is.
        assert worker.sent() == [Held([2], [1])]

    def test_a_paused_worker_says_so_again(self, worker):
        worker.event("set_status", "paused")
        worker.event("disconnected")
        worker.event("registered", [], [])
        assert worker.sent() == [WorkerStatus("paused")]

    def test_resumed_by_the_same_scheduler(self, worker):
        worker.compute(5)
        task = worker.take()
        worker.event("disconnected")
        worker.event("registered", [], [])
        worker.compute(5, attempt=2, send_recipe=True)
        assert worker.finish(task)
        assert worker.sent()[0].attempts == [2]


class Lives(RuleBasedStateMachine):
    """A scheduler that says anything at any time, threads and peers that do anything."""

    IDS = st.integers(1, 12)
    SOME = st.lists(IDS, max_size=4, unique=True)
    NUMBERS = st.lists(st.integers(1, 3), max_size=3, unique=True)

    def __init__(self):
        super().__init__()
        self.machine = WorkerMachine(
            validate=True,
            log_length=100,
            resources={"GPU": 2},
            executors=["other"],
            fetch_count=2,
            fetch_bytes=100,
            message_bytes=60,
            recipe_bytes=8,
        )
        self.now = 0.0
        self.running = []
        self.fetches = {}
        self.keeps = []
        self.attempts = {}

    @initialize()
    def begin(self):
        self.machine.fetches.name({1: "one", 2: "two"})

    def handle(self, message):
        self.now += 1
        self.machine.handle(message, self.now)

    @rule(
        ids=st.lists(IDS, min_size=1, max_size=5, unique=True),
        deps=st.lists(st.lists(IDS, max_size=3, unique=True), min_size=5, max_size=5),
        inlined=SOME,
        holders=st.dictionaries(IDS, NUMBERS),
        recipe=st.integers(0, 3),
        give=st.booleans(),
        option=st.none() | st.integers(-1, 2),
    )
    def compute(self, ids, deps, inlined, holders, recipe, give, option):
        # A task never depends on itself or on a later one.
        deps = [[dep for dep in some if dep < id] for id, some in zip(ids, deps)]
        for id in ids:
            self.attempts[id] = self.attempts.get(id, 0) + 1
        options = [{"resources": {"GPU": 2}}, {"annotations": {"executor": "other"}, "priority": 3}]
        options.append({"resources": {"GPU": 1}, "annotations": {"executor": "other"}})
        self.handle(
            Compute(
                tasks=ids,
                attempts=[self.attempts[id] for id in ids],
                keys=encode_keys(ids),
                recipes=[[recipe, b"1234"]] if give else [],
                recipe=[recipe] * len(ids),
                literals=[None] * len(ids),
                deps=[dep for some in deps for dep in some],
                n_deps=[len(some) for some in deps],
                options=options,
                option=None if option is None else [option] * len(ids),
                expected={},
                inlined=dict.fromkeys(inlined, b""),
                holders=holders,
                sizes={dep: 30 * dep for dep in holders if dep % 2},
                peers={3: "three"},
            )
        )

    @rule(ids=SOME)
    def free(self, ids):
        self.handle(Free(ids))

    @rule(ids=SOME)
    def stop(self, ids):
        self.handle(Stop(ids, "why"))

    @rule(ids=SOME)
    def recall(self, ids):
        self.handle(Recall(ids))

    @rule(holders=st.dictionaries(IDS, NUMBERS))
    def holders(self, holders):
        self.handle(Holders(holders, {}, {3: "three"}))

    @rule(ids=SOME, holders=st.dictionaries(IDS, NUMBERS))
    def acquire(self, ids, holders):
        self.handle(Acquire(ids, encode_keys(ids), holders, {}, {2: "two"}))

    @rule(ids=SOME)
    def store(self, ids):
        self.handle(Store(ids, encode_keys(ids), [b""] * len(ids)))

    @rule(numbers=NUMBERS)
    def workers_gone(self, numbers):
        self.handle(WorkerGone(numbers))

    @rule(ids=SOME)
    def put(self, ids):
        self.machine.put(ids, ids, [1] * len(ids))

    @rule(id=IDS)
    def lost(self, id):
        self.machine.lost(id)

    @rule(status=st.sampled_from(["paused", "running", "running"]))
    def status(self, status):
        self.machine.set_status(status)

    @rule(executor=st.sampled_from(["default", "default", "other"]))
    def take(self, executor):
        task = self.machine.take(executor)
        if task is not None:
            assert all(run is not task for run in self.running), "a run is given once"
            self.running.append(task)

    @precondition(lambda self: self.running)
    @rule(at=st.integers(0, 100), how=st.sampled_from(["finished", "finished", "failed", "rescheduled", "lacking"]))
    def end(self, at, how):
        task = self.running.pop(at % len(self.running))
        wanted = self.machine.tasks.get(task.id) is task
        if how == "finished":
            assert self.machine.finished(task, 10, None, self.now, self.now + 1, 0) == wanted
        elif how == "failed":
            self.machine.failed(task, FAILURE, self.now, self.now + 1)
        elif how == "rescheduled":
            self.machine.rescheduled(task)
        elif task.state != "long-running":
            self.machine.lacking(task, list(task.deps)[:1])
        else:
            self.running.append(task)

    @precondition(lambda self: self.running)
    @rule(at=st.integers(0, 100))
    def secede(self, at):
        self.machine.seceded(self.running[at % len(self.running)], 1)

    @precondition(lambda self: self.fetches)
    @rule(at=st.integers(0, 100), n=st.integers(0, 3), bad=st.booleans())
    def arrive(self, at, n, bad):
        serial = sorted(self.fetches)[at % len(self.fetches)]
        tasks = self.fetches.pop(serial)
        if bad and tasks[n:]:
            self.machine.unreadable(tasks[-1], FAILURE)
            tasks = tasks[:-1]
        self.machine.arrived(serial, dict.fromkeys(tasks[:n], 5), tasks[n:])

    @precondition(lambda self: self.fetches)
    @rule(at=st.integers(0, 100))
    def fetch_fails(self, at):
        serial = sorted(self.fetches)[at % len(self.fetches)]
        del self.fetches[serial]
        self.machine.fetch_failed(serial)

    @precondition(lambda self: self.keeps)
    @rule(bad=st.booleans())
    def stored(self, bad):
        tasks = self.keeps.pop(0)
        if bad:
            self.machine.unreadable(tasks[0], FAILURE)
            tasks = tasks[1:]
        self.machine.stored(dict.fromkeys(tasks, 7))

    @rule()
    def flush(self):
        for message in self.machine.flush():
            if type(message) is NeedRecipes:
                self.handle(Recipes([[number, b"5678"] for number in message.recipes]))
            elif type(message) is Missing:
                assert len(message.tasks) == len(message.tried)
                assert all(self.machine.tasks[id].want for id in message.tasks)

    @rule(known=st.booleans(), shift=st.sampled_from([0, 100]))
    def reconnect(self, known, shift):
        self.machine.disconnected()
        sanity_check(self.machine)
        offered = self.machine.held()
        ids = [task.id % 100 + shift if known else 0 for task in offered]
        renamed = self.machine.registered(offered, ids)
        assert set(renamed) <= {old for old in range(1, 300)}
        if shift:
            self.handle(Free([id for id in ids if id]))
        self.machine.fetches.name({1: "one", 2: "two"})

    @invariant()
    def instructions_are_drained_and_all_is_well(self):
        for instruction in self.machine.instructions:
            if isinstance(instruction, Fetch):
                assert instruction.tasks
                self.fetches[instruction.serial] = instruction.tasks
            elif isinstance(instruction, Keep):
                self.keeps.append(instruction.tasks)
            elif isinstance(instruction, Interrupt):
                assert any(run is instruction.task for run in self.running)
            else:
                assert instruction.serial in self.fetches
        self.machine.instructions.clear()
        self.machine.drops.clear()
        sanity_check(self.machine)

    def teardown(self):
        # Nothing is stuck: with all freed and ended, nothing is left.
        self.machine.handle(Free(list(range(1, 300))), self.now)
        self.machine.handle(Free(list(range(1, 300))), self.now)
        for task in self.running:
            self.machine.finished(task, 1, None, 0.0, 1.0, 0)
        sanity_check(self.machine)
        assert (self.machine.tasks, self.machine.unwanted, self.machine.running) == ({}, {}, {})
        assert self.machine.free_resources == self.machine.resources
        assert self.machine.take() is None


Lives.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLives = pytest.mark.slow(Lives.TestCase)


def test_a_deep_chain_and_a_wide_fan(worker):
    ids = list(range(1, 400))
    worker.machine.validate = False
    worker.compute(*ids, deps={id: [id - 1] for id in ids if id > 1})
    for id in ids:
        task = worker.machine.take()
        assert task.id == id
        worker.machine.finished(task, 1, None, 0.0, 1.0, 0)
    sanity_check(worker.machine)
    worker.machine.flush()
    worker.compute(1000, *range(1001, 1400), deps={id: [1000] for id in range(1001, 1400)})
    worker.run(1000)
    assert worker.machine.n_ready == 399
