from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()[["i", "c"]].assign(k=pd.Categorical(list("ppqqr") * 4 + list("pqr")))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"columns": ["c"], "prefix": "is"},
        {"columns": "k"},
        {"dummy_na": True},
        {"drop_first": True, "dtype": "int8"},
        {"prefix": {"c": "C", "k": "K"}, "prefix_sep": "."},
    ],
)
def test_dummies(options):
    expected = {**options, "columns": [options["columns"]]} if isinstance(options.get("columns"), str) else options
    for df in cuttings(FRAME):
        assert_eq(dd.get_dummies(df, **options), pd.get_dummies(FRAME, **expected))
        if "columns" not in options and not isinstance(options.get("prefix"), dict):
            assert_eq(dd.get_dummies(df["c"], **options), pd.get_dummies(FRAME["c"], **options))


def test_pandas_objects_are_passed_on():
    pd.testing.assert_frame_equal(dd.get_dummies(FRAME), pd.get_dummies(FRAME))


DF = dd.from_pandas(FRAME.assign(s=FRAME["c"].astype("str")), npartitions=2)
BAD = {
    "strings": (lambda: dd.get_dummies(DF), NotImplementedError, "column 's' is of str.*categorize"),
    "a Series of numbers": (lambda: dd.get_dummies(DF["i"]), NotImplementedError, "the Series is of int64"),
    "unknown categories": (
        lambda: dd.get_dummies(DF["s"].astype("category")),
        NotImplementedError,
        "aren't known before computing",
    ),
    "unknown column": (lambda: dd.get_dummies(DF, columns=["q"]), KeyError, "no column 'q'"),
    "an index": (lambda: dd.get_dummies(DF.index), TypeError, "got a Index"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call()
