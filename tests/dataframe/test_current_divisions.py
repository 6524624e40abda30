from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.current_divisions import Extent, divisions_of
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

FRAME = pd.DataFrame({"x": [5, 6, 7, 7, 8, 9], "s": list("abcdef")}, index=pd.date_range("2020", periods=6, tz="UTC"))


@pytest.mark.parametrize("bounds", [[0, 6], [0, 2, 4, 6], [0, 0, 2, 2, 4, 6], [0, 1, 2, 3, 4, 5, 6]])
def test_bounds_are_those_of_the_partitions(bounds):
    lazy = cut(FRAME, bounds)
    divisions = lazy.compute_current_divisions(set_divisions=True)
    assert lazy.divisions == divisions
    assert_eq(lazy, FRAME)
    assert_eq(lazy.loc["2020-01-03":], FRAME.loc["2020-01-03":])
    assert divisions[0] == FRAME.index[0]
    assert divisions[-1] == FRAME.index[-1]


def test_of_a_column():
    assert cut(FRAME, [0, 1, 4, 6]).compute_current_divisions("x") == (5, 6, 8, 9)
    assert cut(FRAME, [0, 1, 4, 6]).compute_current_divisions("s") == ("a", "b", "e", "f")
    lazy = cut(FRAME, [0, 1, 6])
    lazy.compute_current_divisions()
    assert not lazy.known_divisions


def test_of_a_series_and_of_categories():
    assert cut(FRAME, [0, 3, 6]).x.compute_current_divisions() == (FRAME.index[0], FRAME.index[3], FRAME.index[5])
    # Divisions are values, whatever the order of the categories.
    categories = pd.Categorical(["a", "b"], categories=["b", "a"])
    lazy = dd.from_pandas(pd.DataFrame({"c": categories}), npartitions=2)
    assert lazy.compute_current_divisions("c") == ("a", "b", "b")


def test_what_overlaps_is_refused():
    with pytest.raises(ValueError, match=r"partition 0 ends at 7, partition 1 begins at 7.*sort_index"):
        cut(FRAME, [0, 3, 6]).compute_current_divisions("x")
    unsorted = FRAME.iloc[::-1]
    with pytest.raises(ValueError, match="partitions overlap"):
        cut(unsorted, [0, 3, 6]).compute_current_divisions()


def test_what_has_no_bounds():
    with pytest.raises(ValueError, match=r"partition 1 has 1 missing values.*dropna"):
        divisions_of([Extent(0, 1, 0), Extent(2, 3, 1)])
    with pytest.raises(ValueError, match="no partition has a row"):
        cut(FRAME, [0, 0, 0]).compute_current_divisions()
    with pytest.raises(ValueError, match=r"leave these out, df.partitions\[:1\]"):
        cut(FRAME, [0, 6, 6]).compute_current_divisions()


def test_nonsense():
    lazy = cut(FRAME, [0, 3, 6])
    with pytest.raises(KeyError, match="nope"):
        lazy.compute_current_divisions("nope")
    with pytest.raises(ValueError, match=r"bounds of the index.*set_index\(col, sorted=True\)"):
        lazy.compute_current_divisions("x", set_divisions=True)
    with pytest.raises(TypeError, match="a Series has no columns"):
        lazy.x.compute_current_divisions("x")
    levels = FRAME.set_index("x", append=True)
    with pytest.raises(NotImplementedError, match="several levels"):
        cut(levels, [0, 3, 6]).compute_current_divisions()
