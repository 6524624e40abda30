"""The field's names for rewrites of plain graphs, used as its custom collections use them."""

from operator import add, neg

import pytest

import minidask
from minidask.base import DaskMethodsMixin
from minidask.graph import LayeredGraph
from minidask.optimization import cull, fuse, inline, inline_functions
from minidask.threaded import get

GRAPH = {"a": 1, "b": (neg, "a"), "c": (add, "b", 10), "d": (add, "c", "b"), "unused": (neg, "d")}


def test_cull_returns_the_graph_and_its_dependencies():
    tasks, dependencies = cull(GRAPH, [["c"]])
    assert list(tasks) == ["a", "b", "c"]
    assert dependencies == {"a": set(), "b": {"a"}, "c": {"b"}}
    assert cull(LayeredGraph.merge(GRAPH), "b")[1] == {"a": set(), "b": {"a"}}
    with pytest.raises(KeyError, match="'e' is not in the graph"):
        cull(GRAPH, "e")


def test_fuse_keeps_outputs_and_values():
    tasks, dependencies = fuse(GRAPH, ["c", "unused"])
    assert set(tasks) == {"b", "c", "unused"}
    assert dependencies["unused"] == {"b", "c"}
    assert get(tasks, ["c", "unused"]) == get(GRAPH, ["c", "unused"]) == (9, -8)


def test_fuse_takes_its_limits_from_the_settings_or_the_call():
    diamond = {"a": 1, "b": (neg, "a"), "c": (abs, "a"), "d": (add, "b", "c")}
    assert len(fuse(diamond, "d")[0]) == 4
    assert len(fuse(diamond, "d", ave_width=2)[0]) == 1
    with minidask.config.set({"optimization.fuse.ave-width": 2}):
        assert len(fuse(diamond, "d")[0]) == 1
        assert len(fuse(diamond, "d", ave_width=1)[0]) == 4


def test_inline_and_inline_functions():
    assert inline(GRAPH)["b"].dependencies == ()
    assert inline(GRAPH, ["b"])["c"].dependencies == ()
    small = inline_functions(GRAPH, ["d"], [neg])
    assert set(small) == {"a", "c", "d", "unused"}
    assert get(small, "d") == 8


def test_a_custom_collection_optimises_with_them():
    class Values(DaskMethodsMixin):
        def __init__(self, dsk, keys):
            self.dsk, self.keys = dsk, keys

        def __dask_graph__(self):
            return self.dsk

        def __dask_keys__(self):
            return self.keys

        @staticmethod
        def __dask_optimize__(dsk, keys, **kwargs):
            culled, dependencies = cull(dsk, keys)
            return inline(culled, dependencies=dependencies)

        __dask_scheduler__ = staticmethod(get)

        def __dask_postcompute__(self):
            return list, ()

        def __dask_postpersist__(self):
            return Values, (self.keys,)

    assert Values(GRAPH, ["c", "d"]).compute() == [9, 8]


def test_the_setting_fuses_whatever_is_computed():
    calls = []

    def note(x):
        calls.append(x)
        return x

    value = minidask.delayed(note)(minidask.delayed(note)(1))
    seen = []

    def spy(dsk, keys, **kwargs):
        seen.append(len(dsk if isinstance(dsk, dict) else dsk.lower(list(keys[0]))))
        return get(dsk, keys, **kwargs)

    assert value.compute(scheduler=spy) == 1
    with minidask.config.set({"optimization.fuse.active": True}):
        assert value.compute(scheduler=spy) == 1
    assert seen == [2, 1]
    assert len(calls) == 4
