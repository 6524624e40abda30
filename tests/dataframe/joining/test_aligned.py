from __future__ import annotations

import pandas as pd

import minidask.dataframe as dd
from minidask.dataframe.joining.aligned import cut_alike, strictly_ascending


def test_equal_values_meet_where_divisions_repeat():
    class Rows:
        def __call__(self, values):
            return pd.DataFrame({"x": values}, index=values)

    repeated = dd.from_map(
        Rows(), [[1, 2], [5], [5, 7]], meta=pd.DataFrame({"x": [1]}, index=[1]), divisions=(1, 5, 5, 7)
    )
    cut = cut_alike([repeated, repeated])
    assert cut is not None
    assert cut[0].divisions == (1, 5, 7)
    assert cut[0].get_partition(1).compute(scheduler="sync")["x"].tolist() == [5, 5, 7]


def test_within_bounds():
    frames = [dd.from_pandas(pd.Series(range(40)), npartitions=n) for n in (4, 8)]
    cut = cut_alike(frames, (11, 20))
    assert cut is not None
    assert cut[0].divisions == cut[1].divisions == (10, 15, 20, 25)


def test_what_cannot_be_compared():
    text = dd.from_pandas(pd.Series([1, 2], index=["a", "b"]), npartitions=1)
    assert cut_alike([text, dd.from_pandas(pd.Series([1, 2]), npartitions=1)]) is None


def test_ascending():
    assert strictly_ascending((1, 1))
    assert not strictly_ascending((1, 1, 1))
