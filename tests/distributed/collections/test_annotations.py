"""Annotations: what `minidask.annotate` says of tasks is what the cluster does with them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import minidask
from minidask import delayed
from minidask_distributed.client.client import Client
from minidask_distributed.client.waiting import futures_of, wait
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.deploy.spec import SpecCluster
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.worker.context import get_current_task_annotations, get_worker
from minidask_distributed.worker.server import Worker

pytestmark = pytest.mark.network


@pytest.fixture
def two() -> Iterator[Client]:
    """A client of the workers "alice" and "bob", of which the second has a GPU."""
    security = Security(token=new_token())
    common = {"nthreads": 1, "security": security}
    spec = {
        "alice": {"cls": Worker, "options": common},
        "bob": {"cls": Worker, "options": {**common, "resources": {"GPU": 1}}},
    }
    scheduler = {"cls": Scheduler, "options": {"addresses": ["inproc://"], "security": security}}
    with SpecCluster(workers=spec, scheduler=scheduler, security=security) as cluster, Client(cluster) as client:
        client.wait_for_workers(2, timeout=30)
        yield client


def where(*_: Any) -> str:
    return str(get_worker().name)


def test_workers(two: Client) -> None:
    with minidask.annotate(workers="alice"):
        parts = [delayed(where, pure=False)() for _ in range(6)]
    with minidask.annotate(workers=["bob"]):
        last = delayed(where, pure=False)(parts)
    assert minidask.compute(*parts, last) == ("alice",) * 6 + ("bob",)
    assert last.compute(optimize_graph=False) == "bob"


def test_around_the_computation_too(two: Client) -> None:
    with minidask.annotate(workers="bob"):
        assert minidask.compute(*[delayed(where, pure=False)() for _ in range(4)]) == ("bob",) * 4
        assert two.submit(where, pure=False).result() == "bob"
        assert set(two.gather(two.map(where, range(4), pure=False))) == {"bob"}
        held = delayed(where, pure=False)().persist()
    assert held.compute() == "bob"
    x = delayed(where, pure=False)()
    assert two.compute(x, workers="alice").result() == "alice"
    assert two.persist(delayed(where, pure=False)(), workers="bob").compute() == "bob"
    assert two.get({"x": (where,)}, "x", workers=["alice"]) == "alice"


def test_other_workers_may_be_allowed(two: Client) -> None:
    with minidask.annotate(workers="carol"):
        nobody = two.compute(delayed(where, pure=False)())
    with minidask.annotate(workers="carol", allow_other_workers=True):
        anybody = two.compute(delayed(where, pure=False)())
    assert anybody.result(timeout=20) in ("alice", "bob")
    assert nobody.status == "pending"


def test_resources(two: Client) -> None:
    with minidask.annotate(resources={"GPU": 1}):
        assert minidask.compute(*[delayed(where, pure=False)() for _ in range(5)]) == ("bob",) * 5
    assert two.compute(delayed(where, pure=False)(), resources={"GPU": 1}).result() == "bob"


def test_retries(two: Client) -> None:
    attempts: list[int] = []

    def flaky() -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError("not yet")
        return len(attempts)

    with minidask.annotate(retries=5):
        assert delayed(flaky, pure=False)().compute() == 3
    attempts.clear()
    with minidask.annotate(retries=1), pytest.raises(OSError, match="not yet"):
        delayed(flaky, pure=False)().compute()
    attempts.clear()
    assert two.compute(delayed(flaky, pure=False)(), retries=2).result() == 3


def test_priorities() -> None:
    order: list[str] = []
    gate = threading.Event()
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        blocker = client.submit(gate.wait, 30, pure=False)
        with minidask.annotate(priority=-5):
            low = [delayed(order.append, pure=False)(f"low {i}") for i in range(3)]
        normal = [delayed(order.append, pure=False)(f"normal {i}") for i in range(3)]
        with minidask.annotate(priority=5):
            high = [delayed(order.append, pure=False)(f"high {i}") for i in range(3)]
        held = client.compute([*low, *normal, *high])
        gate.set()
        wait([blocker, *held], timeout=30)
    assert [name.split()[0] for name in order] == ["high"] * 3 + ["normal"] * 3 + ["low"] * 3


def test_own_annotations_can_be_read_in_the_task(two: Client) -> None:
    with minidask.annotate(note="for the record", priority=1):
        found = delayed(get_current_task_annotations, pure=False)().compute()
        again = two.submit(get_current_task_annotations, pure=False).result()
    assert found["note"] == again["note"] == "for the record"


def test_nested_blocks_and_persisted_collections(two: Client) -> None:
    with minidask.annotate(workers="alice"):
        x = delayed(where, pure=False)()
        with minidask.annotate(workers="bob"):
            y = delayed(where, pure=False)()
    a, b = two.persist([x, y])
    assert minidask.compute(a, b) == ("alice", "bob")
    assert [len(future.client.who_has(future)[future.key]) for future in futures_of([a, b])] == [1, 1]


def test_what_is_wrong_is_said_at_once(two: Client) -> None:
    with pytest.raises(ValueError, match="retries"), minidask.annotate(retries=-1):
        delayed(where)().compute()
    with pytest.raises(TypeError, match="resources"), minidask.annotate(resources="GPU"):
        delayed(where)().compute()
    for wrong, kind in ({"retries": -1}, ValueError), ({"workers": 1.5}, TypeError), ({"priority": "x"}, TypeError):
        with pytest.raises(kind, match=next(iter(wrong))):
            two.compute(delayed(where)(), **wrong)
