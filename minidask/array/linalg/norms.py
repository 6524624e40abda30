"""Norms of vectors and of matrices: sums, extremes and, for some, singular values.

Place in the flow: on top of reductions, and of ``singular``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import normalize_axes, normalize_axis
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.linalg.singular import svdvals
from minidask.array.planned import planned
from minidask.array.shaping import expand_dims, moveaxis


@implements(np.linalg.norm)
@planned
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the norm of a vector or matrix, or of those that lie along axes.

    Parameters
    ----------
    x : Array or array-like
    ord : number, inf, -inf, "fro" or "nuc", optional
        Of vectors: any number. Of matrices: 1, -1, 2, -2, inf, -inf, ``"fro"`` or ``"nuc"``. Default: the root of the sum of
        squares.
    axis : int or pair of int, optional
        One for vectors, two for matrices; default: all axes.
    keepdims : bool
        Whether these stay, with length 1.

    Raises
    ------
    ValueError
        If there is no such norm of vectors or matrices, or the axes are neither one nor two.
    numpy.exceptions.AxisError
        If an axis is out of range.

    Notes
    -----
    2, -2 and ``"nuc"`` of matrices need singular values, see ``svd``; of stacks, each matrix in one block.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.asarray([[3.0, 4], [0, 0]]).rechunk(1)
    >>> da.linalg.norm(x).compute(), da.linalg.norm(x, 1, axis=1).compute()
    (np.float64(5.0), array([7., 0.]))
    """
    x = as_array(x)
    if x.dtype.kind not in "fcO":
        x = x.astype(float)
    if axis is None:
        if ord is None or (ord in ("fro", "f") and x.ndim == 2) or (ord == 2 and x.ndim == 1):
            return _root_of_squares(x, None, keepdims)
        axes = tuple(range(x.ndim))
    else:
        axes = tuple(axis) if isinstance(axis, tuple | list) else (axis,)
        axes = tuple([normalize_axis(one, x.ndim) for one in axes])
    if len(axes) == 1:
        return _of_vectors(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        normalize_axes(axes, x.ndim)
        return _of_matrices(x, ord, axes[0], axes[1], keepdims)
    raise ValueError(f"Improper number of dimensions to norm: {len(axes)} axes, where one or two are needed")


def _root_of_squares(x: Any, axis: Any, keepdims: bool) -> Any:
    if x.dtype.kind == "c":
        squares = elementwise(np.square, x.real) + elementwise(np.square, x.imag)
    else:
        squares = elementwise(np.square, x)
    return elementwise(np.sqrt, squares.sum(axis=axis, keepdims=keepdims))


def _of_vectors(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order {ord!r} for vectors")
    if ord is None or ord == 2:
        return _root_of_squares(x, axis, keepdims)
    sizes = abs(x)
    if ord == np.inf:
        return _largest(sizes, axis, keepdims)
    if ord == -np.inf:
        return sizes.min(axis=axis, keepdims=keepdims)
    if ord == 0:
        return (x != 0).astype(sizes.dtype).sum(axis=axis, keepdims=keepdims)
    if ord == 1:
        return sizes.sum(axis=axis, keepdims=keepdims)
    total = (sizes**ord).sum(axis=axis, keepdims=keepdims)
    return total ** (1 / ord)


def _largest(sizes: Any, axis: Any, keepdims: bool) -> Any:
    """Return the largest of absolute values along axes: 0 of none."""
    axes = normalize_axes(axis, sizes.ndim)
    reduce = sizes.sum if any(sizes.shape[at] == 0 for at in axes) else sizes.max
    return reduce(axis=axis, keepdims=keepdims)


def _of_matrices(x: Any, ord: Any, rows: int, columns: int, keepdims: bool) -> Any:
    if ord in (None, "fro", "f"):
        return _root_of_squares(x, (rows, columns), keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        along, other = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = abs(x).sum(axis=along, keepdims=True)
        out = _largest(sums, other, True) if ord > 0 else sums.min(axis=other, keepdims=True)
    elif ord in (2, -2, "nuc"):
        values = svdvals(moveaxis(x, (rows, columns), (-2, -1)))
        if ord == "nuc":
            out = values.sum(axis=-1)
        else:
            out = _largest(values, values.ndim - 1, False) if ord == 2 else values.min(axis=-1)
        return expand_dims(out, tuple(sorted((rows, columns)))) if keepdims else out
    else:
        raise ValueError(f"Invalid norm order {ord!r} for matrices")
    return out if keepdims else out.squeeze(axis=(rows, columns))


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Return the norm of the vectors along axes, several of which count as one; by default of all elements.

    Raises
    ------
    ValueError
        If there is no such norm of vectors.

    Examples
    --------
    >>> import minidask.array as da
    >>> vector_norm(da.ones((2, 2), chunks=1), ord=1).compute()
    np.float64(4.0)
    """
    x = as_array(x)
    if x.dtype.kind not in "fcO":
        x = x.astype(float)
    axes = normalize_axes(axis, x.ndim)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order {ord!r} for vectors")
    return _of_vectors(x, ord, axes, keepdims)  # type: ignore[arg-type]


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Return the norms of the matrices along the last two axes; ``ord`` as for ``norm``.

    Raises
    ------
    ValueError
        If there is no such norm of matrices.

    Examples
    --------
    >>> import minidask.array as da
    >>> matrix_norm(da.ones((2, 2), chunks=1)).compute()
    np.float64(2.0)
    """
    return norm(x, ord, (-2, -1), keepdims)


for _name, _own in (("vector_norm", vector_norm), ("matrix_norm", matrix_norm)):
    if hasattr(np.linalg, _name):
        implements(getattr(np.linalg, _name))(_own)
