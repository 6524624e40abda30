from __future__ import annotations

import pandas as pd

from minidask.dataframe.order.numbering import number_rows, numbered, starts_of
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, every_dtype


def test_rows_are_numbered_through_all_partitions():
    frame = every_dtype().set_index("s")
    for bounds in ([0, 23], [0, 0, 8, 8, 9, 23, 23]):
        df = cut(frame, bounds)
        assert_eq(numbered(df), frame.reset_index(drop=True))
        assert_eq(numbered(df)["f"], frame["f"].reset_index(drop=True))
        assert_eq(numbered(df["f"]), frame["f"].reset_index(drop=True))


def test_starts():
    assert starts_of() == []
    assert starts_of(3) == [0]
    assert number_rows(pd.Series([7, 8]), [0, 5], 1).index.tolist() == [5, 6]
