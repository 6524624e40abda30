"""Keys of submitted calls."""

from __future__ import annotations

import operator
import subprocess
import sys
from functools import partial

import pytest

from minidask import delayed
from minidask_distributed.client.naming import call_token, check_function, function_token, name_of


def test_names() -> None:
    assert name_of(operator.add) == "add"
    assert name_of(lambda: 0) == "lambda"
    assert name_of(partial(operator.add, 1)) == "add"
    assert name_of(print) == "print"


def test_tokens_tell_calls_apart() -> None:
    tokens = {
        function_token(operator.add, {}),
        function_token(operator.sub, {}),
        function_token(operator.add, {"a": 1}),
        function_token(operator.add, {"a": 1.0}),
        function_token(partial(operator.add, 1), {}),
    }
    assert len(tokens) == 5
    assert len({call_token("f", args) for args in [(1,), (1.0,), (True,), ("1",), ((1,),), (1, 2), ([1],), ()]}) == 8


def test_a_function_whose_globals_change() -> None:
    space = {"factor": 1}
    exec("def scaled(x): return x * factor", space)
    scaled = space["scaled"]
    before = function_token(scaled, {})  # type: ignore[arg-type]
    assert function_token(scaled, {}) == before  # type: ignore[arg-type]
    space["factor"] = 2
    assert function_token(scaled, {}) != before  # type: ignore[arg-type]


def test_they_are_equal_in_every_process() -> None:
    code = (
        "import operator; from minidask_distributed.client.naming import *; "
        "print(call_token(function_token(operator.add, {'k': 1}), (1, 'a')))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == call_token(function_token(operator.add, {"k": 1}), (1, "a"))


def test_what_tasks_can_call():
    check_function("submit", len)
    check_function("submit", lambda: 0)
    with pytest.raises(TypeError, match="first argument of map must be callable, got list"):
        check_function("map", [])
    with pytest.raises(
        TypeError, match=r"submit runs plain functions, got a Delayed.*client.compute\(delayed_function"
    ):
        check_function("submit", delayed(len))
