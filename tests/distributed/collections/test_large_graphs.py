"""Large and deep graphs, and large data in them."""

from __future__ import annotations

import warnings
from operator import add
from typing import Any

import numpy as np
import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask import delayed
from minidask_distributed.client.client import Client

pytestmark = [pytest.mark.network, pytest.mark.slow]


def inc(x: int) -> int:
    return x + 1


@pytest.mark.parametrize("where", ["client", "remote"])
def test_a_hundred_thousand_tasks(request: pytest.FixtureRequest, where: str) -> None:
    client: Client = request.getfixturevalue(where)
    graph: dict[Any, Any] = {("x", i): (inc, i) for i in range(100_000)}
    graph["total"] = (sum, [("x", i) for i in range(100_000)])
    assert client.get(graph, "total") == sum(range(1, 100_001))


@pytest.mark.parametrize(("where", "length"), [("client", 50_000), ("remote", 5_000)])
def test_a_deep_chain(request: pytest.FixtureRequest, where: str, length: int) -> None:
    client: Client = request.getfixturevalue(where)
    graph: dict[Any, Any] = {0: 0, **{i: (inc, i - 1) for i in range(1, length + 1)}}
    assert client.get(graph, length) == length
    x = delayed(0)
    for _ in range(2_000):
        x = delayed(inc)(x)
    assert x.compute() == 2_000
    held = x.persist()
    assert (held + 1).compute() == 2_001


def test_a_tree(remote: Client) -> None:
    parts = [delayed(inc)(i) for i in range(4096)]
    while len(parts) > 1:
        parts = [delayed(add)(a, b) for a, b in zip(parts[::2], parts[1::2])]
    assert parts[0].compute() == sum(range(1, 4097))


def big(data: Any, x: int) -> int:
    return len(data) + x


def test_large_literals_are_warned_of_by_name(remote: Client) -> None:
    data = bytes(11_000_000)
    with pytest.warns(UserWarning, match=r"arguments of big take 10\.49 MiB") as caught:
        assert remote.submit(big, data, 1).result() == 11_000_001
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="arguments of big") as caught:
        assert delayed(big)(data, 2).compute() == 11_000_002
    assert caught[0].filename == __file__
    assert "scatter" in str(caught[0].message)

    def closure() -> int:
        return len(data)

    with pytest.warns(UserWarning, match="the function .*closure"):
        assert remote.submit(closure).result() == 11_000_000
    with pytest.warns(UserWarning, match="arguments of big"):
        assert remote.gather(remote.map(big, [data], [3])) == [11_000_003]


def test_large_data_that_is_scattered_is_not(remote: Client) -> None:
    data = remote.scatter(bytes(11_000_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert remote.submit(big, data, 1).result() == 11_000_001
        assert delayed(big)(data, 2).compute() == 11_000_002
        array = remote.submit(np.arange, 3_000_000)
        assert remote.submit(np.sum, array).result() == sum(range(3_000_000))
        assert len(array.result()) == 3_000_000


def test_a_large_frame_in_the_program(remote: Client) -> None:
    frame = pd.DataFrame({"x": np.arange(4_000_000)})
    df = dd.from_pandas(frame, npartitions=2)
    with pytest.warns(UserWarning, match=r"task \('sum-chunk-.* take 15\.26 MiB"):
        assert df.x.sum().compute() == frame.x.sum()
    held = remote.scatter(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert minidask.delayed(lambda f: int(f.x.sum()))(held).compute() == frame.x.sum()
