"""Clusters for the tests of shuffles: one in this process, and one of two worker processes that may be killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.nanny import machine
from minidask_distributed.security import Security
from tests.distributed.faults.stage import PATIENCE_S, TOKEN, Gate, scratch

LIMITS = {"validate": True}


@pytest.fixture
def here() -> Iterator[Client]:
    """A client of two workers in this process."""
    options = {"dashboard_address": None, "scheduler_kwargs": LIMITS}
    with LocalCluster(n_workers=2, threads_per_worker=2, processes=False, **options) as made, Client(made) as client:
        yield client


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two worker processes of one thread each."""
    folder = tmp_path_factory.mktemp("workers")
    options = {
        "dashboard_address": None,
        "memory_limit": 0,
        "local_directory": folder,
        "security": Security(token=TOKEN),
        "scheduler_kwargs": LIMITS,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINIDASK_TOKEN", TOKEN)
        # That another start is put off when workers die all the time is tested elsewhere.
        patch.setattr(machine, "PAUSE_S", 0.0)
        with LocalCluster(n_workers=2, threads_per_worker=1, **options) as made:
            yield made
    assert not scratch(folder)


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    """A client of `cluster`, whose workers are all there, and keep nothing of any shuffle afterwards."""
    with Client(cluster) as made:
        made.wait_for_workers(2, timeout=PATIENCE_S)
        yield made
        made.wait_for_workers(2, timeout=PATIENCE_S)
        assert set(made.run(keeps_nothing).values()) <= {True}


def keeps_nothing(dask_worker):
    """Whether a worker keeps nothing of any shuffle, or soon won't."""
    plugin = dask_worker.plugins.get("minidask-shuffle")
    return plugin is None or plugin.store.until_empty(10.0)


@pytest.fixture
def gates(tmp_path: Path) -> Iterator[Callable[[str], Gate]]:
    """Gates in tasks of other processes, by name."""
    made: list[Gate] = []

    def make(name: str) -> Gate:
        made.append(Gate(tmp_path, name))
        return made[-1]

    yield make
    for one in made:
        one.close()
