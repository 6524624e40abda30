from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.order.targets import KeyTargets, among
from minidask.tokenize import tokenize
from tests.dataframe.frames import few

LETTERS = pd.CategoricalDtype(["c", "a", "b"])


def test_codes_say_where_values_lie():
    assert among(np.array([1, 3]), np.array([0, 1, 2, 3, 4])).tolist() == [0, 1, 2, 3, 4]
    assert among(np.array([]), np.array([7])).tolist() == [0]


def test_directions_and_missing_values():
    frame = pd.DataFrame({"x": [1.0, 2.0, np.nan, 3.0]})
    assert KeyTargets(("x",), ((2.0,),), (True,), False)(frame).tolist() == [0, 1, 1, 1]
    assert KeyTargets(("x",), ((2.0,),), (True,), True)(frame).tolist() == [0, 1, 0, 1]
    assert KeyTargets(("x",), ((2.0,),), (False,), False)(frame).tolist() == [1, 1, 1, 0]
    assert KeyTargets(("x",), ((2.0, None),), (True,), False)(frame).tolist() == [0, 1, 2, 1]
    assert KeyTargets(("x",), ((None,),), (True,), False)(frame).tolist() == [0, 0, 1, 0]


def test_categories_by_their_place():
    frame = pd.DataFrame({"x": pd.Categorical(["a", "b", "c", None], dtype=LETTERS)})
    assert KeyTargets(("x",), (("a",),), (True,), False)(frame).tolist() == [1, 1, 0, 1]


def test_series_index_and_levels():
    series = pd.Series([1, 2], index=pd.MultiIndex.from_tuples([(1, "a"), (1, "b")]))
    assert KeyTargets((), ((2,),), (True,), False)(series).tolist() == [0, 1]
    assert KeyTargets(None, ((1,), ("b",)), (True, True), False)(series).tolist() == [0, 1]
    assert KeyTargets(None, ((2,),), (True,), False)(pd.Index([1, 2])).tolist() == [0, 1]
    assert KeyTargets(None, ((2,),), (True,), False).columns == ()


def test_by_value():
    one, other = [KeyTargets(("x",), ((2,),), (True,), False) for _ in range(2)]
    assert pickle.loads(pickle.dumps(one)) == other
    assert tokenize(one) == tokenize(other)


@few
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.5, 1.5, None]), st.sampled_from(["a", "b"])), max_size=20),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.sampled_from(["first", "last"]),
    st.integers(1, 6),
)
def test_rows_in_order_have_targets_in_order(rows, ascending, na_position, parts):
    frame = pd.DataFrame(rows, columns=["x", "y", "z"]).astype({"x": "int64", "y": "float64", "z": "str"})
    ordered = frame.sort_values(["x", "y", "z"], ascending=ascending, na_position=na_position)
    points = ordered.iloc[:: max(len(ordered) // parts, 1)].drop_duplicates()
    listed = tuple(tuple(None if pd.isna(value) else value for value in points[label].tolist()) for label in points)
    targets = KeyTargets(("x", "y", "z"), listed, tuple(ascending), na_position == "first")(ordered)
    assert (np.diff(targets) >= 0).all()
    places = {}
    for target, row in zip(targets, ordered.astype("object").fillna("none").itertuples(index=False), strict=True):
        assert places.setdefault(tuple(row), target) == target
