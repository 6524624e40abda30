import pandas as pd
import pytest

from minidask.dataframe.neighbours.bins import Grid, empty_bin, labels_between, make_rule, owned

LOW, HIGH = pd.Timestamp("2020-01-30 13:20"), pd.Timestamp("2020-06-10 05:00")


@pytest.mark.parametrize("freq", ["h", "7h", "D", "2D", "W", "2W-WED", "ME", "MS", "3MS", "QE", "YE", "B", "SME"])
@pytest.mark.parametrize("closed", [None, "left", "right"])
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_no_bin_is_outside_of_the_grid(freq, closed, tz):
    low, high = (time.tz_localize(tz) for time in (LOW, HIGH))
    rule = make_rule(freq, closed, "right")
    grid = Grid(rule, low, high)
    labels = labels_between(rule, low, high, rule.origin(low, high), pd.DatetimeIndex([low, high]))
    assert all(shown - left <= grid.longest for left, shown in zip(labels.left, labels.shown, strict=True))
    assert grid.lowest(low) <= labels.left[0] <= low
    for left, shown in zip(labels.left[1:-1], labels.shown[1:-1], strict=True):
        between = left - pd.Timedelta("1min")
        assert between <= grid.up(between) <= left
        assert grid.shown(grid.up(left)) == shown if grid.up(left) == left else True


def test_defaults():
    assert make_rule("W-WED", None, None)[1:3] == ("right", "right")
    assert make_rule("2h", "right", None)[1:3] == ("right", "left")
    assert make_rule(pd.Timedelta("2h"), None, None).freq == pd.offsets.Hour(2)


def test_owned_bins():
    left = pd.date_range("2020-01-01", periods=5)
    assert owned(left, None, None) == slice(0, 5)
    assert owned(left, None, left[2]) == slice(0, 2)
    assert owned(left, left[2] - pd.Timedelta("1h"), left[2] + pd.Timedelta("1h")) == slice(2, 3)
    assert owned(left, left[4] + pd.Timedelta("1h"), None) == slice(5, 5)


@pytest.mark.parametrize("freq", ["s", "D", "W", "ME", "2QE", "B", "YS"])
@pytest.mark.parametrize("rows", [0, 3])
def test_empty_bins(freq, rows):
    frame = pd.DataFrame({"x": [1, 2, 3]}, pd.date_range("2021", periods=3)).iloc[:rows]
    rule = make_rule(freq, None, None)
    assert empty_bin(rule, frame, summed)["x"].tolist() == [0]
    assert empty_bin(rule, frame, smallest)["x"].isna().tolist() == [True]


def summed(resampler):
    return resampler.sum()


def smallest(resampler):
    return resampler.min()


def test_where_bins_of_durations_count_from():
    first, midnight = pd.Timestamp("2020-01-01 05:00"), pd.Timestamp("2020-01-01")
    last = pd.Timestamp("2020-01-03 05:00")
    assert make_rule("7h", None, None).origin(first, last) == midnight
    assert make_rule("7h", None, None, "start", "1h").origin(first, last) == pd.Timestamp("2020-01-01 06:00")
    assert make_rule("7h", None, None, "epoch").origin(first, last) == pd.Timestamp(0)
    assert make_rule("7h", None, None, "end").origin(first, last) == last
    assert make_rule("7h", None, None, "end_day").origin(first, last) == pd.Timestamp("2020-01-04")
    assert make_rule("7h", None, None, "end")[1:3] == make_rule("MS", None, None, "end")[1:3] == ("right", "right")
    assert make_rule("7h", None, None, "2019-03-01").origin(first, last) == pd.Timestamp("2019-03-01")
    assert make_rule("W", None, None, "end", "1h") == make_rule("W", None, None)
