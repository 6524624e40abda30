"""How two processes introduce themselves: each proves that it has the token, then says who it is. Without input or output.

Place in the flow: `greeting` feeds it what a socket receives and sends what it answers, for control and bulk
connections alike; only afterwards does `protocol.wire` see a byte.

The exchange (C connects, L listens)::

    C -> L  hello      protocol, role, kind of credential, nonce
    L -> C  challenge  protocol, role, kind of credential, nonce
    C -> L  proof                  + mac
    L -> C  welcome    identity    + mac
    C -> L  identity   identity    + mac
    either  refused    reason, text, and the connection is closed

A mac is HMAC-SHA256 (RFC 2104) under the token, of the frame's kind, all earlier frames of both sides (so both nonces
and roles) and the frame's body: neither can one side's proof be sent back as the other's, nor can a frame be exchanged.
The connecting side proves first, so that nobody gets material for guessing a token just by calling. With certificates
on both sides and no token the key is empty: TLS has authenticated already.

Invariants: frames have at most `MAX_FRAME` bytes, which is checked before anything is allocated, and are msgpack of
plain values: nothing is unpickled here. No more bytes are wanted than belong to the handshake.

Not for: encryption (TLS), and the connection's own rules thereafter.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import Any, Final

import msgpack

from minidask_distributed.comm.errors import AuthenticationError, HandshakeError, StrangerError, VersionMismatchError
from minidask_distributed.comm.peer import Identity, Peer, peer_from
from minidask_distributed.comm.versions import Versions, differences, refusal
from minidask_distributed.messages import PROTOCOL_VERSION

MAGIC: Final = b"MDH"
HEADER: Final = struct.Struct("!3sBI")  # magic, kind of frame, length of what follows
MAX_FRAME: Final = 64 * 1024  # bytes, header included
NONCE_BYTES: Final = 32
MAC_BYTES: Final = hashlib.sha256().digest_size
MAX_TEXT: Final = 600  # characters of a refusal that are shown

HELLO, CHALLENGE, PROOF, WELCOME, IDENTITY, REFUSED = 1, 2, 3, 4, 5, 15
_SEALED = {PROOF, WELCOME, IDENTITY}
_NAMES = {
    HELLO: "hello",
    CHALLENGE: "challenge",
    PROOF: "proof",
    WELCOME: "welcome",
    IDENTITY: "identity",
    REFUSED: "refused",
}

TOKEN, CERTIFICATES = "token", "certificates"
"""The kinds of credential."""

_REASONS: dict[str, type[HandshakeError]] = {"credentials": AuthenticationError, "version": VersionMismatchError}

_TOKEN_REMEDY = (
    "Both sides must have the same token: copy the token file of the scheduler's user to this one (mode 0600), name it "
    "with --token-file, Security(token_file=...) or MINIDASK_TOKEN_FILE, or use the scheduler's --scheduler-file"
)


class Refusal(Exception):
    """The handshake failed: `error` is for this side, `reply` is still to be sent to the other one."""

    def __init__(self, error: HandshakeError, reply: bytes = b"") -> None:
        super().__init__(str(error))
        self.error = error
        self.reply = reply


class Handshake:
    """One side of a handshake: bytes in, bytes out, and a `Peer` in the end.

    Parameters
    ----------
    listens
        Whether this is the side that was called.
    identity
        What this side says of itself.
    token
        The shared secret; None if the certificates of TLS have authenticated both sides.
    nonce
        32 fresh random bytes.
    token_origin
        Where the token comes from, for messages.
    peer_name
        What the other side is called in messages: its address.

    Raises
    ------
    ValueError
        If the identity doesn't fit into a frame, or holds something else than plain values.

    Examples
    --------
    >>> caller = Handshake(False, Identity("client"), "0" * 64, b"c" * 32)
    >>> called = Handshake(True, Identity("scheduler"), "0" * 64, b"l" * 32)
    >>> towards, sides = caller.start(), [called, caller]
    >>> while towards:
    ...     for side in sides:
    ...         answer = b""
    ...         while towards:
    ...             part, towards = towards[: side.wanted], towards[side.wanted :]
    ...             answer += side.receive(part)
    ...         towards = answer
    >>> caller.peer.role, called.peer.role
    ('scheduler', 'client')
    """

    def __init__(
        self,
        listens: bool,
        identity: Identity,
        token: str | None,
        nonce: bytes,
        *,
        token_origin: str = "the token",
        peer_name: str = "the peer",
    ) -> None:
        self.peer: Peer | None = None
        self._listens = listens
        self._identity = identity
        self._credential = CERTIFICATES if token is None else TOKEN
        self._key = b"" if token is None else token.encode()
        self._nonce = nonce
        self._origin = token_origin
        self._peer_name = peer_name
        self._earlier = hashlib.sha256()
        self._expected = HELLO if listens else CHALLENGE
        self._role = ""  # the other side's, as its first frame has it
        self._header: bytes = b""
        self._kind = 0
        self._buffer = bytearray()
        self._missing = HEADER.size
        try:
            self._own = _pack(identity.fields())
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"the info of {identity.role} {identity.name!r} must be plain values: {error}") from None
        if len(self._own) + MAC_BYTES + HEADER.size > MAX_FRAME:
            raise ValueError(
                f"what {identity.role} {identity.name!r} says of itself has {len(self._own)} bytes, and at most "
                f"{MAX_FRAME - MAC_BYTES - HEADER.size} fit into a handshake: shorten info"
            )

    @property
    def done(self) -> bool:
        """Whether the peer is known and nothing more is awaited."""
        return self._missing == 0

    @property
    def wanted(self) -> int:
        """The most bytes that `receive` takes now; 0 when it is done."""
        return self._missing

    def start(self) -> bytes:
        """Return what the connecting side sends first; nothing for the listening one."""
        return b"" if self._listens else self._frame(HELLO, self._opening())

    def receive(self, data: bytes) -> bytes:
        """Take bytes that came, at most `wanted`, and return what to send.

        Raises
        ------
        Refusal
            If the other side is not to be talked to; the handshake is over.
        """
        if not data:
            raise Refusal(HandshakeError(f"{self._peer_name} closed the connection during the handshake{self._hint()}"))
        self._buffer += data
        self._missing -= len(data)
        if self._missing:
            # A stranger is turned away by its first bytes, not only when it has sent as many as a header has.
            if not self._header and not MAGIC.startswith(bytes(self._buffer[: len(MAGIC)])):
                raise Refusal(StrangerError(_stranger(self._peer_name, bytes(self._buffer))))
            return b""
        content = bytes(self._buffer)
        self._buffer.clear()
        if not self._header:
            return self._take_header(content)
        header, self._header = self._header, b""
        self._missing = HEADER.size
        return self._take_frame(self._kind, header, content)

    # ------------------------------------------------------------ frames

    def _take_header(self, header: bytes) -> bytes:
        magic, self._kind, length = HEADER.unpack(header)
        if magic != MAGIC:
            raise Refusal(StrangerError(_stranger(self._peer_name, header)))
        if length > MAX_FRAME - HEADER.size or length == 0:
            raise Refusal(HandshakeError(f"{self._peer_name} announced {length} bytes during the handshake"))
        if self._kind not in (self._expected, REFUSED):
            expected, got = _NAMES[self._expected], _NAMES.get(self._kind, str(self._kind))
            raise Refusal(HandshakeError(f"{self._peer_name} sent {got!r} where {expected!r} was expected"))
        self._header, self._missing = header, length
        return b""

    def _take_frame(self, kind: int, header: bytes, content: bytes) -> bytes:
        body = content
        if kind in _SEALED:
            body, mac = content[:-MAC_BYTES], content[-MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(kind, body)):
                raise self._wrong_token()
        self._earlier.update(header + content)
        try:
            value = _unpack(body)
        except ValueError as error:
            raise Refusal(HandshakeError(f"{self._peer_name} sent a broken handshake: {error}")) from None
        if kind == REFUSED:
            raise self._was_refused(value)
        if kind in (HELLO, CHALLENGE):
            self._check_opening(value)
        if kind == HELLO:
            self._expected = PROOF
            return self._frame(CHALLENGE, self._opening())
        if kind == CHALLENGE:
            self._expected = WELCOME
            return self._frame(PROOF, b"\xc0")
        if kind == PROOF:
            self._expected = IDENTITY
            return self._frame(WELCOME, self._own)
        # Before the answer: who is refused for its version gets no identity.
        peer = self._meet(value)
        answer = self._frame(IDENTITY, self._own) if kind == WELCOME else b""
        self._missing = 0
        self.peer = peer
        return answer

    def _frame(self, kind: int, body: bytes) -> bytes:
        if kind in _SEALED:
            body += self._mac(kind, body)
        frame = HEADER.pack(MAGIC, kind, len(body)) + body
        self._earlier.update(frame)
        return frame

    def _mac(self, kind: int, body: bytes) -> bytes:
        return hmac.digest(self._key, b"minidask handshake %d:" % kind + self._earlier.digest() + body, "sha256")

    def _opening(self) -> bytes:
        return _pack([PROTOCOL_VERSION, self._identity.role, self._credential, self._nonce])

    # ------------------------------------------------------------ checks

    def _check_opening(self, value: Any) -> None:
        match value:
            case [int(protocol), str(role), str(credential), bytes(nonce), *_] if len(nonce) == NONCE_BYTES:
                pass
            case _:
                raise Refusal(HandshakeError(f"{self._peer_name} sent a broken handshake: an opening lacks its fields"))
        if protocol != PROTOCOL_VERSION:
            self._check_versions({"protocol": str(PROTOCOL_VERSION)}, {"protocol": str(protocol)})
        if credential != self._credential:
            ours, theirs = (_credential(name) for name in (self._credential, credential))
            called, calling = (ours, theirs) if self._listens else (theirs, ours)
            text = f"the listening side uses {called}, the connecting side {calling}: give both the same, or neither, a token"
            raise Refusal(AuthenticationError(f"{self._peer_name}: {text}"), self._refusal("credentials", text))
        self._role = role

    def _meet(self, value: Any) -> Peer:
        try:
            peer = peer_from(value)
        except ValueError as error:
            raise Refusal(HandshakeError(f"{self._peer_name} sent a broken handshake: {error}")) from None
        if peer.role != self._role:
            raise Refusal(HandshakeError(f"{self._peer_name} came as {self._role!r:.40} and is {peer.role!r:.40} now"))
        self._check_versions(self._identity.versions, peer.versions)
        peer.version_notes = differences(self._identity.versions, peer.versions)
        return peer

    def _check_versions(self, ours: Versions, theirs: Versions) -> None:
        here, there = refusal(ours, theirs), refusal(theirs, ours)
        if here is not None:
            error = VersionMismatchError(f"{self._peer_name} has other versions: {here}")
            raise Refusal(error, self._refusal("version", there or here))

    def _wrong_token(self) -> Refusal:
        if self._listens:
            text = "the connecting side has another token than the listening one"
            return Refusal(AuthenticationError(f"{self._peer_name}: {text}"), self._refusal("credentials", text))
        return Refusal(
            AuthenticationError(
                f"{self._peer_name} could not prove that it has the token that this side has from {self._origin}. "
                f"{_TOKEN_REMEDY}"
            )
        )

    def _refusal(self, reason: str, text: str) -> bytes:
        if self._expected == IDENTITY:
            return b""  # the other side has finished, and would take this for a message
        return self._frame(REFUSED, _pack([reason, text]))

    def _was_refused(self, value: Any) -> Refusal:
        match value:
            case [str(reason), str(text), *_]:
                # What an unknown listener says is shown, and must not rule the terminal.
                text = "".join(c if c.isprintable() else "?" for c in text[:MAX_TEXT])
            case _:
                reason, text = "", "no reason was given"
        remedy = ""
        if reason == "credentials" and self._credential == TOKEN and not self._listens:
            remedy = f". This side has its token from {self._origin}. {_TOKEN_REMEDY}"
        error = _REASONS.get(reason, HandshakeError)
        return Refusal(error(f"{self._peer_name} refused the connection: {text}{remedy}"))

    def _hint(self) -> str:
        if self._listens or self._expected != CHALLENGE:
            return ""
        return " without a word: perhaps the address is one for tls:// connections, or belongs to another program"


def _credential(name: str) -> str:
    return {TOKEN: "a token", CERTIFICATES: "certificates alone"}.get(name, "something unknown")


def _stranger(name: str, data: bytes) -> str:
    if data[:1] == b"\x16":
        what = "it speaks TLS, and this connection is a plain one (tls:// against tcp://)"
    elif data[:4] in (b"GET ", b"POST", b"PUT ", b"HEAD", b"OPTI", b"DELE", b"PATC", b"CONN") or data[:5] == b"HTTP/":
        what = "it speaks HTTP"
    else:
        what = f"it began with {data[:8]!r}"
    return f"{name} is no part of a minidask cluster: {what}"


def _pack(value: Any) -> bytes:
    return bytes(msgpack.packb(value, use_bin_type=True))


def _unpack(data: bytes) -> Any:
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=False, use_list=True, max_ext_len=0)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except Exception as error:
        # msgpack's errors have no common base: ValueError, its own, UnicodeDecodeError, TypeError for odd keys.
        raise ValueError(f"{type(error).__name__}: {error}") from None
