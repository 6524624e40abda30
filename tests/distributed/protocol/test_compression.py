import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.protocol import compression
from minidask_distributed.protocol.compression import available, codec, decompress, maybe_compress, negotiate
from minidask_distributed.protocol.errors import ProtocolError

both = pytest.mark.parametrize("name", ["lz4", "zstd"])
NOISE = random.Random(0).randbytes(4_000_000)


@both
@given(data=st.binary(max_size=300), times=st.integers(60, 400))
def test_round_trip(name, data, times):
    data = data * times
    used, packed = maybe_compress(data, codec(name))
    if used is None:
        assert packed == data
    else:
        assert len(packed) < 0.9 * len(data)
        assert decompress(codec(name).number, packed, len(data)) == data


@both
def test_what_comes_out_can_be_written_to(name):
    _, packed = maybe_compress(bytes(50_000), codec(name))
    assert not decompress(codec(name).number, packed, 50_000).readonly


@both
def test_noise_is_sent_as_it_is(name):
    used, data = maybe_compress(NOISE, codec(name))
    assert used is None
    assert data is NOISE


@both
def test_small_frames_are_sent_as_they_are(name):
    assert maybe_compress(bytes(9_999), codec(name))[0] is None
    assert maybe_compress(bytes(10_000), codec(name))[0] == name


@both
def test_noise_is_found_out_by_a_sample(name):
    seen = []
    spy = codec(name)._replace(compress=lambda data: seen.append(len(data)) or codec(name).compress(data))
    assert maybe_compress(NOISE, spy)[0] is None
    assert seen == [50_000]


@both
def test_only_the_beginning_shrinks(name):
    # The sample looks everywhere, not just at the start.
    data = bytes(50_000) + NOISE
    assert maybe_compress(data, codec(name))[0] is None


@both
@pytest.mark.parametrize(
    "array",
    [
        np.zeros((300, 400)),
        np.zeros((300, 400)).T,
        np.zeros((300, 400), order="F"),
        np.zeros((20, 30, 40, 5), "i2"),
        np.arange(100_000)[::2] * 0,
        np.zeros((100, 100), "c16"),
    ],
)
def test_arrays_of_any_shape(name, array):
    used, packed = maybe_compress(array.data, codec(name))
    assert used == name
    assert decompress(codec(name).number, packed, array.nbytes) == array.tobytes("A")


@both
def test_strided_memory(name):
    array = np.zeros((400, 400))[::2, ::3]
    used, packed = maybe_compress(array.data, codec(name))
    assert used == name
    assert decompress(codec(name).number, packed, array.nbytes) == array.tobytes()


def test_no_codec_no_change():
    assert maybe_compress(bytes(100_000), None) == (None, bytes(100_000))


@both
@pytest.mark.parametrize("announced", [0, 1, 49_999, 50_001, 1 << 20])
def test_another_size_than_announced_is_refused(name, announced):
    _, packed = maybe_compress(bytes(50_000), codec(name))
    with pytest.raises(ProtocolError, match=f"frame compressed by {name}"):
        decompress(codec(name).number, packed, announced)


@both
def test_a_bomb_is_not_blown_up(name):
    # 200 MB in a few kB, announced as 1 kB: fails without making more than that.
    packed = codec(name).compress(bytes(200_000_000))
    with pytest.raises(ProtocolError, match=f"frame compressed by {name}"):
        decompress(codec(name).number, packed, 1000)


@both
@given(data=st.binary(max_size=100))
def test_damaged_data_are_refused(name, data):
    with pytest.raises(ProtocolError, match=f"frame compressed by {name}"):
        decompress(codec(name).number, b"\xff" + data, 100_000)


def test_unknown_codecs_are_refused():
    with pytest.raises(ProtocolError, match="compressed in a way \\(7\\)"):
        decompress(7, b"", 1)
    with pytest.raises(ProtocolError, match="at most are allowed"):
        decompress(1, b"", 1 << 40)


def test_names():
    assert codec(None) is None
    assert codec("none") is None
    assert available() == ["lz4", "zstd"]
    assert codec("auto").name == "lz4"
    with pytest.raises(ValueError, match="compression must be 'lz4', 'zstd', 'auto' or 'none', not 'rar'"):
        codec("rar")


def test_a_library_that_is_missing(monkeypatch):
    missing = codec("zstd")._replace(module="a_library_that_nobody_has")
    monkeypatch.setitem(compression.CODECS, "zstd", missing)
    monkeypatch.setitem(compression._BY_NUMBER, 2, missing)
    assert available() == ["lz4"]
    with pytest.raises(ImportError, match="needs the package 'a_library_that_nobody_has'"):
        codec("zstd")
    with pytest.raises(ProtocolError, match="zstd, which isn't installed here"):
        decompress(2, b"", 1)


@pytest.mark.parametrize(
    ("wanted", "theirs", "chosen"),
    [
        ("auto", ["zstd", "lz4"], "lz4"),
        ("auto", ["zstd"], "zstd"),
        ("auto", [], None),
        ("zstd", ["lz4", "zstd"], "zstd"),
        ("zstd", ["lz4"], None),
        ("none", ["lz4"], None),
        (None, ["lz4"], None),
    ],
)
def test_negotiation(wanted, theirs, chosen):
    found = negotiate(wanted, theirs)
    assert (found and found.name) == chosen
