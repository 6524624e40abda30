from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = [cuttings(FRAME)[at] for at in (0, 1, 3)]
HOWS = ["sum", "prod", "min", "max", "first", "last", "count", "mean", "var", "std", "sem", "nunique", "any", "all"]
OPTIONS = [{}, {"sort": False}, {"dropna": False}, {"observed": False}, {"as_index": False}]


@pytest.mark.slow
@pytest.mark.parametrize("how", [*HOWS, "size"])
@pytest.mark.parametrize("key", ["g", "s", "c", ["g", "s"], ["c", "b"]], ids=str)
def test_aggregations(key, how):
    values = [c for c in ["i", "f", "I"] if c not in key]
    for df in CUT:
        if how == "size":
            assert_eq(df.groupby(key).size(), FRAME.groupby(key).size())
        else:
            assert_eq(getattr(df.groupby(key)[values], how)(), getattr(FRAME.groupby(key)[values], how)())


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("key", ["s", "c", "I", ["c", "g"]], ids=str)
def test_options(key, options):
    for df in CUT:
        lazy, grouped = df.groupby(key, **options), FRAME.groupby(key, **options)
        assert_eq(lazy[["i", "f"]].sum(), grouped[["i", "f"]].sum())
        assert_eq(lazy["f"].mean(), grouped["f"].mean())
        assert_eq(lazy.size(), grouped.size())
        assert_eq(lazy["i"].nunique(), grouped["i"].nunique())
        assert_eq(lazy["f"].agg(["min", "std"]), grouped["f"].agg(["min", "std"]))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["min", "max", "first", "last", "count", "nunique"])
def test_other_dtypes(how):
    for df in CUT:
        assert_eq(getattr(df.groupby("g")[["s", "d", "t"]], how)(), getattr(FRAME.groupby("g")[["s", "d", "t"]], how)())


CASES = {
    "list of functions": lambda df: df.groupby("g")[["i", "f"]].agg(["sum", "mean"]),
    "dict": lambda df: df.groupby("g").agg({"i": ["sum", "count"], "f": "mean"}),
    "flat dict": lambda df: df.groupby("g").agg({"i": "sum", "d": "max"}),
    "named": lambda df: df.groupby("g").agg(
        total=("i", "sum"), spread=("f", "std"), last=("d", "max"), n=("d", "nunique")
    ),
    "named of a column": lambda df: df.groupby("g")["f"].agg(low="min", high="max"),
    "lists": lambda df: df.groupby("g")["i"].agg(list),
    "by Series": lambda df: df.groupby(df["g"])["f"].sum(),
    "by the frame's own Series": lambda df: df.groupby(df["g"]).sum(numeric_only=True),
    "by an expression": lambda df: df.groupby(df["g"] + 1)["i"].sum(),
    "by both": lambda df: df.groupby([df["g"] + 1, "b"])["i"].sum(),
    "by parts of dates": lambda df: df.groupby([df["d"].dt.year.rename("y"), df["d"].dt.month.rename("m")])["f"].mean(),
    "Series by Series": lambda df: df["f"].groupby(df["g"]).mean(),
    "a filtered Series": lambda df: df["f"][df["i"] > 0].groupby(df["g"]).count(),
    "the key itself": lambda df: df.groupby("g")["g"].count(),
    "attribute": lambda df: df.groupby("g").f.max(),
    "ddof": lambda df: df.groupby("g")["f"].var(ddof=0),
    "min_count": lambda df: df.groupby("g")[["f", "I", "i"]].sum(min_count=6),
    "numbers only": lambda df: df.groupby("g").mean(numeric_only=True),
    "combined": lambda df: df.groupby("g")["f"].sum() / df.groupby("g")["f"].count(),
    "columns again": lambda df: df.groupby("g")["f"].sum().reset_index(),
    "a list of one key": lambda df: df.groupby(["g"])["f"].sum(),
    "filtered away": lambda df: df[df["i"] > 100].groupby("g")["f"].sum(),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        assert_eq(CASES[case](df), CASES[case](FRAME))


@pytest.mark.slow
@few
@given(
    cut_frames(),
    st.sampled_from(["i", "f", "b", "s", "d", "c", "I", ["b", "s"], ["c", "i"]]),
    st.sampled_from(["sum", "mean", "count", "min", "max", "first", "last", "var", "nunique", "size"]),
    st.sampled_from([{}, {"dropna": False}, {"sort": False}]),
)
def test_any_frame(pair, key, how, options):
    frame, df = pair
    frame, df = frame.assign(v=frame["f"] / 1e8, w=frame["i"]), df.assign(v=df["f"] / 1e8, w=df["i"])
    lazy, grouped = df.groupby(key, **options), frame.groupby(key, **options)
    if not len(frame):
        return
    if how != "size":
        lazy, grouped = lazy[["v", "w"]], grouped[["v", "w"]]
    assert_eq(getattr(lazy, how)(), getattr(grouped, how)(), atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("npartitions", range(1, 21, 4))
@pytest.mark.parametrize("split_every", [2, False])
def test_results_do_not_depend_on_partitions(npartitions, split_every):
    df = dd.from_pandas(FRAME, npartitions=npartitions)
    assert_eq(
        df.groupby("s")["f"].agg(["mean", "var", "first"], split_every=split_every),
        FRAME.groupby("s")["f"].agg(["mean", "var", "first"]),
    )


def test_zeros_of_both_signs_are_one_key():
    frame = pd.DataFrame({"k": [0.0, -0.0, 1.0], "x": [1, 2, 3]})
    assert_eq(cut(frame, [0, 1, 2, 3]).groupby("k")["x"].sum(), frame.groupby("k")["x"].sum())


def test_counts_without_any_row_are_masked_as_others():
    frame = pd.DataFrame({"k": pd.Series([], dtype="int64"), "I": pd.Series([], dtype="Int64")})
    assert_eq(cut(frame, [0, 0]).groupby("k").count(), frame.groupby("k").count())
    assert_eq(cut(frame, [0, 0, 0]).groupby("k")["I"].count(), frame.groupby("k")["I"].count())


def test_partitions_of_different_categories():
    parts = [pd.DataFrame({"c": pd.Categorical([c]), "x": [1]}) for c in "aba"]
    df = dd.from_map(parts.__getitem__, range(3), meta=parts[0].iloc[:0])
    assert df.groupby("c")["x"].sum().compute().to_dict() == {"a": 2, "b": 1}


def test_large_means_cost_no_digits():
    frame = pd.DataFrame({"k": np.arange(1000) % 3, "x": 1e9 + np.arange(1000) % 7})
    exact = frame.assign(x=frame["x"] - 1e9).groupby("k")["x"].var()
    assert_eq(dd.from_pandas(frame, npartitions=20).groupby("k")["x"].var(), exact, rtol=1e-8)


BAD = {
    "nothing": (lambda df: df.groupby(), TypeError, "groupby needs by"),
    "no keys": (lambda df: df.groupby([]), ValueError, "at least one key"),
    "unknown key": (lambda df: df.groupby("nope"), KeyError, "no column 'nope'"),
    "by a frame": (lambda df: df.groupby(df), TypeError, "groupby by a DataFrame"),
    "Series by a label": (lambda df: df["f"].groupby("g"), TypeError, "a Series is grouped by Series of the same rows"),
    "by other rows": (
        lambda df: df.groupby(cut(FRAME, [0, 3, 9, 23])["g"]).size(),
        ValueError,
        "partitions correspond",
    ),
    "unknown column": (lambda df: df.groupby("g")["nope"], KeyError, "no column 'nope'"),
    "unknown columns": (lambda df: df.groupby("g")[["i", "nope"]], KeyError, "no column 'nope'"),
    "unknown in agg": (lambda df: df.groupby("g").agg({"nope": "sum"}), KeyError, "no column 'nope'"),
    "unknown method": (lambda df: df.groupby("g")["f"].nope, AttributeError, "no attribute 'nope'"),
    "mean of strings": (lambda df: df.groupby("g")["s"].mean(), TypeError, "does not support operation 'mean'"),
    "sort": (lambda df: df.groupby("g", sort="yes"), TypeError, "sort must be True or False"),
    "min_count": (lambda df: df.groupby("g")["f"].mean(min_count=2), TypeError, "mean has no min_count"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1])


def test_attributes():
    groups = CUT[0].groupby("g")
    assert {"f", "median", "apply"} <= set(dir(groups))
    with pytest.raises(IndexError, match="selected already"):
        groups[["f"]]["f"]
    with pytest.raises(ValueError, match="by a list"):
        groups["f", "i"]
    with pytest.raises(AttributeError, match=r"groupby\(...\).ngroup isn't built"):
        groups.ngroup()


def test_repr():
    assert "DataFrameGroupBy" in repr(CUT[0].groupby("g"))
    assert "SeriesGroupBy" in repr(CUT[0].groupby("g")["f"])


@pytest.mark.parametrize("how", ["sum", "prod", "mean", "min", "max", "first", "count", "var", "std", "sem"])
def test_infinities_of_both_signs_are_no_missing_values(how):
    frame = pd.DataFrame({"k": [1, 1, 2, 2, 3, 3], "x": [np.inf, 1.0, -np.inf, np.inf, 2.0, np.nan]})
    for df in (cut(frame, [0, 2, 4, 6]), *cuttings(frame)):
        assert_eq(getattr(df.groupby("k")["x"], how)(), getattr(frame.groupby("k")["x"], how)())


def test_sizes_of_masked_columns():
    for df in CUT:
        assert_eq(df.groupby("g")["I"].size(), FRAME.groupby("g")["I"].size())


def test_columns_of_nulls_only():
    frame = pd.DataFrame(
        {"k": [1, 1, 2], "f": np.nan, "I": pd.array([None] * 3, dtype="Int64"), "s": pd.Series([None] * 3, dtype="str")}
    )
    df = cut(frame, [0, 1, 1, 3])
    for how in ("min", "first", "count", "nunique"):
        assert_eq(getattr(df.groupby("k"), how)(), getattr(frame.groupby("k"), how)())
    assert_eq(df.groupby("k")[["f", "I"]].mean(), frame.groupby("k")[["f", "I"]].mean())
    for key in ("f", "I", "s"):
        assert_eq(df.groupby(key)["k"].sum(), frame.groupby(key)["k"].sum())
        assert_eq(df.groupby(key, dropna=False)["k"].sum(), frame.groupby(key, dropna=False)["k"].sum())


def test_sums_overflow_as_in_pandas_and_means_do_not():
    frame = pd.DataFrame({"k": [1, 1, 1, 2], "x": [2**62, 2**62, 2**62, 1]})
    for df in cuttings(frame):
        assert_eq(df.groupby("k")["x"].sum(), frame.groupby("k")["x"].sum())
        assert_eq(df.groupby("k")["x"].mean(), frame.groupby("k")["x"].mean())


@pytest.mark.slow
@pytest.mark.parametrize("parts", [127, 128, 129])
def test_many_partitions(parts):
    rng = np.random.default_rng(parts)
    frame = pd.DataFrame({"k": rng.integers(0, 40, 600), "x": rng.normal(size=600), "n": rng.integers(0, 9, 600)})
    df = cut(frame, sorted([0, *rng.integers(0, 600, parts - 1).tolist(), 600]))
    spec = {"x": ["mean", "std", "first", "last"], "n": ["sum", "nunique"]}
    left = df.groupby("k", sort=False).agg(spec).compute(scheduler="sync")
    pd.testing.assert_frame_equal(left, frame.groupby("k", sort=False).agg(spec))


def test_names_that_are_not_there():
    df = dd.from_pandas(pd.DataFrame({"g": [1], "delay": [2]}), npartitions=1)
    with pytest.raises(AttributeError, match="no such method, and no column 'delai'; the nearest is 'delay'"):
        df.groupby("g").delai
    with pytest.raises(AttributeError, match=r"ngroups isn't built in minidask: apply\(func\)"):
        df.groupby("g").ngroups


@pytest.mark.parametrize("by", ["k", ["k"], ["k", "s"]])
@pytest.mark.parametrize("options", [{}, {"dropna": False}, {"sort": False}, {"as_index": False}])
def test_iterating_gives_keys_and_lazy_groups(by, options):
    frame = pd.DataFrame({"k": [2.0, 1, np.nan, 2, 1], "s": list("abaab"), "x": range(5)})
    for npartitions in (1, 2, 5):
        df = dd.from_pandas(frame, npartitions=npartitions)
        expected = list(frame.groupby(by, **options))
        found = list(df.groupby(by, **options))
        assert repr([key for key, _ in found]) == repr([key for key, _ in expected])
        for (_, group), (_, rows) in zip(found, expected, strict=True):
            assert_eq(group, rows)
        for (_, group), (_, rows) in zip(df.groupby(by)["x"], frame.groupby(by)["x"], strict=True):
            assert_eq(group, rows)


def test_bins_of_time_are_not_iterated_over():
    frame = pd.DataFrame({"t": pd.date_range("2020", periods=3), "x": 1})
    groups = dd.from_pandas(frame, npartitions=2).groupby(pd.Grouper(key="t", freq="D"))
    with pytest.raises(NotImplementedError, match="iterating over bins of time isn't built: use resample"):
        list(groups)


def test_a_key_that_is_several_columns_raises_as_in_pandas():
    frame = pd.DataFrame([[1, 2, 3]], columns=["k", "k", "x"])
    for groups in (frame.groupby, dd.from_pandas(frame, npartitions=1).groupby):
        with pytest.raises(ValueError, match="Grouper for 'k' not 1-dimensional"):
            groups("k").median()
