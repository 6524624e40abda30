from __future__ import annotations

import itertools

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, every_dtype

FRAME = every_dtype()
NAMED = FRAME.set_index("g")


def numbered_in_parts(frame: pd.DataFrame, bounds: list[int], **kwargs) -> pd.DataFrame:
    return pd.concat([frame.iloc[a:b].reset_index(**kwargs) for a, b in itertools.pairwise(bounds)])


@pytest.mark.parametrize("kwargs", [{}, {"drop": True}, {"names": "key"}, {"names": ["key"]}])
def test_reset_index_numbers_partitions(kwargs):
    for frame in (FRAME, NAMED):
        df = cut(frame, [0, 0, 9, 23])
        expected = numbered_in_parts(frame, [0, 9, 23], **kwargs)
        assert_eq(df.reset_index(**kwargs), expected)
        assert_eq(df.reset_index(**kwargs)[["f"]], expected[["f"]])
    first = df.reset_index(**kwargs).columns[0]
    assert_eq(df.reset_index(**kwargs)[first], expected[first])
    levels = FRAME.set_index(["g", "s"])
    assert_eq(cut(levels, [0, 9, 23]).reset_index()["s"], numbered_in_parts(levels, [0, 9, 23])["s"])


def test_reset_index_of_a_series():
    series = dd.from_pandas(FRAME, npartitions=1)["f"]
    assert_eq(series.reset_index(), FRAME["f"].reset_index())
    assert_eq(series.reset_index(drop=True), FRAME["f"].reset_index(drop=True))
    assert_eq(series.reset_index(name="values"), FRAME["f"].reset_index(name="values"))
    with pytest.raises(ValueError, match="cannot insert i, already exists"):
        dd.from_pandas(FRAME, npartitions=2).reset_index(names="i")


def test_columns_pass_through_reset_index():
    df = dd.from_pandas(FRAME.assign(level=1), npartitions=2)
    plan = df.reset_index()[["f"]].optimize()
    assert_eq(plan, numbered_in_parts(FRAME, [0, 11, 23])[["f"]], check_index=False)


def test_rename_axis():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert_eq(df.rename_axis("key"), FRAME.rename_axis("key"))
    assert_eq(df.rename_axis(index="key", columns="c"), FRAME.rename_axis(index="key", columns="c"))
    assert_eq(df.rename_axis("c", axis=1), FRAME.rename_axis("c", axis=1))
    assert_eq(df["f"].rename_axis("key"), FRAME["f"].rename_axis("key"))
    assert df.rename_axis("key").divisions == df.divisions


def test_divisions_are_enforced():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert_eq(df.enforce_runtime_divisions(), FRAME)
    assert_eq(df["f"].enforce_runtime_divisions(), FRAME["f"])
    wrong = dd.from_map(
        lambda at: FRAME.iloc[at : at + 9], [0, 9], meta=FRAME.iloc[:0], divisions=(0, 5, 17), token="wrong"
    )
    with pytest.raises(RuntimeError, match=r"partition 0 has index values 0\.\.8, but its divisions are 0\.\.5 \(not"):
        wrong.enforce_runtime_divisions().compute()
    with pytest.raises(ValueError, match="divisions aren't known"):
        df.clear_divisions().enforce_runtime_divisions()


def test_the_index_is_no_place_to_assign():
    df = dd.from_pandas(FRAME, npartitions=2)
    with pytest.raises(AttributeError, match="use set_index"):
        df.index = df["i"]
    with pytest.raises(AttributeError, match="use set_index"):
        df["i"].index = df.index
    assert (len(df), df.shape[1], df.size.compute()) == (23, 9, 207)
