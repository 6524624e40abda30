from __future__ import annotations

import pickle

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.joining.plan import (
    SHARE_LEFT,
    SHARE_RIGHT,
    SHUFFLE,
    Sizes,
    resized,
)
from minidask.dataframe.shuffle import layer_is_partitioned_by

LEFT = pd.DataFrame({"k": range(30), "x": range(30)})
RIGHT = pd.DataFrame({"k": range(30), "y": 1.5})


def join(how="inner", **options):
    left, right = dd.from_pandas(LEFT, npartitions=3), dd.from_pandas(RIGHT, npartitions=2)
    return left.merge(right, on="k", how=how, broadcast=False, **options)._layer


@pytest.mark.parametrize(
    ("how", "sizes", "way"),
    [
        ("inner", Sizes(1000, 10, 500), SHARE_RIGHT),
        ("inner", Sizes(10, 1000, 500), SHARE_LEFT),
        ("inner", Sizes(None, 10, 500), SHARE_RIGHT),
        ("inner", Sizes(10, None, 500), SHARE_LEFT),
        ("inner", Sizes(None, None, 500), SHUFFLE),
        ("inner", Sizes(1000, 100, 500), SHUFFLE),
        ("outer", Sizes(1000, 10, 500), SHARE_RIGHT),
        ("leftsemi", Sizes(10, 1000, 500), SHUFFLE),
        ("leftsemi", Sizes(1000, 10, 500), SHUFFLE),  # keys of joins that only look are found by pandas: a sixteenth
        ("leftsemi", Sizes(1000, 3, 500), SHARE_RIGHT),
    ],
)
def test_choice(how, sizes, way):
    layer = join(how)
    layer.sizes, layer.way = sizes, "choose"
    assert layer.choose() == way


def test_every_way_gives_the_same():
    expected = LEFT.merge(RIGHT, on="k")
    for way in (SHARE_RIGHT, SHARE_LEFT, SHUFFLE):
        frame = dd.from_pandas(LEFT, npartitions=3).merge(dd.from_pandas(RIGHT, npartitions=2), on="k", broadcast=False)
        frame._layer.way = way
        got = frame.compute(scheduler="sync").sort_values("k", ignore_index=True)
        pd.testing.assert_frame_equal(got, expected)


def test_layers_are_pickled():
    layer = pickle.loads(pickle.dumps(join()))
    assert layer.choose() == SHUFFLE
    assert len(layer.lower()) == len(join().lower())


def test_where_rows_lie():
    for layer in (join(), join().expand()):
        assert layer_is_partitioned_by(layer, ("k",), 3)
        assert not layer_is_partitioned_by(layer, ("x",), 3)
    shared = dd.from_pandas(LEFT, npartitions=3).merge(RIGHT, on="k")._layer
    assert not layer_is_partitioned_by(shared, ("k",), 3)
    by_two_names = dd.from_pandas(LEFT, npartitions=3).merge(
        dd.from_pandas(RIGHT, npartitions=3), left_on="x", right_on="k", how="left", broadcast=False
    )
    # Rows without a partner have no right key.
    assert layer_is_partitioned_by(by_two_names._layer, ("x",), 3)
    assert not layer_is_partitioned_by(by_two_names._layer, ("k_y",), 3)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_resized(count):
    layer = dd.from_pandas(LEFT, npartitions=3)._layer
    assert resized(layer, count).numblocks == (count,)
