from __future__ import annotations

import pandas as pd

import minidask
import minidask.dataframe as dd
from minidask.dataframe.optimize import fuse_partitions
from minidask.dataframe.testing import assert_eq

FRAME = pd.DataFrame({"x": range(8), "y": 0.5})
DF = dd.from_pandas(FRAME, npartitions=4)


def test_one_task_a_partition():
    query = DF[DF["x"] > 2].assign(z=DF["x"] * 2)[["z", "y"]]
    plan = fuse_partitions(query.dask, query.__dask_keys__())
    assert len(plan.lower(query.__dask_keys__())) == 4
    assert_eq(query, FRAME[FRAME["x"] > 2].assign(z=FRAME["x"] * 2)[["z", "y"]])


def test_annotations_are_kept_apart():
    with minidask.annotate(priority=1):
        query = DF + 1
    other = query * 2
    plan = fuse_partitions(other.dask, other.__dask_keys__())
    assert len(plan.layers) > 1
    assert_eq(other, (FRAME + 1) * 2)


def test_plain_dicts_are_left_alone():
    assert fuse_partitions({"x": 1}, ["x"]) == {"x": 1}
