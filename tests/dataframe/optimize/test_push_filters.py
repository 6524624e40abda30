"""Filters that sources take over: equal answers, read once, less read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask
import minidask.dataframe as dd
from minidask.dataframe.layers import Filter
from minidask.dataframe.optimize import PASSES_WITHOUT_FUSION, push_filters
from minidask.dataframe.reading import FrameSource
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import few

ROWS = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("filters")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "i": rng.integers(0, 9, ROWS),
            "f": np.where(rng.random(ROWS) < 0.2, np.nan, rng.integers(0, 9, ROWS)),
            "s": pd.Series(rng.choice(["a", "b", "c", None], ROWS), dtype="str"),
            "b": rng.random(ROWS) < 0.5,
            "d": pd.to_datetime(rng.integers(0, 9, ROWS) * 86_400, unit="s").where(rng.random(ROWS) > 0.2),
            "I": pd.array([None if x < 0.2 else int(x * 9) for x in rng.random(ROWS)], dtype="Int64"),
        }
    )
    for part in range(4):
        frame.iloc[part * 30 : (part + 1) * 30].to_parquet(path / f"part.{part}.parquet")
    return path


@pytest.fixture(scope="module", params=["pyarrow", "fastparquet"])
def both(folder, request):
    return dd.read_parquet(folder, engine=request.param), pd.read_parquet(folder)


def filters_of(collection):
    plan = push_filters(collection.dask, collection.__dask_keys__())
    layers = plan.layers.values()
    return (
        [layer.reader.filters for layer in layers if isinstance(layer, FrameSource)],
        sum(isinstance(layer, Filter) for layer in layers),
    )


terms = st.one_of(
    st.tuples(st.sampled_from("if"), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.integers(0, 8)),
    st.tuples(st.just("I"), st.sampled_from(["==", "!=", "<", ">="]), st.integers(0, 8)),
    st.tuples(st.just("s"), st.sampled_from(["==", "!=", "<"]), st.sampled_from("abx")),
    st.tuples(st.just("b"), st.sampled_from(["==", "!="]), st.booleans()),
    st.tuples(st.just("d"), st.sampled_from(["==", "!=", "<", ">"]), st.just(pd.Timestamp("1970-01-04"))),
    st.tuples(st.sampled_from("ifI"), st.just("isin"), st.lists(st.integers(0, 8), min_size=1, max_size=3)),
    st.tuples(st.sampled_from("ifsbdI"), st.sampled_from(["isna", "notna"]), st.none()),
)
masks = st.recursive(
    terms,
    lambda inner: st.one_of(st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)),
    max_leaves=4,
)
NAMED = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def build(mask, frame):
    if mask[0] == "not":
        return ~build(mask[1], frame)
    if mask[0] in ("and", "or"):
        left, right = build(mask[1], frame), build(mask[2], frame)
        return left & right if mask[0] == "and" else left | right
    column, what, value = mask
    method = getattr(frame[column], NAMED.get(what, what))
    return method() if value is None else method(value)


@pytest.mark.slow
@few
@given(mask=masks, columns=st.sampled_from([["i"], ["s", "d"], ["f", "I", "b"]]))
def test_answers_are_equal(both, mask, columns):
    lazy, frame = both
    expected = frame[build(mask, frame)]
    found = lazy[build(mask, lazy)]
    assert_eq(found, expected, check_divisions=False)
    assert_eq(found[columns], expected[columns])
    with minidask.config.set(dataframe_optimize=[]):
        assert_eq(found[columns], expected[columns])


class TestWhatIsPushed:
    def test_one_filter(self, both):
        lazy, _ = both
        filters, left = filters_of(lazy[lazy["i"] > 3])
        assert (filters, left) == ([(((("i", ">", 3),),),)], 0)

    def test_filters_after_one_another(self, both):
        lazy, frame = both
        one, expected = lazy[lazy["i"] > 3], frame[frame["i"] > 3]
        two, expected = one[one["s"] == "a"], expected[expected["s"] == "a"]
        filters, left = filters_of(two)
        assert (filters, left) == ([(((("i", ">", 3),),), ((("s", "==", "a"),),))], 0)
        assert_eq(two, expected)

    def test_through_selections_of_columns(self, both):
        lazy, frame = both
        few_columns = lazy[["i", "s"]][["s", "i"]]
        found = few_columns[few_columns["s"] == "a"]
        assert filters_of(found) == ([(((("s", "==", "a"),),),)], 0)
        assert_eq(found, frame[["s", "i"]][frame["s"] == "a"])

    def test_what_only_filters_is_not_carried(self, both):
        lazy, frame = both
        found = lazy[lazy["i"] > 3]["f"].sum()
        plan = found.dask
        for rewrite in PASSES_WITHOUT_FUSION:
            plan = rewrite(plan, found.__dask_keys__())
        (source,) = [layer for layer in plan.layers.values() if isinstance(layer, FrameSource)]
        assert source.reader.columns == ("f",)
        assert_eq(found, frame[frame["i"] > 3]["f"].sum())

    def test_names_of_outputs_stay(self, both):
        lazy, _ = both
        found = lazy[["i", "s"]]
        found = found[found["i"] > 3]
        assert found.optimize().__dask_keys__() == found.__dask_keys__()

    def test_annotations_stay(self, folder):
        with minidask.annotate(retries=3):
            lazy = dd.read_parquet(folder)
            found = lazy[lazy["i"] > 3]
        (layer,) = push_filters(found.dask, found.__dask_keys__()).layers.values()
        assert layer.annotations == {"retries": 3}


class TestWhatIsLeft:
    def test_frames_that_others_use(self, both):
        lazy, frame = both
        some = lazy[lazy["i"] > 3]
        both_ways = some["f"].sum() + lazy["f"].sum()
        assert filters_of(both_ways) == ([()], 1)
        assert_eq(both_ways, frame["f"][frame["i"] > 3].sum() + frame["f"].sum())

    def test_two_filters_of_one_frame(self, both):
        lazy, _ = both
        total = lazy[lazy["i"] > 3]["f"].sum() + lazy[lazy["i"] < 2]["f"].sum()
        assert filters_of(total) == ([()], 2)

    def test_masks_that_others_use(self, both):
        lazy, _ = both
        mask = lazy["i"] > 3
        assert filters_of(lazy[mask]["f"].sum() + mask.sum()) == ([()], 1)

    def test_values_beside_the_filter(self, both):
        lazy, frame = both
        found = lazy[lazy["i"] > 3].assign(z=lazy["f"] + 1)
        assert filters_of(found) == ([()], 1)
        assert_eq(found, frame[frame["i"] > 3].assign(z=frame["f"] + 1))

    def test_other_sources(self):
        frame = pd.DataFrame({"x": [1, 2, 3]})
        lazy = dd.from_pandas(frame, npartitions=2)
        assert_eq(lazy[lazy["x"] > 1], frame[frame["x"] > 1])

    def test_different_annotations(self, folder):
        lazy = dd.read_parquet(folder)
        with minidask.annotate(retries=3):
            found = lazy[lazy["i"] > 3]
        assert filters_of(found) == ([()], 1)

    def test_dicts_of_tasks(self):
        graph = {"x": 1}
        assert push_filters(graph, ["x"]) is graph
