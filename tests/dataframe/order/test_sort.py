from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.order.sort import check_order
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, every_dtype, few

FRAME = every_dtype(40)


def by_pandas(frame: pd.DataFrame, by, **kwargs) -> pd.DataFrame:
    return frame.sort_values(by, kind="stable", **kwargs)


@pytest.mark.parametrize("by", list(FRAME))
@pytest.mark.parametrize(("ascending", "na_position"), list(itertools.product([True, False], ["last", "first"])))
def test_one_column(by, ascending, na_position):
    options = {"ascending": ascending, "na_position": na_position}
    for df in (dd.from_pandas(FRAME, npartitions=3), cut(FRAME, [0, 0, 17, 17, 18, 40, 40])):
        assert_eq(df.sort_values(by, **options), by_pandas(FRAME, by, **options))
    assert_eq(df[by].sort_values(**options), FRAME[by].sort_values(kind="stable", **options))


@pytest.mark.slow
@few
@given(
    cut_frames(),
    st.lists(st.sampled_from(["i", "f", "b", "s", "d", "c", "I"]), min_size=1, max_size=4, unique=True),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.sampled_from(["first", "last"]),
    st.sampled_from([None, 1, 2, 5]),
)
def test_several_columns(both, by, ascending, na_position, npartitions):
    frame, df = both
    options = {"ascending": ascending[: len(by)], "na_position": na_position}
    result = df.sort_values(by, npartitions=npartitions, **options)
    assert_eq(result, by_pandas(frame, by, **options))


@pytest.mark.slow
def test_many_partitions():
    frame = pd.DataFrame({"x": np.random.default_rng(0).permutation(500) % 7, "y": range(500)})
    df = dd.from_pandas(frame, npartitions=129)
    result = df.sort_values(["x", "y"], ascending=[False, True])
    assert_eq(result.compute(scheduler="sync"), by_pandas(frame, ["x", "y"], ascending=[False, True]))
    # The second key parts the rows of a value of the first.
    assert result.npartitions > 100


def test_partitions_in_order_stay_where_they_are():
    frame = pd.DataFrame({"x": [2, 1, 2, 4, 3, 9, 9, 8], "y": range(8)})
    df = cut(frame, [0, 3, 3, 5, 8])
    result = df.sort_values("x")
    assert_eq(result, by_pandas(frame, "x"))
    assert not any(name.startswith("sort-") for name in result.dask.layers)
    assert df.sort_values("x", npartitions=2).npartitions == 2
    backwards = cut(frame.iloc[::-1], [0, 3, 5, 8])
    assert_eq(backwards.sort_values("x", ascending=False), by_pandas(frame.iloc[::-1], "x", ascending=False))


@pytest.mark.slow
def test_numbered_anew():
    df = cut(FRAME, [0, 0, 17, 17, 18, 40])
    expected = by_pandas(FRAME, ["g", "i"], ignore_index=True)
    assert_eq(df.sort_values(["g", "i"], ignore_index=True), expected)
    assert_eq(df.sort_values(["g", "i"], ignore_index=True)["f"], expected["f"])
    assert_eq(df["i"].sort_values(ignore_index=True), FRAME["i"].sort_values(kind="stable", ignore_index=True))


def own_sort(part, by, ascending, na_position, most=None):
    assert na_position == "last"
    return part.sort_values(by, ascending=ascending, kind="stable").head(most)


def test_a_function_that_sorts():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert_eq(df.sort_values(["i", "t"], sort_function=own_sort), by_pandas(FRAME, ["i", "t"]))
    few_rows = df.sort_values("i", sort_function=own_sort, sort_function_kwargs={"most": 1})
    assert len(few_rows) == few_rows.npartitions


def test_one_partition_stays_lazy():
    df = dd.from_map(lambda at: pytest.fail("computed"), [0], meta=FRAME.iloc[:0], token="lazy")
    assert df.sort_values("i").npartitions == df["i"].sort_values().npartitions == df.sort_index().npartitions == 1


@pytest.mark.slow
def test_sort_index():
    shuffled = FRAME.sample(frac=1, random_state=0)
    for df in (dd.from_pandas(shuffled, npartitions=3, sort=False), cut(shuffled, [0, 0, 17, 17, 18, 40])):
        result = df.sort_index()
        assert result.known_divisions
        assert_eq(result, shuffled.sort_index())
        assert_eq(df.sort_index(ascending=False), shuffled.sort_index(ascending=False))
        assert_eq(df["f"].sort_index(ignore_index=True), shuffled["f"].sort_index(ignore_index=True))
    known = dd.from_pandas(FRAME, npartitions=3)
    assert known.sort_index().divisions == known.divisions
    assert_eq(known.sort_index(ascending=False), FRAME.sort_index(ascending=False))
    assert_eq(known.sort_index(axis=1), FRAME.sort_index(axis=1))


@pytest.mark.slow
def test_sort_index_of_missing_labels_and_of_levels():
    frame = FRAME.set_index(pd.Index(np.where(FRAME["b"], np.nan, FRAME["i"])))
    df = dd.from_pandas(frame, npartitions=3, sort=False)
    for ascending, na_position in itertools.product([True, False], ["last", "first"]):
        options = {"ascending": ascending, "na_position": na_position}
        assert_eq(df.sort_index(**options), frame.sort_index(kind="stable", **options))
    levels = FRAME.set_index(["g", "i"])
    df = dd.from_pandas(levels, npartitions=3, sort=False)
    for ascending in (True, [False, True]):
        assert_eq(df.sort_index(ascending=ascending), levels.sort_index(kind="stable", ascending=ascending))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df.sort_values("nope"), KeyError, "no column 'nope'"),
        (lambda df: df.sort_values([]), ValueError, "at least one column"),
        (
            lambda df: df.sort_values(["i", "f"], ascending=[True]),
            ValueError,
            "2 columns to sort by, but ascending has 1",
        ),
        (lambda df: df.sort_values("i", ascending="down"), ValueError, "ascending must be True or False"),
        (lambda df: df.sort_values("i", na_position="middle"), ValueError, "'first' or 'last', got 'middle'"),
        (lambda df: df.sort_values("i", sort_function=3), TypeError, "must be a function, got int"),
        (lambda df: df.sort_values("i", npartitions=-1), ValueError, "at least 1"),
        (lambda df: df.sort_values("i", shuffle_method="magic"), ValueError, "unknown shuffle method"),
        (lambda df: df["i"].sort_values(na_position=None), ValueError, "'first' or 'last'"),
        (lambda df: df.sort_index(na_position=None), ValueError, "'first' or 'last'"),
        (lambda df: df.sort_index(ascending=[True, False]), ValueError, "1 levels, but ascending has 2"),
        (lambda df: df.sort_index(sort_remaining=False), NotImplementedError, "works on one partition"),
        (lambda df: df["i"].sort_index(axis=1), ValueError, "No axis named 1"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(dd.from_pandas(FRAME, npartitions=3, sort=False))


def test_values_that_cannot_be_compared():
    frame = pd.DataFrame({"x": pd.Series([1, "a", 2, "b"], dtype=object)})
    with pytest.raises(TypeError, match="not supported between"):
        cut(frame, [0, 2, 4]).sort_values("x")


def test_the_order_that_arguments_mean():
    df = dd.from_pandas(FRAME, npartitions=1)
    assert check_order(df, "i", np.bool_(False), "last").keywords() == {
        "by": ["i"],
        "ascending": False,
        "na_position": "last",
    }
    assert check_order(df["i"], None, True, "first").na_first
