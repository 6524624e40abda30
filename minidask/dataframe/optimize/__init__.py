"""Rewrites of dataframe layers, one a file, and the passes that every computation goes through.

- ``push_filters``: sources that can leave out rows do, instead of a filter behind them.
- ``project_columns``: only the columns that are needed are read and carried (layers -> layers).
- ``code_keys``: texts that only groups are made by stay codes, as files have them.
- ``expand_joins``: which way two frames are joined, by the columns that are left.
- then ``minidask.optimize.blockwise``: chains of partition-wise layers become one task a partition.

Users replace the passes with the setting ``dataframe_optimize``: a callable ``(graph, keys) -> graph`` or a list of them.
"""

from minidask.dataframe.optimize.code_keys import code_keys
from minidask.dataframe.optimize.expand_joins import expand_joins
from minidask.dataframe.optimize.fuse_partitions import fuse_partitions
from minidask.dataframe.optimize.project_columns import project_columns
from minidask.dataframe.optimize.push_filters import push_filters

PASSES = (push_filters, project_columns, code_keys, expand_joins, fuse_partitions)
# With the setting optimization.blockwise.active off.
PASSES_WITHOUT_FUSION = (push_filters, project_columns, code_keys, expand_joins)

__all__ = [
    "code_keys",
    "PASSES",
    "PASSES_WITHOUT_FUSION",
    "expand_joins",
    "fuse_partitions",
    "project_columns",
    "push_filters",
]
