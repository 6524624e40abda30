"""Dataframes on the cluster: what comes out is what the threads runner, and pandas, give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from minidask_distributed.client.client import Client
from minidask_distributed.client.queries import get_task_stream
from minidask_distributed.client.waiting import futures_of, wait

pytestmark = [pytest.mark.network, pytest.mark.slow]

FRAME = pd.DataFrame(
    {
        "id": range(600),
        "kind": [f"kind {i % 7}" for i in range(600)],
        "x": [(i * 37) % 101 / 4 for i in range(600)],
        "day": pd.date_range("2024-01-01", periods=600, freq="h"),
    }
)
KINDS = pd.DataFrame({"kind": [f"kind {i}" for i in range(7)], "weight": range(7)})


@pytest.fixture
def files(tmp_path: Path) -> str:
    for at in range(6):
        FRAME.iloc[at * 100 : (at + 1) * 100].to_csv(tmp_path / f"{at}.csv", index=False)
    return str(tmp_path / "*.csv")


def pipeline(files: str) -> Any:
    df = dd.read_csv(files, parse_dates=["day"])
    df = df[df.x > 3].assign(hour=lambda d: d.day.dt.hour)
    joined = df.merge(KINDS, on="kind")
    joined["weighted"] = joined.x * joined.weight
    return joined.groupby("kind").agg({"weighted": ["sum", "mean"], "hour": "max", "id": "count"})


def expected() -> pd.DataFrame:
    df = FRAME[FRAME.x > 3].assign(hour=lambda d: d.day.dt.hour)
    joined = df.merge(KINDS, on="kind")
    joined["weighted"] = joined.x * joined.weight
    return joined.groupby("kind").agg({"weighted": ["sum", "mean"], "hour": "max", "id": "count"})


def test_the_whole_path_is_equal_everywhere(remote: Client, files: str) -> None:
    lazy = pipeline(files)
    here = lazy.compute(scheduler="threads")
    with get_task_stream(remote) as ran:
        there = lazy.compute()
    assert len(ran.data) > 0
    pd.testing.assert_frame_equal(there.sort_index(), here.sort_index(), check_dtype=True)
    assert_eq(lazy, expected())
    pd.testing.assert_frame_equal(lazy.compute(optimize_graph=False).sort_index(), here.sort_index())


def test_repeated_computes(remote: Client, files: str) -> None:
    df = dd.read_csv(files)
    for _ in range(5):
        assert len(df) == 600
        assert df.x.sum().compute() == FRAME.x.sum()
        assert list(df.head(3).id) == [0, 1, 2]
        assert list(df.tail(2).id) == [598, 599]


def test_parquet_there_and_back(remote: Client, files: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    dd.read_csv(files, parse_dates=["day"]).to_parquet(out)
    back = dd.read_parquet(out)
    assert back.npartitions == 6
    assert_eq(back, FRAME, check_index=False)
    assert back.x.max().compute() == FRAME.x.max()


def test_a_lazy_write_runs_with_other_work(remote: Client, files: str, tmp_path: Path) -> None:
    df = dd.read_csv(files)
    write = df.to_parquet(tmp_path / "lazy", compute=False)
    _, total = minidask.compute(write, df.x.sum())
    assert total == FRAME.x.sum()
    assert len(dd.read_parquet(tmp_path / "lazy")) == 600


def test_persisted_parts_with_new_ones(remote: Client, files: str) -> None:
    held = dd.read_csv(files, parse_dates=["day"]).persist()
    futures = futures_of(held)
    assert len(futures) == held.npartitions == 6
    wait(futures, timeout=30)
    with get_task_stream(remote) as ran:
        both = (held.x.sum() + held.id.count()).compute()
        new = dd.concat([held, held.assign(x=0.0)])
        assert new.x.sum().compute() == FRAME.x.sum()
    assert both == FRAME.x.sum() + 600
    assert not any("read-csv" in str(task["key"]) for task in ran.data), "what is held isn't read again"
    part = held.partitions[2]
    assert list(part.id.compute()) == list(range(200, 300))
    pd.testing.assert_frame_equal(held.compute(), held.compute(scheduler=remote))


def test_persist_of_several_and_of_parts(remote: Client) -> None:
    df = dd.from_pandas(FRAME, npartitions=4)
    total, frame = minidask.persist(df.x.sum(), df.assign(y=df.x * 2))
    assert total.compute() == FRAME.x.sum()
    assert frame.y.sum().compute() == 2 * FRAME.x.sum()
    assert remote.persist([df, df.x])[1].sum().compute() == FRAME.x.sum()
    future = remote.compute(df.x.sum())
    assert future.result() == FRAME.x.sum()
    whole = remote.compute(df)
    pd.testing.assert_frame_equal(whole.result(), FRAME)


def test_a_big_frame_in_the_program_goes_along(remote: Client) -> None:
    df = dd.from_pandas(FRAME, npartitions=3)
    other = dd.from_pandas(KINDS, npartitions=1)
    assert_eq(df.merge(other, on="kind"), FRAME.merge(KINDS, on="kind"), check_index=False)
    assert df.kind.value_counts().compute().sum() == 600
    assert df.kind.nunique().compute() == 7
