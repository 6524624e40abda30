"""Steps that move elements, choose among them, or join arrays: nothing is calculated, so that values stay as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from minidask import config
from tests.array.arrays import chunkings, sample
from tests.array.workflows.chains import Other, Step, either, fellows, is_number, one_axis, others

SLICES = st.one_of(
    st.slices(6),
    st.sampled_from(
        [slice(None), slice(None, None, -1), slice(1, None), slice(None, -1), slice(0, 0), slice(None, None, 2)]
    ),
)


@st.composite
def basic_entries(draw: Any, a: Any) -> tuple[Any, ...]:
    parts: list[Any] = []
    for length in a.shape[: draw(st.integers(0, a.ndim))]:
        kind = draw(st.sampled_from(["slice", "slice", "int", "all"]))
        if kind == "int" and length:
            parts.append(draw(st.integers(-length, length - 1)))
        else:
            parts.append(draw(SLICES) if kind == "slice" else slice(None))
    return tuple(parts)


@st.composite
def positions(draw: Any, length: int, most: int = 6) -> list[int]:
    return draw(st.lists(st.integers(-length, length - 1), max_size=most)) if length else []


@st.composite
def slicing(draw: Any, a: Any, exact: bool) -> Step:
    parts = list(draw(basic_entries(a)))
    if draw(st.integers(0, 3)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(st.integers(0, 3)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), Ellipsis)
    index = tuple(parts)
    return Step(f"x[{index}]", lambda m, x: x[index])


@st.composite
def taking(draw: Any, a: Any, exact: bool) -> Step | None:
    """One array of positions or of bools, or several, among slices, ints and new axes."""
    if not a.ndim:
        return None
    parts: list[Any] = list(draw(basic_entries(a)))
    parts += [slice(None)] * (a.ndim - len(parts))
    count = draw(st.sampled_from([1, 1, 1, 2, 3]))
    size = draw(st.integers(0, 4))
    for at in draw(st.lists(st.integers(0, a.ndim - 1), min_size=1, max_size=count, unique=True)):
        length = a.shape[at]
        if count == 1 and draw(st.integers(0, 2)) == 0:
            parts[at] = np.array(draw(st.lists(st.booleans(), min_size=length, max_size=length)), bool)
        elif count == 1:
            parts[at] = draw(positions(length))
        elif length:
            shape = draw(st.sampled_from([(size,), (size,), (1,), (2, 1), (2, size)]))
            parts[at] = np.array(
                draw(
                    st.lists(
                        st.integers(-length, length - 1), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))
                    )
                ),
                int,
            ).reshape(shape)
    if draw(st.integers(0, 4)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), None)
    index = tuple(parts)
    return Step(f"x[{index}]", lambda m, x: x[index])


@st.composite
def masking(draw: Any, a: Any, exact: bool) -> Step | None:
    """A boolean array, lazy or not, of one axis or of all."""
    if not a.ndim:
        return None
    if draw(st.booleans()):
        mask = draw(others(a.shape, "?"))
        return Step("x[mask of all]", lambda m, x, mask: x[mask], (mask,))
    if draw(st.integers(0, 2)) == 0 and a.ndim > 1:
        mask = draw(others(a.shape[:2], "?"))
        mask = mask._replace(lazy=mask.eager)
        return Step("x[mask of two]", lambda m, x, mask: x[mask], (mask,))
    axis = draw(st.integers(0, a.ndim - 1))
    mask = draw(others((a.shape[axis],), "?"))
    front = (slice(None),) * axis
    return Step(f"x[mask along {axis}]", lambda m, x, mask: x[(*front, mask)], (mask,))


@st.composite
def own_mask(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_number(a) or not exact:
        return None
    if draw(st.booleans()) or not a.ndim:
        return Step("x[x > 0]", lambda m, x: x[x.real > 0])
    return Step("x[x.real.sum(others) > 0]", lambda m, x: x[(x.real > 0).any(axis=tuple(range(1, x.ndim)))])


@st.composite
def lazy_positions(draw: Any, a: Any, exact: bool) -> Step | None:
    if not a.ndim or not a.shape[0]:
        return None
    axis = draw(st.integers(0, a.ndim - 1))
    if not a.shape[axis]:
        return None
    b = draw(either(np.array(draw(positions(a.shape[axis])), int)))
    kind = draw(st.sampled_from(["index", "take", "compress", "vindex"]))
    front = (slice(None),) * axis
    if kind == "index":
        return Step(f"x[positions along {axis}]", lambda m, x, b: x[(*front, b)], (b,))
    if kind == "take":
        return Step(f"take axis={axis}", lambda m, x, b: m.take(x, b, axis=axis), (b,))
    if kind == "compress":
        length = draw(st.integers(0, a.shape[axis]))
        mask = draw(others((length,), "?"))
        return Step(f"compress axis={axis}", lambda m, x, b: m.compress(b, x, axis=axis), (mask,))
    own = b.eager
    return Step(
        f"vindex axis={axis} {own}",
        lambda m, x: np.moveaxis(x[(*front, own)], axis, 0),
        lazy_func=lambda m, x: x.vindex[(*front, own)],
    )


@st.composite
def assigning(draw: Any, a: Any, exact: bool) -> Step | None:
    """``x[...] = value``, in place on the lazy side: arrays made before have to keep what they had."""
    kind = draw(st.sampled_from(["basic", "basic", "mask", "own mask", "axis mask", "positions", "points"]))
    value_of = draw(st.sampled_from(["scalar", "array", "lazy"]))
    dtype = "record" if a.dtype.kind == "V" else a.dtype
    index: Any
    mask: tuple[Other, ...] = ()
    if kind == "basic" or not a.ndim:
        index = draw(basic_entries(a))
    elif kind in ("mask", "own mask"):
        mask = (draw(others(a.shape, "?")),)
        value_of = "scalar"
        index = None
    else:
        axis = draw(st.integers(0, a.ndim - 1))
        length = a.shape[axis]
        front = [draw(SLICES) for _ in range(axis)]
        if kind == "axis mask":
            index = (*front, sample((length,), "?", draw(st.integers(0, 9))))
        elif kind == "positions" or a.ndim < 2:
            index = (*front, np.array(draw(positions(length)), int))
        else:
            count = draw(st.integers(0, 4))
            if not all(a.shape[:2]):
                return None
            index = tuple(
                [
                    np.array(draw(st.lists(st.integers(-n, n - 1), min_size=count, max_size=count)), int)
                    for n in a.shape[:2]
                ]
            )
    if a.dtype.kind == "V":
        value_of = "array"
        if index is None:
            return None
    if value_of == "scalar":
        value = draw(either(sample((1,), dtype, draw(st.integers(0, 20)))))
        value = Other(value.eager[0], value.eager[0], f"{value.eager[0]!r}")
    else:
        shape = np.empty(a.shape)[index].shape
        if draw(st.booleans()):
            shape = tuple([1 if draw(st.integers(0, 2)) == 0 else n for n in shape[draw(st.integers(0, len(shape))) :]])
        value = draw(others(shape, dtype))

    def eager(m: Any, x: Any, value: Any, *mask: Any) -> Any:
        out = x.copy()
        out[mask[0] if mask else index] = value
        return out

    def lazy(m: Any, x: Any, value: Any, *mask: Any) -> Any:
        x[mask[0] if mask else index] = value
        return x

    return Step(
        f"x[{index if index is not None else 'mask'}] = value", eager, (value, *mask), lazy_func=lazy, assigns=True
    )


@st.composite
def rechunking(draw: Any, a: Any, exact: bool) -> Step:
    kind = draw(st.sampled_from(["cut", "cut", "auto", "dict", "bytes", "balance", "whole", "files", "sizes"]))
    cut = draw(chunkings(a.shape))
    if kind == "sizes":
        return Step("compute_chunk_sizes", lambda m, x: x, lazy_func=lambda m, x: known(x))
    if kind == "dict":
        chosen = {at: cut[at] for at in range(a.ndim) if draw(st.booleans())}
        return Step(f"rechunk {chosen}", lambda m, x: x, lazy_func=lambda m, x: x.rechunk(chosen))
    if kind == "balance":
        size = draw(st.integers(1, 5))
        return Step(f"rechunk {size} balance", lambda m, x: x, lazy_func=lambda m, x: x.rechunk(size, balance=True))
    if kind == "files" and a.dtype.kind != "O":
        return Step(f"rechunk {cut} by files", lambda m, x: x, lazy_func=lambda m, x: x.rechunk(cut, method="disk"))
    to = {"cut": cut, "auto": "auto", "bytes": "16 B", "whole": -1, "files": -1}[kind]
    return Step(f"rechunk {to}", lambda m, x: x, lazy_func=lambda m, x: x.rechunk(to))


def known(x: Any) -> Any:
    with config.set(scheduler="sync"):
        return x.compute_chunk_sizes()


@st.composite
def factors(draw: Any, size: int) -> tuple[int, ...]:
    """A shape of so many elements."""
    out: list[int] = []
    left = size
    while left > 1 and len(out) < 4:
        by = draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0]))
        out.append(by)
        left //= by
    return (*out, left) if left != 1 or not out else tuple(out)


@st.composite
def reshaping(draw: Any, a: Any, exact: bool) -> Step:
    order = draw(st.sampled_from(["C", "C", "C", "F"]))
    if draw(st.integers(0, 2)) == 0:
        return Step(f"ravel {order}", lambda m, x: m.ravel(x, order))
    if a.size == 0:
        shape: tuple[int, ...] = draw(st.sampled_from([(0,), (0, 3), (2, 0), a.shape[::-1]]))
    else:
        shape = draw(factors(a.size))
    if a.size and shape and draw(st.booleans()):
        at = draw(st.integers(0, len(shape) - 1))
        shape = (*shape[:at], -1, *shape[at + 1 :])
    merge = draw(st.booleans())
    return Step(
        f"reshape {shape} {order} merge={merge}",
        lambda m, x: x.reshape(shape, order=order),
        lazy_func=lambda m, x: x.reshape(shape, order=order, merge_chunks=merge),
    )


@st.composite
def moving(draw: Any, a: Any, exact: bool) -> Step:
    if not a.ndim:
        return Step("expand 0", lambda m, x: m.expand_dims(x, 0))
    axis, other = draw(one_axis(a)), draw(one_axis(a))
    order = tuple(draw(st.permutations(range(a.ndim))))
    by = draw(st.integers(-7, 7))
    which = draw(st.lists(st.integers(0, a.ndim - 1), unique=True, min_size=1, max_size=a.ndim))
    shifts = tuple([draw(st.integers(-4, 4)) for _ in which])
    kinds: dict[str, Any] = {
        f"transpose {order}": lambda m, x: m.transpose(x, order),
        "T": lambda m, x: x.T,
        f"moveaxis {axis} {other}": lambda m, x: m.moveaxis(x, axis, other),
        f"swapaxes {axis} {other}": lambda m, x: m.swapaxes(x, axis, other),
        f"rollaxis {axis} {other}": lambda m, x: m.rollaxis(x, axis, other % x.ndim),
        f"flip {which}": lambda m, x: m.flip(x, tuple(which)),
        f"flip {axis}": lambda m, x: m.flip(x, axis),
        f"roll {by}": lambda m, x: m.roll(x, by),
        f"roll {by} {axis}": lambda m, x: m.roll(x, by, axis),
        f"roll {shifts} {which}": lambda m, x: m.roll(x, shifts, tuple(which)),
        f"expand_dims {axis}": lambda m, x: m.expand_dims(x, axis),
        "expand_dims 0, -1": lambda m, x: m.expand_dims(x, (0, -1)),
        "squeeze": lambda m, x: m.squeeze(x, tuple([at for at, n in enumerate(a.shape) if n == 1])),
        f"squeeze {axis}": lambda m, x: m.squeeze(x, axis) if x.shape[axis] == 1 else x,
        "atleast_2d": lambda m, x: m.atleast_2d(x),
        "atleast_3d": lambda m, x: m.atleast_3d(x),
        "astype same": lambda m, x: x.astype(x.dtype),
        "copy": lambda m, x: x.copy(),
        f"array_split {axis}": lambda m, x: m.array_split(x, 3, axis=axis)[by % 3],
    }
    if a.ndim > 1:
        kinds[f"rot90 {by} {order[:2]}"] = lambda m, x: m.rot90(x, by, axes=order[:2])
        offset = draw(st.integers(-3, 3))
        kinds[f"diagonal {offset} {order[:2]}"] = lambda m, x: m.diagonal(x, offset, *order[:2])
        if is_number(a):
            kinds[f"tril {offset}"] = lambda m, x: m.tril(x, offset)
            kinds[f"triu {offset}"] = lambda m, x: m.triu(x, offset)
            kinds[f"trace {offset}"] = lambda m, x: m.trace(x, offset)
    if a.ndim in (1, 2) and is_number(a):
        kinds[f"diag {by % 3}"] = lambda m, x: m.diag(x, by % 3)
    text = draw(st.sampled_from(sorted(kinds)))
    return Step(text, kinds[text], blurs="trace" in text)


@st.composite
def growing(draw: Any, a: Any, exact: bool) -> Step | None:
    """Repeat, tile, broadcast, pad."""
    kind = draw(st.sampled_from(["repeat", "repeat many", "tile", "broadcast", "pad", "pad", "resize"]))
    if kind == "repeat many" and a.ndim:
        axis = draw(st.integers(0, a.ndim - 1))
        times = draw(st.lists(st.integers(0, 3), min_size=a.shape[axis], max_size=a.shape[axis]))
        return Step(f"repeat {times} {axis}", lambda m, x: m.repeat(x, times, axis=axis))
    if kind in ("repeat", "repeat many"):
        count, axis = draw(st.integers(0, 3)), draw(st.none() | one_axis(a)) if a.ndim else None
        return Step(f"repeat {count} {axis}", lambda m, x: m.repeat(x, count, axis=axis))
    if kind == "tile":
        times = tuple(draw(st.lists(st.integers(0, 2), min_size=0, max_size=3)))
        return Step(f"tile {times}", lambda m, x: m.tile(x, times))
    if kind == "resize":
        shape = draw(st.sampled_from([(3,), (2, 4), (0,), (7, 1)]))
        return Step(f"resize {shape}", lambda m, x: m.resize(x, shape))
    if kind == "broadcast":
        shape = (*draw(st.sampled_from([(), (2,), (1,), (0,)])), *[3 if n == 1 else n for n in a.shape])
        return Step(f"broadcast_to {shape}", lambda m, x: m.broadcast_to(x, shape))
    if not is_number(a) or not a.ndim:
        return None
    widths = [(draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in a.shape]
    mode = draw(
        st.sampled_from(
            ["constant", "edge", "reflect", "symmetric", "wrap", "minimum", "maximum", "linear_ramp", "mean"]
        )
    )
    return Step(f"pad {widths} {mode}", lambda m, x: m.pad(x, widths, mode=mode), blurs=mode in ("mean", "linear_ramp"))


@st.composite
def joining(draw: Any, a: Any, exact: bool) -> Step | None:
    if not a.ndim:
        b = draw(others((), a.dtype if a.dtype.kind != "V" else "record"))
        return Step("stack 0-d", lambda m, x, b: m.stack([x, b]), (b,))
    axis = draw(st.integers(0, a.ndim - 1))
    kind = draw(
        st.sampled_from(["concatenate", "stack", "append", "insert", "delete", "block", "hstack", "vstack", "self"])
    )
    shape = list(a.shape)
    if kind in ("concatenate", "append", "block"):
        shape[axis] = draw(st.integers(0, 3))
    if kind == "hstack":
        shape[0 if a.ndim == 1 else 1] = draw(st.integers(0, 3))
    if kind == "vstack" and a.ndim > 1:
        shape[0] = draw(st.integers(0, 3))
    dtype: Any = a.dtype if a.dtype.kind != "V" else "record"
    if is_number(a) and kind != "insert":
        dtype = draw(st.sampled_from(["f8", "i4", "u1", "c16", "?", a.dtype]))
    b = draw(others(tuple(shape), dtype))
    if kind == "concatenate":
        return Step(f"concatenate axis={axis}", lambda m, x, b: m.concatenate([x, b, x], axis=axis), (b,))
    if kind == "stack":
        at = draw(st.integers(-a.ndim - 1, a.ndim))
        return Step(f"stack axis={at}", lambda m, x, b: m.stack([b, x], axis=at), (b,))
    if kind == "append":
        return Step(f"append axis={axis}", lambda m, x, b: m.append(x, b, axis=axis), (b,))
    if kind == "block":
        if axis != a.ndim - 1:
            return Step("block nested", lambda m, x, b: m.block([[x, x], [x, x]]))
        return Step("block", lambda m, x, b: m.block([x, b]), (b,))
    if kind in ("hstack", "vstack"):
        return Step(kind, lambda m, x, b: getattr(m, kind)([x, b]), (b,))
    if kind == "self":
        end = draw(st.integers(0, 4))
        return Step(f"concatenate with own part {end}", lambda m, x: m.concatenate([x, x[:end]]))
    length = a.shape[axis]
    where = (
        draw(st.integers(-length, length)) if kind == "insert" else draw(st.integers(-length, max(length - 1, -length)))
    )
    several = draw(positions(length, 3))
    by_slice = draw(SLICES)
    chosen: Any = draw(st.sampled_from([where, several, by_slice]))
    if kind == "delete":
        return Step(f"delete {chosen} axis={axis}", lambda m, x: m.delete(x, chosen, axis=axis))
    value = sample((), dtype, draw(st.integers(0, 9)))[()]
    return Step(f"insert {chosen} {value!r} axis={axis}", lambda m, x: m.insert(x, chosen, value, axis=axis))


@st.composite
def choosing(draw: Any, a: Any, exact: bool) -> Step | None:
    """where, select, choose, extract: elements of this array or another."""
    dtype: Any = a.dtype if a.dtype.kind != "V" else "record"
    shape = draw(fellows(a.shape))
    b = draw(others(shape, dtype))
    mask = draw(others(draw(fellows(a.shape)), "?"))
    kind = draw(st.sampled_from(["where", "select", "choose", "extract", "putmask", "copyto"]))
    if kind == "where" or a.dtype.kind == "V":
        return Step("where", lambda m, x, mask, b: m.where(mask, x, b), (mask, b))
    if kind == "select":
        return Step("select", lambda m, x, mask, b: m.select([mask, ~mask], [b, x], default=x.dtype.type()), (mask, b))
    if kind == "choose":
        return Step("choose", lambda m, x, mask, b: m.choose(mask.astype(int), [x, b]), (mask, b))
    if kind == "extract":
        mask = draw(others(a.shape, "?"))
        return Step("extract", lambda m, x, mask: m.extract(mask, x), (mask,))
    mask = draw(others(a.shape, "?"))
    b = draw(others(a.shape if kind == "putmask" else draw(st.sampled_from([a.shape, (), a.shape[-1:]])), dtype))

    def call(m: Any, x: Any, mask: Any, b: Any) -> Any:
        out = x.copy()
        if kind == "putmask":
            m.putmask(out, mask, b)
        else:
            m.copyto(out, b, where=mask)
        return out

    return Step(kind, call, (mask, b))


SHAPE_STEPS = [
    slicing, slicing, taking, taking, masking, own_mask, lazy_positions, assigning, assigning, rechunking, rechunking, reshaping,
    reshaping, moving, moving, growing, joining, choosing,
]  # fmt: skip
