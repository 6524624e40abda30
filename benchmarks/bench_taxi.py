"""The walk over a year of taxi rides: CSV to groups and to parquet, groups of parquet, order in time, looks at what is kept.

The table is that of ``taxi_data`` (6 million rides, 12 files of CSV; 120,000 with ``--small``), made once below the folder for
temporary files. On threads the peer is dask; on a cluster of two worker processes it is dask on its own one, and the bounds are
those of somebody who looks at rows by hand and doesn't want to wait.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Iterator
from itertools import count, cycle
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.clusters import local, package
from benchmarks.taxi_data import DATES, month, write_months
from benchmarks.workload import size, workload

ROWS = size(500_000, 10_000)  # a month
FOLDER = Path(tempfile.gettempdir()) / f"minidask-bench-taxi-{ROWS}"
GROUPS = size(1_000_000, 20_000)

Job = Callable[[ModuleType], Callable[[], Any]]


def stored() -> str:
    """Write the rides as parquet, two files a month, with a column of many keys, unless that is done; return the folder."""
    import numpy as np

    folder = FOLDER / "parquet"
    if not folder.exists():
        unfinished = FOLDER / "parquet-unfinished"
        unfinished.mkdir(parents=True, exist_ok=True)
        for number in range(1, 13):
            rides = month(number, ROWS)
            rides["medallion"] = np.random.default_rng(number).integers(0, GROUPS, ROWS)
            half = ROWS // 2
            for at, part in enumerate((rides.iloc[:half], rides.iloc[half:])):
                part.to_parquet(unfinished / f"part.{2 * number - 2 + at:02d}.parquet", index=False)
        unfinished.rename(folder)
    return str(folder)


def csv_groupby(dd: ModuleType) -> Callable[[], Any]:
    """12 CSVs: mean tip by passengers"""
    pattern = write_months(FOLDER, ROWS)

    def run() -> list[float]:
        rides = dd.read_csv(pattern, parse_dates=DATES)
        return rides.groupby("passenger_count").tip_amount.mean().compute().sort_index().tolist()

    return run


def csv_parquet(dd: ModuleType) -> Callable[[], Any]:
    """12 CSVs to parquet"""
    pattern = write_months(FOLDER, ROWS)
    out = FOLDER / f"out-{dd.__name__.partition('.')[0]}"

    def run() -> int:
        dd.read_csv(pattern, parse_dates=DATES).to_parquet(str(out), overwrite=True)
        return sum(1 for _ in out.glob("*.parquet")) > 0

    return run


def parquet_groupby(dd: ModuleType) -> Callable[[], Any]:
    """Parquet: mean tip by passengers"""
    folder = stored()
    return lambda: dd.read_parquet(folder).groupby("passenger_count").tip_amount.mean().compute().sort_index().tolist()


def many_groups(dd: ModuleType) -> Callable[[], Any]:
    """Parquet: rides and fares of a million keys"""
    folder = stored()

    def run() -> list[float]:
        sums = dd.read_parquet(folder).groupby("medallion").fare_amount.sum().compute()
        return [len(sums), sums.max(), sums.sum()]

    return run


def weekday_hour(dd: ModuleType) -> Callable[[], Any]:
    """Parquet: fraction of tips by weekday and hour"""
    folder = stored()

    def run() -> list[float]:
        rides = dd.read_parquet(folder)
        rides = rides[(rides.tip_amount > 0) & (rides.total_amount > 0)]
        rides["fraction"] = rides.tip_amount / rides.total_amount
        rides["hour"] = rides.tpep_pickup_datetime.dt.hour
        rides["weekday"] = rides.tpep_pickup_datetime.dt.day_of_week
        return rides.groupby(["weekday", "hour"]).fraction.mean().compute().sort_index().tolist()

    return run


def order_in_time(dd: ModuleType) -> Callable[[], Any]:
    """set_index by time of one table, then a day by loc, hours by resample, an hour's window by rolling"""
    folder = stored()

    def run() -> list[float]:
        rides = dd.read_parquet(folder)[["tpep_pickup_datetime", "tip_amount", "passenger_count"]]
        rides = rides.set_index("tpep_pickup_datetime")
        day = len(rides.loc["2015-05-05"])
        hours = rides.tip_amount.resample("1h").mean().sum().compute()
        window = rides.passenger_count.rolling("1h").sum().max().compute()
        return [day, float(hours), float(window)]

    return run


JOBS: dict[str, tuple[Job, float, int | None]] = {
    "csv-groupby": (csv_groupby, 1 / 1.1, 3),
    "csv-parquet": (csv_parquet, 1.0, 1),
    "parquet-groupby": (parquet_groupby, 1 / 1.1, None),
    "many-groups": (many_groups, 1 / 1.1, None),
    "weekday-hour": (weekday_hour, 1.0, None),
    "order-in-time": (order_in_time, 1 / 1.5, 3),
}
"""The name of what is done, with the function that prepares it, its limit on threads, and its number of rounds."""


def declare(name: str) -> None:
    """Declare the workloads of one job: on threads, and on two processes."""
    job, limit, rounds = JOBS[name]
    about = job.__doc__ or ""
    alone = workload(f"taxi-{name}", about, limit=limit, rounds=rounds)
    cluster = workload(f"taxi-cluster-{name}", f"{about}; on two processes", limit=1 / 1.5, rounds=rounds)

    def on_threads(library: str) -> None:
        @alone.case(library)
        def _() -> Any:
            return job(importlib.import_module(f"{library}.dataframe"))

    def on_cluster(library: str) -> None:
        @cluster.case(library)
        def _() -> Iterator[Any]:
            with local(library):
                yield job(frames_of(library))

    for library in ("minidask", "dask"):
        on_threads(library)
    for library in ("minidask", "distributed"):
        on_cluster(library)


def frames_of(library: str) -> ModuleType:
    """Import the dataframes that belong to a cluster's library."""
    return importlib.import_module("minidask.dataframe" if library == "minidask" else "dask.dataframe")


def kept(library: str, frame: Any) -> Any:
    """Return a dataframe that the cluster keeps in memory, all of it computed."""
    frame = frame.persist()
    package(library).wait(frame)
    return frame


look = workload("taxi-kept-day", "one day by loc, its head, of a table kept on two processes", limit=1.0, bound=20e-3)
length = workload("taxi-kept-len", "the length of 300 partitions kept on two processes", limit=1.0, bound=30e-3)


def declare_kept(library: str) -> None:
    """Declare the looks at what a cluster keeps."""

    @look.case(library)
    def _() -> Iterator[Any]:
        import pandas as pd

        dd = frames_of(library)
        with local(library):
            columns = ["tpep_pickup_datetime", "passenger_count", "total_amount"]
            rides = dd.read_parquet(stored())[columns].set_index("tpep_pickup_datetime")
            rides = kept(library, rides)
            # Another day each time: nothing may be answered from what the last one has left.
            days = cycle(pd.date_range("2015-02-01", "2015-11-30").strftime("%Y-%m-%d"))

            def run() -> bool:
                asked = next(days)
                found = rides.loc[asked].head()
                return len(found) == 5 and found.index[0].strftime("%Y-%m-%d") == asked

            yield run

    @length.case(library)
    def _() -> Iterator[Any]:
        import pandas as pd

        dd = frames_of(library)
        with local(library):
            rows = kept(library, dd.from_pandas(pd.DataFrame({"x": range(30_000)}), npartitions=300))
            numbers = count()
            # Another length each time, for the same reason.
            yield lambda: len(rows.assign(y=next(numbers)))


for _name in JOBS:
    declare(_name)
for _library in ("minidask", "distributed"):
    declare_kept(_library)
