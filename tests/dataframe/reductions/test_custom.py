from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

FRAME = pd.DataFrame({"x": range(50), "y": range(50, 100)})
CUT = [dd.from_pandas(FRAME, npartitions=n) for n in (1, 4, 50)] + [cut(FRAME, [0, 0, 20, 20, 50, 50])]


def sum_and_count(obj):
    return pd.Series({"count": obj.count(), "sum": obj.sum()})


def sum_and_count_each(obj):
    return pd.DataFrame({"count": obj.count(), "sum": obj.sum()})


def test_scalars():
    for df in CUT:
        assert_eq(df["x"].reduction(len, aggregate=sum), 50)
        assert_eq(df["x"].reduction(lambda s: s.sum(), lambda s: s.sum(), split_every=2), FRAME["x"].sum())
        at_least = df["x"].reduction(lambda s, value=0: (s >= value).sum(), sum, chunk_kwargs={"value": 25})
        assert_eq(at_least, 25)


def test_one_function_does_both():
    for df in CUT:
        filled = df[df["x"] > 20]["x"]
        assert_eq(filled.reduction(pd.Series.sum), FRAME["x"][FRAME["x"] > 20].sum())


def test_series():
    for df in CUT:
        assert_eq(df.reduction(lambda df: df.count(), aggregate=lambda df: df.sum()), FRAME.count())
        assert_eq(df["x"].reduction(sum_and_count, lambda df: df.sum()), pd.Series({"count": 50, "sum": 1225}))


def test_frames():
    expected = pd.DataFrame({"count": [50, 50], "sum": [1225, 3725]}, index=["x", "y"])
    for df in CUT:
        for every in (None, 2, False):
            result = df.reduction(sum_and_count_each, lambda df: df.groupby(level=0).sum(), split_every=every)
            assert_eq(result, expected)


def test_combine_and_keywords():
    df = CUT[2]["x"]
    total = df.reduction(
        lambda s, add=0: s.sum() + add,
        aggregate=lambda s, times=1, add=0: s.sum() * times + add,
        combine=lambda s, add=0: s.sum() + add,
        aggregate_kwargs={"times": 2},
        combine_kwargs={"add": 0},
        chunk_kwargs={"add": 1},
        split_every=4,
        token="mine",
    )
    assert_eq(total, (1225 + 50) * 2)
    assert total._name.startswith("mine-")
    assert_eq(CUT[1]["x"].reduction(lambda s, add: s.sum() + add, lambda s, add: s.sum(), add=1), 1225 + 4)


def test_meta():
    total = CUT[1]["x"].reduction(len, sum, meta=1.5)
    assert total.dtype is float
    assert CUT[1].index.reduction(len, sum).compute() == 50


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df.reduction(3), TypeError, "chunk must be callable, got int"),
        (lambda df: df.reduction(None), TypeError, "chunk must be callable, got NoneType"),
        (lambda df: df.reduction(len, aggregate=3), TypeError, "aggregate must be callable"),
        (lambda df: df.reduction(len, combine=sum), ValueError, "combine needs aggregate"),
        (lambda df: df.reduction(lambda df: df.nope, sum), ValueError, "could not be inferred.*AttributeError"),
        (lambda df: df.reduction(len, sum, split_every=1), ValueError, "split_every must be"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])


@pytest.mark.parametrize("meta", [int, "int64", 0])
def test_a_type_as_meta_means_a_scalar(meta):
    s = dd.from_pandas(pd.Series(range(10)), npartitions=3)
    total = s.reduction(pd.Series.sum, aggregate=sum, meta=meta)
    assert type(total) is dd.Scalar
    assert total.compute() == 45


def fails_with_seven(part):
    if (part == 7).any():
        raise RuntimeError("seven")
    return len(part)


def test_an_error_says_on_which_rows():
    lazy = dd.from_pandas(pd.Series(range(10)), npartitions=3)
    with pytest.raises(RuntimeError, match="seven") as caught:
        lazy.reduction(fails_with_seven, aggregate=sum).compute(scheduler="sync")
    assert any("'fails_with_seven' failed on" in note and "index" in note for note in caught.value.__notes__)
