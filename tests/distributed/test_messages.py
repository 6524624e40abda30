"""The list of messages: each is documented, answered by what exists, and survives its way through bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed import messages
from minidask_distributed.messages import EPOCH_SHIFT, KINDS, MAX_PRIORITY, Free, Message, from_row, priority_of
from minidask_distributed.protocol.wire import Decoder, encode

NAMES = {kind.__name__: kind for kind in KINDS.values()}


@pytest.mark.parametrize("kind", KINDS.values(), ids=NAMES)
def test_every_kind_is_public_documented_and_answered_by_others(kind):
    assert getattr(messages, kind.__name__) is kind
    assert kind.__doc__
    assert kind.__doc__.strip().endswith((".", ")"))
    assert set(kind.ANSWERED_BY) <= set(NAMES)
    assert {kind.SENDER, kind.RECEIVER} <= {"client", "scheduler", "worker", "nanny", "any"}
    assert kind.SENDER != kind.RECEIVER or kind.SENDER == "any"


@pytest.mark.parametrize("kind", KINDS.values(), ids=NAMES)
def test_every_kind_passes_through_bytes(kind):
    message = kind(*[[number, "x", None, b"y", [1.5]] for number, _ in enumerate(kind.FIELDS)])
    data = b"".join(encode([message, message]))
    assert Decoder().feed(data) == [message, message]
    assert from_row(message.row()) == message


def test_an_answer_comes_from_where_the_question_went():
    for kind in KINDS.values():
        for name in kind.ANSWERED_BY:
            answer = NAMES[name]
            assert answer.SENDER in (kind.RECEIVER, "any")


@given(
    st.integers(1, 2**15 - 1),
    st.lists(st.tuples(st.integers(0, 2**40), st.integers(-MAX_PRIORITY, MAX_PRIORITY)), min_size=2),
)
def test_priorities_order_by_user_priority_then_arrival(epoch, tasks):
    ids = [(epoch << EPOCH_SHIFT | serial, user) for serial, user in tasks]
    by_number = sorted(ids, key=lambda task: priority_of(*task))
    assert by_number == sorted(ids, key=lambda task: (-task[1], task[0]))


def test_a_message_is_a_message():
    assert isinstance(Free([1]), Message)
