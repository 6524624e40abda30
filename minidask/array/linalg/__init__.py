"""Linear algebra of matrices in blocks: ``da.linalg``.

Tour: ``matrices`` (what is asked of a matrix), ``tall`` (QR of tall and of wide matrices), ``singular`` (singular values and
vectors), ``compression`` (approximate ones), ``lower_upper`` (LU), ``definite`` (Cholesky), ``triangular`` and ``solving``
(equations, inverses), ``least_squares``, ``norms``, ``stacks`` (many small matrices at once), ``namesakes``. This module only
re-exports.
"""

from typing import Any

import numpy as np

from minidask.array.linalg.compression import compression_level, compression_matrix, svd_compressed
from minidask.array.linalg.definite import cholesky
from minidask.array.linalg.least_squares import lstsq
from minidask.array.linalg.lower_upper import lu
from minidask.array.linalg.namesakes import (
    cond,
    diagonal,
    matrix_rank,
    matrix_transpose,
    outer,
    tensorinv,
    tensorsolve,
    trace,
)
from minidask.array.linalg.norms import matrix_norm, norm, vector_norm
from minidask.array.linalg.singular import svd, svd_flip, svdvals
from minidask.array.linalg.solving import inv, solve
from minidask.array.linalg.stacks import det, eig, eigh, eigvals, eigvalsh, pinv, slogdet
from minidask.array.linalg.tall import qr, sfqr, tsqr
from minidask.array.linalg.triangular import solve_triangular
from minidask.array.products.tensors import cross, tensordot
from minidask.array.products.vectors import matmul, matrix_power, multi_dot, vecdot
from minidask.array.remedies import remedy

__all__ = [
    "cholesky",
    "compression_level",
    "compression_matrix",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "lu",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "sfqr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svd_compressed",
    "svd_flip",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "tsqr",
    "vecdot",
    "vector_norm",
]


def __getattr__(name: str) -> Any:
    """Raise AttributeError; for what NumPy has it says what to do."""
    instead = remedy("linalg", name) if hasattr(np.linalg, name) else None
    if instead is not None:
        raise AttributeError(f"minidask.array.linalg.{name} isn't built: {instead}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
