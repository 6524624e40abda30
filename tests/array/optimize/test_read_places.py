import numpy as np

import minidask
import minidask.array as da
from minidask.array.computing import delivered
from minidask.array.deliver import DeliverLayer, FromPlace, Handed
from minidask.array.optimize import fuse_blocks
from minidask.array.optimize.read_places import read_places
from minidask.graph import LayeredGraph
from minidask.schedulers import sync


def squared(block):
    return block**2


def noted(block, seen):
    seen.append(block)
    return block.sum(keepdims=True)


def test_what_is_made_of_a_result_reads_it_from_its_place():
    y = da.arange(6, chunks=3).map_blocks(squared)
    seen = []
    sums = y.map_blocks(noted, seen, dtype=int, chunks=(1,))
    result, totals = minidask.compute(y, sums, scheduler="sync")
    assert result.tolist() == [0, 1, 4, 9, 16, 25]
    assert totals.tolist() == [5, 50]
    assert len(seen) == 2
    assert all(block.base is result for block in seen)


def test_the_result_fuses_with_what_makes_it():
    y = da.arange(6, chunks=3).map_blocks(squared) + 1
    placed = delivered(y)
    z = y - y.sum()
    graph = LayeredGraph.merge(placed.dask, z.dask)
    keys = [*placed.__dask_keys__(), *z.__dask_keys__()]
    plan = fuse_blocks(read_places(graph, keys), keys)
    assert y.name not in plan.layers
    done, *blocks = sync.get(plan, keys)
    assert done is None
    assert np.concatenate(blocks).tolist() == z.compute().tolist()
    assert placed.out.tolist() == [1, 2, 5, 10, 17, 26]


def test_two_results_of_one_array_share_a_place_to_read_from():
    y = da.arange(6, chunks=3).map_blocks(squared)
    one, two = delivered(y), delivered(y)
    keys = [*one.__dask_keys__(), *two.__dask_keys__()]
    plan = read_places(LayeredGraph.merge(one.dask, two.dask), keys)
    assert [type(layer) for layer in plan.layers.values()].count(DeliverLayer) == 2
    assert sync.get(plan, keys) == (None, None)
    assert one.out.tolist() == two.out.tolist() == [0, 1, 4, 9, 16, 25]
    assert not np.shares_memory(one.out, two.out)


def masking(block):
    return np.ma.array(block, mask=block > 3)


def test_blocks_without_a_place_are_read_as_they_were_handed_over():
    masked = da.arange(6, chunks=3).map_blocks(masking, dtype=int)
    result, more = minidask.compute(masked, masked.map_blocks(np.ma.getmaskarray, dtype=bool))
    assert result.mask.tolist() == more.tolist() == [False] * 4 + [True] * 2
    block = np.array([0.5])
    assert FromPlace(np.zeros(4))(Handed(block, ((0, 1),))) is block


def test_chains_of_results_and_changed_chunks():
    x = da.from_array(np.arange(24.0).reshape(4, 6), chunks=(2, 3))
    y = x.map_blocks(squared)
    z = y.rechunk((4, 2))
    w = z - z.mean(axis=0)
    a = np.arange(24.0).reshape(4, 6) ** 2
    for found in (minidask.compute(w, z, y, w.T), minidask.compute(w, z, y, w.T, optimize_graph=False)):
        np.testing.assert_allclose(found[0], a - a.mean(axis=0))
        assert found[1].tolist() == found[2].tolist() == a.tolist()
        assert found[3].tolist() == found[0].T.tolist()


def test_graphs_without_a_shared_result_stay_as_they_are():
    y = da.arange(6, chunks=3) + 1
    assert read_places(y.dask, [(y.name, 0)]) is y.dask
    assert read_places({"x": 1}, ["x"]) == {"x": 1}
    placed = delivered(y)
    assert read_places(placed.dask, placed.__dask_keys__()) is placed.dask
