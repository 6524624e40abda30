from __future__ import annotations

import fsspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_hive import key_dtypes, path_keys, split_rows
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

FRAME = pd.DataFrame({"x": range(8), "y": [2015, 2016] * 4, "s": ["a", "b/c", "ü", "01"] * 2})


def in_order(frame, keys):
    return frame.sort_values(keys, kind="stable").reset_index(drop=True)


def test_as_pandas_wrote_it(tmp_path):
    FRAME.to_parquet(tmp_path / "d", partition_cols=["y", "s"])
    # The order of categories is that of listing a directory there, of the values here.
    options = {"check_index": False, "check_categorical": False}
    assert_eq(dd.read_parquet(tmp_path / "d"), pd.read_parquet(tmp_path / "d"), **options)
    for columns in (["y"], ["x"], ["s", "x"], "y", []):
        expected = pd.read_parquet(tmp_path / "d")[columns]
        assert_eq(dd.read_parquet(tmp_path / "d", columns=columns), expected, **options)


def test_pandas_reads_what_is_written(tmp_path):
    df = dd.from_pandas(FRAME, npartitions=3)
    df.to_parquet(tmp_path / "d", partition_on=["y", "s"])
    back = pd.read_parquet(tmp_path / "d")
    pd.testing.assert_frame_equal(back.sort_values("x")[["x"]], FRAME[["x"]], check_names=False)
    actual = dd.read_parquet(tmp_path / "d").compute().sort_index()
    pd.testing.assert_frame_equal(actual, back.sort_index(), check_categorical=False)
    assert (tmp_path / "d" / "y=2016" / "s=b%2Fc" / "part.0.parquet").exists()


@pytest.mark.parametrize("engine", ["pyarrow", "fastparquet"])
@pytest.mark.parametrize("bounds", [[0, 8], [0, 0, 3, 3, 8, 8], [0, 0, 0]])
def test_there_and_back(tmp_path, bounds, engine):
    frame = FRAME.assign(s=FRAME["s"].where(FRAME["x"] != 3))[: bounds[-1]]
    cut(frame, bounds).to_parquet(tmp_path / "d", partition_on=["y", "s"], engine=engine)
    back = dd.read_parquet(tmp_path / "d", engine=engine)
    assert all(isinstance(back.dtypes[key], pd.CategoricalDtype) for key in "ys")
    actual = in_order(back.compute().astype({"y": "int64", "s": "str"}), ["x"])
    pd.testing.assert_frame_equal(actual, in_order(frame, ["x"]))


@pytest.mark.parametrize(
    ("filters", "mask", "files"),
    [
        ([("y", ">", 2015)], FRAME["y"] > 2015, 2),
        ([("s", "==", "ü")], FRAME["s"] == "ü", 1),
        ([("s", "!=", "ü"), ("y", "in", [2015])], (FRAME["s"] != "ü") & (FRAME["y"] == 2015), 1),
        ([[("s", "==", "a")], [("x", ">", 6)]], (FRAME["s"] == "a") | (FRAME["x"] > 6), 2),
        ([("y", "==", 1999)], FRAME["y"] == 1999, 1),
    ],
)
def test_pruned_by_directories(tmp_path, filters, mask, files):
    dd.from_pandas(FRAME, npartitions=1).to_parquet(tmp_path / "d", partition_on=["y", "s"])
    df = dd.read_parquet(tmp_path / "d", filters=filters)
    assert df.npartitions == files
    assert sorted(df["x"].compute()) == FRAME["x"][mask].tolist()


def test_missing_values_are_filtered_as_in_pandas(tmp_path):
    frame = FRAME.assign(y=FRAME["y"].where(FRAME["x"] > 1), s=FRAME["s"].where(FRAME["x"] % 3 > 0))
    dd.from_pandas(frame, npartitions=1).to_parquet(tmp_path / "d", partition_on="s")
    for term, mask in [
        (("s", "!=", "a"), frame["s"] != "a"),
        (("s", "not in", ["a"]), ~frame["s"].isin(["a"])),
        (("s", "in", ["a", None]), frame["s"].isin(["a", None])),
        (("s", "is", None), frame["s"].isna()),
        (("s", "is not", None), frame["s"].notna()),
        (("s", ">", "a"), frame["s"] > "a"),
    ]:
        df = dd.read_parquet(tmp_path / "d", filters=[term])
        assert sorted(df["x"].compute()) == frame["x"][mask].tolist(), term


def test_globs_and_lists_have_the_keys_too(tmp_path):
    dd.from_pandas(FRAME, npartitions=1).to_parquet(tmp_path / "d", partition_on="y")
    files = [tmp_path / "d" / f"y={year}" / "part.0.parquet" for year in (2015, 2016)]
    for path in (files, str(tmp_path / "d" / "*" / "*.parquet")):
        assert_eq(dd.read_parquet(path), dd.read_parquet(tmp_path / "d"))
    assert list(dd.read_parquet(files[0]).columns) == ["x", "s"]


def test_append(tmp_path):
    df = dd.from_pandas(FRAME, npartitions=2)
    df.to_parquet(tmp_path / "d", partition_on="y", write_metadata_file=True)
    more = FRAME.assign(y=2017).set_axis(range(8, 16))
    dd.from_pandas(more, npartitions=1).to_parquet(tmp_path / "d", partition_on=["y"], append=True)
    assert sorted(dd.read_parquet(tmp_path / "d")["x"].compute()) == sorted([*range(8)] * 2)
    assert (tmp_path / "d" / "y=2017" / "part.2.parquet").exists()
    with pytest.raises(ValueError, match=r"its directories have the keys \['y'\], but partition_on is \[\]"):
        dd.from_pandas(more, npartitions=1).to_parquet(tmp_path / "d", append=True)
    with pytest.raises(ValueError, match="holds files of another data set that would stay"):
        df.to_parquet(tmp_path / "d", partition_on="y")
    df.to_parquet(tmp_path / "d", partition_on="s", overwrite=True)
    assert list(dd.read_parquet(tmp_path / "d").columns) == ["x", "y", "s"]


def test_directories_that_differ(tmp_path):
    FRAME[["x"]].to_parquet(tmp_path / "0.parquet")
    (tmp_path / "y=1").mkdir()
    FRAME[["x"]].to_parquet(tmp_path / "y=1" / "0.parquet")
    with pytest.raises(ValueError, match=r"its directories have the keys \['y'\], but \[\] in .*0\.parquet"):
        dd.read_parquet(tmp_path)


def test_key_that_is_a_column_too(tmp_path):
    (tmp_path / "x=1").mkdir()
    FRAME.to_parquet(tmp_path / "x=1" / "0.parquet")
    with pytest.raises(ValueError, match="the column 'x' is in the file and in the names of its directories"):
        dd.read_parquet(tmp_path)


def test_hidden_keys_are_refused(tmp_path):
    df = dd.from_pandas(FRAME.rename(columns={"y": "_y"}), npartitions=1)
    with pytest.raises(ValueError, match=r"begin with neither '\.' nor '_', got '_y'"):
        df.to_parquet(tmp_path / "d", partition_on="_y")


def test_types_of_keys():
    def categories(*texts):
        return key_dtypes([(("k", text),) for text in texts])["k"].categories

    assert categories("2", "10", None).tolist() == [2, 10]
    assert categories("01", "2").tolist() == ["01", "2"]
    assert categories("-1", "3").dtype == np.dtype("int32")
    assert categories(str(2**40)).dtype == np.dtype("int64")
    assert categories(str(2**70), "").tolist() == ["", str(2**70)]
    assert categories(None).tolist() == []


@given(st.lists(st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=5)), min_size=1, max_size=5))
def test_any_text_comes_back(texts):
    frame = pd.DataFrame({"x": range(len(texts)), "k": pd.Series(texts, dtype="object")})
    back = {}
    for directory, rows in split_rows(frame, ["k"]):
        [(name, text)] = path_keys(f"{directory}/part.0.parquet")
        assert name == "k"
        back.update(dict.fromkeys(rows["x"], text))
    assert [back[at] for at in range(len(texts))] == texts


def test_failing_partition_leaves_nothing(tmp_path):
    def fail(part):
        if len(part) and part["x"].iloc[0] == 4:
            raise ZeroDivisionError("at four")
        return part

    df = dd.from_pandas(FRAME, npartitions=2)
    df.to_parquet(tmp_path / "d", partition_on="y")
    broken = df.map_partitions(fail, meta=FRAME.iloc[:0])
    for options in ({"overwrite": True}, {"append": True, "ignore_divisions": True}):
        with pytest.raises(ZeroDivisionError, match="at four"):
            broken.to_parquet(tmp_path / "d", partition_on="y", **options)
        assert sorted(dd.read_parquet(tmp_path / "d")["x"].compute()) == [*range(8)]
        assert [path.name for path in tmp_path.iterdir()] == ["d"]


@pytest.mark.parametrize("engine", ["pyarrow", "fastparquet"])
def test_memory_file_system(engine):
    fs = fsspec.filesystem("memory")
    try:
        df = dd.from_pandas(FRAME, npartitions=2)
        df.to_parquet("memory://minidask-hive/d", partition_on=["y", "s"], write_metadata_file=True, engine=engine)
        back = dd.read_parquet("memory://minidask-hive/d", engine=engine)
        assert sorted(back["x"].compute()) == [*range(8)]
        assert dd.read_parquet("memory://minidask-hive/d", filters=[("y", "==", 2015)]).npartitions == 4
    finally:
        fs.rm("/minidask-hive", recursive=True)


def test_values_that_cannot_name_directories():
    frame = pd.DataFrame({"x": [1], "k": [{"a": 1}]})
    with pytest.raises(
        TypeError, match=r"the column 'k' can't name directories \(unhashable type: 'dict'\): take a column"
    ):
        list(split_rows(frame, ["k"]))


def test_a_text_that_means_missing_in_the_names_of_directories():
    frame = pd.DataFrame({"x": [1, 2], "k": ["__HIVE_DEFAULT_PARTITION__", None]})
    with pytest.raises(ValueError, match="the column 'k' has the text '__HIVE_DEFAULT_PARTITION__', which the name"):
        list(split_rows(frame, ["k"]))
