"""ProgressBar: what it writes to terminals, logs and notebooks, and that it leaves no thread behind."""

import gc
import io
import os
import subprocess
import sys
import textwrap
import threading
from operator import add

import pytest

from minidask.diagnostics import ProgressBar, progress
from minidask.schedulers import sync, threads

GETS = pytest.mark.parametrize("get", [sync.get, threads.get])
GRAPH = {"x": 1, "y": (add, "x", 10), "z": (add, "y", "x")}


class Terminal(io.StringIO):
    """A text file that says it is a terminal, and tells when something was written."""

    def __init__(self):
        super().__init__()
        self.drawn = threading.Event()

    def isatty(self):
        return True

    def write(self, text):
        super().write(text)
        self.drawn.set()

    def frames(self):
        return self.getvalue().split("\r")[1:]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "minidask-progress"]


@GETS
def test_final_state(get):
    out = Terminal()
    with ProgressBar(out=out) as bar:
        assert get(GRAPH, "z") == 12
    last = out.frames()[-1]
    assert last.startswith(f"[{'#' * 40}] | 100% Completed | ")
    assert last.endswith("s\n")
    assert bar.last_duration > 0


@GETS
def test_draws_while_tasks_run(get):
    out = Terminal()

    def wait(_):
        out.drawn.clear()
        assert out.drawn.wait(30)

    with ProgressBar(out=out, dt=0.01, width=10):
        get({"a": (add, 1, 1), "b": (wait, "a"), "c": (add, 1, "a"), "d": (add, "a", "c")}, ["b", "c", "d"])
    frames = out.frames()
    assert len(frames) >= 2
    assert "[##########]" not in frames[0]
    assert "100%" not in frames[0]
    fractions = [frame.count("#") for frame in frames]
    assert fractions == sorted(fractions)


def test_minimum_hides_short_computations():
    out = Terminal()
    with ProgressBar(minimum=100, out=out, dt=0.001) as bar:
        sync.get(GRAPH, "z")
    assert out.getvalue() == ""
    assert bar.last_duration > 0


@GETS
def test_error_leaves_the_state_that_was_reached(get):
    out = Terminal()
    graph = {"a": (add, 1, 1), "b": (divmod, "a", 0), "c": (add, "b", 1), "d": (add, "c", 1)}
    with ProgressBar(out=out, width=8), pytest.raises(ZeroDivisionError):
        get(graph, "d")
    assert out.frames()[-1].startswith("[##      ] |  25% Stopped | ")
    assert out.getvalue().endswith("\n")


def test_interrupt():
    def interrupt():
        raise KeyboardInterrupt

    out = Terminal()
    with ProgressBar(out=out), pytest.raises(KeyboardInterrupt):
        sync.get({"x": (interrupt,)}, "x")
    assert "Stopped" in out.frames()[-1]


@GETS
def test_nested_computations_draw_one_line(get):
    out = Terminal()

    def nested(value):
        return get({"n": (add, value, 1), "m": (add, "n", 1)}, "m")

    bar = ProgressBar(out=out)
    bar.register()
    try:
        assert get({"x": (nested, 1), "y": (nested, "x")}, "y") == 5
    finally:
        bar.unregister()
    assert out.getvalue().count("\n") == 1
    assert out.frames()[-1].startswith(f"[{'#' * 40}]")


def test_a_computation_that_outlives_an_older_one_gets_its_line():
    out = Terminal()
    first_runs, second_runs, first_ended = (threading.Event() for _ in range(3))
    bar = ProgressBar(out=out)

    def first():
        first_runs.set()
        assert second_runs.wait(30)

    def second():
        second_runs.set()
        assert first_ended.wait(30)

    bar.register()
    try:
        older = threading.Thread(target=sync.get, args=({"x": (first,)}, "x"))
        younger = threading.Thread(target=sync.get, args=({"y": (second,)}, "y"))
        older.start()
        assert first_runs.wait(30)
        younger.start()
        older.join()
        first_ended.set()
        younger.join()
    finally:
        bar.unregister()
    assert out.getvalue().count("100% Completed") == 2
    assert out.getvalue().count("\n") == 2


def test_several_computations_of_one_bar():
    out = Terminal()
    with ProgressBar(out=out):
        for _ in range(3):
            sync.get(GRAPH, "z")
    assert out.getvalue().count("\n") == 3


def test_empty_computation():
    out = Terminal()
    with ProgressBar(out=out):
        assert sync.get({}, []) == ()
    assert "100% Completed" in out.getvalue()


def test_standard_output_that_is_no_terminal_gets_one_line(capsys):
    with ProgressBar(dt=0.001):
        sync.get(GRAPH, "z")
    text = capsys.readouterr().out
    assert "\r" not in text
    assert text.count("\n") == 1
    assert text.startswith(f"[{'#' * 40}] | 100% Completed | ")


def test_log_gets_lines_now_and_then(monkeypatch):
    monkeypatch.setattr(progress, "LOG_INTERVAL_S", 0.02)

    class Log(Terminal):
        def isatty(self):
            return False

    out = Log()

    def wait():
        assert out.drawn.wait(30)

    with ProgressBar(out=out, dt=0.001):
        sync.get({"x": (wait,)}, "x")
    lines = out.getvalue().splitlines()
    assert len(lines) >= 2
    assert "  0% Completed" in lines[0]
    assert "100% Completed" in lines[-1]


def test_no_standard_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with ProgressBar():
        assert sync.get(GRAPH, "z") == 12


def test_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    out = Terminal()
    with ProgressBar(out=out):
        sync.get(GRAPH, "z")
    assert max(map(len, out.frames())) <= 41
    assert "100% Completed" in out.getvalue()


def test_output_that_breaks_is_an_error_of_the_computation():
    class Broken(Terminal):
        def write(self, text):
            self.drawn.set()
            raise OSError("the disk is full")

    out = Broken()

    def wait():
        assert out.drawn.wait(30)

    with ProgressBar(out=out, dt=0.001), pytest.raises(OSError, match="the disk is full"):
        sync.get({"x": (wait,)}, "x")


def test_percent_is_100_only_when_all_is_done():
    assert progress._percent(9_999_999 / 10_000_000) == 99
    assert progress._percent(1.0) == 100


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"minimum": -1}, ValueError, "minimum is in seconds and can't be negative, got -1"),
        ({"minimum": float("nan")}, ValueError, "can't be negative, got nan"),
        ({"width": 0}, ValueError, "width is a number of characters, at least 1, got 0"),
        ({"dt": 0}, ValueError, "dt is the seconds between updates and must be positive, got 0"),
        ({"out": "progress.txt"}, TypeError, "out must be a text file to write to, not str"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        ProgressBar(**arguments)


def test_costs_nothing_per_task():
    start, start_state, pretask, posttask, finish = ProgressBar()._callback
    assert (start, pretask, posttask) == (None, None, None)
    assert start_state
    assert finish


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_in_a_real_terminal():
    program = """
        from operator import add
        from minidask.diagnostics import ProgressBar
        from minidask.schedulers.threads import get
        with ProgressBar(width=10):
            print(get({"x": (add, 1, 2)}, "x"))
    """
    ours, theirs = os.openpty()
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=theirs, cwd=os.getcwd())
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 4096):
            text += part
    except OSError:
        pass  # Linux: the terminal's other end was closed
    finally:
        os.close(ours)
    assert process.wait(60) == 0
    first, second, *rest = text.decode().splitlines()
    assert [first, second] == ["", "[##########] | 100% Completed | " + second.rpartition("| ")[2]]
    assert rest == ["3"]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(120)
# Both of these come from inside jupyter_client, on some versions of it.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client.*")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq.*")
def test_in_a_real_notebook_kernel():
    manager = pytest.importorskip("jupyter_client.manager", reason="needs jupyter_client")
    pytest.importorskip("ipykernel", reason="needs ipykernel")
    program = """
        import sys
        sys.path.insert(0, %r)
        import threading
        from minidask.diagnostics import ProgressBar
        from minidask.schedulers.threads import get
        with ProgressBar(dt=0.01):
            get({"x": (threading.Event().wait, 0.3)}, "x")
    """
    kernel, client = manager.start_new_kernel(kernel_name="python3", extra_arguments=["--HistoryManager.enabled=False"])
    messages = []
    try:
        reply = client.execute_interactive(
            textwrap.dedent(program) % os.getcwd(), timeout=60, output_hook=messages.append, store_history=False
        )
        assert reply["content"]["status"] == "ok", messages
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
        kernel.cleanup_resources()
        kernel.context.destroy(linger=0)
        gc.collect()
    shown = [message for message in messages if "display_data" in message["msg_type"]]
    assert [message["msg_type"] for message in shown[:1]] == ["display_data"]
    assert {message["msg_type"] for message in shown[1:]} == {"update_display_data"}
    assert len({message["content"]["transient"]["display_id"] for message in shown}) == 1
    first, last = shown[0]["content"]["data"], shown[-1]["content"]["data"]
    assert '<progress value="0.0000"' in first["text/html"]
    assert '<progress value="1.0000"' in last["text/html"]
    assert "100% Completed" in last["text/plain"]
