"""What a part of a cluster shows to others and asks of them: a token, certificates, encryption.

Place in the flow: servers and clients make one `Security` from their arguments and the settings and hand it to
`comm.connect` and `comm.listen`, which take the token and the TLS contexts from it.

Invariants: an object is complete and checked when it is made, but for the user's own token, which is looked for (and
its file made) only when a connection needs it; repr and messages show no secret. Pickling keeps the secrets: a nanny
hands them to its worker that way.

Not for: proving anything (`comm.handshake`), or making certificates (`certificates`).
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Mapping
from typing import Any

from minidask import config
from minidask_distributed.security.certificates import temporary_credentials
from minidask_distributed.security.token import check_token, derived_token, describe_origin, find_token, read_token_file
from minidask_distributed.summaries import table

TLS_ROLES = ("client", "scheduler", "worker")

_TLS_FIELDS = ("tls_ca_file", *(f"tls_{role}_{part}" for role in TLS_ROLES for part in ("cert", "key")))

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Security:
    """Credentials and demands of a client, scheduler or worker.

    What isn't given is taken from the settings ``distributed.comm.tls.*`` and ``distributed.comm.require-encryption``.
    Certificates and keys are paths of PEM files, or the PEM text itself.

    Parameters
    ----------
    require_encryption : bool, optional
        True: refuse to connect to, and to listen for, other hosts without TLS. None: warn of listening. False: neither.
    token : str, optional
        The secret that all parts of the cluster share, at least 32 characters.
    token_file : path, optional
        A file that holds it, mode 0600. Without either, ``tcp://`` uses the user's token (`token.find_token`), and
        ``tls://`` relies on the certificates alone.
    tls_ca_file : str, optional
        Certificates of the authorities that sign the cluster's certificates. Any certificate signed by one is trusted.
    tls_ciphers : str, optional
        OpenSSL's list of ciphers for TLS 1.2.
    tls_min_version, tls_max_version : ssl.TLSVersion, optional
        Default: from TLS 1.2 to the newest.
    tls_client_cert, tls_scheduler_cert, tls_worker_cert : str, optional
        The certificate shown in each role.
    tls_client_key, tls_scheduler_key, tls_worker_key : str, optional
        Its private key; may be left out if it stands in the certificate's file.
    extra_conn_args : mapping, optional
        Keyword arguments for connections of registered backends.

    Raises
    ------
    TypeError, ValueError
        For arguments of the wrong type, both a token and a file, an unusable token, an unknown TLS version.
    OSError
        If the token file can't be read, or others may read it.

    Examples
    --------
    >>> Security(token="0" * 64)
    Security(require_encryption=None, tls_min_version=1.2, token=...)
    """

    __slots__ = (
        "require_encryption",
        "tls_ciphers",
        "tls_min_version",
        "tls_max_version",
        "extra_conn_args",
        "_token",
        "_token_origin",
        "_contexts",
        *_TLS_FIELDS,
    )

    require_encryption: bool | None
    tls_ca_file: str | None
    tls_ciphers: str | None
    tls_min_version: ssl.TLSVersion
    tls_max_version: ssl.TLSVersion | None
    extra_conn_args: dict[str, Any]

    def __init__(
        self,
        require_encryption: bool | None = None,
        *,
        token: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        tls_ca_file: str | None = None,
        tls_ciphers: str | None = None,
        tls_min_version: ssl.TLSVersion | float | str | None = None,
        tls_max_version: ssl.TLSVersion | float | str | None = None,
        tls_client_cert: str | None = None,
        tls_client_key: str | None = None,
        tls_scheduler_cert: str | None = None,
        tls_scheduler_key: str | None = None,
        tls_worker_cert: str | None = None,
        tls_worker_key: str | None = None,
        extra_conn_args: Mapping[str, Any] | None = None,
    ) -> None:
        if token is not None and token_file is not None:
            raise TypeError("give token or token_file, not both")
        self._token = None
        self._token_origin = ""
        if token_file is not None:
            path = os.fspath(token_file)
            self._token, self._token_origin = read_token_file(path), f"the token file {os.path.expanduser(path)}"
        elif token is not None:
            self._token, self._token_origin = check_token(token), "the argument token of Security"
        self._contexts: dict[tuple[bool, str], ssl.SSLContext] = {}

        required = _setting("comm.require-encryption", require_encryption)
        if not isinstance(required, bool | None):
            raise TypeError(f"require_encryption must be true or false, got {type(required).__name__}")
        self.require_encryption = required
        self.tls_ciphers = _text("tls_ciphers", _setting("comm.tls.ciphers", tls_ciphers))
        self.tls_min_version = (
            _version("tls_min_version", _setting("comm.tls.min-version", tls_min_version)) or ssl.TLSVersion.TLSv1_2
        )
        self.tls_max_version = _version("tls_max_version", _setting("comm.tls.max-version", tls_max_version))
        given = locals()
        self.tls_ca_file = _text("tls_ca_file", _setting("comm.tls.ca-file", tls_ca_file))
        for role in TLS_ROLES:
            for part in ("cert", "key"):
                name = f"tls_{role}_{part}"
                setattr(self, name, _text(name, _setting(f"comm.tls.{role}.{part}", given[name])))
        if extra_conn_args is not None and not isinstance(extra_conn_args, Mapping):
            raise TypeError(f"extra_conn_args must be a mapping, got {type(extra_conn_args).__name__}")
        self.extra_conn_args = dict(extra_conn_args or {})

    @classmethod
    def temporary(cls, **kwargs: Any) -> Security:
        """Return credentials for one cluster's life: a certificate in memory, shared by all roles, encryption required.

        Parameters
        ----------
        **kwargs
            Further arguments of the class.

        Raises
        ------
        ImportError
            Without the package ``cryptography``.
        """
        certificate, key = temporary_credentials()
        given: dict[str, Any] = {"require_encryption": True, "tls_ca_file": certificate}
        for role in TLS_ROLES:
            given |= {f"tls_{role}_cert": certificate, f"tls_{role}_key": key}
        return cls(**(given | kwargs))

    # ------------------------------------------------------------ tokens

    def token_for(self, encrypted: bool) -> str | None:
        """Return the token that a connection uses; None if the certificates of TLS vouch for both sides alone.

        Parameters
        ----------
        encrypted
            Whether the connection is one by TLS, with certificates on both sides.

        Raises
        ------
        OSError, ValueError
            If the user's token is needed and can't be found or made.
        """
        if self._token is not None:
            return self._token
        if encrypted:
            return None
        self._token_origin = describe_origin()
        # Kept for this object's life: a file that is exchanged doesn't split a running cluster.
        self._token = token = find_token()
        return token

    def view_token(self) -> str:
        """Return the token with which people may look at the dashboard, and do nothing else; see `token.derived_token`.

        Raises
        ------
        OSError, ValueError
            If the user's token is needed and can't be found or made.
        """
        # Where certificates alone vouch, connections must go on without a token: it isn't kept.
        token = self._token or self.token_for(self.has_tls) or find_token()
        return derived_token(token, "view")

    @property
    def token_origin(self) -> str:
        """Where the token comes from, for people."""
        return self._token_origin or describe_origin()

    # --------------------------------------------------------------- TLS

    @property
    def has_tls(self) -> bool:
        """Whether there are authorities and at least one certificate."""
        return bool(self.tls_ca_file) and any(getattr(self, f"tls_{role}_cert") for role in TLS_ROLES)

    def get_tls_config_for_role(self, role: str) -> dict[str, Any]:
        """Return the certificate, key, authorities and ciphers of a role.

        Parameters
        ----------
        role
            "client", "scheduler" or "worker"; a nanny shows its worker's certificate, other connections whichever
            certificate there is.
        """
        owner = "worker" if role == "nanny" else role
        if owner not in TLS_ROLES:
            owner = next((r for r in ("worker", "client", "scheduler") if getattr(self, f"tls_{r}_cert")), "client")
        return {
            "ca_file": self.tls_ca_file,
            "ciphers": self.tls_ciphers,
            "cert": getattr(self, f"tls_{owner}_cert"),
            "key": getattr(self, f"tls_{owner}_key"),
        }

    def get_connection_args(self, role: str) -> dict[str, Any]:
        """Return ``ssl_context`` (None without TLS), ``require_encryption`` and ``extra_conn_args`` to connect with.

        Raises
        ------
        OSError, ValueError
            If a certificate can't be read or used.
        """
        return {
            "ssl_context": self.ssl_context(role, listens=False) if self._covers(role) else None,
            "require_encryption": self.require_encryption,
            "extra_conn_args": dict(self.extra_conn_args),
        }

    def get_listen_args(self, role: str) -> dict[str, Any]:
        """Return ``ssl_context`` (None without TLS) and ``require_encryption`` to listen with.

        Raises
        ------
        OSError, ValueError
            If a certificate can't be read or used.
        """
        return {
            "ssl_context": self.ssl_context(role, listens=True) if self._covers(role) else None,
            "require_encryption": self.require_encryption,
        }

    def _covers(self, role: str) -> bool:
        return bool(self.tls_ca_file and self.get_tls_config_for_role(role)["cert"])

    def ssl_context(self, role: str, *, listens: bool) -> ssl.SSLContext:
        """Return the TLS context of a role; certificates are asked of either side, host names don't count.

        Parameters
        ----------
        role
            As for `get_tls_config_for_role`.
        listens
            Whether for the listening side.

        Raises
        ------
        ValueError
            If there is no certificate for the role, or one can't be used; the message names it.
        OSError
            If a file can't be read.
        """
        known = self._contexts.get((listens, role))
        if known is not None:
            return known
        parts = self.get_tls_config_for_role(role)
        if not parts["ca_file"] or not parts["cert"]:
            owner = role if role in TLS_ROLES else "worker"
            raise ValueError(
                f"tls:// needs certificates: give Security(tls_ca_file=..., tls_{owner}_cert=..., tls_{owner}_key=...), "
                f"--tls-ca-file, --tls-cert and --tls-key, or the settings distributed.comm.tls.*"
            )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listens else ssl.PROTOCOL_TLS_CLIENT)
        # Members of a cluster are trusted by authority: they move between hosts, and addresses are often bare numbers.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = self.tls_min_version
        if self.tls_max_version is not None:
            context.maximum_version = self.tls_max_version
        if listens:
            # Tickets that the peer never reads turn its closing into a reset, which loses what was on its way.
            context.num_tickets = 0
        try:
            if self.tls_ciphers:
                context.set_ciphers(self.tls_ciphers)
            if _is_pem(parts["ca_file"]):
                context.load_verify_locations(cadata=parts["ca_file"])
            else:
                context.load_verify_locations(cafile=os.path.expanduser(parts["ca_file"]))
            _load_chain(context, parts["cert"], parts["key"])
        except FileNotFoundError:
            missing = [
                path
                for path in (parts["ca_file"], parts["cert"], parts["key"])
                if path and not _is_pem(path) and not os.path.exists(os.path.expanduser(path))
            ]
            raise FileNotFoundError(f"the TLS file {' and '.join(missing)} of the role {role} isn't there") from None
        except ssl.SSLError as error:
            names = [_shown(parts[name]) for name in ("ca_file", "cert", "key") if parts[name]]
            raise ValueError(
                f"the TLS files of the role {role} ({', '.join(names)}) can't be used: {error.reason or error}"
            ) from error
        self._contexts[listens, role] = context
        return context

    def web_context(self, role: str) -> ssl.SSLContext | None:
        """Return the TLS context with which a server shows its certificate to browsers, which show none; None without one.

        Parameters
        ----------
        role
            "scheduler" or "worker": whose certificate.

        Raises
        ------
        OSError, ValueError
            If the certificate can't be read or used.
        """
        if not self._covers(role):
            return None
        parts = self.get_tls_config_for_role(role)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = self.tls_min_version
        try:
            _load_chain(context, parts["cert"], parts["key"])
        except ssl.SSLError as error:
            raise ValueError(
                f"the TLS certificate of the {role} ({_shown(parts['cert'])}) can't be used: {error.reason or error}"
            ) from error
        return context

    # ------------------------------------------------------------ in print

    def _shown(self) -> dict[str, str]:
        shown = {"require_encryption": str(self.require_encryption)}
        for name in (*_TLS_FIELDS, "tls_ciphers"):
            value = getattr(self, name)
            if value is not None:
                shown[name] = _shown(value) if name in _TLS_FIELDS else repr(value)
        for name in ("tls_min_version", "tls_max_version"):
            version = getattr(self, name)
            if version is not None:
                shown[name] = next((text for text, known in _VERSIONS.items() if known is version), version.name)
        if self._token is not None:
            shown["token"] = "..."
        return shown

    def __repr__(self) -> str:
        return f"Security({', '.join(f'{name}={value}' for name, value in self._shown().items())})"

    def _repr_html_(self) -> str:
        return table("Security", self._shown().items())

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "_contexts"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._contexts = {}


def _setting(name: str, given: Any) -> Any:
    return config.get(f"distributed.{name}", None) if given is None else given


def _text(name: str, value: Any) -> str | None:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be a path or a PEM text, got {type(value).__name__}")
    return value or None


def _version(name: str, value: Any) -> ssl.TLSVersion | None:
    if value is None or isinstance(value, ssl.TLSVersion):
        return value
    version = _VERSIONS.get(str(value))
    if version is None:
        raise ValueError(f"{name} must be 1.2 or 1.3 (or a member of ssl.TLSVersion), got {value!r}")
    return version


def _is_pem(value: str) -> bool:
    return "\n" in value


def _shown(value: str) -> str:
    return "'(in memory)'" if _is_pem(value) else repr(value)


def _load_chain(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    """Load a certificate and its key; the ssl module reads files alone, so texts take a detour through a private one."""
    if not _is_pem(certificate) and not (key and _is_pem(key)):
        context.load_cert_chain(os.path.expanduser(certificate), key and os.path.expanduser(key), _no_password)
        return
    with tempfile.TemporaryDirectory(prefix="minidask-tls-") as folder:  # mode 0700
        paths: list[str | None] = []
        for name, value in (("certificate", certificate), ("key", key)):
            if value and _is_pem(value):
                path = os.path.join(folder, name)
                with open(path, "w", encoding="ascii") as file:
                    file.write(value)
                paths.append(path)
            else:
                paths.append(value and os.path.expanduser(value))
        context.load_cert_chain(paths[0] or "", paths[1], _no_password)


def _no_password() -> str:
    raise ValueError(
        "the TLS key is protected by a password, which nobody could type in here: store it without one (openssl pkey)"
    )
