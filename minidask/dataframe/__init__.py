"""Dataframes: pandas's surface over partitions. ``import minidask.dataframe as dd``.

Tour, in the order of the flow: ``source`` and ``construct`` (where partitions come from), ``collection`` (what all
collections share), ``frame``, ``series``, ``index``, ``scalar`` (the classes), ``operators``, ``elementwise``,
``partitions``, ``indexers``, ``accessors``, ``mapping``, ``joining`` (what they do), ``reductions`` and
``groupby`` (trees), ``layers`` (what all these build), ``optimize`` (rewrites), ``testing`` (``assert_eq``).

This module only re-exports. A pandas name that isn't built raises AttributeError and says where to look.
"""

from typing import Any

import pandas as pd

from minidask.collection import compute, persist
from minidask.dataframe.construct import from_map, from_pandas
from minidask.dataframe.delayed_parts import from_delayed
from minidask.dataframe.extensions import (
    register_dataframe_accessor,
    register_index_accessor,
    register_series_accessor,
)
from minidask.dataframe.frame import DataFrame
from minidask.dataframe.from_memory import from_array, from_arrow, from_dask_array, from_dict, from_graph
from minidask.dataframe.groupby import Aggregation
from minidask.dataframe.index import Index
from minidask.dataframe.io import (
    read_csv,
    read_fwf,
    read_json,
    read_parquet,
    read_sql,
    read_sql_query,
    read_sql_table,
    read_table,
    to_csv,
    to_json,
    to_parquet,
    to_sql,
)
from minidask.dataframe.joining.asof import merge_asof
from minidask.dataframe.joining.concat import concat
from minidask.dataframe.joining.merge import merge
from minidask.dataframe.mapping import map_partitions
from minidask.dataframe.neighbours import map_overlap
from minidask.dataframe.parsing import isna, notna, to_datetime, to_numeric, to_timedelta
from minidask.dataframe.remedies import remedy
from minidask.dataframe.reshaping import get_dummies, melt, pivot_table
from minidask.dataframe.scalar import Scalar
from minidask.dataframe.series import Series
from minidask.dataframe.source import from_reader

__all__ = [
    "Aggregation",
    "DataFrame",
    "Index",
    "Scalar",
    "Series",
    "compute",
    "concat",
    "from_array",
    "from_arrow",
    "from_dask_array",
    "from_delayed",
    "from_dict",
    "from_graph",
    "from_map",
    "from_pandas",
    "from_reader",
    "get_dummies",
    "isna",
    "map_overlap",
    "map_partitions",
    "melt",
    "merge",
    "merge_asof",
    "notna",
    "persist",
    "pivot_table",
    "read_csv",
    "read_fwf",
    "read_json",
    "read_parquet",
    "read_sql",
    "read_sql_query",
    "read_sql_table",
    "read_table",
    "register_dataframe_accessor",
    "register_index_accessor",
    "register_series_accessor",
    "to_csv",
    "to_datetime",
    "to_json",
    "to_numeric",
    "to_parquet",
    "to_sql",
    "to_timedelta",
]

# Writers take collections, so that they come after the classes; this is the one place where methods are attached.
DataFrame.to_csv = to_csv  # type: ignore[attr-defined]
DataFrame.to_json = to_json  # type: ignore[attr-defined]
DataFrame.to_parquet = to_parquet  # type: ignore[attr-defined]
DataFrame.to_sql = to_sql  # type: ignore[attr-defined]
Series.to_csv = to_csv  # type: ignore[attr-defined]
Series.to_json = to_json  # type: ignore[attr-defined]
Series.to_sql = to_sql  # type: ignore[attr-defined]


def __getattr__(name: str) -> Any:
    """Raise AttributeError; for what pandas has it says what to do."""
    instead = remedy("module", name)
    if instead is not None or (not name.startswith("_") and hasattr(pd, name)):
        raise AttributeError(
            f"minidask.dataframe.{name} isn't built: {instead or f'use pandas.{name}, which minidask takes as it is'}"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
