from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.reductions import ranks
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)
RANKED = ["i", "f", "I", "d", "t", "g"]
Q = [0, 0.1, 0.25, 0.5, 0.77, 1]
WAYS = ["linear", "lower", "higher", "midpoint", "nearest"]


@pytest.mark.slow
@pytest.mark.parametrize("column", RANKED)
def test_series(column):
    for df in CUT:
        assert_eq(df[column].median(), FRAME[column].median())
        assert_eq(df[column].median(skipna=False), FRAME[column].median(skipna=False))
        for way in WAYS:
            assert_eq(df[column].quantile(Q, interpolation=way), FRAME[column].quantile(Q, interpolation=way))
        assert_eq(df[column].quantile(0.3), FRAME[column].quantile(0.3))


CASES = {
    "median": lambda df: df[["i", "f", "I"]].median(),
    "median of numbers": lambda df: df.median(numeric_only=True),
    "median of dates": lambda df: df[["d"]].median(),
    "median with missing": lambda df: df[["i", "f"]].median(skipna=False),
    "median of booleans": lambda df: df["b"].median(),
    "medians of rows": lambda df: df[["i", "f"]].median(axis=1),
    "one": lambda df: df[["i", "f", "I"]].quantile(0.4),
    "several": lambda df: df[["i", "f", "I"]].quantile([0.4, 0.9]),
    "dates and numbers": lambda df: df[["d", "i", "t"]].quantile(0.4),
    "several of dates": lambda df: df[["d", "i", "t"]].quantile([0.4]),
    "lower": lambda df: df[["i", "I"]].quantile(0.4, interpolation="lower"),
    "none asked for": lambda df: df["i"].quantile([]),
    "as array": lambda df: df["f"].quantile(np.array([0.2, 0.8])),
    "rows": lambda df: df[["i", "f"]].quantile(0.3, axis=1),
    "equal labels": lambda df: df[["i", "i", "f"]].quantile([0.5]),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        assert_eq(CASES[case](df), CASES[case](FRAME))


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(["i", "f", "d", "I"]), st.floats(0, 1), st.sampled_from(WAYS))
def test_any_frame(pair, column, q, way):
    frame, df = pair
    assert_eq(df[column].quantile([q, 0.5], interpolation=way), frame[column].quantile([q, 0.5], interpolation=way))
    assert_eq(df[column].median(), frame[column].median())


@pytest.mark.slow
@pytest.mark.parametrize("partitions", [1, 2, 127, 129, 260])
def test_many_partitions(partitions):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=3000), "k": rng.integers(0, 5, 3000), "u": rng.integers(0, 2**62, 3000)})
    df = dd.from_pandas(frame, npartitions=partitions)
    assert_eq(df.quantile(Q), frame.quantile(Q))
    assert_eq(df.median(split_every=3), frame.median())


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", "Float64", "datetime64[us]", "timedelta64[s]"])
def test_nothing_there(dtype):
    series = pd.Series([], dtype=dtype, name="x")
    missing = pd.Series([None, None], dtype="float64" if dtype == "int64" else dtype, name="x")
    for each in (series, missing):
        df = dd.from_pandas(each, npartitions=1)
        assert_eq(df.quantile(0.5), each.quantile(0.5))
        assert_eq(df.quantile([0.5]), each.quantile([0.5]))
        assert_eq(df.median(), each.median())


def test_dtypes():
    zoned = pd.Series(pd.date_range("2020-01-01", periods=7, freq="h", tz="Europe/Paris"))
    short = pd.Series([1, 2, 3, 100], dtype="int8")
    single = pd.Series([1.5, 2.5, 3.5], dtype="float32")
    infinite = pd.Series([np.inf, 1.0, -np.inf, np.inf])
    unsigned = pd.Series([2**64 - 1, 0, 5], dtype="uint64")
    for series in (zoned, short, single, unsigned):
        df = dd.from_pandas(series, npartitions=3)
        assert_eq(df.quantile(Q), series.quantile(Q))
        assert_eq(df.median(), series.median())
    with np.errstate(invalid="ignore"):
        assert_eq(dd.from_pandas(infinite, npartitions=2).quantile([0, 0.3, 1]), infinite.quantile([0, 0.3, 1]))


def test_partitions_of_other_dtypes():
    frame = pd.DataFrame({"x": [1, 2, None, 4]})
    df = dd.from_map(
        pd.DataFrame, [{"x": [1, 2]}, {"x": [None, 4.0]}], meta=pd.DataFrame({"x": pd.Series([], dtype="int64")})
    )
    assert_eq(df["x"].median(), frame["x"].median())


@pytest.mark.parametrize("method", ["dask", "tdigest"])
def test_approximations(method):
    rng = np.random.default_rng(0)
    rows = 40_000
    frame = pd.DataFrame({"x": rng.normal(size=rows), "n": rng.integers(0, 10**6, rows)})
    frame["d"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(frame["n"], unit="s")
    df = dd.from_pandas(frame, npartitions=5)
    result = df[["x", "n"]].quantile(Q, method=method).compute()
    assert list(result.index) == Q
    for label in ("x", "n"):
        found = np.searchsorted(np.sort(frame[label]), result[label]) / rows
        assert abs(found - Q).max() < 0.002
    middle = df["d"].quantile(0.5, method=method).compute()
    assert abs(middle - frame["d"].median()) < pd.Timedelta(3000, unit="s")
    assert_eq(df["d"].quantile([0.5], method=method).dtype, frame["d"].dtype)
    assert abs(df["x"].median_approximate(method=method).compute() - frame["x"].median()) < 0.02
    assert abs(df[["x"]].median_approximate(method=method).compute() - frame[["x"]].median()).max() < 0.02


def test_small_data_are_exact_by_any_method():
    for method in ("dask", "tdigest"):
        for df in CUT:
            assert_eq(df[["i", "f"]].quantile(Q, method=method), FRAME[["i", "f"]].quantile(Q))
            assert_eq(df["I"].quantile(Q, method=method), FRAME["I"].quantile(Q))


def test_only_needed_columns_are_read():
    seen = []

    class Reader:
        columns = ("x", "y")

        def project(self, columns):
            seen.append(columns)
            return Reader()

        def __call__(self, part):
            return pd.DataFrame({"x": [part, part + 1], "y": 0})

    df = dd.from_reader(Reader(), [1, 2], pd.DataFrame({"x": [0], "y": [0]}), token="reader")
    assert df["x"].median().compute(scheduler="sync") == 2
    assert seen == [("x",)]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df.quantile(1.5), ValueError, r"percentiles should all be in the interval \[0, 1\]"),
        (lambda df: df["i"].quantile("half"), TypeError, "q must be a number in 0..1"),
        (lambda df: df["i"].quantile([[0.5]]), ValueError, "flat list"),
        (lambda df: df["s"].quantile(), TypeError, "quantile needs numbers, dates or durations.*'s' is str"),
        (lambda df: df["b"].quantile(), TypeError, "is bool"),
        (lambda df: df.median(), TypeError, "median needs numbers.*numeric_only=True"),
        (lambda df: df["c"].median(), TypeError, "is category"),
        (lambda df: df["i"].quantile(method="guess"), ValueError, "method must be one of default, exact"),
        (lambda df: df["i"].quantile(interpolation="cubic"), ValueError, "interpolation must be one of"),
        (lambda df: df["i"].quantile(method="tdigest", interpolation="lower"), ValueError, "interpolates linearly"),
        (lambda df: df[["i"]].quantile([0.5], axis=1), NotImplementedError, "takes one q"),
        (lambda df: df["i"].median(axis=1), ValueError, "axis must be 0 or 1"),
        (lambda df: df["i"].median(skipna=None), ValueError, "skipna must be True or False"),
        (lambda df: df["i"].median(split_every=1), ValueError, "split_every must be"),
        (lambda df: df["i"].median(split_every=True), TypeError, "split_every must be"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])


def test_cut_alone():
    frame = pd.DataFrame({"x": [3.0, None, 1.0, 2.0]})
    assert_eq(cut(frame, [0, 0, 2, 2, 4, 4])["x"].quantile(Q), frame["x"].quantile(Q))


def test_what_the_samples_miss_is_found_all_the_same(monkeypatch):
    monkeypatch.setattr(ranks, "SURE", 0.0)
    frame = pd.DataFrame({"x": np.random.default_rng(3).normal(size=9000)})
    df = dd.from_pandas(frame, npartitions=3)
    q = np.linspace(0, 1, 41)
    assert_eq(df["x"].quantile(q), frame["x"].quantile(q))


def test_dtypes_of_nullable_integers_follow_the_values():
    for values in ([1, 3, None], [1, 2, None], [1, 3], [None, 7]):
        series = pd.Series(values, dtype="Int64")
        df = dd.from_pandas(series, npartitions=2)
        for q in ([0.5], [0, 0.5]):
            assert_eq(df.quantile(q), series.quantile(q))


def test_the_method_of_an_approximate_median_comes_first():
    s = dd.from_pandas(pd.Series(range(101)), npartitions=3)
    assert abs(s.median_approximate("tdigest").compute() - 50) < 1
