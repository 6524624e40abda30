"""What makes an object a collection, and what the protocol's helpers make of one."""

from __future__ import annotations

import pickle

import pytest

from minidask import compute, delayed
from minidask.collection.protocol import (
    GridOf,
    collection_graph,
    collection_layers,
    is_dask_collection,
    rebuilt_layer,
    shape_of,
)
from minidask.graph import LayeredGraph, MaterializedLayer, literal
from tests.collection.samples import Grid, Tuple, numbers


class Anything:
    """Has every attribute, as some proxies do."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args: {}


class OnInstance:
    """Gets the protocol's method on the object, not on the class."""

    def __init__(self, graph):
        self.__dask_graph__ = lambda: graph


@pytest.mark.parametrize("x", [1, "x", None, [1], {"a": 1}, object(), Tuple, Grid, Anything(), OnInstance(None)])
def test_what_is_no_collection(x):
    assert not is_dask_collection(x)


@pytest.mark.parametrize("x", [numbers(), Grid.of([[1]]), delayed(1), delayed(abs)(1), OnInstance({"x": 1})])
def test_what_is_a_collection(x):
    assert is_dask_collection(x)


def test_a_collection_without_a_graph_is_none():
    x = numbers()
    x._dsk = None
    assert not is_dask_collection(x)
    assert compute(x) == (x,)


def test_a_graph_that_is_no_mapping_is_an_error_that_names_the_class():
    x = numbers()
    x._dsk = [1, 2]
    with pytest.raises(TypeError, match=r"Tuple.__dask_graph__\(\) returned list, not a mapping"):
        collection_graph(x)


def test_layers_of_a_dict_are_one_new_layer():
    x = numbers()
    (layer,) = collection_layers(x)
    assert isinstance(layer, MaterializedLayer)
    assert layer.mapping is x._dsk


def test_layers_are_those_that_the_collection_names():
    x = Grid.of([[1, 2]])
    y = x + 1
    assert [layer.name for layer in collection_layers(y)] == [y.name]
    assert set(y.dask.layers) == {x.name, y.name}


def test_layers_of_an_optimised_graph_are_its_roots():
    x = Grid.of([[1, 2]])
    x.dask = LayeredGraph.merge({("other", 0): 1})
    assert collection_layers(x) == x.dask.roots


def test_rebuilt_layer_takes_the_layer_if_it_is_still_there():
    y = Grid.of([[1, 2]]) + 1
    assert rebuilt_layer(y.dask, y.name, y.__dask_keys__()) is y.dask.layers[y.name]


def test_rebuilt_layer_of_results_is_a_grid_with_its_shape_and_keys():
    keys = [[("x", 0, 0), ("x", 0, 1)]]
    layer = rebuilt_layer({key: literal(1) for key in keys[0]}, "x", keys)
    assert isinstance(layer, GridOf)
    assert layer.numblocks == (1, 2)
    assert layer.nested_keys() == keys
    again = pickle.loads(pickle.dumps(layer))
    assert (again.numblocks, again.nested_keys(), again.derived) == ((1, 2), keys, True)


def test_results_don_t_contradict_the_tasks_that_they_stand_for():
    graph = LayeredGraph.merge({("x", 0): (abs, -1)})
    held = GridOf("x", {("x", 0): literal(1)}, [("x", 0)])
    assert LayeredGraph.merge(graph, LayeredGraph([held])).lower([("x", 0)])


@pytest.mark.parametrize(("nested", "shape"), [("x", ()), ([], (0,)), (["a"], (1,)), ([["a", "b"]], (1, 2))])
def test_shape_of(nested, shape):
    assert shape_of(nested) == shape
