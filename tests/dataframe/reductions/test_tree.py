from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.reductions.tree import reduce_partitions
from tests.dataframe.frames import cut

FRAME = pd.DataFrame({"x": range(40), "y": 0.5})
DF = dd.from_pandas(FRAME, npartitions=40)


def test_a_reduction_of_three_functions():
    total = reduce_partitions("count", [DF], len, sum, sum, 1, "len", uses=frozenset(), split_every=4)
    assert isinstance(total, dd.Scalar)
    assert total.compute(scheduler="sync") == 40
    assert total.npartitions == 1


@pytest.mark.parametrize(("split_every", "tasks"), [(2, 41), (8, 6), (None, 4), (False, 1)])
def test_the_shape_of_the_tree(split_every, tasks):
    total = reduce_partitions("count", [DF], len, sum, sum, 1, "len", split_every=split_every)
    inner = [key for key in total.dask.lower(total.__dask_keys__()) if key[0] == total._name]
    assert len(inner) == tasks


def test_names_say_what_is_computed():
    assert DF["x"].sum()._name == DF["x"].sum()._name
    names = {DF["x"].sum()._name, DF["x"].sum(skipna=False)._name, DF["x"].sum(min_count=1)._name, DF["x"].max()._name}
    assert len(names) == 4


def test_bad_input():
    with pytest.raises(ValueError, match="split_every must be an integer of at least 2"):
        reduce_partitions("count", [DF], len, sum, sum, 1, "len", split_every=1)
    with pytest.raises(ValueError, match="partitions of unknown divisions"):
        reduce_partitions("count", [cut(FRAME, [0, 40]), cut(FRAME, [0, 3, 40])], len, sum, sum, 1, "len")
