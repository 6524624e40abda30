import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.order.found import Facts, together
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

DAYS = pd.to_datetime(["2020-01-01", "2020-03-01", "2020-03-01", "2020-06-01", "2020-06-02"])
HOURS = DAYS + pd.to_timedelta([5, 6, 7, 7, 8], unit="h")
MONTHS = pd.PeriodIndex(["2020-01", "2020-03", "2020-04", "2020-08", "2021-01"], freq="M")
INDEXES = {
    "days": DAYS,
    "hours": HOURS,
    "falling": HOURS[::-1],
    "mixed": HOURS[[1, 0, 2, 4, 3]],
    "none": DAYS[:0],
    "zoned": DAYS.tz_localize("Europe/Berlin"),
    "missing": DAYS.insert(1, pd.NaT),
    "durations": pd.to_timedelta(["1D", "3D", "5h", "5h", "3D 5h"]),
    "months": MONTHS,
    "months mixed": MONTHS[[1, 0, 2, 4, 3]],
    "numbers": pd.Index([5, 3, 3, 1, 9]),
    "several types": pd.Index([5, "ab", 2.5, "ab", None], dtype=object),
}
LABELS = [
    "2020-04-01",
    "2020-04",
    "2020-03-01",
    "2020",
    "2019",
    "2022-01-01",
    "2020-03-01 06:00",
    "3 days",
    "5h",
    3,
    "ab",
]


def unordered(frame):
    """The frame in partitions of unknown divisions: 1, 2, 7, and with empty ones first, in the middle and last."""
    half = len(frame) // 2
    whole = [dd.from_pandas(frame, npartitions=n, sort=False) for n in (1, 2, 7)]
    return [*whole, cut(frame, [0, 0, half, half, len(frame), len(frame)])]


@pytest.mark.parametrize("kind", INDEXES)
def test_labels_and_strings_without_divisions_as_in_pandas(kind):
    index = INDEXES[kind]
    frame = pd.DataFrame({"x": range(len(index)), "y": 1}, index=index)
    for label in LABELS:
        if label == "5h" and isinstance(index, pd.DatetimeIndex):
            continue
        try:
            expected = frame.loc[label]
        except KeyError:
            for ddf in unordered(frame):
                with pytest.raises(KeyError):
                    ddf.loc[label].compute()
                with pytest.raises(KeyError):
                    ddf.loc[label, "x"].compute()
            continue
        if isinstance(expected, pd.Series):
            expected = frame.iloc[[index.get_loc(label)]]
        for ddf in unordered(frame):
            assert_eq(ddf.loc[label], expected)


def test_a_string_of_durations_is_one_value():
    frame = pd.DataFrame({"x": range(3)}, index=pd.to_timedelta(["1D", "1D 5h", "2D"]))
    for ddf in (dd.from_pandas(frame, npartitions=2), dd.from_pandas(frame, npartitions=2).clear_divisions()):
        assert_eq(ddf.loc["1 days"], frame.loc[[pd.Timedelta("1D")]])
        with pytest.raises(KeyError):
            ddf.loc["3h"].compute()


def test_periods_by_times_and_by_finer_strings():
    frame = pd.DataFrame({"x": range(5)}, index=MONTHS)
    for ddf in [dd.from_pandas(frame, npartitions=2), *unordered(frame)]:
        assert_eq(ddf.loc[pd.Timestamp("2020-03-05")], frame.iloc[[1]])
        with pytest.raises(KeyError):
            ddf.loc["2020-03-01"].compute()


def test_only_the_last_partition_waits_for_the_others():
    frame = pd.DataFrame({"x": range(5)}, index=DAYS)
    found = dd.from_pandas(frame, npartitions=5, sort=False).loc["2021-01-01"]
    assert len(found.partitions[0].compute()) == 0
    with pytest.raises(KeyError, match="2021-01-01"):
        found.compute()


def test_facts_of_empty_partitions_say_nothing():
    none, some = Facts(0, 0, 0, True, True, None, None), Facts(2, 1, 3, True, False, 1, 2)
    assert together([none, some, none]) == some
    assert together([none, none]) == none
