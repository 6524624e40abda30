"""Figures: made once, on a thread, and without data."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from minidask_distributed.dashboard import figures
from minidask_distributed.dashboard.layout import Plot

PLOT = Plot("worker-cpu", "CPU", "one_worker:cpu", ("worker-history",))


@pytest.fixture(autouse=True)
def nothing_made(monkeypatch):
    monkeypatch.setattr(figures, "_made", {})


def test_a_figure_is_json_without_rows():
    made = json.loads(asyncio.run(figures.json_of(PLOT, "light")))
    assert made["root_id"]
    assert '"feed:worker-history"' in json.dumps(made)


def test_a_figure_is_made_once_a_theme_whoever_many_ask(monkeypatch):
    made = []
    monkeypatch.setattr(
        figures, "_render", lambda plot, theme: made.append((theme, threading.current_thread())) or theme.encode()
    )

    async def main():
        return await asyncio.gather(*(figures.json_of(PLOT, theme) for theme in ("light", "dark") * 10))

    assert asyncio.run(main()) == [b"light", b"dark"] * 10
    assert sorted(theme for theme, _ in made) == ["dark", "light"]
    assert all(thread is not threading.main_thread() for _, thread in made)


def test_themes_are_two():
    with pytest.raises(ValueError, match="the themes are light and dark, not 'neon'"):
        asyncio.run(figures.json_of(PLOT, "neon"))


def test_without_bokeh(monkeypatch):
    figures.bokeh_scripts.cache_clear()
    monkeypatch.setattr(figures.importlib.util, "find_spec", lambda name: None)
    try:
        assert figures.bokeh_scripts() is None
        with pytest.raises(figures.BokehMissing, match=r"pip install \"minidask\[diagnostics\]\""):
            asyncio.run(figures.json_of(PLOT, "light"))
    finally:
        figures.bokeh_scripts.cache_clear()


def test_the_scripts_are_in_the_package():
    assert (figures.bokeh_scripts() / "bokeh.min.js").is_file()
