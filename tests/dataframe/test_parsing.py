from __future__ import annotations

import warnings

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.parsing import first_value
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cuttings

TEXT = pd.DataFrame(
    {
        "day": ["2020-01-05", None, "2020-02-03", "2021-12-31", "2020-02-29", "1999-01-01"],
        "french": [None, "25/12/2019", "03/04/2020", "05/06/2020", "31/01/2021", None],
        "number": ["1", "2.5", None, "-3", "1e3", "0"],
        "whole": ["1", "2", "3", "4", "5", "6"],
        "span": ["1h", "2 days", None, "00:00:03", "5min", "1s"],
        "zone": ["2020-01-05T10:00:00+01:00"] * 6,
    },
    dtype="str",
)
NUMBERS = pd.DataFrame({"year": [2020, 2021, 2022], "month": [1, 2, 3], "day": [4, 5, 6]})


@pytest.mark.parametrize(
    ("column", "options"),
    [
        ("day", {}),
        ("day", {"format": "%Y-%m-%d"}),
        ("day", {"utc": True}),
        ("day", {"format": "ISO8601"}),
        ("french", {"dayfirst": True}),
        ("french", {"format": "%d/%m/%Y"}),
        ("number", {"errors": "coerce", "format": "%Y"}),
        ("zone", {"utc": True}),
        ("zone", {"format": "%Y-%m-%dT%H:%M:%S%z", "utc": True}),
    ],
)
def test_dates(column, options):
    for df in [*cuttings(TEXT), cut(TEXT, [0, 1, 1, 2, 3, 4, 6])]:
        assert_eq(dd.to_datetime(df[column], **options), pd.to_datetime(TEXT[column], **options))


def test_all_partitions_read_dates_in_one_format():
    text = pd.Series(["03/04/2020", "25/12/2019"])
    lazy = dd.to_datetime(dd.from_pandas(text, npartitions=2))
    # pandas takes the first for month/day; so does the second partition, where it can't be right.
    with pytest.raises(ValueError, match=r"doesn't match format|unconverted|does not match"):
        pd.to_datetime(text)
    with pytest.raises(ValueError, match=r"doesn't match format|unconverted|does not match"):
        lazy.compute()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert dd.to_datetime(dd.from_pandas(text[::-1], npartitions=2, sort=False)).dt.month.compute().tolist() == [
            12,
            4,
        ]


def test_dates_of_numbers_parts_and_indexes():
    for df in cuttings(NUMBERS):
        assert_eq(dd.to_datetime(df), pd.to_datetime(NUMBERS))
        assert_eq(dd.to_datetime(df["year"], unit="D"), pd.to_datetime(NUMBERS["year"], unit="D"))
    index = pd.Series(1, index=pd.Index(["2020-01-01", "2020-01-02", "2020-01-03"], name="when"))
    lazy = dd.from_pandas(index, npartitions=2).index
    assert_eq(dd.to_datetime(lazy), pd.to_datetime(index.index))
    given = dd.to_datetime(dd.from_pandas(TEXT, npartitions=2)["zone"], meta=("zone", "datetime64[us, UTC]"))
    assert str(given.dtype) == "datetime64[us, UTC]"


def test_durations_and_numbers():
    for df in cuttings(TEXT):
        assert_eq(dd.to_timedelta(df["span"]), pd.to_timedelta(TEXT["span"]))
        assert_eq(
            dd.to_timedelta(df["whole"].astype("int64"), unit="h"),
            pd.to_timedelta(TEXT["whole"].astype("int64"), unit="h"),
        )
        assert_eq(dd.to_numeric(df["number"]), pd.to_numeric(TEXT["number"]))
        assert_eq(dd.to_numeric(df["whole"]), pd.to_numeric(TEXT["whole"]))
        assert_eq(dd.to_numeric(df["span"], errors="coerce"), pd.to_numeric(TEXT["span"], errors="coerce"))
        small = dd.to_numeric(df["whole"], downcast="integer", meta=("whole", "int8"))
        assert_eq(small, pd.to_numeric(TEXT["whole"], downcast="integer"))


def test_missing():
    for df in cuttings(TEXT):
        assert_eq(dd.isna(df), TEXT.isna())
        assert_eq(dd.notna(df["day"]), TEXT["day"].notna())
        assert_eq(dd.isna(df["day"].count()), False)
    assert dd.isna(None)
    assert dd.notna(3)


def test_values_in_memory_are_passed_on():
    assert dd.to_datetime("2020-01-01") == pd.Timestamp("2020-01-01")
    assert dd.to_timedelta("1h") == pd.Timedelta("1h")
    assert dd.to_numeric(["1", "2"]).tolist() == [1, 2]


def test_first_value():
    assert first_value(pd.Index([None, "a"])) == "a"
    assert first_value(pd.Series([], dtype="str")) is None


DF = dd.from_pandas(TEXT, npartitions=2)
BAD = {
    "a Scalar": (lambda: dd.to_datetime(DF["day"].max()), TypeError, "compute"),
    "unknown unit": (lambda: dd.to_timedelta(DF["whole"], unit="nope"), ValueError, "nope"),
    "numbers of a frame": (lambda: dd.to_numeric(DF), TypeError, "got a DataFrame"),
    "errors": (lambda: dd.to_numeric(DF["whole"], errors="nope"), ValueError, "invalid error value"),
    "downcast": (lambda: dd.to_numeric(DF["whole"], downcast="nope"), ValueError, "invalid downcasting"),
    "no dates": (lambda: dd.to_datetime(DF["span"]).compute(), ValueError, "unable to parse"),
    "unknown option": (lambda: dd.to_datetime(DF["day"], nope=1), TypeError, "nope"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with pytest.raises(kind, match=message):
            call()


def test_no_meta_is_found_out():
    s = pd.Series(["1", "2"])
    assert_eq(dd.to_numeric(dd.from_pandas(s, npartitions=2), meta=None).sum(), 3.0)
    dates = dd.to_datetime(dd.from_pandas(pd.Series(["2020-01-01"]), npartitions=1), meta=None)
    assert dates.dtype.kind == "M"
