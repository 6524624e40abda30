"""The functions that tasks of delayed objects call."""

from __future__ import annotations

import pickle

import pytest

from minidask.delayed.calls import MethodCall, call_result, method_call
from minidask.graph import func_name


def test_a_result_is_called_with_any_keywords():
    assert call_result(dict, func=1, args=2) == {"func": 1, "args": 2}


def test_methods_are_called_with_any_keywords():
    assert method_call("format")("{obj}{self}", obj=1, self=2) == "12"
    with pytest.raises(AttributeError, match="no_such_method"):
        method_call("no_such_method")(1)


def test_callers_of_a_method_are_one_object():
    upper = method_call("upper")
    assert method_call("upper") is upper
    assert pickle.loads(pickle.dumps(upper)) is upper
    assert pickle.loads(pickle.dumps(MethodCall("upper"))) is upper
    assert func_name(upper) == "upper"
