import pickle
import subprocess
import sys
import threading
import types
from functools import partial

import cloudpickle
import numpy as np
import pandas as pd
import pytest

from minidask_distributed.protocol.pickling import dumps, loads, names_by_value

SCRIPT = """
import sys
from dataclasses import dataclass
from minidask_distributed.protocol.pickling import dumps

@dataclass
class Point:
    x: int
    def double(self):
        return Point(self.x * factor)

factor = 2
def function(x):
    return x.double()

sys.stdout.buffer.write(dumps([function, Point(1), Point, {"deep": [Point(2)]}]))
"""


def inc(x):
    return x + 1


def test_what_a_script_defines_can_be_read_in_another_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    data = subprocess.run([sys.executable, script], capture_output=True, check=True, timeout=60).stdout
    function, point, kind, deep = loads(data)
    assert function(point).x == 2
    assert type(point) is kind
    assert isinstance(deep["deep"][0], kind)


@pytest.mark.parametrize("value", [1, None, "text", b"x", 1.5, True, 2j, [1, {"a": (2,)}], {1, 2}, range(3), ...])
def test_plain_values(value):
    assert loads(dumps(value)) == value


@pytest.mark.parametrize("value", [np.linalg.norm, pickle.dumps, inc, dict, np.add, partial(int, base=2)])
def test_importable_functions_travel_by_name(value):
    data = dumps(value)
    assert data == pickle.dumps(value, 5)
    assert len(data) < 200


def test_closures_and_lambdas():
    n = 10
    assert loads(dumps([lambda x: x + n]))[0](1) == 11


def test_modules_registered_by_value():
    module = types.ModuleType("registered_by_value_here")
    sys.modules[module.__name__] = module
    try:
        exec("def f(): return 42", module.__dict__)
        module.f.__module__ = module.__name__
        assert b"registered_by_value_here" in dumps(module.f)
        assert len(dumps(module.f)) < 80
        cloudpickle.register_pickle_by_value(module)
        try:
            data = dumps({"f": module.f})
        finally:
            cloudpickle.unregister_pickle_by_value(module)
    finally:
        del sys.modules[module.__name__]
    assert loads(data)["f"]() == 42


def test_text_that_looks_like_a_name_does_no_harm():
    assert names_by_value(pickle.dumps("__main__"))
    assert loads(dumps(["__main__"])) == ["__main__"]


def test_large_buffers_stay_out_uncopied():
    array = np.arange(100_000)
    small = np.arange(10)
    buffers = []
    data = dumps({"a": array, "b": small}, buffers.append)
    assert len(data) < 1000
    assert [memoryview(buffer).nbytes for buffer in buffers] == [800_000]
    assert np.shares_memory(np.frombuffer(buffers[0], array.dtype), array)
    back = loads(data, buffers)
    assert np.shares_memory(back["a"], array)
    assert not np.shares_memory(back["b"], small)
    assert back["b"].flags.writeable


def test_buffers_are_told_once_when_cloudpickle_takes_over():
    array = np.arange(100_000)
    buffers = []
    data = dumps([array, lambda: 5], buffers.append)
    assert len(buffers) == 1
    back, five = loads(data, buffers)
    assert np.shares_memory(back, array)
    assert five() == 5


def test_without_a_callback_everything_is_in_the_bytes():
    frame = pd.DataFrame({"a": np.arange(50_000), "b": pd.Timestamp(0), "c": "text"})
    pd.testing.assert_frame_equal(loads(dumps(frame)), frame)


class Stubborn:
    def __reduce__(self):
        raise RuntimeError("I stay here")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (threading.Lock(), "a lock can't be sent to another process: the lock can't be pickled: cannot pickle"),
        ([1, {"a": threading.Lock()}], r"a list .*: the lock at \[1\]\['a'\] can't be pickled"),
        (Stubborn(), "the Stubborn can't be pickled: RuntimeError: I stay here"),
        ((x for x in "ab"), "the generator can't be pickled"),
    ],
)
def test_what_can_not_be_pickled_is_named(value, message):
    with pytest.raises(TypeError, match=message):
        dumps(value)


def test_endless_nesting_is_a_clear_error():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(TypeError, match="nested too deeply"):
        dumps(deep)
    while deep:  # taken apart one by one: the interpreter recurses
        deep = deep[0]


def test_running_out_of_memory_stays_that():
    class Huge:
        def __reduce__(self):
            raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        dumps(Huge())


def test_interrupts_pass():
    class Interrupted:
        def __reduce__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dumps(Interrupted())
