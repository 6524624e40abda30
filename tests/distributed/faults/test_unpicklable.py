"""What can't be pickled, or not be read again: an error at once, or of the one task, that names the culprit."""

from __future__ import annotations

import sys
import threading

import cloudpickle
import pytest

from minidask.delayed import delayed
from minidask.schedulers.remote import RemoteError
from minidask_distributed.client.client import Client
from tests.distributed.faults.stage import PATIENCE_S, within

cloudpickle.register_pickle_by_value(sys.modules[__name__])

LOCK = threading.Lock()


class Stays:
    """Can't be pickled."""

    def __reduce__(self):
        raise RuntimeError("I don't travel")


class OneWay:
    """Can be pickled, but not read again."""

    def __init__(self, padding=b""):
        self.padding = padding

    def __reduce__(self):
        return never_again, (self.padding,)


def never_again(padding):
    raise LookupError("nobody can read me")


class AwkwardError(Exception):
    """Can't be pickled, and can't be made from its arguments."""

    def __init__(self, first, second):
        super().__init__(first)
        self.lock = threading.Lock()


class OneWayError(Exception):
    """Can be pickled, but not read again."""

    def __reduce__(self):
        return never_again, (b"",)


def returns(kind, *args):
    return kind(*args)


def raises(kind, *args):
    raise kind(*args)


def kind_of(value):
    return type(value).__name__


def uses_a_global(x):
    return LOCK, x


def worker_of(client, future):
    """Return the worker that holds a result, and the other one."""
    future.exception(PATIENCE_S)
    ((holder,),) = client.who_has([future]).values()
    (other,) = set(client.scheduler_info()["workers"]) - {holder}
    return holder, other


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda client: client.submit(uses_a_global, 1),
            "the function uses_a_global can't be sent to the workers: the lock at global 'LOCK' can't be pickled",
        ),
        (lambda client: client.map(uses_a_global, [1, 2]), "the function uses_a_global can't be sent"),
        (lambda client: client.submit(str, LOCK), "argument 0 of the function str can't be sent .* the lock can't be"),
        (lambda client: client.submit(dict, a=LOCK), "argument 'a' of the function dict can't be sent to the workers"),
        (lambda client: client.submit(str, [1, {2: LOCK}]), r"argument 0 .* the lock at \[1\]\[2\] can't be pickled"),
        (lambda client: client.submit(str, Stays()), "the Stays can't be pickled: RuntimeError: I don't travel"),
        (lambda client: client.map(str, [1, 2, LOCK]), "argument 0 of the function str can't be sent to the workers"),
        (lambda client: client.compute(delayed(str)(LOCK)), "the lock can't be pickled"),
        (lambda client: client.persist(delayed(uses_a_global)(1)), "the function uses_a_global can't be sent"),
        (lambda client: delayed(str)(LOCK).compute(), "the lock can't be pickled"),
        (lambda client: client.scatter(LOCK), "the data 'lock-.*' can't be scattered: a lock can't be sent to another"),
        (
            lambda client: client.run(uses_a_global, 1),
            "the function uses_a_global can't be sent|the lock at .* can't be",
        ),
    ],
)
def test_what_cannot_be_sent_raises_where_it_was_given(client: Client, call, message):
    with within(5), pytest.raises(TypeError, match=message):
        call(client)


def test_an_argument_that_cannot_be_read(client: Client):
    with within(5), pytest.raises(LookupError, match="nobody can read me") as caught:
        client.submit(kind_of, OneWay(), key="reads-it").result(PATIENCE_S)
    assert "The function or an argument of the task can't be read on the worker." in caught.value.__notes__
    assert any("Raised by the task 'reads-it'" in note for note in caught.value.__notes__)
    good, bad = client.map(kind_of, [1, OneWay()])
    assert good.result(PATIENCE_S) == "int"
    assert isinstance(bad.exception(PATIENCE_S), LookupError)


@pytest.mark.parametrize(
    ("kind", "args", "message"),
    [
        (
            threading.Lock,
            (),
            "the result of 'made' can't be read here: TypeError: a lock can't be sent to another process",
        ),
        (Stays, (), "the result of 'made' can't be read here: TypeError: a Stays can't .* I don't travel"),
        (OneWay, (), "the result of 'made' can't be read here: LookupError: nobody can read me"),
        (OneWay, (b"." * 100_000,), "the result of 'made' can't be read here: LookupError: nobody can read me"),
    ],
    ids=["not picklable", "raises in pickling", "raises in reading, small", "raises in reading, large"],
)
def test_a_result_that_cannot_travel(client: Client, kind, args, message):
    future = client.submit(returns, kind, *args, key="made")
    holder, other = worker_of(client, future)
    # The task is done, and where it ran its result is as good as any.
    assert future.status == "finished"
    name = client.submit(kind_of, future, workers=[holder]).result(PATIENCE_S)
    assert name == type(kind(*args)).__name__
    with within(5), pytest.raises(TypeError, match=message):
        future.result(PATIENCE_S)
    with within(5), pytest.raises(TypeError, match=message):
        client.gather([future])
    # Elsewhere what needs it fails with the reason, and isn't tried for ever.
    elsewhere = client.submit(kind_of, future, workers=[other], pure=False)
    with within(5), pytest.raises((TypeError, LookupError), match=r"can't be sent|nobody can read me") as caught:
        elsewhere.result(PATIENCE_S)
    notes = "\n".join(caught.value.__notes__)
    assert f"a result that came from {holder} was read on the worker that needed it" in notes


@pytest.mark.parametrize(
    ("kind", "args", "arrives_as", "message"),
    [
        (AwkwardError, ("first", "second"), RemoteError, "^AwkwardError: first"),
        # Its own way back is broken: it is made again without that.
        (OneWayError, ("first",), OneWayError, "^first"),
    ],
)
def test_an_exception_that_cannot_travel(client: Client, kind, args, arrives_as, message):
    future = client.submit(raises, kind, *args, key="raises")
    with within(5), pytest.raises(arrives_as, match=message) as caught:
        future.result(PATIENCE_S)
    assert "raise kind(*args)" in str(caught.value.__cause__)
    assert any("Raised by the task 'raises'" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("padding", [0, 100_000, 10_000_000])
def test_scattered_data_that_cannot_be_read(client: Client, padding):
    with within(5), pytest.raises(Exception, match="nobody can read me"):
        client.scatter(OneWay(b"." * padding)).result(PATIENCE_S)
