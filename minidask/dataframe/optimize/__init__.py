"""Rewrites of dataframe layers, one a file, and the passes that every computation goes through.

- ``project_columns``: only the columns that are needed are read and carried (layers -> layers).
- then ``minidask.optimize.blockwise``: chains of partition-wise layers become one task a partition.

Users replace the passes with the setting ``dataframe_optimize``: a callable ``(graph, keys) -> graph`` or a list of them.
"""

from minidask.dataframe.optimize.fuse_partitions import fuse_partitions
from minidask.dataframe.optimize.project_columns import project_columns

PASSES = (project_columns, fuse_partitions)
# With the setting optimization.blockwise.active off.
PASSES_WITHOUT_FUSION = (project_columns,)

__all__ = ["PASSES", "PASSES_WITHOUT_FUSION", "fuse_partitions", "project_columns"]
