"""What must not wait for something else: batches and chunks save messages, and must never hold a result back."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import cloudpickle
import pytest

from minidask_distributed.client.as_completed import as_completed
from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.worker_client import get_client, worker_client
from tests.distributed.faults.stage import PATIENCE_S, Gate, within

cloudpickle.register_pickle_by_value(sys.modules[__name__])

SOON_S = 1.0
"""Known within milliseconds; a machine that is busy with other things needs longer, but not as long as the slow task."""


def inc(x):
    return x + 1


def run(gate, x):
    return x if gate is None else gate(x)


def test_a_quick_result_behind_a_slow_task(client: Client, gate: Gate):
    # One batch for one thread: the first is done in microseconds, the second holds the thread.
    client.gather(client.map(run, [None] * 2000, range(2000), workers=["0"]))
    futures = client.map(run, [None, gate, None], [-1, -2, -3], workers=["0"])
    with within(SOON_S):
        assert futures[0].result(PATIENCE_S) == -1
    gate.until_begun()
    assert [future.status for future in futures] == ["finished", "pending", "pending"]
    gate.let_on()
    assert client.gather(futures) == [-1, -2, -3]


def sleep_or_not(seconds):
    time.sleep(seconds)
    return seconds


def test_a_quick_result_before_a_task_of_two_seconds(client: Client):
    # Both are of one function, which is known to be quick: nothing tells that this call is not.
    client.gather(client.map(sleep_or_not, [0] * 2000, workers=["0"], pure=False))
    quick, slow = client.map(sleep_or_not, [0.0001, 2.0], workers=["0"])
    with within(2.5):
        assert next(iter(as_completed([quick, slow]))) is quick
        began = time.monotonic()
        assert quick.result(PATIENCE_S) == 0.0001
        assert slow.status == "pending"
        assert slow.result(PATIENCE_S) == 2.0
        assert time.monotonic() - began > 1.0


def test_a_task_that_waits_for_another_one_of_its_batch(client: Client, gate: Gate):
    client.gather(client.map(run, [None] * 2000, range(2000), workers=["0"]))
    # The first one's dependents are on both workers; what holds its thread in the meantime came in the same message.
    first, slow = client.map(run, [None, gate], [-1, -2], workers=["0"])
    chain = [first]
    for turn in range(20):
        chain.append(client.submit(inc, chain[-1], workers=["1"]))
    after = client.submit(inc, first, workers=["0"], pure=False)
    with within(SOON_S):
        assert chain[-1].result(PATIENCE_S) == 19
    gate.until_begun()
    assert (slow.status, after.status) == ("pending", "pending")
    gate.let_on()
    assert client.gather([slow, after]) == [-2, 0]


def test_tasks_of_one_batch_that_meet(tmp_path: Path):
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None, local_directory=tmp_path) as cluster,
        Client(cluster) as client,
        within(10),
    ):
        client.gather(client.map(meet, range(100), [None] * 100))
        # Each waits on its thread until the other one has begun on its own.
        for turn in range(20):
            assert client.gather(client.map(meet, [turn, turn], ["here", "there"])) == [turn, turn]
        # Results that were made before the wait are known while it lasts.
        held = client.map(meet, [-1, -2, -3], [None, None, "alone"])
        assert client.gather(held[:2]) == [-1, -2]
        assert client.submit(meet, -3, "released").result(PATIENCE_S) == -3
        assert held[2].result(PATIENCE_S) == -3
        # A task that asks for others and waits for them, on the only thread that is left.
        nested = client.map(ask_for_others, range(4))
        assert client.gather(nested) == [sum(range(n, n + 10)) for n in range(4)]


def meet(turn, name):
    """Wait until another task of this turn is here, too; without a name, don't."""
    if name is None:
        return turn
    arrived, changed = sys.__dict__.setdefault("meeting", ({}, threading.Condition()))
    with changed:
        arrived.setdefault(turn, set()).add(name)
        changed.notify_all()
        assert changed.wait_for(lambda: len(arrived[turn]) == 2, 10)
    return turn


def ask_for_others(start):
    with worker_client() as client:
        return sum(get_client().gather(client.map(meet, range(start, start + 10), [None] * 10)))


def counted(path, *values):
    with open(path, "a") as file:
        file.write(".")
    return sum(values)


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_task_is_done_before_its_last_dependent_arrives(client: Client, gate: Gate, tmp_path: Path, cancelled: bool):
    """The root is done, and nobody in sight needs it, long before the last chunk names it once more."""
    runs = tmp_path / "runs"
    graph: dict = {"root": (counted, str(runs), 7), "soon": (inc, "root")}
    for n in range(12_000):
        graph["fill", n] = (inc, n)
    graph["late"] = (counted, str(tmp_path / "late"), "root", ("fill", 0), ("fill", 11_999))
    keys = ["soon", "late", ("fill", 5000)]
    with within(15):
        soon, late, fill = client.get(graph, keys, sync=False)
        assert soon.result(PATIENCE_S) == 8
        if cancelled:
            late.cancel()
            assert late.cancelled()
        else:
            assert late.result(PATIENCE_S) == 7 + 1 + 12_000
        assert fill.result(PATIENCE_S) == 5001
    assert runs.read_text() == "."


def test_chunks_go_up_while_the_first_tasks_run(client: Client):
    # The result of the first task is here before the last argument has been pickled.
    order = []

    class Last:
        def __reduce__(self):
            first.result(PATIENCE_S)
            order.append("last argument")
            return int, (5,)

    first = client.submit(inc, 1)
    graph = {("n", n): (inc, n) for n in range(20_000)}
    graph["last"] = (inc, Last())
    futures = client.get(graph, [("n", 0), "last"], sync=False)
    assert futures[1].result(PATIENCE_S) == 6
    assert order == ["last argument"]
