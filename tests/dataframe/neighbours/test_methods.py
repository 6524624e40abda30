import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.neighbours import NeighbourMethods, SeriesNeighbours
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype(13)
PERIODS = pd.DataFrame({"x": range(6)}, pd.period_range("2020-01", periods=6, freq="M", name="m"))


def test_classes():
    assert issubclass(dd.DataFrame, NeighbourMethods)
    assert issubclass(dd.Series, SeriesNeighbours)


@pytest.mark.parametrize("df", cuttings(FRAME))
@pytest.mark.parametrize("lag", [0, 1, 3, -2])
def test_autocorr(df, lag):
    assert_eq(df["f"].autocorr(lag), FRAME["f"].autocorr(lag))
    assert_eq(df["i"].autocorr(lag), FRAME["i"].autocorr(lag))


def test_autocorr_refuses():
    with pytest.raises(TypeError, match="autocorr: periods must be an integer, got float"):
        dd.from_pandas(FRAME, npartitions=2)["f"].autocorr(1.5)


@pytest.mark.parametrize("how", ["start", "end"])
@pytest.mark.parametrize("freq", [None, "D", "Y"])
def test_to_timestamp(how, freq):
    df = dd.from_pandas(PERIODS, npartitions=3)
    for mine, theirs in ((df, PERIODS), (df["x"], PERIODS["x"])):
        assert_eq(mine.to_timestamp(freq, how), theirs.to_timestamp(freq, how), check_freq=False)
    assert df.to_timestamp(freq, how).known_divisions == (freq is None)
    assert_eq(df.to_timestamp().resample("QS").sum(), PERIODS.to_timestamp().resample("QS").sum())


def test_to_timestamp_refuses():
    with pytest.raises(TypeError, match="unsupported Type"):
        dd.from_pandas(FRAME, npartitions=2).to_timestamp()


def test_nothing_is_computed():
    def fail(part):
        raise AssertionError("computed")

    df = dd.from_map(
        fail,
        [0, 1],
        meta=pd.DataFrame({"x": [1.0]}, pd.to_datetime(["2020"])),
        divisions=pd.to_datetime(["2020", "2021", "2022"]),
    )
    (
        df.rolling("2D").mean(),
        df.rolling(3).sum(),
        df.shift(1),
        df.cumsum(),
        df.ffill(),
        df.diff(-1),
        df.map_overlap(abs, 1, 1),
    )
    df.resample("D").mean(), df.shift(1, freq="D")


def test_one_after_another():
    frame = pd.DataFrame({"x": [1.0, None, 3, None, 5, 6, 7, 8]}, pd.date_range("2020", periods=8, freq="h"))
    df = dd.from_pandas(frame, npartitions=5)
    mine = df.ffill().rolling(3, min_periods=1).mean().diff().cumsum().shift(-1).resample("3h").sum()
    assert_eq(mine, frame.ffill().rolling(3, min_periods=1).mean().diff().cumsum().shift(-1).resample("3h").sum())
