from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask
import minidask.dataframe as dd
from minidask.dataframe.joining.plan import Join
from minidask.dataframe.optimize import project_columns
from minidask.dataframe.reading import FrameSource
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)
SMALL = pd.DataFrame({"g": [0, 1, 1, 9], "n": ["zero", "one", "uno", "nine"], "i": [1, 2, 3, 4]})
PANDAS_HOWS = ["inner", "left", "right", "outer", "left_anti", "right_anti"]
WAYS = {"chosen": None, "broadcast": True, "shuffle": False}

COLUMNS = {
    "on": lambda df, other, **kw: df.merge(other, on="g", **kw),
    "common columns": lambda df, other, **kw: df[["g", "f"]].merge(other, **kw),
    "different names": lambda df, other, **kw: df.merge(
        other.rename(columns={"g": "h"}), left_on="g", right_on="h", **kw
    ),
    "two keys": lambda df, other, **kw: df.merge(other, on=["g", "i"], indicator=True, **kw),
    "fewer columns": lambda df, other, **kw: df.merge(other, on="g", **kw)[["i_x", "n"]],
    "one column": lambda df, other, **kw: df.merge(other, on="g", **kw)["n"],
    "the other's column": lambda df, other, **kw: df.merge(other, on="g", **kw)["i_y"],
    "one suffix": lambda df, other, **kw: df.merge(other, on="g", suffixes=("", "_r"), **kw)[["i", "f"]],
    "a key that gets a suffix": lambda df, other, **kw: df.merge(other, left_on="g", right_on="i", **kw)[["g_x", "n"]],
    "one of two keys of one name": lambda df, other, **kw: df.merge(
        other.rename(columns={"i": "j"}), left_on=["g", "i"], right_on=["g", "j"], **kw
    ),
}
INDEXES = {
    "right index": lambda df, other, **kw: df.merge(other.set_index("g"), left_on="g", right_index=True, **kw),
    "join on": lambda df, other, **kw: df.join(other.set_index("g")[["n"]], on="g", **kw),
    "join": lambda df, other, **kw: df.join(other[["n"]], **kw),
    "join with suffix": lambda df, other, **kw: df.join(other[["i"]], suffixes=("_l", ""), **kw),
    "left index": lambda df, other, **kw: df.merge(other, left_index=True, right_on="i", **kw),
}


def same(lazy, expected: pd.DataFrame) -> None:
    """Compare rows, in any order, and dtypes; all partitions are computed once, where assert_eq does each by itself."""
    assert_eq(lazy.compute(scheduler="sync"), expected, check_index=False, check_order=False)


def both(small: pd.DataFrame) -> list:
    """A pandas frame, and the same in one partition, in several, and with empty ones."""
    return [small, dd.from_pandas(small, npartitions=1), cut(small, [0, 0, 1, 3, 3, len(small)])]


SIDES = list(itertools.product(both(SMALL), WAYS.values()))


def distinct(collections) -> list:
    """Leave out those whose graph is that of one before: names stand for what is computed."""
    return list({one._name: one for one in collections}.values())


@pytest.mark.slow
@pytest.mark.parametrize("how", PANDAS_HOWS)
@pytest.mark.parametrize("case", list(COLUMNS))
def test_on_columns(case, how):
    expected = COLUMNS[case](FRAME, SMALL, how=how)
    for lazy in distinct(COLUMNS[case](CUT[3], other, how=how, broadcast=way) for other, way in SIDES):
        same(lazy, expected)
    assert_eq(COLUMNS[case](CUT[1], SMALL, how=how), expected, check_index=False, check_order=False)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
@pytest.mark.parametrize("case", list(INDEXES))
def test_on_an_index(case, how):
    expected = INDEXES[case](FRAME, SMALL, how=how)
    numbered = case.startswith("join") and "on" not in case
    for df, other in itertools.product(CUT, both(SMALL)[:1]):
        assert_eq(INDEXES[case](df, other, how=how), expected, check_order=False, check_index=numbered)


@pytest.mark.parametrize("how", PANDAS_HOWS)
def test_a_small_left_side(how):
    ways = itertools.product(CUT, WAYS.values())
    for lazy in distinct(dd.merge(SMALL, df, on="g", how=how, broadcast=way) for df, way in ways):
        same(lazy, pd.merge(SMALL, FRAME, on="g", how=how))


@pytest.mark.parametrize("how", PANDAS_HOWS)
def test_single_partitions_are_joined_by_pandas(how):
    left, right = dd.from_pandas(FRAME, npartitions=1), dd.from_pandas(SMALL, npartitions=1)
    assert_eq(left.merge(right, on="g", how=how), FRAME.merge(SMALL, on="g", how=how))


def test_cross():
    expected = FRAME[["i"]].merge(SMALL[["n"]], how="cross")
    for df, other in itertools.product(CUT, both(SMALL)):
        got = df[["i"]].merge(other[["n"]], how="cross").compute(scheduler="sync")
        assert_eq(got, expected, check_index=False)


@pytest.mark.parametrize("how", ["leftsemi", "leftanti"])
@pytest.mark.parametrize(
    "keys", [{"on": "g"}, {"left_on": "g", "right_on": "i"}, {"on": ["g", "i"]}, {"left_on": "g", "right_index": True}]
)
def test_rows_of_the_left_side_alone(how, keys):
    names = list(keys.get("on", keys.get("left_on", ())))
    there = SMALL.index if "right_index" in keys else SMALL[keys.get("right_on", keys.get("on"))]
    if isinstance(there, pd.DataFrame):
        wanted = pd.MultiIndex.from_frame(FRAME[names]).isin(pd.MultiIndex.from_frame(there))
    else:
        wanted = FRAME["g"].isin(there).to_numpy()
    expected = FRAME[wanted if how == "leftsemi" else ~wanted]
    for result in distinct(CUT[3].merge(other, how=how, broadcast=way, **keys) for other, way in SIDES):
        same(result, expected)
        same(result[["f"]], expected[["f"]])
    assert_eq(CUT[1].merge(SMALL, how=how, **keys), expected, check_index=False, check_order=False)


@pytest.mark.slow
@few
@given(
    cut_frames(),
    cut_frames(),
    st.sampled_from([["i"], ["s"], ["c"], ["I"], ["f"], ["d"], ["b"], ["i", "b"], ["s", "f"]]),
    st.sampled_from(PANDAS_HOWS),
    st.sampled_from([True, False]),
)
def test_any_keys_of_any_partitions(one, other, keys, how, way):
    (left, lazy_left), (right, lazy_right) = one, other
    right, lazy_right = [side[[*keys, "d" if "d" not in keys else "f"]] for side in (right, lazy_right)]
    result = lazy_left.merge(lazy_right, on=keys, how=how, broadcast=way)
    expected = left.merge(right, on=keys, how=how)
    # Which dtype missing values have follows from the rows that are there, of which a partition has fewer.
    assert_eq(result.compute(scheduler="sync"), expected, check_index=False, check_order=False, check_dtype=False)


KEYS = {
    "int": pd.Series([1, 2, 3, 3, 0]),
    "small int": pd.Series([1, 2, 3, 3, 0], dtype="int8"),
    "unsigned": pd.Series([1, 2, 3, 3, 0], dtype="uint64"),
    "float": pd.Series([1.0, 2.5, np.nan, 3.0, -0.0]),
    "Int64": pd.Series([1, 2, None, 3, 0], dtype="Int64"),
    "bool": pd.Series([True, False, True, True, False]),
    "str": pd.Series(["a", "b", None, "c", ""], dtype="str"),
    "object": pd.Series(["a", "b", None, "c", ""], dtype="object"),
    "category": pd.Series(["a", "b", None, "c", ""], dtype=pd.CategoricalDtype(["c", "b", "a", ""])),
    "other category": pd.Series(["a", "z", None, "c", ""], dtype="category"),
    "category of int": pd.Series([3, 1, 2, 1, 0], dtype="category"),
    "date": pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02", None, "2021-01-01", "2020-01-02"])),
    "date in ns": pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02", None, "2021-01-01", "2020-01-03"])).dt.as_unit(
        "ns"
    ),
    "zoned date": pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02", None, "2021-01-01", "2020-01-03"], utc=True)),
    "duration": pd.Series(pd.to_timedelta([1, 2, None, 3, 0], unit="s")),
}


NUMBERS = {"int", "small int", "unsigned", "float", "Int64", "bool", "category of int"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You are merging on int and float columns")
@pytest.mark.parametrize("how", ["inner", "outer"])
@pytest.mark.parametrize("first", list(KEYS))
def test_keys_of_different_dtypes(first, how):
    for second in KEYS:
        if {first, second} == {"unsigned", "Int64"} and how == "outer":
            # pandas itself fails where one of them has missing values only, as a partition may.
            continue
        left = pd.DataFrame({"k": KEYS[first], "a": range(5)})
        right = pd.DataFrame({"k": KEYS[second], "b": range(5)}).iloc[::-1]
        if (first in NUMBERS) != (second in NUMBERS) and {first, second} & {
            "str",
            "object",
            "category",
            "other category",
        }:
            with pytest.raises(ValueError, match="You are trying to merge"):
                cut(left, [0, 2, 5]).merge(cut(right, [0, 1, 5]), on="k", how=how)
            continue
        try:
            expected = left.merge(right, on="k", how=how)
        except (ValueError, TypeError) as error:
            with pytest.raises(type(error)):
                cut(left, [0, 2, 5]).merge(cut(right, [0, 1, 5]), on="k", how=how)
            continue
        for way, bounds in ((True, [0, 2, 5]), (False, [0, 0, 1, 5, 5])):
            result = cut(left, bounds).merge(cut(right, [0, 1, 5]), on="k", how=how, broadcast=way)
            got = result.compute(scheduler="sync")
            assert got["k"].dtype == expected["k"].dtype, (first, second)
            pd.testing.assert_frame_equal(in_order(got), in_order(expected))


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    # Which of its missing values an object column has follows from the order in which parts met.
    frame = frame.assign(k=frame["k"].fillna(pd.NA)) if frame["k"].dtype == "object" else frame
    return frame.sort_values(["a", "b"]).reset_index(drop=True)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 7, 127, 128, 129, 260])
@pytest.mark.parametrize("broadcast", [True, False])
def test_no_row_is_lost_whatever_the_number_of_partitions(count, broadcast):
    rows = 300
    left = pd.DataFrame({"k": np.arange(rows) * 7919 % 97, "a": np.arange(rows)})
    right = pd.DataFrame({"k": np.arange(rows) * 31 % 101, "b": np.arange(rows)})
    for how in ("inner", "outer"):
        expected = left.merge(right, on="k", how=how)
        result = dd.from_pandas(left, npartitions=count).merge(
            dd.from_pandas(right, npartitions=128 if count == 128 else 5), on="k", how=how, broadcast=broadcast
        )
        pd.testing.assert_frame_equal(in_order(result.compute(scheduler="sync")), in_order(expected))
    by_index = dd.from_pandas(left, npartitions=count).join(dd.from_pandas(right[["b"]], npartitions=128), how="outer")
    pd.testing.assert_frame_equal(by_index.compute(scheduler="sync"), left.join(right[["b"]], how="outer"))


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer", "leftsemi"])
def test_indexes_of_known_divisions_are_not_shuffled(how):
    left = pd.DataFrame({"a": range(12)}, index=[0, 1, 1, 3, 4, 5, 5, 5, 5, 8, 9, 9])
    right = pd.DataFrame({"b": range(8)}, index=[-3, 1, 5, 5, 6, 9, 9, 12])
    for n, m in itertools.product((2, 3, 5), (2, 4)):
        one, other = dd.from_pandas(left, npartitions=n), dd.from_pandas(right, npartitions=m)
        result = one.merge(other, left_index=True, right_index=True, how=how)
        assert result.known_divisions
        assert not any("shuffle" in name for name in result.optimize().dask.layers)
        if how == "leftsemi":
            assert_eq(result, left[left.index.isin(right.index)])
        else:
            expected = left.merge(right, left_index=True, right_index=True, how=how)
            assert_eq(result, expected, check_order=how != "right")


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
def test_an_index_of_known_divisions_and_a_column(how):
    left = pd.DataFrame({"a": range(9)}, index=pd.Index([0, 1, 1, 3, 4, 5, 5, 8, 9], name="id"))
    right = pd.DataFrame({"k": [9, 5, 5.0, -1, np.nan, 3, 77], "b": range(7)})
    one, other = dd.from_pandas(left, npartitions=4), cut(right, [0, 3, 3, 7])
    result = one.merge(other, left_index=True, right_on="k", how=how, broadcast=0)
    expected = left.merge(right, left_index=True, right_on="k", how=how)
    assert_eq(result, expected, check_index=False, check_order=False)
    swapped = other.merge(one, left_on="k", right_index=True, how=how, broadcast=0)
    assert_eq(swapped, right.merge(left, left_on="k", right_index=True, how=how), check_index=False, check_order=False)
    moved = [layer for layer in swapped.dask.layers.values() if "shuffle" in layer.name]
    assert len(moved) == 1


def test_order_of_the_side_that_stays():
    for df in CUT:
        for how in ("inner", "left"):
            assert_eq(df.merge(SMALL, on="g", how=how), FRAME.merge(SMALL, on="g", how=how), check_index=False)


def test_the_columns_that_are_needed_are_read_alone():
    merged = CUT[1].merge(dd.from_pandas(SMALL, npartitions=1), on="g")
    assert read(merged[["f", "n"]]) == [("f", "g"), ("g", "n")]
    assert read(merged["i_y"]) == [("g",), ("g", "i")]
    assert read(merged) == [None, None]
    assert read(CUT[1].merge(dd.from_pandas(SMALL, npartitions=1), on="g", how="leftsemi")) == [None, ("g",)]


def read(collection) -> list:
    plan = project_columns(collection.dask, collection.__dask_keys__())
    return [layer.parts.columns for layer in plan.layers.values() if isinstance(layer, FrameSource)]


def test_columns_for_others_do_not_get_in_the_way():
    left, right = CUT[1], cut(SMALL, [0, 2, 4])
    for way in WAYS.values():
        merged = left.merge(right, on="g", broadcast=way)
        # The frame is needed whole by another output, so that the join is given more columns than it asked for.
        names, rest = minidask.compute(merged["n"], left, scheduler="sync")
        assert sorted(names) == sorted(FRAME.merge(SMALL, on="g")["n"])
        assert_eq(rest, FRAME)


def test_optimised_or_not_by_any_way():
    for how, way in itertools.product(PANDAS_HOWS, WAYS.values()):
        lazy = CUT[3].merge(cut(SMALL, [0, 1, 4]), on="g", how=how, broadcast=way)
        one, other = [lazy.compute(scheduler="sync", optimize_graph=flag) for flag in (True, False)]
        pd.testing.assert_frame_equal(one, other)


def test_a_join_by_the_same_keys_moves_nothing_again():
    left, right, third = [
        dd.from_pandas(pd.DataFrame({"k": range(40), name: range(40)}), npartitions=4) for name in "abc"
    ]
    first = left.merge(right, on="k", broadcast=False)
    first = first[first["a"] > 3].assign(d=first["b"] + 1)
    lazy = first.merge(third, on="k", broadcast=False)
    layers = lazy.optimize().dask.layers
    assert sum(name.startswith("shuffle") for name in layers) == 3
    expected = pd.DataFrame({"k": range(4, 40)}).assign(a=lambda x: x.k, b=lambda x: x.k, d=lambda x: x.k + 1)
    assert_eq(lazy, expected.assign(c=expected.k), check_index=False, check_order=False)
    # Another key, or the same one changed, does move.
    for again in (
        first.merge(third, left_on="b", right_on="k", broadcast=False),
        first.assign(k=0).merge(third, on="k", broadcast=False),
    ):
        assert sum(name.startswith("shuffle") for name in again.optimize().dask.layers) == 4


def test_the_way_follows_from_bytes():
    large = dd.from_pandas(pd.DataFrame({"k": range(1000), "x": 1.5}), npartitions=5)
    small = dd.from_pandas(pd.DataFrame({"k": range(100), "y": 1.5, "z": "text"}), npartitions=5)

    def ways(limit, query):
        with minidask.config.set({"dataframe.merge.broadcast-limit": limit}):
            lazy = query(large.merge(small, on="k"))
        names = [name for name in lazy.optimize().dask.layers if not name.startswith("from_pandas")]
        return "shuffle" if any(name.startswith("shuffle") for name in names) else "share"

    assert ways(10_000, lambda df: df) == "share"
    assert ways(2_000, lambda df: df) == "shuffle"
    assert ways(2_000, lambda df: df["y"]) == "share"
    assert dd.merge(small, large, on="k").npartitions == 5


def test_the_number_of_partitions():
    left, right = dd.from_pandas(FRAME, npartitions=3), cut(SMALL, [0, 1, 2, 3, 4])
    assert left.merge(dd.from_pandas(SMALL, npartitions=4), on="g").npartitions == 3
    assert left.merge(right, on="g").npartitions == 4
    assert left.merge(right, on="g", broadcast=False).npartitions == 4
    for way in WAYS.values():
        for count in (1, 2, 5):
            result = left.merge(right, on="g", how="outer", broadcast=way, npartitions=count)
            assert result.npartitions == count
            same(result, FRAME.merge(SMALL, on="g", how="outer"))


def test_merged_with_itself():
    for df in (dd.from_pandas(SMALL, npartitions=1), cut(SMALL, [0, 2, 4])):
        for way in WAYS.values():
            lazy = df.merge(df, on="g", broadcast=way)
            assert_eq(lazy[["n_x"]], SMALL.merge(SMALL, on="g")[["n_x"]], check_index=False, check_order=False)
            assert_eq(lazy, SMALL.merge(SMALL, on="g"), check_index=False, check_order=False)


def test_columns_that_are_not_strings_or_repeat():
    left = pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=[0, ("a", 1), 2.5])
    right = pd.DataFrame([[1, 7, 8], [9, 5, 6]], columns=[0, ("a", 1), "b"])
    for way in WAYS.values():
        lazy = cut(left, [0, 1, 2]).merge(cut(right, [0, 1, 2]), on=0, how="outer", suffixes=("", "_r"), broadcast=way)
        expected = left.merge(right, on=0, how="outer", suffixes=("", "_r"))
        assert_eq(lazy, expected, check_index=False, check_order=False)
        assert_eq(lazy[["b"]], expected[["b"]], check_index=False, check_order=False)
    twice = pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=["k", "x", "x"])
    for way in WAYS.values():
        lazy = cut(twice, [0, 1, 2]).merge(cut(right.rename(columns={0: "k"}), [0, 1, 2]), on="k", broadcast=way)
        expected = twice.merge(right.rename(columns={0: "k"}), on="k")
        pd.testing.assert_frame_equal(lazy.compute(scheduler="sync"), expected)


def test_suffixes_that_collide():
    left = pd.DataFrame({"k": [1], "x": [2], "x_x": [3]})
    with pytest.raises(pd.errors.MergeError, match="duplicate columns"):
        cut(left, [0, 0, 1]).merge(left[["k", "x"]], on="k")


def test_divisions_of_joins_by_index():
    joined = CUT[1].join(SMALL[["n"]])
    assert joined.divisions == CUT[1].divisions
    assert not CUT[1].merge(SMALL, on="g").known_divisions


def test_building_computes_nothing():
    def fail(at):
        raise AssertionError("computed")

    df = dd.from_map(fail, [0, 1, 2], meta=SMALL.iloc[:0])
    for way in WAYS.values():
        for how in PANDAS_HOWS:
            assert isinstance(df.merge(df, on="g", how=how, broadcast=way)._layer, Join)


@pytest.mark.parametrize("how", ["left", "inner", "outer"])
def test_joining_several(how):
    others = [
        pd.DataFrame({name: range(start, start + 9)}, index=range(start, start + 9))
        for name, start in (("u", 3), ("v", 8))
    ]
    for df in CUT:
        lazy = df[["i"]].join([dd.from_pandas(others[0], npartitions=2), others[1]], how=how)
        assert_eq(lazy, FRAME[["i"]].join(others, how=how), check_order=False)


BAD = {
    "how": (lambda df: df.merge(SMALL, how="sideways"), ValueError, "how must be one of"),
    "unknown key": (lambda df: df.merge(SMALL, on="nope"), KeyError, "no column 'nope'"),
    "unknown right key": (lambda df: df.merge(SMALL, left_on="g", right_on="h"), KeyError, "no column 'h'"),
    "no common columns": (lambda df: df[["f"]].merge(SMALL), ValueError, "no common columns"),
    "half a key": (lambda df: df.merge(SMALL, left_on="g"), ValueError, "give one of right_on and right_index"),
    "too many keys": (lambda df: df.merge(SMALL, on="g", left_on="g"), ValueError, "not both"),
    "unequal keys": (
        lambda df: df.merge(SMALL, left_on=["g", "i"], right_on=["g"]),
        ValueError,
        "2 keys on the left and 1",
    ),
    "keys of different types": (
        lambda df: df.merge(SMALL, left_on="g", right_on="n"),
        ValueError,
        "You are trying to merge",
    ),
    "nothing": (lambda df: df.merge(3), TypeError, "joins dataframes, got int"),
    "a nameless Series": (lambda df: df.merge(pd.Series([1])), ValueError, "needs a name"),
    "overlap": (lambda df: df.join(SMALL[["i"]]), ValueError, r"both sides have the columns \['i'\]"),
    "cross with keys": (lambda df: df.merge(SMALL, on="g", how="cross"), ValueError, "takes no keys"),
    "lazy keys": (lambda df: df.merge(SMALL, left_on=df["g"], right_on="g"), NotImplementedError, "make it a column"),
    "npartitions": (lambda df: df.merge(SMALL, on="g", npartitions=0), ValueError, "at least 1, got 0"),
    "npartitions of a kind": (
        lambda df: df.merge(SMALL, on="g", npartitions="3"),
        TypeError,
        "must be an integer, got str",
    ),
    "broadcast": (lambda df: df.merge(SMALL, on="g", broadcast="yes"), TypeError, "broadcast must be True, False"),
    "suffixes": (lambda df: df.merge(SMALL, on="g", suffixes="_x"), ValueError, "suffixes must be a pair"),
    "method": (
        lambda df: df.merge(df, on="g", broadcast=False, shuffle_method="pigeon"),
        ValueError,
        "unknown shuffle method",
    ),
    "several on a column": (lambda df: df.join([SMALL[["n"]]], on="g"), ValueError, "by the index only"),
    "several with a suffix": (lambda df: df.join([SMALL[["n"]]], lsuffix="_"), ValueError, "takes no suffixes"),
    "several that overlap": (lambda df: df.join([SMALL[["n"]], SMALL[["n"]]]), ValueError, r"have the columns \['n'\]"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1])


def test_a_side_in_one_partition_is_shared_though_it_may_be_the_larger():
    left = pd.DataFrame({"k": np.arange(20) % 7, "x": np.arange(20)})
    right = pd.DataFrame({"k": np.arange(300) % 7, "y": np.arange(300), "z": 1.5})
    ours = dd.from_pandas(left, npartitions=4).merge(dd.from_pandas(right, npartitions=1), on="k")
    assert ours.npartitions == 4
    assert_eq(ours, left.merge(right, on="k"), check_index=False)


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
def test_categories_of_integers_meet_integers_where_partitions_are_empty(how):
    left = pd.DataFrame({"c": pd.Categorical([1, 2, 3, 1])})
    right = pd.DataFrame({"k": [1, 2, 9, 9], "y": [1, 2, 3, 4]})
    expected = left.merge(right, left_on="c", right_on="k", how=how).sort_values(["y", "c"]).reset_index(drop=True)
    for df in cuttings(left):
        got = df.merge(dd.from_pandas(right, npartitions=2), left_on="c", right_on="k", how=how).compute()
        got = got.sort_values(["y", "c"]).reset_index(drop=True)
        assert_eq(got.astype(expected.dtypes), expected)
