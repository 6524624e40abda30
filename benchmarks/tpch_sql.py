"""The queries of ``bench_tpch`` in the SQL that both polars and duckdb understand: explicit joins, no correlated subqueries.

Place: beside the same queries for dataframes, with the same columns in the answers, so that these can be compared.
"""

from __future__ import annotations

__all__ = ["SQL"]

SQL = {
    1: """
        select l_returnflag, l_linestatus, sum(l_quantity) as a, avg(l_quantity) as b, sum(l_extendedprice) as c,
               avg(l_extendedprice) as d, sum(l_extendedprice * (1 - l_discount)) as e,
               sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as f, avg(l_discount) as g, count(l_orderkey) as h
        from lineitem where l_shipdate <= '1998-09-02'::timestamp
        group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus
    """,
    3: """
        select l_orderkey, revenue, o_shippriority from (
            select l_orderkey, o_orderdate, o_shippriority, sum(l_extendedprice * (1 - l_discount)) as revenue
            from customer join orders on c_custkey = o_custkey join lineitem on o_orderkey = l_orderkey
            where c_mktsegment = 'BUILDING' and o_orderdate < '1995-03-15'::timestamp
              and l_shipdate > '1995-03-15'::timestamp
            group by l_orderkey, o_orderdate, o_shippriority
            order by revenue desc, o_orderdate limit 10) as best
    """,
    5: """
        select n_name, sum(l_extendedprice * (1 - l_discount)) as revenue
        from region join nation on r_regionkey = n_regionkey join customer on n_nationkey = c_nationkey
        join orders on c_custkey = o_custkey join lineitem on o_orderkey = l_orderkey
        join supplier on l_suppkey = s_suppkey and n_nationkey = s_nationkey
        where r_name = 'ASIA' and o_orderdate >= '1994-01-01'::timestamp and o_orderdate < '1995-01-01'::timestamp
        group by n_name order by revenue desc
    """,
    6: """
        select sum(l_extendedprice * l_discount) as revenue from lineitem
        where l_shipdate >= '1994-01-01'::timestamp and l_shipdate < '1995-01-01'::timestamp
          and l_discount >= 0.05::double and l_discount <= 0.07::double and l_quantity < 24
    """,
    9: """
        select n_name, extract(year from o_orderdate) as o_year,
               sum(l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity) as amount
        from part join partsupp on p_partkey = ps_partkey join supplier on ps_suppkey = s_suppkey
        join lineitem on ps_partkey = l_partkey and ps_suppkey = l_suppkey
        join orders on l_orderkey = o_orderkey join nation on s_nationkey = n_nationkey
        where p_name like '%green%' group by n_name, extract(year from o_orderdate) order by n_name, o_year desc
    """,
    10: """
        select c_custkey, c_name, revenue from (
            select c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment,
                   sum(l_extendedprice * (1 - l_discount)) as revenue
            from lineitem join orders on l_orderkey = o_orderkey join customer on o_custkey = c_custkey
            join nation on c_nationkey = n_nationkey
            where o_orderdate >= '1993-10-01'::timestamp and o_orderdate < '1994-01-01'::timestamp
              and l_returnflag = 'R'
            group by c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment
            order by revenue desc, c_custkey limit 20) as best
    """,
    12: """
        select l_shipmode,
               sum(case when o_orderpriority in ('1-URGENT', '2-HIGH') then 1 else 0 end) as high,
               sum(case when o_orderpriority in ('1-URGENT', '2-HIGH') then 0 else 1 end) as low
        from orders join lineitem on o_orderkey = l_orderkey
        where l_shipmode in ('MAIL', 'SHIP') and l_commitdate < l_receiptdate and l_shipdate < l_commitdate
          and l_receiptdate >= '1994-01-01'::timestamp and l_receiptdate < '1995-01-01'::timestamp
        group by l_shipmode order by l_shipmode
    """,
    14: """
        select 100 * sum(case when p_type like 'PROMO%' then l_extendedprice * (1 - l_discount) else 0.0::double end)
                   / sum(l_extendedprice * (1 - l_discount)) as share
        from lineitem join part on l_partkey = p_partkey
        where l_shipdate >= '1995-09-01'::timestamp and l_shipdate < '1995-10-01'::timestamp
    """,
    18: """
        select c_name, c_custkey, o_orderkey, o_totalprice, pieces
        from orders join (select l_orderkey, sum(l_quantity) as pieces from lineitem group by l_orderkey) as sums
        on o_orderkey = l_orderkey join customer on o_custkey = c_custkey
        where pieces > 300 order by o_totalprice desc, o_orderkey limit 100
    """,
    21: """
        select s_name, count(*) as waited
        from lineitem join supplier on l_suppkey = s_suppkey join nation on s_nationkey = n_nationkey
        join orders on l_orderkey = o_orderkey
        join (select l_orderkey as of_several, count(distinct l_suppkey) as suppliers from lineitem
              group by l_orderkey) as several on l_orderkey = of_several
        join (select l_orderkey as of_alone, count(distinct l_suppkey) as late from lineitem
              where l_receiptdate > l_commitdate group by l_orderkey) as alone on l_orderkey = of_alone
        where l_receiptdate > l_commitdate and o_orderstatus = 'F' and n_name = 'SAUDI ARABIA'
          and suppliers > 1 and late = 1
        group by s_name order by waited desc, s_name limit 100
    """,
}
"""SQL of each query, by its number in the standard."""
