"""Dataframes: pandas's surface over partitions. ``import minidask.dataframe as dd``.

Tour, in the order of the flow: ``source`` and ``construct`` (where partitions come from), ``collection`` (what all
collections share), ``frame``, ``series``, ``index``, ``scalar`` (the classes), ``operators``, ``elementwise``,
``partitions``, ``indexers``, ``accessors``, ``mapping``, ``merge``, ``combine`` (what they do), ``reductions`` and
``groupby`` (trees), ``layers`` (what all these build), ``optimize`` (rewrites), ``testing`` (``assert_eq``).

This module only re-exports. A pandas name that isn't built raises AttributeError and says where to look.
"""

from typing import Any

import pandas as pd

from minidask.collection import compute, persist
from minidask.dataframe.combine import concat
from minidask.dataframe.construct import from_map, from_pandas
from minidask.dataframe.delayed_parts import from_delayed
from minidask.dataframe.frame import DataFrame
from minidask.dataframe.index import Index
from minidask.dataframe.io import read_csv, read_parquet, read_table, to_csv, to_parquet
from minidask.dataframe.mapping import map_partitions
from minidask.dataframe.merge import merge
from minidask.dataframe.scalar import Scalar
from minidask.dataframe.series import Series
from minidask.dataframe.source import from_reader

__all__ = [
    "DataFrame",
    "Index",
    "Scalar",
    "Series",
    "compute",
    "concat",
    "from_delayed",
    "from_map",
    "from_pandas",
    "from_reader",
    "map_partitions",
    "merge",
    "persist",
    "read_csv",
    "read_parquet",
    "read_table",
    "to_csv",
    "to_parquet",
]

# Writers take collections, so that they come after the classes; this is the one place where methods are attached.
DataFrame.to_csv = to_csv  # type: ignore[attr-defined]
DataFrame.to_parquet = to_parquet  # type: ignore[attr-defined]
Series.to_csv = to_csv  # type: ignore[attr-defined]


def __getattr__(name: str) -> Any:
    """Raise AttributeError; for what pandas has it says what to do."""
    if not name.startswith("_") and hasattr(pd, name):
        raise AttributeError(
            f"minidask.dataframe.{name} isn't built; see the coverage table in the dataframe guide (docs/dataframe.rst) "
            f"for what to do instead, or use pandas.{name} on computed parts or inside map_partitions"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
