"""A seeded film of a bright spot that wanders over a dark camera, one picture a file.

Place: ``bench_array_pipelines`` measures on it, ``docs/array_pipelines.rst`` and the tests of arrays' workflows process a small
one. It is made up, and needs no download; what makes such a film worth processing is in it: noise, a spot that is never at the
same place, and a brightness that changes with time at a known frequency.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CYCLES", "frames", "write_frames"]

CYCLES = 8
"""How often the spot's brightness goes up and down in a film."""


def frames(count: int, side: int = 32, seed: int = 7) -> np.ndarray:
    """Return a film.

    Parameters
    ----------
    count : int
        Number of pictures.
    side : int
        Of a picture, in pixels; at least 16.
    seed : int
        Of the random numbers; the same one gives the same film.

    Returns
    -------
    array of shape (count, side, side) and dtype uint16

    Raises
    ------
    ValueError
        If pictures are too small for the spot.

    Examples
    --------
    >>> film = frames(3)
    >>> film.shape, film.dtype.name
    ((3, 32, 32), 'uint16')
    """
    import numpy as np

    if side < 16:
        raise ValueError(f"side must be at least 16, got {side}")
    random = np.random.default_rng(seed)
    times = np.arange(count)
    # Slow enough for pixels of the recentred film to see the brightness alone.
    rows, columns = (side / 2 + side / 10 * wave(2 * np.pi * times / 37) for wave in (np.sin, np.cos))
    brightness = 2_000 + 1_000 * np.sin(2 * np.pi * CYCLES * times / count)
    pixels = np.arange(side)
    across = np.exp(-((pixels - rows[:, None]) ** 2) / 8)
    along = np.exp(-((pixels - columns[:, None]) ** 2) / 8)
    spot = brightness[:, None, None] * across[:, :, None] * along[:, None, :]
    return (spot + random.integers(0, 4, spot.shape)).astype("uint16")


def write_frames(folder: str | Path, count: int, side: int = 32, suffix: str = ".tif") -> list[str]:
    """Write a film, a file for each picture; return their paths in order of time.

    Raises ValueError for a suffix other than ``.tif`` (by the package ``tifffile``) and ``.npy``, and as `frames` does.
    """
    import numpy as np

    if suffix not in (".tif", ".npy"):
        raise ValueError(f"suffix must be '.tif' or '.npy', got {suffix!r}")
    film = frames(count, side)
    paths = [str(Path(folder) / f"frame-{number:05}{suffix}") for number in range(count)]
    if suffix == ".npy":
        for path, picture in zip(paths, film, strict=True):
            np.save(path, picture)
        return paths
    import tifffile

    for path, picture in zip(paths, film, strict=True):
        tifffile.imwrite(path, picture)
    return paths
