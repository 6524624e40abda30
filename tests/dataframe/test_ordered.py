from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

SIZES = pd.CategoricalDtype(["S", "M", "L"], ordered=True)


def sizes():
    return pd.DataFrame({"c": pd.Series(["S", "L", None, "M", "S", "L"], dtype=SIZES), "x": range(6)})


def unknown(frame=None):
    return cut(sizes() if frame is None else frame, [0, 0, 2, 2, 5, 6]).c.cat.as_unknown()


@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge"])
def test_ordered_categories_that_are_not_known_are_compared(name):
    expected = getattr(sizes().c, name)("M")
    assert_eq(getattr(unknown(), name)("M"), expected)
    assert_eq(getattr(unknown(), f"__{name}__")("M"), expected)


def test_a_frame_is_filtered_by_them_and_rows_stay():
    lazy = cut(sizes(), [0, 3, 6])
    lazy["c"] = lazy.c.cat.as_unknown()
    assert_eq(lazy[lazy.c > "S"].x, sizes()[sizes().c > "S"].x)
    assert_eq(lazy[lazy.c > lazy.c], sizes()[:0], check_index=False)


def test_with_known_ones_and_reflected():
    lazy = unknown()
    assert_eq(lazy <= lazy, sizes().c <= sizes().c)
    assert_eq("M" > lazy, "M" > sizes().c)


@pytest.mark.parametrize("inclusive", ["both", "neither", "left", "right"])
def test_between(inclusive):
    assert_eq(unknown().between("S", "M", inclusive), sizes().c.between("S", "M", inclusive))


def test_between_of_nonsense():
    with pytest.raises(ValueError, match="Inclusive has to be either"):
        unknown().between("S", "M", "some")


def test_a_value_that_is_no_category():
    with pytest.raises(TypeError, match=r"isn't among the categories, \['S', 'M', 'L'\]"):
        (unknown() < "XL").compute(scheduler="sync")


class OtherOrder:
    def __call__(self, number):
        categories = ["S", "M"] if number == 0 else ["M", "S"]
        return pd.DataFrame({"c": pd.Categorical(["S", "M"], categories=categories, ordered=True)})


def test_partitions_of_different_orders_are_refused():
    lazy = dd.from_map(OtherOrder(), [0, 1]).c.cat.as_unknown()
    with pytest.raises(ValueError, match=r"differ between partitions.*\['S', 'M'\] and \['M', 'S'\].*as_known"):
        (lazy < "M").compute(scheduler="sync")


def test_what_needs_the_categories_says_how_to_know_them():
    for call in (
        lambda c: c.where(c == "S", "M"),
        lambda c: c.clip("S", "M"),
        lambda c: c.to_frame().query("c < 'M'"),
    ):
        with pytest.raises(TypeError, match=r"aren't known before computing.*cat.as_known\(\)"):
            call(unknown())


def test_errors_of_others_stay_as_they_are():
    with pytest.raises(TypeError) as caught:
        dd.from_pandas(sizes(), npartitions=2).x.where(np.nan)
    assert "as_known" not in str(caught.value)
