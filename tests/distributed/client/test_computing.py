"""Collections and graphs on the cluster."""

from __future__ import annotations

from operator import add, neg
from typing import Any

import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask.delayed import delayed
from minidask_distributed.client.client import Client
from minidask_distributed.client.future import Future
from minidask_distributed.messages import Upload
from tests.distributed.client.scripted import connected, in_loop

pytestmark = pytest.mark.network


def sent(made: Any) -> int:
    return sum(len(message.recipe) for message in made.sessions[0].of(Upload))


def test_compute() -> None:
    with connected() as (_, client):
        x = delayed(add)(1, 2)
        y = delayed(neg)(x)
        future = client.compute(y)
        assert isinstance(future, Future)
        assert future.key == y.key
        assert future.result() == -3
        futures = client.compute([x, y, 5])
        assert [futures[0].result(), futures[1].result(), futures[2]] == [3, -3, 5]
        assert client.compute([x, [y, {"a": x}]], sync=True) == [3, [-3, {"a": 3}]]
        assert client.compute((x,), sync=True) == [3]
        assert client.compute(7) == 7
        assert client.compute([x], traverse=False)[0].result() == 3


def test_it_is_what_collections_run_on() -> None:
    with connected() as (made, client):
        x = delayed(add)(1, 2)
        assert x.compute() == 3
        assert minidask.compute(x, {"twice": x + x}) == (3, {"twice": 6})
        assert sent(made) > 0
        before = sent(made)
        assert delayed(add)(2, 2).compute(scheduler="sync") == 4
        assert sent(made) == before
        assert delayed(add)(2, 2).compute(scheduler=client) == 4
    assert delayed(add)(2, 2).compute() == 4


def test_only_if_it_is_the_default() -> None:
    with connected() as (made, client), Client(made, set_as_default=False) as other:
        client.close()
        assert delayed(add)(1, 2).compute() == 3
        assert other.compute(delayed(add)(1, 2)).result() == 3


def test_persist() -> None:
    with connected() as (made, client):
        x = delayed(add)(1, 2, pure=True)
        (held,) = minidask.persist(x)
        assert held.key == x.key
        assert held.compute() == 3
        assert sent(made) == 1
        y = delayed(neg)(held)
        assert y.compute() == -3
        assert sent(made) == 2
        # A held result under another name, inside of another call.
        assert delayed(sum)([held, 10]).compute() == 13
        a, b = client.persist([delayed(add)(5, 5), delayed(add)(6, 6)])
        assert minidask.compute(a, b) == (10, 12)
        assert client.persist([]) == []


def test_persisted_results_that_are_fused() -> None:
    with connected() as (_, client), minidask.config.set({"optimization.fuse.active": True}):
        held = client.persist(delayed(add)(1, 2))
        assert delayed(neg)(delayed(neg)(held)).compute() == 3


def test_dataframes() -> None:
    table = pd.DataFrame({"x": range(20), "y": [1, 2] * 10})
    with connected() as (_, client):
        df = dd.from_pandas(table, npartitions=4)
        assert df["x"].sum().compute() == 190
        pd.testing.assert_frame_equal(client.compute(df).result(), table)
        held = df.persist()
        pd.testing.assert_frame_equal(held.compute(), table)
        means = held.groupby("y")["x"].mean().compute()
        assert means.to_dict() == {1: 9.0, 2: 10.0}
        pd.testing.assert_frame_equal((held + 1).compute(), table + 1)


def test_get() -> None:
    with connected() as (_, client):
        graph = {"x": 1, "y": (add, "x", 10), ("z", 0): (sum, ["x", "y"])}
        assert client.get(graph, "y") == 11
        assert client.get(graph, ["x", [("z", 0), "y"]]) == [1, [12, 11]]
        futures = client.get(graph, ["x", "y"], sync=False)
        assert [future.result() for future in futures] == [1, 11]
        assert client.get(graph, []) == []
        # Nothing of it is held any more: the key may mean something else.
        del futures
        assert client.get({"x": 2}, "x") == 2


def test_annotations_go_along() -> None:
    with connected() as (made, client):
        with minidask.annotate(priority=2, note="a"):
            x = delayed(add)(1, 2)
        client.compute(delayed(neg)(x), retries=3, workers="alice").result()
        options = {row.key: row.options for row in made.sessions[0].rows.values()}
        assert options[x.key] == {"workers": ["alice"], "retries": 3, "priority": 2, "annotations": {"note": "a"}}
        others = [chosen for key, chosen in options.items() if key != x.key]
        assert others == [{"workers": ["alice"], "retries": 3}]


def test_annotations_in_force() -> None:
    with connected() as (made, client):
        with minidask.annotate(priority=2):
            client.get({"x": 1}, "x")
        assert [row.options for row in made.sessions[0].rows.values()] == [{"priority": 2}]


def test_errors() -> None:
    with connected() as (_made, client):
        with pytest.raises(ZeroDivisionError) as caught:
            delayed(lambda x: 1 / x)(0).compute()
        assert any("Raised by the task" in note for note in caught.value.__notes__)
        with pytest.raises(KeyError):
            client.get({"x": 1}, "y")
        with pytest.raises(TypeError, match="expected a collection"):
            client.persist([5])
        with pytest.raises(NotImplementedError, match="actors"):
            client.compute(delayed(add)(1, 2), actors=True)
        with pytest.raises(ValueError, match="retries must be at least 0"):
            client.compute(delayed(add)(1, 2), retries=-1)
        with pytest.raises(ValueError, match="two different tasks"):
            client.compute([delayed(add)(1, 2, dask_key_name="k"), delayed(add)(3, 4, dask_key_name="k")])


def test_asynchronous() -> None:
    async def work(made: Any, client: Any) -> None:
        x = delayed(add)(1, 2)
        assert await client.compute(x) == 3
        assert await client.compute([x], sync=True) == [3]
        assert await client.get({"x": 1, "y": (neg, "x")}, ["y"]) == [-1]
        held = client.persist(x)
        assert await client.compute(held) == 3

    in_loop(work)
