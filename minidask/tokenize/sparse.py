"""Normalizers for SciPy's sparse matrices and arrays.

Place in the flow: registers with `registry.normalize_token` when the first SciPy object is tokenized; imports no
SciPy before.

A sparse array is its format, shape, dtype and the arrays that it stores, in the order in which it stores them:
explicit zeros, duplicates and unsorted indices count, what the object has found out about itself (sorted or not)
doesn't.

Not for: other objects of SciPy, which pickle takes apart.
"""

from __future__ import annotations

from typing import Any

from minidask.tokenize.registry import normalize_token

__all__: list[str] = []

# {format: attributes that hold the content}
_PARTS = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "bsr": ("data", "indices", "indptr"),
    "coo": ("data", "coords"),
    "dia": ("data", "offsets"),
    "lil": ("data", "rows"),
}


@normalize_token.register_lazy("scipy")
def _register_scipy() -> None:
    import scipy.sparse

    normalize_token.register((scipy.sparse.sparray, scipy.sparse.spmatrix), _sparse)


def _sparse(matrix: Any) -> tuple[Any, ...]:
    if matrix.format == "dok":
        parts: Any = dict(matrix.items())
    else:
        parts = [getattr(matrix, name) for name in _PARTS[matrix.format]]
    return matrix.format, matrix.shape, matrix.dtype, parts
