"""Linear regression of many rows: step by step, and by the normal equations; on threads and on a cluster."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import minidask
import minidask.array as da

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("runner")]

ROWS, FEATURES = 4_000, 5


class Problem(NamedTuple):
    X: np.ndarray
    y: np.ndarray
    best: np.ndarray


@pytest.fixture(scope="module")
def problem() -> Problem:
    random = np.random.default_rng(3)
    X = random.normal(size=(ROWS, FEATURES))
    y = X @ np.arange(1.0, FEATURES + 1) + random.normal(scale=0.1, size=ROWS)
    return Problem(X, y, np.linalg.lstsq(X, y)[0])


@pytest.mark.parametrize("chunks", [(500, FEATURES), (500, 2), ((1, 2_999, 1_000), FEATURES)])
def test_normal_equations(problem: Problem, chunks: object) -> None:
    X = da.from_array(problem.X, chunks=chunks)
    y = da.from_array(problem.y, chunks=X.chunks[0])
    beta = da.linalg.solve(X.T.dot(X), X.T.dot(y))
    assert beta.shape == (FEATURES,)
    np.testing.assert_allclose(beta.compute(), problem.best)
    symmetric = da.linalg.solve(X.T @ X, X.T @ y, assume_a="pos")
    np.testing.assert_allclose(symmetric.compute(), problem.best)


def descend(X: da.Array, y: da.Array, steps: int, every: int | None = None) -> da.Array:
    """Return the weights after so many steps; they are computed each ``every`` steps."""
    beta = da.zeros(X.shape[1])
    for step in range(steps):
        gradient = X.T.dot(X.dot(beta) - y) / len(X)
        beta = beta - 0.5 * gradient
        if every and step % every == every - 1:
            (beta,) = minidask.persist(beta)
    return beta


def test_gradient_descent(problem: Problem) -> None:
    X, y = (da.from_array(part, chunks=(500, -1)[: part.ndim]) for part in (problem.X, problem.y))
    X, y = minidask.persist(X, y)
    found = descend(X, y, 40, every=10)
    np.testing.assert_allclose(found.compute(), problem.best, rtol=1e-6)


def test_gradient_descent_in_one_graph(problem: Problem) -> None:
    X, y = (da.from_array(part, chunks=(1_000, -1)[: part.ndim]) for part in (problem.X, problem.y))
    np.testing.assert_allclose(descend(X, y, 40).compute(), problem.best, rtol=1e-6)


def test_least_squares_and_residuals(problem: Problem) -> None:
    X, y = (da.from_array(part, chunks=(500, -1)[: part.ndim]) for part in (problem.X, problem.y))
    beta, residuals, rank, _ = da.linalg.lstsq(X, y)
    error = y - X.dot(beta)
    found = minidask.compute(beta, residuals, rank, (error**2).sum(), error.mean())
    np.testing.assert_allclose(found[0], problem.best)
    np.testing.assert_allclose(np.ravel(found[1]), found[3])
    assert found[2] == FEATURES
    np.testing.assert_allclose(found[4], (problem.y - problem.X @ problem.best).mean(), atol=1e-12)
