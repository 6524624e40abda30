"""Statistical tests, with the names of ``scipy.stats``: lazy statistics and p-values. ``from minidask.array import stats``.

Statistics are sums and moments of arrays; p-values come from SciPy's special functions, which is imported when a test is called.
"""

from minidask.array.stats.frequencies import Power_divergenceResult, chisquare, power_divergence
from minidask.array.stats.means import (
    F_onewayResult,
    Ttest_1sampResult,
    Ttest_indResult,
    Ttest_relResult,
    f_oneway,
    ttest_1samp,
    ttest_ind,
    ttest_rel,
)
from minidask.array.stats.normality import (
    KurtosistestResult,
    NormaltestResult,
    SkewtestResult,
    kurtosistest,
    normaltest,
    skewtest,
)
from minidask.array.stats.shapes import kurtosis, moment, skew

__all__ = [
    "F_onewayResult",
    "KurtosistestResult",
    "NormaltestResult",
    "Power_divergenceResult",
    "SkewtestResult",
    "Ttest_1sampResult",
    "Ttest_indResult",
    "Ttest_relResult",
    "chisquare",
    "f_oneway",
    "kurtosis",
    "kurtosistest",
    "moment",
    "normaltest",
    "power_divergence",
    "skew",
    "skewtest",
    "ttest_1samp",
    "ttest_ind",
    "ttest_rel",
]
