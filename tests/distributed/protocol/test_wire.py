import copy
import pickle
import random
import subprocess
import sys

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.graph.task import TaskRef
from minidask_distributed.messages import Answer, Bye, Call, Compute, Done, Free, Store
from minidask_distributed.protocol import Serialize, Serialized, ToPickle, pack, serialize, to_serialize, unpack, wire
from minidask_distributed.protocol.buffers import allocate, flat
from minidask_distributed.protocol.calls import CallEncoder, load_recipe
from minidask_distributed.protocol.compression import codec
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.payload import ByReference, Payload
from minidask_distributed.protocol.wire import MAGIC, Decoder, decode_frames, encode

BIG = 1 << 16


class Canary:
    """Its pickle tells when it is read."""

    read = []

    def __reduce__(self):
        return _told, ()


def _told():
    Canary.read.append(1)


def joined(messages, compression=None):
    return b"".join(encode(messages, compression))


def decoded(data, sizes=(1 << 30,), **options):
    """Feed bytes in pieces of the given sizes, the last one again and again."""
    decoder = Decoder(**options)
    view, messages, at = memoryview(data), [], 0
    while view:
        room = decoder.get_buffer()
        assert room.nbytes
        count = min(room.nbytes, len(view), sizes[min(at, len(sizes) - 1)])
        room[:count] = view[:count]
        messages += decoder.advance(count)
        view, at = view[count:], at + 1
    assert decoder.idle
    return messages


plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False),
              st.text(st.characters(codec="utf-8"), max_size=9), st.binary(max_size=9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.text("abc", max_size=3), st.integers(-9, 2**63)), inner, max_size=4),
    ),
    max_leaves=10,
)  # fmt: skip
payloads = st.builds(
    Payload,
    st.sampled_from(["pickle", "bytes"]),
    st.one_of(st.binary(max_size=20), st.integers(0, 3).map(lambda n: b"h" * (BIG - 1 + n))),
    st.lists(
        st.one_of(st.binary(max_size=20), st.sampled_from([BIG - 1, BIG, 300_000]).map(lambda n: b"b" * n)), max_size=3
    ),
)
messages = st.lists(st.builds(Answer, st.integers(0, 9), st.one_of(plain, payloads), st.none()), max_size=4)


@given(
    batches=st.lists(messages, min_size=1, max_size=3), sizes=st.lists(st.integers(1, 70_000), min_size=1, max_size=30)
)
@pytest.mark.parametrize("name", [None, "lz4", "zstd"])
@pytest.mark.slow
def test_round_trip_in_any_pieces(name, batches, sizes):
    data = b"".join(joined(batch, codec(name)) for batch in batches)
    assert decoded(data, (*sizes, 1 << 30)) == [message for batch in batches for message in batch]


def test_byte_by_byte():
    batch = [Free([1, 2]), Bye("done"), Answer(1, Payload("pickle", b"x", [b"b" * BIG]), None)]
    assert decoded(joined(batch) + joined(batch), (1,)) == batch * 2


@pytest.mark.parametrize("sizes", [(1 << 30,), (1,), (1000,), (65_537,)])
def test_more_than_the_decoder_reads_ahead(sizes):
    batches = [[Free(list(range(at, at + 20)))] * 40 for at in range(30 if sizes == (1,) else 300)]
    data = b"".join(map(joined, batches))
    assert decoded(data, sizes) == [message for batch in batches for message in batch]


def test_large_lone_batches():
    batch = [Free(list(range(200_000)))]
    assert decoded(joined(batch), (70_000, 1 << 30)) == batch


def test_nothing_is_a_batch_too():
    assert decoded(joined([])) == []


def test_a_small_batch_is_one_buffer():
    assert len(encode([Free([1, 2])])) == 1


def test_large_buffers_are_sent_as_they_are():
    array = np.arange(100_000)
    buffers = encode([Store([1], [], [pack(array)])])
    assert [memoryview(buffer).nbytes for buffer in buffers][1:] == [array.nbytes]
    assert np.shares_memory(np.frombuffer(buffers[-1], "u1"), array)


def test_large_buffers_are_received_into_their_own_memory():
    arrays = [np.arange(100_000), np.arange(9000), np.arange(3)]
    received = decoded(joined([Store([1, 2, 3], [], list(map(pack, arrays)))]))[0]
    backs = list(map(unpack, received.payloads))
    for back, array in zip(backs, arrays, strict=True):
        np.testing.assert_array_equal(back, array)
        assert back.flags.writeable
        base = back
        while isinstance(base, np.ndarray) and base.base is not None:
            base = base.base
        assert memoryview(base).nbytes <= array.nbytes


def test_small_buffers_are_writable_and_alone():
    payload = Payload("pickle", b"h", [b"small"])
    assert [type(buffer) for buffer in decoded(joined([Answer(1, payload, None)]))[0].value.buffers] == [bytearray]


def test_what_was_read_is_not_overwritten():
    decoder = Decoder()
    first = decoder.feed(joined([Answer(1, Payload("pickle", b"first", [b"one" * 30_000]), None)]))
    kept = copy.deepcopy(first)
    decoder.feed(joined([Answer(1, Payload("pickle", b"other", [b"two" * 30_000]), None)]))
    assert first == kept


@pytest.mark.parametrize("name", ["lz4", "zstd"])
def test_only_what_shrinks_is_compressed(name):
    noise = random.Random(0).randbytes(200_000)
    value = [np.zeros(100_000), noise, b"\0" * 200_000, "text" * 50_000]
    batch = [Store([1], [], [pack(part) for part in value])]
    data = joined(batch, codec(name))
    assert 200_000 < len(data) < 250_000
    back = list(map(unpack, decoded(data)[0].payloads))
    assert back[1:] == value[1:]
    np.testing.assert_array_equal(back[0], value[0])
    assert back[0].flags.writeable
    assert len(joined([Free([0] * 100_000)], codec(name))) < 10_000


def test_reading_messages_unpickles_nothing():
    Canary.read.clear()
    value = [Canary(), np.zeros(100_000)]
    call = Call(
        1, "do", {"a": pack(value), "b": Serialize(Canary()), "c": pickle.dumps(Canary()), "d": ByReference([Canary()])}
    )
    received = decoded(joined([call, Done([1], [pickle.dumps(Canary())], [5])]))
    assert not Canary.read
    assert type(received[0].arguments["a"]) is Payload
    assert unpack(received[0].arguments["a"])[0] is None
    assert Canary.read == [1]


class TestObjectsFromThisProcess:
    def received(self, value):
        return decoded(joined([Answer(1, value, None)]))[0].value

    @pytest.mark.parametrize(
        "wrap", [Serialize, to_serialize, ToPickle, ByReference, lambda v: Serialized(*serialize(v))]
    )
    def test_wrapped_values(self, wrap):
        back = unpack(self.received({"deep": [wrap([1, "a", {2}])]})["deep"][0])
        assert back == [1, "a", {2}]

    def test_calls(self):
        ref, literals, _deps = CallEncoder(serialize=False).encode(
            max, (1, [TaskRef("x")]), {"key": len}, lambda ref: 7
        )
        blob, sent = self.received([ref.blob, literals])
        assert load_recipe(blob).bind(sent, ["value"]) == ([1, ["value"]], {"key": len})

    @pytest.mark.parametrize("value", [object(), {1, 2}, np.int64(3), 1j, TaskRef("x"), np.zeros(3)])
    def test_anything_else_is_refused(self, value):
        with pytest.raises(
            TypeError, match=f"a {type(value).__name__} can't stand in a message to another process: wrap"
        ):
            encode([Answer(1, [value], None)])

    def test_unpicklable_ones_are_refused(self):
        with pytest.raises(TypeError, match="a generator can't be sent to another process"):
            encode([Answer(1, ByReference(i for i in "ab"), None)])

    @pytest.mark.parametrize("value", [2**64, -(2**63) - 1])
    def test_integers_have_64_bits(self, value):
        with pytest.raises(OverflowError, match="more than 64 bits and can't stand in a message"):
            encode([Free([value])])


def head(frames, *entries):
    return wire._HEAD.pack(MAGIC, frames) + b"".join(wire._ENTRY.pack(*entry) for entry in entries)


def batch_of(data, *frames):
    parts = [data, *frames]
    return head(len(parts), *[(0, len(part), len(part)) for part in parts]) + b"".join(parts)


def with_payload(parts, *frames):
    ext = msgpack.ExtType(1, msgpack.packb(parts))
    return batch_of(msgpack.packb([[2, 1, ext, None]]), *frames)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "a batch begins with b'GET', not b'mD.x01': the peer speaks another language"),
        (b"mD\x02" + bytes(30), "speaks another language"),
        (head(0), "a batch of 0 frames"),
        (head(wire.MAX_FRAMES + 1), "a batch of 1048577 frames"),
        (head(1, (0, 1 << 50, 1 << 50)), "a frame of 1125899906842624 bytes"),
        (head(1, (1, 10, 1 << 50)), "a frame of 1125899906842624 bytes"),
        (head(1, (0, 10, 11)), "announces 10 and 11 bytes"),
        (head(1, (9, 1, 11)) + b"x", "compressed in a way \\(9\\)"),
        (head(1, (1, 3, 11)) + b"\xff\xff\xff", "compressed by lz4 can't be read"),
        (head(1, (0, 0, 0)), "malformed batch"),
        (batch_of(b"\xc1"), "malformed batch"),
        (batch_of(msgpack.packb(3)), "a batch is not a list but a int"),
        (batch_of(msgpack.packb([]) + b"more"), "malformed batch.*extra data"),
        (batch_of(msgpack.packb([3])), "malformed batch.*a message is a list"),
        (batch_of(msgpack.packb([[9999]])), "unknown kind of message 9999"),
        (batch_of(msgpack.packb([["x"]])), "unknown kind of message 'x'"),
        (batch_of(msgpack.packb([[72]])), "Free has the fields tasks, got 0 values"),
        (batch_of(b"\x91" * 2000), "malformed batch"),
        (batch_of(b"\xdd\xff\xff\xff\xff"), "malformed batch"),
        (batch_of(b"\x81\x90\x01"), "malformed batch"),
        (batch_of(b"\xa1\xff"), "malformed batch"),
        (batch_of(msgpack.packb([[2, 1, msgpack.ExtType(5, b""), None]])), "an object of the unknown kind 5"),
        (with_payload(3), "malformed payload"),
        (with_payload([]), "malformed payload"),
        (with_payload(["pickle"]), "malformed payload"),
        (with_payload([1, b"x"]), "malformed payload"),
        (with_payload(["pickle", "text"]), "refers to frame 'text' of 1"),
        (with_payload(["pickle", 1]), "refers to frame 1 of 1"),
        (with_payload(["pickle", b"", 0], b"x"), "refers to frame 0 of 2"),
        (with_payload(["pickle", b"", -1], b"x"), "refers to frame -1 of 2"),
        (with_payload(["pickle", b"", True, True], b"x"), "refers to frame True of 2"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sizes", [(1 << 30,), (1,)])
def test_malformed_input(data, message, sizes):
    with pytest.raises(ProtocolError, match=message):
        decoded(data, sizes)


@given(data=st.binary(max_size=200))
def test_any_frames_are_messages_or_a_protocol_error(data):
    for frames in ([data], [b"\x91\x94\x02\x01\xd5\x01" + data, b"frame"]):
        try:
            decode_frames(frames)
        except ProtocolError:
            pass


@given(data=st.data())
def test_damaged_batches_are_messages_or_a_protocol_error(data):
    batch = bytearray(joined([Answer(1, Payload("pickle", b"x", [b"b" * BIG]), None), Free([1, 2])]))
    for _ in range(data.draw(st.integers(1, 5))):
        batch[data.draw(st.integers(0, 90))] = data.draw(st.integers(0, 255))
    try:
        Decoder(max_frame_bytes=1 << 20).feed(batch)
    except ProtocolError:
        pass


def test_memory_is_not_given_for_announcements(monkeypatch):
    asked = []
    monkeypatch.setattr(wire, "allocate", lambda nbytes: asked.append(nbytes) or allocate(nbytes))
    decoder = Decoder(max_frame_bytes=100_000)
    with pytest.raises(ProtocolError, match="a frame of 100001 bytes; 100000 at most"):
        decoder.feed(head(1, (0, 100_001, 100_001)))
    decoder = Decoder(max_frame_bytes=100_000)
    decoder.feed(head(1000, *[(0, 100_000, 100_000)] * 1000) + b"x")
    assert asked == [100_000]


def test_idle_says_whether_a_connection_may_end():
    data = joined([Free([1])])
    decoder = Decoder()
    assert decoder.idle
    for byte in data[:-1]:
        decoder.feed(bytes([byte]))
        assert not decoder.idle
    decoder.feed(data[-1:])
    assert decoder.idle


def test_columns_of_a_real_batch():
    compute = Compute(
        tasks=[1 << 48, 2], attempts=None, keys=[1, "inc-", "1", "2"], recipes=[[0, b"blob"]], recipe=[0, 0],
        literals=[b"a", None], deps=[5], n_deps=[0, 1], options=[{"workers": ["a"]}], option=None, expected={0: 5},
        inlined={5: b"v", 6: pack([1])}, holders={7: [1]}, sizes={7: 10}, peers={1: "tcp://127.0.0.1:1"},
    )  # fmt: skip
    assert decoded(joined([compute])) == [compute]


@pytest.mark.slow
def test_frames_beyond_2_gib():
    # Address space, not memory: zeros that nobody wrote are one page, and what is received is looked at in one place.
    nbytes = (2 << 30) + 100_000
    payload = Payload("bytes", b"", [allocate(nbytes)])
    first, *rest = encode([Answer(1, payload, None)])
    assert [memoryview(buffer).nbytes for buffer in rest] == [nbytes]
    decoder = Decoder()
    decoder.feed(first)
    room = decoder.get_buffer()
    assert room.nbytes == nbytes
    room[-1] = 7
    assert decoder.advance(nbytes - 1) == []
    assert decoder.get_buffer().nbytes == 1
    (answer,) = decoder.advance(1)
    assert flat(answer.value.buffers[0])[-1] == 7


@pytest.mark.soak
def test_arrays_beyond_2_gib_all_the_way():
    array = np.zeros((2 << 30) + 100_000, "u1")
    array[-1] = 7
    decoder = Decoder()
    received = [message for buffer in encode([Answer(1, pack(array), None)]) for message in decoder.feed(buffer)]
    back = unpack(received[0].value)
    assert (back.shape, back[-1]) == (array.shape, 7)


@pytest.mark.slow
def test_importing_is_light():
    heavy = ["numpy", "pandas", "pyarrow", "lz4", "zstandard", "asyncio", "socket"]
    code = f"import sys, minidask_distributed.protocol.wire; print(*sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
