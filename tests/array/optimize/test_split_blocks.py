import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.computing import delivered
from minidask.array.optimize.split_blocks import split_blocks
from minidask.array.rechunked import Rechunked
from minidask.array.sources import ArraySource
from minidask.array.testing import assert_eq
from minidask.graph import nested_keys
from minidask.schedulers import sync
from tests.array.arrays import few, pairs
from tests.array.optimize.operations import OPERATIONS

# The function of the same name stands for the module in its package.
module = sys.modules[split_blocks.__module__]


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Split from two elements on, so that small arrays show it."""
    monkeypatch.setattr(module, "TARGET", 2)
    monkeypatch.setattr(module, "TARGET_WHOLE", 2)
    monkeypatch.setattr(module, "_WORTH", 1)


@few
@given(pairs(["f8", "i8"], max_dims=3, max_side=9), st.sampled_from(sorted(OPERATIONS)))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_are_the_same(pair, name):
    _, x = pair
    y = OPERATIONS[name](x)
    keys = list(nested_keys(y.__dask_keys__()))
    expected = sync.get(y.dask, keys)
    for one, other in zip(sync.get(split_blocks(y.dask, keys), keys), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)
    whole = y.compute(scheduler="sync")
    np.testing.assert_allclose(whole, y.compute(scheduler="sync", optimize_graph=False), rtol=1e-6, atol=1e-9)
    assert_eq(y, whole, rtol=1e-6, atol=1e-9)


@few
@given(pairs(["f4", "f8", "c16"], min_dims=1, max_dims=3, min_side=1), st.data())
def test_transforms_of_rechunked_arrays(pair, data):
    a, x = pair
    axis = data.draw(st.integers(0, a.ndim - 1))
    transform = data.draw(st.sampled_from(["fft", "ifft", "fftn"]))
    series = (x if data.draw(st.booleans()) else x + 0).rechunk({axis: -1} if transform != "fftn" else -1)
    y = np.abs(getattr(da.fft, transform)(series, **({"axis": axis} if transform != "fftn" else {})) * 2)
    options = {"axis": axis} if transform != "fftn" else {}
    expected = np.abs(getattr(np.fft, transform)(a, **options) * 2)
    for scheduler in ("threads", "sync"):
        result = y.compute(scheduler=scheduler)
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


def plan_of(y):
    collection = delivered(y)
    return split_blocks(collection.dask, collection.__dask_keys__())


def test_pictures_are_views_of_the_array_in_the_end():
    x = da.from_array(np.ones((16, 8, 8)), chunks=(2, 8, 8))[1:].rechunk((15, 8, 8))
    plan = plan_of(np.abs(da.fft.fft(x, axis=0)))
    grids = {type(layer).__name__: layer.numblocks for layer in plan.layers.values()}
    assert grids["Blockwise"] == grids["DeliverLayer"] == (1, 8, 8)
    assert any(isinstance(layer, Rechunked) and layer.numblocks == (1, 8, 8) for layer in plan.layers.values())
    source = da.from_array(np.arange(16.0 * 64).reshape(16, 8, 8), chunks=(2, 8, 8))
    y = np.abs(da.fft.fft(source.rechunk((16, 8, 8)), axis=0))
    plan = plan_of(y)
    assert not any(isinstance(layer, Rechunked) for layer in plan.layers.values())
    assert [layer.numblocks for layer in plan.layers.values() if isinstance(layer, ArraySource)][-1] == (1, 8, 8)


def test_what_stays(monkeypatch):
    x = da.ones(100, chunks=50)
    for y in (x + 1, x.map_blocks(np.sort) * 2 + 1, x.sum()):
        assert {layer.numblocks for layer in plan_of(y).layers.values()} <= {(2,), ()}
    monkeypatch.setattr(module, "_WORTH", 100)
    assert {layer.numblocks for layer in plan_of(x * 2 + 1).layers.values()} == {(2,), ()}
    plain = {"x": 1}
    assert split_blocks(plain, ["x"]) is plain


def test_rechunks_of_many_pieces_stay(monkeypatch):
    x = da.random.random((8, 8), chunks=(1, 8)).rechunk((8, 4))
    y = da.fft.fft(x, axis=0) * 2
    assert (1, 8) in {layer.numblocks for layer in plan_of(y).layers.values()}
    monkeypatch.setattr(module, "_PIECES", 10)
    assert (1, 8) not in {layer.numblocks for layer in plan_of(y).layers.values()}
