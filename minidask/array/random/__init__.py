"""Random arrays: ``default_rng(seed)`` as NumPy's ``Generator``, ``RandomState(seed)``, and functions on one that all share.

``streams`` says where each block's numbers come from, ``draws`` makes an array of one call, ``distributions`` has the methods of
both interfaces, ``choosing`` what chooses and reorders. This module only names what they hold.
"""

from typing import Any

import numpy as np

from minidask.array.random.generator import Generator, default_rng
from minidask.array.random.random_state import SHARED, RandomState
from minidask.array.remedies import remedy

beta = SHARED.beta
binomial = SHARED.binomial
bytes = SHARED.bytes
chisquare = SHARED.chisquare
choice = SHARED.choice
dirichlet = SHARED.dirichlet
exponential = SHARED.exponential
f = SHARED.f
gamma = SHARED.gamma
geometric = SHARED.geometric
gumbel = SHARED.gumbel
hypergeometric = SHARED.hypergeometric
laplace = SHARED.laplace
logistic = SHARED.logistic
lognormal = SHARED.lognormal
logseries = SHARED.logseries
multinomial = SHARED.multinomial
multivariate_normal = SHARED.multivariate_normal
negative_binomial = SHARED.negative_binomial
noncentral_chisquare = SHARED.noncentral_chisquare
noncentral_f = SHARED.noncentral_f
normal = SHARED.normal
pareto = SHARED.pareto
permutation = SHARED.permutation
poisson = SHARED.poisson
power = SHARED.power
rand = SHARED.rand
randint = SHARED.randint
randn = SHARED.randn
random = SHARED.random
random_integers = SHARED.random_integers
random_sample = SHARED.random_sample
rayleigh = SHARED.rayleigh
seed = SHARED.seed
shuffle = SHARED.shuffle
standard_cauchy = SHARED.standard_cauchy
standard_exponential = SHARED.standard_exponential
standard_gamma = SHARED.standard_gamma
standard_normal = SHARED.standard_normal
standard_t = SHARED.standard_t
triangular = SHARED.triangular
uniform = SHARED.uniform
vonmises = SHARED.vonmises
wald = SHARED.wald
weibull = SHARED.weibull
zipf = SHARED.zipf

__all__ = [
    "Generator",
    "RandomState",
    "beta",
    "binomial",
    "bytes",
    "chisquare",
    "choice",
    "default_rng",
    "dirichlet",
    "exponential",
    "f",
    "gamma",
    "geometric",
    "gumbel",
    "hypergeometric",
    "laplace",
    "logistic",
    "lognormal",
    "logseries",
    "multinomial",
    "multivariate_normal",
    "negative_binomial",
    "noncentral_chisquare",
    "noncentral_f",
    "normal",
    "pareto",
    "permutation",
    "poisson",
    "power",
    "rand",
    "randint",
    "randn",
    "random",
    "random_integers",
    "random_sample",
    "rayleigh",
    "seed",
    "shuffle",
    "standard_cauchy",
    "standard_exponential",
    "standard_gamma",
    "standard_normal",
    "standard_t",
    "triangular",
    "uniform",
    "vonmises",
    "wald",
    "weibull",
    "zipf",
]


def __getattr__(name: str) -> Any:
    """Raise AttributeError; for what NumPy has it says what to do."""
    instead = remedy("random", name) if hasattr(np.random, name) else None
    if instead is not None:
        raise AttributeError(f"minidask.array.random.{name} isn't built: {instead}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
