"""The walk over a year of taxi rides, from CSV to parquet and back, step by step as in pandas: on threads and on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from benchmarks.taxi_data import COLUMNS, DATES, PAYMENTS, write_months
from minidask.collection import compute
from minidask.dataframe.testing import assert_eq
from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster

pytestmark = pytest.mark.slow

ROWS = 1_000
PICKUP = "tpep_pickup_datetime"


@pytest.fixture(scope="module", params=["threads", pytest.param("cluster", marks=pytest.mark.network)])
def runner(request: pytest.FixtureRequest) -> Iterator[str]:
    """Everything that is computed meanwhile runs there."""
    if request.param == "threads":
        yield "threads"
        return
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        yield "cluster"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_months(tmp_path_factory.mktemp("taxi"), ROWS)


@pytest.fixture(scope="module")
def cabs(pattern: str) -> pd.DataFrame:
    """The year in pandas; blocks are numbered from 0 each, so that its index is no answer to anything."""
    files = sorted(Path(pattern).parent.glob("*.csv"))
    return pd.concat([pd.read_csv(file, parse_dates=DATES) for file in files])


@pytest.fixture(scope="module")
def rides(runner: str, pattern: str) -> dd.DataFrame:
    return dd.read_csv(pattern, parse_dates=DATES).persist()


@pytest.fixture(scope="module")
def timed(rides: dd.DataFrame) -> dd.DataFrame:
    return rides.set_index(PICKUP).persist()


@pytest.fixture(scope="module")
def cabs_timed(cabs: pd.DataFrame) -> pd.DataFrame:
    return cabs.set_index(PICKUP).sort_index(kind="stable")


def same(lazy: Any, expected: Any, **options: Any) -> None:
    # The current runner: the threads, or the cluster that the fixture has started.
    assert_eq(lazy, expected, scheduler=None, **options)


def test_reading_twelve_months(rides, cabs):
    assert list(rides.columns) == COLUMNS
    assert rides.npartitions == 12
    same(rides, cabs)
    same(rides.dtypes, cabs.dtypes)


def test_the_length(rides, cabs):
    assert len(rides) == len(cabs) == 12 * ROWS


def test_means_by_passengers(rides, cabs):
    same(rides.groupby("passenger_count").trip_distance.mean(), cabs.groupby("passenger_count").trip_distance.mean())


def with_fractions(rides: Any) -> Any:
    rides = rides[(rides.tip_amount > 0) & (rides.fare_amount > 0)]
    return rides.assign(tip_fraction=rides.tip_amount / rides.fare_amount)


def test_tip_fraction_by_hour_and_weekday(rides, cabs):
    some, all_ = with_fractions(rides), with_fractions(cabs)
    for part in ("hour", "day_of_week"):
        lazy = some.groupby(getattr(some[PICKUP].dt, part)).tip_fraction.mean()
        same(lazy, all_.groupby(getattr(all_[PICKUP].dt, part)).tip_fraction.mean())
    both = some.assign(hour=some[PICKUP].dt.hour, day=some[PICKUP].dt.day_of_week)
    expected = all_.assign(hour=all_[PICKUP].dt.hour, day=all_[PICKUP].dt.day_of_week)
    same(both.groupby(["day", "hour"]).tip_fraction.mean(), expected.groupby(["day", "hour"]).tip_fraction.mean())


def test_payment_names_joined(rides, cabs):
    names = pd.Series(PAYMENTS, name="payment_name")
    lazy = rides.merge(names, left_on="payment_type", right_index=True)
    expected = cabs.merge(names, left_on="payment_type", right_index=True)
    same(lazy, expected, check_index=False, check_order=False)
    same(lazy.groupby("payment_name").tip_amount.mean(), expected.groupby("payment_name").tip_amount.mean())
    same(lazy.payment_name.value_counts(), expected.payment_name.value_counts())


def test_zero_tip_and_cash_go_together(rides, cabs):
    def table(frame: Any) -> Any:
        pair = frame.assign(zero_tip=frame.tip_amount == 0, cash=frame.payment_type == 2)
        return pair[["zero_tip", "cash"]].astype(int).corr()

    same(table(rides), table(cabs))
    assert compute((rides.tip_amount == 0).astype(int).corr((rides.payment_type == 2).astype(int)))[0] > 0.8


def test_order_in_time(timed, cabs_timed):
    assert timed.known_divisions
    same(timed, cabs_timed)


def test_head_and_tail(timed, cabs_timed):
    pd.testing.assert_frame_equal(timed.head(), cabs_timed.head())
    pd.testing.assert_frame_equal(timed.tail(7), cabs_timed.tail(7))


def test_a_day(timed, cabs_timed):
    day = timed.loc["2015-05-05"]
    same(day, cabs_timed.loc["2015-05-05"])
    assert day.npartitions <= 2
    pd.testing.assert_frame_equal(day.head(), cabs_timed.loc["2015-05-05"].head())
    same(timed.loc["2015-05-05":"2015-06-10", "tip_amount"], cabs_timed.loc["2015-05-05":"2015-06-10", "tip_amount"])
    assert len(timed.loc["2015-02"]) == ROWS


@pytest.mark.parametrize("rule", ["1D", "1h", "W", "MS"])
def test_resampled(timed, cabs_timed, rule):
    same(timed.passenger_count.resample(rule).mean(), cabs_timed.passenger_count.resample(rule).mean())
    expected = cabs_timed.resample(rule)[["tip_amount", "fare_amount"]].sum()
    same(timed[["tip_amount", "fare_amount"]].resample(rule).sum(), expected)


@pytest.mark.parametrize("window", [10, "1h", "3D", ROWS + 10])
def test_rolling(timed, cabs_timed, window):
    same(timed.tip_amount.rolling(window).mean(), cabs_timed.tip_amount.rolling(window).mean(), rtol=1e-6, atol=1e-9)


def test_means_a_day_smoothed_over_a_month(timed, cabs_timed):
    lazy = timed.tip_amount.resample("1D").mean().rolling(30, min_periods=1).mean()
    same(lazy, cabs_timed.tip_amount.resample("1D").mean().rolling(30, min_periods=1).mean())


def test_parquet_with_compression_and_categories(timed, cabs_timed, tmp_path):
    names = pd.Series(PAYMENTS, name="payment_name")
    named = timed.assign(payment_name=timed.payment_type.map(names).astype("category"))
    expected = cabs_timed.assign(payment_name=cabs_timed.payment_type.map(names).astype("category"))
    named = named.assign(store_and_fwd_flag=named.store_and_fwd_flag.astype("category"))
    named.to_parquet(str(tmp_path / "rides"), compression="zstd")
    expected["store_and_fwd_flag"] = expected["store_and_fwd_flag"].astype("category")

    files = sorted((tmp_path / "rides").glob("*.parquet"))
    assert len(files) == timed.npartitions
    kinds = {pq.ParquetFile(file).metadata.row_group(0).column(at).compression for file in files for at in range(20)}
    assert kinds == {"ZSTD"}

    back = dd.read_parquet(str(tmp_path / "rides"), calculate_divisions=True)
    assert back.known_divisions
    assert back.dtypes["payment_name"] == "category"
    same(back, expected, check_categorical=False)

    one = dd.read_parquet(str(tmp_path / "rides"), columns="payment_name")
    counts, wanted = compute(one.value_counts())[0], expected.payment_name.value_counts()
    pd.testing.assert_series_equal(counts.astype(int).sort_index(), wanted.sort_index(), check_categorical=False)
    assert compute(one.astype("str").value_counts())[0].to_dict() == wanted[wanted > 0].to_dict()
