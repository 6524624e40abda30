"""Tasks that end their process, never end, or make much noise: they fail with the reason, and nobody else does."""

from __future__ import annotations

import ctypes
import os
import re
import sys

import cloudpickle
import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.errors import KilledWorker
from minidask_distributed.deploy.local import LocalCluster
from tests.distributed.faults.stage import PATIENCE_S, Gate, script, within

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def segfault(*args):
    return ctypes.string_at(0)


def leave(code):
    os._exit(code)


def recurse(n=0):
    return recurse(n + 1)


def inc(x):
    return x + 1


def crash_behind(gate):
    gate()
    segfault()


class Deadly:
    """Ends the process that reads it."""

    def __reduce__(self):
        return segfault, ()


def make_deadly():
    return Deadly()


@pytest.mark.parametrize(
    ("function", "args", "reason"),
    [
        (segfault, (), r"was killed by SIGSEGV \(a segmentation fault.*The last lines of its log:.*in string_at"),
        (leave, (0,), "exited with status 0"),
        (leave, (3,), "exited with status 3"),
        (os.abort, (), r"was killed by SIGABRT"),
    ],
)
def test_a_task_that_ends_its_process(client: Client, function, args, reason):
    future = client.submit(function, *args, key="the-end")
    with within(15), pytest.raises(KilledWorker) as caught:
        future.result(PATIENCE_S)
    text = str(caught.value)
    assert text.startswith("2 workers died while they ran the task 'the-end'; the last one, '")
    assert re.search(reason, text, re.DOTALL), text
    assert "The task isn't tried again" in text


def test_only_the_culprit_is_blamed(cluster: LocalCluster, client: Client, gate: Gate):
    # The function's duration is known, so that the queue of the worker is deep.
    client.gather(client.map(inc, range(-5000, 0)))
    culprit = client.submit(crash_behind, gate, key="culprit", workers=["0"], priority=10)
    assert gate.until_begun() == cluster.workers[0].pid
    # As many as one chunk of a submission has, which are handed out together.
    others = client.map(inc, range(511), workers=["0"])
    total = client.submit(sum, others)
    # A call comes behind the upload: the tasks have been handed out when it is answered.
    held_up = client.processing()[cluster.workers[0].worker_address]
    assert {"culprit", *(future.key for future in others[:300])} <= set(held_up)
    with within(15):
        gate.let_on(2)
        with pytest.raises(KilledWorker, match="2 workers died while they ran the task 'culprit'"):
            culprit.result(PATIENCE_S)
        assert client.gather(others) == list(range(1, 512))
        assert total.result(PATIENCE_S) == sum(range(1, 512))
    crashes = client.run_on_scheduler(crashes_of, [future.key for future in others])
    assert crashes == [0] * 511


def crashes_of(keys, dask_scheduler):
    return [dask_scheduler.tasks[key].crashes for key in keys]


def test_infinite_recursion_is_an_error_like_others(cluster: LocalCluster, client: Client):
    before = [nanny.pid for nanny in cluster.workers.values()]
    with within(10), pytest.raises(RecursionError, match="maximum recursion depth exceeded") as caught:
        client.submit(recurse).result(PATIENCE_S)
    assert len(str(caught.value.__cause__)) < 30_000
    assert [nanny.pid for nanny in cluster.workers.values()] == before


def test_a_result_that_kills_who_reads_it(client: Client):
    future = client.submit(make_deadly, key="deadly", workers=["0"])
    assert future.exception(PATIENCE_S) is None
    with within(15), pytest.raises(KilledWorker, match="2 workers died while they ran the task 'reader'"):
        client.submit(type, future, key="reader", workers=["1"]).result(PATIENCE_S)


LOUD = """
import sys
from minidask.distributed import Client, LocalCluster

def shout(lines):
    for line in range(lines):
        print(f"{line:>1023}")
    sys.stderr.write("e" * 1_000_000 + chr(10))
    return lines

with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
    lines = sum(client.gather(client.map(shout, [8000, 8000], pure=False)))
    # In one piece each: the workers' output comes in between.
    print(f"returned {lines}")
    ((address, kept),) = client.get_worker_logs(nanny=True).items()
    print(f"kept {len(kept)} {max(len(line) for _, line in kept)}")
"""


def test_megabytes_of_output_pass_through(tmp_path):
    with within(20), script(tmp_path, LOUD) as program:
        assert program.wait() == 0, program.output[-2000:]
        said = program.output
    assert said.count("7999\n") == 2
    assert len(said) > 2 * (8000 * 1024 + 1_000_000)
    assert "returned 16000" in said
    kept, longest = map(int, re.search(r"kept (\d+) (\d+)", said).groups())
    assert kept <= 10_000
    assert longest <= 1000


def complain(size):
    raise ValueError("y" * size)


def test_a_huge_exception_is_cut_and_still_what_it_was(client: Client):
    for size in (100_000, 5_000_000):
        with within(10), pytest.raises(ValueError, match=r"^yyyy") as caught:
            client.submit(complain, size).result(PATIENCE_S)
        notes = "".join(caught.value.__notes__)
        if size == 100_000:
            assert len(str(caught.value)) == size
        else:
            assert "4990000 characters left out" in str(caught.value)
            assert "are sent (distributed.admin.max-error-bytes)" in notes
        assert "Raised by the task 'complain-" in notes
