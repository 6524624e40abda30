"""Shuffles on clusters: what comes out is what the local way and pandas give, in the same order, and nothing is left."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading

import cloudpickle
import numpy as np
import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask.dataframe.shuffle import HashTargets, rearrange
from minidask_distributed.client.client import Client
from minidask_distributed.client.queries import get_task_stream
from minidask_distributed.client.waiting import futures_of, wait
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.shuffle.store import Stub, store_of
from minidask_distributed.shuffle.tasks import Routes, unpack
from tests.dataframe.frames import every_dtype
from tests.distributed.faults.stage import PATIENCE_S, until
from tests.distributed.shuffle.conftest import keeps_nothing

cloudpickle.register_pickle_by_value(sys.modules[__name__])

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(60)]


class Parts:
    """Partition ``at`` of a frame with two hundred rows a partition, some partitions without any."""

    def __init__(self, before=None, gated=-1):
        self.before = before
        self.gated = gated

    def __call__(self, at):
        if at == self.gated:
            self.before()
        rows = 0 if at % 5 == 2 else 200
        return pd.DataFrame(
            {
                "k": (np.arange(rows) * 7 + at) % 53,
                "at": at,
                "x": np.arange(rows) / 4,
                "s": pd.Series([f"{at}:{i % 11}" for i in range(rows)], dtype="str"),
            },
            index=np.arange(rows) + 1000 * at,
        )


META = Parts()(2)


def frame(count, **gate):
    return dd.from_map(Parts(**gate), list(range(count)), meta=META)


def shuffled(df, n, method=None, columns=("k",)):
    return rearrange(df, HashTargets(columns, n), n, method=method)


def locally(df, n, **more):
    """The partitions, as the way in memory makes them here."""
    return minidask.compute(*shuffled(df, n, "tasks", **more).to_delayed(), scheduler="sync")


def check(made, df, n, **more):
    expected = locally(df, n, **more)
    assert len(made) == len(expected)
    for one, other in zip(made, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)


def partitions(df, n, **more):
    return minidask.compute(*shuffled(df, n, **more).to_delayed())


@pytest.mark.parametrize(("sources", "outputs"), [(1, 1), (1, 7), (7, 1), (10, 3), (3, 60), (60, 60)])
def test_any_numbers_of_partitions(client, sources, outputs):
    df = frame(sources)
    check(partitions(df, outputs), df, outputs)


def test_there_is_one_task_a_partition(client):
    df = frame(12)
    with get_task_stream(client) as stream:
        shuffled(df, 9).compute()
    names = [one["name"] if "name" in one else str(one["key"]) for one in stream.data]
    assert len(names) <= 12 * 2 + 1 + 9 + 1


def test_in_one_process(here):
    df = frame(9)
    check(partitions(df, 5), df, 5)
    assert set(here.run(keeps_nothing).values()) == {True}


def test_one_worker():
    df = frame(6)
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as made, Client(made):
        check(partitions(df, 4), df, 4)


def odd(at):
    """Columns of objects, intervals, complex numbers and categories that differ."""
    rows = 40 * (at % 3)
    made = every_dtype(max(rows, 1), at).iloc[:rows]
    made["mixed"] = pd.Series([i if i % 2 else f"t{i}" for i in range(rows)], dtype=object, index=made.index)
    made["interval"] = pd.arrays.IntervalArray.from_breaks(np.arange(rows + 1))
    made["complex"] = np.arange(rows) * 1j
    made["category"] = pd.Categorical([f"c{(i + at) % (at + 2)}" for i in range(rows)])
    return made


def test_every_dtype(client):
    df = dd.from_map(odd, list(range(7)), meta=odd(0))
    check(partitions(df, 4, columns=("i", "s")), df, 4, columns=("i", "s"))


def test_series_and_indexes(client):
    series = frame(5)["s"]
    for one in (series, frame(5).index):
        made = rearrange(one, HashTargets(("s",) if one is series else None, 3), 3)
        expected = rearrange(one, HashTargets(("s",) if one is series else None, 3), 3, method="tasks")
        pd.testing.assert_index_equal(
            pd.Index(made.compute()), pd.Index(expected.compute(scheduler="sync")), check_names=False
        )


def locked(at):
    return pd.DataFrame({"k": [at], "lock": pd.Series([threading.Lock()], dtype=object)})


def test_what_cannot_travel_is_an_error_that_names_the_shuffle(client):
    df = dd.from_map(locked, [1, 2], meta=pd.DataFrame({"k": [0], "lock": pd.Series([None], dtype=object)}))
    with pytest.raises(TypeError, match="lock") as caught:
        shuffled(df, 2).compute()
    assert any("the shuffle 'shuffle-" in note for note in caught.value.__notes__)


def boom(part):
    raise ValueError(f"no {len(part)}")


def test_errors_before_and_after_come_through(client):
    df = frame(4)
    with pytest.raises(ValueError, match="no "):
        shuffled(df.map_partitions(boom, meta=META), 3).compute()
    with pytest.raises(ValueError, match="no "):
        shuffled(df, 3).map_partitions(boom, meta=META).compute()


def test_some_outputs_only(client):
    df = frame(6)
    made = shuffled(df, 8)
    expected = locally(df, 8)
    pd.testing.assert_frame_equal(made.get_partition(3).compute(), expected[3])
    # Together with all of them, and one by one.
    whole, some = minidask.compute(made, made.get_partition(5))
    pd.testing.assert_frame_equal(whole, pd.concat(expected))
    pd.testing.assert_frame_equal(some, expected[5])
    some = client.persist(made.get_partition(2))
    wait(futures_of(some), PATIENCE_S)
    pd.testing.assert_frame_equal(made.compute(), pd.concat(expected))


def test_shuffles_of_shuffles_and_several_at_once(client):
    df = frame(8)
    one, two = shuffled(df, 5), shuffled(df, 6, columns=("at",))
    again = shuffled(one, 4, columns=("s",))
    made = minidask.compute(one, two, again)
    expected = minidask.compute(
        shuffled(df, 5, "tasks"),
        shuffled(df, 6, "tasks", columns=("at",)),
        shuffled(shuffled(df, 5, "tasks"), 4, "tasks", columns=("s",)),
        scheduler="sync",
    )
    for left, right in zip(made, expected, strict=True):
        pd.testing.assert_frame_equal(left, right)


def test_two_clients_want_the_same_and_something_else(cluster, client):
    df = frame(10)
    with Client(cluster, set_as_default=False) as other:
        mine, same = client.compute(shuffled(df, 6)), other.compute(shuffled(df, 6))
        third = other.compute(shuffled(df, 7))
        expected = pd.concat(locally(df, 6))
        pd.testing.assert_frame_equal(mine.result(PATIENCE_S), expected)
        del mine
        pd.testing.assert_frame_equal(same.result(PATIENCE_S), expected)
        pd.testing.assert_frame_equal(third.result(PATIENCE_S), pd.concat(locally(df, 7)))
        del same, third


def test_outputs_that_are_persisted_leave_nothing_of_the_shuffle(client):
    df = frame(10)
    made = client.persist(shuffled(df, 6))
    wait(futures_of(made), PATIENCE_S)
    assert set(client.run(keeps_nothing).values()) == {True}
    pd.testing.assert_frame_equal(made.compute(), pd.concat(locally(df, 6)))


def test_other_schedulers_do_the_same_in_memory(here):
    df = frame(4)
    for scheduler in ("sync", "threads"):
        pd.testing.assert_frame_equal(shuffled(df, 3).compute(scheduler=scheduler), pd.concat(locally(df, 3)))
    pd.testing.assert_frame_equal(
        shuffled(df, 3, "p2p").compute(scheduler="threads"), shuffled(df, 3, "tasks").compute(scheduler="threads")
    )


def test_routes_mean_nothing_outside_of_the_cluster():
    routes = Routes.of("s-1", [Stub(("s-1", 0), "tcp://here:1", 7, b"d"), Stub(("s-1", 1), "tcp://here:1", 8, b"d")])
    assert [stub.run for stub in routes.stubs()] == [7, 8]
    assert routes.addresses == ["tcp://here:1"]
    with pytest.raises(RuntimeError, match="the shuffle 's-1' was begun on a cluster and can't be ended elsewhere"):
        unpack(routes, 0)


# ---------------------------------------------------------------- workers that die or leave


def pid_of(dask_worker):
    return os.getpid()


def runs_on(dask_worker):
    plugin = dask_worker.plugins.get("minidask-shuffle")
    return 0 if plugin is None else len(plugin.store._heads)


SOME = 3
"""Of nine transfers that many are done in any case while one waits at its gate, and others behind it."""


def kill(pid):
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("victim", ["that transfers", "the other one"])
def test_a_worker_dies_while_partitions_are_transferred(client, gates, victim):
    gate = gates("source")
    df = frame(9, before=gate, gated=7)
    future = client.compute(shuffled(df, 5))
    inside = gate.until_begun()
    until(lambda: sum(client.run(runs_on).values()) >= SOME)
    pids = set(client.run(pid_of).values())
    kill(inside if victim == "that transfers" else (pids - {inside}).pop())
    gate.let_on(4)
    pd.testing.assert_frame_equal(future.result(PATIENCE_S), pd.concat(locally(frame(9), 5)))


class AtGate:
    """Lets a partition pass a gate if it has rows of a key."""

    def __init__(self, gate, key):
        self.gate = gate
        self.key = key

    def __call__(self, part):
        if (part["k"] == self.key).any():
            self.gate()
        return part


@pytest.mark.parametrize("victim", ["that unpacks", "the other one"])
def test_a_worker_dies_while_outputs_are_unpacked(client, gates, victim):
    gate = gates("output")
    df = frame(9)
    lazy = shuffled(df, 8).map_partitions(AtGate(gate, 11), meta=META)
    future = client.compute(lazy)
    inside = gate.until_begun()
    pids = set(client.run(pid_of).values())
    kill(inside if victim == "that unpacks" else (pids - {inside}).pop())
    gate.let_on(4)
    pd.testing.assert_frame_equal(future.result(PATIENCE_S), pd.concat(locally(df, 8)))


def test_workers_die_one_after_the_other(cluster, client, gates):
    first, second = gates("source"), gates("output")
    df = frame(9, before=first, gated=3)
    lazy = shuffled(df, 8).map_partitions(AtGate(second, 11), meta=META)
    future = client.compute(lazy)
    for gate in (first, second):
        kill(gate.until_begun())
        gate.let_on(6)
        client.wait_for_workers(2, timeout=PATIENCE_S)
    pd.testing.assert_frame_equal(future.result(PATIENCE_S), pd.concat(locally(frame(9), 8)))


def test_a_worker_retires_in_the_middle(gates):
    gate = gates("source")
    df = frame(9, before=gate, gated=7)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made, Client(made) as client:
        future = client.compute(shuffled(df, 5))
        inside = gate.until_begun()
        until(lambda: sum(client.run(runs_on).values()) >= SOME)
        leaving = next(address for address, pid in client.run(pid_of).items() if pid != inside)
        client.retire_workers([leaving])
        gate.let_on(4)
        pd.testing.assert_frame_equal(future.result(PATIENCE_S), pd.concat(locally(frame(9), 5)))


def test_a_cancelled_shuffle_leaves_nothing(client, gates):
    gate = gates("source")
    df = frame(9, before=gate, gated=7)
    future = client.compute(shuffled(df, 5))
    gate.until_begun()
    until(lambda: sum(client.run(runs_on).values()) >= SOME)
    future.cancel()
    gate.let_on()
    assert set(client.run(keeps_nothing).values()) == {True}


def forget_a_run(dask_worker):
    store = store_of(dask_worker)
    with store._changed:
        store._shelf.consumed(list(store._heads), 2)


def test_pieces_that_are_gone_are_made_again(client, gates):
    """Also those of an output that was put together before, and whose worker is gone since."""
    gate = gates("source")
    df = frame(9, before=gate, gated=7)
    future = client.compute(shuffled(df, 5))
    gate.until_begun()
    until(lambda: sum(client.run(runs_on).values()) >= SOME)
    client.run(forget_a_run)
    gate.let_on(4)
    pd.testing.assert_frame_equal(future.result(PATIENCE_S), pd.concat(locally(frame(9), 5)))


# ---------------------------------------------------------------- memory and disk


def limit(limit_bytes, most_disk_bytes, dask_worker):
    """Make a worker's room for shuffles as small as that."""
    store = store_of(dask_worker)
    store._shelf.limit_bytes, store._files.most_bytes = limit_bytes, most_disk_bytes


def on_disk(dask_worker):
    return store_of(dask_worker).spilled_bytes


@pytest.fixture
def small_room(client):
    """A function that says what each worker's room is: bytes in memory and on disk."""
    yield lambda limit_bytes, most_disk_bytes=0: client.run(limit, limit_bytes, most_disk_bytes)
    client.run(limit, 1 << 30, 0)


def test_more_than_memory_goes_to_disk(client, small_room):
    small_room(20_000)
    df = frame(30)
    check(partitions(df, 6), df, 6)
    assert sum(client.run(on_disk).values()) > 50_000


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(client, small_room):
    small_room(20_000, 5_000)
    with pytest.raises(OSError, match="the limit of 5000 bytes on disk is reached") as caught:
        shuffled(frame(30), 6).compute()
    assert "the shuffle 'shuffle-" in str(caught.value)
    assert set(client.run(keeps_nothing).values()) == {True}
    assert not any(client.run(files_left).values())
    client.run(limit, 1 << 30, 0)
    check(partitions(frame(31), 6), frame(31), 6)


def files_left(dask_worker):
    return [name for _, _, names in os.walk(dask_worker.local_directory) for name in names if name.endswith("pieces")]


def wide(at, rows=100_000):
    rng = np.random.default_rng(at)
    return pd.DataFrame(
        {"k": rng.integers(0, 100_000, rows), **{f"x{column}": rng.random(rows) for column in range(12)}}
    )


def peak_bytes(dask_worker):
    # getrusage's peak would be that of the process which started this one, where that one's is higher.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


@pytest.mark.timeout(120)
def test_six_million_rows_of_thirteen_columns_in_a_gigabyte():
    limit_bytes = 512_000_000
    df = dd.from_map(wide, list(range(60)), meta=wide(0).iloc[:0])
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=limit_bytes, dashboard_address=None) as made,
        Client(made) as client,
    ):
        pids = set(client.run(pid_of).values())
        lengths = shuffled(df, 60).map_partitions(len).to_delayed()
        counts = client.gather(client.compute(lengths))
        assert sum(int(np.sum(count)) for count in counts) == 6_000_000
        assert set(client.run(pid_of).values()) == pids, "nobody was ended for want of memory"
        assert max(client.run(peak_bytes).values()) < limit_bytes
        assert sum(client.run(on_disk).values()) > 100_000_000
        assert set(client.run(keeps_nothing).values()) == {True}


@pytest.fixture
def small_disk(tmp_path):
    """A directory on a real file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a file system of 2 MB isn't allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(small_disk):
    df = dd.from_map(wide, list(range(12)), rows=20_000, meta=wide(0).iloc[:0])
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=0, local_directory=small_disk, dashboard_address=None
        ) as made,
        Client(made) as client,
    ):
        client.run(limit, 1_000_000, 0)
        with pytest.raises(OSError, match="No space left on device") as caught:
            shuffled(df, 4).compute()
        assert caught.value.errno == errno.ENOSPC
        assert set(client.run(keeps_nothing).values()) == {True}
        assert not any(client.run(files_left).values())
        # There is room again: smaller ones get through, by way of the disk.
        client.run(limit, 20_000, 0)
        check(partitions(frame(9), 5), frame(9), 5)
