"""Many small matrices at once: functions of NumPy's on stacks, each matrix in one block.

``numpy.linalg``'s functions take arrays whose last two axes are matrices. Where these two axes are in one block each, a block is
a stack by itself. Also here: what has no algorithm by blocks, ``det slogdet eig eigvals eigh eigvalsh pinv``, for single matrices
as well.

Place in the flow: ``solve``, ``inv``, ``qr``, ``svd`` and ``cholesky`` come here for more than two dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import Sizes
from minidask.array.collection import new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.linalg.matrices import calculable, check_square, one_block
from minidask.array.meta import numpy_meta
from minidask.array.planned import planned
from minidask.array.products.blas import shared_cores
from minidask.array.products.contraction import only
from minidask.array.unify import broadcast_shape, unify_chunks
from minidask.graph import blockwise as blockwise_layer
from minidask.tokenize import quick_token


@dataclass(frozen=True, slots=True)
class OnStack:
    """A function of ``numpy.linalg`` with keywords, on a block."""

    func: Callable[..., Any]
    kwargs: tuple[tuple[str, Any], ...]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return str(self.func.__name__)

    def __call__(self, *blocks: Any) -> Any:
        with shared_cores:
            out = self.func(*blocks, **dict(self.kwargs))
        return tuple(out) if isinstance(out, tuple) else out


def stacked(
    name: str,
    func: Callable[..., Any],
    arrays: Sequence[Any],
    cores: Sequence[int],
    outs: Sequence[Sequence[str]],
    lengths: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> tuple[Any, ...]:
    """Return the outputs of a function of stacks of matrices.

    Parameters
    ----------
    name : str
    func : callable
        Returns one array, or a tuple where there are several outputs.
    arrays : sequence of Array
    cores : sequence of int
        How many of the last axes of each array belong to a matrix; the others are broadcast.
    outs : sequence of sequences
        For each output its last axes: ``"m"`` and ``"n"`` are the last two of the first array, others are in ``lengths``.
    lengths : mapping, optional
    **kwargs
        Of ``func``.

    Raises
    ------
    ValueError
        If a matrix is in several blocks; the message has the remedy.
    """
    first = arrays[0]
    for x, core in zip(arrays, cores, strict=True):
        for axis in range(x.ndim - core, x.ndim):
            if x.numblocks[axis] > 1:
                remedy = ", ".join(f"{at}: -1" for at in range(x.ndim - core, x.ndim))
                raise ValueError(
                    f"{name} works on whole matrices here, but axis {axis} is in {x.numblocks[axis]} blocks: "
                    f"x.rechunk({{{remedy}}}) first"
                )
    known = {"m": first.shape[-2], "n": first.shape[-1], **(lengths or {})}
    depth = len(broadcast_shape([x.shape[: x.ndim - core] for x, core in zip(arrays, cores, strict=True)]))
    indices = [
        (*range(depth - x.ndim + core, depth), *[("core", at, axis) for axis in range(core)])
        for at, (x, core) in enumerate(zip(arrays, cores, strict=True))
    ]
    sizes, aligned = unify_chunks(*[part for pair in zip(arrays, indices, strict=True) for part in pair])
    stack = tuple(range(depth))
    token = quick_token(name, repr(sorted(kwargs.items())), *[x.name for x in aligned])
    layer = blockwise_layer(
        OnStack(func, tuple(kwargs.items())),
        stack,
        *[(x._layer, index) for x, index in zip(aligned, indices, strict=True)],
        name=f"{name}-whole-{token}",
        contract=only,
    )
    with np.errstate(all="ignore"):
        sample = func(*[np.ones((1,) * core, x.dtype) for x, core in zip(arrays, cores, strict=True)], **kwargs)
    samples = sample if isinstance(sample, tuple) else (sample,)
    made = []
    for at, core_out in enumerate(outs):
        chunks: list[Sizes] = [sizes[symbol] for symbol in stack]
        chunks += [(known[length],) for length in core_out]
        axes = [("out", axis) for axis in range(len(core_out))]
        item = blockwise_layer(
            Output(at if len(outs) > 1 else None),
            (*stack, *axes),
            (layer, stack),
            new_axes=dict.fromkeys(axes, 1),
            name=f"{name}-{at}-{token}",
        )
        made.append(new_array(item, tuple(chunks), numpy_meta(np.asarray(samples[at]).dtype, len(chunks))))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class Output:
    """One of a task's results; None for one that has a single one."""

    at: int | None

    def __call__(self, value: Any) -> Any:
        return value if self.at is None else value[self.at]


def _square(name: str, a: Any) -> Any:
    x = as_array(a)
    check_square(name, x)
    return calculable(x)


class Eigen(NamedTuple):
    """Eigenvalues of matrices, and eigenvectors in columns."""

    eigenvalues: Any
    eigenvectors: Any


class Slogdet(NamedTuple):
    """Signs of determinants, and logarithms of their absolute values."""

    sign: Any
    logabsdet: Any


def _complex(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.result_type(dtype, np.complex64)


def complex_eig(block: Any) -> tuple[Any, Any]:
    """Return eigenvalues and eigenvectors of a block's matrices as complex numbers."""
    values, vectors = np.linalg.eig(block)
    dtype = _complex(block.dtype)
    return values.astype(dtype, copy=False), vectors.astype(dtype, copy=False)


def complex_eigvals(block: Any) -> Any:
    """Return eigenvalues of a block's matrices as complex numbers."""
    return np.asarray(np.linalg.eigvals(block)).astype(_complex(block.dtype), copy=False)


def _joined(name: str, a: Any) -> Any:
    """Return square matrices in one block each."""
    x = _square(name, a)
    return one_block(name, one_block(name, x, -1), -2)


@implements(np.linalg.eig)
@planned
def eig(a: Any) -> Eigen:
    """Return the eigenvalues and right eigenvectors of square matrices.

    Parameters
    ----------
    a : (..., M, M) Array or array-like
        There is no algorithm by blocks: each matrix is brought into one, and one task works on it. It has to fit into a
        worker's memory several times over, and takes time as the cube of M. Of Hermitian matrices use ``eigh``.

    Returns
    -------
    eigenvalues : (..., M) Array
        In no order; always complex, whereas NumPy's are real if all of them happen to be.
    eigenvectors : (..., M, M) Array
        In columns, of length 1; complex.

    Raises
    ------
    ValueError
        If matrices aren't square.
    TypeError
        If NumPy's linear algebra doesn't know the dtype.
    UnknownChunkSizes
        If lengths aren't known.
    numpy.linalg.LinAlgError
        On computing, if elements aren't finite, or there is no convergence.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.linalg.eig(da.asarray([[0.0, -1], [1, 0]]).rechunk(1)).eigenvalues.compute()
    array([0.+1.j, 0.-1.j])
    """
    return Eigen(*stacked("eig", complex_eig, [_joined("eig", a)], [2], [("n",), ("m", "n")]))


@implements(np.linalg.eigvals)
@planned
def eigvals(a: Any) -> Any:
    """Return the eigenvalues of square matrices, as complex numbers; see ``eig``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.linalg.eigvals(da.asarray([[2.0, 1], [0, 3]]).rechunk(1)).compute()
    array([2.+0.j, 3.+0.j])
    """
    return stacked("eigvals", complex_eigvals, [_joined("eigvals", a)], [2], [("n",)])[0]


@implements(np.linalg.det)
@planned
def det(a: Any) -> Any:
    """Return the determinants of square matrices, each in one block.

    Raises
    ------
    ValueError
        If they aren't square, or are in several blocks.

    Examples
    --------
    >>> import minidask.array as da
    >>> det(da.asarray([[2.0, 0], [0, 3]])).compute().round(6)
    np.float64(6.0)
    """
    return stacked("det", np.linalg.det, [_square("det", a)], [2], [()])[0]


@implements(np.linalg.slogdet)
@planned
def slogdet(a: Any) -> Slogdet:
    """Return the signs of determinants and the logarithms of their absolute values, of square matrices, each in one block.

    Raises
    ------
    ValueError
        If they aren't square, or are in several blocks.

    Examples
    --------
    >>> import minidask.array as da
    >>> [float(part) for part in slogdet(da.eye(2, chunks=2))]
    [1.0, 0.0]
    """
    return Slogdet(*stacked("slogdet", np.linalg.slogdet, [_square("slogdet", a)], [2], [(), ()]))


@implements(np.linalg.eigh)
@planned
def eigh(a: Any, UPLO: str = "L") -> Eigen:
    """Return the eigenvalues and eigenvectors of Hermitian matrices, each in one block; arguments as NumPy's.

    Raises
    ------
    ValueError
        If they aren't square, or are in several blocks.

    Examples
    --------
    >>> import minidask.array as da
    >>> eigh(da.eye(2, chunks=2))[0].compute()
    array([1., 1.])
    """
    return Eigen(*stacked("eigh", np.linalg.eigh, [_square("eigh", a)], [2], [("n",), ("m", "n")], UPLO=UPLO))


@implements(np.linalg.eigvalsh)
@planned
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """Return the eigenvalues of Hermitian matrices, each in one block; arguments as NumPy's.

    Raises
    ------
    ValueError
        If they aren't square, or are in several blocks.

    Examples
    --------
    >>> import minidask.array as da
    >>> eigvalsh(da.eye(2, chunks=2)).compute()
    array([1., 1.])
    """
    return stacked("eigvalsh", np.linalg.eigvalsh, [_square("eigvalsh", a)], [2], [("n",)], UPLO=UPLO)[0]


@implements(np.linalg.pinv)
@planned
def pinv(a: Any, rcond: float | None = None, hermitian: bool = False, *, rtol: float | None = None) -> Any:
    """Return the pseudo-inverses of matrices, each in one block; arguments as NumPy's.

    Raises
    ------
    ValueError
        If they are in several blocks, there are less than two dimensions, or both limits are given.

    Examples
    --------
    >>> import minidask.array as da
    >>> pinv(da.full((1, 2), 2.0)).compute().round(6).tolist()
    [[0.25], [0.25]]
    """
    x = as_array(a)
    if x.ndim < 2:
        raise ValueError(f"pinv needs matrices, of at least two dimensions, got {x.ndim}")
    if rcond is not None and rtol is not None:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    limit = rtol if rcond is None else rcond
    kwargs: dict[str, Any] = {} if limit is None else {"rcond": limit}
    return stacked("pinv", np.linalg.pinv, [calculable(x)], [2], [("n", "m")], hermitian=hermitian, **kwargs)[0]
