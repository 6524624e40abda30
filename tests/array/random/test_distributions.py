"""Each distribution against SciPy's, by a Kolmogorov-Smirnov or chi-square test with seeds that are fixed."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy import stats

import minidask.array as da
from minidask.array.random.distributions import Distributions
from minidask.array.random.generator import default_rng
from minidask.array.random.random_state import RandomState
from minidask.array.testing import assert_eq

# {name: (parameters, SciPy's distribution)}
CONTINUOUS = {
    "beta": ((2.0, 3.0), stats.beta(2, 3)),
    "chisquare": ((3.0,), stats.chi2(3)),
    "exponential": ((2.0,), stats.expon(scale=2)),
    "f": ((5.0, 7.0), stats.f(5, 7)),
    "gamma": ((2.0, 3.0), stats.gamma(2, scale=3)),
    "gumbel": ((1.0, 2.0), stats.gumbel_r(1, 2)),
    "laplace": ((1.0, 2.0), stats.laplace(1, 2)),
    "logistic": ((1.0, 2.0), stats.logistic(1, 2)),
    "lognormal": ((1.0, 0.5), stats.lognorm(0.5, scale=np.e)),
    "noncentral_chisquare": ((3.0, 2.0), stats.ncx2(3, 2)),
    "noncentral_f": ((5.0, 7.0, 2.0), stats.ncf(5, 7, 2)),
    "normal": ((1.0, 2.0), stats.norm(1, 2)),
    "pareto": ((3.0,), stats.lomax(3)),
    "power": ((3.0,), stats.powerlaw(3)),
    "rayleigh": ((2.0,), stats.rayleigh(scale=2)),
    "standard_cauchy": ((), stats.cauchy()),
    "standard_exponential": ((), stats.expon()),
    "standard_gamma": ((2.0,), stats.gamma(2)),
    "standard_normal": ((), stats.norm()),
    "standard_t": ((4.0,), stats.t(4)),
    "triangular": ((0.0, 1.0, 4.0), stats.triang(0.25, scale=4)),
    "uniform": ((2.0, 5.0), stats.uniform(2, 3)),
    "vonmises": ((0.5, 2.0), stats.vonmises(2, loc=0.5)),
    "wald": ((2.0, 3.0), stats.invgauss(2 / 3, scale=3)),
    "weibull": ((2.0,), stats.weibull_min(2)),
}
DISCRETE = {
    "binomial": ((10, 0.3), stats.binom(10, 0.3)),
    "geometric": ((0.3,), stats.geom(0.3)),
    "hypergeometric": ((7, 5, 6), stats.hypergeom(12, 7, 6)),
    "logseries": ((0.6,), stats.logser(0.6)),
    "negative_binomial": ((4, 0.5), stats.nbinom(4, 0.5)),
    "poisson": ((3.0,), stats.poisson(3)),
    "zipf": ((3.0,), stats.zipf(3)),
}
VECTORS = {"multinomial", "dirichlet", "multivariate_normal"}
MAKERS = {"Generator": lambda: default_rng(42), "RandomState": lambda: RandomState(42)}
SIZE, CHUNKS = (40, 100), (13, 50)


def test_all_are_tried():
    names = {name for name, _ in inspect.getmembers(Distributions, inspect.isfunction) if not name.startswith("_")}
    # Bytes are no array, and have a test of their own.
    assert names - {"bytes"} == {*CONTINUOUS, *DISCRETE, *VECTORS}
    for kind in (np.random.Generator, np.random.RandomState):
        assert all(hasattr(kind, name) for name in names)


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous(name, maker):
    parameters, known = CONTINUOUS[name]
    x = getattr(MAKERS[maker](), name)(*parameters, size=SIZE, chunks=CHUNKS)
    assert x.shape == SIZE
    assert x.dtype == float
    assert x.chunks == ((13, 13, 13, 1), (50, 50))
    values = x.compute(scheduler="sync").ravel()
    assert len(np.unique(values)) == len(values)
    if name == "vonmises":
        # Its distribution function is slow.
        values = np.mod(values[:300] - 0.5 + np.pi, 2 * np.pi) - np.pi + 0.5
    assert stats.kstest(values, known.cdf).pvalue > 0.001
    if name not in ("noncentral_f", "f", "pareto", "vonmises") and np.isfinite(known.var()):
        np.testing.assert_allclose(values.mean(), known.mean(), atol=5 * known.std() / np.sqrt(values.size))
        np.testing.assert_allclose(values.var(), known.var(), rtol=0.3)


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("name", DISCRETE)
def test_discrete(name, maker):
    parameters, known = DISCRETE[name]
    x = getattr(MAKERS[maker](), name)(*parameters, size=SIZE, chunks=CHUNKS)
    assert x.dtype == np.int64
    values = x.compute(scheduler="sync").ravel()
    outcomes = np.arange(-1, 30)
    expected = known.pmf(outcomes) * values.size
    seen = np.array([(values == outcome).sum() for outcome in outcomes])
    assert (seen[expected == 0] == 0).all()
    often = expected >= 5
    rest, rest_seen = values.size - expected[often].sum(), values.size - seen[often].sum()
    observed, wanted = [*seen[often], rest_seen], [*expected[often], max(rest, 1e-9)]
    assert stats.chisquare(observed, np.array(wanted) * (sum(observed) / sum(wanted))).pvalue > 0.001


@pytest.mark.parametrize("maker", MAKERS)
def test_vectors(maker):
    rng = MAKERS[maker]()
    x = rng.multinomial(20, [0.2, 0.3, 0.5], size=(500,), chunks=130)
    assert x.chunks == ((130, 130, 130, 110), (3,))
    assert x.dtype == np.int64
    values = x.compute()
    assert (values.sum(axis=1) == 20).all()
    np.testing.assert_allclose(values.mean(axis=0), [4, 6, 10], rtol=0.1)
    values = rng.dirichlet([1.0, 2.0, 3.0], size=(20, 50), chunks=15).compute()
    np.testing.assert_allclose(values.sum(axis=-1), 1)
    np.testing.assert_allclose(values.mean(axis=(0, 1)), [1 / 6, 1 / 3, 1 / 2], rtol=0.1)
    cov = np.array([[2.0, 1.0], [1.0, 3.0]])
    for given in (cov, da.from_array(cov, chunks=1)):
        x = rng.multivariate_normal([1.0, -1.0], given, size=4000, chunks=1100)
        assert x.shape == (4000, 2)
        np.testing.assert_allclose(np.cov(x.compute().T), cov, atol=0.3)
    assert rng.multivariate_normal([1.0, -1.0], cov).shape == (2,)
    with pytest.raises(ValueError, match="square matrix of the same length"):
        rng.multivariate_normal([1.0], cov)


@pytest.mark.parametrize("maker", MAKERS)
def test_blocks_are_independent(maker):
    x = MAKERS[maker]().normal(size=(8, 2000), chunks=(1, 2000)).compute()
    off_diagonal = np.corrcoef(x) - np.eye(8)
    assert np.abs(off_diagonal).max() < 0.1


def test_parameters_may_be_arrays():
    rng = default_rng(1)
    low = da.from_array(np.array([0.0, 100.0]), chunks=1)
    values = rng.uniform(low, low + 1, size=(300, 2), chunks=100).compute()
    assert (np.floor(values) == [0, 100]).all()
    assert_eq(rng.binomial(np.arange(5), 1.0), np.arange(5))


def test_what_cannot_be_raises():
    rng = default_rng(1)
    with pytest.raises(TypeError, match="takes no out="):
        rng.standard_normal(3, out=np.empty(3))
    with pytest.raises(TypeError, match="colour"):
        rng.normal(size=3, colour=1)
    with pytest.raises(ValueError, match="p < 0, p > 1 or p is NaN"):
        rng.binomial(5, 2.0, size=3)
    with pytest.raises(NotImplementedError, match="_stream"):
        Distributions()._stream()
