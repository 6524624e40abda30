"""`Security`: what comes from where, TLS contexts, and nothing secret in print."""

from __future__ import annotations

import pickle
import ssl

import pytest

from minidask import config
from minidask_distributed.security import Security, find_token, new_token
from minidask_distributed.security.certificates import temporary_credentials
from minidask_distributed.security.token import derived_token

TOKEN = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def pem():
    return temporary_credentials()


@pytest.fixture
def files(pem, tmp_path):
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    for path, text in zip(paths, pem):
        path.write_text(text)
    return tuple(map(str, paths))


def test_the_defaults():
    security = Security()
    assert security.require_encryption is None
    assert security.tls_min_version is ssl.TLSVersion.TLSv1_2
    assert security.tls_ca_file is None
    assert security.extra_conn_args == {}
    assert not security.has_tls
    args = security.get_connection_args("client")
    assert args == {"ssl_context": None, "require_encryption": None, "extra_conn_args": {}}
    assert security.get_listen_args("scheduler") == {"ssl_context": None, "require_encryption": None}


def test_settings_stand_in_for_arguments(files):
    cert, key = files
    with config.set(
        {
            "distributed.comm.require-encryption": True,
            "distributed.comm.tls.ca-file": cert,
            "distributed.comm.tls.worker.cert": cert,
            "distributed.comm.tls.worker.key": key,
            "distributed.comm.tls.min-version": 1.3,
            "distributed.comm.tls.ciphers": "HIGH",
        }
    ):
        security = Security(tls_ciphers="DEFAULT")
    assert security.require_encryption is True
    assert security.tls_min_version is ssl.TLSVersion.TLSv1_3
    assert security.get_tls_config_for_role("worker") == {
        "ca_file": cert,
        "ciphers": "DEFAULT",
        "cert": cert,
        "key": key,
    }
    context = security.get_listen_args("worker")["ssl_context"]
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert security.get_connection_args("worker")["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert security.get_connection_args("client")["ssl_context"] is None
    assert security.has_tls


def test_contexts_are_made_once_for_each_role(pem):
    cert, key = pem
    security = Security(tls_ca_file=cert, tls_worker_cert=cert + key)  # the key may stand in the certificate's text
    context = security.ssl_context("worker", listens=True)
    assert security.ssl_context("worker", listens=True) is context
    assert security.ssl_context("worker", listens=False) is not context
    assert security.ssl_context("nanny", listens=False)
    assert security.ssl_context("data", listens=False)
    with pytest.raises(ValueError, match=r"tls:// needs certificates: give Security\(.*tls_client_cert"):
        security.ssl_context("client", listens=False)


def test_versions_of_tls(pem):
    cert, key = pem
    kwargs = {"tls_ca_file": cert, "tls_client_cert": cert, "tls_client_key": key}
    context = Security(tls_min_version="1.2", tls_max_version=1.2, **kwargs).ssl_context("client", listens=False)
    assert context.maximum_version == ssl.TLSVersion.TLSv1_2
    assert Security(tls_min_version=ssl.TLSVersion.TLSv1_3).tls_min_version is ssl.TLSVersion.TLSv1_3
    with pytest.raises(ValueError, match=r"tls_min_version must be 1\.2 or 1\.3"):
        Security(tls_min_version=1.1)


def test_the_token_is_the_users_unless_one_is_given(home, tmp_path):
    security = Security()
    assert not (home / ".config").exists()  # nothing is made before it is needed
    assert security.token_for(encrypted=True) is None
    assert security.token_for(encrypted=False) == find_token()
    assert ".config/minidask/token" in security.token_origin
    given = Security(token=TOKEN)
    assert given.token_for(False) == given.token_for(True) == TOKEN
    assert "argument" in given.token_origin
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text(TOKEN + "\n")
    from_file = Security(token_file=file)
    assert from_file.token_for(True) == TOKEN
    assert str(file) in from_file.token_origin


def test_secrets_are_not_shown(pem):
    cert, key = pem
    security = Security(
        token=TOKEN, tls_ca_file=cert, tls_client_cert=cert, tls_client_key=key, tls_worker_cert="/a/<b>.pem"
    )
    for text in (repr(security), str(security), security._repr_html_()):
        assert TOKEN not in text
        assert "BEGIN" not in text
        assert "in memory" in text
    assert "tls_worker_cert='/a/<b>.pem'" in repr(security)
    assert "&lt;b&gt;" in security._repr_html_()


def test_temporary_credentials_are_complete_and_travel(pem):
    security = Security.temporary(tls_min_version=1.3)
    assert security.require_encryption is True
    assert security.has_tls
    copy = pickle.loads(pickle.dumps(security))
    for role in ("client", "scheduler", "worker", "nanny", "data"):
        for each in (security, copy):
            assert each.get_connection_args(role)["ssl_context"]
            assert each.get_listen_args(role)["ssl_context"]
    assert repr(copy) == repr(security)
    assert copy.tls_client_key == security.tls_client_key
    assert pickle.loads(pickle.dumps(Security(token=TOKEN))).token_for(False) == TOKEN


@pytest.mark.parametrize(
    ("kwargs", "error", "text"),
    [
        ({"token": TOKEN, "token_file": "x"}, TypeError, "give token or token_file, not both"),
        ({"token": "short"}, ValueError, "token has 5 characters"),
        ({"token_file": "/no/such/file"}, FileNotFoundError, "there is no token file /no/such/file"),
        ({"require_encryption": "yes"}, TypeError, "require_encryption must be true or false, got str"),
        ({"tls_ca_file": 5}, TypeError, "tls_ca_file must be a path or a PEM text, got int"),
        ({"extra_conn_args": [1]}, TypeError, "extra_conn_args must be a mapping, got list"),
        ({"tls_cert": "x"}, TypeError, "unexpected keyword argument 'tls_cert'"),
    ],
)
def test_bad_arguments_are_refused(kwargs, error, text):
    with pytest.raises(error, match=text):
        Security(**kwargs)


def test_files_that_cannot_be_used_are_named(files, tmp_path, pem):
    cert, _key = files
    with pytest.raises(FileNotFoundError, match=r"the TLS file /no/key isn't there|the TLS file /no/key of the role"):
        Security(tls_ca_file=cert, tls_client_cert=cert, tls_client_key="/no/key").ssl_context("client", listens=False)
    other = temporary_credentials()[1]
    with pytest.raises(ValueError, match=r"can't be used: KEY_VALUES_MISMATCH"):
        Security(tls_ca_file=cert, tls_client_cert=cert, tls_client_key=other).ssl_context("client", listens=False)
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage")
    with pytest.raises(ValueError, match=r"garbage.pem'.* can't be used"):
        Security(tls_ca_file=str(garbage), tls_client_cert=cert).ssl_context("client", listens=False)


def test_a_key_with_a_password_is_refused_not_asked_for(tmp_path, pem):
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pem[1].encode(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    ).decode()
    with pytest.raises(ValueError, match="protected by a password"):
        Security(tls_ca_file=pem[0], tls_client_cert=pem[0], tls_client_key=locked).ssl_context("client", listens=False)


def test_tokens_of_two_objects_differ():
    assert Security(token=new_token()).token_for(False) != Security(token=new_token()).token_for(False)


def test_the_token_for_viewing(home, monkeypatch, pem):
    token = new_token()
    assert Security(token=token).view_token() == derived_token(token, "view")
    monkeypatch.setenv("MINIDASK_TOKEN", token)
    assert Security().view_token() == derived_token(token, "view")
    # Where certificates vouch, connections still need no token afterwards.
    encrypted = Security(tls_ca_file=pem[0], tls_scheduler_cert=pem[0], tls_scheduler_key=pem[1])
    assert encrypted.view_token() == derived_token(token, "view")
    assert encrypted.token_for(True) is None


def test_a_context_for_browsers_asks_for_no_certificate(pem, tmp_path):
    certificate, key = pem
    assert Security().web_context("scheduler") is None
    security = Security(tls_ca_file=certificate, tls_worker_cert=certificate, tls_worker_key=key)
    assert security.web_context("scheduler") is None
    context = security.web_context("worker")
    assert context.verify_mode == ssl.CERT_NONE
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    bad = tmp_path / "bad.pem"
    bad.write_text("x")
    with pytest.raises(ValueError, match=r"the TLS certificate of the worker .* can't be used"):
        Security(tls_ca_file=str(bad), tls_worker_cert=str(bad)).web_context("worker")
