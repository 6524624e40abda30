"""Ten queries of TPC-H on parquet: dataframes on threads and on two worker processes, with polars and duckdb for the distance.

A query is written once for every library with the interface of dataframes (`QUERIES`), and once in SQL (``tpch_sql``) for polars
and duckdb. All read the same files, by each library's defaults; the rows of the answers are compared. The scale factor is 1, and
0.1 for ``--small``; the environment variable ``BENCHMARKS_TPCH_SCALE`` sets another.

Limits: those of the joins that an optimiser can plan well are two thirds of dask's time, those of the plain aggregations a tenth
below it, and all are two thirds of its time on a cluster.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from benchmarks.clusters import local
from benchmarks.tpch_data import TABLES, tables
from benchmarks.tpch_sql import SQL
from benchmarks.workload import size, workload

FRAMES = ("minidask", "dask")
CLUSTERS = ("minidask", "distributed")


def scale() -> float:
    """Return the scale factor: 1 is a gigabyte of text, six million lines."""
    return float(os.environ.get("BENCHMARKS_TPCH_SCALE") or size(10, 1) / 10)


class Tables:
    """The tables of a scale factor, each read when it is asked for by name."""

    def __init__(self, dd: ModuleType) -> None:
        self.dd = dd
        self.folder = tables(scale())

    def __getattr__(self, name: str) -> Any:
        if name not in TABLES:
            raise AttributeError(f"TPC-H has no table {name!r}")
        return self.dd.read_parquet(str(self.folder / name))


def day(text: str) -> Any:
    """Return a date as dataframes compare them."""
    import pandas as pd

    return pd.Timestamp(text)


def q1(t: Tables) -> Any:
    """Pricing summary: sums and means of nearly all lines by two flags."""
    lines = t.lineitem
    lines = lines[lines.l_shipdate <= day("1998-09-02")]
    lines["disc_price"] = lines.l_extendedprice * (1 - lines.l_discount)
    lines["charge"] = lines.disc_price * (1 + lines.l_tax)
    sums = lines.groupby(["l_returnflag", "l_linestatus"]).agg(
        {
            "l_quantity": ["sum", "mean"],
            "l_extendedprice": ["sum", "mean"],
            "disc_price": "sum",
            "charge": "sum",
            "l_discount": "mean",
            "l_orderkey": "count",
        }
    )
    return sums.compute().sort_index().reset_index()


def q3(t: Tables) -> Any:
    """Shipping priority: the ten orders of most value that aren't shipped yet."""
    customers, orders, lines = t.customer, t.orders, t.lineitem
    customers = customers[customers.c_mktsegment == "BUILDING"]
    orders = orders[orders.o_orderdate < day("1995-03-15")]
    lines = lines[lines.l_shipdate > day("1995-03-15")]
    both = customers.merge(orders, left_on="c_custkey", right_on="o_custkey")
    both = both.merge(lines, left_on="o_orderkey", right_on="l_orderkey")
    both["revenue"] = both.l_extendedprice * (1 - both.l_discount)
    groups = both.groupby(["l_orderkey", "o_orderdate", "o_shippriority"]).revenue.sum().compute().reset_index()
    best = groups.sort_values(["revenue", "o_orderdate"], ascending=[False, True]).head(10)
    return best[["l_orderkey", "revenue", "o_shippriority"]]


def q5(t: Tables) -> Any:
    """Local supplier volume: six tables joined, then the revenue by nation."""
    region, orders, nation = t.region, t.orders, t.nation
    region = region[region.r_name == "ASIA"]
    orders = orders[(orders.o_orderdate >= day("1994-01-01")) & (orders.o_orderdate < day("1995-01-01"))]
    both = region.merge(nation, left_on="r_regionkey", right_on="n_regionkey")
    both = both.merge(t.customer, left_on="n_nationkey", right_on="c_nationkey")
    both = both.merge(orders, left_on="c_custkey", right_on="o_custkey")
    both = both.merge(t.lineitem, left_on="o_orderkey", right_on="l_orderkey")
    both = both.merge(t.supplier, left_on=["l_suppkey", "n_nationkey"], right_on=["s_suppkey", "s_nationkey"])
    both["revenue"] = both.l_extendedprice * (1 - both.l_discount)
    return both.groupby("n_name").revenue.sum().compute().sort_values(ascending=False).reset_index()


def q6(t: Tables) -> Any:
    """Forecast of revenue: a filter of four columns and one sum."""
    lines = t.lineitem
    wanted = (
        (lines.l_shipdate >= day("1994-01-01"))
        & (lines.l_shipdate < day("1995-01-01"))
        & (lines.l_discount >= 0.05)
        & (lines.l_discount <= 0.07)
        & (lines.l_quantity < 24)
    )
    lines = lines[wanted]
    return (lines.l_extendedprice * lines.l_discount).sum().compute()


def q9(t: Tables) -> Any:
    """Profit on parts of one colour, by nation and year."""
    part = t.part
    part = part[part.p_name.str.contains("green")]
    both = part.merge(t.partsupp, left_on="p_partkey", right_on="ps_partkey")
    both = both.merge(t.supplier, left_on="ps_suppkey", right_on="s_suppkey")
    both = both.merge(
        t.lineitem, left_on=["ps_partkey", "ps_suppkey"], right_on=["l_partkey", "l_suppkey"], how="inner"
    )
    both = both.merge(t.orders, left_on="l_orderkey", right_on="o_orderkey")
    both = both.merge(t.nation, left_on="s_nationkey", right_on="n_nationkey")
    both["o_year"] = both.o_orderdate.dt.year
    both["amount"] = both.l_extendedprice * (1 - both.l_discount) - both.ps_supplycost * both.l_quantity
    groups = both.groupby(["n_name", "o_year"]).amount.sum().compute().reset_index()
    return groups.sort_values(["n_name", "o_year"], ascending=[True, False])


def q10(t: Tables) -> Any:
    """Returned items: the twenty customers who sent back most."""
    orders, lines = t.orders, t.lineitem
    orders = orders[(orders.o_orderdate >= day("1993-10-01")) & (orders.o_orderdate < day("1994-01-01"))]
    lines = lines[lines.l_returnflag == "R"]
    both = lines.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    both = both.merge(t.customer, left_on="o_custkey", right_on="c_custkey")
    both = both.merge(t.nation, left_on="c_nationkey", right_on="n_nationkey")
    both["revenue"] = both.l_extendedprice * (1 - both.l_discount)
    keys = ["c_custkey", "c_name", "c_acctbal", "c_phone", "n_name", "c_address", "c_comment"]
    groups = both.groupby(keys).revenue.sum().compute().reset_index()
    return groups.sort_values(["revenue", "c_custkey"], ascending=[False, True]).head(20)[
        ["c_custkey", "c_name", "revenue"]
    ]


def q12(t: Tables) -> Any:
    """Shipping modes: late lines of two modes, by the priority of their orders."""
    lines = t.lineitem
    lines = lines[
        lines.l_shipmode.isin(["MAIL", "SHIP"])
        & (lines.l_commitdate < lines.l_receiptdate)
        & (lines.l_shipdate < lines.l_commitdate)
        & (lines.l_receiptdate >= day("1994-01-01"))
        & (lines.l_receiptdate < day("1995-01-01"))
    ]
    both = t.orders.merge(lines, left_on="o_orderkey", right_on="l_orderkey")
    both["high"] = both.o_orderpriority.isin(["1-URGENT", "2-HIGH"]).astype("int64")
    both["low"] = 1 - both.high
    return both.groupby("l_shipmode")[["high", "low"]].sum().compute().sort_index().reset_index()


def q14(t: Tables) -> Any:
    """Promotion effect: the share of parts of one type in a month's revenue."""
    lines = t.lineitem
    lines = lines[(lines.l_shipdate >= day("1995-09-01")) & (lines.l_shipdate < day("1995-10-01"))]
    both = lines.merge(t.part, left_on="l_partkey", right_on="p_partkey")
    both["revenue"] = both.l_extendedprice * (1 - both.l_discount)
    promoted = both.revenue.where(both.p_type.str.startswith("PROMO"), 0.0).sum()
    return (100 * promoted / both.revenue.sum()).compute()


def q18(t: Tables) -> Any:
    """Large volume customers: orders of more than 300 pieces."""
    lines, orders = t.lineitem, t.orders
    sums = lines.groupby("l_orderkey").l_quantity.sum().reset_index()
    sums = sums[sums.l_quantity > 300]
    both = orders.merge(sums, left_on="o_orderkey", right_on="l_orderkey")
    both = both.merge(t.customer, left_on="o_custkey", right_on="c_custkey").compute()
    best = both.sort_values(["o_totalprice", "o_orderkey"], ascending=[False, True]).head(100)
    return best[["c_name", "c_custkey", "o_orderkey", "o_totalprice", "l_quantity"]]


def q21(t: Tables) -> Any:
    """Suppliers who kept orders waiting: those alone late in an order of several."""
    lines, orders, supplier, nation = t.lineitem, t.orders, t.supplier, t.nation
    late = lines[lines.l_receiptdate > lines.l_commitdate]
    several = lines.groupby("l_orderkey").l_suppkey.nunique().reset_index().rename(columns={"l_suppkey": "suppliers"})
    several = several[several.suppliers > 1]
    alone = late.groupby("l_orderkey").l_suppkey.nunique().reset_index().rename(columns={"l_suppkey": "late"})
    alone = alone[alone.late == 1]
    orders = orders[orders.o_orderstatus == "F"]
    nation = nation[nation.n_name == "SAUDI ARABIA"]
    both = late.merge(supplier, left_on="l_suppkey", right_on="s_suppkey")
    both = both.merge(nation, left_on="s_nationkey", right_on="n_nationkey")
    both = both.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    both = both.merge(several, on="l_orderkey").merge(alone, on="l_orderkey")
    counts = both.groupby("s_name").size().compute().rename("waited").reset_index()
    return counts.sort_values(["waited", "s_name"], ascending=[False, True]).head(100)


QUERIES: dict[int, Callable[[Tables], Any]] = {
    1: q1, 3: q3, 5: q5, 6: q6, 9: q9, 10: q10, 12: q12, 14: q14, 18: q18, 21: q21,
}  # fmt: skip
LIMITS = {3: 1 / 1.5, 5: 1 / 1.5, 1: 1 / 1.1, 6: 1 / 1.1, 18: 1 / 1.1}


def rows(answer: Any) -> list[list[Any]]:
    """Return the rows of an answer, be it a frame of pandas, a list of tuples or a single number; all numbers are floats.

    >>> rows([("x", 1, 2.5)]), rows(3)
    ([['x', 1.0, 2.5]], [[3.0]])
    """
    if hasattr(answer, "itertuples"):
        answer = answer.itertuples(index=False, name=None)
    elif not isinstance(answer, list):
        answer = [(answer,)]
    return [[value if isinstance(value, str) else float(value) for value in row] for row in answer]


def declare(number: int) -> None:
    """Declare the workloads of one query."""
    about = (QUERIES[number].__doc__ or "").strip(".")
    alone = workload(f"tpch-q{number}", about, limit={"dask": LIMITS.get(number, 1.0)})
    cluster = workload(f"tpch-cluster-q{number}", f"{about}; on two processes", limit=1 / 1.5)

    def on_threads(library: str) -> None:
        @alone.case(library)
        def _() -> Any:
            dd = importlib.import_module(f"{library}.dataframe")
            frames = Tables(dd)
            return lambda: rows(QUERIES[number](frames))

    def on_cluster(library: str) -> None:
        @cluster.case(library)
        def _() -> Iterator[Any]:
            package = "minidask" if library == "minidask" else "dask"
            with local(library):
                frames = Tables(importlib.import_module(f"{package}.dataframe"))
                yield lambda: rows(QUERIES[number](frames))

    for library in FRAMES:
        on_threads(library)
    for library in CLUSTERS:
        on_cluster(library)

    @alone.case("polars")
    def _() -> Any:
        import polars

        folder = tables(scale())
        context = polars.SQLContext({name: polars.scan_parquet(folder / name / "*.parquet") for name in TABLES})
        return lambda: rows(context.execute(SQL[number], eager=True).rows())

    @alone.case("duckdb")
    def _() -> Any:
        import duckdb

        folder = tables(scale())
        connection = duckdb.connect()
        for name in TABLES:
            connection.execute(f"create view {name} as select * from read_parquet('{folder / name}/*.parquet')")
        return lambda: rows(connection.execute(SQL[number]).fetchall())


for _number in QUERIES:
    declare(_number)
