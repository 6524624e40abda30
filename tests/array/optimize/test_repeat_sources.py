import numpy as np

import minidask.array as da
from minidask.array.optimize.repeat_sources import is_cheap, repeat_sources
from minidask.array.testing import assert_eq
from minidask.graph import nested_keys
from minidask.schedulers import sync


class Data:
    shape, dtype = (4,), np.dtype(int)

    def __getitem__(self, index):
        return np.arange(4)[index]


def test_cheap_sources_are_made_for_each_user():
    for x in (da.ones((4, 4), chunks=2), da.from_array(np.arange(16.0).reshape(4, 4), chunks=2)):
        y = x - x.mean(axis=0)
        plan = repeat_sources(y.dask, list(nested_keys(y.__dask_keys__())))
        assert sum(map(is_cheap, plan.layers.values())) == 2
        np.testing.assert_array_equal(sync.get(plan, (y.name, 1, 0)), sync.get(y.dask, (y.name, 1, 0)))
        assert_eq(y, y.compute(optimize_graph=False))


def test_what_is_read_is_read_once():
    x = da.from_array(Data(), chunks=2)
    y = x - x.mean()
    assert repeat_sources(y.dask, list(nested_keys(y.__dask_keys__()))) is y.dask
    assert not any(map(is_cheap, y.dask.layers.values()))


def test_a_source_that_is_asked_for_keeps_its_name():
    x = da.ones(4, chunks=2)
    one, other = da.compute(x, x + x.sum())
    assert one.tolist() == [1, 1, 1, 1]
    assert other.tolist() == [5, 5, 5, 5]
    assert repeat_sources({"x": 1}, ["x"]) == {"x": 1}
