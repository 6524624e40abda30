"""Graphs for the tests of graphs and of their rewrites: a reference evaluator, random graphs, named shapes."""

from __future__ import annotations

from operator import add, mul, neg, sub
from typing import Any

from hypothesis import strategies as st

from minidask.graph import Literal, Task, convert, toposort

CONTAINERS = (list, tuple, dict, set)


def evaluate(graph: dict[Any, Any], key: Any) -> Any:
    """Return the value of a key of a graph as users write it, by the plainest recursion."""
    value = graph[key]
    if not is_call(value) and type(value) is not bool and is_key(graph, value) and value != key:
        return evaluate(graph, value)
    return reading(graph, value, top=True)


def reading(graph: dict[Any, Any], value: Any, top: bool = False) -> Any:
    if type(value) is Literal:
        return value.data
    if is_call(value):
        return value[0](*[reading(graph, arg) for arg in value[1:]])
    if not top and type(value) is not bool and is_key(graph, value):
        return evaluate(graph, value)
    if type(value) in (list, tuple, set):
        return type(value)(reading(graph, item) for item in value)
    if type(value) is dict:
        return {name: reading(graph, item) for name, item in value.items()}
    return value


def is_call(value: Any) -> bool:
    return type(value) is tuple and bool(value) and callable(value[0])


def is_key(graph: dict[Any, Any], value: Any) -> bool:
    return isinstance(value, str | int | float | tuple) and not has_foreign(value) and value in graph


def has_foreign(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(has_foreign, value))
    return not isinstance(value, str | int | float)


def run(graph: dict[Any, Task], keys: list[Any]) -> list[Any]:
    """Run tasks one after another, every one of the graph, and return the results of keys."""
    results: dict[Any, Any] = {}
    for key in toposort(graph):
        results[key] = graph[key](results)
    return [results[key] for key in keys]


def convert_and_run(graph: dict[Any, Any], keys: list[Any]) -> list[Any]:
    return run(convert(graph), keys)


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal and of the same types all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[name], right[name]) for name in left)
    return repr(left) == repr(right) if isinstance(left, float) else left == right


def record(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """A function that shows all that it was called with."""
    return ("record", args, tuple(kwargs.items()))


def collect(*args: Any) -> list[Any]:
    return list(args)


KEYS = st.one_of(
    st.text("xyz", min_size=1, max_size=2),
    st.integers(-2, 4),
    st.sampled_from([0.5, 1.5]),
    st.tuples(st.text("xy", min_size=1, max_size=1), st.integers(0, 2)),
    st.tuples(st.text("xy", min_size=1, max_size=1), st.tuples(st.integers(0, 1), st.just(0.5))),
)
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0.0, -0.0, 1.0, 2.5]),
    st.just(b"x"),
    st.just(1j),
    st.text("pq", max_size=2),
)


def values(earlier: list[Any]) -> st.SearchStrategy[Any]:
    """Values of a graph's entry that may refer to earlier keys."""
    leaves = ATOMS | st.builds(Literal, st.one_of(KEYS, ATOMS, st.just([1]), st.just(("x", 0))))
    if earlier:
        leaves = leaves | st.sampled_from(earlier)

    def extend(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        few = st.lists(inner, max_size=3)
        return st.one_of(
            few,
            few.map(tuple),
            few.map(lambda items: (record, *items)),
            few.map(lambda items: (collect, *items)),
            st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
        )

    return st.recursive(leaves, extend, max_leaves=6)


@st.composite
def user_graphs(draw: Any) -> dict[Any, Any]:
    """Acyclic graphs as users write them."""
    # 1 and 1.0 would be one key.
    keys = draw(st.lists(KEYS, min_size=1, max_size=7, unique=True))
    graph: dict[Any, Any] = {}
    for at, key in enumerate(keys):
        value = draw(values(keys[:at]))
        graph[key] = value
    # A value that was a literal when it was drawn may be equal to a later key.
    return {key: value for key, value in graph.items() if not refers_later(graph, key)}


def refers_later(graph: dict[Any, Any], key: Any) -> bool:
    try:
        evaluate(graph, key)
    except RecursionError:
        return True
    return False


@st.composite
def task_graphs(draw: Any, most: int = 14) -> dict[Any, Task]:
    """Graphs of flat arithmetic tasks with exact results."""
    from minidask.graph import TaskRef

    size = draw(st.integers(1, most))
    graph: dict[Any, Task] = {}
    for at in range(size):
        near = st.integers(max(0, at - 5), at - 1).map(lambda i: TaskRef(("k", i))) if at else st.integers(-3, 3)
        kind = draw(st.sampled_from(["unary", "unary", "binary", "literal", "alias", "keyword"]))
        notes = draw(st.sampled_from([None, None, None, {"priority": 1}]))
        if kind == "unary":
            task = Task(neg, (draw(near),), None, notes)
        elif kind == "binary":
            task = Task(draw(st.sampled_from([add, mul, sub])), (draw(near), draw(near)), None, notes)
        elif kind == "keyword":
            task = Task(affine, (draw(near),), {"slope": draw(near)}, notes)
        elif kind == "alias" and at:
            task = Task(identity_of(), (draw(near),), None, notes)
        else:
            task = Task(identity_of(), (draw(st.integers(-3, 3)),), None, notes)
        graph["k", at] = task
    return graph


def identity_of() -> Any:
    from minidask.graph import identity

    return identity


def affine(x: Any, slope: Any = 2, offset: Any = 1) -> Any:
    return x * slope + offset
