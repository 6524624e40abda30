"""Temporary certificates."""

from __future__ import annotations

import datetime
import sys

import pytest
from cryptography import x509

from minidask_distributed.security.certificates import temporary_credentials


def test_a_certificate_that_is_its_own_authority():
    text, key = temporary_credentials()
    certificate = x509.load_pem_x509_certificate(text.encode())
    certificate.verify_directly_issued_by(certificate)
    now = datetime.datetime.now(datetime.UTC)
    assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "PRIVATE KEY" in key
    assert "PRIVATE KEY" not in text
    assert temporary_credentials()[1] != key


def test_without_the_library_the_error_says_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ImportError, match=r"pip install cryptography, or give certificates of your own"):
        temporary_credentials()
