"""Products of arrays: axes of two or more are multiplied together and some of them summed away.

``contraction`` is the one way in which blocks are paired and summed; ``vectors`` (``dot matmul inner vdot vecdot`` and their
kin), ``tensors`` (``tensordot kron cross``) and ``einsum`` say what is multiplied. ``blas`` divides the cores among tasks.
"""
