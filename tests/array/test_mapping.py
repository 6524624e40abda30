import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array.mapping import blockwise, map_blocks
from minidask.array.testing import assert_eq
from minidask.delayed import delayed
from tests.array.arrays import forget, raising


def double(block):
    return block * 2


def shift(block, by, block_id=None):
    return block + by + 100 * block_id[0]


def test_blocks_are_mapped():
    a = np.arange(10)
    x = da.from_array(a, chunks=4)
    assert_eq(x.map_blocks(double), a * 2)
    assert_eq(map_blocks(np.add, x, x, dtype=a.dtype), a * 2)
    assert_eq(map_blocks(np.add, x, da.from_array(a, chunks=5)), a * 2)
    assert_eq(map_blocks(np.add, x, 5), a + 5)
    assert_eq(x.map_blocks(np.astype, "f4", meta=np.empty(0, "f4")), a.astype("f4"))
    assert x.map_blocks(double).name == x.map_blocks(double).name
    assert x.map_blocks(double, token="mine").name.startswith("mine-")
    assert x.map_blocks(double, name="mine").name == "mine"


def test_block_id_and_info():
    x = da.arange(6, chunks=4)
    assert_eq(x.map_blocks(shift, 1), np.array([1, 2, 3, 4, 105, 106]))
    seen = {}

    def info(block, other, block_info=None):
        seen.update(block_info)
        return block

    y = da.ones((2, 6), chunks=(1, 4))
    map_blocks(info, y, x, dtype=float).compute(scheduler="sync")
    assert seen[0]["shape"] == (2, 6)
    assert seen[0]["num-chunks"] == (2, 2)
    assert seen[0]["array-location"] == [(1, 2), (4, 6)]
    assert seen[0]["chunk-location"] == (1, 1)
    assert seen[1]["array-location"] == [(4, 6)]
    assert seen[None]["chunk-shape"] == (1, 2)
    assert seen[None]["dtype"] == np.float64


def test_changed_shapes():
    a = np.arange(24.0).reshape(4, 6)
    x = da.from_array(a, chunks=(2, 6))
    assert_eq(x.map_blocks(lambda b: b.sum(axis=1), drop_axis=1, dtype=float), a.sum(1))
    assert_eq(x.map_blocks(lambda b: b[:, :, None], new_axis=2, dtype=float), a[:, :, None])
    assert_eq(x.map_blocks(lambda b: b[:1], chunks=((1, 1), (6,))), a[::2])
    assert_eq(x.map_blocks(lambda b: b[:1], chunks=(1, 6)), a[::2])
    assert_eq(
        x.map_blocks(lambda b: b.sum(), drop_axis=[0, 1], dtype=float) if x.npartitions == 1 else x.sum(), a.sum()
    )
    made = map_blocks(
        lambda block_info=None: np.full(3, block_info[None]["chunk-location"][0]), chunks=((3, 3),), dtype=int
    )
    assert_eq(made, np.repeat([0, 1], 3))
    assert_eq(map_blocks(np.ones, 3, chunks=((3,),), dtype=float), np.ones(3))
    unknown = forget(da.arange(6, chunks=3)).map_blocks(double)
    assert_eq(unknown, np.arange(6) * 2, check_shape=False)


def test_the_dtype_is_found_with_empty_blocks_or_ones():
    x = da.arange(6, chunks=3)
    assert x.map_blocks(lambda b: b / b.max()).dtype == float
    with pytest.raises(ValueError, match=r"could not be found by calling it.*ZeroDivisionError.*Say it with dtype="):
        x.map_blocks(lambda b: 1 // 0)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: map_blocks(5, x), TypeError, "map_blocks needs a function, got int"),
        (lambda x: x.map_blocks(double, drop_axis=5), np.exceptions.AxisError, "axis 5 is out of bounds"),
        (
            lambda x: x.map_blocks(double, chunks=((1, 1, 1), (6,))),
            ValueError,
            "give axis 0 3 blocks, but the arrays have 2",
        ),
        (lambda x: x.map_blocks(double, chunks=((1, 1),)), ValueError, "are for 1 dimensions, but the result has 2"),
        (lambda x: map_blocks(double, 1, new_axis=0), ValueError, "needs chunks="),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((4, 6), chunks=(2, 6)))


def test_blocks_of_another_shape_than_declared_are_named():
    x = da.ones((4, 6), chunks=(2, 6))
    wrong = x.map_blocks(lambda b: b[:1], chunks=((2, 2), (6,)), dtype=float)
    with pytest.raises(ValueError, match=r"returned a block of shape \(1, 6\) where \(2, 6\) was declared"):
        wrong.compute()
    with pytest.raises(ValueError, match="returned a block of shape"):
        x.map_blocks(lambda b: b.sum(), dtype=float, enforce_ndim=True).compute()
    with pytest.raises(ValueError, match=r"shape \(1, 6\) where \(2, 6\) was declared: correct chunks="):
        x.map_blocks(lambda b: b[:1]).compute()
    assert x.map_blocks(lambda b: b[:1], chunks=((np.nan, np.nan), (6,))).compute().shape == (2, 6)
    with pytest.raises(ValueError, match=r"shape \(1, 6\) where \(2, 6\) was declared"):
        blockwise(lambda b: b[:1], "ij", x, "ij").compute()
    # What has no shape is nobody's to check.
    assert x.map_blocks(lambda b: [b], dtype=object).to_delayed()[0, 0].compute()[0].shape == (2, 6)


def test_blockwise_as_in_einsteins_notation():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    x, y = da.from_array(a, chunks=(1, 2)), da.from_array(b, chunks=(2, 2))

    def product(ones, others):
        return sum(one @ other for one, other in zip(ones, others, strict=True))

    assert_eq(blockwise(product, "ik", x, "ij", y, "jk", dtype=float), a @ b)
    assert_eq(blockwise(np.matmul, "ik", x, "ij", y, "jk", concatenate=True), a @ b)
    assert_eq(blockwise(np.transpose, "ji", x, "ij"), a.T)
    assert_eq(
        blockwise(np.add.outer, "ij", da.arange(3, chunks=2), "i", da.arange(2, chunks=1), "j"),
        np.add.outer(range(3), range(2)),
    )
    assert_eq(blockwise(np.multiply, "ij", x, "ij", 2, None), a * 2)
    assert_eq(
        blockwise(lambda b: np.stack([b, b], -1), "ijz", x, "ij", new_axes={"z": 2}, dtype=float), np.stack([a, a], -1)
    )
    doubled = blockwise(
        lambda b: np.concatenate([b, b]), "ij", x, "ij", adjust_chunks={"i": lambda n: 2 * n}, dtype=float
    )
    assert doubled.chunks == ((2, 2), (2, 1))
    assert blockwise(np.sort, "i", da.arange(4, chunks=2), "i", adjust_chunks={"i": (2, 2)}).chunks == ((2, 2),)
    assert blockwise(np.sort, "i", da.arange(4, chunks=2), "i", adjust_chunks={"i": 2}).chunks == ((2, 2),)
    assert_eq(blockwise(np.add, "i", np.arange(4), "i", da.arange(4, chunks=2), "i"), np.arange(4) * 2)
    assert_eq(
        blockwise(np.add, "i", da.arange(4, chunks=2), "i", da.ones(4, chunks=2), "i", align_arrays=False),
        np.arange(4) + 1.0,
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: blockwise(np.add, "iz", x, "ij"), "no array has the result's symbol 'z'"),
        (lambda x: blockwise(np.add, "ij", x, "ij", new_axes={"i": 1}), "names 'i', which an array has"),
        (lambda x: blockwise(np.add, "ij", x, "ij", adjust_chunks={"i": (1,)}), "gives 'i' 1 blocks, but there are 2"),
        (lambda x: blockwise(lambda b: 1 // 0, "ij", x, "ij"), "Say it with dtype="),
    ],
)
def test_bad_blockwise_calls(call, message):
    with pytest.raises(ValueError, match=message):
        call(da.ones((4, 6), chunks=(2, 6)))


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones((4, 6), chunks=2)
        x.map_blocks(double)
        blockwise(double, "ij", x, "ij")


@pytest.mark.parametrize("axis", [0, 1, (0, 1), -1])
def test_dropped_axes_are_joined(axis):
    a = np.arange(24).reshape(4, 6)
    x = da.from_array(a, chunks=(2, (3, 1, 2)))
    assert_eq(x.map_blocks(np.sum, axis=axis, drop_axis=axis, dtype=a.dtype), a.sum(axis=axis))


def test_arrays_of_length_one_are_not_repeated_along_a_dropped_axis():
    a, b = np.arange(12).reshape(4, 3), np.ones((4, 1), int)
    x, y = da.from_array(a, chunks=(2, 1)), da.from_array(b, chunks=(2, 1))
    made = map_blocks(lambda one, other: (one * other).sum(axis=1) + other.shape[1], x, y, drop_axis=1, dtype=int)
    assert_eq(made, a.sum(axis=1) + 1)


def test_axes_are_dropped_and_added():
    a = np.arange(12).reshape(4, 3)
    made = da.from_array(a, chunks=(2, 2)).map_blocks(
        lambda block: np.stack([block.min(axis=1), block.max(axis=1)]),
        drop_axis=1,
        new_axis=0,
        chunks=((2,), (2, 2)),
        dtype=int,
    )
    assert_eq(made, np.stack([a.min(axis=1), a.max(axis=1)]))


def test_block_info_says_that_all_of_a_dropped_axis_is_there():
    def which(block, block_info=None):
        (rows, columns) = block_info[0]["array-location"]
        assert columns == (0, 6)
        assert block.shape == (rows[1] - rows[0], 6)
        return block.sum(axis=1) + block_info[None]["chunk-location"][0]

    made = da.ones((4, 6), chunks=(2, 2)).map_blocks(which, drop_axis=1, dtype=float)
    assert_eq(made, np.array([6.0, 6, 7, 7]))


def test_blocks_have_the_declared_dtype():
    x = da.arange(4, chunks=2)
    assert_eq(x.map_blocks(lambda block: block.astype("i2"), dtype="f8"), np.arange(4.0))
    assert_eq(x.map_blocks(lambda block: block.astype("f4"), meta=np.empty(0, "f8")), np.arange(4.0))
    with pytest.raises(TypeError, match="returned a block of dtype float64 where int64 was declared: correct dtype="):
        x.map_blocks(lambda block: block / 2, dtype=int).compute()
    with pytest.raises(TypeError, match="block of dtype float64 where int64 was declared: correct dtype="):
        x.map_blocks(lambda block: block / 2 if len(block) else block).compute()
    with pytest.raises(TypeError, match="returned a block of dtype float64 where int64 was declared"):
        blockwise(np.true_divide, "i", x, "i", 2, None, dtype=int).compute()
    with pytest.raises(TypeError, match="returned a block of dtype <U3 where float64 was declared"):
        x.map_overlap(lambda block: block.astype("U3"), depth=1, boundary="none", dtype=float).compute()


def test_collections_among_other_arguments():
    def plus(block, more=0, nested=()):
        assert not hasattr(more, "__dask_graph__")
        return block + np.sum(more) + sum(nested)

    x, y, later = da.arange(6, chunks=3), da.arange(4, chunks=2), delayed(3)
    expected = np.arange(6)
    with config.set(scheduler=raising):
        made = [
            x.map_blocks(plus, later, dtype=int),
            x.map_blocks(plus, more=later, dtype=int),
            x.map_blocks(plus, nested=[1, delayed(2)], dtype=int),
            x.map_overlap(plus, depth=1, boundary="none", more=later, dtype=int),
            da.map_overlap(plus, x, later, depth=1, boundary="none", dtype=int),
            blockwise(plus, "i", x, "i", later, None, dtype=int),
            blockwise(plus, "i", x, "i", more=later, dtype=int),
        ]
        arrays = [
            x.map_blocks(plus, more=y),
            blockwise(plus, "i", x, "i", y, None),
            blockwise(plus, "i", x, "i", more=y, dtype=int),
        ]
    for one in made:
        assert_eq(one, expected + 3)
    for one in arrays:
        assert_eq(one, expected + 6)
    assert len({one.name for one in made + arrays}) == 10
    assert x.map_blocks(plus, more=delayed(4), dtype=int).name != x.map_blocks(plus, more=later, dtype=int).name
    pair = da.ones((2, 4), chunks=2)
    made = blockwise(lambda b, k: b.sum(axis=1) + k, "i", pair, "ij", k=later, concatenate=True, dtype=float)
    assert_eq(made, np.full(2, 7.0))
    with pytest.raises(ValueError, match=r"a collection whose value isn't known before computing\. Say it with dtype="):
        x.map_blocks(plus, more=later)


def test_calls_of_blockwise_that_lack_something():
    x = da.ones((4, 6), chunks=2)
    with pytest.raises(ValueError, match=r"the index of the last of 1 arguments is missing"):
        blockwise(np.add, "ij", x, dtype=float)
    with pytest.raises(ValueError, match="adjust_chunks names 'k', which is no symbol of the result"):
        blockwise(np.negative, "ij", x, "ij", adjust_chunks={"k": 2}, dtype=float)
