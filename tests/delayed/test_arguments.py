"""From a call's arguments to a task and its inputs."""

from __future__ import annotations

import pickle
from collections import OrderedDict, namedtuple
from dataclasses import InitVar, dataclass, field

import pytest

from minidask import compute, delayed
from minidask.delayed.arguments import call_task, finalized, pack_frozenset, pack_mapping, read_iterator, value_task
from minidask.graph import Program, TaskRef
from tests.collection.samples import Grid, Tuple, numbers

Point = namedtuple("Point", ["x", "y"])


@dataclass
class Box:
    item: object
    note: str = ""


@dataclass
class Computed:
    item: object
    twice: object = field(init=False, default=0)


@dataclass
class Scaled:
    item: object
    scale: InitVar[int]


@dataclass(init=False)
class Own:
    item: object

    def __init__(self, thing):
        self.item = thing


def echo(*args, **kwargs):
    return args, kwargs


x = delayed(1, name="x")
y = delayed(2, name="y")


def test_flat_arguments_need_no_program():
    task, inputs = call_task(echo, (x, 5, "text", [1, 2]), {"a": y, "b": None})
    assert task.func is echo
    assert task.args == (TaskRef("x"), 5, "text", [1, 2])
    assert task.kwargs == {"a": TaskRef("y"), "b": None}
    assert [layer.name for layer in inputs] == ["x", "y"]


def test_each_input_is_listed_once():
    task, inputs = call_task(echo, (x, x, [x, y]), {"a": y})
    assert [layer.name for layer in inputs] == ["x", "y"]
    assert task.dependencies == ("x", "y")


def test_nested_arguments_become_one_program():
    task, _ = call_task(echo, ([x, [y]], 5), {"a": {"k": x}})
    assert type(task.func) is Program
    assert task({"x": 1, "y": 2}) == (([1, [2]], 5), {"a": {"k": 1}})
    assert len(task.func.steps) == 4


@pytest.mark.parametrize(
    ("nested", "expected"),
    [
        ([x], [1]),
        ((x, 0), (1, 0)),
        ({x}, {1}),
        (frozenset([x, 5]), frozenset([1, 5])),
        ({"a": x, 2: [y]}, {"a": 1, 2: [2]}),
        ({x: "a", "b": y}, {1: "a", "b": 2}),
        ({(1, 2): x}, {(1, 2): 1}),
        (OrderedDict(b=x, a=0), OrderedDict(b=1, a=0)),
        (Point(x, [y]), Point(1, [2])),
        (Box(x, "n"), Box(1, "n")),
        (Box([Box(x)]), Box([Box(1)])),
        (Computed(x), Computed(1)),
        (slice(x, None, y), slice(1, None, 2)),
        ([numbers(), x], [(1, 2, 3), 1]),
        (numbers(), (1, 2, 3)),
        (Grid.of([[1, 2]]), [[1, 2]]),
        (iter([x, 3]), [1, 3]),
        (iter((x, 3)), (1, 3)),
    ],
)
def test_results_take_the_places_of_collections(nested, expected):
    (result,), _ = delayed(echo)(nested).compute(scheduler="sync")
    assert result == expected
    assert type(result) is type(expected)


def test_results_take_their_places_among_keywords_too():
    assert delayed(echo)(a=[x], b=y, c=numbers()).compute() == ((), {"a": [1], "b": 2, "c": (1, 2, 3)})


def test_containers_without_collections_are_not_copied():
    plain = [1, {"a": (2, object())}]
    task, inputs = call_task(echo, (plain,), {})
    assert task.args[0] is plain
    assert inputs == ()
    ((same, (other, _)), _) = delayed(echo)(plain, [plain, x]).compute()
    assert same is plain
    assert other is plain


def test_programs_of_nested_arguments_hold_no_collections():
    task, _ = call_task(echo, (Box([x]), {"a": y}), {})
    assert b"Delayed" not in pickle.dumps(task)


@pytest.mark.parametrize("place", [lambda g: (g,), lambda g: ([g],), lambda g: ([x, {"a": g}],), lambda g: (Box(g),)])
def test_generators_are_refused_wherever_they_are(place):
    message = "a generator .* as an argument of echo could be read only once .* make a list of it first"
    with pytest.raises(TypeError, match=message):
        delayed(echo)(*place(i for i in range(3)))
    with pytest.raises(TypeError, match=message):
        delayed(echo)(a=place(i for i in range(3)))


def test_generators_and_coroutines_can_t_be_wrapped():
    with pytest.raises(TypeError, match=r"a generator .* could be read only once"):
        delayed(i for i in range(3))
    with pytest.raises(TypeError, match=r"a generator .* could be read only once"):
        delayed((i for i in range(3)), traverse=False)

    async def work(): ...

    coroutine = work()
    with pytest.raises(TypeError, match=r"a coroutine .* could be read only once"):
        delayed(echo)(coroutine)
    coroutine.close()


def test_dataclasses_that_can_t_be_made_anew_are_refused_at_once():
    with pytest.raises(TypeError, match=r"a Scaled that holds a collection .* wants 'scale', which is no field"):
        delayed(echo)(Scaled(x, 2))
    with pytest.raises(TypeError, match=r"an? Own that holds a collection .* does not take the field 'item'"):
        delayed(echo)([Own(x)])
    late = Computed(1)
    late.twice = x
    with pytest.raises(TypeError, match="does not take the field 'twice'"):
        delayed(echo)(late)
    assert delayed(Scaled(x, 2), traverse=False).compute().item is x
    assert delayed(echo)(Own(1)).compute()[0][0].item == 1


def test_other_collections_are_finalized_once():
    calls = []

    class Counted(Tuple):
        def __dask_postcompute__(self):
            return lambda results: calls.append(results) or sum(results), ()

    values = Counted({"a": 1, "b": 2}, ["a", "b"])
    lazy = delayed(values)
    assert lazy.key.startswith("finalize-")
    assert compute(lazy, delayed(echo)(lazy, k=lazy), scheduler="sync") == (3, ((3,), {"k": 3}))
    assert len(calls) == 1


def test_finalize_is_named_by_what_it_makes():
    grid = Grid.of([[1, 2]])
    assert finalized(grid)[0] == finalized(grid)[0]
    assert finalized(grid)[0] != finalized(grid + 1)[0]
    assert finalized(numbers())[0] != finalized(numbers(name="other"))[0]


def test_a_collection_under_a_name_of_the_user():
    lazy = delayed(numbers(), name="mine")
    assert (lazy.key, lazy.compute()) == ("mine", (1, 2, 3))
    assert delayed(numbers(), name="mine", traverse=False).compute() == (1, 2, 3)


def test_delayed_containers():
    assert delayed([x, {"a": y}]).compute() == [1, {"a": 2}]
    assert delayed([x]).key.startswith("list-")
    assert delayed([x], pure=True).key == delayed([x], pure=True).key != delayed([y], pure=True).key
    assert delayed(Point(x, y)).x.compute() == 1
    task, inputs = value_task([x], traverse=False)
    assert inputs == ()
    assert task({})[0] is x


def test_long_lists():
    lazy = [delayed(i) for i in range(2000)]
    assert delayed(sum)(lazy).compute(scheduler="sync") == sum(range(2000))
    assert delayed(len)([*range(2000), x]).compute() == 2001


def test_iterators_of_containers_are_read_and_others_are_literals():
    assert read_iterator(iter({1})) == {1}
    values = zip([1], [2], strict=True)
    assert read_iterator(values) is values
    assert delayed(iter([1, 2])).compute() == [1, 2]


def test_the_steps_that_pack():
    assert pack_frozenset(1, 2) == frozenset([1, 2])
    assert pack_mapping(OrderedDict, "a", 1) == OrderedDict(a=1)
    with pytest.raises(TypeError, match="unhashable"):
        delayed({delayed([1]): 1}).compute()
