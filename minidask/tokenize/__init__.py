"""Deterministic names for anything: `tokenize`.

Place in the flow: below graphs and layers, which are named by their tokens. The tour: `token` (the functions people
call) hashes the bytes that `encode` makes of objects; `registry` holds the rules by type, `objects` what to do
without a rule; `stdlib`, `callables`, `arrays` (NumPy), `frames` (pandas), `arrow` (pyarrow) and `sparse` (SciPy) are
the rules.

Invariant: importing this imports none of the libraries it has rules for. This module only re-exports.
"""

from minidask.tokenize import arrays, arrow, callables, frames, sparse, stdlib  # noqa: F401 - they register rules
from minidask.tokenize.registry import TokenizationError, normalize_token
from minidask.tokenize.token import quick_token, set_ensure_deterministic, tokenize

__all__ = ["TokenizationError", "normalize_token", "quick_token", "set_ensure_deterministic", "tokenize"]
