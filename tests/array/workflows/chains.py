"""Random arrays of every source, and what chains of operations on them are made of: steps, done by NumPy and by us alike.

A step is drawn for the NumPy array that it will meet (its shape and dtype), so that most chains make sense. Of the values a
``State`` knows whether they are exact: sums and means in another order differ in the last bits, so that what jumps (comparisons,
rounding, positions) is drawn only where they don't.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.delayed import delayed
from tests.array.arrays import RECORD, chunkings, forget, sample, shapes

COMMON = ["f8", "f8", "f8", "i8", "i8", "f4", "?", "c16"]
OTHERS = ["i1", "u1", "u2", "i4", "u8", "f2", "c8", "M8[s]", "m8[ms]", "U3", "S2", "O", RECORD]
LARGEST = 1500
"""Elements that an array of a chain may have."""


class Other(NamedTuple):
    """Another array that takes part in a step: in memory, and what the lazy side gets."""

    eager: Any
    lazy: Any
    text: str


class Step(NamedTuple):
    """A name for the reader of a failure, and ``func(numpy or minidask.array, array, *others)``."""

    text: str
    func: Callable[..., Any]
    others: tuple[Other, ...] = ()
    blurs: bool = False  # whether the result's last bits depend on the order of calculation
    lazy_func: Callable[..., Any] | None = None
    assigns: bool = False

    def eager(self, a: Any) -> Any:
        return in_memory(self.func(np, a, *[other.eager for other in self.others]))

    def lazy(self, x: Any) -> Any:
        return (self.lazy_func or self.func)(da, x, *[other.lazy for other in self.others])

    def __repr__(self) -> str:
        return " ".join([self.text, *[other.text for other in self.others]])


def in_memory(value: Any) -> Any:
    """Return what NumPy made as an array; what is neither array nor one of its numbers is an element of an array of objects."""
    if isinstance(value, np.str_ | np.bytes_):
        raise TypeError("an element of text doesn't tell the dtype that it had")
    if isinstance(value, np.ndarray | np.generic):
        return np.asarray(value)
    out = np.empty((), object)
    out[()] = value
    return out


def is_number(a: Any) -> bool:
    return a.dtype.kind in "biufc"


def is_real(a: Any) -> bool:
    return a.dtype.kind in "biuf"


@st.composite
def axes(draw: Any, a: Any, optional: bool = True) -> Any:
    """An axis, None or a tuple of axes."""
    if not a.ndim:
        return None
    kind = draw(st.sampled_from(["one", "one", "none", "some"] if optional else ["one"]))
    if kind == "none":
        return None
    if kind == "one":
        return draw(st.integers(-a.ndim, a.ndim - 1))
    return tuple(draw(st.lists(st.integers(0, a.ndim - 1), unique=True, min_size=0, max_size=a.ndim)))


def one_axis(a: Any) -> Any:
    return st.integers(-a.ndim, a.ndim - 1)


@st.composite
def others(draw: Any, shape: tuple[int, ...], dtype: Any = None, seed_limit: int = 50, nan: bool = False) -> Other:
    """An array of a shape, on the lazy side chunked in its own way, or in memory."""
    if dtype is None:
        dtype = draw(st.sampled_from(["f8", "i8", "i4", "f4", "?", "u1", "c16"]))
    b = sample(shape, dtype, draw(st.integers(0, seed_limit)), nan)
    return draw(either(b))


@st.composite
def either(draw: Any, b: Any) -> Other:
    text = f"{b.dtype}{b.shape} {b.tolist()}"
    if draw(st.booleans()):
        return Other(b, b, f"{text} in memory")
    cut = draw(chunkings(b.shape))
    return Other(b, da.from_array(b, chunks=cut), f"{text} in chunks {cut}")


@st.composite
def fellows(draw: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts with this one."""
    own = list(shape[draw(st.integers(0, len(shape))) :])
    for at in range(len(own)):
        if draw(st.integers(0, 3)) == 0:
            own[at] = 1
    if len(own) == len(shape) and draw(st.integers(0, 4)) == 0:
        own = [2, *own]
    return tuple(own)


class State(NamedTuple):
    """An array in memory, ours, and what is known of its values."""

    eager: Any
    lazy: Any
    exact: bool = True
    precision: float = 0.0  # of the narrowest floats that were calculated with
    source: str = ""

    def after(self, step: Step, eager: Any, lazy: Any) -> State:
        floats = [a for a in (self.eager, eager) if a.dtype.kind in "fc"]
        precision = max([self.precision, *[float(np.finfo(a.dtype).eps) for a in floats]])
        blurred = step.blurs and bool(floats)
        return State(eager, lazy, self.exact and not blurred, precision)


def settle(a: Any) -> Any:
    return np.asarray(a)


class Keep:
    """Return a block, as a function that travels."""

    def __call__(self, block: Any) -> Any:
        return block

    def __reduce__(self) -> Any:
        return Keep, ()


@st.composite
def beginnings(draw: Any, folder: Path) -> State:
    """An array to begin with, of any source."""
    shape = draw(shapes(0, 4, 0, 5)) if draw(st.integers(0, 3)) == 0 else draw(shapes(1, 3, 1, 6))
    dtype = draw(st.sampled_from(COMMON if draw(st.integers(0, 2)) else OTHERS))
    a = sample(shape, dtype, draw(st.integers(0, 1000)), draw(st.integers(0, 3)) == 0)
    if a.dtype.kind == "f" and a.size and draw(st.integers(0, 3)) == 0:
        a.flat[0] = draw(st.sampled_from([np.inf, -np.inf, -0.0]))
    layout = draw(st.sampled_from("CFV"))
    if layout == "F" and a.ndim:
        a = np.asfortranarray(a)
    elif layout == "V" and a.ndim:
        a = np.repeat(a, 2, axis=0)[::2]
    cut = draw(chunkings(shape))
    source = draw(
        st.sampled_from(
            ["array", "array", "array", "delayed", "map", "broadcast", "filled", "arange", "zarr", "npy", "memmap"]
            + ["persisted", "unknown", "stored"]
        )
    )
    x = da.from_array(a, chunks=cut)
    plain = a.dtype.kind not in "OV" and not x.chunks == () and a.size
    if source == "delayed" and a.ndim:
        x = da.concatenate(
            [
                da.from_delayed(delayed(settle)(a[at : at + 1]), shape=(1, *a.shape[1:]), dtype=a.dtype)
                for at in range(len(a))
            ]
            or [x]
        )
    elif source == "map":
        x = da.map_blocks(Keep(), x, dtype=a.dtype)
    elif source == "broadcast" and a.ndim:
        a = np.broadcast_to(a[:1], shape)
        x = da.broadcast_to(da.from_array(a[:1].copy(), chunks=-1), shape, chunks=cut) if len(a) else x
    elif source == "filled" and is_number(a):
        value = draw(st.integers(0, 1)) if a.dtype.kind == "b" else draw(st.integers(0, 3))
        a, x = np.full(shape, value, a.dtype), da.full(shape, value, dtype=a.dtype, chunks=cut)
    elif source == "arange" and a.dtype.kind in "iuf" and a.size < 120:
        a = np.arange(a.size).astype(a.dtype).reshape(shape)
        x = da.arange(a.size, chunks=3).astype(a.dtype).reshape(shape)
    elif source == "zarr" and plain and a.dtype.kind in "biufc":
        even = tuple([max(max(own), 1) for own in cut])
        with config.set(scheduler="sync"):
            da.from_array(a, chunks=even).to_zarr(str(folder / "x.zarr"))
        x = da.from_zarr(str(folder / "x.zarr"))
    elif source == "npy" and plain:
        with config.set(scheduler="sync"):
            da.to_npy_stack(str(folder / "stack"), x, axis=0)
        x = da.from_npy_stack(str(folder / "stack"), mmap_mode=draw(st.sampled_from(["r", None])))
    elif source == "memmap" and plain:
        np.save(folder / "x.npy", a)
        x = da.from_array(np.load(folder / "x.npy", mmap_mode="r"), chunks=cut)
    elif source == "persisted":
        x = x.persist(scheduler="sync")
    elif source == "unknown" and a.ndim:
        x = forget(x, draw(st.integers(0, a.ndim - 1)))
    elif source == "stored" and plain:
        kept = np.zeros_like(a)
        x = x.store(kept, return_stored=True, compute=False)
    return State(a, x, source=f"{source}, {layout}")
