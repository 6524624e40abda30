"""A disk that is full: workers keep results in memory, say so once, pause, and go on when there is room; none dies of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.waiting import wait
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.nanny.server import WorkerStartError
from minidask_distributed.security import Security
from minidask_distributed.worker.context import get_worker
from tests.distributed.faults.stage import PATIENCE_S, TOKEN, until, within

cloudpickle.register_pickle_by_value(sys.modules[__name__])

MB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(disk: Path) -> Path:
    hog = disk / "hog"
    with hog.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return hog
    raise AssertionError("the disk took everything")


def cluster_on(disk: Path, **options) -> LocalCluster:
    security = Security(token=TOKEN)
    return LocalCluster(
        n_workers=1, threads_per_worker=1, local_directory=disk, dashboard_address=None, security=security, **options
    )


def block(at: int) -> np.ndarray:
    return np.full(20 * MB // 8, float(at))


def spill_count() -> int:
    return get_worker().data.spill_count


def test_a_worker_that_finds_no_room_says_where_and_what_to_do(disk: Path):
    fill(disk)
    with within(PATIENCE_S), pytest.raises(WorkerStartError) as caught:
        cluster_on(disk, memory_limit=0)
    text = str(caught.value)
    assert "No space left on device" in text
    assert "choose another local_directory" in text
    assert str(disk) in text
    assert "SIGBUS" not in text


def test_a_disk_that_fills_up_while_a_worker_uses_it(disk: Path):
    with cluster_on(disk, memory_limit=400 * MB) as cluster, Client(cluster) as client:
        (address,) = client.nthreads()
        first = client.submit(np.ones, MB // 8)
        wait(first)
        hog = fill(disk)

        def status() -> str:
            return str(client.scheduler_info()["workers"][address]["status"])

        # Twice what fits into memory; the disk has room for none of them.
        futures = client.map(block, range(40))
        until(lambda: status() == "paused")
        done = [future for future in futures if future.done()]
        assert 3 < len(done) < 25
        (log,) = cluster.get_logs(scheduler=False).values()
        assert log.count("results stay in memory, since they can't be written to") == 1
        assert "No space left on device. It is tried again every 5 s; make room there, or start workers" in log
        assert log.count("can't be written to disk (No space left on device): make room there, or release results") == 1
        assert str(disk) in log
        # Nothing is lost, and what is there is given to whoever asks.
        for at, future in enumerate(done[:3]):
            np.testing.assert_array_equal(future.result(PATIENCE_S), block(at))
        assert float(first.result(PATIENCE_S).sum()) == MB // 8
        # The process lives: nothing that it runs has been ended by a lack of room.
        assert list(client.nthreads()) == [address]
        hog.unlink()
        done = [future for future in done if future.status == "finished"]
        # Released, and computed on.
        del future, done
        kept = futures[-1]
        del futures
        np.testing.assert_array_equal(kept.result(PATIENCE_S), block(39))
        until(lambda: status() == "running")
        assert client.nthreads() == {address: 1}


def test_room_that_is_made_is_used(disk: Path):
    with cluster_on(disk, memory_limit=400 * MB) as cluster, Client(cluster) as client:
        hog = fill(disk)
        # Over the target alone: it goes on all the same, and nothing needs to be said about a pause.
        futures = client.map(np.ones, [2 * MB // 8] * 125, pure=False)
        wait(futures, timeout=PATIENCE_S)
        until(lambda: "results stay in memory" in "".join(cluster.get_logs(scheduler=False).values()))
        assert client.submit(spill_count, pure=False).result(PATIENCE_S) == 0
        hog.unlink()
        until(lambda: client.submit(spill_count, pure=False).result(PATIENCE_S) > 0)
        assert {float(one[0]) for one in client.gather(futures)} == {1.0}
