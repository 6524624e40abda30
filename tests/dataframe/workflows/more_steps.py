"""More steps of chains: those of times, texts, several keys and several frames, beside the ones that ``chains`` has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

import minidask.dataframe as dd
from tests.dataframe.workflows.chains import KINDS as FIRST
from tests.dataframe.workflows.chains import Step, both, keys, numbers


def is_of(frame: pd.DataFrame, column: str, dtype: str) -> bool:
    return column in frame.columns and str(frame[column].dtype).startswith(dtype)


def floats(frame: pd.DataFrame, columns: list[str]) -> list[str]:
    """Of these columns those whose statistics are plain floats."""
    return [
        column for column in columns if frame[column].dtype.kind in "if" and isinstance(frame[column].dtype, np.dtype)
    ]


def in_time(frame: pd.DataFrame) -> bool:
    return isinstance(frame.index, pd.DatetimeIndex) and frame.index.is_monotonic_increasing and not frame.index.hasnans


def choose(draw: Any, kinds: dict[str, Callable[[Any], Any]], prefix: str, **facts: Any) -> Step | None:
    """Draw one of some ways that are the same for pandas and for a collection."""
    if not kinds:
        return None
    text = draw(st.sampled_from(sorted(kinds)))
    return both(f"{prefix} {text}", kinds[text], **facts)


@st.composite
def texts(draw: Any, frame: pd.DataFrame) -> Step | None:
    found: dict[str, Callable[[Any], Any]] = {}
    if is_of(frame, "s", "str"):
        found |= {
            "lengths": lambda f: f.assign(length=f.s.str.len().astype("float64")),
            "contains": lambda f: f[f.s.str.contains("a", na=False)],
            "slices": lambda f: f.assign(s=f.s.str[:1]),
            "cat": lambda f: f.assign(twice=f.s.str.cat(f.s, sep="-", na_rep="?")),
            "replaced": lambda f: f.assign(s=f.s.str.replace("a", "b")),
            "mapped by a Series": lambda f: f.assign(m=f.s.map(pd.Series([1.5, 2.5], index=["a", "b"]))),
            "as category": lambda f: f.assign(s=f.s.astype(pd.CategoricalDtype(["b", "a", "", "A", "none"]))),
            "isin None": lambda f: f[~f.s.isin(["a", None])],
            "query": lambda f: f.query("s == 'a' or s == 'b'"),
        }
    if is_of(frame, "d", "datetime64"):
        found |= {
            "months": lambda f: f.assign(month=f.d.dt.month.astype("float64")),
            "floor": lambda f: f.assign(d=f.d.dt.floor("D")),
            "day names": lambda f: f.assign(day=f.d.dt.day_name()),
            "date in": lambda f: f[f.d.isin([pd.Timestamp("2020-01-01")])],
            "not later": lambda f: f[~(f.d > pd.Timestamp("2020-06-01"))],
        }
    if is_of(frame, "c", "category"):
        found["as text"] = lambda f: f.assign(c=f.c.astype("str"))
    if is_of(frame, "i", "int64"):
        found |= {
            "query of i": lambda f: f.query("i > 0 and i != 2"),
            "eval": lambda f: f.eval("e = i * 2"),
            "i to Int64": lambda f: f.assign(i=f.i.astype("Int64")),
            "i to text": lambda f: f.assign(t=f.i.astype("str")),
            "i replaced": lambda f: f.assign(i=f.i.replace({1: 5, 2: -5})),
            "i between": lambda f: f[f.i.between(-1, 1)],
            "i masked": lambda f: f.assign(m=f.i.mask(f.i > 0, -9)),
        }
    return choose(draw, found, "values:")


@st.composite
def by_time(draw: Any, frame: pd.DataFrame) -> Step | None:
    """Frames whose index are times in order."""
    found = floats(frame, numbers(frame))
    if not in_time(frame) or not found or not len(frame):
        return None
    column = draw(st.sampled_from(found))
    rule = draw(st.sampled_from(["1h", "3h", "1D", "90min"]))
    # A year of hours at most: indexes of dates of the column d span two years.
    if (frame.index[-1] - frame.index[0]) > pd.Timedelta("30D"):
        rule = "MS"
    how = draw(st.sampled_from(["sum", "mean", "count", "max", "first", "std"]))
    window = draw(st.sampled_from(["2h", "1D", "150min"]))
    kinds: dict[str, Callable[[Any], Any]] = {
        f"resample {rule} {how}": lambda f: getattr(f[[column]].resample(rule), how)(),
        f"rolling {window} {how}": lambda f: getattr(f[[column]].rolling(window), "sum" if how == "first" else how)(),
        f"rolling {window} beside": lambda f: f.assign(near=f[column].rolling(window).count()),
        "shift by freq": lambda f: f.shift(2, freq="h"),
        "hours": lambda f: f.assign(hour=f.index.hour),
    }
    return choose(draw, kinds, f"time: {column}", needs_order=True, needs_index=True, needs_divisions=True)


@st.composite
def several_keys(draw: Any, frame: pd.DataFrame) -> Step | None:
    """Joins by two keys, some of which are missing; on either side rows without a partner."""
    found = [c for c in keys(frame) if frame[c].dtype != object and str(frame[c].dtype) != "category"]
    if len(found) < 2 or {"x", "count"} & {*frame.columns}:
        return None
    on = draw(st.lists(st.sampled_from(found), min_size=2, max_size=2, unique=True))
    how = draw(st.sampled_from(["inner", "left", "right", "outer"]))
    parts = draw(st.sampled_from([1, 2, 5]))
    right = frame[on].drop_duplicates().reset_index(drop=True).iloc[::2]
    right = pd.concat([right, right.tail(1)], ignore_index=True)
    right = right.assign(x=np.arange(len(right)) * 0.5)

    def lazy(f: Any) -> Any:
        return f.merge(dd.from_pandas(right, npartitions=parts), on=on, how=how)

    return Step(
        f"merge on={on} how={how} with {parts} partitions", lazy, lambda f: f.merge(right, on=on, how=how),
        order=False, index=False, promotes=how != "inner",
    )  # fmt: skip


@st.composite
def by_index(draw: Any, frame: pd.DataFrame) -> Step | None:
    """Joins of the index, and values aligned to it."""
    found = numbers(frame)
    if (
        not found
        or "w" in frame.columns
        or "other" in frame.columns
        or frame.index.dtype == object
        or frame.index.hasnans
    ):
        return None
    how = draw(st.sampled_from(["left", "inner"]))
    labels = frame.index.drop_duplicates()[::2]
    right = pd.DataFrame({"w": np.arange(len(labels)) * 1.0}, index=labels)
    column = found[0]

    def joined(f: Any) -> Any:
        return f.join(right, how=how)

    def self_joined(f: Any) -> Any:
        one = f[[column]].rename(columns={column: "other"})
        return f.merge(one, left_index=True, right_index=True, how=how)

    kinds = {"with pandas": joined, "with itself": self_joined}
    text = draw(st.sampled_from(sorted(kinds)))
    return Step(
        f"join {how} by index {text}", kinds[text], kinds[text], needs_index=True, order=False, promotes=how != "inner"
    )


@st.composite
def several_results(draw: Any, frame: pd.DataFrame) -> Step | None:
    found = [c for c in keys(frame) if frame[c].dtype != object]
    values = floats(frame, [c for c in numbers(frame) if c not in found[:2]])
    if not found or not values:
        return None
    by = found[: draw(st.integers(1, 2))]
    column = draw(st.sampled_from(values))
    parts = draw(st.sampled_from([1, 3, True]))
    dropna = draw(st.booleans())
    chosen = draw(
        st.lists(st.sampled_from(["sum", "mean", "min", "count", "std", "median", "nunique"]), min_size=1, unique=True)
    )

    def named(f: Any, **more: Any) -> Any:
        grouped = f.groupby(by, dropna=dropna, observed=True)
        spec = {f"{column}_{how}": (column, how) for how in chosen}
        return grouped.agg(**spec, **more).reset_index()

    def spread(f: Any) -> Any:
        return named(f, split_out=parts)

    return Step(
        f"groupby {by} {chosen} of {column!r} dropna={dropna} split_out={parts}",
        spread,
        named,
        order=False,
        index=False,
    )


@st.composite
def rows_of_groups(draw: Any, frame: pd.DataFrame) -> Step | None:
    found = [c for c in keys(frame) if frame[c].dtype != object]
    values = [c for c in numbers(frame) if c not in found[:1]]
    if not found or not values:
        return None
    key, column, count = found[0], draw(st.sampled_from(values)), draw(st.integers(1, 3))
    kinds: dict[str, Callable[[Any], Any]] = {
        f"head {count}": lambda f: f.groupby(key, observed=True).head(count),
        f"tail {count}": lambda f: f.groupby(key, observed=True).tail(count),
        "ffill": lambda f: f.assign(filled=f.groupby(key, observed=True)[column].ffill()),
        "cummax": lambda f: f.assign(most=f.groupby(key, observed=True)[column].cummax()),
        "transform mean": lambda f: f.assign(mean=f.groupby(key, observed=True)[column].transform("mean")),
    }
    promotes = bool(frame[key].isna().any())
    return choose(draw, kinds, f"of groups by {key!r}: {column}", needs_order=True, needs_index=True, promotes=promotes)


@st.composite
def shuffles(draw: Any, frame: pd.DataFrame) -> Step | None:
    found = [c for c in keys(frame) if frame[c].dtype != object]
    if not found:
        return None
    on = draw(st.lists(st.sampled_from(found), min_size=1, max_size=2, unique=True))
    parts = draw(st.sampled_from([None, 1, 4]))
    return Step(
        f"shuffle {on} npartitions={parts}", lambda f: f.shuffle(on, npartitions=parts), lambda f: f, order=False
    )


@st.composite
def counts(draw: Any, frame: pd.DataFrame) -> Step | None:
    """Distinct rows and how often they occur, as a frame."""
    column = draw(st.sampled_from(list(frame.columns)))
    if frame[column].dtype == object or "count" in frame.columns or column == "index":
        return None
    dropna = draw(st.booleans())
    kinds: dict[str, Callable[[Any], Any]] = {
        "value_counts": lambda f: f[column].value_counts(dropna=dropna).to_frame(),
        "unsorted value_counts": lambda f: f[column].value_counts(sort=False, dropna=dropna).to_frame(),
        "duplicated": lambda f: f[[column]].drop_duplicates(keep="last"),
        "sort and first": lambda f: (
            f.sort_values(column).drop_duplicates(column) if f is None else f.drop_duplicates([column])
        ),
    }
    return choose(draw, kinds, f"{column} dropna={dropna}", needs_order=True)


@st.composite
def long_and_wide(draw: Any, frame: pd.DataFrame) -> Step | None:
    found = floats(frame, numbers(frame))
    others = [c for c in keys(frame) if c not in found and frame[c].dtype != object]
    if len(found) < 2 or not others or {"variable", "value"} & {*frame.columns}:
        return None
    pair = draw(st.lists(st.sampled_from(found), min_size=2, max_size=2, unique=True))
    return both(
        f"melt {others[:1]} {pair}",
        lambda f: f.melt(id_vars=others[:1], value_vars=pair),
        needs_index=True, order=False, index=False,
    )  # fmt: skip


@st.composite
def of_rows(draw: Any, frame: pd.DataFrame) -> Step | None:
    """What looks at one row at a time, and casts."""
    found = floats(frame, numbers(frame))
    if not found:
        return None
    one, other = draw(st.sampled_from(found)), draw(st.sampled_from(found))
    kinds: dict[str, Callable[[Any], Any]] = {
        "sum of rows": lambda f: f.assign(total=f[found].sum(axis=1)),
        "max of rows": lambda f: f.assign(most=f[found].max(axis=1)),
        "missing in rows": lambda f: f[f[found].notna().all(axis=1)],
        f"{one} to float32": lambda f: f.assign(**{one: f[one].astype("float32").astype("float64")}),
        f"{one} combined with {other}": lambda f: f.assign(
            c1=f[one].astype("float64").combine_first(f[other].astype("float64"))
        ),
        f"{one} rounded": lambda f: f.assign(r=f[one].round(1)),
        f"{one} mapped": lambda f: f.assign(m=f[one].map(pd.Series({0.0: "none", 1.5: "some"}))),
        f"{one} to zero and back": lambda f: f.assign(z=(f[one] * -0.0)),
        "selected dtypes": lambda f: f.select_dtypes("number"),
        "isna": lambda f: f.isna(),
        f"{one} ranked by isin": lambda f: f[f[one].isin([0, 1.5, None])],
    }
    return choose(draw, kinds, "rows:")


@st.composite
def piles(draw: Any, frame: pd.DataFrame) -> Step | None:
    """The frame below itself and beside itself."""
    kinds: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
        "below": (lambda f: dd.concat([f, f]), lambda f: pd.concat([f, f])),
        "below some columns": (
            lambda f: dd.concat([f, f[[*f.columns[:1]]]], join="inner"),
            lambda f: pd.concat([f, f[[*f.columns[:1]]]], join="inner"),
        ),
        "beside": (
            lambda f: dd.concat([f, f.add_suffix("_beside")], axis=1),
            lambda f: pd.concat([f, f.add_suffix("_beside")], axis=1),
        ),
    }
    text = draw(st.sampled_from(sorted(kinds)))
    if text == "beside" and (len(frame.columns) > 9 or any(f"{c}_beside" in frame.columns for c in frame.columns)):
        return None
    lazy, eager = kinds[text]
    return Step(f"concat {text}", lazy, eager, needs_index=True, order=None if text == "beside" else False)


KINDS = [
    *FIRST, texts, texts, by_time, by_time, several_keys, by_index, several_results, several_results, rows_of_groups, shuffles,
    counts, long_and_wide, of_rows, piles,
]  # fmt: skip


@st.composite
def steps(draw: Any, frame: pd.DataFrame, lazy: Any, order: bool, index: bool) -> Step | None:
    """A step that this frame allows, whose order and index are known or not; None where the kind drawn doesn't fit."""
    step: Step | None = draw(draw(st.sampled_from(KINDS))(frame))
    if step is None:
        return None
    lacks = (
        (step.needs_order and not order)
        or (step.needs_index and not index)
        or (step.needs_divisions and not lazy.known_divisions)
        or (step.needs_categories is not None and not lazy[step.needs_categories].cat.known)
    )
    return None if lacks else step
