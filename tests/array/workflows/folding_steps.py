"""Steps that see many elements at once: reductions, running sums, order, counting, products, transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.array.workflows.chains import Step, axes, fellows, in_memory, is_number, is_real, one_axis, others

FOLDS = ["sum", "min", "max", "any", "all", "count_nonzero", "nansum", "nanmin", "nanmax", "ptp"]
BLURRED = ["prod", "mean", "var", "std", "nanmean", "nanvar", "nanstd", "nanprod"]


@st.composite
def reducing(draw: Any, a: Any, exact: bool) -> Step | None:
    axis = draw(axes(a))
    keep = draw(st.booleans())
    split = draw(st.sampled_from([None, 2, 3]))
    names = [*FOLDS, *BLURRED]
    if not exact:
        names = [n for n in names if n not in ("any", "all", "count_nonzero")]
    if not is_number(a):
        names = {
            "m": ["sum", "min", "max", "mean", "any"], "M": ["min", "max", "ptp"], "O": ["sum", "min", "max", "prod"],
            "U": ["min", "max"], "S": ["min", "max"], "V": [],
        }[a.dtype.kind]  # fmt: skip
        if not names:
            return None
    name = draw(st.sampled_from(names))
    kwargs: dict[str, Any] = {"axis": axis, "keepdims": keep}
    if name in ("var", "std", "nanvar", "nanstd"):
        kwargs["ddof"] = draw(st.integers(0, 2))
    masks = ()
    if name in ("sum", "prod", "mean", "any", "all", "var", "std") and is_number(a) and draw(st.integers(0, 4)) == 0:
        masks = (draw(others(draw(fellows(a.shape))[-a.ndim :] if a.ndim else (), "?")),)
    elif name in ("sum", "prod") and is_real(a) and draw(st.integers(0, 3)) == 0:
        kwargs["dtype"] = draw(st.sampled_from(["f8", "f4", "i8"] if a.dtype.kind in "biu" and exact else ["f8"]))
    elif name in ("sum", "min", "max", "prod") and is_real(a) and draw(st.integers(0, 3)) == 0:
        kwargs["initial"] = draw(st.integers(0, 5))
    lazily = {} if split is None or name == "ptp" else {"split_every": split}
    if name == "count_nonzero":
        lazily = {}

    def eager(m: Any, x: Any, *mask: Any) -> Any:
        where = {"where": mask[0]} if mask else {}
        return getattr(m, name)(x, **kwargs, **where)

    def lazy(m: Any, x: Any, *mask: Any) -> Any:
        where = {"where": mask[0]} if mask else {}
        return getattr(m, name)(x, **kwargs, **where, **lazily)

    blurs = name in BLURRED or (name in ("sum", "nansum") and a.dtype.itemsize < 8)
    return Step(f"{name} {kwargs} {lazily}", eager, masks, blurs, lazy)


@st.composite
def places(draw: Any, a: Any, exact: bool) -> Step | None:
    if not exact or a.dtype.kind not in "biufmM":
        return None
    name = draw(st.sampled_from(["argmin", "argmax", "nanargmax", "nanargmin"]))
    axis = draw(st.none() | one_axis(a)) if a.ndim else None
    keep = draw(st.booleans())
    return Step(f"{name} {axis} {keep}", lambda m, x: getattr(m, name)(x, axis=axis, keepdims=keep))


@st.composite
def running(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_number(a):
        return None
    name = draw(st.sampled_from(["cumsum", "cumprod", "nancumsum", "nancumprod"]))
    axis = draw(st.none() | one_axis(a)) if a.ndim else None
    method = draw(st.sampled_from(["sequential", "blelloch"]))
    return Step(
        f"{name} {axis} {method}",
        lambda m, x: getattr(m, name)(x, axis=axis),
        blurs=True,
        lazy_func=lambda m, x: getattr(m, name)(x, axis=axis, method=method),
    )


@st.composite
def ordering(draw: Any, a: Any, exact: bool) -> Step | None:
    if a.dtype.kind in "OVc" or not a.ndim:
        return None
    axis = draw(one_axis(a))
    length = a.shape[axis]
    k = draw(st.integers(-max(length, 1), max(length, 1))) or 1
    kinds: dict[str, Any] = {f"sort {axis}": (lambda m, x: m.sort(x, axis=axis), None)}
    if exact:
        kinds[f"argsort {axis}"] = (
            lambda m, x: m.argsort(x, axis=axis, stable=True),
            lambda m, x: m.argsort(x, axis=axis, stable=True),
        )
    if length:
        kth = draw(st.integers(0, length - 1))
        kinds[f"partition {kth} {axis}"] = (
            lambda m, x: m.take(m.sort(x, axis=axis), [kth], axis=axis),
            lambda m, x: m.take(m.partition(x, kth, axis=axis), [kth], axis=axis),
        )
    if a.dtype.kind in "biuf" and not np.isnan(a).any():
        kinds[f"topk {k} {axis}"] = (lambda m, x: top(x, k, axis), lambda m, x: m.topk(x, k, axis=axis, split_every=2))
    text = draw(st.sampled_from(sorted(kinds)))
    eager, lazy = kinds[text]
    return Step(text, eager, lazy_func=lazy)


def top(a: Any, k: int, axis: int) -> Any:
    ordered = np.sort(a, axis=axis)
    if k < 0:
        return np.take(ordered, range(min(-k, a.shape[axis])), axis=axis)
    count = min(k, a.shape[axis])
    return np.flip(np.take(ordered, range(a.shape[axis] - count, a.shape[axis]), axis=axis), axis)


@st.composite
def middles(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_real(a) or not a.ndim or a.dtype.kind == "b":
        return None
    axis = draw(one_axis(a))
    q = draw(st.sampled_from([50, 25, [0, 100], [10, 50, 90]]))
    method = draw(st.sampled_from(["linear", "midpoint", *(["lower", "nearest", "higher"] if exact else [])]))
    keep = draw(st.booleans())
    several = draw(axes(a))
    kinds: dict[str, Any] = {
        f"median {axis} {keep}": lambda m, x: m.median(x, axis=axis, keepdims=keep),
        f"nanmedian {axis}": lambda m, x: m.nanmedian(x, axis=axis),
        f"median {several}": lambda m, x: m.median(x, axis=several),
        f"percentile {q} {axis} {method} {keep}": lambda m, x: m.percentile(
            x, q, axis=axis, method=method, keepdims=keep
        ),
        f"nanquantile {axis} {method}": lambda m, x: m.nanquantile(x, 0.3, axis=axis, method=method),
        f"quantile {several}": lambda m, x: m.quantile(x, 0.7, axis=several, method=method),
    }
    text = draw(st.sampled_from(sorted(kinds)))
    return Step(text, kinds[text], blurs=True)


@st.composite
def differences(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_number(a) or not a.ndim:
        return None
    axis, n = draw(one_axis(a)), draw(st.integers(0, 3))
    size = draw(st.integers(1, max(a.shape[axis], 1)))
    edge = draw(st.sampled_from([1, 2]))
    kinds: dict[str, Any] = {
        f"diff {n} {axis}": lambda m, x: m.diff(x, n, axis=axis),
        f"diff append {axis}": lambda m, x: m.diff(x, axis=axis, append=1, prepend=x.dtype.type(0)),
        "ediff1d": lambda m, x: m.ediff1d(x, to_begin=x.dtype.type(1)),
        f"gradient {axis} {edge}": lambda m, x: m.gradient(x, axis=axis, edge_order=edge),
        f"gradient 2 {axis}": lambda m, x: m.gradient(x, 2.0, axis=axis),
        "x - mean": lambda m, x: x - x.mean(),
        f"x - mean {axis}": lambda m, x: x - x.mean(axis=axis, keepdims=True),
        f"x - sum {axis}": lambda m, x: x.astype("f8") - x.real.sum(axis=axis, keepdims=True),
        f"windows {size} {axis}": None,
        "average": lambda m, x: m.average(x, axis=axis, weights=np.arange(1, a.shape[axis] + 1)),
        "trapezoid": lambda m, x: m.trapezoid(x, axis=axis),
        "convolve": lambda m, x: m.convolve(m.ravel(x), [1, 2, 1], mode="same"),
    }
    if a.ndim > 1:
        kinds["x + x.T"] = lambda m, x: x[..., : a.shape[0]] + m.moveaxis(x[..., : a.shape[0]], 0, -1)
        kinds["x - x.mean(0)"] = lambda m, x: (x - x.mean(0)).std(0)
        kinds["cov"] = lambda m, x: m.cov(x.reshape(x.shape[0], -1))
    text = draw(st.sampled_from(sorted(kinds)))
    if text.startswith("windows"):
        if not a.shape[axis]:
            return None
        return Step(
            text,
            lambda m, x: np.lib.stride_tricks.sliding_window_view(x, size, axis=axis),
            lazy_func=lambda m, x: m.lib.stride_tricks.sliding_window_view(x, size, axis=axis),
        )
    return Step(text, kinds[text], blurs=True)


@st.composite
def counting(draw: Any, a: Any, exact: bool) -> Step | None:
    if not exact or a.dtype.kind not in "biuf":
        return None
    edges = [-3, -1, 0, 2, 5]
    inside = draw(others((3,), "f8"))
    kinds: dict[str, Any] = {
        "digitize": lambda m, x: m.digitize(x, np.array(edges)),
        "histogram": lambda m, x: m.histogram(x, bins=np.array(edges))[0],
        "histogram range": lambda m, x: m.histogram(x, bins=4, range=(-3, 3))[0],
        "isin": lambda m, x: m.isin(x, [0, 1, 2.5]),
        "isin inverted": lambda m, x: m.isin(x, [0, 1], invert=True),
        "unique": lambda m, x: m.unique(x),
        "unique counts": lambda m, x: m.unique(x, return_counts=True)[1],
        "unique index": lambda m, x: m.unique(x, return_index=True)[1],
        "unique inverse": lambda m, x: m.unique(x, return_inverse=True)[1],
        "nonzero": lambda m, x: m.nonzero(x)[0],
        "argwhere": lambda m, x: m.argwhere(x),
        "flatnonzero": lambda m, x: m.flatnonzero(x),
        "searched": lambda m, x: m.searchsorted(m.asarray(edges), x, side="right"),
    }
    if a.dtype.kind in "biu" and a.ndim == 1 and not (a < 0).any():
        kinds["bincount"] = lambda m, x: m.bincount(x, minlength=6)
        if a.size:  # of nothing NumPy makes integers, whatever the weights
            kinds["bincount weights"] = lambda m, x: m.bincount(x, weights=x * 0.5)
    if a.ndim == 1:
        kinds["union1d"] = lambda m, x: m.union1d(x, x[:2] + 1)
        kinds["histogram weights"] = lambda m, x: m.histogram(x, bins=np.array(edges), weights=x * 2, density=False)[0]
    text = draw(st.sampled_from(sorted(kinds)))
    func = kinds[text]
    if draw(st.integers(0, 8)) == 0:
        return Step("isin b", lambda m, x, b: m.isin(x, b), (inside,))
    return Step(text, func, blurs="weights" in text)


@st.composite
def products(draw: Any, a: Any, exact: bool) -> Step | None:
    # Of NaN times zero BLAS makes NaN or zero, as the lengths are.
    if not is_number(a) or not a.ndim or not np.isfinite(a).all():
        return None
    kind = draw(st.sampled_from(["dot", "matmul", "tensordot", "einsum", "outer", "inner", "own", "kron", "vdot"]))
    last = a.shape[-1]
    columns = draw(st.integers(0, 3))
    dtype = draw(st.sampled_from(["f8", "i8", "f4", "c16", "?"]))
    if kind in ("dot", "matmul"):
        b = draw(others(draw(st.sampled_from([(last,), (last, columns), (2, last, columns)])), dtype))
        return Step(kind, lambda m, x, b: getattr(m, kind)(x, b), (b,), True)
    if kind == "tensordot":
        b = draw(others((columns, last), dtype))
        return Step("tensordot", lambda m, x, b: m.tensordot(x, b, axes=((-1,), (1,))), (b,), True)
    if kind == "einsum":
        letters = "ijkl"[: a.ndim]
        if a.ndim > 4:
            return None
        b = draw(others((last, columns), dtype))
        text = f"{letters},{letters[-1]}z->z{letters[:-1]}" if draw(st.booleans()) else f"{letters},{letters[-1]}z"
        return Step(f"einsum {text}", lambda m, x, b: m.einsum(text, x, b), (b,), True)
    if kind == "inner":
        b = draw(others((last,), dtype))
        return Step("inner", lambda m, x, b: m.inner(x, b), (b,), True)
    if kind == "vdot":
        b = draw(others(a.shape, dtype))
        return Step("vdot", lambda m, x, b: m.vdot(x, b), (b,), True)
    b = draw(others(draw(st.sampled_from([(), (2,), (1, 2)])), dtype))
    if kind == "outer":
        return Step("outer", lambda m, x, b: m.outer(x, b), (b,), True)
    if kind == "kron":
        return Step("kron", lambda m, x, b: m.kron(x, b), (b,), True)
    if a.ndim == 1:
        return Step("x @ x", lambda m, x: x @ x, (), True)
    return Step("x @ x.mT", lambda m, x: x @ m.swapaxes(x, -1, -2), (), True)


@st.composite
def transforms(draw: Any, a: Any, exact: bool) -> Step | None:
    if a.dtype not in ("f8", "c16", "i8") or not a.ndim or not np.isfinite(a).all():
        return None
    axis = draw(one_axis(a))
    name = draw(
        st.sampled_from(["fft", "ifft", "rfft", "ihfft"] if a.dtype.kind != "c" else ["fft", "ifft", "hfft", "irfft"])
    )
    n = draw(st.none() | st.integers(1, 5))
    return Step(
        f"{name} {n} {axis}",
        lambda m, x: getattr(m.fft, name)(x, n, axis=axis),
        blurs=True,
        lazy_func=lambda m, x: getattr(m.fft, name)(x.rechunk({axis % x.ndim: -1}), n, axis=axis),
    )


@st.composite
def coarser(draw: Any, a: Any, exact: bool) -> Step | None:
    if not is_real(a) or not a.ndim:
        return None
    by = {at: draw(st.integers(1, 3)) for at in draw(st.lists(st.integers(0, a.ndim - 1), unique=True, min_size=1))}
    name = draw(st.sampled_from(["sum", "max", "mean"]))
    func = getattr(np, name)

    def eager(m: Any, a: Any) -> Any:
        whole = a[tuple([slice(0, n - n % by.get(at, 1)) for at, n in enumerate(a.shape)])]
        shape = [size for at, n in enumerate(whole.shape) for size in (n // by.get(at, 1), by.get(at, 1))]
        return in_memory(func(whole.reshape(shape), axis=tuple(range(1, 2 * a.ndim, 2))))

    return Step(
        f"coarsen {name} {by}", eager, blurs=True, lazy_func=lambda m, x: m.coarsen(func, x, by, trim_excess=True)
    )


FOLDING_STEPS = [
    reducing, reducing, reducing, places, running, ordering, ordering, middles, differences, differences, counting, counting,
    products, products, transforms, coarser,
]  # fmt: skip
