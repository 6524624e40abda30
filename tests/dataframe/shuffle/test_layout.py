"""Frames come out of their arrays as they went in."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.shuffle.layout import Layout
from tests.dataframe.shuffle.kinds import kinds

KINDS = kinds()


def equal(found, expected) -> None:
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_freq=False, check_index_type=False)
        assert [str(dtype) for dtype in found.dtypes] == [str(dtype) for dtype in expected.dtypes]
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, check_freq=False, check_index_type=False)
    else:
        pd.testing.assert_index_equal(found, expected, exact="equiv")
    assert type(found) is type(expected)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "a MultiIndex"])
def test_a_frame_survives(name):
    frame = KINDS[name]
    layout = Layout.of(frame)
    for order in (np.arange(len(frame)), np.arange(len(frame))[::-3], np.arange(0)):
        equal(layout.pack(layout.unpack(frame, order)), frame.take(order))


@pytest.mark.parametrize("name", ["plain", "special", "objects"])
def test_series_and_indexes_survive(name):
    order = np.arange(20)[::-1]
    for label, column in KINDS[name].items():
        layout = Layout.of(column)
        equal(layout.pack(layout.unpack(column, order)), column.take(order))
        if label == "half":
            continue  # pandas has no index of 16-bit floats
        index = pd.Index(column, name=label)
        layout = Layout.of(index)
        equal(layout.pack(layout.unpack(index, order)), index.take(order))


def test_bits_of_nan_and_negative_zeros_survive():
    frame = KINDS["bits of NaN"]
    layout = Layout.of(frame)
    found = layout.pack(layout.unpack(frame, np.arange(len(frame))))
    assert found["f"].to_numpy().tobytes() == frame["f"].to_numpy().tobytes()


def test_what_is_kept_as_it_is():
    class Special(pd.DataFrame):
        pass

    frame = pd.DataFrame({"x": [1]})
    noted = frame.copy()
    noted.attrs["source"] = "here"
    for odd in (KINDS["a MultiIndex"], Special(frame), noted, frame.set_flags(allows_duplicate_labels=False)):
        assert Layout.of(odd) is None
    assert Layout.of(KINDS["a MultiIndex"].index) is None


def test_equal_layouts_are_one():
    frame = KINDS["plain"]
    assert Layout.of(frame) is Layout.of(frame.iloc[:3].copy())
    assert pickle.loads(pickle.dumps(Layout.of(frame))) is Layout.of(frame)


def test_layouts_differ_by_everything_that_counts():
    base = pd.DataFrame({"x": pd.Categorical(["a"], ["a", "b"]), "y": [1]})
    one = Layout.of(base)
    others = [
        base.assign(x=pd.Categorical(["a"], ["b", "a"])),
        base.assign(x=pd.Categorical(["a"], ["a", "b"], ordered=True)),
        base.assign(y=1.0),
        base.rename(columns={"y": "z"}),
        base.rename_axis("i"),
        base.rename_axis("c", axis=1),
        base[["y", "x"]],
        base["y"],
        base.set_axis([1.5]),
    ]
    for other in others:
        assert Layout.of(other) != one, other
    assert Layout.of(base["y"]) != Layout.of(base["y"].rename("z"))
    assert Layout.of(base["y"].rename(1)) != Layout.of(base["y"].rename(True))
    assert one != "a layout"
