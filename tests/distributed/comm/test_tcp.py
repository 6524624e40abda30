"""Listeners and strangers: nothing that a peer sends counts before it has proved itself, and none keeps a listener busy."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import http.client
import logging
import pickle
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from minidask_distributed.comm import (
    AuthenticationError,
    EncryptionRequiredError,
    HandshakeError,
    Options,
    UnencryptedListenerWarning,
    VersionMismatchError,
    connect,
    connect_bulk,
    listen,
)
from minidask_distributed.comm.address import host_of, parse_address, parse_host_port
from minidask_distributed.comm.handshake import HEADER, HELLO, MAGIC, Handshake
from minidask_distributed.comm.peer import Identity
from minidask_distributed.messages import Free
from minidask_distributed.security import Security

pytestmark = pytest.mark.network

HASTY = Options(handshake_timeout_s=0.2)


class Refusing:
    """A listener of which nobody may get past the handshake."""

    def __init__(self, scheme, security, options=None, **kwargs):
        self.arguments = (scheme, security, options, kwargs)
        self.arrived = []

    async def __aenter__(self):
        scheme, security, options, kwargs = self.arguments
        kwargs = {"role": "scheduler", "on_bulk": self.arrived.append, **kwargs}
        self.listener = await listen(f"{scheme}://", self.arrived.append, security=security, options=options, **kwargs)
        self.address = self.listener.contact_address
        self.port = self.listener.port
        return self

    async def __aexit__(self, *exception):
        await asyncio.wait_for(self.listener.close(), 5)
        assert not self.arrived


def said(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


async def knock(port, data, half_close=False):
    """Send bytes as a stranger; return what comes until the listener closes."""

    def work():
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            got = b""
            with contextlib.suppress(OSError):  # the listener may have closed before all was sent
                sock.sendall(data)
                if half_close:
                    sock.shutdown(socket.SHUT_WR)
                while part := sock.recv(4096):
                    got += part
            return got

    return await asyncio.wait_for(asyncio.to_thread(work), 10)


# ------------------------------------------------------------ strangers


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "it speaks HTTP"),
        (b"\x16\x03\x01\x02\x00\x01", "it speaks TLS"),
        (bytes(range(256)) * 100, "it began with"),
        (b"M", "closed the connection during the handshake"),
        (b"", "closed the connection during the handshake"),
        (HEADER.pack(MAGIC, HELLO, (1 << 32) - 1), "announced 4294967295 bytes"),
        (HEADER.pack(MAGIC, 3, 40) + bytes(40), "sent 'proof' where 'hello' was expected"),
        (HEADER.pack(MAGIC, HELLO, 9) + b"\x93" + b"\xc1" * 8, "sent a broken handshake"),
        (HEADER.pack(MAGIC, HELLO, 1) + b"\x05", "sent a broken handshake: an opening lacks its fields"),
    ],
    ids=["http", "tls", "binary", "partial", "nothing", "oversized", "out of turn", "no msgpack", "wrong fields"],
)
def test_strangers_are_closed_and_logged_once(data, text, security_for, caplog):
    async def main():
        async with Refusing("tcp", security_for("tcp")) as refusing:
            for _ in range(3):
                assert await knock(refusing.port, data, half_close=True) == b""

    asyncio.run(main())
    (line,) = said(caplog)
    assert text in line
    assert "127.0.0.1" in line


def test_an_http_client_gets_no_answer_but_an_end(security_for, caplog):
    async def main():
        async with Refusing("tcp", security_for("tcp")) as refusing:

            def ask():
                connection = http.client.HTTPConnection("127.0.0.1", refusing.port, timeout=5)
                try:
                    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                        connection.request("GET", "/status")
                        connection.getresponse()
                finally:
                    connection.close()

            await asyncio.to_thread(ask)

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["tcp", "tls"])
@pytest.mark.parametrize("data", [b"", b"MD"], ids=["silent", "stuck"])
def test_a_peer_that_stops_is_closed_after_the_timeout(scheme, data, security_for, caplog):
    async def main():
        async with Refusing(scheme, security_for(scheme), HASTY) as refusing:
            first = b"\x16\x03\x01" if scheme == "tls" and data else data
            assert await knock(refusing.port, first) == b""

    asyncio.run(main())
    (line,) = said(caplog)
    assert "didn't introduce itself within 0.2 s" in line


def test_closing_the_listener_closes_who_has_just_arrived(security_for):
    async def main():
        async with Refusing("tcp", security_for("tcp")) as refusing:
            with socket.create_connection(("127.0.0.1", refusing.port)) as stranger:
                # Accepted, but its task is cancelled before it has begun.
                refusing.listener._on_connection()
                await refusing.listener.close()
                stranger.settimeout(5)
                assert stranger.recv(10) == b""

    asyncio.run(main())


def test_closing_the_listener_ends_waiting_strangers(security_for):
    async def main():
        async with Refusing("tcp", security_for("tcp")) as refusing:
            reader, writer = await asyncio.open_connection("127.0.0.1", refusing.port)
            writer.write(b"MD")
            await asyncio.sleep(0)
            await refusing.listener.close()
            await refusing.listener.close()
            try:
                assert await asyncio.wait_for(reader.read(), 5) == b""
            except ConnectionResetError:
                pass
            writer.close()
            await asyncio.wait({asyncio.ensure_future(writer.wait_closed())})
            with pytest.raises(OSError):
                await asyncio.open_connection("127.0.0.1", refusing.port)

    asyncio.run(main())


# -------------------------------------------------------------- canary


class Canary:
    """Unpickling one creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def canaries(path):
    """What a peer without the token might send, in the hope that something is unpickled."""
    bird = pickle.dumps(Canary(path))
    assert pickle.loads(bird).close() is None  # it does work
    hello = HEADER.pack(MAGIC, HELLO, len(bird)) + bird
    real = Handshake(False, Identity("data"), "0" * 64, b"n" * 32).start()
    proof = HEADER.pack(MAGIC, 3, len(bird)) + bird
    return {"bare": bird, "as a hello": hello, "as a proof": real + proof, "after a hello": real + bird}


@pytest.mark.parametrize("kind", ["bare", "as a hello", "as a proof", "after a hello"])
@pytest.mark.parametrize("bulk", [False, True], ids=["control", "bulk"])
@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_nothing_is_unpickled_before_authentication(scheme, bulk, kind, tmp_path, security_for, certificates):
    path = str(tmp_path / "canary")
    data = canaries(path)[kind]
    (tmp_path / "canary").unlink()
    if not bulk:
        data = data.replace(b"\xa4data", b"\xa4evil")

    async def main():
        async with Refusing(scheme, security_for(scheme)) as refusing:

            def work():
                with socket.create_connection(("127.0.0.1", refusing.port), timeout=5) as plain:
                    try:
                        plain.sendall(data)
                        plain.shutdown(socket.SHUT_WR)
                        while plain.recv(4096):
                            pass
                    except OSError:
                        pass  # it was closed in the middle, or before

            await asyncio.wait_for(asyncio.to_thread(work), 10)

    asyncio.run(main())
    assert not (tmp_path / "canary").exists()


def test_a_wrong_token_is_never_unpickled_either(tmp_path, security_for):
    # The whole protocol spoken well, but for the token; a canary in every place that the peer fills.
    path = str(tmp_path / "canary")
    bird = pickle.dumps(Canary(path))

    async def main():
        async with Refusing("tcp", security_for("tcp")) as refusing:
            with pytest.raises(AuthenticationError):
                await connect(
                    refusing.address,
                    role="client",
                    info={"canary": bird},
                    security=Security(token="f" * 64),
                    timeout_s=5,
                )

    asyncio.run(main())
    assert not (tmp_path / "canary").exists()


# ------------------------------------------------------------ credentials


@pytest.mark.parametrize("bulk", [False, True], ids=["control", "bulk"])
def test_a_wrong_token_names_the_file_and_the_flag(bulk, tmp_path, security_for, caplog):
    file = tmp_path / "token"
    file.write_text("f" * 64)
    file.chmod(0o600)
    wrong = Security(token_file=file)

    async def main():
        async with Refusing("tcp", security_for("tcp")) as refusing:
            for _ in range(2):
                with pytest.raises(AuthenticationError) as caught:
                    if bulk:
                        await asyncio.to_thread(lambda: connect_bulk(refusing.address, security=wrong, timeout_s=5))
                    else:
                        await connect(refusing.address, role="worker", security=wrong, timeout_s=5)
                text = str(caught.value)
                assert refusing.address in text
                assert str(file) in text
                assert "--token-file" in text
                assert "MINIDASK_TOKEN_FILE" in text
                assert "ffff" not in text
                assert isinstance(caught.value, PermissionError)

    asyncio.run(main())
    (line,) = said(caplog)
    assert "another token" in line
    assert "ffff" not in line


def test_a_listener_without_the_token_is_found_out(security_for):
    # A false listener lets everybody in: it answers a proof with a welcome, though it can't make one.
    async def main():
        taken = asyncio.Event()

        async def false(reader, writer):
            own = Handshake(True, Identity("scheduler"), "f" * 64, b"n" * 32)
            own._take_frame = lambda kind, header, content: (
                own._frame(4, own._own) if kind == 3 else Handshake._take_frame(own, kind, header, content)
            )
            try:
                while not taken.is_set():
                    data = await reader.read(own.wanted)
                    if not data:
                        break
                    writer.write(own.receive(data))
            finally:
                taken.set()
                writer.close()

        server = await asyncio.start_server(false, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(AuthenticationError, match="could not prove that it has the token"):
            await connect(f"tcp://127.0.0.1:{port}", role="client", security=security_for("tcp"), timeout_s=5)
        await asyncio.wait_for(taken.wait(), 5)
        server.close()
        await server.wait_closed()

    asyncio.run(main())


@pytest.mark.parametrize("bulk", [False, True], ids=["control", "bulk"])
def test_tls_with_other_certificates_is_refused_by_both_sides(bulk, security_for, certificates, caplog):
    others = Security.temporary()
    # A peer that believes us, but whose own certificate nobody knows here.
    believing = Security(
        tls_ca_file=certificates.tls_ca_file,
        tls_client_cert=others.tls_client_cert,
        tls_client_key=others.tls_client_key,
    )

    async def main():
        async with Refusing("tls", certificates) as refusing:
            for security in (others, believing):
                with pytest.raises(AuthenticationError, match="certificate") as caught:
                    if bulk:
                        await asyncio.to_thread(lambda: connect_bulk(refusing.address, security=security, timeout_s=5))
                    else:
                        await connect(refusing.address, role="client", security=security, timeout_s=5)
                assert "tls_ca_file" in str(caught.value)
                assert refusing.address in str(caught.value)

    asyncio.run(main())
    assert any("certificate" in line for line in said(caplog))


def test_tls_without_a_certificate_of_ones_own_is_refused(certificates, caplog):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=certificates.tls_ca_file)

    async def main():
        async with Refusing("tls", certificates) as refusing:

            def work():
                with socket.create_connection(("127.0.0.1", refusing.port), timeout=5) as plain:
                    with context.wrap_socket(plain) as wrapped:
                        with pytest.raises(ssl.SSLError):
                            wrapped.recv(1)

            await asyncio.to_thread(work)

    asyncio.run(main())
    assert len(said(caplog)) == 1


def test_tls_with_a_token_asks_for_both(certificates):
    def with_token(token):
        return Security(
            token=token,
            tls_ca_file=certificates.tls_ca_file,
            tls_client_cert=certificates.tls_client_cert,
            tls_client_key=certificates.tls_client_key,
            tls_scheduler_cert=certificates.tls_client_cert,
            tls_scheduler_key=certificates.tls_client_key,
        )

    async def main():
        async with Refusing("tls", with_token("1" * 64)) as refusing:
            for security, text in (
                (certificates, "the listening side uses a token, the connecting side certificates alone"),
                (with_token("2" * 64), "another token"),
            ):
                with pytest.raises(AuthenticationError, match=text):
                    await connect(refusing.address, role="client", security=security, timeout_s=5)
        arrived = asyncio.Queue()
        listener = await listen("tls://", arrived.put_nowait, role="scheduler", security=with_token("1" * 64))
        comm = await connect(listener.contact_address, role="client", security=with_token("1" * 64))
        await asyncio.gather(comm.close(), (await arrived.get()).close())
        await listener.close()

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("listens", "calls", "text"),
    [("tls", "tcp", "closed the connection|tls://"), ("tcp", "tls", "doesn't speak TLS|closed the connection")],
)
def test_tcp_against_tls_is_named(listens, calls, text, security_for, caplog):
    async def main():
        async with Refusing(listens, security_for(listens)) as refusing:
            address = refusing.address.replace(listens, calls)
            with pytest.raises(TimeoutError, match=text):
                await connect(address, role="client", security=security_for(calls), timeout_s=0.3)

    asyncio.run(main())
    assert (len(said(caplog)) == 1 and "TLS" in said(caplog)[0]) or "tls://" in said(caplog)[0]


# ------------------------------------------------------------- versions


def other_versions(monkeypatch, **changed):
    from minidask_distributed.comm import versions

    true = dict(versions.versions())
    identities = iter([true | changed, true])
    original = Identity.__init__

    def init(self, role, name="", info=None, codecs=(), **kwargs):
        original(self, role, name, info or {}, codecs, versions=next(identities, true), **kwargs)

    monkeypatch.setattr(Identity, "__init__", init)


def test_another_minidask_is_refused_and_named(monkeypatch, security_for, caplog):
    other_versions(monkeypatch, minidask="99.0")

    async def main():
        async with Refusing("tcp", security_for("tcp")) as refusing:  # the first identity: 99.0
            with pytest.raises(VersionMismatchError, match=r"minidask is \S+ here and 99.0 there") as caught:
                await connect(refusing.address, role="worker", security=security_for("tcp"), timeout_s=5)
            assert "install the same version" in str(caught.value)

    asyncio.run(main())
    (line,) = said(caplog)
    assert "minidask is 99.0 here" in line


def test_other_packages_are_noted_and_logged_once(monkeypatch, security_for, connected, caplog):
    other_versions(monkeypatch, numpy="0.1", python="2.7.18")

    async def main():
        async with connected() as (near, far):  # the first identity is the listener's
            assert any("and 0.1 there" in note for note in near.comm.peer.version_notes)
            assert any(note.startswith("python is 2.7.18 here") for note in far.comm.peer.version_notes)
        async with connected() as (near, far):
            assert near.comm.peer.version_notes == far.comm.peer.version_notes == []

    asyncio.run(main())
    assert len([line for line in said(caplog) if "numpy is" in line and "0.1 there" in line]) == 1


# ------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("tcp://", "127.0.0.1"),
        ("tcp://:0", "127.0.0.1"),
        ("tcp://localhost", "127.0.0.1"),
        ("127.0.0.1:0", "127.0.0.1"),
        ("tcp://[::1]:0", "::1"),
        ("tls://[::1]", "::1"),
    ],
)
def test_listening_addresses(address, host, connected):
    scheme, _ = parse_address(address)

    async def main():
        async with connected(scheme, address=address) as pair:
            near, far = pair
            listener = pair.listener
            assert host_of(listener.listen_address) == host
            assert listener.contact_address == listener.listen_address
            assert parse_host_port(parse_address(listener.contact_address)[1])[1] == listener.port > 0
            near.comm.send([Free([1])])
            await far.received(1)
            assert near.comm.same_host
            assert "open" in repr(listener)

    asyncio.run(main())


def test_an_interface_is_listened_on(security_for):
    async def main():
        security = security_for("tcp")
        listener = await listen("tcp://:0", lambda comm: None, role="worker", security=security, interface="lo")
        assert host_of(listener.contact_address) == "127.0.0.1"
        await listener.close()
        with pytest.raises(ValueError, match=r"no network interface 'nowhere0'; this host has: .*lo"):
            await listen("tcp://", lambda comm: None, role="worker", security=security, interface="nowhere0")
        with pytest.raises(ValueError, match="not both"):
            await listen("tcp://10.0.0.1", lambda comm: None, role="worker", security=security, interface="lo")

    asyncio.run(main())


def test_a_contact_address_is_told_instead(security_for):
    async def main():
        kwargs = {"role": "worker", "security": security_for("tcp")}
        listener = await listen("tcp://", lambda comm: None, contact_address="gateway", **kwargs)
        assert listener.contact_address == f"tcp://gateway:{listener.port}"
        await listener.close()
        listener = await listen("tcp://", lambda comm: None, contact_address="tcp://gateway:99", **kwargs)
        assert listener.contact_address == "tcp://gateway:99" != listener.listen_address
        await listener.close()
        for wrong, text in (("tls://gateway:99", "must begin with tcp://"), ("tcp://:99", "names no host")):
            with pytest.raises(ValueError, match=text):
                await listen("tcp://", lambda comm: None, contact_address=wrong, **kwargs)

    asyncio.run(main())


def test_a_port_in_use_is_named(security_for):
    async def main():
        async with Refusing("tcp", security_for("tcp")) as refusing:
            with pytest.raises(
                OSError, match=rf"port {refusing.port} is in use by another program.*or port 0"
            ) as caught:
                await listen(refusing.address, lambda comm: None, role="worker", security=security_for("tcp"))
            assert caught.value.errno == errno.EADDRINUSE

    asyncio.run(main())


def test_an_address_of_another_host_is_named(security_for):
    async def main():
        with (
            pytest.warns(UnencryptedListenerWarning),
            pytest.raises(OSError, match=r"198\.51\.100\.7 is no address of this"),
        ):
            await listen("tcp://198.51.100.7:0", lambda comm: None, role="worker", security=security_for("tcp"))

    asyncio.run(main())


# ------------------------------------------------------------- exposure


def test_an_open_listener_without_tls_warns_or_refuses(certificates):
    async def main():
        def keep(comm):
            return None

        token = "0" * 64
        with pytest.warns(UnencryptedListenerWarning, match="without encryption.*Use tls://"):
            listener = await listen("tcp://0.0.0.0:0", keep, role="scheduler", security=Security(token=token))
        assert host_of(listener.contact_address) not in ("0.0.0.0", "")
        await listener.close()
        trusting = Security(token=token, require_encryption=False)
        listener = await listen("tcp://0.0.0.0:0", keep, role="scheduler", security=trusting)
        await listener.close()
        strict = Security(token=token, require_encryption=True)
        with pytest.raises(EncryptionRequiredError, match="use tls://"):
            await listen("tcp://0.0.0.0:0", keep, role="scheduler", security=strict)
        with pytest.raises(EncryptionRequiredError, match="use a tls:// address"):
            await connect("tcp://192.0.2.1:9", role="client", security=strict)
        listener = await listen("tcp://", keep, role="scheduler", security=strict)  # loopback
        await listener.close()
        listener = await listen("tls://0.0.0.0:0", keep, role="scheduler", security=certificates)
        await listener.close()

    asyncio.run(main())


# ------------------------------------------------------ what takes them


def test_a_taker_that_fails_costs_its_comm_alone(security_for, caplog):
    async def main():
        def fail(comm):
            raise ZeroDivisionError("no room")

        async def fail_later(comm):
            raise ZeroDivisionError("no room later")

        security = security_for("tcp")
        for taker in (fail, fail_later):
            listener = await listen("tcp://", taker, role="scheduler", security=security)
            for _ in range(2):
                comm = await connect(listener.contact_address, role="client", security=security, timeout_s=5)
                ended = asyncio.get_running_loop().create_future()
                comm.start(print, ended.set_result)
                await asyncio.wait_for(ended, 5)
            await listener.close()

    asyncio.run(main())
    assert "no room" in caplog.text
    assert "no room later" in caplog.text


def test_a_bulk_connection_that_nobody_takes_is_closed(security_for, caplog):
    async def main():
        security = security_for("tcp")
        listener = await listen("tcp://", lambda comm: None, role="scheduler", security=security)

        def work():
            with connect_bulk(listener.contact_address, security=security, timeout_s=5) as bulk:
                with pytest.raises(OSError, match="closed"):
                    bulk.recv(5)

        await asyncio.to_thread(work)
        await listener.close()

    asyncio.run(main())
    assert "this listener takes none" in caplog.text


def test_many_connect_at_once(security_for, monkeypatch):
    monkeypatch.setattr("minidask_distributed.comm.tcp.MAX_STRANGERS", 3)

    async def main():
        security = security_for("tcp")
        arrived = asyncio.Queue()
        listener = await listen("tcp://", arrived.put_nowait, role="scheduler", security=security)
        comms = await asyncio.gather(
            *(connect(listener.contact_address, role="client", security=security, timeout_s=10) for _ in range(25))
        )
        comms += [await arrived.get() for _ in comms]
        await asyncio.gather(*(comm.close() for comm in comms))
        await listener.close()

    asyncio.run(main())


def test_without_free_descriptors_accepting_goes_on_later(security_for, monkeypatch, caplog):
    monkeypatch.setattr("minidask_distributed.comm.tcp.FULL_WAIT_S", 0.01)

    async def main():
        security = security_for("tcp")
        arrived = asyncio.Queue()
        listener = await listen("tcp://", arrived.put_nowait, role="scheduler", security=security)

        class Full:
            """The listener's socket at a moment when the process has no free descriptor."""

            def __init__(self, sock):
                self.sock = sock

            def __getattr__(self, name):
                return getattr(self.sock, name)

            def accept(self):
                listener._sock = self.sock
                raise OSError(errno.EMFILE, "Too many open files")

        listener._sock = Full(listener._sock)
        comm = await connect(listener.contact_address, role="client", security=security, timeout_s=5)
        await asyncio.gather(comm.close(), (await arrived.get()).close())
        await listener.close()

    asyncio.run(main())
    assert "Too many open files" in caplog.text


# ----------------------------------------------------------- processes


SERVER = """
import asyncio, sys
from minidask_distributed.comm import listen
from minidask_distributed.security import Security, make_token_file

async def main():
    ended = asyncio.Event()
    def on_comm(comm):
        comm.start(comm.send, lambda error: ended.set())
    def on_bulk(bulk):
        while True:
            bulk.send(bulk.recv())
    listener = await listen("tcp://", on_comm, role="scheduler", on_bulk=on_bulk)
    print(listener.contact_address, flush=True)
    await ended.wait()
    await listener.close()

asyncio.run(main())
print("closed", flush=True)
"""


@pytest.mark.slow
def test_two_processes_of_one_user_just_connect():
    process = subprocess.Popen([sys.executable, "-W", "error", "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()

        async def main():
            comm = await connect(address, role="client", timeout_s=10)
            back = asyncio.get_running_loop().create_future()
            ended = asyncio.get_running_loop().create_future()
            comm.start(back.set_result, ended.set_result)
            comm.send([Free([1])])
            assert await asyncio.wait_for(back, 10) == [Free([1])]
            assert comm.peer.pid == process.pid
            assert comm.peer.version_notes == []

            def bulk():
                with connect_bulk(address, timeout_s=10) as bulk:
                    bulk.send(Free([2]))
                    assert bulk.recv(10) == Free([2])

            await asyncio.to_thread(bulk)
            with pytest.raises(AuthenticationError):
                await connect(address, role="client", security=Security(token="f" * 64), timeout_s=5)
            await comm.close()
            assert await ended is None

        asyncio.run(main())
        assert process.stdout.read() == "closed\n"
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_a_killed_peer_is_noticed_at_once():
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()

        async def main():
            comm = await connect(address, role="client", timeout_s=10)
            ended = asyncio.get_running_loop().create_future()
            comm.start(print, ended.set_result)
            process.kill()
            await asyncio.wait_for(ended, 5)
            assert comm.closed

        asyncio.run(main())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_threads_of_the_interpreter_are_few(connected):
    before = threading.active_count()

    async def main():
        async with connected():
            assert threading.active_count() == before

    asyncio.run(main())


def test_a_broken_handshake_is_a_handshake_error():
    assert issubclass(VersionMismatchError, HandshakeError)
