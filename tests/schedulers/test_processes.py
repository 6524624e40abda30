"""The processes scheduler for real: results, errors across the border, killed children, interrupts, and no leftovers."""

import faulthandler
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from operator import add

import numpy as np
import psutil
import pytest

from minidask import config
from minidask.schedulers import processes, sync, threads
from minidask.schedulers.callbacks import Callback
from minidask.schedulers.failure import BrokenWorkerError

# Each starts real processes.
pytestmark = pytest.mark.slow


def children():
    """Return the child processes that run tasks (multiprocessing's own helpers live as long as the program)."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if not any("resource_tracker" in part or "forkserver" in part for part in command(child))
    ]


def command(process):
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
    except psutil.ZombieProcess:
        return ["zombie"]


@pytest.fixture(autouse=True)
def nothing_stays(request, tmp_path_factory, monkeypatch):
    """No process (nor zombie), no thread and no temporary file is left by any of these tests."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    running = set(threading.enumerate())
    yield
    assert children() == []
    left = [thread for thread in threading.enumerate() if thread not in running]
    for thread in left:  # a pool's threads end by themselves, soon after the computation
        thread.join(10)
    assert not [thread for thread in left if thread.is_alive()]
    if "forkserver" not in request.node.name:  # whose socket is there as long as the server
        assert os.listdir(folder) == []


def get(graph, keys, **kwargs):
    return processes.get(graph, keys, **{"num_workers": 2, **kwargs})


def fail(value):
    raise ValueError(f"bad {value}")


# -- results -----------------------------------------------------------------------------------------------------------


def test_results_and_functions_of_every_kind():
    offset = 100

    def closure(x):
        return x + offset

    graph = {
        "x": (lambda: 1,),
        "y": (closure, "x"),
        "z": (sum, ["x", "y", 1000]),
        "list": [1, ("quoted", "x")],
        "pid": (os.getpid,),
    }
    assert get(graph, ["z", ["y", "list"]]) == (1102, (101, [1, ("quoted", 1)]))
    assert get(graph, "pid") != os.getpid()


@pytest.mark.parametrize("chunksize", [1, 7, 1000])
def test_many_tasks(chunksize):
    graph = {("x", at): (add, at, 0.5) for at in range(500)}
    graph["sum"] = (sum, list(graph))
    assert get(graph, "sum", chunksize=chunksize) == sum(range(500)) + 250


def test_tasks_run_at_the_same_time():
    def meet(folder, own, other):
        open(os.path.join(folder, own), "w").close()
        deadline = time.monotonic() + 20
        while not os.path.exists(os.path.join(folder, other)):
            assert time.monotonic() < deadline
            os.sched_yield()
        return os.getpid()

    with tempfile.TemporaryDirectory(prefix="minidask-test") as folder:
        pids = get({"x": (meet, folder, "a", "b"), "y": (meet, folder, "b", "a")}, ["x", "y"])
    assert len(set(pids)) == 2


def test_no_more_processes_than_there_is_work_for():
    assert len(set(get({at: (os.getpid,) for at in range(40)}, list(range(40)), num_workers=1))) == 1
    started = []
    chain = {0: (os.getpid,), **{at: (max, at - 1, 0.5) for at in range(1, 20)}}
    with Callback(posttask=lambda *event: started.append(len(children()))):
        get(chain, 19, num_workers=8, optimize_graph=False)
    assert set(started) == {1}


def test_a_hundred_megabytes_there_and_back():
    data = np.arange(13_000_000.0)
    graph = {"x": (np.add, data, 1), "y": (np.negative, "x")}
    with config.set({"optimization.graph-warning-size": "1 GiB"}):
        result = get(graph, ["x", "y"], optimize_graph=False)[1]
    assert (result[[0, -1]] == [-1, -13_000_000.0]).all()


def test_chains_are_fused_unless_told_otherwise():
    graph = {"x": (os.getpid,), "y": (abs, "x"), "z": (abs, "y")}
    seen = []
    with Callback(posttask=lambda key, *rest: seen.append(key)):
        get(graph, "z")
        get(graph, "z", optimize_graph=False)
    assert seen == ["z", "x", "y", "z"]


def test_nothing_to_do():
    assert get({}, []) == ()


def test_results_that_are_exceptions_are_results():
    assert repr(get({"x": (ValueError, "value")}, "x")) == "ValueError('value')"


# -- how children are made ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_every_way_to_start(method):
    with config.set({"multiprocessing.context": method}):
        assert get({"x": (os.getpid,)}, "x") != os.getpid()
        with pytest.raises(ValueError, match=r"bad 1"):
            get({"x": (fail, 1)}, "x")


def test_the_initializer_runs_first_in_each_child():
    def prepare():
        os.environ["PREPARED"] = "yes"

    def look():
        return os.environ.get("PREPARED")

    graph = {at: (look,) for at in range(4)}
    assert set(get(graph, list(graph), initializer=prepare)) == {"yes"}
    with config.set({"multiprocessing.initializer": prepare}):
        assert get({"x": (look,)}, "x") == "yes"
    assert "PREPARED" not in os.environ


def test_an_error_of_the_initializer_is_raised():
    with pytest.raises(ZeroDivisionError) as caught:
        get({"x": (int,)}, "x", initializer=lambda: 1 / 0)
    assert caught.value.__notes__[0].startswith("Raised in a child process that was starting, where the traceback was:")


def test_settings_go_along_but_the_scheduler():
    graph = {
        "x": (config.get, ("array.chunk-size", None)[0]),
        "y": (lambda: (config.get("scheduler"), config.get("num_workers")),),
    }
    with config.set({"array.chunk-size": "3 MiB", "scheduler": "processes"}):
        assert get(graph, ["x", "y"], num_workers=1)[0] == "3 MiB"
        scheduler, share = get(graph, "y", num_workers=1)
    assert scheduler is None
    assert share >= 1
    with config.set(num_workers=3):
        assert get(graph, "y") == (None, 3)


def test_a_pool_of_ones_own_is_used_and_not_shut_down():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        graph = {"x": (os.getpid,)}
        pids = {get(graph, "x", pool=pool, num_workers=None) for _ in range(3)}
        with config.set(pool=pool):
            pids.add(get(graph, "x"))
        assert pids == set(pool._processes)
        with pytest.raises(ValueError, match=r"bad 1"):
            get({"x": (fail, 1)}, "x", pool=pool)
        assert get(graph, "x", pool=pool) in pids


def test_a_setting_of_threads_does_not_stand_in_the_way():
    with ThreadPoolExecutor(1) as pool, config.set(pool=pool):
        assert get({"x": (os.getpid,)}, "x") != os.getpid()


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"num_workers": 0}, ValueError, "num_workers must be at least 1, got 0"),
        ({"num_workers": True}, TypeError, "num_workers must be an int, got bool"),
        ({"chunksize": 0}, ValueError, "chunksize must be at least 1, got 0"),
        ({"chunksize": "6"}, TypeError, "chunksize must be an int, got str"),
        ({"initializer": 3}, TypeError, "initializer must be callable without arguments, got int"),
        ({"pool": 3}, TypeError, "pool must be an executor of concurrent.futures, got int"),
    ],
)
def test_wrong_arguments(kwargs, error, message):
    with pytest.raises(error, match=message):
        get({"x": 1}, "x", **kwargs)


def test_threads_are_no_processes():
    with ThreadPool(1) as pool, pytest.raises(TypeError, match=r"a ThreadPool runs it in threads here"):
        get({"x": 1}, "x", pool=pool)


# -- errors ------------------------------------------------------------------------------------------------------------


def test_what_a_user_reads():
    with pytest.raises(ValueError, match=r"bad 3") as caught:
        get({"x": 3, "y": (fail, "x")}, "y", optimize_graph=False)
    (note,) = caught.value.__notes__
    lines = note.splitlines()
    assert lines[0].startswith("Raised by the task 'y' (fail). In the process ")
    assert lines[0].endswith(", the traceback was:")
    assert lines[1] == "    Traceback (most recent call last):"
    assert lines[2].endswith(", in fail")
    assert __file__ in lines[2], "the first frame is the user's"
    assert lines[3].strip() == 'raise ValueError(f"bad {value}")'
    assert lines[-1] == "    ValueError: bad 3"


def test_nested_errors_are_told_once():
    def inner():
        return threads.get({"in": (fail, 1)}, "in")

    with pytest.raises(ValueError, match=r"bad 1") as caught:
        get({"out": (inner,)}, "out")
    first, second = caught.value.__notes__
    assert first == "Raised by the task 'in' (fail)."
    assert second.count("Raised by the task") == 1
    assert second.startswith("Raised by the task 'out' (inner).")


@pytest.mark.parametrize("error", [StopIteration("s"), KeyboardInterrupt(), SystemExit(3)])
def test_every_kind_of_error_comes_through(error):
    def task():
        raise error

    with pytest.raises(type(error)) as caught:
        get({"x": (task,)}, "x")
    assert caught.value.args == error.args


def test_what_cannot_be_pickled_is_named():
    lock = threading.Lock()
    with pytest.raises(
        TypeError, match=r"the argument 0 of the task 'x' .* Make it inside the task, or use scheduler='th"
    ):
        get({"x": (id, lock)}, "x")
    with pytest.raises(TypeError, match=r"the function of the task 'x' .* because a function can't be pickled"):
        get({"x": (lambda: lock,)}, "x")
    with pytest.raises(TypeError, match=r"the result, a lock, can't be sent back .* Return plain data") as caught:
        get({"x": (threading.Lock,)}, "x")
    assert caught.value.__notes__[0].startswith("Raised by the task 'x' (allocate_lock).")


def test_large_data_in_a_graph_bring_a_warning():
    with pytest.warns(UserWarning, match=r"the graph carries 15.26 MiB of data to be pickled") as caught:
        assert get({"x": (np.sum, np.ones(2_000_000))}, "x") == 2_000_000
    assert caught[0].filename == __file__


# -- deaths ------------------------------------------------------------------------------------------------------------


def crash():
    # The tests' own handler would print to the standard error output.
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.parametrize(
    ("func", "args", "how"),
    [
        (os._exit, (3,), "exited with status 3"),
        (
            lambda: os.kill(os.getpid(), signal.SIGKILL),
            (),
            r"was killed by SIGKILL \(often because the machine ran out of",
        ),
        (crash, (), "was killed by SIGSEGV"),
    ],
)
def test_a_child_that_dies_breaks_the_computation(func, args, how):
    with pytest.raises(
        BrokenWorkerError, match=rf"the child process [0-9]+ {how}.*while it ran the task 'x' "
    ) as caught:
        get({"x": (func, *args), "y": (id, "x")}, "y", optimize_graph=False)
    assert caught.value.args


def test_a_child_that_dies_in_a_batch_names_the_batch():
    graph = {"a": (int,), "b": (os._exit, 3), "c": (int,)}
    with pytest.raises(BrokenWorkerError, match=r"one of the tasks 'a' \(int\), 'b' \(_exit\), 'c' \(int\)"):
        get(graph, ["a", "b", "c"], num_workers=1)


def test_a_child_that_dies_in_the_middle_of_its_answer():
    """Killed while a large result is under way, as by a machine short of memory: half a message is an error, no hang."""

    def task():
        from minidask.schedulers import serve

        connection_type = serve.Connection
        send = connection_type.send_bytes

        def half(self, data, *args):
            if len(data) > 2**20:
                # The header of the whole message, and a part of it.
                os.write(self.fileno(), len(data).to_bytes(4, "big") + bytes(data[: 2**16]))
                os.kill(os.getpid(), signal.SIGKILL)
            send(self, data, *args)

        connection_type.send_bytes = half
        return bytes(2**24)

    with pytest.raises(BrokenWorkerError, match=r"was killed by SIGKILL .* while it ran the task 'x'"):
        get({"x": (task,)}, "x")


def test_an_error_kills_what_runs_on():
    begun = time.monotonic()
    with pytest.raises(ValueError, match=r"bad"):
        get({"x": (time.sleep, 60), "y": (fail, 1)}, ["x", "y"], chunksize=1)
    assert time.monotonic() - begun < 10


def test_an_error_of_a_callback_ends_the_children():
    def raises(*args):
        raise OSError("callback")

    with Callback(posttask=raises), pytest.raises(OSError, match=r"callback"):
        get({"x": (int,), "y": (time.sleep, 60)}, ["x", "y"], chunksize=1)


# -- nesting -----------------------------------------------------------------------------------------------------------


def test_processes_inside_processes():
    def inner(level):
        if not level:
            return [os.getpid()]
        found = processes.get({("n", at): (inner, level - 1.0) for at in range(2)}, [("n", 0), ("n", 1)], num_workers=2)
        return [os.getpid(), *found[0], *found[1]]

    pids = get({"x": (inner, 1.0)}, "x")
    assert len(pids) == 3
    assert pids[0] not in pids[1:]
    assert os.getpid() not in pids


def nested_in_a_pool():
    return processes.get({"x": (abs, -5)}, "x", num_workers=1)


def test_processes_inside_pools_of_others():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(nested_in_a_pool).result(60) == 5
    with multiprocessing.get_context("spawn").Pool(1) as daemons:
        with pytest.raises(RuntimeError, match=r"this is a daemonic process, such as a multiprocessing.Pool makes"):
            daemons.apply(nested_in_a_pool)
        daemons.close()
        daemons.join()


def test_processes_from_threads():
    graph = {("x", at): (get, {"y": (abs, at * -1.5)}, "y") for at in range(3)}
    tasks = {("x", at): (lambda at=at: get({"y": (abs, at * -1.5)}, "y"),) for at in range(3)}
    assert threads.get(tasks, list(graph), num_workers=3) == (0.0, 1.5, 3.0)
    assert sync.get({"x": (os.getpid,)}, "x") == os.getpid()


# -- scripts -----------------------------------------------------------------------------------------------------------


def script(folder, text):
    path = folder / "script.py"
    path.write_text(textwrap.dedent(text))
    return path


def execute(*command, **kwargs):
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=60, **kwargs)


GUARDED = """
    from minidask.schedulers import processes

    class Point:
        def __init__(self, x):
            self.x = x

    def make(x):
        return Point(x)

    if __name__ == "__main__":
        point = processes.get({"p": (make, 3), "q": (lambda p: (p, p.x), "p")}, "q", num_workers=1, optimize_graph=False)
        print(type(point[0]) is Point, point[1])
"""


def test_a_script_with_its_own_classes(tmp_path):
    done = execute(script(tmp_path, GUARDED))
    assert (done.stdout, done.stderr) == ("True 3\n", "")


UNGUARDED = """
    from minidask.schedulers import processes
    print(processes.get({"x": (abs, -1)}, "x", num_workers=2))
"""


def test_a_script_without_a_guard_is_told_so(tmp_path):
    done = execute(script(tmp_path, UNGUARDED))
    assert done.returncode == 1
    last = done.stderr.rstrip().splitlines()[-1]
    assert last.startswith(
        "minidask.schedulers.failure.BrokenWorkerError: a child process could not start: it exited with s"
    )
    assert "under `if __name__ == '__main__':`" in last
    assert "was started while a child process was importing your script" in done.stderr


def test_a_script_from_standard_input_is_told_so():
    done = execute(input=textwrap.dedent(UNGUARDED))
    assert done.returncode == 1
    assert done.stderr.rstrip().splitlines()[-1] == (
        "RuntimeError: scheduler='processes' can't start child processes, because the running script, <stdin>, is no file "
        "that they could import. Save it to a file, with the code that computes under `if __name__ == '__main__':`, or use "
        "scheduler='threads'."
    )


def test_code_from_the_command_line():
    done = execute("-c", textwrap.dedent(UNGUARDED))
    assert (done.stdout, done.stderr) == ("1\n", "")


INTERRUPTED = """
    import os, sys, time
    import psutil
    from minidask.schedulers import processes

    def long(at):
        os.write(1, b"running %d\\n" % os.getpid())  # in one piece
        time.sleep(60)

    if __name__ == "__main__":
        try:
            processes.get({at: (long, str(at)) for at in range(10)}, list(range(10)), num_workers=2, chunksize=1)
        except KeyboardInterrupt:
            left = [p.cmdline() for p in psutil.Process().children(recursive=True)]
            print("left", [command for command in left if not any("resource_tracker" in part for part in command)], flush=True)
            raise
"""


def gone(pid):
    """Say whether a process is no more; a zombie counts only when it was reaped."""
    return not psutil.pid_exists(pid)


@pytest.mark.alone
@pytest.mark.parametrize("terminal", [True, False])
def test_ctrl_c_ends_the_program_and_its_children(tmp_path, terminal):
    path = script(tmp_path, INTERRUPTED)
    program = subprocess.Popen(
        [sys.executable, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with program:
        pids = [int(program.stdout.readline().split()[1]) for _ in range(2)]
        begun = time.monotonic()
        if terminal:  # which sends it to all processes of the session
            os.killpg(program.pid, signal.SIGINT)
        else:
            program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=20)
    assert time.monotonic() - begun < 2
    assert out == "left []\n"
    assert err.count("Traceback") == 1, err
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert all(map(gone, pids))


STARTING = """
    import os, signal, threading
    from minidask.schedulers import processes

    if __name__ == "__main__":
        os.setpgrp()
        from minidask.schedulers.callbacks import Callback
        def interrupt(*args):
            threading.Timer(0.03, os.killpg, (os.getpid(), signal.SIGINT)).start()
        with Callback(start_state=interrupt):
            processes.get({at: (sum, range(10**9)) for at in range(2)}, [0, 1], num_workers=2, chunksize=1)
"""


def test_ctrl_c_while_the_children_start_prints_one_traceback(tmp_path):
    done = execute(script(tmp_path, STARTING))
    assert done.stderr.count("Traceback") == 1, done.stderr
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")


def test_children_end_when_their_parent_is_killed(tmp_path):
    program = subprocess.Popen([sys.executable, script(tmp_path, INTERRUPTED)], stdout=subprocess.PIPE, text=True)
    with program:
        pids = [int(program.stdout.readline().split()[1]) for _ in range(2)]
        watched = [psutil.Process(pid) for pid in pids]
        program.kill()
        # The end of the pipe: the last of the processes that hold it has gone.
        program.communicate(timeout=20)
    _, alive = psutil.wait_procs(watched, timeout=20)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def test_a_second_scheduler_like_it_needs_no_more_than_an_executor():
    class Inline(Executor):
        def submit(self, fn, /, *args, **kwargs):
            from concurrent.futures import Future

            future = Future()
            future.set_result(fn(*args, **kwargs))
            return future

    assert get({"x": (os.getpid,)}, "x", pool=Inline()) == os.getpid()
