"""Random chains of operations, each a value that says what it does and applies itself to pandas and to a collection alike.

A step is drawn for the pandas frame that it will meet (its columns and dtypes), so that most chains make sense. ``Chain`` carries
what pandas promises of the rows so far: whether their order is defined (a join of two large sides leaves it open) and whether
their index is (``reset_index`` numbers each partition). Steps that need the one or the other, divisions or categories, are drawn
only where they are there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from hypothesis import strategies as st

import minidask.dataframe as dd


class Step(NamedTuple):
    """A name for the reader of a failure, and what is called on either frame."""

    text: str
    lazy: Callable[[Any], Any]
    eager: Callable[[pd.DataFrame], pd.DataFrame]
    needs_order: bool = False
    needs_index: bool = False
    needs_divisions: bool = False
    needs_categories: str | None = None  # of this column: parts of a file know only those that they have
    order: bool | None = None  # whether rows are in order afterwards; None: as before
    index: bool | None = None
    promotes: bool = False  # whether values decide dtypes: integers are floats from here on where partners are missing

    def __repr__(self) -> str:
        return self.text


INDEXES = {
    "default": lambda rows: pd.RangeIndex(rows),
    "twice": lambda rows: pd.Index(np.arange(rows) // 2, name="twice"),
    "dates": lambda rows: pd.date_range("2020-01-01", periods=rows, freq="h", name="when"),
    "texts": lambda rows: pd.Index([chr(97 + at // 3) for at in range(rows)], dtype="str"),
}
"""Indexes that ascend, of so many rows."""


def both(text: str, func: Callable[[Any], Any], **facts: Any) -> Step:
    return Step(text, func, func, **facts)


def numbers(frame: pd.DataFrame) -> list[str]:
    return [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c]) and frame[c].dtype != bool]


def keys(frame: pd.DataFrame) -> list[str]:
    return [c for c in frame.columns if c in ("i", "s", "b", "d", "c", "I", "f")]


def conditions(frame: pd.DataFrame) -> dict[str, Callable[[Any], Any]]:
    """Conditions that the frame's columns allow, by their text."""
    known = {
        "i": [lambda f: f.i > 0, lambda f: f.i != 1, lambda f: f.i.isin([0, 2]), lambda f: (f.i > 5) | (f.i == -1)],
        "f": [lambda f: f.f < 1.0, lambda f: f.f.notna(), lambda f: ~(f.f > 0), lambda f: f.f == 0],
        "b": [lambda f: f.b, lambda f: ~f.b],
        "s": [lambda f: f.s == "a", lambda f: f.s != "a", lambda f: f.s.isna(), lambda f: f.s.isin(["b", None])],
        "d": [lambda f: f.d > pd.Timestamp("2020-06-01"), lambda f: f.d.isna()],
        "c": [lambda f: f.c == "u", lambda f: f.c.isin(["v"])],
        "I": [lambda f: f.I.fillna(0) > 1, lambda f: f.I.isna()],
    }
    fits = {
        "i": "iu", "f": "f", "b": "b", "d": "M",
    }  # fmt: skip
    found = {}
    for column, funcs in known.items():
        if column not in frame.columns or (column in fits and frame[column].dtype.kind not in fits[column]):
            continue
        if (column, str(frame[column].dtype)) in (("s", "object"), ("c", "object"), ("c", "str")):
            continue
        found |= {f"filter {column} by condition {at}": func for at, func in enumerate(funcs)}
    return found


@st.composite
def filters(draw: Any, frame: pd.DataFrame) -> Step | None:
    found = conditions(frame)
    if not found:
        return None
    text = draw(st.sampled_from(sorted(found)))
    return both(text, lambda f: f[found[text](f)])


@st.composite
def assigns(draw: Any, frame: pd.DataFrame) -> Step | None:
    found: dict[str, Callable[[Any], Any]] = {"z = 1": lambda f: f.assign(z=1)}
    for c in numbers(frame):
        found[f"{c}2 = {c} * 2 + 1"] = lambda f, c=c: f.assign(**{f"{c}2": f[c] * 2 + 1})
        found[f"{c} = {c} - 1"] = lambda f, c=c: f.assign(**{c: f[c] - 1})
        found[f"{c} filled"] = lambda f, c=c: f.assign(**{c: f[c].fillna(3)})
        found[f"{c} where positive"] = lambda f, c=c: f.assign(w=f[c].where(f[c].fillna(0) > 0))
        found[f"{c} clipped"] = lambda f, c=c: f.assign(**{c: f[c].clip(-1, 1)})
    if "s" in frame and str(frame.s.dtype) == "str":
        found["s upper"] = lambda f: f.assign(s=f.s.str.upper())
        found["s with suffix"] = lambda f: f.assign(t=f.s.fillna("none") + "_x")
    if "d" in frame and frame.d.dtype.kind == "M":
        # As floats: a year is one only where a date is missing, and parts of a cut partition don't know that.
        found["year of d"] = lambda f: f.assign(year=f.d.dt.year.astype("float64"))
        found["d later"] = lambda f: f.assign(d=f.d + pd.Timedelta("1D"))
    if "b" in frame and frame.b.dtype == bool:
        found["b as int"] = lambda f: f.assign(b_int=f.b.astype("int8"))
    if "i" in frame and frame.i.dtype.kind == "i":
        found["i mapped"] = lambda f: f.assign(m=f.i.map({0: "zero", 1: "one"}))
    text = draw(st.sampled_from(sorted(found)))
    return both(f"assign {text}", found[text], promotes="where" in text)


@st.composite
def projections(draw: Any, frame: pd.DataFrame) -> Step | None:
    chosen = draw(st.lists(st.sampled_from(list(frame.columns)), min_size=1, unique=True))
    if draw(st.booleans()):
        return both(f"project {chosen}", lambda f: f[chosen])
    if len(chosen) == len(frame.columns):
        return None
    return both(f"drop {chosen}", lambda f: f.drop(columns=chosen))


@st.composite
def renames(draw: Any, frame: pd.DataFrame) -> Step | None:
    old = draw(st.sampled_from(list(frame.columns)))
    other = draw(st.sampled_from(list(frame.columns)))
    names = {old: other, other: old} if draw(st.booleans()) else {old: f"{old}_r"}
    if f"{old}_r" in frame.columns:
        return None
    return both(f"rename {names}", lambda f: f.rename(columns=names))


@st.composite
def missing(draw: Any, frame: pd.DataFrame) -> Step | None:
    chosen = draw(st.lists(st.sampled_from(list(frame.columns)), min_size=1, max_size=2, unique=True))
    how = draw(st.sampled_from(["dropna", "dropna all", "fillna"]))
    if how == "fillna":
        values = {c: 7 for c in chosen if c in numbers(frame)}
        return both(f"fillna {values}", lambda f: f.fillna(values)) if values else None
    if how == "dropna":
        return both(f"dropna {chosen}", lambda f: f.dropna(subset=chosen))
    return both("dropna how=all", lambda f: f.dropna(how="all"))


@st.composite
def sorts(draw: Any, frame: pd.DataFrame) -> Step | None:
    by = draw(st.lists(st.sampled_from(list(frame.columns)), min_size=1, max_size=2, unique=True))
    if any(frame[c].dtype == object for c in by):
        return None
    up = draw(st.lists(st.booleans(), min_size=len(by), max_size=len(by)))
    na = draw(st.sampled_from(["first", "last"]))
    # Rows that are equal in all that is sorted by keep the order they had, where they had one.
    return Step(
        f"sort_values {by} ascending={up} na_position={na}",
        lambda f: f.sort_values(by, ascending=up, na_position=na),
        lambda f: f.sort_values(by, ascending=up, na_position=na, kind="stable"),
        needs_order=True,
    )


@st.composite
def indexes(draw: Any, frame: pd.DataFrame) -> Step | None:
    column = draw(st.sampled_from(list(frame.columns)))
    if frame[column].dtype == object or frame.empty or frame.shape[1] == 1 or str(frame[column].dtype) == "category":
        return None
    parts = draw(st.sampled_from([None, 1, 3]))
    return Step(
        f"dropna, set_index {column!r} npartitions={parts}",
        lambda f: f.dropna(subset=[column]).set_index(column, npartitions=parts),
        lambda f: f.dropna(subset=[column]).set_index(column).sort_index(kind="stable"),
        needs_order=True,
        index=True,
    )


@st.composite
def distinct(draw: Any, frame: pd.DataFrame) -> Step | None:
    subset = draw(st.lists(st.sampled_from(list(frame.columns)), min_size=1, max_size=2, unique=True))
    keep = draw(st.sampled_from(["first", "last", False]))
    return both(
        f"drop_duplicates {subset} keep={keep}", lambda f: f.drop_duplicates(subset, keep=keep), needs_order=True
    )


@st.composite
def running(draw: Any, frame: pd.DataFrame) -> Step | None:
    found = numbers(frame)
    if not found:
        return None
    chosen = draw(st.lists(st.sampled_from(found), min_size=1, max_size=2, unique=True))
    periods = draw(st.sampled_from([-2, -1, 1, 3]))
    window = draw(st.integers(1, 4))
    kinds: dict[str, Callable[[Any], Any]] = {
        "cumsum": lambda f: f[chosen].cumsum(),
        "cummax": lambda f: f[chosen].cummax(),
        "cummin of one": lambda f: f.assign(run=f[chosen[0]].cummin()),
        f"shift {periods}": lambda f: f[chosen].shift(periods),
        f"shift {periods} of one": lambda f: f.assign(before=f[chosen[0]].shift(periods)),
        f"diff {periods}": lambda f: f[chosen].diff(periods),
        "ffill": lambda f: f.ffill(),
        "bfill": lambda f: f[chosen].bfill(),
        f"rolling {window}": lambda f: f[chosen].rolling(window, min_periods=1).sum(),
        f"rolling {window} of one": lambda f: f.assign(roll=f[chosen[0]].rolling(window).max()),
    }
    text = draw(st.sampled_from(sorted(kinds)))
    return both(f"{text} {chosen}", kinds[text], needs_order=True)


@st.composite
def joins(draw: Any, frame: pd.DataFrame) -> Step | None:
    found = [c for c in keys(frame) if frame[c].dtype != object]
    if not found:
        return None
    on = draw(st.sampled_from(found))
    how = draw(st.sampled_from(["inner", "left", "right", "outer"]))
    side = draw(st.sampled_from(["pandas", "partitions", "itself"]))
    values = frame[on].drop_duplicates().head(3)
    small = pd.DataFrame({on: pd.concat([values, values.tail(1)]), "j": np.arange(len(values) + len(values.tail(1)))})
    if "j" in frame.columns:
        return None
    small = small.reset_index(drop=True)

    def lazy(f: Any) -> Any:
        if side == "itself":
            right = f.dropna(subset=[on])[[on]].drop_duplicates()
        else:
            right = small if side == "pandas" else dd.from_pandas(small, npartitions=2)
        return f.merge(right, on=on, how=how)

    def eager(f: pd.DataFrame) -> pd.DataFrame:
        right = f.dropna(subset=[on])[[on]].drop_duplicates() if side == "itself" else small
        return f.merge(right, on=on, how=how)

    return Step(
        f"merge {side} on={on!r} how={how}", lazy, eager, order=False, index=False, promotes=how != "inner",
        needs_categories=on if str(frame[on].dtype) == "category" else None,
    )  # fmt: skip


@st.composite
def groups(draw: Any, frame: pd.DataFrame) -> Step | None:
    found, values = [c for c in keys(frame) if frame[c].dtype != object], numbers(frame)
    by = draw(st.lists(st.sampled_from(found), min_size=1, max_size=2, unique=True)) if found else []
    values = [c for c in values if c not in by]
    if not by or not values:
        return None
    column = draw(st.sampled_from(values))
    how = draw(st.sampled_from(["sum", "mean", "count", "max", "min", "size", "nunique", "var"]))
    dropna, sort = draw(st.booleans()), True

    def call(f: Any) -> Any:
        grouped = f.groupby(by, dropna=dropna, sort=sort, observed=True)
        if how == "size":
            return grouped.size().to_frame("size").reset_index()
        return grouped[[column]].agg(how).reset_index()

    return both(f"groupby {by} {how} of {column!r} dropna={dropna}", call, order=True, index=False)


@st.composite
def transforms(draw: Any, frame: pd.DataFrame) -> Step | None:
    found, values = [c for c in keys(frame) if frame[c].dtype != object], numbers(frame)
    values = [c for c in values if c not in found[:1]]
    if not found or not values:
        return None
    key, column = found[0], draw(st.sampled_from(values))
    how = draw(st.sampled_from(["cumsum", "cumcount", "shift", "transform"]))

    def call(f: Any) -> Any:
        grouped = f.groupby(key, observed=True)
        if how == "cumcount":
            return f.assign(of_group=grouped.cumcount())
        if how == "transform":
            return f.assign(of_group=grouped[column].transform("max"))
        return f.assign(of_group=getattr(grouped[column], how)())

    # Integers are floats where a row is of no group or the first of one; parts of a cut partition don't know that.
    promotes = how == "shift" or bool(frame[key].isna().any())
    return both(f"{how} of {column!r} by {key!r}", call, needs_order=True, needs_index=True, promotes=promotes)


@st.composite
def stacks(draw: Any, frame: pd.DataFrame) -> Step | None:
    found = conditions(frame)
    if not found:
        return None
    text = draw(st.sampled_from(sorted(found)))
    return Step(
        f"concat with itself, {text}",
        lambda f: dd.concat([f, f[found[text](f)]], interleave_partitions=False),
        lambda f: pd.concat([f, f[found[text](f)]]),
        needs_index=True,
        order=False,
    )


@st.composite
def cuts(draw: Any, frame: pd.DataFrame) -> Step | None:
    count = draw(st.sampled_from([1, 2, 5]))
    return Step(f"repartition {count}", lambda f: f.repartition(npartitions=count), lambda f: f)


@st.composite
def numberings(draw: Any, frame: pd.DataFrame) -> Step | None:
    name = frame.index.name or "index"
    drop = name in frame.columns or draw(st.booleans())
    return Step(
        f"reset_index drop={drop}",
        lambda f: f.reset_index(drop=drop),
        lambda f: f.reset_index(drop=drop),
        needs_index=not drop,
        index=False,
    )


@st.composite
def picks(draw: Any, frame: pd.DataFrame) -> Step | None:
    """A few of the rows: the first, the largest, or those between two labels."""
    found, count = numbers(frame), draw(st.integers(0, 6))
    kind = draw(st.sampled_from(["head", "nlargest", "nsmallest", "loc", "index"]))
    if kind == "head":
        return Step(
            f"head {count}",
            lambda f: f.head(count, npartitions=-1, compute=False),
            lambda f: f.head(count),
            needs_order=True,
        )
    if kind in ("nlargest", "nsmallest"):
        if not found:
            return None
        column = draw(st.sampled_from(found))
        return both(f"{kind} {count} of {column!r}", lambda f: getattr(f, kind)(count, column), needs_order=True)
    if not len(frame) or not frame.index.is_monotonic_increasing or frame.index.dtype == object:
        return None
    low, high = sorted(draw(st.lists(st.sampled_from(list(frame.index)), min_size=2, max_size=2)))
    if kind == "index":
        return both(f"index > {low!r}", lambda f: f[f.index > low], needs_index=True)
    return both(f"loc[{low!r}:{high!r}]", lambda f: f.loc[low:high], needs_index=True)


@st.composite
def mixtures(draw: Any, frame: pd.DataFrame) -> Step | None:
    """Columns with columns, columns with reductions, and the frame with itself."""
    found = numbers(frame)
    if not found:
        return None
    one, other = draw(st.sampled_from(found)), draw(st.sampled_from(found))
    kinds: dict[str, Callable[[Any], Any]] = {
        f"{one} + {other}": lambda f: f.assign(sum=f[one] + f[other]),
        f"{one} - mean": lambda f: f.assign(centred=f[one] - f[one].mean()),
        f"{one} of max": lambda f: f[f[one] == f[one].max()],
        f"{one} > {other}": lambda f: f[(f[one] > f[other]).fillna(False)],
        f"{one} as float": lambda f: f.assign(**{one: f[one].astype("Float64")}),
        f"{one} isin": lambda f: f.assign(inside=f[one].isin([0, 1])),
        f"{one} to text": lambda f: f.assign(text=f[one].isna().astype("str")),
        f"numbers of {one}, {other}": lambda f: f[[one]].abs().rename(columns=str.upper),
    }
    text = draw(st.sampled_from(sorted(kinds)))
    # Without a row the mean of whole numbers is missing, which is no float.
    return both(f"mix {text}", kinds[text], promotes="mean" in text and not len(frame))


@st.composite
def endings(draw: Any, frame: pd.DataFrame) -> Step | None:
    """What a chain may end with: numbers, or a Series with an index of its own."""
    found = numbers(frame)
    column = draw(st.sampled_from(list(frame.columns)))
    kinds: dict[str, Callable[[Any], Any]] = {
        f"value_counts of {column}": lambda f: f[column].value_counts().sort_index(),
        f"nunique of {column}": lambda f: f[column].nunique(),
        "count": lambda f: f.count(),
        "columns missing": lambda f: f.isna().sum(),
    }
    for name in ("sum", "mean", "min", "max", "std", "prod", "sem", "var"):
        if found:
            kinds[f"{name} of numbers"] = lambda f, name=name: getattr(f[found], name)()
    text = draw(st.sampled_from(sorted(kinds)))
    if frame[column].dtype == object and column in text:
        return None
    return both(f"end {text}", kinds[text])


KINDS = [
    filters, filters, assigns, assigns, projections, renames, missing, sorts, indexes, distinct, running, running,
    joins, groups, transforms, stacks, cuts, numberings, picks, mixtures,
]  # fmt: skip
