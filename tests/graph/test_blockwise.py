from __future__ import annotations

import math
import pickle
from itertools import product
from operator import add, neg

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.graph import BlockId, Blockwise, LayeredGraph, Parts, TaskRef, annotate, blockwise, source
from minidask.tokenize import tokenize
from tests.graph.samples import affine, collect, record, run


def grid(name, *blocks):
    """A layer whose blocks are their own indices."""
    symbols = tuple(range(len(blocks)))
    return blockwise(index_of, symbols, (name, None), (BlockId(), symbols), new_axes=dict(enumerate(blocks)), name=name)


def index_of(name, index):
    return (name, *index)


def computed(layer):
    tasks = LayeredGraph([layer]).to_dict()
    keys = list(layer.output_keys())
    return dict(zip([key[1:] for key in keys], run(tasks, keys), strict=True))


def expected_block(layer, operands, index):
    """What ``collect`` gives for a block, worked out from the definition."""
    place = dict(zip(layer.out_ind, index, strict=True))
    args = []
    for operand, ind in operands:
        if ind is None:
            args.append(operand)
            continue
        missing = [s for s in dict.fromkeys(ind) if s not in place]

        def block(extra, operand=operand, ind=ind):
            where = place | extra
            return (operand.name, *[0 if n == 1 else where[s] for s, n in zip(ind, operand.numblocks, strict=True)])

        def nest(symbols, extra, block=block):
            if not symbols:
                return block(extra)
            return [nest(symbols[1:], extra | {symbols[0]: at}) for at in range(layer.sizes[symbols[0]])]

        args.append(nest(missing, {}))
    return args


@pytest.mark.slow
@given(st.data())
def test_random_patterns_agree_with_the_definition(data):
    sizes = data.draw(st.fixed_dictionaries({s: st.integers(0, 3) for s in "ijk"}))
    out = data.draw(st.permutations("ijk"))[: data.draw(st.integers(0, 3))]
    operands = []
    for number in range(data.draw(st.integers(1, 3))):
        ind = tuple(data.draw(st.lists(st.sampled_from("ijk"), max_size=3)))
        blocks = [data.draw(st.sampled_from([1, sizes[s]])) for s in ind]
        # A symbol twice in one index stands for one number of blocks.
        blocks = [blocks[ind.index(s)] for s in ind]
        operands.append((grid(f"x{number}", *blocks), ind))
    operands.append((7, None))
    if data.draw(st.booleans()):
        operands.append(operands[0])
    layer = blockwise(collect, out, *operands, name="y", new_axes=sizes)
    results = computed(layer)
    assert list(results) == list(product(*[range(sizes[s]) for s in out]))
    for index, result in results.items():
        assert result == expected_block(layer, operands, index)
    wanted = data.draw(st.lists(st.sampled_from(list(results)), max_size=3)) if results else []
    some = layer.lower({("y", *index) for index in wanted})
    assert list(some) == sorted({("y", *index) for index in wanted})
    assert all(task == layer.lower()[key] for key, task in some.items())


def test_elementwise_broadcast_and_transpose():
    x, row = grid("x", 2, 3), grid("row", 3)
    layer = blockwise(collect, "ij", (x, "ij"), (row, "j"), (x, "ij"), name="y")
    assert layer.lower()["y", 1, 2].args == (TaskRef(("x", 1, 2)), TaskRef(("row", 2)), TaskRef(("x", 1, 2)))
    assert layer.inputs == (x, row)
    turned = blockwise(collect, "ji", (x, "ij"), name="t")
    assert turned.numblocks == (3, 2)
    assert computed(turned)[2, 1] == [("x", 1, 2)]


def test_contraction_gives_nested_lists_and_contract_their_sum():
    x, y = grid("x", 2, 3), grid("y", 3, 2)
    product_ = blockwise(collect, "ik", (x, "ij"), (y, "jk"), name="p")
    assert computed(product_)[1, 0] == [[("x", 1, j) for j in range(3)], [("y", j, 0) for j in range(3)]]
    every = blockwise(collect, "", (x, "ij"), name="all")
    assert computed(every)[()] == [[[("x", i, j) for j in range(3)] for i in range(2)]]
    count = blockwise(collect, "i", (x, "ij"), (x, "ij"), contract=len, name="len")
    assert computed(count)[0,] == [3, 3]


def test_a_single_block_is_repeated_along_a_contracted_symbol():
    x, y = grid("x", 1, 3), grid("y", 1, 2)
    layer = blockwise(collect, "ik", (x, "ij"), (y, "jk"), name="p")
    assert computed(layer)[0, 1] == [[("x", 0, j) for j in range(3)], [("y", 0, 1)] * 3]
    assert layer.lower()["p", 0, 1].dependencies == (("x", 0, 0), ("x", 0, 1), ("x", 0, 2), ("y", 0, 1))


def test_contraction_over_no_blocks():
    layer = blockwise(collect, "i", (grid("x", 2, 0), "ij"), name="y")
    assert computed(layer) == {(0,): [[]], (1,): [[]]}
    nested = blockwise(collect, "", (grid("x", 2, 0), "ij"), name="y")
    assert computed(nested) == {(): [[[], []]]}


def test_parts_and_block_ids():
    layer = blockwise(
        collect,
        "ij",
        (Parts("abc"), "j"),
        (BlockId(), "ji"),
        (BlockId(), "i"),
        (Parts(["only"]), "i"),
        new_axes={"i": 2},
        name="y",
    )
    assert computed(layer)[1, 2] == ["c", (2, 1), (1,), "only"]
    assert len(layer.lower()) == 6
    assert layer.lower()["y", 0, 0].dependencies == ()


def test_parts_may_be_lazy():
    class Squares:
        def __len__(self):
            return 1000

        def __getitem__(self, at):
            asked.append(at)
            return at * at

    asked = []
    layer = source(neg, Squares(), name="x")
    assert layer.lower({("x", 30)})["x", 30]({}) == -900
    assert asked == [30]


def test_source_keywords_and_new_axes():
    layer = source(affine, [1, 2], kwargs={"slope": 10}, name="x")
    assert computed(layer) == {(0,): 11, (1,): 21}
    wide = blockwise(collect, "ijn", (grid("y", 2), "i"), new_axes={"j": 2, "n": 1}, name="z")
    assert wide.numblocks == (2, 2, 1)
    assert computed(wide)[1, 1, 0] == [("y", 1)]
    packed = blockwise(affine, "", (grid("y", 2), "i"), kwargs={"slope": 2, "offset": ["o"]}, contract=len, name="w")
    with pytest.raises(TypeError, match="unsupported operand"):
        computed(packed)


def test_names_say_what_is_computed():
    x, y = grid("x", 2), grid("y", 2)

    def name(*operands, func=add, out="i", **kwargs):
        return blockwise(func, out, *operands, **kwargs).name

    names = [
        name((x, "i"), (1, None)),
        name((x, "i"), (1.0, None)),
        name((x, "i"), (True, None)),
        name((y, "i"), (1, None)),
        name((1, None), (x, "i")),
        name((x, "i"), (1, None), func=neg),
        name((x, "i"), (1, None), kwargs={"a": 1}),
        name((x, "i"), (1, None), contract=len),
        name((x, "i"), (1, None), out="ij", new_axes={"j": 1}),
        name((x, "i"), (1, None), out="ij", new_axes={"j": 2}),
        name(("x", None), (("i",), None), new_axes={"i": 2}),
        name((x, "i")),
        name((BlockId(), "i"), new_axes={"i": 2}),
        name(("BlockId", None), new_axes={"i": 2}),
        name((Parts([1, 2]), "i")),
        name((Parts([2, 1]), "i")),
    ]
    assert len(set(names)) == len(names)
    assert name((x, "i"), (1, None)) == names[0]
    assert names[0].startswith("add-")
    assert name((x, "i"), prefix="plus").startswith("plus-")
    assert name((x, "i"), token="t") != name((x, "i"), token="u")
    assert name((x, "i"), token="t", func=neg).split("-")[1] == name((x, "i"), token="t").split("-")[1]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: blockwise(add, "i", (x, "i"), name="y"), ValueError, "has 1 symbols, but .* has 2 dimensions"),
        (
            lambda x: blockwise(add, "ij", (x, "ij"), (x, "ji"), name="y"),
            ValueError,
            "disagree on the number of blocks along 'j': 3 and 2",
        ),
        (
            lambda x: blockwise(add, "ijk", (x, "ij"), name="y"),
            ValueError,
            "no operand has the output's symbol 'k'.*new_axes",
        ),
        (lambda x: blockwise(add, "ii", (x, "ij"), name="y"), ValueError, "has a symbol twice"),
        (lambda x: blockwise(add, "ij", (3, "ij"), name="y"), TypeError, "must be a Layer, Parts or BlockId, got int"),
        (
            lambda x: blockwise(add, "i", (Parts([1]), "k"), (x, "ij"), name="y"),
            ValueError,
            "must consist of symbols of the output's",
        ),
        (
            lambda x: blockwise(add, "i", (BlockId(), "k"), (x, "ij"), name="y"),
            ValueError,
            "must consist of symbols of the output's",
        ),
    ],
)
def test_patterns_that_do_not_fit(make, error, message):
    with pytest.raises(error, match=message):
        make(grid("x", 2, 3))


def test_annotations_reach_the_tasks():
    with annotate(priority=lambda key: key[1], note="n"):
        layer = source(neg, [1, 2], name="x")
    assert [task.annotations for task in layer.lower().values()] == [
        {"priority": 0, "note": "n"},
        {"priority": 1, "note": "n"},
    ]
    with annotate(retries=2):
        layer = source(neg, [1, 2], name="x")
    first, second = layer.lower().values()
    assert first.annotations is second.annotations
    assert source(neg, [1], name="x").lower()["x", 0].annotations is None


def test_rebuilding_and_pickling():
    x, other = grid("x", 2), grid("other", 2)
    layer = blockwise(affine, "i", (x, "i"), kwargs={"slope": 3}, name="y")
    assert layer.rebuild((x,)) is layer
    moved = layer.rebuild((other,))
    assert moved.name == "y"
    assert moved.lower()["y", 1].args == (TaskRef(("other", 1)),)
    assert layer.inputs == (x,)
    assert layer.rebuild((other,), "z").lower().keys() == {("z", 0), ("z", 1)}
    copy = pickle.loads(pickle.dumps(layer))
    assert type(copy) is Blockwise
    assert copy.lower() == layer.lower()
    assert tokenize(copy) == tokenize(layer)


def test_operands_for_people():
    assert repr(Parts("ab")) == "Parts(2 values)"
    assert repr(BlockId()) == "BlockId()"
    assert BlockId() == BlockId()
    assert len({BlockId(), BlockId()}) == 1
    assert pickle.loads(pickle.dumps(Parts([1]))).values == [1]
    assert tokenize(BlockId()) == tokenize(BlockId())
    assert repr(grid("x", 2, 3)) == "<Blockwise 'x' of 2x3 blocks from ()>"
    assert record() == ("record", (), ())


@pytest.mark.slow
def test_a_symbolic_task_is_small():
    import sys
    import tracemalloc

    tracemalloc.start()
    layer = source(neg, range(100_000), name="x")
    for _ in range(10):
        layer = blockwise(add, "i", (layer, "i"), (1, None))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / (11 * 100_000) < 1
    assert sys.getsizeof(layer) < 300
    assert np.prod(layer.numblocks) == 100_000


def test_functions_that_can_be_imported_are_named_by_name_and_others_by_what_they_do():
    x = source(abs, [1, 2], name="x")
    names = {blockwise(func, "i", (x, "i")).name.rpartition("-")[2] for func in (abs, len, math.floor, math.ceil)}
    assert len(names) == 4
    one, same, other = (lambda v: v + 1), (lambda v: v + 1), (lambda v: v + 2)
    first, second, third = (blockwise(func, "i", (x, "i"), prefix="f").name for func in (one, same, other))
    assert first == second != third
