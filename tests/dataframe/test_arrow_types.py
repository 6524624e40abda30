from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from minidask.dataframe.arrow_types import as_times, is_arrow_date, of_integers, sample_arrow_array, time_unit
from minidask.dataframe.meta import sample
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

TYPES = [
    pa.decimal128(10, 2), pa.decimal128(3, 3), pa.list_(pa.int64()), pa.large_list(pa.string()), pa.list_(pa.int8(), 2),
    pa.struct([("x", pa.int64()), ("t", pa.time64("us"))]), pa.map_(pa.string(), pa.date32()), pa.date32(), pa.date64(),
    pa.time32("s"), pa.duration("ms"), pa.timestamp("us", tz="Europe/Berlin"), pa.binary(), pa.binary(3), pa.null(),
    pa.dictionary(pa.int32(), pa.string()), pa.month_day_nano_interval(), pa.string_view(), pa.bool_(), pa.float32(),
]  # fmt: skip


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_a_sample_of_every_type(kind):
    dtype = pd.ArrowDtype(kind)
    assert sample_arrow_array(dtype).dtype == dtype
    assert len(sample_arrow_array(dtype)) == 2
    assert sample(pd.Series([], dtype=dtype)).dtype == dtype


def frame(values, kind):
    return pd.DataFrame({"a": pd.Series(values, dtype=pd.ArrowDtype(kind)), "g": [1, 2, 1, 2, 1]})


DAYS = [
    datetime.date(2020, 1, 3),
    None,
    datetime.date(2020, 1, 7),
    datetime.date(2019, 5, 1),
    datetime.date(2020, 1, 7),
]
COLUMNS = {
    "decimal": frame([Decimal("1.25"), None, Decimal("3.50"), Decimal("-2.75"), Decimal("0.25")], pa.decimal128(10, 2)),
    "date": frame(DAYS, pa.date32()),
    "time": frame([pd.Timestamp(day) if day else None for day in DAYS], pa.timestamp("ms")),
    "duration": frame([pd.Timedelta(hours) if hours else None for hours in [5, None, 7, 9, 11]], pa.duration("ns")),
    "list": frame([[1, 2], None, [3], [], [1]], pa.list_(pa.int64())),
    "struct": frame([{"x": 1}, None, {"x": 2}, {"x": 3}, {"x": 4}], pa.struct([("x", pa.int64())])),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("bounds", [[0, 5], [0, 0, 2, 2, 4, 5, 5]])
def test_columns_of_arrow_types(name, bounds):
    whole = COLUMNS[name]
    lazy = cut(whole, bounds)
    assert_eq(lazy.count(), whole.count())
    assert_eq(lazy.a.shift(), whole.a.shift())
    assert_eq(lazy.where(lazy.g > 1).a, whole.where(whole.g > 1).a)
    assert_eq(lazy.dropna(), whole.dropna())
    assert_eq(lazy.a.map(str), whole.a.map(str))
    assert_eq(lazy.drop_duplicates(subset="g"), whole.drop_duplicates(subset="g"))


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("decimal", ["sum", "min", "max", "mean", "std", "var"]),
        ("date", ["min", "max", "mean", "std", "sem", "median"]),
        ("time", ["min", "max", "mean", "std", "sem", "median"]),
        ("duration", ["sum", "min", "max", "mean", "std", "median"]),
    ],
)
def test_figures_of_arrow_types(name, figures):
    whole = COLUMNS[name][["a"]]
    for figure in figures:
        for bounds in ([0, 5], [0, 0, 2, 2, 4, 5, 5]):
            lazy = cut(whole, bounds)
            assert_eq(getattr(lazy.a, figure)(), getattr(whole.a, figure)())
            assert_eq(getattr(lazy, figure)(), getattr(whole, figure)())


@pytest.mark.parametrize("name", ["date", "time", "duration"])
def test_quantiles_and_descriptions_of_times(name):
    whole = COLUMNS[name]
    lazy = cut(whole, [0, 0, 2, 4, 5])
    assert_eq(lazy.a.quantile([0.25, 0.5]), whole.a.quantile([0.25, 0.5]))
    assert_eq(lazy.a.describe(), whole.a.describe())


def test_units_and_dates():
    assert [time_unit(dtype) for dtype in (pd.DatetimeTZDtype("ms", "UTC"), np.dtype("m8[us]"))] == ["ms", "us"]
    assert time_unit(pd.ArrowDtype(pa.timestamp("ns", "UTC"))) == "ns"
    assert is_arrow_date(pd.ArrowDtype(pa.date64()))
    assert not is_arrow_date(pd.Int64Dtype())
    days = COLUMNS["date"].a
    assert as_times(days).dtype == pd.ArrowDtype(pa.timestamp("s"))
    assert as_times(COLUMNS["list"].a) is COLUMNS["list"].a or as_times(COLUMNS["list"].a).equals(COLUMNS["list"].a)
    assert of_integers(pd.Series([86400]), days.dtype).tolist() == [datetime.date(1970, 1, 2)]
