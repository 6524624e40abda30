"""Results that live and die with those of their inputs, and tasks that say which results are gone: the scheduler's part."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import Acquire, Free, Held, Leave, Store, WorkerStatus
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.machine.outcomes import MOST_LOSSES
from minidask_distributed.testing import storm, workers
from minidask_distributed.testing.lives import Life
from minidask_distributed.testing.workload import Catalogue
from tests.distributed.scheduler.machine.conftest import Table

KEEPS = [{"annotations": {"keeps_inputs": True}}]
ROWS = {"t0": [], "t1": [], "barrier": ["t0", "t1"], "u0": ["barrier"], "u1": ["barrier"]}


class Shuffle:
    """A scheduler, the workers "a" and "b" with a ticket each, small as they are, and a barrier on "a"."""

    def __init__(self) -> None:
        self.table = table = Table(free_after_s=0)
        table.client()
        for name in ("a", "b"):
            table.worker(name)
        self.upload("client")
        self.on = {key: name for name in ("a", "b") for key in table.given(name)}
        if set(self.on) != {"t0", "t1"} or len(set(self.on.values())) != 2:
            raise AssertionError(f"the tickets aren't one on each worker: {self.on}")
        for key in ("t0", "t1"):
            table.finish(self.on[key], key, values=[b"ticket"])
        self.run("barrier")

    def upload(self, client, wanted=("u0", "u1")):
        self.table.upload(client, ROWS, wanted=wanted, options=KEEPS, option=[-1, -1, 0, -1, -1])

    def run(self, *keys, **more):
        """Let workers that were given tasks finish them."""
        for key in keys:
            worker = self.table.task(key).worker
            assert worker is not None, f"{key} is {self.table.where(key)}"
            self.table.finish(worker.name, key, values=[b"small"], **more)

    def where(self, *keys):
        return self.table.where(*keys)


@pytest.fixture
def shuffle():
    return Shuffle()


def test_inputs_are_kept_as_long_as_the_result(shuffle):
    assert shuffle.where(*ROWS) == ["memory"] * 3 + ["processing"] * 2
    shuffle.run("u0")
    assert shuffle.where("t0", "t1", "barrier") == ["memory"] * 3
    shuffle.run("u1")
    assert shuffle.where("t0", "t1", "barrier", "u0", "u1") == ["released"] * 3 + ["memory"] * 2
    for ticket, name in shuffle.on.items():
        freed = [task for message in shuffle.table.read(name, Free) for task in message.tasks]
        assert shuffle.table.task(ticket).id in freed


def test_they_go_when_nobody_wants_the_rest(shuffle):
    shuffle.table.leave("client")
    assert shuffle.where(*ROWS) == ["gone"] * 5
    assert not shuffle.table.state.managed_bytes


def test_a_lost_input_takes_the_result_along_and_is_made_again_alone(shuffle):
    table = shuffle.table
    shuffle.run("u0")
    table.given("a"), table.given("b")
    dead, alive = shuffle.on["t1"], shuffle.on["t0"]
    table.leave(dead)
    # The result of u0 was small: it is given to the other worker. The ticket was, too, but means nothing elsewhere.
    assert not [task for m in table.read(alive, Store) for task in m.tasks if task == table.task("t1").id]
    assert shuffle.where("t0", "t1", "barrier", "u0", "u1") == ["memory", "processing", "waiting", "memory", "waiting"]
    assert table.given(alive) == ["t1"]
    shuffle.run("t1", "barrier", "u1")
    assert shuffle.where(*ROWS) == ["released"] * 3 + ["memory"] * 2


def test_a_lost_result_is_made_again_of_the_inputs_that_are_there(shuffle):
    table = shuffle.table
    holder = table.task("barrier").holder.name
    table.task("barrier").value = None  # as if it were too large to be kept here
    other = "b" if holder == "a" else "a"
    table.leave(holder)
    table.given(other)
    lost = next(key for key, name in shuffle.on.items() if name == holder)
    kept = next(key for key, name in shuffle.on.items() if name == other)
    assert shuffle.where(lost, kept, "barrier") == ["processing", "memory", "waiting"]
    shuffle.run(lost, "barrier", "u0", "u1")
    assert shuffle.where("t0", "t1", "barrier") == ["released"] * 3
    assert (table.task(kept).attempt, table.task(lost).attempt) == (1, 1)


def test_a_worker_that_leaves_needn_t_hand_tickets_over(shuffle):
    table = shuffle.table
    leaving = shuffle.on["t0"]
    other = shuffle.on["t1"]
    table.read(leaving), table.read(other)
    ticket = table.task("t0").id
    running = [key for key in ("u0", "u1") if table.task(key).worker.name == leaving]
    table.say(leaving, WorkerStatus("closing"))
    table.finish(leaving, *running, values=[b"small"] * len(running))
    taken = [task for message in table.read(other, Acquire) for task in message.tasks]
    assert ticket not in taken
    table.say(other, Held(taken, [8] * len(taken)))
    assert table.read(leaving, Leave)
    left = 2 - len(running)
    assert shuffle.where("t0", "t1", "barrier") == (["processing", "memory", "waiting"] if left else ["released"] * 3)


def test_what_a_worker_finds_gone_is_made_again(shuffle):
    table = shuffle.table
    worker = table.task("u0").worker.name
    table.given("a"), table.given("b")
    table.fail(worker, "u0", "pieces are gone", kind="lost", lost=encode_keys(["t1"]))
    assert shuffle.where("t0", "t1", "barrier", "u0", "u1") == ["memory", "processing", "waiting", "waiting", "waiting"]
    assert [task for m in table.read(shuffle.on["t1"], Free) for task in m.tasks if task == table.task("t1").id]
    # What was given to workers before is void, whatever comes of it.
    shuffle.run("t1", "barrier")
    assert shuffle.where("u0", "u1") == ["processing", "processing"]
    shuffle.run("u0", "u1")
    assert table.heard("client") == {"u0": b"small", "u1": b"small"}


def test_what_is_gone_again_and_again_is_a_failure(shuffle):
    table = shuffle.table
    for _ in range(MOST_LOSSES):
        table.fail(table.task("u0").worker.name, "u0", "gone", kind="lost", lost=encode_keys(["t1"]))
        shuffle.run("t1", "barrier")
    table.fail(table.task("u0").worker.name, "u0", "s-1 lost its pieces", kind="lost", lost=encode_keys(["t1"]))
    assert table.heard("client")["u0"] == "s-1 lost its pieces"
    shuffle.run("u1")


def test_keys_that_nobody_knows_and_data_without_lineage_are_not_taken_for_lost(shuffle):
    table = shuffle.table
    table.fail(table.task("u0").worker.name, "u0", "gone", kind="lost", lost=encode_keys(["no such key", "u1"]))
    assert shuffle.where("t0", "t1", "barrier", "u0") == ["memory"] * 3 + ["processing"]


def test_a_worker_that_comes_back_with_such_a_result_drops_it():
    table = Table(free_after_s=0)
    table.client()
    table.worker("a")
    table.upload("client", ROWS, wanted=["u0"], options=KEEPS, option=[-1, -1, 0, -1, -1])
    table.worker("b", held=("barrier",), status=False)
    assert table.where("barrier") == ["waiting"]
    assert table.task("barrier").id in [task for message in table.read("b", Free) for task in message.tasks]


def lives(monkeypatch, seeds, acts=40):
    """Live lives in which tasks keep their inputs, and "flaky" ones say that something that they are made of is gone."""
    deps = {}
    add = Catalogue.add
    real = workers.failure_of

    def adding(self, recipe, literal, names):
        key = add(self, recipe, literal, names)
        deps[key] = names
        return key

    def failing(text):
        kind, _, key = text.partition(" in ")
        fields = real(text)
        if kind == "flaky":
            inputs = deps[key]
            further = [name for one in inputs for name in deps.get(one, ())]
            fields |= {"kind": "lost", "lost": encode_keys([*further, *inputs[:1]])}
        return fields

    monkeypatch.setattr(Catalogue, "add", adding)
    monkeypatch.setattr(workers, "failure_of", failing)
    keeps = {"annotations": {"keeps_inputs": True}}
    monkeypatch.setattr(storm, "SPECIAL", (*storm.SPECIAL, *[[keeps]] * 4, [keeps, {}]))
    for seed in seeds:
        Life(seed, acts).live()


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_random_lives(monkeypatch, block):
    lives(monkeypatch, range(block * 25, block * 25 + 25))


@pytest.mark.slow
def test_longer_random_lives(monkeypatch):
    lives(monkeypatch, range(500, 506), acts=150)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("block", range(5))
def test_many_random_lives(monkeypatch, block):
    lives(monkeypatch, range(1000 + block * 400, 1400 + block * 400))
