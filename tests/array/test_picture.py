import xml.etree.ElementTree as ET

import numpy as np
import pytest

import minidask.array as da
from minidask.array.picture import html_of, svg_of, text_of
from tests.array.arrays import forget


def test_text():
    assert text_of(da.ones((), name="x")) == (
        "minidask.array<x, shape=(), dtype=float64, chunksize=(), chunktype=numpy.ndarray>"
    )
    assert "chunktype=numpy.MaskedArray" in text_of(da.from_array(np.ma.ones(3)))
    assert "shape=(nan,)" in text_of(forget(da.ones(3)))


@pytest.mark.parametrize("shape", [(5,), (4, 6), (3, 4, 5), (2, 3, 4, 5), (1, 1, 1, 2, 3, 4, 5), (1000, 1)])
def test_drawings_are_well_formed(shape):
    root = ET.fromstring(svg_of(da.ones(shape, chunks=2).chunks))
    assert root.tag == "svg"
    texts = [item.text for item in root.iter("text")]
    assert {str(n) for n in shape} <= set(texts)


def test_many_chunks_make_few_lines():
    assert svg_of(da.ones(10**5, chunks=1).chunks).count("<line") < 60


def test_html_says_the_facts():
    page = html_of(da.ones((1000, 1000), chunks=(500, 1000)))
    for fact in (
        "7.63 MiB",
        "3.81 MiB",
        "(1000, 1000)",
        "(500, 1000)",
        "2 chunks",
        "float64",
        "1 graph layer<",
        "<svg",
    ):
        assert fact in page
    assert "unknown" in html_of(forget(da.ones(3)))
    for bare in (da.ones(()), da.ones((0, 3))):
        assert "<svg" not in html_of(bare)


def test_what_cannot_be_drawn():
    for chunks in [(), ((0,),), ((np.nan,),)]:
        with pytest.raises(ValueError, match="known lengths above 0"):
            svg_of(chunks)
