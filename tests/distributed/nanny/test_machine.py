"""The restart policy: when, after how long, when no more, and in which words."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.nanny.machine import (
    LAST_LINES,
    LONGEST_PAUSE_S,
    MAX_FAILED_STARTS,
    SETTLED_S,
    STATES,
    TRANSITIONS,
    NannyMachine,
    describe_exit,
    over_limit,
    pause_s,
)


def running_machine(restart=True, since_s=0.0):
    machine = NannyMachine(restart=restart)
    machine.starting(since_s)
    machine.running()
    return machine


def test_a_worker_that_dies_is_started_again_at_once():
    verdict = running_machine().ended(SETTLED_S + 1, 3)
    assert verdict == ("exited with status 3", 0.0, False)


def test_without_restart_a_death_is_the_end_and_a_failure():
    verdict = running_machine(restart=False).ended(1.0, 3)
    assert verdict == ("exited with status 3", None, True)


def test_exit_status_zero_alone_is_no_purpose():
    machine = running_machine()
    verdict = machine.ended(1.0, 0)
    assert verdict.reason == "exited with status 0"
    assert verdict.restart_in_s is not None


@pytest.mark.parametrize("ok", [True, False])
def test_a_worker_that_leaves_on_purpose_is_not_started_again(ok):
    machine = running_machine()
    machine.left("the scheduler retired it", ok=ok)
    assert machine.ended(1.0, 0) == ("the scheduler retired it", None, not ok)
    assert machine.state == "ended"


def test_pauses_grow_while_it_dies_soon_after_each_start():
    machine, pauses = running_machine(), []
    for death in range(12):
        verdict = machine.ended(death + 0.5, -signal.SIGSEGV)
        pauses.append(verdict.restart_in_s)
        machine.starting(death + 1.0)
        machine.running()
    assert pauses[:4] == [0.0, 0.1, 0.2, 0.4]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert machine.deaths == 12


def test_pauses_begin_anew_after_a_long_life():
    machine = running_machine()
    for now in (1.0, 2.0, 3.0):
        machine.ended(now, 1)
        machine.starting(now)
        machine.running()
    assert machine.ended(3.0 + SETTLED_S, 1).restart_in_s == 0.0
    machine.starting(100.0)
    machine.running()
    assert machine.ended(100.5, 1).restart_in_s == 0.0


def test_the_first_start_has_one_attempt():
    machine = NannyMachine()
    machine.starting(0.0)
    verdict = machine.ended(0.1, 1, ["ModuleNotFoundError: No module named 'numpie'"])
    assert verdict.failed
    assert verdict.restart_in_s is None
    assert verdict.reason.startswith("couldn't start: it exited with status 1.")
    assert "numpie" in verdict.reason


def test_a_worker_that_may_have_run_a_task_did_start():
    machine = NannyMachine()
    machine.starting(0.0)
    machine.able()
    verdict = machine.ended(0.1, -11)
    assert verdict.reason.startswith("was killed by SIGSEGV")
    assert verdict.restart_in_s == 0.0


def test_a_worker_that_says_that_it_cannot_start_did_not():
    machine = NannyMachine()
    machine.starting(0.0)
    machine.able()
    machine.failed()
    assert machine.ended(0.1, 1).failed


def test_later_starts_that_fail_in_a_row_are_given_up():
    machine = running_machine()
    machine.ended(1.0, 1)
    for attempt in range(1, MAX_FAILED_STARTS + 1):
        machine.starting(float(attempt))
        verdict = machine.ended(attempt + 0.1, 1)
        assert (verdict.restart_in_s is None) == (attempt == MAX_FAILED_STARTS)
    assert verdict.failed
    assert machine.state == "ended"


def test_a_start_that_works_forgives_failed_ones():
    machine = running_machine()
    for round_ in range(3 * MAX_FAILED_STARTS):
        machine.ended(float(round_), 1)
        machine.starting(float(round_))
        if round_ % 2:
            machine.running()
    assert machine.state == "running"


def test_an_ordered_end_has_the_orders_reason_and_no_pause():
    machine = running_machine()
    assert machine.order("over its memory limit", restart=True)
    assert machine.state == "stopping"
    assert machine.ended(1.0, -9) == ("over its memory limit", 0.0, False)
    assert machine.deaths == 0


def test_an_order_may_forbid_another_process_and_a_later_one_cannot_allow_it():
    machine = running_machine()
    machine.order("force", restart=False)
    machine.order("restart", restart=True)
    assert machine.ended(1.0, -9) == ("restart", None, False)


def test_ordering_while_nothing_runs_does_nothing():
    machine = NannyMachine()
    assert not machine.order("too early", restart=True)
    machine = running_machine()
    machine.ended(1.0, 1)
    assert not machine.order("it waits", restart=True)
    assert machine.state == "waiting"


@pytest.mark.parametrize("state", ["idle", "starting", "running", "stopping", "waiting", "ended"])
def test_closing_ends_it_from_every_state(state):
    machine = NannyMachine()
    if state != "idle":
        machine.starting(0.0)
    if state in ("running", "stopping", "waiting", "ended"):
        machine.running()
    if state == "stopping":
        machine.order("restart", restart=True)
    if state == "waiting":
        machine.ended(1.0, 1)
    if state == "ended":
        machine.left("done", ok=True)
        machine.ended(1.0, 0)
    assert machine.state == state
    must_kill = machine.close("closed")
    assert must_kill == (state in ("starting", "running", "stopping"))
    if must_kill:
        assert machine.ended(2.0, -9) == ("closed", None, False)
    assert machine.state == "ended"


def test_registering_after_an_order_changes_nothing():
    machine = NannyMachine()
    machine.starting(0.0)
    machine.order("too slow", restart=False)
    machine.running()
    assert machine.state == "stopping"


def test_two_processes_at_a_time_are_an_error():
    machine = running_machine()
    with pytest.raises(RuntimeError, match="can't go from 'running' to 'starting'"):
        machine.starting(1.0)


EVENTS = st.lists(
    st.one_of(
        st.just("start"),
        st.just("run"),
        st.just("able"),
        st.just("failed"),
        st.just("close"),
        st.tuples(st.just("left"), st.booleans()),
        st.tuples(st.just("order"), st.booleans()),
        st.tuples(st.just("end"), st.integers(-64, 255)),
    ),
    max_size=30,
)


@given(EVENTS, st.booleans())
def test_every_life_stays_in_the_table(events, restart):
    machine, now, closed = NannyMachine(restart=restart), 0.0, False
    for event in events:
        now += 1.0
        alive = machine.state in ("starting", "running", "stopping")
        if event == "start" and machine.state in ("idle", "waiting"):
            machine.starting(now)
        elif event == "run" and alive:
            machine.running()
        elif event in ("able", "failed") and alive:
            getattr(machine, event)()
        elif event == "close":
            machine.close("closed")
            closed = True
        elif event[0] == "left" and alive:
            machine.left("left", ok=event[1])
        elif event[0] == "order":
            machine.order("ordered", restart=event[1])
        elif event[0] == "end" and alive:
            verdict = machine.ended(now, event[1])
            assert verdict.reason
            assert (verdict.restart_in_s is not None) == (machine.state == "waiting")
            assert not (verdict.failed and verdict.restart_in_s is not None)
            assert not (closed and verdict.restart_in_s is not None)
            assert verdict.restart_in_s is None or 0 <= verdict.restart_in_s <= LONGEST_PAUSE_S
        assert machine.state in STATES


def test_the_tables_agree():
    assert {state for pair in TRANSITIONS for state in pair} == set(STATES)
    assert not any(start == "ended" for start, _ in TRANSITIONS)


def test_pauses_never_shrink():
    pauses = [pause_s(deaths) for deaths in range(100)]
    assert pauses == sorted(pauses)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exited with status 0"),
        (42, "exited with status 42"),
        (-11, "was killed by SIGSEGV (a segmentation fault"),
        (-9, "was killed by SIGKILL (often because the machine ran out of memory)"),
        (-10, "was killed by SIGUSR1"),
        (-64 - 7, "was killed by signal 71"),
    ],
)
def test_ends_in_words(code, words):
    assert describe_exit(code).startswith(words)


def test_the_last_lines_of_the_log_are_part_of_the_reason():
    reason = describe_exit(-6, ["", *[f"line {n}" for n in range(50)], "  "])
    assert reason.count("\n") == LAST_LINES
    assert reason.endswith("\n    line 49")
    assert "line 37" not in reason


def test_the_list_of_extension_modules_is_left_out():
    assert "psutil" not in describe_exit(-11, ["File x", "Extension modules: psutil._psutil_linux (total: 1)"])


def test_memory_limit():
    assert over_limit(951, 1000, 0.95)
    assert not over_limit(950, 1000, 0.95)
    assert not over_limit(10**12, 0, 0.95)
    assert not over_limit(10**12, 1000, False)
