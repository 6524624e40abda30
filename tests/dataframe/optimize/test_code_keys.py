"""Groups are made by codes where nothing else looks at the texts, and the results are those of the texts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask import compute
from minidask.dataframe.optimize.code_keys import code_keys
from minidask.dataframe.optimize.project_columns import project_columns
from minidask.dataframe.optimize.push_filters import push_filters
from minidask.dataframe.reading import FrameSource
from minidask.dataframe.testing import assert_eq

ROWS = 3000


@pytest.fixture(scope="module")
def pdf():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"k": rng.choice(["pear", "fig", "apple", None], ROWS), "x": rng.random(ROWS)})
    frame["l"] = rng.choice(["", "ü", "z"], ROWS)
    frame["n"] = np.arange(ROWS)
    # The last texts appear late: files and row groups have dictionaries of their own.
    frame.loc[ROWS - 5 :, "k"] = "quince"
    return frame


@pytest.fixture(scope="module")
def folder(pdf, tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    for at, rows in enumerate(np.array_split(np.arange(ROWS), 4)):
        part = pdf.iloc[rows].reset_index(drop=True)
        part.to_parquet(folder / f"part.{at}.parquet", row_group_size=300, index=False)
    return str(folder)


@pytest.fixture
def df(folder):
    return dd.read_parquet(folder)


def in_codes(collection):
    """Return the columns that sources leave in codes, once optimised."""
    keys = collection.__dask_keys__()
    graph = collection.dask
    for each in (push_filters, project_columns, code_keys):
        graph = each(graph, keys)
    return sorted(
        label for layer in graph.layers.values() if isinstance(layer, FrameSource) for label in layer.reader.in_codes
    )


def same(collection, expected):
    assert_eq(collection, expected)
    assert_eq(collection.compute(optimize_graph=False), expected)


@pytest.mark.parametrize("options", [{}, {"sort": False}, {"dropna": False}, {"as_index": False}, {"observed": False}])
@pytest.mark.parametrize("by", ["k", ["k", "l"], ["l", "n"]])
def test_keys_come_as_codes(df, pdf, by, options):
    grouped = df.groupby(by, **options)[["x"]].sum()
    assert in_codes(grouped) == sorted({"k", "l"} & set(by))
    same(grouped, pdf.groupby(by, **options)[["x"]].sum())


def test_through_filters_selections_and_assignments(df, pdf):
    def some(frame):
        frame = frame[frame["x"] > 0.25]
        frame = frame.assign(y=frame["x"] * 2, n=1)
        frame = frame[["k", "y", "n", "l"]]
        return frame[frame["y"] % 1 > 0.1].groupby("k").agg({"y": ["mean", "std"], "n": "sum"})

    grouped = some(df)
    assert in_codes(grouped) == ["k"]
    same(grouped, some(pdf))


@pytest.mark.parametrize("how", ["size", "count", "first", "var", "nunique", "min"])
def test_every_kind_of_aggregation(df, pdf, how):
    same(getattr(df.groupby("k").n, how)(), getattr(pdf.groupby("k").n, how)())


def test_results_of_several_partitions(df, pdf):
    grouped = df.groupby("k").x.sum(split_out=3)
    assert in_codes(grouped) == ["k"]
    assert_eq(grouped, pdf.groupby("k").x.sum(), check_order=False)


def test_a_filter_of_the_reader_may_look_at_the_texts(df, pdf):
    grouped = df[df["k"] != "fig"].groupby("k").x.max()
    assert in_codes(grouped) == ["k"]
    same(grouped, pdf[pdf["k"] != "fig"].groupby("k").x.max())


@pytest.mark.parametrize(
    "some",
    [
        lambda df: df[df["k"].str.len() == 4].groupby("k").x.sum(),
        lambda df: df.groupby("k").k.count(),
        lambda df: df.groupby("l").agg({"l": "max", "x": "sum"}),
        lambda df: df.fillna({"k": "none"}).groupby("k").x.sum(),
        lambda df: df.assign(k=df["l"]).groupby("k").x.sum(),
        lambda df: df.rename(columns={"k": "m"}).groupby("m").x.sum(),
        lambda df: df.groupby("k").x.median(),
        lambda df: df.groupby(df["k"].str.upper()).x.sum(),
    ],
)
def test_texts_that_something_looks_at_stay_texts(df, pdf, some):
    assert "k" not in in_codes(some(df))
    assert "l" not in in_codes(some(df))
    same(some(df), some(pdf))


def test_a_source_whose_rows_are_asked_for_too_gives_texts(df, pdf):
    few = df[df["x"] > 0.5]
    grouped = few.groupby("k").x.sum()
    both = dd.concat([few["k"].to_frame(), grouped.reset_index()[["k"]]])
    assert in_codes(both) == []
    rows, sums = compute(few["k"], grouped)
    assert_eq(rows, pdf[pdf["x"] > 0.5]["k"], check_index=False)
    assert_eq(sums, pdf[pdf["x"] > 0.5].groupby("k").x.sum())


def test_partitions_without_a_row(df, pdf):
    grouped = df[df["n"] < 10].groupby("k").x.sum()
    same(grouped, pdf[pdf["n"] < 10].groupby("k").x.sum())
    none = df[df["n"] < 0].groupby("k").x.sum()
    same(none, pdf[pdf["n"] < 0].groupby("k").x.sum())


def test_some_partitions(df, pdf):
    same(df.partitions[:2].groupby("k").x.sum(), pdf.iloc[: ROWS // 2].groupby("k").x.sum())


def test_fastparquet_gives_texts(folder, pdf):
    grouped = dd.read_parquet(folder, engine="fastparquet").groupby("k").x.sum()
    assert in_codes(grouped) == []
    same(grouped, pdf.groupby("k").x.sum())


def test_graphs_of_tasks_are_left_alone():
    graph = {"x": 1}
    assert code_keys(graph, ["x"]) is graph
