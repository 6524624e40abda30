from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.categories import unite_categories
from minidask.dataframe.meta import has_unknown_categories
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cuttings, every_dtype

FRAME = every_dtype()[["i", "s", "c"]]
# Each half has other strings.
WORDS = pd.DataFrame({"w": pd.Series(["b", "b", None, "d", "a", "c"], dtype="str"), "x": range(6)})
UNKNOWN = cut(WORDS, [0, 0, 2, 3, 6])


def test_categorize():
    expected = WORDS.astype({"w": "category"})
    for df in [*cuttings(WORDS), UNKNOWN]:
        for lazy in (
            df.categorize(),
            df.categorize("w"),
            df.astype({"w": "category"}).categorize(["w"], split_every=2),
        ):
            assert lazy["w"].cat.categories.tolist() == ["a", "b", "c", "d"]
            assert_eq(lazy, expected)
    df = UNKNOWN[["x"]]
    assert df.categorize() is df
    assert UNKNOWN.categorize(columns=[]) is UNKNOWN


def test_categorize_leaves_known_ones_alone():
    df = dd.from_pandas(FRAME, npartitions=3).categorize()
    assert df["c"].cat.categories.tolist() == ["w", "v", "u", "zz"]
    assert df["s"].cat.categories.tolist() == ["x", "y"]
    assert_eq(df, FRAME.astype({"s": "category"}))


def test_categorize_the_index():
    frame = pd.DataFrame({"x": range(4)}, index=pd.Index(["a", "b", "c", "d"], name="w"))
    df = dd.from_pandas(frame, npartitions=2)
    lazy = df.categorize(index=True)
    assert lazy.index.cat.categories.tolist() == ["a", "b", "c", "d"]
    assert_eq(lazy, frame.set_axis(frame.index.astype("category").rename("w")))
    assert df.categorize().index.dtype == frame.index.dtype


def test_as_known_and_unknown():
    series = UNKNOWN["w"].astype("category")
    assert not series.cat.known
    known = series.cat.as_known(scheduler="sync")
    assert known.cat.known
    assert known.cat.as_known() is known
    assert_eq(known, WORDS["w"].astype("category"))
    assert_eq(known.cat.codes, WORDS["w"].astype("category").cat.codes)
    unknown = known.cat.as_unknown()
    assert has_unknown_categories(unknown._meta)
    assert unknown.cat.as_unknown() is unknown
    assert unknown._layer is known._layer
    with pytest.raises(NotImplementedError, match=r"cat\.as_known"):
        unknown.cat.codes


def test_unused_categories():
    for df in cuttings(FRAME):
        assert_eq(df["c"].cat.remove_unused_categories(), FRAME["c"].cat.remove_unused_categories())
        ordered = FRAME["c"].cat.as_ordered()
        assert_eq(df["c"].cat.as_ordered().cat.remove_unused_categories(), ordered.cat.remove_unused_categories())
    unknown = UNKNOWN["w"].astype("category")
    assert_eq(unknown.cat.remove_unused_categories(), WORDS["w"].astype("category"))


def test_operations_on_known_ones():
    known, expected = UNKNOWN.categorize()["w"], WORDS["w"].astype("category")
    assert_eq(known.cat.add_categories(["z"]), expected.cat.add_categories(["z"]))
    assert_eq(known.cat.set_categories(["a", "b"]), expected.cat.set_categories(["a", "b"]))
    assert_eq(known.cat.as_ordered().cat.as_unordered(), expected)
    assert_eq(known.cat.rename_categories(str.upper), expected.cat.rename_categories(str.upper))
    assert_eq(known.cat.reorder_categories(list("dcba")), expected.cat.reorder_categories(list("dcba")))


def test_union():
    one, other = (pd.Index([1, 3]), True), (pd.Index([2]), False)
    assert unite_categories([[one], [one]])[0][0].tolist() == [1, 3]
    assert unite_categories([[one], [one]])[0][1]
    assert unite_categories([[one], [other]])[0][0].tolist() == [1, 2, 3]
    mixed = unite_categories([[(pd.Index([1, "a"], dtype=object), False)], [(pd.Index([2]), False)]])
    assert mixed[0][0].tolist() == [1, "a", 2]


def test_unknown_columns():
    with pytest.raises(KeyError, match="no column 'q'"):
        UNKNOWN.categorize("q")
    levels = WORDS.set_index(["w", "x"])
    with pytest.raises(NotImplementedError, match="reset_index"):
        dd.from_map(levels.iloc.__getitem__, [slice(0, 6)], meta=levels.iloc[:0]).categorize(index=True)
