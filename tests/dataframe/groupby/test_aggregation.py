from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
MEAN = dd.Aggregation(
    "own_mean",
    lambda s: (s.count(), s.sum()),
    lambda count, total: (count.sum(), total.sum()),
    lambda count, total: total / count,
)
TOTAL = dd.Aggregation("own_sum", lambda s: s.sum(), lambda s: s.sum())


def as_lists(s):
    return s.apply(lambda x: sorted(set(x)))


def lists_joined(s):
    joined = s._selected_obj.groupby(level=list(range(s._selected_obj.index.nlevels))).sum()
    return joined.apply(lambda x: len(set(x)))


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"sort": False}, {"dropna": False}, {"as_index": False}], ids=str)
@pytest.mark.parametrize("key", ["s", ["g", "s"], ["c", "g"]], ids=str)
def test_own_steps(key, options):
    for df in (cuttings(FRAME)[1], cuttings(FRAME)[3]):
        lazy, grouped = df.groupby(key, **options), FRAME.groupby(key, **options)
        assert_eq(lazy[["f"]].agg(MEAN), grouped[["f"]].agg("mean"))
        assert_eq(lazy["f"].agg(a=MEAN, b="sum"), grouped["f"].agg(a="mean", b="sum"))
        assert_eq(lazy.agg({"f": MEAN, "i": "max"}), grouped.agg({"f": "mean", "i": "max"}))


def test_names_and_lists():
    df = dd.from_pandas(FRAME, npartitions=3)
    result = df.groupby("g").agg({"f": [MEAN, "count"], "i": [TOTAL]})
    assert result.columns.tolist() == [("f", "own_mean"), ("f", "count"), ("i", "own_sum")]
    expected = FRAME.groupby("g").agg({"f": ["mean", "count"], "i": ["sum"]}).set_axis(result.columns, axis=1)
    assert_eq(result, expected)
    distinct = dd.Aggregation("distinct", as_lists, lists_joined)
    assert_eq(df.groupby("g")["i"].agg(distinct), FRAME.groupby("g")["i"].nunique())


def test_names_are_deterministic():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert df.groupby("g").agg({"f": TOTAL})._layer.name == df.groupby("g").agg({"f": TOTAL})._layer.name
    assert df.groupby("g").agg({"f": TOTAL})._layer.name != df.groupby("g").agg({"f": MEAN})._layer.name


def test_bad_steps():
    with pytest.raises(TypeError, match="name must be a string"):
        dd.Aggregation(1, len, len)
    with pytest.raises(TypeError, match="chunk of the Aggregation 'x' must be callable"):
        dd.Aggregation("x", 1, len)
    with pytest.raises(TypeError, match="finalize"):
        dd.Aggregation("x", len, len, "no")
    df = dd.from_pandas(FRAME, npartitions=2)
    with pytest.raises(TypeError, match="must end with a Series"):
        df.groupby("g")["f"].agg(dd.Aggregation("x", lambda s: s.sum(), lambda s: 1))
    with pytest.raises(NotImplementedError, match="can't stand beside"):
        df.groupby("g").agg({"f": MEAN, "i": "median"})
    with pytest.raises(NotImplementedError, match="leave out split_out"):
        df.groupby("g")["f"].agg(MEAN, split_out=2)
    assert repr(MEAN) == "Aggregation('own_mean')"
    assert isinstance(MEAN.partial(FRAME.groupby("g")["f"]), tuple)
    assert isinstance(MEAN.whole([MEAN.partial(FRAME.groupby("g")["f"])]), pd.Series)
