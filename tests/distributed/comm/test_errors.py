"""What catches which error."""

from __future__ import annotations

import pytest

from minidask_distributed.comm import errors


@pytest.mark.parametrize(
    ("name", "bases"),
    [
        ("CommClosedError", (OSError, errors.CommError)),
        ("HandshakeError", (OSError, errors.CommError)),
        ("AuthenticationError", (PermissionError, errors.HandshakeError)),
        ("VersionMismatchError", (errors.HandshakeError,)),
        ("ConnectTimeoutError", (TimeoutError, errors.CommError)),
        ("EncryptionRequiredError", (errors.CommError,)),
        ("UnencryptedListenerWarning", (UserWarning,)),
    ],
)
def test_errors_are_of_the_kinds_that_callers_catch(name, bases):
    kind = getattr(errors, name)
    assert all(issubclass(kind, base) for base in bases)
    assert str(kind("the text")) == "the text"


def test_the_cause_alone():
    reset = ConnectionResetError(104, "Connection reset by peer")
    error = errors.CommClosedError("the connection to tcp://here:1 was lost: Connection reset by peer")
    assert errors.cause_of(error) == str(error)
    assert errors.cause_of(error.because("Connection reset by peer")) == "Connection reset by peer"
    assert errors.cause_of(reset) == "Connection reset by peer"
    assert errors.cause_of(ValueError("odd")) == "odd"
    assert errors.cause_of(None) == ""
