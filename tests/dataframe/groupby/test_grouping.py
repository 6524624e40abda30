from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.groupby.grouping import two_values
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import every_dtype

FRAME = every_dtype()


@pytest.mark.parametrize("label", ["i", "f", "b", "s", "d", "c", "I", "t"])
def test_two_values_differ(label):
    values = pd.Series(two_values(FRAME[label].dtype))
    assert values[0] != values[1]
    assert values.dtype == FRAME[label].dtype


def test_rows_in_memory_are_aligned_where_divisions_are_known():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert_eq(df.groupby(FRAME["g"])["f"].sum(), FRAME.groupby(FRAME["g"])["f"].sum())


def test_keys_of_other_divisions_are_aligned():
    df, keys = dd.from_pandas(FRAME, npartitions=3), dd.from_pandas(FRAME["g"].rename("key"), npartitions=2)
    assert_eq(df.groupby(keys)["f"].sum(), FRAME.groupby(FRAME["g"].rename("key"))["f"].sum())


def test_options_not_given_are_pandas_ones():
    df = dd.from_pandas(FRAME, npartitions=2)
    assert df.groupby("s", sort=None, dropna=None, observed=None)._options == df.groupby("s")._options


def test_bins_show_empty_groups():
    df = dd.from_pandas(FRAME, npartitions=2)
    assert not df.groupby(pd.Grouper(key="d", freq="1YE"))._options["observed"]
