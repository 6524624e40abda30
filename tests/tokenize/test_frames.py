"""Tokens of pandas objects: equal ones agree whatever their layout, neighbours differ."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from minidask.tokenize import tokenize

WORDS = ["a", "b", None, "a"]

# Each family: makers of values that all differ.
FAMILIES = {
    "index": [
        lambda: pd.RangeIndex(3),
        lambda: pd.RangeIndex(3, name="n"),
        lambda: pd.RangeIndex(0, 6, 2),
        lambda: pd.Index([0, 1, 2]),
        lambda: pd.Index([0, 1, 2], dtype="i4"),
        lambda: pd.Index([0.0, 1, 2]),
        lambda: pd.Index([0, 1, 2], dtype="Int64"),
        lambda: pd.Index([0, 1, 2], dtype=object),
        lambda: pd.Index(WORDS),
        lambda: pd.Index(WORDS, dtype=object),
        lambda: pd.Index(WORDS, dtype="category"),
        lambda: pd.Index([True, False]),
        lambda: pd.Index([]),
    ],
    "multi-index": [
        lambda: pd.MultiIndex.from_product([[1, 2], ["a", "b"]]),
        lambda: pd.MultiIndex.from_product([[1, 2], ["a", "c"]]),
        lambda: pd.MultiIndex.from_product([[1, 2], ["a", "b"]], names=["x", "y"]),
        lambda: pd.MultiIndex.from_product([[1, 2], ["a", "b"]])[::-1],
        lambda: pd.Index([(1, "a"), (2, "b")], tupleize_cols=False),
    ],
    "times": [
        lambda: pd.date_range("2020", periods=3),
        lambda: pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-03"]),
        lambda: pd.date_range("2020", periods=3, tz="UTC"),
        lambda: pd.date_range("2020", periods=3, tz="Europe/Berlin"),
        lambda: pd.date_range("2020", periods=3).as_unit("s"),
        lambda: pd.timedelta_range("1D", periods=3),
        lambda: pd.period_range("2020", periods=3, freq="D"),
        lambda: pd.period_range("2020", periods=3, freq="M"),
        lambda: pd.interval_range(0, 3),
        lambda: pd.interval_range(0, 3, closed="left"),
        lambda: pd.IntervalIndex.from_breaks(pd.date_range("2020", periods=3)),
    ],
    "array": [
        lambda: pd.array([1, 2], "Int64"),
        lambda: pd.array([1, None], "Int64"),
        lambda: pd.array([1, 2], "Int32"),
        lambda: pd.array([1, 2], "UInt8"),
        lambda: pd.array([1, 2], "Float64"),
        lambda: pd.array([True, None], "boolean"),
        lambda: pd.array([1, 2], "int64[pyarrow]"),
        lambda: pd.array([1, 2], "float64[pyarrow]"),
        lambda: pd.array([1, 2], np.dtype("i8")),
        lambda: pd.array([[1], None], pd.ArrowDtype(pa.list_(pa.int64()))),
        lambda: pd.arrays.SparseArray([1, 2]),
        lambda: pd.arrays.SparseArray([1, 2], fill_value=1),
        lambda: pd.arrays.SparseArray([1, 2, 0]),
        lambda: pd.arrays.SparseArray([1, 2, 0], kind="block"),
        lambda: pd.arrays.IntervalArray.from_breaks([0, 1]),
        lambda: pd.arrays.IntervalArray.from_breaks([0, 1], closed="both"),
    ],
    "strings": [
        lambda: pd.array(WORDS, "str"),
        lambda: pd.array(WORDS, pd.StringDtype("python", na_value=np.nan)),
        lambda: pd.array(WORDS, pd.StringDtype("python")),
        lambda: pd.array(WORDS, pd.StringDtype("pyarrow")),
        lambda: pd.array(WORDS, pd.ArrowDtype(pa.string())),
        lambda: pd.array(["a", "b", "None", "a"], "str"),
        lambda: pd.array(["ab", "", None, "a"], "str"),
    ],
    "categorical": [
        lambda: pd.Categorical(["a", "b"]),
        lambda: pd.Categorical(["a", "b"], ["b", "a"]),
        lambda: pd.Categorical(["a", "b"], ["a", "b", "c"]),
        lambda: pd.Categorical(["a", "b"], ordered=True),
        lambda: pd.Categorical(["a", None]),
        lambda: pd.Categorical([1, 2]),
    ],
    "dtype": [
        lambda: pd.CategoricalDtype(["a", "b"]),
        lambda: pd.CategoricalDtype(["b", "a"]),
        lambda: pd.CategoricalDtype(["a", "b"], ordered=True),
        lambda: pd.CategoricalDtype(),
        lambda: pd.DatetimeTZDtype("ns", "UTC"),
        lambda: pd.DatetimeTZDtype("us", "UTC"),
        lambda: pd.DatetimeTZDtype("ns", "Europe/Paris"),
        lambda: pd.PeriodDtype("D"),
        lambda: pd.PeriodDtype("M"),
        lambda: pd.IntervalDtype("int64", "left"),
        lambda: pd.IntervalDtype("int64", "right"),
        lambda: pd.SparseDtype("f8"),
        lambda: pd.SparseDtype("f8", 0.0),
        lambda: pd.ArrowDtype(pa.int8()),
        lambda: pd.StringDtype("python"),
        lambda: pd.StringDtype("pyarrow"),
        lambda: pd.StringDtype("pyarrow", na_value=np.nan),
        lambda: pd.Int64Dtype(),
        lambda: pd.BooleanDtype(),
    ],
    "scalar": [
        lambda: pd.Timestamp("2020"),
        lambda: pd.Timestamp("0005"),
        lambda: pd.Timestamp("2020").as_unit("s"),
        lambda: pd.Timestamp("2020").as_unit("ns"),
        lambda: pd.Timestamp("2020", tz="UTC"),
        lambda: pd.Timestamp("2020", tz="Europe/Paris"),
        lambda: pd.Timestamp("2020").to_pydatetime(),
        lambda: pd.Timedelta("1D"),
        lambda: pd.Timedelta("2D"),
        lambda: pd.NaT,
        lambda: pd.NA,
        lambda: None,
        lambda: pd.Period("2020-01", "M"),
        lambda: pd.Period("2020-01", "D"),
        lambda: pd.Interval(0, 1),
        lambda: pd.Interval(0, 1, "both"),
        lambda: pd.offsets.Day(1),
        lambda: pd.offsets.Day(2),
        lambda: pd.offsets.Hour(1),
        lambda: pd.offsets.MonthEnd(1),
        lambda: pd.offsets.MonthEnd(1, normalize=True),
        lambda: pd.offsets.Week(weekday=1),
        lambda: pd.offsets.CustomBusinessDay(holidays=["2020-01-01"]),
        lambda: pd.offsets.CustomBusinessDay(holidays=["2020-01-02"]),
        lambda: pd.DateOffset(months=1),
        lambda: pd.Grouper(key="a"),
        lambda: pd.NamedAgg("a", "sum"),
    ],
    "series": [
        lambda: pd.Series([1, 2]),
        lambda: pd.Series([1, 2], name="a"),
        lambda: pd.Series([1, 2], index=[1, 0]),
        lambda: pd.Series([1, 2], dtype=object),
        lambda: pd.Series([1.0, 2]),
        lambda: pd.Series(["1", "2"]),
        lambda: pd.Series([1, 2]).set_flags(allows_duplicate_labels=False),
        lambda: pd.DataFrame({0: [1, 2]}),
        lambda: np.array([1, 2]),
        lambda: pd.Series([], dtype="f8"),
        lambda: pd.Series([], dtype=object),
    ],
    "frame": [
        lambda: pd.DataFrame({"a": [1, 2], "b": [3, 4]}),
        lambda: pd.DataFrame({"b": [3, 4], "a": [1, 2]}),
        lambda: pd.DataFrame({"a": [1, 2], "c": [3, 4]}),
        lambda: pd.DataFrame({"a": [1, 2], "b": [3.0, 4]}),
        lambda: pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=["x", "y"]),
        lambda: pd.DataFrame([[1, 3], [2, 4]], columns=["a", "a"]),
        lambda: pd.DataFrame([[1, 3], [2, 4]], columns=pd.Index(["a", "b"], name="n")),
        lambda: pd.DataFrame(),
        lambda: pd.DataFrame(columns=["a", "b"]),
        lambda: pd.DataFrame(index=[0, 1]),
    ],
}


@pytest.mark.parametrize("family", FAMILIES)
def test_families(family):
    makers = FAMILIES[family]
    first = [tokenize(make(), ensure_deterministic=True) for make in makers]
    assert first == [tokenize(make()) for make in makers]
    # Nearly every index, array and dtype makes a column or an index, too.
    assert len(set(first)) == len(makers)


@pytest.mark.parametrize("family", ["array", "strings", "categorical", "times"])
def test_families_as_columns(family):
    columns = [make() for make in FAMILIES[family]]
    tokens = [tokenize(pd.DataFrame({"a": pd.Series(column)})) for column in columns]
    assert tokens == [tokenize(pd.DataFrame({"a": pd.Series(column.copy())})) for column in columns]
    # The frequency of an index is lost in a column, and with it one difference.
    assert len(set(tokens)) == len(columns) - (family == "times")


def test_blocks_do_not_matter():
    array = np.arange(12.0).reshape(4, 3)
    together = pd.DataFrame(array, columns=list("abc"))
    apart = pd.DataFrame({name: array[:, i].copy() for i, name in enumerate("abc")})
    by_hand = pd.DataFrame(index=range(4))
    for i, name in enumerate("abc"):
        by_hand[name] = array[:, i]
    assert tokenize(together) == tokenize(apart) == tokenize(together.copy())
    by_hand.index = pd.RangeIndex(4)
    assert tokenize(by_hand) == tokenize(apart)
    assert tokenize(together[::2]) == tokenize(together[::2].copy())


def test_values_beneath_a_mask_do_not_matter():
    mask = np.array([False, True])
    one, two = (pd.arrays.IntegerArray(np.array([1, x]), mask) for x in (5, 6))
    assert tokenize(one) == tokenize(two)
    assert tokenize(one) != tokenize(pd.array([1, 0], "Int64"))


def test_chunks_of_arrow_do_not_matter():
    one = pd.Series(pd.array(["a", "b", "c"], "str"))
    two = pd.concat([one[:1], one[1:]])
    assert tokenize(one) == tokenize(two)
    assert tokenize(one[1:]) == tokenize(one[1:].copy())


def test_object_columns_are_their_values():
    def make(x):
        return pd.Series([1, "a", None, {"x", x}, np.arange(3)], dtype=object)

    assert tokenize(make("y"), ensure_deterministic=True) == tokenize(make("y")) != tokenize(make("z"))
    assert tokenize(pd.Series([1, None], dtype=object)) != tokenize(pd.Series([1, np.nan], dtype=object))


def test_attrs_count():
    frame, series = pd.DataFrame({"a": [1]}), pd.Series([1])
    for x in (frame, series):
        before = tokenize(x)
        x.attrs["unit"] = "m"
        assert tokenize(x) != before


def test_use_does_not_change_the_token():
    frame = pd.DataFrame({"a": [1, 2, 2]}, index=["x", "y", "z"])
    before = tokenize(frame)
    frame.loc["x"]
    frame.groupby("a").sum()
    assert frame.index.is_unique
    assert tokenize(frame) == before


def test_subclasses_keep_their_metadata():
    class Geo(pd.DataFrame):
        _metadata = ["crs"]

    one, two = Geo({"a": [1]}), Geo({"a": [1]})
    one.crs, two.crs = "x", "y"
    assert tokenize(one) != tokenize(two)
    two.crs = "x"
    assert tokenize(one) == tokenize(two) != tokenize(pd.DataFrame({"a": [1]}))


def test_extension_array_of_another_package():
    class Own(pd.api.extensions.ExtensionArray):
        def __init__(self, values):
            self.values = values

    assert tokenize(Own([1])) == tokenize(Own([1])) != tokenize(Own([2]))
