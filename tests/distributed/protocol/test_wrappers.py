import numpy as np
import pytest

from minidask_distributed.protocol import (
    Payload,
    Serialize,
    Serialized,
    ToPickle,
    deserialize,
    deserialize_bytes,
    serialize,
    serialize_bytes,
    to_serialize,
    unpack,
)

VALUES = [None, 1, "text", [1, {"a": (2,)}], b"x" * 100_000, b"x"]


@pytest.mark.parametrize("value", VALUES)
def test_by_hand(value):
    header, frames = serialize(value)
    assert deserialize(header, frames) == value
    assert deserialize_bytes(serialize_bytes(value)) == value


def test_large_memory_is_not_copied():
    array = np.arange(100_000)
    header, frames = serialize({"a": array})
    assert np.shares_memory(deserialize(header, frames)["a"], array)


def test_wrapped_objects_are_what_they_hold():
    for wrapped in (to_serialize([1]), Serialize([1]), ToPickle([1])):
        assert wrapped.data == [1]
        assert deserialize(*serialize(wrapped)) == [1]
        assert unpack(wrapped) == [1]
        assert repr(wrapped) == f"<{type(wrapped).__name__}: a list>"


def test_equality():
    assert Serialize(1) == to_serialize(1)
    assert Serialize(1) != Serialize(2)
    assert Serialize(1) != ToPickle(1)
    assert len({Serialize(1), Serialize(1), ToPickle(1)}) == 2


def test_what_is_serialised_is_sent_on_unread():
    header, frames = serialize([1, 2])
    held = Serialized(header, frames)
    assert serialize(held) == (header, frames)
    assert held.to_payload() == Payload("pickle", frames[0])
    assert held.deserialize() == [1, 2]
    assert repr(held) == "<Serialized: 1 frames>"


@pytest.mark.parametrize(
    ("header", "frames"), [({}, [b""]), ({"serializer": 3}, [b""]), ({"serializer": "pickle"}, [])]
)
def test_foreign_headers(header, frames):
    with pytest.raises(ValueError, match="serialize made no such header"):
        deserialize(header, frames)
