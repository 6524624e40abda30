"""`minidask.dispatch`: order of resolution, lazy loaders, threads, bad input."""

import subprocess
import sys
import threading
from decimal import Decimal

import pytest

from minidask.dispatch import Dispatch


@pytest.fixture
def describe():
    return Dispatch("describe")


def test_first_class_of_the_resolution_order_wins(describe):
    class Base: ...

    class Derived(Base): ...

    describe.register(object, lambda x: "object")
    describe.register(Base, lambda x: "base")
    assert describe(Derived()) == "base"
    describe.register(Derived, lambda x: "derived")
    assert describe(Derived()) == "derived"
    assert describe(Base()) == "base"
    assert describe(1) == "object"


def test_register_as_decorator_for_several_types_returns_the_function(describe):
    @describe.register((int, str))
    def f(x, suffix="!"):
        return f"{x}{suffix}"

    assert f(1) == "1!"
    assert describe("a", suffix="?") == "a?"
    assert describe.find(int) is f


def test_exact_registration_does_not_serve_derived_classes(describe):
    class Special(dict): ...

    describe.register(dict, lambda x: "dict", subclasses=False)
    assert describe({}) == "dict"
    assert describe.find(Special) is None


def test_lazy_loader_runs_once_when_the_first_object_is_met(describe):
    calls = []

    @describe.register_lazy("decimal")
    def load():
        calls.append(1)
        describe.register(Decimal, lambda x: "decimal")

    describe.register(int, lambda x: "int")
    assert describe(1) == "int"
    assert calls == []
    assert describe(Decimal(1)) == "decimal"
    assert describe(Decimal(2)) == "decimal"
    assert calls == [1]


def test_lazy_loader_runs_for_a_class_derived_from_one_of_its_module(describe):
    class Mine(Decimal): ...

    describe.register_lazy("decimal", lambda: describe.register(Decimal, lambda x: "decimal"))
    assert describe(Mine(1)) == "decimal"


def test_a_loader_does_not_replace_what_was_registered_by_hand(describe):
    describe.register(Decimal, lambda x: "mine")
    describe.register_lazy("decimal", lambda: describe.register(Decimal, lambda x: "theirs"))
    assert describe(Decimal(1)) == "mine"


def test_registration_by_hand_replaces_what_a_loader_registered(describe):
    describe.register_lazy("decimal", lambda: describe.register(Decimal, lambda x: "theirs"))
    assert describe(Decimal(1)) == "theirs"
    describe.register(Decimal, lambda x: "mine")
    assert describe(Decimal(1)) == "mine"


def test_two_loaders_for_one_module_both_run(describe):
    from fractions import Fraction

    describe.register_lazy("decimal", lambda: describe.register(Decimal, lambda x: "decimal"))
    describe.register_lazy("decimal", lambda: describe.register(Fraction, lambda x: "fraction"))
    assert describe(Decimal(1)) == "decimal"
    assert describe(Fraction(1)) == "fraction"


def test_a_failing_loader_raises_and_is_tried_again(describe):
    attempts = []

    @describe.register_lazy("decimal")
    def load():
        attempts.append(1)
        if len(attempts) == 1:
            raise ImportError("not yet")
        describe.register(Decimal, lambda x: "decimal")

    with pytest.raises(ImportError, match="not yet"):
        describe(Decimal(1))
    assert describe(Decimal(1)) == "decimal"


def test_a_loader_may_dispatch_on_its_own_objects(describe):
    @describe.register_lazy("decimal")
    def load():
        assert describe.find(Decimal) is None
        describe.register(Decimal, lambda x: "decimal")

    assert describe(Decimal(1)) == "decimal"


def test_many_threads_meet_the_first_object_at_once(describe):
    loads = []
    start = threading.Barrier(8)
    results = []

    @describe.register_lazy("decimal")
    def load():
        loads.append(1)
        describe.register(Decimal, lambda x: "decimal")

    def meet():
        start.wait()
        results.append(describe(Decimal(1)))

    threads = [threading.Thread(target=meet) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1]
    assert results == ["decimal"] * 8


def test_local_classes_are_not_kept_alive(describe):
    import gc
    import weakref

    describe.register(object, lambda x: "object")

    class Local: ...

    assert describe(Local()) == "object"
    ref = weakref.ref(Local)
    del Local
    gc.collect()
    assert ref() is None


def test_no_implementation(describe):
    with pytest.raises(
        TypeError, match=r"describe has no implementation for decimal.Decimal; add one with describe.regis"
    ):
        describe(Decimal(1))


@pytest.mark.parametrize("type_", [1, "int", (int, "str")])
def test_register_what_is_no_type(describe, type_):
    with pytest.raises(TypeError, match="takes a type or a tuple of types"):
        describe.register(type_, len)


def test_register_what_is_not_callable(describe):
    with pytest.raises(TypeError, match=r"describe\.register takes a callable, not 1"):
        describe.register(int, 1)
    with pytest.raises(TypeError, match=r"describe\.register_lazy takes a callable, not 1"):
        describe.register_lazy("numpy", 1)


@pytest.mark.parametrize("name", ["numpy.random", "", 1])
def test_register_lazy_takes_a_top_level_name(describe, name):
    with pytest.raises(ValueError, match="name of a top-level module"):
        describe.register_lazy(name, lambda: None)


def test_repr_names_what_is_waiting(describe):
    describe.register_lazy("numpy", lambda: None)
    assert repr(describe) == "<Dispatch 'describe': 0 types, lazy: ['numpy']>"


@pytest.mark.slow
def test_importing_the_users_of_dispatch_imports_no_library():
    code = (
        "import sys, minidask.tokenize, minidask.sizeof\n"
        "print([m for m in ('numpy', 'pandas', 'pyarrow', 'scipy', 'cloudpickle') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
