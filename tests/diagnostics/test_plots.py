"""The plots of the profilers: what they show, that their files need nothing else, and bad input."""

import os
import re
import subprocess
import sys
import textwrap
import webbrowser
from operator import add, mul

import pytest

from minidask.diagnostics import CacheProfiler, Profiler, ResourceProfiler, plots, visualize
from minidask.diagnostics.cache import CacheData
from minidask.diagnostics.profile import TaskData
from minidask.diagnostics.resources import ResourceData
from minidask.graph.task import Task
from minidask.schedulers import threads

pytest.importorskip("bokeh", reason="needs Bokeh")

# Importing Bokeh takes longer than that.
pytestmark = pytest.mark.slow

TASK = Task(add, (1, 2))
TASKS = [
    TaskData(("x", 0), TASK, 100.0, 101.0, 7001),
    TaskData(("x", 1), TASK, 100.5, 102.0, 7002),
    TaskData("</script><script>alert(1)</script>", Task(mul, (1, 2)), 102.0, 103.0, 7001),
]


def loads(html):
    """Return the addresses that a page would fetch by itself."""
    outside = re.findall(r"""<(?:script|img|iframe)[^>]*\ssrc=["']([^"']+)""", html)
    return outside + re.findall(r"""<link[^>]*\shref=["']([^"']+)""", html)


def test_tasks():
    figure = plots.plot_tasks(TASKS, origin=100.0)
    data = figure.renderers[0].data_source.data
    assert list(data["left"]) == [0.0, 0.5, 2.0]
    assert list(data["right"]) == [1.0, 2.0, 3.0]
    assert list(data["row"]) == [0, 1, 0]
    assert list(data["function"]) == ["add", "add", "mul"]
    assert data["color"][0] == data["color"][1] != data["color"][2]
    assert (figure.x_range.start, figure.x_range.end) == (0, 3.0)


def test_resources():
    figure = plots.plot_resources([ResourceData(10.0, 100.0, 0.0), ResourceData(11.0, 150.0, 180.0)], origin=10.0)
    data = figure.renderers[0].data_source.data
    assert list(data["time"]) == [0.0, 1.0]
    assert list(data["mem"]) == [100.0, 150.0]
    assert figure.extra_y_ranges["cpu"].end == pytest.approx(189)


def test_cache():
    records = [CacheData("a", TASK, 2, 10.0, 12.0), CacheData("b", TASK, 3, 11.0, 13.0)]
    figure = plots.plot_cache(records, origin=10.0, metric_name="bytes")
    data = figure.renderers[0].data_source.data
    assert list(data["time"]) == [0.0, 0.0, 1.0, 2.0, 3.0]
    assert list(data["held"]) == [0, 2, 5, 3, 0]
    assert "bytes" in figure.yaxis[0].axis_label


def test_joint_plot_of_a_real_run_is_one_file_with_one_time_axis(tmp_path):
    graph = {"x": (add, 1, 2), "y": (mul, "x", 3), "z": (add, "y", "x")}
    with Profiler() as prof, ResourceProfiler(dt=0.01) as rprof, CacheProfiler() as cprof:
        threads.get(graph, "z")
    plot = visualize([prof, rprof, cprof], filename=tmp_path / "all.html", show=False)
    assert len(plot.children) == 3
    assert len({figure.x_range.id for figure in plot.children}) == 1
    assert loads((tmp_path / "all.html").read_text()) == []
    start = min(list(figure.renderers[0].data_source.data.values())[0][0] for figure in plot.children[:2])
    assert 0 <= start < 60


@pytest.mark.parametrize("make", [Profiler, ResourceProfiler, CacheProfiler])
def test_methods_and_empty_results(make, tmp_path):
    path = tmp_path / "profile.html"
    figure = make().visualize(filename=path, show=False, title="Mine", height=333)
    assert figure.title.text == "Mine"
    assert figure.height == 333
    html = path.read_text()
    assert html.lstrip().startswith("<!DOCTYPE html>")
    assert loads(html) == []


def test_keys_stay_text(tmp_path):
    prof = Profiler()
    prof.results = TASKS
    visualize(prof, filename=tmp_path / "profile.html", show=False)
    assert "<script>alert(1)" not in (tmp_path / "profile.html").read_text()


def test_save_false_writes_nothing(tmp_path):
    visualize(Profiler(), filename=tmp_path / "profile.html", show=False, save=False)
    assert list(tmp_path.iterdir()) == []


def test_show_opens_the_file(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    visualize(Profiler(), filename=tmp_path / "profile.html")
    assert opened == [(tmp_path / "profile.html").as_uri()]


def test_many_functions_share_colours_but_the_frequent_ones_differ():
    names = [f"f{number}" for number in range(50) for _ in range(50 - number)]
    colors = plots._colors(names)
    frequent = [colors[f"f{number}"] for number in range(len(plots.PALETTE))]
    assert len(set(frequent)) == len(plots.PALETTE)
    assert len(colors) == 50


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"profilers": []}, ValueError, "no profiler was given"),
        ({"profilers": 3}, TypeError, "visualize needs profilers, or a list of them, got int"),
        ({"profilers": [Profiler(), "x"]}, TypeError, "got str"),
        ({"profilers": Profiler(), "mode": "paper"}, ValueError, "unknown mode 'paper'; there are inline, cdn"),
        ({"profilers": Profiler(), "filename": None}, ValueError, "without a filename"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        visualize(**arguments)


def test_without_bokeh():
    program = """
        import sys
        sys.modules["bokeh"] = None
        from minidask.diagnostics import Profiler
        try:
            Profiler().visualize()
        except ImportError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, cwd=os.getcwd(), check=False
    )
    assert done.stdout == "the plots of profilers need Bokeh: pip install minidask[diagnostics]\n", done.stderr


def test_bokeh_is_imported_only_to_plot():
    program = "import sys, minidask.diagnostics; sys.exit('bokeh' in sys.modules or 'psutil' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=os.getcwd(), check=False).returncode == 0
