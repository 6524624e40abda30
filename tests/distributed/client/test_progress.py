"""Progress bars over futures: what is counted, what is drawn, and when they end."""

import asyncio
import gc
import io
import os
import textwrap
import threading

import pytest

from minidask_distributed.client.progress import NotebookProgress, Tracker, progress
from tests.distributed.client.scripted import connected, in_loop, on_loop

pytestmark = pytest.mark.network


def double(x):
    return 2 * x


def divide(x):
    return 1 // x


class Counts:
    """The scheduler's answers, one after another; the last one stays."""

    def __init__(self, scheduler, *answers):
        self.answers = list(answers)
        self.asked = []
        self.was_asked = threading.Event()
        scheduler.handlers["progress"] = self

    def __call__(self, session, tasks):
        self.asked.append(tasks)
        self.was_asked.set()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def arrived(client):
    client.sync(client.call, "locate", tasks=[])


def test_the_bar_of_what_is_done():
    with connected() as (scheduler, client):
        counts = Counts(scheduler, {"double": {"memory": 3}, "sum": {"memory": 1}})
        futures = client.map(double, range(3))
        client.gather(futures)
        out = io.StringIO()
        assert progress(futures, notebook=False, out=out, width=10) is None
        assert out.getvalue().startswith("[##########] | 100% Completed | ")
        assert counts.asked == [[future._state.id for future in futures]]


def test_the_bar_waits_for_the_futures():
    with connected(auto=False) as (scheduler, client):
        counts = Counts(
            scheduler, {"double": {"waiting": 1, "processing": 1}}, {"double": {"memory": 1, "processing": 1}}
        )
        futures = client.map(double, range(2))
        out = io.StringIO()
        drawing = threading.Thread(
            target=progress, args=futures, kwargs={"out": out, "interval": "1ms", "notebook": False}
        )
        drawing.start()
        assert counts.was_asked.wait(10)
        assert drawing.is_alive()
        arrived(client)
        on_loop(scheduler.run, scheduler.sessions[0])
        drawing.join(10)
        assert not drawing.is_alive()
        assert "100% Completed" in out.getvalue()


def test_what_fails_stops_the_bar():
    with connected() as (scheduler, client):
        Counts(scheduler, {"divide": {"erred": 1}})
        out = io.StringIO()
        progress(client.submit(divide, 0), notebook=False, out=out)
        assert "Stopped" in out.getvalue()


def test_what_is_cancelled_stops_the_bar():
    with connected(auto=False) as (scheduler, client):
        Counts(scheduler, {"double": {"processing": 1}})
        future = client.submit(double, 1)
        future.cancel()
        out = io.StringIO()
        progress(future, notebook=False, out=out)
        assert "Stopped" in out.getvalue()


def test_what_was_done_before_may_be_left_out():
    with connected(auto=False) as (scheduler, client):
        before = {"load": {"memory": 8, "processing": 2}, "sum": {"waiting": 1}}
        after = {"load": {"memory": 9, "processing": 1}, "sum": {"waiting": 1}}
        Counts(scheduler, before, after)
        tracker = Tracker([client.submit(double, 1)], complete=False)
        client.sync(tracker.update)
        assert tracker.rows() == [("load", 0, 0, 2), ("sum", 0, 0, 1)]
        client.sync(tracker.update)
        assert tracker.rows() == [("load", 1, 0, 2), ("sum", 0, 0, 1)]
        assert len(tracker.state["finished"]) == 1
        assert len(tracker.state["waiting"]) == 2


def test_all_is_counted_otherwise():
    with connected(auto=False) as (scheduler, client):
        Counts(scheduler, {"load": {"memory": 8, "released": 1, "erred": 1}, "sum": {"waiting": 1}})
        tracker = Tracker([client.submit(double, 1)], complete=True)
        client.sync(tracker.update)
        assert tracker.rows() == [("load", 10, 1, 10), ("sum", 0, 0, 1)]


def test_questions_are_rare_where_answers_take_long():
    with connected(auto=False) as (scheduler, client):
        Counts(scheduler, {})
        tracker = Tracker([client.submit(double, 1)], complete=True)
        client.sync(tracker.update)
        assert 0 < tracker.pause_s < 10


def test_in_a_coroutine():
    async def work(scheduler, client):
        Counts(scheduler, {"double": {"processing": 1}}, {"double": {"memory": 1}})
        out = io.StringIO()
        future = client.submit(double, 1)
        drawing = asyncio.ensure_future(progress(future, notebook=False, out=out, interval="1ms"))
        while not scheduler.sessions[0].rows:
            await asyncio.sleep(0)
        scheduler.run(scheduler.sessions[0])
        await drawing
        return out.getvalue()

    assert "100% Completed" in in_loop(work, auto=False)


def test_the_widget_of_a_notebook():
    with connected() as (scheduler, client):
        Counts(scheduler, {"<sum>": {"memory": 1, "waiting": 2}, "double": {"memory": 3, "erred": 1}})
        futures = client.map(double, range(3))
        client.gather(futures)
        widget = progress(futures, notebook=True)
        assert isinstance(widget, NotebookProgress)
        assert repr(widget) == "<progress: 0 of 0 tasks>"
        client.sync(widget._tracker.update)
        text = widget._repr_html_()
        assert repr(widget) == "<progress: 5 of 7 tasks>"
        assert "&lt;sum&gt;" in text
        assert '<progress value="1" max="3"' in text
        assert "1 failed" in text
        assert "Completed in" in text
        one = progress(futures, notebook=True, multi=False)
        client.sync(one._tracker.update)
        assert one._repr_html_().count("<progress ") == 1
        assert '<progress value="5" max="7"' in one._repr_html_()


def test_the_widget_says_what_failed():
    with connected() as (scheduler, client):
        Counts(scheduler, {"divide": {"erred": 1}})
        future = client.submit(divide, 0)
        future.exception()
        widget = progress(future, notebook=True)
        assert "ZeroDivisionError: integer division or modulo by zero" in widget._repr_html_()


@pytest.mark.parametrize("nothing", [[], 5, None])
def test_nothing_to_show(nothing):
    with pytest.raises(ValueError, match="progress needs futures, or collections that were persisted"):
        progress(nothing)


def test_wrong_arguments():
    with connected() as (_, client):
        future = client.submit(double, 1)
        with pytest.raises(ValueError, match="group_by can only be 'prefix', got 'span'"):
            progress(future, group_by="span")
        with pytest.raises(ValueError, match="interval is the time between updates and must be positive, got 0"):
            progress(future, interval=0)
        with pytest.raises(ValueError, match="width is a number of characters"):
            progress(future, width=0, notebook=False)


@pytest.mark.slow
# Both of these come from inside jupyter_client, on some versions of it.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client.*")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq.*")
def test_in_a_real_notebook_kernel():
    manager = pytest.importorskip("jupyter_client.manager", reason="needs jupyter_client")
    pytest.importorskip("ipykernel", reason="needs ipykernel")
    program = """
        import sys, threading
        sys.path.insert(0, %r)
        from minidask_distributed.client.progress import progress
        from tests.distributed.client.scripted import connected
        context = connected()
        scheduler, client = context.__enter__()
        scheduler.handlers["progress"] = lambda session, tasks: {"abs": {"memory": 3}}
        widget = progress(client.map(abs, range(3)))
        display(widget)
        widget._following.result(20)
        context.__exit__(None, None, None)
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
    assert [message["msg_type"] for message in shown] == ["display_data", "update_display_data"]
    assert len({message["content"]["transient"]["display_id"] for message in shown}) == 1
    last = shown[-1]["content"]["data"]
    assert '<progress value="3" max="3"' in last["text/html"]
    assert last["text/plain"] == "<progress: 3 of 3 tasks>"
