"""``assert_eq``: whether an array computes to what NumPy says, and tells the truth about itself.

Place in the flow: used by tests, of minidask and of users' own code. Besides values it checks dtype and shape, the declared
sizes of chunks against every block, and the meta's type and dtype against the blocks'.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.array.meta import as_block
from minidask.collection import is_dask_collection, optimize
from minidask.graph.convert import nested_keys
from minidask.schedulers import sync


def assert_eq(
    a: Any,
    b: Any,
    check_shape: bool = True,
    check_graph: bool = True,
    check_meta: bool = True,
    check_chunks: bool = True,
    check_ndim: bool = True,
    check_type: bool = True,
    check_dtype: bool = True,
    equal_nan: bool = True,
    scheduler: Any = "sync",
    rtol: float = 1e-9,
    atol: float = 1e-12,
) -> bool:
    """Raise AssertionError unless two arrays, lazy or not, are equal, and lazy ones are what they say; return True.

    Parameters
    ----------
    a, b
        Chunked arrays, arrays in memory, or scalars.
    check_shape, check_dtype, check_ndim : bool
        Whether these have to be equal too.
    check_graph : bool
        Whether the graph must hold all keys, under the array's name.
    check_meta, check_chunks, check_type : bool
        Whether blocks are compared with what their array declares: dtype; sizes; type.
    equal_nan : bool
        Whether NaN (NaT) equals itself.
    scheduler
        Who computes.
    rtol, atol : float
        Tolerance for floating-point numbers; of float32 and narrower a few units of their precision.

    Examples
    --------
    >>> import minidask.array as da
    >>> assert_eq(da.ones(5, chunks=2) + 1, np.full(5, 2.0))
    True
    """
    for side in (a, b):
        if isinstance(side, ArrayBase):
            check_honest(side, check_graph, check_meta, check_chunks, check_type)
    left, right = [computed(side, scheduler) for side in (a, b)]
    left, right = dense(left), dense(right)
    # An element of these kinds that stands alone doesn't tell the dtype of the array that it is of.
    kinds = {left.dtype.kind, right.dtype.kind}
    loose = right.ndim == 0 and ("O" in kinds or kinds in ({"S"}, {"U"}))
    if check_ndim:
        assert left.ndim == right.ndim, f"{left.ndim} dimensions, expected {right.ndim}"
    if check_shape:
        assert left.shape == right.shape, f"shape {left.shape}, expected {right.shape}"
        for side, value in ((a, left), (b, right)):
            if isinstance(side, ArrayBase):
                assert fits(side.shape, value.shape), f"declared shape {side.shape}, actual {value.shape}"
    if check_dtype and not loose:
        if not right.ndim:
            left, right = [
                side.astype(side.dtype.newbyteorder("=")) if side.dtype.kind in "iufcmM" else side
                for side in (left, right)
            ]
        assert left.dtype == right.dtype, f"dtype {left.dtype}, expected {right.dtype}"
    assert_values(left, right, equal_nan, rtol, atol)
    return True


def check_honest(
    x: Any, check_graph: bool = True, check_meta: bool = True, check_chunks: bool = True, check_type: bool = True
) -> None:
    """Raise AssertionError unless an array's blocks are what it declares, without and with optimisation."""
    keys = list(nested_keys(x.__dask_keys__()))
    assert len(keys) == x.npartitions, f"{len(keys)} keys for {x.npartitions} blocks"
    assert tuple(map(len, x.chunks)) == x.numblocks, f"chunks {x.chunks} for a grid of {x.numblocks}"
    if check_graph:
        missing = [key for key in keys if key not in x.dask]
        assert not missing, f"the graph lacks {missing[0]}"
    assert x._meta.ndim == x.ndim, f"the meta has {x._meta.ndim} dimensions, the array {x.ndim}"
    if not (check_meta or check_chunks or check_type):
        return
    for graph in (x.dask, optimize(x, traverse=False)[0].dask):
        blocks = sync.get(graph, keys)
        for index, block in zip(np.ndindex(*x.numblocks), blocks, strict=True):
            where = f"block {index} of {x.name.rpartition('-')[0]}"
            if check_chunks:
                declared = tuple([sizes[at] for sizes, at in zip(x.chunks, index, strict=True)])
                assert fits(declared, as_block(block).shape), f"{where}: declared {declared}, actual {np.shape(block)}"
            if check_meta:
                actual = as_block(block).dtype
                # NumPy's scalars have their own width of texts and the machine's order of bytes.
                same = actual == x.dtype or (
                    isinstance(block, np.generic)
                    and (actual.kind == x.dtype.kind in "SU" or actual == x.dtype.newbyteorder("="))
                )
                assert same or (x.dtype == object and not x.ndim), f"{where}: declared {x.dtype}, actual {actual}"
            if check_type and isinstance(block, np.ndarray) and x.ndim:
                assert type(block) is type(x._meta), f"{where}: declared {type(x._meta)}, actual {type(block)}"


def computed(x: Any, scheduler: Any) -> Any:
    """Return an array, lazy or not, as one in memory."""
    if not is_dask_collection(x):
        return in_memory(x)
    value = x.compute(scheduler=scheduler)
    if x.dtype == object and not x.ndim:
        return as_block(value)
    return in_memory(value)


def fits(declared: tuple[Any, ...], actual: tuple[int, ...]) -> bool:
    """Whether a shape is what was declared, NaN standing for any length."""
    return len(declared) == len(actual) and all(n != n or n == m for n, m in zip(declared, actual, strict=True))


def in_memory(x: Any) -> Any:
    """Return an array, number or list as an array."""
    return x if hasattr(x, "dtype") and hasattr(x, "ndim") and not isinstance(x, np.generic) else np.asarray(x)


def dense(x: Any) -> Any:
    """Return an array of another type than NumPy's as one of NumPy's where it knows how."""
    if isinstance(x, np.ndarray):
        return x
    for how in ("todense", "toarray"):
        if hasattr(x, how):
            return np.asarray(getattr(x, how)())
    return np.asarray(x)


def assert_values(left: Any, right: Any, equal_nan: bool = True, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    """Raise AssertionError unless two arrays in memory have equal values; masks have to be equal too."""
    if isinstance(left, np.ma.MaskedArray) or isinstance(right, np.ma.MaskedArray):
        np.testing.assert_array_equal(np.ma.getmaskarray(left), np.ma.getmaskarray(right))
        left, right = np.ma.filled(left, 0), np.ma.filled(right, 0)
    kinds = left.dtype.kind + right.dtype.kind
    if "O" in kinds and not left.ndim and isinstance(left[()], float):
        left, right = left.astype(float), right.astype(float)
        kinds = "ff"
    if set(kinds) & set("fc") and not set(kinds) & set("OSUVmM"):
        precision = max(float(np.finfo(x.dtype).eps) for x in (left, right) if x.dtype.kind in "fc")
        rtol, atol = (max(rtol, 64 * precision), max(atol, 16 * precision)) if precision > 1e-12 else (rtol, atol)
        np.testing.assert_allclose(left, right, rtol=rtol, atol=atol, equal_nan=equal_nan)
        return
    if "O" in kinds and equal_nan and left.shape == right.shape:
        # NumPy doesn't look for NaN among objects.
        both = (left != left) & (right != right)
        left, right = np.where(both, None, left), np.where(both, None, right)
    np.testing.assert_array_equal(left, right)
