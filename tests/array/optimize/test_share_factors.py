import pickle

import numpy as np
import pytest

import minidask
import minidask.array as da
from minidask.array.linalg import tall
from minidask.array.opaque import TwoWays
from minidask.array.optimize.share_factors import share_factors
from minidask.array.testing import assert_eq
from minidask.graph import LayeredGraph

A = np.random.default_rng(0).normal(size=(60, 3))


@pytest.mark.parametrize("rows", [4, 25, 60])
def test_both_ways_are_equal(rows):
    q, r = da.linalg.qr(da.from_array(A, chunks=(rows, 3)))
    alone = r.compute(scheduler="sync")
    one, other = minidask.compute(q, r, scheduler="sync")
    np.testing.assert_array_equal(alone, other)
    np.testing.assert_allclose(one @ other, A, atol=1e-12)
    np.testing.assert_array_equal(r.compute(scheduler="sync", optimize_graph=False), alone)
    assert_eq(q @ r + 1, A + 1, atol=1e-12)
    assert_eq(pickle.loads(pickle.dumps(r)), alone)


def counted(monkeypatch, name):
    calls = []
    func = getattr(np.linalg, name)

    def counting(*args, **kwargs):
        calls.append(kwargs.get("mode", "reduced"))
        return func(*args, **kwargs)

    monkeypatch.setattr(np.linalg, name, counting)
    return calls


def test_r_alone_makes_no_q(monkeypatch):
    q, r = da.linalg.qr(da.from_array(A, chunks=(30, 3)))
    calls = counted(monkeypatch, "qr")
    r.compute(scheduler="sync")
    assert calls == ["r"] * 3
    calls.clear()
    minidask.compute(q, r, scheduler="sync")
    assert calls == ["reduced"] * 3


def test_only_layers_of_two_ways_are_replaced():
    q, r = da.linalg.qr(da.from_array(A, chunks=(30, 3)))
    both = LayeredGraph.merge((r + 1).dask, (q * 2).dask)
    shared = share_factors(both, [])
    assert isinstance(both.layers[r.name], TwoWays)
    assert not isinstance(shared.layers[r.name], TwoWays)
    assert shared.layers[r.name].inputs[0].name in both.layers
    assert not any(name.startswith("triangle") for name in shared.layers)
    assert [root.name for root in shared.roots] == [root.name for root in both.roots]
    for graph in (r.dask, q.dask, tall.tsqr(da.ones((4, 2)))[1].dask):
        assert share_factors(graph, []) is graph
    assert share_factors({"x": 1}, ["x"]) == {"x": 1}
