"""A film from its files to the spectra of its pixels: read, recentre, average, rechunk, transform; on threads and a cluster."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import numba
import numpy as np
import pytest
import tifffile
import zarr

import minidask
import minidask.array as da
from benchmarks.frames_data import CYCLES, frames, write_frames

# Workers don't import from this folder.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("runner")]

COUNT, SIDE, WINDOW = 64, 32, 12


@numba.jit(nopython=True, nogil=True)
def centroid(picture: Any) -> tuple[float, float]:
    total = row = column = 0.0
    for i in range(picture.shape[0]):
        for j in range(picture.shape[1]):
            total += picture[i, j]
            row += picture[i, j] * i
            column += picture[i, j] * j
    return row / total, column / total


def centroids(block: np.ndarray) -> np.ndarray:
    out = np.empty((len(block), 2))
    for at, picture in enumerate(block):
        out[at] = centroid(picture)
    return out


def recentre(block: np.ndarray) -> np.ndarray:
    out = np.empty((len(block), WINDOW, WINDOW), block.dtype)
    low = np.round(centroids(block)).astype(int) - WINDOW // 2
    low = np.clip(low, 0, np.array(block.shape[1:]) - WINDOW)
    for at, (i, j) in enumerate(low):
        out[at] = block[at, i : i + WINDOW, j : j + WINDOW]
    return out


class Answers(NamedTuple):
    centres: Any
    film: Any
    over_time: Any
    over_space: Any
    power: Any


def answers(film: Any, centres: Any, recentred: Any, series: Any, fft: Any) -> Answers:
    power = (abs(fft.fft(series, axis=0)) ** 2).astype("float32")
    return Answers(centres, recentred, recentred.mean(axis=0), recentred.mean(axis=(1, 2)), power)


def pipeline(film: Any) -> Answers:
    centres = film.map_blocks(centroids, dtype=float, chunks=(film.chunks[0], (2,)), drop_axis=2)
    recentred = film.map_blocks(recentre, dtype=film.dtype, chunks=(film.chunks[0], (WINDOW,), (WINDOW,)))
    return answers(film, centres, recentred, recentred.rechunk({0: -1, 1: 4, 2: 4}), da.fft)


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    return frames(COUNT, SIDE)


@pytest.fixture(scope="module")
def expected(film: np.ndarray) -> Answers:
    recentred = recentre(film)
    return answers(film, centroids(film), recentred, recentred, np.fft)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return write_frames(tmp_path_factory.mktemp("film"), COUNT, SIDE)


def check(found: Answers, expected: Answers) -> None:
    for name, one, other in zip(Answers._fields, found, expected, strict=True):
        assert one.shape == other.shape, name
        assert one.dtype == other.dtype, name
        np.testing.assert_allclose(one, other, rtol=1e-4 if name == "power" else 1e-12, atol=1e-2 * (name == "power"))


def stack_of(paths: list[str]) -> da.Array:
    imread = minidask.delayed(tifffile.imread, pure=True)
    return da.stack([da.from_delayed(imread(path), shape=(SIDE, SIDE), dtype="uint16") for path in paths])


def test_files_one_by_one(paths: list[str], expected: Answers) -> None:
    film = stack_of(paths)
    assert film.numblocks == (COUNT, 1, 1)
    lazy = pipeline(film.rechunk({0: 16}))
    assert [part.shape for part in lazy] == [part.shape for part in expected]
    check(minidask.compute(lazy)[0], expected)


def test_each_answer_by_itself(paths: list[str], expected: Answers) -> None:
    lazy = pipeline(stack_of(paths).rechunk({0: 10}))
    check(Answers(*[part.compute() for part in lazy]), expected)


def test_the_film_persisted(paths: list[str], expected: Answers) -> None:
    film = stack_of(paths).rechunk({0: 16}).persist()
    assert film.chunks[0] == (16,) * 4
    check(minidask.compute(pipeline(film))[0], expected)


def test_from_zarr_to_zarr(film: np.ndarray, expected: Answers, tmp_path: Path) -> None:
    stored = zarr.create_array(str(tmp_path / "film.zarr"), shape=film.shape, chunks=(8, SIDE, SIDE), dtype=film.dtype)
    stored[:] = film
    lazy = pipeline(da.from_zarr(str(tmp_path / "film.zarr"), chunks=(16, SIDE, SIDE)))
    lazy.power.to_zarr(str(tmp_path / "power.zarr"))
    power = zarr.open_array(str(tmp_path / "power.zarr"), mode="r")
    assert power.chunks == (COUNT, 4, 4)
    check(minidask.compute(lazy._replace(power=da.from_zarr(power)))[0], expected)


def test_the_spectrum_shows_how_the_brightness_changes(paths: list[str]) -> None:
    film = stack_of(paths).rechunk({0: 16})
    power = pipeline(film).power[1 : COUNT // 2]
    assert int(power.sum(axis=(1, 2)).argmax().compute()) + 1 == CYCLES


def test_a_picture_that_cannot_be_read(paths: list[str]) -> None:
    film = stack_of([*paths[:3], "nowhere.tif"]).rechunk({0: 2})
    with pytest.raises(FileNotFoundError, match=r"nowhere\.tif"):
        pipeline(film).over_time.compute()


def test_blocks_of_another_shape_than_was_said(paths: list[str]) -> None:
    film = stack_of(paths[:4]).rechunk({0: 2})
    wrong = film.map_blocks(recentre, dtype=film.dtype, chunks=(film.chunks[0], (10,), (10,)))
    with pytest.raises(ValueError, match=r"\(2, 12, 12\).*\(2, 10, 10\)|\(2, 10, 10\).*\(2, 12, 12\)"):
        wrong.sum().compute()
