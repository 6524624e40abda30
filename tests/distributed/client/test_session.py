"""The pure state of a client's session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.client.rows import Rows
from minidask_distributed.client.session import (
    CANCELLED,
    ERROR,
    FINISHED,
    LOST,
    PENDING,
    RELEASE_TASKS,
    Session,
    State,
    drain,
)
from minidask_distributed.messages import (
    Cancel,
    Cancelled,
    Destinations,
    Done,
    Event,
    Failed,
    KeepUntilDone,
    Release,
    Retry,
    Scatter,
    SessionOpened,
    Undone,
    Upload,
    UploadTaken,
    Want,
)

FAILURE = {
    "type": "ValueError",
    "text": "no",
    "traceback": "",
    "notes": [],
    "payload": None,
    "key": "x",
    "kind": "raised",
}


def opened(credit: int = 4) -> Session:
    session = Session()
    session.handle([SessionOpened(1, 1, credit, True)])
    return session


def handle(session: Session, *messages: object) -> None:
    for callbacks in session.handle(messages):  # type: ignore[arg-type]
        drain(callbacks)


def chunk(session: Session, first: int) -> Upload:
    rows = Rows(first)
    rows.append("x", 0, b"", [])
    return rows.upload(session.new_submission(), 1, 1, True, [])


class Calls:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def test_what_was_not_sent_is_put_back() -> None:
    session = opened(credit=1)
    messages = [chunk(session, 0), Release([5])]
    later = chunk(session, 1)
    for message in (*messages, later):
        session.post(message)
    taken = session.take()
    assert (taken, session.credit) == (messages, 0)
    session.put_back(taken)
    assert session.credit == 1
    assert session.take() == messages
    handle(session, UploadTaken(1))
    assert session.take() == [later]


def test_a_result_that_comes_along() -> None:
    session = opened()
    state, called = session.add("x"), Calls()
    state.add_waiter(called)
    assert (state.status, state.done, called.count) == (PENDING, False, 0)
    handle(session, Done([state.id], [b"value"], [5]))
    assert (state.status, state.outcome, state.done, called.count) == (FINISHED, b"value", True, 1)


def test_a_result_to_be_gathered() -> None:
    session = opened()
    x, y = session.add("x"), session.add("y")
    handle(session, Done([x.id], None, [700]), Done([y.id], [None], [800]))
    assert (x.outcome, y.outcome) == (700, 800)
    # A value may follow, and then stays.
    handle(session, Done([x.id], [b"v"], [700]), Done([x.id], None, [700]), Undone([x.id]))
    assert (x.status, x.outcome) == (FINISHED, b"v")


def test_a_waiter_of_what_is_done_is_called_at_once() -> None:
    session = opened()
    state, called = session.add("x"), Calls()
    handle(session, Done([state.id], None, [1]))
    state.add_waiter(called)
    assert called.count == 1
    assert not session.waiters


def test_a_waiter_can_be_taken_out() -> None:
    session = opened()
    state, first, second = session.add("x"), Calls(), Calls()
    state.add_waiter(first)
    state.add_waiter(second)
    state.remove_waiter(first)
    state.remove_waiter(first)
    State(9, "y", {}).remove_waiter(first)
    handle(session, Done([state.id], None, [1]))
    assert (first.count, second.count) == (0, 1)


def test_failures_and_retries() -> None:
    session = opened()
    x, y = session.add("x"), session.add("y")
    hooked: list[list[str]] = []
    session.failure_hooks["hook"] = lambda states: hooked.append([state.key for state in states])
    handle(session, Failed([x.id, y.id], [0, 0], [FAILURE]))
    assert (x.status, y.status, x.outcome) == (ERROR, ERROR, FAILURE)
    assert hooked == [["x", "y"]]
    session.take()
    session.retry([x])
    assert (x.status, y.status) == (PENDING, ERROR)
    assert session.take() == [Retry([x.id])]
    handle(session, Undone([y.id]))
    assert y.status == PENDING
    handle(session, Done([x.id, y.id], None, [1, 1]))
    session.retry([x])
    assert x.status == FINISHED
    assert not session.has_output


def test_a_failure_for_a_cancelled_dependency_is_a_cancellation() -> None:
    session = opened()
    x = session.add("x")
    handle(session, Failed([x.id], [0], [{**FAILURE, "kind": "cancelled", "text": "y was cancelled"}]))
    assert (x.status, x.outcome) == (CANCELLED, "y was cancelled")
    assert session.find("x") is None


def test_a_result_that_is_lost_is_pending_again() -> None:
    session = opened()
    x, called = session.add("x"), Calls()
    handle(session, Done([x.id], None, [1]), Undone([x.id]))
    assert (x.status, x.outcome) == (PENDING, None)
    x.add_waiter(called)
    handle(session, Failed([x.id], [0], [FAILURE]))
    assert (x.status, called.count) == (ERROR, 1)


def test_a_value_that_is_here_stays_when_the_cluster_loses_it() -> None:
    session = opened()
    x = session.add("x")
    handle(session, Done([x.id], [b"v"], [1]), Undone([x.id]), Failed([x.id], [0], [FAILURE]))
    assert (x.status, x.outcome) == (FINISHED, b"v")


def test_cancelled_is_final() -> None:
    session = opened()
    x, y, called = session.add("x"), session.add("y"), Calls()
    x.add_waiter(called)
    for callbacks in session.cancel([x], False, "enough"):
        drain(callbacks)
    assert (x.status, x.outcome, called.count) == (CANCELLED, "enough", 1)
    assert session.take() == [Cancel([x.id], False, "enough")]
    assert session.cancel([x], False, "again") == []
    handle(session, Done([x.id], [b"v"], [1]), Failed([x.id], [0], [FAILURE]), Cancelled([x.id, y.id], "by force"))
    assert (x.status, x.outcome) == (CANCELLED, "enough")
    assert (y.status, y.outcome) == (CANCELLED, "by force")
    # An equal call is another task.
    assert session.find("x") is None
    again = session.add("x")
    session.release([x])
    assert session.find("x") is again
    assert session.take() == []


def test_many_are_released_in_messages_of_bounded_length_that_are_sent_one_by_one() -> None:
    session = opened()
    first = session.reserve(2 * RELEASE_TASKS + 1)
    session.release(session.add_many([f"x-{at}" for at in range(2 * RELEASE_TASKS + 1)], first))
    taken = []
    while session.has_output:
        taken.append(session.take())
    assert all(type(message) is Release for messages in taken for message in messages)
    assert [[len(message.tasks) for message in messages] for messages in taken] == [[4096], [4096], [1]]
    assert [local for [message] in taken for local in message.tasks] == list(
        range(first, first + 2 * RELEASE_TASKS + 1)
    )


def test_release_when_the_last_future_is_gone() -> None:
    session = opened()
    x = session.add("x")
    x.refs += 1
    session.release([x])
    assert session.take() == []
    session.release([x])
    assert session.take() == [Release([x.id])]
    assert session.find("x") is None
    # Late messages about it are void.
    handle(
        session,
        Done([x.id], [b"v"], [1]),
        Failed([x.id], [0], [FAILURE]),
        Undone([x.id]),
        Cancelled([x.id], "late"),
    )
    assert x.status == PENDING
    assert not session.states


def test_ids_are_not_reused_and_a_newer_state_keeps_its_key() -> None:
    session = opened()
    old = session.add("x")
    new = session.add("x")
    assert new.id > old.id
    session.release([old])
    assert session.find("x") is new


def test_rows_of_single_submissions_share_an_upload() -> None:
    session = opened()
    for key, deps in (("x", []), ("y", [1])):
        local = session.reserve(1)
        session.rows(local).append(key, 0, None, deps)
        session.add(key, local)
    (upload,) = session.take()
    assert isinstance(upload, Upload)
    assert (upload.first, upload.announced, upload.roots, upload.last) == (1, 2, 1, True)
    assert (upload.deps, upload.n_deps, upload.dependents) == ([1], [0, 1], [1, 0])
    # Other ids in between: a new upload.
    local = session.reserve(1)
    session.rows(local).append("z", 0, None, [])
    session.reserve(5)
    local = session.reserve(1)
    session.rows(local).append("w", 0, None, [])
    assert [message.first for message in session.take() if isinstance(message, Upload)] == [3, 9]


def test_recipes_go_with_the_next_upload() -> None:
    session = opened()
    session.recipes.append([0, b"digest", b"blob"])
    session.rows(session.reserve(1)).append("x", 0, None, [])
    (upload,) = session.take()
    assert isinstance(upload, Upload)
    assert upload.recipes == [[0, b"digest", b"blob"]]
    session.rows(session.reserve(1)).append("y", 0, None, [])
    (upload,) = session.take()
    assert isinstance(upload, Upload)
    assert upload.recipes == []


def test_nothing_overtakes_an_upload_that_waits_for_credit() -> None:
    session = opened(credit=1)
    x = session.add("x")
    session.post(chunk(session, 10))
    session.post(chunk(session, 11))
    session.release([x])
    assert [type(message) for message in session.take()] == [Upload]
    assert not session.has_output
    assert session.take() == []
    handle(session, UploadTaken(1))
    assert session.has_output
    assert [type(message) for message in session.take()] == [Upload, Release]


def test_single_rows_wait_for_credit_together() -> None:
    session = opened(credit=0)
    for key in "xyz":
        session.rows(session.reserve(1)).append(key, 0, None, [])
    assert not session.has_output
    assert session.take() == []
    handle(session, UploadTaken(3))
    (upload,) = session.take()
    assert isinstance(upload, Upload)
    assert len(upload.recipe) == 3
    assert session.credit == 2


def test_nothing_is_sent_before_the_session_is_open() -> None:
    session = Session()
    session.post(KeepUntilDone([1]))
    assert not session.has_output
    assert session.take() == []
    session.handle([SessionOpened(1, 1, 1, False)])
    assert session.take() == [KeepUntilDone([1])]
    assert not session.serialize


def test_want_results_of_others() -> None:
    session = opened()
    x = session.add("x")
    states = session.want(["x", "y", "z", "y"])
    assert states[0] is x
    assert x.refs == 2
    assert states[1] is states[3]
    assert states[1].refs == 2
    (message,) = session.take()
    assert isinstance(message, Want)
    assert message.first == states[1].id
    assert states[2].id == message.first + 1
    assert session.want(["x"]) == [x]
    assert session.take() == []


def test_keep_until_done() -> None:
    session = opened()
    x, y = session.add("x"), session.add("y")
    session.cancel([y], False, "")
    session.take()
    session.keep_until_done([x, y])
    assert session.take() == [KeepUntilDone([x.id])]
    session.keep_until_done([y])
    assert session.take() == []


def test_scatter() -> None:
    session = opened()
    heard: list[Destinations] = []
    x, y = session.scatter(["x", "y"], [8, 9], [None, None], ["alice"], 1, heard.append)
    (message,) = session.take()
    assert isinstance(message, Scatter)
    assert (message.first, message.nbytes, message.workers, message.copies) == (x.id, [8, 9], ["alice"], 1)
    answer = Destinations(x.id, [100, 101], [["tcp://a:1"]] * 2)
    handle(session, answer, answer)
    assert heard == [answer]
    handle(session, Done([x.id, y.id], None, [8, 9]))
    assert (x.status, y.status) == (FINISHED, FINISHED)


def test_the_end_of_the_connection() -> None:
    session = opened()
    here, away, waiting = session.add("here"), session.add("away"), session.add("waiting")
    called = Calls()
    waiting.add_waiter(called)
    handle(session, Done([here.id], [b"v"], [1]), Done([away.id], None, [1]))
    session.post(KeepUntilDone([1]))
    hooked = Calls()
    session.failure_hooks["hook"] = lambda states: hooked()
    for callbacks in session.lose("gone"):
        drain(callbacks)
    assert [state.status for state in (here, away, waiting)] == [FINISHED, LOST, LOST]
    assert (waiting.outcome, called.count, hooked.count) == ("gone", 1, 1)
    assert not session.has_output
    assert session.take() == []
    assert session.lose("again") == []
    assert session.closed == "gone"
    session.release([here, away, waiting])
    assert session.take() == []


def test_what_is_added_after_the_end_is_lost_at_once() -> None:
    session = opened()
    session.lose("gone")
    late, *many = [session.add("x"), *session.add_many(["y", "z"], session.reserve(2))]
    called = Calls()
    for state in (late, *many):
        state.add_waiter(called)
        assert (state.status, state.outcome) == (LOST, "gone")
    assert called.count == 3
    assert session.find("x") is None
    session.release([late, *many])
    assert session.take() == []


def test_the_session_after_a_lost_one() -> None:
    session = opened()
    old = session.add("x")
    session.lose("gone")
    after = session.successor()
    new = after.add("x")
    assert new.id > old.id
    # Nothing that concerns the old task touches the new one.
    after.release([old])
    assert after.cancel([old], False, "") == []
    after.keep_until_done([old])
    assert after.find("x") is new
    handle(after, SessionOpened(2, 1, 4, True), Done([new.id], [b"v"], [1]))
    assert new.status == FINISHED
    assert after.take() == []
    assert session.encoder is not after.encoder


def test_a_message_that_is_not_about_tasks() -> None:
    with pytest.raises(TypeError, match="doesn't send Event to a client's session"):
        opened().handle([Event("print", 0.0, "")])


def test_callbacks_that_raise_do_not_lose_the_others() -> None:
    called = Calls()

    def bad() -> None:
        raise ZeroDivisionError

    callbacks = [bad, called]
    with pytest.raises(ZeroDivisionError):
        drain(callbacks)
    drain(callbacks)
    assert called.count == 1


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["add", "share", "drop", "done", "value", "failed", "undone", "cancelled", "cancel", "retry", "wait"]
        ),
        st.integers(0, 5),
    ),
    max_size=60,
)


@given(EVENTS)
def test_any_order_of_events(events: list[tuple[str, int]]) -> None:
    """Messages for released, cancelled and unknown tasks in any order: each waiter is called once, each id released once."""
    session = opened()
    made: list[State] = []
    held: list[int] = []  # of each state, how many futures there are
    waiting: list[tuple[State, Calls]] = []
    released: list[int] = []
    for what, which in events:
        if what == "add":
            made.append(session.add(f"k{which}"))
            held.append(1)
            continue
        if not made:
            continue
        at = which % len(made)
        state = made[at]
        if what == "share":
            if held[at]:
                state.refs += 1
                held[at] += 1
        elif what == "drop":
            if held[at]:
                held[at] -= 1
                session.release([state])
        elif what == "wait":
            calls = Calls()
            waiting.append((state, calls))
            state.add_waiter(calls)
        elif what == "done":
            handle(session, Done([state.id, 10_000], None, [1, 1]))
        elif what == "value":
            handle(session, Done([state.id], [b"v"], [1]))
        elif what == "failed":
            handle(session, Failed([state.id], [0], [FAILURE]))
        elif what == "undone":
            handle(session, Undone([state.id]))
        elif what == "cancelled":
            handle(session, Cancelled([state.id], "r"))
        elif what == "cancel":
            for callbacks in session.cancel([state], False, "r"):
                drain(callbacks)
        elif what == "retry":
            session.retry([state])
        for message in session.take():
            if isinstance(message, Release):
                released += message.tasks
        for one, calls in waiting:
            assert calls.count <= 1
            assert calls.count == 1 or one.status == PENDING or one.id not in session.states
        for one, count in zip(made, held, strict=True):
            assert (one.id in session.states) == (count > 0)
            assert (one.status == PENDING) == (one.outcome is None)
    assert len(released) == len(set(released))
    for callbacks in session.lose("end"):
        drain(callbacks)
    assert all(calls.count == 1 or state.id not in session.states for state, calls in waiting)
    assert all(session.by_key.get(state.key) is None for state in made)
