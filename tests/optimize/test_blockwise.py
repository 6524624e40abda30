from __future__ import annotations

from operator import add, mul, neg, sub

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.graph import (
    BlockId,
    Blockwise,
    LayeredGraph,
    MaterializedLayer,
    Parts,
    annotate,
    blockwise,
    source,
    tree_reduction,
)
from minidask.optimize import fuse_blockwise
from tests.graph.samples import affine, run

ROWS, COLUMNS = 2, 3


def number(part, index):
    return part * 100 + index[0] * 10 + index[1]


def total(blocks):
    """The sum of nested lists of numbers."""
    return sum(map(total, blocks)) if isinstance(blocks, list) else blocks


def dot(left, right):
    return sum(a * b for a, b in zip(left, right, strict=True))


def top(blocks):
    return max(map(top, blocks)) if isinstance(blocks, list) else blocks


@st.composite
def layer_graphs(draw):
    """Layers of ROWS x COLUMNS blocks (or turned), vectors, single blocks; each made from earlier ones."""
    layers: list = []
    for at in range(draw(st.integers(1, 10))):
        name = f"L{at}"
        notes = draw(st.sampled_from([None, None, None, {"priority": 1}, {"priority": len}]))
        flat = [layer for layer in layers if layer.numblocks == (ROWS, COLUMNS)]
        turned = [layer for layer in layers if layer.numblocks == (COLUMNS, ROWS)]
        vectors = [layer for layer in layers if layer.numblocks == (COLUMNS,)]
        singles = [layer for layer in layers if layer.numblocks == (1, 1)]
        kinds = ["source"]
        if flat:
            kinds += ["neg", "add", "add", "turn", "total", "keyword", "repeat", "reduce", "single"]
        if turned:
            kinds += ["back", "turned neg"]
        if flat and turned:
            kinds += ["mixed", "dot"]
        if flat and vectors:
            kinds += ["broadcast"]
        if flat and singles:
            kinds += ["broadcast single"]
        if vectors:
            kinds += ["barrier", "vector"]
        kind = draw(st.sampled_from(kinds))

        def pick(some):
            return draw(st.sampled_from(some))

        if kind == "source":
            sizes = {"i": ROWS}
            layer = blockwise(
                number, "ij", (Parts([3, 5, 7]), "j"), (BlockId(), "ij"), new_axes=sizes, name=name, annotations=notes
            )
        elif kind == "neg":
            layer = blockwise(neg, "ij", (pick(flat), "ij"), name=name, annotations=notes)
        elif kind in ("add", "repeat"):
            left = pick(flat)
            right = left if kind == "repeat" else pick(flat)
            layer = blockwise(pick([add, sub, mul]), "ab", (left, "ab"), (right, "ab"), name=name, annotations=notes)
        elif kind == "turn":
            layer = blockwise(neg, "ji", (pick(flat), "ij"), name=name, annotations=notes)
        elif kind == "turned neg":
            layer = blockwise(
                sub, "ji", (pick(turned), "ji"), (draw(st.integers(0, 3)), None), name=name, annotations=notes
            )
        elif kind == "back":
            layer = blockwise(neg, "ij", (pick(turned), "ji"), name=name, annotations=notes)
        elif kind == "mixed":
            layer = blockwise(sub, "ij", (pick(flat), "ij"), (pick(turned), "ji"), name=name, annotations=notes)
        elif kind == "total":
            contract = draw(st.sampled_from([None, total]))
            layer = blockwise(total, "j", (pick(flat), "ij"), contract=contract, name=name, annotations=notes)
        elif kind == "single":
            layer = blockwise(total, "ab", (pick(flat), "ij"), new_axes={"a": 1, "b": 1}, name=name, annotations=notes)
        elif kind == "dot":
            square = blockwise(dot, "ik", (pick(flat), "ij"), (pick(turned), "jk"), name=f"S{at}", annotations=notes)
            layer = blockwise(total, "j", (square, "ik"), new_axes={"j": COLUMNS}, name=name, annotations=notes)
        elif kind == "keyword":
            layer = blockwise(affine, "ij", (pick(flat), "ij"), kwargs={"slope": 3}, name=name, annotations=notes)
        elif kind == "reduce":
            layer = tree_reduction(
                pick(flat), top, top, axes=(0,), split_every=2, keepdims=False, name=name, annotations=notes
            )
        elif kind == "broadcast":
            layer = blockwise(add, "ij", (pick(flat), "ij"), (pick(vectors), "j"), name=name, annotations=notes)
        elif kind == "broadcast single":
            layer = blockwise(mul, "ij", (pick(flat), "ij"), (pick(singles), "ij"), name=name, annotations=notes)
        elif kind == "vector":
            layer = blockwise(sub, "j", (pick(vectors), "j"), (pick(vectors), "j"), name=name, annotations=notes)
        else:
            above = pick(vectors)
            mapping = {(name, at): (neg, (above.name, at)) for at in range(COLUMNS)}
            barrier = MaterializedLayer(f"M{at}", mapping, (above,))
            grid = {"n": COLUMNS}
            layer = blockwise(
                first_of, "n", (name, None), (BlockId(), "n"), new_axes=grid, name=f"B{at}", annotations=notes
            )
            layers.append(barrier)
        layers.append(layer)
    return layers


def first_of(name, index):
    return index[0]


@pytest.mark.slow
@given(layer_graphs(), st.data())
def test_values_stay(layers, data):
    roots = data.draw(st.lists(st.sampled_from(layers), min_size=1, max_size=3))
    graph = LayeredGraph(roots)
    asked = data.draw(st.lists(st.sampled_from(list(graph.layers.values())), max_size=2))
    keys = [key for layer in (*roots, *asked) for key in layer.output_keys()]
    fused = fuse_blockwise(graph, keys)
    assert [root.name for root in fused.roots] == [root.name for root in graph.roots]
    assert {layer.name for layer in asked} <= set(fused.layers) <= set(graph.layers)
    before, after = graph.lower(keys), fused.lower(keys)
    assert len(after) <= len(before)
    assert run(after, keys) == run(before, keys)
    # Nothing is repeated: each layer's function runs once a block, in one layer or another.
    assert steps(after) <= steps(before)
    for key, task in after.items():
        if key in before:
            assert task.annotations == before[key].annotations
    # Fusing again finds nothing more.
    assert set(fuse_blockwise(fused, keys).layers) == set(fused.layers)


def steps(tasks):
    plain = ("pack_list",)
    count = 0
    for task in tasks.values():
        inner = getattr(task.func, "steps", None)
        count += 1 if inner is None else sum(step.func.__name__ not in plain for step in inner)
    return count


def x():
    return source(neg, [1, 2, 3], name="x")


def only(graph):
    (layer,) = graph.layers.values()
    return layer


def test_chains_and_diamonds_become_one_plain_layer_of_the_last_name():
    above = x()
    y = blockwise(add, "i", (above, "i"), (1, None), name="y")
    z = blockwise(mul, "i", (above, "i"), (y, "i"), name="z")
    layer = only(fuse_blockwise(LayeredGraph([z])))
    assert type(layer) is Blockwise
    assert layer.name == "z"
    assert layer.inputs == ()
    assert [step.func for step in layer.func.steps] == [neg, add, mul]
    assert layer.func.labels == ("x", "y", "z")
    assert run(layer.lower(), [("z", 2)]) == [6]


class Special(Blockwise):
    __slots__ = ("meta",)


def test_subclasses_are_fused_to_plain_layers_and_kept_alone():
    above = x()
    y = blockwise(add, "i", (above, "i"), (1, None), name="y")
    special = Special(y.name, y.inputs, y.func, y.out_ind, y.operands, y.sizes)
    special.meta = "m"
    assert type(only(fuse_blockwise(LayeredGraph([special])))) is Blockwise
    alone = fuse_blockwise(LayeredGraph([special]), [("x", 0)]).layers
    assert type(alone["y"]) is Special
    assert alone["y"].meta == "m"


def test_requested_layers_stay():
    above = x()
    y = blockwise(add, "i", (above, "i"), (1, None), name="y")
    z = blockwise(neg, "i", (y, "i"), name="z")
    assert list(fuse_blockwise(LayeredGraph([z]), [("y", 1), ("no", 1)]).layers) == ["y", "z"]
    assert list(fuse_blockwise(LayeredGraph([z, above])).layers) == ["x", "z"]
    assert fuse_blockwise(LayeredGraph([above])).roots[0] is above


def test_layers_of_different_hints_are_apart():
    above = x()
    with annotate(priority=1):
        y = blockwise(add, "i", (above, "i"), (1, None), name="y")
        z = blockwise(neg, "i", (y, "i"), name="z")
    fused = fuse_blockwise(LayeredGraph([z]))
    assert list(fused.layers) == ["x", "z"]
    assert fused.lower([("z", 0)])["z", 0].annotations == {"priority": 1}


def test_hints_that_are_functions_of_the_key_are_never_fused_across():
    with annotate(priority=lambda key: 1 if key[0] == "y" else 2):
        y = blockwise(add, "i", (x(), "i"), (1, None), name="y")
        z = blockwise(neg, "i", (y, "i"), name="z")
    tasks = fuse_blockwise(LayeredGraph([z])).lower([("z", 0)])
    assert tasks["y", 0].annotations == {"priority": 1}
    assert tasks["z", 0].annotations == {"priority": 2}


def test_an_outer_hint_does_not_reach_into_what_was_made_before():
    z = blockwise(neg, "i", (x(), "i"), name="z")
    with annotate(priority=1):
        fused = fuse_blockwise(LayeredGraph([z]))
    assert fused.lower([("z", 0)])["z", 0].annotations is None


def test_broadcast_blocks_are_not_made_again_for_each_user():
    row = source(neg, [1], name="row")
    z = blockwise(add, "i", (x(), "i"), (row, "i"), name="z")
    assert sorted(fuse_blockwise(LayeredGraph([z])).layers) == ["row", "z"]


def test_transposes_meet_in_one_index_or_stay_apart():
    above = blockwise(number, "ij", (Parts([3, 5]), "j"), (BlockId(), "ij"), new_axes={"i": 2}, name="x")
    there = blockwise(neg, "ji", (above, "ij"), name="t")
    back = blockwise(neg, "ij", (there, "ji"), name="b")
    both = blockwise(add, "ij", (back, "ij"), (above, "ij"), name="s")
    graph = LayeredGraph([both])
    layer = only(fuse_blockwise(graph))
    keys = list(layer.output_keys())
    assert run(layer.lower(), keys) == run(graph.lower(keys), keys)
    crossed = blockwise(add, "ij", (there, "ij"), (above, "ij"), name="c")
    graph = LayeredGraph([crossed])
    fused = fuse_blockwise(graph)
    keys = list(crossed.output_keys())
    assert run(fused.lower(keys), keys) == run(graph.lower(keys), keys)


def test_shared_parts_and_contracted_operands_are_read_once():
    above = blockwise(number, "ij", (Parts([3, 5]), "j"), (BlockId(), "ij"), new_axes={"i": 2}, name="x")
    barrier = tree_reduction(above, top, top, axes=(0,), split_every=2, name="r")
    y = blockwise(total, "j", (barrier, "ij"), name="y")
    z = blockwise(total, "j", (barrier, "ij"), contract=total, name="z")
    s = blockwise(sub, "j", (y, "j"), (z, "j"), name="s")
    graph = LayeredGraph([s])
    fused = fuse_blockwise(graph)
    assert list(fused.layers)[-1] == "s"
    assert "y" not in fused.layers
    assert run(fused.lower([("s", 1)]), [("s", 1)]) == [0]
    assert fused.layers["s"].lower()["s", 1].dependencies == (("r", 0, 1),)


def test_errors_name_the_layer_inside():
    y = blockwise(divide, "i", (x(), "i"), name="y")
    z = blockwise(neg, "i", (y, "i"), name="z")
    with pytest.raises(ZeroDivisionError) as caught:
        fuse_blockwise(LayeredGraph([z])).lower([("z", 0)])["z", 0]({})
    assert caught.value.__notes__ == ["In step 2 of 3: divide of task 'y'."]


def divide(block):
    return block / 0


@pytest.mark.slow
def test_cost_grows_with_the_number_of_layers():
    import time

    def seconds(count):
        layer = x()
        layers = [layer]
        for at in range(count):
            layer = blockwise(add, "i", (layer, "i"), (layers[at // 2], "i"), name=f"y{at}")
            layers.append(layer)
        graph = LayeredGraph([layer])
        start = time.process_time()
        fused = fuse_blockwise(graph, layer.output_keys())
        spent = time.process_time() - start
        assert list(fused.layers) == [layer.name]
        return spent / count

    assert seconds(8_000) < 4 * seconds(1_000) + 2e-5
