"""What a scheduler's dashboard consists of: its pages, plots, feeds and routes.

Place in the flow: `service` imports it by name with `application`, in a scheduler; `worker_parts` is its like.
"""

from __future__ import annotations

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.info_routes import INFO_ROUTES
from minidask_distributed.dashboard.pages import INDIVIDUAL_PLOTS, PAGES
from minidask_distributed.dashboard.profile_routes import PROFILE_ROUTES
from minidask_distributed.dashboard.proxy_routes import PROXY_ROUTES

FEEDS = ALL
ROUTES = [*INFO_ROUTES, *PROFILE_ROUTES, *PROXY_ROUTES]

__all__ = ["FEEDS", "INDIVIDUAL_PLOTS", "PAGES", "ROUTES"]
