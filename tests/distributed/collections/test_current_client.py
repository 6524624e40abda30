"""Which client is meant: the default one, blocks, nesting, and the order of closing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from minidask import delayed
from minidask_distributed.client.client import Client
from minidask_distributed.client.current import default_client
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.worker.context import get_worker
from minidask_distributed.worker_client import get_client

pytestmark = pytest.mark.network


def scheduler_of() -> str:
    return str(get_worker().scheduler_address)


def runs_on() -> str:
    return str(delayed(scheduler_of, pure=False)().compute())


@pytest.fixture
def other() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as made:
        yield made


def test_the_last_one_made_is_the_default(cluster: LocalCluster, other: LocalCluster) -> None:
    with Client(cluster) as first:
        assert default_client() is first
        with Client(other) as second:
            assert default_client() is second
            assert get_client() is second
            assert Client.current() is second
            assert runs_on() == other.scheduler_address
        assert default_client() is first
        assert runs_on() == cluster.scheduler_address
    with pytest.raises(ValueError, match="there is no client"):
        default_client()


def test_closing_in_the_other_order(cluster: LocalCluster, other: LocalCluster) -> None:
    first, second = Client(cluster), Client(other)
    first.close()
    assert default_client() is second
    assert runs_on() == other.scheduler_address
    second.close()
    assert delayed(int)("7").compute() == 7
    first.close()


def test_not_the_default(cluster: LocalCluster, other: LocalCluster) -> None:
    with Client(cluster) as first, Client(other, set_as_default=False) as second:
        assert default_client() is first
        assert runs_on() == cluster.scheduler_address
        assert second.submit(scheduler_of).result() == other.scheduler_address
        assert second.compute(delayed(scheduler_of)()).result() == other.scheduler_address


def test_as_current_counts_for_collections(cluster: LocalCluster, other: LocalCluster) -> None:
    with Client(cluster) as first, Client(other) as second:
        with first.as_current():
            assert Client.current() is first
            assert get_client() is first
            assert runs_on() == cluster.scheduler_address
            with second.as_current():
                assert runs_on() == other.scheduler_address
            assert runs_on() == cluster.scheduler_address
            held = delayed(scheduler_of, pure=False)().persist()
        assert Client.current() is second
        assert runs_on() == other.scheduler_address
        assert first.gather(first.compute(held)) == cluster.scheduler_address
    with pytest.raises(ValueError, match="no client is current"):
        Client.current(allow_global=False)


def test_as_current_of_one_that_is_not_the_default(cluster: LocalCluster, other: LocalCluster) -> None:
    with Client(other, set_as_default=False) as quiet:
        with quiet.as_current():
            assert runs_on() == other.scheduler_address
        with Client(cluster), quiet.as_current():
            assert runs_on() == other.scheduler_address


def test_as_current_counts_for_its_thread(cluster: LocalCluster, other: LocalCluster) -> None:
    found: dict[str, str] = {}
    both = threading.Barrier(2, timeout=30)

    def work(client: Client, name: str) -> None:
        with client.as_current():
            both.wait()
            found[name] = runs_on()
            both.wait()

    with Client(cluster) as first, Client(other) as second:
        threads = [
            threading.Thread(target=work, args=(first, "first")),
            threading.Thread(target=work, args=(second, "second")),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {"first": cluster.scheduler_address, "second": other.scheduler_address}


def test_a_with_block_makes_an_open_client_the_one_that_counts(cluster: LocalCluster, other: LocalCluster) -> None:
    first, second = Client(cluster), Client(other)
    with first:
        assert Client.current() is first
        assert get_client() is first
        assert runs_on() == cluster.scheduler_address
    assert default_client() is second
    second.close()


def test_the_cluster_gives_clients(cluster: LocalCluster) -> None:
    with cluster.get_client() as client:
        assert client.submit(scheduler_of).result() == cluster.scheduler_address


def test_a_restricted_scheduler_name_needs_a_client() -> None:
    with pytest.raises(RuntimeError, match="there is no Client"):
        delayed(int)("1").compute(scheduler="distributed")
