from __future__ import annotations

import pandas as pd

import minidask.dataframe as dd
from minidask.dataframe.joining.plan import Join, Merged
from minidask.dataframe.optimize import expand_joins

FRAME = pd.DataFrame({"k": range(12), "x": range(12)})


def test_joins_become_what_carries_them_out():
    df = dd.from_pandas(FRAME, npartitions=3)
    lazy = df.merge(df, on="k", broadcast=False).merge(df, on="k", broadcast=False)
    plan = expand_joins(lazy.dask, lazy.__dask_keys__())
    kinds = [type(layer) for layer in plan.layers.values()]
    assert Join not in kinds
    assert kinds.count(Merged) == 2
    assert lazy._name in plan.layers


def test_other_graphs_stay():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert expand_joins(df.dask, df.__dask_keys__()) is df.dask
    assert expand_joins({"x": 1}, ["x"]) == {"x": 1}
