"""Finding collections in nested arguments and putting results in their places."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import InitVar, dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask import delayed
from minidask.collection.unpack import unpack_collections

Point = namedtuple("Point", ["x", "y"])


@dataclass(frozen=True)
class Frozen:
    a: object
    b: object = 2


@dataclass
class Derived:
    a: object
    total: object = field(init=False)

    def __post_init__(self):
        self.total = ("total", self.a)


@dataclass
class Forgetful:
    a: object
    scale: InitVar[int]

    def __post_init__(self, scale):
        self.scaled = scale


x, y = delayed(1), delayed(2)


@pytest.mark.parametrize(
    ("nested", "expected"),
    [
        (x, 10),
        ([x, [y, x]], [10, [20, 10]]),
        ((x, 5), (10, 5)),
        ({x, 5}, {10, 5}),
        (frozenset([x]), frozenset([10])),
        ({"a": x, "b": [y]}, {"a": 10, "b": [20]}),
        ({x: "a"}, {10: "a"}),
        (OrderedDict(b=x, a=y), OrderedDict(b=10, a=20)),
        (Point(x, 1), Point(10, 1)),
        (Frozen(x), Frozen(10)),
        (slice(x, None, y), slice(10, None, 20)),
        ([Frozen([x], {"k": Point(y, x)})], [Frozen([10], {"k": Point(20, 10)})]),
    ],
)
def test_results_take_the_places_of_collections(nested, expected):
    found, repack = unpack_collections(nested)
    (result,) = repack([{x: 10, y: 20}[each] for each in found])
    assert result == expected
    assert type(result) is type(expected)


def test_each_collection_is_found_once_and_in_order():
    found, repack = unpack_collections([y, x], {"a": y}, x)
    assert [each.key for each in found] == [y.key, x.key]
    assert repack(["y", "x"]) == [["y", "x"], {"a": "y"}, "x"]


def test_traverse_false_looks_at_the_arguments_alone():
    found, repack = unpack_collections([x], x, traverse=False)
    assert found == [x] or found[0] is x
    assert repack([1])[0][0] is x
    assert repack([1])[1] == 1


def test_containers_without_collections_are_passed_on_not_copied():
    plain = [1, {"a": (2, 3)}]
    found, repack = unpack_collections(plain, [x, plain])
    results = repack([1])
    assert results[0] is plain
    assert results[1][1] is plain
    assert len(found) == 1


def test_subclasses_of_containers_may_mean_something_else():
    class Special(list): ...

    found, _ = unpack_collections(Special([x]))
    assert found == []


def test_fields_that_init_does_not_take_are_made_anew():
    _, repack = unpack_collections(Derived(x))
    with pytest.raises(TypeError, match=r"a Derived that holds a collection .* does not take the field 'total'"):
        repack([1])  # __post_init__ has put the collection into another field
    plain = Derived(1)
    plain.a = x
    _, repack = unpack_collections(plain)
    assert repack([5])[0].total == ("total", 5)


def test_a_dataclass_that_can_t_be_copied_says_what_to_do():
    _, repack = unpack_collections(Forgetful(x, scale=2))
    with pytest.raises(TypeError, match=r"a Forgetful that holds .* wants 'scale', .*traverse=False"):
        repack([1])


@pytest.mark.slow
def test_deep_nesting_needs_no_recursion():
    nested = x
    for _ in range(50_000):
        nested = [nested]
    found, repack = unpack_collections(nested)
    (result,) = repack([7])
    while isinstance(result, list):
        (result,) = result
    assert (len(found), result) == (1, 7)


plain = st.recursive(
    st.none() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.slow
@given(st.lists(plain))
def test_what_holds_no_collection_comes_back_as_it_was(args):
    found, repack = unpack_collections(*args)
    assert found == []
    assert all(a is b for a, b in zip(repack([]), args, strict=True))


@pytest.mark.slow
@given(plain)
def test_a_collection_anywhere_is_found(value):
    def planted(item):
        if isinstance(item, list | tuple):
            return type(item)(map(planted, item))
        if isinstance(item, dict):
            return {key: planted(each) for key, each in item.items()}
        return x

    nested = planted(value)
    found, repack = unpack_collections(nested)
    assert all(each is x for each in found)
    assert not unpack_collections(*repack(["result"] * len(found)))[0]


def test_a_container_that_contains_itself():
    ring = [1, object()]
    ring.append({"again": ring})
    with pytest.raises(ValueError, match="a list that contains itself can't be searched"):
        unpack_collections(ring)
    shared = [object()]
    assert unpack_collections([shared, {"again": shared}])[0] == []
