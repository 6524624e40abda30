from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import warnings

import pytest

import minidask_distributed
from minidask.schedulers.registry import current_runner
from minidask_distributed.protocol.payload import unpack
from minidask_distributed.worker import context
from minidask_distributed.worker.context import (
    Reschedule,
    RunningTask,
    get_current_task_annotations,
    get_current_task_key,
    get_worker,
    rejoin,
    running,
    running_task,
    secede,
    warn,
)


class RecordingWorker:
    """A host that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def secede(self, task):
        self.asked.append(("secede", task))

    def rejoin(self, task):
        self.asked.append(("rejoin", task))

    def notify(self, topic, content):
        self.asked.append((topic, content))


def in_task(function, key="x", annotations=None):
    """Run a function as a task; return its result and what its worker was asked."""
    worker = RecordingWorker()
    task = RunningTask(worker, 17, key, annotations or {})

    def run():
        running.set(task)
        return function()

    return contextvars.copy_context().run(run), worker, task


def test_a_task_knows_its_worker_key_and_annotations():
    got, worker, _ = in_task(
        lambda: (get_worker(), get_current_task_key(), get_current_task_annotations(), running_task().task),
        ("x", 3),
        {"priority": 2},
    )
    assert got == (worker, ("x", 3), {"priority": 2}, 17)
    assert repr(RunningTask(worker, 17, "x", {})) == "<RunningTask 'x' (17)>"


def test_annotations_are_the_askers_own():
    given = {"a": 1}

    def change():
        get_current_task_annotations()["a"] = 2

    in_task(change, annotations=given)
    assert given == {"a": 1}


def test_seceding_and_rejoining_ask_the_worker():
    _, worker, task = in_task(lambda: (secede(), rejoin()))
    assert worker.asked == [("secede", task), ("rejoin", task)]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (get_worker, r"get_worker\(\)"),
        (secede, r"secede\(\)"),
        (rejoin, r"rejoin\(\)"),
        (get_current_task_key, r"get_current_task_key\(\)"),
        (get_current_task_annotations, r"get_current_task_annotations\(\)"),
    ],
)
def test_outside_of_tasks(function, name):
    with pytest.raises(ValueError, match=f"^{name} is for code that runs in a task on a worker"):
        function()


def test_a_thread_that_a_task_starts_is_not_the_task():
    errors = []

    def ask():
        try:
            get_worker()
        except ValueError as error:
            errors.append(error)

    def task():
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    in_task(task)
    assert len(errors) == 1


def test_coroutine_tasks_on_one_loop_see_their_own():
    async def ask(key):
        running.set(RunningTask(RecordingWorker(), 1, key, {}))
        await asyncio.sleep(0)
        return get_current_task_key(), await asyncio.to_thread(get_current_task_key)

    async def main():
        return await asyncio.gather(*[asyncio.create_task(ask(key)) for key in range(5)])

    assert asyncio.run(main()) == [(key, key) for key in range(5)]
    assert running.get() is None


def test_reschedule_is_an_exception_of_its_own():
    assert issubclass(Reschedule, Exception)


# ---------------------------------------------------------------- print


def test_print_outside_of_tasks_is_the_built_in(capsys, tmp_path):
    context.print("a", 1, sep="-", end="!\n")
    with open(tmp_path / "file", "w") as file:
        context.print("b", file=file, flush=True)
    assert capsys.readouterr().out == "a-1!\n"
    assert (tmp_path / "file").read_text() == "b\n"


@pytest.mark.parametrize(
    ("args", "options", "text"),
    [
        (("a", 1, None), {}, "a 1 None\n"),
        ((), {}, "\n"),
        ((1, 2), {"sep": "", "end": ""}, "12"),
        ((1,), {"sep": None, "end": None}, "1\n"),
    ],
)
def test_print_in_a_task_goes_to_both(capsys, args, options, text):
    _, worker, _ = in_task(lambda: context.print(*args, **options))
    assert worker.asked == [("print", {"text": text, "stream": "stdout"})]
    assert capsys.readouterr().out == text


def test_print_to_the_error_stream(capsys):
    _, worker, _ = in_task(lambda: context.print("x", file=sys.stderr))
    assert worker.asked == [("print", {"text": "x\n", "stream": "stderr"})]
    assert capsys.readouterr().err == "x\n"


def test_print_in_a_task_to_another_file(tmp_path):
    with (
        open(tmp_path / "file", "w") as file,
        pytest.raises(TypeError, match=r"file= must be None, sys\.stdout or sys\.stderr"),
    ):
        in_task(lambda: context.print("x", file=file))


def test_print_with_a_bad_separator():
    with pytest.raises(TypeError, match="sep must be None or a string"):
        in_task(lambda: context.print("x", sep=1))


# ---------------------------------------------------------------- warn


class OwnWarning(UserWarning):
    pass


def test_warn_outside_of_tasks_is_the_built_in():
    with pytest.warns(OwnWarning, match="careful") as caught:
        warn("careful", OwnWarning)
    assert caught[0].filename == __file__


def test_warn_in_a_task_goes_to_both():
    with pytest.warns(OwnWarning, match="careful") as caught:
        _, worker, _ = in_task(lambda: warn("careful", OwnWarning))
    assert caught[0].filename == __file__
    [(topic, content)] = worker.asked
    assert (topic, content["text"], content["category"]) == ("warn", "careful", "OwnWarning")
    assert unpack(content["warning"]) == ("careful", OwnWarning)


def test_a_warning_object_and_no_category():
    with pytest.warns(DeprecationWarning, match="old"):
        _, worker, _ = in_task(lambda: warn(DeprecationWarning("old"), None))
    assert worker.asked[0][1]["category"] == "DeprecationWarning"


def test_a_warning_that_cannot_be_pickled_goes_as_text():
    class Odd(UserWarning):
        def __reduce__(self):
            raise TypeError("not me")

    with pytest.warns(Odd):
        _, worker, _ = in_task(lambda: warn(Odd("strange")))
    assert worker.asked == [("warn", {"text": "strange", "category": "Odd", "warning": None})]


def test_a_bad_category():
    with pytest.raises(TypeError, match="category must be a Warning subclass"):
        in_task(lambda: warn("x", int))


def test_a_filter_of_the_worker_makes_an_error_of_it_but_clients_still_hear():
    worker = RecordingWorker()

    def task():
        running.set(RunningTask(worker, 1, "x", {}))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warn("careful")

    with pytest.raises(UserWarning, match="careful"):
        contextvars.copy_context().run(task)
    assert worker.asked[0][1]["text"] == "careful"


def test_collections_in_tasks_compute_on_the_tasks_cluster(monkeypatch):
    class Client:
        def get(self, dsk, keys, **kwargs):
            return "on the cluster"

    client = Client()
    monkeypatch.setattr(minidask_distributed, "get_client", lambda: client, raising=False)
    before = current_runner()
    found, _, _ = in_task(current_runner)
    assert found == client.get
    assert current_runner() == before


def test_a_task_that_never_had_a_slot_has_not_seceded():
    assert not RunningTask(RecordingWorker(), 1, "x", {}).seceded
