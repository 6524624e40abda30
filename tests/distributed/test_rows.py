"""The base of messages: made by position or name, compared by kind and fields, told by number."""

from __future__ import annotations

import pytest

from minidask_distributed.rows import KINDS, Message, from_row, message


@pytest.fixture
def kinds():
    before = dict(KINDS)

    @message(9001, "any", "any", ("Pong",))
    class Ping(Message):
        """Hello."""

        number: int
        text: str

    @message(9002, "any", "any")
    class Empty(Message):
        """Nothing."""

    yield Ping, Empty
    KINDS.clear()
    KINDS.update(before)


def test_made_by_position_or_name(kinds):
    ping, empty = kinds
    assert ping(1, "a") == ping(text="a", number=1)
    assert ping(1, "a") != ping(2, "a")
    assert empty() == empty()
    assert empty() != ping(1, "a")
    assert repr(ping(1, "a")) == "Ping(number=1, text='a')"
    assert ping.__doc__ == "Hello."
    match ping(5, "b"):
        case ping(number, text):
            assert (number, text) == (5, "b")


def test_slots(kinds):
    ping, _ = kinds
    with pytest.raises(AttributeError):
        ping(1, "a").other = 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(ping(1, "a"))
    with pytest.raises(TypeError, match="text"):
        ping(1)


def test_rows(kinds):
    ping, empty = kinds
    assert ping(1, "a").row() == [9001, 1, "a"]
    assert from_row([9001, 1, "a"]) == ping(1, "a")
    assert from_row([9002]) == empty()


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ([], "a message is a list"),
        ((9001, 1, "a"), "a message is a list"),
        ("text", "a message is a list"),
        ([123456], "unknown kind of message 123456"),
        ([[1]], "unknown kind"),
        ([9001, 1], "Ping has the fields number, text, got 1 values"),
        ([9001, 1, 2, 3], "got 3 values"),
    ],
)
def test_rows_of_nothing(kinds, row, match):
    with pytest.raises(ValueError, match=match):
        from_row(row)


def test_numbers_are_not_shared(kinds):
    with pytest.raises(ValueError, match="messages Ping and Other share the number 9001"):

        @message(9001, "any", "any")
        class Other(Message):
            """Again."""
