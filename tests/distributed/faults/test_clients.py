"""Clients that are killed, and clients that use the same keys."""

from __future__ import annotations

import os
import signal
import sys
from operator import add

import cloudpickle
import pytest

from minidask.delayed import delayed
from minidask_distributed.client.client import Client
from minidask_distributed.client.errors import FutureCancelledError
from minidask_distributed.deploy.local import LocalCluster
from tests.distributed.faults.stage import PATIENCE_S, Gate, script, until, within

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def count_run(path, value=None):
    with open(path, "a") as file:
        file.write(".")
    return value


def keys_on(scheduler):
    return set(map(str, scheduler.tasks))


VICTIM = """
import sys
from minidask.distributed import Client, fire_and_forget

def hold(paths):
    with open(paths[0], "wb", buffering=0) as began:
        began.write(b"%16d" % 1)
    with open(paths[1], "rb", buffering=0) as go:
        go.read(1)
    return "held"

def inc(x):
    return x + 1

client = Client(sys.argv[1])
running = client.submit(hold, sys.argv[2:4], key="victims-running", workers=["0"])
waiting = client.map(inc, range(100), key="victims-waiting", workers=["0"])
dependent = client.submit(sum, waiting, key="victims-sum")
shared = client.submit(inc, 41, key="shared-running", workers=["0"])
fire_and_forget(client.submit(inc, 1, key="forgotten-by-all", workers=["0"]))
data = client.scatter(list(range(1000)), hash=False)
print(f"submitted {data[0].key}", flush=True)
client.gather([running, dependent])
"""


def test_the_tasks_of_a_killed_client_go_and_those_of_others_stay(
    cluster: LocalCluster, client: Client, gate: Gate, tmp_path
):
    def inc(x):
        return x + 1

    with script(tmp_path, VICTIM, cluster.scheduler_address, *gate.paths) as victim:
        gate.until_begun()
        data_key = victim.until_said("submitted ").split()[-1]
        mine = client.map(inc, range(10), key="mine", workers=["0"])
        (shared,) = client.map(lambda x: 42, [0], key=["shared-by-key"], workers=["0"])
        known = keys_on(cluster.scheduler)
        assert {"victims-running", "victims-sum", "shared-running", data_key} <= known
        assert len(cluster.scheduler.clients) == 2
        victim.process.kill()
        with within(5):
            until(lambda: len(cluster.scheduler.clients) == 1)
            until(lambda: not any(key.startswith("victims") for key in keys_on(cluster.scheduler)))
        assert data_key not in keys_on(cluster.scheduler)
        assert "shared-running" not in keys_on(cluster.scheduler)
        # What ran for the victim is asked to stop, or its slot is left to it; here it is let go.
        gate.let_on()
        with within(10):
            assert client.gather(mine) == list(range(1, 11))
            assert shared.result(PATIENCE_S) == 42
            # Nobody waits for this one; it was promised to be done all the same.
            until(lambda: "forgotten-by-all" not in keys_on(cluster.scheduler))


def test_equal_keys_are_one_task(cluster: LocalCluster, client: Client, gate: Gate, tmp_path):
    runs = tmp_path / "runs"
    with Client(cluster, set_as_default=False) as other:
        blocker = client.submit(gate, workers=["0"])
        gate.until_begun()
        one = client.submit(count_run, str(runs), 5, workers=["0"])
        two = other.submit(count_run, str(runs), 5, workers=["0"])
        assert one.key == two.key
        after = other.submit(add, two, 1)
        gate.let_on()
        assert one.result(PATIENCE_S) == two.result(PATIENCE_S) == 5
        assert after.result(PATIENCE_S) == 6
        assert runs.read_text() == "."
        # Done, it is still the same one; what one client gives back the other one keeps.
        del one
        again = client.submit(count_run, str(runs), 5)
        two.cancel()
        assert two.cancelled()
        assert again.result(PATIENCE_S) == 5
        assert runs.read_text() == "."
        with pytest.raises(FutureCancelledError, match="has no result: it was cancelled"):
            two.result()
        del blocker


def test_one_client_leaves_and_the_other_one_has_the_result(cluster: LocalCluster, client: Client, gate: Gate):
    with Client(cluster, set_as_default=False) as other:
        theirs = other.submit(gate, "value", key="common")
        gate.until_begun()
        mine = client.submit(gate, "value", key="common")
        mine_too = client.submit(str.upper, mine)
        assert theirs.status == "pending"
    gate.let_on()
    assert mine.result(PATIENCE_S) == "value"
    assert mine_too.result(PATIENCE_S) == "VALUE"
    assert not gate.begun


def test_a_users_own_key_with_another_recipe_is_refused(cluster: LocalCluster, client: Client):
    with Client(cluster, set_as_default=False) as other:
        first = client.submit(add, 1, 2, key="taken")
        assert first.result(PATIENCE_S) == 3
        message = (
            "the key 'taken' is in use for a different task; choose another key, or release the futures of the first"
        )
        for function, args in ((add, (1, 3)), (max, (1, 2))):
            for one in (client, other):
                with within(5), pytest.raises(ValueError, match=message):
                    one.submit(function, *args, key="taken").result(PATIENCE_S)
        # The same recipe isn't another one, and nothing has happened to the first.
        assert other.submit(add, 1, 2, key="taken").result(PATIENCE_S) == 3
        assert first.result(PATIENCE_S) == 3
        first.release()
        until(lambda: "taken" not in keys_on(cluster.scheduler))
        assert other.submit(max, 1, 2, key="taken").result(PATIENCE_S) == 2


def test_made_up_keys_of_different_recipes_never_meet(cluster: LocalCluster, client: Client):
    with Client(cluster, set_as_default=False) as other:
        scale = 2
        one = client.submit(lambda x: x * scale, 10)
        scale = 3
        two = other.submit(lambda x: x * scale, 10)
        assert (one.result(PATIENCE_S), two.result(PATIENCE_S)) == (20, 30)
        graphs = [delayed(add, pure=True)(1, other_value) for other_value in (1, 2)]
        assert client.gather([client.compute(graphs[0]), client.compute(graphs[1])]) == [2, 3]


def test_a_client_that_floods_is_killed_in_the_middle_of_its_upload(cluster: LocalCluster, client: Client, tmp_path):
    text = """
import sys
from operator import neg
from minidask.distributed import Client

client = Client(sys.argv[1])
futures = client.map(neg, range(20_000), workers=["nobody"])
print("begun", flush=True)
while True:
    futures += client.map(neg, range(len(futures), len(futures) + 20_000), workers=["nobody"])
"""
    with script(tmp_path, text, cluster.scheduler_address) as victim:
        victim.until_said("begun")
        until(lambda: len(cluster.scheduler.tasks) > 30_000)
        victim.process.send_signal(signal.SIGKILL)
        with within(15):
            until(lambda: not cluster.scheduler.tasks)
            assert client.submit(os.getpid, pure=False).result(PATIENCE_S)
