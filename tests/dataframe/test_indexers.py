from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, every_dtype

FRAME = every_dtype()
DF = dd.from_pandas(FRAME, npartitions=3)


def test_columns_and_conditions():
    assert_eq(DF.loc[:, "f":"d"], FRAME.loc[:, "f":"d"])
    assert_eq(DF.loc[DF["i"] > 0], FRAME.loc[FRAME["i"] > 0])
    assert_eq(DF.loc[DF["i"] > 0, "f"], FRAME.loc[FRAME["i"] > 0, "f"])
    assert_eq(DF.iloc[:, 1], FRAME.iloc[:, 1])
    assert_eq(DF.iloc[:, ::2], FRAME.iloc[:, ::2])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: DF.loc[3], NotImplementedError, "rows by label or position aren't built yet"),
        (lambda: DF.iloc[3], NotImplementedError, "head\\(\\) or tail"),
        (lambda: DF.loc[:, "nope"], KeyError, "no column 'nope'"),
        (lambda: DF.iloc[:, 99], IndexError, "there are 9 columns"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


SORTED = pd.DataFrame({"k": [1, 2, 2, 3, 5, 5, 8], "x": range(7)})


def test_sorted_index():
    df = cut(SORTED, [0, 3, 6, 7]).set_index("k", sorted=True)
    assert df.divisions == (1, 3, 8, 8)
    assert_eq(df, SORTED.set_index("k"))
    assert_eq(cut(SORTED, [0, 3, 7]).set_index("k", sorted=True, drop=False), SORTED.set_index("k", drop=False))


@pytest.mark.parametrize("bounds", [[0, 2, 7], [0, 0, 7]])
def test_divisions_that_would_say_too_much(bounds):
    df = cut(SORTED, bounds).set_index("k", sorted=True)
    assert not df.known_divisions
    assert_eq(df, SORTED.set_index("k"))


def test_one_partition_is_indexed_by_anything():
    frame = SORTED.iloc[::-1]
    assert_eq(cut(frame, [0, 7]).set_index("k"), frame.set_index("k"))
    assert_eq(cut(frame, [0, 7]).set_index(cut(frame, [0, 7])["k"]), frame.set_index(frame["k"]))


def test_bad_set_index():
    df = cut(SORTED.iloc[::-1], [0, 3, 7])
    with pytest.raises(NotImplementedError, match="pass sorted=True"):
        df.set_index("x")
    with pytest.raises(ValueError, match="the values don't ascend"):
        df.set_index("k", sorted=True)
    with pytest.raises(KeyError, match="no column 'nope'"):
        df.set_index("nope")
    with pytest.raises(TypeError, match="no keyword 'shuffle'"):
        df.set_index("k", sorted=True, shuffle="disk")
