"""Collections written by others, by the field's protocol, and graphs by hand: tuples as keys and as tasks."""

from __future__ import annotations

from operator import add, mul
from typing import Any

import pytest

import minidask
from minidask.base import DaskMethodsMixin, replace_name_in_key
from minidask.highlevelgraph import HighLevelGraph
from minidask.optimization import cull
from minidask_distributed.client.client import Client
from minidask_distributed.client.waiting import futures_of

pytestmark = pytest.mark.network

optimized = []


class Blocks(DaskMethodsMixin):
    """A list of lists in blocks, as somebody outside would write it."""

    def __init__(self, graph: Any, name: str, count: int) -> None:
        self.graph, self.name, self.count = graph, name, count

    def __dask_graph__(self) -> Any:
        return self.graph

    def __dask_keys__(self) -> list[Any]:
        return [(self.name, i) for i in range(self.count)]

    def __dask_layers__(self) -> tuple[str, ...]:
        return (self.name,)

    def __dask_tokenize__(self) -> Any:
        return self.name

    @staticmethod
    def __dask_optimize__(graph: Any, keys: Any, **kwargs: Any) -> Any:
        optimized.append(kwargs)
        return cull(graph, [key for part in keys for key in ([part] if isinstance(part, tuple) else part)])[0]

    def __dask_postcompute__(self) -> Any:
        return (lambda blocks, offset: [x + offset for block in blocks for x in block]), (0,)

    def __dask_postpersist__(self) -> Any:
        return self._rebuild, ()

    def _rebuild(self, graph: Any, *, rename: dict[str, str] | None = None) -> Blocks:
        return Blocks(graph, (rename or {}).get(self.name, self.name), self.count)

    def map(self, func: Any) -> Blocks:
        name = f"{self.name}-mapped"
        layer = {(name, i): (lambda block: [func(x) for x in block], (self.name, i)) for i in range(self.count)}
        return Blocks(HighLevelGraph.from_collections(name, layer, dependencies=[self]), name, self.count)


def blocks(count: int = 3) -> Blocks:
    layer = {("range", i): (list, (range, 2 * i, 2 * i + 2)) for i in range(count)}
    return Blocks(HighLevelGraph.from_collections("range", layer, dependencies=[]), "range", count)


def test_they_compute_and_persist(client: Client) -> None:
    x = blocks()
    assert x.compute() == [0, 1, 2, 3, 4, 5]
    assert x.map(lambda n: n * 10).compute() == [0, 10, 20, 30, 40, 50]
    held = x.persist()
    assert type(held) is Blocks
    assert len(futures_of(held)) == 3
    assert held.map(lambda n: -n).compute() == [0, -1, -2, -3, -4, -5]
    assert client.compute(x).result() == [0, 1, 2, 3, 4, 5]
    assert client.compute([x, 5], sync=True) == [[0, 1, 2, 3, 4, 5], 5]
    assert minidask.compute(x, held, {"a": [x]}) == (x.compute(), x.compute(), {"a": [x.compute()]})


def test_their_optimizers_are_asked_unless_forbidden(client: Client) -> None:
    optimized.clear()
    assert blocks().compute(flavour="sour") == [0, 1, 2, 3, 4, 5]
    assert optimized[-1]["flavour"] == "sour"
    optimized.clear()
    assert blocks().compute(optimize_graph=False) == [0, 1, 2, 3, 4, 5]
    assert client.compute(blocks(), optimize_graph=False).result() == [0, 1, 2, 3, 4, 5]
    assert client.persist(blocks(), optimize_graph=False).compute(optimize_graph=False) == [0, 1, 2, 3, 4, 5]
    assert not optimized


def test_a_plain_dict_as_graph(client: Client) -> None:
    made = Blocks({("a", 0): [1, 2], ("a", 1): (list, (range, 3, 5))}, "a", 2)
    assert made.compute() == [1, 2, 3, 4]
    assert client.persist(made).compute() == [1, 2, 3, 4]


def test_graphs_by_hand(client: Client) -> None:
    graph = {
        "a": 1,
        ("b", 0): (add, "a", 10),
        ("b", (1, "x")): (mul, ("b", 0), 2),
        "sum": (sum, [("b", 0), ("b", (1, "x")), "a"]),
        5: (add, "a", "a"),
        2.5: "a",
    }
    assert client.get(graph, "sum") == 34
    assert client.get(graph, [["sum"], [("b", 0), [("b", (1, "x"))]], 5, 2.5]) == [[34], [11, [22]], 2, 1]
    futures = client.get(graph, ["sum", ("b", 0)], sync=False)
    assert [future.key for future in futures] == ["sum", ("b", 0)]
    assert client.gather(futures) == [34, 11]
    assert client.get({"x": 1, "y": "x", "z": [["y", ("x",)], {"k": "x"}]}, "z")[0][0] == 1


def test_graphs_that_can_not_be_run_say_so(client: Client) -> None:
    with pytest.raises(KeyError, match="missing"):
        client.get({"x": 1}, "missing")
    with pytest.raises(Exception, match=r"[Cc]ycle"):
        client.get({"x": (abs, "y"), "y": (abs, "x")}, "x")
    assert client.get({"x": 1}, "x") == 1


def test_renamed_keys(client: Client) -> None:
    assert replace_name_in_key(("a", 0), {"a": "b"}) == ("b", 0)
    x = blocks()
    held = client.persist(x)
    assert client.gather(futures_of(held)) == [[0, 1], [2, 3], [4, 5]]
    future = client.submit(sum, futures_of(held)[0], key=("by", ("hand", 1)))
    assert future.key == ("by", ("hand", 1))
    assert future.result() == 1
