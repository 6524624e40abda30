"""Linear algebra and transforms of arrays, on threads, beside Dask.

BLAS is left as it comes: what a library does about its threads while tasks run in parallel is part of what is measured.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.workload import size, workload

LIBRARIES = {"minidask": "minidask.array", "dask": "dask.array"}


def declare(
    name: str, about: str, limit: float, prepare: Callable[[Any], Callable[[], Any]], rounds: int | None = None
) -> None:
    """Declare a workload of which ``prepare(da)`` returns the function to be timed."""
    declared = workload(name, about, limit=limit, rounds=rounds)
    for library, module in LIBRARIES.items():
        declared.case(library)(lambda module=module: prepare(importlib.import_module(module)))


def numbers(shape: tuple[int, ...]) -> Any:
    """Random numbers in memory, the same for all libraries."""
    import numpy as np

    return np.random.default_rng(0).random(shape)


def rounded(value: Any) -> float:
    """One number that all libraries have to agree on."""
    import numpy as np

    return float(np.format_float_positional(float(value), 6, fractional=False))


def square(da: Any) -> Callable[[], Any]:
    side = size(2000, 200)
    x = da.from_array(numbers((side, side)), chunks=side // 4)
    return lambda: rounded((x @ x).compute(scheduler="threads").sum())


def many_blocks(da: Any) -> Callable[[], Any]:
    side = size(2000, 200)
    x = da.from_array(numbers((side, side)), chunks=side // 10)
    return lambda: rounded((x @ x).compute(scheduler="threads").sum())


def tall_product(da: Any) -> Callable[[], Any]:
    rows = size(400_000, 4000)
    x = da.from_array(numbers((rows, 50)), chunks=(rows // 40, 50))
    return lambda: rounded(x.T.dot(x).compute(scheduler="threads").sum())


def contraction(da: Any) -> Callable[[], Any]:
    rows, side = size(200, 20), size(500, 50)
    x = da.from_array(numbers((rows, 10, side)), chunks=(rows // 2, 5, side // 2))
    y = da.from_array(numbers((10, side, side)), chunks=(5, side // 2, side // 2))
    return lambda: rounded(da.tensordot(x, y, axes=((1, 2), (0, 1))).compute(scheduler="threads").sum())


def triangle(da: Any) -> Callable[[], Any]:
    import numpy as np

    rows = size(200_000, 2000)
    x = da.from_array(numbers((rows, 50)), chunks=(rows // 20, 50))

    def run() -> float:
        q, r = da.linalg.qr(x)
        total = abs(q).sum() + abs(r).sum()
        return rounded(np.asarray(total.compute(scheduler="threads")))

    return run


def singular(da: Any) -> Callable[[], Any]:
    rows = size(200_000, 2000)
    x = da.from_array(numbers((rows, 50)), chunks=(rows // 20, 50))

    def run() -> float:
        u, s, v = da.linalg.svd(x)
        return rounded((abs(u).sum() + s.sum() + abs(v).sum()).compute(scheduler="threads"))

    return run


def compressed(da: Any) -> Callable[[], Any]:
    rows = size(4000, 400)
    x = da.from_array(numbers((rows, 20)) @ numbers((20, rows // 2)), chunks=(rows // 8, rows // 8))

    def run() -> float:
        values = da.linalg.svd_compressed(x, 10, n_power_iter=2, seed=1)[1]
        return rounded(values[:5].sum().compute(scheduler="threads"))

    return run


def transform(da: Any) -> Callable[[], Any]:
    rows = size(8000, 80)
    x = da.from_array(numbers((rows, 1000)), chunks=(rows // 16, 1000))
    return lambda: rounded((abs(da.fft.fft(x, axis=1)) ** 2).sum().compute(scheduler="threads"))


def build(da: Any) -> Callable[[], Any]:
    import warnings

    x = da.ones((1000, 1000), chunks=100)
    warnings.simplefilter("ignore")  # Dask's, about the number of chunks

    def run() -> int:
        y = x
        for _ in range(20):
            y = y @ x
        return int(y.ndim)

    return run


declare("array-matmul", "2000 x 2000 floats in 16 blocks, squared", 1, square)
declare("array-matmul-blocks", "the same in 100 blocks", 1, many_blocks)
declare("array-normal", "X.T.dot(X) of 400,000 x 50 in 40 blocks", 1, tall_product)
declare("array-tensordot", "two axes summed, in 8 blocks each", 1, contraction)
declare("array-qr", "QR of 200,000 x 50 in 20 blocks, both factors", 1, triangle)
declare("array-svd", "singular value decomposition of the same", 1, singular)
declare("array-svd-compressed", "ten values of 4000 x 2000 in 64 blocks, two iterations", 1, compressed)
declare("array-fft", "power spectrum of 8000 rows of 1000", 1, transform)
declare("array-matmul-build", "20 products of 10 x 10 blocks, not computed", 1 / 20, build)
