"""Graphviz: write a `Drawing` as DOT text, and run the program ``dot`` on it.

Place in the flow: `pictures` uses this for PNG, PDF and JPEG, and whenever the engine "graphviz" is asked for.
No Python package for Graphviz is needed: the text is written here and the program called by `subprocess`.

Invariant: every text is quoted, and Graphviz's own escapes (backslashes, HTML entities) are disarmed: keys stay text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minidask.diagnostics.colors import readable_on
from minidask.diagnostics.drawing import Drawing, Legend

__all__ = ["REMEDY", "dot_text", "has_graphviz", "run_dot"]

REMEDY = (
    "install Graphviz with your system's packages (apt-get install graphviz, brew install graphviz, "
    "conda install graphviz), or use format='svg' or 'html', which need no other program"
)


def has_graphviz() -> bool:
    """Return whether the program ``dot`` is on the path."""
    return _program() is not None


def dot_text(drawing: Drawing) -> str:
    """Write a drawing in the DOT language (https://graphviz.org/doc/info/lang.html).

    Parameters
    ----------
    drawing : Drawing

    Returns
    -------
    str

    Examples
    --------
    >>> from minidask.diagnostics.drawing import Drawing, Node
    >>> print(dot_text(Drawing([Node('say "x"', "x", "box")])))
    digraph {
      graph [rankdir="TB"]
      node [fontname="Helvetica", style="filled", fontsize="13", penwidth="1"]
      edge [color="#555555", arrowsize="0.7"]
      n0 [label="say \\"x\\"", tooltip="x", shape="box", fillcolor="#ffffff"]
    }
    """
    lines = ["digraph {"]
    lines.append("  graph" + _attributes({"rankdir": drawing.rankdir, **_legend(drawing.legend), **drawing.graph_attr}))
    node = {"fontname": "Helvetica", "style": "filled", "fontsize": 13, "penwidth": 1, **drawing.node_attr}
    lines.append("  node" + _attributes(node))
    lines.append("  edge" + _attributes({"color": "#555555", "arrowsize": 0.7, **drawing.edge_attr}))
    for number, item in enumerate(drawing.nodes):
        attrs: dict[str, Any] = {"label": item.label, "tooltip": item.tooltip, "shape": item.shape}
        if "fillcolor" not in drawing.node_attr:
            attrs["fillcolor"] = item.fill
            if readable_on(item.fill) != "#000000":
                attrs["fontcolor"] = readable_on(item.fill)
        if item.bold:
            attrs["penwidth"] = 2.5
        lines.append(f"  n{number}" + _attributes({**attrs, **item.attrs}))
    lines += [f"  n{source} -> n{target}" for source, target in drawing.edges]
    lines.append("}")
    return "\n".join(lines)


def run_dot(text: str, format: str) -> bytes:
    """Run ``dot`` on DOT text.

    Parameters
    ----------
    text : str
    format : str
        One of Graphviz's output formats.

    Returns
    -------
    bytes

    Raises
    ------
    RuntimeError
        If the program is missing, or fails; then with what it says.
    """
    # Imported here, as most programs that import the package never draw.
    import subprocess

    program = _program()
    if program is None:
        raise RuntimeError(f"the program 'dot' of Graphviz was not found: {REMEDY}")
    done = subprocess.run([program, f"-T{format}"], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"the program 'dot' failed with status {done.returncode}: {reason or 'it gave no reason'}")
    return done.stdout


def _program() -> str | None:
    import shutil

    return shutil.which("dot")


def _legend(legend: Legend | None) -> dict[str, Any]:
    if legend is None:
        return {}
    text = f"{legend.title}: {legend.low:g} ({legend.colors[0]}) to {legend.high:g} ({legend.colors[-1]})"
    return {"label": text, "fontname": "Helvetica", "fontsize": 12}


def _attributes(attrs: Mapping[str, Any]) -> str:
    return " [" + ", ".join(f"{_name(name)}={_quoted(value)}" for name, value in attrs.items()) + "]"


def _name(name: str) -> str:
    return name if name.isidentifier() else _quoted(name)


def _quoted(value: Any) -> str:
    """Return a DOT string that shows exactly `value`.

    >>> print(_quoted('a\\\\N &lt; "b"'))
    "a\\\\N &amp;lt; \\"b\\""
    """
    text = str(value).encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    text = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\r", "").replace("\n", "\\n") + '"'
