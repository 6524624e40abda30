"""Every family of operations with arrays on two worker processes: what NumPy gives, and the same bits as on threads."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

import minidask
import minidask.array as da
from minidask.array.testing import assert_values
from minidask_distributed.client.client import Client
from minidask_distributed.client.errors import remote_traceback
from minidask_distributed.deploy.local import LocalCluster

# Workers don't import from this folder.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

pytestmark = [pytest.mark.slow, pytest.mark.network]

PATIENCE_S = 30
MATRIX = np.random.default_rng(11).normal(size=(24, 18))
TALL = np.random.default_rng(12).normal(size=(120, 4))
COUNTS = np.random.default_rng(13).integers(0, 9, size=(24, 18))
TIMES = np.datetime64("2024-02-28", "h") + np.arange(40)


class Case(NamedTuple):
    """What is called on an array and on NumPy's alike, or ``eager`` on the latter; ``close`` if rounding may differ."""

    lazy: Callable[[Any], Any]
    eager: Callable[[Any], Any] | None = None
    array: np.ndarray = MATRIX
    chunks: Any = (7, 5)
    close: bool = False


def smoothed(block: np.ndarray) -> np.ndarray:
    out = block.copy()
    out[1:-1] = (block[:-2] + block[1:-1] + block[2:]) / 3
    return out


def assigned(x: Any) -> Any:
    x = x + 0
    x[x > 1] = 0
    x[3] = 7
    x[:, ::4] = -1
    return x


def signless(r: Any) -> Any:
    return abs(r)


CASES = {
    "elementwise": Case(lambda x: np.exp(x) - 1 / (x + 5) * 2 + np.where(x > 0, x, -x)),
    "comparison": Case(lambda x: (x > 0) & ~(x > 1)),
    "operands in other chunks": Case(lambda x: x.rechunk((24, 1)) + x[:1] * x[:, :1], lambda a: a + a[:1] * a[:, :1]),
    "creation": Case(
        lambda x: da.arange(432, chunks=50).reshape(24, 18) + da.eye(24, chunks=9)[:, :18] + x,
        lambda a: np.arange(432).reshape(24, 18) + np.eye(24)[:, :18] + a,
    ),
    "sum": Case(lambda x: x.sum(axis=0), close=True),
    "mean, std": Case(lambda x: x.mean() + x.std(axis=1), close=True),
    "argmax": Case(lambda x: x.argmax(axis=0)),
    "cumsum": Case(lambda x: x.cumsum(axis=0), close=True),
    "centred": Case(lambda x: (x - x.mean(axis=0)).std(), close=True),
    "all to all": Case(lambda x: (x + x.T).sum(axis=0), array=MATRIX[:18], chunks=4, close=True),
    "transpose": Case(lambda x: x.T),
    "rechunk": Case(lambda x: x.rechunk((24, 2)).rechunk((3, 18)), lambda a: a),
    "reshape": Case(lambda x: x.reshape(6, 4, 9, 2)),
    "slices": Case(lambda x: x[20:2:-3, 1:-1][:, [0, 5, 2]]),
    "positions": Case(lambda x: x[np.array([5, 0, 23, 5])]),
    "boolean rows": Case(lambda x: x[x[:, 0] > 0]),
    "boolean elements": Case(lambda x: x[x > 1], lambda a: a[a > 1], chunks=(7, -1)),
    "unknown chunks": Case(lambda x: (x[x[:, 0] > 0] * 2).sum(axis=1), close=True),
    "assignment": Case(assigned),
    "map_overlap": Case(lambda x: x.map_overlap(smoothed, {0: 1}, boundary=None), smoothed, chunks=(8, 6)),
    "sliding windows": Case(
        lambda x: da.lib.stride_tricks.sliding_window_view(x, 3, axis=0).mean(axis=-1),
        lambda a: np.lib.stride_tricks.sliding_window_view(a, 3, axis=0).mean(axis=-1),
        close=True,
    ),
    "matmul": Case(lambda x: x @ x.T, close=True),
    "einsum": Case(lambda x: (da if isinstance(x, da.Array) else np).einsum("ij,ik->jk", x, x), close=True),
    "tall QR": Case(
        lambda x: signless(da.linalg.qr(x)[1]), lambda a: signless(np.linalg.qr(a)[1]), TALL, (30, 4), close=True
    ),
    "tall SVD": Case(lambda x: da.linalg.svd(x)[1], lambda a: np.linalg.svd(a)[1], TALL, (17, 4), close=True),
    "solve": Case(
        lambda x: da.linalg.solve(x.T.dot(x), x.T.dot(x[:, 0])), lambda a: np.eye(4)[0], TALL, (30, 4), close=True
    ),
    "fft": Case(lambda x: da.fft.fft(x.rechunk({0: -1}), axis=0), lambda a: np.fft.fft(a, axis=0), close=True),
    "median": Case(lambda x: (da if isinstance(x, da.Array) else np).median(x, axis=0)),
    "topk": Case(lambda x: da.topk(x, 3, axis=0), lambda a: -np.sort(-a, axis=0)[:3]),
    "unique": Case(lambda x: da.unique(x), np.unique, COUNTS),
    "histogram": Case(
        lambda x: da.histogram(x, bins=5, range=(-2, 2))[0], lambda a: np.histogram(a, bins=5, range=(-2, 2))[0]
    ),
    "bincount": Case(lambda x: np.bincount(x.ravel(), minlength=9), array=COUNTS),
    "texts": Case(lambda x: x.astype("U1") == "3", array=COUNTS),
    "dates": Case(lambda x: (x - x.min()) / np.timedelta64(1, "D"), array=TIMES, chunks=9),
    "masked": Case(lambda x: (da.ma if isinstance(x, da.Array) else np.ma).masked_greater(x, 0).sum(axis=0), close=True),
    "stack": Case(lambda x: (da if isinstance(x, da.Array) else np).stack([x, x[::-1], x * 2]).max(axis=0)),
    "map_blocks": Case(
        lambda x: x.map_blocks(lambda b, block_id=None: b + block_id[0], dtype=float),
        lambda a: a + (np.arange(24) // 7)[:, None],
    ),
    "apply_along_axis": Case(lambda x: da.apply_along_axis(np.ptp, 1, x), lambda a: np.ptp(a, axis=1)),
    "no elements": Case(lambda x: x[:0].sum(axis=0) + x[:, :0].sum()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_family(client: Client, name: str) -> None:
    case = CASES[name]
    lazy = case.lazy(da.from_array(case.array, chunks=case.chunks))
    there, here = lazy.compute(scheduler=client), lazy.compute(scheduler="threads")
    expected = np.ma.asarray((case.eager or case.lazy)(case.array))
    if case.close:
        np.testing.assert_allclose(np.ma.asarray(there).filled(0), expected.filled(0), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            np.ma.asarray(there).filled(0), np.ma.asarray(here).filled(0), rtol=1e-12, atol=1e-14
        )
        return
    assert_values(np.asarray(there), np.asarray(expected))
    assert_values(np.asarray(there), np.asarray(here))


def test_random_numbers_are_those_of_threads(client: Client) -> None:
    rng = da.random.default_rng(5)
    normal, picked = rng.normal(size=(12, 8), chunks=(5, 3)), rng.choice(100, size=20, chunks=6)
    found = minidask.compute(normal, picked, rng.permutation(da.arange(30, chunks=7)), scheduler=client)
    np.testing.assert_array_equal(found[0], normal.compute(scheduler="sync"))
    np.testing.assert_array_equal(found[1], picked.compute(scheduler="threads"))
    assert sorted(found[2].tolist()) == list(range(30))


def test_several_at_once_share_their_work(client: Client, tmp_path: Path) -> None:
    def counted(block: np.ndarray) -> np.ndarray:
        with open(tmp_path / "runs", "a") as file:
            file.write(".")
        return block + 1

    x = da.from_array(MATRIX, chunks=(12, 9)).map_blocks(counted, dtype=float)
    one, total, (two,) = minidask.compute(x, x.sum(), [x.T], scheduler=client)
    assert (tmp_path / "runs").read_text() == "." * 4
    assert_values(one, MATRIX + 1)
    assert_values(two, one.T)
    np.testing.assert_allclose(total, one.sum())


def test_persisted_arrays_stay_on_the_workers(client: Client) -> None:
    with client.as_current():
        x = (da.from_array(MATRIX, chunks=(6, 6)) * 2).persist()
        assert x.npartitions == 12
        assert len(x.dask) == 12
        assert_values(x[3:9].compute(), MATRIX[3:9] * 2)
        held = {key for keys in client.has_what().values() for key in keys}
        assert {(x.name, i, j) for i in range(4) for j in range(3)} <= held
        again = x - x.mean(axis=0)
        np.testing.assert_allclose(again.compute(), MATRIX * 2 - (MATRIX * 2).mean(axis=0))
        # Threads of this process fetch what the cluster holds.
        assert_values(x.T.compute(scheduler="threads"), MATRIX.T * 2)


def test_futures_of_arrays(client: Client) -> None:
    x = da.from_array(MATRIX, chunks=(6, 6))
    whole, total = client.compute([x + 1, x.max()])
    assert_values(whole.result(PATIENCE_S), MATRIX + 1)
    assert total.result(PATIENCE_S) == MATRIX.max()
    parts = client.map(np.full, [(3, 2)] * 4, [0.0, 1.0, 2.0, 3.0])
    y = da.concatenate([da.from_delayed(part, shape=(3, 2), dtype=float) for part in parts])
    assert y.mean(axis=1).compute(scheduler=client).tolist() == [0.0] * 3 + [1.0] * 3 + [2.0] * 3 + [3.0] * 3
    scattered = client.scatter(MATRIX)
    z = da.from_delayed(scattered, shape=MATRIX.shape, dtype=float)
    assert_values(z[:, 3].compute(scheduler=client), MATRIX[:, 3])


def test_sizes_that_were_unknown(client: Client) -> None:
    with client.as_current():
        x = da.from_array(MATRIX, chunks=(7, 18))
        kept = x[x[:, 1] > 0]
        assert np.isnan(kept.shape[0])
        kept = kept.compute_chunk_sizes()
        expected = MATRIX[MATRIX[:, 1] > 0]
        assert kept.shape == expected.shape
        assert_values(kept.rechunk((2, 5))[::2].compute(), expected[::2])


def test_stores(client: Client, tmp_path: Path) -> None:
    x = da.from_array(MATRIX, chunks=(12, 9)) + 1
    with client.as_current():
        x.to_zarr(str(tmp_path / "x.zarr"))
        assert_values(zarr.open_array(str(tmp_path / "x.zarr"), mode="r")[:], MATRIX + 1)
        assert_values(da.from_zarr(str(tmp_path / "x.zarr")).T.compute(), (MATRIX + 1).T)
        target = zarr.create_array(str(tmp_path / "y.zarr"), shape=x.shape, chunks=(12, 9), dtype=float)
        (written,) = da.store([x * 2], [target], compute=True, return_stored=True)
        assert_values(written.compute(), (MATRIX + 1) * 2)
        da.to_npy_stack(str(tmp_path / "stack"), x, axis=0)
        assert_values(da.from_npy_stack(str(tmp_path / "stack")).compute(), MATRIX + 1)


def test_a_target_in_this_process_is_refused(client: Client) -> None:
    with pytest.raises(TypeError, match=r"is in the memory of this process.*such as zarr's"):
        da.store(da.ones(4, chunks=2), np.zeros(4), scheduler=client)


def failing(block: np.ndarray) -> np.ndarray:
    if block.max() > 20:
        raise ArithmeticError("too large a number")
    return block


def test_errors_come_with_where_they_were_raised(client: Client) -> None:
    x = da.arange(30, chunks=10).map_blocks(failing, dtype=int)
    with pytest.raises(ArithmeticError, match="too large a number") as caught:
        (x + 1).sum().compute(scheduler=client)
    notes = " ".join(caught.value.__notes__)
    assert "failing" in notes
    assert "on the worker" in notes
    assert 'raise ArithmeticError("too large a number")' in (remote_traceback(caught.value) or "")
    with pytest.raises(ValueError, match=r"\(1,\).*\(2,\)|\(2,\).*\(1,\)"):
        da.ones(4, chunks=2).map_blocks(lambda b: b[:1], dtype=float, chunks=(2,)).sum().compute(scheduler=client)
    # The workers go on.
    assert da.arange(30, chunks=10).sum().compute(scheduler=client) == 435


class Barrier:
    """Block a task until a file is there; say before in another file that it waits, and where."""

    def __init__(self, folder: Path) -> None:
        self.began, self.go = str(folder / "began"), str(folder / "go")
        os.mkfifo(self.began)
        os.mkfifo(self.go)

    def __call__(self, block: np.ndarray, block_id: Any = None) -> np.ndarray:
        if block_id[0] == 3 and os.path.exists(self.began):
            with open(self.began, "w") as file:
                file.write(str(os.getpid()))
            with open(self.go) as file:
                file.read()
        return block + 1


def test_a_worker_that_dies_meanwhile_costs_its_part_alone(tmp_path: Path) -> None:
    barrier = Barrier(tmp_path)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        x = da.arange(8_000, chunks=1_000).map_blocks(barrier, dtype=int)
        result = client.compute((x + x[::-1]).sum())
        with open(barrier.began) as file:
            victim = int(file.read())
        assert victim in {worker.pid for worker in cluster.workers.values()}
        # The task that runs again doesn't wait any more.
        os.unlink(barrier.began)
        os.kill(victim, signal.SIGKILL)
        assert result.result(PATIENCE_S) == 2 * np.arange(1, 8_001).sum()


STEPS: list[Callable[[Any], Any]] = [
    lambda x: x + 1,
    lambda x: x[::-1],
    lambda x: x.T,
    lambda x: x * x.max(),
    lambda x: x - x.min(axis=0),
    lambda x: x[x.shape[0] // 3 :],
    lambda x: x.reshape(-1, x.shape[0]),
    lambda x: np.cumsum(x, axis=0) % 97,
    lambda x: np.roll(x, 2, axis=0),
    lambda x: np.concatenate([x, x], axis=0)[::2],
]


@settings(max_examples=15)
@given(
    steps=st.lists(st.sampled_from(range(len(STEPS))), max_size=6), rows=st.integers(1, 9), columns=st.integers(1, 9)
)
def test_a_chain(client: Client, steps: list[int], rows: int, columns: int) -> None:
    a: Any = COUNTS
    x: Any = da.from_array(COUNTS, chunks=(rows, columns))
    for step in steps:
        a, x = STEPS[step](a), STEPS[step](x)
    assert_values(x.compute(scheduler=client), a)
