import numpy as np

import minidask.array as da
from minidask.array.flat import FlatProgram
from minidask.array.optimize.flatten_programs import flatten_programs
from minidask.array.optimize.fuse_blocks import fuse_blocks
from minidask.array.testing import assert_eq
from minidask.graph import nested_keys
from minidask.schedulers import sync


def test_programs_become_flat_and_give_the_same():
    a = np.arange(12.0).reshape(3, 4)
    x = da.from_array(a, chunks=2)
    y = np.exp(x) - 1 / (x + 1) + x.T.T
    keys = list(nested_keys(y.__dask_keys__()))
    fused = fuse_blocks(y.dask, keys)
    flat = flatten_programs(fused, keys)
    assert all(isinstance(layer.func, FlatProgram) for layer in flat.layers.values())
    for one, other in zip(sync.get(fused, keys), sync.get(flat, keys), strict=True):
        np.testing.assert_array_equal(one, other)
    assert_eq(y, np.exp(a) - 1 / (a + 1) + a)


def test_dicts_pass():
    assert flatten_programs({"x": 1}, ["x"]) == {"x": 1}
