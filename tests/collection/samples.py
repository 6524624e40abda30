"""Collections as users write them for the protocol of the field, one of each style."""

from __future__ import annotations

from operator import add

from minidask import threaded
from minidask.base import DaskMethodsMixin, replace_name_in_key, tokenize
from minidask.graph import convert
from minidask.highlevelgraph import HighLevelGraph
from minidask.local import get_sync
from minidask.optimize import cull


class Tuple(DaskMethodsMixin):
    """A tuple of results on a plain dict: the smallest collection that there is."""

    def __init__(self, dsk, keys):
        self._dsk = dsk
        self._keys = keys

    def __dask_graph__(self):
        return self._dsk

    def __dask_keys__(self):
        return self._keys

    @staticmethod
    def __dask_optimize__(dsk, keys, **kwargs):
        return cull(convert(dsk), keys)

    __dask_scheduler__ = staticmethod(threaded.get)

    def __dask_postcompute__(self):
        return tuple, ()

    def __dask_postpersist__(self):
        return Tuple._rebuild, (self._keys,)

    @staticmethod
    def _rebuild(dsk, keys, *, rename=None):
        if rename is not None:
            keys = [replace_name_in_key(key, rename) for key in keys]
        return Tuple(dsk, keys)

    def __dask_tokenize__(self):
        return tuple(self._keys)


def numbers(name="x", values=(1, 2, 3), call=None):
    """Return a ``Tuple`` of values; ``call`` is put around each."""
    graph = {(name, i): v if call is None else (call, v) for i, v in enumerate(values)}
    return Tuple(graph, list(graph))


class Grid(DaskMethodsMixin):
    """Numbers in a grid of blocks, on layers, with slots and a scheduler of its own."""

    __slots__ = ("dask", "name", "shape")

    def __init__(self, dask, name, shape):
        self.dask = dask
        self.name = name
        self.shape = shape

    @classmethod
    def of(cls, values):
        name = f"grid-{tokenize(values)}"
        graph = {(name, i, j): v for i, row in enumerate(values) for j, v in enumerate(row)}
        return cls(HighLevelGraph.from_collections(name, graph), name, (len(values), len(values[0])))

    def __add__(self, n):
        name = f"add-{tokenize(self, n)}"
        graph = {(name, *at): (add, (self.name, *at), n) for at in self._places()}
        return Grid(HighLevelGraph.from_collections(name, graph, dependencies=[self]), name, self.shape)

    def _places(self):
        return [(i, j) for i in range(self.shape[0]) for j in range(self.shape[1])]

    def __dask_graph__(self):
        return self.dask

    def __dask_keys__(self):
        return [[(self.name, i, j) for j in range(self.shape[1])] for i in range(self.shape[0])]

    def __dask_layers__(self):
        return (self.name,)

    def __dask_tokenize__(self):
        return self.name

    __dask_scheduler__ = staticmethod(get_sync)

    def __dask_postcompute__(self):
        return nested_lists, ("grid",)

    def __dask_postpersist__(self):
        return self._rebuild, ()

    def _rebuild(self, dsk, *, rename=None):
        return Grid(dsk, (rename or {}).get(self.name, self.name), self.shape)


def nested_lists(results, kind):
    """Finalize a ``Grid``."""
    assert kind == "grid"
    return [list(row) for row in results]
