from __future__ import annotations

import sys
import tracemalloc
from collections import OrderedDict
from decimal import Decimal
from fractions import Fraction
from functools import partial
from operator import add, neg

import numpy as np
import pytest
from hypothesis import given

from minidask.graph import Literal, Task, TaskRef, alias, check_key, convert, literal, nested_keys, quote
from tests.graph.samples import convert_and_run, evaluate, record, same, user_graphs


@pytest.mark.slow
@given(user_graphs())
def test_random_graphs_agree_with_the_reference(graph):
    keys = list(graph)
    results = convert_and_run(graph, keys)
    for key, result in zip(keys, results, strict=True):
        assert same(result, evaluate(graph, key)), key


@pytest.mark.slow
@given(user_graphs())
def test_converting_changes_nothing_that_is_converted_already(graph):
    tasks = convert(graph)
    assert list(tasks) == list(graph)
    again = convert(tasks)
    assert all(again[key] is tasks[key] for key in tasks)
    # Dependencies are keys of the graph, each once.
    for task in tasks.values():
        assert len(set(task.dependencies)) == len(task.dependencies)
        assert set(task.dependencies) <= set(graph)


@pytest.mark.parametrize(
    ("graph", "key", "result"),
    [
        ({"x": 1, "y": (add, "x", 10)}, "y", 11),
        ({"x": 1, "y": "x", "z": (neg, "y")}, "z", -1),
        ({"x": "x"}, "x", "x"),
        ({"x": 1, "y": (sum, ["x", 2, "x"])}, "y", 4),
        ({"x": 1, "y": ["x", ["x", ("x", 0)]]}, "y", [1, [1, (1, 0)]]),
        ({("x", 0): 1, "y": (record, ("x", 0), ("x", 1))}, "y", ("record", (1, ("x", 1)), ())),
        ({"x": 1, "y": {"a": "x", "x": 2}}, "y", {"a": 1, "x": 2}),
        ({"x": 1, "y": {"x", "z"}}, "y", {1, "z"}),
        ({"x": 1, "y": (record, {(neg, "x"), "z"})}, "y", ("record", ({-1, "z"},), ())),
        ({"x": 1, "y": (record, "x", Literal("x"))}, "y", ("record", (1, "x"), ())),
        ({"x": 1, "y": [Literal("x"), "x"]}, "y", ["x", 1]),
        ({"x": 1, "y": Literal((neg, "x"))}, "y", (neg, "x")),
        ({1: "one", "y": (record, 1, True, 1.0)}, "y", ("record", ("one", True, "one"), ())),
        ({1: "one", "y": True}, "y", True),
        ({0.5: "half", "y": 0.5}, "y", "half"),
        ({"x": 1, "y": (record, [], (), {}, set(), "")}, "y", ("record", ([], (), {}, set(), ""), ())),
        ({"x": 1, "y": (record, None, slice("x"), ...)}, "y", ("record", (None, slice("x"), ...), ())),
        ({"x": 1, "y": (record,)}, "y", ("record", (), ())),
        ({"x": 1, "y": ()}, "y", ()),
        ({"x": 1, "y": (record, TaskRef("x"), [TaskRef("x")])}, "y", ("record", (1, [1]), ())),
        ({"x": 1, "y": TaskRef("x")}, "y", 1),
        ({"x": 1, "y": (neg, Task(add, (TaskRef("x"), 1)))}, "y", -2),
        ({"x": 1, "y": [Task(record, ("x",), {"a": TaskRef("x")})]}, "y", [("record", ("x",), (("a", 1),))]),
        ({"x": 1, "y": (record, OrderedDict(x="x"))}, "y", ("record", (OrderedDict(x="x"),), ())),
        ({"x": 1, "y": (record, frozenset({"x"}))}, "y", ("record", (frozenset({"x"}),), ())),
        ({"": 1, (): 2, "y": (record, "", ())}, "y", ("record", (1, 2), ())),
        ({("x", ("y", 0)): 1, "y": (neg, ("x", ("y", 0)))}, "y", -1),
        ({"x": 1, "y": (record, (Task(neg, (TaskRef("x"),)), "x"))}, "y", ("record", ((-1, 1),), ())),
        ({"x": 1, "y": (record, (Literal("x"), "x"))}, "y", ("record", (("x", 1),), ())),
    ],
)
def test_the_written_form(graph, key, result):
    assert same(convert_and_run(graph, [key])[0], result)
    assert not isinstance(evaluate, type)


def test_arrays_are_arguments_like_any_other():
    array = np.arange(3)
    graph = {
        "x": array,
        "y": (np.add, "x", array),
        "z": (sum, [array, "x"]),
        ("t", 0): ("t", array),
        "u": (record, ("x", array)),
    }
    x, y, z, t, u = convert_and_run(graph, ["x", "y", "z", ("t", 0), "u"])
    assert x is array
    assert y.tolist() == z.tolist() == [0, 2, 4]
    assert t[1] is array
    assert u[1][0][0] is array
    assert u[1][0][1] is array


def test_literals_that_look_like_references_stay_what_they_are():
    reference = TaskRef("x")
    graph = {"x": 1, "y": quote(reference), "z": (record, quote(reference)), "u": (record, ["x", quote(reference)])}
    y, z, u = convert_and_run(graph, ["y", "z", "u"])
    assert y is reference
    assert z[1] == (reference,)
    assert u[1] == ([1, reference],)
    assert convert(graph)["z"].dependencies == ()


def test_equal_constants_of_different_types_never_mix():
    constants = [1, True, 1.0, 0.0, -0.0, Decimal("1.0"), Decimal("1.00"), Fraction(1), 1 + 0j, (1,), (True,), (1.0,)]
    graph = {"x": 1} | {("y", at): (record, ["x", Literal(value)]) for at, value in enumerate(constants)}
    for value, result in zip(
        constants, convert_and_run(graph, [("y", at) for at in range(len(constants))]), strict=True
    ):
        assert repr(result[1][0][1]) == repr(value)
        assert type(result[1][0][1]) is type(value)


def test_equal_functions_that_differ_never_mix():
    class Adder:
        def __init__(self, n):
            self.n = n

        def __eq__(self, other):
            return self.n == other.n

        def __hash__(self):
            return hash(self.n)

        def __call__(self, x):
            return repr(self.n)

    graph = {"x": 0} | {("y", at): [(Adder(n), "x")] for at, n in enumerate([1, True, 1.0])}
    assert convert_and_run(graph, [("y", 0), ("y", 1), ("y", 2)]) == [["1"], ["True"], ["1.0"]]


def test_tasks_of_one_shape_share_their_program():
    graph = {("x", i): i for i in range(5)} | {("y", i): (sum, [("x", i), i, (neg, ("x", 4))]) for i in range(4)}
    tasks = convert(graph)
    assert len({id(tasks["y", i].func) for i in range(4)}) == 1
    assert convert_and_run(graph, [("y", i) for i in range(4)]) == [i + i - 4 for i in range(4)]


def test_a_list_in_an_argument_is_new_for_each_run():
    def take(items):
        items.append("changed")
        return items

    shared = [1, [2], {"a": [3]}, {4}, ([5],)]
    tasks = convert({"x": (take, shared), "y": (take, shared), "z": (take, ["x", shared])})
    expected = [1, [2], {"a": [3]}, {4}, ([5],), "changed"]
    for _ in range(2):
        assert tasks["x"]({}) == expected
        assert tasks["y"]({}) == expected
    z = tasks["z"]({"x": 0})
    z[1][2]["a"].append("changed")
    z[1][4][0].append("changed")
    assert tasks["z"]({"x": 0}) == [0, expected[:-1], "changed"]
    assert shared == expected[:-1]


def test_a_list_of_its_own_is_data_and_literal_keeps_identity():
    data, kept = [1, 2], [3]
    tasks = convert({"x": data, "y": (record, Literal(kept)), "z": (record, [Literal(kept), "x"])})
    assert tasks["x"]({}) is data
    assert tasks["y"]({})[1][0] is kept
    assert tasks["z"]({"x": 0})[1][0][0] is kept


def test_arguments_are_evaluated_left_to_right():
    seen = []

    def note(at, *_):
        seen.append(at)
        return at

    convert_and_run({"x": 0, "y": [(note, 0), [(note, 1, (note, 2, "x"))], {"a": (note, 3)}]}, ["y"])
    assert seen == [0, 2, 1, 3]


def test_sets_are_read_in_the_same_order_whatever_their_history():
    words = [f"w{i}" for i in range(30)]
    graph = dict.fromkeys(words, 1)
    first = convert({**graph, "y": (record, set(words))})["y"]
    second = convert({**graph, "y": (record, set(words[::-1]))})["y"]
    assert first.dependencies == second.dependencies
    assert first == second


def test_known_keys_of_other_graphs_are_references():
    tasks = convert({"y": (add, "x", ("z", 0)), "u": ["x", "no"], "v": "x"}, known={"x", ("z", 0)})
    assert tasks["y"].dependencies == ("x", ("z", 0))
    assert tasks["u"].dependencies == ("x",)
    assert tasks["v"] == alias("x")


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrap", [lambda inner: (neg, inner), lambda inner: [inner], lambda inner: (inner,), lambda inner: {"a": inner}]
)
@pytest.mark.parametrize("core", ["x", "nothing"])
def test_nesting_of_any_depth(wrap, core):
    depth = 50_000
    value = core if core == "x" or wrap(0) != (neg, 0) else 1
    for _ in range(depth):
        value = wrap(value)
    task = convert({"x": 1, "y": (record, value)})["y"]
    assert repr(task).startswith("<Task record")
    result = task({"x": 1})[1][0]
    levels = 0
    while isinstance(result, list | tuple | dict):
        result = result["a"] if isinstance(result, dict) else result[0]
        levels += 1
    assert levels in (0, depth)
    assert result in (1, "nothing")


@pytest.mark.slow
def test_a_huge_list_is_one_literal():
    task = convert({"x": 1, "y": (sum, list(range(10, 500_000)))})["y"]
    assert len(task.args) == 1
    assert task({}) == sum(range(10, 500_000))


@pytest.mark.parametrize("key", [b"x", None, frozenset(), 1j, ("x", None), ("x", (b"y",)), np.int64(3)])
def test_keys_of_wrong_types(key):
    with pytest.raises(TypeError, match="a key must be a str, int, float, or a tuple of these, got"):
        convert({key: 1})


def test_the_message_names_the_wrong_part():
    with pytest.raises(TypeError, match=r"got bytes: b'y' in \('x', \(b'y',\)\)"):
        check_key(("x", (b"y",)))


@pytest.mark.parametrize("key", [float("nan"), ("x", float("nan")), ("x", (np.float64("nan"),))])
def test_nan_is_no_key(key):
    with pytest.raises(ValueError, match="NaN can't be a key"):
        convert({key: 1})


def test_keys_may_not_nest_without_end():
    key = "x"
    for _ in range(100):
        key = (key,)
    assert convert_and_run({key: 1, "y": (neg, key)}, ["y"]) == [-1]
    with pytest.raises(ValueError, match="more than 100 levels"):
        convert({(key,): 1})


def test_subclasses_of_the_key_types_are_keys():
    key = ("x", np.float64(0.5))
    assert convert_and_run({key: 1, np.str_("z"): (neg, key), "y": (neg, "z")}, ["y"]) == [1]


@pytest.mark.parametrize("graph", [[("x", 1)], None, "x", {1}])
def test_a_graph_is_a_mapping(graph):
    with pytest.raises(TypeError, match=r"a graph must be a mapping \{key: task\}, got"):
        convert(graph)


@pytest.mark.parametrize(
    "make", [lambda one: one, lambda one: (sum, one), lambda one: [[one]], lambda one: {"a": (sum, one)}]
)
def test_generators_are_refused(make):
    with pytest.raises(TypeError, match=r"the task 'y' has a generator .* only once.*Make a list of it first"):
        convert({"y": make(i for i in range(3))})


def test_coroutines_are_refused():
    async def work():
        return 1

    coroutine = work()
    with pytest.raises(TypeError, match="the task 'y' has a coroutine"):
        convert({"y": (record, coroutine)})
    coroutine.close()


def test_an_empty_graph():
    assert convert({}) == {}


def test_quote():
    for value in ["x", 1, 0.5, ("x", 0), [1], {"a": 1}, {1}, literal(1), TaskRef("x"), Literal(2)]:
        assert type(quote(value)) is Literal
    for value in [None, True, b"x", 1j, ..., slice(1), frozenset()]:
        assert quote(value) is value
    graph = {"x": 1, "y": (record, quote(("x", (neg, "x"))), quote(["x"]), quote("x"), quote(Literal("x")))}
    args = convert_and_run(graph, ["y"])[0][1]
    assert args[:3] == (("x", (neg, "x")), ["x"], "x")
    assert type(args[3]) is Literal


def test_partials_and_callable_objects_are_calls():
    assert convert_and_run({"x": 2, "y": (partial(int, base=2), "z"), "z": "101"}, ["y"]) == [5]


def test_nested_keys():
    assert list(nested_keys("x")) == ["x"]
    assert list(nested_keys([])) == []
    assert list(nested_keys([["x"], [[("y", 0)]], "x"])) == ["x", ("y", 0), "x"]


def size_of_tasks(tasks):
    """Bytes of tasks and of what they alone hold, the garbage collector's headers included."""
    total = sys.getsizeof(tasks)
    for task in tasks.values():
        total += sys.getsizeof(task) + sys.getsizeof(task.args) + sys.getsizeof(task.dependencies)
        total += sum(sys.getsizeof(arg) for arg in task.args if type(arg) is TaskRef)
    return total


def two_layers(count, nested):
    half = count // 2
    graph = {("x", i): (neg, i) for i in range(half)}
    if nested:
        return graph | {("y", i): (sum, [("x", i), ("x", (i * 7) % half), 1]) for i in range(half)}
    return graph | {("y", i): (add, ("x", i), ("x", (i * 7) % half)) for i in range(half)}


@pytest.mark.slow
def test_memory_of_many_small_tasks():
    assert size_of_tasks(convert(two_layers(200_000, False))) / 200_000 <= 600


@pytest.mark.slow
@pytest.mark.parametrize("nested", [False, True])
def test_memory_as_it_is_allocated(nested):
    graph = two_layers(20_000, nested)
    tracemalloc.start()
    tasks = convert(graph)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / len(tasks) <= 600


def test_a_container_that_contains_itself():
    ring = ["x"]
    ring.append({"again": ring})
    with pytest.raises(ValueError, match="the task 'y' has a list as an argument that contains itself"):
        convert({"x": 1, "y": (len, ring)})
    shared = ["x"]
    assert convert({"x": 1, "y": (len, [shared, {"again": shared}])})["y"]({"x": 1}) == 2
