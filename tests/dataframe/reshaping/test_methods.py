from __future__ import annotations

import pandas as pd

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq


def test_methods_and_functions_are_the_same():
    frame = pd.DataFrame({"k": [1, 1, 2], "c": pd.Categorical(["a", "b", "a"]), "v": [1.0, 2.0, 4.0]})
    df = dd.from_pandas(frame, npartitions=2)
    assert df.melt("k")._name == dd.melt(df, "k")._name
    assert df.pivot_table("k", "c", "v")._name == dd.pivot_table(df, "k", "c", "v")._name
    assert_eq(df.explode("v"), frame)
    assert_eq(df["v"].explode(), frame["v"])
