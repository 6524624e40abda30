from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
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


def test_parts_whose_values_are_all_missing_have_no_say():
    texts = pd.Series(["a", None], dtype="str")
    for nothing in (pd.Series([None, None], dtype=object), pd.Series([np.nan])):
        assert join_parts([texts, nothing]).dtype == "str"
        assert join_parts([nothing.to_frame("x"), texts.to_frame("x")])["x"].dtype == "str"
    # Numbers that were objects, or texts beside numbers, stay what they are.
    assert join_parts([pd.Series(["a"]), pd.Series([1.0])]).dtype == object
    assert join_parts([pd.Series([1.0]), pd.Series([None], dtype=object)]).dtype == object


def test_objects_beside_texts_stay_objects_in_frames():
    texts = pd.DataFrame({"k": pd.Series([np.nan, "c"], dtype="str"), "x": [1, 2]}, index=[0, 0])
    objects = pd.DataFrame({"k": pd.Series(["b"], dtype=object), "x": [3]})
    for parts in ([texts, objects], [objects, texts]):
        pd.testing.assert_frame_equal(join_parts(parts), pd.concat(parts))
    nothing = objects.assign(k=pd.Series([None], dtype=object))
    assert join_parts([texts, nothing, objects])["k"].dtype == object
    assert join_parts([texts, nothing])["k"].dtype == "str"


def test_categories_beside_their_values():
    parts = [pd.Series(pd.Categorical(["u", "v"])), pd.Series(["u", None], dtype="str")]
    assert join_parts(parts).dtype == "str"
    assert join_parts(parts).tolist()[:3] == ["u", "v", "u"]


def test_a_function_of_categories_that_meets_missing_values_in_some_partitions():
    whole = pd.Series(pd.Categorical(["u", "v", None, "u"]))
    assert dd.from_pandas(whole, npartitions=4).map(str).compute().dtype == whole.map(str).dtype
