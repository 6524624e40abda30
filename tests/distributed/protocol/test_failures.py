import pickle
import threading
import traceback
from dataclasses import dataclass

import msgpack
import pytest

from minidask.schedulers.failure import RemoteError
from minidask_distributed.messages import Answer
from minidask_distributed.protocol.failures import ErrorLimits, RemoteTraceback, clipped, pack_failure, unpack_failure
from minidask_distributed.protocol.payload import Payload
from minidask_distributed.protocol.wire import Decoder, encode


class TwoArguments(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")
        self.a = a
        self.b = b


class HoldsALock(Exception):
    def __init__(self, text):
        super().__init__(text, threading.Lock())

    def __str__(self):
        return "held"


class Evil(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__

    @property
    def __notes__(self):
        raise RuntimeError("no notes")


class Unreadable(Exception):
    def __reduce__(self):
        return _fail, ("gone",)


def _fail(text):
    raise ImportError(text)


class NoError(Exception):
    def __reduce__(self):
        return str, ("I am a text",)


@dataclass(frozen=True)
class Frozen(Exception):
    x: int


def raised(error):
    def task_of_the_user():
        raise error

    try:
        task_of_the_user()
    except BaseException as caught:
        return caught


def there_and_back(error):
    batch = [Answer(1, None, pack_failure(error))]
    (answer,) = Decoder().feed(b"".join(encode(batch)))
    return unpack_failure(answer.failure)


@pytest.mark.parametrize(
    "error",
    [ValueError("no good"), KeyError("x"), TwoArguments(1, 2), OSError(2, "gone"), SystemExit(3), StopIteration(4)],
)
def test_exceptions_come_back_as_themselves(error):
    back = there_and_back(raised(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.args == error.args
    assert vars(back).get("b") == vars(error).get("b")


def test_groups_and_notes():
    error = ExceptionGroup("both", [ValueError("a"), KeyError("b")])
    error.add_note("seen on the way")
    back = there_and_back(raised(error))
    assert [type(inner) for inner in back.exceptions] == [ValueError, KeyError]
    assert back.__notes__ == ["seen on the way"]


def test_groups_of_what_can_not_be_pickled_are_told():
    back = there_and_back(raised(ExceptionGroup("both", [ValueError("a"), TwoArguments(1, 2)])))
    assert str(back) == "ExceptionGroup: both (2 sub-exceptions)"
    assert "TwoArguments: 1 and 2" in str(back.__cause__)


def test_the_remote_traceback_is_shown():
    back = there_and_back(raised(ValueError("no good")))
    assert isinstance(back.__cause__, RemoteTraceback)
    shown = "".join(traceback.format_exception(back))
    assert "in task_of_the_user" in shown
    assert shown.rstrip().endswith("ValueError: no good")


def test_causes_are_in_the_text():
    try:
        try:
            1 / 0
        except ZeroDivisionError as inner:
            raise ValueError("outer") from inner
    except ValueError as error:
        fields = pack_failure(error)
    assert "ZeroDivisionError: division by zero" in fields["traceback"]
    assert "direct cause" in fields["traceback"]


@pytest.mark.parametrize(
    ("error", "text"),
    [(HoldsALock("x"), "HoldsALock: held"), (Evil(), "Evil: <its message can't be had: RuntimeError>")],
)
def test_what_can_not_be_pickled_is_told(error, text):
    fields = pack_failure(raised(error))
    assert fields["payload"] is None
    back = there_and_back(raised(error))
    assert type(back) is RemoteError
    assert str(back) == text
    assert "task_of_the_user" in str(back.__cause__)


def test_the_parent_class_is_no_substitute():
    class Local(ValueError):
        pass

    back = there_and_back(raised(Local("defined in a function")))
    assert isinstance(back, ValueError)
    assert type(back).__name__ == "Local"


def test_what_can_not_be_read_is_told():
    fields = pack_failure(ValueError("x")) | {
        "payload": Payload("pickle", pickle.dumps(Unreadable())),
        "notes": ["kept"],
    }
    back = unpack_failure(fields)
    assert str(back) == "ValueError: x"
    assert back.__notes__ == ["kept", "The original error can't be read here: ImportError: gone."]
    fields["payload"] = Payload("pickle", pickle.dumps(NoError()))
    assert unpack_failure(fields).__notes__[1] == "The original error can't be read here: it was read as a str."
    fields["payload"] = Payload("gif", b"")
    assert "of kind 'gif' can't be read" in unpack_failure(fields).__notes__[1]


def test_frozen_exceptions():
    back = there_and_back(raised(Frozen(3)))
    assert back == Frozen(3) or type(back) is RemoteError


def test_huge_errors_are_cut():
    error = raised(ValueError("x" * 10_000_000))
    error.add_note("n" * 1_000_000)
    fields = pack_failure(error)
    assert len(msgpack.packb({**fields, "payload": None})) < 50_000
    assert fields["payload"] is None
    back = unpack_failure(fields)
    assert type(back) is ValueError
    assert "... 9990000 characters left out ..." in str(back)
    assert "characters left out" in back.__notes__[0]
    assert back.__notes__[1].startswith("This stands for the original error, of ")
    assert "are sent (distributed.admin.max-error-bytes)" in back.__notes__[1]


def test_endless_recursion():
    def deeper():
        return deeper() + 1

    try:
        deeper()
    except RecursionError as error:
        fields = pack_failure(error)
    assert len(fields["traceback"]) < 10_100
    assert isinstance(unpack_failure(fields), RecursionError)


def test_texts_that_have_no_utf8():
    back = there_and_back(HoldsALock("x")), there_and_back(raised(OSError(2, "gone", "file\udc80")))
    assert type(back[1]) is FileNotFoundError
    assert clipped("a\udc80") == "a\\udc80"


def test_errors_that_hold_much_are_sent_as_text():
    back = there_and_back(raised(ValueError("short", bytes(1_000_000))))
    assert type(back) is ValueError
    assert str(back).startswith("('short', b'")
    back = there_and_back(raised(KeyError("short", bytes(1_000_000))))
    assert type(back) is KeyError
    assert "('short', b'" in str(back)


@pytest.mark.parametrize(
    "error", [UnicodeDecodeError("utf-8", bytes(1_000_000), 0, 1, "x" * 100_000), TwoArguments(bytes(1_000_000), 2)]
)
def test_what_a_text_is_not_enough_for_is_told(error):
    back = there_and_back(raised(error))
    assert type(back) is RemoteError
    assert str(back).startswith(type(error).__name__)


def test_a_class_with_the_name_of_one_of_pythons_is_not_taken_for_it():
    made = type("TimeoutError", (Exception,), {"__reduce__": lambda self: (open, ("/nowhere",))})
    back = unpack_failure(pack_failure(made("x" * 1_000_000)) | {"payload": None})
    assert type(back) is RemoteError


def test_own_limits():
    error = raised(ValueError("x" * 1000))
    for at in range(30):
        error.add_note(f"{at} " + "n" * 97)
    fields = pack_failure(error, ErrorLimits(text_chars=300, pickled_bytes=200))
    assert fields["payload"] is None
    assert len(fields["text"]) < 350
    assert "700 characters left out" in fields["text"]
    assert len(fields["traceback"]) < 350
    assert sum(map(len, fields["notes"])) < 700
    assert fields["notes"][-2] == "(26 more notes were left out.)"
    assert fields["notes"][-1].startswith("This stands for the original error, of ")
    whole = pack_failure(raised(ValueError("x" * 1000)), ErrorLimits(300, 10_000))
    assert len(str(unpack_failure(whole))) == 1000


def test_clipping():
    assert clipped("short") == "short"
    text = clipped("a" * 15_000 + "b" * 15_000)
    assert text.startswith("aaa")
    assert text.endswith("bbb")
    assert len(text) < 10_050
