"""Dataframes from files and to files.

Place in the flow: readers make collections through ``minidask.dataframe.source.from_reader``; writers take
collections. Paths, bytes and whole-or-nothing writing are those of ``minidask.io``.

Tour: ``csv`` (``read_csv``, ``read_table``) and ``fwf`` (``read_fwf``) with ``csv_options`` (their keywords),
``csv_reader`` (one block to one frame), ``conflicts`` (the error for values that don't fit), ``blocks`` and ``records``
(where records begin); ``json`` (``read_json``) with ``json_reader`` and ``json_conflicts``; ``sql`` (``read_sql_table``
and its kin) with ``sql_ranges`` (how an index is cut) and ``sql_reader``; ``settle`` (promised dtypes), ``path_column``
and ``encodings`` for all of these; ``parquet`` (``read_parquet``) with ``parquet_files`` (what there is),
``parquet_hive`` (values in names of directories), ``parquet_schema``, ``parquet_statistics``, ``parquet_parts`` (how
files are cut), ``parquet_promise`` (meta), ``parquet_filters`` and ``parquet_reader`` (one part to one frame);
``to_parquet`` with ``parquet_writing``; ``engines`` with ``parquet_fast`` (fastparquet); ``to_csv`` and ``to_json`` with
``part_names``; ``to_sql``; ``finish`` (the last task of a write).
"""

from minidask.dataframe.io.csv import read_csv, read_table
from minidask.dataframe.io.fwf import read_fwf
from minidask.dataframe.io.json import read_json
from minidask.dataframe.io.parquet import read_parquet
from minidask.dataframe.io.sql import read_sql, read_sql_query, read_sql_table
from minidask.dataframe.io.to_csv import to_csv
from minidask.dataframe.io.to_json import to_json
from minidask.dataframe.io.to_parquet import to_parquet
from minidask.dataframe.io.to_sql import to_sql

__all__ = [
    "read_csv",
    "read_fwf",
    "read_json",
    "read_parquet",
    "read_sql",
    "read_sql_query",
    "read_sql_table",
    "read_table",
    "to_csv",
    "to_json",
    "to_parquet",
    "to_sql",
]
