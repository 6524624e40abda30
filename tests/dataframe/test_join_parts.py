from __future__ import annotations

import pandas as pd
import pytest

from minidask.dataframe.join_parts import join_parts


def test_empty_parts_do_not_change_dtypes():
    parts = [
        pd.DataFrame({"x": pd.Series([], dtype="object")}),
        pd.DataFrame({"x": [1]}),
        pd.DataFrame({"x": [2]}, [1]),
    ]
    pd.testing.assert_frame_equal(join_parts(parts), pd.DataFrame({"x": [1, 2]}))


def test_all_empty():
    part = pd.DataFrame({"x": pd.Series([], dtype="int64")})
    assert join_parts([part, part]).dtypes["x"] == "int64"


def test_nothing():
    with pytest.raises(ValueError, match="no partitions"):
        join_parts([])


def test_integers_and_floats_are_promoted():
    assert join_parts([pd.Series([1]), pd.Series([0.5])]).dtype == "float64"


@pytest.mark.parametrize("kind", ["column", "series", "index", "categorical index"])
def test_categories_are_united(kind):
    left, right = pd.Categorical(["a", "b"]), pd.Categorical(["c", "a"])
    if kind == "column":
        result = join_parts([pd.DataFrame({"x": left}), pd.DataFrame({"x": right})])["x"]
    elif kind == "series":
        result = join_parts([pd.Series(left), pd.Series(right)])
    elif kind == "index":
        result = join_parts([pd.Series([1, 2], left), pd.Series([3, 4], right)]).index.to_series()
    else:
        result = join_parts([pd.CategoricalIndex(left), pd.CategoricalIndex(right)]).to_series()
    assert result.dtype == pd.CategoricalDtype(["a", "b", "c"])
    assert result.tolist() == ["a", "b", "c", "a"]


def test_indexes():
    pd.testing.assert_index_equal(join_parts([pd.Index([1]), pd.Index([2])]), pd.Index([1, 2]))


def test_indexes_of_objects_stay_so():
    """pandas takes them for ``str`` when it puts them together, though not when it has the whole."""
    one, other = pd.Index(["a"], dtype="object", name="k"), pd.Index(["b"], dtype="object", name="k")
    whole = pd.Index(["a", "b"], dtype="object", name="k")
    pd.testing.assert_index_equal(join_parts([one, other]), whole)
    pd.testing.assert_index_equal(join_parts([pd.Series([1], one), pd.Series([2], other)]).index, whole)
