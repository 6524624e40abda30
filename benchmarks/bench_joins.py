"""Joins of large frames: two that are large, then groups of the result; keys that repeat; text keys; indexes; nearest keys.

The tables are made from a seed and written as parquet once, below the folder for temporary files. Both libraries run on threads.
The limits are those of a dataframe beside the field's: two thirds of its time for the large join.
"""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.workload import workload

FOLDER = Path(tempfile.gettempdir()) / "minidask-bench-joins"
LIBRARIES = ("minidask", "dask")
ORDERS, LINES, FILES = 500_000, 2_000_000, 8


def tables() -> tuple[str, str]:
    """Write orders and their lines, a file a partition, unless that is done; return the folders."""
    import numpy as np
    import pandas as pd

    folders = FOLDER / "orders", FOLDER / "lines"
    if not all(len(list(folder.glob("*.parquet"))) == FILES for folder in folders):
        rng = np.random.default_rng(4)
        orders = pd.DataFrame(
            {
                "key": rng.permutation(ORDERS * 4)[:ORDERS],
                "customer": rng.integers(0, 50_000, ORDERS),
                "status": rng.choice(["open", "shipped", "returned"], ORDERS),
                "comment": rng.choice(["carefully", "quickly", "never"], ORDERS),
            }
        )
        lines = pd.DataFrame(
            {
                "key": rng.choice(orders["key"].to_numpy(), LINES),
                "price": rng.random(LINES).round(2),
                "part": rng.integers(0, 20_000, LINES),
                "comment": rng.choice(["red", "green", "blue"], LINES),
            }
        )
        for folder, frame in zip(folders, (orders, lines), strict=True):
            folder.mkdir(parents=True, exist_ok=True)
            for at in range(FILES):
                step = len(frame) // FILES
                frame.iloc[at * step : (at + 1) * step].to_parquet(folder / f"part.{at}.parquet", index=False)
    return str(folders[0]), str(folders[1])


def read(library: str) -> tuple[ModuleType, Any, Any]:
    """Return a library's dataframe module and both tables, lazy."""
    dd = importlib.import_module(f"{library}.dataframe")
    orders, lines = tables()
    return dd, dd.read_parquet(orders), dd.read_parquet(lines)


large = workload("join-large-groupby", "2M lines join 500k orders, then the sum by status", limit=1 / 1.5)
outer = workload("join-outer", "the same, outer, rows counted", limit=1.0)
shuffled = workload("join-shuffled", "the same, both sides shuffled because broadcasts are forbidden", limit=1.0)
chained = workload("join-twice", "two joins one after the other, then a sum", limit=1 / 1.5)


def declare(library: str) -> None:
    """Declare the cases of one library."""

    @large.case(library)
    def _() -> Any:
        _, orders, lines = read(library)
        return lambda: round(float(lines.merge(orders, on="key").groupby("status").price.sum().compute().sum()), 2)

    @outer.case(library)
    def _() -> Any:
        _, orders, lines = read(library)
        return lambda: int(lines.merge(orders, on="key", how="outer").price.count().compute())

    @shuffled.case(library)
    def _() -> Any:
        _, orders, lines = read(library)
        return lambda: round(
            float(lines.merge(orders, on="key", broadcast=False).groupby("status").price.sum().compute().sum()), 2
        )

    @chained.case(library)
    def _() -> Any:
        _, orders, lines = read(library)

        def run() -> float:
            first = orders[orders.status == "open"][["key", "customer"]]
            both = lines.merge(first, on="key")
            customers = orders.groupby("customer").key.count().reset_index().rename(columns={"key": "count"})
            return round(float((both.merge(customers, on="customer")["count"]).sum().compute()), 2)

        return run


for _library in LIBRARIES:
    declare(_library)
