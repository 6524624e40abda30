"""``map_overlap`` on threads: a 3×3 stencil on 8000² numbers in blocks of 1000², whole, without the stencil, and building it.

The stencil itself costs both libraries the same; what is left is cutting borders, pasting, trimming and joining the result,
which the second workload shows alone.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from benchmarks.workload import size, workload

LIBRARIES = ("minidask", "dask")
LENGTH, CHUNK = size(8000, 400), size(1000, 100)

stencil = workload("array-overlap-stencil", "mean of 3x3 neighbours by map_overlap, to an array", limit=1 / 2)
borders = workload("array-overlap-borders", "map_overlap of a function that does nothing, to an array", limit=1 / 2)
built = workload("array-overlap-build", "build map_overlap on 64 blocks", limit=1 / 5)
windows = workload("array-overlap-windows", "maximum over windows of 3 x 1 by sliding_window_view", limit=1.0)


def arrays(library: str) -> ModuleType:
    """Import a library's array module."""
    return importlib.import_module(f"{library}.array")


def data(da: ModuleType) -> Any:
    """Return random numbers in memory, in blocks."""
    import numpy as np

    return da.from_array(np.random.default_rng(0).random((LENGTH, LENGTH)), chunks=CHUNK)


def smooth(block: Any) -> Any:
    """Return the mean of the neighbours of each element, two passes over rows and columns; ends keep their values."""
    out = block.copy()
    rows = block[:-2] + block[1:-1]
    rows += block[2:]
    inner = out[1:-1, 1:-1]
    inner[...] = rows[:, :-2]
    inner += rows[:, 1:-1]
    inner += rows[:, 2:]
    inner /= 9
    return out


def unchanged(block: Any) -> Any:
    """Return a block as it is."""
    return block


def declare(library: str) -> None:
    """Declare the cases of one library."""

    def threads(x: Any) -> Any:
        return x.compute(scheduler="threads", num_workers=2)

    def outline(values: Any) -> Any:
        return round(float(values[:: CHUNK // 2, :: CHUNK // 3].sum()), 6)

    @stencil.case(library)
    def _() -> Any:
        x = data(arrays(library))
        return lambda: outline(threads(x.map_overlap(smooth, depth=1, boundary="reflect", dtype=float)))

    @borders.case(library)
    def _() -> Any:
        x = data(arrays(library))
        return lambda: outline(threads(x.map_overlap(unchanged, depth=1, boundary="reflect", dtype=float)))

    @built.case(library)
    def _() -> Any:
        x = data(arrays(library))
        return lambda: x.map_overlap(smooth, depth=1, boundary="reflect", dtype=float).shape

    @windows.case(library)
    def _() -> Any:
        da = arrays(library)
        x = data(da)
        view = importlib.import_module(f"{library}.array.lib.stride_tricks").sliding_window_view
        return lambda: outline(threads(view(x, 3, axis=0).max(axis=-1)))


for each in LIBRARIES:
    declare(each)
