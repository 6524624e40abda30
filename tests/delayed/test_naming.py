"""Keys of delayed objects."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from minidask import config, delayed
from minidask.delayed.naming import call_token, check_name, fresh_token, is_pure, token


def test_fresh_tokens_are_unique_across_threads():
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda _: [fresh_token() for _ in range(2000)], range(8)))
    found = [each for batch in batches for each in batch]
    assert len(set(found)) == len(found)
    assert all(len(each) == 32 and set(each) <= set("0123456789abcdef") for each in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_forked_processes_draw_other_tokens():
    prefix = fresh_token()[:20]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, fresh_token().encode())
        os._exit(0)
    os.close(write)
    drawn = os.read(read, 100).decode()
    os.close(read)
    os.waitpid(child, 0)
    assert len(drawn) == 32
    assert not drawn.startswith(prefix)
    assert fresh_token().startswith(prefix)


def test_pure_is_a_setting():
    assert (is_pure(None), is_pure(True), is_pure(False)) == (False, True, False)
    with config.set(delayed_pure=True):
        assert (is_pure(None), is_pure(False)) == (True, False)


def test_tokens():
    assert token(True, 1) == token(True, 1) != token(True, 2)
    assert token(None, 1) != token(None, 1)


def test_call_tokens_tell_arguments_apart():
    x = delayed(1, name="x")
    calls = [
        ((), {}),
        ((1,), {}),
        ((1.0,), {}),
        (("x",), {}),
        ((x,), {}),
        (([x],), {}),
        ((), {"x": 1}),
        ((), {"a": x}),
        ((), {"a": "x"}),
        (("a", "x"), {}),
        ((1, 1), {}),
        ((1,), {"a": 1}),
    ]
    assert len({call_token("f", *call) for call in calls}) == len(calls)
    assert call_token("f", (), {"a": 1, "b": x}) == call_token("f", (), {"b": x, "a": 1})
    assert call_token("f", (1,), {}) != call_token("g", (1,), {})


def test_names_must_be_keys():
    assert check_name(("x", 1), "name") == ("x", 1)
    with pytest.raises(TypeError, match=r"name=\[1\]: a key must be a str"):
        check_name([1], "name")
    with pytest.raises(ValueError, match="name=nan: NaN can't be a key"):
        check_name(float("nan"), "name")
