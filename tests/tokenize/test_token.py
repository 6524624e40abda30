"""`tokenize` and `quick_token`: the same name in every process, different names for different things."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minidask
from minidask.tokenize import TokenizationError, quick_token, set_ensure_deterministic, tokenize

SAMPLES = Path(__file__).with_name("samples.py")

atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.complex_numbers()
)
hashables = st.recursive(atoms, lambda x: st.tuples(x, x) | st.frozensets(x, max_size=3), max_leaves=8)
values = st.recursive(
    atoms | hashables,
    lambda x: st.lists(x, max_size=4) | st.dictionaries(hashables, x, max_size=4) | st.tuples(x, x) | st.tuples(x),
    max_leaves=15,
)


def written(x):
    """A canonical text, made in another way: types by name, sets and dicts in sorted order, -0.0 and NaN by repr."""
    if isinstance(x, list | tuple):
        return f"{type(x).__name__}({','.join(map(written, x))})"
    if isinstance(x, set | frozenset):
        return f"{type(x).__name__}({','.join(sorted(map(written, x)))})"
    if isinstance(x, dict):
        return f"dict({','.join(sorted(f'{written(k)}:{written(v)}' for k, v in x.items()))})"
    return f"{type(x).__name__}:{x!r}"


@settings(max_examples=150, deadline=None)
@given(values, values)
def test_tokens_are_equal_exactly_where_values_are(a, b):
    assert (tokenize(a) == tokenize(b)) == (written(a) == written(b))


@settings(max_examples=100, deadline=None)
@given(st.lists(values, max_size=4))
def test_boundaries_between_arguments_count(args):
    forms = {tokenize(*args), tokenize(args), tokenize(tuple(args)), tokenize(*args, None), tokenize(*args, x=None)}
    assert len(forms) == 5


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(hashables, values, max_size=6), st.randoms())
def test_the_order_of_dicts_and_keywords_does_not_matter(d, rng):
    items = list(d.items())
    rng.shuffle(items)
    assert tokenize(dict(items)) == tokenize(d)
    named = [(f"k{i}", value) for i, (_, value) in enumerate(items)]
    assert tokenize(**dict(named)) == tokenize(**dict(reversed(named)))


def test_form():
    for token in (tokenize(), tokenize(1), tokenize([[]]), tokenize(a=1), quick_token("add", "x")):
        assert re.fullmatch("[0-9a-f]{32}", token)


def test_types_do_not_collide():
    values = [
        1,
        1.0,
        True,
        "1",
        b"1",
        None,
        (1,),
        [1],
        {1},
        frozenset({1}),
        {1: None},
        1 + 0j,
        bytearray(b"1"),
        ...,
        "None",
        "",
        (),
        [],
    ]
    values += [
        {},
        set(),
        frozenset(),
        0,
        0.0,
        -0.0,
        False,
        "True",
        int,
        "int",
        [[1]],
        [(1,)],
        ([1],),
        ((1,),),
        {1: 1},
        [1, 1],
        range(1),
    ]
    assert len({tokenize(x) for x in values}) == len(values)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (("ab", "c"), ("a", "bc")),
        ((("a",), "b"), ("a", ("b",))),
        (([1], [2]), ([1, 2], [])),
        (({"a": 1}, {"b": 2}), ({"a": 1, "b": 2}, {})),
        ({"a": ["b"]}, {"a": [["b"]]}),
        (({"a"}, {"b"}), ({"a", "b"}, set())),
        (([{}], []), ([], [{}])),
    ],
)
def test_boundaries(a, b):
    assert tokenize(a) != tokenize(b)
    assert isinstance(a, dict) or tokenize(*a) != tokenize(*b)


@settings(max_examples=100, deadline=None)
@given(st.text(), st.lists(st.one_of(atoms, st.tuples(atoms, atoms), st.tuples(st.tuples(atoms))), max_size=5))
def test_quick_token_is_the_token(operation, parts):
    assert quick_token(operation, *parts) == tokenize(operation, *parts)


def test_quick_token_of_anything():
    assert quick_token("f", [1, {2}], lambda x: x) == tokenize("f", [1, {2}], lambda x: x)


@pytest.mark.slow
def test_same_tokens_in_processes_of_other_hash_seeds():
    def run(seed):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(minidask.__file__).parents[1])}
        return subprocess.run([sys.executable, SAMPLES], env=environment, stdout=subprocess.PIPE, check=True).stdout

    with ThreadPoolExecutor(2) as pool:
        first, second = map(json.loads, pool.map(run, ["1", "271828"]))
    assert first == second
    assert len(set(first.values())) == len(first) > 100


@pytest.fixture(scope="module")
def samples():
    spec = importlib.util.spec_from_file_location("samples_of_tokenize", SAMPLES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_same_tokens_twice_in_one_process(samples):
    assert samples.tokens() == samples.tokens()


@pytest.mark.slow
def test_threads_agree(samples):
    expected = samples.tokens()
    start = threading.Barrier(4)
    results = []

    def run():
        start.wait()
        results.append({name: tokenize(x) for name, x in samples.SAMPLES.items()})

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [{name for name in expected if result[name] != expected[name]} for result in results] == [set()] * 4


def test_not_deterministic_objects_have_tokens_unless_asked():
    lock = threading.Lock()
    assert tokenize(lock) == tokenize(lock)
    assert tokenize(lock) != tokenize(threading.Lock())
    assert tokenize([lock]) != tokenize([threading.Lock()])
    with pytest.raises(
        TokenizationError, match=r"_thread\.lock object cannot be tokenized deterministically: pickling it "
    ):
        tokenize([{"a": lock}], ensure_deterministic=True)
    assert issubclass(TokenizationError, RuntimeError)


def test_the_installed_getter_decides_where_the_caller_does_not():
    lock = threading.Lock()
    previous = set_ensure_deterministic(lambda: True)
    try:
        with pytest.raises(TokenizationError, match="__dask_tokenize__ method, or register a normalizer"):
            tokenize(lock)
        with pytest.raises(TokenizationError):
            quick_token("f", lock)
        assert tokenize(lock, ensure_deterministic=False) == tokenize(lock, ensure_deterministic=False)
    finally:
        set_ensure_deterministic(previous)
    assert tokenize(lock)


def test_the_getter_is_not_asked_for_plain_values():
    def never():
        raise AssertionError("asked")

    previous = set_ensure_deterministic(never)
    try:
        tokenize(1, [2, {"a": (3,)}], x=slice(1))
    finally:
        set_ensure_deterministic(previous)


def test_a_getter_that_is_no_function():
    with pytest.raises(TypeError, match="set_ensure_deterministic takes a function that returns a bool, not True"):
        set_ensure_deterministic(True)
