"""A cluster of processes for each module, clients of it for each test, and a look for what a module has left."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.nanny import machine
from minidask_distributed.security import Security
from tests.distributed.faults.stage import PATIENCE_S, TOKEN, Gate, descendants, scratch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real processes, real sockets: none of these tests is quick, and each has a limit of its own."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.network)
            item.add_marker(pytest.mark.timeout(60))


@pytest.fixture(autouse=True)
def own_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds, or makes, a token file of whoever runs it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MINIDASK_TOKEN", TOKEN)


@pytest.fixture(autouse=True, scope="module")
def nothing_left() -> Iterator[None]:
    """No process, thread or socket of a module is there after it."""
    threads = set(threading.enumerate())
    # Other modules' tests may have made Python start a process of its own (multiprocessing's resource tracker).
    processes = set(descendants(psutil.Process().pid))
    yield
    gc.collect()
    left = [thread.name for thread in threading.enumerate() if thread not in threads and thread.is_alive()]
    assert not left, f"threads are left: {left}"
    assert not set(descendants(psutil.Process().pid)) - processes
    assert not psutil.Process().net_connections("inet")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two worker processes of one thread each; a task may take one worker with it before it is given up."""
    folder = tmp_path_factory.mktemp("workers")
    options = {
        "dashboard_address": None,
        "memory_limit": 0,
        "local_directory": folder,
        "security": Security(token=TOKEN),
    }
    limits = {"allowed_failures": 1, "validate": True}
    with pytest.MonkeyPatch.context() as patch:
        # Workers die all the time here; that another start is put off then is tested elsewhere.
        patch.setattr(machine, "PAUSE_S", 0.0)
        with LocalCluster(n_workers=2, threads_per_worker=1, scheduler_kwargs=limits, **options) as made:
            yield made
    assert not scratch(folder)


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    """A client of the cluster, whose workers are all there and do what they are told, before and after the test."""
    with Client(cluster) as made:
        made.wait_for_workers(2, timeout=PATIENCE_S)
        yield made
        made.wait_for_workers(2, timeout=PATIENCE_S)
        assert made.submit(sum, [1, 2], pure=False).result(PATIENCE_S) == 3
    assert not cluster.scheduler.tasks or cluster.scheduler.clients


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A gate in a task of another process."""
    made = Gate(tmp_path)
    yield made
    made.close()


@pytest.fixture
def gates(tmp_path: Path) -> Iterator[Callable[[str], Gate]]:
    """Several gates, by name."""
    made: list[Gate] = []

    def make(name: str) -> Gate:
        made.append(Gate(tmp_path, name))
        return made[-1]

    yield make
    for one in made:
        one.close()
