import pickle
import threading

import numpy as np
import pytest

from minidask.array.sources import (
    Bounds,
    Pieces,
    Reader,
    Region,
    Regions,
    array_source,
    grid_sizes,
    made_layer,
    region_of,
    symbols,
)


def test_regions_and_bounds_by_block():
    chunks = ((2, 1), (3,))
    region = region_of(chunks)
    assert region[1, 0] == (slice(2, 3), slice(0, 3))
    assert Bounds(chunks)[0, 0] == ((0, 2), (0, 3))
    assert Bounds(((2, 1),))[1] == ((2, 3),)
    assert (len(Bounds(chunks)), len(Regions(region)), len(Pieces(None, region))) == (2, 2, 2)
    dropped = Region((4, (slice(0, 2), slice(2, 4))))
    assert dropped[(1,)] == (4, slice(2, 4))
    for parts in (Bounds(chunks), Regions(region), Pieces(np.ones((3, 3)), region)):
        copy = pickle.loads(pickle.dumps(parts))
        np.testing.assert_array_equal(copy[1, 0], parts[1, 0])
    assert (symbols(2), grid_sizes((3, 1))) == ((0, 1), {0: 3, 1: 1})


def test_pieces_of_an_array_in_memory_are_views():
    a = np.arange(6)
    tasks = array_source("x", a, ((4, 2),)).lower()
    block = tasks[("x", 1)]({})
    assert np.shares_memory(block, a)
    assert block.tolist() == [4, 5]
    assert array_source("x", np.array("text"), ()).lower()[("x",)]({}).dtype == np.dtype("U4")


def test_anything_else_is_held_once_or_inlined():
    class Data:
        shape, dtype = (3,), np.dtype(int)

        def __getitem__(self, index):
            return np.arange(3)[index]

    reader = Reader(None, True, None)
    layer = array_source("x", Data(), ((2, 1),), reader)
    assert len(layer.inputs) == 1
    assert not layer.is_numpy
    inlined = array_source("x", Data(), ((2, 1),), reader, inline=True)
    assert not inlined.inputs
    assert inlined.lower()[("x", 1)]({}).tolist() == [2]
    narrow = inlined.narrowed("y", Region(((slice(1, 2),),)))
    assert narrow.lower()[("y", 0)]({}).tolist() == [1]


def test_readers_hold_their_lock_and_use_getitem():
    lock = threading.Lock()
    seen = []

    def getitem(array, index):
        seen.append(lock.locked())
        return array[index]

    assert Reader(getitem, True, lock)([1, 2, 3], slice(1, 3)).tolist() == [2, 3]
    assert seen == [True]
    assert Reader(None, False, None).short_name == "read"


def test_made_layers():
    layer = made_layer("x", str, ((2, 1),), cheap=True)
    assert layer.cheap
    assert layer.lower()[("x", 0)]({}) == "((0, 2),)"
    with pytest.raises(KeyError):
        layer.lower()[("x", 2)]
