from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings

LISTS = pd.DataFrame(
    {"l": [[1, 2], [], None, [3], [], [4, 5]], "m": [[7, 8], [], None, [9], [], [1, 2]], "x": range(6)}
)
WIDE = pd.DataFrame({"id": list("abcdef"), "x": range(6), "y": [0.5 * i for i in range(6)], "z": 1})


def test_explode():
    for df in cuttings(LISTS):
        assert_eq(df.explode("l"), LISTS.explode("l"))
        assert_eq(df.explode(["l", "m"]), LISTS.explode(["l", "m"]))
        assert_eq(df["l"].explode(), LISTS["l"].explode())
        assert_eq(df.explode("l")["x"], LISTS.explode("l")["x"])
        assert_eq(df[["x"]].explode("x"), LISTS[["x"]])


def by_rows(frame):
    return frame.sort_values([c for c in frame.columns if c != "value"], kind="stable").reset_index(drop=True)


@pytest.mark.parametrize(
    "options",
    [
        {"id_vars": "id", "value_vars": ["x", "z"]},
        {"id_vars": ["id", "x"], "var_name": "what", "value_name": "value"},
        {"id_vars": ("id",), "value_vars": "y"},
    ],
)
def test_melt(options):
    for df in cuttings(WIDE):
        lazy = df.melt(**options)
        same = {**options, "id_vars": list(options["id_vars"])} if isinstance(options["id_vars"], tuple) else options
        assert_eq(by_rows(lazy.compute()), by_rows(WIDE.melt(**same)))
        assert lazy.known_divisions is False
        kept = df.melt(**options, ignore_index=False)
        assert kept.divisions == df.divisions
        assert sorted(kept.compute().index) == sorted([*range(6)] * (len(kept.compute()) // 6))
    one = dd.from_pandas(WIDE, npartitions=1)
    assert_eq(dd.melt(one, "id"), WIDE.melt("id"))
    assert_eq(one[["x", "y"]].melt(), WIDE[["x", "y"]].melt())


DF = dd.from_pandas(WIDE, npartitions=2)
BAD = {
    "explode unknown": (lambda: DF.explode("q"), KeyError, "no column 'q'"),
    "explode numbered": (lambda: DF.explode("x", ignore_index=True), NotImplementedError, "reset_index"),
    "explode a numbered Series": (lambda: DF["x"].explode(ignore_index=True), NotImplementedError, "reset_index"),
    "melt unknown": (lambda: DF.melt("q"), KeyError, "no column 'q'"),
    "melt pandas": (lambda: dd.melt(WIDE), TypeError, "pandas.melt"),
    "melt levels": (lambda: DF.melt(col_level=1), NotImplementedError, "one level"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call()
