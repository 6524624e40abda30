"""The layer that reads, and what the optimiser makes of it."""

from __future__ import annotations

import pandas as pd

import minidask
from minidask.dataframe.reading import FrameSource, Reader, source_layer

META = pd.DataFrame({"x": [0], "y": [0.5]}).iloc[:0]


class Rows:
    def __init__(self, columns=("x", "y")):
        self.columns = columns

    def project(self, columns):
        return Rows(columns)

    def __call__(self, part):
        return pd.DataFrame({"x": [part], "y": [part / 2]})[list(self.columns)]


def test_blocks_are_what_the_reader_makes_of_parts():
    layer = source_layer(Rows(), [3, 4], META, "rows-1")
    assert isinstance(layer, FrameSource)
    assert isinstance(layer.reader, Reader)
    assert (list(layer.parts), layer.numblocks) == ([3, 4], (2,))
    assert [task({})["x"].tolist() for task in layer.lower().values()] == [[3], [4]]


def test_it_narrows_to_what_is_needed():
    layer = source_layer(Rows(), [3, 4], META, "rows-1")
    narrow = layer.narrow({"y"}, ())
    assert (narrow.reader.columns, narrow.name != layer.name) == (("y",), True)
    assert layer.narrow({"x", "y"}, ()) is layer
    # Rows are counted by what is read: one column at least.
    assert layer.narrow(set(), ()).reader.columns == ("x",)
    plain = source_layer(len, ["abc"], META, "plain-1")
    assert plain.narrow({"y"}, ()) is plain


def test_annotations_stay():
    with minidask.annotate(retries=2):
        layer = source_layer(Rows(), [3], META, "rows-1")
    assert layer.narrow({"y"}, ()).annotations == {"retries": 2}
