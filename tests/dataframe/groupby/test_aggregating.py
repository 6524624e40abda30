from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.groupby.aggregating import is_number
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
CUT = [cuttings(FRAME)[at] for at in (0, 3)]

SPECS = {
    "split_out": lambda d, **o: d.groupby("g")[["f", "i"]].sum(**o),
    "columns": lambda d, **o: d.groupby(["s", "g"], as_index=False)[["f", "i"]].mean(**o),
    "spread": lambda d, **o: d.groupby("s", dropna=False)["f"].std(**o),
    "agg": lambda d, **o: d.groupby("c").agg({"f": ["mean", "max"], "i": "sum"}, **o),
    "nunique": lambda d, **o: d.groupby("g")["s"].nunique(**o),
    "unobserved": lambda d, **o: d.groupby("c", observed=False)["f"].count(**o),
    "median": lambda d, **o: d.groupby("g").agg({"f": "median"}, **o),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(SPECS))
def test_results_in_several_partitions(case):
    for df in CUT:
        lazy = SPECS[case](df, split_out=3)
        assert lazy.npartitions == 3
        assert_eq(lazy, SPECS[case](FRAME))


def test_float32_means():
    frame = pd.DataFrame({"k": [1, 2, 1, 2, 3], "x": np.arange(5, dtype="float32")})
    assert_eq(dd.from_pandas(frame, npartitions=3).groupby("k")["x"].mean(), frame.groupby("k")["x"].mean())


def test_named_aggregations_with_arguments():
    with pytest.raises(NotImplementedError, match="NamedAgg with arguments"):
        CUT[0].groupby("g").agg(x=pd.NamedAgg("f", "quantile", 0.5))


def test_numbers():
    assert [label for label in FRAME if is_number(FRAME[label].dtype)] == ["i", "f", "b", "I", "g"]


@pytest.mark.parametrize("how", ["sum", "size", "mean", "var", "nunique", "first", "count"])
def test_categories_without_rows_beside_keys_of_rows_without_category(how):
    frame = pd.DataFrame(
        {
            "k": [0, 1, 1, 2, 0, 3],
            "c": pd.Categorical(["u", None, None, "v", "u", None], categories=["v", "u", "zz"]),
            "I": pd.array([1, 1, 2, 2, None, 1], dtype="Int64"),
            "x": range(6),
        }
    )
    for n in (1, 2, 4):
        df = dd.from_pandas(frame, npartitions=n)
        for keys in (["k", "c"], ["k", "c", "I"], ["c", "I"]):
            for sort in (True, False):
                expected = getattr(frame.groupby(keys, observed=False, sort=sort)[["x"]], how)()
                assert_eq(getattr(df.groupby(keys, observed=False, sort=sort)[["x"]], how)(), expected)
        if how == "sum":
            expected = frame.groupby(["k", "c"], observed=False)["x"].sum()
            assert_eq(df.groupby(["k", "c"], observed=False)["x"].sum(split_out=2), expected)
