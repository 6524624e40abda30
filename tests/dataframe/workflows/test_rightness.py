"""Where partitioned frames go wrong easily: nulls in filters, keys that are missing, borders of partitions. All as in pandas.

Each group of tests here goes through a whole workflow; the parts have tests of their own beside the modules.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, every_dtype

pytestmark = pytest.mark.slow

MANY = [1, 2, 7, 127, 128, 129, 260]


# ---------------------------------------------------------------- filters pushed to parquet

ROWS = 48
at = np.arange(ROWS)
gone = at % 4 == 1
VALUES: dict[str, Any] = {
    "int": pd.Series(at % 9),
    "small": pd.Series(at % 9, dtype="int8"),
    "float": pd.Series(np.where(gone, np.nan, at % 9)),
    "zeros": pd.Series(np.where(gone, -0.0, np.where(at % 3 == 0, 0.0, 5.0))),
    "Int64": pd.Series(at % 9, dtype="Int64").mask(gone),
    "Float64": pd.Series(at % 9 + 0.5, dtype="Float64").mask(gone),
    "str": pd.Series([None if gone[n] else "abcde"[n % 5] for n in range(ROWS)], dtype="str"),
    "whole str": pd.Series(["abcde"[n % 5] for n in range(ROWS)], dtype="str"),
    "bool": pd.Series(at % 3 == 0),
    "boolean": pd.Series(at % 3 == 0, dtype="boolean").mask(gone),
    "date": pd.Series(pd.date_range("2020-01-01", periods=ROWS, unit="us")).mask(gone),
    "whole date": pd.Series(pd.date_range("2020-01-01", periods=ROWS, unit="us")),
    "zone": pd.Series(pd.date_range("2020-01-01", periods=ROWS, unit="us", tz="Europe/Berlin")).mask(gone),
    "category": pd.Series(pd.Categorical([None if gone[n] else "abc"[n % 3] for n in range(ROWS)])),
}
KNOWN = {
    "str": ("b", "d"), "bool": (True, False), "date": (pd.Timestamp("2020-01-11"), pd.Timestamp("2020-02-01")),
    "zone": (pd.Timestamp("2020-01-11", tz="Europe/Berlin"), pd.Timestamp("2020-02-01", tz="UTC")), "category": ("b", "c"),
}  # fmt: skip


def literals(name: str) -> tuple[Any, Any]:
    """Two values of a column's kind."""
    return KNOWN.get({"boolean": "bool"}.get(name, name.removeprefix("whole ")), (2, 5))


CONDITIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "x != b": lambda x, a, b: x != b,
    "x == b": lambda x, a, b: x == b,
    "(x < a) | (x != b)": lambda x, a, b: (x < a) | (x != b),
    "~(x > a)": lambda x, a, b: ~(x > a),
    "~(x <= a)": lambda x, a, b: ~(x <= a),
    "~((x < a) | (x == b))": lambda x, a, b: ~((x < a) | (x == b)),
    "~(x != b)": lambda x, a, b: ~(x != b),
    "isin a, None": lambda x, a, b: x.isin([a, None]),
    "not isin a, None": lambda x, a, b: ~x.isin([a, None]),
    "isin nothing": lambda x, a, b: x.isin([]),
    "not isin": lambda x, a, b: ~x.isin([a, b]),
    "isna or b": lambda x, a, b: x.isna() | (x == b),
    "~isna and not b": lambda x, a, b: ~x.isna() & ~(x == b),
    "between": lambda x, a, b: x.between(a, b),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Row groups some of which hold no value at all, and files without rows."""
    folder = tmp_path_factory.mktemp("nulls")
    frame = pd.DataFrame(VALUES)
    for number, (start, stop) in enumerate([(0, 0), (0, 28), (28, 48)]):
        frame.iloc[start:stop].to_parquet(folder / f"part.{number}.parquet", row_group_size=14)
    return folder


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("engine", ["pyarrow", "fastparquet"])
def test_filters_with_nulls(files: Path, engine: str, name: str) -> None:
    whole = pd.DataFrame(VALUES)
    lazy = dd.read_parquet(files, engine=engine)
    found, expected = [], []
    for condition in CONDITIONS.values():
        try:
            kept = whole[condition(whole[name], *literals(name))]
        except TypeError:
            # Categories in no order have no comparisons but == and !=, here as there.
            with pytest.raises(TypeError):
                condition(lazy[name], *literals(name))
            continue
        rows = lazy[condition(lazy[name], *literals(name))]
        found.append(rows[["int", name]])
        expected.append(kept[["int", name]])
    # Without the optimiser the engine has no part in it.
    for options in ({}, {"optimize_graph": False})[: 2 if engine == "pyarrow" else 1]:
        for made, wanted in zip(minidask.compute(*found, scheduler="sync", **options), expected, strict=True):
            assert_eq(made, wanted, check_categorical=False, check_index=False)
    # As one query of its own, whose reader alone decides.
    assert_eq(found[0], expected[0], check_categorical=False, check_index=False)


@pytest.mark.parametrize("engine", ["pyarrow", "fastparquet"])
def test_filters_on_directories(tmp_path: Path, engine: str) -> None:
    frame = pd.DataFrame({"k": ["a", "b", None, "a"] * 5, "n": [1, 2, 3, 1] * 5, "x": range(20)})
    dd.from_pandas(frame, npartitions=3).to_parquet(tmp_path, partition_on=["n"])
    lazy, whole = dd.read_parquet(tmp_path, engine=engine), pd.read_parquet(tmp_path)
    for condition in (
        lambda f: (f.n.astype("int64") != 2) & (f.k != "a"),
        lambda f: f.n.isin([1, 3]),
        lambda f: (f.n == 3) | (f.k == "b"),
    ):
        expected = whole[condition(whole)].sort_values("x")[["k", "x"]]
        assert_eq(
            lazy[condition(lazy)][["k", "x"]].compute(scheduler="sync").sort_values("x"), expected, check_index=False
        )


@pytest.mark.parametrize("engine", ["pyarrow", "fastparquet"])
def test_texts_of_parquet_are_str(files: Path, engine: str) -> None:
    lazy, whole = dd.read_parquet(files, engine=engine), pd.DataFrame(VALUES)
    assert lazy["str"].dtype == "str"
    assert_eq(lazy["str"], whole["str"], check_index=False)
    assert_eq(lazy["str"].str.upper() + "_", whole["str"].str.upper() + "_", check_index=False)
    assert_eq(lazy.groupby("str").int.sum(), whole.groupby("str").int.sum())
    assert_eq(lazy["str"].fillna("none").value_counts(), whole["str"].fillna("none").value_counts())


# ---------------------------------------------------------------- numbers of partitions, keys


SIDES = pd.DataFrame(
    {"k": [1.0, np.nan, -0.0, 0.0, 2.0, None, 3.0] * 40, "s": ["a", None, "b", "", "a", "a", None] * 40}
)
SIDES = SIDES.assign(i=np.arange(280) % 11, x=np.arange(280))
LOOKED_UP = pd.DataFrame({"k": [0.0, np.nan, 1.0, 7.0], "s": ["b", None, "a", "z"], "w": [1.5, 2.5, 3.5, 4.5]})


JOINS = [("inner", ["k"]), ("left", ["s"]), ("right", ["k", "s"]), ("outer", ["k", "s"])]


@pytest.mark.parametrize(
    ("count", "joins"),
    [(1, JOINS), (2, JOINS), (7, JOINS), *[(n, JOINS[2:]) for n in (127, 128, 129)], (260, JOINS[3:])],
)
def test_merges_whatever_the_number_of_partitions(count: int, joins: list[tuple[Any, list[str]]]) -> None:
    for how, on in joins:
        right = LOOKED_UP[[*on, "w"]]
        lazy = dd.from_pandas(SIDES, npartitions=count).merge(dd.from_pandas(right, npartitions=2), on=on, how=how)
        assert_eq(
            lazy.compute(scheduler="sync"), SIDES.merge(right, on=on, how=how), check_index=False, check_order=False
        )


@pytest.mark.parametrize("count", MANY)
def test_groups_whatever_the_number_of_partitions(count: int) -> None:
    df = dd.from_pandas(SIDES, npartitions=count)
    made, expected = [], []
    for by, dropna in [(["k", "s"], False)]:
        made.append(df.groupby(by, dropna=dropna).x.agg(["sum", "count", "max"]))
        expected.append(SIDES.groupby(by, dropna=dropna).x.agg(["sum", "count", "max"]))
    made += [df.groupby("s").i.nunique(), df.k.value_counts(dropna=False)]
    expected += [SIDES.groupby("s").i.nunique(), SIDES.k.value_counts(dropna=False)]
    for one, other in zip(minidask.compute(*made, scheduler="sync"), expected, strict=True):
        assert_eq(one, other)


def test_keys_of_whole_numbers_meet_floats() -> None:
    left = pd.DataFrame({"k": [1, 2, 2**53, 2**53 + 1, -3], "x": range(5)})
    right = pd.DataFrame({"k": [1.0, 2.0, float(2**53), 7.0], "y": range(4)})
    for how in ("inner", "left", "outer"):
        lazy = cut(left, [0, 0, 3, 5]).merge(cut(right, [0, 1, 4]), on="k", how=how)
        assert_eq(
            lazy.compute(scheduler="sync"), left.merge(right, on="k", how=how), check_index=False, check_order=False
        )


# ---------------------------------------------------------------- CSV


def test_whole_numbers_that_become_floats_behind_the_sample(tmp_path: Path) -> None:
    """An error that says what to do, and what it says gives what pandas reads from the whole."""
    path = tmp_path / "x.csv"
    path.write_text("x,y\n" + "1,2\n" * 2_000 + "1.5,\n")
    with pytest.raises(ValueError, match=r"x\.csv.*x") as caught:
        dd.read_csv(path, blocksize=2_000, sample=500).compute(scheduler="sync")
    assert "float64" in str(caught.value)
    df = dd.read_csv(path, blocksize=2_000, sample=500, dtype={"x": "float64", "y": "float64"})
    assert_eq(df, pd.read_csv(path), check_index=False)
    assert_eq(dd.read_csv(path, blocksize=2_000, sample=500, assume_missing=True), pd.read_csv(path), check_index=False)


# ---------------------------------------------------------------- empty partitions


FRAME = every_dtype(30, 1)
EMPTIES: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "sum": (lambda f: f[["i", "f", "I"]].sum(), {}),
    "var": (lambda f: f[["i", "f"]].var(), {}),
    "describe": (lambda f: f[["i", "f"]].describe(), {}),
    "max of texts": (lambda f: f.s.dropna().max(), {}),
    "value_counts": (lambda f: f.c.value_counts(), {}),
    "groupby": (lambda f: f.groupby("s")[["i", "I"]].mean(), {}),
    "nunique": (lambda f: f.nunique(), {}),
    "cumsum": (lambda f: f[["i", "f", "I"]].cumsum(), {}),
    "shift": (lambda f: f.shift(4), {}),
    "rolling": (lambda f: f[["i", "f"]].rolling(6, min_periods=1).sum(), {}),
    "ffill": (lambda f: f.ffill(), {}),
    "merge": (lambda f: f.merge(f[["i"]].drop_duplicates(), on="i"), {"check_index": False, "check_order": False}),
    "drop_duplicates": (lambda f: f.drop_duplicates(["i", "s"], keep="last"), {}),
    "nlargest": (lambda f: f.nlargest(3, "f"), {}),
    "quantile": (lambda f: f.f.quantile(0.5), {}),
    "texts": (lambda f: f.s.str.upper(), {}),
    "concat": (lambda f: (dd if isinstance(f, dd.DataFrame) else pd).concat([f, f]), {}),
    "idxmin": (lambda f: f.f.idxmin(), {}),
    "mode": (lambda f: f.i.mode(), {}),
}


@pytest.mark.parametrize("name", EMPTIES)
def test_empty_partitions_everywhere(name: str) -> None:
    call, options = EMPTIES[name]
    filtered = dd.from_pandas(FRAME, npartitions=6)
    filtered = filtered[filtered.index >= 11]
    for df, expected in (
        (cut(FRAME, [0, 0, 0, 10, 10, 29, 30, 30, 30]), FRAME),
        (filtered, FRAME[FRAME.index >= 11]),
    ):
        assert_eq(call(df), call(expected), **options)


# ---------------------------------------------------------------- categories that differ


PARTS = [
    pd.DataFrame({"c": pd.Categorical(list(text), ordered=False), "v": range(len(text))})
    for text in ("ab", "", "zba", "m")
]


def part(number: int) -> pd.DataFrame:
    return PARTS[number]


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f.groupby("c", observed=True).v.sum(),
        lambda f: f.groupby("c", observed=False).v.agg(["mean", "count"]),
        lambda f: f.c.value_counts().sort_index(),
        lambda f: f.sort_values("c", kind="stable") if isinstance(f, pd.DataFrame) else f.sort_values("c"),
        lambda f: f.set_index("c").sort_index(kind="stable") if isinstance(f, pd.DataFrame) else f.set_index("c"),
        lambda f: f.drop_duplicates("c", keep="last"),
        lambda f: f[f.c == "a"],
        lambda f: f.c.astype("str"),
        lambda f: f.merge(pd.DataFrame({"c": ["a", "z"], "w": [1, 2]}), on="c", how="left"),
        lambda f: f.merge(f.drop_duplicates("c"), on="c").sort_values(["v_x", "v_y"], kind="stable"),
        lambda f: (dd if isinstance(f, dd.DataFrame) else pd).concat([f, f]),
        lambda f: f.c.mode(),
        lambda f: f.c.ffill(),
    ],
)
def test_categories_that_differ(call: Any) -> None:
    whole = pd.concat([each.astype({"c": "object"}) for each in PARTS])
    whole["c"] = pd.Categorical(whole["c"], categories=["a", "b", "m", "z"])
    meta = PARTS[0].iloc[:0].astype({"c": pd.CategoricalDtype(["__UNKNOWN_CATEGORIES__"])})
    df = dd.from_map(part, range(4), meta=meta)
    # Merging numbers rows anew.
    merged = isinstance(expected := call(whole), pd.DataFrame) and {"w", "v_x"} & {*expected.columns}
    assert_eq(call(df).compute(scheduler="sync"), expected, check_categorical=False, check_index=not merged)


# ---------------------------------------------------------------- index values on both sides of borders


TWICE = pd.DataFrame(
    {"x": np.arange(24.0), "k": np.arange(24) % 5}, index=pd.Index(np.repeat(np.arange(6), 4), name="at")
)


@pytest.mark.parametrize("parts", [1, 7, 24])
@pytest.mark.parametrize(
    "call",
    [
        lambda f: f.loc[2],
        lambda f: f.loc[1:3],
        lambda f: f.loc[[4, 1]].sort_values("x"),
        lambda f: f.rolling(6).sum(),
        lambda f: f.shift(1),
        lambda f: f.shift(-5),
        lambda f: f.diff(2),
        lambda f: f.cumsum(),
        lambda f: f.reset_index().set_index("at").x,
        lambda f: f.set_index("k").sort_index(kind="stable") if isinstance(f, pd.DataFrame) else f.set_index("k"),
        lambda f: f.join(f[["k"]].drop_duplicates("k").rename(columns={"k": "other"}), how="left").sort_values(
            ["x", "other"]
        ),
        lambda f: f.groupby("at").x.sum(),
    ],
)
def test_equal_labels_on_both_sides_of_borders(parts: int, call: Any) -> None:
    assert_eq(call(dd.from_pandas(TWICE, npartitions=parts)), call(TWICE))
    # Partitions that begin inside of equal labels; set_index brings these together.
    loose = cut(TWICE.reset_index(), [0, 0, 2, 6, 13, 24]).set_index("at")
    assert_eq(call(loose), call(TWICE))


@pytest.mark.parametrize("window", ["2h", "90min", "3D"])
def test_equal_times_on_both_sides_of_borders(window: str) -> None:
    times = pd.DatetimeIndex(
        np.repeat(pd.date_range("2020-03-28", periods=8, freq="h", tz="Europe/Berlin"), 3), name="t"
    )
    frame = pd.DataFrame({"x": np.arange(24.0)}, index=times)
    for lazy in (dd.from_pandas(frame, npartitions=6), cut(frame.reset_index(), [0, 4, 5, 16, 16, 24]).set_index("t")):
        assert_eq(lazy.rolling(window).sum(), frame.rolling(window).sum(), check_freq=False)
        assert_eq(lazy.resample("2h").sum(), frame.resample("2h").sum())


# ---------------------------------------------------------------- Series.map, time zones, names, extension dtypes, order


def test_map_by_a_series() -> None:
    frame = pd.DataFrame({"k": [2, 0, 1, 5, 0], "s": ["a", None, "b", "c", "a"]})
    names, worth = pd.Series(["zero", "one", "two"]), pd.Series({"a": 1.5, "b": -0.0})
    for df in (dd.from_pandas(frame, npartitions=2), cut(frame, [0, 0, 1, 3, 5])):
        assert_eq(df.k.map(names), frame.k.map(names))
        assert_eq(df.s.map(worth), frame.s.map(worth))
        assert_eq(df.s.map(worth, na_action="ignore"), frame.s.map(worth, na_action="ignore"))
        assert_eq(df.k.map(dd.from_pandas(names, npartitions=2)), frame.k.map(names))


@pytest.mark.parametrize(
    ("zone", "engine"),
    [
        ("UTC", "pyarrow"),
        ("Europe/Berlin", "pyarrow"),
        ("Europe/Berlin", "fastparquet"),
        ("America/St_Johns", "pyarrow"),
        (None, "fastparquet"),
    ],
)
def test_time_zones(tmp_path: Path, zone: str | None, engine: str) -> None:
    rng = np.random.default_rng(0)
    times = pd.Series(pd.date_range("2020-03-28", periods=90, freq="47min", unit="us")).sample(frac=1, random_state=0)
    frame = pd.DataFrame({"t": times.dt.tz_localize("UTC").dt.tz_convert(zone), "x": rng.random(90)}).reset_index(
        drop=True
    )
    ordered = frame.set_index("t").sort_index(kind="stable")
    df = cut(frame, [0, 0, 30, 31, 90]).set_index("t", npartitions=4)
    assert_eq(df, ordered)
    for label in ("2020-03-29", "2020-03-29 05", "2020-03"):
        assert_eq(df.loc[label], ordered.loc[label])
    between = slice(ordered.index[7], ordered.index[50])
    assert_eq(df.loc[between], ordered.loc[between])
    df.to_parquet(tmp_path)
    back = dd.read_parquet(tmp_path, engine=engine, calculate_divisions=True)
    assert back.known_divisions
    assert_eq(back, ordered)
    assert_eq(back.loc["2020-03-29"], ordered.loc["2020-03-29"])
    # Without a name the index is another column of the files.
    df.rename_axis(index=None).to_parquet(tmp_path / "unnamed")
    assert_eq(dd.read_parquet(tmp_path / "unnamed", engine=engine), ordered.rename_axis(None))


@pytest.mark.parametrize("keep", ["first", "last", False])
@pytest.mark.parametrize("count", [1, 2, 7, 128])
def test_drop_duplicates_keeps_which(keep: Any, count: int) -> None:
    df = dd.from_pandas(SIDES, npartitions=count)
    for subset in (["k"], ["s"], ["k", "s"]):
        assert_eq(
            df.drop_duplicates(subset, keep=keep).compute(scheduler="sync"), SIDES.drop_duplicates(subset, keep=keep)
        )


NAMES = pd.DataFrame(np.arange(40).reshape(10, 4) % 7, columns=pd.Index([0, ("t", 1), 2.5, "s"], dtype="object"))
ALIKE = pd.DataFrame(np.arange(30).reshape(10, 3) % 7, columns=["a", "b", "a"])


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f[f[0] > 1][[("t", 1)]],
        lambda f: f.groupby(0)[2.5].sum(),
        lambda f: f.groupby([("t", 1), "s"]).sum(),
        lambda f: f.set_index(2.5).sort_index(kind="stable") if isinstance(f, pd.DataFrame) else f.set_index(2.5),
        lambda f: f.drop_duplicates([0], keep="last"),
        lambda f: f.rename(columns={0: 1}).assign(z=1),
        lambda f: f.describe(),
    ],
)
def test_names_that_are_no_strings(call: Any) -> None:
    assert_eq(call(cut(NAMES, [0, 0, 4, 10])), call(NAMES))


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f["a"],
        lambda f: f[f.b > 2],
        lambda f: f.sum(),
        lambda f: f.cumsum(),
        lambda f: f.rolling(3).sum(),
        lambda f: f.sort_values("b", kind="stable") if isinstance(f, pd.DataFrame) else f.sort_values("b"),
        lambda f: f.drop_duplicates("b"),
        lambda f: f.drop(columns="a"),
        lambda f: f.astype("float32") + 1,
        lambda f: f.shift(2),
        lambda f: f.assign(c=1)[["b", "c"]],
    ],
)
def test_names_that_are_equal(call: Any) -> None:
    assert_eq(call(cut(ALIKE, [0, 0, 4, 10])), call(ALIKE))


def test_joins_beside_names_that_are_equal() -> None:
    right = pd.DataFrame({"b": [1, 2, 4], "w": [1.5, 2.5, 3.5]})
    lazy = cut(ALIKE, [0, 4, 10]).merge(dd.from_pandas(right, npartitions=2), on="b")
    assert_eq(lazy, ALIKE.merge(right, on="b"), check_index=False, check_order=False)
    assert_eq(cut(ALIKE, [0, 4, 10]).shuffle("b"), ALIKE, check_order=False)


EXTENDED = pd.DataFrame(
    {
        "I": pd.array([1, None, 3, 1, None, 2] * 4, dtype="Int64"),
        "B": pd.array([True, None, False] * 8, dtype="boolean"),
        "F": pd.array([0.5, None, 1.5, -0.0] * 6, dtype="Float64"),
        "n": np.arange(24) % 5,
    }
)


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f.sum(),
        lambda f: f.groupby("I", dropna=False)[["F", "n"]].mean(),
        lambda f: f.groupby("B")[["I"]].sum(),
        lambda f: f.groupby("n")[["I", "F"]].agg(["min", "max", "count", "std"]),
        lambda f: f[f.I > 1],
        lambda f: f[f.B],
        lambda f: f[~f.B | f.I.isna()],
        lambda f: (
            f.sort_values(["I", "F", "n"], kind="stable")
            if isinstance(f, pd.DataFrame)
            else f.sort_values(["I", "F", "n"])
        ),
        lambda f: (
            f.dropna(subset=["I"]).set_index("I").sort_index(kind="stable")
            if isinstance(f, pd.DataFrame)
            else f.dropna(subset=["I"]).set_index("I")
        ),
        lambda f: f.I.value_counts(dropna=False),
        lambda f: f.cumsum()[["I", "F"]],
        lambda f: f.shift(1),
        lambda f: f.I.fillna(0) + f.n,
        lambda f: f.drop_duplicates(["I", "B"]),
        lambda f: f.isna().sum(),
        lambda f: f.nunique(),
        lambda f: f.nlargest(4, "F"),
        lambda f: f.I.isin([1, None]),
        lambda f: f.B.any(),
    ],
)
def test_extension_dtypes(call: Any) -> None:
    for df in (cut(EXTENDED, [0, 0, 1, 2, 9, 9, 24]), dd.from_pandas(EXTENDED, npartitions=3)):
        assert_eq(call(df), call(EXTENDED))


@pytest.mark.parametrize("count", [1, 3, 60])
def test_order_where_pandas_promises_it(count: int) -> None:
    df = dd.from_pandas(SIDES, npartitions=count)
    pairs = [
        (df.sort_values("i"), SIDES.sort_values("i", kind="stable")),
        (df.sort_values(["s", "k"], ascending=[False, True]), SIDES.sort_values(["s", "k"], ascending=[False, True])),
        (df.set_index("i"), SIDES.set_index("i").sort_index(kind="stable")),
        (df.groupby("s", sort=False).x.sum(), SIDES.groupby("s", sort=False).x.sum()),
        (df.s.value_counts(), SIDES.s.value_counts()),
        (df.i.value_counts(), SIDES.i.value_counts()),
        (df.i.unique().to_frame(), pd.DataFrame({"i": SIDES.i.unique()})),
        (df.drop_duplicates(["i", "s"]), SIDES.drop_duplicates(["i", "s"])),
        (df.groupby("i").head(2), SIDES.groupby("i").head(2)),
        (df.groupby("i").x.shift(1), SIDES.groupby("i").x.shift(1)),
        *[(df.nlargest(5, "i", keep=keep), SIDES.nlargest(5, "i", keep=keep)) for keep in ("first", "last", "all")],
        (df.merge(LOOKED_UP[["k", "w"]], on="k", how="left"), SIDES.merge(LOOKED_UP[["k", "w"]], on="k", how="left")),
    ]
    for lazy, expected in pairs:
        named = isinstance(expected.index, pd.RangeIndex)
        assert_eq(lazy.compute(scheduler="sync"), expected, check_index=not named)
