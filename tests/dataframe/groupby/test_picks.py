from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.groupby.layout import Layout
from minidask.dataframe.groupby.picks import Choose
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
FRAME.index = pd.Index(np.arange(len(FRAME)) * 2, name="idx")
CUT = [cuttings(FRAME)[at] for at in (1, 3)]

CASES = {
    "unique": lambda d: d.groupby("g").s.unique(),
    "unique sort": lambda d: d.groupby("s", sort=False).g.unique(),
    "unique f": lambda d: d.groupby("s").f.unique(),
    "idxmin": lambda d: d.groupby("g")[["i", "f"]].idxmin(),
    "idxmax": lambda d: d.groupby("s", sort=False)[["i", "d"]].idxmax(),
    "idxmax s": lambda d: d.groupby("s").f.idxmax(),
    "head": lambda d: d.groupby("g").head(2),
    "head s": lambda d: d.groupby("s").f.head(1),
    "head sel": lambda d: d.groupby("s", dropna=False)[["f", "i"]].head(1),
    "tail": lambda d: d.groupby(["g", "b"]).tail(1),
    "get_group": lambda d: d.groupby("g").get_group(1),
    "get_group l": lambda d: d.groupby(["g", "s"]).get_group((1, "x")),
    "get_group s": lambda d: d.groupby("g").f.get_group(1),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    expected = CASES[case](FRAME)
    for df in CUT:
        assert_eq(CASES[case](df), expected)


def test_rows_that_cannot_matter_are_left_out():
    layout = Layout(("k", "x"), (None,), None, (0,), ("k",), True, (("dropna", True),), None)
    packed = layout.pack((0,), pd.DataFrame({"k": [1, 1, 1, 2, 1], "x": [3.0, 1.0, np.nan, 5.0, 1.0]}))
    assert Choose(layout, "idxmin", ("v1",))(packed)["tag"].tolist() == [0, 1, 2, 3]
    assert Choose(layout, "head", ("v1",), 1)(packed)["tag"].tolist() == [0, 3]
    assert Choose(layout, "unique", ("v1",))(packed)["tag"].tolist() == [0, 1, 2, 3]
