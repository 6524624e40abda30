"""Arrays to compare with: of every dtype, shape and chunking, as hypothesis strategies; and a scheduler that proves laziness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import minidask.array as da

# One example is many NumPy calls, so that they are few and have no deadline.
few = settings(max_examples=30, deadline=None)

INTEGERS = ["i1", "u1", "i4", "i8", "u8"]
FLOATS = ["f2", "f4", "f8"]
COMPLEX = ["c8", "c16"]
NUMBERS = ["?", *INTEGERS, *FLOATS, *COMPLEX]
TIMES = ["M8[s]", "m8[ms]"]
TEXT = ["U3", "S2"]
RECORD = "record"
EVERY_DTYPE = [*NUMBERS, *TIMES, *TEXT, "O", RECORD]


def sample(shape: tuple[int, ...], dtype: str = "f8", seed: int = 0, nan: bool = False) -> Any:
    """An array of small values, many of them equal, with NaN (NaT) among them if ``nan`` and the dtype has it."""
    rng = np.random.default_rng(seed)
    if dtype == RECORD:
        out = np.empty(shape, [("a", "i4"), ("b", "f8")])
        out["a"], out["b"] = rng.integers(-5, 5, shape), rng.normal(size=shape)
        return out
    kind = np.dtype(dtype)
    whole = rng.integers(0 if kind.kind in "uM" else -5, 6, shape)
    if kind.kind == "f":
        made = (whole / 2).astype(kind)
    elif kind.kind == "c":
        made = (whole / 2 + 1j * rng.integers(-3, 3, shape)).astype(kind)
    elif kind.kind == "b":
        made = whole > 0
    elif kind.kind == "O":
        made = np.asarray(whole).astype(object)
    else:
        made = np.asarray(whole).astype(kind)
    made = np.asarray(made)
    if nan and kind.kind in "fcmM":
        made[rng.random(shape) < 0.3] = "NaT" if kind.kind in "mM" else np.nan
    return made


@st.composite
def shapes(draw: Any, min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 7) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=max_dims)))


@st.composite
def cuttings(draw: Any, length: int) -> tuple[int, ...]:
    """Sizes of blocks of an axis: one, all of size 1, even, or any, blocks of no length among them."""
    how = draw(st.sampled_from(["one", "ones", "even", "any"]))
    if how == "one" or length == 0:
        return (length,)
    if how == "ones":
        return (1,) * length
    if how == "even":
        size = draw(st.integers(1, length))
        return (size,) * (length // size) + ((length % size,) if length % size else ())
    edges = sorted(draw(st.lists(st.integers(0, length), max_size=4)))
    return tuple(np.diff([0, *edges, length]).tolist())


@st.composite
def chunkings(draw: Any, shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(draw(cuttings(length)) for length in shape)


@st.composite
def pairs(
    draw: Any,
    dtypes: list[str] | None = None,
    min_dims: int = 0,
    max_dims: int = 3,
    min_side: int = 0,
    max_side: int = 7,
    nan: bool = False,
) -> tuple[Any, Any]:
    """A NumPy array and the chunked array of it."""
    shape = draw(shapes(min_dims, max_dims, min_side, max_side))
    a = sample(shape, draw(st.sampled_from(dtypes or ["f8", "i8"])), draw(st.integers(0, 1000)), nan)
    return a, da.from_array(a, chunks=draw(chunkings(shape)))


def forget(x: Any, axis: int = 0) -> Any:
    """The same array with chunk sizes along an axis that aren't known."""
    index = (slice(None),) * axis
    return x[(*index, da.ones(x.shape[axis], dtype=bool, chunks=(x.chunks[axis],)) | True)]


def raising(graph: Any, keys: Any, **kwargs: Any) -> Any:
    """A scheduler that proves that nothing is computed: ``with config.set(scheduler=raising)``."""
    raise AssertionError("something was computed")


def outcome(func: Callable[[], Any]) -> Any:
    """What a call returns, or the type of what it raises."""
    try:
        return func()
    except Exception as error:
        return type(error)
