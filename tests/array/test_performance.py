import warnings

import numpy as np
import pytest

import minidask
import minidask.array as da
from minidask import config
from minidask.array import performance
from minidask.array.performance import PerformanceWarning, check_memory, check_sizes, holds_all, memory_limit


def quiet(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return make()


def test_too_many_chunks():
    with pytest.warns(PerformanceWarning, match=r"too many chunks: full makes 250,000 blocks.*chunks='auto'") as found:
        x = da.ones(500_000, chunks=2)
    assert found[0].filename == __file__
    # Whoever was told once isn't told again by each operation.
    quiet(lambda: (x + 1).sum())
    quiet(lambda: da.ones(199_999, chunks=1))


def test_chunk_explosions():
    x, y = da.ones(2_000, chunks=10), da.ones((2_000, 1), chunks=(10, 1))
    with pytest.warns(
        PerformanceWarning, match=r"chunk explosion: .* makes 40,000 blocks of 200.*x\.rechunk\('auto'\)"
    ):
        x * y
    with pytest.warns(PerformanceWarning, match="chunk explosion: multiply"):
        da.outer(x, x)
    with pytest.warns(PerformanceWarning, match="chunk explosion: rechunk makes 20,000"):
        da.ones(20_000, chunks=-1).rechunk(1)
    quiet(lambda: da.ones((1_000, 1_000), chunks=100).reshape(-1))
    quiet(lambda: da.ones(20_000, chunks=1)[::-1])


def test_huge_chunks():
    x = da.ones((100_000, 20_000), chunks=(1_000, 1_000))
    with pytest.warns(
        PerformanceWarning, match=r"huge chunk: rechunk makes blocks of 14\.90 GiB of blocks of 7\.63 MiB"
    ):
        x.rechunk(-1)
    quiet(lambda: x.rechunk({0: 2_000}))
    quiet(lambda: check_sizes("rechunk", ((1 << 28,),), ((1 << 29,),), 8))
    with pytest.warns(PerformanceWarning, match="huge chunk"):
        x.rechunk(-1, method="disk")


def test_huge_chunks_of_stretched_arrays():
    x = da.ones(100_000, chunks=20_000)
    with pytest.warns(PerformanceWarning, match=r"huge chunk: subtract makes blocks of 2\.98 GiB of blocks of 156"):
        x[:, None] - x
    quiet(lambda: x[:1_000, None] - x)
    y = da.ones((1 << 28,), chunks=-1)
    quiet(lambda: y + y)
    quiet(lambda: y[None] + da.ones((3, 1)))


def test_results_are_counted_together(monkeypatch):
    monkeypatch.setattr(performance, "_WORTH_ASKING", 0)
    x = da.random.random((1_000, 100), chunks=(10, 100))
    with config.set({"array.memory-limit": "1 MB"}):
        quiet(lambda: minidask.compute(x, x))
        with pytest.warns(PerformanceWarning, match=r"2 results of 1\.53 MiB") as found:
            minidask.compute(x, x + 1)
        assert len(found) == 1
        with pytest.warns(PerformanceWarning, match=r"2 results of 1\.53 MiB"):
            minidask.persist(x, x + 1)


def test_what_cannot_fit_is_said_before_it_runs(monkeypatch):
    monkeypatch.setattr(performance, "_WORTH_ASKING", 0)
    x = da.random.random((1_000, 100), chunks=(10, 100))
    with config.set({"array.memory-limit": "1 MB"}):
        assert memory_limit() == 1_000_000
        quiet(lambda: x.sum().compute())
        quiet(lambda: x[:100].compute())
        with pytest.warns(PerformanceWarning, match=r"projected memory: .*a result of 781.*da\.to_zarr") as found:
            (x + 1).rechunk((1_000, 1)).map_blocks(np.sort).compute()
        assert len(found) == 1
        assert found[0].filename == __file__
        assert "method='disk'" in str(found[0].message)
        quiet(lambda: x.rechunk((1_000, 1)).sum().compute())
    with config.set({"array.memory-limit": "700 kB"}):
        with pytest.warns(PerformanceWarning, match="for a rechunk.*method='disk'"):
            x.rechunk((1_000, 1)).map_blocks(np.sort).sum().compute()
        quiet(lambda: x.rechunk((1_000, 1), method="disk").map_blocks(np.sort).sum().compute())
        quiet(lambda: x.rechunk((20, 100)).sum().compute())
    monkeypatch.setattr(performance, "available", lambda: None)
    quiet(lambda: check_memory([x]))


def test_little_is_never_asked_about(monkeypatch):
    monkeypatch.setattr(performance, "memory_limit", lambda: 1 / 0)
    check_memory([da.ones(1_000) + 1])


def test_which_rechunks_hold_all():
    made = da.random.random((40, 40), chunks=(10, 40))
    assert holds_all(made.rechunk((40, 10))._layer)
    assert not holds_all(made.rechunk((20, 40))._layer)
    assert not holds_all(made.rechunk((40, 10), method="disk")._layer)
    assert not holds_all(da.from_array(np.ones((40, 40)), chunks=(10, 40)).rechunk((40, 10))._layer)
