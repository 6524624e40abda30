import pytest

pytest.importorskip("bokeh")

from bokeh.models import Range1d

from minidask_distributed.dashboard.plots.charts import (
    THEMES,
    chart,
    formatter,
    hover,
    rows_of_workers,
    source,
    theme_of,
)


def test_an_unknown_theme_is_refused():
    with pytest.raises(ValueError, match="light, dark, got 'blue'"):
        theme_of("blue")


def test_an_unknown_kind_of_axis_is_refused():
    with pytest.raises(ValueError, match="'furlongs'"):
        formatter("furlongs")


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_legible_on_its_card(theme):
    colors = THEMES[theme]

    def luminance(color):
        channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for text in (colors.text, colors.muted):
        lighter, darker = sorted((luminance(text), luminance(colors.card)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2, level AA


@pytest.mark.parametrize("kind", ["number", "bytes", "rate", "seconds", "percent", "fraction", "time", "none"])
def test_axes_have_the_kind_that_was_asked_for(kind, render):
    render(lambda theme: chart(theme, x=kind, y=kind))


def test_figures_stretch_and_have_no_toolbar_of_their_own():
    plot = chart("dark", x_range=Range1d(0, 1))
    assert (plot.sizing_mode, plot.toolbar_location) == ("stretch_both", None)
    assert plot.xaxis[0].major_label_text_color == THEMES["dark"].muted


def test_sources_are_empty_and_say_where_their_rows_come_from():
    made = source("progress", "y", text="count:all")
    assert (dict(made.data), made.tags) == ({"y": [], "text": []}, ["feed:progress", "derive:text=count:all"])


def test_rows_of_workers_are_labelled_by_a_feed():
    plot = chart("light")
    rows_of_workers(plot, "workers-load")
    assert plot.yaxis[0].tags == ["labels:workers-load:y:label"]
    assert plot.y_range.flipped


def test_boxes_on_hover_show_texts():
    assert hover(("a", "@b")).tooltips == [("a", "@b")]
