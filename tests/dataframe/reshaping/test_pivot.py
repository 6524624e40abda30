from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.reshaping.pivot import AGGREGATIONS
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings

RNG = np.random.default_rng(3)
FRAME = pd.DataFrame(
    {
        "k": RNG.integers(0, 4, 40),
        "h": RNG.integers(0, 2, 40),
        "c": pd.Categorical(RNG.choice(["u", "v", "w"], 40), categories=["w", "v", "u", "zz"]),
        "x": RNG.integers(0, 9, 40),
        "f": np.where(RNG.random(40) < 0.3, np.nan, RNG.normal(size=40)),
    }
)


def expected(index, values, aggfunc, frame=FRAME):
    table = frame.pivot_table(index=index, columns="c", values=values, aggfunc=aggfunc, observed=False)
    fill = {"fill_value": 0} if aggfunc in ("sum", "count", "nunique") else {}
    categories = pd.CategoricalIndex(["w", "v", "u", "zz"], dtype=frame["c"].dtype, name="c")
    if table.columns.nlevels == 1:
        return table.reindex(columns=["w", "v", "u", "zz"], **fill).set_axis(categories, axis=1)
    wide = pd.concat({v: table[v].reindex(columns=["w", "v", "u", "zz"], **fill) for v in values}, axis=1)
    return wide.set_axis(pd.MultiIndex.from_product([values, ["w", "v", "u", "zz"]], names=[None, "c"]), axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("aggfunc", AGGREGATIONS)
def test_every_aggregation(aggfunc):
    for df in cuttings(FRAME)[:2] + cuttings(FRAME)[-1:]:
        for value in ("x", "f"):
            lazy = df.pivot_table("k", "c", value, aggfunc)
            want = expected("k", value, aggfunc)
            assert_eq(lazy, want, check_dtype=aggfunc not in ("prod",))
            assert lazy.columns.equals(want.columns)


def test_several():
    for df in cuttings(FRAME):
        both = dd.pivot_table(df, "k", "c", ["x", "f"], "sum").compute()
        want = expected("k", ["x", "f"], "sum")
        assert both.columns.tolist() == want.columns.tolist()
        np.testing.assert_allclose(both.to_numpy(), want.to_numpy())
        two = df.pivot_table(["k", "h"], "c", "f", "max").compute()
        table = (
            FRAME.groupby(["k", "h", "c"], observed=True)["f"]
            .max()
            .dropna()
            .unstack()
            .reindex(columns=list("wvu") + ["zz"])
        )
        np.testing.assert_allclose(two.to_numpy(), table.to_numpy())
        assert two.index.equals(table.index)
    assert df.pivot_table("k", "c").columns.get_level_values(0).unique().tolist() == ["h", "x", "f"]


DF = dd.from_pandas(FRAME, npartitions=2)
BAD = {
    "pandas": (lambda: dd.pivot_table(FRAME, "k", "c"), TypeError, "DataFrame of minidask, got DataFrame"),
    "no index": (lambda: DF.pivot_table(None, "c", "x"), ValueError, "needs index"),
    "several columns": (lambda: DF.pivot_table("k", ["c", "h"], "x"), ValueError, "one label"),
    "no categories": (lambda: DF.pivot_table("k", "h", "x"), ValueError, r"categorize\(columns=\['h'\]\)"),
    "unknown column": (lambda: DF.pivot_table("q", "c", "x"), KeyError, "no column 'q'"),
    "unknown value": (lambda: DF.pivot_table("k", "c", "q"), KeyError, "no column 'q'"),
    "aggregation": (lambda: DF.pivot_table("k", "c", "x", "nope"), ValueError, "aggfunc must be one of mean"),
    "nothing to aggregate": (lambda: DF[["k", "c"]].pivot_table("k", "c"), ValueError, "give values="),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call()


def test_missing_aggregates_are_filled():
    for df in cuttings(FRAME):
        table = df.pivot_table("k", "c", "x", "max", fill_value=7, observed=False)
        assert_eq(table.compute().fillna(7), expected("k", "x", "max").fillna(7))
        assert (table.compute()["zz"] == 7).all()


def test_what_is_not_built():
    df = cuttings(FRAME)[0]
    with pytest.raises(NotImplementedError, match=r"makes no margins: .*groupby"):
        df.pivot_table("k", "c", "x", margins=True)
    with pytest.raises(NotImplementedError, match="remove_unused_categories"):
        df.pivot_table("k", "c", "x", observed=True)
