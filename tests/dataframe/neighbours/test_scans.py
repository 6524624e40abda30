import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.neighbours.scans import FirstValues, LastCumulated, LastValues, known_row
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype(13)
CUT = cuttings(FRAME)[1:2] + cuttings(FRAME)[3:]
ALL_DTYPES = {
    "cumsum": ["i", "f", "b", "s", "I", "t", "g"],
    "cumprod": ["i", "f", "b", "I", "g"],
    "cummin": ["i", "f", "b", "s", "d", "I", "t", "g"],
    "cummax": ["i", "f", "b", "s", "d", "I", "t", "g"],
}
GAPS = pd.DataFrame(
    {
        "f": [np.nan, 1, np.nan, np.nan, np.nan, np.nan, np.nan, 2, np.nan, np.nan],
        "s": pd.Series([None, None, "a", None, None, None, "b", None, None, None], dtype="str"),
        "d": pd.to_datetime([None, "2020", None, None, None, None, None, None, None, "2021"]),
        "I": pd.array([None, 1, None, None, None, None, 3, None, None, None], dtype="Int64"),
        "c": pd.Categorical(["u", None, None, None, None, None, None, "v", None, None]),
        "n": [np.nan] * 10,
        "o": pd.Series([None, (1,), None, None, None, None, None, None, {}, None], dtype=object),
    },
    index=[0, 1, 1, 1, 2, 3, 4, 4, 4, 5],
)
GAP_CUTS = [cut(GAPS, bounds) for bounds in ([0, 10], [0, 0, 2, 4, 4, 6, 7, 10, 10], [0, 1, 2, 3, 8, 9, 10])]


@pytest.mark.parametrize("df", CUT)
@pytest.mark.parametrize("skipna", [True, False])
@pytest.mark.parametrize("how", list(ALL_DTYPES))
def test_cumulative(df, how, skipna):
    columns = ALL_DTYPES[how]
    assert_eq(getattr(df[columns], how)(skipna=skipna), getattr(FRAME[columns], how)(skipna=skipna))
    for column in columns[:3]:
        assert_eq(getattr(df[column], how)(skipna=skipna), getattr(FRAME[column], how)(skipna=skipna))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "uint64", "float32", "complex128", "boolean", "Float64", "UInt8"])
@pytest.mark.parametrize("how", list(ALL_DTYPES))
def test_cumulative_dtypes(dtype, how):
    series = pd.Series([1, 0, 1, 1, 0, 1], dtype=dtype, name="x")
    if dtype == "complex128" and how in ("cummin", "cummax"):
        return  # pandas has no order of complex numbers
    for bounds in ([0, 0, 1, 3, 3, 6], [0, 6], [0, 1, 2, 3, 4, 5, 6]):
        assert_eq(getattr(cut(series.to_frame(), bounds)["x"], how)(), getattr(series, how)())


def test_cumulative_of_infinities_and_categories():
    frame = pd.DataFrame({"x": [np.inf, 1, -np.inf, np.nan, 2, 3], "y": [np.inf, 0, 1, np.nan, 2.0, 3]})
    for how in ALL_DTYPES:
        with np.errstate(invalid="ignore"):
            expected = getattr(frame, how)()
        for bounds in ([0, 1, 2, 4, 5, 6], [0, 3, 3, 6], [0, 1, 2, 3, 4, 5, 6]):
            assert_eq(getattr(cut(frame, bounds), how)(), expected)
            assert_eq(getattr(cut(frame, bounds)["x"], how)(), expected["x"])
    ordered = pd.Series(pd.Categorical(list("badc"), ordered=True), name="x")
    assert_eq(cut(ordered.to_frame(), [0, 1, 2, 4])["x"].cummax(), ordered.cummax())


@pytest.mark.parametrize("df", CUT)
def test_cumulative_along_rows_and_numbers_only(df):
    numbers = ["i", "f", "g"]
    assert_eq(df[numbers].cumsum(axis=1), FRAME[numbers].cumsum(axis=1))
    assert_eq(df[numbers].cummax(axis="columns", skipna=False), FRAME[numbers].cummax(axis=1, skipna=False))
    assert_eq(
        df[["i", "s", "f", "b"]].cumprod(numeric_only=True), FRAME[["i", "s", "f", "b"]].cumprod(numeric_only=True)
    )


@pytest.mark.slow
@given(cut_frames(), st.sampled_from(sorted(ALL_DTYPES)), st.booleans())
@few
def test_cumulative_of_any_frame(pair, how, skipna):
    frame, df = pair
    columns = ["i", "b", "I"] if how in ("cumsum", "cumprod") else ["i", "f", "b", "d", "I"]
    assert_eq(getattr(df[columns], how)(skipna=skipna), getattr(frame[columns], how)(skipna=skipna))


@pytest.mark.slow
@pytest.mark.parametrize("npartitions", [128, 129])
def test_many_partitions_in_two_tasks_each(npartitions):
    series = pd.Series(np.ones(300), name="x")
    df = dd.from_pandas(series, npartitions=npartitions)
    total = df.cumsum()
    assert_eq(total.compute(), series.cumsum())
    assert len(total._layer.lower()) <= 3 * npartitions


def test_one_partition_needs_those_before_it_only():
    total = dd.from_pandas(pd.Series(range(40)), npartitions=8).cumsum()
    assert len(total._layer.lower([(total._name, 0)])) == 1
    assert len(total._layer.lower([(total._name, 3)])) == 1 + 3 + 2
    assert total.partitions[3].compute().tolist() == pd.Series(range(40)).cumsum().iloc[15:20].tolist()


@pytest.mark.parametrize("df", GAP_CUTS)
@pytest.mark.parametrize("how", ["ffill", "bfill"])
@pytest.mark.parametrize("limit", [None, 1, 2, 3, 8])
def test_fill(df, how, limit):
    assert_eq(getattr(df, how)(limit=limit), getattr(GAPS, how)(limit=limit), check_divisions=False)
    for column in ("f", "s"):
        assert_eq(getattr(df[column], how)(limit=limit), getattr(GAPS[column], how)(limit=limit))


@pytest.mark.parametrize("df", GAP_CUTS)
@pytest.mark.parametrize("how", ["ffill", "bfill"])
@pytest.mark.parametrize("area", ["inside", "outside"])
@pytest.mark.parametrize("limit", [None, 2])
def test_fill_of_an_area(df, how, area, limit):
    columns = ["f", "s", "d", "I", "n"]
    expected = getattr(GAPS[columns], how)(limit=limit, limit_area=area)
    assert_eq(getattr(df[columns], how)(limit=limit, limit_area=area), expected)


@pytest.mark.parametrize("df", GAP_CUTS)
def test_fill_along_rows(df):
    two = GAPS[["f", "n"]]
    assert_eq(df[["f", "n"]].ffill(axis=1), two.ffill(axis=1))
    assert_eq(df[["n", "f"]].bfill(axis="columns", limit=1), GAPS[["n", "f"]].bfill(axis=1, limit=1))


@pytest.mark.slow
@given(cut_frames(), st.sampled_from(["ffill", "bfill"]), st.sampled_from([None, 1, 3]))
@few
def test_fill_of_any_frame(pair, how, limit):
    frame, df = pair
    assert_eq(getattr(df, how)(limit=limit), getattr(frame, how)(limit=limit))


def test_categories_that_differ():
    parts = [pd.Series(["a", None], dtype="category"), pd.Series([None, "b"], dtype="category")]
    filled = dd.from_map(parts.__getitem__, [0, 1], meta=parts[0].iloc[:0]).ffill().compute()
    assert filled.tolist() == ["a", "a", "a", "b"]
    assert isinstance(filled.dtype, pd.CategoricalDtype)


def test_equal_column_names():
    frame = GAPS[["f", "I"]].set_axis(["x", "x"], axis=1)
    df = cut(frame, [0, 3, 3, 7, 10])
    assert_eq(df.ffill(), frame.ffill())
    assert_eq(df.cumsum(), frame.cumsum())


def test_objects_that_are_texts_stay_objects():
    objects = [["a", None, None, None, "b", None], [1, None, None, "b", None, None]]
    frame = pd.DataFrame({"o": objects[0], "m": objects[1], "x": range(6)}).astype({"o": object, "m": object})
    for npartitions in (1, 3, 6):
        lazy = dd.from_pandas(frame, npartitions=npartitions)
        assert_eq(lazy.ffill(), frame.ffill())
        assert_eq(lazy[["o", "m"]].bfill(), frame[["o", "m"]].bfill())


def test_rows_of_summaries():
    two = pd.DataFrame({"x": [1.0, np.nan], "y": [np.nan, np.nan]})
    assert LastValues()(two).iloc[0].tolist()[0] == 1.0
    assert FirstValues()(two.iloc[:0], two)["x"].tolist() == [1.0]
    assert len(LastValues()(two.iloc[:0])) == 0
    assert LastCumulated("cumsum", True)(two["x"]).row.tolist() == [1.0]
    assert np.isnan(LastCumulated("cumsum", False)(two["x"]).row.iloc[0])
    assert known_row(two["y"], last=False).isna().all()


BAD = {
    "dates": (lambda df: df["d"].cumsum(), TypeError, "cumsum"),
    "categories": (lambda df: df["c"].cummax(), TypeError, "not ordered"),
    "axis": (lambda df: df["f"].cumsum(axis=1), ValueError, "no axis named 1 for object type Series"),
    "limit": (lambda df: df.ffill(limit=0), ValueError, "Limit must be greater than 0"),
    "limit kind": (lambda df: df.bfill(limit=1.5), ValueError, "Limit must be an integer"),
    "area": (lambda df: df.ffill(limit_area="both"), ValueError, "limit_area should be one of"),
    "interpolate": (
        lambda df: df.interpolate(),
        NotImplementedError,
        r"map_overlap\(lambda rows: rows.interpolate\(\), n, n\)",
    ),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(GAP_CUTS[1])
