import pickle
from operator import add

import numpy as np
import pytest

import minidask.array as da
from minidask.array.collection import new_array
from minidask.array.opaque import Ref, opaque_layer
from minidask.array.testing import assert_eq


def neighbours(index):
    """Each block and the one before it, through inner results."""
    if index[0] == "twice":
        return add, (Ref(0, index[1:]), Ref(0, index[1:]))
    if index[0] == 0:
        return np.copy, (Ref(0, (0,)),)
    return add, (Ref(0, index), Ref(None, ("twice", index[0] - 1)))


def test_blocks_by_a_plan():
    x = da.arange(6, chunks=2)
    layer = opaque_layer("mine", (x._layer,), (3,), neighbours)
    y = new_array(layer, x.chunks, x._meta)
    assert_eq(y, np.array([0, 1, 2, 5, 8, 11]))
    assert_eq(pickle.loads(pickle.dumps(y)), np.array([0, 1, 2, 5, 8, 11]))
    assert sorted(layer.lower([("mine", 1)]), key=str) == [("mine", "twice", 0), ("mine", 1)]
    with pytest.raises(ValueError, match="given twice"):
        opaque_layer("mine", (x._layer, x._layer), (3,), neighbours)
