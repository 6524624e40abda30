"""Steps that calculate element by element: ufuncs with all their options, casts, functions of blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.array.workflows.chains import Step, fellows, is_number, is_real, one_axis, others

SMOOTH = ["sin", "cos", "arctan", "tanh", "negative", "square", "conjugate", "positive", "sinh", "exp2"]
"""Functions of one number that don't jump: a change of the last bits changes the last bits."""

JUMPING = [
    "sqrt", "log", "log2", "exp", "absolute", "sign", "isnan", "isfinite", "isinf", "reciprocal", "expm1", "log1p", "rint",
    "logical_not", "cbrt", "ceil", "floor", "trunc", "signbit", "spacing", "fabs", "arcsin", "invert", "deg2rad", "isposinf",
    "iscomplex", "isreal", "angle", "fix", "sinc", "i0", "bitwise_count",
]  # fmt: skip

BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "fmax", "fmin"]
BINARY_JUMPING = [
    "true_divide", "floor_divide", "mod", "fmod", "power", "equal", "not_equal", "less", "greater_equal", "logical_and",
    "logical_xor", "bitwise_and", "bitwise_or", "left_shift", "right_shift", "arctan2", "hypot", "copysign", "gcd", "lcm",
    "heaviside", "nextafter", "logaddexp", "float_power", "ldexp",
]  # fmt: skip
SCALARS: list[Any] = [
    0,
    1,
    2,
    -1,
    3,
    0.5,
    -1.5,
    True,
    1j,
    np.float32(1.5),
    np.int8(3),
    np.uint8(2),
    np.float64(2),
    np.array(2),
]


@st.composite
def unary(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_number(a):
        return None
    names = SMOOTH + (JUMPING if exact else [])
    name = draw(st.sampled_from(names))
    exactly = name in ("negative", "conjugate", "positive", "rint", "ceil", "floor", "trunc", "sign", "invert", "fix")
    return Step(name, lambda m, x: getattr(m, name)(x), blurs=not exactly)


@st.composite
def scalar(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_number(a):
        return None
    name = draw(st.sampled_from(BINARY + (BINARY_JUMPING if exact else [])))
    value = draw(st.sampled_from(SCALARS))
    swapped = draw(st.booleans())
    exactly = name in ("add", "subtract", "maximum", "minimum", "fmax", "fmin", "multiply", "equal", "less")
    if swapped:
        return Step(f"{name}({value!r}, x)", lambda m, x: getattr(m, name)(value, x), blurs=not exactly)
    return Step(f"{name}(x, {value!r})", lambda m, x: getattr(m, name)(x, value), blurs=not exactly)


@st.composite
def operators(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_number(a):
        return None
    b = draw(others(draw(fellows(a.shape))))
    kinds: dict[str, Any] = {
        "x + b": lambda m, x, b: x + b,
        "b - x": lambda m, x, b: b - x,
        "x * b": lambda m, x, b: b * x,
        "x + x": lambda m, x, b: x + x,
        "abs x": lambda m, x, b: abs(x),
        "-x": lambda m, x, b: -x,
    }
    jumps: dict[str, Any] = {
        "x / b": lambda m, x, b: x / b,
        "x // b": lambda m, x, b: x // b,
        "x % 3": lambda m, x, b: x % 3,
        "divmod 1": lambda m, x, b: divmod(x, b)[1],
        "divmod 0": lambda m, x, b: divmod(b, x)[0],
        "x == b": lambda m, x, b: x == b,
        "x < b": lambda m, x, b: x < b,
        "x & b": lambda m, x, b: x & b,
        "x ^ 3": lambda m, x, b: x ^ 3,
        "x << 1": lambda m, x, b: x << 1,
        "x ** 2": lambda m, x, b: x**2,
        "2 ** x": lambda m, x, b: 2**x,
        "~x": lambda m, x, b: ~x,
        "x != x": lambda m, x, b: x != x,
        "modf 0": lambda m, x, b: m.modf(x)[0],
        "modf 1": lambda m, x, b: m.modf(x)[1],
        "frexp 0": lambda m, x, b: m.frexp(x)[0],
    }
    found = kinds | (jumps if exact else {})
    text = draw(st.sampled_from(sorted(found)))
    own = text in ("x + x", "-x", "abs x", "~x", "x != x") or "b" not in text.replace("abs", "")
    if own:
        func = found[text]
        return Step(
            text, lambda m, x: func(m, x, None), blurs=text in ("abs x", "x ** 2", "2 ** x", "frexp 0", "x % 3")
        )
    return Step(text, found[text], (b,), blurs=text in ("x / b", "x // b") or "divmod" in text)


@st.composite
def options(draw: Any, a: Any, exact: bool) -> Step | None:
    """Ufuncs with ``out=``, ``where=``, ``dtype=``, and their methods."""
    if not is_number(a):
        return None
    b = draw(others(a.shape, draw(st.sampled_from(["f8", "i4", a.dtype]))))
    mask = draw(others(draw(fellows(a.shape))[-a.ndim :] if a.ndim else (), "?"))
    axis = draw(one_axis(a)) if a.ndim else 0
    kind = draw(st.sampled_from(["dtype", "out", "where", "outer", "reduce", "accumulate", "maximum.reduce"]))
    if kind == "dtype":
        dtype = draw(st.sampled_from(["f8", "f4", "c16"]))
        return Step(f"add dtype={dtype}", lambda m, x, b: m.add(x, b, dtype=dtype), (b,))
    if kind == "outer":
        small = draw(others(draw(st.sampled_from([(), (2,), (1, 3), (0,)]))))
        return Step("multiply.outer", lambda m, x, b: m.multiply.outer(x, b), (small,))
    if kind == "reduce" and a.ndim:
        return Step(f"add.reduce {axis}", lambda m, x: m.add.reduce(x, axis=axis), blurs=True)
    if kind == "accumulate" and a.ndim:
        return Step(f"add.accumulate {axis}", lambda m, x: m.add.accumulate(x, axis=axis), blurs=True)
    if kind == "maximum.reduce" and a.ndim:
        return Step(f"maximum.reduce {axis}", lambda m, x: m.maximum.reduce(x, axis=axis))
    if kind in ("out", "where") and is_real(a):

        def call(m: Any, x: Any, b: Any, mask: Any) -> Any:
            out = x.astype("f8")
            return m.add(x, b, out=out) if kind == "out" else m.subtract(x, b, out=out, where=mask)

        return Step(f"{kind}=", call, (b, mask))
    return None


@st.composite
def casting(draw: Any, a: Any, exact: bool) -> Step | None:
    if is_number(a):
        targets = ["f8", "f4", "c16", "O"]
        if a.dtype.kind in "iub":
            targets += ["i8", "u1", "i2", "?", "U6", "M8[D]", "m8[h]"]
        if not exact:
            targets = ["f8", "c16"]
        if a.dtype.kind == "c":
            targets = ["c16", "c8"]
    elif a.dtype.kind in "mM":
        targets = [f"{a.dtype.kind}8[ns]", f"{a.dtype.kind}8[D]", "i8", "U30"]
    elif a.dtype.kind in "US":
        targets = ["U5", "S4", "O"]
    else:
        return None
    dtype = draw(st.sampled_from(targets))
    return Step(f"astype {dtype}", lambda m, x: x.astype(dtype))


@st.composite
def viewing(draw: Any, a: Any, exact: bool) -> Step | None:
    if not exact or a.dtype.kind not in "iufcmM" or not a.ndim:
        return None
    dtype = draw(st.sampled_from([f"i{a.itemsize}" if a.itemsize < 9 else "f8", "u1", "i2", "i8"]))
    return Step(f"view {dtype}", lambda m, x: np.ascontiguousarray(x).view(dtype), lazy_func=lambda m, x: x.view(dtype))


@st.composite
def rounding(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_number(a):
        return None
    kinds: dict[str, Any] = {
        "nan_to_num": lambda m, x: m.nan_to_num(x, nan=2, posinf=7, neginf=-7),
        "real": lambda m, x: x.real,
        "imag": lambda m, x: x.imag,
        "full_like": lambda m, x: x + m.full_like(x, 3),
        "ones_like": lambda m, x: m.ones_like(x),
        "zeros_like shape": lambda m, x: m.zeros_like(x, shape=(3, 2), dtype="i4"),
    }
    if is_real(a):
        kinds["clip"] = lambda m, x: m.clip(x, 0, 2)
        kinds["clip one"] = lambda m, x: m.clip(x, None, 1)
        kinds["clip method"] = lambda m, x: x.clip(1)
    if exact and a.dtype.kind != "b":
        kinds["round"] = lambda m, x: m.round(x)
        kinds["round 1"] = lambda m, x: x.round(1)
        kinds["isclose"] = lambda m, x: m.isclose(x, 1)
        kinds["around -1"] = lambda m, x: m.around(x, -1)
    text = draw(st.sampled_from(sorted(kinds)))
    return Step(text, kinds[text])


def doubled(block: Any) -> Any:
    return block * 2


def added(block: Any, other: Any, by: int = 0) -> Any:
    return block + other + by


def placed(block: Any, block_info: Any = None) -> Any:
    """Add the position of the block's first element along each axis."""
    start = sum(low for low, _ in block_info[0]["array-location"]) if block_info else 0
    return block * 0 + start


def numbered(a: Any, chunks: Any) -> Any:
    """What ``placed`` makes of the whole."""
    out = a * 0
    for index in np.ndindex(*map(len, chunks)):
        starts = [sum(own[:at]) for own, at in zip(chunks, index, strict=True)]
        part = tuple([slice(s, s + own[at]) for s, own, at in zip(starts, chunks, index, strict=True)])
        out[part] += sum(starts)
    return out


def neighbours(block: Any) -> Any:
    """Sums of each element and its two neighbours along the first axis, edges as they are."""
    out = block.copy()
    out[1:-1] = block[:-2] + block[1:-1] + block[2:]
    return out


def of_row(row: Any) -> Any:
    return row[::-1] * 2


def spread(row: Any) -> Any:
    return row.max() - row.min()


def core_sum(block: Any) -> Any:
    return block.sum(axis=-1)


@st.composite
def by_blocks(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_real(a) or a.dtype.kind == "b" or not a.ndim:
        return None
    axis = draw(st.integers(0, a.ndim - 1))
    b = draw(others(a.shape, a.dtype))
    kinds: dict[str, Any] = {
        "map_blocks": (lambda m, x: x * 2, lambda m, x: m.map_blocks(doubled, x)),
        "map_blocks with kwargs": (lambda m, x: x + x + 3, lambda m, x: x.map_blocks(added, x, by=3, dtype=x.dtype)),
        "map_blocks with a new axis": (
            lambda m, x: x[None] * 2,
            lambda m, x: m.map_blocks(lambda block: block[None] * 2, x, new_axis=0, dtype=x.dtype),
        ),
        "blockwise": (
            lambda m, x: (x * 2).swapaxes(0, -1),
            lambda m, x: m.blockwise(
                lambda block: (block * 2).swapaxes(0, -1),
                tuple([x.ndim - 1, *range(1, x.ndim - 1), 0][: x.ndim]) if x.ndim > 1 else (0,),
                x,
                tuple(range(x.ndim)),
                dtype=x.dtype,
            ),
        ),
        "map_overlap reflect": (
            lambda m, x: overlapped(x, "symmetric"),
            lambda m, x: m.map_overlap(neighbours, x, depth={0: 1}, boundary="reflect"),
        ),
        "map_overlap periodic": (
            lambda m, x: overlapped(x, "wrap"),
            lambda m, x: x.map_overlap(neighbours, depth={0: 1}, boundary={0: "periodic"}, dtype=x.dtype),
        ),
        "map_overlap 0": (
            lambda m, x: overlapped(x, "constant"),
            lambda m, x: m.map_overlap(neighbours, x, depth=1, boundary=0),
        ),
        "map_overlap none": (
            lambda m, x: neighbours(x),
            lambda m, x: m.map_overlap(neighbours, x, depth={0: (1, 1)}, boundary="none"),
        ),
        "map_overlap nearest": (
            lambda m, x: overlapped(x, "edge"),
            lambda m, x: m.map_overlap(neighbours, x, depth={0: 1}, boundary="nearest"),
        ),
        f"apply_along_axis {axis}": (
            lambda m, x: m.apply_along_axis(of_row, axis, x),
            lambda m, x: m.apply_along_axis(of_row, axis, x, dtype=x.dtype, shape=(a.shape[axis],)),
        ),
        f"apply_along_axis {axis} to a number": (
            lambda m, x: m.apply_along_axis(spread, axis, x),
            lambda m, x: m.apply_along_axis(spread, axis, x),
        ),
        "apply_gufunc": (
            lambda m, x: x.sum(-1),
            lambda m, x: m.apply_gufunc(core_sum, "(i)->()", x, allow_rechunk=True, output_dtypes=x.sum().dtype),
        ),
        f"vectorized gufunc {axis}": (
            lambda m, x: x.max(axis),
            lambda m, x: m.apply_gufunc(
                np.max, "(i)->()", x, axis=axis, vectorize=True, allow_rechunk=True, output_dtypes=x.dtype
            ),
        ),
    }
    text = draw(st.sampled_from(sorted(kinds)))
    if ("overlap" in text and a.shape[0] < 2) or (("periodic" in text or "apply" in text) and not a.size):
        return None
    eager, lazy = kinds[text]
    if text == "map_overlap none" and draw(st.booleans()):
        return Step(
            "x + b, map_overlap", lambda m, x, b: eager(m, x + b), (b,), lazy_func=lambda m, x, b: lazy(m, x + b)
        )
    return Step(text, eager, lazy_func=lazy, blurs=True)


def overlapped(a: Any, mode: str) -> Any:
    wide = np.pad(a, [(1, 1), *[(0, 0)] * (a.ndim - 1)], mode=mode)
    return wide[:-2] + wide[1:-1] + wide[2:]


@st.composite
def texts_and_times(draw: Any, a: Any, exact: bool) -> Step | None:
    """What other dtypes than numbers can do."""
    kinds: dict[str, Any] = {}
    kind = a.dtype.kind
    if kind == "M":
        kinds = {
            "x - x[:1]": lambda m, x: x - x[..., :1] if x.ndim else x - x,
            "x + 3 s": lambda m, x: x + np.timedelta64(3, "s"),
            "x > 1970": lambda m, x: x > np.datetime64("1970-01-01T00:00:02"),
            "isnat": lambda m, x: m.isnat(x),
            "maximum": lambda m, x: m.maximum(x, np.datetime64("1970-01-01T00:00:01")),
        }
    elif kind == "m":
        kinds = {
            "x * 2": lambda m, x: x * 2,
            "x / 2 ms": lambda m, x: x / np.timedelta64(2, "ms"),
            "x // 2": lambda m, x: x // 2,
            "abs": lambda m, x: abs(x),
            "x + x": lambda m, x: x + x,
            "isnat": lambda m, x: m.isnat(x),
            "x < 1 ms": lambda m, x: x < np.timedelta64(1, "ms"),
        }
    elif kind == "U":
        kinds = {
            "x == 1": lambda m, x: x == "1",
            "x + x": lambda m, x: m.add(x, x),
            "x < b": lambda m, x: x < "2",
        }
    elif kind == "S":
        kinds = {"x != 1": lambda m, x: x != b"1"}
    elif kind == "O":
        kinds = {
            "x + 1": lambda m, x: x + 1,
            "x * x": lambda m, x: x * x,
            "x as i8": lambda m, x: x.astype("i8"),
        }
    elif kind == "V" and a.dtype.names and set("ab") <= set(a.dtype.names):
        kinds = {
            "x[a]": lambda m, x: x["a"],
            "x[b]": lambda m, x: x["b"] * 2,
            "x[[b, a]][a]": lambda m, x: x[["b", "a"]]["a"],
        }
    if not kinds:
        return None
    text = draw(st.sampled_from(sorted(kinds)))
    return Step(text, kinds[text])


VALUE_STEPS = [
    unary, scalar, operators, operators, options, casting, viewing, rounding, by_blocks, by_blocks, texts_and_times,
    texts_and_times,
]  # fmt: skip
