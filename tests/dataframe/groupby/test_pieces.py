from __future__ import annotations

import numpy as np
import pandas as pd

from minidask.dataframe.groupby.pieces import (
    Joined,
    Marked,
    Piece,
    RankGroups,
    Unmarked,
    in_order,
    join_indexed,
    marked_frame,
    rank_keys,
)


def piece(keys: list, firsts: list[int], tags: list[int] | None = None) -> Piece:
    result = pd.Series(range(len(keys)), index=pd.Index(keys, name="k"), name="x", dtype="int64")
    groups = pd.DataFrame({"k0": keys})
    own = None if tags is None else np.array(tags)
    return Piece(result, groups, np.array(firsts, dtype=np.int64), np.arange(len(keys)), own)


PIECES = [piece(["b", "d"], [5, 0]), piece(["a", "c"], [3, 9])]


def test_order_of_groups():
    assert Joined(True, True)(PIECES).index.tolist() == ["a", "b", "c", "d"]
    assert Joined(False, True)(PIECES).index.tolist() == ["d", "a", "b", "c"]
    assert Joined(True, False)(PIECES).columns.tolist() == ["k", "x"]


def test_order_of_rows():
    pieces = [piece(["b", "d"], [5, 0], [7, 2]), piece(["a", "c"], [3, 9], [4, 9])]
    assert Joined(True, True)(pieces).index.tolist() == ["d", "a", "b", "c"]


def test_rows_are_marked_and_sorted_again():
    ranks = RankGroups(True)(PIECES)
    assert ranks.total == 4
    marked = [Marked(2)((at,), each, ranks) for at, each in enumerate(PIECES)]
    assert [part["place"].tolist() for part in marked] == [[0, 1], [0, 1]]
    first = pd.concat([part[part["place"] == 0] for part in marked])
    meta = PIECES[0].result.iloc[:0]
    assert Unmarked(meta, False)(first).index.tolist() == ["a", "b"]
    assert Unmarked(meta, True)(first)["k"].tolist() == ["a", "b"]


def test_missing_keys_are_last():
    assert rank_keys(pd.DataFrame({"k0": [2.0, np.nan, 1.0]})).tolist() == [1, 2, 0]
    assert rank_keys(pd.DataFrame({"k0": []})).tolist() == []
    results = [pd.Series([1, 2], index=[3.0, np.nan]), pd.Series([0], index=[1.0])]
    assert in_order(results).tolist() == [0, 1, 2]


def test_categories_are_united():
    results = [pd.Series([1], index=pd.MultiIndex.from_arrays([pd.Categorical([c]), [1]])) for c in "ab"]
    assert isinstance(join_indexed(results).index.levels[0].dtype, pd.CategoricalDtype)
    assert in_order(results).tolist() == [1, 1]


def test_integers_stay_integers_where_nothing_is_missing():
    meta = pd.Series([1], name="n").iloc[:0]
    none = np.arange(2)
    assert Unmarked(meta, False)(marked_frame(pd.Series([1.0, 2.0]), none, none)).dtype == "int64"
    assert Unmarked(meta, False)(marked_frame(pd.Series([1.0, np.nan]), none, none)).dtype == "float64"
