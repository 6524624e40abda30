"""Arrays: NumPy's surface over chunks. ``import minidask.array as da``.

Tour, in the order of the flow: ``chunks`` and ``normalize`` (sizes), ``collection`` (what an array is), ``planned`` (what is
built once for operands of a kind), ``sources`` and
``creation`` (where blocks come from), ``unify`` and ``elementwise`` (work on aligned blocks), ``ufuncs``, ``pointwise``
(functions of that kind), ``mapping`` (users' functions), ``reductions``, ``slicing``, ``rechunk``, ``reshaping``, ``shaping``,
``joining``, ``optimize`` (rewrites), ``array`` (the class), ``testing`` (``assert_eq``).

This module only re-exports. A name of NumPy's that isn't built raises AttributeError and says what to do.
"""

# NumPy's own names are the names here.
# ruff: noqa: A004

from typing import Any

import numpy as np
from numpy import (
    bool,
    broadcast_shapes,
    complex64,
    complex128,
    e,
    euler_gamma,
    finfo,
    float32,
    float64,
    iinfo,
    inf,
    int8,
    int16,
    int32,
    int64,
    isdtype,
    nan,
    newaxis,
    pi,
    promote_types,
    uint8,
    uint16,
    uint32,
    uint64,
)

from minidask.array import fft, lib, linalg, ma, overlap, random, reductions, stats
from minidask.array.along import apply_along_axis, apply_over_axes
from minidask.array.array import Array
from minidask.array.assigning import copy, copyto
from minidask.array.bits import packbits, unpackbits
from minidask.array.chunk_types import register_chunk_type
from minidask.array.conversions import compute_chunk_sizes, to_delayed
from minidask.array.creation import alike as alike  # enters what NumPy calls with like=
from minidask.array.creation.delayed_parts import from_delayed, from_func
from minidask.array.creation.diagonals import (
    diag,
    diag_indices,
    diag_indices_from,
    diagflat,
    diagonal,
    tri,
    tril,
    tril_indices,
    tril_indices_from,
    triu,
    triu_indices,
    triu_indices_from,
)
from minidask.array.creation.filled import empty, empty_like, full, full_like, ones, ones_like, zeros, zeros_like
from minidask.array.creation.grids import fromfunction, indices, meshgrid, mgrid, ogrid
from minidask.array.creation.ranges import arange, eye, geomspace, identity, linspace, logspace
from minidask.array.creation.repeating import pad, repeat, resize, tile
from minidask.array.creation.wrapping import array, asanyarray, asarray, from_array, from_dlpack
from minidask.array.dates import busday_count, busday_offset, datetime_as_string, is_busday
from minidask.array.differences import average, diff, ediff1d, gradient, ptp, trace
from minidask.array.facts import (
    array_repr,
    can_cast,
    common_type,
    einsum_path,
    iscomplexobj,
    isrealobj,
    isscalar,
    min_scalar_type,
    ndim,
    result_type,
    shape,
    shares_memory,
    size,
)
from minidask.array.generalized import as_gufunc, gufunc
from minidask.array.gufunc import apply_gufunc
from minidask.array.joiners import c_, r_
from minidask.array.joining import block, concatenate, stack
from minidask.array.linalg.namesakes import matrix_transpose
from minidask.array.mapping import blockwise, map_blocks
from minidask.array.normalize import normalize_chunks
from minidask.array.overlap.mapped import map_overlap
from minidask.array.overlap.pushing import push
from minidask.array.performance import PerformanceWarning
from minidask.array.piecewise import piecewise
from minidask.array.placing import fill_diagonal, place, put, put_along_axis, putmask
from minidask.array.pointwise import (
    allclose,
    angle,
    array_equal,
    array_equiv,
    astype,
    clip,
    fix,
    i0,
    imag,
    isclose,
    iscomplex,
    isneginf,
    isnull,
    isposinf,
    isreal,
    nan_to_num,
    notnull,
    outer,
    real,
    round,
    sinc,
    view,
    where,
)
from minidask.array.polynomials import poly, polyadd, polyder, polydiv, polyfit, polyint, polymul, polysub, roots
from minidask.array.products.einsum import einsum
from minidask.array.products.tensors import cross, kron, tensordot
from minidask.array.products.vectors import dot, inner, matmul, matvec, vdot, vecdot, vecmat
from minidask.array.rechunk import rechunk
from minidask.array.reductions.cumulative import cumprod, cumsum, cumulative_prod, cumulative_sum, nancumprod, nancumsum
from minidask.array.reductions.custom import reduction
from minidask.array.reductions.folds import all_ as all
from minidask.array.reductions.folds import any_ as any
from minidask.array.reductions.folds import max, min, nanmax, nanmin, nanprod, nansum, prod, sum
from minidask.array.reductions.moments import mean, nanmean, nanstd, nanvar, std, var
from minidask.array.reductions.places import argmax, argmin, nanargmax, nanargmin
from minidask.array.remedies import remedy
from minidask.array.reshaping import ravel, reshape, reshape_blockwise
from minidask.array.selecting import (
    choose,
    compress,
    extract,
    ix_,
    ravel_multi_index,
    select,
    take,
    trim_zeros,
    unravel_index,
)
from minidask.array.sets.distinct import unique, unique_all, unique_counts, unique_inverse, unique_values
from minidask.array.sets.operations import intersect1d, isin, setdiff1d, setxor1d, union1d
from minidask.array.sets.ordered import searchsorted
from minidask.array.shaping import (
    broadcast_arrays,
    broadcast_to,
    expand_dims,
    moveaxis,
    squeeze,
    swapaxes,
    transpose,
)
from minidask.array.signals import convolve, correlate, interp, polyval, trapezoid, unwrap, vander
from minidask.array.slicing.shuffling import shuffle
from minidask.array.sorting import argpartition, argsort, lexsort, partition, sort, sort_complex, take_along_axis
from minidask.array.splitting import array_split, dsplit, hsplit, split, unstack, vsplit
from minidask.array.stacking import (
    append,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    column_stack,
    delete,
    dstack,
    hstack,
    insert,
    vstack,
)
from minidask.array.statistics.central import moment
from minidask.array.statistics.coarse import coarsen
from minidask.array.statistics.counting import bincount
from minidask.array.statistics.extremes import argtopk, topk
from minidask.array.statistics.histograms import digitize, histogram, histogram2d, histogram_bin_edges, histogramdd
from minidask.array.statistics.quantiles import median, nanmedian, nanpercentile, nanquantile, percentile, quantile
from minidask.array.statistics.relations import corrcoef, cov
from minidask.array.storage.hdf5 import to_hdf5
from minidask.array.storage.npy_stack import from_npy_stack, to_npy_stack
from minidask.array.storage.zarr_arrays import from_zarr, to_zarr
from minidask.array.storing import store
from minidask.array.testing import assert_eq
from minidask.array.truth import argwhere, count_nonzero, flatnonzero, nonzero
from minidask.array.turning import flip, fliplr, flipud, roll, rollaxis, rot90
from minidask.array.ufuncs import UFUNCS, frompyfunc
from minidask.array.unify import unify_chunks
from minidask.collection import compute, optimize, persist, visualize

# Of the array API: what there is, is as NumPy's.
__array_api_version__ = np.__array_api_version__
__array_namespace_info__ = np.__array_namespace_info__

around = round
amax, amin = max, min
permute_dims = transpose
concat = concatenate
array_str = array2string = array_repr
may_share_memory = shares_memory

# The ufuncs, by their names: sin, add, ...
globals().update(UFUNCS)

__all__ = [
    "Array", "PerformanceWarning", "abs", "absolute", "acos", "acosh", "add", "all", "allclose", "amax", "amin",
    "angle", "any", "append", "apply_along_axis", "apply_gufunc", "apply_over_axes", "arange", "arccos", "arccosh",
    "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argpartition", "argsort", "argtopk",
    "argwhere", "around", "array", "array2string", "array_equal", "array_equiv", "array_repr", "array_split",
    "array_str", "as_gufunc", "asanyarray", "asarray", "asin", "asinh", "assert_eq", "astype", "atan", "atan2",
    "atanh", "atleast_1d", "atleast_2d", "atleast_3d", "average", "bincount", "bitwise_and", "bitwise_count",
    "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "block", "blockwise", "bool", "broadcast_arrays", "broadcast_shapes", "broadcast_to", "busday_count",
    "busday_offset", "c_", "can_cast", "cbrt", "ceil", "choose", "clip", "coarsen", "column_stack", "common_type",
    "complex128", "complex64", "compress", "compute", "compute_chunk_sizes", "concat", "concatenate", "conj",
    "conjugate", "convolve", "copy", "copysign", "copyto", "corrcoef", "correlate", "cos", "cosh", "count_nonzero",
    "cov", "cross", "cumprod", "cumsum", "cumulative_prod", "cumulative_sum", "datetime_as_string", "deg2rad",
    "degrees", "delete", "diag", "diag_indices", "diag_indices_from", "diagflat", "diagonal", "diff", "digitize",
    "divide", "divmod", "dot", "dsplit", "dstack", "e", "ediff1d", "einsum", "einsum_path", "empty", "empty_like",
    "equal", "euler_gamma", "exp", "exp2", "expand_dims", "expm1", "extract", "eye", "fabs", "fft", "fill_diagonal",
    "finfo", "fix", "flatnonzero", "flip", "fliplr", "flipud", "float32", "float64", "float_power", "floor",
    "floor_divide", "fmax", "fmin", "fmod", "frexp", "from_array", "from_delayed", "from_dlpack", "from_func",
    "from_npy_stack", "from_zarr", "fromfunction", "frompyfunc", "full", "full_like", "gcd", "geomspace", "gradient",
    "greater", "greater_equal", "gufunc", "heaviside", "histogram", "histogram2d", "histogram_bin_edges",
    "histogramdd", "hsplit", "hstack", "hypot", "i0", "identity", "iinfo", "imag", "indices", "inf", "inner",
    "insert", "int16", "int32", "int64", "int8", "interp", "intersect1d", "invert", "is_busday", "isclose",
    "iscomplex", "iscomplexobj", "isdtype", "isfinite", "isin", "isinf", "isnan", "isnat", "isneginf", "isnull",
    "isposinf", "isreal", "isrealobj", "isscalar", "ix_", "kron", "lcm", "ldexp", "left_shift", "less", "less_equal",
    "lexsort", "lib", "linalg", "linspace", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logical_and",
    "logical_not", "logical_or", "logical_xor", "logspace", "ma", "map_blocks", "map_overlap", "matmul",
    "matrix_transpose", "matvec", "max", "maximum", "may_share_memory", "mean", "median", "meshgrid", "mgrid", "min",
    "min_scalar_type", "minimum", "mod", "modf", "moment", "moveaxis", "multiply", "nan", "nan_to_num", "nanargmax",
    "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod",
    "nanquantile", "nanstd", "nansum", "nanvar", "ndim", "negative", "newaxis", "nextafter", "nonzero",
    "normalize_chunks", "not_equal", "notnull", "ogrid", "ones", "ones_like", "optimize", "outer", "overlap",
    "packbits", "pad", "partition", "percentile", "permute_dims", "persist", "pi", "piecewise", "place", "poly",
    "polyadd", "polyder", "polydiv", "polyfit", "polyint", "polymul", "polysub", "polyval", "positive", "pow",
    "power", "prod", "promote_types", "ptp", "push", "put", "put_along_axis", "putmask", "quantile", "r_", "rad2deg",
    "radians", "random", "ravel", "ravel_multi_index", "real", "rechunk", "reciprocal", "reduction", "reductions",
    "register_chunk_type", "remainder", "repeat", "reshape", "reshape_blockwise", "resize", "result_type",
    "right_shift", "rint", "roll", "rollaxis", "roots", "rot90", "round", "searchsorted", "select", "setdiff1d",
    "setxor1d", "shape", "shares_memory", "shuffle", "sign", "signbit", "sin", "sinc", "sinh", "size", "sort",
    "sort_complex", "spacing", "split", "sqrt", "square", "squeeze", "stack", "stats", "std", "store", "subtract",
    "sum", "swapaxes", "take", "take_along_axis", "tan", "tanh", "tensordot", "tile", "to_delayed", "to_hdf5",
    "to_npy_stack", "to_zarr", "topk", "trace", "transpose", "trapezoid", "tri", "tril", "tril_indices",
    "tril_indices_from", "trim_zeros", "triu", "triu_indices", "triu_indices_from", "true_divide", "trunc", "uint16",
    "uint32", "uint64", "uint8", "unify_chunks", "union1d", "unique", "unique_all", "unique_counts", "unique_inverse",
    "unique_values", "unpackbits", "unravel_index", "unstack", "unwrap", "vander", "var", "vdot", "vecdot", "vecmat",
    "view", "visualize", "vsplit", "vstack", "where", "zeros", "zeros_like",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Raise AttributeError; for what NumPy has it says what to do."""
    instead = remedy("", name)
    if instead is not None:
        raise AttributeError(f"minidask.array.{name} isn't built: {instead}")
    if not name.startswith("_") and isinstance(getattr(np, name, None), type):
        raise AttributeError(f"minidask.array has no type {name!r}: take it from numpy")
    if not name.startswith("_") and hasattr(np, name):
        raise AttributeError(
            f"minidask.array.{name} isn't built: use x.map_blocks(numpy.{name}) where it works on one block at a time, or "
            f"numpy.{name}(x.compute())"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
