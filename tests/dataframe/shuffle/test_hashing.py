"""Equal keys have equal hashes, whatever their dtypes, units, storage, categories, process."""

from __future__ import annotations

import datetime
import enum
import os
import subprocess
import sys
import uuid
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidask.dataframe.shuffle.hashing import hash_rows, hash_values

PLENTY = settings(max_examples=150, deadline=None)


def hashes(values, dtype=None) -> list[int]:
    series = values if isinstance(values, pd.Series | pd.Index) else pd.Series(values, dtype=dtype)
    return hash_values(series).tolist()


def same(*columns: pd.Series) -> None:
    first, *others = [hashes(column) for column in columns]
    for column, other in zip(columns[1:], others):
        assert other == first, (columns[0], column)


SMALL = [0, 1, -1, 5, 100, -100]


@pytest.mark.parametrize(
    "dtype",
    [
        "int8",
        "int16",
        "int32",
        "int64",
        "float16",
        "float32",
        "float64",
        "complex128",
        "Int8",
        "Int64",
        "Float32",
        "Float64",
        "object",
    ]
    + [
        pd.ArrowDtype(pa.int8()),
        pd.ArrowDtype(pa.int64()),
        pd.ArrowDtype(pa.float32()),
        pd.ArrowDtype(pa.decimal128(30, 2)),
    ]
    + [pd.CategoricalDtype(SMALL[::-1]), pd.CategoricalDtype([float(x) for x in SMALL]), pd.SparseDtype("int64", 0)],
    ids=str,
)
def test_a_number_has_one_hash_in_all_dtypes(dtype):
    same(pd.Series(SMALL, dtype="int64"), pd.Series(SMALL).astype(dtype))


@pytest.mark.parametrize(
    "dtype", ["uint8", "uint16", "uint32", "uint64", "UInt8", "UInt64", pd.ArrowDtype(pa.uint64())], ids=str
)
def test_unsigned_numbers_are_those_of_other_dtypes(dtype):
    same(pd.Series([0, 1, 200], dtype="int64"), pd.Series([0, 1, 200], dtype=dtype))


def test_booleans_are_0_and_1():
    values = [True, False, True]
    same(
        *[
            pd.Series(values, dtype=dtype)
            for dtype in ("bool", "boolean", "object", pd.ArrowDtype(pa.bool_()), "category")
        ],
        pd.Series([1, 0, 1]),
        pd.Series([1.0, -0.0, 1.0]),
    )


@pytest.mark.slow
@PLENTY
@given(st.lists(st.integers(-(2**63), 2**64 - 1) | st.integers(-3, 3), min_size=1))
def test_integers_and_equal_floats_meet(values):
    expected = {}
    for value in values:
        expected[value] = hashes([value], "object")[0]
        if -(2**63) <= value < 2**63:
            assert hashes([value], "int64") == [expected[value]]
            assert hashes([value, None], "Int64")[0] == expected[value]
        if value >= 0:
            assert hashes([value], "uint64") == [expected[value]]
        # Both as Python compares them, and as a column of both would after promotion.
        assert hashes([float(value)], "float64") == [expected[value]] or float(value) != value
        assert hashes([Decimal(value)], "object") == [expected[value]]
    assert hashes(values, "object") == [expected[value] for value in values]


@pytest.mark.slow
@PLENTY
@given(st.lists(st.floats(width=32)))
def test_floats_of_two_widths_are_equal(values):
    same(pd.Series(values, dtype="float64"), pd.Series(values, dtype="float32"), pd.Series(values, dtype="object"))


def test_huge_integers_are_hashed_as_the_floats_that_pandas_compares_them_with():
    assert hashes([2**53 + 1], "int64") == hashes([float(2**53)])
    assert hashes([10**400, -(10**400)], "object") == hashes([np.inf, -np.inf])


def test_exact_fractions_are_the_floats_that_they_equal():
    same(
        pd.Series([0.5, 2.0, -0.25]),
        pd.Series([Decimal("0.5"), Decimal("2.00"), Decimal("-0.25")], dtype=object),
        pd.Series([Fraction(1, 2), Fraction(2), Fraction(-1, 4)], dtype=object),
        pd.Series([0.5 + 0j, 2 + 0j, -0.25 - 0j]),
        pd.Series([np.float32(0.5), np.int8(2), -0.25], dtype=object),
    )


def test_negative_zero_is_zero():
    same(
        pd.Series([0.0]),
        pd.Series([-0.0]),
        pd.Series([0]),
        pd.Series([-0.0], dtype=object),
        pd.Series([Decimal("-0")], dtype=object),
    )


def test_all_missing_values_are_one_key():
    missing = [
        pd.Series([np.nan]),
        pd.Series([np.float32("nan")]),
        pd.Series([complex("nan")]),
        pd.Series([None], dtype="str"),
        pd.Series([None], dtype="string[python]"),
        pd.Series([None], dtype="string[pyarrow]"),
        pd.Series([pd.NA], dtype="Int64"),
        pd.Series([pd.NA], dtype="boolean"),
        pd.Series([pd.NA], dtype="Float64"),
        pd.Series([pd.NaT], dtype="datetime64[s]"),
        pd.Series([pd.NaT], dtype="datetime64[ns, Europe/Oslo]"),
        pd.Series([pd.NaT], dtype="timedelta64[us]"),
        pd.Series([pd.NaT], dtype="period[D]"),
        pd.Series([np.nan], dtype=pd.IntervalDtype("float64")),
        pd.Series([None], dtype=pd.CategoricalDtype(["a"])),
        pd.Series([None], dtype=pd.CategoricalDtype([])),
        pd.Series([None], dtype=pd.ArrowDtype(pa.string())),
        pd.Series([None], dtype=pd.ArrowDtype(pa.int32())),
        pd.Series([None], dtype=pd.ArrowDtype(pa.timestamp("us"))),
        pd.Series([None], dtype=pd.ArrowDtype(pa.date32())),
        *[
            pd.Series([value], dtype=object)
            for value in (
                None,
                np.nan,
                pd.NA,
                pd.NaT,
                Decimal("nan"),
                Decimal("sNaN"),
                np.datetime64("NaT"),
                np.timedelta64("NaT"),
            )
        ],
    ]
    same(*missing)
    # Beside others too, and beside what has no hash of its own.
    mixed = hashes([None, "x", 1, np.nan, [1], pd.NaT], "object")
    assert mixed[0] == mixed[3] == mixed[5] == hashes([np.nan])[0]
    assert len({*mixed}) == 4


TEXTS = st.text(max_size=40) | st.sampled_from(
    ["", "a", "a\0", "é", "\U0001f600", "x" * 7, "x" * 8, "x" * 9, "x" * 255, "x" * 256, "x" * 257, "y" * 3000]
)


@pytest.mark.slow
@PLENTY
@given(st.lists(TEXTS | st.none()))
def test_a_text_has_one_hash_in_all_storages(values):
    plain = pd.Series(values, dtype=object)
    same(
        plain,
        *[plain.astype(dtype) for dtype in ("str", "string[python]", "string[pyarrow]", pd.ArrowDtype(pa.string()))],
        *[plain.astype(pd.ArrowDtype(kind)) for kind in (pa.large_string(),)],
        plain.astype("category"),
        plain.astype("str").astype("category"),
        plain.astype("str").iloc[::-1].iloc[::-1],
    )
    found = dict(zip(values, hashes(plain)))
    assert len({*found.values()}) == len(found), "different texts differ (a collision has odds of 2**-60 here)"


def test_pieces_of_arrow_strings_are_those_of_the_whole():
    whole = pd.Series([f"name {n % 13}" for n in range(100)] + [None, ""], dtype="str")
    assert hashes(whole.iloc[17:60]) == hashes(whole)[17:60]
    chunked = pd.concat([whole.iloc[:30], whole.iloc[30:30], whole.iloc[30:]], ignore_index=True)
    assert hashes(chunked) == hashes(whole)
    assert hashes(whole.iloc[:0]) == []
    assert hashes(pd.Series([None, None], dtype="str")) == hashes([np.nan, np.nan])


def test_texts_that_are_no_unicode_have_a_hash():
    odd = ["\ud800", "a", "\ud800"]
    one, other, again = hashes(odd, "object")
    assert one == again != other == hashes(["a"], "str")[0]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_an_instant_has_one_hash_in_all_units_and_zones(unit):
    times = ["2020-01-01T00:00:00", "1969-12-31T23:59:59", None, "2262-01-01T12:00:01"]
    naive = pd.Series(pd.to_datetime(times)).astype("datetime64[us]")
    same(
        naive,
        naive.astype(f"datetime64[{unit}]"),
        naive.dt.tz_localize("UTC").astype(f"datetime64[{unit}, Asia/Kolkata]"),
        naive.dt.tz_localize("UTC").dt.tz_convert("America/New_York"),
        naive.astype(object),
        naive.dt.tz_localize("UTC").dt.tz_convert("America/New_York").astype(object),
        naive.astype(f"datetime64[{unit}]").astype("category"),
        naive.astype(pd.ArrowDtype(pa.timestamp(unit))),
        pd.Series([None if pd.isna(t) else np.datetime64(t.to_pydatetime(), "us") for t in naive], dtype=object),
        pd.Series(pd.DatetimeIndex(naive)),
    )


def test_instants_beyond_what_nanoseconds_hold():
    assert hashes(pd.Series(["0001-01-01", "9999-12-31"], dtype="datetime64[s]")) == hashes(
        pd.Series(["0001-01-01", "9999-12-31"], dtype="datetime64[us]")
    )


def test_dates_are_their_midnights():
    days = [datetime.date(2020, 2, 29), datetime.date(1950, 1, 1), None]
    same(
        pd.Series(pd.to_datetime(days)).astype("datetime64[s]"),
        pd.Series(days, dtype=object),
        pd.Series(days, dtype=pd.ArrowDtype(pa.date32())),
    )


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_duration_has_one_hash_in_all_units(unit):
    spans = pd.Series(pd.to_timedelta([0, -5, 3600, None], unit="s")).astype("timedelta64[us]")
    same(
        spans,
        spans.astype(f"timedelta64[{unit}]"),
        spans.astype(object),
        spans.astype(pd.ArrowDtype(pa.duration(unit))),
        pd.Series([None if pd.isna(span) else span.to_pytimedelta() for span in spans], dtype=object),
    )


@pytest.mark.parametrize(
    "values", [["b", "a", None, "b"], [3, 1, None, 3], [1.5, -0.0, None, 1.5], [True, False, None, True]]
)
def test_categories_are_their_values_whatever_their_order(values):
    plain = pd.Series(values, dtype=object)
    present = sorted({value for value in values if value is not None})
    same(
        plain,
        plain.astype(pd.CategoricalDtype(present)),
        plain.astype(pd.CategoricalDtype(present[::-1], ordered=True)),
        pd.Series(pd.CategoricalIndex(plain)),
    )
    assert hashes(pd.CategoricalIndex(plain)) == hashes(plain)


def test_periods_and_intervals_are_their_objects():
    periods = pd.Series(pd.period_range("2020-01", periods=3, freq="M"))
    same(periods, periods.astype(object))
    intervals = pd.Series(pd.interval_range(0, 3))
    same(intervals, intervals.astype(object), intervals.astype("category"))
    assert len({*hashes(intervals)}) == 3


def test_sequences_and_sets_are_hashed_by_what_they_hold():
    same(pd.Series([(1, "a"), (2, None)], dtype=object), pd.Series([(1.0, "a"), (Decimal(2), np.nan)], dtype=object))
    same(
        pd.Series([[1, 2], [3]], dtype=object),
        pd.Series([(1, 2), (3,)], dtype=object),
        pd.Series([np.array([1, 2]), np.array([3])], dtype=object),
    )
    assert len({*hashes([(1, 2), (2, 1), (1,), (), ((1, 2),)], "object")}) == 5
    same(pd.Series([{"a", "b", "c"}], dtype=object), pd.Series([frozenset("cba")], dtype=object))
    same(pd.Series([{"x": 1, "y": 2}], dtype=object), pd.Series([{"y": 2.0, "x": True}], dtype=object))
    same(pd.Series([b"raw", b""], dtype=object), pd.Series([b"raw", b""], dtype=pd.ArrowDtype(pa.binary())))


class Color(enum.Enum):
    RED = 1
    BLUE = 2


def test_other_objects_are_hashed_by_their_tokens():
    one = uuid.UUID(int=5)
    assert hashes([one, Color.RED, Color.BLUE, uuid.UUID(int=5)], "object")[0] == hashes([one], "object")[0]
    assert len({*hashes([one, Color.RED, Color.BLUE], "object")}) == 3


def test_objects_without_a_token_are_an_error():
    class Opaque:
        __slots__ = ("at",)

        def __reduce__(self):
            raise TypeError("not to be pickled")

    with pytest.raises(
        TypeError, match=r"objects of type Opaque, which have no hash that is the same in every process"
    ):
        hashes([Opaque()], "object")


def test_the_order_of_keys_counts_and_many_keys_are_one_hash():
    a, b = pd.Series([1, 2, 1]), pd.Series(["x", "y", "x"])
    one, two, again = hash_rows([a, b], 3)
    assert one == again != two
    assert one != hash_rows([b, a], 3)[0]
    assert hash_rows([], 2).tolist() == hash_rows([], 2).tolist()


def test_hashes_are_even():
    for values in (
        np.arange(20_000),
        np.arange(20_000) * 1024.5,
        [f"customer-{n}" for n in range(20_000)],
        pd.date_range("2020", periods=20_000),
    ):
        upper = hash_rows([pd.Series(values)], 20_000) >> np.uint64(32)
        counts = np.bincount(((upper * np.uint64(16)) >> np.uint64(32)).astype(int), minlength=16)
        # 1250 expected each; 5 standard deviations are about 171.
        assert abs(counts - 1250).max() < 175


PROGRAM = """
import datetime, decimal, pandas as pd
from minidask.dataframe.shuffle.hashing import hash_rows
values = ["a", 1, 2.5, None, ("x", 1), frozenset("abc"), b"z", datetime.date(2020, 1, 1), decimal.Decimal("1.1"), {"k": 1}]
letters = pd.Series(list("abcdefghij"))
keys = [pd.Series(values, dtype=object), letters.astype("str"), letters.astype("category")]
print(hash_rows(keys, 10).tolist())
"""


@pytest.mark.slow
def test_hashes_are_the_same_in_every_process():
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "1")
    ]
    one, other = [process.communicate(timeout=120)[0] for process in started]
    assert one == other
    assert one.count(",") == 9


def test_hashes_are_the_same_in_every_version():
    # Files and processes of one computation may be of different machines: a change here is a change of the wire.
    assert hashes([1, 2]) == [6238072747940578789, 15839785061582574730]
