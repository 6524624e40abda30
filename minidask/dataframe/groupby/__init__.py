"""Groupby-aggregate: partial aggregation of each partition, then a tree.

Tour: ``plan`` (what is to be computed: outputs, and the primitives that they need), ``partials`` (the functions that
run in tasks), ``grouped`` (the objects that ``df.groupby(...)`` gives).

Invariant: results don't depend on the number of partitions; they, their dtypes and their order are those of pandas.
"""

from minidask.dataframe.groupby.grouped import DataFrameGroupBy, SeriesGroupBy

__all__ = ["DataFrameGroupBy", "SeriesGroupBy"]
