from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.order.chance import SampleRows, Share, seeds
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, every_dtype

FRAME = pd.DataFrame({"x": range(1000), "y": np.arange(1000) / 4}, index=range(1000))
DF = dd.from_pandas(FRAME, npartitions=7)


def test_a_sample():
    result = DF.sample(frac=0.3, random_state=1)
    rows = result.compute()
    assert 280 < len(rows) < 320
    assert rows.index.is_unique
    pd.testing.assert_frame_equal(rows, FRAME.loc[rows.index])
    pd.testing.assert_frame_equal(rows, DF.sample(frac=0.3, random_state=1).compute())
    pd.testing.assert_series_equal(rows["y"], result["y"].compute())
    assert not rows.index.equals(DF.sample(frac=0.3, random_state=2).compute().index)
    assert DF.sample(frac=0.5)._name != DF.sample(frac=0.5)._name
    assert_eq(result, rows)


def test_samples_of_many_small_partitions():
    df = cut(FRAME, list(range(0, 1001, 4)))
    assert 60 < len(df.sample(frac=0.1, random_state=0)) < 140
    assert len(DF.sample(frac=1, random_state=0)) == 1000
    assert len(DF.sample(frac=2.5, replace=True, random_state=0)) == pytest.approx(2500, abs=4)
    assert len(DF["x"].sample(frac=0, random_state=0)) == 0
    assert SampleRows(0.5, True)(FRAME.iloc[:0], 1).empty


def test_a_random_split_is_a_partition():
    parts = DF.random_split([0.2, 0.5, 0.3], random_state=3)
    rows = [part.compute() for part in parts]
    assert sorted(label for part in rows for label in part.index) == list(range(1000))
    assert [round(len(part) / 100) for part in rows] == pytest.approx([2, 5, 3], abs=1)
    for part, whole in zip(DF["x"].random_split([0.2, 0.5, 0.3], random_state=3), rows, strict=True):
        assert_eq(part, whole["x"])
    pd.testing.assert_frame_equal(rows[0], DF.random_split([0.2, 0.8], random_state=3)[0].compute())


def test_shuffled_splits_have_the_same_rows():
    one, other = [DF.random_split([0.4, 0.6], random_state=3, shuffle=flag)[0].compute() for flag in (False, True)]
    assert not one.index.equals(other.index)
    pd.testing.assert_frame_equal(one, other.sort_index())
    assert len(Share(0.0, 1.0, True)(every_dtype(), 5)) == 23


def test_seeds():
    assert seeds(5, 3) == seeds(5, 3) != seeds(6, 3)
    assert len(set(seeds(None, 50))) == 50
    assert seeds(np.random.RandomState(1), 2) == seeds(np.random.RandomState(1), 2)
    assert seeds(np.random.default_rng(1), 2) == seeds(np.random.default_rng(1), 2)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: DF.sample(n=3), ValueError, "give frac"),
        (lambda: DF.sample(), ValueError, "sample needs frac"),
        (lambda: DF.sample(frac=-1), ValueError, "at least 0, got -1"),
        (lambda: DF.sample(frac=2), ValueError, "pass replace=True"),
        (lambda: DF.sample(frac=0.5, random_state="x"), TypeError, "random_state must be an integer.*got str"),
        (lambda: DF.random_split([0.5, 0.6]), ValueError, "add up to 1"),
        (lambda: DF.random_split([]), ValueError, "add up to 1"),
        (lambda: DF.random_split([1.5, -0.5]), ValueError, "at least 0"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_numbered_samples():
    frame = pd.DataFrame({"x": range(20)})
    drawn = dd.from_pandas(frame, npartitions=4).sample(frac=0.5, random_state=1, ignore_index=True)
    assert drawn.compute().index.equals(pd.RangeIndex(len(drawn)))
