from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.order.dates import Span
from minidask.dataframe.order.labels import OneLabel, SeveralLabels, pick_from, rows_by_label
from minidask.dataframe.testing import assert_eq

SERIES = pd.Series(range(5), index=[1, 2, 2, 3, 5])


def test_one_label():
    pick = OneLabel(2, Span(2, 2))
    assert pick(SERIES).tolist() == [1, 2]
    assert pick_from(pick, SERIES, SERIES).tolist() == [1, 2, 1, 2]
    with pytest.raises(KeyError, match="4"):
        pick_from(OneLabel(4, Span(4, 4)), SERIES)


def test_several_labels():
    pick = SeveralLabels((5, 2))
    assert pick(SERIES).tolist() == [1, 2, 4]
    assert pick_from(pick, SERIES).tolist() == [4, 1, 2]
    with pytest.raises(KeyError, match=r"\[9\] not in index"):
        pick_from(SeveralLabels((2, 9)), SERIES)


def test_partitions_that_are_read():
    df = dd.from_pandas(pd.DataFrame({"x": range(40)}), npartitions=10)
    assert rows_by_label(df, [37, 2])._layer.places == (0, 9)
    assert rows_by_label(df, 8)._layer.places == (2,)
    assert [span.first for span in rows_by_label(df, slice(9, 20))._layer.ranges] == [2, 3, 4, 5]
    assert len(rows_by_label(df.clear_divisions(), 8)._layer.places) == 10


def test_divisions_stay_true():
    df = dd.from_pandas(pd.DataFrame({"x": range(40)}), npartitions=10)
    assert rows_by_label(df, slice(9, 20)).divisions == (9, 12, 16, 20, 20)
    assert rows_by_label(df, [3, 7]).divisions == (3, 7)
    assert not rows_by_label(df, [7, 3]).known_divisions
    both = df.loc[9:20]
    assert_eq(both["x"] + df.loc[9:20, "x"], (pd.Series(range(40), name="x") * 2).loc[9:20])
