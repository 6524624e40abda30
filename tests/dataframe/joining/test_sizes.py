from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.joining.sizes import estimate_rows, row_bytes

FRAME = pd.DataFrame({"x": range(20), "y": 1.5})
DF = dd.from_pandas(FRAME, npartitions=4)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (lambda df: df, 20),
        (lambda df: df[df["x"] > 3].assign(z=1)[["z"]], 20),
        (lambda df: df.partitions[:2], 10),
        (lambda df: dd.concat([df, df]), 40),
        (lambda df: df.repartition(npartitions=2), 20),
        (lambda df: df.repartition(npartitions=8), 20),
        (lambda df: df.merge(df, on="x"), 20),
        (lambda df: df.merge(df, how="cross"), 400),
        (lambda df: df.persist(scheduler="sync"), 20),
        (lambda df: dd.from_map(lambda at: FRAME, [1]), None),
        (lambda df: df.sum(), None),
    ],
)
def test_rows(query, rows):
    assert estimate_rows(query(DF)._layer) == rows


def test_rows_of_files(tmp_path):
    DF.to_parquet(tmp_path / "parquet")
    assert estimate_rows(dd.read_parquet(tmp_path / "parquet")._layer) == 20
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    guess = estimate_rows(dd.read_csv(tmp_path / "rows.csv")._layer)
    assert guess is not None
    assert 2 < guess < 200


def test_bytes_of_a_row():
    meta = pd.DataFrame({"i": [1], "s": ["a"], "c": pd.Categorical(["a"]), "b": [True]})
    assert row_bytes(meta) == 8 + 32 + 2 + 1
    assert row_bytes(meta, ["b", "i"]) == 9
    assert row_bytes(meta, []) == 1
