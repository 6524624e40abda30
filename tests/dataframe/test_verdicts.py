import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.dataframe.testing import assert_eq
from minidask.dataframe.verdicts import judged

FRAME = pd.DataFrame({"x": range(6), "y": 1})


def size(part):
    return len(part)


def too_many(sizes):
    return ValueError(f"{sum(sizes)} rows") if sum(sizes) > 5 else None


def verdict_on(df):
    return reduce_partitions("sizes", [df], size, sum, too_many, True, "rows", uses=frozenset())


def test_rows_pass_where_all_is_right():
    df = dd.from_pandas(FRAME.iloc[:5], npartitions=3)
    assert_eq(judged(df, verdict_on(df)), FRAME.iloc[:5])
    assert_eq(judged(df, verdict_on(df))[["y"]], FRAME.iloc[:5][["y"]])


def test_the_last_partition_raises_the_error():
    df = dd.from_pandas(FRAME, npartitions=3)
    rows = judged(df, verdict_on(df))
    assert rows.divisions == df.divisions
    assert len(rows.partitions[1].compute()) == 2
    for part in (rows, rows["x"], rows.partitions[2]):
        with pytest.raises(ValueError, match="6 rows"):
            part.compute()
