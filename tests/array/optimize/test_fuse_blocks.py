import numpy as np

import minidask.array as da
from minidask.array.optimize.fuse_blocks import fuse_blocks
from minidask.array.optimize.repeat_sources import repeat_sources
from minidask.array.testing import assert_eq
from minidask.graph import nested_keys


def plan(x):
    keys = list(nested_keys(x.__dask_keys__()))
    return fuse_blocks(repeat_sources(x.dask, keys), keys)


def test_diamonds_transposes_and_first_steps_of_reductions():
    a = np.arange(16.0).reshape(4, 4)
    x = da.from_array(a, chunks=2)
    for y, layers in [
        (np.exp(x) - 1 / (x + 1), 1),
        ((x + x.T), 1),
        ((x + x.T).sum(), 2),
        ((x * 2).mean(axis=0), 2),
        (da.where(x > 1, x, -x).astype("f4"), 1),
    ]:
        assert len(plan(y).layers) == layers
        assert_eq(y, y.compute(optimize_graph=False))


def test_what_is_broadcast_is_not_made_again_for_each_block():
    x = da.from_array(np.ones((4, 4)), chunks=2)
    y = x - x.mean(axis=0)
    assert len(plan(y).layers) == 3
    assert_eq(y, np.zeros((4, 4)))


def test_dicts_pass():
    assert fuse_blocks({"x": 1}, ["x"]) == {"x": 1}
