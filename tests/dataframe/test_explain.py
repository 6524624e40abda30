"""Plans in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask.dataframe.explain import plan_text


@pytest.fixture
def df():
    frame = pd.DataFrame({"x": [1, 2, 3], "y": [1.0, 2.0, np.nan], "s": list("aba")})
    return dd.from_pandas(frame, npartitions=2)


def lines(collection):
    return [line[4:].rsplit("  ", 1)[0].rstrip() for line in plan_text(collection.dask).splitlines()]


def test_expressions_stand_where_they_are_used(df):
    found = df[(df["x"] > 1) & ~df["s"].isin(["a"])]
    assert lines(found)[1:] == ["keep rows of 1 where (x > 1) & ~s.isin(['a'])"]
    assert lines(df.assign(z=df["y"] / 2 - df["x"]))[1:] == ["set z = (y / 2) - x of 1"]


def test_steps(df):
    assert lines(df[["x", "y"]].rename(columns={"x": "a"}))[1:] == ["take columns x, y of 1", "rename x to a of 2"]
    assert lines(df["x"])[1:] == ["take column x of 1"]
    assert lines(df["x"] + 1)[1:] == ["add: 1.x + 1"]
    assert lines(df["s"].str.upper().to_frame())[-1].startswith("to_frame of")
    assert lines(df["x"].sum())[-1] == "sum: combine the parts of 2"
    assert lines(df.partitions[1])[1:] == ["take partitions 1 of 1"]
    assert lines(dd.concat([df, df]))[1].startswith("partitions of 1")


def test_columns_of_other_frames_carry_their_number(df):
    some = df[df["x"] > 1]
    assert lines(some.assign(z=df["y"]))[2] == "set z = 1.y of 2"


def test_long_lists_and_deep_expressions_are_cut_short(df):
    wide = df.assign(**{f"c{n}": n for n in range(20)})
    assert lines(wide)[1].endswith("c11 = 11, … (20) of 1")
    deep = df["x"]
    for _ in range(3000):
        deep = deep + 1
    assert "…" in lines(df[deep > 0])[1]


def test_readers_say_what_they_read(tmp_path, df):
    df.to_parquet(tmp_path / "data")
    lazy = dd.read_parquet(tmp_path / "data", filters=[[("x", ">", 1), ("s", "==", "a")], [("y", "<", 0.5)]])
    assert lines(lazy[["x"]])[0] == "read parquet: x, y, s where (x > 1 and s == 'a' or y < 0.5)"


def test_what_was_written_and_what_will_run(tmp_path, df, capsys):
    df.to_parquet(tmp_path / "data")
    lazy = dd.read_parquet(tmp_path / "data")
    total = lazy[lazy["x"] > 1]["y"].sum()
    assert total.pprint() is None
    written = capsys.readouterr().out
    assert written == plan_text(total.dask) + "\n"
    assert total.explain() is None
    said = capsys.readouterr().out
    assert "As written, 13 tasks:\n" + written in said
    assert "As it will run, 3 tasks:\n 1  read parquet: y where x > 1" in said
    with minidask.config.set(dataframe_optimize=lambda graph, keys: dict(graph)):
        total.explain()
    assert "tasks that a rewrite of your own has made" in capsys.readouterr().out
