"""The classic computations with arrays from end to end, beside dask.array: a film's spectra, regression, several results at once.

What begins with ``array-cluster`` runs on two processes with one thread each, of minidask and of
distributed. Each call there computes under other names (data times a number that goes up): a cluster may otherwise answer from
what it still holds.

Limits: what moves blocks between processes, and what makes many small results of tall matrices, is a third of the peer's time;
the pipelines, where NumPy's own work is most of it, two thirds. Regression by ``solve`` is measured in ``bench_array_linalg``.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from benchmarks.clusters import local, package
from benchmarks.frames_data import write_frames
from benchmarks.workload import Workload, size, workload

LIBRARIES = ("minidask", "dask")
CLUSTERS = ("minidask", "distributed")
SEED = 20
WINDOW = 32

Job = Callable[[Any, Any], Callable[[], Any]]


def recentre(block: Any) -> Any:
    """Return the part of each picture around the centre of its brightness."""
    import numpy as np

    frames, rows, columns = block.shape
    weights = block.sum(axis=(1, 2), dtype=float)
    down = (block.sum(axis=2) @ np.arange(rows)) / weights
    across = (block.sum(axis=1) @ np.arange(columns)) / weights
    out = np.empty((frames, WINDOW, WINDOW), block.dtype)
    for at in range(frames):
        i = min(max(round(down[at]) - WINDOW // 2, 0), rows - WINDOW)
        j = min(max(round(across[at]) - WINDOW // 2, 0), columns - WINDOW)
        out[at] = block[at, i : i + WINDOW, j : j + WINDOW]
    return out


def spectra(da: Any, library: Any) -> Callable[[], Any]:
    """A film, a file a picture: rechunk in time, recentre, means over time and space, rechunk to pixels, FFT, power, float32"""
    import numpy as np

    folder = tempfile.TemporaryDirectory()
    frames, side = size(1_000, 60), 128
    paths = write_frames(folder.name, frames, side, ".npy")

    def run() -> list[float]:
        load = library.delayed(np.load, pure=False)
        film = da.stack([da.from_delayed(load(path), (side, side), "uint16") for path in paths]).rechunk({0: 20})
        film = film.map_blocks(recentre, dtype=film.dtype, chunks=(film.chunks[0], (WINDOW,), (WINDOW,)))
        series = film.rechunk({0: -1, 1: 8, 2: 8})
        power = (abs(da.fft.fft(series, axis=0)) ** 2).astype("float32")
        results = library.compute(power, film.mean(axis=0), film.mean(axis=(1, 2)))
        assert folder.name  # the folder lasts as long as this function
        return [round(float(np.log(results[0][1:].sum())), 3), *(float(part.sum()) for part in results[1:])]

    return run


def rows_of(da: Any, rows: int, columns: int, chunk: int) -> Any:
    """Return a tall matrix of random numbers in memory, the same for all."""
    import numpy as np

    return da.from_array(np.random.default_rng(SEED).random((rows, columns)), chunks=(chunk, columns))


def descent(da: Any, library: Any) -> Callable[[], Any]:
    """Linear regression by 50 steps of gradient descent, computed every ten, of a million rows in 50 blocks"""
    import numpy as np

    X = rows_of(da, size(1_000_000, 10_000), 10, size(20_000, 1_000))
    y = (X * np.arange(1.0, 11)).sum(axis=1)
    X, y = library.persist(X, y)

    def run() -> list[float]:
        beta = da.zeros(10, chunks=10)
        for step in range(50):
            beta = beta - 0.1 * X.T.dot(X.dot(beta) - y) / X.shape[0]
            if step % 10 == 9:
                (beta,) = library.persist(beta)
        return [round(value, 6) for value in beta.compute().tolist()]

    return run


def several(da: Any, library: Any) -> Callable[[], Any]:
    """Three arrays of 20 million numbers and a sum at once, which share a part"""
    import numpy as np

    x = da.from_array(np.random.default_rng(SEED).random(size(20_000_000, 100_000)), chunks=size(1_000_000, 10_000))

    def run() -> list[float]:
        y = np.sqrt(x)
        results = library.compute(y, y * 2, y - x, y.sum())
        return [round(float(np.ravel(part)[-1]), 3) for part in results]

    return run


def summary(da: Any, library: Any) -> Callable[[], Any]:
    """Mean, spread, least and largest of 100 million numbers that are made by a function, at once"""
    import numpy as np

    x = da.arange(size(100_000_000, 1_000_000), chunks=size(1_000_000, 100_000), dtype=float)

    def run() -> list[float]:
        y = np.sqrt(x)
        return [float(part) for part in library.compute(y.mean(), y.std(), y.min(), y.max())]

    return run


JOBS: dict[str, tuple[Job, float, int | None]] = {
    "film": (spectra, 1 / 1.5, 3),
    "descent": (descent, 1 / 1.5, None),
    "several": (several, 1 / 1.5, None),
    "summary": (summary, 1 / 1.1, None),
}
"""The name of what is done, with the function that prepares it, its limit, and its number of rounds."""

ON_CLUSTERS = ("film", "descent")


def on_threads(made: Workload, library: str, job: Job) -> None:
    """Declare a library's case of a job on threads."""

    @made.case(library)
    def _() -> Any:
        return job(importlib.import_module(f"{library}.array"), importlib.import_module(library))


def on_cluster(made: Workload, library: str, job: Job) -> None:
    """Declare a library's case of a job on two processes."""
    above = "minidask" if library == "minidask" else "dask"

    @made.case(library)
    def _() -> Iterator[Any]:
        with local(library):
            yield job(importlib.import_module(f"{above}.array"), importlib.import_module(above))


for _name, (_job, _limit, _rounds) in JOBS.items():
    _made = workload(f"array-{_name}", _job.__doc__ or "", limit=_limit, rounds=_rounds)
    for _library in LIBRARIES:
        on_threads(_made, _library, _job)
for _name in ON_CLUSTERS:
    _job, _limit, _rounds = JOBS[_name]
    _made = workload(f"array-cluster-{_name}", f"{_job.__doc__}; on two processes", limit=_limit, rounds=_rounds)
    for _library in CLUSTERS:
        on_cluster(_made, _library, _job)


def square(da: Any, number: int) -> Any:
    """Return a square of one number in blocks of 500 x 500."""
    side, chunk = size(6_000, 400), size(500, 100)
    return da.ones((side, side), chunks=chunk) * number


def tall(da: Any, number: int) -> Any:
    """Return a tall matrix of one number: 500 blocks of 8,000 x 4."""
    return da.ones((size(4_000_000, 40_000), 4), chunks=(size(8_000, 4_000), 4)) * number


def triangular(x: Any) -> Any:
    """Return the size of R of a tall matrix."""
    da = importlib.import_module(type(x).__module__.partition(".")[0] + ".array")
    return abs(da.linalg.qr(x)[1]).sum()


# name: (about, what is kept on the cluster, what is computed of it, limit); both are linear in the number
MOVED: dict[str, tuple[str, Callable[[Any, int], Any], Callable[[Any], Any], float]] = {
    "transposed": ("(x + x.T).sum(), blocks of 500 x 500: every block goes to the other process", square,
                   lambda x: (x + x.T).sum(), 1 / 3),
    "centred": ("(x - x.mean(axis=0)).std() + x.max(), blocks of 500 x 500", square,
                lambda x: (x - x.mean(axis=0)).std() + x.max(), 1 / 3),
    "tall-sum": ("the sums of four columns in 500 blocks", tall, lambda x: x.sum(axis=0).sum(), 1 / 3),
    "tall-mean-std": ("means and spreads of four columns in 500 blocks", tall,
                      lambda x: (x.mean(axis=0) + x.std(axis=0)).sum(), 1 / 3),
    "tall-product": ("X.T @ X of four columns in 500 blocks, its roots", tall, lambda x: (x.T.dot(x) ** 0.5).sum(), 1 / 3),
    "tall-qr": ("R of the QR factorization of four columns in 500 blocks", tall, triangular, 1.0),
}  # fmt: skip


def declare_moved(library: str, name: str) -> None:
    """Declare what a library does with an array that its cluster has just made, and keeps."""
    _, make, reduce, _ = MOVED[name]
    above = "minidask" if library == "minidask" else "dask"

    @_moved[name].case(library)
    def _() -> Iterator[Any]:
        numbers = count(1)
        da = importlib.import_module(f"{above}.array")
        with local(library):

            def run() -> tuple[float, float]:
                number = next(numbers)
                x = make(da, number).persist()
                package(library).wait(x)
                lazy = reduce(x)
                start = time.perf_counter()
                value = lazy.compute()
                return time.perf_counter() - start, round(float(value) / number, 3)

            run()
            yield run


_moved = {
    name: workload(f"array-cluster-{name}", f"{about}; on two processes", kind="measure", limit=limit)
    for name, (about, _, _, limit) in MOVED.items()
}
for _name in MOVED:
    for _library in CLUSTERS:
        declare_moved(_library, _name)
