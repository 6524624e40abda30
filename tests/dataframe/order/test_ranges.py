from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.order.ranges import by_value, ranges_of, repartition_divisions, rows_between, short
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import every_dtype, few

FRAME = every_dtype(20)


@pytest.mark.parametrize("divisions", [(0, 19), (0, 5, 10, 19), (0, 1, 2, 3, 4, 19), (0, 19, 19), (0, 6, 13, 19)])
@pytest.mark.parametrize("pieces", [1, 2, 7, 20])
def test_divisions(divisions, pieces):
    df = dd.from_pandas(FRAME, npartitions=pieces)
    result = df.repartition(divisions=divisions)
    assert result.divisions == divisions
    assert_eq(result, FRAME)
    assert_eq(df["s"].repartition(divisions=list(divisions)), FRAME["s"])
    assert_eq(df.index.repartition(divisions=divisions), FRAME.index)
    assert_eq(result[["s", "f"]]["s"], FRAME["s"])


def test_wider_bounds():
    df = dd.from_pandas(FRAME, npartitions=3)
    result = df.repartition(divisions=(-9, -5, 0, 10, 19, 30, 40), force=True)
    assert result.npartitions == 6
    assert_eq(result, FRAME)


def test_equal_divisions_change_nothing():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert df.repartition(divisions=df.divisions) is df


@few
@given(st.lists(st.integers(0, 8), min_size=1, max_size=14), st.integers(1, 9), st.sets(st.integers(1, 7)))
def test_any_divisions(labels, pieces, inner):
    frame = pd.DataFrame({"x": range(len(labels))}, index=sorted(labels))
    df = dd.from_pandas(frame, npartitions=pieces)
    assert_eq(df.repartition(divisions=(-1, *sorted(inner), 9), force=True), frame)


def test_other_orders_and_missing_labels():
    part = pd.Series(range(5), index=[3.0, np.nan, 1.0, 2.0, np.nan])
    assert rows_between(part, 2, None, False).tolist() == [0, 1, 3, 4]
    assert rows_between(part, 2, 3, False).tolist() == [3]
    assert rows_between(part, None, 2, True).tolist() == [2, 3]
    assert rows_between(part.iloc[:0], "a", None, True).empty
    assert rows_between(part.index, 2, 3, True).tolist() == [3, 2]
    assert rows_between(pd.Index([1, 2, 3]), 2, 3, False).tolist() == [2]
    assert by_value(pd.CategoricalIndex(["b"])).dtype == "str"


def test_a_missing_label_stays_in_the_last_partition():
    frame = pd.DataFrame({"x": range(6)}, index=[1.0, 2, 3, 4, np.nan, np.nan])
    df = dd.from_map(lambda at: frame.iloc[at : at + 3], [0, 3], meta=frame.iloc[:0], divisions=(1, 4, 4), token="nan")
    result = df.repartition(divisions=(1, 2, 3, 4))
    assert_eq(result, frame)
    assert result.map_partitions(len).compute().tolist() == [1, 1, 4]


def test_whole_partitions_cost_no_task():
    df = dd.from_pandas(FRAME, npartitions=4)
    finer = df.repartition(divisions=(*df.divisions[:-1], 17, 19))
    assert [span.low is None and span.high is None for span in finer._layer.ranges] == [True, True, True, False, False]
    assert ranges_of((0, 5, 5, 9), (0, 9))[0][:2] == (0, 3)


@pytest.mark.parametrize(
    ("divisions", "force", "kind", "message"),
    [
        ((0, 10), False, ValueError, r"would change from 0\.\.19 to 0\.\.10"),
        ((-1, 19), False, ValueError, "force=True"),
        ((5, 19), True, ValueError, "rows would be lost"),
        ((0,), False, ValueError, "at least two"),
        ((0, 9, 5, 19), False, ValueError, "ascending order, got 9 before 5"),
        ((0, 5, 5, 19), False, ValueError, "must differ, the last two apart, got 5 twice"),
        (("a", "b"), False, TypeError, "can't be compared"),
        ("ab", False, TypeError, "must be a list or tuple"),
    ],
)
def test_bad_divisions(divisions, force, kind, message):
    with pytest.raises(kind, match=message):
        dd.from_pandas(FRAME, npartitions=3).repartition(divisions=divisions, force=force)


def test_unknown_divisions():
    df = dd.from_pandas(FRAME, npartitions=3).clear_divisions()
    with pytest.raises(ValueError, match="needs known divisions"):
        repartition_divisions(df, (0, 19))
    assert short(tuple(range(9))) == "(0, 1, 2, 3, ..., 8)"
