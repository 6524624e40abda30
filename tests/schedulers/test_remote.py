"""What crosses to another process and back: parcels, answers, failures, and what is said about what can't cross."""

import pickle
import threading
from operator import add

import cloudpickle
import pytest

from minidask.graph import convert
from minidask.graph.task import Task
from minidask.optimize.fuse import fuse
from minidask.schedulers.failure import RemoteError
from minidask.schedulers.remote import Answer, Failure, Parcel, pack, run_parcel, run_pickled


def crossed(value):
    return pickle.loads(pickle.dumps(value, protocol=5))


class FromText(Exception):
    """Its constructor makes another message of its arguments: called again it would say it twice."""

    def __init__(self, code):
        super().__init__(f"failed with {code}")
        self.code = code


class Needy(Exception):
    """Its constructor can't be called with what ``args`` holds."""

    def __init__(self, message, *, reason):
        super().__init__(message)
        self.reason = reason


class Locked(Exception):
    """It holds what can't be pickled."""

    def __init__(self):
        super().__init__("locked up")
        self.lock = threading.Lock()


class OnlyThere(Exception):
    """It can be read where it was made, and nowhere else."""

    def __reduce__(self):
        return _only_there, ()


here = [False]


def _only_there():
    if here[0]:
        raise ImportError("no such module here")
    return OnlyThere()


def failed(error):
    def task():
        raise error

    (failure,) = run_parcel(Parcel(["k"], [Task(task)])).values
    return failure


def test_values_stay_the_same_objects_in_one_process():
    value = [object()]
    answer = run_parcel(Parcel(["k"], [Task(lambda: value)]))
    assert answer.take(0) is value
    assert answer.values == [None], "an answer forgets what was taken"


def test_lambdas_cross_both_ways():
    answer = crossed(run_parcel(crossed(Parcel(["k"], [Task(lambda x: lambda y: x + y, (1,))]))))
    assert answer.take(0)(2) == 3


def test_what_follows_a_failure_is_not_run():
    ran = []
    answer = run_parcel(Parcel([1, 2, 3], [Task(ran.append, (1,)), Task(divmod, (1, 0)), Task(ran.append, (3,))]))
    assert ran == [1]
    assert answer.values[0] is None
    assert answer.values[1] is answer.values[2]
    assert isinstance(answer.values[1].error(), ZeroDivisionError)


@pytest.mark.parametrize(
    "error", [ValueError("bad"), KeyError("k"), OSError(2, "no", "file"), KeyboardInterrupt(), SystemExit(3)]
)
def test_an_error_crosses_as_itself(error):
    failure = crossed(failed(error))
    assert type(failure.error()) is type(error)
    assert failure.error().args == error.args
    assert str(failure.error()) == str(error)
    assert failure.traceback.startswith("Traceback")
    assert "in task\n    raise error" in failure.traceback


def test_errors_whose_constructors_cannot_be_called_again_keep_their_type():
    error = crossed(failed(FromText(7))).error()
    assert (type(error), str(error), error.code) == (FromText, "failed with 7", 7)
    error = crossed(failed(Needy("bad", reason="why"))).error()
    assert (type(error), str(error), error.reason) == (Needy, "bad", "why")


def test_an_error_that_cannot_cross_leaves_its_text():
    error = crossed(failed(Locked())).error()
    assert type(error) is RemoteError
    assert str(error).endswith("Locked: locked up")


def test_an_error_that_can_be_read_there_only_leaves_its_text():
    data = pickle.dumps(failed(OnlyThere()), protocol=5)
    here[0] = True
    try:
        error = pickle.loads(data).error()
    finally:
        here[0] = False
    assert type(error) is RemoteError
    assert error.__notes__ == ["The original error can't be read here: ImportError: no such module here."]


def test_causes_are_in_the_text_and_notes_cross_once():
    def task():
        try:
            {}["missing"]
        except KeyError as error:
            problem = ValueError("second")
            problem.add_note("a note")
            raise problem from error

    (failure,) = crossed(run_parcel(Parcel(["k"], [Task(task)]))).values
    failure = pickle.loads(failure)
    assert "KeyError: 'missing'" in failure.traceback
    assert "direct cause" in failure.traceback
    assert "a note" not in failure.traceback
    assert failure.error().__notes__ == ["a note"]


def test_an_unpicklable_function_argument_or_literal_is_named():
    lock = threading.Lock()
    for task, part in [
        (Task(lambda: lock), "function"),
        (Task(id, (1, lock)), "argument 1"),
        (Task(dict, (), {"held": lock}), "argument 'held'"),
    ]:
        with pytest.raises(TypeError) as caught:
            Parcel(["fine", "culprit"], [Task(int), task]).pickled()
        text = str(caught.value)
        assert text.startswith(f"the {part} of the task 'culprit' (")
        assert "because a " in text
        assert "cannot pickle '_thread.lock' object" in text
        assert text.endswith("Make it inside the task, or use scheduler='threads'.")


def test_what_is_unpicklable_in_fused_work_is_named():
    lock = threading.Lock()
    fused = fuse(convert({"x": lock, "y": (id, "x")}), ["y"])
    with pytest.raises(TypeError, match=r"the literal of the task 'y' .* a lock can't be pickled"):
        Parcel(["y"], [fused["y"]]).pickled()
    fused = fuse(convert({"x": 1, "y": (lambda x: lock, "x")}), ["y"])
    with pytest.raises(TypeError, match=r"the function <lambda> of the task 'y' .* a function can't be pickled"):
        Parcel(["y"], [fused["y"]]).pickled()


class NeitherHere:
    """It can be pickled, and not be read again."""

    def __reduce__(self):
        return int, ("not a number",)


def test_an_argument_that_cannot_be_read_there():
    data = Parcel(["k"], [Task(id, (NeitherHere(),))]).pickled()
    (failure,) = run_pickled(data, 1).values
    assert isinstance(failure.error(), ValueError)
    assert "could not be read in the worker process" in failure.error().__notes__[0]


def test_results_that_cannot_cross_are_failures_of_their_own_task():
    answer = crossed(Answer([1, threading.Lock(), NeitherHere(), 4]))
    values = [answer.take(at) for at in range(4)]
    assert (values[0], values[3]) == (1, 4)
    assert isinstance(values[1], Failure)
    assert str(values[1].error()).startswith(
        "the result, a lock, can't be sent back from its process, because it can't be"
    )
    assert str(values[1].error()).endswith("Return plain data, or use scheduler='threads'.")
    assert "can't be read here: ValueError: invalid literal" in str(values[2].error())


def test_results_that_are_exceptions_are_results():
    answer = crossed(Answer([ValueError("value")]))
    assert isinstance(answer.take(0), ValueError)


def test_classes_of_a_program_are_the_programs_own_again():
    """As with a class of ``__main__``: it goes out by value and its instances come back as instances of the same class."""

    class Local:
        pass

    answer = crossed(run_parcel(crossed(Parcel(["k"], [Task(Local)]))))
    assert type(answer.take(0)) is Local


def test_packing_prefers_plain_pickle():
    assert pack(add) == pickle.dumps(add, protocol=5)
    assert cloudpickle.loads(pack(lambda: 5))() == 5
