"""What tasks call travels, and tells functions where they are."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from minidask.array.calls import Anywhere, Call, Checked, Infos, JoinFirst


def where(*blocks, block_id=None, block_info=None):
    return np.full(2, block_id[0] + block_info[None]["chunk-location"][0])


def copied(call):
    return pickle.loads(pickle.dumps(call))


def test_functions_are_told_where_they_are():
    chunks = ((2, 2),)
    call = copied(Checked(Call(where, True, True, Infos({}, chunks, np.dtype(int))), chunks, np.dtype(float)))
    assert call((1,)).tolist() == [2.0, 2.0]
    assert call((1,)).dtype == float
    assert call.short_name == "where"


def test_blocks_are_checked():
    call = Checked(Anywhere(np.negative), ((2, 3),), np.dtype(float))
    assert copied(call)((0,), np.ones(2)).tolist() == [-1, -1]
    with pytest.raises(ValueError, match=r"negative returned a block of shape \(2,\) where \(3,\) was declared"):
        call((1,), np.ones(2))


def test_lists_are_joined_first():
    call = copied(JoinFirst(np.sum, ((1, 0),)))
    assert call([[np.ones((1, 2)), np.ones((2, 2))]]) == 6
    assert call.short_name == "sum"
