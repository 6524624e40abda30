"""Summaries of all blocks: one result, by a tree, as arrays and as an operand of further layers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.summarizing import Joined, Made, from_summary, summarize
from minidask.array.testing import assert_eq
from minidask.graph import identity
from tests.array.arrays import few, pairs


def flat(block):
    return [np.asarray(block).ravel().tolist()]


def joined(partials):
    assert len(partials) > 1
    return [one for part in partials for one in part]


def ends(partial):
    whole = sorted(one for block in partial for one in block)
    return np.array(whole[:1]), np.array(whole)


@few
@given(pairs(["f8"], min_side=1), st.sampled_from([None, 2, 3]))
def test_every_block_takes_part_once(pair, split_every):
    a, x = pair
    index = tuple(range(a.ndim))
    layer = summarize("all", None, flat, joined, ends, index, (x._layer, index), split_every=split_every)
    assert layer.numblocks == ()
    assert_eq(from_summary(layer, ((1,),), np.empty(0), 0), np.array([a.min()]))
    assert_eq(from_summary(layer, ((a.size,),), np.empty(0), 1), np.sort(a, axis=None))


def test_blocks_are_joined_in_order():
    x = da.arange(40, chunks=1)
    layer = summarize("order", None, flat, joined, np.ravel, "i", (x._layer, "i"))
    assert_eq(from_summary(layer, ((40,),), np.empty(0, int)), np.arange(40))


def test_names_say_what_is_computed():
    x, y = da.ones(3, chunks=1), da.zeros(3, chunks=1)
    names = {
        summarize(name, token, flat, joined, ends, "i", (array._layer, "i")).name
        for name in ("a", "b")
        for token in (1, 2)
        for array in (x, y)
    }
    assert len(names) == 8


def test_functions_travel():
    made = pickle.loads(pickle.dumps(Made(joined, 1, ends)))
    assert made([[[3.0]], [[1.0]]])[1].tolist() == [1, 3]
    assert pickle.loads(pickle.dumps(Joined(joined, 0)))(5) == 5


def test_split_every_is_checked():
    with pytest.raises(ValueError, match="split_every"):
        summarize("a", None, flat, joined, identity, "i", (da.ones(3)._layer, "i"), split_every=1)
