"""Clusters for the tests of collections: one in this process, and one of processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster


@pytest.fixture
def cluster() -> Iterator[LocalCluster]:
    """Two workers of one thread each, in this process: nothing is pickled."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as made:
        yield made


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    """A client of `cluster`, on which collections compute."""
    with Client(cluster) as made:
        yield made


@pytest.fixture(scope="module")
def processes() -> Iterator[LocalCluster]:
    """Two worker processes of one thread each."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made:
        yield made


@pytest.fixture
def remote(processes: LocalCluster) -> Iterator[Client]:
    """A client of `processes`."""
    with Client(processes) as made:
        yield made
