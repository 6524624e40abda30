from __future__ import annotations

import pickle
from operator import add, neg

import pytest

from minidask.graph import Layer, LayeredGraph, MaterializedLayer, SingleLayer, Task, TaskRef, annotate, literal, source
from minidask.graph.layer import NamedLayer, check_same_name, dump_layers, load_layers, same_task, walk
from minidask.tokenize import tokenize
from tests.graph.samples import run


class Doubled(Layer):
    """A custom layer with slots."""

    __slots__ = ("factor",)

    def __init__(self, name, above, factor):
        super().__init__(name, (above,), above.numblocks)
        self.factor = factor

    def lower(self, wanted=None):
        keys = self.output_keys() if wanted is None else wanted
        return {key: Task(scale, (TaskRef(self.inputs[0].key_at(key[1:])), self.factor)) for key in keys}


class Plain(Doubled):
    """A custom layer without slots, whose fields are in its ``__dict__``."""

    def __init__(self, name, above, factor):
        super().__init__(name, above, factor)
        self.note = ["kept"]


class OneSlot(Doubled):
    __slots__ = "extra"


def scale(x, factor):
    return x * factor


def test_output_keys_of_grids():
    layer = Layer("x", (), (2, 3))
    assert list(layer.output_keys()) == [("x", i, j) for i in range(2) for j in range(3)]
    assert layer.nested_keys() == [[("x", i, j) for j in range(3)] for i in range(2)]
    assert len(layer) == 6
    assert layer.key_at((1, 2)) == ("x", 1, 2)
    for key in [("x", 0, 0), ("x", 1, 2), ("x", True, 0)]:
        assert key in layer
    for key in [
        "x",
        ("x",),
        ("x", 0),
        ("x", 2, 0),
        ("x", -1, 0),
        ("y", 0, 0),
        ("x", 0, "0"),
        ("x", 0, 0, 0),
        None,
        ("x", 0.0, 0),
    ]:
        assert key not in layer
    assert bool(Layer("x", (), (0,)))
    assert len(Layer("x", (), (0,))) == 0


def test_a_layer_without_dimensions_has_one_block():
    layer = Layer("x")
    assert list(layer.output_keys()) == [("x",)]
    assert layer.nested_keys() == ("x",)
    assert ("x",) in layer
    assert len(layer) == 1


def test_lower_is_the_subclass_s():
    with pytest.raises(NotImplementedError, match=r"Layer must define lower\(\)"):
        Layer("x").lower()


@pytest.mark.parametrize("cls", [Doubled, Plain, OneSlot])
def test_custom_layers_rebuild_and_pickle_with_all_their_fields(cls):
    x, y = source(neg, [1, 2], name="x"), source(neg, [3, 4], name="y")
    layer = cls("d", x, 10)
    if cls is OneSlot:
        layer.extra = "e"
    moved = layer.rebuild((y,))
    assert type(moved) is cls
    assert (moved.name, moved.factor, moved.inputs) == ("d", 10, (y,))
    assert layer.rebuild((x,)) is layer
    assert layer.rebuild((x,), "other").name == "other"
    copy = pickle.loads(pickle.dumps(moved))
    assert copy.lower() == moved.lower()
    assert copy.inputs[0].lower() == y.lower()
    if cls is Plain:
        assert moved.note is layer.note
        assert copy.note == ["kept"]
    if cls is OneSlot:
        assert (moved.extra, copy.extra) == ("e", "e")
    assert run(LayeredGraph([moved]).to_dict(), [("d", 1)]) == [-40]


def test_repr_names_what_it_is_made_of():
    inputs = tuple(source(neg, [1], name=f"x{i}") for i in range(6))
    assert repr(Layer("y", inputs, (2, 1))) == "<Layer 'y' of 2x1 blocks from (x0, x1, x2, x3, ...)>"
    assert repr(Layer("y")) == "<Layer 'y' of 1 blocks from ()>"
    assert repr(MaterializedLayer("d", {"x": 1})) == "<MaterializedLayer 'd' of 1 tasks>"
    assert repr(SingleLayer("s", Task(neg, (1,)))) == "<SingleLayer 's': <Task neg(1)>>"


def test_tokens_are_names():
    assert tokenize(Layer("x")) == tokenize(Layer("x", (), (3,)))
    assert tokenize(Layer("x")) != tokenize(Layer("y"))


class TestMaterializedLayer:
    def test_conversion_knows_the_keys_of_the_inputs(self):
        x = source(neg, [1, 2], name="x")
        s = SingleLayer("s", literal(3))
        m = MaterializedLayer("m", {("free", 1): 5})
        layer = MaterializedLayer(
            "y", {"y": (record, ("x", 1), ("x", 2), "s", ("free", 1), ("free", 2), "m")}, (x, s, m)
        )
        assert layer.tasks()["y"].dependencies == (("x", 1), "s", ("free", 1))
        assert layer.tasks() is layer.tasks()

    def test_only_what_is_wanted_and_what_that_needs(self):
        layer = MaterializedLayer("m", {"a": 1, "b": (neg, "a"), "c": (neg, "b"), "d": 2})
        assert layer.lower({"b"}).keys() == {"a", "b"}
        assert layer.lower({"other"}) == {}
        assert layer.lower() == layer.tasks()
        assert layer.lower() is not layer.tasks()

    def test_keys_are_those_of_the_dict(self):
        layer = MaterializedLayer("m", {"a": 1, ("b", 0): 2})
        assert list(layer.output_keys()) == layer.nested_keys() == ["a", ("b", 0)]
        assert "a" in layer
        assert "m" not in layer
        assert len(layer) == 2

    def test_annotations_are_added_to_the_tasks_own(self):
        with annotate(priority=lambda key: len(key), note="layer"):
            layer = MaterializedLayer("m", {"aa": 1, "b": Task(neg, (1,), None, {"note": "own"})})
        tasks = layer.lower()
        assert tasks["aa"].annotations == {"priority": 2, "note": "layer"}
        assert tasks["b"].annotations == {"priority": 1, "note": "own"}

    def test_pickled_and_rebuilt_ones_have_the_same_tasks(self):
        x, other = source(neg, [1], name="x"), source(neg, [2], name="x")
        with annotate(note="n"):
            layer = MaterializedLayer("m", {"a": (neg, ("x", 0)), "b": "a"}, (x,))
        for copy in [pickle.loads(pickle.dumps(layer)), layer.rebuild((other,)), layer.rebuild((other,), "n")]:
            assert copy.lower() == layer.lower()
        assert layer.rebuild((other,)).inputs == (other,)


def record(*args):
    return args


class TestSingleLayer:
    def test_one_key(self):
        layer = SingleLayer("s", Task(neg, (1,)))
        assert list(layer.output_keys()) == layer.nested_keys() == ["s"]
        assert "s" in layer
        assert ("s",) not in layer
        assert len(layer) == 1
        assert layer.lower() == layer.lower({"s"}) == {"s": Task(neg, (1,))}
        assert layer.lower({"t"}) == {}

    def test_annotations(self):
        with annotate(priority=len):
            layer = SingleLayer("sss", Task(neg, (1,)))
        assert layer.lower()["sss"].annotations == {"priority": 3}
        assert SingleLayer("s", Task(neg, (1,)), (), {}).lower()["s"].annotations is None


def test_walk_puts_inputs_first_and_each_name_once():
    a, b = SingleLayer("a", literal(1)), SingleLayer("b", literal(2))
    c = SingleLayer("c", Task(add, (TaskRef("a"), TaskRef("b"))), (a, b))
    d = SingleLayer("d", Task(add, (TaskRef("a"), TaskRef("c"))), (a, c))
    names = [layer.name for layer in walk([d, b, d])]
    assert names == ["a", "b", "c", "d"]
    assert walk([]) == []


def test_one_name_for_two_tasks():
    with pytest.raises(ValueError, match="two different tasks have the key 'x'"):
        walk([NamedLayer("x", literal(1)), NamedLayer("x", literal(2))])
    check_same_name(NamedLayer("x", literal(1)), NamedLayer("x", literal(1)))
    # Names that are tokens are believed.
    check_same_name(SingleLayer("x", literal(1)), SingleLayer("x", literal(2)))


def test_same_task_looks_at_the_work_and_not_at_hints():
    assert same_task(Task(neg, (1,), None, {"priority": 1}), Task(neg, (1,)))
    assert not same_task(Task(neg, (1,)), Task(neg, (True,)))
    assert not same_task(Task(neg, (TaskRef("x"),)), Task(neg, ("x",)))


@pytest.mark.slow
def test_dumping_is_linear_in_roots():
    roots = [SingleLayer(f"x{i}", literal(i)) for i in range(20_000)]
    records = dump_layers(roots)
    assert len(records) == 20_000
    assert load_layers(records, 7).task == literal(7)
