"""The secret that the parts of a cluster share: made, found, checked and derived from.

Place in the flow: `Security` asks `find_token` when a connection needs the token; the handshake of `comm` proves with
it, without sending it. Whoever has the token may run any code as the user of the cluster.

Where a token comes from, the first that is there: the arguments of `Security`; the variable ``MINIDASK_TOKEN``; the
file that ``MINIDASK_TOKEN_FILE`` names; the user's own file (`DEFAULT_TOKEN_FILE`), which is made on first use.

Invariants: a token has at least `MIN_CHARACTERS` printable characters without blanks; no message or repr shows one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping

from minidask_distributed.security.private_file import read_private, write_private

DEFAULT_TOKEN_FILE = os.path.join("~", ".config", "minidask", "token")
TOKEN_VARIABLE = "MINIDASK_TOKEN"
TOKEN_FILE_VARIABLE = "MINIDASK_TOKEN_FILE"

MIN_CHARACTERS = 32
"""As many as 128 bits have in hexadecimal digits: less can't be meant seriously."""

TOKEN_BITS = 256  # of those that are made here


def new_token() -> str:
    """Return a fresh random token of 256 bits.

    Examples
    --------
    >>> len(new_token()), new_token() == new_token()
    (64, False)
    """
    return secrets.token_hex(TOKEN_BITS // 8)


def check_token(token: str, origin: str = "token") -> str:
    """Return a token without the blanks around it.

    Parameters
    ----------
    token
        The text.
    origin
        Where it comes from, for messages.

    Raises
    ------
    TypeError
        If it is no text.
    ValueError
        If it is too short, or has blanks or unprintable characters inside. The message doesn't show it.

    Examples
    --------
    >>> check_token("secret")
    Traceback (most recent call last):
    ...
    ValueError: token has 6 characters, and must have at least 32: minidask_distributed.security.new_token() makes one
    """
    if not isinstance(token, str):
        raise TypeError(f"{origin} must be a text, got {type(token).__name__}")
    token = token.strip()
    if len(token) < MIN_CHARACTERS:
        raise ValueError(
            f"{origin} has {len(token)} characters, and must have at least {MIN_CHARACTERS}: "
            "minidask_distributed.security.new_token() makes one"
        )
    if not token.isprintable() or len(token.split()) != 1:
        raise ValueError(
            f"{origin} must be a single word of printable characters; this one has blanks or others inside"
        )
    return token


def derived_token(token: str, purpose: str) -> str:
    """Return a token for a lesser purpose, from which the cluster's own can't be found.

    Parameters
    ----------
    token
        The cluster's.
    purpose
        What the other one may do: ``"view"`` for the dashboard's pages.

    Returns
    -------
    64 hexadecimal digits, HMAC-SHA256 (RFC 2104) of the purpose under the token.

    Examples
    --------
    >>> derived_token("0" * 64, "view") == derived_token("0" * 64, "view") != derived_token("0" * 64, "other")
    True
    """
    return hmac.new(token.encode(), b"minidask derived token: " + purpose.encode(), hashlib.sha256).hexdigest()


def read_token_file(path: str) -> str:
    """Return the token that stands in a file.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says how to make one.
    PermissionError
        If others may read it.
    ValueError
        If no usable token stands in it.
    """
    path = os.path.expanduser(path)
    try:
        return check_token(read_private(path, "token file"), f"the token in {path}")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"there is no token file {path}. Copy the one of the scheduler's user there (mode 0600), "
            "or make one with minidask_distributed.security.make_token_file(path)"
        ) from None


def make_token_file(path: str | None = None) -> str:
    """Return the token in a file, which is made (mode 0600, with a fresh token) if it isn't there.

    Processes that do this at the same time agree: one makes the file, the others read it.

    Parameters
    ----------
    path
        The file; by default `DEFAULT_TOKEN_FILE`.

    Raises
    ------
    PermissionError
        If others may read the file, or it can't be made.
    ValueError
        If no usable token stands in it.
    OSError
        If it can't be made for another reason; the message says what to do instead.
    """
    path = os.path.expanduser(DEFAULT_TOKEN_FILE if path is None else path)
    if not os.path.lexists(path):
        try:
            write_private(path, new_token() + "\n", replace=False)
        except OSError as error:
            raise type(error)(
                error.errno,
                f"can't make the token file {path} ({error.strerror}). Name another one in {TOKEN_FILE_VARIABLE}, or "
                f"put a token of at least {MIN_CHARACTERS} characters into {TOKEN_VARIABLE}",
            ) from error
    return read_token_file(path)


def find_token(environ: Mapping[str, str] | None = None) -> str:
    """Return the user's token: from the environment, or else from the user's file, which is made on first use.

    Parameters
    ----------
    environ
        The variables; by default those of this process.

    Raises
    ------
    FileNotFoundError
        If the file that ``MINIDASK_TOKEN_FILE`` names is missing (a named file is never made).
    PermissionError, ValueError, OSError
        As `make_token_file`.

    Examples
    --------
    >>> find_token({"MINIDASK_TOKEN": "f" * 64}) == "f" * 64
    True
    """
    environ = os.environ if environ is None else environ
    if environ.get(TOKEN_VARIABLE):
        return check_token(environ[TOKEN_VARIABLE], f"the environment variable {TOKEN_VARIABLE}")
    if environ.get(TOKEN_FILE_VARIABLE):
        return read_token_file(environ[TOKEN_FILE_VARIABLE])
    return make_token_file()


def describe_origin(environ: Mapping[str, str] | None = None) -> str:
    """Say where `find_token` finds the token, for the messages about a wrong one.

    Examples
    --------
    >>> describe_origin({"MINIDASK_TOKEN_FILE": "/etc/cluster-token"})
    'the token file /etc/cluster-token (from MINIDASK_TOKEN_FILE)'
    """
    environ = os.environ if environ is None else environ
    if environ.get(TOKEN_VARIABLE):
        return f"the environment variable {TOKEN_VARIABLE}"
    if environ.get(TOKEN_FILE_VARIABLE):
        return f"the token file {environ[TOKEN_FILE_VARIABLE]} (from {TOKEN_FILE_VARIABLE})"
    return f"the token file {os.path.expanduser(DEFAULT_TOKEN_FILE)}"
