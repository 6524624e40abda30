from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import weakref
from operator import add, mul, neg

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.graph import Program, ProgramBuilder, Task, TaskRef
from minidask.graph.program import pack_dict, pack_list, pack_set, pack_tuple, renew
from minidask.tokenize import tokenize
from tests.graph.samples import affine, same

INSTRUCTIONS = st.lists(
    st.tuples(
        st.sampled_from(["constant", "input", "neg", "add", "affine", "program", "unused"]),
        st.integers(0),
        st.integers(0),
    ),
    min_size=1,
    max_size=25,
)


def inner_program():
    """(a * 10 + b) with a value that nobody reads in between."""
    build = ProgramBuilder(2)
    product = build.call(mul, (0, build.constant(10)))
    build.call(neg, (product,))
    return build.finish(build.call(add, (product, 1)))


@pytest.mark.slow
@given(INSTRUCTIONS, st.integers(0))
def test_random_straight_line_programs_agree_with_direct_evaluation(instructions, chosen):
    build = ProgramBuilder(2)
    inputs = [3, 5]
    numbers, values = [0, 1], [3, 5]
    for kind, left, right in instructions:
        a, b = left % len(numbers), right % len(numbers)
        if kind == "constant":
            numbers.append(build.constant(left % 7))
            values.append(left % 7)
        elif kind == "input":
            numbers.append(build.input())
            inputs.append(right % 5)
            values.append(right % 5)
        elif kind in ("neg", "unused"):
            number = build.call(neg, (numbers[a],))
            if kind == "neg":
                numbers.append(number)
                values.append(-values[a])
        elif kind == "add":
            numbers.append(build.call(add, (numbers[a], numbers[b])))
            values.append(values[a] + values[b])
        elif kind == "affine":
            numbers.append(build.call(affine, (numbers[a], numbers[b]), ("offset",)))
            values.append(values[a] * 2 + values[b])
        else:
            numbers.append(build.call(inner_program(), (numbers[a], numbers[b])))
            values.append(values[a] * 10 + values[b])
    at = chosen % len(numbers)
    program = build.finish(numbers[at])
    assert program(*inputs) == values[at]
    assert program(*inputs) == values[at]
    assert pickle.loads(pickle.dumps(program))(*inputs) == values[at]
    assert not any(type(step.func) is Program for step in program.steps)
    # A program inside another gives the same.
    outer = ProgramBuilder(len(inputs))
    assert outer.finish(outer.call(program, range(len(inputs))))(*inputs) == values[at]


class Thing:
    alive = 0

    def __init__(self, *sources):
        Thing.alive += 1
        weakref.finalize(self, Thing.gone)

    @classmethod
    def gone(cls):
        cls.alive -= 1


def test_temporaries_die_as_soon_as_nobody_needs_them():
    Thing.alive = 0
    most = []

    def step(*sources):
        most.append(Thing.alive)
        return Thing()

    build = ProgramBuilder()
    value = build.call(step, ())
    for _ in range(20):
        value = build.call(step, (value,))
    program = build.finish(value)
    assert program.n_temporaries == 1
    result = program()
    assert max(most) == 1
    assert Thing.alive == 1
    del result
    assert Thing.alive == 0


def test_wide_programs_hold_only_what_is_still_read():
    Thing.alive = 0
    alive = []

    def step(*sources):
        alive.append(Thing.alive)
        return Thing()

    build = ProgramBuilder()
    leaves = [build.call(step, ()) for _ in range(4)]
    build.call(step, ())  # for its effect
    pair = build.call(step, leaves[:2])
    other = build.call(step, leaves[2:])
    program = build.finish(build.call(step, (pair, other)))
    result = program()
    assert alive == [0, 1, 2, 3, 4, 4, 3, 2]
    assert Thing.alive == 1
    del result
    gc.collect()
    assert Thing.alive == 0


def test_constants_and_inputs_are_never_overwritten():
    build = ProgramBuilder(1)
    ten = build.constant(10)
    first = build.call(add, (0, ten))
    second = build.call(add, (first, ten))
    program = build.finish(build.call(add, (second, 0)))
    assert [program(1), program(2)] == [22, 24]
    assert program.constants == (10,)


def test_the_result_may_be_an_input_or_a_constant():
    build = ProgramBuilder(1)
    build.call(neg, (0,))
    assert build.finish(0)(4) == 4
    build = ProgramBuilder()
    assert build.finish(build.constant(5))() == 5


def test_the_result_may_be_read_again_by_a_later_step():
    build = ProgramBuilder(1)
    result = build.call(neg, (0,))
    build.call(neg, (result,))
    assert build.finish(result)(4) == -4


def test_keywords_are_the_last_sources():
    build = ProgramBuilder(2)
    program = build.finish(build.call(affine, (0, 1, build.constant(7)), ("slope", "offset")))
    assert program(2, 3) == 2 * 3 + 7


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_arguments(count):
    program = inner_program()
    with pytest.raises(TypeError, match=f"was called with {count} arguments"):
        program(*range(count))
    build = ProgramBuilder(3)
    with pytest.raises(TypeError, match=f"can't be called with {count} arguments"):
        build.call(program, range(count))


def fail(x):
    raise ValueError("no")


def test_an_error_says_in_which_step():
    build = ProgramBuilder(1)
    first = build.call(neg, (0,), label=("x", 0))
    program = build.finish(build.call(fail, (first,), label="y"))
    with pytest.raises(ValueError, match="no") as caught:
        program(1)
    assert caught.value.__notes__ == ["In step 2 of 2: fail of task 'y'."]


def test_labels_go_along_with_inlined_programs():
    build = ProgramBuilder(1)
    inner = build.finish(build.call(fail, (build.call(neg, (0,)),), label="inner"))
    outer = ProgramBuilder(1)
    program = outer.finish(outer.call(inner, (0,), label="outer"))
    with pytest.raises(ValueError, match="no") as caught:
        program(1)
    assert caught.value.__notes__ == ["In step 2 of 2: fail of task 'inner'."]
    assert program.labels == ("outer", "inner")


def test_names_for_people():
    build = ProgramBuilder(2)
    packed = build.call(pack_list, (0, 1))
    program = build.finish(build.call(sum, (build.call(renew, (packed,)),)))
    assert program.short_name == "sum"
    assert repr(program) == "<Program sum: 3 steps, 2 inputs>"
    many = ProgramBuilder(1)
    value = 0
    for _ in range(5):
        value = many.call(neg, (value,))
    assert many.finish(value).short_name == "neg(5 calls)"
    only = ProgramBuilder(1)
    assert only.finish(only.call(pack_set, (0,))).short_name == "pack"


def test_equality_is_of_structure_and_of_the_very_constants():
    def make(constant, func=neg):
        build = ProgramBuilder(1)
        return build.finish(build.call(add, (build.call(func, (0,)), build.constant(constant))))

    shared = [1]
    assert make(shared) == make(shared)
    assert hash(make(shared)) == hash(make(shared))
    assert make(1) != make(True)
    assert make(shared) != make([1])
    assert make(shared) != make(shared, abs)
    assert make(shared) != 1


SCRIPT = """
from operator import add, neg
from minidask.graph import ProgramBuilder, convert
from minidask.tokenize import tokenize
build = ProgramBuilder(1)
program = build.finish(build.call(add, (build.call(neg, (0,)), build.constant(10))))
task = convert({"x": 1, "b": 2, "y": (sum, ["x", {"a", "b", "c"}, {"k": "x"}])})["y"]
print(tokenize(program), tokenize(task))
"""


@pytest.mark.slow
def test_tokens_are_the_same_in_every_process():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    build = ProgramBuilder(1)
    program = build.finish(build.call(add, (build.call(neg, (0,)), build.constant(11))))
    assert tokenize(program) not in outputs.pop()


@pytest.mark.slow
def test_a_long_program_builds_runs_and_pickles_without_recursion():
    build = ProgramBuilder(1)
    value = 0
    for _ in range(50_000):
        value = build.call(neg, (value,))
    program = build.finish(value)
    assert program(3) == 3
    assert program.n_temporaries == 1
    assert pickle.loads(pickle.dumps(program))(3) == 3
    assert len(repr(Task(program, (TaskRef("x"),)))) < 100


@pytest.mark.parametrize("extents", [(), (3,), (2, 3), (2, 1, 2), (0,), (2, 0), (0, 2), (1,)])
def test_pack_nested_is_a_grid_of_lists(extents):
    def expected(values, extents):
        return [expected(values, extents[1:]) for _ in range(extents[0])] if extents else next(values)

    count = 1
    for extent in extents:
        count *= extent
    build = ProgramBuilder(count)
    assert build.finish(build.pack_nested(range(count), extents))(*range(count)) == expected(
        iter(range(count)), extents
    )


def test_packing():
    assert pack_list(1, 2) == [1, 2]
    assert pack_tuple() == ()
    assert pack_set(1, 1) == {1}
    assert pack_dict(("a", "b"), 1, 2) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        pack_dict(("a", "b"), 1)


NESTS = st.recursive(
    st.one_of(st.integers(), st.none(), st.sets(st.integers(), max_size=2), st.just("x")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("ab"), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(NESTS)
def test_renew_copies_all_that_can_be_changed(value):
    copy = renew(value)
    assert same(copy, value)
    mine, theirs = [copy], [value]
    while mine:
        one, other = mine.pop(), theirs.pop()
        if isinstance(one, list | dict | set):
            assert one is not other
        if isinstance(one, list | tuple):
            mine += one
            theirs += other
        elif isinstance(one, dict):
            mine += one.values()
            theirs += other.values()
