"""The handshake without sockets: two machines joined by hand, and everything that may be wrong in between."""

from __future__ import annotations

import contextlib

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.comm.errors import AuthenticationError, HandshakeError, VersionMismatchError
from minidask_distributed.comm.handshake import (
    CHALLENGE,
    HEADER,
    HELLO,
    IDENTITY,
    MAC_BYTES,
    MAGIC,
    MAX_FRAME,
    PROOF,
    REFUSED,
    WELCOME,
    Handshake,
    Refusal,
)
from minidask_distributed.comm.peer import Identity
from minidask_distributed.comm.versions import versions

TOKEN = "0" * 64


def caller(token=TOKEN, **kwargs):
    identity = kwargs.pop("identity", None) or Identity("client", "me", {"a": [1, None]}, ("lz4",))
    return Handshake(
        False, identity, token, b"c" * 32, token_origin="the token file /x", peer_name="tcp://there", **kwargs
    )


def called(token=TOKEN, **kwargs):
    identity = kwargs.pop("identity", None) or Identity("scheduler")
    return Handshake(True, identity, token, b"l" * 32, peer_name="tcp://caller", **kwargs)


def feed(side, data, piece=1 << 20):
    """Give bytes to one side as it wants them, in pieces; return its answer."""
    answer = b""
    while data:
        count = min(side.wanted, piece)
        assert count, "more bytes than belong to the handshake"
        answer += side.receive(data[:count])
        data = data[count:]
    return answer


def carry(one, other, tamper=lambda kind, frame: frame, piece=1 << 20):
    """Carry a handshake through; return its frames. What a side still sends when it refuses is delivered, too."""
    frames = []
    data, sides = one.start(), [other, one]
    while data:
        frames.append(data)
        side = sides[len(frames) % 2 - 1]
        try:
            data = feed(side, tamper(data[3], data), piece)
        except Refusal as refusal:
            if refusal.reply:
                with pytest.raises(Refusal) as caught:
                    feed(sides[len(frames) % 2], refusal.reply)
                raise Both(refusal.error, caught.value.error) from None
            raise Both(refusal.error, None) from None
    return frames


class Both(Exception):
    """What the refusing side and the refused one make of it."""


@pytest.mark.parametrize("piece", [1, 3, 1 << 20])
@pytest.mark.parametrize("token", [TOKEN, None])
def test_both_sides_meet(piece, token):
    one, other = caller(token), called(token)
    frames = carry(one, other, piece=piece)
    assert [frame[3] for frame in frames] == [HELLO, CHALLENGE, PROOF, WELCOME, IDENTITY]
    assert one.done
    assert other.done
    assert one.wanted == other.wanted == 0
    assert (other.peer.role, other.peer.name, other.peer.info) == ("client", "me", {"a": [1, None]})
    assert other.peer.codecs == ("lz4",)
    assert one.peer.role == "scheduler"
    assert one.peer.versions == versions()
    assert one.peer.version_notes == []


def test_the_token_and_the_identity_are_not_sent_before_the_proof():
    frames = carry(caller(), called())
    assert all(TOKEN.encode() not in frame for frame in frames)
    assert all(b"python" not in frame for frame in frames[:3])


def test_a_wrong_token_is_an_error_on_both_sides():
    with pytest.raises(Both) as caught:
        carry(caller("1" * 64), called())
    listener, connecting = caught.value.args
    assert type(listener) is type(connecting) is AuthenticationError
    assert "tcp://caller" in str(listener)
    assert "another token" in str(listener)
    assert "the token file /x" in str(connecting)
    assert "--token-file" in str(connecting)


def test_a_listener_that_skips_the_check_is_found_out():
    other = called("1" * 64)
    one = caller()
    challenge = feed(other, one.start())
    feed(one, challenge)
    welcome = other._frame(WELCOME, other._own)
    with pytest.raises(
        Refusal, match="could not prove that it has the token that this side has from the token file /x"
    ):
        feed(one, welcome)


def test_ones_own_proof_cannot_be_sent_back():
    one = caller()
    other = called()
    proof = feed(one, feed(other, one.start()))
    # A listener without the token, which reflects what it gets.
    reflected = HEADER.pack(MAGIC, WELCOME, len(proof) - HEADER.size) + proof[HEADER.size :]
    with pytest.raises(Refusal, match="could not prove"):
        feed(one, reflected)


def test_an_old_proof_is_worth_nothing():
    first = carry(caller(), called())
    later = Handshake(True, Identity("scheduler"), TOKEN, b"x" * 32)
    feed(later, first[0])
    with pytest.raises(Refusal, match="another token"):
        feed(later, first[2])


@pytest.mark.slow
@given(
    kind=st.sampled_from([HELLO, CHALLENGE, PROOF, WELCOME, IDENTITY]), at=st.integers(0, 10_000), bit=st.integers(0, 7)
)
def test_no_bit_may_change_on_the_way(kind, at, bit):
    def tamper(got, frame):
        if got != kind:
            return frame
        changed = bytearray(frame)
        changed[HEADER.size + at % (len(frame) - HEADER.size)] ^= 1 << bit
        return bytes(changed)

    one, other = caller(), called()
    with pytest.raises(Both) as caught:
        carry(one, other, tamper)
    assert isinstance(caught.value.args[0], HandshakeError)
    assert one.peer is None or other.peer is None


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_waited_for(data):
    for side in (called(), caller()):
        with contextlib.suppress(Refusal):
            rest = data
            while rest and side.wanted:
                count = min(side.wanted, len(rest))
                side.receive(rest[:count])
                rest = rest[count:]
        assert side.peer is None


@given(
    st.recursive(st.none() | st.integers(0, 99) | st.text(max_size=3), lambda c: st.lists(c, max_size=4), max_leaves=8)
)
def test_openings_of_any_content_are_refused(value):
    body = msgpack.packb(value)
    with pytest.raises(Refusal, match="broken handshake"):
        feed(called(), HEADER.pack(MAGIC, HELLO, len(body)) + body)


def test_deep_nesting_is_refused():
    body = b"\x91" * 60_000
    with pytest.raises(Refusal, match="broken handshake"):
        feed(called(), HEADER.pack(MAGIC, HELLO, len(body)) + body)


@pytest.mark.parametrize("length", [0, MAX_FRAME, (1 << 32) - 1])
def test_lengths_are_bounded_before_anything_is_read(length):
    side = called()
    with pytest.raises(Refusal, match=f"announced {length} bytes"):
        side.receive(HEADER.pack(MAGIC, HELLO, length))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"GET / HTTP", "it speaks HTTP"),
        (b"HTTP/1.1 400", "it speaks HTTP"),
        (b"\x16\x03\x01\x00\x00\x00\x00\x00", "it speaks TLS"),
        (b"SSH-2.0-", r"it began with b'SSH-2.0-'"),
        (b"S", r"it began with b'S'"),
    ],
)
def test_strangers_are_known_by_their_first_bytes(data, text):
    with pytest.raises(Refusal, match=text):
        called().receive(data[: HEADER.size])


@pytest.mark.parametrize("kind", [CHALLENGE, PROOF, WELCOME, IDENTITY, 99])
def test_frames_out_of_turn_are_refused(kind):
    with pytest.raises(Refusal, match="where 'hello' was expected"):
        called().receive(HEADER.pack(MAGIC, kind, 10))


def test_the_end_in_the_middle_is_an_error_with_a_hint():
    with pytest.raises(Refusal, match=r"closed the connection during the handshake without a word: perhaps .*tls://"):
        caller().receive(b"")
    with pytest.raises(Refusal, match=r"closed the connection during the handshake$"):
        called().receive(b"")


def test_other_versions_of_minidask_are_refused_in_both_directions():
    newer = Identity("client", versions=versions() | {"minidask": "99"})
    for one, other in ((caller(identity=newer), called()), (caller(), called(identity=newer))):
        with pytest.raises(Both) as caught:
            carry(one, other)
        for error in caught.value.args:
            assert type(error) is VersionMismatchError
            assert "minidask is" in str(error)
            assert "99" in str(error)
        here, there = map(str, caught.value.args)
        assert ("99 here" in here) == ("99 there" in there)


def test_another_protocol_is_refused_before_the_proof(monkeypatch):
    one = caller()
    monkeypatch.setattr("minidask_distributed.comm.handshake.PROTOCOL_VERSION", 99)
    hello = one.start()
    monkeypatch.undo()
    with pytest.raises(Refusal, match="the protocol is 1 here and 99 there") as caught:
        feed(called(), hello)
    with pytest.raises(Refusal, match="the protocol is 99 here and 1 there") as there:
        feed(one, caught.value.reply)
    assert type(there.value.error) is VersionMismatchError


def test_other_packages_are_noted():
    other = called(identity=Identity("scheduler", versions=versions() | {"numpy": "0.1"}))
    one = caller()
    carry(one, other)
    assert one.peer.version_notes == [f"numpy is {versions()['numpy']} here and 0.1 there"]


def test_one_side_with_a_token_and_one_without():
    for ours, theirs in ((None, TOKEN), (TOKEN, None)):
        with pytest.raises(Both) as caught:
            carry(caller(ours), called(theirs))
        for error in caught.value.args:
            assert type(error) is AuthenticationError
            assert "give both the same, or neither, a token" in str(error)


def test_a_role_may_not_change():
    one = caller()
    other = called()
    proof = feed(one, feed(other, one.start()))
    one._own = msgpack.packb(Identity("worker").fields())
    with pytest.raises(Refusal, match="came as 'client' and is 'worker' now"):
        feed(other, feed(one, feed(other, proof)))


def test_what_a_refusal_says_cannot_rule_the_terminal():
    body = msgpack.packb(["other", "\x1b[2Jdone\n" * 1000])
    one = caller()
    one.start()
    with pytest.raises(Refusal) as caught:
        feed(one, HEADER.pack(MAGIC, REFUSED, len(body)) + body)
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 1000
    assert "?[2Jdone?" in text
    body = msgpack.packb(7)
    one = caller()
    one.start()
    with pytest.raises(Refusal, match="no reason was given"):
        feed(one, HEADER.pack(MAGIC, REFUSED, len(body)) + body)


def test_what_is_said_must_fit_and_be_plain():
    with pytest.raises(ValueError, match="shorten info"):
        caller(identity=Identity("client", info={"a": "x" * MAX_FRAME}))
    with pytest.raises(ValueError, match="must be plain values"):
        caller(identity=Identity("client", info={"a": object()}))
    largest = "x" * (MAX_FRAME - MAC_BYTES - HEADER.size - 600)
    one, other = caller(identity=Identity("client", info={"a": largest}, host="h")), called()
    carry(one, other)
    assert other.peer.info == {"a": largest}
