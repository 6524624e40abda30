from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
CUT = cuttings(FRAME)

CASES = {
    "the same": lambda df, concat: concat([df, df]),
    "different columns": lambda df, concat: concat([df[["i", "f"]], df[["i", "s"]]]),
    "common columns": lambda df, concat: concat([df[["i", "f"]], df[["i", "s"]]], join="inner"),
    "less": lambda df, concat: concat([df[["i", "f"]], df[["i", "s"]]])[["i", "s"]],
    "integers that are missing": lambda df, concat: concat([df[["i", "g"]], df[["i"]]]),
    "pandas too": lambda df, concat: concat([df, FRAME.head(3)]),
    "Series": lambda df, concat: concat([df["i"], df["f"]]),
    "one": lambda df, concat: concat([df]),
}


@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        assert_eq(CASES[case](df, dd.concat), CASES[case](FRAME, pd.concat))


def test_divisions_are_known_where_they_ascend():
    first, second = dd.from_pandas(FRAME.iloc[:9], npartitions=2), dd.from_pandas(FRAME.iloc[9:], npartitions=2)
    assert dd.concat([first, second]).divisions == (0, 4, 9, 16, 22)
    assert not dd.concat([second, first]).known_divisions
    assert_eq(dd.concat([first, second]), FRAME)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: dd.concat([]), ValueError, "the list is empty"),
        (lambda df: dd.concat(df), TypeError, "takes a list of collections"),
        (lambda df: dd.concat([df, 1]), TypeError, "DataFrames or Series, got int"),
        (lambda df: dd.concat([df, df["i"]]), TypeError, "of one kind"),
        (lambda df: dd.concat([df, df], axis=1), NotImplementedError, "assign columns"),
        (lambda df: dd.concat([df, df], join="left"), ValueError, "'outer' or 'inner', got 'left'"),
        (lambda df: dd.concat([df, df], interleave_partitions=True), NotImplementedError, "isn't built yet"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])
