import math
import pickle

import numpy as np
import pytest

import minidask
import minidask.array as da
from minidask import config
from minidask.array.chunks import UnknownChunkSizes
from minidask.array.collection import ArrayBase, as_numpy, check_known_shape, grid_keys, is_array, new_array, rebuild
from minidask.array.testing import assert_eq
from minidask.graph import Layer
from tests.array.arrays import forget, raising


def test_structure():
    x = da.zeros((4, 3), chunks=(2, 2), dtype="f4")
    assert (x.shape, x.chunks, x.numblocks, x.npartitions, x.chunksize) == ((4, 3), ((2, 2), (2, 1)), (2, 2), 4, (2, 2))
    assert (x.ndim, x.size, x.itemsize, x.nbytes, x.dtype, len(x)) == (2, 12, 4, 48, np.float32, 4)
    assert x.name == x.__dask_keys__()[0][0][0]
    assert x.name in x.dask.layers
    assert is_array(x)
    assert not is_array(np.ones(1))


def test_the_collection_protocol():
    x = da.ones(4, chunks=2)
    assert x.__dask_keys__() == [(x.name, 0), (x.name, 1)]
    assert da.ones(()).__dask_keys__() == [(da.ones(()).name,)]
    assert minidask.is_dask_collection(x)
    assert minidask.compute({"a": [x]})[0]["a"][0].tolist() == [1, 1, 1, 1]
    assert minidask.tokenize.tokenize(x) == minidask.tokenize.tokenize(da.ones(4, chunks=2))


def test_persisted_and_optimised_arrays_are_equal():
    x = da.arange(10, chunks=3) + 1
    held = x.persist()
    assert held.name == x.name
    assert len(held.dask) == 4
    assert_eq(held, np.arange(1, 11))
    assert_eq(da.optimize(x)[0] * 2, np.arange(1, 11) * 2)


def test_results_belong_to_the_caller():
    a = np.arange(4.0)
    for x in (da.from_array(a, chunks=2), da.from_array(a, chunks=4), da.from_array(a, chunks=4).persist()):
        x.compute()[:] = 99
        assert_eq(x, np.arange(4.0))


@pytest.mark.filterwarnings("ignore::minidask.array.performance.PerformanceWarning")
def test_making_arrays_costs_nothing_for_each_block():
    x = da.ones(10**6, chunks=1)
    with config.set(scheduler=raising):
        y = ((x + 1) * 2 - x).sum()
    assert y._layer.inputs


def test_pickling_keeps_the_chain():
    x = da.ones(4, chunks=2)
    for _ in range(3000):
        x = x + 1
    y = pickle.loads(pickle.dumps(x))
    assert y.name == x.name
    assert_eq(y, np.full(4, 3001.0))


def test_a_graph_of_the_base_is_checked():
    layer = da.ones(4, chunks=2)._layer
    with pytest.raises(TypeError, match="made of a layer, got dict"):
        ArrayBase({}, ((1,),), None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="don't fit the layer's grid"):
        ArrayBase(layer, ((4,),), np.ones(0))


def test_shape_and_chunks_cannot_be_set():
    x = da.ones(4, chunks=2)
    with pytest.raises(AttributeError, match=r"use x\.reshape"):
        x.shape = (2, 2)
    with pytest.raises(TypeError, match=r"use x\.rechunk"):
        x.chunks = ((4,),)


def test_unknown_sizes():
    x = forget(da.arange(6, chunks=3))
    assert math.isnan(x.shape[0])
    assert math.isnan(x.size)
    assert math.isnan(x.nbytes)
    with pytest.raises(UnknownChunkSizes, match="compute_chunk_sizes"):
        len(x)
    with pytest.raises(UnknownChunkSizes, match="mine needs"):
        check_known_shape("mine", x)
    assert len(da.ones(3)) == 3
    with pytest.raises(TypeError, match="unsized"):
        len(da.ones(()))


def test_the_optimiser_is_the_users():
    seen = []

    def watch(graph, keys):
        seen.append(len(list(keys)))
        return graph

    x = da.ones(4, chunks=2) + 1
    with config.set(array_optimize=watch):
        assert_eq(x.sum(), 8.0)
    assert seen
    with config.set({"optimization.blockwise.active": False}):
        assert len(da.optimize(x)[0].dask.layers) == 2


def test_parts():
    assert grid_keys("x", (2, 1)) == [[("x", 0, 0)], [("x", 1, 0)]]
    assert as_numpy([1, 2]).tolist() == [1, 2]
    masked = np.ma.ones(2)
    assert as_numpy(masked) is masked
    x = da.ones(4, chunks=2)
    assert isinstance(x._layer, Layer)
    assert_eq(new_array(x._layer, x.chunks, x._meta), np.ones(4))
    assert rebuild(x.dask, x.name, x.chunks, x._meta, {"other": "y"}).name == x.name


def test_the_meta_is_to_be_seen():
    x = da.ones((3, 4), dtype="f4")
    assert x.meta is x._meta
    assert x.meta.dtype == np.float32


def test_plugins():
    seen = []
    before = da.ones(4, chunks=2)
    with config.set(array_plugins=[lambda x: seen.append(x.shape), lambda x: x.rechunk(1)]):
        x = da.ones(4, chunks=2)
        assert x.numblocks == (4,)
        y = (x + 1).sum()
        # What a plugin makes is not given to plugins.
        assert seen == [(4,), (4,), ()]
        seen.clear()
        before.persist(scheduler="sync")
        assert seen == [(4,)]
        with config.set(array_plugins=None):
            assert da.ones(4, chunks=2).numblocks == (2,)
    assert_eq(y, 8.0)
    assert before.numblocks == da.ones(4, chunks=2).numblocks == (2,)
    with config.set(array_plugins=[lambda x: x.compute()]):
        assert type(da.ones(3)) is np.ndarray


def test_plugins_that_raise_or_are_none():
    def refuse(x):
        raise RuntimeError("too large")

    with config.set(array_plugins=[refuse]):
        for _ in range(2):
            with pytest.raises(RuntimeError, match="too large"):
                da.ones(3)
    with pytest.raises(TypeError, match="must be a list of functions"):
        config.set(array_plugins=5)
