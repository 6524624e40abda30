"""Arrays on threads beside dask.array: building, chains, reductions, rechunking, indexing, many small blocks.

Data are random numbers of a fixed seed in memory, in blocks of a million elements unless a case is about small ones. Both
libraries run the same text; what they need to build is measured apart from what NumPy does with the elements.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.workload import Workload, size, workload

LIBRARIES = ("minidask", "dask")
SEED = 20


def data(elements: int) -> Any:
    """Return random numbers, the same each time."""
    import numpy as np

    return np.random.default_rng(SEED).random(elements)


def vector(da: Any) -> Any:
    """Return 100 million numbers in blocks of a million."""
    return da.from_array(data(size(100_000_000, 1_000_000)), chunks=size(1_000_000, 100_000))


def matrix(da: Any) -> Any:
    """Return 100 million numbers as a square in blocks of 1000 x 1000."""
    side = size(10_000, 1_000)
    return da.from_array(data(side * side).reshape(side, side), chunks=size(1_000, 250))


def same(value: Any) -> float:
    """Return a number by which results are compared, but for rounding."""
    return round(float(value), 3)


def polynomial(x: Any) -> Any:
    """Return ten operations of one array."""
    return ((((x * 2 + 1) * x - 3) * x + 4) * x - 5) * x + 6


def transcendental(x: Any) -> Any:
    """Return operations in which the functions take most of the time."""
    import numpy as np

    return np.exp(x) - 1 / (x + 1) * 2 + np.sin(x)


def operations(da: Any) -> Callable[[], int]:
    """Return a function that builds one of each of sixteen operations on arrays of 1000 blocks."""
    import numpy as np

    x, y = da.ones(1_000_000, chunks=1_000), da.zeros(1_000_000, chunks=1_000)
    z = da.ones((10_000, 1_000), chunks=(10, 500))

    def run() -> int:
        made = (
            x + 1, x + y, np.sin(x), 2 * x, x > 0, x.sum(), x.mean(), z.std(axis=0), z.max(axis=1), z.T, x[5:500], z[1:50, 3],
            da.where(x > 1, x, y), x.astype("f4"), x.cumsum(axis=0), da.broadcast_to(z[:, 0], (3, 10_000)),
        )  # fmt: skip
        return len(made)

    return run


def further_operations(da: Any) -> Callable[[], int]:
    """Return a function that builds one of each of 24 larger operations on arrays of 10,000 blocks."""
    import numpy as np

    x, y = da.ones(1_000_000, chunks=100), da.zeros(1_000_000, chunks=100)
    z = da.ones((10_000, 1_000), chunks=(10, 100))
    w = da.ones((1_000_000, 4), chunks=(100, 4))
    in_memory = np.zeros(1_000_000)

    def run() -> int:
        assigned = x.copy()
        assigned[assigned > 0] = 2.0
        made = (
            x.map_blocks(np.cbrt, dtype=float), da.from_array(in_memory, chunks=100, name="zeros"), da.concatenate([x, y]),
            da.stack([x, y]), da.broadcast_to(x, (3, 1_000_000)), da.roll(x, 7), da.take(x, [1, 5, 3], axis=0), da.diff(x),
            da.gradient(x), da.map_overlap(np.cbrt, z, depth=1, boundary="reflect", dtype=float), x.reshape(-1, 10),
            da.histogram(x, bins=10, range=(0, 1)), da.insert(x, 5, 1.0, axis=0), da.pad(x, 5, mode="edge"), w @ np.ones(4),
            assigned, da.histogram(y, bins=np.arange(3.0)), da.percentile(x, [25, 50]), da.cov(w.T),
            da.apply_gufunc(np.mean, "(i)->()", w), da.average(x, weights=y), da.linalg.qr(w), da.fft.fftshift(x),
            da.tensordot(w, w, ((0,), (0,))),
        )  # fmt: skip
        return len(made)

    return run


def loop(da: Any, chunks: int) -> Any:
    """Return an array to which 1 was added a hundred times."""
    x = da.from_array(data(1_000 * chunks), chunks=chunks)
    for _ in range(100):
        x = x + 1
    return x


def centred(x: Any) -> Any:
    """Return the spread around the columns' means."""
    return (x - x.mean(axis=0)).std()


def to_columns(da: Any) -> Any:
    """Return 1.6 GB in blocks of rows, rechunked to blocks of columns."""
    rows, columns = size(20_000, 1_000), size(10_000, 500)
    x = da.from_array(data(rows * columns).reshape(rows, columns), chunks=(size(100, 50), columns))
    return x.rechunk((rows, size(50, 25)))


def spectra(da: Any) -> Any:
    """Return the power at each frequency of a stack of pictures: rechunk in time, transform, take the square."""
    import numpy as np

    frames, side = size(1_024, 64), size(256, 64)
    stack = da.from_array(data(frames * side * side).reshape(frames, side, side), chunks=(size(16, 8), side, side))
    series = stack.rechunk((frames, size(32, 16), size(64, 16)))
    return (np.abs(da.fft.fft(series, axis=0)) ** 2).astype("f4")


def permuted(da: Any) -> Any:
    """Return a tenth of a vector's elements, in random order."""
    import numpy as np

    x = vector(da)
    return x[np.random.default_rng(SEED).permutation(len(x))[: len(x) // 10]]


def above(da: Any) -> Any:
    """Return the larger half of a vector."""
    x = vector(da)
    return x[x > 0.5]


def small_blocks(da: Any) -> Any:
    """Return an array of 10,000 blocks of 100 x 100."""
    side = size(10_000, 1_000)
    return da.from_array(data(side * side).reshape(side, side), chunks=100)


def last(result: Any) -> float:
    """Return a number of an array, for comparison: its last element."""
    return same(result[(-1,) * result.ndim])


def average(result: Any) -> float:
    """Return a number of an array, for comparison: the mean of a part of it."""
    return same(result[:1000].mean())


# (workload, what is made once, what is done with it again and again)
CASES: list[tuple[Workload, Callable[[Any], Any], Callable[[Any], Any]]] = [
    (
        workload("array-build", "build sixteen operations on arrays of 1000 blocks", per=16, limit=1 / 20),
        operations,
        lambda run: run(),
    ),
    (
        workload("array-build-more", "build 24 larger operations on arrays of 10,000 blocks", per=24, limit=1 / 20),
        further_operations,
        lambda run: run(),
    ),
    (
        workload("array-build-loop", "build 100 x (x = x + 1) on 1000 blocks", per=100, limit=1 / 20),
        lambda da: da,
        lambda da: loop(da, 10).npartitions,
    ),
    (
        workload("array-loop", "build and compute 100 x (x = x + 1) on 1000 blocks of 100", limit=1 / 20, rounds=3),
        lambda da: da,
        lambda da: last(loop(da, 100).compute()),
    ),
    (
        workload("array-chain", "a polynomial of ten operations, 100 million numbers, to an array", limit=1 / 1.5),
        vector,
        lambda x: last(polynomial(x).compute()),
    ),
    (
        workload("array-chain-sum", "the same polynomial, its sum", limit=1 / 1.5),
        vector,
        lambda x: same(polynomial(x).sum().compute() / x.size),
    ),
    (
        workload("array-functions", "exp(x) - 1/(x+1)*2 + sin(x), 100 million numbers, to an array", limit=1 / 1.2),
        vector,
        lambda x: last(transcendental(x).compute()),
    ),
    (
        workload("array-centred", "(x - x.mean(0)).std(), blocks of 1000 x 1000", limit=1 / 1.5),
        matrix,
        lambda x: same(centred(x).compute()),
    ),
    (
        workload("array-transposed", "(x + x.T).sum(), blocks of 1000 x 1000", limit=1 / 1.5),
        matrix,
        lambda x: same((x + x.T).sum().compute() / x.size),
    ),
    (
        workload("array-rechunk", "1.6 GB from blocks of rows to blocks of columns", limit=1 / 3, rounds=3),
        to_columns,
        lambda x: last(x.compute()),
    ),
    (
        workload("array-spectra", "rechunk pictures in time, FFT, power, float32: 0.5 GB", limit=1 / 3, rounds=3),
        spectra,
        lambda x: average(x.compute()),
    ),
    (
        workload("array-fancy", "10 of 100 million elements by position, in random order", limit=1 / 2.5, rounds=3),
        permuted,
        lambda x: last(x.compute()),
    ),
    (
        workload("array-boolean", "the elements of 100 million above a half", limit=1 / 2.5, rounds=3),
        above,
        lambda x: average(x.compute()),
    ),
    (
        workload("array-small-blocks", "the sum of 10,000 blocks of 100 x 100", limit=1 / 5, rounds=3),
        small_blocks,
        lambda x: same(x.sum().compute() / x.size),
    ),
    (
        workload("array-sum", "the sum of 100 million numbers", limit=1.0),
        vector,
        lambda x: same(x.sum().compute() / x.size),
    ),
]


def declare(library: str, made: Workload, prepare: Callable[[Any], Any], run: Callable[[Any], Any]) -> None:
    """Declare one case of one library."""

    @made.case(library)
    def _() -> Any:
        prepared = prepare(importlib.import_module(f"{library}.array"))
        return lambda: run(prepared)


for _library in LIBRARIES:
    for _case in CASES:
        declare(_library, *_case)
