"""Make dataframes from what Python has: a pandas object cut in pieces, or a function called once a partition.

Place in the flow: public constructors on top of ``minidask.dataframe.reading``. Reading files is ``minidask.dataframe.io``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence, Set
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.checked import CheckedCall, check_meta_choice
from minidask.dataframe.collection import new_collection
from minidask.dataframe.columns import take_labels
from minidask.dataframe.divisions import bounds_of, check_divisions, unknown
from minidask.dataframe.layers import rewritten_name
from minidask.dataframe.meta import empty, make_meta, no_default
from minidask.dataframe.reading import FrameSource, source_layer
from minidask.graph import Layer, Parts, func_name, identity
from minidask.tokenize import quick_token


class PandasParts(Sequence[Any]):
    """Slices of a pandas object, cut when they are asked for; ``starts`` are the positions of their first rows."""

    __slots__ = ("columns", "data", "starts")

    def __init__(self, data: Any, starts: Sequence[int], columns: tuple[Hashable, ...] | None = None) -> None:
        self.data = data
        self.starts = tuple(starts)
        self.columns = columns

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, at: Any) -> Any:
        stop = self.starts[at + 1] if at + 1 < len(self.starts) else len(self.data)
        if isinstance(self.data, pd.Index):
            return self.data[self.starts[at] : stop]
        part = self.data.iloc[self.starts[at] : stop]
        return part if self.columns is None else take_labels(part, self.columns)

    def __reduce__(self) -> tuple[Any, ...]:
        return PandasParts, (self.data, self.starts, self.columns)


class PandasSource(FrameSource):
    """Slices of a pandas object; narrowing cuts narrower slices."""

    __slots__ = ()

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        """Return a source whose slices have only ``columns``."""
        parts = self.parts
        assert isinstance(parts, PandasParts)
        labels = tuple([label for label in self.meta.columns if label in columns])
        name = rewritten_name(self.name, labels, ())
        return source_layer(identity, PandasParts(parts.data, parts.starts, labels), self.meta, name, PandasSource)


def from_pandas(data: Any, npartitions: int | None = None, sort: bool = True, chunksize: int | None = None) -> Any:
    """Cut a pandas object into partitions.

    Parameters
    ----------
    data : pandas.DataFrame, Series or Index
    npartitions : int, optional
        How many pieces of about equal length; fewer where rows of one index value would be parted. Default 1.
    sort : bool
        Whether to sort by the index, so that divisions are known. Otherwise rows stay in their order and divisions are unknown.
    chunksize : int, optional
        Rows of a partition, instead of ``npartitions``.

    Raises
    ------
    TypeError
        If ``data`` is no pandas object, a number no integer, or the index can't be sorted.
    ValueError
        If both or non-positive numbers are given.

    Examples
    --------
    >>> df = from_pandas(pd.DataFrame({"x": range(6)}), npartitions=3)
    >>> df.divisions
    (0, 2, 4, 5)
    """
    if not isinstance(data, pd.DataFrame | pd.Series | pd.Index):
        raise TypeError(f"from_pandas takes a pandas DataFrame, Series or Index, got {type(data).__name__}")
    if npartitions is not None and chunksize is not None:
        raise ValueError("give npartitions or chunksize, not both")
    for name, number in (("npartitions", npartitions), ("chunksize", chunksize)):
        if number is not None and (not isinstance(number, int) or isinstance(number, bool)):
            raise TypeError(f"{name} must be an integer, got {type(number).__name__}: {number!r}")
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")
    index = data if isinstance(data, pd.Index) else data.index
    sort = sort and not isinstance(index, pd.MultiIndex)
    if sort and not index.is_monotonic_increasing:
        data = _sorted(data)
        index = data if isinstance(data, pd.Index) else data.index
    elif not isinstance(data, pd.Index):
        data = data.copy(deep=False)
    rows = len(data)
    count = npartitions or (1 if chunksize is None else max(1, -(-rows // chunksize)))
    starts = [0] if chunksize is None and not rows else _starts(rows, count, chunksize)
    divisions = unknown(len(starts))
    if sort and rows and not index.hasnans:
        starts = sorted({int(index.searchsorted(index[start], side="left")) for start in starts})
        divisions = bounds_of(index, starts) or unknown(len(starts))
    token = quick_token("from_pandas", data, tuple(starts))
    layer = source_layer(identity, PandasParts(data, starts), empty(data), f"from_pandas-{token}", PandasSource)
    return new_collection(layer, empty(data), divisions)


def _sorted(data: Any) -> Any:
    try:
        if isinstance(data, pd.Index):
            return data.sort_values()
        return data.sort_index(kind="stable")
    except TypeError as error:
        raise TypeError(
            f"the index can't be sorted ({error}); pass sort=False to keep the rows in their order"
        ) from error


def _starts(rows: int, count: int, chunksize: int | None) -> list[int]:
    """Return where the pieces begin: every ``chunksize`` rows, or ``count`` pieces whose lengths differ by one at most."""
    if chunksize is not None:
        return list(range(0, max(rows, 1), chunksize))
    return sorted({at * rows // count for at in range(count)})


class MapReader(NamedTuple):
    """Call a function on the items of one partition: the reader of ``from_map``."""

    func: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    checked: CheckedCall | None

    def __call__(self, items: tuple[Any, ...]) -> Any:
        call = self.func if self.checked is None else self.checked
        return call(*items, *self.args, **self.kwargs)


class ProjectedMapReader(MapReader):
    """A ``MapReader`` whose function can read fewer columns (it has ``columns`` and ``project_columns``)."""

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The labels that the function yields."""
        return tuple(self.func.columns)  # type: ignore[attr-defined]

    def project(self, columns: tuple[Hashable, ...]) -> ProjectedMapReader:
        """Return a reader of only these columns."""
        return ProjectedMapReader(self.func.project_columns(list(columns)), self.args, self.kwargs, None)  # type: ignore[attr-defined]


def from_map(
    func: Callable[..., Any],
    *iterables: Iterable[Any],
    args: Sequence[Any] | None = None,
    meta: Any = no_default,
    divisions: Sequence[Any] | None = None,
    label: str | None = None,
    token: Any = None,
    enforce_metadata: bool = False,
    **kwargs: Any,
) -> Any:
    """Make a dataframe whose partition ``i`` is ``func(*items[i], *args, **kwargs)``.

    Parameters
    ----------
    func : callable
        Returns a pandas DataFrame, Series or Index. If it has the attributes ``columns`` (its labels) and
        ``project_columns(list) -> callable``, it is asked for just the columns that are needed.
    *iterables
        One or more, of equal lengths; one item of each a partition.
    args, kwargs
        Passed to every call.
    meta : optional
        What the partitions look like (see ``make_meta``). Default: ``func`` is called for the first partition to find out.
    divisions : sequence, optional
        Bounds of the partitions' indexes; default: unknown.
    label : str, optional
        First part of the keys' names; default: the function's name.
    token : optional
        What identifies the call; default: function and arguments are tokenized.
    enforce_metadata : bool
        Whether to check kind and columns of every partition against meta.

    Raises
    ------
    TypeError
        If ``func`` isn't callable, an iterable isn't one, or ``func`` returned no pandas object.
    ValueError
        If there are no iterables, they are empty or of different lengths, or divisions don't fit.

    Examples
    --------
    >>> def squares(n):
    ...     return pd.DataFrame({"n": range(n), "square": [i * i for i in range(n)]})
    >>> from_map(squares, [2, 3])["square"].sum().compute()
    np.int64(6)
    """
    if not callable(func):
        raise TypeError(f"from_map takes a function, got {type(func).__name__}: {func!r:.80}")
    if not iterables:
        raise ValueError("from_map needs at least one iterable: it makes one partition for each item")
    for iterable in iterables:
        if not isinstance(iterable, Iterable):
            raise TypeError(f"from_map takes iterables, got {type(iterable).__name__}: {iterable!r:.80}")
    columns = [list(iterable) for iterable in iterables]
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"the iterables must be of equal lengths, got {[len(column) for column in columns]}")
    if not columns[0]:
        raise ValueError("the iterables are empty: a dataframe has at least one partition")
    parts = list(zip(*columns, strict=True))
    extra = tuple(args or ())
    if meta is no_default:
        meta = func(*parts[0], *extra, **kwargs)
        if not isinstance(meta, pd.DataFrame | pd.Series | pd.Index):
            raise TypeError(
                f"from_map's function must return a pandas object, got {type(meta).__name__} for the first partition"
            )
    found = make_meta(meta)
    check_meta_choice(found, "from_map")
    known = check_divisions(divisions, len(parts))
    projects = hasattr(func, "columns") and hasattr(func, "project_columns")
    checked = CheckedCall(func, found, "from_map") if enforce_metadata else None
    reader = (ProjectedMapReader if projects else MapReader)(func, extra, kwargs, checked)
    digest = quick_token("from_map", *([func, extra, kwargs, Parts(parts)] if token is None else [token]))
    layer = source_layer(reader, parts, found, f"{label or func_name(func)}-{digest}")
    return new_collection(layer, found, known)
