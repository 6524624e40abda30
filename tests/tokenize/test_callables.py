"""Tokens of functions, methods, code and classes."""

import dataclasses
import enum
import functools
import json
import os.path
import types

import pytest

from minidask.tokenize import tokenize
from minidask.tokenize.callables import global_names


def module_level(x):
    return x + 1


def compiled(source, name="f", **names):
    """A function of a main module of its own, as a notebook makes them."""
    namespace = {"__name__": "__main__", **names}
    exec(source, namespace)
    return namespace[name]


def test_importable_functions_are_their_names():
    assert tokenize(module_level) == tokenize(module_level)
    assert tokenize(json.dumps) != tokenize(json.loads)
    assert tokenize(os.path.join, ensure_deterministic=True)


def test_a_function_that_lost_its_name_is_not_taken_for_its_successor():
    copy = types.FunctionType((lambda x: x - 1).__code__, globals(), "module_level")
    copy.__qualname__, copy.__module__ = "module_level", __name__
    assert tokenize(copy) != tokenize(module_level)


BODIES = [
    "x + 1",
    "x + 2",
    "x - 1",
    "x + 1.0",
    "x + True",
    "x + '1'",
    "x + b'1'",
    "x.a",
    "x.b",
    "x(1)",
    "x(a=1)",
    "x(b=1)",
    "(x, 1)",
    "[x, 1]",
    "x in {1, 2}",
    "x in {1, 3}",
    "x + -0.0",
    "x + 0.0",
    "(lambda y: y + 1)(x)",
    "(lambda y: y + 2)(x)",
    "[y for y in x]",
    "{y for y in x}",
    "abs(x)",
    "len(x)",
    "unknown(x)",
    "x if x else 1",
    "x and 1",
    "f'{x}'",
    "f'{x!r}'",
    "...",
    "None",
]


def test_different_bodies_differ_and_equal_bodies_agree():
    tokens = [tokenize(compiled(f"f = lambda x: {body}")) for body in BODIES]
    assert len(set(tokens)) == len(BODIES)
    # Other lines, files and spaces make no difference.
    assert tokens == [tokenize(compiled(f"\n\nf = lambda  x :  ({body})")) for body in BODIES]


@pytest.mark.parametrize(
    "signature",
    ["x", "y", "x, y", "x, y=1", "x, y=2", "x, *, y=1", "x, *y", "x, **y", "x, /, y", "x, y=[1]", "x, y={'a', 'b'}"],
)
def test_signatures_count(signature):
    one, again, other = (compiled(f"def f({s}): return 1") for s in (signature, signature, "a, b, c"))
    assert tokenize(one) == tokenize(again) != tokenize(other)


def test_signatures_differ():
    sources = ["x", "y", "x, y", "x, y=1", "x, y=2", "x, *, y=1", "x, *y", "x, **y", "x, /, y"]
    assert len({tokenize(compiled(f"def f({s}): return 1")) for s in sources}) == len(sources)


def test_globals_count_by_value():
    source = "def f(x): return x + offset"
    assert tokenize(compiled(source, offset=1)) == tokenize(compiled(source, offset=1))
    tokens = {tokenize(compiled(source, **names)) for names in ({"offset": 1}, {"offset": 2}, {"offset": 1.0}, {})}
    assert len(tokens) == 4


def test_a_changed_global_changes_the_token():
    f = compiled("state = {'a': 1}\ndef f(x): return state['a'] + x")
    before = tokenize(f)
    f.__globals__["state"]["a"] = 2
    changed = tokenize(f)
    f.__globals__["state"]["a"] = 1
    assert before == tokenize(f) != changed


def test_globals_of_inner_functions_and_of_called_functions_count():
    inner = "def f(x): return [(lambda y: y + offset)(y) for y in x]"
    assert tokenize(compiled(inner, offset=1)) != tokenize(compiled(inner, offset=2))
    called = "def g(x): return x + offset\ndef f(x): return g(x)"
    assert tokenize(compiled(called, offset=1)) != tokenize(compiled(called, offset=2))
    assert tokenize(compiled(called, offset=1)) == tokenize(compiled(called, offset=1))


def test_globals_that_are_not_referred_to_do_not_count():
    source = "def f(x): return x.offset"
    assert tokenize(compiled(source, offset=1)) == tokenize(compiled(source, offset=2))


def test_global_names():
    def f(x):
        import math

        global module_state
        module_state = x
        return [len(y) for y in math.floor(x.abs)]

    assert global_names(f.__code__) == {"module_state", "len"}


def test_builtins_shadowed_later_change_the_token():
    source = "def f(x): return len(x)"
    assert tokenize(compiled(source)) != tokenize(compiled(source, len=lambda x: 1))


def test_recursive_and_mutually_recursive_functions():
    source = "def f(n): return n and g(n - 1)\ndef g(n): return n and f(n - {})"
    assert tokenize(compiled(source.format(1))) == tokenize(compiled(source.format(1)))
    assert tokenize(compiled(source.format(1))) != tokenize(compiled(source.format(2)))
    assert tokenize(compiled(source.format(1))) != tokenize(compiled(source.format(1), "g"))


def test_many_mutually_recursive_functions_are_quick():
    names = [f"f{i}" for i in range(40)]
    source = "\n".join(f"def {name}(x): return [{', '.join(names)}]" for name in names)
    assert tokenize(compiled(source, "f0")) == tokenize(compiled(source, "f0"))


def test_closures():
    def make(n):
        return lambda x: x + n

    def empty():
        def f():
            return later

        if not f:
            later = 1
        return f

    assert tokenize(make(1)) == tokenize(make(1)) != tokenize(make(2))
    assert tokenize(make([1])) != tokenize(make([1.0]))
    assert tokenize(empty()) == tokenize(empty())


def test_calls_do_not_change_the_token():
    # The interpreter specialises bytecode that runs often.
    f = compiled("def f(x):\n    return sum(y + x for y in range(3)) + x.real + len([x])")
    before = tokenize(f)
    for _ in range(1000):
        f(1)
    assert tokenize(f) == before


def test_attributes_of_functions_count():
    one, two = compiled("def f(x): return 1"), compiled("def f(x): return 1")
    two.limit = 3
    assert tokenize(one) != tokenize(two)


def test_wrappers():
    def decorate(f):
        @functools.wraps(f)
        def wrapper(*args):
            return f(*args)

        return wrapper

    assert tokenize(decorate(lambda x: 1)) == tokenize(decorate(lambda x: 1)) != tokenize(decorate(lambda x: 2))
    cache = functools.lru_cache
    assert tokenize(cache(lambda x: 1)) == tokenize(cache(lambda x: 1)) != tokenize(cache(lambda x: 2))
    assert tokenize(cache(4)(module_level)) != tokenize(cache(5)(module_level))


def test_partials_and_methods():
    partial = functools.partial
    assert tokenize(partial(module_level, 1, a=2)) == tokenize(partial(module_level, 1, a=2))
    forms = [partial(module_level), partial(module_level, 1), partial(module_level, x=1), partial(json.dumps, 1)]
    assert len({tokenize(f) for f in forms}) == 4

    class Counter:
        def __init__(self, n):
            self.n = n

        def up(self): ...

        def down(self):
            return 1

    assert tokenize(Counter(1).up) == tokenize(Counter(1).up)
    assert len({tokenize(f) for f in (Counter(1).up, Counter(2).up, Counter(1).down, Counter.up)}) == 4


def test_generators_and_exceptions_in_code():
    sources = [
        "def f(x):\n try:\n  return 1\n except ValueError:\n  return 2",
        "def f(x):\n try:\n  return 1\n except TypeError:\n  return 2",
        "def f(x):\n yield 1",
        "async def f(x):\n return 1",
        "def f(x):\n return 1",
    ]
    assert len({tokenize(compiled(source)) for source in sources}) == len(sources)


def test_importable_classes_are_their_names():
    assert tokenize(dict) != tokenize(list)
    assert tokenize(types.FunctionType) != tokenize(types.MethodType)
    assert tokenize(type(None)) != tokenize(None)


CLASSES = [
    "class f: pass",
    "class f: a = 1",
    "class f: a = 2",
    "class f:\n def m(self): return 1",
    "class f:\n def m(self): return 2",
    "class f(dict): pass",
    "class f(dict):\n def __init__(self): super().__init__()",
    "class f:\n __slots__ = ('a',)",
    "class f:\n __slots__ = ('b',)",
    "class f:\n @property\n def a(self): return 1",
    "class f:\n @staticmethod\n def a(): return 1",
    "class f:\n @classmethod\n def a(self): return 1",
    "class f:\n a: int = 1",
    "import enum\nclass f(enum.Enum): A = 1",
    "import enum\nclass f(enum.Enum): A = 2",
    "import dataclasses\n@dataclasses.dataclass\nclass f: a: int",
    "import dataclasses\n@dataclasses.dataclass\nclass f: b: int",
    "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass f: a: int",
    "from typing import NamedTuple\nclass f(NamedTuple): a: int",
    "import abc\nclass f(abc.ABC):\n @abc.abstractmethod\n def a(self): ...",
]


def test_other_classes_are_what_they_say():
    tokens = [tokenize(compiled(source), ensure_deterministic=True) for source in CLASSES]
    assert len(set(tokens)) == len(CLASSES)
    assert tokens == [tokenize(compiled(source)) for source in CLASSES]


def test_instances_know_the_code_of_their_class():
    source = "class f:\n def __init__(self): self.x = 1\n def m(self): return {}"
    one, again, other = (compiled(source.format(i))() for i in (1, 1, 2))
    assert tokenize(one) == tokenize(again) != tokenize(other)


def test_use_of_a_class_does_not_change_its_token():
    @dataclasses.dataclass
    class Local:
        a: int

        @functools.cached_property
        def twice(self):
            return self.a * 2

    before = tokenize(Local)
    x = Local(1)
    assert x.twice == 2
    x.__reduce_ex__(5)
    assert isinstance(x, Local)
    assert tokenize(Local) == before


def test_dataclasses_and_enums():
    @dataclasses.dataclass
    class Pair:
        a: int
        b: object = None

    class Color(enum.Enum):
        RED = 1
        BLUE = 2

    class Other(enum.Enum):
        RED = 1

    assert tokenize(Pair(1, {2})) == tokenize(Pair(1, {2}))
    assert len({tokenize(x) for x in (Pair(1), Pair(2), Pair(1, 1), Pair, (1, None))}) == 5
    assert tokenize(Color.RED) == tokenize(Color(1))
    assert len({tokenize(x) for x in (Color.RED, Color.BLUE, Other.RED, Color, 1)}) == 5
