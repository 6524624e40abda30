"""Reductions of dataframes, Series and indexes by trees of partial results.

Tour: ``tree`` (how a reduction is made of three functions), ``base`` (what the mixins share), ``rows`` (sum, min and the like),
``moments`` (mean, var, std, sem), ``shape`` (skew, kurt), ``pairs`` (cov, corr), ``extremes`` (nlargest, idxmin and the like),
``distinct`` and ``distinct_methods`` (unique, nunique, value_counts, mode, drop_duplicates), ``hyperloglog`` (nunique_approx),
``ranks``, ``tdigest``, ``asked`` and ``quantiles`` (median, quantile), ``describe``, ``monotonic``, ``usage`` (memory, info),
``custom`` (users' own), ``methods`` (the collections' mixins, put together).

Invariant: results, their dtypes, names and order are those of pandas, whatever the number of partitions. What is approximate
says so.
"""
