from __future__ import annotations

import asyncio
import pickle
import sys
from types import SimpleNamespace

import click
import pytest

from minidask_distributed.preload import Preload, Preloads

SETUP = """
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Place:
    name: str

def dask_setup(server):
    server.log.append(("setup", Place("here")))

async def dask_teardown(server):
    server.log.append("teardown")
"""

CLICK = """
import click

@click.command()
@click.option("--count", default=1, type=int)
@click.option("--loud/--quiet", default=False)
@click.argument("names", nargs=-1)
def dask_setup(server, count, loud, names):
    server.log.append((count, loud, names))
"""


@pytest.fixture(autouse=True)
def modules():
    """Forget the modules that a test loaded, and what it put onto the path."""
    before, path = set(sys.modules), list(sys.path)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path[:] = path


@pytest.fixture
def server():
    return SimpleNamespace(log=[])


def run(server, *names, argv=()):
    async def main():
        preloads = Preloads(names, argv)
        await preloads.start(server)
        await preloads.teardown(server)

    asyncio.run(main())


def test_lines_of_python(server):
    run(server, SETUP)
    assert [type(entry).__name__ for entry in server.log] == ["tuple", "str"]


def test_a_file_is_a_module_that_tasks_can_import_and_pickles_can_name(server, tmp_path):
    path = tmp_path / "my_place_setup.py"
    path.write_text(SETUP)
    run(server, str(path))
    place = server.log[0][1]
    import my_place_setup

    assert my_place_setup.__file__ == str(path)
    assert pickle.loads(pickle.dumps(place)) == place
    run(server, str(path))
    assert len([name for name in sys.modules if name.startswith("my_place_setup")]) == 1


def test_a_file_never_takes_the_place_of_another_module(server, tmp_path):
    import statistics

    path = tmp_path / "statistics.py"
    path.write_text(SETUP)
    preload = Preload(str(path))
    assert preload.module.__name__ == "statistics_2"
    assert sys.modules["statistics"] is statistics
    unloaded = tmp_path / "colorsys.py"
    unloaded.write_text(SETUP)
    sys.modules.pop("colorsys", None)
    assert Preload(str(unloaded)).module.__name__ == "colorsys_2"


def test_a_module_by_name_also_from_the_working_directory(server, tmp_path, monkeypatch):
    (tmp_path / "my_other_setup.py").write_text(SETUP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [entry for entry in sys.path if entry])
    run(server, "my_other_setup")
    assert server.log[1] == "teardown"


def test_an_address(server, tmp_path):
    (tmp_path / "far-away.py").write_text(SETUP)
    run(server, (tmp_path / "far-away.py").as_uri())
    assert server.log[1] == "teardown"


def test_arguments_of_a_click_command(server):
    run(server, CLICK)
    run(server, CLICK, argv=["--count", "3", "--loud", "a", "b"])
    assert server.log == [(1, False, ()), (3, True, ("a", "b"))]


def test_wrong_arguments_name_the_preload(server):
    with pytest.raises(click.NoSuchOption, match="--cuont") as caught:
        run(server, CLICK, argv=["--cuont", "3"])
    assert caught.value.__notes__ == ["Raised by dask_setup of the preload 'import click ...'."]
    with pytest.raises(TypeError, match=r"takes no arguments, being no click command, but got \['--count'\]"):
        run(server, SETUP, argv=["--count"])


def test_they_start_in_order_and_end_in_the_reverse_one(server):
    one, two = (
        f"def dask_setup(server): server.log.append({n})\ndef dask_teardown(server): server.log.append(-{n})\n"
        for n in (1, 2)
    )
    run(server, one, two)
    assert server.log == [1, 2, -2, -1]


def test_a_module_without_hooks_is_just_loaded(server):
    run(server, "import math\n")


def test_what_fails_at_loading_names_the_preload(tmp_path):
    path = tmp_path / "broken_setup.py"
    path.write_text("1 / 0")
    with pytest.raises(ZeroDivisionError) as caught:
        Preloads([str(path)])
    assert caught.value.__notes__ == [f"Raised while loading the preload {str(path)!r}."]
    assert "broken_setup" not in sys.modules
    with pytest.raises(ModuleNotFoundError, match="no_such_module_here"):
        Preload("no_such_module_here")
    with pytest.raises(FileNotFoundError, match="missing_setup"):
        Preload(str(tmp_path / "missing_setup.py"))


def test_what_fails_at_the_start_stops_and_what_was_started_can_be_ended(server, caplog):
    good = "def dask_setup(server): pass\ndef dask_teardown(server): server.log.append('ended')\n"
    bad = "def dask_setup(server): raise KeyError('x')\ndef dask_teardown(server): raise ValueError('y')\n"

    async def main():
        preloads = Preloads([good, bad, good])
        with pytest.raises(KeyError, match="x"):
            await preloads.start(server)
        await preloads.teardown(server)

    asyncio.run(main())
    assert server.log == ["ended"]
    assert "dask_teardown of the preload" in caplog.text
