from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.optimize import project_columns
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
FRAME.index = pd.Index(np.arange(len(FRAME)) * 2, name="idx")
CUT = [cuttings(FRAME)[at] for at in (1, 3)]

CASES = {
    "median": lambda d: d.groupby("g")[["i", "f", "I", "t"]].median(),
    "median series": lambda d: d.groupby("s").f.median(),
    "median sort False": lambda d: d.groupby("s", sort=False, dropna=False).f.median(),
    "median as_index": lambda d: d.groupby(["s", "g"], as_index=False)[["f", "i"]].median(),
    "median cat obs": lambda d: d.groupby("c", observed=False).f.median(),
    "median cat": lambda d: d.groupby(["c", "s"]).f.median(),
    "quantile": lambda d: d.groupby("g")[["i", "f"]].quantile(0.3),
    "skew": lambda d: d.groupby("g").f.skew(),
    "cov": lambda d: d.groupby("g")[["i", "f"]].cov(),
    "cov sort": lambda d: d.groupby("s", sort=False)[["i", "f"]].cov(),
    "corr": lambda d: d.groupby("g")[["i", "f", "b"]].corr(),
    "value_counts": lambda d: d.groupby("g").s.value_counts(),
    "value_counts c": lambda d: d.groupby("g").c.value_counts(),
    "value_counts norm": lambda d: d.groupby("s").g.value_counts(normalize=True),
    "value_counts f": lambda d: d.groupby("s")[["g", "b"]].value_counts(),
    "agg median": lambda d: d.groupby("g").agg({"f": ["median", "sum"], "i": "first"}),
    "agg callable": lambda d: d.groupby("g").agg({"f": lambda s: s.max() - s.min(), "i": ["sum", np.median]}),
    "agg named": lambda d: d.groupby("s").agg(a=("f", "median"), b=pd.NamedAgg("i", "max")),
    "agg namedagg": lambda d: d.groupby("s").agg(b=pd.NamedAgg("i", "max")),
    "mean of dates": lambda d: d.groupby("g")[["d", "t"]].mean(),
    "std of durations": lambda d: d.groupby("g").t.std(),
    "agg mean of dates": lambda d: d.groupby("g").agg({"d": "mean", "f": "sum"}),
    "apply scalar": lambda d: d.groupby("g").apply(lambda x: x.f.sum() + len(x)),
    "apply frame": lambda d: d.groupby("g").apply(lambda x: x.sort_values("f").head(2)),
    "apply frame nokeys": lambda d: d.groupby("g", group_keys=False).apply(lambda x: x.sort_values("f").head(2)),
    "apply like nokeys": lambda d: d.groupby("g", group_keys=False)[["f", "i"]].apply(lambda x: x * 2),
    "apply like": lambda d: d.groupby("g")[["f", "i"]].apply(lambda x: x * 2),
    "apply series": lambda d: d.groupby("s").f.apply(lambda x: x.nlargest(2)),
    "apply row": lambda d: d.groupby("s")[["f", "i"]].apply(lambda x: x.max()),
    "apply sort": lambda d: d.groupby("s", sort=False, dropna=False).apply(lambda x: len(x)),
    "apply multi": lambda d: d.groupby(["s", "g"]).apply(lambda x: x[["f"]].iloc[:1]),
    "apply series scalar": lambda d: d.groupby("s").f.apply(np.nanmax),
    "transform": lambda d: d.groupby("g")[["f", "i"]].transform(lambda x: x - x.mean()),
    "transform mean": lambda d: d.groupby("s").f.transform("mean"),
    "transform dropna": lambda d: d.groupby("s", dropna=False).i.transform("sum"),
    "shift": lambda d: d.groupby("g").shift(1),
    "shift s": lambda d: d.groupby("s").i.shift(-2),
    "shift fill": lambda d: d.groupby("g").i.shift(1, fill_value=7),
    "ffill": lambda d: d.groupby("g").ffill(),
    "bfill": lambda d: d.groupby("g").f.bfill(limit=1),
    "cumsum": lambda d: d.groupby("g")[["i", "f", "I"]].cumsum(),
    "cumprod": lambda d: d.groupby("g").f.cumprod(),
    "cumcount": lambda d: d.groupby("s").cumcount(),
    "cumcount d": lambda d: d.groupby(["s", "g"]).cumcount(ascending=False),
    "cummax": lambda d: d.groupby("g").i.cummax(),
    "rank": lambda d: d.groupby("g").f.rank(),
    "diff": lambda d: d.groupby("g").f.diff(),
    "assign back": lambda d: d.assign(z=d.groupby("g").f.transform("mean")),
    "rolling": lambda d: d.groupby("g")[["f", "i"]].rolling(2).mean(),
    "rolling s": lambda d: d.groupby("s").i.rolling(3, min_periods=1).sum(),
    "series by": lambda d: d["f"].groupby(d["g"]).median(),
    "series shift": lambda d: d["f"].groupby(d["g"]).shift(),
    "filtered": lambda d: d[d.i > 0].groupby("g").f.transform("sum"),
    "filtered away": lambda d: d[d.i > 100].groupby("g")[["f", "i"]].median(),
    "filtered keys tr": lambda d: d.groupby(d["g"][d["i"] > 0]).f.shift(),
    "nunique": lambda d: d.groupby("g").nunique(),
    "float key": lambda d: d.groupby("f", dropna=False).i.median(),
    "Int key": lambda d: d.groupby("I", dropna=False).i.median(),
    "date key": lambda d: d.groupby("d").i.median(),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    expected = CASES[case](FRAME)
    for df in CUT:
        assert_eq(CASES[case](df), expected)


def test_one_partition():
    df = dd.from_pandas(FRAME, npartitions=1)
    for case in ("median", "apply frame", "shift", "rolling", "assign back"):
        assert_eq(CASES[case](df), CASES[case](FRAME))


def test_keys_with_missing_rows():
    def call(d):
        return d.groupby(d["g"][d["i"] > 0])["f"].median()

    # Whether keys turn to floats, having missing values, isn't known beforehand.
    assert_eq(call(CUT[1]), call(FRAME), check_meta=False)


OPERATIONS = {
    "median": lambda g: g.median(),
    "head": lambda g: g.head(1),
    "tail": lambda g: g.tail(2),
    "idxmax": lambda g: g.idxmax(),
    "cumsum": lambda g: g.cumsum(),
    "shift": lambda g: g.shift(),
    "apply": lambda g: g.apply(len),
    "apply rows": lambda g: g.apply(lambda x: x.head(1)),
    "rolling": lambda g: g.rolling(2, min_periods=1).sum(),
    "nunique": lambda g: g.nunique(),
    "lambda": lambda g: g.agg(lambda s: s.sum()),
}


@pytest.mark.slow
@few
@given(
    cut_frames(),
    st.sampled_from(["i", "f", "b", "s", "d", "c", "I", ["b", "s"], ["c", "i"]]),
    st.sampled_from(sorted(OPERATIONS)),
    st.sampled_from([{}, {"dropna": False}, {"sort": False}, {"sort": False, "dropna": False}]),
)
def test_any_frame(pair, key, operation, options):
    frame, df = pair
    frame, df = frame.assign(v=frame["f"] / 1e8, w=frame["i"]), df.assign(v=df["f"] / 1e8, w=df["i"])
    call = OPERATIONS[operation]
    try:
        expected = call(frame.groupby(key, **options)[["v", "w"]])
    except (ValueError, TypeError, IndexError):
        return
    if len(expected):
        # Whether integers turn to floats depends on whether there are rows of no group.
        exact = operation not in ("shift", "cumsum")
        got = call(df.groupby(key, **options)[["v", "w"]])
        assert_eq(got, expected, atol=1e-12, check_dtype=exact, check_meta=exact)


@pytest.mark.slow
@pytest.mark.parametrize(("parts", "how"), [(127, "median"), (128, "cumsum"), (129, "median"), (260, "median")])
def test_many_partitions(parts, how):
    rng = np.random.default_rng(parts)
    frame = pd.DataFrame({"k": rng.integers(0, 9, 300), "x": rng.normal(size=300)})
    df = cut(frame, sorted([0, 0, *rng.integers(0, 300, parts - 2).tolist(), 300]))
    assert df.npartitions == parts
    actual = getattr(df.groupby("k")["x"], how)().compute(scheduler="sync")
    pd.testing.assert_series_equal(actual, getattr(frame.groupby("k")["x"], how)())


def test_rows_stay_in_their_partitions():
    df = dd.from_pandas(FRAME, npartitions=3)
    moved = df.groupby("g")["f"].transform("mean")
    assert moved.divisions == df.divisions
    assert_eq(df["f"] - moved, FRAME["f"] - FRAME.groupby("g")["f"].transform("mean"))


def test_columns_that_are_no_strings():
    frame = pd.DataFrame({0: [1, 2, 1, 2], ("a", 1): [1.0, 2, 3, 5], None: [4, 3, 2, 1]})
    df = dd.from_pandas(frame, npartitions=3)
    for call in (
        lambda d: d.groupby(0).median(),
        lambda d: d.groupby(0).shift(),
        lambda d: d.groupby(0).head(1),
        lambda d: d.groupby(0).apply(lambda x: x.iloc[:1]),
        lambda d: d.groupby(0).sum(),
    ):
        assert_eq(call(df), call(frame))


def test_only_needed_columns_are_read():
    df = dd.from_pandas(FRAME.reset_index(drop=True), npartitions=2)
    for lazy in (df.groupby("g")["f"].median(), df.groupby("g")["f"].shift(), df.groupby("g")["f"].head(1)):
        plan = project_columns(lazy.dask, lazy.__dask_keys__())
        (source,) = [layer for layer in plan.layers.values() if not layer.inputs]
        assert set(source.parts.columns) == {"f", "g"}


def test_meta_given():
    df = CUT[0]
    call = df.groupby("g")["f"].apply(lambda s: {"a": 1}[s.name] if s.name == "a" else len(s), meta=("f", "int64"))
    assert call.compute().tolist() == FRAME.groupby("g")["f"].size().tolist()


BAD = {
    "apply of nothing": (lambda df: df.groupby("g").apply(3), TypeError, "apply takes a function"),
    "apply that fails": (
        lambda df: df.groupby("g").apply(lambda x: x["nope"]),
        ValueError,
        "could not be inferred.*KeyError",
    ),
    "include_groups": (lambda df: df.groupby("g").apply(len, include_groups=True), ValueError, "no longer possible"),
    "apply as columns": (lambda df: df.groupby("g", as_index=False).apply(len), NotImplementedError, "as_index=True"),
    "transform": (lambda df: df.groupby("g").transform(3), TypeError, "transform takes a function"),
    "quantiles": (
        lambda df: df.groupby("g", as_index=False)["f"].quantile([0.1, 0.2]),
        NotImplementedError,
        "needs as_index=True",
    ),
    "quantile of a text": (lambda df: df.groupby("g")["f"].quantile("x"), TypeError, "q must be a number"),
    "quantile beyond": (lambda df: df.groupby("g")["f"].quantile([0.5, 1.5]), ValueError, r"in the interval \[0, 1\]"),
    "skipna of counts": (lambda df: df.groupby("g")["f"].nunique(skipna=False), TypeError, "nunique has no skipna"),
    "dropna of sums": (lambda df: df.groupby("g")["f"].sum(dropna=False), TypeError, "sum has no dropna"),
    "keyword": (
        lambda df: df.groupby("g")["f"].sum(axis=1),
        TypeError,
        r"SeriesGroupBy\.sum\(\) got an unexpected keyword",
    ),
    "bins": (lambda df: df.groupby("g")["f"].value_counts(bins=3), NotImplementedError, "by group isn't built"),
    "change with freq": (lambda df: df.groupby("g")["f"].pct_change(freq="D"), NotImplementedError, "use apply"),
    "change filled": (lambda df: df.groupby("g")["f"].pct_change(fill_method="ffill"), ValueError, "must be None"),
    "counts of keys": (
        lambda df: df.groupby("g").value_counts(["g"]),
        ValueError,
        "cannot be in the groupby column keys",
    ),
    "describe": (lambda df: df.groupby("g").describe, AttributeError, r"isn't built.* use agg\(\['count'"),
    "head": (lambda df: df.groupby("g").head(-1), NotImplementedError, "at least 0"),
    "head of text": (lambda df: df.groupby("g").head("2"), TypeError, "a number of rows"),
    "get_group": (lambda df: df.groupby(["g", "s"]).get_group(1), ValueError, "a tuple of 2 keys"),
    "median of strings": (lambda df: df.groupby("g")["s"].median(), TypeError, "median"),
    "shuffle method": (
        lambda df: df.groupby("g")["f"].median(shuffle_method="no"),
        ValueError,
        "unknown shuffle method",
    ),
    "split_out": (lambda df: df.groupby("g")["f"].median(split_out=0), ValueError, "split_out must be at least 1"),
    "split_out text": (lambda df: df.groupby("g")["f"].sum(split_out="2"), TypeError, "split_out must be"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[0])


def test_a_group_that_is_not_there_has_no_rows():
    assert len(CUT[0].groupby("g").get_group(99).compute()) == 0


@pytest.mark.parametrize("split_out", [3, True])
def test_results_in_several_partitions(split_out):
    df = CUT[0]
    lazy = df.groupby(["g", "s"])["f"].median(split_out=split_out)
    assert lazy.npartitions == 3
    assert_eq(lazy, FRAME.groupby(["g", "s"])["f"].median())


@pytest.mark.parametrize(
    "ask",
    [
        lambda d: d.groupby("c", observed=False)["x"].idxmin(),
        lambda d: d.groupby("c", observed=False)[["x", "y"]].idxmax(),
        lambda d: d.groupby("n", dropna=False)["x"].rolling(2).sum(),
        lambda d: d.groupby("n", dropna=False)[["x", "y"]].rolling(2).sum(),
        lambda d: d.groupby("k")["x"].quantile([0.25, 0.5]),
        lambda d: d.groupby(["k", "c"])[["x", "y"]].quantile((0.25, 0.5)),
        lambda d: d.groupby("k")["y"].nunique(dropna=False),
        lambda d: d.groupby("k")[["x", "y"]].nunique(dropna=False),
        lambda d: d.groupby("k")["y"].first(skipna=False),
        lambda d: d.groupby("k", as_index=False)[["x", "y"]].last(skipna=False),
        lambda d: d.groupby("k")["x"].kurt(),
        lambda d: d.groupby("k").pipe(lambda groups, how: getattr(groups["x"], how)(), "sum"),
        lambda d: d.groupby("k").pipe((lambda how, groups: getattr(groups["x"], how)(), "groups"), "sum"),
        lambda d: d.groupby("f", as_index=False)[["x", "f"]].sum(),
        lambda d: d.groupby("f", as_index=False)[["f"]].mean(),
        lambda d: d.groupby(["f", "k"], as_index=False)[["x", "f"]].max(),
    ],
)
def test_less_usual_questions(ask):
    frame = pd.DataFrame(
        {
            "c": pd.Categorical(["a", "b"] * 5),
            "n": pd.Categorical(["a", None, "a", "b", None, "b", "a", "b", "b", "a"]),
            "x": [3, 1, 2, 5, 4, 0, 7, 7, 1, 9],
            "y": [1.5, np.nan, 2, 2, 3, 1, np.nan, 2, 0, 1],
            "f": [1.0, 2, 1, 2, np.nan, 1, 2, 2, 1, 1],
            "k": list("ababababab"),
        }
    )
    for npartitions in (1, 3, 10):
        assert_eq(ask(dd.from_pandas(frame, npartitions=npartitions)), ask(frame))


@pytest.mark.parametrize("how", ["sum", "mean", "min", "last", "any", "var", "sem", "median", "skew"])
def test_skipna(how):
    frame = pd.DataFrame({"k": [1, 2, 1, 2, 3] * 3, "x": [1.0, np.nan, 3, 4, 5] * 3, "s": list("abcde") * 3})
    for df in cuttings(frame):
        for skipna in (True, False):
            expected = getattr(frame.groupby("k")["x"], how)(skipna=skipna)
            assert_eq(getattr(df.groupby("k")["x"], how)(skipna=skipna), expected)
            expected = getattr(frame.groupby("k", as_index=False)[["x"]], how)(skipna=skipna)
            assert_eq(getattr(df.groupby("k", as_index=False)[["x"]], how)(skipna=skipna), expected)
    assert_eq(
        df.groupby("k").sum(numeric_only=True, skipna=False), frame.groupby("k").sum(numeric_only=True, skipna=False)
    )
    assert_eq(
        df.groupby("k")["x"].sum(min_count=2, skipna=False), frame.groupby("k")["x"].sum(min_count=2, skipna=False)
    )


def test_pairs_by_other_methods_and_counts_of_some_columns():
    frame = pd.DataFrame({"k": [1, 2, 1, 2, 1] * 3, "x": [1.0, 5, 3, 4, 5] * 3, "y": [3.0, 1, 2, 2, 9] * 3})
    for df in cuttings(frame):
        assert_eq(df.groupby("k").corr(method="spearman"), frame.groupby("k").corr(method="spearman"))
        assert_eq(df.groupby("k").corr(min_periods=7), frame.groupby("k").corr(min_periods=7))
        assert_eq(df.groupby("k").cov(min_periods=7), frame.groupby("k").cov(min_periods=7))
        expected = frame.groupby("k").value_counts(["x"], sort=False).sort_index()
        assert df.groupby("k").value_counts(subset=["x"]).compute().sort_index().equals(expected)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "bool"])
@pytest.mark.parametrize("how", ["cumsum", "cumprod", "cummax", "cummin"])
def test_small_integers_beside_rows_of_no_group(dtype, how):
    keys = np.array([1.0, 2, 1, 1, np.nan, 1, 1, 2, 2, 2, 1])
    frame = pd.DataFrame({"k": keys, "x": np.array([100, 3, 100, 50, 7, 2, 3, 2, 99, 99, 4]).astype(dtype)})
    expected = getattr(frame.groupby("k")[["x"]], how)()
    for df in (dd.from_pandas(frame, npartitions=1), cut(frame, [0, 0, 3, 3, 7, 11, 11])):
        pd.testing.assert_frame_equal(getattr(df.groupby("k")[["x"]], how)().compute(), expected)
        pd.testing.assert_series_equal(df.groupby("k")["x"].transform(how).compute(), expected["x"])
    whole = frame.dropna()
    for df in (dd.from_pandas(whole, npartitions=1), dd.from_pandas(whole, npartitions=5)):
        assert_eq(getattr(df.groupby("k")[["x"]], how)(), getattr(whole.groupby("k")[["x"]], how)(), check_dtype=False)


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64"])
def test_products_beside_rows_of_no_group_are_floats_before_they_wrap(dtype):
    keys = ["a", "b", None, "a", "b", "a", "b", "a"]
    frame = pd.DataFrame({"k": keys, "x": np.full(8, 2_000_000_000, dtype=dtype), "y": np.arange(8)})
    expected = frame.groupby("k").cumprod()
    assert expected["x"].max() > 1e36
    for df in (dd.from_pandas(frame, npartitions=3), cut(frame, [0, 0, 2, 2, 3, 8, 8])):
        pd.testing.assert_frame_equal(df.groupby("k").cumprod().compute(), expected)
        pd.testing.assert_frame_equal(df.groupby("k")[["x"]].cumprod().compute(), expected[["x"]])
    there = frame.dropna()
    assert_eq(dd.from_pandas(there, npartitions=3).groupby("k").cumsum(), there.groupby("k").cumsum())


def test_rolling_windows_with_keys_as_columns():
    frame = pd.DataFrame({"k": [1, None, 1, 2.0, 1], "s": list("abaab"), "x": [1, 2, 3, 4, 5], "f": [1.0, 2, 3, 4, 6]})
    for df in cuttings(frame):
        for keys in ("k", ["k", "s"]):
            for columns in ("x", ["x", "f"]):
                expected = frame.groupby(keys, as_index=False)[columns].rolling(2, min_periods=1).sum()
                assert_eq(df.groupby(keys, as_index=False)[columns].rolling(2, min_periods=1).sum(), expected)


@pytest.mark.parametrize("how", ["first", "max", "any"])
def test_booleans_beside_rows_of_no_group_stay_booleans(how):
    frame = pd.DataFrame({"k": [None, 1, 2, None, 1, 1], "b": [True, False, True, True, True, False]})
    expected = frame.groupby("k")["b"].transform(how)
    assert expected.dtype == object
    for n in (1, 2, 3):
        result = dd.from_pandas(frame, npartitions=n).groupby("k")["b"].transform(how).compute()
        pd.testing.assert_series_equal(result, expected)
        assert {type(each) for each in result} == {type(each) for each in expected}


def test_rows_of_no_group_stay_where_nothing_is_shifted():
    frame = pd.DataFrame({"k": [None, None, 2, 2.0], "x": [1, 2, 3, 4]})
    for n in (1, 2, 4):
        assert_eq(dd.from_pandas(frame, npartitions=n).groupby("k").shift(0), frame.groupby("k").shift(0))


def test_names_of_values_that_a_function_returns_as_they_are():
    frame = pd.DataFrame({"k": [True, False] * 3, "x": range(6)})
    for n in (1, 3):
        groups = dd.from_pandas(frame, npartitions=n).groupby("k", group_keys=False)["x"]
        expected = frame.groupby("k", group_keys=False)["x"].apply(lambda values: values)
        pd.testing.assert_series_equal(groups.apply(lambda values: values).compute(), expected)
