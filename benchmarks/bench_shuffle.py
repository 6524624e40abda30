"""Shuffles on threads: rows of thirteen columns to as many partitions as they come from, by a key of a million values.

Few large pieces, many small ones, and all of it through files of the folder for temporary files.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from benchmarks.workload import size, workload

LIBRARIES = ("minidask", "dask")

large = workload("shuffle-memory", "1e6 rows x 13 columns, 30 partitions to 30, in memory", limit=1 / 1.5)
small = workload("shuffle-small-pieces", "the same, 300 partitions to 300", limit=1 / 4, rounds=3)
text = workload("shuffle-text", "1e6 rows by a column of 1e5 strings, 30 partitions to 30, in memory", limit=1 / 1.5)
spilled = workload(
    "shuffle-disk", "1e6 rows x 13 columns, 30 partitions to 30, all pieces in files", limit=1 / 2, rounds=3
)


def frames(library: str) -> ModuleType:
    """Import a library's dataframe module."""
    return importlib.import_module(f"{library}.dataframe")


def rows(library: str, partitions: int) -> Any:
    """Return the seeded dataframe in memory, in partitions."""
    import numpy as np
    import pandas as pd

    count = size(1_000_000, 20_000)
    rng = np.random.default_rng(0)
    columns = {f"x{at}": rng.random(count) for at in range(8)}
    frame = pd.DataFrame(
        {
            "key": rng.integers(0, 1_000_000, count),
            "name": pd.Series(rng.integers(0, 100_000, count)).astype("str") + "-customer",
            "day": pd.date_range("2020", periods=count, freq="s"),
            "flag": rng.random(count) < 0.5,
            "count": rng.integers(0, 9, count),
            **columns,
        }
    )
    return frames(library).from_pandas(frame, npartitions=partitions, sort=False)


def shuffled(frame: Any, on: str, method: str) -> int:
    """Shuffle, and return the number of rows; nothing else is kept."""
    moved = frame.shuffle(on, shuffle_method=method)
    return int(moved.map_partitions(len).compute(scheduler="threads").sum())


def declare(library: str) -> None:
    """Declare the cases of one library."""

    @large.case(library)
    def _() -> Any:
        frame = rows(library, 30)
        return lambda: shuffled(frame, "key", "tasks")

    @small.case(library)
    def _() -> Any:
        frame = rows(library, size(300, 30))
        return lambda: shuffled(frame, "key", "tasks")

    @text.case(library)
    def _() -> Any:
        frame = rows(library, 30)
        return lambda: shuffled(frame, "name", "tasks")

    @spilled.case(library)
    def _() -> Any:
        config = importlib.import_module(library).config
        frame = rows(library, 30)

        def run() -> int:
            with config.set({"dataframe.shuffle.memory-limit": "1 B"}):
                return shuffled(frame, "key", "disk")

        return run


for _library in LIBRARIES:
    declare(_library)
