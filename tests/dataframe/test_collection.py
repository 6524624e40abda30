from __future__ import annotations

import pickle

import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import every_dtype

FRAME = every_dtype()


@pytest.fixture
def df() -> dd.DataFrame:
    return dd.from_pandas(FRAME, npartitions=3)


def test_protocol(df):
    assert minidask.is_dask_collection(df)
    assert df.__dask_keys__() == [(df._name, 0), (df._name, 1), (df._name, 2)]
    assert df.__dask_layers__() == (df._name,)
    assert minidask.tokenize.tokenize(df) == minidask.tokenize.tokenize(dd.from_pandas(FRAME, npartitions=3))
    assert list(df.dask)


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_compute_together(df, scheduler):
    total, frame, both = minidask.compute(df["i"].sum(), df, {"mean": df["f"].mean()}, scheduler=scheduler)
    assert total == FRAME["i"].sum()
    pd.testing.assert_frame_equal(frame, FRAME)
    assert both["mean"] == pytest.approx(FRAME["f"].mean())


def test_what_is_handed_out_is_the_callers_own():
    frame = pd.DataFrame({"x": [1, 2, 3]})
    for held in (dd.from_pandas(frame, npartitions=1).persist(), dd.from_pandas(frame, npartitions=1)):
        for result in (held.compute(), held["x"].compute().to_frame()):
            result.iloc[0, 0] = 9
            result["y"] = 1
            result.index.name = "rows"
        labels = held.index.compute()
        labels.name = "rows"
        pd.testing.assert_frame_equal(held.compute(), pd.DataFrame({"x": [1, 2, 3]}))
        assert held.index.compute().name is None


def test_persist(df):
    held = (df["i"] + 1).persist()
    assert len(held.dask.layers) == 1
    assert_eq(held, FRAME["i"] + 1)
    assert_eq(held + df["i"], FRAME["i"] * 2 + 1)
    assert held.divisions == df.divisions


def test_optimize(df):
    plan = df[["i", "f"]]["i"].optimize()
    assert len(plan.dask.layers) == 1
    assert_eq(plan, FRAME["i"])
    assert_eq(plan + 1, FRAME["i"] + 1)


def test_unoptimized(df):
    pd.testing.assert_series_equal((df["i"] * 2).compute(optimize_graph=False), FRAME["i"] * 2)


def test_the_passes_can_be_replaced(df):
    seen = []

    def note(graph, keys):
        seen.append(len(graph.layers))
        return graph

    with minidask.config.set(dataframe_optimize=note):
        (df["i"] + 1).compute()
    assert seen == [3]
    with minidask.config.set(dataframe_optimize=None):
        (df["i"] + 1).compute()
    assert seen == [3]


def test_pickling(df):
    assert_eq(pickle.loads(pickle.dumps(df.assign(z=df["i"] + 1))), FRAME.assign(z=FRAME["i"] + 1))


def test_a_lazy_truth_value(df):
    for lazy in (df, df["i"], df.index, df["i"].sum()):
        with pytest.raises(TypeError, match="isn't known before it is computed"):
            bool(lazy)


def test_copies_stay(df):
    other = df.copy()
    df["i"] = 0
    assert_eq(other, FRAME)
    with pytest.raises(ValueError, match="copies nothing"):
        df.copy(deep=True)


def test_pipe(df):
    assert df.pipe(lambda frame, n: n, 3) == 3
    assert df.pipe((lambda n, frame: frame, "frame"), 3) is df
    with pytest.raises(ValueError, match="'frame' is both"):
        df.pipe((lambda frame: frame, "frame"), frame=1)


def test_clear_divisions(df):
    assert not df.clear_divisions().known_divisions
    assert df.known_divisions


def test_the_class_fits_the_meta(df):
    layer = df._layer
    assert isinstance(new_collection(layer, FRAME["i"].iloc[:0]), dd.Series)
    assert isinstance(new_collection(layer, pd.DatetimeIndex([])), dd.Index)
    assert isinstance(new_collection(layer, 1.5), dd.Scalar)
    assert isinstance(df, FrameCollection)


def test_what_is_not_built_says_so(df):
    with pytest.raises(AttributeError, match=r"DataFrame\.asfreq isn't built in minidask: use resample"):
        df.asfreq
    with pytest.raises(AttributeError, match=r"minidask\.dataframe\.crosstab isn't built: use groupby"):
        dd.crosstab
    with pytest.raises(AttributeError, match="has no attribute 'no_such'"):
        dd.no_such
