"""Certificates for the life of one cluster, made in memory.

Place in the flow: `Security.temporary` calls it; a `LocalCluster` with ``security=True`` uses those.

Invariants: nothing is written to disk; the certificate is its own authority, so that a peer that shows a certificate
which it signed holds its key.

Not for: certificates that outlive a cluster, which an authority of your own should sign.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NAME = "minidask-internal"
VALID_FOR = timedelta(days=365)
CLOCK_SKEW = timedelta(days=1)  # clocks of other hosts may be behind


def temporary_credentials() -> tuple[str, str]:
    """Return a fresh self-signed certificate and its private key (an elliptic one, NIST P-256), both as PEM texts.

    Raises
    ------
    ImportError
        Without the package ``cryptography``; the message says the remedy.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError as error:
        raise ImportError(
            "temporary certificates need the package cryptography: pip install cryptography, or give certificates of "
            "your own (tls_ca_file, tls_client_cert, ...)"
        ) from error
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii"),
    )
