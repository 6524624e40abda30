from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.meta import describe_difference, emulate, has_unknown_categories, make_meta, sample, tried
from minidask.dataframe.testing import assert_eq
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


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ("int64", [1.5, None]),
        ("int64", pd.array([1, None], dtype="Int64")),
        ("float64", [1, 2]),
        ("bool", [0, 1]),
        ("int64", [None, None]),
        ("object", [1, 2]),
        ("int64", pd.Series(["a"], dtype=object)),
        ("str", pd.Categorical(["a"])),
        ("datetime64[ns]", pd.to_datetime(["2020-01-01"]).tz_localize("UTC")),
        ("str", pd.Series(["a"], dtype="string")),
        (pd.CategoricalDtype(["__UNKNOWN_CATEGORIES__"]), [1]),
        ("str", []),
    ],
)
def test_dtypes_of_one_kind_fit(declared, values):
    meta = make_meta(("x", declared))
    assert describe_difference(meta, pd.Series(values, name="x")) is None
    assert describe_difference(meta.to_frame(), pd.DataFrame({"x": values})) is None


@pytest.mark.parametrize(
    ("declared", "values", "actual"),
    [
        ("int64", ["a"], "str"),
        ("str", [1, None], "float64"),
        ("datetime64[ns]", ["2020-01-01"], "str"),
        ("timedelta64[s]", pd.to_datetime(["2020-01-01"]), "datetime64[us]"),
        ("float64", pd.Categorical(["a"]), "category"),
    ],
)
def test_dtypes_of_other_kinds_are_a_difference(declared, values, actual):
    meta = make_meta(("x", declared))
    assert describe_difference(meta, pd.Series(values, name="x")) == f"the dtype: declared {declared}, actual {actual}"
    frame = pd.DataFrame({"x": values, "y": 1})
    found = describe_difference(meta.to_frame().assign(y=1), frame)
    assert found == f"columns: 'x' declared {declared}, actual {actual}"


def test_a_collection_is_a_description():
    frame = pd.DataFrame({"x": [1], "s": ["a"]}, index=pd.Index([5], name="k"))
    df = dd.from_pandas(frame, npartitions=1)
    assert_eq(df.map_partitions(pd.DataFrame.copy, meta=df), frame)
    assert make_meta(df["s"]).name == "s"


def test_objects_are_tried_as_numbers_and_dates():
    objects = sample(pd.DataFrame({"o": pd.Series([], dtype=object), "i": pd.Series([], dtype="int64")}))
    assert tried(lambda frame: frame["o"].mean(), objects) == 1
    assert tried(lambda frame: frame["o"] > datetime.date(1999, 1, 1), objects).tolist() == [True, True]
    with pytest.raises(TypeError, match="str"):
        tried(lambda frame: frame["o"] + b"x", objects)
    with pytest.raises(TypeError, match="int"):
        tried(lambda frame: frame + "a", sample(make_meta({"i": "int64"})))


def test_what_a_function_makes_of_objects_is_objects_unless_texts_come_of_all():
    objects = make_meta(("o", "object"))
    assert emulate("map", lambda values: values.map(lambda value: value), objects).dtype == object
    assert emulate("map", lambda values: values.map(str), objects).dtype == "str"
    assert emulate("map", lambda values: values.map(str.upper), objects).dtype == "str"
    frame = make_meta({"o": "object", "s": "str"})
    assert emulate("f", lambda part: part.map(lambda value: value), frame).dtypes.tolist() == [object, "str"]
    numbers = pd.Series([1, 2, 10**20, 4], dtype=object)
    for npartitions in (1, 4):
        lazy = dd.from_pandas(numbers, npartitions=npartitions)
        assert lazy.map(lambda value: value * 2).compute().tolist() == [2, 4, 2 * 10**20, 8]
