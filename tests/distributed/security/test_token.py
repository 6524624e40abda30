"""Tokens: made, found, checked; files that are made on first use; nothing shown."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from minidask_distributed.security.token import (
    check_token,
    derived_token,
    describe_origin,
    find_token,
    make_token_file,
    new_token,
    read_token_file,
)


def test_tokens_are_256_random_bits():
    token = new_token()
    assert len(bytes.fromhex(token)) == 32
    assert token != new_token()
    assert check_token(f" {token}\n") == token


@pytest.mark.parametrize(
    ("token", "error", "text"),
    [
        ("", ValueError, "has 0 characters, and must have at least 32"),
        ("short", ValueError, "has 5 characters"),
        (" " * 64, ValueError, "has 0 characters"),
        ("two words " * 10, ValueError, "single word"),
        ("bell\x07" * 10, ValueError, "single word"),
        ("line\nline" * 10, ValueError, "single word"),
        (b"0" * 64, TypeError, "must be a text, got bytes"),
        (None, TypeError, "must be a text, got NoneType"),
    ],
)
def test_unusable_tokens_are_refused_without_showing_them(token, error, text):
    with pytest.raises(error, match=text) as caught:
        check_token(token)
    assert not token or str(token) not in str(caught.value)


def test_derived_tokens_differ_by_purpose_and_token():
    one, other = new_token(), new_token()
    derived = {derived_token(one, "view"), derived_token(one, "x"), derived_token(other, "view"), one, other}
    assert len(derived) == 5
    assert check_token(derived_token(one, "view"))


def test_the_users_file_is_made_once(home):
    token = find_token()
    path = home / ".config" / "minidask" / "token"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert path.read_text().strip() == token == find_token() == make_token_file() == read_token_file(str(path))
    assert read_token_file("~/.config/minidask/token") == token


@pytest.mark.slow
def test_processes_that_begin_together_agree(home):
    code = "from minidask_distributed.security import find_token; print(find_token())"
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    tokens = {process.communicate()[0] for process in processes}
    assert len(tokens) == 1
    assert check_token(tokens.pop()) == find_token()


def test_the_environment_goes_first(tmp_path, home):
    file = tmp_path / "other"
    make_token_file(str(file))
    in_file, in_variable = read_token_file(str(file)), new_token()
    assert find_token({"MINIDASK_TOKEN_FILE": str(file)}) == in_file
    assert find_token({"MINIDASK_TOKEN_FILE": str(file), "MINIDASK_TOKEN": in_variable}) == in_variable
    assert not (home / ".config").exists()
    assert describe_origin({"MINIDASK_TOKEN": in_variable}) == "the environment variable MINIDASK_TOKEN"
    assert describe_origin({"MINIDASK_TOKEN_FILE": "/a"}) == "the token file /a (from MINIDASK_TOKEN_FILE)"
    assert describe_origin({}) == f"the token file {home}/.config/minidask/token"


def test_a_named_file_is_never_made(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no token file .*other.*make_token_file"):
        find_token({"MINIDASK_TOKEN_FILE": str(tmp_path / "other")})
    assert not (tmp_path / "other").exists()


def test_bad_variables_and_files_are_named(tmp_path):
    with pytest.raises(ValueError, match="the environment variable MINIDASK_TOKEN has 3 characters"):
        find_token({"MINIDASK_TOKEN": "abc"})
    file = tmp_path / "token"
    file.touch(0o600)
    with pytest.raises(ValueError, match=f"the token in {file} has 0 characters"):
        read_token_file(str(file))
    file.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        make_token_file(str(file))


def test_a_home_that_cannot_be_written_is_an_error_with_the_remedy(home):
    (home / ".config").touch()  # a file where the folder should be
    with pytest.raises(OSError, match=r"can't make the token file .*MINIDASK_TOKEN_FILE.*MINIDASK_TOKEN") as caught:
        find_token()
    assert caught.value.errno is not None
    assert os.listdir(home) == [".config"]
