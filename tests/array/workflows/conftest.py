"""What runs the workflows: threads, and a cluster of two processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client of two worker processes, not the default one."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as made,
    ):
        yield made


@pytest.fixture(scope="module", params=["threads", pytest.param("cluster", marks=pytest.mark.network)])
def runner(request: pytest.FixtureRequest) -> Iterator[str]:
    """Everything that is computed meanwhile runs there."""
    if request.param == "threads":
        yield "threads"
        return
    with request.getfixturevalue("client").as_current():
        yield "cluster"
