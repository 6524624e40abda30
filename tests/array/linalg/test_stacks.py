from __future__ import annotations

import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array.linalg.stacks import OnStack, stacked
from minidask.array.testing import assert_eq
from tests.array.arrays import raising
from tests.array.matrices import definite, matrix

A = np.stack([np.stack([definite(3, seed=3 * i + j) for j in range(3)]) for i in range(2)])
SINGLE = ["det", "slogdet", "eigh", "eigvalsh", "pinv"]


def parts(value):
    return tuple(value) if isinstance(value, tuple) else (value,)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("chunks", [(1, 2, 3, 3), (2, 3, 3, 3)])
def test_stacks_and_single_matrices(name, chunks):
    func = getattr(np.linalg, name)
    for a, x in ((A, da.from_array(A, chunks=chunks)), (A[0, 0], da.from_array(A[0, 0]))):
        with config.set(scheduler=raising):
            made = parts(func(x))
        for own, numpys in zip(made, parts(func(a)), strict=True):
            assert_eq(own, numpys)
        assert parts(getattr(da.linalg, name)(x))[0].name == made[0].name


@pytest.mark.parametrize("dtype", ["i4", "f4", "f8", "c8"])
@pytest.mark.parametrize("chunks", [(1, 2, 1, 2), (2, 3, 3, 3)])
def test_eigenvalues_are_complex(dtype, chunks):
    a = matrix((2, 3, 3, 3), dtype, seed=1)
    x = da.from_array(a, chunks=chunks)
    with config.set(scheduler=raising):
        values, vectors = made = np.linalg.eig(x)
        alone = np.linalg.eigvals(x)
    kind = "c8" if dtype in ("f4", "c8") else "c16"
    expected = np.linalg.eig(a)
    assert_eq(values, expected.eigenvalues.astype(kind))
    assert_eq(vectors, expected.eigenvectors.astype(kind))
    assert_eq(alone, np.linalg.eigvals(a).astype(kind))
    assert made.eigenvalues is values
    assert alone.chunks == (*x.chunks[:2], (3,))


def test_eigenvalues_of_a_matrix_in_blocks():
    a = np.diag([3.0, 1, 2])
    found = da.linalg.eig(da.from_array(a, chunks=2))
    assert_eq(found.eigenvalues, np.array([3, 1, 2], complex))
    assert_eq(da.linalg.eigvals(da.zeros((0, 0))), np.zeros(0, complex))
    assert np.linalg.eigh(da.from_array(a)).eigenvectors.shape == (3, 3)
    assert np.linalg.slogdet(da.from_array(a)).sign.compute() == 1


def test_arguments_are_passed_on():
    a = matrix((4, 3, 2))
    x = da.from_array(a, chunks=(2, 3, 2))
    assert_eq(np.linalg.pinv(x, rcond=0.5), np.linalg.pinv(a, rcond=0.5))
    assert_eq(np.linalg.eigvalsh(da.from_array(A), UPLO="U"), np.linalg.eigvalsh(A, UPLO="U"))
    assert np.linalg.pinv(x).name != np.linalg.pinv(x, rcond=0.5).name


def test_integers_are_calculated_with():
    assert_eq(np.linalg.det(da.from_array(np.eye(3, dtype=int) * 2)), np.float64(8))


@pytest.mark.parametrize("name", SINGLE)
def test_matrices_in_several_blocks_are_an_error_with_the_remedy(name):
    with pytest.raises(ValueError, match=r"axis 0 is in 2 blocks: x\.rechunk\(\{0: -1, 1: -1\}\) first"):
        getattr(da.linalg, name)(da.eye(4, chunks=2))


@pytest.mark.parametrize("name", ["det", "slogdet", "eig", "eigvals", "eigh", "eigvalsh"])
def test_matrices_have_to_be_square(name):
    with pytest.raises(ValueError, match="needs a square matrix"):
        getattr(da.linalg, name)(da.ones((4, 3)))


def test_two_dimensions_are_needed():
    with pytest.raises(ValueError, match="at least two dimensions, got 1"):
        da.linalg.pinv(da.ones(3))


def test_people_read_short_names():
    assert OnStack(np.linalg.det, ()).short_name == "det"
    assert stacked("det", np.linalg.det, [da.ones((2, 2))], [2], [()])[0].shape == ()
