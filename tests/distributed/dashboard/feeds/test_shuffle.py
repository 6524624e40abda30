from types import SimpleNamespace

from minidask_distributed.dashboard.feeds.shuffle import (
    KEPT,
    MOST_TOLD,
    Shuffles,
    _Shuffle,
    is_barrier,
    sums_of,
    told_by,
)
from minidask_distributed.scheduler.machine.records import Options, Task
from minidask_distributed.scheduler.machine.states import FORGOTTEN, MEMORY, PROCESSING, RELEASED, WAITING

KEEPS = Options("keeps", {"annotations": {"keeps_inputs": True}})


class Tasks:
    """What the feed reads of a machine's state: pages of tasks and the next serial."""

    def __init__(self):
        from minidask_distributed.scheduler.machine.pages import Pages

        self.tasks = Pages()
        self.next_serial = 1

    def add(self, key, deps=(), options=None, state=WAITING):
        task = Task(self.next_serial, key, None, None, tuple(deps), options)
        task.state = state
        self.tasks.set(self.next_serial, task)
        self.next_serial += 1
        return task

    def shuffle(self, name, sources=3, outputs=2):
        transfers = [self.add((name, "transfer", at), state=PROCESSING) for at in range(sources)]
        barrier = self.add((name, "barrier"), transfers, KEEPS)
        unpacks = [self.add((name, at), [barrier]) for at in range(outputs)]
        barrier.dependents, barrier.n_live = unpacks, len(unpacks)
        return SimpleNamespace(transfers=transfers, barrier=barrier, unpacks=unpacks)


def test_the_barrier_is_known_by_what_it_keeps():
    tasks = Tasks()
    made = tasks.shuffle("shuffle-1")
    assert is_barrier(made.barrier)
    assert not any(map(is_barrier, [*made.transfers, *made.unpacks]))


def test_the_story_of_a_shuffle():
    tasks, known = Tasks(), Shuffles()
    tasks.add("before")
    made = tasks.shuffle("shuffle-1")
    (row,) = known.update(tasks, 5.0)
    assert (row.name, row.n_sources, row.n_outputs, row.state) == ("shuffle-1", 3, 2, "splitting")
    assert (row.sources_done, row.sources_processing, row.found) == (0, 3, 5.0)
    for task in made.transfers:
        task.state = MEMORY
    made.barrier.state = MEMORY
    made.unpacks[0].state = MEMORY
    (row,) = known.update(tasks, 6.0)
    assert (row.sources_done, row.outputs_done, row.state) == (3, 1, "putting together")
    # What was used and forgotten is done, too.
    made.unpacks[0].state = FORGOTTEN
    made.barrier.n_live = 1
    (row,) = known.update(tasks, 6.5)
    assert (row.outputs_done, row.n_outputs) == (1, 2)
    # After the last output the scheduler frees the barrier's result, and with it the transfers.
    made.unpacks[1].state = MEMORY
    for task in [*made.transfers, made.barrier]:
        task.state = RELEASED
    (row,) = known.update(tasks, 6.8)
    assert (row.sources_done, row.outputs_done, row.state) == (3, 2, "put together")
    made.barrier.state = FORGOTTEN
    (row,) = known.update(tasks, 7.0)
    assert (row.state, row.sources_done, row.outputs_done, row.ended) == ("ended", 3, 2, 7.0)


def test_what_is_lost_is_split_again():
    tasks, known = Tasks(), Shuffles()
    made = tasks.shuffle("shuffle-1")
    for task in [*made.transfers, made.barrier]:
        task.state = MEMORY
    known.update(tasks, 1.0)
    made.transfers[0].state, made.transfers[1].state, made.barrier.state = PROCESSING, RELEASED, WAITING
    (row,) = known.update(tasks, 2.0)
    assert (row.sources_done, row.state) == (1, "splitting")


def test_the_latest_stand_first_and_ended_ones_are_bounded():
    tasks, known = Tasks(), Shuffles()
    for at in range(KEPT + 20):
        tasks.shuffle(f"shuffle-{at}").barrier.state = FORGOTTEN
        rows = known.update(tasks, float(at))
    assert (len(rows), rows[0].name) == (KEPT, f"shuffle-{KEPT + 19}")
    assert len(known.found) <= KEPT + 1


def test_many_tasks_are_looked_at_in_strides(monkeypatch):
    from minidask_distributed.dashboard.feeds import shuffle

    monkeypatch.setattr(shuffle, "STRIDE", 1000)
    tasks, known = Tasks(), Shuffles()
    for at in range(5000):
        tasks.add(f"x-{at}")
    tasks.shuffle("shuffle-1")
    assert known.update(tasks, 0.0) == []
    for _ in range(6):
        rows = known.update(tasks, 0.0)
    assert [row.name for row in rows] == ["shuffle-1"]


def test_the_feed_has_a_row_a_shuffle(stage):
    stage.worker("w")
    stage.submit({"a": []})
    assert stage.read("shuffles")["name"] == []


def tell(stage, name, *rows):
    stage.beat(name, shuffles=[list(row) for row in rows])


def test_bytes_are_those_that_workers_tell(stage):
    stage.worker("alice")
    stage.worker("bob")
    tell(stage, "alice", ("s-1", 100, 40, 0), ("s-2", 1, 0, 0))
    tell(stage, "bob", ("s-1", 50, 70, 20))
    workers = [stage.record("alice"), stage.record("bob")]
    assert sums_of(workers) == {"s-1": [150, 110, 20], "s-2": [1, 0, 0]}
    columns = stage.read("shuffle-workers")
    assert columns["worker"] == ["alice", "bob"]
    assert (columns["split"], columns["fetched"], columns["spilled"]) == ([101, 50], [40, 70], [0, 20])
    # A shuffle of which some outputs are wanted goes by a longer name; those of workers that have gone stay.
    for name in ("s-1", "s-1-0a1b"):
        shuffle = _Shuffle(SimpleNamespace(key=(name, "barrier"), deps=()), 0.0)
        shuffle.weigh(sums_of(workers))
        shuffle.weigh({})
        assert shuffle.nbytes == [150, 110, 20]


def test_what_no_worker_says_is_not_believed(stage):
    stage.worker("alice")
    for told in (5, "x", [5], [["s", 1, 2]], [["s", 1, 2, "3"]], [[["s"], 1, 2, 3]], [["s", True, 2, 3]]):
        stage.beat("alice", shuffles=told)
        assert told_by(stage.record("alice")) == []
    stage.beat("alice", shuffles=[[f"s-{at}", 1, 1, 1] for at in range(MOST_TOLD + 5)])
    assert len(told_by(stage.record("alice"))) == MOST_TOLD
