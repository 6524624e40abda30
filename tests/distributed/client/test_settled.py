"""Waiting for many at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.client.session import FINISHED, Session, drain
from minidask_distributed.client.settled import AllDone
from minidask_distributed.messages import Cancelled, Done, Failed, SessionOpened, Undone

FAILURE = {
    "type": "ValueError",
    "text": "no",
    "traceback": "",
    "notes": [],
    "payload": None,
    "key": "x",
    "kind": "raised",
}


def session_of(count: int) -> Session:
    session = Session()
    session.handle([SessionOpened(1, 1, 1, True)])
    session.add_many([f"k{at}" for at in range(count)], session.reserve(count))
    return session


def handle(session: Session, *messages: object) -> None:
    for callbacks in session.handle(messages):  # type: ignore[arg-type]
        drain(callbacks)


def test_nothing_to_wait_for() -> None:
    called: list[int] = []
    AllDone(Session(), [], lambda: called.append(1)).start()
    assert called == [1]


@given(st.permutations(list(range(8))))
def test_any_order(order: list[int]) -> None:
    session = session_of(8)
    states = list(session.states.values())
    called: list[int] = []
    AllDone(session, states, lambda: called.append(1)).start()
    for at in order[:-1]:
        handle(session, Done([states[at].id], None, [1]))
        assert not called
    handle(session, Done([states[order[-1]].id], None, [1]))
    assert called == [1]
    assert not session.waiters


def test_one_may_stand_there_twice() -> None:
    session = session_of(1)
    (state,) = session.states.values()
    called: list[int] = []
    AllDone(session, [state, state], lambda: called.append(1)).start()
    handle(session, Done([state.id], None, [1]))
    assert called == [1]


def test_stop_early() -> None:
    session = session_of(4)
    states = list(session.states.values())
    early: list[int] = []
    late: list[int] = []
    AllDone(session, states[:3], lambda: early.append(1), stop_early=True).start()
    AllDone(session, states[:3], lambda: late.append(1)).start()
    handle(session, Cancelled([states[3].id], "not waited for"))
    assert (early, late) == ([], [])
    handle(session, Failed([states[2].id], [0], [FAILURE]))
    assert (early, late) == ([1], [])
    handle(session, Done([states[0].id, states[1].id], None, [1, 1]))
    assert (early, late) == ([1], [1])
    assert not session.failure_hooks


def test_what_failed_before_counts() -> None:
    session = session_of(2)
    states = list(session.states.values())
    handle(session, Failed([states[1].id], [0], [FAILURE]))
    called: list[int] = []
    AllDone(session, states, lambda: called.append(1), stop_early=True).start()
    assert called == [1]
    assert not session.failure_hooks


def test_stopped_waiting() -> None:
    session = session_of(2)
    states = list(session.states.values())
    called: list[int] = []
    waiting = AllDone(session, states, lambda: called.append(1), stop_early=True)
    waiting.start()
    waiting.stop()
    handle(session, Done([state.id for state in states], None, [1, 1]))
    waiting.stop()
    assert not called
    assert not session.failure_hooks


def test_the_end_of_the_connection() -> None:
    session = session_of(3)
    called: list[int] = []
    AllDone(session, list(session.states.values()), lambda: called.append(1), stop_early=True).start()
    for callbacks in session.lose("gone"):
        drain(callbacks)
    assert called == [1]


def test_what_was_passed_may_be_pending_again() -> None:
    session = session_of(2)
    x, y = session.states.values()
    called: list[int] = []
    AllDone(session, [x, y], lambda: called.append(1)).start()
    handle(session, Done([x.id], None, [1]), Undone([x.id]), Done([y.id], None, [1]))
    assert not called, "it is told of x before it looks at y"
    handle(session, Done([x.id], None, [1]))
    assert called == [1]
    assert x.status == FINISHED
