from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.meta import describe_difference, emulate, has_unknown_categories, make_meta, sample
from tests.dataframe.frames import every_dtype

INDEXES = [
    pd.RangeIndex(0, name="r"),
    pd.Index([], dtype="float64", name="f"),
    pd.DatetimeIndex([], tz="Europe/Berlin"),
    pd.MultiIndex.from_arrays([[], []], names=["p", "q"]),
    pd.CategoricalIndex([], categories=["a"]),
]


def test_a_sample_has_the_dtypes():
    meta = every_dtype().iloc[:0]
    assert len(sample(meta)) == 2
    assert sample(meta).dtypes.tolist() == meta.dtypes.tolist()


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: type(index).__name__)
def test_a_sample_has_the_index(index):
    two = sample(pd.Series(np.empty(0), index=index))
    assert two.index.names == index.names
    assert two.index.dtype == index.dtype
    assert type(two.index) is type(index)


@pytest.mark.parametrize(
    "dtype",
    ["datetime64[s]", "datetime64[ns, UTC]", "timedelta64[ms]", "period[M]", "interval[int64]", "boolean", "Float32",
     "complex128", "string", "uint8", "category", "object"],
)  # fmt: skip
def test_a_sample_of_a_dtype(dtype):
    meta = pd.Series([], dtype=dtype)
    assert sample(meta).dtype == meta.dtype


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ({"x": "int64"}, pd.DataFrame),
        ([("x", "int64")], pd.DataFrame),
        (("x", "int64"), pd.Series),
        ("int64", pd.Series),
        (np.dtype("int64"), pd.Series),
        (pd.Index([1]), pd.Index),
        (1.5, float),
    ],
)
def test_meta_of_a_description(spec, kind):
    assert isinstance(make_meta(spec), kind)


def test_meta_of_nonsense():
    with pytest.raises(TypeError, match=r"meta must be an empty pandas object.*got object"):
        make_meta(object())


def test_a_function_that_fails_on_the_sample():
    with pytest.raises(ValueError, match=r"ZeroDivisionError.*Say what it returns with meta=") as caught:
        emulate("map(f)", lambda x: 1 // 0, 1)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_differences_are_listed_column_by_column():
    meta = make_meta({"x": "int64", "y": "int64"})
    assert describe_difference(meta, pd.DataFrame({"x": [1], "y": [2]})) is None
    assert "'z' declared missing, actual float64" in describe_difference(meta, pd.DataFrame({"x": [1], "z": [0.5]}))
    assert "order of the columns" in describe_difference(meta, pd.DataFrame({"y": [1], "x": [2]}))
    assert "actual Series" in describe_difference(meta, pd.Series([1]))
    assert "the name" in describe_difference(make_meta(("x", "int64")), pd.Series([1], name="y"))


def test_unknown_categories():
    assert has_unknown_categories(pd.Series(pd.Categorical([], ["__UNKNOWN_CATEGORIES__"])))
    assert not has_unknown_categories(pd.Series([1]))
