"""How arrays look: a line of text, a table of facts in HTML, and a drawing of the chunks as SVG.

Place in the flow: behind ``Array.__repr__``, ``_repr_html_`` and ``to_svg``. Nothing is computed.

The drawing: the last two axes are a rectangle, the third from behind recedes at an angle; axes before it make more pictures
side by side. Lengths are drawn by their cube root or so, that thin axes stay visible.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from minidask.array.chunks import Chunks, Sizes, starts_of
from minidask.array.collection import ArrayBase
from minidask.units import format_bytes

_FILL = "#ECB172"
_MOST_LINES = 20


def text_of(x: ArrayBase) -> str:
    """Return the line that stands for an array.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ones((3, 4), chunks=2)
    minidask.array<full, shape=(3, 4), dtype=float64, chunksize=(2, 2), chunktype=numpy.ndarray>
    """
    name = x.name.rpartition("-")[0] or x.name
    return (
        f"minidask.array<{name}, shape={x.shape}, dtype={x.dtype}, chunksize={x.chunksize}, chunktype={_type_name(x)}>"
    )


def _type_name(x: ArrayBase) -> str:
    kind = type(x._meta)
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def html_of(x: ArrayBase) -> str:
    """Return a table of an array's facts, with a drawing of its chunks where all their sizes are known.

    Examples
    --------
    >>> import minidask.array as da
    >>> "<svg" in html_of(da.ones((3, 4), chunks=2))
    True
    """
    known = not any(n != n for n in x.shape)
    chunk_bytes = math.prod(x.chunksize) * x.itemsize if known else math.nan
    rows = [
        (
            "Bytes",
            format_bytes(int(x.nbytes)) if known else "unknown",
            format_bytes(int(chunk_bytes)) if known else "unknown",
        ),
        ("Shape", str(x.shape), str(x.chunksize)),
        (
            "Count",
            f"{len(x.dask.layers)} graph layer{'s' if len(x.dask.layers) != 1 else ''}",
            f"{x.npartitions} chunks",
        ),
        ("Type", str(x.dtype), _type_name(x)),
    ]
    cells = "".join(
        f"<tr><th>{what}</th><td>{escape(own)}</td><td>{escape(chunk)}</td></tr>" for what, own, chunk in rows
    )
    table = f"<table><thead><tr><td></td><th>Array</th><th>Chunk</th></tr></thead><tbody>{cells}</tbody></table>"
    drawing = svg_of(x._chunks) if known and x.ndim and x.size else ""
    return f"<table><tr><td>{table}</td><td>{drawing}</td></tr></table>"


def svg_of(chunks: Chunks, size: float = 120) -> str:
    """Return a drawing of chunks as SVG.

    Parameters
    ----------
    chunks : tuple of tuples
    size : float
        Pixels of the longest axis.

    Raises
    ------
    ValueError
        If there is no axis, or one has no length or an unknown one.

    Examples
    --------
    >>> svg_of(((2, 2), (3,)))[:4]
    '<svg'
    """
    lengths = [sum(sizes) for sizes in chunks]
    if not chunks or not all(n > 0 for n in lengths):
        raise ValueError(f"chunks are drawn of arrays with known lengths above 0, got the shape {tuple(lengths)}")
    if len(chunks) == 1:
        chunks, lengths = ((1,), *chunks), [1, *lengths]
    scale = dict(zip(lengths, _pixels(lengths, size), strict=True))
    # Axes in threes, from behind.
    groups = [chunks[max(at - 3, 0) : at] for at in range(len(chunks), 0, -3)][::-1]
    parts: list[str] = []
    left = 10.0
    height = 0.0
    for group in groups:
        pieces, width, tall = _box(group, [scale[sum(sizes)] for sizes in group], left)
        parts += pieces
        left += width + 30
        height = max(height, tall)
    head = f'<svg width="{left + 20:.0f}" height="{height + 40:.0f}" style="stroke:rgb(0,0,0);stroke-width:1">'
    return "\n".join([head, *parts, "</svg>"])


def _pixels(lengths: Sequence[Any], size: float) -> list[float]:
    longest = max(lengths)
    return [size * max(n / longest, 0.1) ** 0.5 for n in lengths]


def _marks(sizes: Sizes, pixels: float) -> list[float]:
    edges = starts_of(sizes)
    step = max(-(-len(edges) // _MOST_LINES), 1)
    shown = sorted({*edges[::step], edges[-1]})
    return [pixels * edge / edges[-1] for edge in shown]


def _box(chunks: Sequence[Sizes], pixels: Sequence[float], left: float) -> tuple[list[str], float, float]:
    """Return the shapes of one, two or three axes, and the width and height that they take."""
    if len(chunks) == 1:
        chunks, pixels = ((1,), *chunks), (20.0, *pixels)
    down, across = _marks(chunks[-2], pixels[-2]), _marks(chunks[-1], pixels[-1])
    high, wide = pixels[-2], pixels[-1]
    depth = pixels[0] * 0.6 if len(chunks) == 3 else 0.0
    top = 10.0
    x0, y0 = left + depth, top + depth
    parts: list[str] = []
    if depth:
        corner = [(left, top), (left + wide, top), (x0 + wide, y0), (x0, y0)]
        side = [(left, top), (x0, y0), (x0, y0 + high), (left, top + high)]
        parts += [_polygon(corner), _polygon(side)]
        back = _marks(chunks[0], depth)
        parts += [_line(left + d, top + d, left + d + wide, top + d) for d in back]
        parts += [_line(left + d, top + d, left + d, top + d + high) for d in back]
        parts += [_line(left + a, top, x0 + a, y0) for a in across]
        parts += [_line(left, top + d, x0, y0 + d) for d in down]
    parts.append(_polygon([(x0, y0), (x0 + wide, y0), (x0 + wide, y0 + high), (x0, y0 + high)]))
    parts += [_line(x0, y0 + d, x0 + wide, y0 + d) for d in down]
    parts += [_line(x0 + a, y0, x0 + a, y0 + high) for a in across]
    style = 'font-size="12" font-weight="100" text-anchor="middle" style="stroke:none"'
    parts.append(f'<text x="{x0 + wide / 2:.1f}" y="{y0 + high + 16:.1f}" {style}>{sum(chunks[-1])}</text>')
    parts.append(f'<text x="{x0 + wide + 14:.1f}" y="{y0 + high / 2:.1f}" {style}>{sum(chunks[-2])}</text>')
    if depth:
        parts.append(f'<text x="{left + 4:.1f}" y="{top + high + depth / 2 + 16:.1f}" {style}>{sum(chunks[0])}</text>')
    return parts, depth + wide, top + depth + high


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" />'


def _polygon(points: Sequence[tuple[float, float]]) -> str:
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{text}" style="fill:{_FILL}A0;stroke-width:0" />'
