"""Users' functions on partitions, rows and values: ``map_partitions``, ``apply`` and ``map``.

Place in the flow: behind methods of the same names. What a function returns is found by calling it on made-up rows
(``emulate``) unless ``meta`` says it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from minidask.collection import collection_layers, is_dask_collection
from minidask.dataframe.checked import CheckedCall
from minidask.dataframe.collection import ByColumns, FrameCollection, new_collection
from minidask.dataframe.columns import check_columns
from minidask.dataframe.delayed_parts import FromKeys
from minidask.dataframe.divisions import unknown
from minidask.dataframe.layers import Columns, Columnwise, FrameLayer, Uses, frame_layer
from minidask.dataframe.meta import empty, emulate, make_meta, no_default, sample
from minidask.dataframe.order.repartition import group_partitions
from minidask.dataframe.partitionwise import align_partitions, columnwise, partitionwise
from minidask.graph import BlockId, Layer, func_name
from minidask.tokenize import quick_token, tokenize


class WithPartitionInfo(NamedTuple):
    """Tell a function which partition it gets: ``partition_info={"number": i, "division": lower bound}``."""

    func: Any
    divisions: tuple[Any, ...]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, block: tuple[int, ...], *args: Any, **kwargs: Any) -> Any:
        info = {"number": block[0], "division": self.divisions[block[0]]}
        return self.func(*args, partition_info=info, **kwargs)


class WithKeywords(NamedTuple):
    """Pass the last arguments by keyword."""

    func: Any
    names: tuple[str, ...]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        first = len(args) - len(self.names)
        return self.func(*args[:first], **dict(zip(self.names, args[first:], strict=True)), **kwargs)


def lifted(value: Any) -> Any:
    """Return a delayed value as a layer of one block, anything else as it is."""
    if isinstance(value, FrameCollection) or not is_dask_collection(value) or not hasattr(value, "key"):
        return value
    name = f"delayed-{quick_token('lifted', value.key)}"
    return FromKeys(name, tuple(collection_layers(value)), [value.key], None)


class OneValue(NamedTuple):
    """Make a Series of one value, labelled with the partition's number, of what a function returns."""

    func: Any

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, block: tuple[int, ...], *args: Any, **kwargs: Any) -> pd.Series:
        return pd.Series([self.func(*args, **kwargs)], index=[block[0]])


def map_partitions(
    func: Any,
    *args: Any,
    meta: Any = no_default,
    enforce_metadata: bool = True,
    transform_divisions: bool = True,
    clear_divisions: bool = False,
    align_dataframes: bool = True,
    required_columns: Sequence[Any] | None = None,
    token: Any = None,
    **kwargs: Any,
) -> Any:
    """Call a function on each partition.

    Parameters
    ----------
    func : callable
        Called as ``func(*partitions and other args, **kwargs)``; gets the keyword ``partition_info`` too (a dict of the
        partition's number and its lower division) if it takes one. If it returns scalars, the result is a Series of
        them, one a partition.
    *args
        Collections, at least one; ``Scalar`` ones, collections of one partition, delayed values (which need ``meta``), and
        anything else, pandas objects included, are passed to every call.
    meta : optional
        What the function returns (see ``make_meta``). Default: it is called on two made-up rows to find out.
    enforce_metadata : bool
        Whether to check kind, name and columns of each result against meta.
    transform_divisions : bool
        For functions of an ``Index``; others keep the divisions. Taken for compatibility.
    clear_divisions : bool
        Say that the function changes the index, so that divisions become unknown.
    align_dataframes : bool
        Whether the collections' partitions have to correspond by origin or divisions, which are united if they differ;
        otherwise they are paired by position.
    required_columns : list, optional
        The columns that the function looks at, of the first DataFrame: it may get these alone, in any order, so that others
        aren't read. Default: all.
    token : optional
        Identifies the function; default: it is tokenized.
    **kwargs
        Passed to every call; ``Scalar`` and delayed values, too.

    Raises
    ------
    TypeError
        If ``func`` isn't callable or no collection is among the arguments.
    ValueError
        If partitions don't correspond or are of different numbers, or the result could not be inferred.
    KeyError
        If one of ``required_columns`` isn't there.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    >>> dd.map_partitions(len, df).compute().tolist()
    [1, 2]
    """
    if not callable(func):
        raise TypeError(f"map_partitions takes a function, got {type(func).__name__}: {func!r:.80}")
    frames = [arg for arg in args if isinstance(arg, FrameCollection) and arg._kind != "Scalar"]
    if not frames:
        raise TypeError("map_partitions needs at least one collection among its positional arguments")
    lazy = [name for name, value in kwargs.items() if is_dask_collection(value)]
    identity = tokenize(func) if token is None else token
    info = _takes_partition_info(func)
    if lazy:
        for name in lazy:
            if getattr(kwargs[name], "_kind", "Scalar") != "Scalar":
                raise TypeError(
                    f"the keyword argument {name!r} is a collection: pass collections as positional arguments"
                )
        args = (*args, *[kwargs.pop(name) for name in lazy])
        func = WithKeywords(func, tuple(lazy))
        identity = (identity, func.names)
    args = tuple([lifted(arg) for arg in args])
    many = [frame for frame in frames if frame.npartitions > 1] or frames[:1]
    if align_dataframes:
        aligned = dict(zip(map(id, many), align_partitions("map_partitions", many), strict=True))
        args = tuple([aligned.get(id(arg), arg) for arg in args])
        many = list(aligned.values())
    counts = sorted({frame.npartitions for frame in many})
    if len(counts) > 1:
        raise ValueError(f"the collections have different numbers of partitions, {counts}: repartition them alike")
    top = many[0]
    if meta is no_default:
        waiting = [arg for arg in args if isinstance(arg, Layer)]
        if waiting:
            raise ValueError(
                f"map_partitions({func_name(func)}): what the function returns can't be found out with a delayed argument "
                f"({waiting[0].name!r}), whose value isn't known: say it with meta="
            )
        metas = [arg._meta if isinstance(arg, FrameCollection) else arg for arg in args]
        extra = {"partition_info": {"number": 0, "division": top.divisions[0]}} if info else {}
        fixed = [isinstance(arg, FrameCollection) for arg in args]
        found = emulate(f"map_partitions({func_name(func)})", _Sampled(func, fixed), metas, **kwargs, **extra)
    else:
        found = make_meta(meta, top._meta if isinstance(top._meta, pd.Index) else getattr(top._meta, "index", None))
    call: Any = WithPartitionInfo(func, top.divisions) if info else func
    operands: list[Any] = [BlockId()] if info else []
    divisions = unknown(top.npartitions) if clear_divisions else top.divisions
    rows: str | ByColumns | None = top._rows
    if isinstance(found, pd.DataFrame | pd.Series | pd.Index):
        call = CheckedCall(call, found if enforce_metadata else None, "map_partitions")
    else:
        if not pd.api.types.is_scalar(found):
            raise TypeError(
                "map_partitions needs a function that returns a pandas object or a scalar, got "
                f"{type(found).__name__}: {found!r:.80}"
            )
        call, operands = OneValue(CheckedCall(call, None, "map_partitions")), [BlockId(), *operands]
        found = pd.Series([found]).iloc[:0]
        divisions, rows = unknown(top.npartitions), None
    operands += [arg._layer if isinstance(arg, FrameCollection) else arg for arg in args]
    # The checks and partition numbers are part of what the name says.
    say = (identity, enforce_metadata, found if meta is not no_default else None, top.divisions if info else None)
    if required_columns is None:
        layer = frame_layer(FrameLayer, func_name(func), call, operands, kwargs, found, say)
    else:
        uses = _uses(operands, top, required_columns)
        layer = frame_layer(Uses, func_name(func), call, operands, kwargs, found, (say, required_columns), uses=uses)
    return new_collection(layer, found, divisions, rows)


def _uses(operands: Sequence[Any], top: Any, columns: Sequence[Any]) -> tuple[Columns, ...]:
    """Return what a function needs of each input, given the columns that it needs of ``top``."""
    if top._kind != "DataFrame":
        raise ValueError(
            f"map_partitions: required_columns are columns of the first DataFrame, got a {top._kind} first"
        )
    check_columns(columns, top._meta.columns)
    names = [operand.name for operand in operands if isinstance(operand, Layer)]
    # A layer that is there twice is needed as a whole the second time.
    alone = names.count(top._layer.name) == 1
    needed = frozenset(columns) if alone else None
    return tuple([needed if name == top._layer.name else None for name in dict.fromkeys(names)])


class _Sampled(NamedTuple):
    """Call a function with samples in place of those arguments that are metas."""

    func: Any
    is_meta: Sequence[bool]

    def __call__(self, args: Sequence[Any], **kwargs: Any) -> Any:
        return self.func(
            *[sample(arg) if meta else arg for arg, meta in zip(args, self.is_meta, strict=True)], **kwargs
        )


def _takes_partition_info(func: Any) -> bool:
    try:
        parameters = inspect.signature(func).parameters
    except (TypeError, ValueError):
        return False
    return "partition_info" in parameters


def apply_rows(frame: Any, func: Any, axis: Any, args: tuple[Any, ...], meta: Any, kwargs: Mapping[str, Any]) -> Any:
    """Return ``frame.apply(func, axis=1, ...)``; see ``DataFrame.apply``."""
    if not callable(func):
        raise TypeError(f"apply takes a function, got {type(func).__name__}: {func!r:.80}")
    if axis not in (1, "columns"):
        raise NotImplementedError(
            "apply works on rows, with axis=1: a function of whole columns would need all partitions at once. Use "
            "reductions "
            "and elementwise methods, or map_partitions for a function of one partition"
        )
    call = ApplyCall(func, tuple(args), dict(kwargs), {"axis": 1})
    found = (
        emulate(f"apply({func_name(func)})", call, frame._meta)
        if meta is no_default
        else make_meta(meta, frame._meta.index)
    )
    checked = CheckedCall(call._replace(meta=found), found, "apply")
    return partitionwise("apply", checked, frame, meta=found, token=(tokenize(func, args, kwargs), found))


def apply_values(series: Any, func: Any, args: tuple[Any, ...], meta: Any, kwargs: Mapping[str, Any]) -> Any:
    """Return ``series.apply(func, ...)``; see ``Series.apply``."""
    if not callable(func) and not isinstance(func, str):
        raise TypeError(f"apply takes a function, got {type(func).__name__}: {func!r:.80}")
    call = ApplyCall(func, tuple(args), dict(kwargs), {})
    found = (
        emulate(f"apply({func_name(func)})", call, series._meta)
        if meta is no_default
        else make_meta(meta, _index(series._meta))
    )
    if not isinstance(found, pd.DataFrame | pd.Series | pd.Index):
        raise TypeError(
            f"apply needs a function of one value, but {func_name(func)!r} reduces the whole Series to one value"
        )
    checked = CheckedCall(call._replace(meta=found), found, "apply")
    return partitionwise("apply", checked, series, meta=found, token=(tokenize(func, args, kwargs), found))


class ApplyCall(NamedTuple):
    """Call pandas's ``apply`` with a user's function; an empty partition, which has no row to call it on, gives ``meta``."""

    func: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    axis: dict[str, int]
    meta: Any = None

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, obj: Any) -> Any:
        if self.meta is not None and not len(obj):
            return self.meta
        return named_as(self.meta, obj.apply(self.func, args=self.args, **self.axis, **self.kwargs))

    def __hash__(self) -> int:
        return hash((ApplyCall, self.func))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


def named_as(meta: Any, value: Any) -> Any:
    """Return a Series under the name that meta says: a function of single values or rows gives none.

    >>> named_as(pd.Series([], name="total", dtype="int64"), pd.Series([1])).name
    'total'
    """
    if isinstance(meta, pd.Series) and isinstance(value, pd.Series) and value.name is not meta.name:
        named: Any = value.rename
        return named(meta.name)
    return value


def map_values(series: Any, arg: Any, na_action: str | None, meta: Any) -> Any:
    """Return ``series.map(arg, na_action)``; see ``Series.map``."""
    meta = no_default if meta is None else meta
    if isinstance(arg, FrameCollection):
        return _map_lazy(series, arg, na_action, meta)
    if isinstance(arg, Mapping) and not hasattr(type(arg), "__missing__"):
        arg = dict(arg)
    elif not (callable(arg) or isinstance(arg, pd.Series | Mapping)):
        raise TypeError(f"map takes a function, a dict or a pandas Series, got {type(arg).__name__}: {arg!r:.80}")
    if isinstance(arg, pd.Series) and not arg.index.is_unique:
        raise ValueError("map needs a Series with a unique index: it stands for a dict")
    if meta is not no_default:
        found = make_meta(meta, _index(series._meta))
    elif callable(arg) and not isinstance(arg, Mapping | pd.Series):
        found = emulate(f"map({func_name(arg)})", _map, series._meta, arg, na_action)
    else:
        found = empty(_map(_sample_of_keys(series._meta, arg), arg, na_action))
        if isinstance(series._meta, pd.Series):
            found = found.set_axis(series._meta.index[:0])
    call = CheckedCall(MapCall(arg, na_action, None if meta is no_default else found), found, "map")
    token = (tokenize(arg), na_action, found if meta is not no_default else None)
    return partitionwise(
        "map", call, series, meta=found, cls=Columnwise, through=(False,), extra=frozenset(), token=token
    )


class MapCall(NamedTuple):
    """Call pandas's ``map``."""

    arg: Any
    na_action: Any
    meta: Any = None

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.arg) if callable(self.arg) else "map"

    def __call__(self, series: Any) -> Any:
        return named_as(self.meta, series.map(self.arg, na_action=self.na_action))

    def __hash__(self) -> int:
        return hash((MapCall, self.na_action))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


def _map_lazy(series: Any, arg: Any, na_action: str | None, meta: Any) -> Any:
    """Return ``series.map(arg)`` for a Series in partitions, whose rows all go to each partition."""
    if arg._kind != "Series":
        raise TypeError(f"map takes a function, a dict or a Series, got a {arg._kind}: use merge for several columns")
    if meta is no_default:
        source = series._meta
        found: Any = pd.Series([], dtype=arg._meta.dtype, index=_index(source)[:0], name=source.name)
        if isinstance(source, pd.Index):
            found = pd.Index([], dtype=arg._meta.dtype, name=source.name)
    else:
        found = make_meta(meta, _index(series._meta))
    whole = arg if arg.npartitions == 1 else group_partitions(arg, [0, arg.npartitions])
    layer = frame_layer(FrameLayer, "map", _look_up, [series._layer, whole._layer, na_action], None, found)
    return new_collection(layer, found, series.divisions, series._rows)


def _look_up(series: Any, table: pd.Series, na_action: str | None) -> Any:
    if not table.index.is_unique:
        raise ValueError("map needs a Series with a unique index: it stands for a dict")
    return series.map(table, na_action=na_action)


class MapEach(NamedTuple):
    """Call ``DataFrame.map`` with a user's function."""

    func: Any
    na_action: Any
    kwargs: dict[str, Any]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return f"map-{func_name(self.func)}"

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.map(self.func, na_action=self.na_action, **self.kwargs)

    def __hash__(self) -> int:
        return hash((MapEach, self.func))


def map_each(frame: Any, func: Any, na_action: str | None, meta: Any, kwargs: dict[str, Any]) -> Any:
    """Return ``frame.map(func)``, the function of each value; see ``DataFrame.map``."""
    if not callable(func):
        raise TypeError(f"map takes a function, got {type(func).__name__}: {func!r:.80}")
    meta = no_default if meta is None else meta
    call = MapEach(func, na_action, kwargs)
    what = f"map({func_name(func)})"
    found = emulate(what, call, frame._meta) if meta is no_default else make_meta(meta, frame._meta.index)
    checked = CheckedCall(call, None, "map")
    return columnwise("map", checked, frame, meta=found, token=(tokenize(func, kwargs), na_action, found))


def transform(frame: Any, func: Any, axis: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return ``frame.transform(func)``: lazy columns, each made by a function of the lazy column; see ``DataFrame.transform``."""
    if axis not in (0, "index"):
        raise NotImplementedError("transform works on columns, axis=0; for rows use apply(axis=1)")
    if frame._kind == "Series":
        return _transformed(frame, func, args, kwargs)
    if isinstance(func, list):
        raise NotImplementedError("transform takes one function, or a dict of one a column: for several, use assign")
    labels = list(func) if isinstance(func, Mapping) else list(frame._meta.columns)
    check_columns(labels, frame._meta.columns)
    if not frame._meta.columns.is_unique:
        raise NotImplementedError("transform needs columns of different labels: rename them, df.columns = [...]")
    each = [func[label] if isinstance(func, Mapping) else func for label in labels]
    pairs = [(label, _transformed(frame[label], one, args, kwargs)) for label, one in zip(labels, each, strict=True)]
    return frame.assign_pairs(pairs)[labels]


def _transformed(series: Any, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if isinstance(func, str):
        result = getattr(series, func)(*args, **kwargs)
    elif callable(func):
        result = func(series, *args, **kwargs)
    else:
        raise TypeError(f"transform takes a function or a method's name, got {type(func).__name__}: {func!r:.80}")
    if getattr(result, "_kind", None) != "Series" or result._rows != series._rows:
        raise ValueError("Function did not transform: it has to return a Series of the same rows, made of the lazy one")
    return result


def rename_labels(obj: Any, mapper: Any, divisions: Any = None) -> Any:
    """Return a DataFrame or Series with index labels renamed by a dict or function."""
    if not callable(mapper) and not isinstance(mapper, Mapping | pd.Series):
        raise TypeError(f"rename takes a dict or a function, got {type(mapper).__name__}: {mapper!r:.80}")
    call = RenameLabels(mapper)
    meta = emulate(f"rename({func_name(mapper) if callable(mapper) else 'index'})", call, obj._meta)
    divisions = unknown(obj.npartitions) if divisions is None else divisions
    # Other labels: rows are no longer matched with those of the old ones by the index.
    name = tokenize(mapper)
    return columnwise(
        "rename", call, obj, meta=meta, divisions=divisions, rows=f"renamed-{obj._rows}-{name}", token=name
    )


class RenameLabels(NamedTuple):
    """Call ``rename(index=...)``."""

    mapper: Any

    def __call__(self, obj: Any) -> Any:
        return obj.rename(index=self.mapper)

    def __hash__(self) -> int:
        return hash(RenameLabels)


def _sample_of_keys(meta: Any, arg: Any) -> Any:
    """Return a Series of keys of ``arg``, so that mapping it gives the dtype of the values."""
    keys = list(arg.index if isinstance(arg, pd.Series) else arg)[:100]
    try:
        return pd.Series(keys, dtype=meta.dtype, name=meta.name) if keys else sample(meta)
    except (TypeError, ValueError):
        return sample(meta)


def _map(series: Any, arg: Any, na_action: str | None) -> Any:
    return series.map(arg, na_action=na_action)


def _index(meta: Any) -> pd.Index:
    index = meta if isinstance(meta, pd.Index) else meta.index
    assert isinstance(index, pd.Index)
    return index
