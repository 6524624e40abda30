"""`minidask.tokenize.encode`: loops, depth, sharing, big values, and the strict check."""

import itertools
import os
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidask.tokenize import TokenizationError, tokenize
from minidask.tokenize.encode import Encoder, encode_flat


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: (x,), lambda x: {"a": x}])
def test_fifty_thousand_deep(wrap):
    def deep(n, leaf):
        for _ in range(n):
            leaf = wrap(leaf)
        return leaf

    n = 50_000
    first = tokenize(deep(n, ()))
    assert first == tokenize(deep(n, ()))
    assert first != tokenize(deep(n - 1, ()))
    assert first != tokenize(deep(n, (1,)))


@pytest.mark.slow
def test_deep_linked_objects():
    node = None
    for i in range(20_000):
        node = SimpleNamespace(i=i, next=node)
    assert tokenize(node) == tokenize(node)


def loop(make, *extra):
    x = make()
    x.append(x)
    x.extend(extra)
    return x


def test_self_containing_lists():
    assert tokenize(loop(list)) == tokenize(loop(list))
    assert tokenize(loop(list)) != tokenize(loop(list, 1))
    assert tokenize(loop(list)) != tokenize([[]])


def test_self_containing_dicts_and_longer_loops():
    def build(value, depth):
        d = {"value": value}
        inner = d
        for _ in range(depth):
            inner["next"] = inner = {"value": value}
        inner["next"] = d
        return d

    tokens = [tokenize(build(v, n)) for v, n in itertools.product([1, 2], [0, 1, 2])]
    assert tokens == [tokenize(build(v, n)) for v, n in itertools.product([1, 2], [0, 1, 2])]
    assert len(set(tokens)) == 6


def test_what_a_loop_refers_to_counts():
    a, b = ["a"], ["b"]
    to_outer = [["x", a], a]
    a.append(to_outer)
    c, d = ["a"], ["b"]
    to_inner = [["x", c], c]
    c.append(c)
    assert tokenize(to_outer) != tokenize(to_inner)
    assert b + d


class Node:
    """A vertex whose place in a set is given."""

    def __init__(self, name, place):
        self.name, self.place, self.others = name, place, []

    def __hash__(self):
        return self.place

    def __dask_tokenize__(self):
        return self.name, self.others


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=9))
def test_loops_within_sets_and_dict_keys_do_not_depend_on_their_order(edges):
    tokens = set()
    for order in itertools.permutations("abc"):
        for places in (dict(zip("abc", range(3), strict=True)), dict(zip(order, range(3), strict=True))):
            nodes = {name: Node(name, places[name]) for name in "abc"}
            for start, end in edges:
                nodes[start].others.append(nodes[end])
            ordered = [nodes[name] for name in order]
            tokens.add(tokenize(set(ordered), dict.fromkeys(ordered, ordered[0].name == ""), list(nodes.values())))
    assert len(tokens) == 1


def test_a_dense_graph_of_loops_is_quick():
    nodes = [[i] for i in range(60)]
    for node in nodes:
        node.extend(nodes)
    start = time.process_time()
    assert tokenize(nodes) == tokenize(nodes)
    assert time.process_time() - start < 5


def test_shared_parts_cost_nothing_and_do_not_count():
    x = ("leaf", [])
    for _ in range(200):
        x = (x, x)
    tokenize(x)
    part = [["some", {"thing"}], "long enough to be remembered " * 3]
    copy = [["some", {"thing"}], "long enough to be remembered " * 3]
    assert tokenize([part, part]) == tokenize([part, copy])


def test_temporaries_do_not_borrow_each_others_bytes():
    # Values made by a normalizer die at once; their addresses are used again.
    class Made:
        def __init__(self, i):
            self.i = i

        def __dask_tokenize__(self):
            return [{"i": [self.i]}, "x" * 100]

    tokens = {tokenize([Made(i), Made(i + 1), Made(i + 2)]) for i in range(50)}
    assert len(tokens) == 50
    assert tokenize([Made(1), Made(1)]) != tokenize([Made(1), Made(2)])


@pytest.mark.parametrize("kind", [bytes, str, bytearray])
def test_big_values(kind):
    def make(last):
        text = "x" * 200_000 + last
        return text if kind is str else kind(text.encode())

    assert tokenize(make("a")) == tokenize(make("a"))
    assert tokenize(make("a")) != tokenize(make("b"))
    assert tokenize([make("a"), 1]) != tokenize([make("b"), 1])
    assert tokenize("x" * 200_000) != tokenize(b"x" * 200_000)


def test_flat():
    assert encode_flat([1, ("a",)]) == encode_flat([1, ("a",)])
    for other in ([[1]], [{}], (object(),), ((b"x",),), [b"x" * 100_000], ((((((((1,),),),),),),),)):
        assert encode_flat(other) is None


def test_interned_and_shared_strings_are_as_good_as_others():
    a = "minidask"
    b = "".join(["mini", "dask"])
    assert a is not b
    assert tokenize([a, a], (a, a)) == tokenize([a, b], (b, a))


def test_subclasses_of_plain_types_are_not_plain():
    class MyInt(int): ...

    class MyStr(str): ...

    class MyTuple(tuple): ...

    class MyDict(dict): ...

    for cls, x in [(MyInt, 1), (MyStr, "a"), (MyTuple, (1,)), (MyDict, {"a": 1})]:
        assert tokenize(cls(x)) == tokenize(cls(x))
        assert tokenize(cls(x)) != tokenize(x)
        one, other = cls(x), cls(x)
        other.extra = 1
        assert tokenize(one) != tokenize(other)


class Random:
    def __getstate__(self):
        return {"x": os.urandom(8)}


class ByAddress:
    def __init__(self):
        self.x = id(self)

    def __setstate__(self, state):
        self.x = id(self)


class Fine:
    def __init__(self, x):
        self.x = x


def test_strict_finds_parts_that_differ_each_time():
    with pytest.raises(TokenizationError, match=r"Random object cannot be .*: its pickled parts differ each time"):
        tokenize([Random()], ensure_deterministic=True)
    assert tokenize(Random()) != tokenize(Random())


def test_strict_finds_parts_that_differ_after_a_round_trip():
    x = ByAddress()
    with pytest.raises(TokenizationError, match=r"ByAddress object cannot be .* after a round trip through pickle"):
        tokenize({"a": x}, ensure_deterministic=True)
    assert tokenize(x) == tokenize(x)


def test_strict_accepts_what_is_fine():
    class Local:
        def __init__(self, x):
            self.x = x

    for x in (Fine(1), Local([1, Fine({"a"})]), Fine(lambda x: x + 1)):
        assert tokenize(x, ensure_deterministic=True) == tokenize(x)


def test_strict_is_asked_once_at_most():
    asked = []

    def strict():
        asked.append(1)
        return False

    Encoder(strict).content([object(), object(), Fine(1)])
    assert asked == [1]


def test_errors_of_normalizers_reach_the_caller():
    class Broken:
        def __dask_tokenize__(self):
            raise ZeroDivisionError("in the user's code")

    with pytest.raises(ZeroDivisionError, match="in the user's code"):
        tokenize([Broken()])
