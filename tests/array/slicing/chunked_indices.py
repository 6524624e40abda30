"""Indices with one chunked array or several, and the same ones in memory, as a hypothesis strategy."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minidask.array as da
from tests.array.arrays import chunkings

ENDS = st.none() | st.integers(-6, 6)


@st.composite
def lazy_indices(draw: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """An index in memory and the one with chunked arrays, for an array of a shape with at least one axis and no empty one."""
    points = draw(st.sampled_from([(), (1,), (3,), (3,), (2, 3)]))
    which = draw(st.integers(0, len(shape) - 1))
    eager: list[Any] = []
    lazy: list[Any] = []
    axis, dots = 0, False
    while axis < len(shape):
        length = shape[axis]
        if not dots and draw(st.integers(0, 7)) == 0:
            dots = True
            eager.append(...)
            lazy.append(...)
            # Of no width, or over the axes before the chunked array.
            axis = which if draw(st.booleans()) and axis < which else axis
            continue
        if draw(st.integers(0, 7)) == 0:
            eager.append(None)
            lazy.append(None)
        kind = draw(
            st.sampled_from(["points", "mask"] if axis == which else ["int", "slice", "slice", "points in memory"])
        )
        if kind == "slice":
            part: Any = slice(draw(ENDS), draw(ENDS), draw(st.sampled_from([None, 2, -1])))
        elif kind == "int":
            part = draw(st.integers(-length, length - 1))
        elif kind == "mask":
            span = draw(st.integers(1, len(shape) - axis))
            own = shape[axis : axis + span]
            part = np.random.default_rng(draw(st.integers(0, 99))).random(own) < draw(st.sampled_from([0.0, 0.5, 1.0]))
        else:
            part = np.array(draw(st.lists(st.integers(-length, length - 1), min_size=6, max_size=6)))
            part = np.resize(part, points) if points else part[0]
        eager.append(part)
        lazy.append(da.from_array(part, chunks=draw(chunkings(part.shape))) if axis == which else part)
        axis += part.ndim if kind == "mask" else 1
        if axis > which and draw(st.integers(0, 3)) == 0:
            break
    return tuple(eager), tuple(lazy)
