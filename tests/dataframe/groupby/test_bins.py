from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.groupby.bins import unbinned
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
FRAME.index = pd.Index(np.arange(len(FRAME)) * 2, name="idx")
CUT = [cuttings(FRAME)[at] for at in (1, 3)]

CASES = {
    "by freq": lambda d: d.groupby(pd.Grouper(key="d", freq="3YE")).f.sum(),
    "by freq mean": lambda d: d.groupby(pd.Grouper(key="d", freq="1000D")).i.agg(["mean", "count"]),
    "by freq list": lambda d: d.groupby([pd.Grouper(key="d", freq="2000D"), "g"]).i.sum(),
    "by freq as_index": lambda d: d.groupby([pd.Grouper(key="d", freq="2000D"), "g"], as_index=False).i.sum(),
    "by freq median": lambda d: d.groupby(pd.Grouper(key="d", freq="1000D")).i.median(),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    expected = CASES[case](FRAME)
    for df in CUT:
        assert_eq(CASES[case](df), expected)


def test_bins_are_of_times():
    with pytest.raises(TypeError, match="groups times, got int64"):
        CUT[0].groupby(pd.Grouper(key="g", freq="1D"))


def test_times_in_place_of_bins():
    times = pd.date_range("2020", periods=3, freq="2D")
    whole = unbinned(pd.CategoricalIndex(times, categories=times, name="t"), (0,))
    pd.testing.assert_index_equal(whole, times.rename("t"))
    assert whole.freq == times.freq
    some = pd.MultiIndex.from_arrays([pd.Categorical(times[[2, 0]], categories=times), ["a", "b"]])
    assert unbinned(some, (0,)).get_level_values(0).tolist() == times[[2, 0]].tolist()
