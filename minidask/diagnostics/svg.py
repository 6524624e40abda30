"""SVG: draw a `Drawing` without any other program, as an SVG picture or an HTML page around it.

Place in the flow: `layout` finds the places, this module writes shapes and text. Texts and users' attributes are
escaped, characters that XML forbids are replaced, and the page holds no script and loads nothing.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from minidask.diagnostics.colors import readable_on
from minidask.diagnostics.drawing import Drawing, Legend, Node
from minidask.diagnostics.layout import Layout, Point, place

__all__ = ["html_page", "svg_text"]

FONT_SIZE = 13.0
# Mean advance of Helvetica, DejaVu Sans and Arial in units of the font size, on the wide side.
CHARACTER_WIDTH = 0.62
LINE_HEIGHT = 1.25
MARGIN = 12.0
EDGE_COLOR = "#555555"
LINE_COLOR = "#333333"
ARROW_LENGTH = 7.0
ARROW_HALF_WIDTH = 3.0
TOOLTIP_LIMIT = 500
LEGEND_HEIGHT = 34.0
LEGEND_BAR_WIDTH = 120.0

NODE_ATTRIBUTES = ("color", "fillcolor", "fontcolor", "fontname", "fontsize", "label", "penwidth", "shape", "tooltip")
EDGE_ATTRIBUTES = ("color", "penwidth")
GRAPH_ATTRIBUTES = ("bgcolor", "fontname", "fontsize", "rankdir")
BOXES = ("box", "rect", "rectangle", "square")
ELLIPSES = ("ellipse", "circle", "oval")

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def svg_text(drawing: Drawing) -> str:
    """Draw as SVG.

    Parameters
    ----------
    drawing : Drawing
        Its attributes may be those in `NODE_ATTRIBUTES`, `EDGE_ATTRIBUTES` and `GRAPH_ATTRIBUTES`, in Graphviz's words.

    Returns
    -------
    str
        A complete SVG file.

    Raises
    ------
    ValueError
        If an attribute or a shape is not supported, or the graph has a cycle.

    Examples
    --------
    >>> from minidask.diagnostics.drawing import Drawing, Node
    >>> text = svg_text(Drawing([Node("<script>", "key", "box")]))
    >>> text.startswith("<svg"), "<script>" in text, "&lt;script&gt;" in text
    (True, False, True)
    """
    _check("graph_attr", drawing.graph_attr, GRAPH_ATTRIBUTES)
    _check("node_attr", drawing.node_attr, NODE_ATTRIBUTES)
    _check("edge_attr", drawing.edge_attr, EDGE_ATTRIBUTES)
    styles = [_Style(node, drawing.node_attr) for node in drawing.nodes]
    rankdir = drawing.graph_attr.get("rankdir", drawing.rankdir)
    layout = place([(style.width, style.height) for style in styles], drawing.edges, rankdir)
    width = layout.width + 2 * MARGIN
    height = layout.height + 2 * MARGIN
    if drawing.legend is not None:
        width = max(width, _legend_bar_left(drawing.legend) + 2 * LEGEND_BAR_WIDTH)
        height += LEGEND_HEIGHT
    font = drawing.node_attr.get("fontname", drawing.graph_attr.get("fontname", "Helvetica,Arial,DejaVu Sans"))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height)}" '
        f'viewBox="0 0 {_n(width)} {_n(height)}" '
        f'font-family={_attr(f"{font},sans-serif")} font-size="{_n(FONT_SIZE)}">',
        f'<rect width="100%" height="100%" fill={_attr(drawing.graph_attr.get("bgcolor", "white"))}/>',
        f'<g transform="translate({_n(MARGIN)} {_n(MARGIN)})">',
        *_edges(layout, drawing.edge_attr, rankdir),
        '<g text-anchor="middle">',
    ]
    for style, center in zip(styles, layout.centers, strict=True):
        lines += style.draw(center)
    lines += ["</g>", "</g>"]
    if drawing.legend is not None:
        lines += _legend(drawing.legend, height - LEGEND_HEIGHT)
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def html_page(svg: str, title: str) -> str:
    """Return a complete HTML page that shows an SVG picture, at its size or fitted to the window.

    Parameters
    ----------
    svg : str
        SVG; put in as it is.
    title : str
        Plain text.

    Examples
    --------
    >>> page = html_page("<svg/>", "a < b")
    >>> page.startswith("<!DOCTYPE html>"), "<title>a &lt; b</title>" in page
    (True, True)
    """
    style = (
        "body{margin:0;font:13px Helvetica,Arial,sans-serif}"
        "label{display:block;padding:6px 12px;background:#f4f4f4;border-bottom:1px solid #ddd}"
        "main{overflow:auto;padding:6px}"
        "body:has(#fit:checked) svg{width:100%;height:calc(100vh - 60px)}"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(_clean(title))}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<label><input type="checkbox" id="fit"> Fit to the window</label>\n'
        f"<main>\n{svg.rstrip()}\n</main>\n</body>\n</html>\n"
    )


class _Style:
    """A node with all its attributes decided, its lines of text and its size."""

    def __init__(self, node: Node, common: Mapping[str, Any]) -> None:
        _check("attributes of a node", node.attrs, NODE_ATTRIBUTES)
        attrs = {**common, **node.attrs}
        self.fill = str(attrs.get("fillcolor", node.fill))
        self.color = str(attrs.get("color", LINE_COLOR))
        self.fontcolor = str(attrs.get("fontcolor", readable_on(self.fill)))
        self.penwidth = str(attrs.get("penwidth", 2.5 if node.bold else 1))
        self.fontsize = float(attrs.get("fontsize", FONT_SIZE))
        self.fontname = node.attrs.get("fontname")
        self.tooltip = str(attrs.get("tooltip", node.tooltip))
        self.lines = str(attrs.get("label", node.label)).split("\n")
        shape = attrs.get("shape", node.shape)
        if shape not in BOXES + ELLIPSES:
            raise ValueError(f"unknown shape {shape!r}; the engine 'svg' has {', '.join(BOXES + ELLIPSES)}")
        self.is_box = shape in BOXES
        text_width = max(map(_cells, self.lines)) * self.fontsize * CHARACTER_WIDTH
        text_height = len(self.lines) * self.fontsize * LINE_HEIGHT
        if self.is_box:
            self.width, self.height = max(text_width + 12, 28.0), text_height + 8
        else:
            self.width, self.height = max(text_width * 1.15 + 16, 36.0), text_height * 1.2 + 10

    def draw(self, center: Point) -> list[str]:
        """Return the elements of a node around `center`."""
        x, y = center
        left, top = _n(x - self.width / 2), _n(y - self.height / 2)
        paint = f"fill={_attr(self.fill)} stroke={_attr(self.color)} stroke-width={_attr(self.penwidth)}"
        if self.is_box:
            size = f'width="{_n(self.width)}" height="{_n(self.height)}"'
            shape = f'<rect x="{left}" y="{top}" {size} rx="2" {paint}/>'
        else:
            radii = f'rx="{_n(self.width / 2)}" ry="{_n(self.height / 2)}"'
            shape = f'<ellipse cx="{_n(x)}" cy="{_n(y)}" {radii} {paint}/>'
        font = "" if self.fontsize == FONT_SIZE else f' font-size="{_n(self.fontsize)}"'
        if self.fontname is not None:
            font += f" font-family={_attr(self.fontname)}"
        color = f"fill={_attr(self.fontcolor)}"
        step = self.fontsize * LINE_HEIGHT
        # 0.35 of the size lowers a baseline so that the middle of its letters is where the line's middle should be.
        baseline = y + 0.35 * self.fontsize - step * (len(self.lines) - 1) / 2
        texts = [
            f'<text x="{_n(x)}" y="{_n(baseline + at * step)}" {color}{font}>{_escape(line)}</text>'
            for at, line in enumerate(self.lines)
            if line
        ]
        return [f"<g><title>{_escape(self.tooltip[:TOOLTIP_LIMIT])}</title>{shape}", *texts, "</g>"]


def _edges(layout: Layout, attrs: Mapping[str, Any], rankdir: str) -> list[str]:
    """Return one path with all arrows and one with all their heads."""
    if not layout.routes:
        return []
    color, width = _attr(attrs.get("color", EDGE_COLOR)), _attr(attrs.get("penwidth", 1))
    across = rankdir in ("LR", "RL")
    sign = -1.0 if rankdir in ("BT", "RL") else 1.0
    curves, heads = [], []
    for route in layout.routes:
        x, y = route[-1]
        back, half = sign * ARROW_LENGTH, ARROW_HALF_WIDTH
        end = (x - back, y) if across else (x, y - back)
        if across:
            heads.append(f"M{_n(x)} {_n(y)}l{_n(-back)} {_n(half)}v{_n(-2 * half)}z")
        else:
            heads.append(f"M{_n(x)} {_n(y)}l{_n(half)} {_n(-back)}h{_n(-2 * half)}z")
        points = [*route[:-1], end]
        curves.append(f"M{_p(points[0])}")
        for at in range(1, len(points)):
            if at % 2 == 0:
                curves.append(f"L{_p(points[at])}")
                continue
            (x1, y1), (x2, y2) = points[at - 1], points[at]
            middle = (x1 + x2) / 2 if across else (y1 + y2) / 2
            controls = ((middle, y1), (middle, y2)) if across else ((x1, middle), (x2, middle))
            curves.append(f"C{_p(controls[0])} {_p(controls[1])} {_p(points[at])}")
    return [
        f'<path d="{"".join(curves)}" fill="none" stroke={color} stroke-width={width}/>',
        f'<path d="{"".join(heads)}" fill={color} stroke="none"/>',
    ]


def _legend(legend: Legend, top: float) -> list[str]:
    title, low, high = legend.title, f"{legend.low:g}", f"{legend.high:g}"
    bar_left = _legend_bar_left(legend)
    step = LEGEND_BAR_WIDTH / len(legend.colors)
    lines = [f'<text x="{_n(MARGIN)}" y="{_n(top + 17)}">{_escape(title)}: {low}</text>']
    lines += [
        f'<rect x="{_n(bar_left + at * step)}" y="{_n(top + 5)}" width="{_n(step + 0.5)}" height="16" '
        f"fill={_attr(color)}/>"
        for at, color in enumerate(legend.colors)
    ]
    lines.append(f'<text x="{_n(bar_left + len(legend.colors) * step + 6)}" y="{_n(top + 17)}">{high}</text>')
    return lines


def _legend_bar_left(legend: Legend) -> float:
    return MARGIN + _cells(f"{legend.title}: {legend.low:g}") * FONT_SIZE * CHARACTER_WIDTH + 8


def _check(what: str, attrs: Mapping[str, Any], supported: tuple[str, ...]) -> None:
    for name in attrs:
        if name not in supported:
            raise ValueError(
                f"{what}: the engine 'svg' does not know {name!r}, only {', '.join(supported)}; "
                "engine='graphviz' takes all of Graphviz's attributes"
            )


def _cells(text: str) -> float:
    """Return the width of a text in characters, East Asian wide ones counting for 1.6 of the others."""
    if text.isascii():
        return len(text)
    return sum(1.6 if unicodedata.east_asian_width(character) in "WF" else 1.0 for character in text)


def _clean(text: str) -> str:
    """Replace what XML 1.0 has no way to write."""
    return _FORBIDDEN.sub("\ufffd", text)


def _escape(text: str) -> str:
    return html.escape(_clean(text), quote=False)


def _attr(value: Any) -> str:
    return f'"{html.escape(_clean(str(value)))}"'


def _n(number: float) -> str:
    """Return a number with at most one decimal: a tenth of a pixel."""
    return f"{number:.1f}".removesuffix(".0")


def _p(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"
