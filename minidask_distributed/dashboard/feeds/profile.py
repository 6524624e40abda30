"""Flame graphs and their choices: not tables that everybody shares, but answers to a question that a page asks.

Place in the flow: `dashboard.profile_routes` answers ``json/profile.json`` with the columns named here; the page's script puts
them into the figure's sources as if they came from a feed.

Invariants: names of columns alone; no feed of `ALL`.
"""

from __future__ import annotations

from minidask_distributed.profile_tree import FLAME_COLUMNS

FETCHED: dict[str, tuple[str, ...]] = {
    "profile-boxes": (*FLAME_COLUMNS, "label", "color", "place"),
    "profile-timeline": ("time", "count"),
}
"""{name in the tags of sources: columns}."""
