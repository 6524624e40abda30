"""Other shapes of a table: lists to rows, columns to rows, values to columns.

Tour: ``long`` (``explode``, ``melt``: rows become more), ``dummies`` (a column for each category), ``pivot`` (a grid of
aggregates), ``methods`` (the mixins of ``DataFrame`` and ``Series``). This module only re-exports.
"""

from minidask.dataframe.reshaping.dummies import get_dummies
from minidask.dataframe.reshaping.long import melt
from minidask.dataframe.reshaping.methods import FrameReshaping, SeriesReshaping
from minidask.dataframe.reshaping.pivot import pivot_table

__all__ = ["FrameReshaping", "SeriesReshaping", "get_dummies", "melt", "pivot_table"]
