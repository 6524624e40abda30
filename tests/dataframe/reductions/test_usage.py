from __future__ import annotations

import io

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype().set_index("i")
CUT = [dd.from_pandas(FRAME, npartitions=n, sort=False) for n in (1, 3)]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("index", [False, True])
def test_memory_usage(index, deep):
    frame = FRAME[["f", "b", "I"]]
    for df in CUT:
        assert_eq(df[["f", "b", "I"]].memory_usage(index=index, deep=deep), frame.memory_usage(index=index, deep=deep))
        assert_eq(df["f"].memory_usage(index=index, deep=deep), frame["f"].memory_usage(index=index, deep=deep))


def test_of_the_index():
    for df in CUT:
        assert_eq(df.index.memory_usage(), FRAME.index.memory_usage())
        assert_eq(df.index.nbytes, FRAME.index.nbytes)


def test_nbytes():
    for df in CUT:
        assert_eq(df["f"].nbytes, FRAME["f"].nbytes)
        assert_eq(df[["f", "I"]].nbytes, FRAME["f"].nbytes + FRAME["I"].nbytes)


def test_per_partition():
    df = CUT[1][["f"]]
    parts = [df.get_partition(at).compute().memory_usage(index=False).sum() for at in range(3)]
    assert_eq(df.memory_usage_per_partition(index=False), pd.Series(parts))
    assert_eq(df["f"].memory_usage_per_partition(index=False), pd.Series(parts))
    assert df.index.memory_usage_per_partition().compute().sum() == FRAME.index.nbytes


def printed(df, **kwargs) -> str:
    buffer = io.StringIO()
    df.info(buf=buffer, **kwargs)
    return buffer.getvalue()


def test_info_reads_no_data(capsys):
    df = dd.from_map(broken, [1, 2], meta=pd.DataFrame({"x": [1], "s": ["a"], "y": [2]}))
    df.info()
    assert capsys.readouterr().out == (
        "<class 'minidask.dataframe.frame.DataFrame'>\nColumns: 3 entries, x to y\ndtypes: int64(2), str(1)\n"
    )
    assert printed(df["x"]) == "<class 'minidask.dataframe.series.Series'>\nSeries name: x\ndtypes: int64(1)\n"


def broken(part):
    raise OSError("not to be read")


def test_all_of_info():
    df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3], "text": ["a", None, "b"]}, index=[4, 5, 6]), npartitions=2)
    text = printed(df, verbose=True, memory_usage=True)
    assert text.splitlines()[:-1] == [
        "<class 'minidask.dataframe.frame.DataFrame'>",
        "Index: 3 entries, 2 partitions, 4 to 6",
        "Data columns (total 2 columns):",
        " #    Column  Non-Null Count  Dtype",
        "---  ------  --------------  -----",
        " 0    x       3 non-null      int64",
        " 1    text    2 non-null      str",
        "dtypes: int64(1), str(1)",
    ]
    assert text.splitlines()[-1].startswith("memory usage: ")
    assert "2 non-null" in printed(df["text"], verbose=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda df: df.memory_usage(deep="yes"), "deep must be True or False"),
        (lambda df: df.info(verbose=2), "verbose must be True or False"),
        (lambda df: df.info(memory_usage="shallow"), "memory_usage must be True or False"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(cuttings(FRAME.reset_index())[1])
