"""Settings of the documentation, built by ``make docs`` with warnings as errors and without any network."""

from __future__ import annotations

import sys
from pathlib import Path

import minidask

# For the extension that draws the machines' states.
sys.path.insert(0, str(Path(__file__).parent))

project = "minidask"
author = "the minidask developers"
copyright = "2026, the minidask developers"
version = release = minidask.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "state_diagrams"]
exclude_patterns = ["changelog.d"]
# A page that the index lists appears once it is written; one that it fails to list is a warning all the same.
# "key" in lists of parameters is a word, and an attribute of two classes.
suppress_warnings = ["toc.not_readable", "ref.python"]
templates_path: list[str] = []

html_theme = "furo"
html_title = f"minidask {release}"
html_copy_source = False

# Examples are tested by `make check`, with pytest, in pages and docstrings alike.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False

# A reference to a function, method, module or exception of ours must lead somewhere. Types in signatures and in the
# prose of parameter lists ("mapping of key to Task") are not held to that, nor what other projects define.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:(class|obj|attr|data)", r".*"),
    (r"py:.*", r"(?!minidask).*"),
]
