"""Groupby: aggregations by trees of partial results, and whole groups in one place for everything else.

Tour: ``keys`` (what rows are grouped by) and ``bins`` (of time); ``grouping`` (the state of a groupby); ``plan`` (what is to be
computed: outputs, and the primitives that they need), ``partials`` (the functions that run in tasks), ``buckets`` (many groups)
and ``aggregation`` (users' own) behind the methods of ``aggregating``; ``layout`` (rows and keys packed), ``pieces`` (results of
some groups, and their order), ``whole`` (moving rows so that groups are whole) and ``picks`` (few rows of each group) behind
the methods of ``wholes``; ``grouped`` (the objects that ``df.groupby(...)`` gives).

Invariant: results don't depend on the number of partitions; they, their dtypes and their order are those of pandas.
"""

from minidask.dataframe.groupby.aggregation import Aggregation
from minidask.dataframe.groupby.grouped import DataFrameGroupBy, SeriesGroupBy

__all__ = ["Aggregation", "DataFrameGroupBy", "SeriesGroupBy"]
