from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minidask.array.slicing.cuts import At, Span, Steps, Whole, cut_at, cut_slice, span_of
from tests.array.arrays import cuttings

ENDS = st.none() | st.integers(-15, 15)


@given(st.integers(0, 12), st.data())
def test_a_cut_reads_what_the_slice_does(length, data):
    sizes = data.draw(cuttings(length))
    index = slice(data.draw(ENDS), data.draw(ENDS), data.draw(st.sampled_from([None, 1, 2, 3, -1, -2, 20])))
    cut = cut_slice(sizes, *index.indices(length))
    values = np.arange(length)
    edges = np.cumsum((0, *sizes))
    blocks = [values[low:high] for low, high in pairwise(edges)]
    parts = [blocks[block][part] for block, part in map(cut.locate, range(len(cut.sizes)))]
    assert tuple(map(len, parts)) == cut.sizes
    np.testing.assert_array_equal(np.concatenate(parts), values[index])
    # The same as slices of the array itself, where it can be said so.
    pieces = tuple(slice(low, high) for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    spans = span_of(cut, pieces, sizes)
    if spans is not None:
        np.testing.assert_array_equal(np.concatenate([values[span] for span in spans]), values[index])


def test_kinds_of_cuts():
    assert cut_slice((3, 3), 0, 6, 1) == Whole((3, 3))
    assert isinstance(cut_slice((3, 3), 1, 5, 1), Span)
    assert isinstance(cut_slice((3, 3), 0, 6, 2), Steps)
    assert cut_at((3, 3), 5) == At(1, 2)
    assert span_of(cut_slice((3,), 2, -1, -1), (slice(0, 3),), (3,)) is None


def test_a_span_costs_the_same_for_any_number_of_blocks():
    cut = cut_slice((1,) * 1000, 10, 900, 1)
    assert isinstance(cut, Span)
    assert (cut.first, cut.last) == (10, 899)
