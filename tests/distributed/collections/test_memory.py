"""Results leave the workers when nobody refers to them any more."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask import delayed
from minidask_distributed.client.client import Client
from minidask_distributed.client.waiting import wait
from minidask_distributed.worker.context import get_worker

pytestmark = [pytest.mark.network, pytest.mark.slow]


def empty(client: Client, seconds: float = 20) -> bool:
    """Wait until neither the scheduler nor a worker knows a result."""
    turn = threading.Event()
    for _ in range(int(seconds / 0.02)):
        gc.collect()
        held = client.run(lambda dask_worker: len(dask_worker.data), workers=list(client.nthreads()))
        if not client.who_has() and not any(held.values()) and not any(client.has_what().values()):
            return True
        turn.wait(0.02)
    return False


def block(n: int) -> bytes:
    return bytes(100_000 + n)


def test_futures(client: Client) -> None:
    futures = client.map(block, range(20))
    total = client.submit(len, futures)
    assert total.result() == 20
    assert len(client.who_has()) == 21
    kept = futures[3]
    del futures, total
    assert client.submit(len, kept).result() == 100_003
    wait(kept)
    del kept
    assert empty(client)


def test_collections(client: Client) -> None:
    df = dd.from_pandas(pd.DataFrame({"x": range(10_000)}), npartitions=8)
    held = df.assign(y=1).persist()
    assert held.y.sum().compute() == 10_000
    part = held.partitions[0]
    del held
    assert len(part.compute()) == 1250
    del part
    assert empty(client)
    assert df.x.sum().compute() == sum(range(10_000))
    assert delayed(len)([delayed(block)(i) for i in range(10)]).compute() == 10
    assert empty(client)


def test_after_errors(client: Client) -> None:
    def fail(data: Any) -> Any:
        raise ValueError("no")

    blocks = [delayed(block)(i) for i in range(5)]
    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            delayed(fail)(blocks).compute()
    future = client.submit(fail, client.scatter(bytes(200_000)))
    assert isinstance(future.exception(), ValueError)
    del future
    assert empty(client)


def test_after_cancelling(client: Client) -> None:
    gate = threading.Event()
    parts = client.map(block, range(10))
    waiting = client.submit(lambda *_: gate.wait(30), *parts, pure=False)
    wait(parts, timeout=20)
    client.cancel([waiting, *parts])
    gate.set()
    del parts, waiting
    assert empty(client)


def test_scattered_data(remote: Client) -> None:
    future = remote.scatter(bytes(1_000_000))
    many = remote.scatter({"a": bytes(300_000), "b": 1}, broadcast=True)
    assert remote.submit(len, future).result() == 1_000_000
    assert len(remote.who_has(many["a"])["a"]) == 2
    del future, many
    assert empty(remote)


def test_results_of_nested_computations(remote: Client) -> None:
    def nested(n: int) -> int:
        assert get_worker()
        return len(delayed(block)(n).compute()) + len(delayed(block)(n).persist().compute())

    assert remote.gather(remote.map(nested, range(4), pure=False)) == [2 * (100_000 + n) for n in range(4)]
    assert empty(remote)
