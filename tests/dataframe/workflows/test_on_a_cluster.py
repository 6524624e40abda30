"""Every family of operations on two worker processes: what pandas gives, and the same bits as on threads, in the same order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minidask.dataframe as dd
import tests.dataframe.frames
from minidask.collection import compute
from minidask.dataframe.testing import assert_eq
from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster
from tests.dataframe.frames import cut, every_dtype
from tests.dataframe.workflows.test_chains import check_a_chain, slowly

# Workers don't import from this folder.
for module in (sys.modules[__name__], tests.dataframe.frames):
    cloudpickle.register_pickle_by_value(module)

pytestmark = [pytest.mark.slow, pytest.mark.network]

ROWS = 90
FRAME = every_dtype(ROWS, 5).assign(
    z=np.where(np.arange(ROWS) % 4 == 0, -0.0, np.where(np.arange(ROWS) % 4 == 1, 0.0, np.nan)),
    at=pd.date_range("2020-03-28", periods=ROWS, freq="37min", tz="Europe/Berlin"),
)
TIMED = FRAME.set_index("at")[["i", "f", "g"]]
SMALL = pd.DataFrame({"i": [-3, -1, 0, 0, 2, 9], "name": list("abcdef")})
KEYED = pd.DataFrame({"z": [0.0, np.nan, 1.0], "s": ["x", None, "x"], "w": [1, 2, 3]})
NUMBERS = ["i", "f", "g", "I"]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as made,
    ):
        yield made


class Case(NamedTuple):
    """What is called on a collection and on pandas's frame alike, or ``eager`` on the latter; which promises pandas makes."""

    lazy: Callable[[Any], Any]
    eager: Callable[[Any], Any] | None = None
    frame: pd.DataFrame = FRAME
    order: bool = True
    index: bool = True


def parts_of(frame: pd.DataFrame) -> Any:
    """Partitions some of which are empty, the first one too; of known divisions where the index is in order of time."""
    if isinstance(frame.index, pd.DatetimeIndex):
        return dd.from_pandas(frame, npartitions=6)
    rows = len(frame)
    return cut(frame, [0, 0, rows // 5, rows // 3, rows // 3, rows // 2, rows - 1, rows, rows])


def stable(by: Any, **more: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda f: f.sort_values(by, kind="stable", **more)


def lazily(frame: pd.DataFrame, npartitions: int = 3) -> Any:
    return dd.from_pandas(frame, npartitions=npartitions, sort=False)


CASES = {
    "filters": Case(lambda f: f[(f.f > 0) | f.s.isna()]),
    "assign and map": Case(lambda f: f.assign(m=f.i.map({0: "a", 1: "b"}), n=f.g.map(pd.Series([1.5, 2.5, 3.5])))),
    "accessors": Case(lambda f: f.assign(u=f.s.str.upper(), h=f["at"].dt.hour)),
    "apply to rows": Case(
        lambda f: f.apply(lambda row: row["i"] + 1, axis=1, meta=(None, "int64")), lambda f: (f.i + 1).rename(None)
    ),
    "set_index": Case(lambda f: f.set_index("d"), lambda f: f.set_index("d").sort_index(kind="stable")),
    "set_index of texts": Case(
        lambda f: f.dropna(subset=["s"]).set_index("s", npartitions=3),
        lambda f: f.dropna(subset=["s"]).set_index("s").sort_index(kind="stable"),
    ),
    "sort_values": Case(
        lambda f: f.sort_values(["g", "f"], ascending=[False, True], na_position="first"),
        stable(["g", "f"], ascending=[False, True], na_position="first"),
    ),
    "sort_values of categories": Case(lambda f: f.sort_values("c"), stable("c")),
    "repartition": Case(lambda f: f.repartition(npartitions=3), lambda f: f),
    "repartition by size": Case(lambda f: f.repartition(partition_size="2kB"), lambda f: f),
    "shuffle": Case(lambda f: f.shuffle(["g", "s"], npartitions=5), lambda f: f, order=False),
    "merge with pandas": Case(lambda f: f.merge(SMALL, on="i", how="left"), order=False, index=False),
    "merge by partitions": Case(
        lambda f: f.merge(lazily(SMALL), on="i", how="outer"), lambda f: f.merge(SMALL, on="i", how="outer"),
        order=False, index=False,
    ),
    "merge on missing keys": Case(
        lambda f: f.merge(lazily(KEYED), on=["z", "s"], shuffle_method="tasks"), lambda f: f.merge(KEYED, on=["z", "s"]),
        order=False, index=False,
    ),
    "merge with itself": Case(lambda f: f.merge(f[["I", "b"]].drop_duplicates(), on="I"), order=False, index=False),
    "join by index": Case(lambda f: f.join(f[["g"]].shift(1).add_suffix("_before")), frame=TIMED),
    "merge_asof": Case(
        lambda f: dd.merge_asof(f, lazily(TIMED.iloc[::7][["g"]].add_suffix("_r")), left_index=True, right_index=True)
        if isinstance(f, dd.DataFrame)
        else pd.merge_asof(f, TIMED.iloc[::7][["g"]].add_suffix("_r"), left_index=True, right_index=True),
        frame=TIMED,
    ),
    "concat": Case(lambda f: (dd if isinstance(f, dd.DataFrame) else pd).concat([f, f[f.i > 0]])),
    "groupby": Case(lambda f: f.groupby("s", dropna=False)[NUMBERS].agg(["sum", "mean", "count"])),
    "groupby by signed zeros": Case(lambda f: f.groupby("z", dropna=False)[NUMBERS].max()),
    "groupby with split_out": Case(
        lambda f: f.groupby(["g", "s"])[NUMBERS].sum(split_out=4), lambda f: f.groupby(["g", "s"])[NUMBERS].sum()
    ),
    "groupby categories": Case(lambda f: f.groupby("c", observed=False)[NUMBERS].var()),
    "groupby median": Case(lambda f: f.groupby("g")[["f", "i"]].median()),
    "groupby nunique": Case(lambda f: f.groupby("g")["s"].nunique()),
    "groupby apply": Case(
        lambda f: f.groupby("g")[["i", "f"]].apply(lambda part: part.sum(), **(
            {"meta": pd.DataFrame({"i": [0.0], "f": [0.0]}).iloc[:0].rename_axis("g")} if isinstance(f, dd.DataFrame) else {})),
    ),
    "groupby transform": Case(lambda f: f.groupby("g")["f"].transform("mean")),
    "groupby shift": Case(lambda f: f.groupby("s")[["i", "f"]].shift(1)),
    "groupby cumsum": Case(lambda f: f.groupby("g")[["i", "f"]].cumsum()),
    "rolling": Case(lambda f: f.rolling(50, min_periods=1).mean(), frame=TIMED),
    "rolling in time": Case(lambda f: f.rolling("1D").sum(), frame=TIMED),
    "resample": Case(lambda f: f.resample("3h").mean(), frame=TIMED),
    "resample what is left": Case(lambda f: f[f.g == 0].resample("1h").sum(), frame=TIMED),
    "shift, diff, cumsum": Case(lambda f: f.assign(a=f.i.shift(1), b=f.f.diff(3), c=f.g.cumsum()), frame=TIMED),
    "ffill": Case(lambda f: f.ffill()),
    "loc": Case(lambda f: f.loc["2020-03-29":"2020-03-29 12:00"], frame=TIMED),
    "reductions": Case(lambda f: f[NUMBERS].sum()),
    "std": Case(lambda f: f[NUMBERS].std()),
    "quantile": Case(lambda f: f.f.quantile([0.1, 0.5])),
    "describe": Case(lambda f: f[NUMBERS].describe()),
    "describe texts": Case(lambda f: f[["s", "c"]].describe()),
    "corr": Case(lambda f: f[["i", "f", "g"]].corr()),
    "value_counts": Case(lambda f: f.s.value_counts(dropna=False)),
    "unique": Case(lambda f: f.s.unique(), lambda f: pd.Series(f.s.unique(), name="s", dtype="str"), index=False),
    "drop_duplicates": Case(lambda f: f.drop_duplicates(["g", "s"], keep="last")),
    "drop_duplicates in several": Case(
        lambda f: f.drop_duplicates(["g", "s"], split_out=3), lambda f: f.drop_duplicates(["g", "s"]), order=False
    ),
    "nlargest": Case(lambda f: f.nlargest(7, ["g", "i"])),
    "mode": Case(lambda f: f[["g", "s"]].mode()),
    "idxmax": Case(lambda f: f[["i", "f"]].idxmax()),
    "pivot_table": Case(lambda f: f.pivot_table(index="g", columns="c", values="f", aggfunc="mean", observed=False, dropna=False)
        if isinstance(f, pd.DataFrame) else f.pivot_table(index="g", columns="c", values="f", aggfunc="mean")),
    "melt": Case(lambda f: f.melt(id_vars=["g"], value_vars=["i", "f"]), order=False, index=False),
    "get_dummies": Case(lambda f: (dd if isinstance(f, dd.DataFrame) else pd).get_dummies(f[["c", "g"]])),
    "explode": Case(lambda f: f.assign(e=f.s).explode("e")),
    "map_partitions": Case(lambda f: f.map_partitions(lambda part: part.assign(y=part.i * 2)), lambda f: f.assign(y=f.i * 2)),
    "map_overlap": Case(
        lambda f: f.map_overlap(lambda part: part.rolling(3).sum(), 2, 0), lambda f: f.rolling(3).sum(), frame=TIMED
    ),
    "a long way": Case(
        lambda f: f[f.i != 2].merge(SMALL, on="i").groupby("name").f.mean().sort_index(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_family(client: Client, name: str) -> None:
    case = CASES[name]
    lazy = case.lazy(parts_of(case.frame))
    expected = (case.eager or case.lazy)(case.frame)
    there = compute(lazy, scheduler=client)[0]
    options = {"check_order": case.order, "check_index": case.index}
    assert_eq(there, expected, **options)
    here = compute(lazy, scheduler="threads")[0]
    assert_identical(there, here)


def assert_identical(one: Any, other: Any) -> None:
    """Assert that values, index and order are the same, to the last bit."""
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other, check_exact=True)
    else:
        assert one == other


WRITERS: dict[str, tuple[Callable[[Any, str], Any], Callable[[str], Any]]] = {
    "parquet": (lambda f, to: f.to_parquet(to), dd.read_parquet),
    "hive": (lambda f, to: f.to_parquet(to, partition_on=["g"]), dd.read_parquet),
    "fastparquet": (
        lambda f, to: f.to_parquet(to, engine="fastparquet"),
        lambda to: dd.read_parquet(to, engine="fastparquet"),
    ),
    "csv": (lambda f, to: f.to_csv(f"{to}/*.csv", index=False), lambda to: dd.read_csv(f"{to}/*.csv")),
    "one csv": (
        lambda f, to: f.to_csv(f"{to}.csv", single_file=True, index=False),
        lambda to: dd.read_csv(f"{to}.csv"),
    ),
    "json": (lambda f, to: f.to_json(f"{to}/*.json"), lambda to: dd.read_json(f"{to}/*.json")),
    "sql": (
        lambda f, to: f.set_index("i").to_sql("rides", f"sqlite:///{to}.db"),
        lambda to: dd.read_sql_table("rides", f"sqlite:///{to}.db", index_col="i", npartitions=3).reset_index(),
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_written_and_read_there(client: Client, tmp_path: Path, name: str) -> None:
    write, read = WRITERS[name]
    frame = FRAME[["i", "f", "s", "g"]].dropna()
    with client.as_current():
        write(parts_of(frame), str(tmp_path / "d"))
        back = read(str(tmp_path / "d"))
        found = client.gather(client.compute(back))
    by = ["i", "f", "s", "g"]
    found = found.assign(g=found["g"].astype("int64"))[by].sort_values(by).reset_index(drop=True)
    pd.testing.assert_frame_equal(found, frame.sort_values(by).reset_index(drop=True), rtol=1e-9)


def test_overwriting_what_is_read(client: Client, tmp_path: Path) -> None:
    path = str(tmp_path / "d")
    frame = FRAME[["i", "f", "s"]]
    lazily(frame, 4).to_parquet(path)
    df = dd.read_parquet(path)
    df[df.i > 0].to_parquet(path, overwrite=True, compute_kwargs={"scheduler": client})
    assert_eq(dd.read_parquet(path), frame[frame.i > 0])


@settings(max_examples=12, suppress_health_check=slowly)
@given(data=st.data())
def test_a_chain(client: Client, data: st.DataObject) -> None:
    check_a_chain(data, client)
