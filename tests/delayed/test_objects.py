"""delayed and the objects that it makes."""

from __future__ import annotations

import copy
import inspect
import pickle
import time
from functools import partial
from operator import add

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask import annotate, compute, config, delayed, local, optimize, persist
from minidask.delayed import Delayed, DelayedAttr, DelayedLeaf
from minidask.graph import LayeredGraph
from minidask.tokenize import TokenizationError, tokenize


def inc(x):
    return x + 1


def total(*args, scale=1, **named):
    """Add everything up."""
    return (sum(args) + sum(named.values())) * scale


class Account:
    """A value with state, for calls of its class and methods."""

    def __init__(self, balance, rate=2):
        self.balance = balance
        self.rate = rate

    def interest(self, years, bonus=0):
        return self.balance * self.rate * years + bonus

    def __call__(self, x):
        return self.balance + x


# -- wrapping ------------------------------------------------------------------------------------------------------


def test_calls_make_a_graph_and_run_nothing():
    calls = []
    x = delayed(calls.append)(1)
    y = delayed(lambda _: "done")(x)
    assert calls == []
    assert y.compute() == "done"
    assert calls == [1]


def test_as_decorator_with_and_without_arguments():
    @delayed
    def plain(x):
        return x + 1

    @delayed(pure=True, nout=2)
    def pair(x):
        return x, -x

    a, b = pair(plain(1))
    assert compute(a, b) == (2, -2)
    assert pair(1).key == pair(1).key


def test_a_wrapped_function_keeps_its_name_docstring_and_signature():
    wrapped = delayed(total)
    assert wrapped.__name__ == "total"
    assert wrapped.__doc__ == "Add everything up."
    assert wrapped.__wrapped__ is total
    assert inspect.signature(wrapped) == inspect.signature(total)
    assert wrapped.compute() is total
    with pytest.raises(AttributeError):
        delayed(1).__name__


def test_methods_can_be_delayed():
    class Machine:
        speed = 10

        @delayed
        def run(self, x, y=0):
            return self.speed + x + y

        @classmethod
        @delayed
        def of_class(cls, x):
            return cls.speed + x

        @staticmethod
        @delayed
        def alone(x):
            return x

        constant = delayed(3)

    machine = Machine()
    machine.speed = 100
    assert machine.run(1, y=delayed(2)).compute() == 103
    assert Machine.run(machine, 1).compute() == 101
    assert (Machine.of_class(1).compute(), machine.of_class(1).compute()) == (11, 11)
    assert (Machine.alone(1).compute(), machine.alone(1).compute()) == (1, 1)
    assert machine.constant.compute() == 3


@pytest.mark.parametrize("value", [1, "x", None, [1, 2], {"a": (1, 2)}, (), Account, object(), slice(1, 2), b"x"])
def test_any_value_can_be_wrapped(value):
    x = delayed(value)
    assert isinstance(x, DelayedLeaf)
    assert x.compute() is value


def test_strings_and_tuples_are_never_taken_for_keys_or_calls():
    x = delayed(1, name="x")
    assert delayed(total)(x, scale=1).compute() == 1
    assert compute(delayed(list)(["x", ("x", 0), (inc, 1)]), delayed([x, "x"])) == (
        ["x", ("x", 0), (inc, 1)],
        [1, "x"],
    )


def test_what_is_delayed_stays_as_it_is():
    x = delayed(1)
    assert delayed(x) is x


def test_classes_and_instances_and_partials_are_called():
    account = delayed(Account)(10, rate=3)
    assert account.interest(2, bonus=1).compute() == 61
    assert account(5).compute() == 15
    assert delayed(Account(10))(1).compute() == 11
    assert delayed(partial(total, 1, scale=2))(2).compute() == 6
    assert delayed(bytes.decode)(b"x").compute() == "x"


def test_a_delayed_result_can_be_called():
    make = delayed(lambda n: lambda x, *, times=1: (x + n) * times)
    assert make(1)(2, times=delayed(10)).compute() == 30
    assert make(1)(2, dask_key_name="mine").key == "mine"


def test_what_can_t_be_called_says_so_at_once():
    with pytest.raises(TypeError, match="the delayed int can't be called: 1"):
        delayed(1)(2)


def test_keyword_arguments_may_have_any_name():
    def f(func=0, self=0, key=0, name=0, obj=0):
        return func, self, key, name, obj

    expected = (1, 2, 3, 4, 5)
    named = {"func": 1, "key": 3, "name": 4, "obj": 5}
    assert delayed(f)(**named).compute() == (1, 0, 3, 4, 5)
    assert delayed(partial(f, self=2))(**named).compute() == expected
    assert delayed(lambda: f)()(**named).compute() == (1, 0, 3, 4, 5)


def test_traverse_false_takes_containers_literally():
    x = delayed(1)
    plain = [x, 2]
    assert delayed(plain, traverse=False).compute() is plain
    assert delayed(plain).compute() == [1, 2]
    assert delayed(x, traverse=False).compute() == 1


def test_nested_calls_work_inside_tasks():
    assert delayed(lambda: delayed(inc)(1).compute() + 1)().compute() == 3


# -- names ---------------------------------------------------------------------------------------------------------


def test_impure_calls_have_keys_of_their_own_that_look_like_tokens():
    f = delayed(inc)
    keys = {f(1).key for _ in range(1000)}
    assert len(keys) == 1000
    assert all(key.startswith("inc-") and len(key) == len(f"inc-{tokenize(1)}") for key in keys)


def test_keys_begin_with_what_is_called():
    def begin(x):
        return x.key.rpartition("-")[0]

    anonymous = delayed(lambda: 1)
    assert [begin(anonymous), begin(anonymous()), begin(delayed(partial(inc, 1))())] == ["lambda", "lambda", "inc"]
    assert [begin(delayed(Account)(1)), begin(delayed(Account(1))), begin(delayed([1]))] == [
        "Account",
        "Account",
        "list",
    ]


def test_pure_calls_are_named_by_function_and_arguments():
    f = delayed(total, pure=True)
    assert f(1, scale=2, a=3).key == f(1, a=3, scale=2).key
    assert len({f(1).key, f(1.0).key, f(True).key, f("1").key, f([1]).key, f(a=1).key, f(1, 1).key}) == 7
    assert f(1).key == delayed(total, pure=True)(1).key
    assert f(1).key != delayed(add, pure=True)(1).key
    assert f(delayed(1, name="x")).key == f(delayed(1, name="x")).key != f("x").key
    assert f((0, "x")).key != f(delayed(1, name="x")).key


def test_pure_is_asked_of_the_call_then_the_function_then_the_setting():
    pure, unsaid, impure = delayed(inc, pure=True), delayed(inc), delayed(inc, pure=False)

    def same(f, **kwargs):
        return f(1, **kwargs).key == f(1, **kwargs).key

    assert [same(f) for f in (pure, unsaid, impure)] == [True, False, False]
    assert [same(f, pure=True) for f in (pure, unsaid, impure)] == [True, True, True]
    assert [same(f, pure=False) for f in (pure, unsaid, impure)] == [False, False, False]
    with config.set(delayed_pure=True):
        assert [same(f) for f in (pure, unsaid, impure)] == [True, True, False]
        assert delayed([1]).key == delayed([1]).key
        assert same(delayed(1).bit_length().__add__)


def test_pure_calls_that_are_equal_run_once():
    calls = []
    f = delayed(calls.append, pure=True)
    compute(f(1), f(1), [f(1)])
    assert calls == [1]


def test_pure_asks_for_deterministic_arguments_if_the_setting_does():
    with config.set({"tokenize.ensure-deterministic": True}), pytest.raises(TokenizationError):
        delayed(inc, pure=True)(object())


def test_users_name_values_and_results():
    assert delayed(1, name="one").key == "one"
    named = delayed(inc)(1, dask_key_name="two")
    assert (named.key, named.compute()) == ("two", 2)
    assert delayed(inc, name="f")(1).key.startswith("inc-")
    assert delayed([named], name="list").key == "list"
    assert (named + 1).compute() == 3


@pytest.mark.parametrize("key", [("block", 0, 1), 7, 2.5, ("a", ("b", 1))])
def test_keys_may_be_numbers_and_tuples(key):
    x = delayed(inc)(1, dask_key_name=key)
    y = delayed(5, name=key)
    assert (x.key, y.key) == (key, key)
    assert (x + 1).compute() == 3
    assert compute(y, y + 1) == (5, 6)
    assert key in x.dask
    assert x.persist().compute() == 2
    assert pickle.loads(pickle.dumps(x)).key == key


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (b"x", TypeError, "dask_key_name=b'x': a key must be a str, int, float, or a tuple of these, got bytes"),
        (("x", None), TypeError, "got NoneType"),
        (float("nan"), ValueError, "NaN can't be a key"),
    ],
)
def test_what_can_be_no_key_is_refused_where_it_is_given(key, error, message):
    with pytest.raises(error, match=message):
        delayed(inc)(1, dask_key_name=key)
    with pytest.raises(error, match=message.replace("dask_key_name", "name")):
        delayed(1, name=key)


def test_one_name_for_two_tasks_is_an_error_where_they_meet():
    f = delayed(inc)
    a, b = f(1, dask_key_name="same"), f(2, dask_key_name="same")
    message = r"two different tasks have the key 'same': <Task inc\(1\)> and <Task inc\(2\)>; rename one of them"
    with pytest.raises(ValueError, match=message):
        delayed(add)(a, b)
    with pytest.raises(ValueError, match=message):
        delayed(sum)([a, [b]])
    with pytest.raises(ValueError, match=message):
        compute(a, b)
    with pytest.raises(ValueError, match=message):
        delayed(add)(f(a), f(b)).compute()
    with pytest.raises(ValueError, match=message):
        compute(f(f(a)), {"b": b})
    with pytest.raises(ValueError, match="two different tasks have the key 'same'"):
        compute(a, delayed(5, name="same"))
    with pytest.raises(ValueError, match="two different tasks have the key 'same'"):
        f(a, dask_key_name="same").compute()


def test_one_name_for_equal_tasks_is_one_task():
    calls = []
    f = delayed(calls.append)
    compute(f([1], dask_key_name="same"), f([1], dask_key_name="same"))
    assert calls == [[1]]
    x = f(2, dask_key_name="held")
    assert compute(x, pickle.loads(cloudpickle.dumps(x)))


def test_a_name_may_be_used_again_in_another_graph():
    assert delayed(inc)(1, dask_key_name="again").compute() == 2
    assert delayed(inc)(2, dask_key_name="again").compute() == 3


def test_persisted_and_original_results_may_meet():
    x = delayed(inc)(1, dask_key_name="x")
    assert compute(x.persist(), x, (x.persist() + 1) * x) == (2, 2, 6)


# -- outputs -------------------------------------------------------------------------------------------------------


def test_nout_gives_results_a_length():
    pair = delayed(divmod, nout=2)
    x = pair(7, 2)
    assert len(x) == 2
    quotient, rest = x
    assert compute(quotient, rest) == (3, 1)
    assert len(delayed(list, nout=0)()) == 0
    assert list(delayed(list, nout=0)()) == []
    assert [y.compute() for y in delayed([4, 5], nout=2)] == [4, 5]
    assert len(delayed([delayed(1), 2], nout=2)) == 2


@pytest.mark.parametrize("nout", [-1, True, 1.0, "2"])
def test_nout_must_be_a_number_of_outputs(nout):
    with pytest.raises(ValueError, match="nout must be None or a non-negative integer, got"):
        delayed(inc, nout=nout)


def test_without_nout_there_is_no_length_and_no_iteration():
    x = delayed(inc)(1)
    with pytest.raises(TypeError, match=r"call \.compute\(\) first, or say how many outputs there are with .*nout"):
        iter(x)
    with pytest.raises(TypeError, match=r"the length of a Delayed isn't known .*\.compute\(\)"):
        len(x)


# -- attributes and methods ----------------------------------------------------------------------------------------


def test_attributes_are_lazy_and_pure():
    x = delayed(3 + 4j)
    assert isinstance(x.real, DelayedAttr)
    assert compute(x.real, x.imag) == (3, 4)
    assert x.real.key == x.real.key != x.imag.key
    assert x.real.key.startswith("getattr-")
    assert delayed(Account)(1).balance.real.compute() == 1


def test_a_method_call_is_one_task():
    x = delayed([1, 2, 1])
    count = x.count(1)
    assert len(count.dask) == 2
    assert count.key.startswith("count-")
    assert count.compute() == 2
    assert x.count(1, pure=True).key == x.count(1, pure=True).key != x.index(1, pure=True).key
    assert x.count(1, dask_key_name="n").key == "n"
    assert x.count(delayed(2)).compute() == 1


def test_hidden_names_are_never_made_up():
    x = delayed(1)
    for name in ("_hidden", "__array__", "_repr_mimebundle_", "__len_hint__"):
        assert not hasattr(x, name)
    with pytest.raises(AttributeError, match="DelayedLeaf object has no attribute '_hidden'"):
        x._hidden()


def test_a_missing_attribute_fails_when_it_is_computed():
    with pytest.raises(AttributeError, match="no_such_attribute"):
        delayed(1).no_such_attribute.compute()


def test_a_misspelt_visualize_warns():
    with pytest.warns(UserWarning, match="did you mean visualize"):
        delayed(1).visualise


@pytest.mark.slow
def test_long_paths_of_attributes_need_no_recursion():
    x = delayed(1)
    for _ in range(20_000):
        x = x.real
    assert x.compute() == 1
    assert pickle.loads(pickle.dumps(x)).real.compute() == 1


def test_objects_can_t_be_changed():
    x = delayed(inc)(1)
    with pytest.raises(TypeError, match="stands for a result and can't be changed: you can't set its attribute 'a'"):
        x.a = 1
    with pytest.raises(TypeError, match="you can't set its attribute '_key'"):
        x._key = "other"
    with pytest.raises(TypeError, match="you can't delete 'key'"):
        del x.key


# -- the graph -----------------------------------------------------------------------------------------------------


def test_graphs_contain_those_that_they_are_made_from():
    x = delayed(inc)(1)
    y = delayed(inc)(x)
    assert isinstance(y.dask, LayeredGraph)
    assert set(y.dask) >= set(x.dask)
    assert y.dask is y.__dask_graph__()
    assert y.__dask_keys__() == [y.key]
    assert y.__dask_layers__() == (y.key,)
    assert (y.dask[y.key].dependencies, len(y.dask)) == ((x.key,), 2)
    assert tokenize(y) == tokenize(pickle.loads(pickle.dumps(y)))


def test_functions_are_part_of_the_task_not_tasks_themselves():
    assert len(delayed(inc)(delayed(inc)(1)).dask) == 2


def test_an_object_on_a_graph_that_the_user_wrote():
    x = Delayed("y", {"x": 1, "y": (inc, "x"), "z": (inc, "y")})
    assert (x.compute(), (x + 1).compute()) == (2, 3)
    (small,) = optimize(x)
    assert sorted(small.dask) == ["x", "y"]
    assert (small.compute(), small.persist().compute()) == (2, 2)
    assert compute(x, small, x.persist()) == (2, 2, 2)
    assert len(Delayed("y", {"y": [1, 2]}, length=2)) == 2
    assert Delayed(("y", 0), x.dask.merge({("y", 0): 5})).compute() == 5


def test_a_key_that_its_graph_does_not_hold_is_an_error():
    with pytest.raises(KeyError, match="the key 'nothing' is not in the graph that was given for it"):
        Delayed("nothing", {"x": 1})


def test_annotations_are_carried_to_the_task():
    with annotate(retries=3):
        x = delayed(inc)(1)
    with annotate(priority=lambda key: len(key)):
        y = delayed(inc)(x, dask_key_name="four")
    assert x.dask[x.key].annotations == {"retries": 3}
    assert y.dask["four"].annotations == {"priority": 4}
    assert y.dask[x.key].annotations == {"retries": 3}
    (z,) = optimize(y)
    assert z.dask["four"].annotations == {"priority": 4}
    assert delayed(inc)(y).compute() == 4


def test_optimisation_is_a_setting():
    seen = []

    def watch(graph, keys):
        seen.append(keys)
        return graph

    x = delayed(inc)(1)
    with config.set(delayed_optimize=watch):
        assert x.compute() == 2
    with config.set(delayed_optimize=None):
        assert x.compute() == 2
    assert seen == [[x.key]]


def test_persist_keeps_key_and_length():
    x = delayed(divmod, nout=2)(7, 2)
    (held,) = persist(x)
    assert (held.key, len(held.dask), len(held)) == (x.key, 1, 2)
    assert held[0].compute() == 3


def test_the_default_scheduler_is_threads_and_unknown_keywords_are_passed_on():
    import threading

    assert delayed(threading.get_ident)().compute() != threading.get_ident()
    assert delayed(inc)(1).compute(bogus_keyword=10, scheduler=local.get_sync) == 2


# -- copies, pickles and reprs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [pickle, cloudpickle])
@pytest.mark.parametrize(
    "make",
    [
        lambda: delayed(inc)(1),
        lambda: delayed(inc, pure=True, nout=2),
        lambda: delayed(inc, name="f"),
        lambda: delayed([1, 2], nout=2),
        lambda: delayed(3 + 4j).real,
        lambda: delayed([1, 2]).index,
        lambda: delayed([1, 2]).index(2),
        lambda: delayed(inc)(1, dask_key_name="x") + delayed(2),
        lambda: 10 - delayed(2),
    ],
)
def test_pickles_are_equal(module, make):
    x = make()
    y = pickle.loads(module.dumps(x))
    assert type(y) is type(x)
    assert y.key == x.key
    assert set(y.dask) == set(x.dask)
    assert y._length == x._length
    if not callable(x.compute()):
        assert y.compute() == x.compute()
    elif isinstance(x, DelayedLeaf):
        assert (y._pure, y._nout, y(1).compute()) == (x._pure, x._nout, 2)
    else:
        assert y(2).compute() == 1


def test_lambdas_pass_through_cloudpickle():
    n = 5
    assert pickle.loads(cloudpickle.dumps(delayed(lambda x: x + n)(1))).compute() == 6


def test_copies():
    x = delayed(inc)([1][0])
    assert copy.copy(x) is x
    assert copy.deepcopy(x).key == x.key
    assert copy.deepcopy([x, x])[0].compute() == 2


def test_reprs():
    x = delayed(inc)(1, dask_key_name="a<b")
    assert repr(x) == "Delayed('a<b')"
    assert repr(delayed(1, name="x")) == "Delayed('x')"
    assert repr(delayed(1, name="x").real).startswith("Delayed('getattr-")
    page = delayed(add)(x, x, dask_key_name="c")._repr_html_()
    assert "compute()" in page
    assert "2 layers" in page
    assert "a&lt;b" in x._repr_html_()


# -- size ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_chains_of_50_000_calls_need_no_recursion():
    f = delayed(inc)
    x = f(0)
    for _ in range(50_000):
        x = f(x)
    assert x.compute(scheduler="sync") == 50_001
    assert x.compute() == 50_001
    y = pickle.loads(pickle.dumps(x))
    assert y.compute() == 50_001
    assert len(x._repr_html_()) < 1000
    assert len(repr(x.dask)) < 10_000
    del x, y


@pytest.mark.slow
def test_chains_of_nested_arguments_need_no_recursion():
    f = delayed(lambda x: x[0]["k"] + 1)
    x = delayed(0)
    for _ in range(10_000):
        x = f([{"k": x}])
    assert pickle.loads(cloudpickle.dumps(x)).compute() == 10_000


@pytest.mark.slow
def test_building_is_quick():
    f = delayed(inc)
    start = time.process_time()
    results = [f(i) for i in range(100_000)]
    # The goal is 2 s on a small machine; it takes about 0.5.
    assert time.process_time() - start < 4
    assert delayed(sum)(results).compute(scheduler="sync") == sum(range(1, 100_001))


nested = st.recursive(
    st.integers(), lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner)
)


@pytest.mark.slow
@given(nested)
def test_nested_values_arrive_as_they_would_undelayed(value):
    def planted(item):
        if isinstance(item, list | tuple):
            return type(item)(map(planted, item))
        if isinstance(item, dict):
            return {key: planted(each) for key, each in item.items()}
        return delayed(item)

    assert delayed(lambda x: x)(planted(value)).compute(scheduler="sync") == value
