from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask
import minidask.dataframe as dd
from minidask.dataframe.optimize import project_columns
from minidask.dataframe.reading import FrameSource
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, every_dtype, few

FRAME = every_dtype()
DF = dd.from_pandas(FRAME, npartitions=3)


def read(collection) -> tuple[str, ...] | None:
    """The columns that the only source reads; None for all."""
    plan = project_columns(collection.dask, collection.__dask_keys__())
    (source,) = [layer for layer in plan.layers.values() if isinstance(layer, FrameSource)]
    return source.parts.columns


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        (lambda df: df, None),
        (lambda df: df["f"].sum(), ("f",)),
        (lambda df: df[df["i"] > 0]["f"], ("i", "f")),
        (lambda df: df.assign(z=df["i"] + df["g"])[["z"]], ("i", "g")),
        (lambda df: df.assign(z=df["i"], y=df["s"])["z"], ("i",)),
        (lambda df: df.rename(columns={"i": "j"})["j"], ("i",)),
        (lambda df: df.astype({"i": "float64", "s": "object"})["i"], ("i",)),
        (lambda df: df.fillna({"f": 0, "s": ""})["f"], ("f",)),
        (lambda df: df.dropna(subset=["s"])["f"], ("f", "s")),
        (lambda df: df.dropna()["f"], None),
        (lambda df: df.groupby("g")["f"].mean(), ("f", "g")),
        (lambda df: df.groupby("g").size(), ("g",)),
        (lambda df: df.partitions[0]["f"], ("f",)),
        (lambda df: df.repartition(npartitions=2)["f"], ("f",)),
        (lambda df: df.repartition(npartitions=9)["f"], ("f",)),
        (lambda df: df.mean(numeric_only=True), ("i", "f", "b", "I", "g")),
        (lambda df: dd.concat([df, df])["f"], ("f",)),
        (lambda df: df.map_partitions(lambda part: part)["f"], None),
        (lambda df: df.reset_index(drop=True)["f"], ("f",)),
        (lambda df: df.index, ()),
        (lambda df: df["i"] + df["f"], ("i", "f")),
        (lambda df: df.head(2, compute=False)["f"], ("f",)),
    ],
)
def test_what_is_read(query, columns):
    assert read(query(DF)) == columns
    lazy = query(DF)
    pd_equal(lazy.compute(scheduler="sync"), lazy.compute(scheduler="sync", optimize_graph=False))


def pd_equal(left, right):
    if isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right)
    elif isinstance(left, pd.Series):
        pd.testing.assert_series_equal(left, right)
    elif isinstance(left, pd.Index):
        pd.testing.assert_index_equal(left, right)
    else:
        assert left == right


def test_needs_are_united():
    filtered = DF[DF["i"] > 0]
    plan = project_columns(*_merged(filtered["f"].sum(), filtered["g"].max()))
    (source,) = [layer for layer in plan.layers.values() if isinstance(layer, FrameSource)]
    assert source.parts.columns == ("i", "f", "g")
    assert minidask.compute(filtered["f"].sum(), filtered, scheduler="sync")[0] == pytest.approx(
        FRAME[FRAME["i"] > 0]["f"].sum()
    )


def _merged(*collections):
    graph = type(DF.dask)([collection._layer for collection in collections])
    return graph, [key for collection in collections for key in collection.__dask_keys__()]


def test_outputs_keep_their_names():
    query = DF.assign(z=DF["i"])[["z", "f"]]
    plan = project_columns(query.dask, query.__dask_keys__())
    assert query._name in plan.layers


def test_nothing_to_do():
    assert project_columns(DF.dask, DF.__dask_keys__()) is DF.dask
    assert project_columns({"x": 1}, ["x"]) == {"x": 1}


STEPS = {
    "assign": lambda df: df.assign(z=df["i"] * 2),
    "over": lambda df: df.assign(f=df["i"] * 2.0),
    "filter": lambda df: df[df["i"] > -2],
    "rename": lambda df: df.rename(columns={"b": "f2"}),
    "plus": lambda df: df.assign(i=df["i"] + 1),
    "dropna": lambda df: df.dropna(subset=["f"]),
    "fill": lambda df: df.fillna({"f": 0.0}),
    "order": lambda df: df[[*df.columns][::-1]],
    "type": lambda df: df.astype({"g": "float64"}),
    "add": lambda df: df.assign(w=df["f"] + df["g"]),
}


@pytest.mark.slow
@few
@given(
    st.lists(st.sampled_from(list(STEPS)), max_size=8),
    st.lists(st.sampled_from(["i", "f", "g", "s", "I"]), min_size=1, max_size=3, unique=True),
)
def test_chains_of_operations(steps, columns):
    lazy, frame = cut(FRAME, [0, 4, 4, 23]), FRAME
    for step in steps:
        lazy, frame = STEPS[step](lazy), STEPS[step](frame)
    assert_eq(lazy[columns], frame[columns])
    pd_equal(lazy[columns].compute(scheduler="sync", optimize_graph=False), frame[columns])


@pytest.mark.slow
@pytest.mark.parametrize("count", [80, 1000])
def test_long_chains(count):
    df = dd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4], "unused": 0}), npartitions=2)
    for _ in range(count):
        df = df.assign(y=df["y"] + df["x"])
    start = time.process_time()
    plan = df["y"].optimize()
    assert time.process_time() - start < 2
    assert plan.compute().tolist() == [3 + count, 4 + 2 * count]


@pytest.mark.slow
def test_many_new_columns():
    df = dd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=1)
    for at in range(200):
        df = df.assign(**{f"c{at}": df["x"] + at})
    assert df["c199"].compute().tolist() == [200, 201]
    assert read(df["c199"]) == ("x",)
