"""Matrices to compare with: well-conditioned ones of any shape and dtype, and how closely results of a dtype agree."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minidask.array as da
from tests.array.arrays import chunkings

LAPACK_DTYPES = ["?", "i4", "f4", "f8", "c8", "c16"]


def matrix(shape: tuple[int, ...], dtype: str = "f8", seed: int = 0) -> Any:
    """Normally distributed numbers; small whole ones for other dtypes."""
    rng = np.random.default_rng(seed)
    made = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        return (made + 1j * rng.standard_normal(shape)).astype(dtype)
    return (made > 0) if dtype == "?" else (made * 3).astype(dtype)


def definite(n: int, dtype: str = "f8", seed: int = 0) -> Any:
    """A Hermitian, positive definite matrix."""
    a = matrix((n, n), dtype, seed)
    return (a @ a.conj().T + n * np.eye(n)).astype(dtype)


def regular(n: int, dtype: str = "f8", seed: int = 0) -> Any:
    """A matrix that is far from singular, without being Hermitian; pivots are needed."""
    a = matrix((n, n), dtype, seed)
    return (a + 4 * np.sqrt(n) * np.roll(np.eye(n), 1, axis=0)).astype(dtype)


def near(dtype: Any) -> dict[str, float]:
    """How closely results calculated in a dtype agree."""
    return {"rtol": 2e-3, "atol": 2e-3} if np.dtype(dtype).char in "fF" else {"rtol": 1e-8, "atol": 1e-9}


@st.composite
def chunked(draw: Any, a: Any) -> Any:
    """The chunked array of an array in memory, in any chunks."""
    return da.from_array(a, chunks=draw(chunkings(a.shape)))
