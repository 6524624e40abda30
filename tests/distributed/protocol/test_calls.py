import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import partial
from operator import add

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.graph.program import ProgramBuilder
from minidask.graph.task import TaskRef
from minidask_distributed.protocol.calls import CallEncoder, Literals, Recipe, RecipeRef, load_recipe, reduce_reference
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.pickling import loads

NUMBERS = {"x": 70, "y": 80, "z": 90}
VALUES = {70: "X", 80: "Y", 90: "Z"}
both = pytest.mark.parametrize("serialize", [True, False])


class Future:
    __minidask_future__ = True

    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        return reduce_reference(self) or (Future, (self.number,))


@dataclass
class Holder:
    inner: object


def resolve(reference):
    return reference.number if isinstance(reference, Future) else NUMBERS[reference.key]


def returned(*args, **kwargs):
    return args, kwargs


def inc(x):
    return x + 1


x, y, z = map(TaskRef, "xyz")


def run(encoder, func, args=(), kwargs=None, first=None):
    """Encode a call, check the form of the result, and call."""
    ref, literals, deps = encoder.encode(func, args, kwargs, resolve)
    assert type(ref) is RecipeRef
    recipe = load_recipe(ref.blob if first is None else first)
    bound = recipe.bind(literals, [VALUES[number] for number in deps])
    return recipe.func(*bound[0], **bound[1])


flat = st.one_of(st.sampled_from([x, y, z]), st.integers(), st.text(max_size=3), st.none())
nested = st.recursive(
    flat,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
    ),
    max_leaves=6,
)


def with_values(value):
    if type(value) is TaskRef:
        return VALUES[NUMBERS[value.key]]
    if type(value) is dict:
        return {key: with_values(item) for key, item in value.items()}
    return type(value)(map(with_values, value)) if type(value) in (list, tuple) else value


@both
@given(args=st.lists(nested, max_size=5), kwargs=st.dictionaries(st.sampled_from("abc"), nested, max_size=3))
@pytest.mark.slow
def test_any_call(serialize, args, kwargs):
    assert run(CallEncoder(serialize), returned, args, kwargs) == (tuple(with_values(args)), with_values(kwargs))


@both
def test_forms(serialize):
    encoder = CallEncoder(serialize)
    ref, literals, deps = encoder.encode(add, (x, x), {}, resolve)
    assert (ref.number, literals, deps) == (0, None, [70])
    assert load_recipe(ref.blob).positions == (0, 0)
    ref, literals, deps = encoder.encode(returned, (y, 1, x), {"k": y, "m": 2}, resolve)
    assert (ref.number, deps) == (1, [80, 70])
    recipe = load_recipe(ref.blob)
    assert (recipe.positions, recipe.names, recipe.nested) == ((0, -1, 1, 0, -1), ("k", "m"), False)
    assert (literals.values if type(literals) is Literals else loads(literals)) == (1, 2)
    assert encoder.encode(returned, (), None, resolve)[1:] == (None, [])


@both
def test_the_blob_is_given_once(serialize):
    encoder = CallEncoder(serialize)
    first = encoder.encode(add, (x, 1), {}, resolve)[0]
    again = encoder.encode(add, (y, 2), {}, resolve)[0]
    assert again == RecipeRef(first.number, first.digest, None)
    assert len(first.digest) == 16
    other_shape = encoder.encode(add, (1, x), {}, resolve)[0]
    assert other_shape.number != first.number
    assert other_shape.digest != first.digest
    encoder.new_submission()
    assert encoder.encode(add, (x, 3), {}, resolve)[0] == again


@both
def test_keywords_are_part_of_the_shape(serialize):
    encoder = CallEncoder(serialize)
    numbers = [encoder.encode(returned, (), {name: 1}, resolve)[0].number for name in "aba"]
    assert numbers == [0, 1, 0]


@both
def test_nested_references(serialize):
    encoder = CallEncoder(serialize)
    value = [x, {"a": (y, Future(90))}]
    ref, literals, deps = encoder.encode(returned, (z, value), {}, resolve)
    assert deps == [90, 70, 80]
    recipe = load_recipe(ref.blob)
    assert recipe.nested
    args, _ = recipe.bind(literals, ["Z", "X", "Y"])
    assert list(args) == ["Z", ["X", {"a": ("Y", "Z")}]]


def test_a_nested_reference_to_a_flat_one():
    # No dependency is added, and still the literals must be read with values at hand.
    assert run(CallEncoder(), returned, (x, [x])) == (("X", ["X"]), {})
    assert run(CallEncoder(serialize=False), returned, (x, [x])) == (("X", ["X"]), {})


def test_references_in_objects():
    assert run(CallEncoder(), returned, (Holder([Future(70)]),))[0][0] == Holder(["X"])
    n = x
    func = run(CallEncoder(), returned, (lambda: n,))[0][0]
    assert func() == "X"


def test_nested_and_flat_literals_are_different_recipes():
    encoder = CallEncoder()
    plain = encoder.encode(returned, ([1],), {}, resolve)[0]
    assert encoder.encode(returned, ([x],), {}, resolve)[0].number != plain.number


@both
def test_futures_are_references(serialize):
    ref, _literals, deps = CallEncoder(serialize).encode(add, (Future(80), 1), {}, resolve)
    assert deps == [80]
    assert load_recipe(ref.blob).positions == (0, -1)


def test_by_reference_nothing_is_pickled():
    lock = threading.Lock()
    encoder = CallEncoder(serialize=False)
    ref, literals, _deps = encoder.encode(returned, (lock, x), {}, resolve)
    assert type(ref.blob) is Recipe
    assert ref.blob.func is returned
    assert load_recipe(ref.blob) is ref.blob
    args, _kwargs = ref.blob.bind(literals, ["X"])
    assert args[0] is lock
    assert repr(literals) == "<Literals: 1>"


def test_by_reference_calls_can_still_leave_the_process():
    encoder = CallEncoder(serialize=False)
    ref, literals, deps = encoder.encode(returned, (1, [x]), {"k": y}, resolve)
    recipe = load_recipe(ref.blob.pickled())
    args, kwargs = recipe.bind(literals.pickled(), [VALUES[number] for number in deps])
    assert (args, kwargs) == ([1, ["X"]], {"k": "Y"})


def test_digests_of_encoders_in_one_process_differ():
    refs = [CallEncoder(serialize=False).encode(add, (1, 2), {}, resolve)[0] for _ in range(2)]
    assert refs[0].digest != refs[1].digest
    refs = [CallEncoder().encode(add, (1, 2), {}, resolve)[0] for _ in range(2)]
    assert refs[0].digest == refs[1].digest


class TestSubmissions:
    def test_lambdas_are_pickled_once_in_each(self, monkeypatch):
        encoder = CallEncoder()
        n = 1
        func = lambda v: v + n
        first = encoder.encode(func, (1,), {}, resolve)[0]
        n = 2
        assert encoder.encode(func, (1,), {}, resolve)[0] == first._replace(blob=None)
        encoder.new_submission()
        second = encoder.encode(func, (1,), {}, resolve)[0]
        assert second.number != first.number
        assert [load_recipe(ref.blob).func(10) for ref in (first, second)] == [11, 12]

    def test_the_same_definition_keeps_its_number(self):
        encoder = CallEncoder()
        func = lambda v: v
        first = encoder.encode(func, (1,), {}, resolve)[0]
        encoder.new_submission()
        assert encoder.encode(func, (1,), {}, resolve)[0] == first._replace(blob=None)

    def test_objects_with_a_state_are_pickled_anew(self):
        encoder = CallEncoder()
        keywords = partial(int, base=2)
        first = encoder.encode(keywords, ("11",), {}, resolve)[0]
        keywords.keywords["base"] = 3
        encoder.new_submission()
        second = encoder.encode(keywords, ("11",), {}, resolve)[0]
        assert [load_recipe(ref.blob).func("11") for ref in (first, second)] == [3, 4]

    def test_a_module_registered_by_value_later(self):
        encoder = CallEncoder()
        first = encoder.encode(inc, (1,), {}, resolve)[0]
        module = sys.modules[inc.__module__]
        cloudpickle.register_pickle_by_value(module)
        try:
            encoder.new_submission()
            second = encoder.encode(inc, (1,), {}, resolve)[0]
        finally:
            cloudpickle.unregister_pickle_by_value(module)
        assert second.number != first.number
        assert len(second.blob) > 2 * len(first.blob)
        encoder.new_submission()
        assert encoder.encode(inc, (1,), {}, resolve)[0] == first._replace(blob=None)

    def test_what_passes_is_let_go(self):
        import gc
        import weakref

        encoder = CallEncoder()
        func = lambda v: v
        encoder.encode(func, (1,), {}, resolve)
        gone = weakref.ref(func)
        del func
        assert gone() is not None
        encoder.new_submission()
        gc.collect()
        assert gone() is None


@both
def test_what_the_scheduler_does_not_have_is_sent_again(serialize):
    encoder = CallEncoder(serialize)
    one = encoder.encode(add, (x, 1), {}, resolve)[0]
    two = encoder.encode(inc, (x,), {}, resolve)[0]
    encoder.forget([one.number])
    again = encoder.encode(add, (x, 1), {}, resolve)[0]
    assert again.blob is not None
    assert again.number not in (one.number, two.number)
    assert encoder.encode(inc, (x,), {}, resolve)[0].blob is None
    encoder.forget()
    assert encoder.encode(inc, (x,), {}, resolve)[0].blob is not None
    assert encoder.encode(add, (x, 1), {}, resolve)[0].blob is not None


@both
def test_programs_and_partials(serialize):
    build = ProgramBuilder(2)
    program = build.finish(build.call(add, (build.call(add, (0, 1)), build.constant("!"))))
    encoder = CallEncoder(serialize)
    assert run(encoder, program, (x, "-")) == "X-!"
    assert run(encoder, partial(add, "a"), (x,)) == "aX"
    ref = encoder.encode(program, (x, "-"), {}, resolve)[0]
    assert ref.blob is None
    assert encoder.encode(program, (x, y), {}, resolve)[0].blob is not None


def test_names_for_people():
    assert Recipe(partial(int, base=2), (), (), False).name == "int"
    assert repr(Recipe(inc, (0, -1), (), False)) == "<Recipe inc: 2 arguments>"


class TestWhatCanNotBePickled:
    def test_a_function(self):
        lock = threading.Lock()

        def uses_a_lock():
            return lock

        message = "the function uses_a_lock can't be sent to the workers: the lock at closure variable 'lock' can't"
        with pytest.raises(TypeError, match=message):
            CallEncoder().encode(uses_a_lock, (), {}, resolve)

    @pytest.mark.parametrize(
        ("args", "kwargs", "message"),
        [
            (
                (1, threading.Lock()),
                {},
                "argument 1 of the function returned can't be sent to the workers: the lock can't",
            ),
            ((x,), {"k": [threading.Lock()]}, r"argument 'k' of the function returned .*: the lock at \[0\] can't"),
            (([x], (i for i in "a")), {}, "argument 1 of the function returned .*: the generator can't"),
        ],
    )
    def test_an_argument(self, args, kwargs, message):
        with pytest.raises(TypeError, match=message):
            CallEncoder().encode(returned, args, kwargs, resolve)

    def test_nothing_is_left_behind(self):
        encoder = CallEncoder()
        for _ in range(2):
            with pytest.raises(TypeError):
                encoder.encode(inc, (threading.Lock(),), {}, resolve)
        assert encoder.encode(inc, ([object],), {}, resolve)[0].number == 0
        assert reduce_reference(x) is None


def test_errors_of_resolve_pass():
    for args in [(TaskRef("unknown"),), ([TaskRef("unknown")],)]:
        for serialize in (True, False):
            with pytest.raises(KeyError, match="unknown"):
                CallEncoder(serialize).encode(inc, args, {}, resolve)


@pytest.mark.parametrize(
    ("positions", "literals", "deps"),
    [((-1,), (), []), ((-1,), (1, 2), []), ((0, -1), (), [1]), ((0, 1), (), [1]), ((0, -1), (1,), [])],
)
def test_calls_that_do_not_fit_their_recipe(positions, literals, deps):
    recipe = Recipe(returned, positions, (), False)
    with pytest.raises(ProtocolError, match="literals"):
        recipe.bind(Literals(literals), deps)


@pytest.mark.parametrize("value", [1, (1, 2), (1, (), (), False), [abs, (), (), False]])
def test_blobs_that_hold_no_recipe(value):
    import pickle

    with pytest.raises(ProtocolError, match="holds something else"):
        load_recipe(pickle.dumps(value))


SCRIPT = """
import pickle, sys
from minidask_distributed.protocol.calls import CallEncoder

class Point:
    def __init__(self, x):
        self.x = x
    def shifted(self):
        return Point(self.x + offset)

def shift(point):
    return point.shifted().x + factor

offset, factor = 10, 100
encoder = CallEncoder()
sent = []

def submit(func, *args):
    encoder.new_submission()
    ref, literals, deps = encoder.encode(func, args, {}, None)
    sent.append((ref.number, ref.blob, literals))

submit(shift, Point(1))
submit(shift, Point(2))
factor = 200
submit(shift, Point(3))
def shift(point):
    return "redefined"
submit(shift, Point(4))
submit(Point, 5)
sys.stdout.buffer.write(pickle.dumps(sent))
"""

WORKER = """
import pickle, sys
from minidask_distributed.protocol.calls import load_recipe
recipes, results, classes = {}, [], set()
for number, blob, literals in pickle.load(sys.stdin.buffer):
    if blob is not None:
        recipes[number] = load_recipe(blob)
    args, kwargs = recipes[number].bind(literals, [])
    result = recipes[number].func(*args, **kwargs)
    classes.add(type(args[0]) if type(args[0]) is not int else type(result))
    results.append(getattr(result, "x", result))
print(results, len(classes), sorted(recipes))
"""


@pytest.mark.slow
def test_a_script_whose_globals_change_between_submissions(tmp_path):
    script = tmp_path / "notebook.py"
    script.write_text(SCRIPT)
    sent = subprocess.run([sys.executable, script], capture_output=True, timeout=60)
    assert sent.returncode == 0, sent.stderr.decode()
    worker = subprocess.run([sys.executable, "-c", WORKER], input=sent.stdout, capture_output=True, timeout=60)
    assert worker.returncode == 0, worker.stderr.decode()
    assert worker.stdout.decode().strip() == "[111, 112, 213, 'redefined', 5] 1 [0, 1, 2, 3]"


def test_calls_in_one_process_are_compared_by_function_and_content():
    def func(x):
        return x

    first, second = CallEncoder(serialize=False), CallEncoder(serialize=False)
    refs = [encoder.encode(func, ([1, 2],), {}, {}.__getitem__) for encoder in (first, second)]
    assert refs[0][0].blob == refs[1][0].blob
    assert refs[0][1] == refs[1][1]
    other = first.encode(func, ([1, 3],), {}, {}.__getitem__)
    assert refs[0][1] != other[1]
    assert refs[0][0].blob != first.encode(func, (), {"x": 1}, {}.__getitem__)[0].blob
    assert refs[0][0].blob != first.encode(len, ([1, 2],), {}, {}.__getitem__)[0].blob
    assert refs[0][1] != "something else"
    assert refs[0][0].blob != "something else"


def test_recipes_by_value_are_forgotten_when_there_are_many(monkeypatch):
    monkeypatch.setattr("minidask_distributed.protocol.calls.MOST_UNNAMED", 4)
    encoder = CallEncoder()
    numbers = []
    for at in range(6):
        encoder.new_submission()
        forgotten = encoder.outdated()
        if at < 5:
            assert forgotten == []
        else:
            assert forgotten == numbers[:2]
        numbers.append(encoder.encode(eval(f"lambda: {at}"), (), {}, {}.__getitem__)[0].number)
    named = encoder.encode(len, ([],), {}, {}.__getitem__)[0]
    assert named.number == 6
    # What was forgotten and is defined again is a new recipe.
    encoder.new_submission()
    again = encoder.encode(eval("lambda: 0"), (), {}, {}.__getitem__)[0]
    assert again.number not in numbers
    assert again.blob is not None


def test_recipes_by_reference_are_equal_as_their_pickles_are():
    def recipe(func):
        return CallEncoder(serialize=False).encode(func, (1,), {}, {}.__getitem__)[0].blob

    def adder(n):
        return lambda x: x + n

    assert recipe(adder(1)) == recipe(adder(1))
    assert recipe(adder(1)) != recipe(adder(2))
    assert recipe(partial(pow, 2)) == recipe(partial(pow, 2))
    assert recipe(abs) != recipe(hash)


def _by_value(source, name="func", **names):
    """Return a function as a notebook defines it: of a module that can't be imported."""
    space = {"__name__": "__main__", **names}
    exec(source, space)
    return space[name]


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("def func(x): return x + offset", lambda func: func.__globals__.update(offset=2)),
        ("def func(x): return abs(x)", lambda func: func.__globals__.update(abs=len)),
        ("def func(x, y=1): return x + y", lambda func: setattr(func, "__defaults__", (2,))),
        ("def func(x, y=[]): return len(y)", lambda func: func.__defaults__[0].append(1)),
        ("def func(x): return func.count", lambda func: setattr(func, "count", 2)),
        ("def func(x): return (lambda: offset)()", lambda func: func.__globals__.update(offset=2)),
        ("def func(x): return x", lambda func: setattr(func, "__code__", (lambda x: -x).__code__)),
        ("def func(x, *, y=1): return x + y", lambda func: func.__kwdefaults__.update(y=2)),
    ],
)
def test_what_has_changed_is_pickled_again(source, change):
    func, encoder = _by_value(source, offset=1), CallEncoder()
    first = encoder.encode(func, (3,), {}, {}.__getitem__)[0]
    change(func)
    encoder.new_submission()
    assert encoder.encode(func, (3,), {}, {}.__getitem__)[0].number != first.number


def test_what_cant_have_changed_is_pickled_once(monkeypatch):
    func, encoder = _by_value("def func(x, y=1): return str(x).strip() * y"), CallEncoder()
    first = encoder.encode(func, (3,), {}, {}.__getitem__)[0]
    monkeypatch.setattr("minidask_distributed.protocol.calls.dumps", None)
    for _ in range(3):
        encoder.new_submission()
        again = encoder.encode(func, (3,), {}, {}.__getitem__)[0]
        assert (again.number, again.blob) == (first.number, None)
    monkeypatch.undo()
    encoder.forget([first.number])
    assert encoder.encode(func, (3,), {}, {}.__getitem__)[0].blob is not None
