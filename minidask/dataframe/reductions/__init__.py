"""Reductions of dataframes, Series and indexes by trees of partial results.

Tour: ``tree`` (how a reduction is made of three functions), ``rows`` (sum, min and the like), ``moments`` (mean, var,
std, sem), ``pairs`` (cov, corr), ``distinct`` (unique, nunique, value_counts, drop_duplicates), ``extremes``
(nlargest, idxmin and the like), ``methods`` (the collections' methods).

Invariant: results, their dtypes, names and order are those of pandas, whatever the number of partitions.
"""
