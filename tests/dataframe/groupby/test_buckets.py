from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.groupby import buckets
from minidask.dataframe.groupby.buckets import each_a_group, few_alike
from minidask.dataframe.groupby.plan import Output, Plan
from minidask.dataframe.testing import assert_eq

PLAN = Plan(
    (("k",),), ("k",), (Output("x", "mean"), Output("x", "max")), True, True, True, True, pd.Index(["a", "b"]), None
)  # fmt: skip


def frame_of_many(rows: int = 3000) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "m": rng.integers(0, 2000, rows),
            "n": rng.integers(0, 3, rows),
            "x": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "i": rng.integers(-5, 5, rows),
        }
    )
    frame["s"] = frame["m"].astype(str).astype("str")
    frame["f"] = frame["m"].where(frame["m"] % 7 > 0)
    frame["c"] = pd.Categorical(frame["m"] % 500)
    return frame


@pytest.mark.slow
@pytest.mark.parametrize("key", ["m", "s", "f", "c", ["m", "n"]], ids=str)
@pytest.mark.parametrize("options", [{}, {"dropna": False}, {"as_index": False}, {"sort": False}], ids=str)
def test_many_groups(monkeypatch, key, options):
    monkeypatch.setattr(buckets, "MANY_GROUPS", 200)
    monkeypatch.setattr(buckets, "DIFFERENT", 0.5)
    frame = frame_of_many()
    spec = {"x": ["sum", "mean", "count", "min"], "i": ["sum", "max", "size"]}
    for parts in (2, 7):
        df = dd.from_pandas(frame, npartitions=parts)
        assert_eq(df.groupby(key, **options).agg(spec), frame.groupby(key, **options).agg(spec))
        several = df.groupby(key, **options)["x"].sum(split_out=3)
        assert several.npartitions == 3
        assert_eq(several, frame.groupby(key, **options)["x"].sum(), check_order=options != {"sort": False})


@pytest.mark.slow
def test_large_and_small_partial_results_together(monkeypatch):
    monkeypatch.setattr(buckets, "MANY_GROUPS", 200)
    frame = frame_of_many()
    for bounds in ([0, 10, 2900, 3000], [0, 0, 2000, 2001, 3000]):
        df = dd.from_map(lambda a, b: frame.iloc[a:b], bounds[:-1], bounds[1:], meta=frame.iloc[:0])
        for split_every in (None, 2):
            assert_eq(df.groupby("m")["x"].mean(split_every=split_every), frame.groupby("m")["x"].mean())
            assert_eq(df.groupby("s")["x"].std(split_every=split_every), frame.groupby("s")["x"].std())


def test_rows_as_partial_results(monkeypatch):
    monkeypatch.setattr(buckets, "MANY_GROUPS", 3)
    rows = pd.DataFrame({"k0": [1, 2, 3], "v0": [1.0, np.nan, 2.0], "v1": [1.0, np.nan, 2.0], "v2": [1.0, np.nan, 2.0]})
    assert few_alike(rows, PLAN)
    assert not few_alike(rows.assign(k0=1), PLAN)
    assert not few_alike(rows.assign(k0=rows["k0"].astype(float)), PLAN)
    assert not few_alike(rows, PLAN._replace(sort=False))
    assert not few_alike(rows, PLAN._replace(outputs=(Output("x", "first"),)))
    table = each_a_group(rows, PLAN)
    assert table["v0"].tolist() == [1.0, 0.0, 2.0]
    assert table["v1"].tolist() == [1, 0, 1]
