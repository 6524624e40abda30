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


@pytest.mark.parametrize("name", ["det", "slogdet", "eigh", "eigvalsh"])
def test_matrices_have_to_be_square(name):
    with pytest.raises(ValueError, match="needs a square matrix"):
        getattr(da.linalg, name)(da.ones((4, 3)))


def test_two_dimensions_are_needed():
    with pytest.raises(ValueError, match="at least two dimensions, got 1"):
        da.linalg.pinv(da.ones(3))


def test_people_read_short_names():
    assert OnStack(np.linalg.det, ()).short_name == "det"
    assert stacked("det", np.linalg.det, [da.ones((2, 2))], [2], [()])[0].shape == ()
