"""Targets: where rows go, for frames, Series and Indexes."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from minidask.dataframe.shuffle import HashTargets, RangeTargets
from minidask.tokenize import tokenize
from tests.dataframe.frames import every_dtype, few, frames


@pytest.mark.slow
@few
@given(frames())
def test_equal_rows_have_equal_partitions_and_numbers_are_in_range(frame):
    for labels in (("i",), ("f", "s"), ("c",), tuple(frame.columns)):
        for npartitions in (1, 2, 7, 300):
            places = HashTargets(labels, npartitions)(frame)
            assert places.dtype == np.intp
            assert ((places >= 0) & (places < npartitions)).all()
            by_key = frame.assign(place=places).groupby(list(labels), dropna=False, observed=True)["place"].nunique()
            assert (by_key == 1).all()


def test_a_column_an_index_and_a_series_go_the_same_way():
    frame = every_dtype(50)
    for label in frame.columns:
        expected = HashTargets((label,), 7)(frame).tolist()
        assert HashTargets((label,), 7)(frame[label]).tolist() == expected
        assert HashTargets(None, 7)(frame.set_index(label)).tolist() == expected
        assert HashTargets(None, 7)(pd.Index(frame[label])).tolist() == expected
        assert HashTargets(None, 7)(frame.set_index(label)["g" if label != "g" else "i"]).tolist() == expected
    assert HashTargets(None, 7)(frame.set_index(["i", "s"])).tolist() == HashTargets(("i", "s"), 7)(frame).tolist()


def test_columns_with_one_label_are_all_hashed():
    frame = pd.DataFrame([[1, 2, 9], [1, 3, 9]], columns=["a", "a", "b"])
    other = frame.set_axis(["x", "y", "b"], axis=1)
    assert HashTargets(("a",), 50)(frame).tolist() == HashTargets(("x", "y"), 50)(other).tolist()
    with pytest.raises(ValueError, match=r"rows can't be ordered by 'a': 2 columns have that label"):
        RangeTargets("a", (0, 1, 2))(frame)


def test_no_label_is_one_partition():
    frame = pd.DataFrame({"x": [1, 2, 3]})
    assert len({*HashTargets((), 9)(frame).tolist()}) == 1


def test_labels_that_are_no_strings():
    frame = pd.DataFrame({0: [1, 2], ("t", 1): [3, 4], None: [5, 6]})
    for label in (0, ("t", 1), None):
        assert HashTargets((label,), 5)(frame).tolist() == HashTargets(("x",), 5)(frame[label].rename("x")).tolist()


def test_ranges_and_missing_values():
    frame = pd.DataFrame({"x": [5.0, np.nan, -1.0, 99.0, 10.0]})
    divisions = (0, 10, 20)
    assert RangeTargets("x", divisions)(frame).tolist() == [0, 1, 0, 1, 1]
    assert RangeTargets("x", divisions, na_first=True)(frame).tolist() == [0, 0, 0, 1, 1]
    assert RangeTargets("x", divisions, ascending=False)(frame).tolist() == [1, 1, 1, 0, 0]
    assert RangeTargets("x", divisions, ascending=False, na_first=True)(frame).tolist() == [1, 0, 1, 0, 0]
    assert RangeTargets(None, divisions)(frame.set_index("x")).tolist() == [0, 1, 0, 1, 1]
    assert RangeTargets(None, divisions)(pd.Index(frame["x"])).tolist() == [0, 1, 0, 1, 1]
    assert RangeTargets("x", divisions)(frame["x"]).tolist() == [0, 1, 0, 1, 1]
    assert RangeTargets("x", divisions)(frame.iloc[:0]).tolist() == []


@pytest.mark.parametrize("label", every_dtype().columns)
def test_every_dtype_is_ordered_as_it_is_sorted(label):
    frame = every_dtype(60)
    ordered = frame[label].dropna().sort_values(kind="stable").tolist()
    divisions = (ordered[0], *dict.fromkeys([ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]]), ordered[-1])
    places = pd.Series(RangeTargets(label, divisions)(frame))
    by_place = frame[label].sort_values(na_position="last", kind="stable")
    assert places[by_place.index].is_monotonic_increasing
    backwards = pd.Series(RangeTargets(label, divisions, ascending=False, na_first=True)(frame))
    by_place = frame[label].sort_values(ascending=False, na_position="first", kind="stable")
    assert backwards[by_place.index].is_monotonic_increasing


def test_tuples_of_a_multiindex_are_ordered():
    frame = pd.DataFrame({"v": range(3)}, index=pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")]))
    assert RangeTargets(None, ((1, "a"), (1, "b"), (2, "a")))(frame).tolist() == [0, 1, 1]


def test_targets_compare_tokenize_and_pickle_by_value():
    for one, same, other in (
        (HashTargets(("x",), 3), HashTargets(("x",), 3), HashTargets(None, 3)),
        (RangeTargets("x", (1, 2)), RangeTargets("x", (1, 2)), RangeTargets("x", (1, 2), False)),
    ):
        assert one == same != other
        assert tokenize(one) == tokenize(same) != tokenize(other)
        assert pickle.loads(pickle.dumps(one)) == one
    assert HashTargets(("x", "y"), 3).columns == ("x", "y")
    assert HashTargets(None, 3).columns == RangeTargets(None, (1, 2)).columns == ()
    assert RangeTargets("x", (1, 2)).columns == ("x",)
