from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.order.sampling import (
    Summarize,
    as_frame,
    in_order,
    join_lists,
    sorted_rows,
    splitters,
    summaries,
)
from tests.dataframe.frames import cut


def summary(values, count=1000):
    return Summarize(count, False)(pd.Series(values))[0]


def test_a_summary():
    found = summary([3, 1, 2])
    assert found[:6] == (3, 0, 1, 3, False, 0)
    assert found.sample[0].tolist() == [3, 1, 2]
    assert summary([1.0, np.nan])[:4] == (2, 1, 1.0, 1.0)
    assert summary([np.nan])[:4] == (1, 1, None, None)
    assert summary([])[:4] == (0, 0, None, None)
    assert type(summary(pd.to_datetime(["2015-01-01"])).low) is pd.Timestamp
    assert Summarize(10, True)(pd.Series([1]), pd.DataFrame({"x": range(100)}))[0].nbytes > 800


def test_samples_stand_for_their_rows():
    found = summary(range(1000), count=50)
    assert len(found.sample) == 50
    assert found.weight == 20
    assert found[:5] == (1000, 0, 0, 999, True)
    pd.testing.assert_frame_equal(found.sample, summary(range(1000), count=50).sample)


def test_splitters_part_rows_evenly():
    points = splitters([summary(range(50)), summary(range(50, 100))], 4, [True])
    assert points[0].tolist() == [24, 49, 74]
    # A partition of ten times the rows counts ten times.
    large = summary(np.zeros(1000), count=10)
    assert splitters([large, summary(range(1, 11))], 2, [True])[0].tolist() == [0.0]
    assert splitters([summary([])], 3, [True]).empty
    assert splitters([summary([5] * 9)], 3, [True])[0].tolist() == [5]


def test_several_keys():
    keys = pd.DataFrame({"x": [1, 2, 1, 2], "y": [4, 3, 2, np.nan]})
    assert sorted_rows(as_frame(keys), [True, False], "first").tolist() == [0, 2, 3, 1]
    assert as_frame(pd.MultiIndex.from_tuples([(1, "a")])).to_numpy().tolist() == [[1, "a"]]
    found = Summarize(9, False)(keys)[0]
    assert splitters([found], 2, [True, True]).to_numpy().tolist() == [[1.0, 4.0]]


@pytest.mark.parametrize(
    ("parts", "ascending", "na_first", "expected"),
    [
        ([[1, 2], [2, 3]], True, False, True),
        ([[2, 1], [], [4, 3]], True, False, True),
        ([[1, 3], [2, 4]], True, False, False),
        ([[3, 4], [1, 2]], False, False, True),
        ([[1, 2], [3, 4]], False, False, False),
        ([[1, np.nan], [2]], True, False, False),
        ([[1], [2, np.nan]], True, False, True),
        ([[1], [np.nan]], True, False, True),
        ([[np.nan, 1], [2]], True, True, True),
        ([[1], [2, np.nan]], True, True, False),
    ],
)
def test_whether_partitions_follow_each_other(parts, ascending, na_first, expected):
    assert in_order([summary(part) for part in parts], ascending, na_first) == expected


def test_categories_count_as_not_in_order():
    assert not in_order([summary(pd.Categorical(["a", "b"]))])


def test_summaries_of_a_collection():
    df = cut(pd.DataFrame({"x": [1, 2, 3], "y": [4, 5, 6]}), [0, 1, 1, 3])
    found = summaries(df["x"], 2, whole=df)
    assert [each.rows for each in found] == [1, 0, 2]
    assert all(each.nbytes for each in found)
    assert [each.rows for each in summaries(dd.from_pandas(pd.DataFrame(index=range(4)), npartitions=2).index, 1)] == [
        2,
        2,
    ]
    assert join_lists([[1], [], [2]]) == [1, 2]
    with pytest.raises(ValueError, match="upsample must be a positive number, got -1"):
        summaries(df["x"], 2, upsample=-1)
