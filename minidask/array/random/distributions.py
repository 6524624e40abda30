"""The distributions that both kinds of generators have; each method makes one array.

Place in the flow: above ``draws``; ``generator`` and ``random_state`` add what only one of the two has, and say where streams
come from.

Parameters of the distributions are scalars, arrays in memory or chunked arrays, which are broadcast. ``size`` (int or tuple;
None: what the parameters broadcast to) and ``chunks`` (what ``normalize_chunks`` reads; ``"auto"`` keeps those of chunked
parameters) are as everywhere, other keywords go to NumPy's method. Raised are ValueError for parameters out of range (at once if
they are in memory and few, otherwise where they are computed), sizes and chunks that don't fit; TypeError for keywords that
NumPy's method lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minidask.array.random.draws import draw
from minidask.array.random.streams import Stream

_FLOAT = np.dtype(np.float64)


class Distributions:
    """Methods that draw; a subclass says which stream is the next, and the dtype of integers."""

    __slots__ = ()

    _integer: np.dtype[Any]

    def _stream(self) -> Stream:
        """Return the stream of the next call."""
        raise NotImplementedError(f"{type(self).__name__} must define _stream()")

    def _draw(
        self,
        method: str,
        parameters: Sequence[Any],
        size: Any,
        chunks: Any,
        kwargs: dict[str, Any],
        dtype: Any = None,
        core: Sequence[int] = (),
    ) -> Any:
        if kwargs.pop("out", None) is not None:
            raise TypeError(f"{method} of chunked arrays takes no out=: the result is a new array")
        kind = np.dtype(kwargs.get("dtype") or _FLOAT) if dtype is None else dtype
        return draw(self._stream(), method, parameters, size, chunks, kind, kwargs, core)

    def beta(self, a: Any, b: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the beta distribution, floats in [0, 1]."""
        return self._draw("beta", (a, b), size, chunks, kwargs)

    def binomial(self, n: Any, p: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw numbers of successes in ``n`` trials of probability ``p``, integers."""
        return self._draw("binomial", (n, p), size, chunks, kwargs, self._integer)

    def bytes(self, length: int) -> Any:
        """Return random bytes at once: they are no array, so that nothing is lazy; raises ValueError for a negative number."""
        if length < 0:
            raise ValueError(f"a number of bytes must not be negative, got {length}")
        return bytes(self._stream().at((0,)).bytes(length))

    def chisquare(self, df: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the chi-square distribution with ``df`` degrees of freedom."""
        return self._draw("chisquare", (df,), size, chunks, kwargs)

    def exponential(self, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the exponential distribution of mean ``scale``."""
        return self._draw("exponential", (scale,), size, chunks, kwargs)

    def f(self, dfnum: Any, dfden: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the F distribution."""
        return self._draw("f", (dfnum, dfden), size, chunks, kwargs)

    def gamma(self, shape: Any, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the gamma distribution."""
        return self._draw("gamma", (shape, scale), size, chunks, kwargs)

    def geometric(self, p: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw numbers of trials up to the first success, integers from 1 on."""
        return self._draw("geometric", (p,), size, chunks, kwargs, self._integer)

    def gumbel(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the Gumbel distribution."""
        return self._draw("gumbel", (loc, scale), size, chunks, kwargs)

    def hypergeometric(
        self, ngood: Any, nbad: Any, nsample: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Any:
        """Draw how many of ``nsample`` elements, taken without replacement, are good; integers."""
        return self._draw("hypergeometric", (ngood, nbad, nsample), size, chunks, kwargs, self._integer)

    def laplace(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the Laplace (double exponential) distribution."""
        return self._draw("laplace", (loc, scale), size, chunks, kwargs)

    def logistic(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the logistic distribution."""
        return self._draw("logistic", (loc, scale), size, chunks, kwargs)

    def lognormal(
        self, mean: Any = 0.0, sigma: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Any:
        """Draw numbers whose logarithm is normal with this mean and standard deviation."""
        return self._draw("lognormal", (mean, sigma), size, chunks, kwargs)

    def logseries(self, p: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the logarithmic series distribution, integers from 1 on."""
        return self._draw("logseries", (p,), size, chunks, kwargs, self._integer)

    def negative_binomial(self, n: Any, p: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw numbers of failures before the ``n``-th success, integers."""
        return self._draw("negative_binomial", (n, p), size, chunks, kwargs, self._integer)

    def noncentral_chisquare(self, df: Any, nonc: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the noncentral chi-square distribution."""
        return self._draw("noncentral_chisquare", (df, nonc), size, chunks, kwargs)

    def noncentral_f(
        self, dfnum: Any, dfden: Any, nonc: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Any:
        """Draw from the noncentral F distribution."""
        return self._draw("noncentral_f", (dfnum, dfden, nonc), size, chunks, kwargs)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the normal distribution of mean ``loc`` and standard deviation ``scale``."""
        return self._draw("normal", (loc, scale), size, chunks, kwargs)

    def pareto(self, a: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the Pareto II (Lomax) distribution."""
        return self._draw("pareto", (a,), size, chunks, kwargs)

    def poisson(self, lam: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the Poisson distribution of mean ``lam``, integers."""
        return self._draw("poisson", (lam,), size, chunks, kwargs, self._integer)

    def power(self, a: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the power distribution with exponent ``a - 1``, floats in [0, 1]."""
        return self._draw("power", (a,), size, chunks, kwargs)

    def rayleigh(self, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the Rayleigh distribution."""
        return self._draw("rayleigh", (scale,), size, chunks, kwargs)

    def standard_cauchy(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the Cauchy distribution with mode 0."""
        return self._draw("standard_cauchy", (), size, chunks, kwargs)

    def standard_exponential(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the exponential distribution of mean 1; keywords ``dtype`` and ``method`` as NumPy's."""
        return self._draw("standard_exponential", (), size, chunks, kwargs)

    def standard_gamma(self, shape: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the gamma distribution of scale 1; keyword ``dtype`` as NumPy's."""
        return self._draw("standard_gamma", (shape,), size, chunks, kwargs)

    def standard_normal(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the normal distribution of mean 0 and standard deviation 1; keyword ``dtype`` as NumPy's."""
        return self._draw("standard_normal", (), size, chunks, kwargs)

    def standard_t(self, df: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from Student's t distribution with ``df`` degrees of freedom."""
        return self._draw("standard_t", (df,), size, chunks, kwargs)

    def triangular(
        self, left: Any, mode: Any, right: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Any:
        """Draw from the triangular distribution over [left, right] with its peak at ``mode``."""
        return self._draw("triangular", (left, mode, right), size, chunks, kwargs)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw floats from [low, high)."""
        return self._draw("uniform", (low, high), size, chunks, kwargs)

    def vonmises(self, mu: Any, kappa: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw angles in [-pi, pi] from the von Mises distribution."""
        return self._draw("vonmises", (mu, kappa), size, chunks, kwargs)

    def wald(self, mean: Any, scale: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the Wald (inverse Gaussian) distribution."""
        return self._draw("wald", (mean, scale), size, chunks, kwargs)

    def weibull(self, a: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the Weibull distribution of scale 1."""
        return self._draw("weibull", (a,), size, chunks, kwargs)

    def zipf(self, a: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw from the Zipf distribution, integers from 1 on."""
        return self._draw("zipf", (a,), size, chunks, kwargs, self._integer)

    def multinomial(self, n: Any, pvals: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw how often each of several outcomes comes in ``n`` experiments; integers, with one more axis for the outcomes."""
        return self._draw("multinomial", (n, pvals), size, chunks, kwargs, self._integer, (0, 1))

    def dirichlet(self, alpha: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw vectors that sum to 1, with one more axis for their elements."""
        return self._draw("dirichlet", (alpha,), size, chunks, kwargs, _FLOAT, (1,))

    def multivariate_normal(self, mean: Any, cov: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw vectors from the normal distribution of this mean and covariance, with one more axis for their elements.

        Raises
        ------
        ValueError
            If the covariance isn't a square matrix of the mean's length.
        """
        mean, cov = [x if hasattr(x, "chunks") else np.asarray(x) for x in (mean, cov)]
        if mean.ndim != 1 or cov.shape != mean.shape * 2:
            raise ValueError(
                f"mean must be a vector and cov a square matrix of the same length, got shapes {mean.shape} and {cov.shape}"
            )
        return self._draw("multivariate_normal", (mean, cov), size, chunks, kwargs, _FLOAT, (1, 2))
