import copyreg
import subprocess
import sys

import numpy as np
import pytest

from minidask_distributed.protocol import dask_deserialize, dask_serialize, register_generic
from minidask_distributed.protocol.payload import pack, unpack
from minidask_distributed.protocol.registry import REDUCERS


class Human:
    def __init__(self, name, photo=b""):
        self.name = name
        self.photo = photo


class Child(Human):
    pass


class OneWay:
    pass


class Wrong:
    def __init__(self, answer):
        self.answer = answer


class Generic:
    def __init__(self, *args):
        raise AssertionError("must not be called")


class Slotted:
    __slots__ = ("x",)


@dask_serialize.register(Human)
def serialize_human(human):
    return {"length": len(human.name), "kind": type(human).__name__}, [human.name.encode(), human.photo]


@dask_deserialize.register(Human)
def deserialize_human(header, frames):
    human = {"Human": Human, "Child": Child}[header["kind"]](frames[0].decode(), frames[1])
    assert header["length"] == len(human.name)
    return human


@dask_serialize.register(OneWay)
def serialize_one_way(obj):
    return {}, []


@dask_serialize.register(Wrong)
def serialize_wrong(wrong):
    return wrong.answer


def test_registered_types_travel_their_way():
    back = unpack(pack(Human("Alice")))
    assert (type(back), back.name) == (Human, "Alice")


def test_also_inside_other_things_and_for_subclasses():
    back = unpack(pack({"people": [Human("Alice"), Child("Bob")], "f": lambda: 1}))
    assert [(type(human), human.name) for human in back["people"]] == [(Human, "Alice"), (Child, "Bob")]


@pytest.mark.parametrize("nbytes", [10, 100_000])
def test_frames_arrive_as_what_they_were(nbytes):
    assert type(unpack(pack(Human("A", b"x" * nbytes))).photo) is bytes
    writable = bytearray(nbytes)
    payload = pack(Human("A", writable))
    if nbytes > 70_000:
        assert np.shares_memory(np.frombuffer(payload.buffers[0], "u1"), np.frombuffer(writable, "u1"))
    photo = unpack(payload).photo
    assert len(photo) == nbytes
    photo = memoryview(photo)
    assert (photo.nbytes, photo.readonly) == (nbytes, False)


def test_frames_of_any_layout():
    image = np.arange(200_000).reshape(400, -1)
    back = unpack(pack(Human("A", image[:, ::2].data)))
    np.testing.assert_array_equal(np.frombuffer(back.photo, image.dtype).reshape(400, -1), image[:, ::2])


def test_without_a_counterpart_it_is_the_receiver_that_says_so():
    payload = pack(OneWay())
    with pytest.raises(TypeError, match=r"dask_deserialize has no implementation for .*OneWay"):
        unpack(payload)


@pytest.mark.parametrize("answer", [None, 1, ({}, 1), ({}, ["text"]), ({}, [], 3)])
def test_functions_that_return_something_else(answer):
    with pytest.raises(TypeError, match="must return a header and a list of frames"):
        pack(Wrong(answer))


def test_a_later_registration_counts_at_once():
    class Late:
        pass

    pack(Late())
    dask_serialize.register(Late, lambda obj: ({"new": True}, []))
    dask_deserialize.register(Late, lambda header, frames: header)
    assert unpack(pack([Late()])) == [{"new": True}]


def test_types_without_a_rule_are_not_remembered():
    class Unregistered:
        pass

    before = len(REDUCERS)
    pack([Unregistered()])
    assert len(REDUCERS) == before


def test_generic_registration():
    register_generic(Generic)
    value = Generic.__new__(Generic)
    value.array, value.people = np.arange(100_000), [Human("Alice")]
    payload = pack(value)
    assert len(payload.buffers) == 1
    back = unpack(payload)
    assert type(back) is Generic
    np.testing.assert_array_equal(back.array, value.array)
    assert back.people[0].name == "Alice"


@pytest.mark.parametrize(
    ("cls", "message"), [(3, "takes a class, not 3"), (Slotted, "whose instances have a __dict__; Slotted's don't")]
)
def test_generic_registration_of_something_else(cls, message):
    with pytest.raises(TypeError, match=message):
        register_generic(cls)


@pytest.mark.slow
def test_a_registration_in_a_script_works_where_it_is_received(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        """
import sys
from minidask_distributed.protocol import dask_serialize, dask_deserialize
from minidask_distributed.protocol.pickling import dumps

class Point:
    def __init__(self, x):
        self.x = x
    def __reduce__(self):
        raise RuntimeError("not this way")

@dask_serialize.register(Point)
def _(point):
    return {"x": point.x}, []

@dask_deserialize.register(Point)
def _(header, frames):
    return Point(header["x"] + 1)

sys.stdout.buffer.write(dumps([Point(1)]))
"""
    )
    data = subprocess.run([sys.executable, script], capture_output=True, check=True, timeout=60).stdout
    assert unpack(data)[0].x == 2


def test_a_registration_goes_before_what_copyreg_knows(monkeypatch):
    class Known:
        pass

    monkeypatch.setitem(copyreg.dispatch_table, Known, lambda obj: (str, ("copyreg",)))
    assert unpack(pack([Known()])) == ["copyreg"]
    dask_serialize.register(Known, lambda obj: ({}, []))
    dask_deserialize.register(Known, lambda header, frames: "registered")
    assert unpack(pack([Known()])) == ["registered"]
