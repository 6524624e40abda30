from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.elementwise import astype_columns
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
CUT = cuttings(FRAME)

CASES = {
    "abs": lambda df: df[["i", "f"]].abs(),
    "round": lambda df: df["f"].round(1),
    "round columns": lambda df: df[["f", "i"]].round({"f": 2}),
    "isna": lambda df: df.isna(),
    "isnull": lambda df: df["s"].isnull(),
    "notna": lambda df: df["f"].notna(),
    "missing": lambda df: df.isna().sum(),
    "astype": lambda df: df.astype({"i": "float32", "g": "str"}),
    "astype of a Series": lambda df: df["i"].astype("Int64"),
    "astype, then less": lambda df: df.astype({"i": "float32", "g": "str"})[["g", "f"]],
    "fillna": lambda df: df["f"].fillna(0),
    "fillna by column": lambda df: df[["f", "s"]].fillna({"f": 0, "s": "?"}),
    "fillna by column, then less": lambda df: df.fillna({"f": 0, "s": "?"})["f"],
    "fillna with a Series": lambda df: df["f"].fillna(df["i"]),
    "fillna with a lazy scalar": lambda df: df["f"].fillna(df["f"].mean()),
    "fillna with lazy means": lambda df: df[["i", "f"]].fillna(df[["i", "f"]].mean()),
    "fillna of Int64": lambda df: df["I"].fillna(3),
    "isin": lambda df: df["i"].isin([1, 2]),
    "isin a set": lambda df: df["i"].isin({1, 2}),
    "isin with None": lambda df: df["s"].isin(["x", None]),
    "isin a Series": lambda df: df["i"].isin(pd.Series([1, 2])),
    "isin of a frame": lambda df: df[["i", "g"]].isin({"i": [1], "g": [2]}),
    "clip": lambda df: df["f"].clip(0, 1),
    "clip below": lambda df: df[["i", "f"]].clip(lower=0),
    "replace": lambda df: df["i"].replace({1: 5, 2: 6}),
    "replace lists": lambda df: df["i"].replace([1, 2], 0),
    "replace by column": lambda df: df[["i", "g"]].replace({"i": {1: 9}}),
    "replace expressions": lambda df: df["s"].replace("^x", "q", regex=True),
    "where": lambda df: df["f"].where(df["i"] > 0),
    "where, a value": lambda df: df["i"].where(df["i"] > 0, 0),
    "where, a Series": lambda df: df["f"].where(df["i"] > 0, df["g"]),
    "where of strings": lambda df: df["s"].where(df["b"], "q"),
    "where of frames": lambda df: df[["f", "i"]].where(df[["f", "i"]] > 0, 0),
    "mask": lambda df: df["f"].mask(df["i"] > 0, -1),
    "dropna": lambda df: df.dropna(),
    "dropna of columns": lambda df: df.dropna(subset=["f", "s"], how="all"),
    "dropna of a column, then less": lambda df: df.dropna(subset="f")["i"],
    "dropna by threshold": lambda df: df.dropna(thresh=8),
    "dropna of a Series": lambda df: df["s"].dropna(),
    "prefix": lambda df: df.add_prefix("p_"),
    "suffix": lambda df: df.add_suffix("_s")["f_s"],
    "index": lambda df: df.index,
    "sorted result": lambda df: df.groupby("g")["f"].mean().sort_values(ascending=False),
    "sorted index": lambda df: df.groupby("g")["f"].mean().sort_index(ascending=False),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        assert_eq(CASES[case](df), CASES[case](FRAME))


@pytest.mark.parametrize("drop", [False, True])
def test_reset_index_numbers_each_partition(drop):
    for df in CUT:
        result = df.reset_index(drop=drop)
        assert not result.known_divisions
        assert_eq(result, FRAME.reset_index(drop=drop), check_index=False)
    assert CUT[1].reset_index(drop=True).get_partition(1).compute().index[0] == 0


def test_rows_numbered_anew_are_other_rows():
    df = CUT[3]
    with pytest.raises(ValueError, match="come from different data"):
        df.reset_index(drop=True)["i"] + df["i"]


BAD = {
    "astype of an unknown column": (lambda df: df.astype({"ii": "int"}), KeyError, "no column 'ii'"),
    "astype of an unknown dtype": (lambda df: df.astype("nope"), TypeError, "nope"),
    "astype of a Series by dict": (lambda df: df["i"].astype({"i": "int"}), TypeError, "one dtype, not to a dict"),
    "fillna without a value": (lambda df: df.fillna(), ValueError, "fillna needs a value"),
    "fillna across columns": (lambda df: df.fillna(0, axis=1), NotImplementedError, "along the index"),
    "fillna with rows": (lambda df: df["f"].clear_divisions().fillna(FRAME["f"]), TypeError, "in memory"),
    "isin of a collection": (
        lambda df: df["i"].isin(df["g"]),
        TypeError,
        "call .compute\\(\\) on them first, or merge",
    ),
    "isin of a scalar": (lambda df: df["i"].isin(1), TypeError, "only list-like"),
    "clip by a list": (lambda df: df["i"].clip([1] * 23), TypeError, "list of values, one a row"),
    "clip columns by rows": (lambda df: df[["i", "g"]].clip(df["i"]), ValueError, "needs axis=0"),
    "where of nothing lazy": (
        lambda df: df.where([True]),
        TypeError,
        "condition that is a collection of the same rows",
    ),
    "dropna of an unknown column": (lambda df: df.dropna(subset=["nope"]), KeyError, "no column 'nope'"),
    "dropna with another keyword": (lambda df: df.dropna(inplace=True), NotImplementedError, "assign the result"),
    "dropna of columns": (lambda df: df.dropna(axis=1), NotImplementedError, "drops rows"),
    "an index": (lambda df: setattr(df, "index", df.index), AttributeError, "use set_index"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1])


def test_bounds_that_are_rows():
    for df in cuttings(FRAME):
        n, m = df[["i", "g"]], FRAME[["i", "g"]]
        assert_eq(df["i"].clip(df["g"], 2), FRAME["i"].clip(FRAME["g"], 2))
        assert_eq(df["i"].clip(upper=df["g"].mean()), FRAME["i"].clip(upper=FRAME["g"].mean()))
        assert_eq(n.clip(df["g"], axis=0), m.clip(FRAME["g"], axis=0))
        assert_eq(n.clip([0, 1], 2, axis=1), m.clip([0, 1], 2, axis=1))
        assert_eq(df["i"].where(lambda s: s > 0, lambda s: -s), FRAME["i"].where(lambda s: s > 0, lambda s: -s))


def test_categories_that_partitions_find_are_unknown():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert not df["s"].astype("category").cat.known
    assert df["s"].astype(pd.CategoricalDtype(["x", "y"])).cat.known
    assert df["c"].astype("category").cat.known
    both = df.astype({"s": "category", "c": "category"})
    assert (both["s"].cat.known, both["c"].cat.known) == (False, True)
    # What is put together has the categories of all partitions, in the order in which they were found.
    assert_eq(df["s"].astype("category").astype("str"), FRAME["s"])


def test_astype_ignores_columns_that_were_taken_away():
    assert astype_columns(FRAME[["i"]], {"i": "float64", "f": "int64"}).dtypes.tolist() == ["float64"]


@pytest.mark.parametrize(
    "call",
    [
        lambda d: d["s"].replace("x", None),
        lambda d: d["i"].replace({1: 5}),
        lambda d: d["f"].where(d["f"] > 0, None),
        lambda d: d["f"].mask(d["f"] > 0, None),
        lambda d: d["s"].where(d["s"] == "x", np.nan),
        lambda d: d.dropna(how="all"),
        lambda d: d.dropna(subset=["f", "s"], how="all"),
        lambda d: d.dropna(thresh=8),
        lambda d: d["f"].dropna(),
        lambda d: d[["i", "f"]].add_prefix("p_", axis=1),
        lambda d: d[["i", "f"]].add_prefix("p_", axis=0),
        lambda d: d[["i", "f"]].add_suffix("_s", axis=0),
        lambda d: d["i"].add_suffix("_s"),
    ],
)
def test_arguments_as_in_pandas(call):
    frame = every_dtype()
    for df in cuttings(frame):
        assert_eq(call(df), call(frame))


def test_dropna_of_a_series_has_no_subset():
    with pytest.raises(TypeError, match="no subset and no thresh"):
        dd.from_pandas(pd.Series([1.0]), npartitions=1).dropna(subset=["x"])
    with pytest.raises(TypeError, match="cannot set both"):
        dd.from_pandas(pd.DataFrame({"x": [1.0]}), npartitions=1).dropna(how="any", thresh=1)


@pytest.mark.parametrize("npartitions", [1, 2, 3, 6])
def test_where_gives_one_dtype_wherever_holes_are(npartitions):
    df = pd.DataFrame({"u": np.array([5, 3, 200, 100, 250, 1], "u1"), "i": range(1, 7), "b": [True, False] * 3})
    lazy = dd.from_pandas(df, npartitions=npartitions)
    for change in (
        lambda d: d["u"].where(d["i"] > 1) * 2,
        lambda d: d["u"].mask(d["u"] == 5) - 201,
        lambda d: d["i"].where(d["i"] > 1).astype("str"),
        lambda d: d["b"].where(d["i"] > 1) + d["b"],
        lambda d: d[["u", "i"]].where(d[["u", "i"]] != 5) * 3,
        lambda d: d.mask(d["i"] == 6)[["u"]] * 2,
    ):
        assert_eq(change(lazy), change(df))
    # pandas looks whether there is a hole; the declared dtype holds.
    assert lazy["u"].where(lazy["i"] > 0).compute().dtype == lazy["u"].where(lazy["i"] > 0).dtype == "float64"


def test_dropna_numbers_rows():
    frame = pd.DataFrame({"x": [1.0, None, 3, None, 5], "y": range(5)})
    for n in (1, 2, 5):
        df = dd.from_pandas(frame, npartitions=n)
        assert_eq(df.dropna(ignore_index=True), frame.dropna(ignore_index=True))
        assert_eq(df["x"].dropna(ignore_index=True), frame["x"].dropna(ignore_index=True))


def test_a_mask_that_replaces_no_category():
    frame = pd.DataFrame({"x": [1.0, None, 3.0], "i": [1, 2, 3], "c": pd.Categorical(["u", "v", "u"])})
    for lazy in cuttings(frame):
        assert_eq(lazy.mask(lazy.isna(), 0), frame.mask(frame.isna(), 0))
    gone = frame.assign(c=frame["c"].where(frame["x"] > 1))
    with pytest.raises(TypeError, match="new category"):
        dd.from_pandas(gone, npartitions=2).mask(gone.isna(), 0).compute(scheduler="sync")


def test_prefixes_of_several_levels_and_missing_labels():
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["p", "q"]))
    lazy = dd.from_pandas(frame, npartitions=1)
    assert_eq(lazy.add_prefix("x_"), frame.add_prefix("x_"))
    assert_eq(lazy.add_suffix("_x"), frame.add_suffix("_x"))
    missing = frame.set_axis([1.5, float("nan")], axis=1)
    lazy = dd.from_pandas(missing, npartitions=1)
    assert_eq(lazy.add_prefix("x_"), missing.add_prefix("x_"))
    assert_eq(lazy.set_axis(["u", "v"]), missing.set_axis(["u", "v"], axis=1))


@pytest.mark.parametrize(
    "values", [[Decimal(1), Decimal("2.5"), Decimal(4)], [datetime.date(2020, 1, day) for day in (1, 2, 3)]]
)
def test_objects_that_are_no_texts_are_clipped(values):
    frame = pd.DataFrame({"o": pd.Series(values, dtype=object)})
    for lazy in cuttings(frame):
        assert_eq(lazy["o"].clip(values[1]), frame["o"].clip(values[1]))
