"""Pictures of records: by functions, and by a client of a real cluster."""

from __future__ import annotations

import time
from operator import add

import pytest

import minidask_distributed
from minidask_distributed import get_task_stream
from minidask_distributed.dashboard import filling, pictures
from minidask_distributed.profile_tree import Node

pytest.importorskip("bokeh")


def record(key, worker="tcp://127.0.0.1:4000", thread=0, start=100.0, stop=100.5):
    moments = [{"action": "compute", "start": start, "stop": stop}]
    return {"key": key, "worker": worker, "thread": thread, "status": "OK", "nbytes": 28, "startstops": moments}


def rows_of(figure):
    from bokeh.models import ColumnDataSource

    return next(s.data for s in figure.select({"type": ColumnDataSource}) if "left" in s.data)


def test_a_row_a_thread_and_a_rectangle_a_task():
    records = [
        record("inc-1"),
        record("inc-2", thread=1, start=100.25),
        record(("x", 0), "tcp://127.0.0.1:4001", thread=3, stop=101.0),
        record(None),
    ]
    figure = pictures.task_stream(records)
    rows = rows_of(figure)
    assert rows["y"] == [0, 1, 2, 0]
    assert rows["name"] == ["inc-1", "inc-2", "('x', 0)", "(forgotten)"]
    assert rows["color"][0] == rows["color"][1] != rows["color"][2]
    assert rows["duration_text"][:2] == ["500.00 ms", "250.00 ms"]
    assert figure.yaxis[0].major_label_overrides == {0.5: "127.0.0.1:4000", 2.0: "127.0.0.1:4001"}
    assert figure.x_range.start < rows["left"][0] < max(rows["right"]) < figure.x_range.end
    assert (figure.y_range.start, figure.y_range.end) == (2.5, -0.5)


def test_workers_by_their_names():
    figure = pictures.task_stream([record("inc-1")], names={"tcp://127.0.0.1:4000": "alice"})
    assert list(figure.yaxis[0].major_label_overrides.values()) == ["alice"]
    assert rows_of(figure)["worker"] == ["alice"]


def test_no_tasks():
    assert rows_of(pictures.task_stream([]))["name"] == []


def test_of_too_many_tasks_the_longest_are_shown_and_the_title_says_so(monkeypatch):
    monkeypatch.setattr(pictures, "MOST", 2)
    figure = pictures.task_stream([record("a-1"), record("b-1", stop=102), record("c-1", stop=101)])
    assert rows_of(figure)["name"] == ["b-1", "c-1"]
    assert figure.title.text == "the 2 longest of 3 tasks"


def test_a_flame_graph(tmp_path):
    tree = Node()
    for _ in range(9):
        tree.add([("a.py", "outer", 1), ("b.py", "inner", 2)], [1, 3].__getitem__)
    tree.add([("c.py", "a_function_with_a_long_name", 1)], [1].__getitem__)
    file = tmp_path / "profile.html"
    figure = pictures.profile(tree, str(file))
    rows = rows_of(figure)
    assert rows["name"] == ["root", "outer", "inner", "a_function_with_a_long_name"]
    assert rows["text"][:3] == ["all samples", "outer · a.py", "inner · b.py"]
    assert rows["text"][3].endswith("…")
    assert "inner" in file.read_text()


def test_without_samples():
    assert rows_of(pictures.profile(Node()))["name"] == []


def test_without_bokeh_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(filling, "bokeh_scripts", lambda: None)
    for draw in (lambda: pictures.task_stream([record("inc-1")]), lambda: pictures.profile(Node())):
        with pytest.raises(ImportError, match=r'pip install "minidask\[diagnostics\]"'):
            draw()


def spin(x):
    until = time.monotonic() + 0.05
    while time.monotonic() < until:
        pass
    return x


@pytest.mark.slow
@pytest.mark.network
def test_a_clients_records(tmp_path, monkeypatch):
    stream, profile, block = (str(tmp_path / name) for name in ("stream.html", "profile.html", "block.html"))
    with (
        minidask_distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        minidask_distributed.Client(cluster) as client,
    ):
        with get_task_stream(client, plot="save", filename=block) as collected:
            client.submit(add, 1, 2, key="<script>-1").result()
            # By samples, not by the clock: on a busy machine they come late.
            for _ in range(100):
                client.gather(client.map(spin, range(2), pure=False))
                if client.profile("spin")["count"]:
                    break
        records, figure = client.get_task_stream(plot="save", filename=stream)
        assert len(rows_of(figure)["name"]) == len(records) > 2
        assert "<script>-1" in rows_of(collected.figure)["name"]
        state, flame = client.profile("spin", filename=profile)
        assert "spin" in rows_of(flame)["name"]
        assert state["count"]
        bare, again = client.get_task_stream(plot=True)
        assert len(rows_of(again)["name"]) == len(bare)
    for file in (stream, profile, block):
        with open(file) as page:
            text = page.read()
        assert "Bokeh" in text
        assert "<script>-1" not in text
