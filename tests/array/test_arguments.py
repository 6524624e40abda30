"""Collections among arguments become operands; nothing is computed, plain data stay what they are."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array.arguments import WithKeywords, lift_keywords, sample_argument, whole
from minidask.delayed import delayed
from minidask.graph import LayeredGraph
from minidask.schedulers import sync
from tests.array.arrays import raising


def plus(one, other, more=0):
    return one + other + more


def value(layer):
    return sync.get(LayeredGraph([layer]), (layer.name,))


@pytest.mark.parametrize("plain", [1, "a", None, [1, 2], {"a": (1,)}, np.arange(3), np.sum])
def test_plain_data_stay(plain):
    assert whole(plain) is None
    assert sample_argument(plain) is plain


def test_collections_are_computed_as_wholes():
    x = da.arange(4, chunks=2)
    with config.set(scheduler=raising):
        layers = [whole(x), whole([x, 5]), whole({"a": delayed(7)})]
    assert value(layers[0]).tolist() == [0, 1, 2, 3]
    assert value(layers[1])[0].sum() == 6
    assert value(layers[2]) == {"a": 7}
    assert len({layer.name for layer in layers}) == 3
    assert whole(x).name == layers[0].name
    assert value(pickle.loads(pickle.dumps(layers[0]))).tolist() == [0, 1, 2, 3]


def test_keywords():
    plain, lazy = lift_keywords({"a": 1, "b": delayed(2)})
    assert plain == {"a": 1}
    assert list(lazy) == ["b"]
    call = pickle.loads(pickle.dumps(WithKeywords(plus, ("more",))))
    assert call(1, 2, 10) == 13
    assert call.short_name == "plus"


def test_samples():
    assert sample_argument(da.ones((3, 4), dtype="f4")).shape == (0, 0)
    assert sample_argument(da.ones((3, 4)), 1).tolist() == [[1]]
    with pytest.raises(ValueError, match="isn't known before computing"):
        sample_argument([delayed(1)])
