"""Names of pandas (and of other dataframe libraries) that aren't built, and what to do instead.

Place in the flow: messages of AttributeError, and the coverage table of the documentation (``docs/coverage_dataframe.py``).
Pure.

Invariant: every public name of pandas is there, or has its line here; the tests see to it.
"""

from __future__ import annotations

_WHOLE = "needs all rows at once: call .compute() first"
_POSITION = "where a row lies isn't known before partitions are counted: use loc, head(), tail() or partitions[...]"
_WRITER = "write with to_parquet or to_csv, or each part by map_partitions or to_delayed"
_NUMPY = "compute().to_numpy(), or np.asarray(...), which computes, too"
_LEVELS = "indexes of one level are there: make levels columns with reset_index()"
_PLOT = "draw what compute() of an aggregate or a sample gives"
_SPARSE = "columns aren't shown by kind: use map_partitions"

# {name: what to do instead}, for DataFrame, Series and Index alike.
SHARED: dict[str, str] = {
    "T": "rows of a partitioned table can't be columns: aggregate first, then compute().T",
    "agg": "call the reductions by name, such as df.sum(), or describe(), or groupby(...).agg",
    "aggregate": "call the reductions by name, such as df.sum(), or describe(), or groupby(...).agg",
    "analyze": "use explain(), and the profilers of minidask.diagnostics",
    "argmax": _POSITION + "; idxmax gives the label",
    "argmin": _POSITION + "; idxmin gives the label",
    "argsort": "use sort_values",
    "array": "compute().array",
    "at": "use df.loc[[label], column].compute()",
    "boxplot": _PLOT,
    "compare": "use df[df['x'] != other['x']]",
    "convert_dtypes": "depends on all values: use astype with the dtypes that you want",
    "corrwith": "use corr on a pair of columns, df['x'].corr(other['x'])",
    "droplevel": _LEVELS,
    "duplicated": "use drop_duplicates, or groupby(...).size()",
    "equals": "compare computed values, or (a != b).any().any().compute()",
    "ewm": "use rolling, or map_overlap with a window wide enough",
    "expanding": "use cumsum, cummax, cummin, cumprod",
    "expr": "use explain() or pprint()",
    "factorize": "use astype('category').cat.as_known().cat.codes",
    "filter": "choose labels, df[[c for c in df.columns if ...]]",
    "flags": "partitions are never changed in place, so that flags say nothing",
    "get": "use df[label] if label in df.columns else default",
    "hasnans": "use isna().any()",
    "hist": _PLOT,
    "iat": _POSITION,
    "infer_objects": "depends on all values: use astype with the dtypes that you want",
    "isetitem": "give columns different labels, then assign by label",
    "item": "compute() gives a scalar for a Scalar; of a Series: .compute().item()",
    "list": "use map_partitions with part.list",
    "lower_once": "use explain() or optimize()",
    "pivot": "use pivot_table, which says what to do with equal keys",
    "plot": _PLOT,
    "rank": "use sort_values and reset_index, or compute() first",
    "reindex": "merge with a dataframe of the labels, or loc with a list",
    "reindex_like": "use align, or merge on the index",
    "reorder_levels": _LEVELS,
    "repeat": "use map_partitions, or explode",
    "searchsorted": "divisions say which partition holds a label; use loc",
    "set_flags": "partitions are never changed in place, so that flags say nothing",
    "simplify": "use explain() or optimize()",
    "sparse": _SPARSE,
    "stack": "use melt",
    "struct": "use map_partitions with part.struct",
    "style": "style what compute() or head() gives",
    "swaplevel": _LEVELS,
    "take": _POSITION,
    "to_clipboard": "compute().to_clipboard()",
    "to_dict": "compute().to_dict()",
    "to_excel": "aggregate or sample first, then compute().to_excel(...)",
    "to_feather": _WRITER,
    "to_hdf": _WRITER,
    "to_iceberg": _WRITER,
    "to_latex": "aggregate first, then compute().to_latex()",
    "to_list": "compute().tolist(); iterating computes a partition at a time",
    "to_markdown": "aggregate first, then compute().to_markdown()",
    "to_numpy": _NUMPY,
    "to_orc": _WRITER,
    "to_period": "use map_partitions with part.to_period",
    "to_pickle": _WRITER,
    "to_stata": _WRITER,
    "to_xarray": "compute().to_xarray()",
    "to_xml": _WRITER,
    "tolist": "compute().tolist(); iterating computes a partition at a time",
    "transpose": "rows of a partitioned table can't be columns: aggregate first, then compute().T",
    "truncate": "use loc[before:after]",
    "tz_convert": "of columns: series.dt.tz_convert; of the index: reset_index, convert, set_index(sorted=True)",
    "tz_localize": "of columns: series.dt.tz_localize; of the index: reset_index, convert, set_index(sorted=True)",
    "unstack": "use pivot_table, or compute() the aggregate first",
    "update": "nothing is changed in place: use df = other.combine_first(df)",
    "value_counts": "group by all columns: df.groupby(list(df.columns)).size()",
    "xs": "use loc, or a condition on a column",
    "asfreq": "use resample(...).first() or another aggregate",
    "asof": "use merge_asof",
    "first_valid_index": "use dropna().head(1)",
    "last_valid_index": "use dropna().tail(1)",
    "from_records": "use from_pandas(pandas.DataFrame.from_records(...))",
    "select": "choose labels, df[[...]], and make columns with assign",
    "iloc": _POSITION,
    "keys": "the index is lazy: use .index",
    "pop": "leave out rows by a condition, series[series.index != label]",
    "drop": "leave out rows by a condition, such as series[~series.isin([...])]",
    "set_axis": "labels of rows are data of the partitions: use set_index on a DataFrame, or reset_index",
    "to_string": "use str(...), or compute().to_string() for values",
    "from_arrow": "use minidask.dataframe.from_arrow",
}

# What pandas's Index has beyond; everything that a Series has, too, is in reach by to_series().
INDEX: dict[str, str] = {
    "append": "use concat of Series or DataFrames",
    "asof_locs": _POSITION,
    "delete": _POSITION,
    "difference": "use a merge with indicator=True, or how='leftanti'",
    "get_indexer": _POSITION,
    "get_indexer_for": _POSITION,
    "get_indexer_non_unique": _POSITION,
    "get_level_values": _LEVELS,
    "get_loc": _POSITION,
    "get_slice_bound": _POSITION,
    "has_duplicates": "use .to_series().nunique() and size",
    "identical": "compute() first",
    "inferred_type": "use dtype",
    "insert": _POSITION,
    "intersection": "use merge on the index",
    "is_": "compare with is",
    "join": "use merge or join of DataFrames",
    "names": "use name",
    "nlevels": _LEVELS,
    "putmask": "use .to_series().mask(...)",
    "ravel": "an index has one dimension already",
    "set_names": "use rename(name)",
    "slice_indexer": "use loc[start:stop] of the DataFrame",
    "slice_locs": _POSITION,
    "sortlevel": "use sort_index of the DataFrame",
    "symmetric_difference": "use a merge with how='outer' and indicator=True",
    "to_flat_index": _LEVELS,
    "union": "use concat, then drop_duplicates",
    "view": "compute() first",
    "sort_values": "use sort_index of the DataFrame",
}

# Functions of the module.
FUNCTIONS: dict[str, str] = {
    "assert_eq": "it is in minidask.dataframe.testing",
    "get_collection_type": "collections are made by their meta: see from_map and from_delayed",
    "array": "make a pandas object, then from_pandas",
    "bdate_range": "make it with pandas, then from_pandas",
    "col": "use a function of the dataframe, df.assign(z=lambda d: d['x'])",
    "crosstab": "use groupby([a, b]).size(), or pivot_table",
    "cut": "use map_partitions(pandas.cut, bins) with edges as bins",
    "date_range": "make it with pandas, then from_pandas",
    "eval": "use df.eval",
    "factorize": "use astype('category').cat.as_known().cat.codes",
    "from_dummies": "use map_partitions(pandas.from_dummies)",
    "infer_freq": "use pandas.infer_freq on df.head().index",
    "interval_range": "make it with pandas",
    "isnull": "use isna",
    "json_normalize": "use map_partitions, or from_map with a function that reads",
    "lreshape": "use melt",
    "merge_ordered": "use merge, then sort_values",
    "notnull": "use notna",
    "period_range": "make it with pandas, then from_pandas",
    "pivot": "use pivot_table",
    "qcut": "use quantile for the edges, then map_partitions(pandas.cut, edges)",
    "read_clipboard": "use from_pandas(pandas.read_clipboard(), npartitions=1)",
    "read_excel": "use from_map(pandas.read_excel, paths)",
    "read_feather": "use from_map(pandas.read_feather, paths)",
    "read_hdf": "use from_map(pandas.read_hdf, paths, key=...)",
    "read_html": "use from_pandas(pandas.read_html(...)[0], npartitions=1)",
    "read_iceberg": "use from_map with pandas.read_iceberg and a filter for each part",
    "read_orc": "use from_map(pandas.read_orc, paths)",
    "read_pickle": "use from_map(pandas.read_pickle, paths)",
    "read_sas": "use from_map(pandas.read_sas, paths)",
    "read_spss": "use from_map(pandas.read_spss, paths)",
    "read_stata": "use from_map(pandas.read_stata, paths)",
    "read_xml": "use from_map(pandas.read_xml, paths)",
    "timedelta_range": "make it with pandas, then from_pandas",
    "to_bag": "use df.to_bag()",
    "to_records": "use df.to_records()",
    "repartition": "use df.repartition(...)",
    "rolling": "use df.rolling(...)",
    "to_pickle": _WRITER,
    "to_hdf": _WRITER,
    "to_orc": _WRITER,
    "unique": "use Series.unique()",
    "wide_to_long": "use melt",
}


def remedy(kind: str, name: str) -> str | None:
    """Return what to do instead of an attribute or function that isn't there, None if no table has it.

    Parameters
    ----------
    kind : "DataFrame", "Series", "Index" or "module"

    Examples
    --------
    >>> remedy("DataFrame", "stack"), remedy("module", "crosstab")
    ('use melt', 'use groupby([a, b]).size(), or pivot_table')
    """
    if kind == "module":
        return FUNCTIONS.get(name)
    if kind == "Index":
        return INDEX.get(name) or SHARED.get(name) or "use .to_series() and the method of the Series"
    return SHARED.get(name)
