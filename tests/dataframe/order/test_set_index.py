from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.order.set_index import Wanted, common_categories
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, every_dtype, few

SORTED = pd.DataFrame({"k": [1, 2, 2, 3, 5, 5, 8], "x": range(7)})
ROWS = 90


def frame_of_keys() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    whole = rng.integers(0, 30, ROWS)
    return pd.DataFrame(
        {
            "int": whole,
            "float": whole / 4,
            "holes": np.where(rng.random(ROWS) < 0.2, np.nan, whole),
            "str": pd.Series(list("abcdefghij"), dtype="str").take(rng.integers(0, 10, ROWS)).array,
            "none": pd.Series(rng.choice(["x", "y", "zz", None], ROWS), dtype="str"),
            "date": pd.Timestamp("2015-01-01") + pd.to_timedelta(whole, unit="h"),
            "nat": pd.to_datetime(rng.choice(["2015-01-01", "2016-01-01", None], ROWS)),
            "zone": (pd.Timestamp("2015-03-29") + pd.to_timedelta(whole, unit="h"))
            .tz_localize("UTC")
            .tz_convert("Europe/Berlin"),
            "span": pd.to_timedelta(whole, unit="s"),
            "Int64": pd.array(np.where(rng.random(ROWS) < 0.2, None, whole), dtype="Int64"),
            "bool": whole % 2 == 0,
            "category": pd.Categorical(np.array(list("abc"))[whole % 3], categories=["c", "a", "b", "unused"]),
            "sorted": pd.Categorical(np.array(list("abc"))[whole % 3]),
            "ordered": pd.Categorical(np.array(list("abc"))[whole % 3], categories=["b", "a", "c"], ordered=True),
            "x": np.arange(ROWS),
        }
    )


KEYS = frame_of_keys()


def expected(frame: pd.DataFrame, key: str, **kwargs) -> pd.DataFrame:
    return frame.set_index(key, **kwargs).sort_index(kind="stable")


@pytest.mark.parametrize("key", [key for key in KEYS if key != "x"])
@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_every_dtype_is_ordered_as_pandas_does(key, pieces):
    result = dd.from_pandas(KEYS, npartitions=pieces, sort=False).set_index(key)
    assert_eq(result, expected(KEYS, key))
    assert result.known_divisions or key in ("category", "ordered")


@pytest.mark.slow
def test_many_partitions_and_one_column():
    frame = pd.DataFrame({"k": np.random.default_rng(0).permutation(300) % 150, "x": range(300), "y": 1.0})
    for pieces in (128, 129):
        result = dd.from_pandas(frame, npartitions=pieces).set_index("k")
        assert result.npartitions <= pieces
        assert_eq(result["x"].compute(scheduler="sync"), expected(frame, "k")["x"])


def test_missing_categories_come_last():
    frame = pd.DataFrame({"k": pd.Categorical(["v", None, *"uuuu"], categories=["v", "u"]), "x": range(6)})
    assert_eq(dd.from_pandas(frame, npartitions=2).set_index("k"), frame.set_index("k").sort_index(kind="stable"))


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(["i", "f", "b", "s", "d", "c", "I"]), st.sampled_from([None, 1, 3, 40]))
def test_any_frame(both, key, npartitions):
    frame, df = both
    assert_eq(df.set_index(key, npartitions=npartitions), expected(frame, key))


def test_keys_by_series_keep_or_drop():
    df = cut(KEYS, [0, 10, 10, 50, 90])
    assert_eq(df.set_index("int", drop=False), expected(KEYS, "int", drop=False))
    assert_eq(df.set_index(["int"]), expected(KEYS, "int"))
    by = KEYS["int"] % 7
    assert_eq(df.set_index(df["int"] % 7), KEYS.set_index(by).sort_index(kind="stable"))


def test_partitions_are_of_about_equal_length():
    frame = pd.DataFrame({"k": np.random.default_rng(0).normal(size=40_000) ** 3})
    df = dd.from_pandas(frame, npartitions=8, sort=False)
    lengths = df.set_index("k").map_partitions(len).compute()
    assert len(lengths) == 8
    assert lengths.between(4000, 6000).all()
    assert df.set_index("k", npartitions=3).npartitions == 3
    assert df.set_index("k", upsample=0.01).npartitions <= 8


def test_number_of_partitions_by_bytes():
    df = dd.from_pandas(KEYS, npartitions=9, sort=False)
    assert df.set_index("int", npartitions="auto").npartitions == 1
    assert 1 < df.set_index("int", npartitions="auto", partition_size="5kB").npartitions <= 9


def test_only_the_key_is_read_to_find_divisions():
    read = []

    def part(at, columns=("k", "x")):
        read.append(tuple(columns))
        return pd.DataFrame({"k": [5 - at], "x": [at]})[list(columns)]

    class Reader:
        columns = ("k", "x")

        def __init__(self, columns=("k", "x")):
            self.columns = tuple(columns)

        def project_columns(self, columns):
            return Reader(columns)

        def __call__(self, at):
            return part(at, self.columns)

    df = dd.from_map(Reader(), range(3), meta=pd.DataFrame({"k": [1], "x": [1]}), token="reader")
    result = df.set_index("k")
    assert read == [("k",)] * 3
    assert result["x"].compute(scheduler="sync").tolist() == [2, 1, 0]


def test_partitions_in_order_stay_where_they_are():
    frame = pd.DataFrame({"k": [2, 1, 4, 3, 9, 8], "x": range(6)})
    result = cut(frame, [0, 2, 4, 6]).set_index("k")
    assert result.divisions == (1, 3, 8, 9)
    assert_eq(result, expected(frame, "k"))
    assert not any("shuffle" in name or "set-index-" in name for name in result.dask.layers)
    holes = pd.DataFrame({"k": [1, 2, np.nan, 4, 3, np.nan], "x": range(6)})
    for bounds in ([0, 2, 2, 6], [0, 3, 6], [0, 3, 5, 6]):
        assert_eq(cut(holes, bounds).set_index("k"), expected(holes, "k"))


def test_sorted_index():
    df = cut(SORTED, [0, 3, 6, 7]).set_index("k", sorted=True)
    assert df.divisions == (1, 3, 8, 8)
    assert_eq(df, SORTED.set_index("k"))
    assert_eq(cut(SORTED, [0, 3, 7]).set_index("k", sorted=True, drop=False), SORTED.set_index("k", drop=False))
    assert cut(SORTED, [0, 3, 6, 7]).set_index("k", sorted=True, npartitions=2).npartitions == 2


@pytest.mark.parametrize("bounds", [[0, 2, 7], [0, 0, 7], [0, 2, 2, 5, 7, 7], [0, 1, 2, 3, 4, 5, 6, 7]])
def test_values_on_both_sides_of_a_border_come_together(bounds):
    df = cut(SORTED, bounds).set_index("k", sorted=True)
    assert df.known_divisions
    assert_eq(df, SORTED.set_index("k"))
    assert_eq(cut(SORTED, bounds).set_index("k"), SORTED.set_index("k"))


def test_given_divisions():
    df = dd.from_pandas(KEYS, npartitions=3)
    result = df.set_index("int", divisions=[0, 10, 29])
    assert result.divisions == (0, 10, 29)
    assert_eq(result, expected(KEYS, "int"))
    with pytest.raises(ValueError, match=r"index values 20\.\.29 lie beyond 0\.\.25"):
        df.set_index("int", divisions=[0, 20, 25]).compute()
    pieces = cut(SORTED, [0, 3, 6, 7])
    assert_eq(pieces.set_index("k", sorted=True, divisions=(1, 3, 8, 8)), SORTED.set_index("k"))
    with pytest.raises(ValueError, match="the divisions that were given aren't true"):
        pieces.set_index("k", sorted=True, divisions=(1, 2, 8, 8)).compute()
    with pytest.raises(ValueError, match="the values don't ascend"):
        cut(SORTED.iloc[::-1], [0, 7]).set_index("k", sorted=True, divisions=(1, 8)).compute()


def test_without_sorting():
    df = dd.from_pandas(KEYS, npartitions=3).set_index("int", sort=False)
    assert not df.known_divisions
    assert_eq(df, KEYS.set_index("int"))


@pytest.mark.parametrize("dtype", ["int8", "uint16", "float32", "Int8"])
def test_small_numbers_stay_small(dtype):
    frame = pd.DataFrame({"k": np.array([3, 1, 2]), "x": range(3)}).astype({"k": dtype})
    df = cut(frame, [0, 0, 2, 3]).set_index("k")
    assert df.index.dtype == dtype
    assert_eq(df, frame.set_index("k").sort_index())


def test_nothing_to_order_by():
    frame = pd.DataFrame({"k": [np.nan] * 4, "x": range(4)})
    assert_eq(cut(frame, [0, 2, 4]).set_index("k"), frame.set_index("k"))
    assert_eq(cut(frame.iloc[:0], [0, 0, 0]).set_index("k"), frame.iloc[:0].set_index("k"))


def test_categories_that_differ():
    parts = [pd.DataFrame({"k": pd.Categorical(list(text)), "x": range(len(text))}) for text in ("ba", "cb", "da")]
    df = dd.from_map(parts.__getitem__, range(3), meta=parts[0].iloc[:0], token="differ")
    whole = pd.concat([part.astype({"k": "object"}) for part in parts])
    whole["k"] = pd.Categorical(whole["k"], categories=list("abcd"))
    assert_eq(df.set_index("k"), whole.set_index("k").sort_index(kind="stable"))
    assert common_categories([part["k"] for part in parts]).categories.tolist() == list("abcd")
    # One that is met early may come before others, in whatever order they were put together elsewhere.
    early = [pd.DataFrame({"k": pd.Categorical(list(text)), "x": range(len(text))}) for text in ("az", "mb")]
    df = dd.from_map(early.__getitem__, range(2), meta=early[0].iloc[:0], token="early")
    whole = df.compute(scheduler="sync")
    assert_eq(df.set_index("k"), whole.set_index("k").sort_index(kind="stable"))
    assert_eq(df.sort_values("k", ascending=False), whole.sort_values("k", ascending=False, kind="stable"))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df.set_index("nope"), KeyError, "no column 'nope'"),
        (lambda df: df.set_index("int", append=True), NotImplementedError, "several levels"),
        (lambda df: df.set_index(("int", "x")), NotImplementedError, "takes one column"),
        (lambda df: df.set_index(["int", "float"]), NotImplementedError, r"takes one column, got \['int', 'float'\]"),
        (lambda df: df.set_index(df), TypeError, "got a DataFrame"),
        (lambda df: df.set_index(KEYS["int"]), TypeError, "in memory"),
        (lambda df: df.set_index("int", npartitions=0), ValueError, "at least 1"),
        (lambda df: df.set_index("int", npartitions="many"), TypeError, "an integer or 'auto'"),
        (lambda df: df.set_index("int", upsample=0), ValueError, "upsample must be a positive number"),
        (lambda df: df.set_index("int", divisions="ab"), TypeError, "divisions must be a list"),
        (lambda df: df.set_index("int", divisions=[0]), ValueError, "at least two"),
        (lambda df: df.set_index("int", divisions=[9, 0]), ValueError, "ascending order"),
        (lambda df: df.set_index("int", divisions=[0, 0, 9]), ValueError, "must differ"),
        (lambda df: df.set_index("int", divisions=[None, None]), ValueError, "only None"),
        (lambda df: df.set_index("int", sorted=True), ValueError, "the values don't ascend"),
        (lambda df: df.set_index("int", sorted=True, divisions=(0, 9)), ValueError, "3 partitions need 4"),
        (lambda df: df.set_index("int", shuffle_method="magic"), ValueError, "unknown shuffle method"),
        (lambda df: df.set_index("int", shuffle="disk"), TypeError, "shuffle"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(dd.from_pandas(KEYS, npartitions=3))


def test_several_columns_of_one_name():
    frame = pd.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(ValueError, match="several columns 'x'"):
        dd.from_pandas(frame, npartitions=1).set_index("x")
    assert Wanted().count(dd.from_pandas(every_dtype(), npartitions=4)) == 4
