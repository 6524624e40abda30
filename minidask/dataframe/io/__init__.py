"""Dataframes from files and to files.

Place in the flow: readers make collections through ``minidask.dataframe.source.from_reader``; writers take
collections. Paths, bytes and whole-or-nothing writing are those of ``minidask.io``.

Tour: ``csv`` (``read_csv``, ``read_table``) with ``csv_options`` (its keywords), ``csv_reader`` (one block to one
frame), ``conflicts`` (the
error for values that don't fit), ``blocks`` and ``records`` (where records begin); ``parquet`` (``read_parquet``)
with ``parquet_files``,
``parquet_filters`` and ``engines``; ``to_csv``, ``to_parquet`` with ``finish`` (the last task of a write).
"""

from minidask.dataframe.io.csv import read_csv, read_table
from minidask.dataframe.io.parquet import read_parquet
from minidask.dataframe.io.to_csv import to_csv
from minidask.dataframe.io.to_parquet import to_parquet

__all__ = ["read_csv", "read_parquet", "read_table", "to_csv", "to_parquet"]
