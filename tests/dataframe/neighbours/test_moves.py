import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.neighbours.moves import check_periods
from minidask.dataframe.optimize.project_columns import project_columns
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, cuttings, every_dtype, few

small = settings(few, max_examples=10)

FRAME = every_dtype(13)
CUT = cuttings(FRAME)[1::2]
PERIODS = [0, 1, -4, 30]


@pytest.mark.parametrize("df", CUT)
@pytest.mark.parametrize("periods", PERIODS)
def test_shift(df, periods):
    assert_eq(df.shift(periods), FRAME.shift(periods))
    assert_eq(df["i"].shift(periods), FRAME["i"].shift(periods))


@pytest.mark.parametrize("df", CUT)
def test_shift_with_a_value(df):
    assert_eq(df[["i", "f"]].shift(4, fill_value=-1), FRAME[["i", "f"]].shift(4, fill_value=-1))
    assert_eq(df["s"].shift(-2, fill_value="q"), FRAME["s"].shift(-2, fill_value="q"))


@pytest.mark.parametrize("df", CUT)
@pytest.mark.parametrize("periods", PERIODS)
def test_diff(df, periods):
    columns = ["i", "f", "I", "d", "t", "g"]
    assert_eq(df[columns].diff(periods), FRAME[columns].diff(periods))
    assert_eq(df["b"].diff(periods), FRAME["b"].diff(periods))


@pytest.mark.parametrize("df", CUT)
@pytest.mark.parametrize("periods", [1, -2, 9])
def test_pct_change(df, periods):
    assert_eq(df[["i", "f"]].pct_change(periods), FRAME[["i", "f"]].pct_change(periods))


@pytest.mark.parametrize("df", CUT)
def test_along_rows(df):
    numbers = df[["i", "f", "g"]]
    assert_eq(numbers.shift(1, axis=1), FRAME[["i", "f", "g"]].shift(1, axis=1))
    assert_eq(numbers.diff(axis="columns"), FRAME[["i", "f", "g"]].diff(axis=1))
    assert_eq(numbers.shift(1, axis=1, fill_value=0), FRAME[["i", "f", "g"]].shift(1, axis=1, fill_value=0))


@pytest.mark.slow
@given(cut_frames(), st.integers(-5, 5))
@small
def test_any_frame(pair, periods):
    frame, df = pair
    assert_eq(df.shift(periods), frame.shift(periods))
    assert_eq(df[["i", "f", "d"]].diff(periods), frame[["i", "f", "d"]].diff(periods))


@pytest.mark.slow
@pytest.mark.parametrize("npartitions", [127, 128, 129])
def test_many_partitions(npartitions):
    s = pd.Series(np.arange(300.0), name="x")
    assert_eq(dd.from_pandas(s, npartitions=npartitions).shift(7).compute(), s.shift(7))
    assert_eq(dd.from_pandas(s, npartitions=npartitions).shift(-7).compute(), s.shift(-7))


def test_equal_index_values_across_borders():
    frame = pd.DataFrame({"x": range(9)}, index=[0, 1, 1, 1, 1, 1, 2, 2, 3])
    df = cut(frame, [0, 2, 3, 3, 7, 9])
    for periods in (1, -1, 4):
        assert_eq(df.shift(periods), frame.shift(periods))


TIMES = pd.DataFrame({"x": [1.0, 2.0, 4.0, 8.0, 16.0]}, pd.date_range("2020-01-30", periods=5, freq="D", name="t"))
BERLIN = TIMES.tz_localize("Europe/Berlin")
FREQS = [("D", True), ("2h", True), (pd.Timedelta("5min"), True), ("ME", False), (pd.offsets.MonthBegin(), False)]


@pytest.mark.parametrize(("freq", "known"), FREQS, ids=str)
@pytest.mark.parametrize("frame", [TIMES, BERLIN], ids=["naive", "aware"])
def test_shift_of_the_index(freq, known, frame):
    df = dd.from_pandas(frame, npartitions=3)
    for periods in (1, -2):
        shifted = df.shift(periods, freq=freq)
        assert_eq(shifted, frame.shift(periods, freq=freq), check_freq=False)
        assert shifted.known_divisions == (known and not (frame is BERLIN and freq == "D"))


def test_shift_of_periods_and_unknown_divisions():
    frame = pd.DataFrame({"x": range(5)}, pd.period_range("2020-01", periods=5, freq="M"))
    assert_eq(dd.from_pandas(frame, npartitions=2).shift(2, freq="M"), frame.shift(2, freq="M"))
    assert_eq(cut(TIMES, [0, 0, 2, 5]).shift(1, freq="h"), TIMES.shift(1, freq="h"), check_freq=False)


@pytest.mark.parametrize("periods", [1, -1, 2])
@pytest.mark.parametrize("frame", [TIMES, BERLIN], ids=["naive", "aware"])
def test_pct_change_by_freq(periods, frame):
    for df in (dd.from_pandas(frame, npartitions=4), cut(frame, [0, 0, 1, 1, 3, 5])):
        for freq in ("D", "24h", pd.Timedelta("1D")):
            assert_eq(df.pct_change(periods, freq=freq), frame.pct_change(periods, freq=freq))


def test_columns_pass_through():
    df = dd.from_pandas(FRAME, npartitions=3)
    shifted = df.shift(2)["i"]
    assert_eq(shifted, FRAME["i"].shift(2))
    sources = [
        layer for layer in project_columns(shifted.dask, shifted.__dask_keys__()).layers.values() if not layer.inputs
    ]
    assert [layer.parts.columns for layer in sources] == [("i",)]


BAD = {
    "float": (lambda df: df.shift(1.5), TypeError, "periods must be an integer, got float: 1.5"),
    "bool": (lambda df: df.diff(True), TypeError, "periods must be an integer, got bool"),
    "text": (lambda df: df.pct_change("1"), TypeError, "periods must be an integer, got str"),
    "axis": (lambda df: df["x"].shift(1, axis=1), ValueError, "no axis named 1 for object type Series"),
    "axis 2": (lambda df: df.diff(axis=2), ValueError, "no axis named 2"),
    "infer": (lambda df: df.shift(1, freq="infer"), ValueError, "can't be inferred from partitions"),
    "fill and freq": (
        lambda df: df.shift(1, freq="D", fill_value=0),
        ValueError,
        "'freq' together with a 'fill_value'",
    ),
    "axis and freq": (lambda df: df.shift(1, freq="D", axis=1), ValueError, "rename"),
    "fill_method": (lambda df: df.pct_change(fill_method="pad"), ValueError, "fill_method must be None"),
    "month": (lambda df: df.pct_change(freq="ME"), NotImplementedError, "no fixed duration"),
    "numbers by freq": (lambda df: df.reset_index(drop=True).shift(1, freq="D"), NotImplementedError, "DatetimeIndex"),
    "dtype": (lambda df: df.assign(s="a")["s"].diff(), TypeError, "not supported"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(dd.from_pandas(TIMES, npartitions=2))


def test_check_periods():
    assert check_periods("shift", np.int64(3)) == 3
