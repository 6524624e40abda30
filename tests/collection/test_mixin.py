"""The methods that collections inherit."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from minidask import local
from minidask.graph import held, literal
from tests.collection.samples import Grid, Tuple, numbers


def test_compute_returns_the_result_itself():
    assert numbers().compute() == (1, 2, 3)
    assert numbers().compute(scheduler="sync", optimize_graph=False) == (1, 2, 3)


def test_persist_returns_an_equal_collection():
    held = numbers(call=abs).persist(scheduler="sync")
    assert isinstance(held, Tuple)
    assert held.compute() == (1, 2, 3)


def test_compute_passes_keywords_on():
    seen = {}

    def get(dsk, keys, **kwargs):
        seen.update(kwargs)
        return local.get_sync(dsk, keys)

    numbers().compute(scheduler=get, bogus=1)
    assert seen == {"bogus": 1}


def test_visualize_draws_into_a_file(tmp_path):
    picture = numbers().visualize(filename=str(tmp_path / "graph"), format="svg", engine="svg")
    assert "<svg" in (tmp_path / "graph.svg").read_text()
    assert "<svg" in picture.data


def test_classes_with_slots_have_no_dict_and_can_be_referred_to_weakly():
    x = Grid.of([[1]])
    with pytest.raises(AttributeError):
        x.__dict__
    ref = weakref.ref(x)
    del x
    gc.collect()
    assert ref() is None


def test_the_inherited_methods_are_documented():
    for name in ("compute", "persist", "visualize"):
        assert getattr(Tuple, name).__doc__


def test_awaiting_waits_for_what_is_held_elsewhere():
    waited = []

    class Result:
        __minidask_future__ = True

        async def until_done(self):
            waited.append(self)

    class Held(Tuple):
        def __dask_graph__(self):
            return {"x": held(result), "y": literal(1)}

    async def main(collection):
        return await collection is collection

    result = Result()
    assert asyncio.run(main(numbers()))
    assert asyncio.run(main(Held({}, [])))
    assert waited == [result]
